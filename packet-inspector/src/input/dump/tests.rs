use expect_test::{Expect, expect};

use super::*;

/// The records as text: format and bytes, then the findings.
#[track_caller]
fn reads(input: &str, expected: &Expect) {
    let mut out = String::new();
    match detect(input) {
        None => out.push_str("not a dump\n"),
        Some(Err(error)) => out.push_str(&format!("{error}\n")),
        Some(Ok(records)) => {
            for record in records {
                out.push_str(&format!("{}: {}\n", record.format, hex::encode(&record.bytes)));
                for f in record.findings {
                    let severity = f.severity.as_str();
                    out.push_str(&format!(
                        "  {severity} {} {}+{}: {}\n",
                        f.kind, f.offset, f.length, f.message
                    ));
                }
            }
        }
    }
    expected.assert_eq(&out);
}

#[test]
fn an_offset_that_restarts_begins_a_record() {
    reads(
        "0000  c0 00   ..\n0000  d0 00   ..\n",
        &expect![[r#"
            Wireshark hex dump: c000
            Wireshark hex dump: d000
        "#]],
    );
}

#[test]
fn a_page_break_does_not_begin_a_record() {
    reads(
        "0000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n\npage 2\n\n0010  10\n",
        &expect![[r#"
            Wireshark hex dump: 000102030405060708090a0b0c0d0e0f10
        "#]],
    );
}

#[test]
fn a_single_row_may_be_long() {
    reads(
        "00000000: 000102030405060708090a0b0c0d0e0f1011  damaged\n",
        &expect![[r#"
            xxd hex dump: 000102030405060708090a0b0c0d0e0f1011
              warning dump_text_damaged 0+0: the text beside the bytes is damaged in row 0x0000 (line 1): it cannot be checked against them
        "#]],
    );
}

#[test]
fn the_heading_of_a_dump_is_not_a_row() {
    reads(
        "           00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F\n\n\
         00000000   10 15 00 04 4D 51 54 54                          ....MQTT\n",
        &expect![[r#"
            hexdump -C dump: 101500044d515454
        "#]],
    );
}

#[test]
fn bare_hex_is_not_a_dump() {
    for input in ["1015 0004 4d51", "4d51 54 54", "10 15 00 04", "0000 0004 0001", "0001 .... = Type"] {
        reads(input, &expect![["not a dump\n"]]);
    }
}

#[test]
fn a_missing_row_is_found() {
    reads(
        "0000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n\
         0010  10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f\n\
         0030  30 31 32\n",
        &expect![[r#"
            Wireshark hex dump: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f303132
              error dump_offset 32+0: row 0x0030 (line 3) does not follow row 0x0010 (line 2): 16 bytes are missing between 0x20 and 0x2f
        "#]],
    );
}

#[test]
fn a_misprinted_offset_is_found_once() {
    reads(
        "0000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n\
         0018  10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f\n\
         0020  20 21\n",
        &expect![[r#"
            Wireshark hex dump: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021
              error dump_offset 16+16: row 0x0018 (line 2) stands where 0x0010 belongs
        "#]],
    );
    reads(
        "0006  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n0010  10\n",
        &expect![[r#"
            Wireshark hex dump: 000102030405060708090a0b0c0d0e0f10
              error dump_offset 0+16: row 0x0006 (line 1) stands where 0x0000 belongs
        "#]],
    );
}

#[test]
fn a_repeated_row_is_left_out() {
    reads(
        "0000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n0010  10 11\n0010  10 11\n",
        &expect![[r#"
            Wireshark hex dump: 000102030405060708090a0b0c0d0e0f1011
              error dump_offset 18+0: row 0x0010 (line 3) repeats the row before it and is left out
        "#]],
    );
}

#[test]
fn a_row_may_have_too_many_bytes() {
    reads(
        "0000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0e 0f\n0010  10\n",
        &expect![[r#"
            Wireshark hex dump: 000102030405060708090a0b0c0d0e0e0f10
              error dump_row_length 0+17: row 0x0000 (line 1) has 17 bytes where 16 belong: one is too many between 0x00 and 0x10
        "#]],
    );
}

#[test]
fn the_final_offset_checks_the_last_row() {
    reads(
        "00000000  c0 00  |..|\n00000003\n",
        &expect![[r#"
            hexdump -C dump: c000
              error dump_row_length 0+2: row 0x0000 (line 1) has 2 bytes where 3 belong: one is missing between 0x00 and 0x02
        "#]],
    );
}

#[test]
fn a_part_of_a_dump_says_where_it_begins() {
    reads(
        "00000030: c000 ..\n",
        &expect![[r#"
            xxd hex dump: c000
              note dump_offset 0+0: the dump begins at 0x0030 (line 1): 48 bytes before it are not here
        "#]],
    );
}

#[test]
fn repeated_rows_are_filled_in() {
    reads(
        "00000000  ab ab ab ab ab ab ab ab  ab ab ab ab ab ab ab ab  |................|\n*\n\
         00000030  01                                                |.|\n00000031\n",
        &expect![[r#"
            hexdump -C dump: abababababababababababababababababababababababababababababababababababababababababababababababab01
        "#]],
    );
    reads(
        "000000 00 00  >..<\n*\nffffffffff\n",
        &expect![[r#"
            od hex dump: 0000
              error dump_offset 2+0: line 2: nothing after the * tells how many rows it stands for
        "#]],
    );
    reads(
        "00000000  00 00  |..|\n*\nffffffff\n",
        &expect![[r#"
            hexdump -C dump: 0000
              error dump_offset 2+0: line 2: the * stands for 4294967293 bytes, more than are filled in (1048576): they are left out
        "#]],
    );
}

#[test]
fn a_misread_byte_has_a_place() {
    reads(
        "0000  00 01 O2 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f   ................\n0010  10   .\n",
        &expect![[r#"
            Wireshark hex dump: 0001030405060708090a0b0c0d0e0f10
              error not_understood 2+0: line 1, column 13: "O2" is not a hex byte
        "#]],
    );
    reads(
        "0000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e Of   ................\n0010  10   .\n",
        &expect![[r#"
            Wireshark hex dump: 000102030405060708090a0b0c0d0e10
              error not_understood 15+0: line 1, column 52: "Of" is not a hex byte
        "#]],
    );
    reads(
        "0000 10 15 g0 04\n",
        &expect![[r#"
            Wireshark hex dump: 101504
              error not_understood 2+0: line 1, column 12: "g0" is not a hex byte
        "#]],
    );
}

#[test]
fn a_misread_offset_does_not_lose_its_row() {
    reads(
        "0000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\nOOlO  10 11 12 13\n",
        &expect![[r#"
            Wireshark hex dump: 000102030405060708090a0b0c0d0e0f10111213
              error not_understood 16+0: line 2, column 1: "OOlO" is not an offset, and is read as 0x0010
        "#]],
    );
}

#[test]
fn text_that_differs_is_named() {
    reads(
        "0000  4d 51 54 54 00 01   MOTT..\n",
        &expect![[r#"
            Wireshark hex dump: 4d5154540001
              warning dump_text_differs 1+1: row 0x0000 (line 1): the text does not show the bytes: "O" beside 51 at 0x01
        "#]],
    );
}

#[test]
fn text_like_hex_beside_every_row() {
    reads(
        "0000  61 62 20 63 64 20 65 66 20 31 32 20 33 34 20 35   ab cd ef 12 34 5\n\
         0010  36 20 61 62   6 ab\n",
        &expect![[r#"
            Wireshark hex dump: 6162206364206566203132203334203536206162
        "#]],
    );
    reads(
        "0000 61 62 20 63 64 20 65 66 20 31 32 20 33 34 20 35 ab cd ef 12 34 5\n\
         0010 61 62 20 63 64 ab cd\n",
        &expect![[r#"
            Wireshark hex dump: 616220636420656620313220333420356162206364
        "#]],
    );
}

#[test]
fn dumps_that_do_not_show_bytes_are_refused() {
    let words = expect![[r#"
        line 1, column 9: this dump shows words or octal numbers, whose bytes cannot be told apart: print it again with hexdump -C, xxd or od -t x1
    "#]];
    reads("0000000 1510 0400 514d\n0000006\n", &words);
    reads("0000000 012420 002000 050515\n0000006\n", &words);
    reads(
        "00000000: 04001510 5454514d  ....MQTT\n",
        &expect![[r#"
            line 1, column 11: this dump shows words or octal numbers, whose bytes cannot be told apart: print it again with hexdump -C, xxd or od -t x1
        "#]],
    );
    reads(
        "00000000: 00010000 00010101  ..\n00000002: 00000000  .\n",
        &expect![[r#"
            line 1, column 11: this dump shows binary digits: print it again with xxd or hexdump -C
        "#]],
    );
}

#[test]
fn memory_as_gdb_prints_it() {
    reads(
        "0x555555558010 <pkt>:\t0x10\t0x15\t0x00\t0x04\n0x555555558014 <pkt+4>:\t0x4d\t0x51\n",
        &expect![[r#"
            hex dump: 101500044d51
        "#]],
    );
}

#[test]
fn rows_say_where_their_bytes_are() {
    let records = read("x\n0000  c0 00   ..\n").unwrap();
    let row = &records[0].rows[0];
    assert_eq!((row.line, row.printed_offset, row.start, row.len), (2, Some(0), 0, 2));
    assert_eq!(row.ascii.as_deref(), Some(".."));
}

#[test]
fn a_damaged_row_is_not_left_out_silently() {
    reads(
        "0000  c0 00 d0 00   ....\nxx 00 c0\n",
        &expect![[r#"
            Wireshark hex dump: c000d000
              error not_understood 4+0: line 2, column 1: "xx 00 c0" is not understood: the bytes of this row are left out
        "#]],
    );
    reads(
        "0000  c0 00 d0 00   ....\n0004  zz yy d0 00   ....\n",
        &expect![[r#"
        Wireshark hex dump: c000d000
          error not_understood 4+0: line 2, column 1: "0004  zz yy d0 00   ...." is not understood: the bytes of this row are left out
    "#]],
    );
    reads(
        "xx 00 c0\n0000  c0 00   ..\n\n0000  d0 00   ..\n",
        &expect![[r#"
        Wireshark hex dump: c000
          error not_understood 0+0: line 1, column 1: "xx 00 c0" is not understood: the bytes of this row are left out
        Wireshark hex dump: d000
    "#]],
    );
}

#[test]
fn prose_between_rows_is_noted() {
    let rows = "0000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n";
    reads(
        &format!("{rows}  foo bar\n0010  10 11\n"),
        &expect![[r#"
        Wireshark hex dump: 000102030405060708090a0b0c0d0e0f1011
          note not_understood 16+0: line 2, column 3: "foo bar" is not understood
    "#]],
    );
    reads(
        &format!("{rows}Msg Len: 21\n0010  10 11\nfoo bar\n"),
        &expect![[r#"
        Wireshark hex dump: 000102030405060708090a0b0c0d0e0f1011
    "#]],
    );
    reads(
        &format!("{rows}foo\n\n0000  10 11\n"),
        &expect![[r#"
        Wireshark hex dump: 000102030405060708090a0b0c0d0e0f
        Wireshark hex dump: 1011
    "#]],
    );
}

#[test]
fn a_byte_too_many_before_the_gap_is_a_byte() {
    let clean = "0000  60 61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f   `abcdefghijklmno\n";
    reads(
        &format!(
            "{clean}0010  70 71 72 73 74 75 76 77 78 79 00 00 61 62 63 64 65   pqrstuvwxy.abcde\n0020  70   p\n"
        ),
        &expect![[r#"
            Wireshark hex dump: 606162636465666768696a6b6c6d6e6f707172737475767778790000616263646570
              error dump_row_length 16+17: row 0x0010 (line 2) has 17 bytes where 16 belong: one is too many between 0x10 and 0x20
        "#]],
    );
    reads(
        &format!("{clean}0010  70 71 72 73 74 75 76 77 78 79 00 00 61 62 63 64 65   pqrstuvwxy..abcde\n"),
        &expect![[r#"
            Wireshark hex dump: 606162636465666768696a6b6c6d6e6f7071727374757677787900006162636465
              error dump_row_length 16+17: row 0x0010 (line 2) has 17 bytes where 16 belong: one is too many between 0x10 and 0x20
        "#]],
    );
}

#[test]
fn glued_bytes_are_taken_apart() {
    let row = "60 61 6263 64 65 66 67 68 69 6a 6b 6c6d6e 6f   `abcdefghijklmno";
    let last = "70 7172 73   pqrs";
    reads(
        &format!("0000  {row}\n0010  {last}\n"),
        &expect![[r#"
            Wireshark hex dump: 606162636465666768696a6b6c6d6e6f70717273
        "#]],
    );
}

#[test]
fn a_misread_byte_has_a_place_in_the_last_row_too() {
    let clean = "0000  60 61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f   `abcdefghijklmno\n";
    reads(
        &format!("{clean}0010  70 S4 72 20 74   pTr t\n"),
        &expect![[r#"
        Wireshark hex dump: 606162636465666768696a6b6c6d6e6f70722074
          error not_understood 17+0: line 2, column 10: "S4" is not a hex byte
    "#]],
    );
    reads(
        &format!("{clean}0010  70 71 g0   pq.\n"),
        &expect![[r#"
        Wireshark hex dump: 606162636465666768696a6b6c6d6e6f7071
          error not_understood 18+0: line 2, column 13: "g0" is not a hex byte
    "#]],
    );
    reads(
        "0000  70 S4 72 20 74   pTr t\n",
        &expect![[r#"
            Wireshark hex dump: 70722074
              error not_understood 1+0: line 1, column 10: "S4" is not a hex byte
        "#]],
    );
}
