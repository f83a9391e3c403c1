use proptest::prelude::*;

use super::*;

#[track_caller]
fn reads(json: &str, switch: Switch, timestamp: Option<f64>, sender: Option<&str>) {
    let sender = sender.map(str::to_owned);
    assert_eq!(Command::parse(json.as_bytes()), Ok(Command { switch, timestamp, sender }), "{json}");
}

#[track_caller]
fn refuses(payload: &[u8], error: &str, answered: bool) {
    let refused = Command::parse(payload).unwrap_err();
    assert_eq!((refused.to_string().as_str(), refused.is_answered()), (error, answered));
}

#[test]
fn any_valid_json_is_understood() {
    use Switch::{Off, On};
    reads(r#"{"command": "ON", "timestamp": 1722311000.5}"#, On, Some(1_722_311_000.5), None);
    reads(r#"{"command":"OFF","timestamp":1722311000}"#, Off, Some(1_722_311_000.0), None);
    reads(r#"{"timestamp": 1.7223110005e9, "command": "ON"}"#, On, Some(1_722_311_000.5), None);
    reads("\n{ \"command\" :\t\"ON\",\r\n \"timestamp\" : -1E-3 } ", On, Some(-0.001), None);
    reads(r#"{"\u0063ommand": "\u004fN", "room": {"a": [1, null]}}"#, On, None, None);
    reads(r#"{"command": "OFF", "command": "ON", "timestamp": 1}"#, On, Some(1.0), None);
    reads(
        r#"{"command": "ON", "timestamp": 18446744073709551616, "sender": "me"}"#,
        On,
        Some(18446744073709551616.0),
        Some("me"),
    );
    let deep = format!(r#"{{"room": {}{}, "command": "ON"}}"#, "[".repeat(10_000), "]".repeat(10_000));
    reads(&deep, On, None, None);
    reads(r#"{"far": 1e999, "half": "\ud800", "command": "ON"}"#, On, None, None);
    reads(r#"{"command": "ON", "sender": 7}"#, On, None, Some("7"));
    reads(r#"{"command": "ON", "sender": null}"#, On, None, None);
}

#[test]
fn what_is_no_command_is_told_apart() {
    refuses(b"ON", "not JSON: expected value at line 1 column 1", false);
    refuses(b"", "not JSON: EOF while parsing a value at line 1 column 0", false);
    refuses(br#"{"command": "ON"} x"#, "not JSON: trailing characters at line 1 column 19", false);
    refuses(br#"{"command": "ON", "timestamp": NaN}"#, "not JSON: expected value at line 1 column 32", false);
    refuses(
        &"[".repeat(60_000).into_bytes(),
        "not JSON: EOF while parsing a list at line 1 column 60000",
        false,
    );
    refuses(b"{\"command\": \"\xff\"}", "not UTF-8 from byte 13 on", false);
    refuses(&vec![b' '; 65_537], "a payload of 65537 bytes, of at most 65536", false);
    refuses(br#"["ON"]"#, "not a JSON object but an array", false);
    refuses(br#""ON""#, "not a JSON object but a string", false);
    refuses(b"null", "not a JSON object but null", false);
    for (text, kind) in [("1", "a number"), ("-1", "a number"), ("1.5", "a number"), ("true", "a boolean")] {
        refuses(text.as_bytes(), &format!("not a JSON object but {kind}"), false);
    }
    refuses(br#"{"timestamp": 1}"#, "no \"command\" in it", true);
    refuses(br#"{"command": true}"#, "the command is not a string but a boolean", true);
    refuses(br#"{"command": "on"}"#, "the command \"on\" is neither \"ON\" nor \"OFF\"", true);
    refuses(br#"{"command": "ON", "timestamp": "now"}"#, "the timestamp is not a number but a string", false);
    let long = format!(r#"{{"command": "ON", "sender": "{}"}}"#, "x".repeat(257));
    refuses(long.as_bytes(), "a sender of 257 bytes, of at most 256", false);
}

#[test]
fn states_are_the_lab_s_texts() {
    for state in [State::On, State::Off, State::Unknown, State::Offline] {
        assert_eq!(State::parse(state.to_string().as_bytes()), Some(state));
    }
    assert_eq!(State::On.to_string(), "Light is ON");
    for text in ["", "Light is", "Light is on", "light is ON", "Light is ON "] {
        assert_eq!(State::parse(text.as_bytes()), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(on: bool, timestamp: f64, sender in proptest::option::of(".{0,50}")) {
        let switch = if on { Switch::On } else { Switch::Off };
        let command = Command { switch, timestamp: Some(timestamp).filter(|t| t.is_finite()), sender };
        prop_assert_eq!(Command::parse(command.to_json().as_bytes()), Ok(command));
    }

    #[test]
    fn no_payload_panics(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Command::parse(&payload);
        let _ = State::parse(&payload);
    }
}
