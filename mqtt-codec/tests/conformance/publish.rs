//! 3.3 and 4.3.1: PUBLISH.

use mqtt_codec::{Delivery, Fault, Field, PacketId, Publish, QoS, TopicName};

use crate::common::model::Model;
use crate::{NAMES, TOPIC_NAME, TOPIC_NAME_QOS_2, accepts, no_text_of, rejects, round_trips, text_of};

#[test]
fn mqtt_3_3_1_2_dup_is_0_at_qos_0() {
    rejects("38 03  00 01 61", Fault::DupAtQos0, Field::FixedHeader, 0);
    rejects("39 03  00 01 61", Fault::DupAtQos0, Field::FixedHeader, 0);
    rejects("38 05  00 01 61  00 01", Fault::DupAtQos0, Field::FixedHeader, 0);
    rejects("38", Fault::DupAtQos0, Field::FixedHeader, 0);
    rejects("39", Fault::DupAtQos0, Field::FixedHeader, 0);
    // At QoS 1 and 2 it says that this was sent before.
    let (topic, packet_id) = (TopicName::new("a").unwrap(), PacketId::MIN);
    for dup in [false, true] {
        let delivery = Delivery::AtLeastOnce { packet_id, dup };
        let text = if dup { "3A 05  00 01 61  00 01" } else { "32 05  00 01 61  00 01" };
        round_trips(text, Publish { delivery, retain: false, topic, payload: b"" });
        let delivery = Delivery::ExactlyOnce { packet_id, dup };
        let text = if dup { "3D 05  00 01 61  00 01" } else { "35 05  00 01 61  00 01" };
        round_trips(text, Publish { delivery, retain: true, topic, payload: b"" });
    }
    assert!(!Delivery::AtMostOnce.dup());
}

#[test]
fn mqtt_3_3_1_4_qos_is_not_3() {
    for first in ["36", "37", "3E", "3F"] {
        rejects(&format!("{first} 05  00 01 61  00 01"), Fault::Qos3, Field::FixedHeader, 0);
        rejects(first, Fault::Qos3, Field::FixedHeader, 0);
    }
    assert_eq!(QoS::from_u8(3), None);
}

#[test]
fn mqtt_3_3_2_1_the_topic_name_is_the_first_field_and_a_string() {
    let Model::Publish { topic, packet_id, payload, .. } = accepts("32 09  00 03 612F62  00 07  6869") else {
        panic!("a PUBLISH")
    };
    assert_eq!((topic, packet_id, payload), (b"a/b".to_vec(), Some(7), b"hi".to_vec()));
    let publish = Publish::at_least_once(PacketId::new(7).unwrap(), TopicName::new("a/b").unwrap(), b"hi");
    round_trips("32 09  00 03 612F62  00 07  6869", publish);
    // Cut short by the end of the packet.
    rejects("30 03  00 02 61", Fault::FieldPastEnd, Field::TopicName, 2);
    rejects("30 05  FF FF 616263", Fault::FieldPastEnd, Field::TopicName, 2);
    rejects("32 05  00 04 616263", Fault::FieldPastEnd, Field::TopicName, 2);
    // Not there at all, or not its characters.
    for text in ["30 00", "30 01  00", "31 02  00 01", "32 00", "34 01  61", "3D 03  00 02 61"] {
        rejects(text, Fault::FieldPastEnd, Field::TopicName, 2);
    }
    no_text_of(&[TOPIC_NAME, TOPIC_NAME_QOS_2], "61 C328", Fault::IllFormedUtf8, 1);
    no_text_of(&[TOPIC_NAME, TOPIC_NAME_QOS_2], "61 00", Fault::NulCharacter, 1);
    text_of(&[TOPIC_NAME, TOPIC_NAME_QOS_2], "C3A4 2F F09F9880");
}

#[test]
fn mqtt_3_3_2_2_the_topic_name_has_no_wildcards() {
    for (text, at) in [
        ("23", 0),
        ("2B", 0),
        ("61 2F 23", 2),
        ("61 2F 2B 2F 62", 2),
        ("61 23", 1),
        ("2B 61", 0),
        ("C3A4 2B", 2),
        ("6162636465666768 23 6162636465666768", 8),
    ] {
        no_text_of(NAMES, text, Fault::WildcardInTopicName, at);
    }
    for name in ["#", "+", "a/#", "a/+/b", "a#", "ä+"] {
        assert_eq!(TopicName::new(name).unwrap_err().fault, Some(Fault::WildcardInTopicName), "{name}");
    }
    // Their neighbours in ASCII are ordinary characters.
    text_of(NAMES, "22 24 2A 2C 2D 2E 2F");
}

#[test]
fn mqtt_4_3_1_1_a_qos_0_publish_has_dup_0() {
    let publish = Publish::at_most_once(TopicName::new("a").unwrap(), b"x");
    assert_eq!((publish.delivery.qos(), publish.delivery.dup()), (QoS::AtMostOnce, false));
    round_trips("30 04  00 01 61  78", publish);
    round_trips("31 04  00 01 61  78", Publish { retain: true, ..publish });
    rejects("38 04  00 01 61  78", Fault::DupAtQos0, Field::FixedHeader, 0);
}
