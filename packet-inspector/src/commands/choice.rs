//! Which packets of a capture are shown.

use std::collections::HashMap;

use clap::Args;
use mqtt_codec::{Packet, TopicFilter};
use packet_inspector::capture::Time;
use packet_inspector::filter::Filter;
use packet_inspector::stream::Captured;

/// The most connections whose client is remembered.
const MOST: usize = 100_000;

#[derive(Args)]
pub(crate) struct Choice {
    /// Only packets that match, as in Wireshark: mqtt.msgtype == 3 && mqtt.topic contains "light"
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<Filter>,

    /// Only connections of this Client Identifier
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,

    /// Only messages whose topic matches this Topic Filter, which may have wildcards, and requests about filters that
    /// match a topic together with it
    #[arg(long, value_name = "FILTER", value_parser = topic_filter)]
    topic: Option<String>,
}

fn topic_filter(text: &str) -> Result<String, String> {
    TopicFilter::new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

impl Choice {
    pub(crate) fn start(&self) -> Chosen<'_> {
        Chosen { choice: self, clients: HashMap::new() }
    }
}

/// A choice, with what it has to remember.
pub(crate) struct Chosen<'a> {
    choice: &'a Choice,
    /// Connections whose CONNECT was seen, and whether its client is the one.
    clients: HashMap<u32, bool>,
}

impl Chosen<'_> {
    /// Whether some packets are left out.
    pub(crate) fn is_choosy(&self) -> bool {
        let Choice { filter, client_id, topic } = self.choice;
        filter.is_some() || client_id.is_some() || topic.is_some()
    }

    /// Whether this packet is to be shown.
    pub(crate) fn takes(&mut self, packet: &Captured<'_>, start: Time) -> bool {
        let Choice { filter, client_id, topic } = self.choice;
        if let Some(id) = client_id
            && !self.is_of(id, packet)
        {
            return false;
        }
        topic.as_ref().is_none_or(|topic| has_topic(packet, topic))
            && filter.as_ref().is_none_or(|filter| filter.matches(packet, start))
    }

    fn is_of(&mut self, id: &str, packet: &Captured<'_>) -> bool {
        let stream = packet.info.number;
        if let Some(Packet::Connect(connect)) = packet.packet
            && self.clients.len() < MOST
        {
            self.clients.insert(stream, connect.client_id().as_bytes() == id.as_bytes());
        }
        self.clients.get(&stream).copied().unwrap_or_default()
    }
}

/// Messages on a topic that matches, and requests about filters that match a topic together with this one.
fn has_topic(packet: &Captured<'_>, wanted: &str) -> bool {
    let Ok(filter) = TopicFilter::new(wanted) else { return false };
    match packet.packet {
        Some(Packet::Publish(publish)) => filter.matches(publish.topic),
        Some(Packet::Subscribe(subscribe)) => {
            subscribe.subscriptions.iter().any(|(asked, _)| overlap(asked.as_bytes(), wanted.as_bytes()))
        }
        Some(Packet::Unsubscribe(unsubscribe)) => {
            unsubscribe.filters.iter().any(|asked| overlap(asked.as_bytes(), wanted.as_bytes()))
        }
        _ => false,
    }
}

/// Whether there is a topic that both Topic Filters match (4.7).
fn overlap(one: &[u8], other: &[u8]) -> bool {
    let is_wild = |filter: &[u8]| matches!(filter.first(), Some(b'#' | b'+'));
    // No wildcard at the front matches a topic that begins with $ (4.7.2).
    let (own, others) = (one.starts_with(b"$"), other.starts_with(b"$"));
    if own && is_wild(other) || others && is_wild(one) {
        return false;
    }
    let (mut one, mut other) = (one.split(|byte| *byte == b'/'), other.split(|byte| *byte == b'/'));
    loop {
        match (one.next(), other.next()) {
            // It matches the level above it, too.
            (Some(b"#"), _) | (_, Some(b"#")) | (None, None) => return true,
            (Some(level), Some(same)) if level == same || level == b"+" || same == b"+" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_overlap_when_a_topic_matches_both() {
        for (one, other) in [
            ("#", "a/b"),
            ("a/#", "a"),
            ("a/+", "+/b"),
            ("a/b", "a/b"),
            ("+/b/#", "a/+/c"),
            ("$SYS/#", "$SYS/a"),
            ("/", "+/+"),
        ] {
            assert!(overlap(one.as_bytes(), other.as_bytes()), "{one} {other}");
            assert!(overlap(other.as_bytes(), one.as_bytes()), "{other} {one}");
        }
        for (one, other) in
            [("a", "b"), ("a/+", "a"), ("a/b", "a/b/c"), ("#", "$SYS/a"), ("+/a", "$SYS/#"), ("a/b/#", "+/c")]
        {
            assert!(!overlap(one.as_bytes(), other.as_bytes()), "{one} {other}");
            assert!(!overlap(other.as_bytes(), one.as_bytes()), "{other} {one}");
        }
    }
}
