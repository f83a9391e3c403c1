//! The homework: the packets and the texts of the lab's two programs.

use crate::app::start;
use crate::server::Embedded;
use crate::tap::{By, Tap, normal};

/// What a program of the lab sends, but for the PINGREQ of a minute without traffic.
fn sent_in_the_lab(client_id: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab/homework.json");
    let packets: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let sent = packets.as_array().unwrap().iter().filter(|packet| {
        packet["connection"] == client_id && packet["sender"] == "client" && packet["name"] != "PINGREQ"
    });
    sent.map(|packet| packet["mqtt_hex"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_packets_are_the_lab_s() {
    let broker = Embedded::start();
    let (of_controller, of_dashboard) = (Tap::on(&broker.address()), Tap::on(&broker.address()));

    let controller = start("light-controller", &["--broker", &of_controller.address]);
    controller.complains("light obeys");
    let mut dashboard = start("light-dashboard", &["--broker", &of_dashboard.address]);
    for switch in ["ON", "OFF"] {
        dashboard.says("Enter command (ON/OFF): ");
        dashboard.enter(switch);
        dashboard.says(&format!("Sent command: {switch}\n"));
        controller.says(&format!("Received command: {switch}\nPublished status: Light is {switch}\n"));
        dashboard.says(&format!("Received light status: Light is {switch}\n"));
    }
    dashboard.close_input();
    assert!(dashboard.end().status.success());
    assert!(controller.stop().status.success());

    let sent = |tap: &Tap| tap.packets(By::Client).iter().map(|packet| normal(packet)).collect::<Vec<_>>();
    assert_eq!(sent(&of_dashboard), sent_in_the_lab("CentralDashboard"));
    let mut expected = sent_in_the_lab("LightControllerAndMonitor");
    assert_eq!(expected.len(), 6);
    // Both programs say it at their end; the lab's list has it once.
    expected.push("e000".to_owned());
    assert_eq!(sent(&of_controller), expected);
}

#[test]
fn the_homework_is_one_command() {
    let mut demo = start("light", &["demo", "--port", "0"]);
    for line in ["ON", "OFF", "DIM", "on"] {
        demo.enter(line);
    }
    demo.close_input();
    let end = demo.end();
    assert!(end.status.success(), "{}", end.err);
    let (broker, conversation) = end.out.split_once('\n').unwrap();
    assert!(broker.starts_with("Broker: mqtt://127.0.0.1:"), "{broker}");
    assert_eq!(
        conversation,
        "Enter command (ON/OFF): ON\n\
         Sent command: ON\n\
         Received command: ON\n\
         Published status: Light is ON\n\
         Received light status: Light is ON\n\
         Enter command (ON/OFF): OFF\n\
         Sent command: OFF\n\
         Received command: OFF\n\
         Published status: Light is OFF\n\
         Received light status: Light is OFF\n\
         Enter command (ON/OFF): DIM\n\
         Invalid command. Please enter ON or OFF.\n\
         Enter command (ON/OFF): on\n\
         Invalid command. Please enter ON or OFF.\n\
         Enter command (ON/OFF): \n"
    );
    assert!(end.err.contains("round trip of ON: "), "{}", end.err);
}

#[test]
fn the_dashboard_brings_its_broker_and_the_controller_finds_it() {
    let home = crate::scratch();
    let start = |name, arguments: &[&str]| crate::app::start_in(&home, name, arguments);
    let mut dashboard = start("light-dashboard", &["--port", "0"]);
    dashboard.says("Broker: mqtt://127.0.0.1:");
    dashboard.says("Enter command");
    let controller = start("light-controller", &[]);
    controller.complains("light obeys");
    dashboard.enter("ON");
    dashboard.says("Received light status: Light is ON");
    dashboard.close_input();
    assert!(dashboard.end().status.success());
    // Without a broker it waits for one, wherever it will be.
    controller.complains("connection lost");
    let mut dashboard = start("light-dashboard", &["--port", "0"]);
    controller.complains("connected");
    loop {
        dashboard.enter("OFF");
        if dashboard.says_one_of(&["Received light status: Light is OFF", "No light answered"]) == 0 {
            break;
        }
    }
    assert!(controller.stop().status.success());
}

#[test]
fn the_next_free_port_is_taken() {
    let taken = Embedded::start();
    let address = taken.address();
    let (_, port) = address.rsplit_once(':').unwrap();
    let dashboard = start("light-dashboard", &["--port", port]);
    dashboard.says("Broker: mqtt://127.0.0.1:");
    dashboard.says("Enter command");
    let said = dashboard.said();
    let next: u16 = said.lines().next().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
    assert!(next > port.parse().unwrap(), "{said}");
}

#[test]
fn a_light_that_does_not_answer_is_told() {
    let mut dashboard = start("light-dashboard", &["--port", "0", "--timeout", "0.2"]);
    dashboard.enter("ON");
    dashboard.close_input();
    let end = dashboard.end();
    assert!(end.out.contains("Sent command: ON\nNo light answered ON within 0.2 s.\n"), "{}", end.out);
    assert_eq!(end.status.code(), Some(1));
}
