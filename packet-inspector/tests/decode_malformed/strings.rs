//! Strings (1.5.3): well-formed UTF-8 without U+0000, in every field that is one.

use super::{Case, is_found, packets};

pub(crate) const CASES: &[Case] = &[
    ("10 * <MQTT> 04 02 003c 000161ff", "left_over_bytes", "MQTT-4.8.0-1", "bytes after the last field", 15),
    ("10 * <MQTT> 04 02 003c 000261ff", "ill_formed_utf8", "MQTT-1.5.3-1", "Client Identifier", 15),
    ("10 * <MQTT> 04 02 003c 00026100", "nul_character", "MQTT-1.5.3-2", "Client Identifier", 15),
    ("10 * <MQTT> 04 06 003c <a> 0001ff <m>", "ill_formed_utf8", "MQTT-1.5.3-1", "Will Topic", 17),
    ("10 * <MQTT> 04 06 003c <a> 000100 <m>", "nul_character", "MQTT-1.5.3-2", "Will Topic", 17),
    (
        "10 * <MQTT> 04 82 003c <a> 000175 80",
        "left_over_bytes",
        "MQTT-4.8.0-1",
        "bytes after the last field",
        18,
    ),
    ("10 * <MQTT> 04 82 003c <a> 00027580", "ill_formed_utf8", "MQTT-1.5.3-1", "User Name", 18),
    ("10 * <MQTT> 04 82 003c <a> 0003750075", "nul_character", "MQTT-1.5.3-2", "User Name", 18),
    ("30 * 0002c328 68", "ill_formed_utf8", "MQTT-1.5.3-1", "Topic Name", 4),
    ("30 * 0003610062 68", "nul_character", "MQTT-1.5.3-2", "Topic Name", 5),
    ("82 * 0001 000161 00 000180 00", "ill_formed_utf8", "MQTT-1.5.3-1", "Topic Filter", 10),
    ("82 * 0001 000100 00", "nul_character", "MQTT-1.5.3-2", "Topic Filter", 6),
    ("a2 * 0001 0002612f 0001fe", "ill_formed_utf8", "MQTT-1.5.3-1", "Topic Filter", 10),
    ("a2 * 0001 000100", "nul_character", "MQTT-1.5.3-2", "Topic Filter", 6),
];

/// Sequences that look like UTF-8, and where in them the first ill-formed byte is.
const ILL_FORMED: &[(&str, usize)] = &[
    // Lone continuation bytes.
    ("80", 0),
    ("bf", 0),
    ("6180", 1),
    // Overlong forms.
    ("c080", 0),
    ("c1bf", 0),
    ("e08080", 0),
    ("e09fbf", 0),
    ("f0808080", 0),
    ("f08fbfbf", 0),
    // Surrogates.
    ("eda080", 0),
    ("edbfbf", 0),
    ("61edafbf", 1),
    // Above U+10FFFF.
    ("f4908080", 0),
    ("f5808080", 0),
    ("f8888080", 0),
    ("fe", 0),
    ("ff", 0),
    // Cut sequences.
    ("c3", 0),
    ("e282", 0),
    ("f09f98", 0),
    ("61c361", 1),
    ("61e28261", 1),
];

#[test]
fn ill_formed_sequences_are_found_in_a_topic() {
    for &(sequence, at) in ILL_FORMED {
        let text = hex::decode(sequence).unwrap();
        let len = u8::try_from(text.len()).unwrap();
        let packet = [&[0x30, len + 3, 0, len][..], &text, b"!"].concat();
        let case = (sequence, "ill_formed_utf8", "MQTT-1.5.3-1", "Topic Name", 4 + at);
        is_found(&packets(&packet, None)[0], &case, "in a topic");
    }
}
