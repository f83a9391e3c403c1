//! What differs between packets, by what they mean.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{frames, read};
use expect_test::{Expect, expect};
use packet_inspector::diff::{Depth, Items, compare};
use packet_inspector::render;

fn items(text: &str, depth: Depth) -> Items {
    let mut items = Items::new(depth);
    frames(text, None).iter().for_each(|frame| items.add(frame));
    items
}

#[track_caller]
fn differs(a: &str, b: &str, depth: Depth, expected: &Expect) {
    let (a, b) = (items(a, depth), items(b, depth));
    let comparison = compare(&a, &b);
    let mut out = Vec::new();
    render::diff(&comparison, &mut out).unwrap();
    render::diff_json(&comparison, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    expected.assert_eq(&anstream::adapter::strip_str(&out).to_string());
}

#[test]
fn identifiers_and_lengths_are_set_aside() {
    let (a, b) = ("32 07 0001 61 0007 6869", "32 07 0001 61 0008 6869");
    differs(
        a,
        b,
        Depth::Meaning,
        &expect![[r#"
        1 of 1 packet the same
    "#]],
    );
    differs(
        a,
        b,
        Depth::All,
        &expect![[r#"
        Publish Message (id=7) [a] | Publish Message (id=8) [a] (frame 1, byte 0 | frame 1, byte 0)
            Message Identifier: 7 | 8
        0 of 1 packet the same
        {"packet":"PUBLISH","a":{"frame":1,"offset":0},"b":{"frame":1,"offset":0},"fields":[{"name":"Message Identifier","wireshark":"mqtt.msgid","a":7,"b":8}]}
    "#]],
    );
}

#[test]
fn fields_are_named() {
    differs(
        "30 05 0001 61 6869",
        "3b 0a 0003 612f62 0007 686921",
        Depth::Meaning,
        &expect![[r#"
            Publish Message [a] | Publish Message (id=7) [a/b] (frame 1, byte 0 | frame 1, byte 0)
                DUP Flag: Not set | Set
                QoS Level: At most once delivery (Fire and Forget) (0) | At least once delivery (Acknowledged deliver) (1)
                Retain: Not set | Set
                Topic: a | a/b
                Message: "hi" | "hi!"
            0 of 1 packet the same
            {"packet":"PUBLISH","a":{"frame":1,"offset":0},"b":{"frame":1,"offset":0},"fields":[{"name":"DUP Flag","wireshark":"mqtt.dupflag","a":false,"b":true},{"name":"QoS Level","wireshark":"mqtt.qos","a":0,"b":1},{"name":"Retain","wireshark":"mqtt.retain","a":false,"b":true},{"name":"Topic","wireshark":"mqtt.topic","a":"a","b":"a/b"},{"name":"Message","wireshark":"mqtt.msg","a":"6869","b":"686921"}]}
        "#]],
    );
    differs(
        "10 0d 00044d51545404 02 003c 000161",
        "10 13 00044d51545404 82 0005 000162 0004 75736572",
        Depth::Meaning,
        &expect![[r#"
            Connect Command (frame 1, byte 0 | frame 1, byte 0)
                User Name Flag: Not set | Set
                Keep Alive: 60 | 5
                Client ID: a | b
                User Name: (none) | user
            0 of 1 packet the same
            {"packet":"CONNECT","a":{"frame":1,"offset":0},"b":{"frame":1,"offset":0},"fields":[{"name":"User Name Flag","wireshark":"mqtt.conflag.uname","a":false,"b":true},{"name":"Keep Alive","wireshark":"mqtt.kalive","a":60,"b":5},{"name":"Client ID","wireshark":"mqtt.clientid","a":"a","b":"b"},{"name":"User Name","wireshark":"mqtt.username","a":null,"b":"user"}]}
        "#]],
    );
    differs(
        "82 0a 0001 0001 61 00 0001 62 00",
        "82 0e 0002 0001 61 01 0001 62 00 0001 63 02",
        Depth::Meaning,
        &expect![[r#"
            Subscribe Request (id=1) [a] [b] | Subscribe Request (id=2) [a] [b] [c] (frame 1, byte 0 | frame 1, byte 0)
                Requested QoS: At most once delivery (Fire and Forget) (0) | At least once delivery (Acknowledged deliver) (1)
                Topic 3: (none) | c
                Requested QoS 3: (none) | Exactly once delivery (Assured Delivery) (2)
            0 of 1 packet the same
            {"packet":"SUBSCRIBE","a":{"frame":1,"offset":0},"b":{"frame":1,"offset":0},"fields":[{"name":"Requested QoS","wireshark":"mqtt.sub.qos","a":0,"b":1},{"name":"Topic 3","wireshark":"mqtt.topic","a":null,"b":"c"},{"name":"Requested QoS 3","wireshark":"mqtt.sub.qos","a":null,"b":2}]}
        "#]],
    );
}

#[test]
fn packets_that_only_one_side_has_stand_alone() {
    differs(
        "30 03 0001 61 c000 40020001",
        "30 03 0001 61 40020002 d000",
        Depth::Meaning,
        &expect![[r#"
        only in A: Ping Request (frame 1, byte 5)
        only in B: Ping Response (frame 1, byte 9)
        2 of 4 packets the same
        {"packet":"PINGREQ","a":{"frame":1,"offset":5},"b":null,"fields":[]}
        {"packet":"PINGRESP","a":null,"b":{"frame":1,"offset":9},"fields":[]}
    "#]],
    );
}

#[test]
fn malformed_packets_are_compared_as_far_as_they_go() {
    differs(
        "82 05 0001 0001 61 00 ff",
        "82 06 0001 0001 61 05 c000",
        Depth::Meaning,
        &expect![[r#"
            Subscribe Request (id=1) [a] (frame 1, byte 0 | frame 1, byte 0)
                error: field runs past the end of the packet | requested QoS is not 0, 1 or 2
                Requested QoS: (none) | Reserved (5)
            only in A: Reserved (frame 1, byte 7)
            only in B: Ping Request (frame 1, byte 8)
            0 of 3 packets the same
            {"packet":"SUBSCRIBE","a":{"frame":1,"offset":0},"b":{"frame":1,"offset":0},"fields":[{"name":"error","wireshark":null,"a":"field runs past the end of the packet","b":"requested QoS is not 0, 1 or 2"},{"name":"Requested QoS","wireshark":"mqtt.sub.qos","a":null,"b":5}]}
            {"packet":"RESERVED","a":{"frame":1,"offset":7},"b":null,"fields":[]}
            {"packet":"PINGREQ","a":null,"b":{"frame":1,"offset":8},"fields":[]}
        "#]],
    );
    differs(
        "90 02 0001 00 ff",
        "90 04 0001 0102 c000",
        Depth::Meaning,
        &expect![[r#"
        Subscribe Ack (id=1) (frame 1, byte 0 | frame 1, byte 0)
            not decoded: 00ff | (none)
            error: length is impossible for SUBACK | (none)
            Granted QoS: (none) | At least once delivery (Acknowledged deliver) (1)
            Granted QoS 2: (none) | Exactly once delivery (Assured Delivery) (2)
        only in B: Ping Request (frame 1, byte 6)
        0 of 2 packets the same
        {"packet":"SUBACK","a":{"frame":1,"offset":0},"b":{"frame":1,"offset":0},"fields":[{"name":"not decoded","wireshark":null,"a":"00ff","b":null},{"name":"error","wireshark":null,"a":"length is impossible for SUBACK","b":null},{"name":"Granted QoS","wireshark":"mqtt.suback.qos","a":null,"b":1},{"name":"Granted QoS 2","wireshark":"mqtt.suback.qos","a":null,"b":2}]}
        {"packet":"PINGREQ","a":null,"b":{"frame":1,"offset":6},"fields":[]}
    "#]],
    );
}

#[test]
fn long_payloads_are_shown_from_the_first_difference_on() {
    let payload = |last: u8| {
        let bytes: Vec<u8> = (0..100).chain([last]).collect();
        format!("30 68 0001 61 {}", hex::encode(bytes))
    };
    differs(
        &payload(1),
        &payload(2),
        Depth::Meaning,
        &expect![[r#"
        Publish Message [a] (frame 1, byte 0 | frame 1, byte 0)
            Message: 101 bytes, from byte 92 on 5c5d5e5f6061626301 | 101 bytes, from byte 92 on 5c5d5e5f6061626302
        0 of 1 packet the same
        {"packet":"PUBLISH","a":{"frame":1,"offset":0},"b":{"frame":1,"offset":0},"fields":[{"name":"Message","wireshark":"mqtt.msg","a":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f6061626301","b":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f6061626302"}]}
    "#]],
    );
}

#[test]
fn headers_are_compared_when_asked_for() {
    let frame = |name: &str| read(&format!("frames/{name}.hex"));
    let (a, b) = (frame("subscriber-228-publish"), frame("publisher-264-publish"));
    differs(
        &a,
        &b,
        Depth::Meaning,
        &expect![[r#"
        1 of 1 packet the same
    "#]],
    );
    differs(
        &a,
        &b,
        Depth::All,
        &expect![[r#"
        Publish Message [internet] (frame 1, byte 74 | frame 1, byte 74)
            eth Destination: e8:84:a5:3e:dd:57 | 98:a9:42:18:4a:12
            eth Source: d8:d8:66:0f:19:c9 | f4:4e:e3:a3:3b:ad
            ipv6 Flow Label: 0x3ce7c | 0xb87b7
            ipv6 Hop Limit: 52 | 64
            ipv6 Source Address: 2001:41d0:1:925e::1 | 2402:4000:21c3:2445:9d36:dc95:dd7f:1a7f
            ipv6 Destination Address: 2402:4000:2350:205d:6096:12c2:5147:a2ac | 2001:41d0:1:925e::1
            tcp Source Port: 1883 | 62981
            tcp Destination Port: 50677 | 1883
            tcp Sequence Number (raw): 111624744 | 2716285297
            tcp Acknowledgment Number (raw): 2718912221 | 3775224361
            tcp Window: 507 | 514
            tcp Checksum: 0x206d | 0x1031
        0 of 1 packet the same
        {"packet":"PUBLISH","a":{"frame":1,"offset":74},"b":{"frame":1,"offset":74},"fields":[{"name":"eth Destination","wireshark":"eth.dst","a":"e8:84:a5:3e:dd:57","b":"98:a9:42:18:4a:12"},{"name":"eth Source","wireshark":"eth.src","a":"d8:d8:66:0f:19:c9","b":"f4:4e:e3:a3:3b:ad"},{"name":"ipv6 Flow Label","wireshark":"ipv6.flow","a":"0x3ce7c","b":"0xb87b7"},{"name":"ipv6 Hop Limit","wireshark":"ipv6.hlim","a":"52","b":"64"},{"name":"ipv6 Source Address","wireshark":"ipv6.src","a":"2001:41d0:1:925e::1","b":"2402:4000:21c3:2445:9d36:dc95:dd7f:1a7f"},{"name":"ipv6 Destination Address","wireshark":"ipv6.dst","a":"2402:4000:2350:205d:6096:12c2:5147:a2ac","b":"2001:41d0:1:925e::1"},{"name":"tcp Source Port","wireshark":"tcp.srcport","a":"1883","b":"62981"},{"name":"tcp Destination Port","wireshark":"tcp.dstport","a":"50677","b":"1883"},{"name":"tcp Sequence Number (raw)","wireshark":"tcp.seq_raw","a":"111624744","b":"2716285297"},{"name":"tcp Acknowledgment Number (raw)","wireshark":"tcp.ack_raw","a":"2718912221","b":"3775224361"},{"name":"tcp Window","wireshark":"tcp.window_size_value","a":"507","b":"514"},{"name":"tcp Checksum","wireshark":"tcp.checksum","a":"0x206d","b":"0x1031"}]}
    "#]],
    );
}

#[test]
fn a_dump_and_its_hex_mean_the_same() {
    let hex = read("frames/subscriber-181-connack.hex");
    let dump = read("frames/subscriber-181-connack.as-printed.txt");
    let (a, b) = (items(&hex, Depth::Meaning), items(&dump, Depth::Meaning));
    assert!(compare(&a, &b).is_same());
}

/// A list with as many entries as fit does not take forever.
#[test]
fn long_lists_are_compared() {
    let filters = |qos: u8| {
        let mut bytes = vec![0x82, 0x82, 0x80, 0x0A, 0, 1];
        for _ in 0..40_960 {
            bytes.extend([0, 1, b'a', qos]);
        }
        hex::encode(bytes)
    };
    let (a, b) = (items(&filters(0), Depth::Meaning), items(&filters(1), Depth::Meaning));
    assert_eq!(compare(&a, &b).pairs[0].fields.len(), 40_960);
}
