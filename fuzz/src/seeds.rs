//! The seeds of `corpus/`: the lab's packets and frames, and a packet of every kind and every malformed class by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mqtt_codec::{Decoder, PacketType};

use crate::common::{hex, samples};
use crate::sim::dice::{Dice, Seed};
use crate::store_log::{in_batches, of_the_version_before};

/// Where the seeds of all targets lie.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Bytes by target and name.
pub type Seeds = BTreeMap<(&'static str, String), Vec<u8>>;

/// All seeds.
///
/// # Panics
/// When the lab's files are not there.
pub fn seeds() -> Seeds {
    let mut seeds = Seeds::new();
    packets(&mut seeds);
    streams(&mut seeds);
    histories(&mut seeds);
    values(&mut seeds);
    topics(&mut seeds);
    inputs(&mut seeds);
    frames(&mut seeds);
    captures(&mut seeds);
    logs(&mut seeds);
    seeds
}

/// What each class of malformed packet is called, and one of it. Some are wrong in several ways for some codecs.
const MALFORMED: &[(&str, &str)] = &[
    ("reserved-type-0", "00 00"),
    ("reserved-type-15", "F0 00"),
    ("length-of-five-bytes", "C0 80 80 80 80 01"),
    ("flags-connect", "11 0C  00 04 4D515454 04 02 0000  00 00"),
    ("flags-puback", "41 02 00 01"),
    ("flags-pubrel", "60 02 00 01"),
    ("flags-subscribe", "80 06 00 01  00 01 61 00"),
    ("flags-unsubscribe", "A0 05 00 01  00 01 61"),
    ("flags-pingreq", "C1 00"),
    ("flags-disconnect-cut", "E1"),
    ("flags-publish-long", "80 7F 00"),
    ("publish-qos-3", "36 05  00 01 61  00 01"),
    ("publish-dup-at-qos-0", "38 03  00 01 61"),
    ("publish-id-0", "32 05  00 01 61  00 00"),
    ("publish-wildcard-plus", "30 05  00 03 612F2B"),
    ("publish-wildcard-hash", "30 05  00 03 612F23"),
    ("publish-topic-empty", "30 02  00 00"),
    ("publish-topic-empty-with-payload", "30 05  00 00 616263"),
    ("publish-topic-nul", "30 05  00 03 610062"),
    ("publish-topic-ill-formed", "30 05  00 03 61C362"),
    ("publish-topic-surrogate", "30 05  00 03 EDA080"),
    ("publish-topic-overlong", "30 04  00 02 C0AF"),
    ("publish-topic-above-unicode", "30 06  00 04 F4908080"),
    ("publish-topic-past-end", "30 03  00 03 61  30 03 00 01 61"),
    ("publish-topic-past-end-alone", "30 03  00 03 61"),
    ("publish-id-past-end", "32 06  00 03 616263 00  01 00"),
    ("publish-id-missing", "32 03  00 01 61"),
    ("puback-id-0", "40 02 00 00"),
    ("pubrec-long", "50 03 00 01 00"),
    ("pubcomp-short", "70 01 00  00"),
    ("unsuback-id-0", "B0 02 00 00"),
    ("pingreq-with-body", "C0 01 00"),
    ("pingresp-with-body", "D0 02 00 00"),
    ("connect-protocol-5", "10 0D  00 04 4D515454 05 02 003C 00  00 00"),
    ("connect-protocol-5-read-as-4", "10 0D  00 04 4D515454 05 02 003C  00 01 61"),
    ("connect-protocol-3.1", "10 0F  00 06 4D5149736470 03 02 003C  00 01 61"),
    ("connect-protocol-bridge", "10 0D  00 04 4D515454 84 02 003C  00 01 61"),
    ("connect-protocol-name", "10 0D  00 04 4D515451 04 02 003C  00 01 61"),
    ("connect-flag-reserved", "10 0D  00 04 4D515454 04 03 003C  00 01 61"),
    ("connect-will-qos-3", "10 13  00 04 4D515454 04 1E 003C  00 01 61  00 01 74  00 01 6D"),
    ("connect-will-qos-without-will", "10 0D  00 04 4D515454 04 0A 003C  00 01 61"),
    ("connect-will-retain-without-will", "10 0D  00 04 4D515454 04 22 003C  00 01 61"),
    ("connect-password-without-user-name", "10 10  00 04 4D515454 04 42 003C  00 01 61  00 01 70"),
    ("connect-will-topic-wildcard", "10 13  00 04 4D515454 04 06 003C  00 01 61  00 01 23  00 01 6D"),
    ("connect-will-topic-empty", "10 12  00 04 4D515454 04 06 003C  00 01 61  00 00  00 01 6D"),
    ("connect-will-missing", "10 0D  00 04 4D515454 04 06 003C  00 01 61  30 03 00 01 61 00 00"),
    ("connect-user-name-missing", "10 0D  00 04 4D515454 04 82 003C  00 01 61"),
    ("connect-client-id-nul", "10 0E  00 04 4D515454 04 02 003C  00 02 6100"),
    ("connect-client-id-past-end", "10 0D  00 04 4D515454 04 02 003C  00 05 61  62636465"),
    ("connect-left-over", "10 0E  00 04 4D515454 04 02 003C  00 01 61  58"),
    ("connect-too-short", "10 0B  00 04 4D515454 04 02 003C 00"),
    ("connect-length-impossible", "10 FF FF FF 7F"),
    ("connack-flags", "20 02 02 00"),
    ("connack-session-present-refused", "20 02 01 05"),
    ("connack-long", "20 03 00 00 00"),
    ("subscribe-no-filter", "82 02 00 01"),
    ("subscribe-no-filter-goes-on", "82 02 00 01  00 01 61 00"),
    ("subscribe-id-0", "82 06 00 00  00 01 61 00"),
    ("subscribe-qos-3", "82 06 00 01  00 01 61 03"),
    ("subscribe-qos-bits", "82 06 00 01  00 01 61 04"),
    ("subscribe-qos-missing", "82 05 00 01  00 01 61  00"),
    ("subscribe-filter-hash", "82 0A 00 01  00 05 612F232F62 00"),
    ("subscribe-filter-plus", "82 07 00 01  00 02 612B 00"),
    ("subscribe-filter-plus-in-front", "82 07 00 01  00 02 2B62 00"),
    ("subscribe-filter-empty", "82 09 00 01  00 01 61 00  00 00 00"),
    ("subscribe-filter-nul", "82 07 00 01  00 02 6100 00"),
    ("subscribe-filter-past-end", "82 06 00 01  00 09 61 00"),
    ("suback-code-3", "90 03 00 01 03"),
    ("suback-no-code", "90 02 00 01"),
    ("suback-id-0", "90 03 00 00 00"),
    ("unsubscribe-no-filter", "A2 02 00 01"),
    ("unsubscribe-filter-empty", "A2 07 00 01  00 01 61  00 00"),
    ("unsubscribe-filter-past-end", "A2 05 00 01  00 05 61"),
    ("unsubscribe-short", "A2 01 00"),
];

/// Good in an odd way, or not to the taste of all codecs.
const ODD: &[(&str, &str)] = &[
    ("connect-empty-user-name", "10 10  00 04 4D515454 04 C2 0000  00 00  00 00  00 00"),
    ("connect-password-of-bytes", "10 13  00 04 4D515454 04 C2 0000  00 01 61  00 01 75  00 01 FF"),
    ("publish-topic-control", "30 03  00 01 07"),
    ("publish-topic-non-character", "30 05  00 03 EFBFBE"),
    ("connect-length-too-long", "10 20  00 04 4D515454 04 02 003C  00 01 61"),
    ("connack-code-6", "20 02 00 06"),
    ("subscribe-share", "82 0C 00 01  00 07 2473686172652F 00"),
    ("subscribe-share-5", "82 10 00 01  00 0B 2473686172652F672F612F 01"),
    ("declared-64-kib", "30 82 80 04  00 01 61"),
    ("declared-256-mib", "30 FF FF FF 7F  00 01 61"),
    ("cut-in-length", "30 80"),
    ("cut-in-field", "10 13  00 04 4D51"),
    ("cut-behind-a-fault", "82 20 00 01  00 01 61 03"),
    ("empty", ""),
];

/// The same packets for those that take any bytes.
fn packets(seeds: &mut Seeds) {
    for (n, packet) in samples::short().into_iter().enumerate() {
        let packet_type = PacketType::of_first_byte(packet[0]).unwrap();
        put_packet(seeds, &format!("{}-{n:03}", packet_type.name().to_lowercase()), packet);
    }
    for (name, bytes) in ODD {
        put_packet(seeds, &format!("odd-{name}"), hex(bytes));
    }
    for (name, bytes) in MALFORMED {
        let bytes = hex(bytes);
        assert!(Decoder::new().decode(&bytes).is_err(), "{name}");
        put_packet(seeds, &format!("malformed-{name}"), bytes);
    }
}

fn put_packet(seeds: &mut Seeds, name: &str, bytes: Vec<u8>) {
    seeds.insert(("differential", name.to_owned()), bytes.clone());
    seeds.insert(("decode", name.to_owned()), bytes);
}

fn streams(seeds: &mut Seeds) {
    let all = samples::short();
    let by_hand: Vec<u8> = all.iter().filter(|packet| packet.len() < 24).flatten().copied().collect();
    let ends: [(&str, Vec<u8>); 4] =
        [("whole", vec![]), ("cut", hex("30 05 00 01")), ("bad", hex("36 00")), ("late", hex("40 02 00 00"))];
    for (plan_name, plan) in [("bytes", &[0][..]), ("sevens", &[1, 7]), ("mixed", &[4, 1, 30, 0, 200])] {
        for (end_name, end) in &ends {
            let stream = [plan, &by_hand[..by_hand.len().min(500)], end].concat();
            // Where a packet was cut by that, the stream just ends elsewhere.
            seeds.insert(("stream", format!("{plan_name}-{end_name}")), stream);
        }
    }
    for (n, packet) in all.iter().enumerate().filter(|(_, packet)| packet.len() > 40).step_by(4) {
        seeds.insert(("stream", format!("long-{n:03}")), [&[2, 3, 17], &packet[..], &packet[..]].concat());
    }
    for (name, bytes) in MALFORMED.iter().step_by(5) {
        seeds.insert(("stream", format!("behind-a-ping-{name}")), [&[0, 0xC0, 0], &hex(bytes)[..]].concat());
    }
}

/// Choices for the client's session by seeds, and what a Server says to it.
fn histories(seeds: &mut Seeds) {
    for seed in 0..32 {
        let mut dice = Seed::new(seed);
        let len = 100 + dice.roll(256) * 2;
        let choices = (0..len).map(|_| u8::try_from(dice.roll(256)).unwrap()).collect();
        seeds.insert(("session", format!("history-{seed:02}")), choices);
    }
    let by_server: [(&str, &str); 5] = [
        ("at-least-once", "40 02 0001  40 02 0003  32 06 0001 61 0001 78  3A 06 0001 61 0001 78"),
        (
            "exactly-once",
            "50 02 0002  70 02 0002  34 06 0001 61 0001 78  3C 06 0001 61 0001 78  62 02 0001  62 02 0001",
        ),
        ("requests", "90 03 0009 01  B0 02 000A  D0 00  90 03 0009 01"),
        ("wrong-acknowledgement", "30 04 0001 61 78  50 02 0001  40 02 0002"),
        ("connack", "20 02 01 00"),
    ];
    for (name, bytes) in by_server {
        seeds.insert(("session", format!("server-{name}")), hex(bytes));
    }
}

/// Bytes without a plan: a value is made from whatever they are.
fn values(seeds: &mut Seeds) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for n in 0_u8..28 {
        let len = 16 + usize::from(n) * 8;
        let mut bytes: Vec<u8> = std::iter::repeat_with(|| {
            // xorshift64
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .take(len)
        .collect();
        // Two of each type.
        bytes[0] = n % 14;
        // Texts are letters then.
        if n >= 14 {
            bytes[1..].iter_mut().for_each(|byte| *byte = b'+' + *byte % 80);
        }
        seeds.insert(("round_trip", format!("value-{n:02}")), bytes);
    }
    seeds.insert(("round_trip", "zeros".to_owned()), vec![0; 64]);
}

fn topics(seeds: &mut Seeds) {
    let pairs = [
        ("#", "a"),
        ("+", "finance"),
        ("+/+", "/finance"),
        ("/+", "/finance"),
        ("sport/#", "sport"),
        ("sport/+", "sport/"),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"),
        ("#", "$SYS/broker"),
        ("+/broker", "$SYS/broker"),
        ("$SYS/#", "$SYS/broker/uptime"),
        ("$SYS/+", "$SYS/"),
        ("a/#/b", "a/b/b"),
        ("a+", "a+"),
        ("a/++", "a//"),
        ("##", "#"),
        ("", ""),
        ("/", "/"),
        ("a//b", "a//b"),
        ("home/+/status", "home/light/status"),
        ("ä/+/ö/#", "ä/€/ö/😀"),
        ("\u{FEFF}/\u{7}", "\u{FFFE}/\u{85}"),
        ("abcdefgh/abcdefghijklmnopqrstuvwxyz/+", "abcdefgh/abcdefghijklmnopqrstuvwxyz/0123456789"),
        ("a\0", "\0b"),
    ];
    for (n, (filter, name)) in pairs.into_iter().enumerate() {
        seeds.insert(("topics", format!("pair-{n:02}")), format!("{filter}\n{name}").into_bytes());
    }
    for (n, ill_formed) in ["C3", "EDA080", "C0AF", "F4908080", "61 E282", "FF"].into_iter().enumerate() {
        let bytes = hex(ill_formed);
        seeds.insert(("topics", format!("ill-formed-{n}")), [&bytes[..], b"\na/", &bytes].concat());
    }
    seeds.insert(("topics", "long".to_owned()), [&b"+/".repeat(60)[..], b"#\n", &b"a/".repeat(70)].concat());
}

/// Selectors of `input` and `net`: how it is read, and what the record begins with.
const AUTO: u8 = 0;
const HEX: u8 = 1;
const DUMP: u8 = 2;
const ESCAPED: u8 = 3;
const ARRAY: u8 = 4;
const BASE64: u8 = 5;
const RAW: u8 = 6;
const ETHERNET: u8 = 7 * 2;

fn inputs(seeds: &mut Seeds) {
    for (selector, name, text) in [
        (AUTO, "bare", "10150 0044d515454040200050009507974686f6e507562"),
        (AUTO, "spaced", "20 02 00 00  90:03:00:01:01, 0xc0 0x00"),
        (AUTO, "lines", "# a comment\n30 0d 00 08 69 6e 74 65\n72 6e 65 74 49 4f 54\n\nc0 00\n"),
        (AUTO, "python", r#"b'\x82\x17\x00\x01\x00\x12home/light/control\x01'"#),
        (AUTO, "c-string", r#"const char p[] = "\x30\x05\0\001a\x68" "\xff";"#),
        (AUTO, "fromhex", r#"bytes.fromhex("c0 00 d0 00")"#),
        (AUTO, "rust", r#"let p: &[u8] = b"\x40\x02\x00\x01";"#),
        (AUTO, "array", "{ 0x10, 0x0c, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 0 } // connect"),
        (AUTO, "list", "[224, 0, -1, 256, 0b11, 0o17]"),
        (AUTO, "hostile", "30 08 00 06 1b 5b 33 31 6d 0a 0d 07"),
        (AUTO, "words", "0000000 1500 0400 4d51"),
        (AUTO, "nothing", "hello there"),
        (AUTO, "base64", "wADQAA=="),
        (AUTO, "bom", "\u{FEFF}c0 00"),
        (HEX, "as-hex", "0x30, 0x03; 00-01-61 zz 5"),
        (DUMP, "as-dump", "0000  c0 00 d0 00 e0 00                                 ......\n0010  zz"),
        (ESCAPED, "as-escaped", r#""\xc0\0" "\u0041\n\t\" \377"#),
        (ARRAY, "as-array", "(0xC0, 0x00, 0, 1,"),
        (BASE64, "as-base64", "MAUAAWFoaQ"),
        (RAW, "as-raw", "\u{10}\u{c}\0\u{4}MQTT\u{4}\u{2}\0<\0\0"),
    ] {
        put_input(seeds, selector, name, text.as_bytes());
    }
    let lab = test_data("../testdata/lab/frames");
    let dumps = test_data("../packet-inspector/tests/data/input");
    for (name, bytes) in lab.iter().chain(dumps.iter().filter(|(name, _)| name.starts_with("connect."))) {
        put_input(seeds, AUTO, name, bytes);
    }
    for (name, bytes) in lab.iter().filter(|(name, _)| name.ends_with(".as-printed.txt")) {
        put_input(seeds, DUMP + ETHERNET, &format!("ethernet-{name}"), bytes);
    }
}

fn put_input(seeds: &mut Seeds, selector: u8, name: &str, input: &[u8]) {
    seeds.insert(("input", name.to_owned()), [&[selector], input].concat());
}

/// The lab's captures: their first records, alone and with the rest of a connection, and one that is cut.
fn captures(seeds: &mut Seeds) {
    let mut put = |name: String, bytes: &[u8]| seeds.insert(("capture", name), bytes.to_vec());
    let pcap = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/lab/lab.pcap")).unwrap();
    let pcapng = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/lab/lab.pcapng")).unwrap();
    let (header, mut rest) = pcap.split_at(24);
    let mut records = Vec::new();
    while rest.len() >= 16 {
        let len = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let (record, behind) = rest.split_at(16 + len);
        records.push(record);
        rest = behind;
    }
    for count in [1, 2, 4, 6, 12] {
        put(format!("lab-first-{count}"), &[header, &records[..count].concat()].concat());
    }
    for start in [2, 12, 26, 32, 40, 50] {
        let end = (start + 10).min(records.len());
        put(format!("lab-from-{start}"), &[header, &records[start..end].concat()].concat());
    }
    let swapped: Vec<_> = records[32..44].chunks(2).flat_map(|pair| pair.iter().rev()).copied().collect();
    put("lab-swapped".to_owned(), &[header, &swapped.concat()].concat());
    put("lab-pcapng".to_owned(), &pcapng[..2400]);
}

/// Records of each kind for the client's store, in batches that are whole, torn, or say that they were synced; whole logs of
/// them; and what happens to good ones.
fn logs(seeds: &mut Seeds) {
    let mut put = |name: String, bytes: Vec<u8>| seeds.insert(("log", name), bytes);
    let publish = "34 09 0003 612F62 0007 78 79";
    let records = [
        ("waits", format!("01 0000000000000001 {publish}")),
        ("goes-out", format!("02 0000000000000002 {publish}")),
        ("sent", "03 0000000000000001 0009".to_owned()),
        ("released", "04 0000000000000002 0000000000000005".to_owned()),
        ("finished", "05 0000000000000001".to_owned()),
        ("held", "06 0003".to_owned()),
        ("unheld", "07 0003".to_owned()),
        ("none-held", "08".to_owned()),
        ("forgotten", "09 0000000000000003 0004 0000000000000006".to_owned()),
        ("count", "0A 0000000000000100".to_owned()),
        ("established", "0B".to_owned()),
        ("unknown", "0C".to_owned()),
        ("at-most-once", "01 0000000000000009 30 03 0001 61".to_owned()),
        ("last-number", format!("01 FFFFFFFFFFFFFFFF {publish}")),
    ];
    let framed = |bits: u8, record: &str| {
        let record = hex(record);
        [&[bits | u8::try_from(record.len()).unwrap()][..], &record].concat()
    };
    let mut all = Vec::new();
    for (name, record) in &records {
        let one = framed(0, record);
        put(format!("whole-{name}"), in_batches(&one));
        put(format!("batch-{name}"), one);
        if !matches!(*name, "unknown" | "at-most-once" | "last-number") {
            all.extend(framed(if all.len() % 2 == 0 { 64 } else { 0 }, record));
        }
    }
    let log = in_batches(&all);
    put("torn".to_owned(), log[..log.len() - 9].to_vec());
    put("whole".to_owned(), log.clone());
    put("whole-version-1".to_owned(), of_the_version_before(&log));
    put("behind".to_owned(), [&log[..], &framed(128, "00 00 00")].concat());
    put("batches".to_owned(), all);
    for kind in 0..5 {
        for place in [3, 40, 90, 200] {
            let choices = [5, 30, 3, 0, 60, 15, 255, 9];
            put(format!("damage-{kind}-{place}"), [&[place, kind % 2, kind, 7][..], &choices].concat());
        }
    }
}

/// The lab's frames, with other headers around them, cut off, and with a byte missing or too many.
fn frames(seeds: &mut Seeds) {
    // By itself, as the command would read it; `tests/replay.rs` tries each link.
    let mut put = |name: String, bytes: &[u8]| seeds.insert(("net", name), [&[AUTO], bytes].concat());
    for (name, text) in test_data("../testdata/lab/frames") {
        let Some(name) = name.strip_suffix(".hex") else { continue };
        let frame = hex(str::from_utf8(&text).unwrap().trim());
        let (addresses, ip) = (&frame[..12], &frame[14..]);
        let mqtt = &frame[74..];
        put(format!("{name}-ethernet"), &frame);
        put(format!("{name}-vlan"), &[addresses, &hex("8100 0007 86DD"), ip].concat());
        put(format!("{name}-sll"), &[&hex("0000 0001 0006 020304050607 0000 86DD"), ip].concat());
        put(format!("{name}-sll2"), &[&hex("86DD 0000 00000002 0001 00 06 0203040506070000"), ip].concat());
        put(format!("{name}-raw-ip"), ip);
        put(format!("{name}-null"), &[&hex("1E000000"), ip].concat());
        put(format!("{name}-ipv4"), &[addresses, &hex("0800"), &in_ipv4(&ip[40..])].concat());
        put(format!("{name}-padded"), &[&frame[..], &[0; 6]].concat());
        put(format!("{name}-cut"), &frame[..frame.len() - 3]);
        put(format!("{name}-headers"), &frame[..60]);
        put(format!("{name}-byte-missing-in-ip"), &[&frame[..30], &frame[31..]].concat());
        put(format!("{name}-byte-missing-in-mqtt"), &[&frame[..75], &frame[76..]].concat());
        put(format!("{name}-byte-too-many"), &[&frame[..40], &[0], &frame[40..]].concat());
        put(format!("{name}-mqtt"), mqtt);
    }
    put("arp".to_owned(), &hex("FFFFFFFFFFFF 020304050607 0806 0001 0800 06 04 0001 020304050607 0A000001"));
    put("hop-by-hop".to_owned(), &[&ipv6(0, 16)[..], &hex("0600 0000 00000000"), &[0; 8]].concat());
    put("fragment".to_owned(), &[&ipv6(44, 16)[..], &hex("0600 0008 00000001"), &[0; 8]].concat());
    put("udp".to_owned(), &[&ipv6(17, 8)[..], &hex("075B 0035 0008 0000")].concat());
}

/// The TCP segment behind an IPv4 header, whose checksum is left open.
fn in_ipv4(tcp: &[u8]) -> Vec<u8> {
    let len = u16::try_from(20 + tcp.len()).unwrap().to_be_bytes();
    [&hex("4500")[..], &len, &hex("0001 4000 40 06 0000 C0A80001 C0A80002"), tcp].concat()
}

fn ipv6(next: u8, len: u8) -> Vec<u8> {
    [&hex("60000000 00")[..], &[len, next, 64], &[0x20; 32]].concat()
}

/// The files of a directory by name, as text with the line ends that we keep.
fn test_data(dir: &str) -> BTreeMap<String, Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect()
}
