//! Decodes MQTT 3.1.1 from what people paste, shows it as Wireshark does, and explains what is wrong with it.
//!
//! ```
//! use packet_inspector::frame::{Frame, Options};
//! use packet_inspector::input::{self, InputFormat};
//! use packet_inspector::render;
//!
//! let records = input::read(b"32 0a  00 03 61 2f 62  00 00  68 69 21", InputFormat::Auto)?;
//! let frame = Frame::new(1, records[0].clone(), Options::default());
//! let mut out = Vec::new();
//! render::summary(&frame, &mut out)?;
//! assert_eq!(
//!     String::from_utf8(out)?,
//!     "Publish Message [a/b] - packet identifier is zero in Packet Identifier at byte 7 [MQTT-2.3.1-1]\n",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Floors, each knows only those above it in this list: [`finding`] and [`record`], [`input`] (text to records), [`net`]
//! (Ethernet, IP, TCP), [`dissect`] (MQTT), [`frame`] (all of it together), [`render`].

pub mod analysis;
pub mod build;
pub mod capture;
mod damage;
pub mod diff;
pub mod dissect;
pub mod filter;
pub mod finding;
mod fixed_header;
pub mod frame;
pub mod input;
pub mod live;
pub mod net;
#[cfg(feature = "page")]
pub mod page;
mod payload;
#[cfg(feature = "proxy")]
pub mod proxy;
pub mod record;
pub mod redact;
pub mod render;
pub mod repair;
pub mod stats;
pub mod stream;
mod words;
