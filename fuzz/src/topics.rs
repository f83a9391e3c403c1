//! Names, filters, and which matches which.

use mqtt_codec::{Decoder, TextError, TopicFilter, TopicName, Utf8Str};

use crate::common::model::string;
use crate::common::naive;

/// Texts are accepted just when the naive check accepts them, in a packet as by hand; a filter matches as level by
/// level.
///
/// The text before the first line end is the filter, what follows is the name.
pub fn topics(bytes: &[u8]) {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (filter, name) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    for text in [filter, name] {
        is_text(text);
        is_topic_name(text);
        is_topic_filter(text);
    }
    let (Ok(filter), Ok(name)) = (TopicFilter::from_bytes(filter), TopicName::from_bytes(name)) else {
        return;
    };
    matches(filter, name);
    made_from(name);
}

fn is_text(text: &[u8]) {
    let checked = Utf8Str::from_bytes(text);
    assert_eq!(checked.is_ok(), naive::is_text(text, false) && text.len() <= 65_535);
    match checked {
        Ok(checked) => {
            assert_eq!(checked.as_bytes(), text);
            assert_eq!(checked.as_str().as_bytes(), text);
            assert_eq!(checked.to_string(), checked.as_str());
            assert_eq!(checked.len(), text.len());
            assert_eq!(Utf8Str::new(checked.as_str()), Ok(checked));
            // As a Client Identifier, with and without discouraged characters.
            let connect = packet(0x10, &[b"\0\x04MQTT\x04\x02\0\0", &string(text)[..]].concat());
            assert!(Decoder::new().decode(&connect).is_ok());
            let strict = Decoder::new().strict_text(true).decode(&connect);
            assert_eq!(strict.is_ok(), naive::is_text(text, true));
        }
        Err(error) => lies_within(error, text),
    }
}

fn is_topic_name(text: &[u8]) {
    let checked = TopicName::from_bytes(text);
    assert_eq!(checked.is_ok(), naive::is_text(text, false) && naive::is_topic_name(text));
    match checked {
        Ok(name) => {
            assert_eq!(name.as_bytes(), text);
            assert_eq!(name.levels().collect::<Vec<_>>().join("/"), name.as_str());
        }
        Err(error) => lies_within(error, text),
    }
    if text.len() <= 65_535 {
        // At QoS 1, since at QoS 0 an empty topic shows in the length.
        let publish = packet(0x32, &[&string(text)[..], b"\0\x01"].concat());
        same_in_a_packet(&publish, 4, checked.err());
    }
}

fn is_topic_filter(text: &[u8]) {
    let checked = TopicFilter::from_bytes(text);
    assert_eq!(checked.is_ok(), naive::is_text(text, false) && naive::is_topic_filter(text));
    match checked {
        Ok(filter) => {
            assert_eq!(filter.as_bytes(), text);
            assert_eq!(filter.levels().collect::<Vec<_>>().join("/"), filter.as_str());
        }
        Err(error) => lies_within(error, text),
    }
    if text.len() <= 65_535 {
        let subscribe = packet(0x82, &[b"\0\x01", &string(text)[..], b"\0"].concat());
        same_in_a_packet(&subscribe, 6, checked.err());
    }
}

/// By hand and in a packet the same text is wrong in the same way at the same byte, as far as that is there.
fn same_in_a_packet(packet: &[u8], before: usize, error: Option<TextError>) {
    let header_len = crate::decode::header_len(packet).unwrap();
    let before = header_len - 2 + before;
    match (Decoder::new().decode(packet), error) {
        (Ok(_), None) => {}
        (Err(in_packet), Some(by_hand)) => {
            assert_eq!(Some(in_packet.fault), by_hand.fault);
            assert_eq!(usize::try_from(in_packet.offset).unwrap(), before + by_hand.offset);
        }
        (in_packet, by_hand) => panic!("{in_packet:?} in a packet, {by_hand:?} by hand"),
    }
}

fn matches(filter: TopicFilter<'_>, name: TopicName<'_>) {
    let expected = naive::matches(filter.as_bytes(), name.as_bytes());
    assert_eq!(filter.matches(name), expected, "{filter} and {name}");
}

/// Filters that are made from a name by widening it still match it.
fn made_from(name: TopicName<'_>) {
    assert!(TopicFilter::from(name).matches(name));
    let levels: Vec<&str> = name.levels().collect();
    for n in 0..levels.len().min(16) {
        let mut plus = levels.clone();
        plus[n] = "+";
        let hash = [&levels[..n], &["#"]].concat();
        for filter in [plus.join("/"), hash.join("/")] {
            if filter.len() > 65_535 {
                continue;
            }
            let filter = TopicFilter::new(&filter).unwrap();
            // A wildcard in front does not match `$` [MQTT-4.7.2-1].
            assert_eq!(filter.matches(name), n > 0 || !name.as_bytes().starts_with(b"$"), "{filter}");
            matches(filter, name);
        }
    }
}

fn lies_within(error: TextError, text: &[u8]) {
    assert!(error.offset <= text.len(), "{error}");
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    [&[first][..], &crate::common::model::remaining_length(body.len()), body].concat()
}
