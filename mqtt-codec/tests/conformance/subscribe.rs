//! 3.8: SUBSCRIBE.

use mqtt_codec::{Fault, Field, Packet, PacketId, PacketType, QoS, Subscribe, Subscriptions, TopicFilter};

use crate::common::model::Model;
use crate::{FILTER_1, FILTER_2, accepts, no_text_of, rejects, round_trips, text_of};

#[test]
fn mqtt_3_8_1_1_flags_of_subscribe_are_0010() {
    for flags in (0..16).filter(|&flags| flags != 2) {
        let fault = Fault::WrongFlags(PacketType::Subscribe);
        rejects(&format!("8{flags:X} 06  00 01  00 01 61 00"), fault, Field::FixedHeader, 0);
    }
    let list = [(TopicFilter::new("a").unwrap(), QoS::AtMostOnce)];
    round_trips("82 06  00 01  00 01 61 00", subscribe(&list));
}

fn subscribe<'a>(list: &'a [(TopicFilter<'a>, QoS)]) -> Packet<'a> {
    let subscriptions = Subscriptions::new(list).unwrap();
    Packet::Subscribe(Subscribe { packet_id: PacketId::MIN, subscriptions })
}

#[test]
fn mqtt_3_8_3_1_topic_filters_are_strings() {
    no_text_of(&[FILTER_1, FILTER_2], "61 C328", Fault::IllFormedUtf8, 1);
    no_text_of(&[FILTER_1, FILTER_2], "2B 2F EDA080", Fault::IllFormedUtf8, 2);
    no_text_of(&[FILTER_1, FILTER_2], "61 00", Fault::NulCharacter, 1);
    text_of(&[FILTER_1, FILTER_2], "C3A4 2F EFBBBF 2F 23");
    // Cut short by the end of the packet.
    rejects("82 06  00 01  00 02 61 01", Fault::FieldPastEnd, Field::RequestedQoS, 8);
    rejects("82 06  00 01  00 03 61 00", Fault::FieldPastEnd, Field::TopicFilter, 4);
    rejects("82 08  00 01  00 01 61 00  00 01", Fault::FieldPastEnd, Field::TopicFilter, 8);
    rejects("82 07  00 01  00 01 61 00  00", Fault::FieldPastEnd, Field::TopicFilter, 8);
}

#[test]
fn mqtt_3_8_3_3_there_is_at_least_one_topic_filter() {
    let fault = Fault::NoTopicFilter(PacketType::Subscribe);
    rejects("82 02  00 01", fault, Field::TopicFilter, 4);
    // Known from the length alone.
    rejects("82 02", fault, Field::TopicFilter, 4);
    rejects("82 82 00  00 01", fault, Field::TopicFilter, 5);
    // Less than one: of what is missing it has the name.
    for text in ["82 03  00 01  00", "82 04  00 01  00 01", "82 05  00 01  00 02 61"] {
        rejects(text, Fault::FieldPastEnd, Field::TopicFilter, 4);
    }
    assert_eq!(Subscriptions::new(&[]), None);
    accepts("82 06  00 01  00 01 61 00");
}

#[test]
fn mqtt_3_8_3_3_each_topic_filter_has_a_qos() {
    rejects("82 05  00 01  00 01 61", Fault::FieldPastEnd, Field::RequestedQoS, 7);
    rejects("82 09  00 01  00 01 61 00  00 01 62", Fault::FieldPastEnd, Field::RequestedQoS, 11);
    let text = "82 0E  00 01  00 01 61 00  00 01 62 01  00 01 61 02";
    let Model::Subscribe { packet_id: 1, subscriptions } = accepts(text) else { panic!("a SUBSCRIBE") };
    assert_eq!(subscriptions, [(b"a".to_vec(), 0), (b"b".to_vec(), 1), (b"a".to_vec(), 2)]);
    let [a, b] = ["a", "b"].map(|filter| TopicFilter::new(filter).unwrap());
    let list = [(a, QoS::AtMostOnce), (b, QoS::AtLeastOnce), (a, QoS::ExactlyOnce)];
    round_trips(text, subscribe(&list));
}

#[test]
fn mqtt_3_8_3_4_a_requested_qos_is_0_1_or_2() {
    for qos in 3..=255 {
        let fault = Fault::ReservedRequestedQoS;
        rejects(&format!("82 06  00 01  00 01 61 {qos:02X}"), fault, Field::RequestedQoS, 7);
        rejects(&format!("82 0A  00 01  00 01 61 02  00 01 62 {qos:02X}"), fault, Field::RequestedQoS, 11);
        assert_eq!(QoS::from_u8(qos), None);
    }
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let list = [(TopicFilter::new("a").unwrap(), qos)];
        round_trips(&format!("82 06  00 01  00 01 61 {:02X}", qos.as_u8()), subscribe(&list));
    }
}
