//! 4.7: Topic Names, Topic Filters, and which match. 6: packets in a stream.

use mqtt_codec::{Decoded, Decoder, Fault, Field, PacketType, TextError, TopicFilter, TopicName, Utf8Str};

use crate::common::naive;
use crate::{FILTERS, NAMES, hex, no_text_of, rejects, text_of};

/// The texts are Topic Filters, wherever one may stand.
#[track_caller]
fn filters(texts: &[&str]) {
    for text in texts {
        text_of(FILTERS, &hex::encode(text));
        assert!(TopicFilter::new(text).is_ok(), "{text}");
        assert!(naive::is_topic_filter(text.as_bytes()), "{text}");
    }
}

/// The texts are none, because of the byte there.
#[track_caller]
fn no_filters(fault: Fault, texts: &[(&str, u32)]) {
    for (text, at) in texts {
        no_text_of(FILTERS, &hex::encode(text), fault, *at);
        let error = TextError { fault: Some(fault), offset: usize::try_from(*at).unwrap() };
        assert_eq!(TopicFilter::new(text), Err(error), "{text}");
    }
}

#[track_caller]
fn matches(filter: &str, yes: &[&str], no: &[&str]) {
    let checked = TopicFilter::new(filter).unwrap();
    for name in yes {
        assert!(checked.matches(TopicName::new(name).unwrap()), "{filter} matches {name}");
    }
    for name in no {
        assert!(!checked.matches(TopicName::new(name).unwrap()), "{filter} does not match {name}");
    }
}

#[test]
fn mqtt_4_7_1_1_wildcards_are_for_filters_alone() {
    for text in ["#", "+", "a/#", "+/a", "a/+/b", "/+", "+/#", "+/+/+"] {
        filters(&[text]);
        let at = text.find(['#', '+']).unwrap();
        no_text_of(NAMES, &hex::encode(text), Fault::WildcardInTopicName, u32::try_from(at).unwrap());
        let error = TextError { fault: Some(Fault::WildcardInTopicName), offset: at };
        assert_eq!(TopicName::new(text), Err(error), "{text}");
    }
    // Without wildcards a text is both.
    for text in ["a", "/", "a/b", "$SYS/a", "ä b", "//"] {
        filters(&[text]);
        text_of(NAMES, &hex::encode(text));
        assert_eq!(TopicFilter::from(TopicName::new(text).unwrap()), TopicFilter::new(text).unwrap());
    }
}

#[test]
fn mqtt_4_7_1_2_hash_is_the_whole_last_level() {
    filters(&["#", "/#", "a/#", "a/b/#", "//#", "$SYS/#", "+/#", "ä/#"]);
    no_filters(
        Fault::MisplacedHash,
        &[
            ("a#", 1),
            ("a/b#", 3),
            ("a/#/b", 2),
            ("#/", 0),
            ("#/a", 0),
            ("##", 0),
            ("#a", 0),
            ("a/#b", 2),
            ("ä#", 2),
            ("abcdefgh#ijklmnop", 8),
        ],
    );
    no_filters(Fault::MisplacedPlus, &[("+#", 0)]);
    // It stands for any number of levels, none too.
    matches(
        "sport/#",
        &["sport", "sport/", "sport/a", "sport/a/b", "sport//"],
        &["sports", "spor", "/sport/a"],
    );
    matches("#", &["a", "/", "a/b", "/a", "//"], &[]);
    matches("/#", &["/", "/a", "//", "/a/b"], &["a", "a/"]);
}

#[test]
fn mqtt_4_7_1_3_plus_fills_a_whole_level() {
    filters(&["+", "+/", "/+", "+/+", "+/a", "a/+", "a/+/b", "+/a/+", "a/+/#", "//+"]);
    no_filters(
        Fault::MisplacedPlus,
        &[
            ("a+", 1),
            ("+a", 0),
            ("a/b+", 3),
            ("a/+b", 2),
            ("a/++", 2),
            ("++", 0),
            ("+/+a", 2),
            ("a+/b", 1),
            ("ä+", 2),
            ("abcdefgh+/ijklmno", 8),
        ],
    );
    // It stands for one level, an empty one too.
    matches("+", &["a", "ä b"], &["/", "a/", "/a", "a/b"]);
    matches("sport/+", &["sport/", "sport/a"], &["sport", "sport/a/b", "sport//"]);
    matches("+/+", &["/", "a/", "/a", "a/b"], &["a", "a/b/c", "//"]);
    matches("a/+/c", &["a//c", "a/b/c"], &["a/c", "a/b/b/c", "a/b/cc", "a/b/"]);
    matches("/+", &["/", "/a"], &["a", "a/b", "//"]);
    matches("+/b/#", &["/b", "a/b", "a/b/c"], &["b", "a/bb", "a/c/b"]);
}

#[test]
fn mqtt_4_7_2_1_a_leading_wildcard_does_not_match_a_leading_dollar() {
    matches("#", &["a$", "a/$"], &["$", "$SYS", "$SYS/a", "$/a"]);
    matches("+", &["a$"], &["$", "$SYS"]);
    matches("+/a", &["/a", "b/a"], &["$SYS/a", "$/a"]);
    matches("+/#", &["a", "/$"], &["$SYS", "$SYS/a"]);
    // It does where it does not lead, on either side.
    matches("$SYS/#", &["$SYS", "$SYS/", "$SYS/a/b"], &["$SY", "$SYSa", "SYS/a"]);
    matches("$SYS/+", &["$SYS/a", "$SYS/$a"], &["$SYS", "$SYS/a/b"]);
    matches("a/+", &["a/$b"], &[]);
    matches("/#", &["/$SYS"], &[]);
    matches("/+", &["/$"], &[]);
}

#[test]
fn mqtt_4_7_3_1_topics_have_at_least_one_character() {
    no_text_of(NAMES, "", Fault::EmptyTopic, 0);
    no_text_of(FILTERS, "", Fault::EmptyTopic, 0);
    // Also where nothing, or not enough, follows it.
    for (text, field, offset) in [
        ("30 02  00 00", Field::TopicName, 4),
        ("32 02  00 00", Field::TopicName, 4),
        ("34 03  00 00  01", Field::TopicName, 4),
        ("32 04  00 00  00 01", Field::TopicName, 4),
        ("82 04  00 01  00 00", Field::TopicFilter, 6),
        ("82 05  00 01  00 00 00", Field::TopicFilter, 6),
        ("A2 04  00 01  00 00", Field::TopicFilter, 6),
    ] {
        rejects(text, Fault::EmptyTopic, field, offset);
    }
    let error = TextError { fault: Some(Fault::EmptyTopic), offset: 0 };
    assert_eq!(TopicName::new(""), Err(error));
    assert_eq!(TopicFilter::new(""), Err(error));
    // One is enough, even a separator or a space.
    for text in ["a", "/", " ", "$"] {
        text_of(NAMES, &hex::encode(text));
        filters(&[text]);
    }
}

#[test]
fn mqtt_4_7_3_2_topics_do_not_hold_u_0000() {
    for (text, at) in [("\0", 0), ("a\0", 1), ("a/\0/b", 2), ("ä\0", 2)] {
        no_text_of(NAMES, &hex::encode(text), Fault::NulCharacter, at);
        no_filters(Fault::NulCharacter, &[(text, at)]);
        assert_eq!(TopicName::new(text).unwrap_err().fault, Some(Fault::NulCharacter));
    }
    no_filters(Fault::NulCharacter, &[("+/\0", 2)]);
}

#[test]
fn mqtt_4_7_3_3_topics_have_at_most_65535_bytes() {
    for (longest, too_long) in
        [("a".repeat(65_535), "a".repeat(65_536)), ("ä".repeat(32_767) + "a", "ä".repeat(32_768))]
    {
        assert_eq!((longest.len(), too_long.len()), (65_535, 65_536));
        let error = TextError { fault: None, offset: 65_535 };
        assert_eq!(TopicName::new(&too_long), Err(error));
        assert_eq!(TopicFilter::new(&too_long), Err(error));
        assert_eq!(Utf8Str::new(&too_long), Err(error));
        // On the wire the two bytes of length can say no more.
        text_of(NAMES, &hex::encode(&longest));
        text_of(FILTERS, &hex::encode(&longest));
        matches(&longest, &[&longest], &["a"]);
    }
    let error = TextError { fault: None, offset: 65_535 };
    assert_eq!(TopicFilter::new(&("a/".repeat(32_768) + "#")), Err(error));
    assert!(TopicFilter::new(&("a/".repeat(32_767) + "#")).is_ok());
}

#[test]
fn mqtt_4_7_3_4_matching_does_not_normalise() {
    // Composed and decomposed, upper and lower case, full width, a zero-width character, spaces, trailing separators.
    for (one, other) in [
        ("\u{E9}", "e\u{301}"),
        ("a", "A"),
        ("\u{DF}", "ss"),
        ("\u{FF41}", "a"),
        ("a\u{200B}", "a"),
        ("\u{FEFF}a", "a"),
        (" a", "a"),
        ("a ", "a"),
        ("a", "a/"),
        ("a", "/a"),
        ("a//b", "a/b"),
        ("./a", "a"),
        ("\u{212B}", "\u{C5}"),
    ] {
        matches(one, &[one], &[other]);
        matches(other, &[other], &[one]);
        assert_ne!(TopicName::new(one).unwrap(), TopicName::new(other).unwrap());
        // Nor is anything changed on the way.
        text_of(NAMES, &hex::encode(one));
        text_of(FILTERS, &hex::encode(other));
    }
    // Unassigned and private characters stay what they are.
    matches("\u{E000}/+", &["\u{E000}/\u{10FFFD}"], &["\u{E001}/a"]);
    matches("\u{378}", &["\u{378}"], &["\u{FFFD}", "?"]);
}

#[test]
fn mqtt_6_0_0_2_packets_do_not_align_with_what_carries_them() {
    let packets = [
        (PacketType::Connack, "20 02  00 00"),
        (PacketType::Publish, "30 83 80 00  00 01 61"),
        (PacketType::Suback, "90 03  00 01  00"),
        (PacketType::Pingresp, "D0 00"),
        (PacketType::Publish, "32 09  00 03 612F62  00 07  6869"),
    ];
    let stream: Vec<u8> = packets.iter().flat_map(|(_, text)| hex(text)).collect();
    // In chunks of every size: several packets at once, a part of one, a byte at a time.
    for size in 1..=stream.len() {
        let decoder = Decoder::new().sent_by(mqtt_codec::Side::Server);
        let (mut arrived, mut found) = (vec![], vec![]);
        for chunk in stream.chunks(size) {
            arrived.extend_from_slice(chunk);
            while let Decoded::Packet(packet, len) = decoder.decode(&arrived).unwrap() {
                found.push((packet.packet_type(), hex::encode(&arrived[..len])));
                arrived.drain(..len);
            }
        }
        let expected = packets.map(|(packet_type, text)| (packet_type, hex::encode(hex(text))));
        assert_eq!((found, arrived), (expected.to_vec(), vec![]), "in chunks of {size} bytes");
    }
}
