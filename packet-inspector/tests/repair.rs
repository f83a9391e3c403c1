//! Damaged dumps: the right repair is ranked first when the dumps of a connection are pasted together, and within the
//! first three alone. With `--nocapture` the tests print what they measure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::sync::LazyLock;

use common::{frames, lab, plain, read};
use expect_test::expect_file;
use packet_inspector::frame::{Frame, Options};
use packet_inspector::input::{self, InputFormat};
use packet_inspector::record::Record;
use packet_inspector::render;
use packet_inspector::repair::{Certainty, Edit, Repair, repair};
use serde_json::Value;

/// Ethernet addresses are under no check, so their errors cannot be seen.
const ETHERNET_ADDRESSES: usize = 12;

fn names() -> Vec<String> {
    let dumps: Value = serde_json::from_str(&read("dumps.json")).unwrap();
    dumps.as_object().unwrap().keys().cloned().collect()
}

fn printed(name: &str, kind: &str) -> Option<String> {
    std::fs::read_to_string(lab("frames").join(format!("{name}.as-printed.{kind}"))).ok()
}

/// All six dumps in one paste.
fn paste() -> String {
    names().iter().map(|name| printed(name, "txt").unwrap() + "\n").collect()
}

/// The repairs of that paste, searched once.
static PASTED: LazyLock<Vec<Repair>> = LazyLock::new(|| repairs(&paste()));

fn right(name: &str) -> Vec<u8> {
    hex::decode(read(&format!("frames/{name}.hex")).trim()).unwrap()
}

fn records(text: &str) -> Vec<Record> {
    input::read(text.as_bytes(), InputFormat::Auto).unwrap()
}

fn repairs(text: &str) -> Vec<Repair> {
    repair(&records(text), Options::default())
}

/// The rank of the right bytes, from 1, and how many candidates weigh as much.
fn rank(repair: &Repair, right: &[u8]) -> Option<(usize, usize)> {
    let is_right = |bytes: &[u8]| bytes.get(ETHERNET_ADDRESSES..) == right.get(ETHERNET_ADDRESSES..);
    let at = repair.candidates.iter().position(|candidate| is_right(&candidate.bytes))?;
    let bits = repair.candidates[at].bits;
    let alike = repair.candidates.iter().filter(|candidate| candidate.bits == bits).count();
    Some((at + 1, alike))
}

#[test]
fn pasted_together_the_right_repair_is_first() {
    for (name, repair) in names().iter().zip(PASTED.iter()) {
        let rank = rank(repair, &right(name));
        println!("together: {name}: (rank, candidates that weigh as much) {rank:?}");
        assert_eq!(rank, Some((1, 1)), "{name}");
    }
}

#[test]
fn each_dump_alone_has_the_right_repair_within_the_first_three() {
    for name in names() {
        for kind in ["txt", "table.txt"] {
            let Some(text) = printed(&name, kind) else { continue };
            let rank = rank(&repairs(&text)[0], &right(&name));
            println!("alone: {name}.{kind}: (rank, candidates that weigh as much) {rank:?}");
            assert!(rank.is_some_and(|(rank, _)| rank <= 3), "{name}: {rank:?}");
        }
    }
}

/// Each error that MQTT, IP or TCP can see, as the lab's list has it, is a change of the best candidate, and nothing
/// else is changed.
#[test]
fn the_changes_are_those_of_the_list() {
    let dumps: Value = serde_json::from_str(&read("dumps.json")).unwrap();
    for ((name, dump), repair) in dumps.as_object().unwrap().iter().zip(PASTED.iter()) {
        let listed: Vec<(u64, String)> = dump["errors"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|error| Some((error["offset"].as_u64()?, error["right"].as_str()?.to_owned())))
            .filter(|(offset, _)| *offset >= 12)
            .collect();
        let made: Vec<(u64, String)> = repair.best().changes.iter().map(made).collect();
        assert_eq!(made, listed, "{name}");
    }
}

fn made(change: &packet_inspector::repair::Change) -> (u64, String) {
    let byte = match change.edit {
        Edit::Change { to, .. } => to,
        Edit::Insert { byte, .. } => byte,
        other => panic!("{other:?}"),
    };
    (u64::try_from(change.offset).unwrap(), format!("{byte:02x}"))
}

/// The checksum alone would allow 26 changes of one digit in frame 183; together with all that MQTT allows, two.
#[test]
fn what_is_only_likely_is_said_to_be() {
    let certainty = |number: usize| {
        let changes = &PASTED[number].best().changes;
        changes.iter().map(|change| (change.certainty, change.because.as_str())).collect::<Vec<_>>()
    };
    let of_checksum = "1 other change of one byte passes the same checks; \
        26 changes of one digit satisfy the checksum alone";
    assert_eq!(certainty(4), [(Certainty::Likely, of_checksum)]);
    assert_eq!(certainty(3), [(Certainty::Proved, "no other change of one byte passes all checks")]);
    // The neighbours' addresses and numbers, and the sum over both.
    assert!(certainty(5).iter().all(|(certainty, _)| *certainty == Certainty::Proved));
    // A letter of the Client Identifier is under no check, as the checksum was left to the network card.
    assert_eq!(certainty(1)[1], (Certainty::Likely, "every check passes without it too"));
}

#[test]
fn the_lab_in_one_paste() {
    let mut session = String::new();
    let mut out = Vec::new();
    for (number, repair) in (1..).zip(PASTED.iter()) {
        let shown = render::Repaired { number, repair, options: Options::default(), is_redacted: false };
        render::repair(&shown, &mut out).unwrap();
        render::repair_json(&shown, &mut out).unwrap();
        let frame = Frame::new(number, repair.repaired(), Options::default());
        session += &plain(render::summary, &frame);
    }
    let out = String::from_utf8(out).unwrap();
    let text = anstream::adapter::strip_str(&out).to_string();
    expect_file!["data/decode/repaired.txt"].assert_eq(&format!("{text}\n{session}"));
}

/// A repaired record says what was changed, and the printed one is kept.
#[test]
fn nothing_is_altered_silently() {
    let text = printed("subscriber-183-suback", "txt").unwrap();
    let record = records(&text).remove(0);
    let repair = repairs(&text).remove(0);
    assert_eq!(repair.printed, record);
    let repaired = repair.repaired();
    assert_eq!((record.bytes[0x4A], repaired.bytes[0x4A]), (0x30, 0x90));
    let finding = repaired.findings.iter().find(|finding| finding.kind == "repaired").unwrap();
    assert_eq!((finding.offset, finding.length), (0x4A, 1));
    assert_eq!(finding.message, "30 is read as 90 (likely)");
    assert!(
        finding.hint.starts_with("1 other change of one byte passes the same checks"),
        "{}",
        finding.hint
    );
    assert!(Frame::new(1, repaired, Options::default()).has_errors());
}

#[track_caller]
fn reads_as(text: &str, bytes: &str) {
    let repair = repairs(text).remove(0);
    assert_eq!(hex::encode(&repair.best().bytes), bytes.replace(' ', ""), "{:?}", repair.best().changes);
}

#[test]
fn words_that_could_not_be_read_are_read() {
    reads_as("30 0d 00 O8 69 6e 74 65 72 6e 65 74 49 4f 54", "300d0008696e7465726e6574494f54");
    reads_as("30 0d 00 8 69 6e 74 65 72 6e 65 74 49 4f 54", "300d0008696e7465726e6574494f54");
    reads_as("2O O2 00 00", "20020000");
    reads_as("20 020 00 00", "20020000");
    let row = "0000  30 0d 00 08 6g 6e 74 65 72 6e 65 74 49 4f 54 c0   0...internetIOT.\n0010  00   .\n";
    reads_as(row, "300d0008696e7465726e6574494f54c000");
}

#[test]
fn the_text_beside_the_bytes_tells() {
    let row = "0000  30 0d 00 08 69 5e 74 65 72 6e 65 74 49 4f 54 c0   0...internetIOT.\n0010  00   .\n";
    reads_as(row, "300d0008696e7465726e6574494f54c000");
}

/// The digits of the topic's last `e`, each read as any other, beside a column that shows it: only the text can tell.
#[test]
fn a_letter_that_only_the_text_contradicts_is_read_as_the_text_has_it() {
    let sound = right("publisher-264-publish");
    let at = 84;
    assert_eq!(sound[at], b'e');
    for byte in (0x60..=0x6F).chain((0x05..=0xF5).step_by(0x10)).filter(|byte| *byte != b'e') {
        let mut damaged = sound.clone();
        damaged[at] = byte;
        let dump = dump(&damaged, &sound);
        let repair = repairs(&dump).remove(0);
        assert_eq!(rank(&repair, &sound), Some((1, 1)), "{byte:02x}: {:?}", repair.best().changes);
    }
}

/// Rows of 16 bytes, beside the text of others.
fn dump(bytes: &[u8], text_of: &[u8]) -> String {
    let mut dump = String::new();
    for (row, (bytes, shown)) in bytes.chunks(16).zip(text_of.chunks(16)).enumerate() {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String =
            shown.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        dump += &format!("{:04x}  {:47}   {text}\n", row * 16, hex.join(" "));
    }
    dump
}

/// A whole SUBSCRIBE whose checksum was left to the network card, and flags that no segment with data has.
#[test]
fn flags_of_tcp_that_cannot_be_are_seen() {
    const FLAGS_AT: usize = 67;
    let sound = right("subscriber-182-subscribe");
    for flags in [0x16, 0x08, 0x00, 0x1B] {
        let mut damaged = sound.clone();
        damaged[FLAGS_AT] = flags;
        let repair = repairs(&hex::encode(damaged)).remove(0);
        assert!(repair.searched, "{flags:02x}");
        if flags == 0x16 {
            // 6 is taken for 8 as for 0, and both are flags that a segment has.
            let rank = rank(&repair, &sound).map(|(rank, _)| rank);
            assert!(rank.is_some_and(|rank| rank <= 3), "{rank:?}: {:?}", repair.best().changes);
        }
    }
}

#[test]
fn lost_and_doubled_bytes_are_found() {
    // A CONNECT without the 00 of its Protocol Name's length, and with one too many.
    reads_as("100d 04 4d515454 04 02 003c 0001 61", "100d00044d5154540402003c000161");
    reads_as("100d 00 00 04 4d515454 04 02 003c 0001 61", "100d00044d5154540402003c000161");
    // A digit lost, or doubled, in hex without blanks.
    reads_as("100d00044d5154540402003c00061", "100d00044d5154540402003c000161");
    reads_as("100d000044d5154540402003c000161", "100d00044d5154540402003c000161");
}

#[test]
fn what_is_in_order_is_left_alone() {
    for name in names() {
        let repair = repairs(&hex::encode(right(&name))).remove(0);
        assert!(repair.best().changes.is_empty() && !repair.searched, "{name}");
        assert_eq!(repair.repaired(), repair.printed);
    }
    // Not damaged: another version, and a packet that is cut off at the end.
    for text in ["10 10 0004 4d515454 05 02 003c 00 0003 616263", "c000 d000"] {
        assert!(repairs(text)[0].best().changes.is_empty(), "{text}");
    }
}

#[test]
fn long_and_many_inputs_end() {
    let long = "ff".repeat(5000);
    let repair = repairs(&long).remove(0);
    assert!(!repair.searched);
    assert_eq!(repair.left_out, ["it has 5000 bytes, and at most 2048 are searched"]);
    let quite_long = format!("30 ff 04 0001 61 {} 40", "00".repeat(640));
    let repair = repairs(&quite_long).remove(0);
    assert!(repair.searched && repair.left_out[0].starts_with("it has 647 bytes: above 512, "), "{repair:?}");
    let many = repairs(&"0000  c0 01 00\n\n".repeat(70));
    assert!(many[..64].iter().all(|repair| repair.searched && repair.left_out.is_empty()));
    let rest = "64 damaged frames of this paste were searched before it, which is the most";
    assert!(many[64..].iter().all(|repair| !repair.searched && repair.left_out == [rest]));
    // Nothing is left out of those that nothing speaks against.
    assert!(repairs("c000")[0].left_out.is_empty());
    let many = "0000  c0 01 00\n\n".repeat(40);
    assert_eq!(repairs(&many).len(), 40);
    assert_eq!(frames("c0 01 00", None).len(), 1);
}
