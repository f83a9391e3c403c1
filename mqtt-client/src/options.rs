//! What a session is asked to be: identity, Keep Alive, will, and the bounds that we chose.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use mqtt_codec::{
    BinaryData, Connect, ConnectFields, EncodeError, Login, MAX_PACKET_LEN, Packet, TextError, Utf8Str, Will,
};

use crate::message::Message;

/// How a session is to behave. Every bound on memory and time is here, with a default.
///
/// ```
/// use mqtt_client::SessionOptions;
///
/// let options = SessionOptions::new("PythonPub").clean_session(false).keep_alive(5).in_flight(20);
/// ```
#[derive(Clone)]
pub struct SessionOptions {
    pub(crate) client_id: String,
    pub(crate) clean_session: bool,
    pub(crate) keep_alive: u16,
    pub(crate) will: Option<Message>,
    pub(crate) user_name: Option<String>,
    pub(crate) password: Option<Bytes>,
    pub(crate) in_flight: u16,
    pub(crate) queued_messages: usize,
    pub(crate) queued_bytes: usize,
    pub(crate) max_packet_len: usize,
    pub(crate) connack_timeout: Duration,
    pub(crate) pingresp_timeout: Option<Duration>,
    pub(crate) manual_acknowledgement: bool,
}

impl SessionOptions {
    /// With this Client Identifier (3.1.3.1), Clean Session 1, Keep Alive 60 s.
    ///
    /// It may be empty: then the Server makes one up, and Clean Session has to stay 1 [MQTT-3.1.3-7].
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            clean_session: true,
            keep_alive: 60,
            will: None,
            user_name: None,
            password: None,
            in_flight: 20,
            queued_messages: 10_000,
            queued_bytes: 4 << 20,
            max_packet_len: 16 << 20,
            connack_timeout: Duration::from_secs(10),
            pingresp_timeout: None,
            manual_acknowledgement: false,
        }
    }

    /// Clean Session (3.1.2.4): with `false` both sides keep the session over connections. Default `true`.
    ///
    /// Without a store a new process begins anew at Packet Identifier 1. If the Server still holds that of a QoS 2 message
    /// of the process before, it takes the new one for the same: it is acknowledged, and lost. With a [store](crate::store) it is not.
    #[must_use]
    pub fn clean_session(mut self, clean_session: bool) -> Self {
        self.clean_session = clean_session;
        self
    }

    /// Keep Alive in seconds, 0 for off (3.1.2.10). Default 60.
    ///
    /// PINGREQ goes out when nothing was sent for almost so long, or, while an acknowledgement is awaited, when nothing came.
    /// A connection is given up no later than 1.25 of it after the last byte (while an acknowledgement is awaited, the last
    /// that came), so it has to be longer than the largest message takes on its way.
    #[must_use]
    pub fn keep_alive(mut self, seconds: u16) -> Self {
        self.keep_alive = seconds;
        self
    }

    /// The will: a message that the Server publishes when the connection ends without DISCONNECT (3.1.2.5). Its payload
    /// has at most 65,535 bytes.
    #[must_use]
    pub fn will(mut self, will: Message) -> Self {
        self.will = Some(will);
        self
    }

    /// User name and, if any, password. They appear in no `Debug` output.
    #[must_use]
    pub fn login(mut self, user_name: impl Into<String>, password: Option<Bytes>) -> Self {
        self.user_name = Some(user_name.into());
        self.password = password;
        self
    }

    /// How many messages at QoS 1 and 2 (and SUBSCRIBE and UNSUBSCRIBE) may be unacknowledged at once: 1 to 65,535.
    /// With 1, no late duplicate can come between newer messages (4.6).
    ///
    /// Default 20. More is faster over long ways, but ask the Server first: Mosquitto 2.0 acknowledges QoS 2 messages
    /// beyond its `max_inflight_messages`, which is 20 too, and drops them.
    #[must_use]
    pub fn in_flight(mut self, messages: u16) -> Self {
        self.in_flight = messages.max(1);
        self
    }

    /// How many accepted messages may wait for the network or for a place in flight, and how many bytes of topics and
    /// payloads they may have together; a message is taken while they have fewer, so the last can go beyond. Default 10,000 and 4 MiB.
    #[must_use]
    pub fn queue(mut self, messages: usize, bytes: usize) -> Self {
        self.queued_messages = messages.max(1);
        self.queued_bytes = bytes;
        self
    }

    /// The longest packet accepted from the Server, in bytes. Default 16 MiB; at most 268,435,460.
    #[must_use]
    pub fn max_packet_len(mut self, bytes: usize) -> Self {
        self.max_packet_len = bytes.clamp(4, MAX_PACKET_LEN);
        self
    }

    /// How long to wait for CONNACK. Default 10 s.
    #[must_use]
    pub fn connack_timeout(mut self, timeout: Duration) -> Self {
        self.connack_timeout = timeout;
        self
    }

    /// How long to wait for PINGRESP, from when PINGREQ was written. Default: a quarter of Keep Alive, so that a half-open
    /// connection is given up no later than 1.25 Keep Alive periods after the last byte: the last that came, or the last
    /// that the network took while PINGREQ waited behind others. Bytes that had to wait lengthen it within that bound.
    #[must_use]
    pub fn pingresp_timeout(mut self, timeout: Duration) -> Self {
        self.pingresp_timeout = Some(timeout);
        self
    }

    /// Leave it to the user to acknowledge: PUBACK or PUBREC leaves only after
    /// [`Received::acknowledge`](crate::Received::acknowledge). Default `false`: a message is acknowledged when it is
    /// handed over.
    #[must_use]
    pub fn manual_acknowledgement(mut self, manual: bool) -> Self {
        self.manual_acknowledgement = manual;
        self
    }

    /// The Client Identifier.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The CONNECT packet.
    pub(crate) fn encode_connect(&self, out: &mut Vec<u8>) -> Result<(), OptionsError> {
        let will = match &self.will {
            Some(will) => Some(Will {
                topic: will.topic.as_name(),
                message: BinaryData::new(&will.payload).map_err(OptionsError::Will)?,
                qos: will.qos,
                retain: will.retain,
            }),
            None => None,
        };
        let login = match &self.user_name {
            Some(user_name) => Some(Login {
                user_name: Utf8Str::new(user_name).map_err(OptionsError::UserName)?,
                password: match &self.password {
                    Some(password) => Some(BinaryData::new(password).map_err(OptionsError::Password)?),
                    None => None,
                },
            }),
            None => None,
        };
        let fields = ConnectFields {
            clean_session: self.clean_session,
            keep_alive: self.keep_alive,
            client_id: Utf8Str::new(&self.client_id).map_err(OptionsError::ClientId)?,
            will,
            login,
        };
        Packet::Connect(Connect::new(&fields)).encode_to(out).map_err(OptionsError::Connect)?;
        Ok(())
    }
}

impl fmt::Debug for SessionOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionOptions")
            .field("client_id", &self.client_id)
            .field("clean_session", &self.clean_session)
            .field("keep_alive", &self.keep_alive)
            .field("will", &self.will.as_ref().map(|will| (&will.topic, will.qos, will.retain)))
            .field("login", &self.user_name.as_ref().map(|_| "hidden"))
            .field("in_flight", &self.in_flight)
            .field("queued_messages", &self.queued_messages)
            .field("queued_bytes", &self.queued_bytes)
            .field("max_packet_len", &self.max_packet_len)
            .field("connack_timeout", &self.connack_timeout)
            .field("pingresp_timeout", &self.pingresp_timeout)
            .field("manual_acknowledgement", &self.manual_acknowledgement)
            .finish()
    }
}

/// These options can't be put into a CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// See the source.
    #[error("client identifier: {0}")]
    ClientId(TextError),
    /// See the source.
    #[error("user name: {0}")]
    UserName(TextError),
    /// See the source.
    #[error("password: {0}")]
    Password(TextError),
    /// See the source.
    #[error("will message: {0}")]
    Will(TextError),
    /// See the source; [`EncodeError::EmptyClientId`] for an empty Client Identifier with Clean Session 0.
    #[error("{0}")]
    Connect(EncodeError),
    /// Clean Session 1 keeps nothing, so there is nothing to store [MQTT-3.1.2-6].
    #[error("a store needs Clean Session 0 [MQTT-3.1.2-6]")]
    StoreWithCleanSession,
}
