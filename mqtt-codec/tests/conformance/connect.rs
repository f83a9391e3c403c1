//! 3.1: CONNECT.

use mqtt_codec::{
    BinaryData, Connect, ConnectFields, EncodeError, Fault, Field, Login, Packet, PacketType, Protocol,
    ProtocolName, QoS, Side, TopicName, Utf8Str, Will,
};

use crate::common::model::{ConnectModel, Model};
use crate::{
    CLIENT_ID, USER_NAME, WILL_TOPIC, accepts, encoded, hex, no_text_of, refuses_to_encode, rejects,
    rejects_from, round_trips, text_of, whole,
};

#[track_caller]
fn connects(text: &str) -> ConnectModel {
    match accepts(text) {
        Model::Connect(connect) => connect,
        other => panic!("{other:?}"),
    }
}

/// The first fault of these Connect Flags by the rules of 3.1.2, in the order that the codec looks at them.
fn flags_fault(flags: u8) -> Option<Fault> {
    let [user_name, password, will_retain, will_qos_high, will_qos_low, will, _clean_session, reserved] =
        [7, 6, 5, 4, 3, 2, 1, 0].map(|bit| flags >> bit & 1 == 1);
    match will {
        _ if reserved => Some(Fault::ReservedConnectFlag),
        true if will_qos_high && will_qos_low => Some(Fault::WillQos3),
        false if will_qos_high || will_qos_low => Some(Fault::WillQosWithoutWill),
        false if will_retain => Some(Fault::WillRetainWithoutWill),
        _ if password && !user_name => Some(Fault::PasswordWithoutUserName),
        _ => None,
    }
}

/// All 256 flags, with the fields that they ask for behind them.
fn each_flags(mut check: impl FnMut(u8, &str)) {
    for flags in 0..=255_u8 {
        let has = |bit: u8| flags >> bit & 1 == 1;
        let will = if has(2) { "0001 77  0001 6D" } else { "" };
        let user_name = if has(7) { "0001 75" } else { "" };
        let password = if has(6) { "0001 70" } else { "" };
        let body = format!("0004 4D515454 04 {flags:02X} 0000  0001 63  {will}  {user_name}  {password}");
        check(flags, &format!("10 {:02X}  {body}", hex(&body).len()));
    }
}

/// All flags that pass `of` are refused: those with nothing worse for this fault, the others for what comes first.
#[track_caller]
fn flags_are_refused(fault: Fault, of: impl Fn(u8) -> bool) {
    let mut for_this = 0;
    each_flags(|flags, text| {
        if of(flags) {
            let first = flags_fault(flags).expect("not legal");
            rejects(text, first, Field::ConnectFlags, 9);
            for_this += u32::from(first == fault);
        }
    });
    assert!(for_this > 0);
}

#[test]
fn mqtt_3_1_2_1_another_protocol_name_is_not_mqtt() {
    let fault = Fault::WrongProtocolName;
    rejects("10 0D  00 04 4D515455 04 02 0000  00 01 61", fault, Field::ProtocolName, 4);
    rejects("10 0D  00 04 6D717474 04 02 0000  00 01 61", fault, Field::ProtocolName, 4);
    rejects("10 0C  00 03 4D5154 04 02 0000  00 01 61", fault, Field::ProtocolName, 4);
    rejects("10 0E  00 05 4D51545400 04 02 0000  0001 61", fault, Field::ProtocolName, 4);
    rejects("10 0C  00 00 04 02 0000  00 04 61616161", fault, Field::ProtocolName, 4);
    rejects("10 10  00 07 EFBBBF4D515454 04 02 0000  00 01 61", fault, Field::ProtocolName, 4);
    rejects("10 0D  00 04 FFFFFFFF 04 02 0000  00 01 61", fault, Field::ProtocolName, 4);
    rejects("10 0D  00 0C 4D515454 04 02 0000  00 01 61", Fault::FieldPastEnd, Field::ProtocolName, 2);
    // MQTT 3.1 says who it is; a caller may hand it over.
    let old = Protocol { name: ProtocolName::Mqisdp, level: 3 };
    let text = "10 0F  00 06 4D5149736470 03 02 0000  00 01 61";
    rejects(text, Fault::UnsupportedProtocol(old), Field::ProtocolLevel, 10);
    // Nor is it MQTT 3.1.1 by its level.
    let mixed = Protocol { name: ProtocolName::Mqisdp, level: 4 };
    let text = "10 0F  00 06 4D5149736470 04 02 0000  00 01 61";
    rejects(text, Fault::UnsupportedProtocol(mixed), Field::ProtocolLevel, 10);
    // What is encoded.
    let fields = ConnectFields::new(Utf8Str::new("a").unwrap());
    round_trips("10 0D  00 04 4D515454 04 02 003C  00 01 61", Connect::new(&fields));
}

#[test]
fn mqtt_3_1_2_2_another_level_is_told_apart_from_malformed() {
    for level in (0..=255).filter(|&level| level != 4) {
        let protocol = Protocol { name: ProtocolName::Mqtt, level };
        let text = format!("10 0D  00 04 4D515454 {level:02X} 02 0000  00 01 61");
        rejects(&text, Fault::UnsupportedProtocol(protocol), Field::ProtocolLevel, 8);
        let error = Packet::decode(&hex(&text)).unwrap_err();
        assert_eq!(error.unsupported_protocol(), Some(protocol));
    }
    connects("10 0D  00 04 4D515454 04 02 0000  00 01 61");
    // What another version has behind the level is not looked at: MQTT 5.0 with its properties.
    let v5 = Protocol { name: ProtocolName::Mqtt, level: 5 };
    let text = "10 13  00 04 4D515454 05 02 003C  05 11 0000000A  00 01 61";
    rejects(text, Fault::UnsupportedProtocol(v5), Field::ProtocolLevel, 8);
    // Malformed is something else.
    let malformed = Packet::decode(b"\x10\x0D\0\x04MQTT\x04\x03\0\0\0\x01a").unwrap_err();
    assert_eq!(malformed.unsupported_protocol(), None);
}

#[test]
fn mqtt_3_1_2_3_bit_0_of_the_connect_flags_is_0() {
    flags_are_refused(Fault::ReservedConnectFlag, |flags| flags & 1 == 1);
    // Never encoded.
    each_flags(|flags, text| {
        if flags_fault(flags).is_none() {
            let bytes = hex(text);
            let Packet::Connect(connect) = whole(&bytes) else { panic!("a CONNECT") };
            let fields = connect.fields();
            assert_eq!(Connect::new(&fields).connect_flags(), flags);
        }
    });
}

#[test]
fn mqtt_3_1_2_9_a_will_has_topic_and_message() {
    let connect = connects("10 14  00 04 4D515454 04 06 0000  00 01 63  00 01 77  00 02 6869");
    let will = connect.will.unwrap();
    assert_eq!((will.topic, will.message, will.qos, will.retain), (b"w".to_vec(), b"hi".to_vec(), 0, false));
    // The message may be empty, not missing.
    connects("10 12  00 04 4D515454 04 06 0000  00 01 63  00 01 77  00 00");
    rejects(
        "10 10  00 04 4D515454 04 06 0000  00 01 63  00 01 77",
        Fault::FieldPastEnd,
        Field::WillMessage,
        18,
    );
    rejects(
        "10 11  00 04 4D515454 04 06 0000  00 01 63  00 01 77  00",
        Fault::FieldPastEnd,
        Field::WillMessage,
        18,
    );
    rejects(
        "10 13  00 04 4D515454 04 06 0000  00 01 63  00 01 77  00 02 68",
        Fault::FieldPastEnd,
        Field::WillMessage,
        18,
    );
    rejects("10 0D  00 04 4D515454 04 06 0000  00 01 63", Fault::FieldPastEnd, Field::WillTopic, 15);
    rejects("10 0E  00 04 4D515454 04 06 0000  00 01 63  00", Fault::FieldPastEnd, Field::WillTopic, 15);
    rejects(
        "10 10  00 04 4D515454 04 06 0000  00 01 63  00 02 77",
        Fault::FieldPastEnd,
        Field::WillTopic,
        15,
    );
    // Will QoS and Will Retain apply.
    for (flags, qos, retain) in
        [("06", 0, false), ("0E", 1, false), ("16", 2, false), ("26", 0, true), ("36", 2, true)]
    {
        let text = format!("10 12  00 04 4D515454 04 {flags} 0000  00 01 63  00 01 77  00 00");
        let will = connects(&text).will.unwrap();
        assert_eq!((will.qos, will.retain), (qos, retain));
        let will = Will {
            topic: TopicName::new("w").unwrap(),
            message: BinaryData::default(),
            qos: QoS::from_u8(qos).unwrap(),
            retain,
        };
        let fields = ConnectFields {
            keep_alive: 0,
            will: Some(will),
            ..ConnectFields::new(Utf8Str::new("c").unwrap())
        };
        round_trips(&text, Connect::new(&fields));
    }
}

#[test]
fn mqtt_3_1_2_11_without_a_will_nothing_of_one_is_there() {
    flags_are_refused(Fault::WillQosWithoutWill, |flags| {
        flags & 0b0000_0100 == 0 && flags & 0b0011_1000 != 0
    });
    // A Will Topic and Will Message that no flag announces.
    let text = "10 14  00 04 4D515454 04 02 0000  00 01 63  00 01 77  00 02 6869";
    rejects(text, Fault::LeftOverBytes, Field::LeftOver, 15);
    // With a user name they are taken for it, and what is then left gives them away.
    let text = "10 16  00 04 4D515454 04 82 0000  00 01 63  00 01 77  00 01 6D  00 01 75";
    rejects(text, Fault::LeftOverBytes, Field::LeftOver, 18);
    assert_eq!(connects("10 0D  00 04 4D515454 04 02 0000  00 01 63").will, None);
}

#[test]
fn mqtt_3_1_2_13_will_qos_is_0_without_a_will() {
    flags_are_refused(Fault::WillQosWithoutWill, |flags| {
        flags & 0b0000_0100 == 0 && flags & 0b0001_1000 != 0
    });
    rejects("10 0D  00 04 4D515454 04 08 0000  00 01 63", Fault::WillQosWithoutWill, Field::ConnectFlags, 9);
    rejects("10 0D  00 04 4D515454 04 12 0000  00 01 63", Fault::WillQosWithoutWill, Field::ConnectFlags, 9);
    rejects("10 0D  00 04 4D515454 04 1A 0000  00 01 63", Fault::WillQosWithoutWill, Field::ConnectFlags, 9);
}

#[test]
fn mqtt_3_1_2_14_will_qos_is_not_3() {
    flags_are_refused(Fault::WillQos3, |flags| flags & 0b0001_1100 == 0b0001_1100);
    let text = "10 12  00 04 4D515454 04 1E 0000  00 01 63  00 01 77  00 00";
    rejects(text, Fault::WillQos3, Field::ConnectFlags, 9);
    // No such QoS can be said.
    assert_eq!(QoS::from_u8(3), None);
}

#[test]
fn mqtt_3_1_2_15_will_retain_is_0_without_a_will() {
    flags_are_refused(Fault::WillRetainWithoutWill, |flags| flags & 0b0010_0100 == 0b0010_0000);
    rejects(
        "10 0D  00 04 4D515454 04 22 0000  00 01 63",
        Fault::WillRetainWithoutWill,
        Field::ConnectFlags,
        9,
    );
}

#[test]
fn mqtt_3_1_2_18_without_its_flag_there_is_no_user_name() {
    rejects(
        "10 10  00 04 4D515454 04 02 0000  00 01 63  00 01 75",
        Fault::LeftOverBytes,
        Field::LeftOver,
        15,
    );
    rejects("10 0F  00 04 4D515454 04 02 0000  00 01 63  00 00", Fault::LeftOverBytes, Field::LeftOver, 15);
    let text = "10 15  00 04 4D515454 04 06 0000  00 01 63  00 01 77  00 00  00 01 75";
    rejects(text, Fault::LeftOverBytes, Field::LeftOver, 20);
    assert_eq!(connects("10 0D  00 04 4D515454 04 02 0000  00 01 63").user_name, None);
}

#[test]
fn mqtt_3_1_2_19_with_its_flag_there_is_a_user_name() {
    rejects("10 0D  00 04 4D515454 04 82 0000  00 01 63", Fault::FieldPastEnd, Field::UserName, 15);
    rejects("10 0E  00 04 4D515454 04 82 0000  00 01 63  00", Fault::FieldPastEnd, Field::UserName, 15);
    rejects("10 0F  00 04 4D515454 04 82 0000  00 01 63  00 01", Fault::FieldPastEnd, Field::UserName, 15);
    let text = "10 12  00 04 4D515454 04 86 0000  00 01 63  00 01 77  00 00";
    rejects(text, Fault::FieldPastEnd, Field::UserName, 20);
    let text = "10 10  00 04 4D515454 04 82 0000  00 01 63  00 01 75";
    assert_eq!(connects(text).user_name, Some(b"u".to_vec()));
    // Empty is not absent.
    let text = "10 0F  00 04 4D515454 04 82 0000  00 01 63  00 00";
    assert_eq!(connects(text).user_name, Some(vec![]));
    round_trips(text, Connect::new(&with_login(Login { user_name: Utf8Str::EMPTY, password: None })));
}

fn with_login(login: Login<'_>) -> ConnectFields<'_> {
    ConnectFields { keep_alive: 0, login: Some(login), ..ConnectFields::new(Utf8Str::new("c").unwrap()) }
}

#[test]
fn mqtt_3_1_2_20_without_its_flag_there_is_no_password() {
    let text = "10 13  00 04 4D515454 04 82 0000  00 01 63  00 01 75  00 01 70";
    rejects(text, Fault::LeftOverBytes, Field::LeftOver, 18);
    let text = "10 12  00 04 4D515454 04 82 0000  00 01 63  00 01 75  00 00";
    rejects(text, Fault::LeftOverBytes, Field::LeftOver, 18);
    assert_eq!(connects("10 10  00 04 4D515454 04 82 0000  00 01 63  00 01 75").password, None);
}

#[test]
fn mqtt_3_1_2_21_with_its_flag_there_is_a_password() {
    rejects("10 10  00 04 4D515454 04 C2 0000  00 01 63  00 01 75", Fault::FieldPastEnd, Field::Password, 18);
    rejects(
        "10 11  00 04 4D515454 04 C2 0000  00 01 63  00 01 75  00",
        Fault::FieldPastEnd,
        Field::Password,
        18,
    );
    rejects(
        "10 13  00 04 4D515454 04 C2 0000  00 01 63  00 01 75  00 02 70",
        Fault::FieldPastEnd,
        Field::Password,
        18,
    );
    let text = "10 13  00 04 4D515454 04 C2 0000  00 01 63  00 01 75  00 01 70";
    assert_eq!(connects(text).password, Some(b"p".to_vec()));
    // Empty is not absent.
    let text = "10 12  00 04 4D515454 04 C2 0000  00 01 63  00 01 75  00 00";
    assert_eq!(connects(text).password, Some(vec![]));
    let login = Login { user_name: Utf8Str::new("u").unwrap(), password: Some(BinaryData::default()) };
    round_trips(text, Connect::new(&with_login(login)));
}

#[test]
fn mqtt_3_1_2_22_a_password_needs_a_user_name() {
    flags_are_refused(Fault::PasswordWithoutUserName, |flags| flags & 0b1100_0000 == 0b0100_0000);
    let text = "10 10  00 04 4D515454 04 42 0000  00 01 63  00 01 70";
    rejects(text, Fault::PasswordWithoutUserName, Field::ConnectFlags, 9);
    // A password lives inside a login, which has a user name: each that can be said sets both flags.
    let login = Login { user_name: Utf8Str::EMPTY, password: Some(BinaryData::new(b"p").unwrap()) };
    assert_eq!(Connect::new(&with_login(login)).connect_flags() & 0b1100_0000, 0b1100_0000);
}

#[test]
fn mqtt_3_1_3_1_the_payload_has_its_fields_in_order() {
    let text =
        "10 1F  00 04 4D515454 04 EE 000A  00 02 6331  00 02 7732  00 02 6D33  00 02 7534  00 03 703500";
    let connect = connects(text);
    let will = connect.will.unwrap();
    assert_eq!(
        (connect.client_id, will.topic, will.message),
        (b"c1".to_vec(), b"w2".to_vec(), b"m3".to_vec())
    );
    assert_eq!((connect.user_name, connect.password), (Some(b"u4".to_vec()), Some(b"p5\0".to_vec())));
    // And written in that order.
    let fields = ConnectFields {
        clean_session: true,
        keep_alive: 10,
        client_id: Utf8Str::new("c1").unwrap(),
        will: Some(Will {
            topic: TopicName::new("w2").unwrap(),
            message: BinaryData::new(b"m3").unwrap(),
            qos: QoS::AtLeastOnce,
            retain: true,
        }),
        login: Some(Login {
            user_name: Utf8Str::new("u4").unwrap(),
            password: Some(BinaryData::new(b"p5\0").unwrap()),
        }),
    };
    round_trips(text, Connect::new(&fields));
}

#[test]
fn mqtt_3_1_3_3_the_client_identifier_is_always_there_and_first() {
    let length = Fault::ImpossibleLength(PacketType::Connect);
    rejects("10 0A  00 04 4D515454 04 02 0000", length, Field::RemainingLength, 1);
    rejects("10 0B  00 04 4D515454 04 02 0000  00", length, Field::RemainingLength, 1);
    rejects("10 0C  00 04 4D515454 04 02 0000  00 01", Fault::FieldPastEnd, Field::ClientIdentifier, 12);
    rejects("10 0D  00 04 4D515454 04 02 0000  00 02 61", Fault::FieldPastEnd, Field::ClientIdentifier, 12);
    // It may have no bytes; with them, the first field is it.
    assert_eq!(connects("10 0C  00 04 4D515454 04 02 0000  00 00").client_id, b"");
    let connect = connects("10 12  00 04 4D515454 04 C2 0000  00 01 31  00 01 32  00 00");
    assert_eq!((connect.client_id, connect.user_name), (b"1".to_vec(), Some(b"2".to_vec())));
}

#[test]
fn mqtt_3_1_3_4_the_client_identifier_is_a_string() {
    no_text_of(&[CLIENT_ID], "61 C328", Fault::IllFormedUtf8, 1);
    no_text_of(&[CLIENT_ID], "61 EDA080", Fault::IllFormedUtf8, 1);
    no_text_of(&[CLIENT_ID], "61 00", Fault::NulCharacter, 1);
    // Any other string, longer than 23 bytes too: to reject it is the Server's choice.
    for text in ["", "61", "2B 23 2F", "C3A4 EFBBBF", "61626364656667686970717273747576777861626364656667"] {
        text_of(&[CLIENT_ID], text);
    }
}

#[test]
fn mqtt_3_1_3_7_an_empty_client_identifier_needs_a_clean_session() {
    let empty = ConnectFields { clean_session: false, ..ConnectFields::new(Utf8Str::EMPTY) };
    refuses_to_encode(&Connect::new(&empty).into(), EncodeError::EmptyClientId);
    // A Server has to answer it with CONNACK 2, so it decodes; but is not sent on.
    let bytes = hex("10 0C  00 04 4D515454 04 00 003C  00 00");
    let received = whole(&bytes);
    assert_eq!(received, Connect::new(&empty).into());
    refuses_to_encode(&received, EncodeError::EmptyClientId);
    // Either alone is fine.
    connects("10 0C  00 04 4D515454 04 02 003C  00 00");
    connects("10 0D  00 04 4D515454 04 00 003C  00 01 61");
    let empty = ConnectFields::new(Utf8Str::EMPTY);
    assert_eq!(encoded(&Connect::new(&empty).into()), Ok(hex("10 0C  00 04 4D515454 04 02 003C  00 00")));
}

#[test]
fn mqtt_3_1_3_10_the_will_topic_is_a_string() {
    no_text_of(&[WILL_TOPIC], "61 C328", Fault::IllFormedUtf8, 1);
    no_text_of(&[WILL_TOPIC], "61 EDA080", Fault::IllFormedUtf8, 1);
    no_text_of(&[WILL_TOPIC], "61 00", Fault::NulCharacter, 1);
    text_of(&[WILL_TOPIC], "C3A4 2F EFBBBF");
}

#[test]
fn mqtt_3_1_3_11_the_user_name_is_a_string() {
    no_text_of(&[USER_NAME], "61 C328", Fault::IllFormedUtf8, 1);
    no_text_of(&[USER_NAME], "61 EDA080", Fault::IllFormedUtf8, 1);
    no_text_of(&[USER_NAME], "61 00", Fault::NulCharacter, 1);
    for text in ["", "C3A4 EFBBBF", "2B 23"] {
        text_of(&[USER_NAME], text);
    }
}

#[test]
fn mqtt_3_1_4_1_a_connect_that_does_not_conform_is_refused() {
    // All flags: just the legal ones pass.
    let mut legal = 0;
    each_flags(|flags, text| match flags_fault(flags) {
        Some(fault) => rejects(text, fault, Field::ConnectFlags, 9),
        None => {
            legal += 1;
            connects(text);
        }
    });
    // Clean Session; no login, user name, both; no Will, or three QoS with and without Retain.
    assert_eq!(legal, 2 * 3 * (1 + 3 * 2));
    // Cut short anywhere, with the length to match.
    let whole_text = "00 04 4D515454 04 EE 000A  00 01 63  00 01 77  00 01 6D  00 01 75  00 01 70";
    let body = hex(whole_text);
    for len in 0..body.len() {
        let text = format!("10 {len:02X} {}", hex::encode(&body[..len]));
        let error = Packet::decode(&hex(&text)).unwrap_err();
        rejects(&text, error.fault, error.field, error.offset);
        let expected =
            if len < 12 { Fault::ImpossibleLength(PacketType::Connect) } else { Fault::FieldPastEnd };
        assert_eq!(error.fault, expected, "{text}");
    }
    // Something left over.
    rejects("10 0D  00 04 4D515454 04 02 0000  00 00  00", Fault::LeftOverBytes, Field::LeftOver, 14);
    // More than five full fields.
    let length = Fault::ImpossibleLength(PacketType::Connect);
    rejects("10 90 80 14", length, Field::RemainingLength, 1);
    // From the wrong side.
    let wrong = Fault::WrongSender(PacketType::Connect, Side::Server);
    rejects_from(Side::Server, "10 0C  00 04 4D515454 04 02 0000  00 00", wrong, Field::FixedHeader, 0);
}
