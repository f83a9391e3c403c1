//! 3.10: UNSUBSCRIBE.

use mqtt_codec::{Fault, Field, PacketId, PacketType, TopicFilter, TopicFilters, Unsubscribe};

use crate::common::model::Model;
use crate::{UNSUB_1, UNSUB_2, accepts, no_text_of, rejects, round_trips, text_of};

#[test]
fn mqtt_3_10_1_1_flags_of_unsubscribe_are_0010() {
    for flags in (0..16).filter(|&flags| flags != 2) {
        let fault = Fault::WrongFlags(PacketType::Unsubscribe);
        rejects(&format!("A{flags:X} 05  00 01  00 01 61"), fault, Field::FixedHeader, 0);
    }
    let list = [TopicFilter::new("a").unwrap()];
    let filters = TopicFilters::new(&list).unwrap();
    round_trips("A2 05  00 01  00 01 61", Unsubscribe { packet_id: PacketId::MIN, filters });
}

#[test]
fn mqtt_3_10_3_1_topic_filters_are_strings_one_after_the_other() {
    no_text_of(&[UNSUB_1, UNSUB_2], "61 C328", Fault::IllFormedUtf8, 1);
    no_text_of(&[UNSUB_1, UNSUB_2], "2B 2F EDA080", Fault::IllFormedUtf8, 2);
    no_text_of(&[UNSUB_1, UNSUB_2], "61 00", Fault::NulCharacter, 1);
    text_of(&[UNSUB_1, UNSUB_2], "C3A4 2F EFBBBF 2F 23");
    // Nothing stands between them: a QoS byte would be half of the next length.
    rejects("A2 06  00 01  00 01 61 00", Fault::FieldPastEnd, Field::TopicFilter, 7);
    rejects("A2 05  00 01  00 02 61", Fault::FieldPastEnd, Field::TopicFilter, 4);
    rejects("A2 07  00 01  00 01 61  00 01", Fault::FieldPastEnd, Field::TopicFilter, 7);

    let text = "A2 0C  00 01  00 01 61  00 02 622F  00 01 23";
    let Model::Unsubscribe { packet_id: 1, filters } = accepts(text) else { panic!("an UNSUBSCRIBE") };
    assert_eq!(filters, [b"a".to_vec(), b"b/".to_vec(), b"#".to_vec()]);
    let list = ["a", "b/", "#"].map(|filter| TopicFilter::new(filter).unwrap());
    let filters = TopicFilters::new(&list).unwrap();
    round_trips(text, Unsubscribe { packet_id: PacketId::MIN, filters });
}

#[test]
fn mqtt_3_10_3_2_there_is_at_least_one_topic_filter() {
    let fault = Fault::NoTopicFilter(PacketType::Unsubscribe);
    rejects("A2 02  00 01", fault, Field::TopicFilter, 4);
    // Known from the length alone.
    rejects("A2 02", fault, Field::TopicFilter, 4);
    rejects("A2 82 80 00  00 01", fault, Field::TopicFilter, 6);
    // Less than one: of what is missing it has the name.
    for text in ["A2 03  00 01  00", "A2 04  00 01  00 01"] {
        rejects(text, Fault::FieldPastEnd, Field::TopicFilter, 4);
    }
    assert_eq!(TopicFilters::new(&[]), None);
    accepts("A2 05  00 01  00 01 61");
}
