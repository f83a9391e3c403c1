//! What MQTT codecs cost: the same operations on the same bytes, by each implementation in its fastest documented use.
//!
//! [`workloads`] holds the bytes, [`operation`] the rows of the tables, [`measure`] the loops that repeat an operation,
//! [`callgrind`] counts their instructions. One module per implementation, each a function per operation.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot build its input, or decode it, has nothing to say"
)]

pub mod callgrind;
pub mod malformed;
pub mod measure;
pub mod operation;
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

/// A codec, and what it can do of the [`Operation`]s.
#[derive(Debug, Clone, Copy)]
pub struct Implementation {
    /// What it is called in the tables.
    pub name: &'static str,
    /// The package that holds its codec.
    pub package: &'static str,
    /// Whether it decodes these bytes to a packet: for [`malformed`].
    pub decode: fn(&[u8]) -> Verdict,
    /// What it can do.
    pub rows: &'static [Row],
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

/// One operation of one implementation.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What is done.
    pub operation: Operation,
    /// Makes ready to do it so many times.
    pub prepare: fn(usize) -> Prepared,
}

impl Row {
    const fn new(operation: Operation, prepare: fn(usize) -> Prepared) -> Self {
        Self { operation, prepare }
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
            for row in implementation.rows {
                (row.prepare)(2)();
            }
        }
    }

    #[test]
    fn everyone_accepts_the_workloads() {
        let packets: [&[u8]; 8] = [
            workloads::PINGREQ,
            workloads::PUBACK,
            &workloads::CONNECT,
            &workloads::SUBSCRIBE,
            &workloads::PUBLISH_64,
            &workloads::PUBLISH_UTF8,
            &workloads::PUBLISH_1K,
            &workloads::PUBLISH_64K,
        ];
        for implementation in IMPLEMENTATIONS {
            for packet in packets {
                assert_eq!((implementation.decode)(packet), Verdict::Accepted, "{}", implementation.name);
            }
        }
    }
}
