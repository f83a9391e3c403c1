//! The two clocks, turned by hand.

use super::*;

fn keep_alive(seconds: u16) -> (KeepAlive, Instant) {
    let now = Instant::now();
    (KeepAlive::new(&SessionOptions::new("a").keep_alive(seconds), now), now)
}

/// What is due; PINGREQ is written at once.
fn due(clock: &mut KeepAlive, now: Instant) -> Due {
    let due = clock.due(now);
    if due == Due::Pingreq {
        clock.pingreq_written(now);
        clock.sent(now, clock.awaiting, false);
    }
    due
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn mqtt_3_1_2_23_a_ping_goes_out_within_keep_alive_unless_something_else_did() {
    for seconds in [1, 2, 5, 60, 65_535] {
        let (mut clock, start) = keep_alive(seconds);
        let deadline = clock.deadline().unwrap();
        assert!(deadline < start + Duration::from_secs(seconds.into()));
        assert_eq!(due(&mut clock, deadline - ms(1)), Due::Nothing);
        clock.sent(deadline - ms(1), false, false);
        assert_eq!(due(&mut clock, deadline), Due::Nothing, "something was sent");
        let deadline = clock.deadline().unwrap();
        assert_eq!(due(&mut clock, deadline), Due::Pingreq);
    }
}

#[test]
fn received_bytes_do_not_put_off_the_ping() {
    let (mut clock, start) = keep_alive(4);
    clock.received(start + ms(2_900));
    assert_eq!(due(&mut clock, start + ms(3_500)), Due::Pingreq);
}

#[test]
fn silence_is_given_up_on_within_one_and_a_quarter_of_keep_alive() {
    for seconds in [1, 2, 5, 60, 65_535] {
        let (mut clock, start) = keep_alive(seconds);
        let ping = clock.deadline().unwrap();
        assert_eq!(due(&mut clock, ping), Due::Pingreq);
        let end = clock.deadline().unwrap();
        assert!(end <= start + Duration::from_secs(seconds.into()) * 5 / 4);
        assert_eq!(due(&mut clock, end - ms(1)), Due::Nothing);
        assert_eq!(due(&mut clock, end), Due::GiveUp);
    }
}

#[test]
fn what_is_sent_and_not_acknowledged_does_not_put_off_the_end() {
    // Keep Alive is 8 s; all the time, or once, at any moment.
    for sends in (0..100).map(|at| vec![at * 100]).chain([(0..100).map(|at| at * 100).collect()]) {
        let (mut clock, start) = keep_alive(8);
        let mut pings = 0;
        let end = (0..).map(|at| at * 100).find(|at| {
            if sends.contains(at) {
                clock.sent(start + ms(*at), true, false);
            }
            let due = due(&mut clock, start + ms(*at));
            pings += usize::from(due == Due::Pingreq);
            due == Due::GiveUp
        });
        assert_eq!((end, pings), (Some(9_000), 1), "sent at {sends:?}");
    }
}

#[test]
fn a_pingresp_or_bytes_put_off_the_end() {
    let (mut clock, start) = keep_alive(4);
    assert_eq!(due(&mut clock, start + ms(3_500)), Due::Pingreq);
    clock.received(start + ms(4_400));
    assert_eq!(due(&mut clock, start + ms(4_600)), Due::Nothing, "a long packet is on its way");
    clock.pingresp();
    assert_eq!(due(&mut clock, start + ms(6_999)), Due::Nothing);
    assert_eq!(due(&mut clock, start + ms(7_000)), Due::Pingreq);
}

#[test]
fn nothing_is_concluded_while_nothing_is_read() {
    let (mut clock, start) = keep_alive(4);
    assert_eq!(due(&mut clock, start + ms(3_500)), Due::Pingreq);
    clock.set_deaf(true, start + ms(3_600));
    assert_eq!(due(&mut clock, start + ms(6_999)), Due::Nothing);
    assert_eq!(due(&mut clock, start + ms(7_000)), Due::Pingreq, "the Server hears us all the same");
    assert_eq!(due(&mut clock, start + ms(10_500)), Due::Pingreq);
    clock.set_deaf(false, start + ms(12_000));
    assert_eq!(due(&mut clock, start + ms(12_999)), Due::Nothing);
    assert_eq!(due(&mut clock, start + ms(13_000)), Due::GiveUp);
}

#[test]
fn while_answers_are_owed_it_counts_that_they_are_taken() {
    let (mut clock, start) = keep_alive(4);
    clock.sent(start, true, true);
    clock.set_owed(true, start);
    for at in 1..100 {
        assert_eq!(clock.due(start + ms(at * 1_000)), Due::Nothing);
        clock.sent(start + ms(at * 1_000), true, true);
    }
    assert_eq!(clock.end(), Some(start + ms(99_000 + 4_500)));
    clock.set_owed(false, start + ms(100_000));
    assert_eq!(clock.end(), None);
    assert_eq!(clock.deadline(), Some(start + ms(99_000 + 3_500)));
}

#[test]
fn behind_a_connack_that_came_late_there_is_a_moment_before_the_ping() {
    for (connack, ping) in [(1_000, 3_500), (2_500, 3_500), (3_000, 4_000), (3_500, 4_500), (9_000, 10_000)] {
        let (mut clock, start) = keep_alive(4);
        clock.received(start + ms(connack));
        clock.accepted();
        assert_eq!(clock.deadline(), Some(start + ms(ping)), "CONNACK after {connack} ms");
    }
}

#[test]
fn zero_means_off() {
    let (mut clock, start) = keep_alive(0);
    assert_eq!(clock.deadline(), None);
    assert_eq!(due(&mut clock, start + Duration::from_secs(1 << 20)), Due::Nothing);
}

/// Keep Alive is 4 s. A message that has to be acknowledged is taken slowly, some of it every 100 ms, until `taken`, and
/// PINGREQ with its last bytes. Gives when PINGREQ was made, and the end.
fn slow(taken: u64, stops: bool) -> (u64, u64) {
    let (mut clock, start) = keep_alive(4);
    let (mut pinged, mut at) = (None, 0);
    loop {
        let now = start + ms(at);
        match clock.due(now) {
            Due::GiveUp => return (pinged.unwrap(), at),
            Due::Pingreq => pinged = pinged.or(Some(at)),
            Due::Nothing => {}
        }
        if at < taken || (at == taken && stops) {
            clock.sent(now, true, true);
        } else if at == taken {
            clock.pingreq_written(now);
            clock.sent(now, true, false);
        }
        at += 100;
    }
}

#[test]
fn a_server_that_takes_a_long_message_is_there_and_its_answer_has_time_from_when_pingreq_was_written() {
    // PINGREQ waits from 3.5 s on. What the network holds may take as long as was waited, 3.5 s at most.
    assert_eq!(slow(60_000, false), (3_500, 60_000 + 4_500));
    assert_eq!(slow(3_600, false), (3_500, 3_600 + 1_000 + 3_500));
}

#[test]
fn the_answer_has_no_more_time_than_bytes_had_to_wait() {
    let (mut clock, start) = keep_alive(4);
    clock.sent(start + ms(3_000), true, true);
    assert_eq!(clock.due(start + ms(3_500)), Due::Pingreq);
    clock.pingreq_written(start + ms(3_700));
    clock.sent(start + ms(3_700), true, false);
    assert_eq!(clock.end(), Some(start + ms(3_700 + 1_000 + 700)));
    // What is taken behind PINGREQ puts nothing off.
    clock.sent(start + ms(4_000), true, true);
    assert_eq!(clock.end(), Some(start + ms(3_700 + 1_000 + 700)));
}

#[test]
fn one_that_takes_nothing_any_more_is_given_up_on_in_time_though_pingreq_waits() {
    for taken in [0, 1_000, 3_000, 10_000] {
        assert_eq!(slow(taken, true), (3_500, taken + 4_500));
    }
}

#[test]
fn while_nothing_is_read_a_pingreq_that_waits_decides_nothing() {
    let (mut clock, start) = keep_alive(4);
    clock.sent(start, true, true);
    assert_eq!(clock.due(start + ms(3_500)), Due::Pingreq);
    clock.set_deaf(true, start + ms(3_600));
    assert_eq!(clock.deadline(), None);
    clock.set_deaf(false, start + ms(60_000));
    assert_eq!(clock.deadline(), Some(start + ms(64_500)));
}
