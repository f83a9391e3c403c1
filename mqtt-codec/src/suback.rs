//! SUBACK (3.9).

use core::fmt;
use core::slice;

use crate::error::Fault;
use crate::field::Field;
use crate::packet_id::PacketId;
use crate::packet_type::PacketType;
use crate::qos::QoS;
use crate::reader::{Mode, Reader};
use crate::writer::{Body, Sink};

/// SUBACK: the answer to SUBSCRIBE (3.9).
///
/// ```text
/// 1001 0000 | Remaining Length | Packet Identifier | Return Code one or more
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Suback<'a> {
    /// That of the SUBSCRIBE [MQTT-3.8.4-2].
    pub packet_id: PacketId,
    /// One for each Topic Filter of the SUBSCRIBE, in its order [MQTT-3.8.4-5] [MQTT-3.9.3-1].
    pub return_codes: ReturnCodes<'a>,
}

/// The answer to one Topic Filter of a SUBSCRIBE (3.9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubackReturnCode {
    /// 0x00, 0x01, 0x02: subscribed, messages come with at most this QoS.
    Granted(QoS),
    /// 0x80: not subscribed.
    Failure,
}

impl SubackReturnCode {
    /// The code with this number; `None` for the reserved ones [MQTT-3.9.3-2].
    #[inline]
    pub const fn from_u8(value: u8) -> Option<Self> {
        match (value, QoS::from_u8(value)) {
            (_, Some(qos)) => Some(Self::Granted(qos)),
            (0x80, None) => Some(Self::Failure),
            (_, None) => None,
        }
    }

    /// 0x00, 0x01, 0x02 or 0x80.
    #[inline]
    pub const fn as_u8(self) -> u8 {
        match self {
            Self::Granted(qos) => qos.as_u8(),
            Self::Failure => 0x80,
        }
    }
}

impl fmt::Display for SubackReturnCode {
    /// `granted QoS 1`, `failure`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted(qos) => write!(f, "granted QoS {qos}"),
            Self::Failure => f.write_str("failure"),
        }
    }
}

/// One or more Return Codes: a checked view of a packet, or of a list.
#[derive(Clone, Copy)]
pub struct ReturnCodes<'a>(Repr<'a>);

#[derive(Clone, Copy)]
enum Repr<'a> {
    Wire(&'a [u8]),
    List(&'a [SubackReturnCode]),
}

impl<'a> Suback<'a> {
    #[inline]
    pub(crate) fn decode<M: Mode>(mut r: Reader<'a, M>) -> Result<Self, M::Error> {
        let packet_id = r.packet_id()?;
        let wire = r.rest();
        loop {
            // The first of them must be there.
            let code = r.u8(Field::SubackReturnCode)?;
            if !matches!(code, 0..=2 | 0x80) {
                return Err(r.fault(Fault::ReservedSubackCode, Field::SubackReturnCode, 1));
            }
            if r.is_at_end() {
                return Ok(Self { packet_id, return_codes: ReturnCodes(Repr::Wire(wire)) });
            }
        }
    }
}

impl Body for Suback<'_> {
    const TYPE: PacketType = PacketType::Suback;

    #[inline(always)]
    fn encode(&self, out: &mut impl Sink) {
        out.packet_id(self.packet_id);
        match self.return_codes.0 {
            Repr::Wire(wire) => out.put(wire),
            Repr::List(list) => list.iter().for_each(|code| out.u8(code.as_u8())),
        }
    }
}

impl<'a> ReturnCodes<'a> {
    /// The codes of a list; `None` when it is empty.
    #[inline]
    pub const fn new(list: &'a [SubackReturnCode]) -> Option<Self> {
        if list.is_empty() { None } else { Some(Self(Repr::List(list))) }
    }

    /// How many there are, one or more.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub const fn len(&self) -> usize {
        match self.0 {
            Repr::Wire(wire) => wire.len(),
            Repr::List(list) => list.len(),
        }
    }

    /// The codes, in the packet's order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = SubackReturnCode> + Clone + use<'a> {
        self.into_iter()
    }
}

/// The iterator of [`ReturnCodes`]: Return Codes, in the packet's order.
#[derive(Clone)]
pub struct ReturnCodesIter<'a> {
    wire: &'a [u8],
    list: slice::Iter<'a, SubackReturnCode>,
}

impl<'a> Iterator for ReturnCodesIter<'a> {
    type Item = SubackReturnCode;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let Some((&code, rest)) = self.wire.split_first() else { return self.list.next().copied() };
        self.wire = rest;
        SubackReturnCode::from_u8(code)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        // One of the two is empty.
        let len = self.wire.len() + self.list.len();
        (len, Some(len))
    }
}

impl core::iter::FusedIterator for ReturnCodesIter<'_> {}

impl fmt::Debug for ReturnCodesIter<'_> {
    /// What is still to come.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a> IntoIterator for ReturnCodes<'a> {
    type Item = SubackReturnCode;
    type IntoIter = ReturnCodesIter<'a>;

    #[inline]
    fn into_iter(self) -> ReturnCodesIter<'a> {
        let (wire, list) = match self.0 {
            Repr::Wire(wire) => (wire, [].as_slice()),
            Repr::List(list) => ([].as_slice(), list),
        };
        ReturnCodesIter { wire, list: list.iter() }
    }
}

impl<'a> IntoIterator for &ReturnCodes<'a> {
    type Item = SubackReturnCode;
    type IntoIter = ReturnCodesIter<'a>;

    #[inline]
    fn into_iter(self) -> ReturnCodesIter<'a> {
        (*self).into_iter()
    }
}

impl PartialEq for ReturnCodes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for ReturnCodes<'_> {}

impl core::hash::Hash for ReturnCodes<'_> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.iter().for_each(|code| code.hash(state));
    }
}

impl fmt::Debug for ReturnCodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
