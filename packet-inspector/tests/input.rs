//! Every form of input that people paste, read through the public function.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use packet_inspector::finding::Severity;
use packet_inspector::input::{InputFormat, read};
use packet_inspector::record::Record;
use proptest::prelude::*;
use serde_json::Value;

/// What the tools printed of frame 179 (a CONNECT) and of all the lab's frames.
const TOOLS: &str = "tests/data/input";
const LAB: &str = "../testdata/lab";

const FRAMES: [&str; 6] = [
    "publisher-264-publish",
    "subscriber-179-connect",
    "subscriber-181-connack",
    "subscriber-182-subscribe",
    "subscriber-183-suback",
    "subscriber-228-publish",
];

fn file(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

fn text(path: impl AsRef<Path>) -> String {
    String::from_utf8(file(path)).unwrap()
}

/// The repaired frame, with its Ethernet header.
fn frame(name: &str) -> Vec<u8> {
    hex::decode(text(format!("{LAB}/frames/{name}.hex")).trim()).unwrap()
}

/// The frame as printed: repaired, with the print's errors applied.
fn printed_frame(name: &str) -> Vec<u8> {
    let dumps: Value = serde_json::from_slice(&file(format!("{LAB}/dumps.json"))).unwrap();
    let mut bytes: Vec<_> = frame(name).into_iter().map(Some).collect();
    for error in dumps[name]["errors"].as_array().unwrap() {
        let Some(offset) = error["offset"].as_u64() else { continue };
        let printed = error["printed"].as_str().unwrap();
        bytes[usize::try_from(offset).unwrap()] = u8::from_str_radix(printed, 16).ok();
    }
    let bytes: Vec<_> = bytes.into_iter().flatten().collect();
    assert_eq!(Value::from(bytes.len()), dumps[name]["bytes_printed"]);
    bytes
}

#[track_caller]
fn auto(input: impl AsRef<[u8]>) -> Vec<Record> {
    read(input.as_ref(), InputFormat::Auto).unwrap()
}

/// One record of exactly these bytes, and nothing to complain about.
#[track_caller]
fn reads(input: impl AsRef<[u8]>, expected: &[u8]) -> Record {
    let mut records = auto(input.as_ref());
    let shown = String::from_utf8_lossy(input.as_ref()).into_owned();
    assert_eq!(records.len(), 1, "{shown}");
    let record = records.remove(0);
    assert_eq!(hex::encode(&record.bytes), hex::encode(expected), "{shown}");
    assert_eq!(record.findings, [], "{shown}");
    record
}

fn of_tools(prefix: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(TOOLS).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix));
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

#[test]
fn what_the_tools_print_is_read_without_findings() {
    let frame = frame("subscriber-179-connect");
    for path in of_tools("connect.") {
        // tcpdump leaves out the 14 bytes of the link header with -x and -X.
        let short =
            ["connect.tcpdump-x.txt", "connect.tcpdump-X.txt"].iter().any(|name| path.ends_with(name));
        reads(file(&path), if short { &frame[14..] } else { &frame });
    }
}

#[test]
fn the_format_is_named() {
    for (file_name, format) in [
        ("connect.tshark-x.txt", "Wireshark hex dump"),
        ("connect.tcpdump-xx.txt", "tcpdump hex dump"),
        ("connect.xxd.txt", "xxd hex dump"),
        ("connect.hexdump-C.txt", "hexdump -C dump"),
        ("connect.od-tx1.txt", "od hex dump"),
        ("connect.xxd-i.txt", "byte array"),
        ("connect.xxd-p.txt", "hex"),
    ] {
        assert_eq!(auto(file(format!("{TOOLS}/{file_name}")))[0].format, format);
    }
}

#[test]
fn rows_are_those_of_the_dump() {
    let record = reads(file(format!("{TOOLS}/connect.hexdump-C.txt")), &frame("subscriber-179-connect"));
    let rows: Vec<_> = record.rows.iter().map(|r| (r.line, r.printed_offset, r.start, r.len)).collect();
    let expected: Vec<_> =
        (0..7).map(|i| (i + 1, Some(i * 16), i * 16, if i < 6 { 16 } else { 1 })).collect();
    assert_eq!(rows, expected);
    assert_eq!(record.rows[6].ascii.as_deref(), Some("|b|"));
}

#[test]
fn whole_captures_give_a_record_for_each_frame() {
    let tshark = auto(file(format!("{TOOLS}/lab.tshark-x.txt")));
    let link = auto(file(format!("{TOOLS}/lab.tcpdump-xx.txt")));
    let network = auto(file(format!("{TOOLS}/lab.tcpdump-X.txt")));
    assert_eq!((tshark.len(), link.len(), network.len()), (64, 64, 64));
    for ((tshark, link), network) in tshark.iter().zip(&link).zip(&network) {
        assert_eq!(tshark.bytes, link.bytes);
        assert_eq!(tshark.bytes[14..], network.bytes);
    }
    for record in tshark.iter().chain(&link).chain(&network) {
        assert_eq!(record.findings, []);
    }
    for name in FRAMES {
        assert!(tshark.iter().any(|record| record.bytes == frame(name)), "{name}");
    }
}

/// The same bytes in the forms of programs.
fn written(bytes: &[u8]) -> Vec<String> {
    let list = |each: &dyn Fn(&u8) -> String, between: &str| {
        bytes.iter().map(each).collect::<Vec<_>>().join(between)
    };
    let plain = list(&|b| format!("{b:02x}"), "");
    let escapes = list(&|b| format!("\\x{b:02x}"), "");
    let lines: Vec<_> = bytes
        .chunks(16)
        .map(|row| row.iter().map(|b| format!("\\x{b:02x}")).collect::<String>())
        .map(|row| format!("\"{row}\""))
        .collect();
    let ascii = bytes.escape_ascii().to_string();
    vec![
        plain.clone(),
        plain.to_uppercase(),
        format!("0x{plain}"),
        format!("TCP payload ({} bytes): {plain}", bytes.len()),
        plain.as_bytes().chunks(75).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n"),
        plain.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" "),
        list(&|b| format!("{b:02x}"), " "),
        list(&|b| format!("{b:02x}"), ":"),
        list(&|b| format!("{b:02X}"), "-"),
        list(&|b| format!("{b:02x}"), ","),
        list(&|b| format!("{b:02x}"), "\u{a0}"),
        list(&|b| format!("0x{b:x}"), ", "),
        list(&|b| format!("0x{b:02x}"), " "),
        format!("\u{feff}{}", list(&|b| format!("{b:02x}"), "\r\n")),
        format!("\"{escapes}\""),
        escapes.clone(),
        lines.join(" \\\n"),
        lines.join("\n"),
        format!("b\"{ascii}\""),
        format!("b'{ascii}'"),
        format!("packet = bytearray(b'{ascii}')"),
        format!("bytes.fromhex('{plain}')"),
        format!("hex!(\"{plain}\")"),
        format!("{{ {} }}", list(&|b| format!("0x{b:02x}"), ", ")),
        format!("unsigned char pkt[{}] = {{\n  {}\n}};", bytes.len(), list(&|b| format!("0x{b:02x}"), ",\n")),
        format!("/* CONNECT */ {{ {} /* end */ }}", list(&|b| format!("0x{b:02x} /* {b} */"), ", ")),
        format!("&[{}]", list(&|b| format!("{b}"), ", ")),
        format!("[{}]", list(&|b| format!("{b}"), " ")),
        format!("[{}]", list(&|b| format!("{}", b.cast_signed()), ", ")),
        format!("$ cat dump\n{plain}\nuser@host:~$ "),
    ]
}

#[test]
fn the_forms_of_programs_are_read_without_findings() {
    for name in FRAMES {
        let frame = frame(name);
        for written in written(&frame) {
            reads(&written, &frame);
            reads(written.replace('\n', "\r\n"), &frame);
        }
    }
}

#[test]
fn base64_and_raw_bytes_are_read_when_asked_for() {
    use base64::Engine;
    let frame = frame("subscriber-179-connect");
    for text in [
        base64::engine::general_purpose::STANDARD.encode(&frame),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&frame),
    ] {
        let records = read(text.as_bytes(), InputFormat::Base64).unwrap();
        assert_eq!((records.len(), &records[0].bytes), (1, &frame));
        assert!(read(text.as_bytes(), InputFormat::Auto).unwrap_err().to_string().contains("--input base64"));
    }
    let records = read(b"c000", InputFormat::Raw).unwrap();
    assert_eq!((records[0].bytes.as_slice(), records[0].findings.len()), (&b"c000"[..], 0));
}

#[test]
fn raw_bytes_are_noted_when_found() {
    let frame = frame("subscriber-179-connect");
    let records = auto(&frame);
    assert_eq!((records.len(), &records[0].bytes), (1, &frame));
    assert_eq!((records[0].findings[0].kind, records[0].findings[0].severity), ("raw_input", Severity::Note));
}

/// Kind, offset and length of all findings.
fn found(record: &Record) -> Vec<(&'static str, usize, usize)> {
    record.findings.iter().map(|f| (f.kind, f.offset, f.length)).collect()
}

/// What is found in each of the lab's prints.
fn damage(name: &str) -> Vec<(&'static str, usize, usize)> {
    let mut found = vec![("dump_text_damaged", 0, 0)];
    match name {
        "subscriber-179-connect" => {
            found.extend([("dump_text_glued", 63, 1), ("dump_row_length", 64, 15)]);
        }
        "subscriber-181-connack" | "subscriber-183-suback" => found.push(("dump_text_glued", 47, 1)),
        "subscriber-182-subscribe" => found.push(("dump_text_glued", 63, 1)),
        _ => {}
    }
    found
}

#[test]
fn the_labs_prints_are_read_as_printed() {
    let mut pasted = String::new();
    for name in FRAMES {
        for end in ["txt", "table.txt"] {
            let path = format!("{LAB}/frames/{name}.as-printed.{end}");
            if name == "publisher-264-publish" && end == "table.txt" {
                continue;
            }
            let records = auto(file(&path));
            assert_eq!(records.len(), 1, "{path}");
            assert_eq!(hex::encode(&records[0].bytes), hex::encode(printed_frame(name)), "{path}");
            assert_eq!(found(&records[0]), damage(name), "{path}");
            pasted.push_str(&text(&path));
        }
    }
    let records = auto(&pasted);
    assert_eq!(records.len(), 11);
    for (record, name) in records
        .iter()
        .zip(std::iter::once(FRAMES[0]).chain(FRAMES[1..].iter().flat_map(|name| [*name, *name])))
    {
        assert_eq!(record.bytes, printed_frame(name), "{name}");
        assert_eq!(found(record), damage(name), "{name}");
    }
}

#[test]
fn the_missing_byte_has_its_place_in_words() {
    let records = auto(file(format!("{LAB}/frames/subscriber-179-connect.as-printed.table.txt")));
    let messages: Vec<_> = records[0].findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "the text beside the bytes is damaged in rows 0x0000 (line 1), 0x0010 (line 2), \
         0x0020 (line 3), 0x0030 (line 4), 0x0040 (line 5) and 0x0050 (line 6): \
         it cannot be checked against them",
            "row 0x0030 (line 4): the text \"[.N\" touches the last byte",
            "row 0x0040 (line 5) has 15 bytes where 16 belong: one is missing between 0x40 and 0x4f",
        ]
    );
}

/// As Wireshark prints a frame.
fn dump(bytes: &[u8]) -> String {
    let row = |(at, row): (usize, &[u8])| {
        let hex: Vec<_> = row.iter().map(|b| format!("{b:02x}")).collect();
        let shown = |b: &u8| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' };
        format!("{:04x}  {:47}   {}\n", at * 16, hex.join(" "), row.iter().map(shown).collect::<String>())
    };
    bytes.chunks(16).enumerate().map(row).collect()
}

#[test]
fn a_byte_too_many_is_called_so_and_kept() {
    let frame = frame("publisher-264-publish");
    let clean = dump(&frame);
    reads(&clean, &frame);
    let records = auto(clean.replace("30 0d 00 08 69 6e", "30 0d 00 00 08 69 6e"));
    let mut expected = frame.clone();
    expected.insert(0x4c, 0);
    assert_eq!(hex::encode(&records[0].bytes), hex::encode(expected));
    let messages: Vec<_> = records[0].findings.iter().map(|f| (f.kind, f.message.as_str())).collect();
    let message = "row 0x0040 (line 5) has 17 bytes where 16 belong: one is too many between 0x40 and 0x50";
    assert_eq!(messages, [("dump_row_length", message)]);
    reads(clean.replace("30 0d 00 08 69 6e", "300d 00 08 69 6e"), &frame);
}

#[test]
fn words_behind_bytes_are_named_in_every_form() {
    for format in [InputFormat::Auto, InputFormat::Hex] {
        for (input, bytes, column) in
            [("c000 hello world", "c000", 6), ("C0 00 D0 00 hello world", "c000d000", 13)]
        {
            let records = read(input.as_bytes(), format).unwrap();
            assert_eq!((records.len(), hex::encode(&records[0].bytes).as_str()), (1, bytes));
            let finding = &records[0].findings[0];
            assert_eq!((finding.kind, finding.severity), ("not_understood", Severity::Error));
            assert_eq!(finding.message, format!("line 1, column {column}: \"hello\" is not a hex byte"));
        }
    }
}

#[test]
fn nothing_understood_is_an_error_with_a_place() {
    for (input, format, message) in [
        ("", InputFormat::Auto, "line 1, column 1: the input is empty"),
        (" \n\t\n", InputFormat::Auto, "line 1, column 1: the input is empty"),
        (
            "\n  hello",
            InputFormat::Auto,
            "line 2, column 3: \"hello\" is neither hex nor another known form of bytes",
        ),
        (
            "10 15",
            InputFormat::Dump,
            "line 1, column 1: \"10\" is neither hex nor another known form of bytes",
        ),
        (
            "0000000 1510 0400\n0000004\n",
            InputFormat::Auto,
            "line 1, column 9: this dump shows words or octal numbers, whose bytes cannot be told apart: \
             print it again with hexdump -C, xxd or od -t x1",
        ),
    ] {
        let error = read(input.as_bytes(), format).unwrap_err();
        assert_eq!(error.to_string(), message, "{input}");
    }
}

const FORMATS: [InputFormat; 7] = [
    InputFormat::Auto,
    InputFormat::Hex,
    InputFormat::Dump,
    InputFormat::Escaped,
    InputFormat::Array,
    InputFormat::Base64,
    InputFormat::Raw,
];

/// What must hold for any input: no panic, and places that exist.
fn holds_for(input: &[u8]) -> Result<(), TestCaseError> {
    for format in FORMATS {
        let Ok(records) = read(input, format) else { continue };
        prop_assert!(!records.is_empty());
        for record in records {
            prop_assert!(!record.bytes.is_empty() && !record.format.is_empty());
            let len = record.bytes.len();
            for finding in &record.findings {
                prop_assert!(finding.offset + finding.length <= len, "{finding:?}");
                prop_assert!(!finding.message.is_empty() && !finding.message.ends_with('.'));
            }
            let mut end = 0;
            for row in &record.rows {
                prop_assert_eq!(row.start, end);
                end += row.len;
            }
            prop_assert!(record.rows.is_empty() || end == len, "{:?}", record);
        }
    }
    Ok(())
}

fn samples() -> Vec<Vec<u8>> {
    let mut samples: Vec<_> = of_tools("connect.").iter().map(file).collect();
    for name in FRAMES {
        samples.push(file(format!("{LAB}/frames/{name}.as-printed.txt")));
        samples.extend(written(&frame(name)[60..]).into_iter().map(String::into_bytes));
    }
    samples.push(b"00000000  00 00  |..|\n*\n00000100  01\n00000101\n".to_vec());
    samples
}

/// A change of a sample.
#[derive(Clone, Debug)]
enum Change {
    Put(u8),
    Insert(u8),
    Remove,
    RemoveMany,
    Repeat,
}

fn change() -> impl Strategy<Value = Change> {
    let byte = prop_oneof![
        any::<u8>(),
        proptest::sample::select(b" \t\n0123456789abcdefOlg.|*:\\x\"'[]{},#/-b".to_vec()),
    ];
    prop_oneof![
        byte.clone().prop_map(Change::Put),
        byte.prop_map(Change::Insert),
        Just(Change::Remove),
        Just(Change::RemoveMany),
        Just(Change::Repeat),
    ]
}

fn changed(mut sample: Vec<u8>, changes: Vec<(prop::sample::Index, Change)>) -> Vec<u8> {
    for (index, change) in changes {
        if sample.is_empty() {
            break;
        }
        let at = index.index(sample.len());
        let end = (at + 40).min(sample.len());
        match change {
            Change::Put(byte) => sample[at] = byte,
            Change::Insert(byte) => sample.insert(at, byte),
            Change::Remove => drop(sample.remove(at)),
            Change::RemoveMany => drop(sample.drain(at..end)),
            Change::Repeat => {
                let piece = sample[at..end].to_vec();
                sample.splice(at..at, piece);
            }
        }
    }
    sample
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        holds_for(&input)?;
    }

    #[test]
    fn any_text_is_read_without_a_panic(input in "[ \t\n0-9a-fxX.|*:;,'\"\\\\\\[\\]{}<>#/bO\u{a0}-]{0,200}") {
        holds_for(input.as_bytes())?;
    }

    #[test]
    fn damaged_samples_are_read_without_a_panic(
        sample in proptest::sample::select(samples()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), change()), 1..12),
    ) {
        holds_for(&changed(sample, changes))?;
    }

    #[test]
    fn any_bytes_survive_being_written(bytes in prop::collection::vec(any::<u8>(), 8..80)) {
        for written in written(&bytes).into_iter().take(3) {
            prop_assert_eq!(&read(written.as_bytes(), InputFormat::Hex).unwrap()[0].bytes, &bytes);
        }
        let dump: String = bytes.chunks(16).enumerate().map(|(i, row)| {
            let hex: String = row.iter().map(|b| format!("{b:02x} ")).collect();
            let shown = |b: &u8| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' };
            let text: String = row.iter().map(shown).collect();
            format!("{:04x}  {hex:48}  {text}\n", i * 16)
        }).collect();
        let records = read(dump.as_bytes(), InputFormat::Auto).unwrap();
        prop_assert_eq!(records.len(), 1);
        prop_assert_eq!(&records[0].bytes, &bytes, "{}", dump);
        prop_assert_eq!(&records[0].findings, &[], "{}", dump);
    }
}
