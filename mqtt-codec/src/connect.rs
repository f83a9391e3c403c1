//! CONNECT (3.1).

use core::fmt;

use crate::error::{EncodeError, Fault};
use crate::field::Field;
use crate::packet::{encode_counted, first_byte};
use crate::packet_type::PacketType;
use crate::protocol::{Protocol, ProtocolName};
use crate::qos::QoS;
use crate::reader::{Mode, Reader, Text};
use crate::topic::TopicName;
use crate::utf8_str::{BinaryData, Utf8Str};
use crate::writer::{Body, Sink, SliceSink};

/// CONNECT: the first packet of a Client (3.1).
///
/// ```text
/// 0001 0000 | Remaining Length
///   | "MQTT" | 4 | Connect Flags | Keep Alive
///   | Client Identifier | Will Topic, Will Message (Will Flag) | User Name (its flag) | Password (its flag)
/// ```
///
/// A checked view: of the bytes of a packet, or of [`ConnectFields`]. Each accessor reads just its field.
///
/// ```
/// use mqtt_codec::{Connect, ConnectFields, Packet, Utf8Str};
///
/// let fields = ConnectFields::new(Utf8Str::new("PythonPub")?);
/// let mut buffer = [0; 64];
/// let length = Packet::Connect(Connect::new(&fields)).encode(&mut buffer)?;
/// assert_eq!(buffer[..length], *b"\x10\x15\x00\x04MQTT\x04\x02\x00\x3C\x00\x09PythonPub");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Connect<'a>(Repr<'a>);

#[derive(Clone, Copy)]
enum Repr<'a> {
    /// The whole body.
    Wire(&'a [u8]),
    Fields(&'a ConnectFields<'a>),
}

/// The fields of CONNECT that its sender chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectFields<'a> {
    /// Whether to throw away an old session and keep none (3.1.2.4) [MQTT-3.1.2-6].
    pub clean_session: bool,
    /// The longest pause between two packets of the Client, in seconds; 0 turns it off (3.1.2.10).
    pub keep_alive: u16,
    /// Client Identifier (3.1.3.1). Empty only with Clean Session 1 [MQTT-3.1.3-7]; the encoder refuses it otherwise,
    /// the decoder does not, since a Server has to answer it with CONNACK 2.
    pub client_id: Utf8Str<'a>,
    /// What the Server publishes when the connection is lost (3.1.2.5).
    pub will: Option<Will<'a>>,
    /// User name and password (3.1.2.8).
    pub login: Option<Login<'a>>,
}

/// The message that the Server publishes when the connection ends without DISCONNECT (3.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Will<'a> {
    /// Will Topic (3.1.3.2).
    pub topic: TopicName<'a>,
    /// Will Message (3.1.3.3), maybe of no bytes.
    pub message: BinaryData<'a>,
    /// Will QoS (3.1.2.6).
    pub qos: QoS,
    /// Will Retain (3.1.2.7).
    pub retain: bool,
}

/// User name, and maybe a password: none goes without a user name [MQTT-3.1.2-22].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Login<'a> {
    /// User Name (3.1.3.4), maybe of no bytes.
    pub user_name: Utf8Str<'a>,
    /// Password (3.1.3.5); present with no bytes is not absent.
    pub password: Option<BinaryData<'a>>,
}

/// The Connect Flags (3.1.2.3).
#[derive(Clone, Copy)]
struct Flags(u8);

impl Flags {
    const USER_NAME: u8 = 0b1000_0000;
    const PASSWORD: u8 = 0b0100_0000;
    const WILL_RETAIN: u8 = 0b0010_0000;
    const WILL_QOS: u8 = 0b0001_1000;
    const WILL: u8 = 0b0000_0100;
    const CLEAN_SESSION: u8 = 0b0000_0010;
    const RESERVED: u8 = 0b0000_0001;

    #[inline]
    const fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    #[inline]
    const fn will_qos(self) -> Option<QoS> {
        QoS::from_u8((self.0 & Self::WILL_QOS) >> 3)
    }

    #[inline]
    fn check(self) -> Result<(), Fault> {
        if self.has(Self::RESERVED) {
            return Err(Fault::ReservedConnectFlag);
        }
        if self.has(Self::WILL) {
            if self.will_qos().is_none() {
                return Err(Fault::WillQos3);
            }
        } else if self.has(Self::WILL_QOS) {
            return Err(Fault::WillQosWithoutWill);
        } else if self.has(Self::WILL_RETAIN) {
            return Err(Fault::WillRetainWithoutWill);
        }
        if self.has(Self::PASSWORD) && !self.has(Self::USER_NAME) {
            return Err(Fault::PasswordWithoutUserName);
        }
        Ok(())
    }
}

/// Length of the variable header: name, level, flags, Keep Alive.
const VARIABLE_HEADER_LEN: usize = 10;

impl<'a> Connect<'a> {
    /// The packet that says these fields.
    #[inline]
    pub const fn new(fields: &'a ConnectFields<'a>) -> Self {
        Self(Repr::Fields(fields))
    }

    #[inline]
    pub(crate) fn decode<M: Mode>(mut r: Reader<'a, M>) -> Result<Self, M::Error> {
        let body = r.rest();
        let name = r.prefixed(Field::ProtocolName)?;
        if name != b"MQTT" {
            return Err(other_protocol(name, &mut r));
        }
        let level = r.u8(Field::ProtocolLevel)?;
        if level != Protocol::V3_1_1.level {
            return Err(unsupported(ProtocolName::Mqtt, level, &r));
        }
        let flags = Flags(r.u8(Field::ConnectFlags)?);
        if let Err(fault) = flags.check() {
            return Err(r.fault(fault, Field::ConnectFlags, 1));
        }
        r.u16(Field::KeepAlive)?;
        r.text::<Utf8Str<'_>>(Field::ClientIdentifier)?;
        if flags.has(Flags::WILL) {
            r.text::<TopicName<'_>>(Field::WillTopic)?;
            r.binary(Field::WillMessage)?;
        }
        if flags.has(Flags::USER_NAME) {
            r.text::<Utf8Str<'_>>(Field::UserName)?;
        }
        if flags.has(Flags::PASSWORD) {
            r.binary(Field::Password)?;
        }
        r.finish()?;
        Ok(Self(Repr::Wire(body)))
    }

    /// The whole packet, as [`Packet::encode`](crate::Packet::encode) writes it.
    #[inline]
    pub(crate) fn encode_packet(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        match self.0 {
            Repr::Fields(fields) => fields.encode_packet(out),
            Repr::Wire(_) => encode_counted(self, out),
        }
    }

    #[inline]
    fn flags(&self) -> Flags {
        match self.0 {
            Repr::Wire(body) => Flags(body.get(7).copied().unwrap_or_default()),
            Repr::Fields(fields) => fields.measure().0,
        }
    }

    /// The Connect Flags as they stand on the wire (3.1.2.3).
    #[inline]
    pub fn connect_flags(&self) -> u8 {
        self.flags().0
    }

    /// Clean Session (3.1.2.4).
    #[inline]
    pub fn clean_session(&self) -> bool {
        self.flags().has(Flags::CLEAN_SESSION)
    }

    /// Keep Alive in seconds; 0 is off (3.1.2.10).
    #[inline]
    pub fn keep_alive(&self) -> u16 {
        match self.0 {
            Repr::Wire(body) => match body {
                [_, _, _, _, _, _, _, _, high, low, ..] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            },
            Repr::Fields(fields) => fields.keep_alive,
        }
    }

    /// Client Identifier (3.1.3.1), maybe empty.
    #[inline]
    pub fn client_id(&self) -> Utf8Str<'a> {
        match self.0 {
            Repr::Wire(body) => Utf8Str::checked(Payload::of(body).next()),
            Repr::Fields(fields) => fields.client_id,
        }
    }

    /// The Will (3.1.2.5).
    pub fn will(&self) -> Option<Will<'a>> {
        self.fields().will
    }

    /// User name and password (3.1.2.8).
    pub fn login(&self) -> Option<Login<'a>> {
        self.fields().login
    }

    /// All fields, still borrowed.
    pub fn fields(&self) -> ConnectFields<'a> {
        let body = match self.0 {
            Repr::Wire(body) => body,
            Repr::Fields(fields) => return *fields,
        };
        let flags = self.flags();
        let mut payload = Payload::of(body);
        ConnectFields {
            clean_session: self.clean_session(),
            keep_alive: self.keep_alive(),
            client_id: Utf8Str::checked(payload.next()),
            will: flags.has(Flags::WILL).then(|| Will {
                topic: TopicName::checked(payload.next()),
                message: BinaryData::checked(payload.next()),
                qos: flags.will_qos().unwrap_or_default(),
                retain: flags.has(Flags::WILL_RETAIN),
            }),
            login: flags.has(Flags::USER_NAME).then(|| Login {
                user_name: Utf8Str::checked(payload.next()),
                password: flags.has(Flags::PASSWORD).then(|| BinaryData::checked(payload.next())),
            }),
        }
    }
}

impl Body for Connect<'_> {
    const TYPE: PacketType = PacketType::Connect;

    #[inline(always)]
    fn encode(&self, out: &mut impl Sink) {
        match self.0 {
            Repr::Wire(body) => out.put(body),
            Repr::Fields(fields) => {
                out.array(fields.variable_header(fields.measure().0));
                fields.for_each(|_, bytes| out.prefixed(bytes));
            }
        }
    }

    /// An empty Client Identifier needs Clean Session 1.
    #[inline(always)]
    fn check_sendable(&self) -> Result<(), EncodeError> {
        if self.client_id().is_empty() && !self.clean_session() {
            return Err(EncodeError::EmptyClientId);
        }
        Ok(())
    }
}

/// The fields of a checked payload, each a length of two bytes and that many bytes.
struct Payload<'a>(&'a [u8]);

impl<'a> Payload<'a> {
    #[inline]
    fn of(body: &'a [u8]) -> Self {
        Self(body.get(VARIABLE_HEADER_LEN..).unwrap_or_default())
    }

    #[inline]
    fn next(&mut self) -> &'a [u8] {
        let Some((len, rest)) = self.0.split_first_chunk::<2>() else { return &[] };
        let Some((field, rest)) = rest.split_at_checked(u16::from_be_bytes(*len).into()) else {
            return &[];
        };
        self.0 = rest;
        field
    }
}

#[cold]
fn other_protocol<M: Mode>(name: &[u8], r: &mut Reader<'_, M>) -> M::Error {
    if name != ProtocolName::Mqisdp.as_str().as_bytes() {
        return r.fault(Fault::WrongProtocolName, Field::ProtocolName, name.len());
    }
    match r.u8(Field::ProtocolLevel) {
        Ok(level) => unsupported(ProtocolName::Mqisdp, level, r),
        Err(error) => error,
    }
}

#[cold]
fn unsupported<M: Mode>(name: ProtocolName, level: u8, r: &Reader<'_, M>) -> M::Error {
    r.fault(Fault::UnsupportedProtocol(Protocol { name, level }), Field::ProtocolLevel, 1)
}

impl<'a> ConnectFields<'a> {
    /// Clean Session 1, Keep Alive 60 seconds, no Will, no login.
    #[inline]
    pub const fn new(client_id: Utf8Str<'a>) -> Self {
        Self { clean_session: true, keep_alive: 60, client_id, will: None, login: None }
    }

    /// The fields of the payload in the standard's order (3.1.3), each with the Connect Flags that it sets.
    #[inline(always)]
    fn for_each(&self, mut field: impl FnMut(u8, &'a [u8])) {
        field(if self.clean_session { Flags::CLEAN_SESSION } else { 0 }, self.client_id.as_bytes());
        if let Some(will) = &self.will {
            let retain = if will.retain { Flags::WILL_RETAIN } else { 0 };
            field(Flags::WILL | will.qos.as_u8() << 3 | retain, will.topic.as_bytes());
            field(0, will.message.as_bytes());
        }
        if let Some(login) = &self.login {
            field(Flags::USER_NAME, login.user_name.as_bytes());
            if let Some(password) = &login.password {
                field(Flags::PASSWORD, password.as_bytes());
            }
        }
    }

    /// The Connect Flags, and the number of bytes behind the variable header.
    #[inline(always)]
    fn measure(&self) -> (Flags, usize) {
        let (mut flags, mut len) = (0, 0);
        self.for_each(|sets, bytes| {
            flags |= sets;
            len += 2 + bytes.len();
        });
        (Flags(flags), len)
    }

    /// Protocol Name, Protocol Level, Connect Flags, Keep Alive (3.1.2).
    #[inline(always)]
    fn variable_header(&self, flags: Flags) -> [u8; VARIABLE_HEADER_LEN] {
        let [keep_high, keep_low] = self.keep_alive.to_be_bytes();
        let Protocol { level, .. } = Protocol::V3_1_1;
        [0, 4, b'M', b'Q', b'T', b'T', level, flags.0, keep_high, keep_low]
    }

    /// The whole packet. Most are short: they are measured once, and go out in one piece up to the Client Identifier.
    #[inline(never)]
    fn encode_packet(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (flags, payload_len) = self.measure();
        let Ok(len @ ..0x80) = u8::try_from(VARIABLE_HEADER_LEN + payload_len) else {
            return self.encode_long(out);
        };
        if self.client_id.is_empty() && !self.clean_session {
            return Err(EncodeError::EmptyClientId);
        }
        let needed = 2 + usize::from(len);
        let Some(out) = out.get_mut(..needed) else { return Err(EncodeError::BufferTooSmall { needed }) };
        let mut out = SliceSink(out);
        out.arrays([first_byte(PacketType::Connect), len], self.variable_header(flags));
        self.for_each(|_, bytes| out.prefixed(bytes));
        Ok(needed)
    }

    #[inline(never)]
    fn encode_long(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        encode_counted(&Connect::new(self), out)
    }
}

impl PartialEq for Connect<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.fields() == other.fields()
    }
}

impl Eq for Connect<'_> {}

impl core::hash::Hash for Connect<'_> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.fields().hash(state);
    }
}

impl fmt::Debug for Connect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connect").field(&self.fields()).finish()
    }
}

impl fmt::Debug for Login<'_> {
    /// The password's length alone: `Debug` output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.map(BinaryData::len);
        f.debug_struct("Login")
            .field("user_name", &self.user_name)
            .field("password", &format_args!("{}", Hidden(password)))
            .finish()
    }
}

/// A password's length.
struct Hidden(Option<usize>);

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(len) => write!(f, "Some({len} bytes)"),
            None => f.write_str("None"),
        }
    }
}
