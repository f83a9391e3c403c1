//! What MQTT codecs cost: the same operations on the same bytes, by each implementation in its fastest documented use.
//!
//! [`workloads`] holds the bytes, [`sample`] names the packets, [`operation`] the rows of the tables, [`measure`] the loops
//! that repeat an operation, [`callgrind`] counts their instructions, [`baseline`] keeps them. One module per
//! implementation.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot build its input, or decode it, has nothing to say"
)]

pub mod baseline;
pub mod callgrind;
pub mod clients;
pub mod machine;
pub mod malformed;
pub mod measure;
pub mod numbers;
pub mod operation;
pub mod plot;
pub mod readme;
pub mod sample;
pub mod size;
pub mod workloads;

pub mod flowsdk;
pub mod mqtt5;
pub mod mqtt_proto;
pub mod mqtt_protocol_core;
pub mod mqttbytes;
pub mod mqttrs;
pub mod ntex;
pub mod ours;
pub mod rmqtt;
pub mod rumqttc;

pub use measure::Prepared;
pub use operation::Operation;
pub use sample::Sample;

/// A codec, and what it can do of the [`Operation`]s.
#[derive(Debug, Clone, Copy)]
pub struct Implementation {
    /// What it is called in the tables.
    pub name: &'static str,
    /// The package that holds its codec.
    pub package: &'static str,
    /// Whether it decodes these bytes to a packet: for [`malformed`].
    pub decode: fn(&[u8]) -> Verdict,
    /// Makes ready to do an operation so many times; `None` when it cannot be done.
    pub prepare: fn(Operation, usize) -> Option<Prepared>,
}

impl Implementation {
    /// What it can do.
    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        Operation::all().filter(|&operation| (self.prepare)(operation, 1).is_some())
    }
}

/// What a codec says of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are a packet.
    Accepted,
    /// They are the beginning of one.
    Unfinished,
    /// They are none.
    Refused,
    /// The codec panicked.
    Panicked,
}

impl Verdict {
    /// Of a decoder that gives `None` when it needs more bytes.
    pub fn of<T, E>(result: &Result<Option<T>, E>) -> Self {
        match result {
            Ok(Some(_)) => Self::Accepted,
            Ok(None) => Self::Unfinished,
            Err(_) => Self::Refused,
        }
    }
}

/// All implementations, ours first.
pub const IMPLEMENTATIONS: &[Implementation] = &[
    ours::IMPLEMENTATION,
    mqttrs::IMPLEMENTATION,
    mqttbytes::IMPLEMENTATION,
    mqtt_proto::IMPLEMENTATION,
    rumqttc::IMPLEMENTATION,
    ntex::IMPLEMENTATION,
    rmqtt::IMPLEMENTATION,
    mqtt_protocol_core::IMPLEMENTATION,
    flowsdk::IMPLEMENTATION,
    mqtt5::IMPLEMENTATION,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_runs() {
        for implementation in IMPLEMENTATIONS {
            for run in Operation::all().filter_map(|operation| (implementation.prepare)(operation, 2)) {
                run();
            }
        }
    }

    #[test]
    fn everyone_accepts_the_workloads() {
        let others = [Sample::PublishUtf8, Sample::Publish1K, Sample::Publish64K];
        for implementation in IMPLEMENTATIONS {
            for sample in Sample::EVERY_TYPE.into_iter().chain(others) {
                let verdict = (implementation.decode)(sample.bytes());
                assert_eq!(verdict, Verdict::Accepted, "{}: {}", implementation.name, sample.label());
            }
        }
    }

    #[test]
    fn everyone_does_every_packet_type_both_ways() {
        for implementation in IMPLEMENTATIONS {
            for operation in Operation::every_type() {
                assert!(
                    (implementation.prepare)(operation, 1).is_some(),
                    "{} {operation:?}",
                    implementation.name
                );
            }
        }
    }
}
