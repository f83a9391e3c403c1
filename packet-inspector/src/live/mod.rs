//! Connections that are watched while they live: who forwards bytes tells a [`Tap`], and somebody else makes records of
//! them, as if they had been captured. From there on they go the way of every capture.
//!
//! ```
//! use mqtt_codec::Side;
//! use packet_inspector::build::Endpoints;
//! use packet_inspector::live::{self, Recorder};
//!
//! let (tap, happenings) = live::tap(1 << 20);
//! let connection = tap.open(Endpoints::default());
//! connection.passed(Side::Client, b"\xc0\x00");
//! drop((connection, tap));
//!
//! let mut recorder = Recorder::default();
//! let mut records = 0;
//! for happening in happenings {
//!     recorder.take(&happening, |_entry| records += 1);
//! }
//! assert_eq!(records, 4, "a handshake, and a segment");
//! ```

mod handshakes;
mod recorder;
mod tap;

pub use handshakes::Handshakes;
pub use recorder::Recorder;
pub use tap::{Happening, Happenings, Tap, Watched, What, tap};
