//! Findings of single packets, those of the dissection, as findings of a conversation.

use super::connection::Connection;
use super::{At, Context, Finding, Listener, clauses};
use crate::dissect::{PacketTree, is_silent};
use crate::finding::{self, Severity};
use crate::frame::Frame;
use crate::stream::Captured;

impl Connection {
    /// What is wrong with the packet itself.
    pub(super) fn packet_findings(
        &self,
        captured: &Captured<'_>,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        if captured.packet.is_some_and(|packet| is_silent(&packet, captured.bytes, captured.from())) {
            return;
        }
        for tree in Frame::of_packet(captured) {
            let findings = tree.findings.iter().filter(|finding| is_told(finding));
            findings.for_each(|finding| {
                cx.listener.finding(Finding {
                    severity: severity_of(finding),
                    kind: finding.kind,
                    clauses: clauses_of(finding, &tree, captured.bytes),
                    message: format!("{}: {}", tree.name(), sentence(finding)),
                    stream: captured.info.number,
                    side: captured.from(),
                    frames: vec![at.frame],
                    time: at.time,
                });
            });
        }
    }
}

/// Notes that are made on good packets are none of a conversation's.
fn is_told(finding: &finding::Finding) -> bool {
    finding.severity > Severity::Note || finding.kind == "overlong_remaining_length"
}

/// A receiver has to take and answer a CONNECT without Client Identifier; who sends it breaks a rule. One of a version
/// that the standard does not know may be of a later one: who sends it breaks none, and the Server has to answer.
fn severity_of(finding: &finding::Finding) -> Severity {
    match finding.kind {
        "empty_client_id" => Severity::Error,
        "unsupported_protocol_level" => Severity::Warning,
        _ => finding.severity,
    }
}

fn sentence(finding: &finding::Finding) -> String {
    match &finding.field {
        Some(field) => format!("{} in {field}", finding.message),
        None => finding.message.clone(),
    }
}

fn clauses_of(finding: &finding::Finding, tree: &PacketTree, bytes: &[u8]) -> Vec<&'static str> {
    let mut clauses: Vec<_> = finding.clause.into_iter().collect();
    let related = if finding.kind == "left_over_bytes" && tree.name() == "CONNECT" {
        let flags = tree.find("connect_flags").and_then(|node| bytes.get(node.bytes.start)).copied();
        let left = bytes.get(finding.offset..finding.offset + finding.length).unwrap_or_default();
        Some(clauses::left_over_in_connect(flags.unwrap_or_default(), left))
    } else if finding.kind == "impossible_length"
        && tree.name() == "CONNECT"
        && matches!(tree.remaining_length(), Some(10 | 11))
        && bytes.get(2..).is_some_and(|body| body.starts_with(b"\0\x04MQTT\x04"))
    {
        // A CONNECT that ends where the Client Identifier begins.
        Some("MQTT-3.1.3-3")
    } else {
        clauses::related(finding.kind, finding.field.as_deref(), tree.name())
    };
    clauses.extend(related.filter(|related| Some(*related) != finding.clause));
    clauses
}
