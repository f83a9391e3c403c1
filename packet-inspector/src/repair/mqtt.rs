//! What MQTT allows, as evidence.

use mqtt_codec::{Decoded, Decoder, Fault, Packet, PacketType, QoS, Side};

use super::evidence::{Check, Scale};

/// Whole packets, and nothing else.
const WHOLE: i32 = 24;
/// A CONNECT with the protocol's name, level, and lengths that fit it: random bytes have that never.
const CONNECT: i32 = 16;
/// A packet that is cut off: segments may be.
const CUT_OFF: i32 = -16;
const BROKEN: i32 = -24;
/// A control character in a string.
const CONTROL: i32 = -14;
/// Well-formed, but no one sends it.
const ODD: i32 = -6;

/// A packet by what links it to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) packet_type: PacketType,
    packet_id: Option<u16>,
    qos: Option<QoS>,
}

impl Kind {
    fn of(packet: &Packet<'_>) -> Self {
        let qos = match packet {
            Packet::Publish(publish) => Some(publish.delivery.qos()),
            _ => None,
        };
        Self {
            packet_type: packet.packet_type(),
            packet_id: packet.packet_id().map(mqtt_codec::PacketId::get),
            qos,
        }
    }

    /// Whether this is what the other side sends in answer to `request`.
    pub(super) fn answers(self, request: Self) -> bool {
        use PacketType::{
            Connack, Connect, Pingreq, Pingresp, Puback, Pubcomp, Publish, Pubrec, Pubrel, Suback, Subscribe,
            Unsuback, Unsubscribe,
        };
        let types = matches!(
            (request.packet_type, self.packet_type),
            (Connect, Connack)
                | (Subscribe, Suback)
                | (Unsubscribe, Unsuback)
                | (Pingreq, Pingresp)
                | (Pubrec, Pubrel)
                | (Pubrel, Pubcomp)
        ) || (request.packet_type == Publish
            && matches!(
                (request.qos, self.packet_type),
                (Some(QoS::AtLeastOnce), Puback) | (Some(QoS::ExactlyOnce), Pubrec)
            ));
        types && request.packet_id == self.packet_id
    }
}

/// The packets of a payload, as far as they decode.
pub(super) fn kinds(payload: &[u8]) -> Vec<Kind> {
    /// More are not needed to find an answer.
    const MOST: usize = 64;
    let mut rest = payload;
    let mut kinds = Vec::new();
    while let Ok(Decoded::Packet(packet, len)) = Packet::decode(rest)
        && kinds.len() < MOST
    {
        kinds.push(Kind::of(&packet));
        rest = rest.get(len..).unwrap_or_default();
    }
    kinds
}

/// Weighs the packets of a payload that `from` sent.
pub(super) fn weigh(payload: &[u8], from: Option<Side>, scale: &mut impl Scale) {
    if payload.is_empty() {
        return;
    }
    let decoder = from.map_or(Decoder::new(), |side| Decoder::new().sent_by(side));
    let strict = Decoder::new().strict_text(true);
    let mut rest = payload;
    let mut count = 0;
    let mut is_connect = false;
    let mut control = None;
    let mut odd = 0;
    while !rest.is_empty() {
        match decoder.decode(rest) {
            Ok(Decoded::Packet(packet, len)) => {
                count += 1;
                is_connect |= matches!(packet, Packet::Connect(_));
                odd += i32::from(is_odd(&packet, from));
                control = control.or_else(|| strict.decode(rest).err());
                rest = rest.get(len..).unwrap_or_default();
            }
            Ok(Decoded::NeedMore { .. }) => {
                scale.put(Check::Mqtt, false, CUT_OFF, || "an MQTT packet is cut off".to_owned());
                return;
            }
            Err(error) if matches!(error.fault, Fault::UnsupportedProtocol(_)) => {
                let says = || "a CONNECT of another version of MQTT".to_owned();
                scale.put(Check::Mqtt, true, 0, says);
                return;
            }
            Err(error) => {
                scale.put(Check::Mqtt, false, BROKEN, || format!("MQTT: {error}"));
                return;
            }
        }
    }
    let connect = if is_connect { CONNECT } else { 0 };
    scale.put(Check::Mqtt, true, WHOLE + connect, || {
        let names: Vec<_> = kinds(payload).iter().map(|kind| kind.packet_type.name()).collect();
        match count {
            1 => format!("a whole {} packet fills the data", names.join(", ")),
            _ => format!("whole packets fill the data: {}", names.join(", ")),
        }
    });
    if let Some(error) = control {
        scale.put(Check::Strings, false, CONTROL, || {
            format!("a character in {} that nobody means", error.field)
        });
    }
    if odd > 0 {
        scale.put(Check::Strings, false, odd.saturating_mul(ODD), || {
            "allowed, but hardly meant: a reserved code, an empty Client Identifier, or a topic of the server's own"
                .to_owned()
        });
    }
}

/// What is well-formed and yet warned of.
fn is_odd(packet: &Packet<'_>, from: Option<Side>) -> bool {
    match packet {
        Packet::Connect(connect) => connect.client_id().is_empty() && !connect.clean_session(),
        Packet::Connack(connack) => connack.return_code() > 5,
        Packet::Publish(publish) => {
            from == Some(Side::Client) && publish.topic.as_bytes().first() == Some(&b'$')
        }
        _ => false,
    }
}
