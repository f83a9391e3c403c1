//! Other codecs: each disagreement has to be one of those that are known and explained here.

mod mqtt_proto;
mod mqttbytes;
mod mqttrs;

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use mqtt_codec::{DecodeError, Decoded, Decoder, PacketType};

use crate::common::model::Model;
use crate::common::verdict;
use crate::decode::declared_end;

/// Any bytes are answered as other codecs answer them, but for their known faults.
pub fn differential(bytes: &[u8]) {
    disagreements(bytes);
}

/// Peer and fault of each disagreement about these bytes.
///
/// # Panics
/// When one has no excuse.
pub fn disagreements(bytes: &[u8]) -> Vec<(&'static str, &'static str)> {
    let ours = Decoder::new().decode(bytes);
    PEERS
        .iter()
        .filter_map(|peer| {
            let case = Case { bytes, ours, theirs: (peer.decode)(bytes)? };
            if case.is_agreed() {
                return None;
            }
            let excuse = peer.excuses.iter().find(|excuse| (excuse.covers)(&case));
            let excuse = excuse.unwrap_or_else(|| {
                panic!("{}: {:?}, ours: {ours:?}, of {}", peer.name, case.theirs, hex::encode(bytes))
            });
            Some((peer.name, excuse.what))
        })
        .collect()
}

/// All excuses, by peer. Each has to be needed by some seed.
pub const EXCUSES: fn() -> Vec<(&'static str, &'static str)> =
    || PEERS.iter().flat_map(|peer| peer.excuses.iter().map(|excuse| (peer.name, excuse.what))).collect();

const PEERS: [Peer; 3] = [mqtt_proto::PEER, mqttrs::PEER, mqttbytes::PEER];

/// Another codec.
struct Peer {
    name: &'static str,
    /// What it says of the packet at the front; `None` when it is better not asked.
    decode: fn(&[u8]) -> Option<Answer>,
    excuses: &'static [Excuse],
}

/// A known fault, or a question that the standard leaves open and the peer decided otherwise.
struct Excuse {
    what: &'static str,
    covers: fn(&Case<'_>) -> bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Packet(Model),
    NeedMore,
    Refused,
    Panicked,
}

/// One input, and what two codecs say of it.
struct Case<'a> {
    bytes: &'a [u8],
    ours: Result<Decoded<'a>, DecodeError>,
    theirs: Answer,
}

impl Case<'_> {
    fn is_agreed(&self) -> bool {
        self.theirs
            == match verdict(self.ours) {
                crate::common::naive::Verdict::Packet(model, _) => Answer::Packet(model),
                crate::common::naive::Verdict::NeedMore(_) => Answer::NeedMore,
                crate::common::naive::Verdict::Error => Answer::Refused,
            }
    }

    /// What is wrong by ours, where theirs finds nothing wrong.
    fn accepts(&self) -> Option<DecodeError> {
        match self.theirs {
            Answer::Packet(_) => self.ours.err(),
            _ => None,
        }
    }

    /// What is wrong by ours, where theirs finds nothing wrong so far.
    fn passes(&self) -> Option<DecodeError> {
        self.accepts().or(self.waits())
    }

    /// The packet, where theirs refuses it.
    fn refuses(&self) -> Option<Model> {
        match (&self.theirs, self.ours) {
            (Answer::Refused, Ok(Decoded::Packet(packet, _))) => Some(Model::of(&packet)),
            _ => None,
        }
    }

    /// What is wrong by ours, where theirs waits for more.
    fn waits(&self) -> Option<DecodeError> {
        match self.theirs {
            Answer::NeedMore => self.ours.err(),
            _ => None,
        }
    }

    /// What both decoded, where it is not the same: ours, theirs.
    fn differs(&self) -> Option<(Model, &Model)> {
        match (&self.theirs, self.ours) {
            (Answer::Packet(theirs), Ok(Decoded::Packet(ours, _))) => Some((Model::of(&ours), theirs)),
            _ => None,
        }
    }

    fn packet_type(&self) -> Option<PacketType> {
        PacketType::of_first_byte(*self.bytes.first()?)
    }

    /// All the bytes that the packet declares are there.
    fn is_whole(&self) -> bool {
        declared_end(self.bytes).is_some_and(|end| end <= self.bytes.len())
    }
}

/// Calls what may panic; quietly, since libFuzzer takes any other panic for a crash.
fn quietly(decode: impl FnOnce() -> Answer) -> Answer {
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let answer = panic::catch_unwind(AssertUnwindSafe(decode));
    QUIET.set(false);
    answer.unwrap_or(Answer::Panicked)
}
