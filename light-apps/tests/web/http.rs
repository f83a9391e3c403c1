//! As little of HTTP as the tests need, so that they can say what no browser would.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// So long may anything take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    /// With names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Asks, with these headers; `Host` is the address unless one of them says otherwise.
pub(crate) fn ask(address: &str, request: &str, headers: &[&str], body: &str) -> Answer {
    let mut reader = send(address, request, headers, body);
    let (status, headers) = head(&mut reader);
    let mut answer = Vec::new();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map(|(_, length)| length.parse().unwrap());
    reader.take(length.unwrap_or(0)).read_to_end(&mut answer).unwrap();
    Answer { status, headers, body: String::from_utf8(answer).unwrap() }
}

pub(crate) fn get(address: &str, path: &str) -> Answer {
    ask(address, &format!("GET {path}"), &[], "")
}

/// A switch is clicked, with these headers more.
pub(crate) fn command(address: &str, light: &str, command: &str, headers: &[&str]) -> Answer {
    let body = serde_json::json!({ "light": light, "command": command }).to_string();
    ask(address, "POST /command", &[&["content-type: application/json"], headers].concat(), &body)
}

fn send(address: &str, request: &str, headers: &[&str], body: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address.replace("0.0.0.0", "127.0.0.1")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = format!("{request} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|header| header.to_lowercase().starts_with("host:")) {
        text += &format!("host: {address}\r\n");
    }
    headers.iter().for_each(|header| text += &format!("{header}\r\n"));
    stream.write_all(format!("{text}\r\n{body}").as_bytes()).unwrap();
    BufReader::new(stream)
}

fn head(reader: &mut impl BufRead) -> (u16, Vec<(String, String)>) {
    let mut lines = reader.lines().map(Result::unwrap);
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let pair = |line: String| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_lowercase(), value.trim().to_owned())
    };
    (status, lines.take_while(|line| !line.is_empty()).map(pair).collect())
}

/// What a page hears.
pub(crate) struct Events {
    reader: BufReader<TcpStream>,
    /// The id of the last event.
    pub last: String,
}

impl Events {
    /// Follows; gives the status when it may not.
    pub(crate) fn of(address: &str, headers: &[&str]) -> Result<Self, u16> {
        let mut reader = send(address, "GET /events", headers, "");
        match head(&mut reader).0 {
            200 => Ok(Self { reader, last: String::new() }),
            status => Err(status),
        }
    }

    /// The next event.
    pub(crate) fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "the events ended");
            if let Some(id) = line.strip_prefix("id: ") {
                id.trim().clone_into(&mut self.last);
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }

    /// The first light from now on for which this is so.
    pub(crate) fn light(&mut self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next();
            let lights = event["lights"].as_array().unwrap();
            if let Some(light) = lights.iter().find(|light| light["id"] == id && is_so(light)) {
                return light.clone();
            }
        }
    }

    /// The first line of the log from now on for which this is so.
    pub(crate) fn line(&mut self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next();
            if let Some(line) = event["log"].as_array().unwrap().iter().find(|line| is_so(line)) {
                return line.clone();
            }
        }
    }
}
