//! MQTT 3.1.1 packets, from bytes and to bytes: strict, zero-copy, without allocation.
//!
//! ```
//! use mqtt_codec::{Decoded, Packet, Publish, TopicName};
//!
//! let publish = Publish::at_most_once(TopicName::new("internet")?, b"IOT");
//! let mut buffer = [0; 64];
//! let written = Packet::from(publish).encode(&mut buffer)?;
//! assert_eq!(buffer[..written], *b"\x30\x0d\x00\x08internetIOT");
//!
//! match Packet::decode(&buffer[..written])? {
//!     Decoded::Packet(packet, length) => {
//!         assert_eq!(packet, Packet::Publish(publish));
//!         assert_eq!(length, written);
//!     }
//!     Decoded::NeedMore { .. } => panic!("the packet is whole"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Decoder`] takes packets off the front of a stream: a [`Packet`] with its length, *need more*, or a
//!   [`DecodeError`] that says what is wrong, in which field, at which byte, against which statement of the standard.
//! - [`Packet`] borrows from the caller's bytes. CONNECT and the lists of SUBSCRIBE, SUBACK and UNSUBSCRIBE are views:
//!   checked once, then read straight off the wire.
//! - What a type can hold is legal: a [`PacketId`] is never 0, a [`TopicName`] has no wildcards. What is left to
//!   go wrong when encoding is an [`EncodeError`].
//! - An [`Observer`] hears of each field while it is decoded, for tools that show packets.
//!
//! # Features
//!
//! | feature | adds | needs |
//! |---|---|---|
//! | `std` (default) | `From` each error `for std::io::Error` | `std` |
//! | `bytes` | `PacketBuf`, an owned packet in one `Bytes`; `TopicNameBuf` and `TopicFilterBuf`; `Packet::encode_to` for any `BufMut` | `alloc` |
//! | `tokio` | `MqttCodec` for `tokio_util::codec::Framed` | `std` |
//!
//! Without features the crate needs neither `std` nor `alloc` and has no dependencies. Lengths go up to 256 MiB, so pointers
//! have at least 32 bits. Whoever receives into a buffer of fixed size sets [`Decoder::max_packet_len`] to its length:
//! what does not fit is refused then, instead of being waited for.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(target_pointer_width = "16")]
compile_error!("mqtt-codec needs pointers of 32 bits or more: packets have up to 268,435,460 bytes");

#[cfg(feature = "bytes")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod connack;
mod connect;
mod decoder;
mod display;
mod error;
mod field;
mod fixed_header;
mod matching;
mod packet;
#[cfg(feature = "bytes")]
mod packet_buf;
mod packet_id;
mod packet_type;
mod protocol;
mod publish;
mod qos;
mod reader;
mod scan;
mod suback;
mod subscribe;
mod summary;
#[cfg(feature = "tokio")]
mod tokio_codec;
mod topic;
#[cfg(feature = "bytes")]
mod topic_buf;
mod unsubscribe;
mod utf8_str;
mod writer;

pub use connack::{Connack, ConnectReturnCode, ReservedReturnCode};
pub use connect::{Connect, ConnectFields, Login, Will};
pub use decoder::{Decoded, Decoder, MAX_PACKET_LEN};
pub use error::{DecodeError, EncodeError, Fault, TextError};
pub use field::{Field, Observer};
pub use packet::Packet;
#[cfg(feature = "bytes")]
pub use packet_buf::PacketBuf;
pub use packet_id::{PacketId, PacketIdError};
pub use packet_type::{PacketType, PacketTypeError, Side};
pub use protocol::{Protocol, ProtocolName};
pub use publish::{Delivery, Publish};
pub use qos::{QoS, QoSError};
pub use scan::is_discouraged;
pub use suback::{ReturnCodes, ReturnCodesIter, Suback, SubackReturnCode};
pub use subscribe::{Subscribe, Subscriptions, SubscriptionsIter};
pub use summary::is_hostile;
#[cfg(feature = "tokio")]
pub use tokio_codec::{CodecError, MqttCodec};
pub use topic::{TopicFilter, TopicName};
#[cfg(feature = "bytes")]
pub use topic_buf::{TopicFilterBuf, TopicNameBuf};
pub use unsubscribe::{TopicFilters, TopicFiltersIter, Unsubscribe};
pub use utf8_str::{BinaryData, Utf8Str};
