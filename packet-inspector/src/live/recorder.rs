//! What passed, as records of a capture: TCP around it with handshakes, growing numbers, checksums.

use std::collections::HashMap;

use mqtt_codec::Side;

use super::{Happening, What};
use crate::build::tcp::{Flags, HANDSHAKE, Tcp, other};
use crate::capture::{Entry, Time};
use crate::net::Link;

/// The most bytes in one segment: as on the loopback, or with a network card that splits them.
const SEGMENT: usize = 32 << 10;

/// So many bytes that the other side did not answer are acknowledged by a segment without data.
const UNACKNOWLEDGED: usize = 16 << 10;

/// Makes records of what happened to connections.
#[derive(Debug, Default)]
pub struct Recorder {
    connections: HashMap<u32, Connection>,
    /// Records so far.
    number: u64,
    /// Of the last record: times don't go back.
    time: Time,
}

#[derive(Debug)]
struct Connection {
    tcp: Tcp,
    /// Bytes of the client and of the server that were not acknowledged.
    unacknowledged: [usize; 2],
    finished: [bool; 2],
    aborted: bool,
}

impl Recorder {
    /// Gives the records that show this, each numbered and timed.
    pub fn take(&mut self, happening: &Happening, each: impl FnMut(&Entry<'_>)) {
        self.time = self.time.max(happening.time);
        let number = happening.connection;
        if let What::Opened(endpoints) = happening.what {
            // Numbers that begin elsewhere tell connections between the same ports apart.
            let seq = number.wrapping_mul(0x9E37_79B9) | 1;
            let tcp = Tcp::new(endpoints, seq, seq.rotate_left(16));
            let connection = Connection { tcp, unacknowledged: [0; 2], finished: [false; 2], aborted: false };
            self.connections.insert(number, connection);
        }
        let Self { connections, number: records, time } = self;
        let Some(connection) = connections.get_mut(&number) else { return };
        let mut out = Out { records, time: *time, each };
        match &happening.what {
            What::Opened(_) => {
                for (from, flags) in HANDSHAKE {
                    out.record(&connection.tcp.segment(from, flags, &[]));
                }
            }
            What::Passed { from, left_out, bytes } => {
                connection.tcp.skip(*from, *left_out);
                bytes.chunks(SEGMENT).for_each(|data| connection.data(*from, data, &mut out));
            }
            What::Finished(from) => connection.finish(*from, &mut out),
            What::Aborted(from) => {
                if !std::mem::replace(&mut connection.aborted, true) {
                    out.record(&connection.tcp.segment(*from, Flags::RST, &[]));
                }
            }
            What::Closed => {
                connections.remove(&number);
            }
        }
    }
}

impl Connection {
    fn data(&mut self, from: Side, data: &[u8], out: &mut Out<'_, impl FnMut(&Entry<'_>)>) {
        out.record(&self.tcp.segment(from, Flags::DATA, data));
        let [client, server] = &mut self.unacknowledged;
        let (own, others) = match from {
            Side::Client => (client, server),
            Side::Server => (server, client),
        };
        *others = 0;
        *own += data.len();
        if *own >= UNACKNOWLEDGED {
            *own = 0;
            out.record(&self.tcp.segment(other(from), Flags::ACK, &[]));
        }
    }

    fn finish(&mut self, from: Side, out: &mut Out<'_, impl FnMut(&Entry<'_>)>) {
        let [client, server] = &mut self.finished;
        let own = match from {
            Side::Client => client,
            Side::Server => server,
        };
        if self.aborted || std::mem::replace(own, true) {
            return;
        }
        out.record(&self.tcp.segment(from, Flags::FIN, &[]));
        out.record(&self.tcp.segment(other(from), Flags::ACK, &[]));
    }
}

/// Where records go.
struct Out<'a, F> {
    records: &'a mut u64,
    time: Time,
    each: F,
}

impl<F: FnMut(&Entry<'_>)> Out<'_, F> {
    fn record(&mut self, bytes: &[u8]) {
        *self.records += 1;
        (self.each)(&Entry {
            number: *self.records,
            time: self.time,
            link: Some(Link::Ethernet),
            bytes,
            wire_len: bytes.len(),
            comments: &[],
        });
    }
}
