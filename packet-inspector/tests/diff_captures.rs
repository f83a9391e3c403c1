//! What differs between captures: the lab's, and the same told otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Cursor;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use expect_test::{Expect, expect};
use mqtt_codec::Side;
use packet_inspector::build::{Endpoints, Stream, pcap};
use packet_inspector::capture::Reader;
use packet_inspector::stream::{Captured, Limits, Sink, Streams};

#[path = "../../mqtt-client/tests/common/broker.rs"]
mod broker;
#[path = "common/process.rs"]
mod process;

use broker::Folder;
use process::{fed, run, text};

const LAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab/lab.pcapng");

/// The packets of each connection, in their order.
type Talks = Vec<Talk>;

type Talk = Vec<(Side, Vec<u8>)>;

#[derive(Default)]
struct Heard(Vec<(u32, Talk)>);

impl Sink for Heard {
    fn packet(&mut self, packet: &Captured<'_>) {
        let number = packet.info.number;
        let side = packet.from().unwrap();
        match self.0.iter_mut().find(|(known, _)| *known == number) {
            Some((_, talk)) => talk.push((side, packet.bytes.to_vec())),
            None => self.0.push((number, vec![(side, packet.bytes.to_vec())])),
        }
    }
}

fn lab() -> Talks {
    let mut reader = Reader::new(Cursor::new(std::fs::read(LAB).unwrap())).unwrap();
    let mut streams = Streams::new(&[1883], Limits::default());
    let mut heard = Heard::default();
    while let Some(entry) = reader.next_entry().unwrap() {
        streams.take(&entry, &mut heard);
    }
    streams.finish(&mut heard);
    heard.0.into_iter().map(|(_, talk)| talk).collect()
}

/// A capture in which these connections follow each other, between other ends and at another time.
fn capture(talks: &[Talk]) -> Vec<u8> {
    let mut frames = Vec::new();
    for (port, talk) in (40_000_u16..).zip(talks) {
        let endpoints = Endpoints {
            client: SocketAddr::from(([192, 0, 2, 7], port)),
            server: SocketAddr::from(([192, 0, 2, 9], 1883)),
        };
        let mut stream = Stream::open(endpoints, Duration::from_secs(60 * u64::from(port))).unwrap();
        talk.iter().for_each(|(side, bytes)| stream.send(*side, bytes));
        frames.extend(stream.close());
    }
    let mut out = Vec::new();
    pcap(frames.iter().map(|(time, frame)| (*time, frame.as_slice())), &mut out).unwrap();
    out
}

/// Files of a test, gone at its end.
struct Files(Folder);

impl Files {
    fn new() -> Self {
        Self(Folder::new())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

#[track_caller]
fn differs(a: &str, b: &str, options: &[&str], status: i32, expected: &Expect) -> Output {
    let output = run(&[&["diff", a, b], options].concat());
    expected.assert_eq(text(&output.stdout));
    assert_eq!(output.status.code(), Some(status), "{}", text(&output.stderr));
    output
}

#[test]
fn other_ends_times_and_orders_of_connections_mean_the_same() {
    let files = Files::new();
    let mut talks = lab();
    talks.reverse();
    for (number, talk) in (0_u16..).zip(&mut talks) {
        for (_, bytes) in talk.iter_mut().filter(|(_, bytes)| bytes[0] == 0x40 && number > 0) {
            // An acknowledgement of another identifier is one of another packet's, of which only the identifier differs.
            bytes[3] = bytes[3].wrapping_add(1);
        }
    }
    let other = files.write("other.pcap", &capture(&talks));
    let other = other.to_str().unwrap();
    let same = expect![[r#"
        7 of 7 connections the same; 64 of 64 packets the same
    "#]];
    differs(LAB, other, &[], 0, &same);
    differs(other, LAB, &[], 0, &same);
    differs(LAB, other, &["--format", "json"], 0, &expect![""]);
    let piped = fed(&["diff", "-", LAB], &std::fs::read(other).unwrap());
    same.assert_eq(text(&piped.stdout));
}

/// The lab's conversations, told otherwise.
fn altered() -> Talks {
    let mut talks = lab();
    // A message says something else, another is missing, and one connection is not there.
    let publish = |talk: &[(Side, Vec<u8>)]| talk.iter().position(|(_, bytes)| bytes[0] >> 4 == 3);
    let changed = talks.iter().position(|talk| publish(talk).is_some()).unwrap();
    let at = publish(&talks[changed]).unwrap();
    *talks[changed][at].1.last_mut().unwrap() ^= 0x01;
    let pinged = talks.iter().rposition(|talk| talk.iter().any(|(_, bytes)| bytes[0] == 0xC0)).unwrap();
    let ping = talks[pinged].iter().position(|(_, bytes)| bytes[0] == 0xC0).unwrap();
    talks[pinged].remove(ping);
    talks.remove(0);
    // A client that the lab had not, with a login.
    let connect = "10 1b 00044d51545404c2003c 0003 6e6577 0004 75736572 0004 70617373";
    let packets = [(Side::Client, connect), (Side::Server, "20020000"), (Side::Client, "30050001616869")];
    let bytes = |hex: &str| hex::decode(hex.replace(' ', "")).unwrap();
    talks.push(packets.iter().map(|(side, hex)| (*side, bytes(hex))).collect());
    talks
}

#[test]
fn what_only_one_has_and_what_differs_is_named() {
    let files = Files::new();
    let other = files.write("other.pcap", &capture(&altered()));
    let other = other.to_str().unwrap();
    differs(
        LAB,
        other,
        &[],
        1,
        &expect![[r#"
        client "PythonPub" (connection 0 from frame 1 on | connection 5 from frame 130 on)
            only in B: Ping Request (client, frame 136, byte 54)
            only in B: Publish Message (id=1) [network] (client, frame 140, byte 54)
            only in B: Publish Release (id=1) (client, frame 144, byte 54)
            only in B: Ping Request (client, frame 148, byte 54)
            only in B: Ping Request (client, frame 152, byte 54)
            only in B: Ping Response (server, frame 134, byte 54)
            only in B: Ping Response (server, frame 138, byte 54)
            only in B: Publish Received (id=1) (server, frame 142, byte 54)
            only in B: Publish Complete (id=1) (server, frame 146, byte 54)
            only in B: Ping Response (server, frame 150, byte 54)
            only in B: Ping Response (server, frame 154, byte 54)
        client "PythonSub" (connection 1 from frame 3 on | connection 0 from frame 4 on)
            Publish Message [internet] (server, frame 10, byte 74 | frame 12, byte 54)
                Message: "IOT" | "IOU"
        only in A: client "PythonPub" (connection 6 from frame 41 on): 14 packets
        only in B: client "new" (connection 6 from frame 162 on): 3 packets
        4 of 8 connections the same; 49 of 78 packets the same
    "#]],
    );
    differs(
        LAB,
        other,
        &["--format", "json"],
        1,
        &expect![[r#"
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"client","packet":"PINGREQ","a":null,"b":{"frame":136,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"client","packet":"PUBLISH","a":null,"b":{"frame":140,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"client","packet":"PUBREL","a":null,"b":{"frame":144,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"client","packet":"PINGREQ","a":null,"b":{"frame":148,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"client","packet":"PINGREQ","a":null,"b":{"frame":152,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"server","packet":"PINGRESP","a":null,"b":{"frame":134,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"server","packet":"PINGRESP","a":null,"b":{"frame":138,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"server","packet":"PUBREC","a":null,"b":{"frame":142,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"server","packet":"PUBCOMP","a":null,"b":{"frame":146,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"server","packet":"PINGRESP","a":null,"b":{"frame":150,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":0,"client_id":"PythonPub","frame":1,"packets":2,"has_gaps":false},"b":{"stream":5,"client_id":"PythonPub","frame":130,"packets":13,"has_gaps":false}},"from":"server","packet":"PINGRESP","a":null,"b":{"frame":154,"offset":54},"fields":[]}
        {"connection":{"a":{"stream":1,"client_id":"PythonSub","frame":3,"packets":7,"has_gaps":false},"b":{"stream":0,"client_id":"PythonSub","frame":4,"packets":7,"has_gaps":false}},"from":"server","packet":"PUBLISH","a":{"frame":10,"offset":74},"b":{"frame":12,"offset":54},"fields":[{"name":"Message","wireshark":"mqtt.msg","a":"494f54","b":"494f55"}]}
        {"connection":{"a":{"stream":6,"client_id":"PythonPub","frame":41,"packets":14,"has_gaps":false},"b":null}}
        {"connection":{"a":null,"b":{"stream":6,"client_id":"new","frame":162,"packets":3,"has_gaps":false}}}
    "#]],
    );
    differs(
        other,
        LAB,
        &["--redact"],
        1,
        &expect![[r#"
        client "PythonSub" (connection 0 from frame 4 on | connection 1 from frame 3 on)
            Publish Message [internet] (server, frame 12, byte 54 | frame 10, byte 74)
                Message: (3 bytes hidden) | (3 bytes hidden)
        client "PythonPub" (connection 5 from frame 130 on | connection 0 from frame 1 on)
            only in A: Ping Request (client, frame 136, byte 54)
            only in A: Publish Message (id=1) [network] (client, frame 140, byte 54)
            only in A: Publish Release (id=1) (client, frame 144, byte 54)
            only in A: Ping Request (client, frame 148, byte 54)
            only in A: Ping Request (client, frame 152, byte 54)
            only in A: Ping Response (server, frame 134, byte 54)
            only in A: Ping Response (server, frame 138, byte 54)
            only in A: Publish Received (id=1) (server, frame 142, byte 54)
            only in A: Publish Complete (id=1) (server, frame 146, byte 54)
            only in A: Ping Response (server, frame 150, byte 54)
            only in A: Ping Response (server, frame 154, byte 54)
        only in A: client "new" (connection 6 from frame 162 on): 3 packets
        only in B: client "PythonPub" (connection 6 from frame 41 on): 14 packets
        4 of 8 connections the same; 49 of 78 packets the same
    "#]],
    );
}

#[test]
fn a_capture_is_compared_with_a_dump() {
    let files = Files::new();
    let talk = lab().swap_remove(1);
    let one = files.write("one.pcap", &capture(std::slice::from_ref(&talk)));
    let dump: Vec<String> = talk.iter().map(|(_, bytes)| hex::encode(bytes)).collect();
    let dump = files.write("dump.txt", dump.join("\n").as_bytes());
    let (one, dump) = (one.to_str().unwrap(), dump.to_str().unwrap());
    differs(
        one,
        dump,
        &[],
        0,
        &expect![[r#"
        7 of 7 packets the same
    "#]],
    );
    differs(
        dump,
        one,
        &[],
        0,
        &expect![[r#"
        7 of 7 packets the same
    "#]],
    );
    differs(
        one,
        "c000",
        &[],
        1,
        &expect![[r#"
        only in A: Connect Command (frame 4, byte 54)
        only in A: Connect Ack (frame 6, byte 54)
        only in A: Subscribe Request (id=1) [internet] (frame 8, byte 54)
        only in A: Subscribe Ack (id=1) (frame 10, byte 54)
        only in A: Publish Message [internet] (frame 12, byte 54)
        only in A: Ping Response (frame 16, byte 54)
        1 of 7 packets the same
    "#]],
    );
}

#[test]
fn all_of_it_is_compared_when_that_is_asked_for() {
    let files = Files::new();
    let lab = lab();
    let mut changed = lab.clone();
    let acknowledgement = changed[1].iter_mut().find(|(_, bytes)| bytes[0] == 0x90).unwrap();
    acknowledgement.1[3] ^= 0x08;
    let (a, b) = (files.write("a.pcap", &capture(&lab)), files.write("b.pcap", &capture(&changed)));
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    differs(
        a,
        a,
        &["--all"],
        0,
        &expect![[r#"
        7 of 7 connections the same; 64 of 64 packets the same
    "#]],
    );
    differs(
        a,
        b,
        &[],
        0,
        &expect![[r#"
        7 of 7 connections the same; 64 of 64 packets the same
    "#]],
    );
    differs(
        a,
        b,
        &["--all"],
        1,
        &expect![[r#"
        client "PythonSub" (connection 1 from frame 14 on | connection 1 from frame 14 on)
            Subscribe Ack (id=1) | Subscribe Ack (id=9) (server, frame 20, byte 54 | frame 20, byte 54)
                tcp Checksum: 0xf140 | 0xf138
                Message Identifier: 1 | 9
        6 of 7 connections the same; 63 of 64 packets the same
    "#]],
    );
}

#[test]
fn a_capture_that_is_cut_is_compared_up_to_there() {
    let files = Files::new();
    let whole = capture(&lab());
    let cut = files.write("cut.pcap", &whole[..whole.len() - 10]);
    let output = differs(
        LAB,
        cut.to_str().unwrap(),
        &[],
        2,
        &expect![[r#"
        7 of 7 connections the same; 64 of 64 packets the same
    "#]],
    );
    assert!(text(&output.stderr).contains("cut.pcap: the capture ends in the middle of record "));
}

#[test]
fn what_cannot_be_compared_is_said() {
    for (arguments, message) in [
        (["-", "-"], "diff: only one of both can be standard input"),
        (["/nowhere/a.pcap", LAB], "/nowhere/a.pcap: there is no such file"),
        (["nowhere.pcapng", LAB], "nowhere.pcapng: there is no such file"),
        ([env!("CARGO_MANIFEST_DIR"), LAB], "Is a directory"),
    ] {
        let output = run(&["diff", arguments[0], arguments[1]]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "");
    }
}
