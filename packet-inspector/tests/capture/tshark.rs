//! Agreement with the real tshark on whole captures: the same packets in the same frames, with the same fields.
//!
//! Needs Debian's package `tshark`; without it these tests fail, since otherwise nobody would notice.

use std::process::Command;

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
