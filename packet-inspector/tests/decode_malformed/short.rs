//! Fields that run past the end of their packet.

use super::Case;

pub(crate) const CASES: &[Case] = &[
    ("30 * 0002 61", "field_past_end", "MQTT-3.3.2-1", "Topic Name", 2),
    ("30 * ffff 61", "field_past_end", "MQTT-3.3.2-1", "Topic Name", 2),
    ("30 * 0009 612f62", "field_past_end", "MQTT-3.3.2-1", "Topic Name", 2),
    ("32 * 0004 61 0001", "field_past_end", "MQTT-3.3.2-1", "Topic Name", 2),
    ("32 * 0003 616263", "field_past_end", "MQTT-2.3.1-1", "Packet Identifier", 7),
    ("32 * <ab> 00", "field_past_end", "MQTT-2.3.1-1", "Packet Identifier", 6),
    ("34 * <abc> 01", "field_past_end", "MQTT-2.3.1-1", "Packet Identifier", 7),
    ("82 * 0001 0003 61 00", "field_past_end", "MQTT-4.8.0-1", "Topic Filter", 4),
    ("82 * 0001 ffff 61 00", "field_past_end", "MQTT-4.8.0-1", "Topic Filter", 4),
    ("82 * 0001 <ab>", "field_past_end", "MQTT-4.8.0-1", "Requested QoS", 8),
    ("82 * 0001 <a> 00 00", "field_past_end", "MQTT-4.8.0-1", "Topic Filter", 8),
    ("82 * 0001 <a> 00 0002 62", "field_past_end", "MQTT-4.8.0-1", "Topic Filter", 8),
    ("82 * 0001 <a> 00 <b>", "field_past_end", "MQTT-4.8.0-1", "Requested QoS", 11),
    ("a2 * 0001 0002 61", "field_past_end", "MQTT-4.8.0-1", "Topic Filter", 4),
    ("a2 * 0001 <a> 00", "field_past_end", "MQTT-4.8.0-1", "Topic Filter", 7),
    ("a2 * 0001 <a> 0003 62", "field_past_end", "MQTT-4.8.0-1", "Topic Filter", 7),
];
