//! Any packet, as proptest makes it up.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::common::model::{ConnectModel, Model, WillModel};

/// Characters of all lengths, and often those that mean something.
fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => prop::char::range('a', 'c'),
        2 => Just('/'),
        1 => Just('$'),
        1 => Just(' '),
        1 => Just('\u{FEFF}'),
        1 => prop::char::range('\u{1}', '\u{7F}'),
        1 => prop::char::range('\u{80}', '\u{7FF}'),
        1 => prop::char::any().prop_map(|c| if c == '\0' { 'x' } else { c }),
    ]
}

pub(crate) fn text() -> impl Strategy<Value = Vec<u8>> {
    vec(character(), 0..24).prop_map(|characters| characters.into_iter().collect::<String>().into_bytes())
}

pub(crate) fn topic_name() -> impl Strategy<Value = Vec<u8>> {
    text().prop_map(|mut text| {
        text.retain(|byte| !matches!(byte, b'#' | b'+'));
        if text.is_empty() { b"a".to_vec() } else { text }
    })
}

pub(crate) fn topic_filter() -> impl Strategy<Value = Vec<u8>> {
    let level = prop_oneof![
        2 => topic_name().prop_map(|name| String::from_utf8(name).unwrap()),
        1 => Just(String::from("+")),
        1 => Just(String::new()),
    ];
    (vec(level, 0..5), any::<bool>()).prop_map(|(mut levels, hash)| {
        if hash || levels.concat().is_empty() {
            levels.push("#".into());
        }
        levels.join("/").into_bytes()
    })
}

fn binary() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn packet_id() -> impl Strategy<Value = u16> {
    prop_oneof![1..=u16::MAX, Just(1), Just(u16::MAX)]
}

fn connect() -> impl Strategy<Value = Model> {
    let will = (topic_name(), binary(), 0..=2_u8, any::<bool>())
        .prop_map(|(topic, message, qos, retain)| WillModel { topic, message, qos, retain });
    let login = option::of((text(), option::of(binary())));
    (any::<bool>(), any::<u16>(), text(), option::of(will), login).prop_map(
        |(clean_session, keep_alive, client_id, will, login)| {
            let (user_name, password) = match login {
                Some((user_name, password)) => (Some(user_name), password),
                None => (None, None),
            };
            Model::Connect(ConnectModel { clean_session, keep_alive, client_id, will, user_name, password })
        },
    )
}

fn publish() -> impl Strategy<Value = Model> {
    let payload = prop_oneof![vec(any::<u8>(), 0..200), vec(any::<u8>(), 16_300..16_500)];
    (any::<bool>(), 0..=2_u8, any::<bool>(), topic_name(), packet_id(), payload).prop_map(
        |(dup, qos, retain, topic, packet_id, payload)| Model::Publish {
            dup: dup && qos > 0,
            qos,
            retain,
            topic,
            packet_id: Some(packet_id).filter(|_| qos > 0),
            payload,
        },
    )
}

/// Any packet of any type.
pub(crate) fn packet() -> impl Strategy<Value = Model> {
    prop_oneof![
        4 => connect(),
        1 => any::<bool>().prop_map(|session_present| Model::Connack { session_present, code: 0 }),
        1 => any::<u8>().prop_map(|code| Model::Connack { session_present: false, code }),
        4 => publish(),
        1 => (prop::sample::select(vec![4, 5, 6, 7, 11]), packet_id())
            .prop_map(|(packet_type, packet_id)| Model::Ack { packet_type, packet_id }),
        3 => (packet_id(), vec((topic_filter(), 0..=2_u8), 1..8))
            .prop_map(|(packet_id, subscriptions)| Model::Subscribe { packet_id, subscriptions }),
        2 => (packet_id(), vec(prop::sample::select(vec![0, 1, 2, 0x80]), 1..300))
            .prop_map(|(packet_id, codes)| Model::Suback { packet_id, codes }),
        2 => (packet_id(), vec(topic_filter(), 1..8))
            .prop_map(|(packet_id, filters)| Model::Unsubscribe { packet_id, filters }),
        1 => (12..=14_u8).prop_map(|packet_type| Model::Bare { packet_type }),
    ]
}

/// A first byte that may begin a packet, a length that is right, and bytes that mean something in many fields.
pub(crate) fn nearly_a_packet() -> impl Strategy<Value = Vec<u8>> {
    let first = prop::sample::select(vec![
        0x10, 0x20, 0x30, 0x31, 0x32, 0x3B, 0x34, 0x3D, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xA2, 0xB0,
    ]);
    let byte = prop::sample::select(vec![
        0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5, b'a', b'a', b'/', b'+', b'#', b'$', 0x7F, 0x80, 0xC3, 0xA4, 0xFF,
    ]);
    let connect = prop_oneof![3 => Just(&b""[..]), 1 => Just(&b"\0\x04MQTT\x04"[..])];
    (first, connect, vec(byte, 0..24)).prop_map(|(first, connect, rest)| {
        let (first, connect) = if connect.is_empty() { (first, connect) } else { (0x10, connect) };
        crate::with_body(&[first], &[connect, &rest].concat())
    })
}

/// A test case each, without a file of failures: one that is found becomes a test by name.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
