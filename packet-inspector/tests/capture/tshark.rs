//! Agreement with the real tshark on whole captures: the same packets in the same frames, with the same fields.
//!
//! Needs Debian's package `tshark`; without it these tests fail, since otherwise nobody would notice.

use std::io::Write;
use std::process::{Command, Stdio};

use packet_inspector::filter::{Field, Filter};

use crate::wire::{CLIENT, SERVER, Tcp, Wire};

const FIELDS: [&str; 16] = [
    "frame.number",
    "frame.time_relative",
    "tcp.stream",
    "tcp.srcport",
    "mqtt.msgtype",
    "mqtt.hdrflags",
    "mqtt.len",
    "mqtt.topic",
    "mqtt.msg",
    "mqtt.msgid",
    "mqtt.clientid",
    "mqtt.kalive",
    "mqtt.conflags",
    "mqtt.conack.val",
    "mqtt.sub.qos",
    "mqtt.suback.qos",
];

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| {
        panic!("{program} does not run ({error}); these tests compare with it: apt-get install tshark")
    });
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_column_of_the_lab_is_tsharks() {
    for file in ["lab.pcapng", "lab.pcap"] {
        let path = format!("{}/../testdata/lab/{file}", env!("CARGO_MANIFEST_DIR"));
        let mut theirs = vec!["-r", &path, "-Y", "mqtt", "-T", "fields"];
        FIELDS.iter().for_each(|field| theirs.extend(["-e", field]));
        let theirs = run("tshark", &theirs);
        let ours =
            run(env!("CARGO_BIN_EXE_packet-inspector"), &["read", &path, "--fields", &FIELDS.join(",")]);
        assert_eq!(ours.lines().count(), 64);
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            assert_eq!(ours, theirs, "{file}");
        }
    }
}

#[test]
fn filters_choose_the_frames_that_tsharks_do() {
    let path = format!("{}/../testdata/lab/lab.pcapng", env!("CARGO_MANIFEST_DIR"));
    for filter in [
        "mqtt.msgtype == 3",
        "mqtt.msgtype in {12, 13} && tcp.stream == 5",
        "mqtt.topic contains \"net\" and not mqtt.msgtype == 8",
        "mqtt.topic matches \"^NET\"",
        "mqtt.topic != \"network\"",
        "mqtt.msgid >= 1 || mqtt.clientid",
        "mqtt.qos == 2",
        "mqtt.conflag.cleansess == 1 && ipv6.src == 2402:4000:21c3::/48",
        "!(tcp.port == 62981) && frame.time_relative < 100",
        "mqtt.msg contains 4f:54",
    ] {
        let both = format!("mqtt && ({filter})");
        let theirs = run("tshark", &["-r", &path, "-Y", &both, "-T", "fields", "-e", "frame.number"]);
        let ours = ["read", &path, "--filter", filter, "--fields", "frame.number"];
        assert_eq!(run(env!("CARGO_BIN_EXE_packet-inspector"), &ours), theirs, "{filter}");
        assert!(!theirs.is_empty(), "{filter}");
    }
}

/// All that Wireshark has for MQTT 3.1.1 in one conversation, a packet in each segment.
fn varied() -> Vec<u8> {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    let strings = |parts: &[&str]| -> Vec<u8> {
        let sized =
            |part: &&str| [&u16::try_from(part.len()).unwrap().to_be_bytes(), part.as_bytes()].concat();
        parts.iter().flat_map(sized).collect()
    };
    let mut packet = |side, first: u8, body: &[u8]| {
        let len = u8::try_from(body.len()).unwrap();
        tcp.send(&mut wire, side, &[&[first, len], body].concat());
    };
    let connect = strings(&["client", "will/t", "gone", "user", "pass"]);
    packet(CLIENT, 0x10, &[&b"\x00\x04MQTT\x04\xee\x00\x0a"[..], &connect].concat());
    packet(SERVER, 0x20, &[0, 0]);
    packet(CLIENT, 0x82, &[&[0, 1][..], &strings(&["a/#"]), &[1], &strings(&["b"]), &[2]].concat());
    packet(SERVER, 0x90, &[0, 1, 1, 0x80]);
    packet(CLIENT, 0x33, &[&strings(&["a/b"])[..], &[0, 2], b"hello"].concat());
    packet(SERVER, 0x40, &[0, 2]);
    packet(SERVER, 0x30, &[&strings(&["a/\u{fc}"])[..], b"\x00\xff"].concat());
    packet(CLIENT, 0x3a, &[&strings(&["client"])[..], &[0, 3], b"again"].concat());
    packet(CLIENT, 0xa2, &[&[0, 4][..], &strings(&["b"])].concat());
    packet(CLIENT, 0xc0, &[]);
    let mut other = Tcp::new(40_001);
    other.open(&mut wire);
    other.send(&mut wire, CLIENT, &crate::wire::connect("other"));
    other.send(&mut wire, SERVER, &[0x20, 2, 0, 5]);
    wire.pcap(1)
}

/// What a program prints of this on its standard input; `None` when it refuses that.
fn on_input(program: &str, arguments: &[&str], input: &[u8]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("{program} does not run ({error}); these tests compare with it: apt-get install tshark")
    });
    // It may end without having read it.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// The frames that tshark shows of the varied conversation, and those that we do.
fn frames(filter: &str) -> [Option<String>; 2] {
    let both = format!("mqtt && ({filter})");
    // Payloads are text or bytes, as it is set.
    let text = format!("mqtt.show_msg_as_text:{}", filter.contains("_text").to_string().to_uppercase());
    let theirs = ["-r", "-", "-o", &text, "-Y", &both, "-T", "fields", "-e", "frame.number"];
    let ours = ["read", "-", "--filter", filter, "--fields", "frame.number"];
    let input = varied();
    [on_input("tshark", &theirs, &input), on_input(env!("CARGO_BIN_EXE_packet-inspector"), &ours, &input)]
}

#[test]
fn names_bytes_numbers_and_fields_are_compared_as_tshark_does() {
    let mut wrong = Vec::new();
    for (filter, count) in [
        (r#"mqtt.msgtype == "Publish Message""#, 3),
        (r#"mqtt.msgtype in {"publish message", "Ping Request"}"#, 4),
        (r#"mqtt.msgtype > "Subscribe Ack""#, 2),
        (r#"mqtt.qos == "At least once delivery (Acknowledged deliver)""#, 2),
        (r#"mqtt.conack.val == "Connection Refused: not authorized""#, 1),
        (r#"mqtt.suback.qos == "Failure""#, 1),
        (r#"mqtt.ver == "MQTT v3.1.1""#, 2),
        (r#"mqtt.retain == "Set""#, 1),
        ("mqtt.dupflag == 1 || mqtt.conflag.uname == True", 2),
        (r#"mqtt contains "hell""#, 1),
        ("mqtt contains 68:65:6c && mqtt.msgtype == 3", 1),
        ("mqtt contains 00ff", 1),
        (r#"mqtt matches "^.\x0b""#, 0),
        (r#"mqtt.msg == "hello" or mqtt.msg == 616761696e"#, 2),
        (r#"mqtt.topic not in {"a/b", "b"}"#, 9),
        ("mqtt.msgtype not in {1..9}", 2),
        ("mqtt.kalive == 012", 1),
        ("mqtt.len >= 0x0A and mqtt.len < 0b10000", 3),
        ("mqtt.msgid == mqtt.msgid", 6),
        ("mqtt.topic_len < mqtt.len", 5),
        ("mqtt.clientid_len > mqtt.kalive", 0),
        ("mqtt.willtopic contains mqtt.topic", 0),
        ("tcp.srcport == tcp.dstport", 0),
        ("mqtt.sub.qos === 1", 0),
        ("mqtt.sub.qos !== 1", 1),
        ("mqtt.sub.qos != 1", 0),
        (r#"mqtt.msg_text == "hello""#, 1),
        (r#"mqtt.willmsg_text contains "on""#, 1),
        ("mqtt.topic == b", 2),
        ("mqtt.topic == 5", 0),
    ] {
        let [theirs, ours] = frames(filter);
        let shown = theirs.as_ref().map(|frames| frames.lines().count());
        if ours != theirs || shown != Some(count) {
            wrong.push((filter, count, theirs, ours));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_can_never_hold_is_refused_with_its_place() {
    for (filter, said) in [
        (
            r#"mqtt.msgtype == "abc""#,
            "\"abc\" is no value of mqtt.msgtype, which has \"Reserved\", \"Connect Command\"",
        ),
        ("mqtt.qos == 300", "mqtt.qos is at most 3, and 300 is more, at character 13"),
        ("mqtt.msgid == 70000", "mqtt.msgid is at most 65535"),
        ("mqtt.len == 99999999999999999999", "mqtt.len is a number, and 99999999999999999999 is none"),
        ("tcp.port == 99999", "tcp.port is at most 65535"),
        ("mqtt.msgtype == 09", "09 is no value of mqtt.msgtype"),
        (r#"tcp.port == "mqtt""#, "tcp.port is a number, and \"mqtt\" is none"),
        (r#"mqtt && ip.addr == "x""#, "ip.addr is an IPv4 address, and \"x\" is none, at character 20"),
        ("ip.addr == ::1", "ip.addr is an IPv4 address, and ::1 is none"),
        ("ipv6.addr == 127.0.0.1", "ipv6.addr is an IPv6 address, and 127.0.0.1 is none"),
        ("ip.addr == 127.0.0.1/40", "127.0.0.1/40 is none"),
        ("frame.time_relative > x", "frame.time_relative is a time in seconds, and x is none"),
        ("frame.number == abc", "frame.number is a number, and abc is none"),
        ("mqtt.msg == hello", "mqtt.msg has bytes, as 68:65, or text in quotes"),
        ("mqtt contains hello", "mqtt has bytes, as 68:65, or text in quotes"),
        (
            r#"mqtt.qos contains "a""#,
            "`contains` is for text and bytes, and mqtt.qos is a number, at character 1",
        ),
        (r#"mqtt.retain matches "a""#, "`matches` is for text and bytes, and mqtt.retain is a flag"),
        (
            "mqtt.topic == mqtt.msgid",
            "mqtt.topic is text, and mqtt.msgid a number: they never are equal, at character 15",
        ),
        ("mqtt.msg == mqtt.topic", "mqtt.msg is bytes, and mqtt.topic text"),
        ("mqtt.msgtype in {}", "a value is expected in `{}`"),
        (r#"mqtt.retain == "maybe""#, "mqtt.retain is a flag, 0 or 1, and \"maybe\" is none"),
        ("mqtt.msgtype not 3", "`in` is expected behind `not`"),
    ] {
        let [theirs, ours] = frames(filter);
        assert_eq!((theirs, ours), (None, None), "{filter}");
        says(filter, said);
    }
    // tshark takes these, which hold for nothing.
    for (filter, said) in [
        (
            "mqtt.topic > 5",
            "mqtt.topic is text, and 5 a number: text stands in quotes, as \"5\", at character 14",
        ),
        ("mqtt.qos == 4", "mqtt.qos is at most 3"),
        ("mqtt.retain == 2", "mqtt.retain is a flag, 0 or 1, and 2 is none"),
        ("mqtt.msgtype in {3..1}", "the range ends before it begins at character 18"),
        ("mqtt.msgid == -1", "mqtt.msgid is a number, and -1 is none"),
        (r#"tcp contains "a""#, "only the bytes of mqtt can be compared, not those of tcp, at character 1"),
    ] {
        says(filter, said);
    }
}

#[track_caller]
fn says(filter: &str, said: &str) {
    let error = filter.parse::<Filter>().unwrap_err().to_string();
    assert!(error.contains(said), "{filter}: {error}");
}

#[test]
fn every_field_that_tshark_has_is_known_or_refused_by_name() {
    let fields = run("tshark", &["-G", "fields"]);
    let names = fields.lines().filter_map(|line| line.split('\t').nth(2));
    let names: Vec<_> = names.filter(|name| name.starts_with("mqtt.")).collect();
    assert!(names.len() > 70, "{}", names.len());
    let (mut known, mut refused) = (0, 0);
    for name in names {
        match name.parse::<Field>() {
            Ok(_) => known += 1,
            Err(error) => {
                let error = error.to_string();
                let why = ["is a field of MQTT 5.0", "is a remark of Wireshark's"];
                assert!(why.iter().any(|why| error.starts_with(&format!("{name} {why}"))), "{error}");
                refused += 1;
            }
        }
    }
    assert!(known > 40 && refused > 25, "{known} {refused}");
}

#[test]
fn who_may_not_see_payloads_may_not_ask_for_them() {
    for (filter, field) in [
        (r#"mqtt contains "a""#, Some("mqtt")),
        (r#"mqtt.qos == 1 and not mqtt matches "a""#, Some("mqtt")),
        (r#"mqtt.msg_text == "a""#, Some("mqtt.msg_text")),
        ("mqtt.topic == mqtt.username", Some("mqtt.username")),
        (r#"mqtt.willmsg not in {"a"}"#, Some("mqtt.willmsg")),
        ("mqtt && mqtt.topic", None),
    ] {
        let private = filter.parse::<Filter>().unwrap().private_field();
        assert_eq!(private.map(Field::name), field, "{filter}");
    }
    let private = ["mqtt.msg_text", "mqtt.willmsg_text", "mqtt.msg"].join(",");
    let ours = ["read", "-", "--redact", "--fields", &private];
    let columns = on_input(env!("CARGO_BIN_EXE_packet-inspector"), &ours, &varied()).unwrap();
    assert!(columns.lines().count() == 12 && columns.lines().all(|line| line == "\t\t"), "{columns}");
}
