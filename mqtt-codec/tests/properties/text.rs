//! Which bytes are a string: all characters, and all sequences of up to three bytes.

use std::thread;

use mqtt_codec::{Decoder, Fault, TopicFilter, TopicName, Utf8Str};

use crate::common::model::{remaining_length, string};
use crate::common::naive;

#[track_caller]
fn is_text_as_the_naive_decoder_says(bytes: &[u8]) {
    let text = naive::is_text(bytes, false);
    assert_eq!(Utf8Str::from_bytes(bytes).is_ok(), text, "{bytes:02x?}");
    assert_eq!(TopicName::from_bytes(bytes).is_ok(), text && naive::is_topic_name(bytes), "{bytes:02x?}");
    assert_eq!(TopicFilter::from_bytes(bytes).is_ok(), text && naive::is_topic_filter(bytes), "{bytes:02x?}");
}

#[test]
fn all_sequences_of_up_to_three_bytes() {
    is_text_as_the_naive_decoder_says(&[]);
    let all_with = |first: u8| {
        is_text_as_the_naive_decoder_says(&[first]);
        for second in 0..=255 {
            is_text_as_the_naive_decoder_says(&[first, second]);
            (0..=255).for_each(|third| is_text_as_the_naive_decoder_says(&[first, second, third]));
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| (0..=0x7F).for_each(all_with));
        (0x80..=0xFF).for_each(all_with);
    });
}

#[test]
fn sequences_of_four_bytes_and_their_limits() {
    let limits = [0x00, 0x01, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xF0, 0xFF];
    for first in 0xE0..=0xFF {
        for second in 0..=255 {
            for third in limits {
                for fourth in limits {
                    is_text_as_the_naive_decoder_says(&[first, second, third, fourth]);
                }
            }
        }
    }
}

/// Wherever an odd byte stands in a text of any length, the pass in big steps does not miss it.
#[test]
fn odd_bytes_at_every_place() {
    for len in 1..=70 {
        for at in 0..len {
            for byte in [0x00, 0x01, b'#', b'+', 0x22, 0x24, 0x2A, 0x2C, 0x7F, 0x80, 0xA3, 0xAB, 0xC3, 0xFF] {
                let mut text = vec![b'a'; len];
                text[at] = byte;
                is_text_as_the_naive_decoder_says(&text);
                // The same with a neighbour, as a wildcard may have, and a character of two bytes.
                if at > 0 {
                    text[at - 1] = b'/';
                    is_text_as_the_naive_decoder_says(&text);
                    text[at - 1] = 0xC3;
                    is_text_as_the_naive_decoder_says(&text);
                }
            }
        }
    }
}

/// Filters full of wildcards, of any length, with one byte wrong at every place.
#[test]
fn wildcards_at_every_place() {
    for len in 1..=40 {
        for pattern in [&b"+/"[..], b"/+", b"a/+/", b"ab/+/#", b"abcdefg/+/", b"//"] {
            let filter: Vec<u8> = pattern.iter().copied().cycle().take(len).collect();
            is_text_as_the_naive_decoder_says(&filter);
            for at in 0..len {
                for byte in *b"a/+#\0\xFF" {
                    let mut changed = filter.clone();
                    changed[at] = byte;
                    is_text_as_the_naive_decoder_says(&changed);
                }
            }
        }
    }
}

/// Each character of Unicode in a topic, by default and with strict text, which refuses just those to be avoided.
#[test]
fn every_character_with_and_without_strict_text() {
    let mut refused = 0;
    for c in '\u{1}'..=char::MAX {
        let topic = format!("a{c}");
        let body = string(topic.as_bytes());
        let packet = [vec![0x30], remaining_length(body.len()), body].concat();
        let wildcard = matches!(c, '#' | '+');
        assert_eq!(Decoder::new().decode(&packet).is_err(), wildcard, "{c:?}");
        assert_eq!(Decoder::new().strict_text(true).strict_text(false).decode(&packet).is_err(), wildcard);
        match Decoder::new().strict_text(true).decode(&packet) {
            Ok(_) => assert!(!wildcard && naive::is_text(topic.as_bytes(), true), "{c:?}"),
            Err(error) if wildcard => assert_eq!(error.fault, Fault::WildcardInTopicName),
            Err(error) => {
                assert!(!naive::is_text(topic.as_bytes(), true), "{c:?}");
                assert_eq!(
                    (error.fault, error.offset, error.clause()),
                    (Fault::DiscouragedCharacter, 5, None)
                );
                refused += 1;
            }
        }
    }
    // 31 controls below the space, DEL and 32 above it, 66 non-characters.
    assert_eq!(refused, 31 + 33 + 66);
}

/// Strict text is about strings alone, and about all of them.
#[test]
fn strict_text_looks_at_every_string() {
    let fault =
        |packet: &[u8]| Decoder::new().strict_text(true).decode(packet).err().map(|error| error.fault);
    for packet in [
        &b"\x10\x0D\0\x04MQTT\x04\x02\0\0\0\x01\x07"[..],
        b"\x10\x12\0\x04MQTT\x04\x06\0\0\0\x01c\0\x01\x07\0\0",
        b"\x10\x10\0\x04MQTT\x04\x82\0\0\0\x01c\0\x01\x07",
        b"\x30\x03\0\x01\x07",
        b"\x82\x06\0\x01\0\x01\x07\0",
        b"\xA2\x05\0\x01\0\x01\x07",
    ] {
        assert_eq!(fault(packet), Some(Fault::DiscouragedCharacter), "{packet:02x?}");
        assert!(Decoder::new().decode(packet).is_ok());
    }
    for packet in [
        &b"\x10\x13\0\x04MQTT\x04\x06\0\0\0\x01c\0\x01w\0\x01\x07"[..],
        b"\x10\x13\0\x04MQTT\x04\xC2\0\0\0\x01c\0\x01u\0\x01\x07",
        b"\x30\x04\0\x01a\x07",
    ] {
        assert_eq!(fault(packet), None, "{packet:02x?}");
    }
}
