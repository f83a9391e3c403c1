//! Packets in a few words, as Wireshark's Info column has them.

use core::fmt::{self, Write};

use crate::packet::Packet;
use crate::packet_type::PacketType;

impl PacketType {
    /// What Wireshark calls it, e.g. `Publish Message`.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Connect => "Connect Command",
            Self::Connack => "Connect Ack",
            Self::Publish => "Publish Message",
            Self::Puback => "Publish Ack",
            Self::Pubrec => "Publish Received",
            Self::Pubrel => "Publish Release",
            Self::Pubcomp => "Publish Complete",
            Self::Subscribe => "Subscribe Request",
            Self::Suback => "Subscribe Ack",
            Self::Unsubscribe => "Unsubscribe Request",
            Self::Unsuback => "Unsubscribe Ack",
            Self::Pingreq => "Ping Request",
            Self::Pingresp => "Ping Response",
            Self::Disconnect => "Disconnect Req",
        }
    }
}

impl<'a> Packet<'a> {
    /// Its title in Wireshark's words, its Packet Identifier and its topics. What could command a terminal is escaped.
    ///
    /// ```
    /// use mqtt_codec::{Packet, PacketId, Publish, TopicName};
    ///
    /// let publish = Publish::at_least_once(PacketId::MIN, TopicName::new("a/b")?, b"hello");
    /// assert_eq!(Packet::from(publish).summary().to_string(), "Publish Message (id=1) [a/b]");
    /// assert_eq!(Packet::Pingreq.summary().to_string(), "Ping Request");
    /// # Ok::<(), mqtt_codec::TextError>(())
    /// ```
    pub const fn summary(&self) -> impl fmt::Display + use<'a> {
        Summary(*self)
    }
}

struct Summary<'a>(Packet<'a>);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.packet_type().title())?;
        let id = match &self.0 {
            Packet::Publish(publish) => publish.delivery.packet_id(),
            Packet::Puback(id)
            | Packet::Pubrec(id)
            | Packet::Pubrel(id)
            | Packet::Pubcomp(id)
            | Packet::Unsuback(id) => Some(*id),
            Packet::Subscribe(subscribe) => Some(subscribe.packet_id),
            Packet::Suback(suback) => Some(suback.packet_id),
            Packet::Unsubscribe(unsubscribe) => Some(unsubscribe.packet_id),
            Packet::Connect(_)
            | Packet::Connack(_)
            | Packet::Pingreq
            | Packet::Pingresp
            | Packet::Disconnect => None,
        };
        if let Some(id) = id {
            write!(f, " (id={id})")?;
        }
        match &self.0 {
            Packet::Publish(publish) => fmt_topic(publish.topic.as_str(), f),
            Packet::Subscribe(subscribe) => {
                subscribe.subscriptions.iter().try_for_each(|(filter, _)| fmt_topic(filter.as_str(), f))
            }
            Packet::Unsubscribe(unsubscribe) => {
                unsubscribe.filters.iter().try_for_each(|filter| fmt_topic(filter.as_str(), f))
            }
            _ => Ok(()),
        }
    }
}

fn fmt_topic(topic: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(" [")?;
    for c in topic.chars() {
        if is_hostile(c) {
            write!(f, "{}", c.escape_default())?;
        } else {
            f.write_char(c)?;
        }
    }
    f.write_str("]")
}

/// Whether a terminal takes it for a command, or a reader is misled by it: control characters, ends of lines, and those
/// that change the direction of writing or cannot be seen.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
        )
}
