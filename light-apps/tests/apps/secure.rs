//! Brokers behind TLS, passwords and WebSocket.

use std::process::Command;

use crate::app::{start, start_with};
use crate::broker::{Broker, Folder, find};
use crate::certificates::Authority;

const CONFIG: &str = "per_listener_settings false
allow_anonymous false
password_file {folder}/passwords
listener {port} 127.0.0.1
cafile {folder}/ca.pem
certfile {folder}/server.pem
keyfile {folder}/server.key
require_certificate true
listener {port2} 127.0.0.1
protocol websockets
certfile {folder}/server.pem
keyfile {folder}/server.key
listener {port3} 127.0.0.1
protocol websockets
";

#[test]
fn both_reach_a_broker_behind_tls_websocket_and_a_password() {
    let (authority, folder) = (Authority::new("CA"), Folder::new());
    authority.issue("localhost").write(&folder, "server");
    authority.issue("light").write(&folder, "light");
    let ca = folder.file("ca.pem", authority.pem());
    let password = folder.file("password", "secret:word\n");
    let made = Command::new(find("mosquitto_passwd", "mosquitto"))
        .args(["-b", "-c"])
        .arg(folder.path().join("passwords"))
        .args(["me", "secret:word"])
        .status();
    assert!(made.unwrap().success());
    let (cert, key) = (folder.path().join("light.pem"), folder.path().join("light.key"));
    let broker = Broker::mosquitto_with(folder, CONFIG);

    let [ca, password, cert, key] = [&ca, &password, &cert, &key].map(|path| path.to_str().unwrap());
    let tls = format!("mqtts://localhost:{}", broker.port());
    let wss = format!("wss://localhost:{}/mqtt", broker.nth_port(2));
    let ws = format!("ws://me:secret%3Aword@127.0.0.1:{}/mqtt", broker.nth_port(3));
    let login = ["--user", "me", "--password-file", password];
    let over_tls = ["--broker", &tls, "--ca", ca, "--cert", cert, "--key", key];
    let controller = start("light-controller", &[&over_tls[..], &login].concat());
    controller.complains("light obeys");
    for way in [&[&["--broker", &wss, "--ca", ca][..], &login].concat()[..], &["--broker", &ws]] {
        let mut dashboard = start("light-dashboard", way);
        dashboard.enter("ON");
        dashboard.says("Sent command: ON\nReceived light status: Light is ON\n");
    }

    let ws = format!("ws://127.0.0.1:{}/mqtt", broker.nth_port(3));
    let arguments = ["--broker", &ws, "--user", "me"];
    let variables = [("LIGHT_PASSWORD", "secret:word")];
    let mut dashboard = start_with(&crate::scratch(), &variables, "light-dashboard", &arguments);
    dashboard.enter("OFF");
    dashboard.says("Received light status: Light is OFF\n");

    // The broker's certificate is no CA's that this system knows.
    let end = start("light-dashboard", &[&["--broker", &wss], &login[..]].concat()).end();
    assert_eq!(end.status.code(), Some(2));
    assert!(end.err.contains("error: ") && end.err.contains("certificate"), "{}", end.err);
    let end = start("light-dashboard", &["--broker", &wss, "--ca", "/no/such/file"]).end();
    assert_eq!((end.status.code(), end.err.contains("/no/such/file")), (Some(2), true), "{}", end.err);
}
