//! The fields of a packet in Wireshark's words, as the codec's observer hears of them, without allocating.
//!
//! This is the one list of fields: trees, JSON and columns are made of it.

use std::ops::Range;

use mqtt_codec::{Decoded, Decoder, Field, Observer, PacketType};

/// What a field is called, and how people see it.
#[derive(Debug)]
pub(crate) struct Name {
    /// Wireshark's word, e.g. `Topic`.
    pub(crate) name: &'static str,
    /// Wireshark's filter name, e.g. `mqtt.topic`.
    pub(crate) wireshark: &'static str,
    /// The key in JSON output, for fields that have one.
    pub(crate) key: Option<&'static str>,
    pub(crate) shown: Shown,
    /// The bits of a byte that it is; 0 for whole fields.
    pub(crate) mask: u8,
    /// The key as it stands in JSON, with a comma before it.
    pub(crate) json_key: &'static str,
    /// How its entry in JSON's list of fields begins.
    pub(crate) json_field: &'static str,
}

/// How the value of a field is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Number,
    Text,
    Bytes,
    Flag,
    MessageType,
    Qos,
    GrantedQos,
    Version,
    ReturnCode,
    HeaderFlags,
    ConnectFlags,
    ConnackFlags,
}

/// A value where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raw<'a> {
    Number(u64),
    Flag(bool),
    /// Text, if it is well-formed.
    Text(&'a [u8]),
    Bytes(&'a [u8]),
}

/// One field, or some bits of the one before it.
#[derive(Clone, Debug)]
pub(crate) struct Leaf<'a> {
    pub(crate) name: &'static Name,
    pub(crate) value: Raw<'a>,
    /// The field's bytes; of text, without its length.
    pub(crate) raw: &'a [u8],
    /// Where they stand in the record.
    pub(crate) bytes: Range<usize>,
}

macro_rules! names {
    ($($id:ident = $name:literal, $wireshark:literal, $key:literal, $shown:ident, $mask:literal;)*) => {
        $(static $id: Name = Name {
            name: $name,
            wireshark: $wireshark,
            key: if $key.is_empty() { None } else { Some($key) },
            shown: Shown::$shown,
            mask: $mask,
            json_key: concat!(",\"", $key, "\":"),
            json_field: concat!("{\"name\":\"", $name, "\",\"wireshark\":\"", $wireshark, "\",\"value\":"),
        };)*

        /// Every name there is.
        pub(crate) static NAMES: &[&Name] = &[$(&$id),*];
    };
}

names! {
    HEADER = "Header Flags", "mqtt.hdrflags", "", HeaderFlags, 0;
    MESSAGE_TYPE = "Message Type", "mqtt.msgtype", "", MessageType, 0xF0;
    DUP = "DUP Flag", "mqtt.dupflag", "dup", Flag, 0b1000;
    QOS = "QoS Level", "mqtt.qos", "qos", Qos, 0b0110;
    RETAIN = "Retain", "mqtt.retain", "retain", Flag, 0b0001;
    HEADER_RESERVED = "Reserved", "mqtt.hdr_reserved", "", Number, 0x0F;
    REMAINING_LENGTH = "Msg Len", "mqtt.len", "remaining_length", Number, 0;
    PACKET_ID = "Message Identifier", "mqtt.msgid", "packet_id", Number, 0;
    PROTOCOL_NAME_LEN = "Protocol Name Length", "mqtt.proto_len", "", Number, 0;
    PROTOCOL_NAME = "Protocol Name", "mqtt.protoname", "protocol_name", Text, 0;
    PROTOCOL_LEVEL = "Version", "mqtt.ver", "protocol_level", Version, 0;
    CONNECT_FLAGS = "Connect Flags", "mqtt.conflags", "connect_flags", ConnectFlags, 0;
    USER_NAME_FLAG = "User Name Flag", "mqtt.conflag.uname", "username_flag", Flag, 0x80;
    PASSWORD_FLAG = "Password Flag", "mqtt.conflag.passwd", "password_flag", Flag, 0x40;
    WILL_RETAIN = "Will Retain", "mqtt.conflag.retain", "will_retain", Flag, 0x20;
    WILL_QOS = "QoS Level", "mqtt.conflag.qos", "will_qos", Qos, 0x18;
    WILL_FLAG = "Will Flag", "mqtt.conflag.willflag", "will_flag", Flag, 0x04;
    CLEAN_SESSION = "Clean Session Flag", "mqtt.conflag.cleansess", "clean_session", Flag, 0x02;
    CONNECT_RESERVED = "(Reserved)", "mqtt.conflag.reserved", "", Flag, 0x01;
    KEEP_ALIVE = "Keep Alive", "mqtt.kalive", "keep_alive", Number, 0;
    CLIENT_ID_LEN = "Client ID Length", "mqtt.clientid_len", "", Number, 0;
    CLIENT_ID = "Client ID", "mqtt.clientid", "client_id", Text, 0;
    WILL_TOPIC_LEN = "Will Topic Length", "mqtt.willtopic_len", "", Number, 0;
    WILL_TOPIC = "Will Topic", "mqtt.willtopic", "will_topic", Text, 0;
    WILL_MESSAGE_LEN = "Will Message Length", "mqtt.willmsg_len", "", Number, 0;
    WILL_MESSAGE = "Will Message", "mqtt.willmsg", "will_payload_hex", Bytes, 0;
    USER_NAME_LEN = "User Name Length", "mqtt.username_len", "", Number, 0;
    USER_NAME = "User Name", "mqtt.username", "username", Text, 0;
    PASSWORD_LEN = "Password Length", "mqtt.passwd_len", "", Number, 0;
    // Wireshark takes it for text, the standard for bytes.
    PASSWORD = "Password", "mqtt.passwd", "password_hex", Text, 0;
    CONNACK_FLAGS = "Acknowledge Flags", "mqtt.conack.flags", "", ConnackFlags, 0;
    // Wireshark shows the seven bits as one flag.
    CONNACK_RESERVED = "Reserved", "mqtt.conack.flags.reserved", "", Flag, 0xFE;
    SESSION_PRESENT = "Session Present", "mqtt.conack.flags.sp", "session_present", Flag, 0x01;
    RETURN_CODE = "Return Code", "mqtt.conack.val", "return_code", ReturnCode, 0;
    TOPIC_LEN = "Topic Length", "mqtt.topic_len", "", Number, 0;
    TOPIC = "Topic", "mqtt.topic", "topic", Text, 0;
    TOPIC_FILTER = "Topic", "mqtt.topic", "filters", Text, 0;
    REQUESTED_QOS = "Requested QoS", "mqtt.sub.qos", "filters", Qos, 0;
    GRANTED_QOS = "Granted QoS", "mqtt.suback.qos", "return_codes", GrantedQos, 0;
    MESSAGE = "Message", "mqtt.msg", "payload_hex", Bytes, 0;
}

/// The parts of the first byte of a PUBLISH, and of all other packets.
static OF_PUBLISH: [&Name; 4] = [&MESSAGE_TYPE, &DUP, &QOS, &RETAIN];
static OF_OTHERS: [&Name; 2] = [&MESSAGE_TYPE, &HEADER_RESERVED];
static OF_CONNECT_FLAGS: [&Name; 7] =
    [&USER_NAME_FLAG, &PASSWORD_FLAG, &WILL_RETAIN, &WILL_QOS, &WILL_FLAG, &CLEAN_SESSION, &CONNECT_RESERVED];
static OF_CONNACK_FLAGS: [&Name; 2] = [&CONNACK_RESERVED, &SESSION_PRESENT];

impl Name {
    /// Whether it is a part of the field before it.
    pub(crate) fn is_part(&self) -> bool {
        self.mask != 0
    }

    /// The parts of a field with this value.
    fn parts(&self, byte: u8) -> &'static [&'static Self] {
        match self.shown {
            Shown::HeaderFlags if byte >> 4 == 3 => &OF_PUBLISH,
            Shown::HeaderFlags => &OF_OTHERS,
            Shown::ConnectFlags => &OF_CONNECT_FLAGS,
            Shown::ConnackFlags => &OF_CONNACK_FLAGS,
            _ => &[],
        }
    }

    /// What these bits of a byte say.
    fn of_bits(&self, byte: u8) -> Raw<'static> {
        let value = (byte & self.mask) >> self.mask.trailing_zeros();
        match self.shown {
            // Seven bits are no flag.
            Shown::Flag if self.mask.is_power_of_two() => Raw::Flag(value != 0),
            _ => Raw::Number(value.into()),
        }
    }
}

/// Hears of a packet's leaves, each field before its parts.
pub(crate) trait Leaves<'a> {
    /// The next one.
    fn leaf(&mut self, leaf: Leaf<'a>);
}

/// Makes leaves of what the codec's observer hears.
pub(crate) struct Leafing<'a, 'l, L> {
    packet: &'a [u8],
    /// Where the packet stands in the record.
    base: usize,
    heard: bool,
    leaves: &'l mut L,
}

impl<'a, 'l, L: Leaves<'a>> Leafing<'a, 'l, L> {
    pub(crate) fn new(packet: &'a [u8], base: usize, leaves: &'l mut L) -> Self {
        Self { packet, base, heard: false, leaves }
    }

    /// Whether there was any field.
    pub(crate) fn has_heard(&self) -> bool {
        self.heard
    }

    fn give(&mut self, name: &'static Name, value: Raw<'a>, raw: &'a [u8], bytes: &Range<usize>) {
        let bytes = self.base + bytes.start..self.base + bytes.end;
        self.leaves.leaf(Leaf { name, value, raw, bytes });
    }
}

impl<'a, L: Leaves<'a>> Observer for Leafing<'a, '_, L> {
    #[inline]
    fn length(&mut self, field: Field, bytes: Range<usize>) {
        let Some(name) = length_of(field) else { return };
        let raw = self.packet.get(bytes.clone()).unwrap_or_default();
        self.give(name, Raw::Number(number(raw)), raw, &bytes);
    }

    #[inline]
    fn field(&mut self, field: Field, bytes: Range<usize>) {
        self.heard = true;
        let raw = self.packet.get(bytes.clone()).unwrap_or_default();
        let (name, value) = match field {
            Field::FixedHeader => (&HEADER, Raw::Number(number(raw))),
            Field::RemainingLength => (&REMAINING_LENGTH, Raw::Number(remaining_length(raw))),
            Field::PacketIdentifier => (&PACKET_ID, Raw::Number(number(raw))),
            Field::ProtocolName => (&PROTOCOL_NAME, Raw::Text(raw)),
            Field::ProtocolLevel => (&PROTOCOL_LEVEL, Raw::Number(number(raw))),
            Field::ConnectFlags => (&CONNECT_FLAGS, Raw::Number(number(raw))),
            Field::KeepAlive => (&KEEP_ALIVE, Raw::Number(number(raw))),
            Field::ClientIdentifier => (&CLIENT_ID, Raw::Text(raw)),
            Field::WillTopic => (&WILL_TOPIC, Raw::Text(raw)),
            Field::WillMessage => (&WILL_MESSAGE, Raw::Bytes(raw)),
            Field::UserName => (&USER_NAME, Raw::Text(raw)),
            Field::Password => (&PASSWORD, Raw::Bytes(raw)),
            Field::ConnackFlags => (&CONNACK_FLAGS, Raw::Number(number(raw))),
            Field::ConnectReturnCode => (&RETURN_CODE, Raw::Number(number(raw))),
            Field::TopicName => (&TOPIC, Raw::Text(raw)),
            Field::TopicFilter => (&TOPIC_FILTER, Raw::Text(raw)),
            Field::RequestedQoS => (&REQUESTED_QOS, Raw::Number(number(raw))),
            Field::SubackReturnCode => (&GRANTED_QOS, Raw::Number(number(raw))),
            Field::Payload => (&MESSAGE, Raw::Bytes(raw)),
            _ => return,
        };
        self.give(name, value, raw, &bytes);
        if matches!(name.shown, Shown::HeaderFlags | Shown::ConnectFlags | Shown::ConnackFlags) {
            let byte = raw.first().copied().unwrap_or_default();
            for part in name.parts(byte) {
                self.give(part, part.of_bits(byte), raw, &bytes);
            }
        }
    }
}

/// The name of the length before a field, when it has one.
pub(super) fn length_of(field: Field) -> Option<&'static Name> {
    Some(match field {
        Field::ProtocolName => &PROTOCOL_NAME_LEN,
        Field::ClientIdentifier => &CLIENT_ID_LEN,
        Field::WillTopic => &WILL_TOPIC_LEN,
        Field::WillMessage => &WILL_MESSAGE_LEN,
        Field::UserName => &USER_NAME_LEN,
        Field::Password => &PASSWORD_LEN,
        Field::TopicName | Field::TopicFilter => &TOPIC_LEN,
        _ => return None,
    })
}

/// The leaves of the packet at the front of `bytes`, which stand at `base` in their record: up to the byte where it
/// breaks, or where it is cut off.
pub(crate) fn leaves<'a>(bytes: &'a [u8], base: usize, leaves: &mut impl Leaves<'a>) {
    let decoder = Decoder::new();
    let mut leafing = Leafing::new(bytes, base, leaves);
    let again = match decoder.decode_observed(bytes, &mut leafing) {
        Ok(Decoded::Packet(..)) => false,
        Ok(Decoded::NeedMore { .. }) => true,
        // Refused before it was whole; the error is the same.
        Err(_) => !leafing.has_heard(),
    };
    if again {
        let _ = decoder.observe_prefix(bytes, &mut leafing);
    }
}

/// A big-endian number of up to eight bytes.
fn number(raw: &[u8]) -> u64 {
    raw.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// Seven bits a byte, the least significant first (2.2.3).
fn remaining_length(raw: &[u8]) -> u64 {
    raw.iter().rev().fold(0, |value, &byte| value << 7 | u64::from(byte & 0x7F))
}

/// The type of the packet with this first byte, as the standard writes it; `RESERVED` for types 0 and 15.
pub(crate) fn type_name(first: u8) -> &'static str {
    PacketType::of_first_byte(first).map_or("RESERVED", PacketType::name)
}
