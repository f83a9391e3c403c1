//! Many lights: what survives, what is ignored, and who is told.

use crate::app::{start, start_in};
use crate::peer::Peer;
use crate::scratch;
use crate::server::{Embedded, each_broker};

const KITCHEN: &str = "home/kitchen/status";

fn command(switch: &str, timestamp: f64, sender: &str) -> String {
    format!(r#"{{"command": "{switch}", "timestamp": {timestamp:?}, "sender": "{sender}"}}"#)
}

#[test]
fn a_dashboard_that_starts_later_sees_and_commands_all() {
    each_broker(|broker| {
        let lights = ["cellar", "hall", "kitchen"].map(|id| {
            let controller = start("light-controller", &["--id", id, "--broker", broker]);
            controller.says("Published status: Light is OFF");
            controller.complains(&format!("{id} obeys"));
            controller
        });
        let mut dashboard = start("light-dashboard", &["--house", "--broker", broker]);
        for line in ["list", "kitchen ON", "all OFF", "attic", "list"] {
            dashboard.enter(line);
        }
        dashboard.close_input();
        let end = dashboard.end();
        assert!(end.status.success(), "{}{}", end.out, end.err);
        for light in ["cellar", "hall", "kitchen"] {
            assert!(end.out.contains(&format!("{light}: Light is OFF\n")), "{}", end.out);
            assert!(end.out.contains(&format!("\n{light:7}  OFF  ")), "{}", end.out);
        }
        assert!(end.out.contains("Sent command: ON to kitchen\nkitchen: Light is ON ("), "{}", end.out);
        assert!(end.out.contains("Sent command: OFF to 3 lights\n"), "{}", end.out);
        assert!(end.out.contains("Invalid command. Please enter the name of a light"), "{}", end.out);
        for light in lights {
            assert!(light.stop().status.success());
        }
    });
}

#[test]
fn a_mistyped_name_makes_no_light() {
    let broker = Embedded::start();
    let at = broker.address();
    let kitchen = start("light-controller", &["--id", "kitchen", "--broker", &at]);
    kitchen.complains("kitchen obeys");
    let mut dashboard = start("light-dashboard", &["--house", "--broker", &at, "--timeout", "0.5"]);
    for line in ["kitchne ON", "list", "all ON"] {
        dashboard.enter(line);
    }
    dashboard.close_input();
    let end = dashboard.end();
    assert_eq!(end.status.code(), Some(1));
    let (_, told) = end.out.split_once("Sent command: ON to kitchne, which has not been heard of\n").unwrap();
    let (told, list) = told.split_once("list\n").unwrap();
    assert!(
        told.starts_with(
            "kitchne did not answer ON within 0.5 s. No light of this name has been heard of.\n"
        ),
        "{told}"
    );
    assert!(list.starts_with("kitchen  OFF  ") && !list.contains("kitchne"), "{list}");
    assert!(list.contains("Sent command: ON to kitchen\nkitchen: Light is ON ("), "{list}");
    drop(kitchen);
}

#[test]
fn a_controller_that_dies_is_offline_and_is_then_as_it_was() {
    each_broker(|broker| {
        let home = scratch();
        let kitchen = || {
            let controller = start_in(&home, "light-controller", &["--id", "kitchen", "--broker", broker]);
            controller.complains("kitchen obeys");
            controller
        };
        let mut peer = Peer::on(broker, KITCHEN);
        let controller = kitchen();
        peer.hears(KITCHEN, "Light is OFF", false);
        peer.publish("home/kitchen/control", command("ON", 10.0, "me"));
        peer.hears(KITCHEN, "Light is ON", false);
        controller.kill();
        peer.hears(KITCHEN, "Light is OFFLINE", false);
        Peer::on(broker, "home/+/status").hears(KITCHEN, "Light is OFFLINE", true);

        let controller = kitchen();
        peer.hears(KITCHEN, "Light is ON", false);
        // It knows what it has seen, too.
        peer.publish("home/kitchen/control", command("ON", 10.0, "me"));
        controller.complains("command ON is ignored: it came before");
        let end = controller.stop();
        assert!(
            end.status.success() && end.out.ends_with("Published status: Light is OFFLINE\n"),
            "{}",
            end.out
        );
        peer.hears(KITCHEN, "Light is OFFLINE", false);
        Peer::on(broker, "home/kitchen/+").hears(KITCHEN, "Light is OFFLINE", true);
    });
}

#[test]
fn a_command_waits_for_a_controller_that_is_away() {
    each_broker(|broker| {
        let home = scratch();
        for how in ["it ends", "it dies"] {
            let controller = start_in(&home, "light-controller", &["--id", "kitchen", "--broker", broker]);
            controller.complains("kitchen obeys");
            if how == "it ends" {
                controller.stop();
            } else {
                controller.kill();
            }
            let mut dashboard =
                start("light-dashboard", &["--id", "kitchen", "--broker", broker, "--timeout", "0.3"]);
            dashboard.says("Received light status: Light is OFFLINE");
            dashboard.enter("ON");
            dashboard.says("Sent command: ON\nkitchen is offline: it gets ON when it is back.\n");
            dashboard.close_input();
            assert_eq!(dashboard.end().status.code(), Some(1));

            let controller = start_in(&home, "light-controller", &["--id", "kitchen", "--broker", broker]);
            controller.says("Received command: ON\nPublished status: Light is ON\n");
            controller.stop();
        }
    });
}

#[test]
fn old_commands_change_nothing_and_are_reported() {
    let broker = Embedded::start();
    let mut peer = Peer::on(&broker.address(), KITCHEN);
    let controller = start("light-controller", &["--id", "kitchen", "--broker", &broker.address()]);
    controller.complains("kitchen obeys");
    peer.hears(KITCHEN, "Light is OFF", false);
    let give = |switch, timestamp, sender| {
        peer.publish("home/kitchen/control", command(switch, timestamp, sender));
    };
    give("ON", 20.0, "a");
    give("ON", 20.0, "a");
    controller.complains("kitchen: command ON is ignored: it came before");
    give("OFF", 18.5, "a");
    controller.complains("kitchen: command OFF is ignored: its sender gave another one 1.500 s later");
    give("OFF", 1.0, "b");
    peer.hears(KITCHEN, "Light is ON", false);
    peer.hears(KITCHEN, "Light is OFF", false);
    let end = controller.stop();
    assert_eq!(end.out.matches("Received command").count(), 2, "{}", end.out);
}

#[test]
fn a_light_is_kept_where_its_user_wants_it() {
    let broker = Embedded::start();
    let folder = scratch();
    let file = folder.join("deep/kitchen.json");
    let arguments = ["--id", "kitchen", "--broker", &broker.address(), "--state", file.to_str().unwrap()];
    for (switch, was) in [("ON", "OFF"), ("OFF", "ON"), ("ON", "OFF")] {
        let controller = start("light-controller", &arguments);
        controller.says(&format!("Published status: Light is {was}\n"));
        controller.complains("kitchen obeys");
        let peer = Peer::on(&broker.address(), "nothing");
        peer.publish("home/kitchen/control", format!(r#"{{"command": "{switch}"}}"#));
        controller.says(&format!("Published status: Light is {switch}\n"));
        controller.kill();
    }
    // What can't be read is told, and stops nothing.
    std::fs::write(&file, "no JSON").unwrap();
    let controller = start("light-controller", &arguments);
    controller.complains("kitchen.json: ");
    controller.says("Published status: Light is OFF\n");
}

#[test]
fn the_lab_s_light_can_be_one_of_a_house() {
    let broker = Embedded::start();
    let mut peer = Peer::on(&broker.address(), "home/+/status");
    let controller = start("light-controller", &["--id", "light", "--broker", &broker.address()]);
    controller.complains("light obeys");
    peer.hears("home/light/status", "Light is OFF", false);
    // The lab's dashboard understands it.
    let mut dashboard = start("light-dashboard", &["--broker", &broker.address()]);
    dashboard.says("Received light status: Light is OFF");
    dashboard.enter("ON");
    dashboard.says("Sent command: ON\nReceived light status: Light is ON\n");
    controller.kill();
    dashboard.says("Received light status: Light is OFFLINE");
}

#[test]
fn watchers_share_the_messages_of_a_house() {
    each_broker(|broker| {
        let watcher = |share: &[&str]| {
            let watcher =
                start("light-dashboard", &[&["--house", "--watch", "--broker", broker], share].concat());
            watcher.complains("following");
            watcher
        };
        let (one, other) = (watcher(&["--share", "log"]), watcher(&["--share", "log"]));
        let alone = watcher(&[]);
        let peer = Peer::on(broker, "nothing");
        for number in 0..20 {
            peer.publish(&format!("home/l{number}/status"), "Light is ON");
        }
        alone.says("l19: Light is ON\n");
        // Whatever is not there yet comes before they end.
        peer.publish(KITCHEN, "Light is ON");
        let both = || one.said().matches("Light is ON").count() + other.said().matches("Light is ON").count();
        crate::until("21 messages for both", || both() >= 21);
        let (one, other) = (one.stop(), other.stop());
        let counts = [&one, &other].map(|end| end.out.matches("Light is ON").count());
        assert_eq!(counts.iter().sum::<usize>(), 21);
        assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
        assert!(one.status.success() && other.status.success());
    });
}
