use super::*;

#[track_caller]
fn reads(input: &str, expected: &[&str]) {
    let records = read(input);
    let bytes: Vec<_> = records.iter().map(|record| hex::encode(&record.bytes)).collect();
    assert_eq!(bytes, expected, "{input}");
    for record in &records {
        assert_eq!(record.findings, [], "{input}");
    }
}

#[track_caller]
fn complains(input: &str, expected: &str, kind: &str, offset: usize, message: &str) {
    let records = read(input);
    let [record] = records.as_slice() else { panic!("{records:?}") };
    let [finding] = record.findings.as_slice() else { panic!("{:?}", record.findings) };
    assert_eq!(hex::encode(&record.bytes), expected);
    assert_eq!((finding.kind, finding.offset), (kind, offset));
    assert_eq!(finding.message, message);
    assert_eq!(finding.severity, Severity::Error);
}

#[test]
fn any_grouping() {
    for input in [
        "101500044d515454",
        "10 15 00 04 4d 51 54 54",
        "10:15:00:04:4D:51:54:54",
        "10-15-00-04-4d-51-54-54",
        "10,15,00,04,4d,51,54,54",
        "1015 0004 4d51 5454",
        "10 150004 4d51 54 54",
        "0x10, 0x15, 0x0, 0x4, 0x4d, 0x51, 0x54, 0x54",
        "0x101500044D515454",
        "0x1015_0004_4d51_5454",
        "10h 15h 00h 04h 4dh 51h 54h 54h",
        "10 15 00 04\n4d 51 54 54\n",
        "10 15 00 04\r\n\t4d 51 54 54\r\n",
        "10\u{a0}15\u{a0}00\u{a0}04 4d 51 54 54",
        "\"101500044d515454\"",
        "10 15 00 04 4d 51 54 54  ....MQTT",
        "10 15 00 04  4d 51 54 54",
        "TCP payload (8 bytes): 101500044d515454",
        "CONNECT 10 15 00 04 4d 51 54 54",
        "10 15 00 04 # CONNECT\n4d 51 54 54 // MQTT",
    ] {
        reads(input, &["101500044d515454"]);
    }
}

#[test]
fn a_stream_may_be_cut_in_the_middle_of_a_byte() {
    reads("101500044d5\n15454", &["101500044d515454"]);
    reads("101500044\nd51545\n4", &["101500044d515454"]);
}

#[test]
fn blank_lines_comments_and_labels_separate() {
    reads("c0 00\n\nd0 00", &["c000", "d000"]);
    reads("# first\nc0 00\n# second\nd0 00", &["c000", "d000"]);
    reads("Frame 12:\nc0 00\nFrame 13:\nd0 00", &["c000", "d000"]);
    reads("PINGREQ: c0 00\nPINGRESP: d0 00", &["c000", "d000"]);
    reads("$ cat dump\nc0 00\nme@host:~$", &["c000"]);
}

#[test]
fn numbers_behind_labels_are_not_bytes() {
    reads("Msg Len: 21\nSrc Port: 1883\nClient ID: cafe\nTime: 12:00:01", &[]);
}

#[test]
fn text_that_looks_like_hex_is_not_bytes() {
    reads("61 62 20 63 64  ab cd", &["6162206364"]);
    reads("31 32 33 34\t1234", &["31323334"]);
}

#[test]
fn what_is_not_hex_has_a_place() {
    complains(
        "10 15\n00 04\n4d 51 54 g0 04",
        "101500044d515404",
        "not_understood",
        7,
        "line 3, column 10: \"g0\" is not a hex byte",
    );
    complains("é, c0 00", "c000", "not_understood", 0, "line 1, column 1: \"é\" is not a hex byte");
}

#[test]
fn odd_digits_have_a_place() {
    complains(
        "101500044",
        "10150004",
        "odd_digits",
        4,
        "line 1, column 9: an odd number of hex digits: the last, \"4\", is half a byte",
    );
    complains(
        "10 150 00 04",
        "100004",
        "odd_digits",
        1,
        "line 1, column 4: \"150\" has an odd number of hex digits",
    );
}

#[test]
fn rows_are_the_lines() {
    let records = read("10 15\n00 04  ..");
    let rows: Vec<_> = records[0].rows.iter().map(|row| (row.line, row.start, row.len)).collect();
    assert_eq!(rows, [(1, 0, 2), (2, 2, 2)]);
    assert_eq!(records[0].rows[1].ascii.as_deref(), Some(".."));
    assert_eq!(records[0].rows[1].printed_offset, None);
}

#[test]
fn many_findings_are_counted() {
    let records = read(&"10 15 zz ".repeat(100));
    assert_eq!(records[0].findings.len(), 65);
    assert_eq!(records[0].findings[64].message, "36 more findings like these are left out");
}

/// Each record's bytes, then its findings.
#[track_caller]
fn says(input: &str, expected: &[&str]) {
    let mut said = Vec::new();
    for record in crate::input::read(input.as_bytes(), crate::input::InputFormat::Hex).unwrap() {
        said.push(hex::encode(&record.bytes));
        said.extend(
            record.findings.iter().map(|f| format!("{} {} {}", f.severity.as_str(), f.kind, f.message)),
        );
    }
    assert_eq!(said, expected, "{input}");
}

#[test]
fn prose_among_bytes_is_noted() {
    says("c000\nzz\n", &["c000", "note not_understood line 2, column 1: \"zz\" is not understood"]);
    says(
        "c000\n  hello world\nd000",
        &["c000", "note not_understood line 2, column 3: \"hello world\" is not understood", "d000"],
    );
    says(
        "c000\n\nto be sent\n\nd000",
        &["c000", "d000", "note not_understood line 3, column 1: \"to be sent\" is not understood"],
    );
}

#[test]
fn bytes_among_words_are_not_lost_silently() {
    says(
        "c000\nit said c0 again\nd000",
        &["c000", "error not_understood line 2, column 1: \"it said c0 again\" is not understood", "d000"],
    );
    says(
        "c000\nxx yy zz d0\n",
        &[
            "c000d0",
            "error not_understood line 2, column 1: \"xx\" is not a hex byte",
            "error not_understood line 2, column 4: \"yy\" is not a hex byte",
            "error not_understood line 2, column 7: \"zz\" is not a hex byte",
        ],
    );
}

#[test]
fn words_behind_bytes_do_not_spoil_them() {
    for (input, bytes, column) in [("c000 hello", "c000", 6), ("C0 00 D0 00 hello", "c000d000", 13)] {
        let hello = format!("error not_understood line 1, column {column}: \"hello\" is not a hex byte");
        says(input, &[bytes, &hello]);
    }
    complains("C0 00 hello", "c000", "not_understood", 2, "line 1, column 7: \"hello\" is not a hex byte");
}

#[test]
fn labels_and_comments_stay_silent() {
    reads("c000\nPINGRESP\nd000", &["c000", "d000"]);
    reads("Sent today\nc000\n---\nd000\n; the end", &["c000", "d000"]);
    reads("c000\nKeep Alive: 5\nClient ID: PythonSub\n", &["c000"]);
}

#[test]
fn notes_are_limited() {
    let records = read(&format!("c000\n{}", "hello\n\n".repeat(1000)));
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].findings.len(), 65);
}
