//! A second decoder, for the tests alone: slow, plain, written from the wire format and not from the crate's source.

use mqtt_codec::{MAX_PACKET_LEN, Side};

use super::model::{ConnectModel, Model, WillModel};

/// What stands at the front of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A packet and its length.
    Packet(Model, usize),
    /// It goes on; so many bytes are missing, if that is known.
    NeedMore(Option<usize>),
    Error,
}

/// What the caller asks for beyond the standard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) sender: Option<Side>,
    pub(crate) max_packet_len: usize,
    pub(crate) strict_text: bool,
}

impl Rules {
    pub(crate) const ANY: Self = Self { sender: None, max_packet_len: MAX_PACKET_LEN, strict_text: false };
}

pub(crate) fn decode(bytes: &[u8], rules: &Rules) -> Verdict {
    let Some(&first) = bytes.first() else { return Verdict::NeedMore(None) };
    let (packet_type, flags) = (first / 16, first % 16);
    if !flags_are_legal(packet_type, flags) || !may_send(packet_type, rules.sender) {
        return Verdict::Error;
    }

    let mut remaining_length = 0;
    let mut header_len = 1;
    let mut factor = 1;
    loop {
        if header_len == 5 {
            return Verdict::Error;
        }
        let Some(&byte) = bytes.get(header_len) else { return Verdict::NeedMore(None) };
        remaining_length += usize::from(byte % 128) * factor;
        factor *= 128;
        header_len += 1;
        if byte < 128 {
            break;
        }
    }
    if !length_is_possible(packet_type, remaining_length) {
        return Verdict::Error;
    }
    let packet_len = header_len + remaining_length;
    if packet_len > rules.max_packet_len {
        return Verdict::Error;
    }
    if bytes.len() < packet_len {
        return Verdict::NeedMore(Some(packet_len - bytes.len()));
    }

    let mut body =
        Body { bytes: bytes[header_len..packet_len].to_vec(), at: 0, strict_text: rules.strict_text };
    match body.packet(packet_type, flags) {
        Some(model) if body.at == body.bytes.len() => Verdict::Packet(model, packet_len),
        _ => Verdict::Error,
    }
}

fn flags_are_legal(packet_type: u8, flags: u8) -> bool {
    match packet_type {
        0 | 15 => false,
        3 => {
            let (dup, qos) = (flags / 8, flags / 2 % 4);
            qos != 3 && !(qos == 0 && dup == 1)
        }
        6 | 8 | 10 => flags == 2,
        _ => flags == 0,
    }
}

fn may_send(packet_type: u8, sender: Option<Side>) -> bool {
    match packet_type {
        1 | 8 | 10 | 12 | 14 => sender != Some(Side::Server),
        2 | 9 | 11 | 13 => sender != Some(Side::Client),
        _ => true,
    }
}

/// Whether some body of this length can be a packet, or has to be there to say what is wrong with it.
fn length_is_possible(packet_type: u8, len: usize) -> bool {
    match packet_type {
        1 => (12..=327_695).contains(&len),
        3 => true,
        8 | 10 => len != 2,
        9 => len >= 3,
        12..=14 => len == 0,
        _ => len == 2,
    }
}

struct Body {
    bytes: Vec<u8>,
    at: usize,
    strict_text: bool,
}

impl Body {
    fn packet(&mut self, packet_type: u8, flags: u8) -> Option<Model> {
        Some(match packet_type {
            1 => Model::Connect(self.connect()?),
            2 => {
                let (flags, code) = (self.u8()?, self.u8()?);
                if flags > 1 || (flags == 1 && code != 0) {
                    return None;
                }
                Model::Connack { session_present: flags == 1, code }
            }
            3 => {
                let qos = flags / 2 % 4;
                let topic = self.topic_name()?;
                let packet_id = if qos == 0 { None } else { Some(self.packet_id()?) };
                let payload = self.bytes[self.at..].to_vec();
                self.at = self.bytes.len();
                Model::Publish { dup: flags >= 8, qos, retain: flags % 2 == 1, topic, packet_id, payload }
            }
            4..=7 | 11 => Model::Ack { packet_type, packet_id: self.packet_id()? },
            8 => {
                let packet_id = self.packet_id()?;
                let mut subscriptions = vec![];
                while self.at < self.bytes.len() {
                    let filter = self.topic_filter()?;
                    let qos = self.u8()?;
                    if qos > 2 {
                        return None;
                    }
                    subscriptions.push((filter, qos));
                }
                if subscriptions.is_empty() {
                    return None;
                }
                Model::Subscribe { packet_id, subscriptions }
            }
            9 => {
                let packet_id = self.packet_id()?;
                let codes = self.bytes[self.at..].to_vec();
                self.at = self.bytes.len();
                if codes.is_empty() || !codes.iter().all(|code| [0, 1, 2, 0x80].contains(code)) {
                    return None;
                }
                Model::Suback { packet_id, codes }
            }
            10 => {
                let packet_id = self.packet_id()?;
                let mut filters = vec![];
                while self.at < self.bytes.len() {
                    filters.push(self.topic_filter()?);
                }
                if filters.is_empty() {
                    return None;
                }
                Model::Unsubscribe { packet_id, filters }
            }
            12..=14 => Model::Bare { packet_type },
            _ => return None,
        })
    }

    fn connect(&mut self) -> Option<ConnectModel> {
        if self.take(7)? != b"\0\x04MQTT\x04" {
            return None;
        }
        let flags = self.u8()?;
        let bit = |n: u8| flags >> n & 1 == 1;
        let will_qos = flags >> 3 & 3;
        if bit(0) || will_qos == 3 || (bit(6) && !bit(7)) {
            return None;
        }
        if !bit(2) && (will_qos != 0 || bit(5)) {
            return None;
        }
        let keep_alive = self.u16()?;
        let client_id = self.text()?;
        let will = if bit(2) {
            let (topic, message) = (self.topic_name()?, self.binary()?);
            Some(WillModel { topic, message, qos: will_qos, retain: bit(5) })
        } else {
            None
        };
        let user_name = if bit(7) { Some(self.text()?) } else { None };
        let password = if bit(6) { Some(self.binary()?) } else { None };
        Some(ConnectModel { clean_session: bit(1), keep_alive, client_id, will, user_name, password })
    }

    fn take(&mut self, len: usize) -> Option<Vec<u8>> {
        let taken = self.bytes.get(self.at..self.at + len)?.to_vec();
        self.at += len;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn u16(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from(bytes[0]) * 256 + u16::from(bytes[1]))
    }

    fn packet_id(&mut self) -> Option<u16> {
        self.u16().filter(|&id| id != 0)
    }

    fn binary(&mut self) -> Option<Vec<u8>> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        self.binary().filter(|bytes| is_text(bytes, self.strict_text))
    }

    fn topic_name(&mut self) -> Option<Vec<u8>> {
        self.text().filter(|bytes| is_topic_name(bytes))
    }

    fn topic_filter(&mut self) -> Option<Vec<u8>> {
        self.text().filter(|bytes| is_topic_filter(bytes))
    }
}

/// A string of 1.5.3; `strict` refuses what a sender should avoid.
pub(crate) fn is_text(bytes: &[u8], strict: bool) -> bool {
    let Some(characters) = characters(bytes) else { return false };
    characters.into_iter().all(|c| c != 0 && !(strict && is_discouraged(c)))
}

fn is_discouraged(c: u32) -> bool {
    matches!(c, 0x01..=0x1F | 0x7F..=0x9F | 0xFDD0..=0xFDEF) || matches!(c % 0x1_0000, 0xFFFE | 0xFFFF)
}

/// The code points of UTF-8 by RFC 3629, or nothing if it is ill-formed.
fn characters(bytes: &[u8]) -> Option<Vec<u32>> {
    let mut found = vec![];
    let mut at = 0;
    while let Some(&lead) = bytes.get(at) {
        // Bytes that follow, bits of the lead, and the least code point that needs so many bytes.
        let (more, bits, least) = match lead {
            0x00..=0x7F => (0, lead, 0),
            0xC0..=0xDF => (1, lead - 0xC0, 0x80),
            0xE0..=0xEF => (2, lead - 0xE0, 0x800),
            0xF0..=0xF7 => (3, lead - 0xF0, 0x1_0000),
            _ => return None,
        };
        let mut code = u32::from(bits);
        for following in 1..=more {
            let byte = *bytes.get(at + following)?;
            if !(0x80..=0xBF).contains(&byte) {
                return None;
            }
            code = code * 64 + u32::from(byte - 0x80);
        }
        if code < least || (0xD800..=0xDFFF).contains(&code) || code > 0x10_FFFF {
            return None;
        }
        found.push(code);
        at += 1 + more;
    }
    Some(found)
}

pub(crate) fn is_topic_name(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.len() <= 65_535 && !bytes.contains(&b'#') && !bytes.contains(&b'+')
}

pub(crate) fn is_topic_filter(bytes: &[u8]) -> bool {
    let levels = levels(bytes);
    let last = levels.len() - 1;
    !bytes.is_empty()
        && bytes.len() <= 65_535
        && levels.into_iter().enumerate().all(|(n, level)| match level {
            b"+" => true,
            b"#" => n == last,
            other => is_topic_name(other) || other.is_empty(),
        })
}

/// Whether a Topic Name matches a Topic Filter, level by level.
pub(crate) fn matches(filter: &[u8], name: &[u8]) -> bool {
    if name[0] == b'$' && (filter[0] == b'#' || filter[0] == b'+') {
        return false;
    }
    let (filter, name) = (levels(filter), levels(name));
    for (n, level) in filter.iter().enumerate() {
        match (*level, name.get(n)) {
            (b"#", _) => return true,
            (b"+", Some(_)) => {}
            (level, Some(same)) if level == *same => {}
            // The parent of `#`: the name ends just before it.
            (_, None) | (_, Some(_)) => return false,
        }
    }
    filter.len() == name.len()
}

fn levels(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split(|&byte| byte == b'/').collect()
}
