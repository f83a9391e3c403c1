//! A small MQTT 3.1.1 client that loses no message.
#![forbid(unsafe_code)]

mod message;
mod options;
pub mod session;
pub mod store;

pub use mqtt_codec::{QoS, TextError, TopicFilterBuf, TopicNameBuf};

pub use crate::message::Message;
pub use crate::options::{OptionsError, SessionOptions};
