//! The public interface as a user writes against it: lists, conversions, comparisons, errors, log lines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

use std::collections::HashSet;
use std::error::Error;
use std::num::NonZeroU16;

use mqtt_codec::{
    BinaryData, Connack, Connect, ConnectFields, ConnectReturnCode, Decoded, Delivery, Fault, Login, Packet,
    PacketId, PacketIdError, PacketType, PacketTypeError, Publish, QoS, QoSError, ReturnCodes,
    ReturnCodesIter, Suback, SubackReturnCode, Subscribe, Subscriptions, SubscriptionsIter, TopicFilter,
    TopicFilters, TopicFiltersIter, TopicName, Unsubscribe, Utf8Str, Will,
};

fn decode(bytes: &[u8]) -> Packet<'_> {
    match Packet::decode(bytes).unwrap() {
        Decoded::Packet(packet, len) if len == bytes.len() => packet,
        other => panic!("{other:?}"),
    }
}

fn encode(packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = vec![0; packet.encoded_len().unwrap()];
    assert_eq!(packet.encode(&mut bytes), Ok(bytes.len()));
    bytes
}

fn name(text: &str) -> TopicName<'_> {
    TopicName::new(text).unwrap()
}

fn filter(text: &str) -> TopicFilter<'_> {
    TopicFilter::new(text).unwrap()
}

const ID: PacketId = PacketId::new(7).unwrap();

#[test]
fn subscriptions_are_iterated_in_for_loops() {
    struct Pending<'a> {
        left: SubscriptionsIter<'a>,
    }

    let list = [(filter("a/b"), QoS::AtLeastOnce), (filter("c/#"), QoS::AtMostOnce)];
    let subscribe = Subscribe { packet_id: ID, subscriptions: Subscriptions::new(&list).unwrap() };
    let bytes = encode(&subscribe.into());
    let Packet::Subscribe(decoded) = decode(&bytes) else { panic!("a SUBSCRIBE") };
    for subscriptions in [subscribe.subscriptions, decoded.subscriptions] {
        assert_eq!(subscriptions.len(), 2);
        let mut seen = Vec::new();
        for (filter, qos) in &subscriptions {
            seen.push((filter, qos));
        }
        assert_eq!(seen, list);
        // By value, it outlives the view.
        let mut pending = Pending { left: subscriptions.into_iter() };
        assert_eq!(pending.left.next(), Some(list[0]));
        assert_eq!(format!("{:?}", pending.left), r#"[("c/#", AtMostOnce)]"#);
        assert_eq!(pending.left.clone().collect::<Vec<_>>(), list[1..]);
        assert_eq!(
            (pending.left.next(), pending.left.next(), pending.left.next()),
            (Some(list[1]), None, None)
        );
    }
}

#[test]
fn topic_filters_are_iterated_in_for_loops() {
    let list = [filter("a/b"), filter("+"), filter("#")];
    let unsubscribe = Unsubscribe { packet_id: ID, filters: TopicFilters::new(&list).unwrap() };
    let bytes = encode(&unsubscribe.into());
    let Packet::Unsubscribe(decoded) = decode(&bytes) else { panic!("an UNSUBSCRIBE") };
    for filters in [unsubscribe.filters, decoded.filters] {
        assert_eq!(filters.len(), 3);
        let mut seen = Vec::new();
        for filter in &filters {
            seen.push(filter);
        }
        assert_eq!(seen, list);
        let mut iter: TopicFiltersIter<'_> = filters.into_iter();
        assert_eq!((iter.next(), format!("{iter:?}").as_str()), (Some(list[0]), r##"["+", "#"]"##));
        assert_eq!((iter.by_ref().count(), iter.next()), (2, None));
    }
}

#[test]
fn return_codes_are_iterated_in_for_loops() {
    let list = [SubackReturnCode::Granted(QoS::ExactlyOnce), SubackReturnCode::Failure];
    let suback = Suback { packet_id: ID, return_codes: ReturnCodes::new(&list).unwrap() };
    let bytes = encode(&suback.into());
    let Packet::Suback(decoded) = decode(&bytes) else { panic!("a SUBACK") };
    for codes in [suback.return_codes, decoded.return_codes] {
        assert_eq!(codes.len(), 2);
        let mut seen = Vec::new();
        for code in &codes {
            seen.push(code);
        }
        assert_eq!(seen, list);
        let mut iter: ReturnCodesIter<'_> = codes.into_iter();
        assert_eq!(iter.size_hint(), (2, Some(2)));
        assert_eq!((iter.next(), iter.size_hint()), (Some(list[0]), (1, Some(1))));
        assert_eq!(format!("{iter:?}"), "[Failure]");
        assert_eq!((iter.next(), iter.next(), iter.size_hint()), (Some(list[1]), None, (0, Some(0))));
    }
}

#[test]
fn numbers_become_values_with_a_question_mark() {
    fn read(id: u16, qos: u8, packet_type: u8) -> Result<(PacketId, QoS, PacketType), Box<dyn Error>> {
        Ok((id.try_into()?, qos.try_into()?, packet_type.try_into()?))
    }
    assert_eq!(read(7, 2, 3).unwrap(), (ID, QoS::ExactlyOnce, PacketType::Publish));
    assert_eq!(read(0, 0, 1).unwrap_err().to_string(), "packet identifier is zero");
    assert_eq!(read(1, 3, 1).unwrap_err().to_string(), "QoS is not 0, 1 or 2");
    assert_eq!(read(1, 0, 15).unwrap_err().to_string(), "packet type is not 1 to 14");

    let zero: PacketIdError = PacketId::try_from(0).unwrap_err();
    assert!(read(0, 0, 1).unwrap_err().downcast_ref::<PacketIdError>() == Some(&zero));
    for number in 0..=u8::MAX {
        let qos: Result<QoS, QoSError> = number.try_into();
        assert_eq!(qos.ok(), QoS::from_u8(number));
        let packet_type: Result<PacketType, PacketTypeError> = number.try_into();
        assert_eq!(packet_type.is_ok(), (1..=14).contains(&number), "{number}");
        assert!(packet_type.is_ok_and(|packet_type| packet_type as u8 == number) || packet_type.is_err());
    }
    assert_eq!((NonZeroU16::from(ID).get(), u16::from(ID), u8::from(QoS::AtLeastOnce)), (7, 7, 1));
}

#[test]
fn connack_tells_its_fields() {
    for number in 0..=u8::MAX {
        let code = ConnectReturnCode::from_u8(number);
        assert_eq!(code.map(ConnectReturnCode::as_u8), (1..=5).contains(&number).then_some(number));
        let bytes = [0x20, 2, 0, number];
        let Packet::Connack(connack) = decode(&bytes) else { panic!("a CONNACK") };
        assert_eq!((connack.return_code(), connack.session_present()), (number, false));
        if let Some(code) = code {
            assert_eq!(connack, Connack::Refused(code));
        }
    }
    let accepted = Connack::Accepted { session_present: true };
    assert_eq!((accepted.return_code(), accepted.session_present()), (0, true));
}

#[test]
fn a_message_is_sent_again_with_dup() {
    let first = Publish::at_least_once(ID, name("a"), b"");
    let again = Publish { delivery: first.delivery.with_dup(true), ..first };
    assert_eq!(again.delivery, Delivery::AtLeastOnce { packet_id: ID, dup: true });
    assert_eq!(again.delivery.with_dup(false), first.delivery);
    let twice = Delivery::ExactlyOnce { packet_id: ID, dup: false }.with_dup(true);
    assert_eq!(twice, Delivery::ExactlyOnce { packet_id: ID, dup: true });
    assert_eq!(Delivery::AtMostOnce.with_dup(true), Delivery::AtMostOnce);
}

#[test]
fn texts_go_where_strings_and_bytes_go() {
    fn text(text: impl AsRef<str>) -> String {
        text.as_ref().to_owned()
    }
    fn bytes(bytes: impl AsRef<[u8]>) -> Vec<u8> {
        bytes.as_ref().to_vec()
    }
    let (name, filter, string) = (name("ä/b"), filter("ä/#"), Utf8Str::new("größe").unwrap());
    let binary = BinaryData::new(b"\x00\xFF").unwrap();
    assert_eq!((text(name), text(filter), text(string)), ("ä/b".into(), "ä/#".into(), "größe".into()));
    assert_eq!((bytes(name), bytes(filter)), ("ä/b".into(), "ä/#".into()));
    assert_eq!((bytes(string), bytes(binary)), ("größe".into(), vec![0, 0xFF]));
    assert_eq!((name.len(), filter.len()), (4, 4));
}

#[test]
fn texts_compare_from_both_sides() {
    let (name, filter, string) = (name("a/b"), filter("a/#"), Utf8Str::new("client").unwrap());
    assert_eq!("a/b", name);
    assert_eq!("a/#", filter);
    assert_eq!("client", string);
    assert!(*"a/b" == name && *"a/#" == filter && *"client" == string);
    assert_ne!("a/c", name);
    assert_ne!("a/+", filter);
    assert_ne!("", string);

    let binary = BinaryData::new(b"secret").unwrap();
    let vec = b"secret".to_vec();
    assert_eq!(binary, b"secret");
    assert_eq!(binary, *b"secret");
    assert_eq!(binary, vec[..]);
    assert_eq!(binary, vec.as_slice());
    assert_ne!(binary, b"other");
}

#[test]
fn levels_come_from_both_ends() {
    let mut levels = name("home//light/status").levels();
    assert_eq!((levels.next(), levels.next_back()), (Some("home"), Some("status")));
    assert_eq!(levels.clone().rev().collect::<Vec<_>>(), ["light", ""]);
    assert_eq!(levels.collect::<Vec<_>>(), ["", "light"]);
    assert_eq!(filter("a/#").levels().next_back(), Some("#"));
}

#[test]
fn an_error_points_into_the_bytes() {
    let bytes = b"\x30\x05\x00\x03a/#";
    let error = Packet::decode(bytes).unwrap_err();
    assert_eq!((error.fault, bytes[error.position()]), (Fault::WildcardInTopicName, b'#'));

    // A SUBSCRIBE whose last filter has no QoS: just behind its last byte.
    let bytes = b"\x82\x0A\x00\x01\x00\x01a\x00\x00\x02bc";
    let error = Packet::decode(bytes).unwrap_err();
    assert_eq!((error.fault, error.position()), (Fault::FieldPastEnd, bytes.len()));
}

#[cfg(feature = "std")]
#[test]
fn errors_become_those_of_io() {
    use mqtt_codec::{EncodeError, TextError};
    use std::io::{self, ErrorKind};

    fn topic(text: &str) -> io::Result<usize> {
        Ok(TopicName::new(text)?.len())
    }
    assert_eq!(topic("a").unwrap(), 1);
    let error = topic("a/#").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let inner = error.get_ref().unwrap().downcast_ref::<TextError>().unwrap();
    assert_eq!(inner.fault, Some(Fault::WildcardInTopicName));

    let error = io::Error::from(Packet::decode(b"\x00").unwrap_err());
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(io::Error::from(EncodeError::PacketTooLong).kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_packet_is_one_line_without_secrets() {
    let will = Will {
        topic: name("gone"),
        message: BinaryData::new(b"WILLTEXT").unwrap(),
        qos: QoS::AtLeastOnce,
        retain: true,
    };
    let login = Login {
        user_name: Utf8Str::new("bob").unwrap(),
        password: Some(BinaryData::new(b"hunter2").unwrap()),
    };
    let plain = ConnectFields::new(Utf8Str::new("a\n\"b").unwrap());
    let full = ConnectFields { clean_session: false, will: Some(will), login: Some(login), ..plain };
    let anonymous = ConnectFields { login: Some(Login { password: None, ..login }), ..plain };
    let again = Delivery::ExactlyOnce { packet_id: ID, dup: true };
    let subscriptions = [(filter("a/b"), QoS::AtLeastOnce), (filter("#"), QoS::AtMostOnce)];
    let filters = [filter("+"); 10];
    let codes = [SubackReturnCode::Granted(QoS::AtLeastOnce), SubackReturnCode::Failure];
    let lines: [(Packet<'_>, &str); 19] = [
        (Connect::new(&plain).into(), r#"CONNECT client="a\n\"b" clean session keep alive 60 s"#),
        (
            Connect::new(&full).into(),
            r#"CONNECT client="a\n\"b" keep alive 60 s will topic="gone" QoS 1 retain (8 bytes) user="bob" with password"#,
        ),
        (
            Connect::new(&anonymous).into(),
            r#"CONNECT client="a\n\"b" clean session keep alive 60 s user="bob""#,
        ),
        (Connack::Accepted { session_present: false }.into(), "CONNACK accepted"),
        (Connack::Accepted { session_present: true }.into(), "CONNACK accepted, session present"),
        (Connack::Refused(ConnectReturnCode::NotAuthorized).into(), "CONNACK refused: not authorized"),
        (
            Publish::at_least_once(ID, name("a/b"), b"SECRET").into(),
            r#"PUBLISH topic="a/b" QoS 1 id 7 (6 bytes)"#,
        ),
        (Publish::at_most_once(name("a/b"), b"x").into(), r#"PUBLISH topic="a/b" QoS 0 (1 byte)"#),
        (
            Publish { delivery: again, retain: true, topic: name("a"), payload: b"" }.into(),
            r#"PUBLISH topic="a" QoS 2 id 7 dup retain (0 bytes)"#,
        ),
        (Packet::Puback(ID), "PUBACK id 7"),
        (Packet::Pubrec(ID), "PUBREC id 7"),
        (Packet::Pubrel(ID), "PUBREL id 7"),
        (Packet::Pubcomp(ID), "PUBCOMP id 7"),
        (
            Subscribe { packet_id: ID, subscriptions: Subscriptions::new(&subscriptions).unwrap() }.into(),
            r##"SUBSCRIBE id 7 "a/b" QoS 1, "#" QoS 0"##,
        ),
        (
            Suback { packet_id: ID, return_codes: ReturnCodes::new(&codes).unwrap() }.into(),
            "SUBACK id 7 granted QoS 1, failure",
        ),
        (
            Unsubscribe { packet_id: ID, filters: TopicFilters::new(&filters).unwrap() }.into(),
            r#"UNSUBSCRIBE id 7 "+", "+", "+", "+", "+", "+", "+", "+" and 2 more"#,
        ),
        (Packet::Unsuback(ID), "UNSUBACK id 7"),
        (Packet::Pingreq, "PINGREQ"),
        (Packet::Disconnect, "DISCONNECT"),
    ];
    for (packet, line) in lines {
        assert_eq!(packet.to_string(), line);
        // What was decoded reads the same.
        assert_eq!(decode(&encode(&packet)).to_string(), line);
    }
}

#[test]
fn packets_are_found_in_sets() {
    let bytes = encode(&Packet::Puback(ID));
    assert!(HashSet::from([Packet::Puback(ID)]).contains(&decode(&bytes)));
}

#[cfg(feature = "bytes")]
mod owned {
    use super::*;
    use bytes::BytesMut;
    use mqtt_codec::{Decoder, EncodeError, PacketBuf};

    fn take(bytes: &[u8]) -> PacketBuf {
        PacketBuf::take(&Decoder::new(), &mut BytesMut::from(bytes)).unwrap().unwrap()
    }

    #[test]
    fn a_packet_is_encoded_into_memory_of_its_own() {
        let list = [(filter("a/b"), QoS::AtLeastOnce)];
        let packets: [Packet<'_>; 4] = [
            Publish::exactly_once(ID, name("a/b"), &[0xAB; 1000]).into(),
            Subscribe { packet_id: ID, subscriptions: Subscriptions::new(&list).unwrap() }.into(),
            Packet::Pubrel(ID),
            Packet::Pingresp,
        ];
        for packet in packets {
            let owned = PacketBuf::encode(&packet).unwrap();
            assert_eq!(owned.packet(), packet);
            assert_eq!(owned.as_bytes(), &encode(&packet));
            // Nothing else shares the memory, and there is no more of it than needed.
            let memory = owned.into_bytes().try_into_mut().unwrap();
            assert_eq!(memory.capacity(), packet.encoded_len().unwrap());
        }
    }

    #[test]
    fn what_cannot_be_sent_is_not_encoded() {
        let fields = ConnectFields { clean_session: false, ..ConnectFields::new(Utf8Str::EMPTY) };
        assert_eq!(PacketBuf::encode(&Connect::new(&fields).into()), Err(EncodeError::EmptyClientId));
    }

    #[test]
    fn equal_packets_have_equal_hashes() {
        // The second has a Remaining Length of two bytes where one is enough.
        let (short, long) = (take(b"\x30\x04\x00\x01ab"), take(b"\x30\x84\x00\x00\x01ab"));
        assert_ne!(short.as_bytes(), long.as_bytes());
        assert_eq!(short, long);
        let mut seen = HashSet::from([short]);
        assert!(!seen.insert(long));
        assert!(seen.insert(take(b"\x30\x04\x00\x01ac")));
        assert!(!seen.insert(PacketBuf::encode(&Publish::at_most_once(name("a"), b"b").into()).unwrap()));
    }
}

#[cfg(feature = "tokio")]
mod framed {
    use super::*;
    use std::io::{self, ErrorKind};

    use futures_util::{FutureExt, StreamExt};
    use mqtt_codec::{CodecError, EncodeError, MqttCodec};
    use tokio::io::AsyncReadExt;
    use tokio_util::codec::{Encoder, FramedRead};

    #[test]
    fn errors_of_the_codec_convert() {
        fn decoded(bytes: &[u8]) -> Result<Packet<'_>, CodecError> {
            match Packet::decode(bytes)? {
                Decoded::Packet(packet, _) => Ok(packet),
                Decoded::NeedMore { .. } => Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            }
        }
        fn encoded(packet: &Packet<'_>) -> Result<usize, CodecError> {
            Ok(packet.encode(&mut [])?)
        }
        let kind = |error: CodecError| io::Error::from(error).kind();
        assert_eq!(decoded(b"\xC0\x00").unwrap(), Packet::Pingreq);
        assert_eq!(kind(decoded(b"\x00").unwrap_err()), ErrorKind::InvalidData);
        assert_eq!(kind(decoded(b"\xC0").unwrap_err()), ErrorKind::UnexpectedEof);
        let error = encoded(&Packet::Pingreq).unwrap_err();
        assert!(matches!(error, CodecError::Encode(EncodeError::BufferTooSmall { needed: 2 })));
        assert_eq!(kind(error), ErrorKind::InvalidInput);
    }

    #[test]
    fn after_a_decode_error_the_connection_is_over() {
        let bytes = b"\xC0\x00\x00\x00\xC0\x00".as_slice();
        let mut stream = FramedRead::new(bytes, MqttCodec::default());
        let mut next = || stream.next().now_or_never().unwrap();
        assert_eq!(next().unwrap().unwrap().packet(), Packet::Pingreq);
        // Once when it is decoded, once more when the stream has ended.
        for _ in 0..2 {
            let Some(Err(CodecError::Decode(error))) = next() else { panic!("the error") };
            assert_eq!(error.fault, Fault::ReservedType);
            assert!(next().is_none());
        }
        assert!(next().is_none());
    }

    #[test]
    fn bytes_behind_a_fault_repeat_the_error() {
        let bytes = b"\x00\x00".as_slice().chain(b"\xC0\x00".as_slice()).chain(b"\xC0\x00".as_slice());
        let mut stream = FramedRead::new(bytes, MqttCodec::default());
        for _ in 0..3 {
            let next = stream.next().now_or_never().unwrap();
            assert!(matches!(next, Some(Err(CodecError::Decode(error))) if error.position() == 0));
            assert!(stream.next().now_or_never().unwrap().is_none());
        }
    }

    #[test]
    fn after_an_encode_error_others_can_be_sent() {
        let mut out = bytes::BytesMut::new();
        let fields = ConnectFields { clean_session: false, ..ConnectFields::new(Utf8Str::EMPTY) };
        let mut codec = MqttCodec::default();
        let error = codec.encode(Packet::from(Connect::new(&fields)), &mut out).unwrap_err();
        assert!(matches!(error, CodecError::Encode(EncodeError::EmptyClientId)) && out.is_empty());
        codec.encode(Packet::Pingreq, &mut out).unwrap();
        assert_eq!(out, b"\xC0\x00"[..]);
    }
}
