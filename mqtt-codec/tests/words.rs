//! Every value has its number, its name and its words, and every way to make it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics fails"
)]

mod common;

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU16;

use common::{hex, whole};
use mqtt_codec::{
    BinaryData, Connack, Connect, ConnectFields, ConnectReturnCode, Decoder, EncodeError, Field, Login,
    Observer, Packet, PacketId, PacketType, Protocol, ProtocolName, QoS, ReturnCodes, Side, Suback,
    SubackReturnCode, Subscribe, Subscriptions, TextError, TopicFilter, TopicFilters, TopicName, Unsubscribe,
    Utf8Str,
};

#[test]
fn a_connect_return_code_says_why() {
    let words = [
        "unacceptable protocol version",
        "identifier rejected",
        "server unavailable",
        "bad user name or password",
        "not authorized",
    ];
    for (number, words) in (1..).zip(words) {
        let code = ConnectReturnCode::from_u8(number).unwrap();
        assert_eq!((code.as_u8(), code.to_string().as_str()), (number, words));
    }
    for number in 6..=u8::MAX {
        let bytes = [0x20, 2, 0, number];
        let Packet::Connack(Connack::Refused(code)) = whole(&bytes) else { panic!("a refusal") };
        let ConnectReturnCode::Reserved(reserved) = code else { panic!("{number} is reserved") };
        assert_eq!((reserved.get(), code.as_u8()), (number, number));
        assert_eq!(code.to_string(), format!("reserved return code {number}"));
    }
}

#[test]
fn packet_identifiers_follow_each_other() {
    let mut id = PacketId::MIN;
    for number in 1..=u16::MAX {
        assert_eq!(id.get(), number);
        id = id.next();
    }
    assert_eq!(id, PacketId::MIN, "1 after 65,535");
    assert_eq!(PacketId::from(NonZeroU16::MAX), PacketId::MAX);
    assert_eq!(PacketId::MAX.to_string(), "65535");
}

#[test]
fn a_protocol_goes_by_its_version() {
    for (bytes, words) in [
        ("0004 4D515454 05", "MQTT 5.0"),
        ("0004 4D515454 03", "MQTT level 3"),
        ("0004 4D515454 84", "MQTT 3.1.1 bridge (level 0x84)"),
        ("0006 4D5149736470 03", "MQTT 3.1"),
        ("0006 4D5149736470 04", "MQIsdp level 4"),
        ("0006 4D5149736470 83", "MQTT 3.1 bridge (level 0x83)"),
    ] {
        let body = hex(&format!("{bytes} 02 0000  0001 63"));
        let packet = [&[0x10, u8::try_from(body.len()).unwrap()], &body[..]].concat();
        let error = Packet::decode(&packet).unwrap_err();
        assert_eq!(error.unsupported_protocol().unwrap().to_string(), words);
        assert!(
            error.to_string().starts_with(&format!("protocol is {words}, not MQTT 3.1.1 in Protocol Level"))
        );
    }
    assert_eq!(Protocol::V3_1_1.to_string(), "MQTT 3.1.1");
    assert_eq!((ProtocolName::Mqtt.as_str(), ProtocolName::Mqisdp.as_str()), ("MQTT", "MQIsdp"));
    assert_eq!(Packet::decode(b"\x00").unwrap_err().unsupported_protocol(), None);
}

#[test]
fn a_type_has_its_number_its_flags_and_its_sender() {
    for (packet_type, number) in PacketType::ALL.into_iter().zip(1..) {
        assert_eq!(
            (packet_type as u8, PacketType::of_first_byte(number << 4 | 0x0F)),
            (number, Some(packet_type))
        );
        assert_eq!(packet_type.to_string(), format!("{packet_type:?}").to_uppercase());
        let flags = match number {
            3 => None,
            6 | 8 | 10 => Some(2),
            _ => Some(0),
        };
        assert_eq!(packet_type.fixed_flags(), flags);
    }
    assert_eq!((PacketType::of_first_byte(0x00), PacketType::of_first_byte(0xF0)), (None, None));
    let of = |side| PacketType::ALL.into_iter().filter(move |of| of.sender() == side).map(|of| of as u8);
    assert_eq!(of(Some(Side::Client)).collect::<Vec<_>>(), [1, 8, 10, 12, 14]);
    assert_eq!(of(Some(Side::Server)).collect::<Vec<_>>(), [2, 9, 11, 13]);
    assert_eq!((Side::Client.to_string(), Side::Server.to_string()), ("client".into(), "server".into()));
    let wrong = Decoder::new().sent_by(Side::Server).decode(b"\xC0\x00").unwrap_err();
    assert_eq!(wrong.fault.to_string(), "PINGREQ is never sent by a server");
    assert_eq!(QoS::default(), QoS::AtMostOnce);
}

/// Notes the names of fields as they are heard.
#[derive(Default)]
struct Names(Vec<String>);

impl Observer for Names {
    fn field(&mut self, field: Field, _: std::ops::Range<usize>) {
        assert_eq!(field.to_string(), field.name());
        self.0.push(field.to_string());
    }
}

#[test]
fn fields_have_the_names_of_the_standard() {
    let connect = "10 1D  0004 4D515454 04 C6 003C  0001 63  0001 77  0001 6D  0001 75  0005 70 6173 7377";
    let expected: [(&str, &[&str]); 6] = [
        (
            connect,
            &[
                "Protocol Name",
                "Protocol Level",
                "Connect Flags",
                "Keep Alive",
                "Client Identifier",
                "Will Topic",
                "Will Message",
                "User Name",
                "Password",
            ],
        ),
        ("20 02  00 00", &["Connect Acknowledge Flags", "Connect Return Code"]),
        ("32 06  0001 61  0001  00", &["Topic Name", "Packet Identifier", "Payload"]),
        ("82 06  0001  0001 61 00", &["Packet Identifier", "Topic Filter", "Requested QoS"]),
        ("90 03  0001  80", &["Packet Identifier", "Return Code"]),
        ("A2 05  0001  0001 61", &["Packet Identifier", "Topic Filter"]),
    ];
    for (packet, names) in expected {
        let mut heard = Names::default();
        Decoder::new().decode_observed(&hex(packet), &mut heard).unwrap();
        assert_eq!(heard.0[..2], ["Fixed Header", "Remaining Length"]);
        assert_eq!(heard.0[2..], *names);
    }
    let left_over = Packet::decode(b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x00\x00\x00\x00").unwrap_err();
    assert_eq!(left_over.field.name(), "bytes after the last field");
}

#[test]
fn what_cannot_be_sent_says_why() {
    for (error, words) in [
        (EncodeError::BufferTooSmall { needed: 12 }, "buffer is too small: 12 bytes needed"),
        (EncodeError::PacketTooLong, "remaining length would be above 268435455"),
        (EncodeError::EmptyClientId, "client identifier is empty though clean session is 0 [MQTT-3.1.3-7]"),
    ] {
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn a_text_says_what_is_wrong_with_it() {
    let text = |error: TextError| error.to_string();
    assert_eq!(text(TopicName::new("a/+").unwrap_err()), "wildcard in a topic name at byte 2 of the text");
    assert_eq!(text(Utf8Str::new(&"x".repeat(65_536)).unwrap_err()), "longer than 65,535 bytes");
}

#[test]
fn texts_are_made_with_try_into() {
    let string: Result<Utf8Str<'_>, TextError> = "größe".try_into();
    assert_eq!(string.unwrap(), "größe");
    assert!(Utf8Str::try_from("\0").is_err());
    let name: Result<TopicName<'_>, TextError> = "a/b".try_into();
    assert_eq!(name.unwrap(), "a/b");
    assert!(TopicName::try_from("a/#").is_err());
    let filter: Result<TopicFilter<'_>, TextError> = "a/#".try_into();
    assert_eq!(filter.unwrap(), "a/#");
    assert!(TopicFilter::try_from("#/a").is_err());
    let binary: Result<BinaryData<'_>, TextError> = [0_u8, 0xFF].as_slice().try_into();
    assert_eq!(binary.unwrap(), [0, 0xFF]);
    assert!(BinaryData::try_from([0; 65_536].as_slice()).is_err());
}

#[test]
fn texts_tell_whether_they_are_empty() {
    assert!(Utf8Str::EMPTY.is_empty() && Utf8Str::default().is_empty());
    assert!(!Utf8Str::new("a").unwrap().is_empty());
    let (none, one) = (BinaryData::new(b"").unwrap(), BinaryData::new(b"\0").unwrap());
    assert_eq!((none.len(), none.is_empty(), one.len(), one.is_empty()), (0, true, 1, false));
}

/// What `{:?}` says of each kind of value; of a password it says the length alone.
#[test]
fn values_are_shown_for_debugging() {
    let (string, topic) = (Utf8Str::new("a\"b").unwrap(), TopicFilter::new("a/#").unwrap());
    assert_eq!(format!("{string:?}"), r#""a\"b""#);
    assert_eq!(format!("{topic:?}"), r#""a/#""#);
    assert_eq!(format!("{:?}", TopicName::new("a/ä").unwrap()), r#""a/ä""#);
    assert_eq!(format!("{:?}", BinaryData::new(b"a\xFF").unwrap()), r#"b"a\xff""#);
    // `Display` of texts keeps to widths.
    assert_eq!(format!("{topic:>5}|{string:<4}|"), r#"  a/#|a"b |"#);

    let password = |password| Login { user_name: string, password };
    let secret = BinaryData::new(b"hunter2").unwrap();
    assert_eq!(
        format!("{:?}", password(Some(secret))),
        r#"Login { user_name: "a\"b", password: Some(7 bytes) }"#
    );
    assert_eq!(format!("{:?}", password(None)), r#"Login { user_name: "a\"b", password: None }"#);

    let fields = ConnectFields { login: Some(password(Some(secret))), ..ConnectFields::new(string) };
    let connect = Connect::new(&fields);
    assert_eq!(format!("{connect:?}"), format!("Connect({fields:?})"));
    assert!(!format!("{connect:?}").contains("hunter2"));

    let (id, list) = (PacketId::MIN, [(topic, QoS::AtLeastOnce)]);
    let subscribe = Subscribe { packet_id: id, subscriptions: Subscriptions::new(&list).unwrap() };
    assert!(format!("{subscribe:?}").ends_with(r#"subscriptions: [("a/#", AtLeastOnce)] }"#));
    let list = [SubackReturnCode::Failure];
    let suback = Suback { packet_id: id, return_codes: ReturnCodes::new(&list).unwrap() };
    assert!(format!("{suback:?}").ends_with("return_codes: [Failure] }"));
    let list = [topic];
    let unsubscribe = Unsubscribe { packet_id: id, filters: TopicFilters::new(&list).unwrap() };
    assert!(format!("{unsubscribe:?}").ends_with(r#"filters: ["a/#"] }"#));
}

/// Packets that differ in one place are not equal, nor are their hashes.
#[test]
fn packets_that_differ_are_not_equal() {
    let packets = [
        "10 0D  0004 4D515454 04 02 003C  0001 61",
        "10 0D  0004 4D515454 04 00 003C  0001 61",
        "10 0D  0004 4D515454 04 02 003D  0001 61",
        "10 0D  0004 4D515454 04 02 003C  0001 62",
        "82 06  0001  0001 61 00",
        "82 06  0002  0001 61 00",
        "82 06  0001  0001 62 00",
        "82 06  0001  0001 61 01",
        "82 0A  0001  0001 61 00  0001 61 00",
        "90 03  0001  00",
        "90 03  0001  80",
        "90 04  0001  00 00",
        "A2 05  0001  0001 61",
        "A2 05  0001  0001 62",
        "A2 08  0001  0001 61  0001 61",
    ]
    .map(hex);
    let hasher = RandomState::new();
    let hashes: BTreeSet<_> = packets.iter().map(|packet| hasher.hash_one(whole(packet))).collect();
    assert_eq!(hashes.len(), packets.len());
    for (i, one) in packets.iter().enumerate() {
        for (j, other) in packets.iter().enumerate() {
            assert_eq!(whole(one) == whole(other), i == j, "{one:02x?} and {other:02x?}");
        }
    }
}

#[cfg(feature = "tokio")]
#[test]
fn why_packets_stopped() {
    use mqtt_codec::CodecError;
    use std::error::Error;

    let decode = Packet::decode(b"\x00").unwrap_err();
    for (error, words, source) in [
        (CodecError::from(decode), "the peer's bytes are no packet", decode.to_string()),
        (
            EncodeError::PacketTooLong.into(),
            "the packet cannot be sent",
            EncodeError::PacketTooLong.to_string(),
        ),
        (std::io::Error::other("broken pipe").into(), "the stream failed", "broken pipe".to_owned()),
    ] {
        assert_eq!((error.to_string().as_str(), error.source().unwrap().to_string()), (words, source));
    }
}

/// Equal to what it holds, and to nothing else, from either side.
#[test]
fn text_and_bytes_are_compared_by_what_they_hold() {
    let text = Utf8Str::new("ab").unwrap();
    for (other, equal) in [("ab", true), ("aB", false), ("abc", false)] {
        let answers = [text == *other, text == other, *other == text, other == text];
        assert_eq!(answers, [equal; 4], "{other}");
    }
    let data = BinaryData::new(b"\x01\x02").unwrap();
    for (other, equal) in [([1, 2], true), ([1, 3], false)] {
        let reference = &other;
        let slice = &other[..];
        assert_eq!(
            [data == *slice, data == slice, data == other, data == reference],
            [equal; 4],
            "{other:?}"
        );
    }
}

/// Texts are copied in steps of several lengths: each length, in a short packet and in a long one.
#[test]
fn text_of_any_length_is_written() {
    let text: String = ('0'..='z').cycle().take(600).collect();
    for len in 0..text.len() {
        let client_id = Utf8Str::new(&text[..len]).unwrap();
        let fields = ConnectFields::new(client_id);
        let bytes = common::encoded(&Packet::Connect(Connect::new(&fields))).unwrap();
        assert!(matches!(whole(&bytes), Packet::Connect(connect) if connect.fields() == fields), "{len}");
        assert!(bytes.ends_with(&text.as_bytes()[..len]));
    }
}

/// Of lists, the length is counted: the greatest is sent, and one more is not. The same filter can stand in it often.
#[test]
fn the_greatest_remaining_length_of_a_list() {
    let text = "f".repeat(65_535);
    let list = |last: usize| {
        let mut list = vec![(TopicFilter::new(&text).unwrap(), QoS::AtMostOnce); 4_095];
        list.push((TopicFilter::new(&text[..last]).unwrap(), QoS::AtMostOnce));
        list
    };
    // Two bytes of identifier, and three beside each filter.
    let last = 268_435_455 - 2 - 4_095 * (3 + 65_535) - 3;
    for (last, len) in [(last, Ok(268_435_460)), (last + 1, Err(EncodeError::PacketTooLong))] {
        let list = list(last);
        let subscriptions = Subscriptions::new(&list).unwrap();
        let subscribe = Packet::Subscribe(Subscribe { packet_id: PacketId::MIN, subscriptions });
        assert_eq!(subscribe.encoded_len(), len);
    }
}

#[cfg(feature = "bytes")]
#[test]
fn owned_packets_and_topics_are_as_those_that_they_own() {
    use bytes::BytesMut;
    use mqtt_codec::{PacketBuf, TopicFilterBuf};

    let filter = TopicFilterBuf::from_static("a/+").unwrap();
    let matches = |name| filter.matches(TopicName::new(name).unwrap());
    assert!(matches("a/b") && !matches("a/b/c"));

    let take = |text| PacketBuf::take(&Decoder::new(), &mut BytesMut::from(&hex(text)[..])).unwrap().unwrap();
    // The second has a Remaining Length in more bytes than it needs.
    let [one, same, other] = ["40 02 0001", "40 8200 0001", "40 02 0002"].map(take);
    assert_eq!(format!("{one:?}"), "PacketBuf(Puback(PacketId(1)))");
    assert!(one == same && one != other);
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&one), hasher.hash_one(&same));
    assert_ne!(hasher.hash_one(&one), hasher.hash_one(&other));
}
