//! The byte stream in the frames of a WebSocket.

use std::io;

use mqtt_client::transport::BoxIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{AGREES, connect, read_frame};

async fn connected() -> (BoxIo, TcpStream) {
    let (client, server, _) = connect("/", AGREES).await;
    (client.unwrap(), server)
}

/// What the client reads until the end, and how that comes.
async fn reads(frames: &[u8]) -> (Vec<u8>, io::Result<usize>) {
    let (mut client, mut server) = connected().await;
    server.write_all(frames).await.unwrap();
    drop(server);
    let mut bytes = Vec::new();
    let end = client.read_to_end(&mut bytes).await;
    (bytes, end)
}

const BINARY: u8 = 0x82;

#[tokio::test]
async fn mqtt_6_0_0_2_bytes_come_through_whatever_frames_they_are_in() {
    for (frames, bytes) in [
        (&[BINARY, 4, 0xd0, 0, 0xd0, 0][..], &[0xd0, 0, 0xd0, 0][..]),
        // A packet in two messages, and in two frames of a message, with nothing, a ping and a pong in between.
        (&[BINARY, 1, 0xd0, BINARY, 1, 0], &[0xd0, 0]),
        (&[0x02, 1, 0xd0, 0x00, 0, 0x89, 1, 7, 0x8a, 0, 0x80, 1, 0, BINARY, 0], &[0xd0, 0]),
        (&[BINARY, 126, 0, 2, 1, 2], &[1, 2]),
        (&[BINARY, 127, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2], &[1, 2]),
    ] {
        let (read, end) = reads(frames).await;
        assert_eq!((&read[..], end.unwrap()), (bytes, bytes.len()), "{frames:?}");
    }
}

#[tokio::test]
async fn mqtt_6_0_0_1_other_data_frames_end_the_connection() {
    let (read, end) = reads(&[BINARY, 1, 7, 0x81, 2, b'h', b'i']).await;
    assert_eq!(read, [7]);
    let error = end.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("a text frame [MQTT-6.0.0-1]"), "{error}");
}

#[tokio::test]
async fn frames_that_may_not_be_end_the_connection() {
    for (frames, says) in [
        (&[BINARY, 0x81, 1, 2, 3, 4, 5][..], "masked"),
        (&[0xc2, 1, 0], "reserved bit"),
        (&[0x83, 0], "no known kind"),
        (&[0x80, 0], "mixed"),
        (&[0x02, 0, BINARY, 0], "mixed"),
        (&[0x09, 0], "control frame"),
        (&[0x89, 126, 0, 126], "control frame"),
        (&[0x88, 5, 0x03, 0xe9, b'b', b'y', b'e'], "closed the WebSocket: code 1001, \"bye\""),
        (&[0x88, 0], "closed the WebSocket"),
    ] {
        let (_, end) = reads(frames).await;
        let error = end.unwrap_err();
        assert!(error.to_string().contains(says), "{frames:?}: {error}");
    }
}

#[tokio::test]
async fn a_frame_that_ends_too_early_is_an_error() {
    let (read, end) = reads(&[BINARY, 3, 1, 2]).await;
    assert_eq!((&read[..], end.unwrap_err().kind()), (&[1, 2][..], io::ErrorKind::UnexpectedEof));
}

#[tokio::test]
async fn a_frame_of_any_length_takes_no_memory_before_its_bytes_come() {
    let (mut client, mut server) = connected().await;
    server.write_all(&[BINARY, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255, 42]).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), 42);
}

#[tokio::test]
async fn pings_are_answered_without_anything_else_to_write() {
    let (mut client, mut server) = connected().await;
    server.write_all(&[0x89, 3, 1, 2, 3, BINARY, 1, 9]).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), 9);
    assert_eq!(read_frame(&mut server).await, (0x8a, vec![1, 2, 3]));
}

#[tokio::test]
async fn what_is_written_leaves_in_masked_binary_frames_and_ends_with_close() {
    let (mut client, mut server) = connected().await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let sent = bytes.clone();
    let writer = tokio::spawn(async move {
        client.write_all(&[1]).await.unwrap();
        client.flush().await.unwrap();
        client.write_all(&sent).await.unwrap();
        client.shutdown().await.unwrap();
        assert!(client.write_all(&[2]).await.is_err());
    });
    assert_eq!(read_frame(&mut server).await, (BINARY, vec![1]));
    let mut read = Vec::new();
    loop {
        let (kind, payload) = read_frame(&mut server).await;
        if kind == 0x88 {
            assert_eq!(payload, [0x03, 0xe8]);
            break;
        }
        assert_eq!(kind, BINARY);
        read.extend(payload);
    }
    assert!(read == bytes);
    writer.await.unwrap();
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
}
