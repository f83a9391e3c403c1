//! Good packets of every type, with every field that they can have.

use packet_inspector::finding::Severity;

use super::{bytes, packets, senders};
use crate::common::errors;

pub(crate) const PACKETS: &[&str] = &[
    // CONNECT: each flag alone and all of them, empty texts, the least and the most.
    "10 * <MQTT> 04 02 003c <a>",
    "10 * <MQTT> 04 00 0000 <a>",
    "10 * <MQTT> 04 02 ffff 0000",
    "10 * <MQTT> 04 02 003c <PythonSub>",
    "10 * <MQTT> 04 02 003c <a-client-with-more-than-23-bytes>",
    "10 * <MQTT> 04 06 003c <a> <w> <bye>",
    "10 * <MQTT> 04 0e 003c <a> <w> <bye>",
    "10 * <MQTT> 04 16 003c <a> <w> <bye>",
    "10 * <MQTT> 04 26 003c <a> <w> 0000",
    "10 * <MQTT> 04 36 003c <a> </> 0002ff00",
    "10 * <MQTT> 04 82 003c <a> <user>",
    "10 * <MQTT> 04 82 003c <a> 0000",
    "10 * <MQTT> 04 c2 003c <a> <user> <secret>",
    "10 * <MQTT> 04 c2 003c <a> 0000 0000",
    "10 * <MQTT> 04 c2 003c <a> <user> 000300ff80",
    "10 * <MQTT> 04 f4 003c <a> <w> <bye> <user> <secret>",
    "10 * <MQTT> 04 02 003c 000461c3a462",
    // A BOM is a character like any other, as are control characters that a receiver may refuse.
    "10 * <MQTT> 04 02 003c 0003efbbbf",
    "10 * <MQTT> 04 02 003c 000101",
    "10 93 00 <MQTT> 04 06 003c <a> <w> <b>",
    // CONNACK
    "20020000",
    "20020100",
    "20020001",
    "20020002",
    "20020003",
    "20020004",
    "20020005",
    "2082000000",
    // PUBLISH: each QoS, with and without RETAIN, DUP, payload.
    "30 * <a>",
    "31 * <a>",
    "30 * <a> 494f54",
    "30 * <a/b> 00ff",
    "30 * </> 00",
    "30 * <//> 00",
    "30 * <$SYS/x> 00",
    "30 * 0003e282ac 00",
    "30 * 0004f09f9880 00",
    "30 * 0004f48fbfbf 00",
    "30 * 0003efbfbf 00",
    "31 * <a> 494f54",
    "32 * <a> 0001",
    "32 * <a> ffff 494f54",
    "33 * <a> 0007",
    "3a * <a> 0007",
    "3b * <a> 0007 68",
    "34 * <a> 0001",
    "35 * <a> 0001 68",
    "3c * <a> 0001",
    "3d * <a> 0001 68",
    "30 88 80 80 00 <a/b/cd>",
    // The acknowledgements.
    "40020001",
    "4002ffff",
    "50020001",
    "5002ffff",
    "62020001",
    "6202ffff",
    "70020001",
    "7002ffff",
    "40 82 80 00 0007",
    // SUBSCRIBE
    "82 * 0001 <a> 00",
    "82 * 0001 <a> 01",
    "82 * ffff <a/b> 02",
    "82 * 0001 <#> 00",
    "82 * 0001 <+> 00",
    "82 * 0001 </> 00",
    "82 * 0001 <a/#> 00 <+/b> 01 <+/+> 02 </+> 00",
    "82 * 0001 <a/+/b/#> 00",
    "82 * 0001 <$SYS/#> 00",
    // SUBACK
    "90 * 0001 00",
    "90 * 0001 01",
    "90 * 0001 02",
    "90 * 0001 80",
    "90 * ffff 00 01 02 80",
    // UNSUBSCRIBE, UNSUBACK
    "a2 * 0001 <a>",
    "a2 * 0001 <#>",
    "a2 * ffff <a/b> <+/c> <d/#>",
    "b0020001",
    "b002ffff",
    // The ones without fields.
    "c000",
    "d000",
    "e000",
    "c0 80 00",
    "d0 80 80 00",
    "e0 80 80 80 00",
];

#[test]
fn nothing_is_wrong_with_a_good_packet() {
    for written in PACKETS {
        let bytes = bytes(written);
        for from in senders(bytes[0]) {
            let packets = packets(&bytes, from);
            assert_eq!(packets.len(), 1, "{written}");
            assert_eq!(errors(&packets[0].findings), [] as [&_; 0], "{written} from {from:?}");
        }
    }
}

#[test]
fn all_types_are_there() {
    let types: std::collections::BTreeSet<u8> =
        PACKETS.iter().map(|written| bytes(written)[0] >> 4).collect();
    assert_eq!(types, (1..=14).collect());
}

#[test]
fn every_strict_prefix_is_incomplete_and_nothing_else() {
    for written in PACKETS {
        let whole = bytes(written);
        for len in 1..whole.len() {
            for from in senders(whole[0]) {
                let packets = packets(&whole[..len], from);
                assert_eq!(packets.len(), 1, "{written} cut to {len}");
                let [finding] = packets[0].findings.as_slice() else {
                    panic!("{written} cut to {len}: {:?}", packets[0].findings)
                };
                assert_eq!((finding.severity, finding.kind), (Severity::Error, "incomplete"), "{written}");
                assert_eq!((finding.offset, finding.length), (0, len), "{written}");
                if len >= 2 && whole[1] < 0x80 {
                    let count = format!("{len} of its {} bytes are here", whole.len());
                    assert!(finding.message.ends_with(&count), "{written}: {}", finding.message);
                }
            }
        }
    }
}

/// One stream of all of them, cut at every byte: only the last packet is incomplete, and only inside it.
#[test]
fn a_stream_ends_in_one_incomplete_packet_at_most() {
    let each: Vec<Vec<u8>> = PACKETS.iter().map(|written| bytes(written)).collect();
    let stream = each.concat();
    let mut ends = vec![0];
    for packet in &each {
        ends.push(ends[ends.len() - 1] + packet.len());
    }
    for len in 1..=stream.len() {
        let packets = packets(&stream[..len], None);
        let whole = ends.iter().filter(|&&end| 0 < end && end <= len).count();
        let is_cut = !ends.contains(&len);
        assert_eq!(packets.len(), whole + usize::from(is_cut), "cut to {len}");
        for (number, packet) in packets.iter().enumerate() {
            let kinds: Vec<_> = errors(&packet.findings).iter().map(|finding| finding.kind).collect();
            assert_eq!(kinds, if number < whole { vec![] } else { vec!["incomplete"] }, "cut to {len}");
        }
    }
}
