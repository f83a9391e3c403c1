//! Builds packets from their fields, in the JSON that [`render::json`](crate::render::json) writes, and puts them into
//! TCP segments of a capture that Wireshark opens. It is the way back: what decodes to an object is built from it.
//!
//! ```
//! use packet_inspector::build;
//! use serde_json::json;
//!
//! let bytes = build::packet(&json!({ "packet": "PUBLISH", "topic": "internet", "payload_text": "IOT" }))?;
//! assert_eq!(bytes, b"\x30\x0d\x00\x08internetIOT");
//! # Ok::<(), build::BuildError>(())
//! ```

mod error;
mod fields;
mod packet;
mod pcap;
mod pcapng;
mod stream;
pub(crate) mod tcp;

pub use error::{BuildError, Problem};
pub use packet::packet;
pub use pcap::pcap;
pub use pcapng::Pcapng;
pub use stream::{Endpoints, MixedFamilies, Stream};

use serde_json::Value;

/// Each object in a text of JSON: one behind the other, as `decode` prints them, or in arrays.
///
/// # Errors
/// The text is not JSON.
pub fn objects(text: &str) -> Result<Vec<Value>, serde_json::Error> {
    let mut objects = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value? {
            Value::Array(values) => objects.extend(values),
            value => objects.push(value),
        }
    }
    Ok(objects)
}
