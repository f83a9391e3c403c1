//! All connections of a capture.

use super::connection::Connection;
use super::connections::Connections;
use super::fragments::{Datagram, Fragments};
use super::order::Chunk;
use super::overdue::Overdue;
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
    overdue: Overdue,
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
            overdue: Overdue::default(),
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
        if self.overdue.has_any(entry.time) {
            self.time_passes(entry.time, sink);
        }
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

    /// What has waited long enough is given on, though no segment of its own connection comes.
    #[cold]
    fn time_passes<S: Sink>(&mut self, now: Time, sink: &mut S) {
        // The others when the next records come, so that none takes long.
        const AT_ONCE: usize = 4;
        let Self { limits, connections, overdue, held, .. } = self;
        for _ in 0..AT_ONCE {
            let Some((slot, number)) = overdue.take(now) else { return };
            let connection = connections.get_mut(slot).filter(|it| it.info.number == number);
            let goes_on = connection.is_some_and(|connection| {
                let entry = no_entry(connection);
                let mut cx = Context { entry: &entry, limits, held, proof: Proof::Nothing, sink };
                connection.wait_on(now, &mut cx)
            });
            if goes_on {
                overdue.add(now, (slot, number));
            }
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
        let Self { limits, ports, connections, overdue, held, next, .. } = self;
        let mut cx = Context { entry, limits, held, proof: segment.proof(), sink };
        if let Some((connection, direction)) = connections.find(segment) {
            if !connection.is_begun_anew_by(segment, direction) {
                connection.take(segment, direction, chunks, &mut cx);
                let number = connection.begins_to_wait().then_some(connection.info.number);
                if let (Some(number), Some(slot)) = (number, connections.last_slot()) {
                    overdue.add(entry.time, (slot, number));
                }
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

/// The last record of a connection, of which nothing is held.
fn no_entry(connection: &Connection) -> Entry<'static> {
    let (number, time) = connection.last;
    Entry { number, time, link: None, bytes: &[], wire_len: 0, comments: &[] }
}

/// Closes a connection at the end of the capture, whose last record is given.
fn close<S: Sink>(
    connection: &mut Connection,
    capture_end: (u64, Time),
    limits: &Limits,
    held: &mut usize,
    sink: &mut S,
) {
    let entry = no_entry(connection);
    let mut cx = Context { entry: &entry, limits, held, proof: Proof::Nothing, sink };
    connection.close(false, Some(capture_end), &mut cx);
}
