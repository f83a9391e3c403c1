//! A small MQTT 3.1.1 client that loses no message.
//!
//! ```no_run
//! use std::time::Duration;
//! use mqtt_client::{Message, Options, QoS, SessionOptions};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options::new("mqtt://localhost".parse()?, SessionOptions::new("PythonPub"));
//! let (client, _) = mqtt_client::start(options).await?;
//! let delivery = client.publish(Message::new("internet", "IOT")?.qos(QoS::ExactlyOnce)).await?;
//! println!("{}", delivery.await);
//! client.disconnect(Duration::from_secs(5)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`session`] is all of the protocol, without I/O and without a clock: calls, bytes and the time go in; bytes, changes
//!   to be stored, events and the next deadline come out.
//! - [`connect`] gives a [`Client`] handle and a [`Driver`], the future that does the work: it connects, reconnects, moves
//!   bytes, stores and sleeps. [`start`] spawns it.
//! - Every accepted message has one [`Outcome`]; nothing is called delivered that was not acknowledged.
//! - [`store`] keeps a session over the end of the process, also by `kill -9`.
//! - Every bound on memory and time is an option: see [`SessionOptions`] and [`Options`].
//! - [`promises`] lists what goes wrong with MQTT clients, and what this one does, each with the tests that hold it.
#![forbid(unsafe_code)]

mod client;
mod driver;
mod error;
mod message;
mod options;
#[doc = include_str!("../PROMISES.md")]
pub mod promises {}
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
