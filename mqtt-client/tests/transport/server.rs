//! A WebSocket server that does as it is told.

use mqtt_client::transport::{Address, BoxIo, ConnectError, TransportOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tungstenite::handshake::derive_accept_key;

/// What a server answers that agrees to all; `{accept}` is replaced.
pub(crate) const AGREES: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n\
    Connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

/// Connects to a server that answers so; gives what either side has then, and the request.
pub(crate) async fn connect(
    resource: &str,
    answer: &'static str,
) -> (Result<BoxIo, ConnectError>, TcpStream, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut io, _) = listener.accept().await.unwrap();
        let request = read_request(&mut io).await;
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let answer = answer.replace("{accept}", &derive_accept_key(key.as_bytes()));
        // The client may have gone before the end.
        let _ = io.write_all(answer.as_bytes()).await;
        (io, request)
    });
    let address: Address = format!("ws://127.0.0.1:{port}{resource}").parse().unwrap();
    let connected = mqtt_client::transport::connect(&address, &TransportOptions::default()).await;
    let (io, request) = server.await.unwrap();
    (connected, io, request)
}

async fn read_request(io: &mut TcpStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(io.read_u8().await.unwrap());
    }
    String::from_utf8(request).unwrap()
}

/// A frame that a client sent: its first byte, and its payload unmasked.
pub(crate) async fn read_frame(io: &mut TcpStream) -> (u8, Vec<u8>) {
    let first = io.read_u8().await.unwrap();
    let second = io.read_u8().await.unwrap();
    assert_eq!(second & 0x80, 0x80, "a client masks its frames");
    let len = match second & 0x7f {
        126 => u64::from(io.read_u16().await.unwrap()),
        127 => io.read_u64().await.unwrap(),
        len => u64::from(len),
    };
    let mut mask = [0; 4];
    io.read_exact(&mut mask).await.unwrap();
    let mut payload = vec![0; usize::try_from(len).unwrap()];
    io.read_exact(&mut payload).await.unwrap();
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= mask[index % 4];
    }
    (first, payload)
}
