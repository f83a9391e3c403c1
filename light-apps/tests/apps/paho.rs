//! Programs on paho-mqtt, written like the lab's, in either role; with each generation of paho-mqtt.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::app::{App, start};
use crate::server::each_broker;

/// Where `.ci/paho` puts both generations.
fn generations() -> [PathBuf; 2] {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    ["1.6.1", "2.1.0"].map(|version| {
        let folder = target.join("paho").join(version);
        assert!(
            folder.join("paho").is_dir(),
            "paho-mqtt is not in {}: bash .ci/paho {}",
            folder.display(),
            target.display()
        );
        folder
    })
}

fn python(generation: &Path, program: &str, broker: &str) -> App {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/paho");
    let mut command = Command::new("python3");
    command.arg("-B").arg(folder.join(program)).arg(broker).env("PYTHONPATH", generation);
    App::run(program, command)
}

#[test]
fn our_dashboard_commands_their_controller() {
    each_broker(|broker| {
        for generation in generations() {
            let controller = python(&generation, "controller.py", broker);
            controller.says("Subscribed");
            let mut dashboard = start("light-dashboard", &["--broker", broker]);
            for line in ["ON", "OFF"] {
                dashboard.enter(line);
            }
            dashboard.close_input();
            let end = dashboard.end();
            assert!(end.status.success(), "{}{}", end.out, end.err);
            for switch in ["ON", "OFF"] {
                controller
                    .says(&format!("Received command: {switch}\nPublished status: Light is {switch}\n"));
                let conversation =
                    format!("Sent command: {switch}\nReceived light status: Light is {switch}\n");
                assert!(end.out.contains(&conversation), "{}", end.out);
            }
        }
    });
}

#[test]
fn their_dashboard_commands_our_controller() {
    each_broker(|broker| {
        for generation in generations() {
            for house in [&[][..], &["--id", "light"]] {
                let controller = start("light-controller", &[&["--broker", broker], house].concat());
                controller.complains("light obeys");
                let mut dashboard = python(&generation, "dashboard.py", broker);
                for (command, state) in [("ON", "ON"), ("OFF", "OFF"), ("DIM", "UNKNOWN")] {
                    dashboard.enter(command);
                    controller
                        .says(&format!("Received command: {command}\nPublished status: Light is {state}\n"));
                    dashboard.says(&format!("Received light status: Light is {state}\n"));
                }
                dashboard.close_input();
                assert!(dashboard.end().status.success());
                controller.stop();
            }
        }
    });
}
