//! `packet-inspector serve` as other programs, and hostile sites, see it.
#![cfg(feature = "serve")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod bounds;
#[path = "../../../mqtt-client/tests/common/broker.rs"]
mod broker;
#[path = "../common/process.rs"]
mod process;
mod server;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use broker::{Broker, free_ports};
use process::run;
use serde_json::{Value, json};
use server::Server;

/// An answer: status, headers, body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A connection that gives up rather than hang.
fn connection(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    stream.set_write_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    stream
}

/// Asks with just these headers; `Host` is right unless it is among them.
fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = connection(server);
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head.push_str(&format!("Host: 127.0.0.1:{}\r\n", server.port));
    }
    headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    // Who refuses need not read all of it.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: unchunked(head, body) }
}

fn unchunked(head: &str, body: &str) -> String {
    if !head.to_lowercase().contains("transfer-encoding: chunked") {
        return body.to_owned();
    }
    let (mut out, mut rest) = (String::new(), body);
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        out.push_str(&behind[..size]);
        rest = behind[size..].trim_start_matches("\r\n");
    }
    out
}

fn post(server: &Server, path: &str, body: &Value) -> Answer {
    ask(server, "POST", path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
}

const BINARY: (&str, &str) = ("Content-Type", "application/octet-stream");

fn lab() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab/lab.pcapng")).unwrap()
}

#[test]
fn every_answer_forbids_what_the_page_does_not_need() {
    let server = Server::start(&[]);
    for (path, kind) in [
        ("/", "text/html"),
        ("/assets/app.js", "text/javascript"),
        ("/assets/base.css", "text/css"),
        ("/api/clients", "application/json"),
        ("/favicon.ico", "image/svg+xml"),
        ("/assets/icon.svg", "image/svg+xml"),
        ("/nowhere", ""),
    ] {
        let answer = ask(&server, "GET", path, &[], b"");
        assert_eq!(answer.status, if path == "/nowhere" { 404 } else { 200 }, "{path}");
        assert!(answer.head.contains(&format!("content-type: {kind}")) || kind.is_empty(), "{}", answer.head);
        for header in [
            "content-security-policy: default-src 'self';",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: no-referrer",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(answer.head.contains(header), "{path}: {header}: {}", answer.head);
        }
        assert!(!answer.head.contains("unsafe-inline") && !answer.head.contains("access-control"));
    }
}

#[test]
fn the_page_loads_nothing_from_elsewhere_and_has_no_script_in_it() {
    let server = Server::start(&[]);
    let page = ask(&server, "GET", "/", &[], b"").body;
    for wanted in page.split(&['"', '\''][..]).filter(|part| part.starts_with("/assets/")) {
        assert_eq!(ask(&server, "GET", wanted, &[], b"").status, 200, "{wanted}");
    }
    assert!(!page.contains("://") || page.matches("://").count() == page.matches("mqtt://").count());
    assert!(!page.contains("style=") && !page.contains("onclick") && page.contains("></script>"));
}

#[test]
fn other_names_of_this_machine_are_refused() {
    let server = Server::start(&[]);
    let port = server.port;
    for host in
        ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1:1".to_owned(), String::new()]
    {
        let answer = ask(&server, "GET", "/api/clients", &[("Host", &host)], b"");
        assert_eq!(answer.status, 403, "{host}");
    }
    for host in [format!("localhost:{port}"), format!("[::1]:{port}")] {
        assert_eq!(ask(&server, "GET", "/api/clients", &[("Host", &host)], b"").status, 200, "{host}");
    }
    let own = format!("127.0.0.1:{port}");
    for other in ["evil.example", &own] {
        let twice = ask(&server, "GET", "/api/clients", &[("Host", &own), ("Host", other)], b"");
        assert_eq!(twice.status, 400, "{other}: {}", twice.body);
    }
    let named = Server::start(&["--host", "bench.lab"]);
    let host = format!("bench.lab:{}", named.port);
    assert_eq!(ask(&named, "GET", "/", &[("Host", &host)], b"").status, 200);
}

#[test]
fn other_sites_are_refused() {
    let server = Server::start(&[]);
    let own = format!("http://127.0.0.1:{}", server.port);
    let body = json!({ "text": "c000" }).to_string();
    let decode = |headers: &[(&str, &str)]| {
        let headers = [&[("Content-Type", "application/json")], headers].concat();
        ask(&server, "POST", "/api/decode", &headers, body.as_bytes()).status
    };
    assert_eq!(decode(&[("Origin", &own)]), 200);
    assert_eq!(decode(&[]), 200, "programs have no Origin");
    for origin in ["http://evil.example", "null", "https://127.0.0.1", "http://localhost:1"] {
        assert_eq!(decode(&[("Origin", origin)]), 403, "{origin}");
    }
    assert_eq!(decode(&[("Sec-Fetch-Site", "cross-site")]), 403);
    assert_eq!(decode(&[("Sec-Fetch-Site", "same-site")]), 403, "another port is another site");
    let get = |path: &str, mode: &str| {
        ask(&server, "GET", path, &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", mode)], b"").status
    };
    assert_eq!(get("/", "navigate"), 200, "a link that somebody shared");
    assert_eq!(get("/api/clients", "navigate"), 403);
    assert_eq!(get("/assets/app.js", "no-cors"), 403);
    // Types that a form can send without asking.
    let form = ask(&server, "POST", "/api/decode", &[("Content-Type", "text/plain")], body.as_bytes());
    assert_eq!(form.status, 415);
    assert_eq!(ask(&server, "POST", "/api/captures", &[], &lab()).status, 415);
}

#[test]
fn a_proxy_that_speaks_https_may_stand_before_it() {
    let own = ("Origin", "https://bench.example");
    let decode = |server: &Server, headers: &[(&str, &str)]| {
        let headers = [&[("Content-Type", "application/json"), own], headers].concat();
        ask(server, "POST", "/api/decode", &headers, br#"{"text": "c000"}"#).status
    };
    let server = Server::start(&[]);
    assert_eq!(decode(&server, &[]), 403);
    let server = Server::start(&["--origin", "https://bench.example"]);
    assert_eq!(decode(&server, &[]), 200);
    assert_eq!(decode(&server, &[("Host", "bench.example")]), 200);
    assert_eq!(decode(&server, &[("Host", "evil.example")]), 403);
    let output = process::command(&[]).args(["serve", "--origin", "bench.example"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("an origin is http:// or https://"));
}

#[test]
fn who_says_nothing_locks_nobody_out() {
    let server = Server::start(&[]);
    let silent: Vec<_> = (0..300).map(|_| connection(&server)).collect();
    assert_eq!(ask(&server, "GET", "/", &[], b"").status, 200);
    drop(silent);
}

#[test]
fn beyond_this_machine_a_token_is_needed() {
    let refused = |arguments: &[&str]| {
        let output = run(&[&["serve"], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&["--listen", "0.0.0.0:0"]).contains("needs --token"));
    assert!(refused(&["--listen", "[::]:0"]).contains("needs --token"));
    for blank in ["", " ", "\t \n"] {
        assert!(refused(&["--token", blank]).contains("it is empty"), "{blank:?}");
    }
    assert!(refused(&["--token", "secret "]).contains("ends with a blank"));
    assert!(refused(&["--token", "sec\nret"]).contains("a control character"));
    for (host, why) in [
        ("", "it is empty"),
        ("http://bench.lab", "no scheme"),
        ("bench.lab/page", "no path"),
        ("bench.lab:7777", "no port"),
        ("bench lab", "letters, digits"),
        ("bench..lab", "letters, digits"),
        (" ", "letters, digits"),
        ("*", "letters, digits"),
    ] {
        assert!(refused(&["--host", host]).contains(why), "{host:?}");
    }

    let server = Server::start(&["--token", "correct horse; battery"]);
    let status = |headers: &[(&str, &str)], path: &str| ask(&server, "GET", path, headers, b"").status;
    for path in ["/", "/assets/app.js", "/api/clients", "/api/clients?token=correct%20horse%3B%20battery"] {
        assert_eq!(status(&[], path), 401, "{path}");
    }
    assert_eq!(status(&[("Authorization", "Bearer correct horse; battery")], "/api/clients"), 200);
    assert_eq!(status(&[("Authorization", "Bearer correct horse; batterz")], "/api/clients"), 401);
    assert_eq!(status(&[], "/?token=wrong"), 401);
    let answer = ask(&server, "GET", "/?token=correct%20horse%3B%20battery", &[], b"");
    assert_eq!(answer.status, 303);
    assert!(answer.head.contains("httponly; samesite=strict"), "{}", answer.head);
    let cookie = format!("packet-inspector-{}=correct%20horse%3B%20battery", server.port);
    assert_eq!(status(&[("Cookie", &format!("other=1; {cookie}"))], "/"), 200);
    let host = ("Host", "evil.example");
    assert_eq!(status(&[("Cookie", &cookie), host], "/"), 403, "the token doesn't open other names");
}

#[test]
fn long_requests_are_refused() {
    let server = Server::start(&[]);
    let long = json!({ "text": "00".repeat(1 << 20) });
    let refused = post(&server, "/api/decode", &long);
    assert_eq!((refused.status, refused.json()), (413, json!({ "error": "a dump is at most 1 MiB" })));
    let no_json = ask(&server, "POST", "/api/decode", &[("Content-Type", "application/json")], b"{");
    assert_eq!((no_json.status, no_json.json()), (400, json!({ "error": "the request is not JSON" })));
    let mut stream = connection(&server);
    // It is refused by its announced length, before it is sent.
    let head = format!(
        "POST /api/captures HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/octet-stream\r\nContent-Length: 999999999\r\n\r\n",
        server.port
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert!(line.contains("413"), "{line}");
}

#[test]
fn a_dump_is_decoded_as_the_command_does_it() {
    let server = Server::start(&[]);
    let answer =
        post(&server, "/api/decode", &json!({ "text": "30 0d 00 08 69 6e 74 65 72 6e 65 74 49 4f 54" }))
            .json();
    let packet = &answer["frames"][0]["parts"][0];
    assert_eq!(packet["info"], "Publish Message [internet]");
    let output = run(&["decode", "--format", "tree", "300d0008696e7465726e6574494f54"]);
    let tree = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = tree.lines().skip(2).map(str::trim_start).collect();
    let mut texts = Vec::new();
    flatten(packet, &mut texts);
    assert_eq!(texts, lines);
    let wrong = post(&server, "/api/decode", &json!({ "text": "packets!" }));
    assert_eq!(wrong.status, 422);
    assert!(wrong.json()["error"].as_str().unwrap().contains("line 1"), "{}", wrong.body);
}

fn flatten(part: &Value, texts: &mut Vec<String>) {
    for child in part["children"].as_array().unwrap() {
        texts.push(child["text"].as_str().unwrap().to_owned());
        flatten(child, texts);
    }
}

#[test]
fn a_damaged_dump_is_repaired_when_that_is_asked_for() {
    let server = Server::start(&[]);
    let dump = include_str!("../../../testdata/lab/frames/subscriber-182-subscribe.as-printed.txt");
    let repaired = post(&server, "/api/decode", &json!({ "text": dump, "repair": true })).json();
    assert!(repaired["frames"][0]["findings"].to_string().contains("2b is read as 23"), "{repaired}");
}

/// Of a redacted repair, neither the payload nor the digits that were changed are told.
#[test]
fn a_damaged_dump_is_repaired_and_redacted() {
    let server = Server::start(&["--redact"]);
    // The lab's PUBLISH of IOT on internet, with a wrong digit in the Remaining Length.
    let dump = "30 0e 00 08 69 6e 74 65 72 6e 65 74 49 4f 54";
    let answer = post(&server, "/api/decode", &json!({ "text": dump, "repair": true }));
    assert_eq!(answer.status, 200);
    for secret in ["494f54", "IOT", "49 4f 54", "SU9U"] {
        assert!(!answer.body.contains(secret), "{secret}: {}", answer.body);
    }
    let plain = Server::start(&[]);
    let shown = post(&plain, "/api/decode", &json!({ "text": dump, "repair": true }));
    assert!(shown.body.contains("494f54"), "{}", shown.body);
    let findings = |answer: &Answer| {
        let frame = answer.json()["frames"][0].clone();
        let kinds = |finding: &Value| finding["kind"].as_str().unwrap().to_owned();
        frame["findings"].as_array().unwrap().iter().map(kinds).collect::<Vec<_>>()
    };
    assert!(findings(&shown).contains(&"repaired".to_owned()), "{}", shown.body);
    assert_eq!(findings(&answer), findings(&shown), "that it is repaired is told");
}

#[test]
fn nothing_private_is_told_when_it_is_redacted() {
    let broker = Broker::mosquitto();
    let server = Server::start(&["--redact"]);
    let dump = "101900044d51545404c2003c000361626300047573657200027077";
    let frame = &post(&server, "/api/decode", &json!({ "text": dump })).json()["frames"][0];
    assert_eq!(frame["bytes"], "101900044d51545404c2003c00036162630004********0002****");
    let connect = json!({ "broker": format!("mqtt://127.0.0.1:{}", broker.port()) });
    let id = post(&server, "/api/clients", &connect).json()["id"].as_u64().unwrap();
    let message = json!({ "topic": "a", "payload": "classified", "qos": 1 });
    assert_eq!(post(&server, &format!("/api/clients/{id}/publish"), &message).json()["outcome"], "delivered");
    let items = feed_until(&server, |item| item["packet"] == "PUBACK");
    let publish = items.iter().find(|item| item["packet"] == "PUBLISH").unwrap();
    assert_eq!((&publish["payload"], &publish["payload_length"]), (&Value::Null, &json!(10)));
    let outline = ask(&server, "GET", &format!("/api/live/{}", publish["number"]), &[], b"").body;
    assert!(outline.contains("Message: (10 bytes hidden)"), "{outline}");
    assert!(!outline.contains("classified") && !outline.contains(&hex::encode("classified")), "{outline}");
}

#[test]
fn a_capture_answers_questions() {
    let server = Server::start(&[]);
    let id = ask(&server, "POST", "/api/captures", &[BINARY], &lab()).json()["id"].as_u64().unwrap();
    let get = |path: &str| ask(&server, "GET", &format!("/api/captures/{id}/{path}"), &[], b"");
    let all = get("packets?count=10").json();
    assert_eq!((&all["total"], all["rows"].as_array().unwrap().len()), (&json!(64), 10));
    let some = get("packets?filter=mqtt.qos%20%3D%3D%202&from=1").json();
    assert_eq!((&some["matched"], some["rows"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(get("packets?filter=mqtt.nonsense").status, 400);
    let row = &some["rows"][0];
    let packet = get(&format!("packets/{}", row["number"])).json();
    assert!(packet["parts"].to_string().contains("Exactly once delivery"), "{packet}");
    assert_eq!(get("packets/64").status, 404);
    let overview = get("overview").json();
    assert_eq!(overview["types"]["PINGREQ"], 16);
    let second =
        overview["exchanges"].as_array().unwrap().iter().find(|exchange| exchange["qos"] == 2).unwrap();
    assert_eq!(second["gaps"].as_array().unwrap().len(), 3);
    let ladder = get(&format!("ladders/{}", second["stream"])).json();
    assert!(ladder["rungs"].to_string().contains("PUBCOMP id=1"));
    assert_eq!(ask(&server, "GET", "/api/captures/9/packets", &[], b"").status, 404);
    assert_eq!(ask(&server, "POST", "/api/captures", &[BINARY], b"no capture").status, 422);
}

/// Items of the feed until one is as it should be.
fn feed_until(server: &Server, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
    feed_after(server, "", is_last).0
}

/// The same behind the event with this id, and the id of the last event.
fn feed_after(server: &Server, after: &str, is_last: impl Fn(&Value) -> bool) -> (Vec<Value>, String) {
    let (mut items, mut id) = (Vec::new(), String::new());
    for line in BufReader::new(feed(server, after)).lines().map(Result::unwrap) {
        if let Some(event) = line.strip_prefix("id: ") {
            event.clone_into(&mut id);
        }
        let Some(data) = line.strip_prefix("data: ") else { continue };
        for item in serde_json::from_str::<Vec<Value>>(data).unwrap() {
            let over = is_last(&item);
            items.push(item);
            if over {
                return (items, id);
            }
        }
    }
    panic!("the feed ended: {items:?}")
}

/// A feed that goes on behind the event with this id.
fn feed(server: &Server, after: &str) -> TcpStream {
    let mut stream = connection(server);
    let host = format!("127.0.0.1:{}", server.port);
    let head = format!("GET /api/live HTTP/1.1\r\nHost: {host}\r\nLast-Event-ID: {after}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[test]
fn the_test_client_and_a_proxy_are_in_the_feed() {
    let broker = Broker::mosquitto();
    let server = Server::start(&["--proxy", &format!("127.0.0.1:0=127.0.0.1:{}", broker.port())]);
    let url = format!("mqtt://127.0.0.1:{}", server.proxies[0]);
    let will = json!({ "topic": "gone", "payload": "bye", "qos": 1, "retain": false });
    let connect =
        json!({ "broker": url, "client_id": "page", "keep_alive": 5, "clean_session": true, "will": will });
    let id = post(&server, "/api/clients", &connect).json()["id"].as_u64().unwrap();
    let path = format!("/api/clients/{id}");
    let code = post(&server, &format!("{path}/subscribe"), &json!({ "filter": "a/#", "qos": 2 })).json();
    assert_eq!(code["return_code"], 2);
    let message = json!({ "topic": "a/b", "payload": "hi", "qos": 2, "retain": false });
    assert_eq!(post(&server, &format!("{path}/publish"), &message).json()["outcome"], "delivered");
    assert_eq!(post(&server, &format!("{path}/unsubscribe"), &json!({ "filter": "a/#" })).status, 200);
    assert_eq!(ask(&server, "DELETE", &path, &[], b"").json()["left"], 0);
    let is_last = |item: &Value| item["packet"] == "DISCONNECT" && item["client"].is_null();
    let items = feed_until(&server, is_last);
    let is = |item: &Value, by_client: bool, name: &str, from: &str| {
        item["packet"] == name && item["from"] == from && item["client"].is_u64() == by_client
    };
    for by_client in [true, false] {
        let publish = items.iter().find(|item| is(item, by_client, "PUBLISH", "client")).unwrap();
        assert_eq!((&publish["topic"], &publish["payload"]), (&json!("a/b"), &json!("hi")));
        for (name, from) in [("PUBREC", "server"), ("PUBREL", "client"), ("PUBCOMP", "server")] {
            let carries = items
                .iter()
                .any(|item| is(item, by_client, name, from) && item["message"] == publish["number"]);
            assert!(carries, "{name} is part of its message: {items:?}");
        }
        let outline = ask(&server, "GET", &format!("/api/live/{}", publish["number"]), &[], b"").json();
        assert!(outline["parts"].to_string().contains("Topic: a/b"));
    }
    let (all, id) = feed_after(&server, "", |item| *item == items[items.len() - 1]);
    let (run, _) = id.rsplit_once('-').unwrap();
    let last = all[3]["number"].as_u64().unwrap();
    let after = |id: &str| feed_after(&server, id, |_| true).0[0]["number"].as_u64().unwrap();
    assert_eq!(after(&format!("{run}-{last}")), last + 1, "it goes on where it was");
    assert_eq!(after(&format!("0123456789abcdef-{last}")), 1, "another run of the program had other numbers");
    assert_eq!(after(&last.to_string()), 1);
}

#[test]
fn what_the_test_client_can_not_do_is_said() {
    let server = Server::start(&[]);
    let [port] = free_ports(1)[..] else { panic!("one port") };
    let nobody = post(&server, "/api/clients", &json!({ "broker": format!("mqtt://127.0.0.1:{port}") }));
    assert_eq!(nobody.status, 502);
    assert!(nobody.body.contains("refused"), "{}", nobody.body);
    for (request, message) in [
        (json!({ "broker": "nonsense://x" }), "scheme"),
        (json!({ "broker": "mqtt://h", "keep_alive": 65536 }), "Keep Alive"),
        (json!({ "broker": "mqtt://h", "password": "p" }), "MQTT-3.1.2-22"),
        (json!({ "broker": "mqtt://h", "will": { "topic": "a/#" } }), "topic"),
        (json!({ "broker": "mqtt://h", "clean_session": false }), "client identifier"),
    ] {
        let answer = post(&server, "/api/clients", &request);
        assert_eq!(answer.status, 422, "{request}");
        assert!(answer.body.to_lowercase().contains(&message.to_lowercase()), "{}", answer.body);
    }
    assert_eq!(post(&server, "/api/clients/7/publish", &json!({})).status, 404);
    assert_eq!(ask(&server, "GET", "/api/clients", &[], b"").body, "[]", "failures leave nothing behind");
}
