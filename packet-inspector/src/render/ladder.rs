//! A conversation as a ladder, as in a textbook: the Client at the left, the Server at the right.

use std::io::{self, Write};

use mqtt_codec::{Connack, Packet, Side};

use super::style;
use crate::capture::{Span, Time};
use crate::dissect::text;
use crate::stream::{Captured, Event, Info, Moment};

/// Columns between the two sides.
const WIDTH: usize = 58;

/// The longest text on an arrow.
const LONGEST: usize = 48;

/// One rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// The record.
    pub frame: u64,
    /// When it was captured.
    pub time: Time,
    /// Who sent it; `None` for what happened.
    pub from: Option<Side>,
    /// What it is.
    pub label: String,
}

impl Rung {
    /// A packet.
    pub fn of_packet(packet: &Captured<'_>) -> Self {
        let from = Some(packet.from().unwrap_or(Side::Client));
        Self { frame: packet.frame(), time: packet.time(), from, label: label(packet) }
    }

    /// What happened, if it is of use to know.
    pub fn of_event(moment: &Moment<'_>, event: Event) -> Option<Self> {
        let side = moment.info.side(moment.direction).map_or("one side", |side| match side {
            Side::Client => "the client",
            Side::Server => "the server",
        });
        let label = match event {
            Event::Finished => format!("{side} closes"),
            Event::Reset => format!("{side} aborts the connection"),
            _ => super::happening(event)?,
        };
        Some(Self { frame: moment.frame, time: moment.time, from: None, label })
    }
}

/// A packet in the standard's words: its name, identifier, topics, flags.
fn label(packet: &Captured<'_>) -> String {
    let Some(decoded) = packet.packet else {
        let name = packet.bytes.first().and_then(|&first| mqtt_codec::PacketType::of_first_byte(first));
        let name = name.map_or("RESERVED", mqtt_codec::PacketType::name);
        return format!("{name} ({})", if packet.is_cut() { "cut off" } else { "malformed" });
    };
    let name = decoded.packet_type().name();
    let shown = |bytes: &[u8]| text::visible(bytes);
    match decoded {
        Packet::Connect(connect) => {
            let clean = if connect.clean_session() { ", clean" } else { "" };
            let id = shown(connect.client_id().as_bytes());
            format!("{name} \"{id}\"{clean}, keep alive {}", connect.keep_alive())
        }
        Packet::Connack(Connack::Accepted { session_present }) => {
            format!("{name} accepted{}", if session_present { ", session present" } else { "" })
        }
        Packet::Connack(Connack::Refused(code)) => format!("{name} refused: {code}"),
        Packet::Publish(publish) => {
            let qos = publish.delivery.qos().as_u8();
            let id = publish.delivery.packet_id().map_or_else(String::new, |id| format!(" id={id}"));
            let dup = if publish.delivery.dup() { " DUP" } else { "" };
            let retain = if publish.retain { " RETAIN" } else { "" };
            let topic = shown(publish.topic.as_bytes());
            format!(
                "{name} QoS {qos}{id}{dup}{retain} {topic} ({})",
                super::count_bytes(publish.payload.len())
            )
        }
        Packet::Puback(id)
        | Packet::Pubrec(id)
        | Packet::Pubrel(id)
        | Packet::Pubcomp(id)
        | Packet::Unsuback(id) => format!("{name} id={id}"),
        Packet::Subscribe(subscribe) => {
            let filters: Vec<_> = subscribe
                .subscriptions
                .iter()
                .map(|(filter, qos)| format!("{} (QoS {})", shown(filter.as_bytes()), qos.as_u8()))
                .collect();
            format!("{name} id={} {}", subscribe.packet_id, filters.join(", "))
        }
        Packet::Suback(suback) => {
            let codes: Vec<_> = suback
                .return_codes
                .iter()
                .map(|code| match code.as_u8() {
                    0x80 => "failure".to_owned(),
                    qos => format!("QoS {qos}"),
                })
                .collect();
            format!("{name} id={} {}", suback.packet_id, codes.join(", "))
        }
        Packet::Unsubscribe(unsubscribe) => {
            let filters: Vec<_> = unsubscribe.filters.iter().map(|filter| shown(filter.as_bytes())).collect();
            format!("{name} id={} {}", unsubscribe.packet_id, filters.join(", "))
        }
        Packet::Pingreq | Packet::Pingresp | Packet::Disconnect => name.to_owned(),
    }
}

/// Writes a conversation as text: time since the rung before, frame, arrow.
///
/// # Errors
/// Those of the writer.
pub fn ladder(info: &Info, rungs: &[Rung], out: &mut impl Write) -> io::Result<()> {
    let (bold, faint) = (style::HEADING, style::FAINT);
    let (client, server) = ends(info);
    writeln!(out, "{bold}TCP stream {}{bold:#}: client {client}, server {server}", info.number)?;
    writeln!(out, "{:>14} {:>7}  Client{:>width$}", "time", "frame", "Server", width = WIDTH - 4)?;
    let mut before = rungs.first().map(|rung| rung.time);
    for rung in rungs {
        let gap: Span = rung.time.since(before.unwrap_or(rung.time));
        before = Some(rung.time);
        write!(out, "{faint}{:>+14.6} {:>7}{faint:#}  ", gap.as_seconds(), rung.frame)?;
        let label = shortened(&rung.label);
        let dashes = |used: usize| "-".repeat(WIDTH.saturating_sub(used + label.chars().count()));
        match rung.from {
            Some(Side::Client) => writeln!(out, "|-- {label} {}>|", dashes(5))?,
            Some(Side::Server) => writeln!(out, "|<{} {label} --|", dashes(5))?,
            None => writeln!(out, "|   {faint}{}{faint:#}", text::visible(rung.label.as_bytes()))?,
        }
    }
    Ok(())
}

/// Writes a conversation as a sequence diagram of Mermaid.
///
/// # Errors
/// Those of the writer.
pub fn mermaid(info: &Info, rungs: &[Rung], out: &mut impl Write) -> io::Result<()> {
    let (client, server) = ends(info);
    writeln!(out, "sequenceDiagram")?;
    writeln!(out, "    participant C as Client {client}")?;
    writeln!(out, "    participant S as Server {server}")?;
    for rung in rungs {
        // A semicolon ends a line, a hash begins an entity.
        let label = rung.label.replace('#', "#35;").replace(';', "#59;");
        match rung.from {
            Some(Side::Client) => writeln!(out, "    C->>S: {label}")?,
            Some(Side::Server) => writeln!(out, "    S->>C: {label}")?,
            None => writeln!(out, "    Note over C,S: {label}")?,
        }
    }
    Ok(())
}

fn ends(info: &Info) -> (std::net::SocketAddr, std::net::SocketAddr) {
    let client = info.client.unwrap_or(crate::stream::Direction::Forward);
    (info.sender(client), info.sender(client.opposite()))
}

fn shortened(label: &str) -> String {
    match label.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", label.get(..cut).unwrap_or(label)),
        None => label.to_owned(),
    }
}
