//! Gaps in a stream: each is said where it is, and an answer comes behind its question, however they were captured.

use mqtt_codec::Side;
use packet_inspector::stream::Event;
use proptest::prelude::*;

use crate::analysis::{findings, play};
use crate::conversations::GOOD;
use crate::tcp::connected;
use crate::wire::{ACK, CLIENT, FIN, RST, SERVER, SYN, Seen, Tcp, Wire, publish};

/// A PUBLISH at QoS 1, long enough to be known for one behind a gap.
fn question(id: u16) -> Vec<u8> {
    [&b"\x32\x18\x00\x0ahome/light"[..], &id.to_be_bytes(), b"brightness"].concat()
}

/// Its bytes.
const LEN: u64 = 26;

/// Its PUBACK.
fn answer(id: u16) -> Vec<u8> {
    [&b"\x40\x02"[..], &id.to_be_bytes()].concat()
}

/// The records of exchanges with these identifiers: a question, its acknowledgement by TCP, the answer.
fn exchanges(tcp: &mut Tcp, ids: std::ops::RangeInclusive<u16>) -> Vec<[Vec<u8>; 3]> {
    let each = |id| {
        let question = tcp.next_segment(CLIENT, &question(id));
        let acknowledgement = tcp.segment(SERVER, ACK, b"");
        [question, acknowledgement, tcp.next_segment(SERVER, &answer(id))]
    };
    ids.map(each).collect()
}

/// Identifiers and senders of what follows CONNACK, in the order in which it is told, with frames.
fn order(seen: &Seen) -> Vec<(u64, Side, u8)> {
    let behind = seen.packets.iter().skip(2);
    behind
        .map(|(frame, side, bytes, _)| {
            let side = side.unwrap();
            (*frame, side, bytes[if side == Side::Client { 15 } else { 3 }])
        })
        .collect()
}

/// Each packet behind what its sender knew when it was sent.
#[track_caller]
fn is_causal(seen: &Seen) {
    let order = order(seen);
    for (at, (_, _, id)) in order.iter().enumerate().filter(|(_, (_, side, _))| *side == Side::Server) {
        let question = order.iter().position(|(_, side, other)| *side == Side::Client && other == id);
        assert!(
            question.is_none_or(|question| question < at),
            "{id} is answered before it is asked: {order:?}"
        );
    }
}

#[test]
fn a_gap_is_where_the_first_segment_behind_it_is_and_nothing_overtakes_it() {
    for lost in 0..4 {
        let (mut wire, mut tcp) = connected();
        let mut shown = 0;
        for (number, records) in exchanges(&mut tcp, 1..=20).into_iter().enumerate() {
            let skipped = usize::from(number == lost);
            if number == lost + 1 {
                shown = wire.records.len() as u64 + 1;
            }
            records.into_iter().skip(skipped).for_each(|record| wire.push(record));
        }
        let seen = wire.read();
        assert_eq!(seen.events, [(shown, Event::Lost(LEN))]);
        is_causal(&seen);
        assert!(seen.places().is_sorted(), "{:?}", seen.places());
        assert_eq!(seen.packets.len(), 2 + 39);
        let told: Vec<_> = findings(&wire).into_iter().map(|it| (it.kind, it.side, it.frames)).collect();
        assert_eq!(told, [("lost", Some(Side::Client), vec![shown])]);
    }
}

#[test]
fn each_gap_has_its_own_place_length_and_direction() {
    let (mut wire, mut tcp) = connected();
    let mut expected = Vec::new();
    for (number, [question, acknowledgement, answer]) in exchanges(&mut tcp, 1..=12).into_iter().enumerate() {
        let next = wire.records.len() as u64 + 1;
        // Two questions, then one answer.
        match number {
            2 | 4 => [acknowledgement, answer].into_iter().for_each(|record| wire.push(record)),
            7 => [question, acknowledgement].into_iter().for_each(|record| wire.push(record)),
            _ => [question, acknowledgement, answer].into_iter().for_each(|record| wire.push(record)),
        }
        match number {
            3 | 5 => expected.push((next, Event::Lost(LEN))),
            8 => expected.push((next + 2, Event::Lost(4))),
            _ => {}
        }
    }
    let seen = wire.read();
    assert_eq!(seen.events, expected);
    is_causal(&seen);
    assert_eq!(seen.packets.len(), 2 + 24 - 3);
    let told: Vec<_> = findings(&wire).into_iter().filter(|it| it.kind == "lost").map(|it| it.side).collect();
    assert_eq!(told, [Some(Side::Client), Some(Side::Client), Some(Side::Server)]);
}

#[test]
fn a_gap_in_both_directions_at_once_holds_up_neither() {
    let (mut wire, mut tcp) = connected();
    for (number, records) in exchanges(&mut tcp, 1..=40).into_iter().enumerate() {
        match number {
            3 => wire.push(records[1].clone()),
            _ => records.into_iter().for_each(|record| wire.push(record)),
        }
    }
    let seen = wire.read();
    let first = 5 + 3 * 3 + 2;
    assert_eq!(seen.events, [(first, Event::Lost(LEN)), (first + 2, Event::Lost(4))]);
    is_causal(&seen);
    assert_eq!(seen.packets.len(), 2 + 78);
}

#[test]
fn bytes_missing_at_the_end_are_where_they_were_acknowledged() {
    for closes in [false, true] {
        let (mut wire, mut tcp) = connected();
        let [_, acknowledgement, answer] = exchanges(&mut tcp, 1..=1).remove(0);
        wire.push(acknowledgement);
        let at = wire.records.len() as u64;
        wire.push(answer);
        wire.push(tcp.segment(CLIENT, ACK, b""));
        if closes {
            tcp.close(&mut wire);
        }
        // Without a FIN, the last byte may be one that was not captured.
        let lost = if closes { LEN } else { LEN - 1 };
        let seen = wire.read();
        assert_eq!(seen.events, [(at, Event::Lost(lost))], "closes: {closes}");
        assert_eq!(seen.packets.len(), 3);
        let blamed: Vec<_> = findings(&wire).into_iter().filter(|it| !it.clauses.is_empty()).collect();
        assert_eq!(blamed, []);
    }
}

#[test]
fn what_was_recorded_late_is_neither_lost_nor_overtaken() {
    for late in [1, 2, 3, 5, 10, 20, 30] {
        for number in [0, 3] {
            let (mut wire, mut tcp) = connected();
            let before = wire.records.len();
            let all = exchanges(&mut tcp, 1..=20).into_iter().flatten();
            all.for_each(|record| wire.push(record));
            let at = before + 3 * number;
            let question = wire.records[at].1.clone();
            for place in at..at + late {
                wire.records[place].1 = wire.records[place + 1].1.clone();
                wire.records[place].2 = wire.records[place + 1].2;
            }
            wire.records[at + late].1 = question.clone();
            wire.records[at + late].2 = question.len();
            let seen = wire.read();
            assert_eq!(seen.events, [], "{late} records late");
            is_causal(&seen);
            assert_eq!(seen.packets.len(), 2 + 40, "{late} records late");
            let blamed: Vec<_> = findings(&wire).into_iter().filter(|it| !it.clauses.is_empty()).collect();
            assert_eq!(blamed, [], "{late} records late");
        }
    }
}

#[test]
fn a_direction_that_is_always_recorded_late_loses_nothing() {
    for late in [1, 4, 11] {
        let (mut wire, mut tcp) = connected();
        let all: Vec<_> = exchanges(&mut tcp, 1..=100);
        let (mut questions, mut answers) = (Vec::new(), Vec::new());
        for (number, [question, acknowledgement, answer]) in all.into_iter().enumerate() {
            questions.push((3 * number + late, question));
            answers.extend([(3 * number, acknowledgement), (3 * number + 1, answer)]);
        }
        answers.append(&mut questions);
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().for_each(|(_, record)| wire.push(record));
        let seen = wire.read();
        assert_eq!(seen.events, []);
        is_causal(&seen);
        assert_eq!(seen.packets.len(), 2 + 200);
    }
}

#[test]
fn a_packet_that_a_gap_cuts_is_where_its_last_byte_is() {
    let (mut wire, mut tcp) = connected();
    let packet = question(1);
    tcp.send(&mut wire, CLIENT, &packet[..6]);
    let at = wire.records.len() as u64;
    tcp.next_segment(CLIENT, &packet[6..8]);
    tcp.send(&mut wire, CLIENT, &packet[8..]);
    wire.push(tcp.segment(SERVER, ACK, b""));
    tcp.send(&mut wire, CLIENT, &question(2));
    let seen = wire.read();
    assert_eq!(seen.events, [(at + 1, Event::Lost(2))]);
    assert_eq!(seen.frames[2..], [vec![at], vec![at + 3]]);
    assert_eq!(seen.places()[2..], [at, at + 3]);
    assert_eq!(seen.packets[2].3, packet.len());
}

#[test]
fn of_a_side_that_is_not_captured_any_more_the_other_does_not_wait_for_ever() {
    let (mut wire, mut tcp) = connected();
    for [_, acknowledgement, answer] in exchanges(&mut tcp, 1..=200) {
        wire.push(acknowledgement);
        wire.push(answer);
    }
    let seen = wire.read();
    assert_eq!(seen.packets.len(), 2 + 200);
    assert!(seen.places().is_sorted());
    assert!(seen.most_held < 8 << 10, "{} bytes held", seen.most_held);
}

#[test]
fn acknowledgements_that_wait_for_each_other_hold_up_nothing_for_ever() {
    // Each knows what the other has not sent yet: no capture has that, but a file may.
    let (mut wire, mut tcp) = connected();
    for id in 1..=100 {
        let ahead = |tcp: &Tcp, side: usize| {
            let mut ahead = *tcp;
            ahead.next[1 - side] += 1000;
            ahead
        };
        let mut liar = ahead(&tcp, CLIENT);
        wire.push(liar.next_segment(CLIENT, &question(id)));
        tcp.next[CLIENT] = liar.next[CLIENT];
        let mut liar = ahead(&tcp, SERVER);
        wire.push(liar.next_segment(SERVER, &answer(id)));
        tcp.next[SERVER] = liar.next[SERVER];
    }
    let seen = wire.read();
    assert_eq!(seen.packets.len(), 2 + 200);
    assert!(seen.most_held < 16 << 10, "{} bytes held", seen.most_held);
}

#[test]
fn behind_a_fin_the_number_of_it_is_no_gap() {
    let (mut wire, mut tcp) = connected();
    tcp.send(&mut wire, CLIENT, b"\xe0\x00");
    wire.push(tcp.segment(CLIENT, FIN | ACK, b""));
    tcp.next[CLIENT] += 1;
    tcp.send(&mut wire, SERVER, &answer(1));
    let seen = wire.read();
    assert_eq!((seen.places().last().copied(), seen.events), (Some(8), vec![]));
}

#[test]
fn of_a_packet_with_a_gap_all_bytes_are_accounted_for() {
    let packet = publish("home/light", &[b'x'; 300]);
    for (from, to) in [(100, 200), (100, packet.len()), (20, 21), (packet.len() - 11, packet.len() - 10)] {
        let (mut wire, mut tcp) = connected();
        tcp.send(&mut wire, CLIENT, &packet[..from]);
        tcp.next_segment(CLIENT, &packet[from..to]);
        if to < packet.len() {
            tcp.send(&mut wire, CLIENT, &packet[to..]);
        }
        tcp.send(&mut wire, CLIENT, &question(2));
        tcp.close(&mut wire);
        let (whole, lost, behind) = (packet.len(), to - from, packet.len() - to);
        let expected = match behind {
            0 => format!("{from} of its {whole} bytes are in the capture"),
            _ => format!(
                "{from} of its {whole} bytes are shown, {lost} are not in the capture, and {behind} are passed over"
            ),
        };
        for arguments in [&["read", "--color", "never"][..], &["read", "--format", "json"]] {
            let text = written(&wire, arguments);
            assert!(text.contains(&expected), "{expected}: {text}");
        }
    }
}

/// What the inspector writes of a capture.
fn written(wire: &Wire, arguments: &[&str]) -> String {
    let file = std::env::temp_dir().join(format!("gaps-{}-{}.pcap", std::process::id(), arguments.join("")));
    std::fs::write(&file, wire.pcap(1)).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_packet-inspector"));
    let output = command.arg(arguments[0]).arg(&file).args(&arguments[1..]).output().unwrap();
    std::fs::remove_file(&file).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_ladder_has_the_gap_between_what_is_before_and_behind_it() {
    let (mut wire, mut tcp) = connected();
    for (number, records) in exchanges(&mut tcp, 1..=4).into_iter().enumerate() {
        records.into_iter().skip(usize::from(number == 1)).for_each(|record| wire.push(record));
    }
    let ladder = written(&wire, &["read", "--follow", "0", "--color", "never"]);
    let rungs: Vec<_> = ladder.lines().skip(2).collect();
    let words = |rung: &str| {
        rung.replace(['-', '|', '<', '>'], " ")
            .split_whitespace()
            .skip(1)
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let shown: Vec<_> = rungs.iter().map(|rung| words(rung)).collect();
    let expected = [
        "4 CONNECT",
        "5 CONNACK",
        "6 PUBLISH",
        "8 PUBACK",
        "10 PUBACK",
        "11 26",
        "11 PUBLISH",
        "13 PUBACK",
        "14 PUBLISH",
        "16 PUBACK",
    ];
    assert_eq!(shown, expected, "{ladder}");
    assert!(rungs.iter().all(|rung| rung.trim_start().starts_with('+')), "{ladder}");

    // What waited is shown as it lies in its record.
    let tree = written(&wire, &["read", "--format", "tree", "--color", "never"]);
    assert_eq!(tree.matches("Transmission Control Protocol").count(), 9, "{tree}");
}

#[test]
fn two_gaps_one_behind_the_other_are_two() {
    let (mut wire, mut tcp) = connected();
    let large = crate::wire::publish("home/large", &[b'x'; 4000]);
    let sent: Vec<_> = large.chunks(500).map(|part| tcp.next_segment(CLIENT, part)).collect();
    let first = wire.records.len() as u64 + 1;
    let kept = sent.into_iter().enumerate().filter(|(number, _)| !matches!(number, 2 | 5 | 6));
    kept.for_each(|(_, record)| wire.push(record));
    wire.push(tcp.segment(SERVER, ACK, b""));
    tcp.send(&mut wire, CLIENT, &question(1));
    let seen = wire.read();
    assert_eq!(seen.events, [(first + 2, Event::Lost(500)), (first + 4, Event::Lost(1000))]);
    assert_eq!(seen.frames[2..], [vec![first, first + 1], vec![first + 7]]);
    assert_eq!(seen.packets[2].3, large.len());
}

/// Messages at QoS 2 from the server, with all their acknowledgements, behind SUBSCRIBE and SUBACK: long enough for what is
/// missing to be given up part by part.
fn released(tcp: &mut Tcp) -> Vec<(usize, Vec<u8>)> {
    let mut all = vec![
        (CLIENT, tcp.next_segment(CLIENT, b"\x82\x06\x00\x01\x00\x01#\x02")),
        (SERVER, tcp.next_segment(SERVER, b"\x90\x03\x00\x01\x02")),
    ];
    for id in (1..=20_u16).map(u16::to_be_bytes) {
        let publish = [&b"\x34\x08\x00\x01t"[..], &id, b"abc"].concat();
        let acknowledgement = |first: u8| [&[first, 2][..], &id].concat();
        let [pubrec, pubrel, pubcomp] = [0x50, 0x62, 0x70].map(acknowledgement);
        let steps = [(SERVER, publish), (CLIENT, pubrec), (SERVER, pubrel), (CLIENT, pubcomp)];
        all.extend(steps.map(|(side, bytes)| (side, tcp.next_segment(side, &bytes))));
    }
    all
}

#[test]
fn segments_of_one_side_that_are_missing_in_a_row_are_held_against_nobody() {
    for side in [CLIENT, SERVER] {
        for (first, count) in (0..40).flat_map(|first| (1..=8).map(move |count| (first, count))) {
            let (mut wire, mut tcp) = connected();
            let mut of_side = 0;
            for (sender, record) in released(&mut tcp) {
                of_side += usize::from(sender == side);
                let is_missing = sender == side && (first..first + count).contains(&(of_side - 1));
                if !is_missing {
                    wire.push(record);
                }
            }
            let blamed: Vec<_> = findings(&wire).into_iter().filter(|it| !it.clauses.is_empty()).collect();
            assert_eq!(blamed, [], "{count} segments from {first} on");
            assert!(wire.read().events.iter().all(|(_, event)| matches!(event, Event::Lost(_))));
        }
    }
}

#[test]
fn no_record_that_comes_late_is_held_against_anyone() {
    for script in GOOD {
        let whole = play(script);
        let count = whole.read().packets.len();
        for (from, late) in (0..whole.records.len()).flat_map(|from| [1, 2, 4].map(|late| (from, late))) {
            let to = from + late;
            let mut wire = whole.clone();
            // Not across a pause, nor from one connection to another, nor behind a reset, which ends all at once.
            let Some(moved) = wire.records.get(from..=to) else { continue };
            let is_edge = |(_, record, _): &(u64, Vec<u8>, usize)| record[47] & (SYN | RST) != 0;
            if moved[late].0 - moved[0].0 > 100_000 || moved.iter().any(is_edge) {
                continue;
            }
            let times: Vec<_> = moved.iter().map(|(time, ..)| *time).collect();
            wire.records[from..=to].rotate_left(1);
            wire.records[from..=to].iter_mut().zip(times).for_each(|(record, time)| record.0 = time);
            let seen = wire.read();
            assert_eq!(seen.events, [], "record {} as {}\n{script}", from + 1, to + 1);
            assert_eq!(seen.packets.len(), count, "record {} as {}\n{script}", from + 1, to + 1);
            let blamed: Vec<_> = findings(&wire).into_iter().filter(|it| !it.clauses.is_empty()).collect();
            assert_eq!(blamed, [], "record {} as {}\n{script}", from + 1, to + 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Records that come up to so many places too late or too early, some of them never.
    #[test]
    fn in_any_disorder_all_comes_that_was_captured(
        late in proptest::collection::vec(0..12_usize, 180),
        lost in proptest::option::of(0..60_usize),
    ) {
        let (mut wire, mut tcp) = connected();
        let all: Vec<_> = exchanges(&mut tcp, 1..=60).into_iter().flatten().collect();
        let mut all: Vec<_> = all.into_iter().enumerate().map(|(at, record)| (at + late[at], at, record)).collect();
        all.sort_by_key(|(place, ..)| *place);
        let kept = all.into_iter().filter(|(_, at, _)| lost.is_none_or(|lost| *at != 3 * lost));
        kept.for_each(|(.., record)| wire.push(record));
        let seen = wire.read();
        is_causal(&seen);
        let gaps: Vec<_> = seen.events.iter().map(|(_, event)| *event).collect();
        // At the end the last byte may be a FIN that was not captured.
        let expected = lost.map(|lost| Event::Lost(if lost == 59 { LEN - 1 } else { LEN }));
        prop_assert_eq!(gaps, expected.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(seen.packets.len(), 2 + 120 - usize::from(lost.is_some()));
    }
}
