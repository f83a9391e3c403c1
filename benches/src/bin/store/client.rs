//! A whole client with a store, and a server that acknowledges.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mqtt_client::store::{Change, Saved, Store, StoreError};
use mqtt_client::{Options, QoS, SessionOptions};
use mqtt_codec::{Connack, Decoded, Decoder, Delivery, Packet};

use super::TIME;

/// Messages a second that so many tasks publish and that are stored and acknowledged, and how many share a commit.
pub(super) async fn through_client(store: impl Store, qos: QoS, window: u16, tasks: u16) -> (f64, f64) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("mqtt://{}", listener.local_addr().expect("it is bound"));
    let server = std::thread::spawn(move || serve(&listener.accept().expect("the client").0));
    let session = SessionOptions::new("bench").clean_session(false).in_flight(window);
    let commits = Arc::new(AtomicU64::new(0));
    let store = Counting { store, commits: Arc::clone(&commits) };
    let options = Options::new(url.parse().expect("a URL"), session).store(store);
    let (client, _) = mqtt_client::start(options).await.expect("an empty store");
    client.connected().await.expect("the server accepts");
    let start = Instant::now();
    let publishers: Vec<_> = (0..tasks)
        .map(|_| {
            let (client, message) = (client.clone(), super::message(qos));
            tokio::spawn(async move {
                while start.elapsed() < TIME {
                    drop(client.publish(message.clone()).await.expect("it is stored"));
                }
            })
        })
        .collect();
    for publisher in publishers {
        publisher.await.expect("it does not panic");
    }
    let left = client.disconnect(Duration::from_secs(60)).await.expect("the server answers");
    assert_eq!(left.messages, 0, "all are acknowledged");
    server.join().expect("it does not panic");
    let messages = client.accepted();
    let commits = commits.load(Ordering::Relaxed);
    #[allow(clippy::cast_precision_loss, reason = "far below 2⁵²")]
    (super::rate(messages, start), messages as f64 / commits as f64)
}

struct Counting<S> {
    store: S,
    commits: Arc<AtomicU64>,
}

impl<S: Store> Store for Counting<S> {
    fn load(&mut self, client_id: &str) -> Result<Saved, StoreError> {
        self.store.load(client_id)
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.store.commit(changes)
    }
}

/// Acknowledges everything until DISCONNECT.
fn serve(mut stream: &TcpStream) {
    stream.set_nodelay(true).expect("a socket");
    let (mut received, mut out) = (VecDeque::new(), Vec::new());
    let mut buffer = vec![0; 128 * 1_024];
    let decoder = Decoder::new();
    loop {
        let count = stream.read(&mut buffer).expect("the client says DISCONNECT");
        received.extend(buffer.get(..count).unwrap_or_default());
        let bytes = received.make_contiguous();
        let mut done = 0;
        while let Ok(Decoded::Packet(packet, len)) = decoder.decode(bytes.get(done..).unwrap_or_default()) {
            done += len;
            let answer = match packet {
                Packet::Connect(_) => Connack::Accepted { session_present: false }.into(),
                Packet::Publish(publish) => match publish.delivery {
                    Delivery::AtMostOnce => continue,
                    Delivery::AtLeastOnce { packet_id, .. } => Packet::Puback(packet_id),
                    Delivery::ExactlyOnce { packet_id, .. } => Packet::Pubrec(packet_id),
                },
                Packet::Pubrel(packet_id) => Packet::Pubcomp(packet_id),
                Packet::Disconnect => return,
                _ => continue,
            };
            answer.encode_to(&mut out).expect("a small packet");
        }
        received.drain(..done);
        stream.write_all(&out).expect("the client reads");
        out.clear();
    }
}
