//! A model of a Server that keeps sessions, for one client: naive, strict about what the client does, and able to cut its
//! connections anywhere. It serves streams in memory and sockets.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use mqtt_client::transport::BoxIo;
use mqtt_client::{Connecting, QoS};
use mqtt_codec::{
    Connack, Decoded, Decoder, Delivery, Packet, PacketId, Publish, ReturnCodes, Side, Suback,
    SubackReturnCode, TopicName,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Shared by all connections.
#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    /// There is a session.
    session: bool,
    /// Payloads in the order of their arrival, each once at QoS 2.
    pub received: Vec<Vec<u8>>,
    /// Identifiers of QoS 2 messages whose PUBREL has not come, with their payloads.
    held: HashMap<PacketId, Vec<u8>>,
    /// Messages for the client: waiting, then in flight until acknowledged.
    to_send: VecDeque<(QoS, Vec<u8>)>,
    in_flight: BTreeMap<u64, (PacketId, Sending)>,
    next_id: Option<PacketId>,
    next_number: u64,
    subscribed: bool,
    /// PUBLISHes of QoS 1 and 2 seen on any connection of the session, for the DUP rule.
    seen: HashMap<PacketId, Vec<u8>>,
    /// Where the next connections are cut.
    pub cuts: VecDeque<Cut>,
    pub connections: usize,
    /// The latest connection that began with CONNECT: it took the session over from those before.
    current: usize,
    /// Messages that the session had not passed on completely when it was lost: to the Server, which may get them once
    /// more, and for the client, which may never get them.
    pub half_received: Vec<Vec<u8>>,
    pub half_sent: Vec<Vec<u8>>,
    /// Woken when nothing is left to be sent to the client.
    pub sent_all: Arc<tokio::sync::Notify>,
    /// What the client did wrong.
    pub faults: Vec<String>,
    pub disconnected: bool,
}

enum Sending {
    Publish(QoS, Vec<u8>),
    Pubrel,
}

/// A connection ends after so many bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    Never,
    /// The Server has read so many.
    Read(usize),
    /// The Server has written so many.
    Written(usize),
    /// The Server is unreachable.
    Refuse,
    /// Accepted, and its session is gone.
    LoseSession,
}

impl Server {
    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// For `Options::over`.
    pub(crate) fn connector(&self) -> impl FnMut() -> Connecting + Send + 'static {
        let server = self.clone();
        move || {
            let cut = server.state().cuts.pop_front().unwrap_or(Cut::Never);
            if matches!(cut, Cut::Refuse) {
                let error = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
                return Box::pin(async move { Err(mqtt_client::transport::ConnectError::from(error)) });
            }
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            tokio::spawn(server.clone().serve(theirs, cut));
            Box::pin(async move { Ok(Box::new(ours) as BoxIo) })
        }
    }

    /// Sends these to the client once it has subscribed.
    pub(crate) fn send(&self, qos: QoS, payloads: impl IntoIterator<Item = Vec<u8>>) {
        self.state().to_send.extend(payloads.into_iter().map(|payload| (qos, payload)));
    }

    pub(crate) async fn serve(self, mut io: impl AsyncRead + AsyncWrite + Unpin, cut: Cut) {
        if matches!(cut, Cut::LoseSession) {
            self.state().lose_session();
        }
        let (mut may_read, mut may_write) = match cut {
            Cut::Read(bytes) => (bytes, usize::MAX),
            Cut::Written(bytes) => (usize::MAX, bytes),
            _ => (usize::MAX, usize::MAX),
        };
        let connection = {
            let mut state = self.state();
            state.connections += 1;
            state.connections
        };
        let mut buffer = BytesMut::new();
        let decoder = Decoder::new().sent_by(Side::Client);
        loop {
            let mut bytes = vec![0; may_read.min(4_096)];
            if bytes.is_empty() {
                return;
            }
            let count = io.read(&mut bytes).await.unwrap_or(0);
            if count == 0 {
                return;
            }
            may_read -= count;
            buffer.extend_from_slice(&bytes[..count]);
            let mut out = Vec::new();
            let mut over = false;
            loop {
                let len = match decoder.decode(&buffer) {
                    Ok(Decoded::Packet(packet, len)) => {
                        let mut state = self.state();
                        if matches!(packet, Packet::Connect(_)) {
                            state.current = connection;
                        } else if state.current != connection {
                            return;
                        }
                        over |= state.handle(packet, &mut out);
                        len
                    }
                    Ok(Decoded::NeedMore { .. }) => break,
                    Err(error) => return self.state().faults.push(error.to_string()),
                };
                let _ = buffer.split_to(len);
            }
            {
                let mut state = self.state();
                if state.current == connection {
                    state.send_more(&mut out);
                }
            }
            let count = out.len().min(may_write);
            may_write -= count;
            if io.write_all(&out[..count]).await.is_err() || over || may_write == 0 {
                return;
            }
        }
    }
}

impl State {
    /// Nothing is left to be sent to the client.
    pub(crate) fn is_all_sent(&self) -> bool {
        self.to_send.is_empty() && self.in_flight.is_empty()
    }

    fn lose_session(&mut self) {
        self.half_received.extend(self.held.values().cloned());
        for (_, sending) in self.in_flight.values() {
            match sending {
                Sending::Publish(_, payload) => self.half_sent.push(payload.clone()),
                Sending::Pubrel => {}
            }
        }
        self.session = false;
        self.held.clear();
        self.seen.clear();
        self.in_flight.clear();
        self.subscribed = false;
        if self.is_all_sent() {
            self.sent_all.notify_waiters();
        }
    }

    /// `true` when the connection is over.
    fn handle(&mut self, packet: Packet<'_>, out: &mut Vec<u8>) -> bool {
        let mut put = |packet: Packet<'_>| packet.encode_to(out).unwrap();
        match packet {
            Packet::Connect(connect) => {
                if connect.clean_session() {
                    self.lose_session();
                }
                let session_present = std::mem::replace(&mut self.session, true);
                put(Connack::Accepted { session_present }.into());
                if session_present {
                    for (id, sending) in self.in_flight.values() {
                        put(sending.packet(*id, true));
                    }
                }
            }
            Packet::Publish(publish) => self.publish(&publish, out),
            Packet::Pubrel(id) => {
                self.held.remove(&id);
                put(Packet::Pubcomp(id));
            }
            Packet::Puback(id) | Packet::Pubcomp(id) => {
                self.in_flight.retain(|_, (other, _)| *other != id);
                if self.is_all_sent() {
                    self.sent_all.notify_waiters();
                }
            }
            Packet::Pubrec(id) => {
                for (other, sending) in self.in_flight.values_mut() {
                    if *other == id {
                        *sending = Sending::Pubrel;
                    }
                }
                put(Packet::Pubrel(id));
            }
            Packet::Subscribe(subscribe) => {
                self.subscribed = true;
                let codes: Vec<_> =
                    subscribe.subscriptions.iter().map(|(_, qos)| SubackReturnCode::Granted(qos)).collect();
                let return_codes = ReturnCodes::new(&codes).unwrap();
                put(Suback { packet_id: subscribe.packet_id, return_codes }.into());
            }
            Packet::Unsubscribe(unsubscribe) => {
                put(Packet::Unsuback(unsubscribe.packet_id));
            }
            Packet::Pingreq => {
                put(Packet::Pingresp);
            }
            Packet::Disconnect => {
                self.disconnected = true;
                return true;
            }
            _ => {}
        }
        false
    }

    fn publish(&mut self, publish: &Publish<'_>, out: &mut Vec<u8>) {
        let payload = publish.payload.to_vec();
        let mut put = |packet: Packet<'_>| packet.encode_to(out).unwrap();
        match publish.delivery {
            Delivery::AtMostOnce => self.received.push(payload),
            Delivery::AtLeastOnce { packet_id, dup } => {
                self.check_dup(packet_id, dup, &payload);
                self.received.push(payload);
                self.seen.remove(&packet_id);
                put(Packet::Puback(packet_id));
            }
            Delivery::ExactlyOnce { packet_id, dup } => {
                self.check_dup(packet_id, dup, &payload);
                match self.held.insert(packet_id, payload.clone()) {
                    None => self.received.push(payload),
                    Some(first) if first != payload => self.faults.push(format!("{packet_id} used again")),
                    Some(_) => {}
                }
                put(Packet::Pubrec(packet_id));
            }
        }
    }

    /// A first PUBLISH has DUP 0. (DUP 1 without a first is fine: that was lost.)
    fn check_dup(&mut self, packet_id: PacketId, dup: bool, payload: &[u8]) {
        if self.held.contains_key(&packet_id) && !dup {
            self.faults.push(format!("PUBLISH {packet_id} {payload:?} is sent again without DUP"));
        }
    }

    fn send_more(&mut self, out: &mut Vec<u8>) {
        while self.subscribed && self.in_flight.len() < 20 {
            let Some((qos, payload)) = self.to_send.pop_front() else { return };
            let id = self.next_id.map_or(PacketId::MIN, PacketId::next);
            self.next_id = Some(id);
            let sending = Sending::Publish(qos, payload);
            sending.packet(id, false).encode_to(out).unwrap();
            if qos != QoS::AtMostOnce {
                self.in_flight.insert(self.next_number, (id, sending));
                self.next_number += 1;
            }
        }
    }
}

impl Sending {
    fn packet(&self, packet_id: PacketId, dup: bool) -> Packet<'_> {
        match self {
            Self::Pubrel => Packet::Pubrel(packet_id),
            Self::Publish(qos, payload) => {
                let delivery = match qos {
                    QoS::AtMostOnce => Delivery::AtMostOnce,
                    QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup },
                    QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup },
                };
                Publish { delivery, retain: false, topic: TopicName::new("t").unwrap(), payload }.into()
            }
        }
    }
}
