//! What a session tells its user.

use std::fmt;

use mqtt_codec::{ConnectReturnCode, DecodeError, PacketId, PacketType, SubackReturnCode, TopicFilterBuf};

use crate::message::Message;

/// The caller's mark on a publish or a request, given back with its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub u32);

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The Server accepted the connection (3.2).
    Connected {
        /// It holds a session of this client.
        session_present: bool,
    },
    /// A session was expected, and the Server has none: subscriptions are made again, unacknowledged messages are sent
    /// again, and received QoS 2 messages whose exchange was open can come once more.
    ///
    /// One is expected, with Clean Session 0, when the Server has accepted a connection of this client before; with a store also
    /// one of an earlier process. Subscriptions of an earlier process are not known: who is started again subscribes again.
    ///
    /// A Server says it once: if its CONNACK does not arrive, the next one says that a session is present, and this event
    /// does not come. Subscriptions are made again then too, whereby retained messages may come again; a QoS 2 message that
    /// has the identifier of an open exchange and DUP 0 is then taken for what it can only be, a new one.
    SessionLost,
    /// A publish ended.
    Published {
        /// The caller's mark.
        tag: Tag,
        /// How.
        outcome: Outcome,
    },
    /// SUBACK came.
    Subscribed {
        /// The caller's mark.
        tag: Tag,
        /// One code for each filter, in their order [MQTT-3.8.4-5].
        return_codes: Vec<SubackReturnCode>,
    },
    /// UNSUBACK came.
    Unsubscribed {
        /// The caller's mark.
        tag: Tag,
    },
    /// A subscription was made again after the session was lost, and the Server refused it this time.
    SubscriptionLost {
        /// Its filter.
        filter: TopicFilterBuf,
    },
    /// SUBSCRIBE or UNSUBSCRIBE was not answered and never will be: the session was closed.
    RequestAbandoned {
        /// The caller's mark.
        tag: Tag,
    },
}

/// How a publish ended. There is one for every accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// QoS 0: all of its bytes were handed to the transport. QoS 1: PUBACK came. QoS 2: PUBREC and PUBCOMP came.
    Delivered,
    /// Nobody can know.
    Uncertain(Doubt),
    /// The session was closed before the exchange was complete. A message at QoS 1 or 2 that a store has (with one, all
    /// whose `publish` returned) is kept, and goes on with the next start.
    Abandoned,
}

/// Why the outcome of a publish is uncertain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// At QoS 0, the connection was lost before all bytes were handed to the transport.
    ConnectionLost,
    /// At QoS 2, the Server lost the session between PUBREC and PUBCOMP (or, with Clean Session 1, the connection that the
    /// session lived in was lost): it may have passed the message on or not, and sending it again could double it.
    SessionLost,
    /// At QoS 2, PUBCOMP came, and between it and PUBREC a CONNACK did not arrive, which may have said that the session was
    /// lost. Seldom it had: then it is as above, since the Server answers a PUBREL of which it knows nothing, too.
    SessionMayBeLost,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delivered => "delivered",
            Self::Uncertain(Doubt::ConnectionLost) => "uncertain: the connection was lost while it was sent",
            Self::Uncertain(Doubt::SessionLost) => "uncertain: the session was lost before it was complete",
            Self::Uncertain(Doubt::SessionMayBeLost) => {
                "uncertain: complete, if a CONNACK that did not arrive said that there is a session"
            }
            Self::Abandoned => "abandoned: the session was closed before it was acknowledged",
        })
    }
}

/// A message that came, to be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The message.
    pub message: Message,
    /// DUP: it may have been sent before (3.3.1.1).
    pub dup: bool,
    /// Its Packet Identifier, at QoS 1 and 2.
    pub packet_id: Option<PacketId>,
    /// What to give back to acknowledge it: at QoS 1 and 2 with manual acknowledgement.
    pub acknowledgement: Option<Acknowledgement>,
}

/// The right to acknowledge one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Acknowledgement {
    /// Its place among all that came.
    pub(crate) place: u64,
    pub(crate) packet_id: PacketId,
    pub(crate) exactly_once: bool,
}

/// Why a connection has to end. It is closed without DISCONNECT, so the Server publishes the will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// The Server refused the connection (3.2.2.3).
    #[error("connection refused: {0} (return code {code})", code = .0.as_u8())]
    Refused(ConnectReturnCode),
    /// The Server did what it may not do.
    #[error("protocol violation by the server: {0}")]
    Violation(Violation),
    /// No CONNACK came in time.
    #[error("no CONNACK in time")]
    NoConnack,
    /// No PINGRESP came in time: the connection is half-open (3.1.2.10).
    #[error("no PINGRESP in time: the connection is half-open")]
    NoPingresp,
}

impl From<Violation> for ConnectionError {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

/// What a Server may not do: the connection is closed [MQTT-4.8.0-1].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Bytes that are no packet, or one that a Server does not send.
    Malformed(DecodeError),
    /// Another packet came before CONNACK [MQTT-3.2.0-1].
    NotConnack(PacketType),
    /// CONNACK came twice [MQTT-3.2.0-1].
    SecondConnack,
    /// Session Present 1 in answer to Clean Session 1 [MQTT-3.2.2-1].
    SessionPresentAfterCleanSession,
    /// The packet does not acknowledge what this identifier is in use for [MQTT-2.3.1-6].
    WrongAcknowledgement {
        /// What came.
        received: PacketType,
        /// For this identifier.
        packet_id: PacketId,
        /// What could have come.
        expected: PacketType,
    },
    /// SUBACK or UNSUBACK for an identifier that nothing was asked with [MQTT-2.3.1-7].
    NothingAsked {
        /// What came.
        received: PacketType,
        /// For this identifier.
        packet_id: PacketId,
    },
    /// SUBACK has more or fewer codes than SUBSCRIBE had filters [MQTT-3.8.4-5].
    ReturnCodeCount {
        /// The identifier of both.
        packet_id: PacketId,
        /// Filters in SUBSCRIBE.
        requested: usize,
        /// Codes in SUBACK.
        received: usize,
    },
    /// SUBACK grants a higher QoS than was asked for [MQTT-3.8.4-5].
    GrantedAboveRequested {
        /// The identifier.
        packet_id: PacketId,
    },
    /// PUBREL for a message that PUBREC was not yet sent for [MQTT-4.3.3-1].
    PubrelBeforePubrec(PacketId),
    /// More messages await their acknowledgement than there are identifiers: one was used again [MQTT-2.3.1-4].
    TooManyUnacknowledged,
}

impl Violation {
    /// The normative statement that is broken; `None` for a bound that we chose.
    pub const fn clause(&self) -> Option<&'static str> {
        Some(match self {
            Self::Malformed(error) => return error.clause(),
            Self::NotConnack(_) | Self::SecondConnack => "MQTT-3.2.0-1",
            Self::SessionPresentAfterCleanSession => "MQTT-3.2.2-1",
            Self::WrongAcknowledgement { .. } => "MQTT-2.3.1-6",
            Self::NothingAsked { .. } => "MQTT-2.3.1-7",
            Self::ReturnCodeCount { .. } | Self::GrantedAboveRequested { .. } => "MQTT-3.8.4-5",
            Self::PubrelBeforePubrec(_) => "MQTT-4.3.3-1",
            Self::TooManyUnacknowledged => "MQTT-2.3.1-4",
        })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It names its clause itself.
            Self::Malformed(error) => return error.fmt(f),
            Self::NotConnack(received) => write!(f, "{received} before CONNACK"),
            Self::SecondConnack => f.write_str("a second CONNACK"),
            Self::SessionPresentAfterCleanSession => {
                f.write_str("Session Present 1 in answer to Clean Session 1")
            }
            Self::WrongAcknowledgement { received, packet_id, expected } => {
                write!(f, "{received} for Packet Identifier {packet_id}, which awaits {expected}")
            }
            Self::NothingAsked { received, packet_id } => {
                write!(f, "{received} for Packet Identifier {packet_id}, which nothing was asked with")
            }
            Self::ReturnCodeCount { packet_id, requested, received } => write!(
                f,
                "SUBACK for Packet Identifier {packet_id} has {received} return codes for {requested} filters"
            ),
            Self::GrantedAboveRequested { packet_id } => {
                write!(f, "SUBACK for Packet Identifier {packet_id} grants a higher QoS than was asked for")
            }
            Self::PubrelBeforePubrec(packet_id) => {
                write!(f, "PUBREL for Packet Identifier {packet_id} before its PUBREC")
            }
            Self::TooManyUnacknowledged => {
                f.write_str("more messages await their acknowledgement than there are Packet Identifiers")
            }
        }?;
        match self.clause() {
            Some(clause) => write!(f, " [{clause}]"),
            None => Ok(()),
        }
    }
}
