//! All connections of a capture.

use super::connection::Connection;
use super::connections::Connections;
use super::fragments::{Datagram, Fragments};
use super::order::Chunk;
use super::segment::{self, Content, Segment};
use super::{Context, Direction, Limits, Proof, Sink};
use crate::capture::{Entry, Time};

/// Records in, packets out.
#[derive(Debug)]
pub struct Streams {
    limits: Limits,
    ports: Vec<u16>,
    connections: Connections,
    fragments: Fragments,
    /// Bytes that are held by all of them.
    held: usize,
    /// The number of the next connection.
    next: u32,
    /// The last record.
    last: (u64, Time),
}

impl Streams {
    /// Without any connection; MQTT is expected on these ports, and recognised on others.
    pub fn new(ports: &[u16], limits: Limits) -> Self {
        Self {
            limits,
            ports: ports.to_vec(),
            connections: Connections::default(),
            fragments: Fragments::default(),
            held: 0,
            next: 0,
            last: (0, Time::default()),
        }
    }

    /// How many connections there were.
    pub fn count(&self) -> u32 {
        self.next
    }

    /// Bytes that are held of all connections.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Takes the next record.
    pub fn take<S: Sink>(&mut self, entry: &Entry<'_>, sink: &mut S) {
        self.last = (entry.number, entry.time);
        if let Some(segment) = &segment::plain(entry) {
            return self.whole(segment, entry, sink);
        }
        match segment::read(entry) {
            Content::Segment(segment) => self.whole(&segment, entry, sink),
            Content::Fragment(fragment) => {
                if let Some(datagram) = self.fragments.take(fragment, entry.number) {
                    self.datagram(&datagram, entry, sink);
                }
            }
            Content::Other => {}
        }
    }

    /// The capture is over.
    pub fn finish<S: Sink>(&mut self, sink: &mut S) {
        let mut connections: Vec<_> = self.connections.drain().collect();
        connections.sort_unstable_by_key(|connection| connection.info.number);
        for mut connection in connections {
            close(&mut connection, self.last, &self.limits, &mut self.held, sink);
        }
    }

    /// A TCP segment that lies in one record.
    #[inline]
    fn whole<S: Sink>(&mut self, segment: &Segment<'_>, entry: &Entry<'_>, sink: &mut S) {
        let Self { limits, connections, held, .. } = self;
        if let Some((connection, direction)) = connections.find(segment) {
            let mut cx = Context { entry, limits, held, proof: segment.proof(), sink };
            if connection.take_plain(segment, direction, &mut cx) {
                return;
            }
        }
        let chunk = Chunk { data: segment.data, frame: entry.number, time: entry.time, at: segment.data_at };
        let chunks: &[_] = if segment.wire_len == 0 { &[] } else { &[chunk] };
        self.segment(segment, chunks, entry, sink);
    }

    /// A TCP segment that came in several IP fragments: its data lie in several records.
    fn datagram<S: Sink>(&mut self, datagram: &Datagram, entry: &Entry<'_>, sink: &mut S) {
        let Datagram { source, destination, bytes, parts } = datagram;
        let Some(segment) = segment::read_tcp(*source, *destination, bytes, 0, 0) else { return };
        let chunks = parts.iter().filter_map(|part| {
            let (from, to) = (part.start.max(segment.data_at), part.start + part.len);
            let data = bytes.get(from..to)?;
            Some(Chunk { data, frame: part.frame, time: entry.time, at: part.at + (from - part.start) })
        });
        let chunks: Vec<_> = chunks.filter(|chunk| !chunk.data.is_empty()).collect();
        self.segment(&segment, &chunks, entry, sink);
    }

    fn segment<S: Sink>(
        &mut self,
        segment: &Segment<'_>,
        chunks: &[Chunk<'_>],
        entry: &Entry<'_>,
        sink: &mut S,
    ) {
        let Self { limits, ports, connections, held, next, .. } = self;
        let mut cx = Context { entry, limits, held, proof: segment.proof(), sink };
        if let Some((connection, direction)) = connections.find(segment) {
            if !connection.is_begun_anew_by(segment, direction) {
                connection.take(segment, direction, chunks, &mut cx);
                return;
            }
            connection.close(false, None, &mut cx);
        } else if connections.len() >= limits.connections {
            forget(connections, &mut cx);
        }
        let mut connection = Connection::new(*next, segment, entry.time, ports);
        *next = next.wrapping_add(1);
        connection.take(segment, Direction::Forward, chunks, &mut cx);
        connections.insert(connection);
    }
}

/// Forgets a quarter of the connections: those that are over first, then those that are silent longest.
fn forget<S: Sink>(connections: &mut Connections, cx: &mut Context<'_, S>) {
    let mut ages: Vec<_> = connections
        .iter()
        .map(|(slot, connection)| (!connection.over, connection.last.0, connection.info.number, slot))
        .collect();
    ages.sort_unstable_by_key(|(alive, last, number, _)| (*alive, *last, *number));
    for &(alive, .., slot) in ages.iter().take(ages.len() / 4 + 1) {
        if let Some(mut connection) = connections.remove(slot) {
            connection.close(alive, None, cx);
        }
    }
}

/// Closes a connection at the end of the capture, whose last record is given.
fn close<S: Sink>(
    connection: &mut Connection,
    capture_end: (u64, Time),
    limits: &Limits,
    held: &mut usize,
    sink: &mut S,
) {
    let (number, time): (u64, Time) = connection.last;
    let entry = Entry { number, time, link: None, bytes: &[], wire_len: 0, comments: &[] };
    let mut cx = Context { entry: &entry, limits, held, proof: Proof::Nothing, sink };
    connection.close(false, Some(capture_end), &mut cx);
}
