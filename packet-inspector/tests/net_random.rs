//! Whatever the bytes are: no panic, and every range lies inside the record.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of tests may panic as a test may"
)]

use std::path::PathBuf;

use packet_inspector::net::{Frame, Link, dissect};
use proptest::prelude::*;

const LINKS: [Link; 7] =
    [Link::Auto, Link::Mqtt, Link::Ethernet, Link::LinuxSll, Link::LinuxSll2, Link::RawIp, Link::Null];

fn lab_frames() -> Vec<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata/lab/frames");
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let frames = entries.filter(|path| path.extension().is_some_and(|e| e == "hex"));
    frames.map(|path| hex::decode(std::fs::read_to_string(path).unwrap().trim()).unwrap()).collect()
}

#[track_caller]
fn stays_inside(bytes: &[u8], link: Link) -> Frame {
    let frame = dissect(bytes, link);
    let inside = |start: usize, end: usize| start <= end && end <= bytes.len();
    assert_ne!(frame.link, Link::Auto);
    assert!(inside(frame.payload.start, frame.payload.end), "{frame:#?}");
    for layer in &frame.layers {
        assert!(inside(layer.range.start, layer.range.end), "{frame:#?}");
        for field in &layer.fields {
            assert!(inside(field.offset, field.offset + field.length), "{frame:#?}");
        }
    }
    for finding in &frame.findings {
        assert!(inside(finding.offset, finding.offset + finding.length), "{frame:#?}");
    }
    if let Some(length) = &frame.length {
        assert!(inside(length.place.start, length.place.end), "{frame:#?}");
        assert!(inside(length.field.start, length.field.end), "{frame:#?}");
    }
    frame
}

#[test]
fn every_truncation_of_a_frame() {
    for frame in lab_frames() {
        for end in 0..=frame.len() {
            for link in LINKS {
                stays_inside(&frame[..end], link);
            }
            // Type and version nibble are there: it is a frame.
            if end >= 15 {
                assert_eq!(dissect(&frame[..end], Link::Auto).link, Link::Ethernet, "{end}");
            }
        }
    }
}

#[test]
fn every_change_of_one_byte_of_a_frame_leaves_a_frame_with_its_packet() {
    for whole in lab_frames() {
        for at in 0..whole.len() {
            for byte in 0..=u8::MAX {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                let frame = stays_inside(&bytes, Link::Auto);
                assert_eq!(frame.link, Link::Ethernet, "{byte:#04x} at {at}");
                // Port and data offset are all that tells TCP from anything else.
                if !(54..58).contains(&at) && at != 66 && frame.transport.is_some() {
                    assert_eq!(frame.payload, 74..whole.len(), "{byte:#04x} at {at}");
                }
            }
        }
    }
}

#[test]
fn every_byte_lost_or_doubled() {
    for whole in lab_frames() {
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes.remove(at);
            stays_inside(&bytes, Link::Auto);
            bytes = whole.clone();
            bytes.insert(at, 0);
            stays_inside(&bytes, Link::Auto);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), link in 0..LINKS.len()) {
        stays_inside(&bytes, LINKS[link]);
    }

    #[test]
    fn any_bytes_after_a_link_header(
        head in prop::sample::select(vec![
            "e884a53edd57d8d8660f19c90800", "e884a53edd57d8d8660f19c986dd",
            "e884a53edd57d8d8660f19c98100000586dd", "00000001000611223344556600000800",
            "86dd000000000002000104061122334455660000", "1e000000", "45", "60",
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..150),
    ) {
        let mut record = hex::decode(head).unwrap();
        record.extend(bytes);
        for link in LINKS {
            stays_inside(&record, link);
        }
    }

    #[test]
    fn several_bytes_of_a_frame_changed(
        frame in prop::sample::select(lab_frames()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = frame;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        stays_inside(&bytes, Link::Auto);
    }
}
