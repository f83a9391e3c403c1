//! Captures that cannot be read, or not to their end: what is said of them.

use std::io::Write;

use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::files::{conversation, enhanced, interface, section};
use crate::process::{fed, run, text};
use crate::wire::{CLIENT, CONNACK, SERVER, Tcp, Wire, connect, publish};

/// What `read -` says of this on standard error, with its exit status and the lines that it prints.
#[track_caller]
fn read(file: &[u8]) -> (String, Option<i32>, usize) {
    let output = fed(&["read", "-"], file);
    let said = text(&output.stderr).trim_end().replace("packet-inspector: ", "").replace("-: ", "");
    (said, output.status.code(), text(&output.stdout).lines().count())
}

fn gzip(file: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(file).unwrap();
    gzip.finish().unwrap()
}

/// Two frames of zstd with something between that is to be skipped.
fn zstd(file: &[u8]) -> Vec<u8> {
    let (one, other) = file.split_at(file.len() - 60);
    let frame = |part| compress_to_vec(part, CompressionLevel::Fastest);
    [&frame(one), &[0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &frame(other)].concat()
}

#[test]
fn no_bytes_are_an_empty_capture() {
    let empty = ("the capture is empty".to_owned(), Some(2), 0);
    assert_eq!(read(b""), empty);
    assert_eq!(read(&gzip(b"")), empty);
    assert_eq!(read(b"text").0, "neither pcap nor pcapng");
}

#[test]
fn a_compressed_capture_that_is_cut_is_read_up_to_there() {
    let file = conversation().pcap(1);
    for (name, whole) in [("gzip", gzip(&file)), ("zstd", zstd(&file))] {
        assert_eq!(read(&whole), (String::new(), Some(0), 2), "{name}");
        let mut most = 0;
        for cut in (8..whole.len()).step_by(7) {
            let (said, status, packets) = read(&whole[..cut]);
            // Between two frames nothing tells that another one was to come.
            if said.contains("the capture ends in the middle of record") {
                assert_eq!(name, "zstd");
                continue;
            }
            assert_eq!(status, Some(2), "{said}");
            let start = format!("the {name} stream ends in the middle, at byte {cut} of the file; ");
            assert!(said.starts_with(&start) && said.ends_with(" read"), "{said}");
            most = most.max(packets);
        }
        assert!(most > 0, "{name}: packets before the end are shown");
    }
}

#[test]
fn a_compressed_capture_that_is_damaged_is_called_so() {
    let file = conversation().pcap(1);
    for (name, whole, at) in [("gzip", gzip(&file), 60), ("gzip", gzip(&file), 0), ("zstd", zstd(&file), 40)]
    {
        let mut damaged = whole.clone();
        // Or the checksum at the end.
        let at = if at == 0 { whole.len() - 6 } else { at };
        damaged[at] ^= 0xFF;
        let (said, status, _) = read(&damaged);
        assert_eq!(status, Some(2), "{said}");
        let start = format!("the {name} stream is damaged at byte ");
        assert!(said.starts_with(&start), "{said}");
        assert!(said.ends_with(" records were read") || said.ends_with("1 record was read"), "{said}");
    }
}

#[test]
fn links_that_are_not_read_are_named_once() {
    let wire = conversation();
    let (said, status, packets) = read(&wire.pcap(195));
    let expected = "nothing could be read; 5 records have link type 195 (IEEE 802.15.4), which is not read";
    assert_eq!((said.as_str(), status, packets), (expected, Some(2), 0));
    let (said, ..) = read(&wire.pcap(147));
    assert!(said.ends_with("5 records have link type 147 (private use), which is not read"), "{said}");
    // Beside others, it is a remark; so are records of interfaces that nobody described.
    let mut file = [section(), interface(), crate::files::block(1, &[105, 0, 0, 0, 0, 0, 0, 0])].concat();
    for (number, (time, record, _)) in wire.records.iter().enumerate() {
        file.extend(enhanced(*time, record));
        let mut other = enhanced(*time, record);
        other[8] = [1, 7][number % 2];
        file.extend(other);
    }
    let (said, status, packets) = read(&file);
    assert_eq!((status, packets), (Some(0), 2));
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "3 records have link type 105 (IEEE 802.11), which is not read",
            "2 records have no interface that the file describes",
        ]
    );
    // A capture without records is in order.
    assert_eq!(read(&wire.pcap(147)[..24]), (String::new(), Some(0), 0));
}

#[test]
fn one_is_not_called_many() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    tcp.send(&mut wire, SERVER, CONNACK);
    tcp.send(&mut wire, CLIENT, b"\x82\x0a\x00\x01\x00\x01a\x00\x00\x01b\x00");
    tcp.send(&mut wire, SERVER, b"\x90\x03\x00\x01\x00");
    tcp.send(&mut wire, CLIENT, &publish("a", b"x"));
    let file = wire.pcap(1);
    let ladder = fed(&["read", "-", "--follow", "0"], &file);
    assert!(text(&ladder.stdout).contains("PUBLISH QoS 0 a (1 byte) -"), "{}", text(&ladder.stdout));
    let topics = fed(&["topics", "-"], &file);
    assert_eq!(text(&topics.stdout), "a: 1 published, 0 delivered, 1 byte\n");
    let findings = fed(&["check", "-"], &file);
    let said = "SUBACK 1 has 1 return code for 2 topic filters";
    assert!(text(&findings.stdout).contains(said), "{}", text(&findings.stdout));
    // A second byte of length that says 1, with nothing behind it; a byte that is no packet.
    let short = run(&["decode", "30 04 0001 61", "ff"]);
    let hint = run(&["decode", "82 04 0001 0001"]);
    let both = [text(&short.stdout), text(&hint.stdout)].concat();
    assert!(both.contains("it says that 1 byte follows"), "{both}");
    assert!(!both.contains("1 bytes"), "{both}");
}
