//! `--store`: what was accepted outlives the process.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::broker::Folder;
use crate::command::{PATIENCE, Running, mqtt, text};
use crate::script::bytes;

fn reads(stream: &mut TcpStream, expected: &str) {
    let expected = bytes(expected);
    let mut got = vec![0; expected.len()];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(hex::encode(got), hex::encode(expected));
}

fn accept(listener: &TcpListener, session_present: bool) -> TcpStream {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    reads(&mut stream, r#"10 0d "MQTT" 04 00 003c "a""#);
    stream.write_all(&[0x20, 2, u8::from(session_present), 0]).unwrap();
    stream
}

#[test]
fn a_killed_publisher_goes_on_where_it_was() {
    let (listener, folder) = (TcpListener::bind("127.0.0.1:0").unwrap(), Folder::new());
    let port = listener.local_addr().unwrap().port().to_string();
    let store = folder.path().to_str().unwrap();
    let base = ["pub", "-h", "127.0.0.1", "-p", &port, "-i", "a", "--store", store, "-t", "t", "-q", "2"];
    let mut first = Running::start(&mut mqtt(&[&base[..], &["-l"]].concat()));
    let mut stream = accept(&listener, false);
    first.write(b"1\n2\n");
    reads(&mut stream, r#"34 06 "t" 0001 '1' 34 06 "t" 0002 '2'"#);
    stream.write_all(&bytes("50 02 0001")).unwrap();
    reads(&mut stream, "62 02 0001");
    first.signal("KILL");
    assert_eq!(first.wait().status.code(), None);
    drop(stream);

    let second = Running::start(&mut mqtt(&[&base[..], &["-m", "3"]].concat()));
    let mut stream = accept(&listener, true);
    reads(&mut stream, r#"62 02 0001 3c 06 "t" 0002 '2' 34 06 "t" 0003 '3'"#);
    stream.write_all(&bytes("70 02 0001 50 02 0002 50 02 0003")).unwrap();
    reads(&mut stream, "62 02 0002 62 02 0003");
    stream.write_all(&bytes("70 02 0002 70 02 0003")).unwrap();
    reads(&mut stream, "e0 00");
    drop(stream);
    let output = second.wait();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn a_store_that_can_not_be_used_is_told() {
    let folder = Folder::new();
    let file = folder.file("file", "");
    let arguments = ["pub", "-i", "a", "--store", file.to_str().unwrap(), "-t", "t", "-m", "x"];
    let output = Running::start(&mut mqtt(&arguments)).wait();
    assert_eq!(output.status.code(), Some(73));
    assert!(text(&output.stderr).starts_with("mqtt: store: "), "{}", text(&output.stderr));
}
