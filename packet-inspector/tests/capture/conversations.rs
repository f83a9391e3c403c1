//! Conversations that keep the rules, and those that break one, as [`play`](crate::analysis::play) reads them.

/// Publishes on topic `t` at QoS 1 and 2 with identifier 7, and their answers.
pub(crate) const GOOD: &[&str] = &[
    "hello\n c 30 04 00 01 74 21\n c e0 00\n close",
    "hello\n c 32 06 00 01 74 00 07 21\n s 40 02 00 07\n c 32 06 00 01 74 00 07 22\n s 40 02 00 07\n close",
    "hello\n c 34 06 00 01 74 00 07 21\n s 50 02 00 07\n c 62 02 00 07\n s 70 02 00 07\n c e0 00\n close",
    // Sent again, with two acknowledgements.
    "hello\n c 32 06 00 01 74 00 07 21\n c 3a 06 00 01 74 00 07 21\n s 40 02 00 07\n s 40 02 00 07\n close",
    // A retained message for a new subscription, then one that is passed on.
    "hello\n c 82 06 00 01 00 01 74 01\n s 90 03 00 01 01\n s 33 06 00 01 74 00 01 21\n c 40 02 00 01\n
     s 32 06 00 01 74 00 02 22\n c 40 02 00 02\n c a2 05 00 02 00 01 74\n s b0 02 00 02\n close",
    // A message before the SUBACK; a ping in time.
    "hello\n c 82 06 00 01 00 01 74 00\n s 30 03 00 01 74\n s 90 03 00 01 00\n wait 5\n c c0 00\n s d0 00\n close",
    // Two pings that are answered late, together.
    "hello\n c c0 00\n wait 1\n c c0 00\n wait 1\n s d0 00 d0 00\n wait 4\n c 30 03 00 01 74\n close",
    // Both sides use the same identifier.
    "hello\n c 82 06 00 01 00 01 74 01\n s 90 03 00 01 01\n c 32 05 00 01 74 00 01\n s 32 05 00 01 74 00 01\n
     c 40 02 00 01\n s 40 02 00 01\n close",
    // A session that is kept: the message that was not acknowledged is sent again.
    "keep\n c 82 06 00 01 00 01 74 01\n s 90 03 00 01 01\n c 32 05 00 01 75 00 02\n close\n
     open\n keep present\n c 3a 05 00 01 75 00 02\n s 40 02 00 02\n s 30 03 00 01 74\n wait 3\n c c0 00\n s d0 00\n close",
    // PUBREC and PUBREL twice: each PUBREL is answered.
    "hello\n c 34 06 00 01 74 00 07 21\n s 50 02 00 07\n c 62 02 00 07\n s 50 02 00 07\n c 62 02 00 07\n
     s 70 02 00 07 70 02 00 07\n close",
    // PUBREL is sent again without a PUBLISH.
    "keep\n c 34 05 00 01 75 00 02\n s 50 02 00 02\n c 62 02 00 02\n close\n
     open\n keep present\n c 62 02 00 02\n s 70 02 00 02\n close",
    // Refused, and closed.
    "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 00 05\n close",
    // A Keep Alive of 0 allows for any pause.
    "c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 61\n s 20 02 00 00\n wait 9000\n c 30 03 00 01 74\n close",
    // Another client takes the identifier: the first connection is closed by the server, its messages unanswered.
    "hello\n c 32 05 00 01 74 00 07\n open\n hello\n wait 2\n c 30 03 00 01 74\n close",
    // Many in flight, acknowledged in their order; the same identifiers again.
    "hello\n c 32 05 00 01 74 00 01 32 05 00 01 74 00 02 32 05 00 01 74 00 03\n s 40 02 00 01 40 02 00 02 40 02 00 03\n
     c 32 05 00 01 75 00 01 32 05 00 01 75 00 02\n s 40 02 00 01 40 02 00 02\n close",
    // A server acknowledges in any order.
    "hello\n c 32 05 00 01 74 00 01 34 05 00 01 74 00 02\n s 50 02 00 02\n c 62 02 00 02\n s 70 02 00 02 40 02 00 01\n close",
    // Two filters that match: the message comes twice.
    "hello\n c 82 0a 00 01 00 01 74 00 00 01 23 00\n s 90 04 00 01 00 00\n c 30 04 00 01 74 21\n s 30 04 00 01 74 21 30 04 00 01 74 21\n close",
    // A subscription is made again: the retained message comes again.
    "hello\n c 82 06 00 01 00 01 74 00\n s 90 03 00 01 00 31 04 00 01 74 21\n c 82 06 00 02 00 01 74 00\n s 90 03 00 02 00 31 04 00 01 74 21\n close",
    // A filter is refused.
    "hello\n c 82 06 00 01 00 01 74 02\n s 90 03 00 01 80\n c e0 00\n close",
    // An identifier of up to 65,535, no client identifier, a retained message that is cleared.
    "c 10 0c 00 04 4d 51 54 54 04 02 00 05 00 00\n s 20 02 00 00\n c 33 05 00 01 74 ff ff\n s 40 02 ff ff\n close",
    // A subscription that the server shares among clients, an extension.
    "hello\n c 82 0f 00 01 00 0a 24 73 68 61 72 65 2f 67 2f 74 00\n s 90 03 00 01 00\n s 30 03 00 01 74\n close",
    // Subscribed again at a lower QoS: what was sent before still comes.
    "hello\n c 82 06 00 01 00 01 74 02\n s 90 03 00 01 02\n c 82 06 00 02 00 01 74 00\n s 32 05 00 01 74 00 01\n
     s 90 03 00 02 00\n c 40 02 00 01\n s 32 05 00 01 74 00 02\n c 40 02 00 02\n close",
    // A long PUBLISH that comes in pieces is no pause.
    "hello\n wait 6\n c 30 05 00 01\n wait 3\n c 74 21 21\n close",
    // The server closes long after the client did.
    "hello\n c e0 00\n fin c\n wait 20\n fin s",
    // The client waits for the server to close; another aborts.
    "hello\n c e0 00\n fin s\n wait 3\n fin c",
    "hello\n c e0 00\n rst c",
    // Refused: the server closes, the client long after. Nothing has to be kept alive.
    "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 00 05\n fin s\n wait 20\n fin c",
    // Who waits for CONNACK keeps nothing alive; nor does the end of a capture prove anything.
    "c 10 0d 00 04 4d 51 54 54 04 02 00 02 00 01 61\n wait 4\n s 20 02 00 00\n wait 2\n c e0 00\n close",
    "hello\n c e0 00",
    // The capture goes on with another connection, yet not for long; or the first one was closed.
    "hello\n c e0 00\n open\n c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 62\n s 20 02 00 00\n wait 25\n c c0 00\n s d0 00\n close",
    "hello\n open\n c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 62\n s 20 02 00 00\n wait 25\n c c0 00\n s d0 00\n close",
    "hello\n c e0 00\n close\n open\n c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 62\n s 20 02 00 00\n wait 300\n c c0 00\n s d0 00\n close",
    "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 00 05\n close\n open\n c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 62\n s 20 02 00 00\n wait 300\n c c0 00\n s d0 00\n close",
    // Nothing answered yet when it ends.
    "hello\n c 82 06 00 01 00 01 74 01\n close",
    // The server answers, and is gone before anything acknowledges that.
    "c 10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 61\n s 20 02 00 00\n wait 15\n fin s",
    "hello\n c 82 06 00 01 00 01 74 00\n s 90 03 00 01 00\n wait 5\n fin s",
    "hello\n c 32 06 00 01 74 00 07 21\n s 40 02 00 07\n wait 5\n rst s",
    // The same of a session that goes on: what was acknowledged is not sent again.
    "keep\n c 32 06 00 01 74 00 07 21\n s 40 02 00 07\n fin c\n
     open\n keep present\n wait 3\n c c0 00\n s d0 00\n close",
    // What another client publishes comes for a subscription that is made again, as a retained message.
    "hello\n c 82 06 00 01 00 01 74 00\n s 90 03 00 01 00\n open\n
     c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 62\n s 20 02 00 00\n c 31 04 00 01 74 21\n back\n
     s 30 04 00 01 74 21\n c 82 06 00 02 00 01 74 00\n s 90 03 00 02 00 31 04 00 01 74 21\n c c0 00\n s d0 00\n close",
];

/// What is wrong, as kind and clauses, with the conversation.
pub(crate) const BAD: &[(&str, &[&str], &str)] = &[
    ("first_not_connect", &["MQTT-3.1.0-1"], "c c0 00\n close"),
    (
        "first_not_connack",
        &["MQTT-3.2.0-1"],
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s d0 00\n close",
    ),
    // That it matches no subscription is no second fault.
    (
        "first_not_connack",
        &["MQTT-3.2.0-1"],
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 30 03 00 01 74\n close",
    ),
    (
        "packet_after_refusal",
        &["MQTT-3.2.2-5"],
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 00 05\n s 30 03 00 01 74\n close",
    ),
    (
        "packet_after_refusal",
        &["MQTT-3.2.2-5"],
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 00 05\n wait 6\n s d0 00\n close",
    ),
    ("second_connect", &["MQTT-3.1.0-2"], "hello\n c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n close"),
    (
        "empty_client_id_accepted",
        &["MQTT-3.1.3-8"],
        "c 10 0c 00 04 4d 51 54 54 04 00 00 05 00 00\n s 20 02 00 00\n close",
    ),
    (
        "session_present",
        &["MQTT-3.2.2-1"],
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 01 00\n close",
    ),
    ("session_not_present", &["MQTT-3.2.2-2"], "keep\n close\n open\n keep\n close"),
    ("session_present", &["MQTT-3.2.2-3"], "hello\n close\n open\n keep present\n close"),
    (
        "packet_after_refusal",
        &["MQTT-3.2.2-5"],
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 00 05\n s d0 00\n close",
    ),
    (
        "sent_again_without_dup",
        &["MQTT-3.3.1-1"],
        "hello\n c 32 05 00 01 74 00 07\n c 32 05 00 01 74 00 07\n s 40 02 00 07\n close",
    ),
    ("dup_at_first", &["MQTT-4.3.2-1"], "hello\n c 3a 05 00 01 74 00 07\n s 40 02 00 07\n close"),
    (
        "dup_at_first",
        &["MQTT-3.3.1-3", "MQTT-4.3.2-1"],
        "hello\n c 82 06 00 01 00 01 74 01\n s 90 03 00 01 01\n s 3a 05 00 01 74 00 07\n c 40 02 00 07\n close",
    ),
    (
        "packet_id_in_use",
        &["MQTT-2.3.1-2"],
        "hello\n c 32 06 00 01 74 00 07 21\n c 32 06 00 01 74 00 07 22\n s 40 02 00 07\n close",
    ),
    (
        "packet_id_in_use",
        &["MQTT-2.3.1-2"],
        "hello\n c 82 06 00 01 00 01 74 01\n c a2 05 00 01 00 01 74\n s b0 02 00 01\n close",
    ),
    (
        "packet_id_in_use",
        &["MQTT-2.3.1-2", "MQTT-2.3.1-3"],
        "hello\n c 34 06 00 01 74 00 07 21\n s 50 02 00 07\n c 34 06 00 01 74 00 07 22\n close",
    ),
    (
        "packet_id_in_use",
        &["MQTT-2.3.1-4"],
        "hello\n c 82 06 00 01 00 01 74 01\n s 90 03 00 01 01\n s 32 06 00 01 74 00 07 21\n s 32 06 00 01 74 00 07 22\n c 40 02 00 07\n close",
    ),
    ("unknown_packet_id", &["MQTT-2.3.1-6"], "hello\n s 40 02 00 07\n close"),
    (
        "unknown_packet_id",
        &["MQTT-3.8.4-2", "MQTT-2.3.1-7"],
        "hello\n c 82 06 00 01 00 01 74 01\n s 90 03 00 02 01\n close",
    ),
    ("unknown_packet_id", &["MQTT-3.10.4-4", "MQTT-2.3.1-7"], "hello\n s b0 02 00 02\n close"),
    ("wrong_acknowledgement", &["MQTT-3.3.4-1"], "hello\n c 32 05 00 01 74 00 07\n s 50 02 00 07\n close"),
    ("wrong_acknowledgement", &["MQTT-3.3.4-1"], "hello\n c 34 05 00 01 74 00 07\n s 40 02 00 07\n close"),
    (
        "wrong_acknowledgement",
        &["MQTT-3.8.4-1", "MQTT-2.3.1-6"],
        "hello\n c 82 06 00 05 00 01 74 00\n s 40 02 00 05\n close",
    ),
    (
        "wrong_acknowledgement",
        &["MQTT-3.3.4-1", "MQTT-3.8.4-2", "MQTT-2.3.1-7"],
        "hello\n c 32 05 00 01 74 00 05\n s 90 03 00 05 00\n close",
    ),
    ("pubrel_before_pubrec", &["MQTT-4.3.3-1"], "hello\n c 34 05 00 01 74 00 07\n c 62 02 00 07\n close"),
    (
        "publish_after_pubrel",
        &["MQTT-4.3.3-1"],
        "hello\n c 34 05 00 01 74 00 07\n s 50 02 00 07\n c 62 02 00 07\n c 3c 05 00 01 74 00 07\n close",
    ),
    (
        "publish_after_pubrel",
        &["MQTT-4.3.3-1", "MQTT-3.3.1-1"],
        "hello\n c 34 05 00 01 74 00 07\n s 50 02 00 07\n c 62 02 00 07\n c 34 05 00 01 74 00 07\n close",
    ),
    (
        "pubcomp_before_pubrel",
        &["MQTT-4.3.3-2"],
        "hello\n c 34 05 00 01 74 00 07\n s 50 02 00 07\n s 70 02 00 07\n close",
    ),
    (
        "unacknowledged",
        &["MQTT-3.3.4-1", "MQTT-4.3.2-2"],
        "hello\n c 32 05 00 01 74 00 07\n wait 4\n c c0 00\n s d0 00\n close",
    ),
    (
        "unanswered",
        &["MQTT-3.8.4-1"],
        "hello\n c 82 06 00 01 00 01 74 01\n wait 4\n c c0 00\n s d0 00\n close",
    ),
    ("unanswered", &["MQTT-3.10.4-4"], "hello\n c a2 05 00 01 00 01 74\n wait 4\n c c0 00\n s d0 00\n close"),
    ("unanswered", &["MQTT-3.12.4-1"], "hello\n c c0 00\n wait 4\n c 30 03 00 01 74\n close"),
    // The later ones are answered.
    (
        "unanswered",
        &["MQTT-3.12.4-1"],
        "hello\n c c0 00\n wait 4\n c c0 00\n s d0 00\n wait 4\n c c0 00\n s d0 00\n c e0 00\n close",
    ),
    ("unanswered", &["MQTT-3.1.4-4"], "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n wait 4\n close"),
    (
        "answered_twice",
        &["MQTT-3.8.4-4"],
        "hello\n c 82 06 00 01 00 01 74 01\n s 90 03 00 01 01\n s 90 03 00 01 01\n close",
    ),
    (
        "answered_twice",
        &["MQTT-3.10.4-6"],
        "hello\n c a2 05 00 01 00 01 74\n s b0 02 00 01\n s b0 02 00 01\n close",
    ),
    ("suback_count", &["MQTT-3.8.4-5"], "hello\n c 82 06 00 01 00 01 74 01\n s 90 04 00 01 01 01\n close"),
    ("granted_too_much", &["MQTT-3.8.4-5"], "hello\n c 82 06 00 01 00 01 74 01\n s 90 03 00 01 02\n close"),
    (
        "granted_too_much",
        &["MQTT-3.8.4-5", "MQTT-3.9.3-1"],
        "hello\n c 82 0a 00 01 00 01 74 00 00 01 75 02\n s 90 04 00 01 02 00\n close",
    ),
    (
        "no_subscription",
        &["MQTT-3.3.2-3"],
        "hello\n c 82 06 00 01 00 01 74 01\n s 90 03 00 01 01\n s 30 03 00 01 75\n close",
    ),
    (
        "retain_on_established",
        &["MQTT-3.3.1-9"],
        "hello\n c 82 06 00 01 00 01 74 00\n s 90 03 00 01 00\n s 31 04 00 01 74 21\n s 31 04 00 01 74 22\n close",
    ),
    (
        "retain_missing",
        &["MQTT-3.3.1-8"],
        "hello\n c 31 04 00 01 74 21\n c 82 06 00 01 00 01 74 00\n s 90 03 00 01 00\n s 30 04 00 01 74 21\n close",
    ),
    ("packet_after_disconnect", &["MQTT-3.14.4-2"], "hello\n c e0 00\n c 30 03 00 01 74\n close"),
    ("second_connack", &["MQTT-3.2.0-1"], "hello\n s 20 02 00 00\n close"),
    ("connack_unasked", &["MQTT-3.2.0-1"], "s 20 02 00 00\n close"),
    ("pingresp_unasked", &[], "hello\n s d0 00\n close"),
    // One ping is answered twice: the second answer is one too many, and answers no later ping.
    ("pingresp_unasked", &[], "hello\n c c0 00\n s d0 00\n s d0 00\n c c0 00\n s d0 00\n close"),
    ("pingresp_unasked", &[], "hello\n c c0 00\n s d0 00 d0 00\n wait 1\n c c0 00\n s d0 00\n close"),
    (
        "not_closed",
        &["MQTT-3.2.2-5"],
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 00 05\n wait 6\n c c0 00",
    ),
    ("not_closed", &["MQTT-3.14.4-1"], "hello\n c c0 00\n c e0 00\n wait 6\n s d0 00"),
    ("not_closed", &["MQTT-3.14.4-1"], "hello\n c e0 00\n wait 6\n ack c"),
    ("not_closed", &["MQTT-3.14.4-1"], "hello\n c e0 00\n wait 6\n close"),
    ("not_closed", &["MQTT-3.14.4-1"], "hello\n c e0 00\n wait 6\n fin s\n fin c"),
    ("not_closed", &["MQTT-3.14.4-1"], "hello\n c e0 00\n wait 6\n rst s"),
    (
        "not_closed",
        &["MQTT-3.2.2-5"],
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 00 05\n wait 9\n fin c\n fin s",
    ),
    ("keep_alive_missed", &["MQTT-3.1.2-23", "MQTT-3.1.2-24"], "hello\n wait 8\n c c0 00\n s d0 00\n close"),
    ("keep_alive_missed", &["MQTT-3.1.2-23", "MQTT-3.1.2-24"], "hello\n wait 8\n close"),
    (
        "keep_alive_missed",
        &["MQTT-3.1.2-23", "MQTT-3.1.2-24"],
        "hello\n c 82 06 00 01 00 01 74 00\n s 90 03 00 01 00\n wait 8\n s 30 03 00 01 74",
    ),
    // The server closes then, as it has to.
    ("keep_alive_missed", &["MQTT-3.1.2-23"], "hello\n wait 8\n fin s\n fin c"),
    ("keep_alive_missed", &["MQTT-3.1.2-23"], "hello\n wait 8\n rst s"),
    // Nothing more of the connection, but the capture goes on.
    (
        "keep_alive_missed",
        &["MQTT-3.1.2-23", "MQTT-3.1.2-24"],
        "hello\n open\n c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 62\n s 20 02 00 00\n wait 40\n c c0 00\n s d0 00\n close",
    ),
    (
        "not_closed",
        &["MQTT-3.14.4-1"],
        "hello\n c e0 00\n open\n c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 62\n s 20 02 00 00\n wait 40\n c c0 00\n s d0 00\n close",
    ),
    (
        "not_closed",
        &["MQTT-3.2.2-5"],
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 00 05\n open\n c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 62\n s 20 02 00 00\n wait 40\n c c0 00\n s d0 00\n close",
    ),
    (
        "above_granted",
        &["MQTT-3.8.4-6"],
        "hello\n c 82 06 00 01 00 01 74 00\n s 90 03 00 01 00\n s 32 05 00 01 74 00 01\n c 40 02 00 01\n close",
    ),
    (
        "acknowledged_out_of_order",
        &["MQTT-4.6.0-2"],
        "hello\n c 82 06 00 01 00 01 74 01\n s 90 03 00 01 01\n s 32 06 00 01 74 00 01 21\n s 32 06 00 01 74 00 02 22\n c 40 02 00 02\n c 40 02 00 01\n close",
    ),
    (
        "acknowledged_out_of_order",
        &["MQTT-4.6.0-3"],
        "hello\n c 82 06 00 01 00 01 74 02\n s 90 03 00 01 02\n s 34 06 00 01 74 00 01 21\n s 34 06 00 01 74 00 02 22\n c 50 02 00 02\n c 50 02 00 01\n close",
    ),
    (
        "released_out_of_order",
        &["MQTT-4.6.0-4"],
        "hello\n c 34 06 00 01 74 00 01 21\n c 34 06 00 01 74 00 02 22\n s 50 02 00 01\n s 50 02 00 02\n c 62 02 00 02\n c 62 02 00 01\n close",
    ),
    (
        "sent_again_out_of_order",
        &["MQTT-4.6.0-1"],
        "keep\n c 32 05 00 01 75 00 01\n c 32 05 00 01 75 00 02\n close\n open\n keep present\n c 3a 05 00 01 75 00 02\n c 3a 05 00 01 75 00 01\n s 40 02 00 02\n s 40 02 00 01\n close",
    ),
    (
        "not_sent_again",
        &["MQTT-4.4.0-1"],
        "keep\n c 32 05 00 01 75 00 02\n close\n open\n keep present\n wait 3\n c c0 00\n s d0 00\n close",
    ),
    ("went_on", &["MQTT-2.2.2-2"], "hello\n c c1 00\n c c0 00\n s d0 00\n close"),
    // The answer to the malformed packet itself.
    ("went_on", &["MQTT-2.2.2-2"], "hello\n c 80 06 00 01 00 01 74 00\n s 90 03 00 01 00\n close"),
    // All in one segment.
    ("went_on", &["MQTT-2.2.2-2"], "hello\n c c1 00 c0 00\n s d0 00\n close"),
    ("went_on", &["MQTT-2.2.2-2"], "hello\n c c0 00 c1 00 c0 00\n s d0 00\n s d0 00\n close"),
    (
        "went_on",
        &["MQTT-4.8.0-1"],
        "hello\n c 36 05 00 01 74 00 01 32 05 00 01 74 00 01\n s 40 02 00 01\n close",
    ),
    ("went_on", &["MQTT-3.1.4-1"], "c 10 0d 00 04 4d 51 54 54 04 03 00 05 00 01 61\n s 20 02 00 00\n close"),
    // What came before it is answered.
    ("wrong_flags", &["MQTT-2.2.2-1"], "hello\n c c0 00\n c c1 00\n s d0 00\n close"),
    ("wrong_flags", &["MQTT-2.2.2-1"], "hello\n c c0 00 c1 00\n s d0 00\n close"),
    (
        "qos_3",
        &["MQTT-3.3.1-4"],
        "hello\n c 32 05 00 01 74 00 01 36 05 00 01 74 00 01\n s 40 02 00 01\n close",
    ),
    // What came behind it is not.
    (
        "wrong_flags",
        &["MQTT-2.2.2-1"],
        "hello\n c c1 00\n c c0 00\n c 32 05 00 01 74 00 01\n wait 4\n c 30 03 00 01 74\n close",
    ),
    // A version that does not exist.
    (
        "unsupported_protocol_level",
        &["MQTT-3.1.2-2"],
        "c 10 0d 00 04 4d 51 54 54 06 02 00 05 00 01 61\n s 20 02 00 01\n close",
    ),
    (
        "unsupported_protocol_level",
        &["MQTT-3.1.2-2"],
        "c 10 0d 00 04 4d 51 54 54 00 02 00 05 00 01 61\n close",
    ),
    (
        "unsupported_protocol_name",
        &["MQTT-3.1.2-1"],
        "c 10 0f 00 06 4d 51 49 73 64 70 04 02 00 05 00 01 61\n close",
    ),
    (
        "unsupported_level_accepted",
        &["MQTT-3.1.2-2"],
        "c 10 0d 00 04 4d 51 54 54 03 02 00 05 00 01 61\n s 20 02 00 00\n c c0 00\n s d0 00\n close",
    ),
    ("went_on", &["MQTT-4.8.0-1"], "hello\n c 32 05 00 01 74 00 00\n c c0 00\n s d0 00\n close"),
    // Of packets themselves: the near clause and the one about the field.
    (
        "ill_formed_utf8",
        &["MQTT-1.5.3-1", "MQTT-3.1.3-4"],
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 ff\n close",
    ),
    (
        "left_over_bytes",
        &["MQTT-4.8.0-1", "MQTT-3.1.2-18"],
        "c 10 10 00 04 4d 51 54 54 04 02 00 05 00 01 61 00 01 75\n close",
    ),
    ("dup_at_qos_0", &["MQTT-3.3.1-2", "MQTT-4.3.1-1"], "hello\n c 38 03 00 01 74\n close"),
    ("wildcard_in_topic_name", &["MQTT-3.3.2-2", "MQTT-4.7.1-1"], "hello\n c 30 03 00 01 23\n close"),
];
