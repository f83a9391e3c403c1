//! `packet-inspector serve` at work.

#![allow(dead_code, reason = "no test uses all of it")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::process::command;

/// The command; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// Where its proxies listen.
    pub(crate) proxies: Vec<u16>,
}

impl Server {
    /// On a free port, with these further arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::on("127.0.0.1:0", arguments)
    }

    /// The same where this says.
    pub(crate) fn on(listen: &str, arguments: &[&str]) -> Self {
        let mut child = command(&["serve", "--listen", listen])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let port_of =
            |line: &str| line.trim().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let proxies = arguments.iter().filter(|argument| **argument == "--proxy").map(|_| {
            let mut line = String::new();
            stderr.read_line(&mut line).unwrap();
            port_of(&line)
        });
        let proxies = proxies.collect();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: port_of(&line), proxies }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
