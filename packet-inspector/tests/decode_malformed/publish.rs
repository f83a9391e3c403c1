//! PUBLISH (3.3) and its acknowledgements (3.4 to 3.7).

use super::Case;

pub(crate) const CASES: &[Case] = &[
    // Topic Name.
    ("30 * 0000 68", "empty_topic", "MQTT-4.7.3-1", "Topic Name", 4),
    ("32 * 0000 0001 68", "empty_topic", "MQTT-4.7.3-1", "Topic Name", 4),
    ("30 * <a/#> 68", "wildcard_in_topic_name", "MQTT-3.3.2-2", "Topic Name", 6),
    ("30 * <#> 68", "wildcard_in_topic_name", "MQTT-3.3.2-2", "Topic Name", 4),
    ("30 * <a/+/b> 68", "wildcard_in_topic_name", "MQTT-3.3.2-2", "Topic Name", 6),
    ("30 * <a+>", "wildcard_in_topic_name", "MQTT-3.3.2-2", "Topic Name", 5),
    ("30 * <#a>", "wildcard_in_topic_name", "MQTT-3.3.2-2", "Topic Name", 4),
    ("34 * <+> 0001", "wildcard_in_topic_name", "MQTT-3.3.2-2", "Topic Name", 4),
    (
        "30 * <a-long-topic-of-more-than-16-bytes+> 68",
        "wildcard_in_topic_name",
        "MQTT-3.3.2-2",
        "Topic Name",
        38,
    ),
    // Packet Identifier.
    ("32 * <a> 0000", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 5),
    ("33 * <a> 0000 68", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 5),
    ("3a * <a> 0000 68", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 5),
    ("34 * <a/b> 0000", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 7),
    ("3d * <a/b> 0000 68", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 7),
    ("40 * 0000", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 2),
    ("50 * 0000", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 2),
    ("62 * 0000", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 2),
    ("70 * 0000", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 2),
];
