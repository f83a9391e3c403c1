//! Bytes from one socket to the other, and back.

use std::io;

use mqtt_codec::Side;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::live::Watched;

/// Bytes in flight in one direction.
const BUFFER: usize = 16 << 10;

/// Forwards until both sides have finished, or one broke off; then the other is broken off too.
pub(super) async fn both_ways<S: AsyncRead + AsyncWrite + Unpin>(
    mut client: TcpStream,
    mut server: S,
    tcp: impl Fn(&S) -> &TcpStream,
    watched: &Watched,
) {
    let ended = {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = tokio::io::split(&mut server);
        tokio::try_join!(
            one_way(&mut from_client, &mut to_server, Side::Client, watched),
            one_way(&mut from_server, &mut to_client, Side::Server, watched),
        )
    };
    if let Err(side) = ended {
        watched.aborted(side);
        // Who did not break off hears of it as it happened: by a reset. If it can't be had, by a plain end.
        let _ = client.set_zero_linger();
        let _ = tcp(&server).set_zero_linger();
    }
}

/// Forwards what `side` sends until it has finished; half of a connection can end before the other. Gives the side that
/// broke off.
async fn one_way(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    side: Side,
    watched: &Watched,
) -> Result<(), Side> {
    let other = match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    };
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = match from.read(&mut buffer).await {
            Ok(count) => count,
            // TLS that ends without saying so: what came is whole as far as anybody knows.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(_) => return Err(side),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            watched.finished(side);
            // Who has gone already need not be told.
            let _ = to.shutdown().await;
            return Ok(());
        }
        // Told before it is sent, so that no answer can be seen before its question.
        watched.passed(side, bytes);
        to.write_all(bytes).await.map_err(|_| other)?;
        to.flush().await.map_err(|_| other)?;
    }
}
