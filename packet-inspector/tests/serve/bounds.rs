//! What `packet-inspector serve` holds at most, and what it gives back.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::broker::Broker;
use crate::server::Server;
use crate::{Answer, BINARY, ask, connection, feed, lab, post};

/// How long a program may take to notice that somebody is gone, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// The status of an answer whose rest is not waited for.
fn status(stream: &TcpStream) -> u16 {
    let mut line = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Asks until there is a place.
fn once_there_is_a_place(mut ask: impl FnMut() -> u16) -> u16 {
    let began = Instant::now();
    loop {
        match ask() {
            503 if began.elapsed() < PATIENCE => std::thread::yield_now(),
            status => return status,
        }
    }
}

#[test]
fn only_so_many_pages_are_fed_and_the_place_of_one_that_left_is_free() {
    let server = Server::start(&[]);
    let mut feeds: Vec<_> = (0..16).map(|_| feed(&server, "")).collect();
    for (number, feed) in feeds.iter().enumerate() {
        assert_eq!(status(feed), 200, "feed {number}");
    }
    assert_eq!(status(&feed(&server, "")), 503);
    assert_eq!(ask(&server, "GET", "/api/clients", &[], b"").status, 200, "the rest goes on");
    feeds.pop();
    assert_eq!(once_there_is_a_place(|| status(&feed(&server, ""))), 200);
}

fn connect(server: &Server, port: u16) -> Answer {
    post(server, "/api/clients", &json!({ "broker": format!("mqtt://127.0.0.1:{port}") }))
}

#[test]
fn only_so_many_clients_are_connected_and_their_places_come_back() {
    let broker = Broker::mosquitto();
    let server = Server::start(&[]);
    // Somebody asks, and is gone before the broker has answered.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let body = json!({ "broker": format!("mqtt://{}", silent.local_addr().unwrap()) }).to_string();
    for _ in 0..8 {
        let mut asking = connection(&server);
        let head = format!(
            "POST /api/clients HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            server.port,
            body.len(),
        );
        std::io::Write::write_all(&mut asking, head.as_bytes()).unwrap();
        let (mut connected, _) = silent.accept().unwrap();
        connected.read_exact(&mut [0]).unwrap();
    }
    let mut ids = Vec::new();
    for number in 0..8 {
        let status = once_there_is_a_place(|| {
            let answer = connect(&server, broker.port());
            if answer.status == 200 {
                ids.push(answer.json()["id"].as_u64().unwrap());
            }
            answer.status
        });
        assert_eq!(status, 200, "client {number}");
    }
    let ninth = connect(&server, broker.port());
    assert_eq!(ninth.status, 503);
    assert!(ninth.body.contains("8 clients are connected already"), "{}", ninth.body);
    assert_eq!(ask(&server, "GET", "/api/clients", &[], b"").json().as_array().unwrap().len(), 8);
    assert_eq!(ask(&server, "DELETE", &format!("/api/clients/{}", ids[3]), &[], b"").status, 200);
    assert_eq!(connect(&server, broker.port()).status, 200);
}

#[test]
fn what_is_hidden_cannot_be_guessed_by_filters() {
    let server = Server::start(&["--redact"]);
    let id = ask(&server, "POST", "/api/captures", &[BINARY], &lab()).json()["id"].as_u64().unwrap();
    let filtered = |filter: &str| {
        let path = format!(
            "/api/captures/{id}/packets?filter={}",
            filter.replace(' ', "%20").replace('"', "%22").replace('&', "%26")
        );
        ask(&server, "GET", &path, &[], b"")
    };
    for filter in [
        "mqtt.passwd contains \"a\"",
        "mqtt.username == \"me\"",
        "mqtt.willmsg matches \"^b\"",
        "!(mqtt.qos == 1 && mqtt.msg contains \"Go\")",
        "mqtt.msg",
    ] {
        let answer = filtered(filter);
        assert_eq!(answer.status, 403, "{filter}: {}", answer.body);
        assert!(answer.body.contains("is hidden here"), "{}", answer.body);
    }
    assert_eq!(filtered("mqtt.topic contains \"net\"").json()["matched"], 9);
}
