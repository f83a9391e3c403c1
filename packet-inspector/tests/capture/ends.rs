//! What is missing before the end of a connection, and is shown by nothing but its FIN or RST.

use mqtt_codec::Side;
use packet_inspector::stream::Event;

use crate::analysis::{findings, play};
use crate::wire::Wire;

const SUBSCRIBE: &str = "hello\n c 82 06 00 01 00 01 74 00\n";

/// The capture without the record before its last one.
fn without_the_last_but_one(script: &str) -> (Wire, u64) {
    let mut wire = play(script);
    wire.records.remove(wire.records.len() - 2);
    let last = wire.records.len() as u64;
    (wire, last)
}

#[test]
fn bytes_missing_before_a_fin_or_rst_are_lost_there_and_nobody_is_blamed() {
    let connect = "c 10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 61\n s 20 02 00 00";
    let cases = [
        (format!("{connect}\n wait 15\n fin s"), Side::Server, 4),
        (format!("{connect}\n wait 15\n rst s"), Side::Server, 4),
        (format!("{SUBSCRIBE} s 90 03 00 01 00\n wait 5\n fin s"), Side::Server, 5),
        (format!("{SUBSCRIBE} s 90 03 00 01 00\n wait 5\n rst s"), Side::Server, 5),
        ("hello\n c e0 00\n fin c".to_owned(), Side::Client, 2),
        ("hello\n c e0 00\n rst c".to_owned(), Side::Client, 2),
    ];
    for (script, side, lost) in cases {
        let (wire, last) = without_the_last_but_one(&script);
        assert_eq!(wire.read().events, [(last, Event::Lost(lost))], "{script}");
        let told: Vec<_> = findings(&wire).into_iter().map(|it| (it.kind, it.side, it.frames)).collect();
        assert_eq!(told, [("lost", Some(side), vec![last])], "{script}");
    }
}

#[test]
fn a_reset_behind_a_fin_that_was_not_captured_shows_no_loss() {
    let (wire, _) = without_the_last_but_one("hello\n c e0 00\n fin c\n rst c");
    assert_eq!(wire.read().events, []);
    // Nor does one that came long before what was sent: it was recorded late.
    let mut wire = play("hello\n c e0 00\n fin c\n rst c");
    let last = wire.records.len() - 1;
    wire.records.swap(last - 2, last - 1);
    assert_eq!(wire.read().events, []);
}

#[test]
fn what_is_missing_before_a_reset_is_told_once() {
    let mut wire = play(&format!("{SUBSCRIBE} s 90 03 00 01 00\n ack c\n rst s"));
    wire.records.remove(wire.records.len() - 3);
    // Where the client had it, which is before the RST.
    let shown = wire.records.len() as u64 - 1;
    assert_eq!(wire.read().events, [(shown, Event::Lost(5))]);
}
