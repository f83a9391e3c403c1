//! Packets of every type, by hand, from the lab, and as long as they get.

use super::hex;
use super::model::{ConnectModel, Model, WillModel, remaining_length, string};

/// Written by hand; all decode.
const BY_HAND: &[&str] = &[
    // CONNECT: least, usual, all fields, all of them empty, each field alone, non-ASCII, longer than 127.
    "10 0C  00 04 4D515454 04 02 0000  00 00",
    "10 0C  00 04 4D515454 04 00 003C  00 00",
    "10 0D  00 04 4D515454 04 00 FFFF  00 01 61",
    "10 15  00 04 4D515454 04 02 0005  00 09 507974686F6E507562",
    "10 1C  00 04 4D515454 04 F6 000A  00 01 63  00 02 772F  00 01 6D  00 01 75  00 03 70FF00",
    "10 1C  00 04 4D515454 04 EE 000A  00 01 63  00 02 772F  00 01 6D  00 01 75  00 03 70FF00",
    "10 15  00 04 4D515454 04 C6 0000  00 00  00 01 2F  00 00  00 00  00 00",
    "10 10  00 04 4D515454 04 C2 0000  00 00  00 00  00 00",
    "10 11  00 04 4D515454 04 82 0001  00 00  00 03 E282AC",
    "10 13  00 04 4D515454 04 06 0001  00 00  00 01 77  00 02 0000",
    "10 13  00 04 4D515454 04 0C 0001  00 01 78  00 01 77  00 01 6D",
    "10 13  00 04 4D515454 04 34 0001  00 01 78  00 01 77  00 01 6D",
    "10 1B  00 04 4D515454 04 02 0000  00 0F C3A4 E282AC F09F9880 EFBBBF 24 2B 23",
    // CONNACK: each code, and reserved ones.
    "20 02  00 00",
    "20 02  01 00",
    "20 02  00 01",
    "20 02  00 02",
    "20 02  00 03",
    "20 02  00 04",
    "20 02  00 05",
    "20 02  00 06",
    "20 02  00 FF",
    // PUBLISH: each QoS, DUP and RETAIN, with and without payload, bytes of any kind in it.
    "30 03  00 01 61",
    "31 03  00 01 2F",
    "30 0D  00 08 696E7465726E6574 494F54",
    "31 06  00 01 61  000102",
    "32 05  00 01 61  0001",
    "33 06  00 01 61  FFFF  00",
    "3A 07  00 01 61  0100  6869",
    "3B 05  00 01 61  00FF",
    "34 05  00 01 61  0002",
    "35 07  00 01 61  0003  FFFF",
    "3C 06  00 01 61  0004  2B",
    "3D 05  00 01 20  0005",
    "32 13  00 0E 686F6D652FC3A42FF09F98802F24  0007  2B",
    "30 07  00 05 24535953 2F",
    // The acknowledgements.
    "40 02  00 01",
    "40 02  FF FF",
    "50 02  01 00",
    "50 02  00 80",
    "62 02  00 02",
    "62 02  12 34",
    "70 02  00 03",
    "70 02  7F FF",
    "B0 02  00 01",
    "B0 02  80 00",
    // SUBSCRIBE and UNSUBSCRIBE: least, each wildcard, several filters, the same one twice.
    "82 06  00 01  00 01 61 00",
    "82 06  00 02  00 01 23 02",
    "82 06  FF FF  00 01 2B 01",
    "82 18  00 03  00 03 612F23 00  00 05 2B2F622F2B 01  00 01 2F 02  00 01 2F 02",
    "82 0E  00 04  00 09 24C3A42FE282AC2F2B 01",
    "A2 05  00 01  00 01 61",
    "A2 05  FF FF  00 01 23",
    "A2 11  00 05  00 03 612F23  00 05 2B2F622F2B  00 01 2F",
    "A2 0D  00 06  00 01 2B  00 06 2F2F2FC3A42F",
    // SUBACK: each code, alone and together.
    "90 03  00 01  00",
    "90 03  00 01  01",
    "90 03  FF FF  02",
    "90 03  00 01  80",
    "90 08  12 34  00 01 02 80 80 00",
    // Nothing but a fixed header.
    "C0 00",
    "D0 00",
    "E0 00",
    // A Remaining Length longer than it needs to be.
    "C0 80 00",
    "D0 80 80 00",
    "E0 80 80 80 00",
    "40 82 00  00 01",
    "30 83 80 80 00  00 01 61",
    "20 82 80 00  01 00",
];

/// Packets short enough to try every change of every byte. None twice.
pub(crate) fn short() -> Vec<Vec<u8>> {
    let mut samples: Vec<_> = BY_HAND.iter().map(|text| hex(text)).collect();
    samples.extend(lab());
    // Lengths of two bytes: 128, 130, and a list of many.
    samples.push(publish(1, 1, b"a", &[0xA5; 123]));
    samples.push(publish(2, 0x8001, "größe/\u{1F600}".repeat(9).as_bytes(), b"x"));
    samples.push(subscribe(20, b"sensors/+/#", 2));
    samples.push(unsubscribe(30, "ä/b".as_bytes()));
    samples.push([&b"\x90\x82\x01\0\x09"[..], &[0, 1, 2, 0x80].repeat(32)].concat());
    samples.sort();
    samples.dedup();
    samples
}

/// The packets of the lab and of its homework.
fn lab() -> Vec<Vec<u8>> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab");
    ["packets.json", "homework.json"]
        .into_iter()
        .flat_map(|name| {
            let text = std::fs::read_to_string(format!("{dir}/{name}")).unwrap();
            let list: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            list.into_iter().map(|packet| hex(packet["mqtt_hex"].as_str().unwrap()))
        })
        .collect()
}

/// Fields and packets at their limits, and on both sides of each step of the Remaining Length.
pub(crate) fn long() -> Vec<Vec<u8>> {
    let text = vec![b'x'; 65_535];
    let umlauts = "ä".repeat(32_767).into_bytes();
    let mut samples = vec![
        Model::Connect(ConnectModel {
            clean_session: false,
            keep_alive: 65_535,
            client_id: text.clone(),
            will: Some(WillModel {
                topic: umlauts.clone(),
                message: vec![0xFF; 65_535],
                qos: 2,
                retain: true,
            }),
            user_name: Some(text.clone()),
            password: Some(vec![0; 65_535]),
        })
        .bytes(),
        publish(1, 1, &text, b""),
        publish(2, 65_535, &umlauts, &[0; 70_000]),
        publish(0, 0, &[b'/'; 65_535], b"1"),
        subscribe(3, &text, 1),
        subscribe(5_000, b"a/+/b", 0),
        unsubscribe(3, &umlauts),
        unsubscribe(5_000, b"+/#"),
        [&[0x90][..], &remaining_length(20_002), b"\0\x07", &[1; 20_000]].concat(),
    ];
    for remaining in [127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
        samples.push(publish(0, 0, b"t", &vec![b'p'; remaining - 3]));
    }
    samples
}

pub(crate) fn publish(qos: u8, packet_id: u16, topic: &[u8], payload: &[u8]) -> Vec<u8> {
    let packet_id = Some(packet_id).filter(|_| qos > 0);
    let (topic, payload) = (topic.to_vec(), payload.to_vec());
    Model::Publish { dup: false, qos, retain: false, topic, packet_id, payload }.bytes()
}

pub(crate) fn subscribe(count: usize, filter: &[u8], qos: u8) -> Vec<u8> {
    Model::Subscribe { packet_id: 258, subscriptions: vec![(filter.to_vec(), qos); count] }.bytes()
}

pub(crate) fn unsubscribe(count: usize, filter: &[u8]) -> Vec<u8> {
    let body = [b"\x02\x01".to_vec(), string(filter).repeat(count)].concat();
    [vec![0xA2], remaining_length(body.len()), body].concat()
}
