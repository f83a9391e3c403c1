//! A reader that goes away.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;

use crate::command::{PATIENCE, mqtt};
use crate::script::bytes;

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut command = mqtt(&["sub", "-h", "127.0.0.1", "-p", &port, "-i", "a", "-t", "t"]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut exchange = |sent: &str, answer: &str| {
        let sent = bytes(sent);
        let mut got = vec![0; sent.len()];
        stream.read_exact(&mut got).unwrap();
        assert_eq!(got, sent);
        stream.write_all(&bytes(answer)).unwrap();
    };
    exchange(r#"10 0d "MQTT" 04 02 003c "a""#, "20 02 00 00");
    exchange(r#"82 06 0001 "t" 00"#, r#"90 03 0001 00 30 04 "t" 'x'"#);
    exchange("e0 00", "");
    drop(stream);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
}
