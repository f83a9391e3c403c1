//! `sessions`: Client Identifiers, and the connections of each.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use mqtt_codec::Side;
use packet_inspector::analysis::{self, Ended, Finding, Name, Reason};
use packet_inspector::dissect::text::visible;
use packet_inspector::redact::hidden;
use packet_inspector::render::counted;

use super::room::Room;

/// The most bytes that are held of all connections, about.
const MOST: usize = 5 << 20;

/// The bytes from which on the Topic Filters of a connection are only counted.
const MOST_FILTERS: usize = 4096;

/// The most connections whose protocol is remembered until they are over.
const MOST_LEFT_ALONE: usize = 20_000;

/// Whose a connection is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Client {
    /// Its CONNECT was not captured.
    Unknown,
    /// It is another version of MQTT, or another protocol.
    LeftAlone(String),
    /// It has this Client Identifier.
    Named(Name),
}

/// Connections as they are shown, by client.
pub(super) struct Sessions {
    clients: BTreeMap<Client, Vec<Box<str>>>,
    /// What connections that are not over are, instead of MQTT 3.1.1.
    left_alone: HashMap<u32, String>,
    redact: bool,
    room: Room,
}

impl analysis::Listener for Sessions {
    fn finding(&mut self, _: Finding) {}

    fn left_alone(&mut self, stream: u32, reason: &Reason) {
        if self.left_alone.len() >= MOST_LEFT_ALONE {
            self.left_alone.clear();
        }
        let is = match reason {
            Reason::Other(other) => format!("not MQTT 3.1.1 but {other}"),
            Reason::OtherVersion(protocol) => format!("not MQTT 3.1.1 but {protocol}"),
        };
        self.left_alone.insert(stream, is);
    }

    fn ended(&mut self, ended: &Ended) {
        let left_alone = self.left_alone.remove(&ended.info.number);
        let client = match (&ended.connect, left_alone) {
            (_, Some(is)) => Client::LeftAlone(is),
            (Some(connect), None) => Client::Named(connect.client_id.clone()),
            (None, None) => Client::Unknown,
        };
        let line = describe(ended, self.redact);
        // A client that is new has a place in a map, with room beside it.
        let of_client = if self.clients.contains_key(&client) { 0 } else { 160 };
        if self.room.take(line.len() + 32 + of_client) {
            self.clients.entry(client).or_default().push(line.into());
        }
    }
}

impl Sessions {
    pub(super) fn new(redact: bool) -> Self {
        let (clients, left_alone) = (BTreeMap::new(), HashMap::new());
        Self { clients, left_alone, redact, room: Room::of(MOST) }
    }

    pub(super) fn write(self, out: &mut dyn Write) -> io::Result<()> {
        for (client, connections) in &self.clients {
            let client = match client {
                Client::Unknown => "(CONNECT not captured)".to_owned(),
                Client::LeftAlone(is) => format!("({is})"),
                Client::Named(id) if id.is_empty() => "(empty client identifier)".to_owned(),
                Client::Named(id) => shown(id),
            };
            writeln!(out, "{client}: {}", counted(connections.len() as u64, "connection"))?;
            connections.iter().try_for_each(|line| writeln!(out, "    {line}"))?;
        }
        self.room.left_out(out)
    }
}

fn shown(name: &Name) -> String {
    visible(name.to_string().as_bytes())
}

/// A connection in a line.
fn describe(ended: &Ended, redact: bool) -> String {
    let mut parts = vec![format!("stream {}", ended.info.number)];
    if let Some(connect) = &ended.connect {
        parts.push(if connect.clean_session { "clean session" } else { "kept session" }.to_owned());
        parts.push(format!("keep alive {} s", connect.keep_alive));
        if let Some((topic, qos, retain)) = &connect.will {
            let retain = if *retain { ", retained" } else { "" };
            parts.push(format!("will on {} at QoS {qos}{retain}", shown(topic)));
        }
        if let Some(user) = &connect.user_name {
            parts.push(format!("user {}", if redact { hidden(user.len()) } else { shown(user) }));
        }
    }
    let refused = ended.connack.filter(|answer| answer.code != 0);
    match (ended.connack, refused) {
        (_, Some(answer)) => parts.push(format!("refused with code {}", answer.code)),
        (Some(answer), None) if answer.session_present => parts.push("session present".to_owned()),
        _ => {}
    }
    // Who was refused is subscribed to nothing.
    if refused.is_none() && !ended.subscriptions.is_empty() {
        parts.push(format!("subscribed to {}", filters(&ended.subscriptions)));
    }
    let [sent, received] = ended.published;
    parts.push(format!("{} sent, {received} received", counted(sent, "message")));
    parts.push(format!("{:.3} s, {}", ended.end.since(ended.info.began).as_seconds(), end(ended)));
    parts.join("; ")
}

/// Topic Filters, as many as there is room for.
fn filters(subscriptions: &[(String, u8)]) -> String {
    let mut list = String::new();
    for (place, (filter, qos)) in subscriptions.iter().enumerate() {
        if place > 0 && list.len() + filter.len() > MOST_FILTERS {
            list.push_str(&format!(", and {} more", subscriptions.len() - place));
            break;
        }
        let comma = if place > 0 { ", " } else { "" };
        list.push_str(&format!("{comma}{} at QoS {qos}", visible(filter.as_bytes())));
    }
    list
}

/// How it ended.
fn end(ended: &Ended) -> &'static str {
    match (ended.disconnected, ended.reset, ended.ended_by) {
        (true, ..) => "ended by DISCONNECT",
        (false, true, _) => "aborted",
        (false, false, Some(Side::Client)) => "closed by the client, without DISCONNECT",
        (false, false, Some(Side::Server)) => "closed by the server",
        (false, false, None) => "open at the end, or its end is not in the capture",
    }
}
