//! One test for each normative statement of MQTT 3.1.1 that a codec can see, named after it.
//!
//! Bytes are hex with two spaces between fields. `clauses` checks that none of the statements is forgotten.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics fails"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/statements.rs"]
mod statements;

mod acknowledgements;
mod clauses;
mod connack;
mod connect;
mod fixed_header;
mod publish;
mod strings;
mod subscribe;
mod topics;
mod unsubscribe;

use mqtt_codec::{DecodeError, Decoded, Decoder, EncodeError, Fault, Field, Packet, Side};

use common::model::{Model, remaining_length, string};
use common::naive::{self, Rules, Verdict};
use common::{encoded, hex, whole};

/// The bytes are no packet, for just this reason, whether they come at once, in parts, or with more behind them.
#[track_caller]
fn rejects(text: &str, fault: Fault, field: Field, offset: u32) {
    rejects_by(&Decoder::new(), text, fault, field, offset);
    let bytes = hex(text);
    assert_eq!(naive::decode(&bytes, &Rules::ANY), Verdict::Error, "{text}: the naive decoder");
}

/// The same, of a packet that comes from one side.
#[track_caller]
fn rejects_from(side: Side, text: &str, fault: Fault, field: Field, offset: u32) {
    rejects_by(&Decoder::new().sent_by(side), text, fault, field, offset);
    let rules = Rules { sender: Some(side), ..Rules::ANY };
    assert_eq!(naive::decode(&hex(text), &rules), Verdict::Error, "{text}: the naive decoder");
}

#[track_caller]
fn rejects_by(decoder: &Decoder, text: &str, fault: Fault, field: Field, offset: u32) {
    let bytes = hex(text);
    let expected = Err(DecodeError { fault, field, offset });
    assert_eq!(decoder.decode(&bytes), expected, "{text}");
    for len in 0..bytes.len() {
        match decoder.decode(&bytes[..len]) {
            Ok(Decoded::NeedMore { .. }) => {}
            early => assert_eq!(early, expected, "the first {len} bytes of {text}"),
        }
    }
    let followed = [&bytes[..], b"\xC0\0"].concat();
    assert_eq!(decoder.decode(&followed), expected, "{text} and a PINGREQ");
}

/// The bytes are one packet, which encodes back to them. Gives its fields.
#[track_caller]
fn accepts(text: &str) -> Model {
    let bytes = hex(text);
    let packet = whole(&bytes);
    let model = Model::of(&packet);
    assert_eq!(naive::decode(&bytes, &Rules::ANY), Verdict::Packet(model.clone(), bytes.len()), "{text}");
    assert_eq!(encoded(&packet), Ok(bytes), "{text}");
    model
}

/// The bytes are this packet, and this packet is these bytes.
#[track_caller]
fn round_trips<'a>(text: &str, packet: impl Into<Packet<'a>>) {
    let (bytes, packet) = (hex(text), packet.into());
    assert_eq!(whole(&bytes), packet, "{text}");
    assert_eq!(encoded(&packet), Ok(bytes), "{text}");
}

/// The packet can be said but not sent, and no byte of it is written.
#[track_caller]
fn refuses_to_encode(packet: &Packet<'_>, error: EncodeError) {
    let mut buffer = [0xEE; 128];
    assert_eq!(packet.encoded_len(), Err(error));
    assert_eq!(packet.encode(&mut buffer), Err(error));
    assert_eq!(buffer, [0xEE; 128]);
}

/// Where a text stands: the field, byte 1, and the body with `{}` in place of the text and its length.
type Place = (Field, &'static str, &'static str);

/// Every field that holds a text. CONNECT's Protocol Name is one too, but allows a single value.
const TEXTS: &[Place] =
    &[CLIENT_ID, WILL_TOPIC, USER_NAME, TOPIC_NAME, TOPIC_NAME_QOS_2, FILTER_1, FILTER_2, UNSUB_1, UNSUB_2];
/// Those that hold a Topic Name.
const NAMES: &[Place] = &[WILL_TOPIC, TOPIC_NAME, TOPIC_NAME_QOS_2];
/// Those that hold a Topic Filter.
const FILTERS: &[Place] = &[FILTER_1, FILTER_2, UNSUB_1, UNSUB_2];

const CLIENT_ID: Place = (Field::ClientIdentifier, "10", "0004 4D515454 04 02 0000  {}");
const WILL_TOPIC: Place = (Field::WillTopic, "10", "0004 4D515454 04 06 0000  0001 63  {}  0002 6869");
const USER_NAME: Place = (Field::UserName, "10", "0004 4D515454 04 C2 0000  0001 63  {}  0001 70");
const TOPIC_NAME: Place = (Field::TopicName, "30", "{}  6869");
const TOPIC_NAME_QOS_2: Place = (Field::TopicName, "3D", "{}  0001  6869");
const FILTER_1: Place = (Field::TopicFilter, "82", "0001  {} 01");
const FILTER_2: Place = (Field::TopicFilter, "82", "0001  0001 61 00  {} 02");
const UNSUB_1: Place = (Field::TopicFilter, "A2", "0001  {}");
const UNSUB_2: Place = (Field::TopicFilter, "A2", "0001  0001 61  {}  0001 62");

/// The packet with this text (in hex) at this place, and the offset of the text's first byte.
fn packet_with((_, first, body): Place, text: &str) -> (String, u32) {
    let filled = hex(&body.replace("{}", &hex::encode(string(&hex(text)))));
    let before = hex(&body[..body.find("{}").unwrap()]).len();
    let header = [hex(first), remaining_length(filled.len())].concat();
    let offset = u32::try_from(header.len() + before + 2).unwrap();
    (hex::encode([header, filled].concat()), offset)
}

/// None of these fields may hold this text (in hex); the fault is `at` bytes into it.
#[track_caller]
fn no_text_of(places: &[Place], text: &str, fault: Fault, at: u32) {
    for place in places {
        let (packet, offset) = packet_with(*place, text);
        rejects(&packet, fault, place.0, offset + at);
    }
}

/// Each of these fields may hold this text (in hex), and keeps its bytes.
#[track_caller]
fn text_of(places: &[Place], text: &str) {
    for place in places {
        let (packet, offset) = packet_with(*place, text);
        accepts(&packet);
        let mut text_seen =
            TextSeen { offset: usize::try_from(offset).unwrap(), field: place.0, range: None };
        Decoder::new().decode_observed(&hex(&packet), &mut text_seen).unwrap();
        let bytes = text_seen.range.map(|range| hex(&packet)[range].to_vec());
        assert_eq!(bytes, Some(hex(text)), "{:?}", place.0);
    }
}

/// Notes the bytes of the text at one offset.
struct TextSeen {
    field: Field,
    offset: usize,
    range: Option<std::ops::Range<usize>>,
}

impl mqtt_codec::Observer for TextSeen {
    fn field(&mut self, field: Field, bytes: std::ops::Range<usize>) {
        if field == self.field && bytes.start == self.offset {
            self.range = Some(bytes);
        }
    }
}
