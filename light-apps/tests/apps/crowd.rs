//! Many lights at once, on one broker and on a cluster that loses a node.

use std::path::Path;
use std::process::Command;

use crate::app::{App, start};
use crate::broker::{Broker, find};

#[test]
fn all_of_200_lights_obey_one_command() {
    let broker = Broker::mosquitto();
    let at = format!("127.0.0.1:{}", broker.port());
    let end = start("light", &["crowd", "--lights", "200", "--broker", &at]).end();
    assert!(end.status.success(), "{}{}", end.out, end.err);
    for switch in ["ON", "OFF"] {
        assert!(end.out.contains(&format!("all {switch}: 200 of 200 confirmed in ")), "{}", end.out);
    }
}

#[test]
fn a_cluster_that_loses_a_node_loses_no_command() {
    find("nats-server", "nats-server");
    let mut command = Command::new("bash");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster/run")).args(["10", "10"]);
    command.env("LIGHT", env!("CARGO_BIN_EXE_light"));
    let end = App::run("cluster/run", command).end();
    assert!(end.status.success(), "{}{}", end.out, end.err);
    let (before, after) = end.out.split_once("node 0 was killed\n").expect("no node was killed");
    assert!(
        before.contains("50 of 100 confirmed\n") && after.contains("100 of 100 confirmed\n"),
        "{}",
        end.out
    );
    assert!(after.contains("100 commands, 100 confirmed, 0 lost, in "), "{}", end.out);
    crate::readme::is_as_the_front_page_says(&end.out);
    // Also those that came twice, since the node had not passed on their acknowledgement.
    assert!(after.contains("lamps were switched 100 times\n"), "{}", end.out);
}
