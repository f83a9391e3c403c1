//! PUBLISH (3.3).

use crate::error::{EncodeError, Fault};
use crate::field::Field;
use crate::fixed_header;
use crate::packet_id::PacketId;
use crate::packet_type::MAX_REMAINING_LENGTH;
use crate::qos::QoS;
use crate::reader::{Mode, Reader};
use crate::topic::TopicName;
use crate::writer::{Sink, SliceSink};

/// PUBLISH: carries an Application Message (3.3).
///
/// ```text
/// 0011 DUP QoS QoS RETAIN | Remaining Length | Topic Name | Packet Identifier (QoS > 0) | payload
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Publish<'a> {
    /// QoS, with what comes only with it.
    pub delivery: Delivery,
    /// RETAIN (3.3.1.3): to the Server, store this message for later subscribers; from it, this is such a message.
    pub retain: bool,
    /// What the message is published to (3.3.2.1).
    pub topic: TopicName<'a>,
    /// The message itself, any bytes, also none (3.3.3).
    pub payload: &'a [u8],
}

/// The QoS of a PUBLISH with its Packet Identifier and DUP flag, which QoS 0 does not have [MQTT-2.3.1-5]
/// [MQTT-3.3.1-2].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// QoS 0.
    AtMostOnce,
    /// QoS 1.
    AtLeastOnce {
        /// Repeated by PUBACK.
        packet_id: PacketId,
        /// Whether this was sent before [MQTT-3.3.1-1].
        dup: bool,
    },
    /// QoS 2.
    ExactlyOnce {
        /// Repeated by PUBREC, PUBREL and PUBCOMP.
        packet_id: PacketId,
        /// Whether this was sent before [MQTT-3.3.1-1].
        dup: bool,
    },
}

impl Delivery {
    /// The QoS alone.
    #[inline]
    pub const fn qos(self) -> QoS {
        match self {
            Self::AtMostOnce => QoS::AtMostOnce,
            Self::AtLeastOnce { .. } => QoS::AtLeastOnce,
            Self::ExactlyOnce { .. } => QoS::ExactlyOnce,
        }
    }

    /// The Packet Identifier, which QoS 0 does not have.
    #[inline]
    pub const fn packet_id(self) -> Option<PacketId> {
        match self {
            Self::AtMostOnce => None,
            Self::AtLeastOnce { packet_id, .. } | Self::ExactlyOnce { packet_id, .. } => Some(packet_id),
        }
    }

    /// DUP (3.3.1.1); never with QoS 0.
    #[inline]
    pub const fn dup(self) -> bool {
        match self {
            Self::AtMostOnce => false,
            Self::AtLeastOnce { dup, .. } | Self::ExactlyOnce { dup, .. } => dup,
        }
    }

    /// The same with DUP set or not, as for a message that is sent again [MQTT-3.3.1-1]. QoS 0 stays as it is: it has no
    /// DUP [MQTT-3.3.1-2].
    #[inline]
    #[must_use]
    pub const fn with_dup(self, dup: bool) -> Self {
        match self {
            Self::AtMostOnce => Self::AtMostOnce,
            Self::AtLeastOnce { packet_id, .. } => Self::AtLeastOnce { packet_id, dup },
            Self::ExactlyOnce { packet_id, .. } => Self::ExactlyOnce { packet_id, dup },
        }
    }
}

impl<'a> Publish<'a> {
    /// A message at QoS 0, not retained.
    #[inline]
    pub const fn at_most_once(topic: TopicName<'a>, payload: &'a [u8]) -> Self {
        Self { delivery: Delivery::AtMostOnce, retain: false, topic, payload }
    }

    /// A message at QoS 1, sent for the first time, not retained.
    #[inline]
    pub const fn at_least_once(packet_id: PacketId, topic: TopicName<'a>, payload: &'a [u8]) -> Self {
        let delivery = Delivery::AtLeastOnce { packet_id, dup: false };
        Self { delivery, retain: false, topic, payload }
    }

    /// A message at QoS 2, sent for the first time, not retained.
    #[inline]
    pub const fn exactly_once(packet_id: PacketId, topic: TopicName<'a>, payload: &'a [u8]) -> Self {
        let delivery = Delivery::ExactlyOnce { packet_id, dup: false };
        Self { delivery, retain: false, topic, payload }
    }

    #[inline(always)]
    pub(crate) fn decode<M: Mode>(flags: u8, mut r: Reader<'a, M>) -> Result<Self, M::Error> {
        let topic = r.text(Field::TopicName)?;
        let dup = flags & 0b1000 != 0;
        let delivery = if flags & 0b1110 == 0 {
            Delivery::AtMostOnce
        } else if flags & 0b0110 == 0 {
            return Err(r.fault_in_first_byte(Fault::DupAtQos0));
        } else {
            let packet_id = r.packet_id()?;
            match flags & 0b0110 {
                0b0010 => Delivery::AtLeastOnce { packet_id, dup },
                0b0100 => Delivery::ExactlyOnce { packet_id, dup },
                _ => return Err(r.fault_in_first_byte(Fault::Qos3)),
            }
        };
        let retain = flags & 0b0001 != 0;
        let payload = r.remainder(Field::Payload);
        Ok(Self { delivery, retain, topic, payload })
    }

    #[inline]
    fn first_byte(&self) -> u8 {
        fixed_header::publish_first_byte(self.delivery.dup(), self.delivery.qos(), self.retain)
    }

    /// The whole packet, as [`Packet::encode`](crate::Packet::encode) writes it.
    #[inline(never)]
    pub(crate) fn encode_packet(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.encode_with(self.payload, out)
    }

    /// With all of the payload, or nothing of it.
    #[inline(always)]
    fn encode_with(&self, payload: &[u8], out: &mut [u8]) -> Result<usize, EncodeError> {
        match self.delivery.packet_id() {
            None => self.encode_small([], payload, out),
            Some(packet_id) => self.encode_small(packet_id.get().to_be_bytes(), payload, out),
        }
    }

    /// Most are small: four bytes in one store, and nothing is called to copy the others.
    #[inline(always)]
    fn encode_small<const N: usize>(
        &self,
        packet_id: [u8; N],
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let Ok(len @ ..0x80) = u8::try_from(2 + self.topic.len() + N + self.payload.len()) else {
            return self.encode_large(payload, out);
        };
        let needed = 4 + self.topic.len() + N + payload.len();
        let Some(out) = out.get_mut(..needed) else { return Err(EncodeError::BufferTooSmall { needed }) };
        let mut out = SliceSink(out);
        let [low, high, ..] = self.topic.len().to_le_bytes();
        out.array([self.first_byte(), len, high, low]);
        out.put(self.topic.as_bytes());
        out.array(packet_id);
        out.put(payload);
        Ok(needed)
    }

    #[inline(never)]
    fn encode_large(&self, payload: &[u8], out: &mut [u8]) -> Result<usize, EncodeError> {
        let remaining_length = self.remaining_length()?;
        let needed = fixed_header::len(remaining_length) + self.variable_header_len() + payload.len();
        let Some(out) = out.get_mut(..needed) else { return Err(EncodeError::BufferTooSmall { needed }) };
        self.encode_to(remaining_length, payload, SliceSink(out));
        Ok(needed)
    }

    /// The same into any sink.
    #[inline(always)]
    pub(crate) fn encode_to(&self, remaining_length: u32, payload: &[u8], mut out: impl Sink) {
        fixed_header::encode(self.first_byte(), remaining_length, &mut out);
        out.prefixed(self.topic.as_bytes());
        if let Some(packet_id) = self.delivery.packet_id() {
            out.packet_id(packet_id);
        }
        out.finish(payload);
    }

    #[inline]
    fn variable_header_len(&self) -> usize {
        let packet_id = if matches!(self.delivery, Delivery::AtMostOnce) { 0 } else { 2 };
        2 + self.topic.as_bytes().len() + packet_id
    }

    #[inline]
    pub(crate) fn remaining_length(&self) -> Result<u32, EncodeError> {
        // No slice is longer than `isize::MAX`, so this does not overflow.
        let len = self.variable_header_len() + self.payload.len();
        match u32::try_from(len) {
            Ok(len) if len <= MAX_REMAINING_LENGTH => Ok(len),
            _ => Err(EncodeError::PacketTooLong),
        }
    }

    /// Length of all that stands before the payload: fixed header, Topic Name, Packet Identifier. At most 65,544.
    ///
    /// # Errors
    /// The packet would be too long ([`EncodeError::PacketTooLong`]).
    #[inline]
    pub fn header_len(&self) -> Result<usize, EncodeError> {
        Ok(fixed_header::len(self.remaining_length()?) + self.variable_header_len())
    }

    /// Writes all that stands before the payload, so that header and payload can go out in one vectored write without
    /// copying the payload. Returns the bytes written.
    ///
    /// ```
    /// use mqtt_codec::{Publish, TopicName};
    ///
    /// let publish = Publish::at_most_once(TopicName::new("a")?, b"payload");
    /// let mut header = [0; 16];
    /// let length = publish.encode_header(&mut header)?;
    /// assert_eq!(header[..length], *b"\x30\x0A\x00\x01a");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The packet would be too long, or `out` is shorter than [`header_len`](Self::header_len). Nothing is written.
    #[inline]
    pub fn encode_header(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.encode_with(&[], out)
    }
}
