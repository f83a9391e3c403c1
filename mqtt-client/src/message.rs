//! Application Messages, as users send and get them.

use bytes::Bytes;
use mqtt_codec::{Delivery, Publish, QoS, TextError, TopicNameBuf};

/// An Application Message: a payload for a topic.
///
/// Topic and payload are shared, not copied, when a message is cloned.
///
/// ```
/// use mqtt_client::{Message, QoS};
///
/// let message = Message::new("home/light/status", "Light is ON")?.qos(QoS::AtLeastOnce).retain(true);
/// assert_eq!(message.payload, "Light is ON");
/// assert!(Message::new("home/#", "").is_err());
/// # Ok::<(), mqtt_client::TextError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it is published to.
    pub topic: TopicNameBuf,
    /// Any bytes, also none.
    pub payload: Bytes,
    /// How hard to try. Of a received message: the QoS that the Server delivered it with.
    pub qos: QoS,
    /// To the Server: keep it for later subscribers, or forget the kept one when the payload is empty. From the Server:
    /// it was kept, and came because of a new subscription (3.3.1.3).
    pub retain: bool,
}

impl Message {
    /// A message at QoS 0, not retained.
    ///
    /// # Errors
    /// The topic is not a Topic Name: empty, with wildcards, with U+0000, or above 65,535 bytes.
    pub fn new<T>(topic: T, payload: impl Into<Bytes>) -> Result<Self, TextError>
    where
        T: TryInto<TopicNameBuf, Error: Into<TextError>>,
    {
        Ok(Self::to(topic.try_into().map_err(Into::into)?, payload))
    }

    /// A message at QoS 0, not retained, to a topic that was checked before.
    pub fn to(topic: TopicNameBuf, payload: impl Into<Bytes>) -> Self {
        Self { topic, payload: payload.into(), qos: QoS::AtMostOnce, retain: false }
    }

    /// The same with this QoS.
    #[must_use]
    pub fn qos(mut self, qos: QoS) -> Self {
        self.qos = qos;
        self
    }

    /// The same with RETAIN set or not.
    #[must_use]
    pub fn retain(mut self, retain: bool) -> Self {
        self.retain = retain;
        self
    }

    /// The PUBLISH that carries it.
    #[inline]
    pub(crate) fn publish(&self, delivery: Delivery) -> Publish<'_> {
        Publish { delivery, retain: self.retain, topic: self.topic.as_name(), payload: &self.payload }
    }

    /// The bytes that it takes in a queue: topic and payload.
    #[inline]
    pub(crate) fn weight(&self) -> usize {
        self.topic.as_bytes().len() + self.payload.len()
    }
}
