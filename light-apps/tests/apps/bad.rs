//! What comes and is no command, and what is switched and fails.

use crate::app::start;
use crate::broker::Broker;
use crate::peer::Peer;
use crate::scratch;
use crate::server::Embedded;

const CONTROL: &str = "home/light/control";
const STATUS: &str = "home/light/status";

#[test]
fn bad_input_is_reported_and_the_controller_goes_on() {
    let broker = Embedded::start();
    let controller = start("light-controller", &["--broker", &broker.address()]);
    controller.complains("light obeys");
    let mut peer = Peer::on(&broker.address(), STATUS);
    let huge = vec![b' '; 1 << 19];
    let bad: [(&[u8], &str); 11] = [
        (b"ON", "not JSON: expected value"),
        (b"", "not JSON: EOF"),
        (b"{\"command\": \"ON\"", "not JSON: EOF"),
        (b"{\"command\": \"\xff\"}", "not UTF-8 from byte 13 on"),
        (b"[\"ON\"]", "not a JSON object but an array"),
        (b"\"ON\"", "not a JSON object but a string"),
        (b"{\"command\": \"ON\", \"timestamp\": \"now\"}", "the timestamp is not a number but a string"),
        (&huge, "a payload of 524288 bytes, of at most 65536"),
        (b"{\"command\": \"\\u001b[2J\"}", "is neither \"ON\" nor \"OFF\""),
        (b"{\"command\": 1}", "the command is not a string but a number"),
        (b"{\"timestamp\": 1}", "no \"command\" in it"),
    ];
    for (payload, report) in bad {
        peer.publish(CONTROL, payload);
        controller.complains(report);
    }
    peer.publish(CONTROL, r#"{"command": "ON", "timestamp": 1e3, "room": [1, {"a": null}]}"#);
    // The lab's program answers where it has a command: the last three.
    for _ in 0..3 {
        peer.hears(STATUS, "Light is UNKNOWN", false);
    }
    peer.hears(STATUS, "Light is ON", false);
    let end = controller.stop();
    assert!(end.status.success());
    assert!(!end.out.contains('\x1b') && !end.err.contains('\x1b'), "{}{}", end.out, end.err);
}

#[test]
fn a_bad_command_does_not_hide_what_a_light_of_a_house_is() {
    let broker = Embedded::start();
    let mut peer = Peer::on(&broker.address(), STATUS);
    let controller = start("light-controller", &["--id", "light", "--broker", &broker.address()]);
    controller.complains("light obeys");
    peer.hears(STATUS, "Light is OFF", false);
    peer.publish(CONTROL, r#"{"command": "DIM"}"#);
    peer.hears(STATUS, "Light is UNKNOWN", false);
    peer.hears(STATUS, "Light is OFF", false);
    Peer::on(&broker.address(), "home/#").hears(STATUS, "Light is OFF", true);
}

#[test]
fn a_huge_command_does_not_come_again_and_again() {
    let broker = Broker::mosquitto();
    let at = format!("127.0.0.1:{}", broker.port());
    let mut peer = Peer::on(&at, "home/kitchen/status");
    let controller = start("light-controller", &["--id", "kitchen", "--broker", &at]);
    controller.complains("kitchen obeys");
    peer.hears("home/kitchen/status", "Light is OFF", false);
    peer.publish("home/kitchen/control", vec![b'x'; 20 << 20]);
    controller.complains("a payload of 20971520 bytes");
    peer.publish("home/kitchen/control", r#"{"command": "ON"}"#);
    peer.hears("home/kitchen/status", "Light is ON", false);
    assert!(!controller.stop().err.contains("connection lost"));
}

#[test]
fn a_led_is_switched_and_its_failure_is_a_status() {
    let broker = Embedded::start();
    let leds = scratch();
    let brightness = leds.join("lamp/brightness");
    std::fs::create_dir(leds.join("lamp")).unwrap();
    std::fs::write(&brightness, "0\n").unwrap();
    std::fs::write(leds.join("lamp/max_brightness"), "255\n").unwrap();
    let leds = leds.to_str().unwrap();
    let arguments = ["--broker", &broker.address(), "--led", "lamp", "--led-dir", leds];
    let controller = start("light-controller", &arguments);
    controller.complains("light obeys");
    let mut peer = Peer::on(&broker.address(), STATUS);
    peer.publish(CONTROL, r#"{"command": "ON"}"#);
    peer.hears(STATUS, "Light is ON", false);
    assert_eq!(std::fs::read_to_string(&brightness).unwrap(), "255\n");
    std::fs::remove_file(&brightness).unwrap();
    peer.publish(CONTROL, r#"{"command": "OFF"}"#);
    peer.hears(STATUS, "Light is UNKNOWN", false);
    controller.complains("the lamp can't be switched OFF: ");
    controller.complains("brightness: No such file");
}

#[test]
fn commands_of_the_user_are_run_and_their_failure_is_a_status() {
    let broker = Embedded::start();
    let folder = scratch();
    let file = folder.join("on; $(touch x)");
    let on = format!("touch '{}'", file.display());
    let arguments = ["--broker", &broker.address(), "--on-command", &on, "--off-command", "false"];
    let controller = start("light-controller", &arguments);
    controller.complains("light obeys");
    let mut peer = Peer::on(&broker.address(), STATUS);
    peer.publish(CONTROL, r#"{"command": "ON", "sender": "$(touch y)"}"#);
    peer.hears(STATUS, "Light is ON", false);
    assert!(file.exists());
    peer.publish(CONTROL, r#"{"command": "OFF"}"#);
    peer.hears(STATUS, "Light is UNKNOWN", false);
    controller.complains("the lamp can't be switched OFF: false: exit status: 1");
}
