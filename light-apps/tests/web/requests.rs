//! What the page's program answers, and whom it refuses.

use crate::app::start;
use crate::broker::Broker;
use crate::http::{Events, ask, command, get};
use crate::peer::Peer;
use crate::{Page, light, scratch};

fn mosquitto() -> (Broker, String) {
    let broker = Broker::mosquitto();
    let address = format!("127.0.0.1:{}", broker.port());
    (broker, address)
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let (_broker, broker) = mosquitto();
    let page = Page::start(&broker, &[]);
    for (path, kind) in [
        ("/", "text/html"),
        ("/style.css", "text/css"),
        ("/app.js", "text/javascript"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = get(&page.address, path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").starts_with(kind), "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'self';"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.body.len() > 100, "{path}");
        let names = answer.body.replace("http://www.w3.org/2000/svg", "");
        assert!(!names.contains("://") && !names.contains("innerHTML"), "{path}");
    }
    // Refusals say it too.
    let missing = get(&page.address, "/log/7");
    assert_eq!((missing.status, missing.header("x-content-type-options")), (404, "nosniff"));
    assert!(page.app.stop().status.success());
}

#[test]
fn events_tell_what_a_light_does_and_by_which_packets() {
    let (_broker, broker) = mosquitto();
    let page = Page::start(&broker, &["--house"]);
    let mut events = Events::of(&page.address, &[]).unwrap();
    assert_eq!(events.next()["all"], true);
    let _kitchen = light(&broker, "kitchen", &scratch());
    let card = events.light("kitchen", |light| light["state"] == "OFF");
    assert!(card["since"].as_f64().unwrap() > 1.7e9 && card["round_trip"].is_null(), "{card}");

    let sent = command(&page.address, "kitchen", "ON", &[]);
    assert_eq!((sent.status, sent.body.as_str()), (202, r#"{"sent":["kitchen"]}"#));
    let card = events.light("kitchen", |light| light["state"] == "ON");
    assert!(card["round_trip"].as_f64().unwrap() > 0.0 && card["sent"].is_null(), "{card}");

    assert_eq!(command(&page.address, "all", "OFF", &[]).status, 202);
    events.light("kitchen", |light| light["state"] == "OFF");

    // A page that comes back has missed nothing, and gets nothing twice; another one gets all.
    let again = format!("last-event-id: {}", events.last);
    command(&page.address, "kitchen", "ON", &[]);
    let mut back = Events::of(&page.address, &[&again]).unwrap();
    let first = back.next();
    assert_eq!(first["all"], false);
    assert!(first["log"].as_array().unwrap().len() < 5, "{first}");
    let mut other = Events::of(&page.address, &["last-event-id: 0123456789abcdef-99"]).unwrap();
    assert_eq!(other.next()["all"], true);

    let mut third = Events::of(&page.address, &[]).unwrap();
    let is_acknowledged = |line: &serde_json::Value| line["packets"].as_array().unwrap().len() == 2;
    let line = third.line(|line| line["text"] == "kitchen: switch ON" && is_acknowledged(line));
    assert_eq!(line["way"], "sent");
    let detail = get(&page.address, &format!("/log/{}", line["number"])).json();
    let packets = detail["packets"].as_array().unwrap();
    assert!(packets[0]["summary"].as_str().unwrap().ends_with("[home/kitchen/control]"), "{detail}");
    assert!(packets[0]["tree"].as_str().unwrap().contains("QoS Level: At least once delivery"), "{detail}");
    assert!(packets[1]["summary"].as_str().unwrap().starts_with("Publish Ack (id="), "{detail}");
}

#[test]
fn the_lab_s_light_can_be_switched() {
    let (_broker, broker) = mosquitto();
    let lab = start("light-controller", &["--broker", &broker]);
    lab.complains("light obeys");
    let page = Page::start(&broker, &[]);
    let mut events = Events::of(&page.address, &[]).unwrap();
    assert_eq!(events.light("light", |_| true)["state"], serde_json::Value::Null);
    assert_eq!(command(&page.address, "light", "ON", &[]).status, 202);
    events.light("light", |light| light["state"] == "ON");
    lab.says("Received command: ON\nPublished status: Light is ON\n");
}

#[test]
fn other_sites_and_other_names_are_refused() {
    let (_broker, broker) = mosquitto();
    let page = Page::start(&broker, &[]);
    let mut peer = Peer::on(&broker, "home/+/control");
    for path in ["GET /", "GET /app.js", "GET /events", "GET /log/1", "POST /command"] {
        for host in ["host: evil.example", "host: evil.example:8080", "host: 127.0.0.1:1"] {
            assert_eq!(ask(&page.address, path, &[host], "").status, 403, "{path} {host}");
        }
    }
    for header in [
        "origin: http://evil.example",
        "origin: null",
        "sec-fetch-site: cross-site",
        "sec-fetch-site: same-site",
    ] {
        let refused = command(&page.address, "light", "ON", &[header]);
        assert_eq!(refused.status, 403, "{header}");
        assert!(refused.body.starts_with("another site asks"), "{}", refused.body);
        assert_eq!(Events::of(&page.address, &[header]).err(), Some(403), "{header}");
    }
    // What a form of another site could send is none, even where a browser would say nothing of its origin.
    let body = r#"{"light": "light", "command": "ON"}"#;
    assert_eq!(ask(&page.address, "POST /command", &["content-type: text/plain"], body).status, 415);
    assert_eq!(ask(&page.address, "GET /command", &[], "").status, 405);
    let own = format!("origin: http://{}", page.address);
    assert_eq!(command(&page.address, "light", "OFF", &[&own, "sec-fetch-site: same-origin"]).status, 202);
    // It is the first that came through.
    assert!(peer.next().1.starts_with(r#"{"command": "OFF""#));
}

/// nginx passes on our own address as `Host` when it is not told otherwise, caddy the name that the browser said.
#[test]
fn a_proxy_that_speaks_https_may_stand_before_it() {
    let (_broker, broker) = mosquitto();
    let own = "origin: https://lights.example";
    let page = Page::start(&broker, &[]);
    assert_eq!(command(&page.address, "light", "ON", &[own]).status, 403);
    let refused = command(&page.address, "light", "ON", &[own, "host: lights.example"]);
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (403, "this name is not known here: see --web-host\n")
    );

    let page = Page::start(&broker, &["--web-origin", "https://lights.example"]);
    let ours = format!("host: {}", page.address);
    for host in [ours.as_str(), "host: lights.example"] {
        assert_eq!(ask(&page.address, "GET /", &[host, "sec-fetch-site: none"], "").status, 200, "{host}");
        assert_eq!(
            command(&page.address, "light", "ON", &[host, own, "sec-fetch-site: same-origin"]).status,
            202
        );
        let other = "origin: https://evil.example";
        assert_eq!(command(&page.address, "light", "ON", &[host, other]).status, 403, "{host}");
    }
    let named = Page::start(&broker, &["--web-host", "lights.example"]);
    assert_eq!(command(&named.address, "light", "ON", &["host: lights.example", own]).status, 202);
    let end =
        start("light-dashboard", &["--web", "0", "--web-origin", "lights.example", "--broker", &broker])
            .end();
    assert_eq!(end.status.code(), Some(2));
    assert!(end.err.contains("an origin is http:// or https://"), "{}", end.err);
}

#[test]
fn who_says_nothing_locks_nobody_out() {
    let (_broker, broker) = mosquitto();
    let page = Page::start(&broker, &[]);
    let open = |_| std::net::TcpStream::connect(&page.address).unwrap();
    let silent: Vec<_> = (0..300).map(open).collect();
    assert_eq!(get(&page.address, "/").status, 200);
    assert_eq!(command(&page.address, "light", "ON", &[]).status, 202);
    drop(silent);
}

#[test]
fn what_is_no_command_is_told() {
    let (_broker, broker) = mosquitto();
    let page = Page::start(&broker, &[]);
    for (name, switch, status, why) in [
        ("light", "DIM", 400, "a command is ON or OFF\n"),
        ("a/b", "ON", 400, "this is no name of a light\n"),
        ("attic", "ON", 404, "there is no such light\n"),
    ] {
        let answer = command(&page.address, name, switch, &[]);
        assert_eq!((answer.status, answer.body.as_str()), (status, why));
    }
    let json = ["content-type: application/json"];
    assert_eq!(ask(&page.address, "POST /command", &json, "{").status, 400);
    assert_eq!(ask(&page.address, "POST /command", &json, "{}").status, 422);
    assert_eq!(ask(&page.address, "POST /command", &json, &" ".repeat(5_000)).status, 413);
}

#[test]
fn other_machines_need_a_token() {
    let (_broker, broker) = mosquitto();
    let end = start("light-dashboard", &["--web", "0.0.0.0:0", "--broker", &broker]).end();
    assert_eq!(end.status.code(), Some(2));
    assert!(end.err.contains("other machines can reach it: that needs --web-token"), "{}", end.err);

    let page = Page::at("0.0.0.0:0", &broker, &["--web-token", "s3cret"]);
    let port = page.address.rsplit(':').next().unwrap();
    assert_eq!(get(&page.address, "/").status, 401);
    assert_eq!(Events::of(&page.address, &[]).err(), Some(401));
    assert_eq!(command(&page.address, "light", "ON", &["authorization: Bearer secret"]).status, 401);
    let known = get(&page.address, "/?token=s3cret");
    assert_eq!((known.status, known.header("location")), (303, "/"));
    let cookie = known.header("set-cookie");
    assert_eq!(cookie, format!("light-dashboard-{port}=s3cret; HttpOnly; SameSite=Strict; Path=/"));
    let cookie = format!("cookie: {}", cookie.split(';').next().unwrap());
    for shown in [cookie.as_str(), "authorization: Bearer s3cret"] {
        assert_eq!(ask(&page.address, "GET /", &[shown], "").status, 200);
        assert_eq!(command(&page.address, "light", "ON", &[shown]).status, 202);
        Events::of(&page.address, &[shown]).unwrap().next();
    }
}

#[test]
fn only_so_many_pages_follow_and_the_program_ends_under_them() {
    let (_broker, broker) = mosquitto();
    let page = Page::start(&broker, &[]);
    let mut open: Vec<_> = (0..32).map(|_| Events::of(&page.address, &[]).unwrap()).collect();
    assert_eq!(Events::of(&page.address, &[]).err(), Some(503));
    // All others are still answered.
    assert_eq!(get(&page.address, "/").status, 200);
    open.truncate(31);
    let began = std::time::Instant::now();
    while Events::of(&page.address, &[]).is_err() {
        assert!(began.elapsed().as_secs() < 60, "its place is not free");
        // A place is free when the program notices, which it does when it has something to tell.
        command(&page.address, "light", "ON", &[]);
    }
    let end = page.app.stop();
    assert!(end.status.success(), "{}", end.err);
}
