//! A small MQTT 3.1.1 client that loses no message.
#![forbid(unsafe_code)]

mod client;
mod driver;
mod error;
mod message;
mod options;
pub mod session;
pub mod store;
mod trace;
pub mod transport;

pub use mqtt_codec::{QoS, SubackReturnCode, TextError, TopicFilterBuf, TopicNameBuf};

pub use crate::client::{
    Client, ConnectionEvent, ConnectionEvents, Delivery, Leftover, Messages, Received, Statistics,
    Subscription,
};
pub use crate::driver::options::{Connecting, Direction, Options};
pub use crate::driver::reconnect::{Backoff, Failure, Never, Reconnect};
pub use crate::driver::{Driver, connect, start};
pub use crate::error::{Closed, Error, PublishError, SubscribeError, TryPublishError};
pub use crate::message::Message;
pub use crate::options::{OptionsError, SessionOptions};
pub use crate::session::{Doubt, Outcome};
