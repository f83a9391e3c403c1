//! Packets as lines of a log.

use core::fmt;

use crate::connack::Connack;
use crate::connect::Connect;
use crate::packet::Packet;
use crate::publish::Publish;

impl fmt::Display for Packet<'_> {
    /// One line for logs, e.g. `PUBLISH topic="a/b" QoS 1 id 7 (5 bytes)`.
    ///
    /// Of payloads and Will Messages it has the length alone, of a password only that there is one. Texts are quoted,
    /// with line breaks and other control characters escaped; of long lists only the first entries are shown.
    ///
    /// ```
    /// use mqtt_codec::{Packet, PacketId, Publish, TopicName};
    ///
    /// let publish = Publish::at_least_once(PacketId::MIN, TopicName::new("a/b")?, b"hello");
    /// assert_eq!(Packet::from(publish).to_string(), r#"PUBLISH topic="a/b" QoS 1 id 1 (5 bytes)"#);
    /// assert_eq!(Packet::Pingreq.to_string(), "PINGREQ");
    /// # Ok::<(), mqtt_codec::TextError>(())
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.packet_type().name())?;
        match self {
            Self::Connect(connect) => fmt_connect(connect, f),
            Self::Connack(connack) => fmt_connack(*connack, f),
            Self::Publish(publish) => fmt_publish(publish, f),
            Self::Puback(id)
            | Self::Pubrec(id)
            | Self::Pubrel(id)
            | Self::Pubcomp(id)
            | Self::Unsuback(id) => write!(f, " id {id}"),
            Self::Subscribe(subscribe) => {
                write!(f, " id {}", subscribe.packet_id)?;
                fmt_list(subscribe.subscriptions, f, |(filter, qos), f| write!(f, "{filter:?} QoS {qos}"))
            }
            Self::Suback(suback) => {
                write!(f, " id {}", suback.packet_id)?;
                fmt_list(suback.return_codes, f, |code, f| write!(f, "{code}"))
            }
            Self::Unsubscribe(unsubscribe) => {
                write!(f, " id {}", unsubscribe.packet_id)?;
                fmt_list(unsubscribe.filters, f, |filter, f| write!(f, "{filter:?}"))
            }
            Self::Pingreq | Self::Pingresp | Self::Disconnect => Ok(()),
        }
    }
}

fn fmt_connect(connect: &Connect<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fields = connect.fields();
    write!(f, " client={:?}", fields.client_id)?;
    if fields.clean_session {
        f.write_str(" clean session")?;
    }
    write!(f, " keep alive {} s", fields.keep_alive)?;
    if let Some(will) = &fields.will {
        write!(f, " will topic={:?} QoS {}", will.topic, will.qos)?;
        if will.retain {
            f.write_str(" retain")?;
        }
        fmt_bytes(will.message.len(), f)?;
    }
    if let Some(login) = &fields.login {
        write!(f, " user={:?}", login.user_name)?;
        if login.password.is_some() {
            f.write_str(" with password")?;
        }
    }
    Ok(())
}

fn fmt_connack(connack: Connack, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match connack {
        Connack::Accepted { session_present: false } => f.write_str(" accepted"),
        Connack::Accepted { session_present: true } => f.write_str(" accepted, session present"),
        Connack::Refused(code) => write!(f, " refused: {code}"),
    }
}

fn fmt_publish(publish: &Publish<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let delivery = publish.delivery;
    write!(f, " topic={:?} QoS {}", publish.topic, delivery.qos())?;
    if let Some(id) = delivery.packet_id() {
        write!(f, " id {id}")?;
    }
    if delivery.dup() {
        f.write_str(" dup")?;
    }
    if publish.retain {
        f.write_str(" retain")?;
    }
    fmt_bytes(publish.payload.len(), f)
}

fn fmt_bytes(len: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, " ({len} byte{})", if len == 1 { "" } else { "s" })
}

/// How many entries of a list are shown, so that a line has an end.
const SHOWN: usize = 8;

fn fmt_list<T>(
    list: impl IntoIterator<Item = T>,
    f: &mut fmt::Formatter<'_>,
    fmt_one: impl Fn(T, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    let mut list = list.into_iter();
    let mut separator = " ";
    for entry in list.by_ref().take(SHOWN) {
        f.write_str(separator)?;
        fmt_one(entry, f)?;
        separator = ", ";
    }
    match list.count() {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}
