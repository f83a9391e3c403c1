//! The short way of what most segments are: sound, whole and in order, of a connection that carries MQTT.

use super::super::order::Chunk;
use super::super::segment::Segment;
use super::super::{Context, Direction, Sink};
use super::{Connection, Protocol};
use crate::capture::Entry;
use crate::net::{ChecksumVerdict, TcpFlags};

impl Connection {
    /// Takes such a segment as [`Connection::take`] would; `false`, with nothing done, when it is none.
    #[inline]
    pub(in super::super) fn take_plain<S: Sink>(
        &mut self,
        segment: &Segment<'_>,
        direction: Direction,
        cx: &mut Context<'_, S>,
    ) -> bool {
        const OF_EACH: u16 = TcpFlags::SYN.0 | TcpFlags::FIN.0 | TcpFlags::RST.0 | TcpFlags::ACK.0;
        let is_plain = self.protocol == Protocol::Mqtt
            && !self.over
            && segment.flags.0 & OF_EACH == TcpFlags::ACK.0
            && matches!(segment.checksum, ChecksumVerdict::Good | ChecksumVerdict::Offloaded)
            && !(self.forward.order.waits() || self.backward.order.waits());
        let other = self.half(direction.opposite());
        // It knows more than was seen: that is to be remembered, and may be waited for.
        if other.seen && other.order.is_before(segment.ack) {
            return false;
        }
        let half = self.half_mut(direction);
        if !is_plain || !half.order.take_next(segment.seq, segment.data.len(), segment.wire_len) {
            return false;
        }
        half.seen = true;
        half.verified = true;
        let Entry { number: frame, time, .. } = *cx.entry;
        self.last = (frame, time);
        if !segment.data.is_empty() {
            let chunk = Chunk { data: segment.data, frame, time, at: segment.data_at };
            self.mqtt(direction, chunk, cx);
        }
        true
    }
}
