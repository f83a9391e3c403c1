//! The bytes that are decoded, and the values that are encoded.

use std::sync::{LazyLock, OnceLock};

/// Client Identifier of [`CONNECT`].
pub const CLIENT_ID: &str = "gateway-7-livingroom";
/// Will Topic of [`CONNECT`].
pub const WILL_TOPIC: &str = "home/gateway/7/state";
/// Will Message of [`CONNECT`], at QoS 1, retained.
pub const WILL_MESSAGE: &[u8] = b"offline";
/// User Name of [`CONNECT`].
pub const USER_NAME: &str = "gateway-7";
/// Password of [`CONNECT`].
pub const PASSWORD: &[u8] = b"correct horse battery";
/// Keep Alive of [`CONNECT`].
pub const KEEP_ALIVE: u16 = 60;

/// The topic that is published to: 20 bytes.
pub const TOPIC: &str = "home/kitchen/lamp/07";
/// Another of 20 bytes that is not all ASCII.
pub const TOPIC_UTF8: &str = "haus/k\u{FC}che/lampe/07";
/// The Packet Identifier of everything that has one.
pub const PACKET_ID: u16 = 0x1234;

/// What is subscribed to, with the QoS.
pub const SUBSCRIPTIONS: [(&str, u8); 8] = [
    ("home/+/lamp/state", 1),
    ("home/kitchen/#", 0),
    ("home/livingroom/temperature", 0),
    ("$SYS/broker/uptime", 0),
    ("sensors/+/+/humidity", 1),
    ("alerts/#", 2),
    ("home/garage/door/state", 1),
    ("devices/gateway-7/command", 2),
];

/// What a Server answers to [`SUBSCRIPTIONS`]: the QoS that was asked for. No failure is among them, since `mqtt-proto`
/// 0.4.0 writes that as 3.
pub const RETURN_CODES: [u8; 8] = [1, 0, 0, 0, 1, 2, 1, 2];

/// CONNECT with will, user name and password: 99 bytes.
pub static CONNECT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut body = b"\x00\x04MQTT\x04\xEE".to_vec();
    body.extend(KEEP_ALIVE.to_be_bytes());
    for field in [CLIENT_ID.as_bytes(), WILL_TOPIC.as_bytes(), WILL_MESSAGE, USER_NAME.as_bytes(), PASSWORD] {
        prefixed(&mut body, field);
    }
    packet(0x10, &body)
});

/// SUBSCRIBE with [`SUBSCRIPTIONS`].
pub static SUBSCRIBE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut body = PACKET_ID.to_be_bytes().to_vec();
    for (filter, qos) in SUBSCRIPTIONS {
        prefixed(&mut body, filter.as_bytes());
        body.push(qos);
    }
    packet(0x82, &body)
});

/// SUBACK with [`RETURN_CODES`].
pub static SUBACK: LazyLock<Vec<u8>> =
    LazyLock::new(|| packet(0x90, &[&PACKET_ID.to_be_bytes(), RETURN_CODES.as_slice()].concat()));

/// UNSUBSCRIBE with the filters of [`SUBSCRIPTIONS`].
pub static UNSUBSCRIBE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut body = PACKET_ID.to_be_bytes().to_vec();
    for (filter, _) in SUBSCRIPTIONS {
        prefixed(&mut body, filter.as_bytes());
    }
    packet(0xA2, &body)
});

/// Payload of 64 bytes.
pub static PAYLOAD_64: LazyLock<Vec<u8>> = LazyLock::new(|| payload(64));
/// Payload of 1 KiB.
pub static PAYLOAD_1K: LazyLock<Vec<u8>> = LazyLock::new(|| payload(1 << 10));
/// Payload of 64 KiB.
pub static PAYLOAD_64K: LazyLock<Vec<u8>> = LazyLock::new(|| payload(1 << 16));

/// PUBLISH to [`TOPIC`] at QoS 0 with 64 bytes: 88 bytes.
pub static PUBLISH_64: LazyLock<Vec<u8>> = LazyLock::new(|| publish(TOPIC, None, &PAYLOAD_64));
/// The same to [`TOPIC_UTF8`].
pub static PUBLISH_UTF8: LazyLock<Vec<u8>> = LazyLock::new(|| publish(TOPIC_UTF8, None, &PAYLOAD_64));
/// PUBLISH to [`TOPIC`] at QoS 1 with 1 KiB.
pub static PUBLISH_1K: LazyLock<Vec<u8>> = LazyLock::new(|| publish(TOPIC, Some(PACKET_ID), &PAYLOAD_1K));
/// PUBLISH to [`TOPIC`] at QoS 1 with 64 KiB.
pub static PUBLISH_64K: LazyLock<Vec<u8>> = LazyLock::new(|| publish(TOPIC, Some(PACKET_ID), &PAYLOAD_64K));

/// A stream of packets of many kinds.
#[derive(Debug)]
pub struct Stream {
    /// The packets, one behind the other.
    pub bytes: Vec<u8>,
    /// How many there are.
    pub packets: usize,
}

/// How long [`MIXED`] is: 64 KiB, enough to count instructions, unless it is set before that is used.
pub static MIXED_LEN: OnceLock<usize> = OnceLock::new();

/// The mixed stream.
pub static MIXED: LazyLock<Stream> = LazyLock::new(|| mixed(*MIXED_LEN.get_or_init(|| 64 << 10)));

/// A stream of up to this length: what a connection between a gateway and its broker carries.
///
/// Of 16 packets 9 are PUBLISH at QoS 0, 3 at QoS 1, 3 are PUBACK, and one is PINGREQ; topics of 16 to 33 bytes,
/// payloads of 8 to 300, always the same ones.
pub fn mixed(len: usize) -> Stream {
    const KINDS: [u8; 16] = *b"0010a0100a0p010a";
    const ROOMS: [&str; 8] = ["hall", "kitchen", "bath", "livingroom", "garage", "attic", "cellar", "garden"];
    const THINGS: [&str; 8] = [
        "lamp",
        "lamp/state",
        "temperature",
        "humidity",
        "door",
        "blinds/left",
        "heating/target",
        "power/total",
    ];
    let mut seed = 1_u32;
    let mut random = move |below: usize| {
        // Numerical Recipes' generator: good enough for lengths, the same on each run.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(seed >> 8).unwrap_or_default() % below
    };
    let mut stream = Stream { bytes: CONNECT.clone(), packets: 1 };
    for (id, kind) in (1..=u16::MAX).cycle().zip(KINDS.into_iter().cycle()) {
        let packet = match kind {
            b'a' => packet(0x40, &id.to_be_bytes()),
            b'p' => packet(0xC0, &[]),
            qos => {
                let room = ROOMS.get(random(8)).copied().unwrap_or_default();
                let thing = THINGS.get(random(8)).copied().unwrap_or_default();
                let topic = format!("home/{room}/{thing}/{}", random(100));
                publish(&topic, (qos == b'1').then_some(id), &payload(8 + random(293)))
            }
        };
        if stream.bytes.len() + packet.len() > len {
            break;
        }
        stream.bytes.extend(packet);
        stream.packets += 1;
    }
    stream
}

/// Bytes in a TCP segment over Ethernet.
pub const PIECE_LEN: usize = 1460;

/// How many [`FILTERS`] there are.
pub const FILTER_COUNT: usize = 1000;

/// What a broker's clients subscribe to; [`TOPIC`] is matched against each.
pub static FILTERS: LazyLock<Vec<String>> = LazyLock::new(|| {
    (0..FILTER_COUNT)
        .map(|i| match i % 8 {
            0 => format!("home/kitchen/lamp/{:02}", i % 100),
            1 => format!("home/+/lamp/{:02}", i % 100),
            2 => format!("home/room-{i}/#"),
            3 => format!("home/kitchen/+/{}", i % 10),
            4 => format!("sensors/{i}/temperature"),
            5 => "home/kitchen/#".to_owned(),
            6 => format!("+/+/lamp/{}", i % 50),
            _ => format!("$SYS/broker/clients/{i}"),
        })
        .collect()
});

fn publish(topic: &str, packet_id: Option<u16>, payload: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    prefixed(&mut body, topic.as_bytes());
    body.extend(packet_id.iter().flat_map(|id| id.to_be_bytes()));
    body.extend(payload);
    packet(if packet_id.is_some() { 0x32 } else { 0x30 }, &body)
}

fn payload(len: usize) -> Vec<u8> {
    br#"{"state":"on","brightness":71,"color":"warm","since":1700000000}"#.iter().copied().cycle().take(len).collect()
}

fn prefixed(out: &mut Vec<u8>, field: &[u8]) {
    out.extend(u16::try_from(field.len()).expect("a field has at most 65,535 bytes").to_be_bytes());
    out.extend(field);
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut left = body.len();
    loop {
        let group = u8::try_from(left & 0x7F).unwrap_or_default();
        left >>= 7;
        if left == 0 {
            packet.push(group);
            break;
        }
        packet.push(group | 0x80);
    }
    packet.extend(body);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_are_as_documented() {
        assert_eq!(CONNECT.len(), 99);
        assert_eq!(TOPIC.len(), 20);
        assert_eq!(PUBLISH_UTF8.len(), PUBLISH_64.len());
        assert_eq!((PUBLISH_64.len(), PUBLISH_1K.len(), PUBLISH_64K.len()), (88, 1051, 65_564));
        assert_eq!(FILTERS.len(), FILTER_COUNT);
    }
}
