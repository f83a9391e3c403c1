//! What is worth knowing of a packet that decodes: legal but odd, or wrong beyond what a decoder may refuse.

use mqtt_codec::{Connack, ConnectReturnCode, Field, Packet, Side};

use super::text;
use super::tree::{Node, Value};
use crate::finding::{Finding, Severity};
use crate::fixed_header;

pub(super) fn of_packet(
    packet: &Packet<'_>,
    nodes: &[Node],
    from: Option<Side>,
    offset: usize,
    findings: &mut Vec<Finding>,
) {
    findings.extend(overlong_length(nodes, offset));
    match packet {
        Packet::Connect(connect) => {
            findings.extend(client_id(connect.client_id().as_bytes(), connect.clean_session(), nodes));
        }
        Packet::Connack(Connack::Refused(ConnectReturnCode::Reserved(code))) => {
            let message = format!("return code {} is reserved", code.get());
            findings.extend(
                at(nodes, "return_code", Severity::Warning, "reserved_return_code", message).map(|finding| {
                    finding
                        .against("MQTT-4.8.0-1")
                        .hint("codes 0 to 5 exist; a client takes any other for a refusal and closes")
                }),
            );
        }
        Packet::Publish(publish)
            if from == Some(Side::Client) && publish.topic.as_bytes().first() == Some(&b'$') =>
        {
            let message = "a client publishes to a topic that begins with $";
            findings.extend(
                at(nodes, "topic", Severity::Warning, "publish_to_dollar_topic", message)
                    .map(|finding| finding.hint("such topics are the server's own (4.7.2)")),
            );
        }
        _ => {}
    }
    findings.extend(nodes.iter().filter_map(discouraged));
}

/// Whether there is nothing to say of a packet of these bytes, which can be told without a tree. Of some packets there is
/// nothing to say though this is false.
pub(crate) fn is_silent(packet: &Packet<'_>, bytes: &[u8], from: Option<Side>) -> bool {
    let is_its_sender = match (packet.packet_type().sender(), from) {
        (Some(only), Some(side)) => only == side,
        _ => true,
    };
    is_its_sender
        && fixed_header::read(bytes)
            .is_some_and(|(_, value, body_at)| body_at == 1 + shortest_length(value as u64))
        && match packet {
            Packet::Publish(publish) => {
                let topic = publish.topic.as_bytes();
                is_unsuspicious(topic) && !(from == Some(Side::Client) && topic.first() == Some(&b'$'))
            }
            Packet::Connect(connect) => {
                let id = connect.client_id().as_bytes();
                (is_guaranteed(id) || id.is_empty() && connect.clean_session())
                    && connect.will().is_none_or(|will| is_unsuspicious(will.topic.as_bytes()))
                    && connect.login().is_none_or(|login| is_unsuspicious(login.user_name.as_bytes()))
            }
            Packet::Connack(connack) => !matches!(connack, Connack::Refused(ConnectReturnCode::Reserved(_))),
            Packet::Subscribe(subscribe) => {
                subscribe.subscriptions.iter().all(|(filter, _)| is_unsuspicious(filter.as_bytes()))
            }
            Packet::Unsubscribe(unsubscribe) => {
                unsubscribe.filters.iter().all(|filter| is_unsuspicious(filter.as_bytes()))
            }
            _ => true,
        }
}

/// A text without any character that a sender should avoid, as far as that is quickly seen.
fn is_unsuspicious(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A finding on the node with this key.
fn at(
    nodes: &[Node],
    key: &str,
    severity: Severity,
    kind: &'static str,
    message: impl Into<String>,
) -> Option<Finding> {
    let node = nodes.iter().find(|node| node.key == Some(key))?;
    Some(
        Finding::new(severity, kind, node.bytes.start, node.bytes.len(), message)
            .in_field(standard_name(node)),
    )
}

/// What the standard calls a field that notes are made on; the tree has Wireshark's word for it.
fn standard_name(node: &Node) -> &'static str {
    let field = match node.key {
        Some("client_id") => Field::ClientIdentifier,
        Some("return_code") => Field::ConnectReturnCode,
        Some("topic") => Field::TopicName,
        Some("filters") => Field::TopicFilter,
        Some("will_topic") => Field::WillTopic,
        Some("username") => Field::UserName,
        Some("remaining_length") => Field::RemainingLength,
        _ => return node.name,
    };
    field.name()
}

/// A Remaining Length in more bytes than it needs: legal in 3.1.1, yet no encoder should write it.
fn overlong_length(nodes: &[Node], offset: usize) -> Option<Finding> {
    let node = nodes.iter().find(|node| node.key == Some("remaining_length"))?;
    let Value::Number(value) = node.value else { return None };
    let shortest = shortest_length(value);
    let len = node.bytes.len();
    (len > shortest).then(|| {
        let message = format!("the length {value} is written in {len} bytes where {shortest} would do");
        Finding::new(Severity::Note, "overlong_remaining_length", offset + 1, len, message)
            .in_field(standard_name(node))
            .hint("MQTT 3.1.1 has no rule against it; MQTT 5.0 forbids it")
    })
}

/// How many bytes a Remaining Length needs.
fn shortest_length(value: u64) -> usize {
    match value {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    }
}

/// Whether every server accepts this Client Identifier (3.1.3.1).
fn is_guaranteed(id: &[u8]) -> bool {
    (1..=23).contains(&id.len()) && id.iter().all(u8::is_ascii_alphanumeric)
}

fn client_id(id: &[u8], clean_session: bool, nodes: &[Node]) -> Option<Finding> {
    if id.is_empty() && !clean_session {
        let message = "the client identifier is empty though clean session is 0";
        return at(nodes, "client_id", Severity::Warning, "empty_client_id", message).map(|finding| {
            finding
                .against("MQTT-3.1.3-7")
                .hint("the server answers CONNACK 2 and closes; name the client, or set clean session")
        });
    }
    if id.is_empty() || is_guaranteed(id) {
        return None;
    }
    let message = "a server need not accept this client identifier";
    at(nodes, "client_id", Severity::Note, "client_id_not_guaranteed", message).map(|finding| {
        finding.against("MQTT-3.1.3-5").hint("1 to 23 bytes of 0-9, a-z, A-Z are accepted by every server")
    })
}

/// Characters that a sender should avoid and a receiver may refuse (1.5.3).
fn discouraged(node: &Node) -> Option<Finding> {
    let Value::Text(value) = &node.value else { return None };
    let (at, c) = value.char_indices().find(|&(_, c)| mqtt_codec::is_discouraged(c))?;
    let message = format!("character {}", text::visible(c.to_string().as_bytes()));
    Some(
        Finding::new(
            Severity::Warning,
            "discouraged_character",
            node.bytes.start + at,
            c.len_utf8(),
            format!("{message} is a control character or non-character"),
        )
        .in_field(standard_name(node))
        .hint("a receiver may close the connection because of it (1.5.3)"),
    )
}
