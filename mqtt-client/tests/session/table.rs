//! What each packet does to an identifier in each state: every pair.

use mqtt_client::session::{ConnectionError, Event, Outcome, Violation};
use mqtt_codec::{PacketId, PacketType};

use crate::wire::{NEW, Wire, kept};

/// Columns: packets from the Server, all with identifier 1.
const PACKETS: [(&str, PacketType); 9] = [
    ("30 04 0001 61 78", PacketType::Publish),
    ("32 06 0001 61 0001 78", PacketType::Publish),
    ("34 06 0001 61 0001 78", PacketType::Publish),
    ("40 02 0001", PacketType::Puback),
    ("50 02 0001", PacketType::Pubrec),
    ("62 02 0001", PacketType::Pubrel),
    ("70 02 0001", PacketType::Pubcomp),
    ("90 03 0001 00", PacketType::Suback),
    ("B0 02 0001", PacketType::Unsuback),
];

/// Rows: the state of identifier 1, in the client's pool, then in the Server's.
///
/// `m` a message is handed over; `puback` to `pubcomp` are sent; `done` and `unsure` end the publish; `granted` and `gone`
/// end the request; `wrong` is the wrong acknowledgement, `unasked` one of nothing, `early` PUBREL before PUBREC: these
/// end the connection. `-` is nothing at all.
const TABLE: &str = "
              | PUBLISH 0 | PUBLISH 1 | PUBLISH 2 | PUBACK | PUBREC | PUBREL  | PUBCOMP | SUBACK  | UNSUBACK
free          | m         | m puback  | m pubrec  | -      | pubrel | pubcomp | -       | unasked | unasked
at_least_once | m         | m puback  | m pubrec  | done   | wrong  | pubcomp | wrong   | wrong   | wrong
exactly_once  | m         | m puback  | m pubrec  | wrong  | pubrel | pubcomp | wrong   | wrong   | wrong
released      | m         | m puback  | m pubrec  | wrong  | pubrel | pubcomp | done    | wrong   | wrong
released_lost | m         | m puback  | m pubrec  | wrong  | pubrel | pubcomp | unsure  | wrong   | wrong
subscribing   | m         | m puback  | m pubrec  | wrong  | wrong  | pubcomp | wrong   | granted | wrong
unsubscribing | m         | m puback  | m pubrec  | wrong  | wrong  | pubcomp | wrong   | wrong   | gone
held          | m         | m puback  | pubrec    | -      | pubrel | pubcomp | -       | unasked | unasked
manual        | m         | m         | m         | -      | pubrel | pubcomp | -       | unasked | unasked
manual_1      | m         | m         | m         | -      | pubrel | pubcomp | -       | unasked | unasked
manual_2      | m         | m         | -         | -      | pubrel | early   | -       | unasked | unasked
connecting    | first     | first     | first     | first  | first  | first   | first   | first   | first
disconnected  | -         | -         | -         | -      | -      | -       | -       | -       | -
";

/// A session in that state, and what an acknowledgement of another kind is told to be awaited.
fn in_state(name: &str) -> (Wire, Option<PacketType>) {
    let options = if name.starts_with("manual") { kept().manual_acknowledgement(true) } else { kept() };
    let mut wire = Wire::online(options);
    let awaited = match name {
        "free" | "manual" => None,
        "at_least_once" => {
            wire.publish(1, "x", 1);
            Some(PacketType::Puback)
        }
        "exactly_once" => {
            wire.publish(2, "x", 1);
            Some(PacketType::Pubrec)
        }
        "released" | "released_lost" => {
            wire.publish(2, "x", 1);
            wire.receive("50 02 0001");
            if name == "released_lost" {
                wire.reconnect(NEW);
            }
            Some(PacketType::Pubcomp)
        }
        "subscribing" => {
            wire.subscribe("a", 0, 1);
            Some(PacketType::Suback)
        }
        "unsubscribing" => {
            wire.unsubscribe("a", 1);
            Some(PacketType::Unsuback)
        }
        "held" | "manual_2" => {
            wire.receive(PACKETS[2].0);
            None
        }
        "manual_1" => {
            wire.receive(PACKETS[1].0);
            None
        }
        "connecting" => {
            wire.session.connection_lost();
            wire.open();
            None
        }
        "disconnected" => {
            wire.session.disconnect();
            None
        }
        other => panic!("{other}?"),
    };
    wire.sent();
    wire.events();
    wire.arrivals();
    (wire, awaited)
}

fn check(state: &str, column: usize, cell: &str) {
    let (bytes, received) = PACKETS[column];
    let (mut wire, awaited) = in_state(state);
    let in_flight = wire.session.in_flight();
    let result = wire.try_receive(bytes);
    let packet_id = PacketId::MIN;
    let (mut sends, mut events, mut arrivals, mut error) = (String::new(), vec![], 0, None);
    let mut freed = 0;
    for word in cell.split_whitespace() {
        match word {
            "-" => {}
            "m" => arrivals += 1,
            "puback" => sends += "40020001",
            "pubrec" => sends += "50020001",
            "pubrel" => sends += "62020001",
            "pubcomp" => sends += "70020001",
            "done" | "unsure" | "granted" | "gone" => {
                freed = 1;
                events.push(word);
            }
            "wrong" => {
                let expected = awaited.expect("a state that awaits something");
                error = Some(Violation::WrongAcknowledgement { received, packet_id, expected });
            }
            "unasked" => error = Some(Violation::NothingAsked { received, packet_id }),
            "early" => error = Some(Violation::PubrelBeforePubrec(packet_id)),
            "first" => error = Some(Violation::NotConnack(received)),
            other => panic!("{other}?"),
        }
    }
    let place = format!("{received} in state {state}");
    assert_eq!(
        result,
        error.map_or(Ok(()), |violation| Err(ConnectionError::Violation(violation))),
        "{place}"
    );
    assert_eq!(hex::encode(wire.sent()), sends, "{place}");
    assert_eq!(wire.arrivals().len(), arrivals, "{place}");
    assert_eq!(wire.session.in_flight(), in_flight - freed, "{place}");
    let seen: Vec<_> = wire
        .events()
        .iter()
        .map(|event| match event {
            Event::Published { outcome: Outcome::Delivered, .. } => "done",
            Event::Published { outcome: Outcome::Uncertain(_), .. } => "unsure",
            Event::Subscribed { .. } => "granted",
            Event::Unsubscribed { .. } => "gone",
            other => panic!("{place}: {other:?}"),
        })
        .collect();
    assert_eq!(seen, events, "{place}");
}

fn rows() -> Vec<(&'static str, Vec<&'static str>)> {
    let row = |line: &'static str| {
        let mut cells = line.split('|').map(str::trim);
        (cells.next().unwrap(), cells.collect::<Vec<_>>())
    };
    TABLE.lines().skip(2).map(row).collect()
}

#[test]
fn every_packet_in_every_state() {
    let rows = rows();
    assert_eq!(rows.len(), 13);
    for (state, cells) in rows {
        assert_eq!(cells.len(), PACKETS.len(), "{state}");
        for (column, cell) in cells.iter().enumerate() {
            check(state, column, cell);
        }
    }
}

#[test]
fn what_a_server_never_sends_ends_the_connection_in_every_state() {
    // CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT.
    let from_clients = [
        "10 0D 0004 4D515454 04 02 0000 0001 61",
        "82 06 0001 0001 61 00",
        "A2 05 0001 0001 61",
        "C0 00",
        "E0 00",
    ];
    for (state, _) in rows() {
        for bytes in from_clients {
            in_state(state).0.breaks_as_malformed(bytes, Some("MQTT-4.8.0-1"));
        }
        let result = in_state(state).0.try_receive("20 02 00 00");
        match state {
            "connecting" | "disconnected" => assert_eq!(result, Ok(())),
            _ => assert_eq!(result, Err(Violation::SecondConnack.into()), "{state}"),
        }
        // PINGRESP is never wrong, but first.
        let (mut wire, _) = in_state(state);
        let result = wire.try_receive("D0 00");
        match state {
            "connecting" => assert_eq!(result, Err(Violation::NotConnack(PacketType::Pingresp).into())),
            _ => assert_eq!(result, Ok(())),
        }
        assert_eq!((wire.sent(), wire.events()), (vec![], vec![]), "{state}");
    }
}
