//! `topics`: the tree of topics.

use std::collections::BTreeMap;
use std::io::{self, Write};

use mqtt_codec::{Packet, Side};
use packet_inspector::capture::Time;
use packet_inspector::dissect::text::visible;
use packet_inspector::render::counted;
use packet_inspector::stream::{Captured, Sink};

use super::super::capture::Listener;
use super::room::Room;

/// Topics with what was published on them.
#[derive(Default)]
pub(super) struct Topics {
    root: Level,
    room: Room,
}

#[derive(Default)]
struct Level {
    below: BTreeMap<String, Level>,
    /// Messages from Clients and from Servers, bytes of their payloads, and how many had RETAIN.
    messages: [u64; 2],
    bytes: u64,
    retained: u64,
}

/// The most levels of a topic that are told apart.
const DEEPEST: usize = 64;

impl Sink for Topics {
    fn packet(&mut self, packet: &Captured<'_>) {
        let Some(Packet::Publish(publish)) = packet.packet else { return };
        let topic = visible(publish.topic.as_bytes());
        let mut level = &mut self.root;
        for name in topic.splitn(DEEPEST, '/') {
            if !level.below.contains_key(name) {
                // The first child of a level brings a node with room for eleven.
                let places = if level.below.is_empty() { 11 } else { 2 };
                if !self.room.take(name.len() + places * size_of::<(String, Level)>()) {
                    return;
                }
            }
            level = level.below.entry(name.to_owned()).or_default();
        }
        let from = usize::from(packet.from() == Some(Side::Server));
        if let Some(count) = level.messages.get_mut(from) {
            *count += 1;
        }
        level.bytes += publish.payload.len() as u64;
        level.retained += u64::from(publish.retain);
    }
}

impl Listener for Topics {
    fn start(&mut self, _: Time) {}
}

impl Topics {
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.root.write(0, out)?;
        self.room.left_out(out)
    }
}

impl Level {
    fn write(&self, depth: usize, out: &mut dyn Write) -> io::Result<()> {
        for (name, level) in &self.below {
            let name = if name.is_empty() { "(empty)" } else { name };
            write!(out, "{:indent$}{name}", "", indent = 2 * depth)?;
            let [clients, servers] = level.messages;
            if clients + servers > 0 {
                write!(out, ": {clients} published, {servers} delivered, {}", counted(level.bytes, "byte"))?;
                if level.retained > 0 {
                    write!(out, ", {} with RETAIN", level.retained)?;
                }
            }
            writeln!(out)?;
            level.write(depth + 1, out)?;
        }
        Ok(())
    }
}
