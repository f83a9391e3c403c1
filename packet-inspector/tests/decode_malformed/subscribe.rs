//! SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK (3.8 to 3.11).

use super::Case;

pub(crate) const CASES: &[Case] = &[
    // Packet Identifier.
    ("82 * 0000 <a> 00", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 2),
    ("90 * 0000 00", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 2),
    ("a2 * 0000 <a>", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 2),
    ("b0 * 0000", "zero_packet_id", "MQTT-2.3.1-1", "Packet Identifier", 2),
    // At least one Topic Filter.
    ("82 * 0001", "no_topic_filter", "MQTT-3.8.3-3", "Topic Filter", 4),
    ("a2 * 0001", "no_topic_filter", "MQTT-3.10.3-2", "Topic Filter", 4),
    // Topic Filters of SUBSCRIBE.
    ("82 * 0001 0000 00 00", "empty_topic", "MQTT-4.7.3-1", "Topic Filter", 6),
    ("82 * 0001 <a> 00 0000 00", "empty_topic", "MQTT-4.7.3-1", "Topic Filter", 10),
    ("82 * 0001 <a#> 00", "misplaced_hash", "MQTT-4.7.1-2", "Topic Filter", 7),
    ("82 * 0001 <a/#/b> 00", "misplaced_hash", "MQTT-4.7.1-2", "Topic Filter", 8),
    ("82 * 0001 <#/a> 00", "misplaced_hash", "MQTT-4.7.1-2", "Topic Filter", 6),
    ("82 * 0001 <##> 00", "misplaced_hash", "MQTT-4.7.1-2", "Topic Filter", 6),
    ("82 * 0001 <a/#b> 00", "misplaced_hash", "MQTT-4.7.1-2", "Topic Filter", 8),
    ("82 * 0001 <a> 00 <b#> 00", "misplaced_hash", "MQTT-4.7.1-2", "Topic Filter", 11),
    ("82 * 0001 <a+> 00", "misplaced_plus", "MQTT-4.7.1-3", "Topic Filter", 7),
    ("82 * 0001 <+a> 00", "misplaced_plus", "MQTT-4.7.1-3", "Topic Filter", 6),
    ("82 * 0001 <a/b+> 00", "misplaced_plus", "MQTT-4.7.1-3", "Topic Filter", 9),
    ("82 * 0001 <a/++> 00", "misplaced_plus", "MQTT-4.7.1-3", "Topic Filter", 8),
    ("82 * 0001 <a/+b/c> 00", "misplaced_plus", "MQTT-4.7.1-3", "Topic Filter", 8),
    ("82 * 0001 <a> 00 <b/c+> 00", "misplaced_plus", "MQTT-4.7.1-3", "Topic Filter", 13),
    // Requested QoS.
    ("82 * 0001 <a> 03", "reserved_requested_qos", "MQTT-3.8.3-4", "Requested QoS", 7),
    ("82 * 0001 <a> 04", "reserved_requested_qos", "MQTT-3.8.3-4", "Requested QoS", 7),
    ("82 * 0001 <a> 2c", "reserved_requested_qos", "MQTT-3.8.3-4", "Requested QoS", 7),
    ("82 * 0001 <a> 80", "reserved_requested_qos", "MQTT-3.8.3-4", "Requested QoS", 7),
    ("82 * 0001 <a> ff", "reserved_requested_qos", "MQTT-3.8.3-4", "Requested QoS", 7),
    ("82 * 0001 <a> 01 <b> 03", "reserved_requested_qos", "MQTT-3.8.3-4", "Requested QoS", 11),
    // Topic Filters of UNSUBSCRIBE.
    ("a2 * 0001 0000 00", "empty_topic", "MQTT-4.7.3-1", "Topic Filter", 6),
    ("a2 * 0001 <a> 0000", "empty_topic", "MQTT-4.7.3-1", "Topic Filter", 9),
    ("a2 * 0001 <a#>", "misplaced_hash", "MQTT-4.7.1-2", "Topic Filter", 7),
    ("a2 * 0001 <#/a>", "misplaced_hash", "MQTT-4.7.1-2", "Topic Filter", 6),
    ("a2 * 0001 <a+>", "misplaced_plus", "MQTT-4.7.1-3", "Topic Filter", 7),
    ("a2 * 0001 <a> <b> <+c>", "misplaced_plus", "MQTT-4.7.1-3", "Topic Filter", 12),
    // Return Codes.
    ("90 * 0001 03", "reserved_suback_code", "MQTT-3.9.3-2", "Return Code", 4),
    ("90 * 0001 7f", "reserved_suback_code", "MQTT-3.9.3-2", "Return Code", 4),
    ("90 * 0001 81", "reserved_suback_code", "MQTT-3.9.3-2", "Return Code", 4),
    ("90 * 0001 ff", "reserved_suback_code", "MQTT-3.9.3-2", "Return Code", 4),
    ("90 * 0001 00 01 04 02", "reserved_suback_code", "MQTT-3.9.3-2", "Return Code", 6),
];
