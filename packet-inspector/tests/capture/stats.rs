//! `stats`: the lab in numbers, sums that agree, names that are text, captures made to fill the memory.

use std::io::Cursor;
use std::path::PathBuf;

use expect_test::expect_file;
use packet_inspector::capture::Reader;
use packet_inspector::render;
use packet_inspector::stats::{MOST_ROWS, Report, Stats, Top};
use packet_inspector::stream::{Limits, Streams};
use serde_json::Value;

use crate::chromium;
use crate::process::run;
use crate::wire::{CLIENT, CONNACK, SERVER, Tcp, Wire, connect, publish};

/// The command's output on the lab's capture.
fn lab(arguments: &[&str]) -> String {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab/lab.pcapng"));
    let output = run(&[&["stats"], arguments, &[file.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&lab(&[&["--format", "json"], arguments].concat())).unwrap()
}

fn report(wire: &Wire) -> Report {
    let mut reader = Reader::new(Cursor::new(wire.pcap(1))).unwrap();
    let (mut streams, mut stats) = (Streams::new(&[1883], Limits::default()), Stats::new());
    while let Some(entry) = reader.next_entry().unwrap() {
        stats.start(entry.time);
        streams.take(&entry, &mut stats);
    }
    streams.finish(&mut stats);
    stats.finish()
}

fn sum(list: &Value, key: &str) -> u64 {
    let rows = list["rows"].as_array().unwrap().iter().chain(list.get("others"));
    rows.map(|row| row[key].as_u64().unwrap()).sum()
}

#[test]
fn the_lab_in_numbers() {
    expect_file!["../data/stats/lab.txt"].assert_eq(&lab(&[]));
    let pretty = serde_json::to_string_pretty(&json(&["--top", "2"])).unwrap();
    expect_file!["../data/stats/lab.json"].assert_eq(&(pretty + "\n"));
}

#[test]
fn latencies_are_those_of_the_paired_handshakes() {
    let stats = json(&[]);
    let of = |name: &str| {
        let list = stats["handshakes"].as_array().unwrap();
        list.iter().find(|handshake| handshake["name"] == name).unwrap().clone()
    };
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab/lab.pcapng"));
    let qos = run(&["qos", file.to_str().unwrap()]);
    let qos = String::from_utf8(qos.stdout).unwrap();
    for name in ["QoS 1 from client", "QoS 1 from server", "QoS 2 from client", "QoS 2 from server"] {
        let handshake = of(name);
        assert_eq!(handshake["count"], 1);
        let line = format!(
            "{name}: 1 message, 1 complete, 0 sent again; latency {:.6} /",
            handshake["median"].as_f64().unwrap()
        );
        assert!(qos.contains(&line), "{line}\n{qos}");
    }
    // Each of the lab's requests was answered.
    assert_eq!(["CONNECT", "SUBSCRIBE", "PINGREQ"].map(|name| of(name)["count"].clone()), [6, 3, 16]);
}

#[test]
fn every_list_has_every_packet() {
    for top in ["0", "1", "1000"] {
        let stats = json(&["--top", top]);
        for list in ["types", "clients", "connections"] {
            for key in ["packets", "bytes", "errors", "warnings", "notes"] {
                assert_eq!(
                    sum(&stats[list], key),
                    stats["total"][key].as_u64().unwrap(),
                    "{list} {key} {top}"
                );
            }
        }
        assert_eq!(sum(&stats["topics"], "packets"), 6);
        let bins = stats["total"]["time"].as_array().unwrap();
        assert_eq!(bins.iter().map(|bin| bin.as_u64().unwrap()).sum::<u64>(), 64);
    }
}

#[test]
fn a_choice_of_packets_has_their_handshakes_alone() {
    let names = |stats: &Value| {
        let list = stats["handshakes"].as_array().unwrap();
        list.iter().map(|handshake| handshake["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let stats = json(&["--topic", "network"]);
    assert_eq!((&stats["total"]["packets"], names(&stats).len()), (&Value::from(4 + 2), 5));
    let stats = json(&["--filter", "mqtt.msgtype == 12"]);
    assert_eq!((&stats["total"]["packets"], names(&stats)), (&Value::from(16), vec!["PINGREQ".to_owned()]));
    let stats = json(&["--client-id", "PythonPub"]);
    assert_eq!(sum(&stats["clients"], "packets"), 19);
    assert_eq!(stats["clients"]["rows"].as_array().unwrap().len(), 1);
}

#[test]
fn findings_count_where_they_are_made() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    tcp.send(&mut wire, SERVER, CONNACK);
    tcp.send(&mut wire, CLIENT, &publish("good", b"1"));
    // DUP at QoS 0.
    let mut bad = publish("bad", b"2");
    bad[0] |= 8;
    tcp.send(&mut wire, CLIENT, &bad);
    tcp.close(&mut wire);
    let mut out = Vec::new();
    render::stats_json(&report(&wire), 10, &mut out).unwrap();
    let stats: Value = serde_json::from_slice(&out).unwrap();
    let found = stats["findings"].as_array().unwrap();
    assert!(
        found.iter().any(|finding| finding["kind"] == "dup_at_qos_0" && finding["count"] == 1),
        "{found:?}"
    );
    let errors = |list: &str, name: &str| {
        let rows = stats[list]["rows"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap()["errors"].as_u64().unwrap()
    };
    assert_eq!((errors("types", "PUBLISH"), errors("types", "CONNECT"), errors("clients", "a")), (1, 0, 1));
}

#[test]
fn names_are_held_only_so_many_and_so_long() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    tcp.send(&mut wire, SERVER, CONNACK);
    for number in 0..3 * MOST_ROWS {
        let rare = publish(&format!("{number}/{}", "x".repeat(5000)), b"1");
        tcp.send(&mut wire, CLIENT, &[rare, publish("often", b"22")].concat());
    }
    let report = report(&wire);
    assert!(report.topics.len() <= MOST_ROWS && report.topics.folded() > 0);
    let Top { rows: top, others } = report.topics.top(1);
    assert_eq!((top[0].0.as_str(), top[0].1.packets), ("often", 3 * MOST_ROWS as u64));
    assert_eq!(others.unwrap().1.packets, 3 * MOST_ROWS as u64);
    let all = report.topics.top(MOST_ROWS).rows;
    assert!(all.iter().all(|(name, _)| name.len() < 300));
}

fn page(report: &Report) -> String {
    let mut out = Vec::new();
    render::stats_report(report, "<script>alert(1)</script>.pcap", 10, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_page_of_the_lab_opens_in_chromium_with_its_plots() {
    let path = std::env::temp_dir().join(format!("stats-lab-{}.html", std::process::id()));
    assert!(lab(&["--report", path.to_str().unwrap()]).starts_with("64 packets, 416 bytes"));
    let page = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    expect_file!["../data/stats/lab.html"].assert_eq(&page);
    let dom = chromium::dom(&page);
    for plot in ["Packets over time", "Latency of handshakes", "Payload sizes in bytes", "Topics as a tree"] {
        let (_, svg) =
            dom.split_once(&format!("aria-label=\"{plot}\"")).unwrap_or_else(|| panic!("{plot} in {dom}"));
        assert!(svg.split("</svg>").next().unwrap().contains("<rect class=\"c"), "{plot} has bars");
    }
    for said in [
        "<dt>packets</dt><dd>64</dd>",
        "12 connections",
        "median 692 ms",
        ">network<",
        "2024-07-30 02:52:30 UTC",
    ] {
        assert!(dom.contains(said), "{said} in {dom}");
    }
    for foreign in ["<script", "<link", "http:", "https:", "url(", "@import", " on"] {
        let markup: Vec<_> = dom.split('<').filter_map(|tag| tag.split('>').next()).collect();
        let found = markup.iter().find(|tag| format!("<{tag}").contains(foreign));
        assert_eq!(found, None, "{foreign}");
    }
}

#[test]
fn what_a_capture_says_is_text_in_the_page() {
    let hostile = "<script>alert(1)</script>/\"onload='x'/</title></svg>&lt;";
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("</td><img src=x onerror=alert(1)>"));
    tcp.send(&mut wire, SERVER, CONNACK);
    tcp.send(&mut wire, CLIENT, &publish(hostile, b"<b>never shown</b>"));
    let page = page(&report(&wire));
    let dom = chromium::dom(&page);
    for html in [&page, &dom] {
        assert!(
            !html.contains("<script") && !html.contains("<img") && !html.contains("never shown"),
            "{html}"
        );
    }
    assert!(dom.contains("&lt;script&gt;alert(1)&lt;") && dom.contains("&lt;/td&gt;&lt;img src=x"), "{dom}");
    // All plots and tables are there: nothing closed one of them.
    let count = |text: &str, part: &str| text.matches(part).count();
    for tag in ["<svg", "</svg>", "<tr>", "<td>", "<rect", "<title>"] {
        assert_eq!(count(&page, tag), count(&dom, tag), "{tag}");
    }
}

#[test]
fn nothing_reaches_the_terminal_as_a_command() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("\u{1b}[31m"));
    tcp.send(&mut wire, SERVER, CONNACK);
    tcp.send(&mut wire, CLIENT, &publish("\u{1b}]0;x\u{7}", b"1"));
    let mut out = Vec::new();
    render::stats(&report(&wire), 10, &mut out).unwrap();
    let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
    assert!(text.contains("\\u{1b}[31m") && text.contains("\\u{1b}]0;x\\u{7}"), "{text}");
}
