//! Brokers that go away, nodes of a cluster, signals, and readers that go away.

use crate::app::{start, start_in};
use crate::broker::{Broker, free_ports};
use crate::peer::Peer;
use crate::server::Embedded;

fn address(broker: &Broker) -> String {
    format!("127.0.0.1:{}", broker.port())
}

#[test]
fn both_survive_a_restart_of_the_broker() {
    let mut broker = Broker::mosquitto();
    let at = address(&broker);
    let lab = start("light-controller", &["--broker", &at]);
    let kitchen = start("light-controller", &["--id", "kitchen", "--broker", &at]);
    lab.complains("light obeys");
    kitchen.complains("kitchen obeys");
    let mut of_lab = start("light-dashboard", &["--broker", &at, "--timeout", "1"]);
    let mut of_kitchen = start("light-dashboard", &["--id", "kitchen", "--broker", &at, "--timeout", "1"]);
    for how in ["stops", "dies"] {
        if how == "stops" {
            broker.stop();
        } else {
            broker.kill();
        }
        for app in [&lab, &kitchen, &of_lab, &of_kitchen] {
            app.complains("next attempt");
        }
        broker.start();
        for app in [&lab, &kitchen, &of_lab, &of_kitchen] {
            app.complains("connected");
        }
        for switch in ["ON", "OFF"] {
            for dashboard in [&mut of_lab, &mut of_kitchen] {
                // A controller without a session may come back behind a command.
                let status = format!("Received light status: Light is {switch}");
                loop {
                    dashboard.enter(switch);
                    dashboard.says(&format!("Sent command: {switch}\n"));
                    if dashboard.says_one_of(&[&status, "No light answered"]) == 0 {
                        break;
                    }
                }
            }
        }
    }
    let mut late = Peer::on(&at, "home/+/status");
    late.hears("home/kitchen/status", "Light is OFF", true);
}

#[test]
fn the_embedded_broker_remembers_in_a_directory() {
    let (home, folder) = (crate::scratch(), crate::scratch());
    let port = free_ports(1)[0].to_string();
    let at = format!("127.0.0.1:{port}");
    let dashboard = || {
        let folder = folder.to_str().unwrap();
        let arguments = ["--id", "kitchen", "--port", &port, "--broker-dir", folder, "--timeout", "0.3"];
        let dashboard = start("light-dashboard", &arguments);
        dashboard.says(&format!("Broker: mqtt://{at}\n"));
        dashboard
    };
    let kitchen = || {
        let controller = start_in(&home, "light-controller", &["--id", "kitchen", "--broker", &at]);
        controller.complains("kitchen obeys");
        controller
    };
    let mut first = dashboard();
    let controller = kitchen();
    first.says("Received light status: Light is OFF");
    controller.stop();
    first.says("Received light status: Light is OFFLINE");
    first.close_input();
    first.end();

    let mut second = dashboard();
    second.says("Received light status: Light is OFFLINE");
    second.enter("ON");
    second.says("kitchen is offline: it gets ON when it is back.");
    second.close_input();
    second.end();

    let mut third = dashboard();
    // It is killed when it is dropped, and what it says may then not be on its way yet.
    let controller = kitchen();
    controller.says("Received command: ON\nPublished status: Light is ON\n");
    third.says("Received light status: Light is ON");
    third.close_input();
    third.end();
}

#[test]
fn a_dead_node_is_passed_over() {
    let broker = Embedded::start();
    let dead = format!("127.0.0.1:{}", free_ports(1)[0]);
    let nodes = format!("{dead},{}", broker.address());
    let controller = start("light-controller", &["--broker", &nodes]);
    controller.complains("light obeys");
    let mut dashboard = start("light-dashboard", &["--broker", &dead, "--broker", &broker.address()]);
    dashboard.enter("ON");
    dashboard.says("Received light status: Light is ON");
}

#[test]
fn a_refusal_is_told_and_final() {
    let config = "listener {port} 127.0.0.1\nallow_anonymous false\n";
    let broker = Broker::mosquitto_with(crate::broker::Folder::new(), config);
    for program in ["light-controller", "light-dashboard"] {
        let end = start(program, &["--broker", &address(&broker)]).end();
        assert_eq!(end.status.code(), Some(2));
        assert!(
            end.err.contains("error: connection refused: not authorized (return code 5)\n"),
            "{}",
            end.err
        );
    }
}

#[test]
fn signals_end_both_well() {
    let broker = Embedded::start();
    for signal in ["INT", "TERM"] {
        let kitchen = start("light-controller", &["--id", "kitchen", "--broker", &broker.address()]);
        kitchen.complains("kitchen obeys");
        let dashboard = start("light-dashboard", &["--house", "--broker", &broker.address()]);
        dashboard.says("kitchen: Light is OFF");
        kitchen.signal(signal);
        dashboard.says("kitchen: Light is OFFLINE");
        dashboard.signal(signal);
        for app in [kitchen, dashboard] {
            let end = app.end();
            assert!(end.status.success(), "{}", end.err);
        }
    }
}

#[test]
fn a_program_without_a_broker_can_be_ended() {
    let dead = format!("127.0.0.1:{}", free_ports(1)[0]);
    let controller = start("light-controller", &["--broker", &dead]);
    controller.complains("next attempt");
    assert!(controller.stop().status.success());
    let mut dashboard = start("light-dashboard", &["--broker", &dead, "--timeout", "0.2"]);
    dashboard.enter("ON");
    dashboard.close_input();
    let end = dashboard.end();
    assert!(end.out.contains("No light answered ON within 0.2 s."), "{}", end.out);
}
