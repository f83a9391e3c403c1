use super::*;

#[track_caller]
fn reads(input: &str, expected: &[&[u8]]) {
    assert!(is_one(input), "{input}");
    let records = read(input);
    let bytes: Vec<_> = records.iter().map(|record| record.bytes.as_slice()).collect();
    assert_eq!(bytes, expected, "{input}");
    for record in &records {
        assert_eq!(record.findings, [], "{input}");
    }
}

#[track_caller]
fn complains(input: &str, expected: &[u8], message: &str) {
    let records = read(input);
    let [record] = records.as_slice() else { panic!("{records:?}") };
    let [finding] = record.findings.as_slice() else { panic!("{:?}", record.findings) };
    assert_eq!(record.bytes, expected);
    assert_eq!(finding.message, message);
}

const CONNECT: &[u8] = b"\x10\x15\0\x04MQTT";

#[test]
fn strings_of_many_languages() {
    for input in [
        r#""\x10\x15\x00\x04\x4d\x51\x54\x54""#,
        "\"\\x10\\x15\\x00\\x04\" \\\n\"\\x4d\\x51\\x54\\x54\"",
        r#"b"\x10\x15\0\x04MQTT""#,
        r"b'\x10\x15\x00\x04MQTT'",
        r"data = bytearray(b'\x10\x15\x00\x04MQTT')",
        r#"let p = b"\x10\x15\0\x04MQTT"; // a "comment""#,
        r#"char p[] = "\020\025\000\004" "MQTT";"#,
        "p = (b'\\x10\\x15\\x00'\n     b'\\x04MQTT')",
        "b\"\\x10\\x15\\0\\x04\\\n   MQTT\"",
        r#""\u0010\u{15}\u0000\x04MQTT""#,
        r"\x10\x15\x00\x04MQTT",
        r"\x10 \x15 \x00 \x04 \x4d \x51 \x54 \x54",
        "\\x10\\x15\\x00\\x04\\x4d\\\n\\x51\\x54\\x54\n",
        r"printf '\x10\x15\x00\x04MQTT' | nc host 1883",
        "bytes.fromhex('10 15 00 04 4d515454')",
        "unhexlify(\"101500044d515454\")",
        "hex!(\"10 15 00 04 4d 51 54 54\")",
        "hex!(\"10 15 00 04\n  4d 51 54 54\")",
    ] {
        reads(input, &[CONNECT]);
    }
}

#[test]
fn simple_escapes() {
    reads(r#"b"\a\b\t\n\v\f\r\e\\\"\'\0""#, &[b"\x07\x08\t\n\x0b\x0c\r\x1b\\\"'\0"]);
    reads(r#"b'it"s'"#, &[b"it\"s"]);
    reads(r"b'\101\1018'", &[b"AA8"]);
}

#[test]
fn other_strings_are_ignored() {
    reads(r#"topic = "internet"; p = b"0\0"; don't"#, &[b"0\0"]);
    reads(r#"connect(name="MQTT", data="\x10\x00")"#, &[b"\x10\0"]);
}

#[test]
fn strings_apart_are_records() {
    reads("b'\\xc0\\x00'\nb'\\xd0\\x00'", &[b"\xc0\0", b"\xd0\0"]);
    reads("\"\\xc0\\x00\"\n\n\"\\xd0\\x00\"", &[b"\xc0\0", b"\xd0\0"]);
    reads(r#"[b"\xc0\0", b"\xd0\0"]"#, &[b"\xc0\0", b"\xd0\0"]);
    reads("\\xc0\\x00\n\n\\xd0\\x00", &[b"\xc0\0", b"\xd0\0"]);
    reads("fromhex('c000') fromhex('d000')", &[b"\xc0\0", b"\xd0\0"]);
}

#[test]
fn what_is_not_understood_has_a_place() {
    complains(r#"b"\x10\q\0""#, b"\x10\0", "line 1, column 7: \"\\q\" is not a known escape");
    complains(r#"b"\x1\0""#, b"\0", "line 1, column 3: \"\\x1\" needs two hex digits");
    complains(r#"b"\xzz""#, b"zz", "line 1, column 3: \"\\x\" needs two hex digits");
    complains(r#"b"\777""#, b"", "line 1, column 3: \\777 is larger than a byte");
    complains(r#"b"\0a"#, b"\0a", "line 1, column 2: this string has no closing quote");
    complains(r#"b"a\u{110000}""#, b"a", "line 1, column 4: this \\u escape is not a character");
    complains("fromhex('10 15\n 0g 00')", b"\x10\x15\0", "line 2, column 2: \"0g\" is not a hex byte");
}

#[test]
fn rust_and_c_differ_on_octal() {
    complains(
        r#"b"\012""#,
        b"\x0012",
        "line 1, column 3: \\0 before a digit is read as Rust does, as the byte 0x00; \
         C and Python would read an octal number",
    );
    reads(r"b'\012'", &[b"\n"]);
}

#[test]
fn plain_strings_are_read_when_asked_for() {
    assert_eq!(read_all("\"MQTT\"")[0].bytes, b"MQTT");
    assert!(!is_one("\"MQTT\""));
}
