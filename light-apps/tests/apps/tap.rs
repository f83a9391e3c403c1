//! A relay between a program and its broker, which keeps the packets of both.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use mqtt_codec::{Decoded, Decoder, Packet};

/// Who sent a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Client,
    Broker,
}

type Kept = Arc<Mutex<Vec<(By, Vec<u8>)>>>;

/// One relay. It takes one connection after the other.
pub(crate) struct Tap {
    pub address: String,
    packets: Kept,
}

impl Tap {
    pub(crate) fn on(broker: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let packets = Kept::default();
        let (broker, kept) = (broker.to_owned(), Arc::clone(&packets));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(&broker)) else { return };
                relay(By::Client, client.try_clone().unwrap(), server.try_clone().unwrap(), &kept);
                relay(By::Broker, server, client, &kept);
            }
        });
        Self { address, packets }
    }

    /// The packets of one side until now.
    pub(crate) fn packets(&self, by: By) -> Vec<Vec<u8>> {
        let packets = self.packets.lock().unwrap();
        packets.iter().filter(|(sender, _)| *sender == by).map(|(_, packet)| packet.clone()).collect()
    }
}

fn relay(by: By, mut from: TcpStream, mut to: TcpStream, kept: &Kept) {
    let kept = Arc::clone(kept);
    std::thread::spawn(move || {
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4_096]);
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            bytes.extend_from_slice(&chunk[..count]);
            while let Ok(Decoded::Packet(_, len)) = Decoder::new().decode(&bytes) {
                // Kept before it is passed on: whoever sees its effect finds it here.
                kept.lock().unwrap().push((by, bytes.drain(..len).collect()));
            }
            if to.write_all(&chunk[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

/// As hex, with the time stamp that the lab's packets have.
pub(crate) fn normal(packet: &[u8]) -> String {
    let Ok(Decoded::Packet(Packet::Publish(mut publish), _)) = Decoder::new().decode(packet) else {
        return hex::encode(packet);
    };
    let payload = String::from_utf8(publish.payload.to_vec()).unwrap();
    let payload = match payload.split_once("\"timestamp\": ") {
        Some((before, after)) => {
            let (digits, rest) =
                after.split_at(after.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap());
            assert!(digits.parse::<f64>().unwrap() > 1.7e9, "{payload}");
            format!("{before}\"timestamp\": 1722311000.5{rest}")
        }
        None => payload,
    };
    publish.payload = payload.as_bytes();
    let mut bytes = Vec::new();
    Packet::Publish(publish).encode_to(&mut bytes).unwrap();
    hex::encode(bytes)
}
