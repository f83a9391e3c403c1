//! The properties that the fuzz targets check: plain functions of bytes, which panic when a property does not hold.
//!
//! The model of a packet and the naive decoder are those of `mqtt-codec`'s tests.
#![forbid(unsafe_code)]

#[path = "../../mqtt-codec/tests/common/mod.rs"]
mod common;

mod capture;
mod decode;
mod differential;
mod frame;
mod input;
mod log;
mod net;
mod round_trip;
pub mod seeds;
mod session;
#[path = "../../mqtt-client/tests/sim/mod.rs"]
mod sim;
#[path = "../../mqtt-client/tests/store/log.rs"]
mod store_log;
mod stream;
mod topics;

use mqtt_codec::{Decoder, Side};

use common::naive::Rules;

pub use capture::capture;
pub use decode::decode;
pub use differential::{EXCUSES, differential, disagreements};
pub use input::input;
pub use log::log;
pub use net::{NET_SELECTORS, net};
pub use round_trip::round_trip;
pub use session::session;
pub use stream::stream;
pub use topics::topics;

/// A property by its name, which is also that of the target and of its corpus.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 10] = [
    ("decode", decode),
    ("stream", stream),
    ("round_trip", round_trip),
    ("topics", topics),
    ("input", input),
    ("net", net),
    ("differential", differential),
    ("session", session),
    ("capture", capture),
    ("log", log),
];

/// Every decoder that a caller can ask for, with the same rules for the naive one.
fn decoders() -> [(Decoder, Rules); 5] {
    let any = Rules::ANY;
    [
        (Decoder::new(), any),
        (Decoder::new().sent_by(Side::Client), Rules { sender: Some(Side::Client), ..any }),
        (Decoder::new().sent_by(Side::Server), Rules { sender: Some(Side::Server), ..any }),
        (Decoder::new().strict_text(true), Rules { strict_text: true, ..any }),
        (
            Decoder::new().sent_by(Side::Client).strict_text(true).max_packet_len(24),
            Rules { sender: Some(Side::Client), strict_text: true, max_packet_len: 24 },
        ),
    ]
}
