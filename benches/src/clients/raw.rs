//! Sockets alone: the same bytes, read and written in large pieces, by who knows beforehand what they will be.

use std::io::{Read, Write};
use std::net::TcpStream;

use mqtt_codec::{
    Connect, ConnectFields, Delivery, Packet, PacketId, Publish, QoS, Subscribe, Subscriptions,
};
use mqtt_codec::{TopicFilter, TopicName, Utf8Str};

use super::meter::{Cpu, Job, Measured, Memory, RoundTrips};
use super::{PAYLOAD, TOPIC, Work};

/// Packets that are written at a time.
const BATCH: usize = 500;

pub(super) fn run(job: &Job) -> Measured {
    match job.work {
        Work::Publish(qos) => publish(job, qos),
        Work::Receive(qos) => receive(job, qos),
        Work::PingPong => ping_pong(job),
        Work::Idle => {
            let memory = Memory::start();
            let mut sockets = Vec::with_capacity(job.count);
            sockets.extend((0..job.count).map(|_| connect(job)));
            memory.per(job.count)
        }
    }
}

fn connect(job: &Job) -> TcpStream {
    let mut socket = TcpStream::connect(("127.0.0.1", job.port)).expect("the server is there");
    socket.set_nodelay(true).expect("it is TCP");
    let fields = ConnectFields {
        clean_session: true,
        keep_alive: 60,
        client_id: Utf8Str::new("bench").expect("it is short"),
        will: None,
        login: None,
    };
    socket.write_all(&bytes(&Packet::Connect(Connect::new(&fields)))).expect("it takes it");
    socket.read_exact(&mut [0; 4]).expect("CONNACK comes");
    socket
}

fn bytes(packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.encode_to(&mut bytes).expect("it can be encoded");
    bytes
}

fn a_publish(qos: QoS) -> Vec<u8> {
    let packet_id = PacketId::MIN;
    let delivery = match qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup: false },
        QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup: false },
    };
    let topic = TopicName::new(TOPIC).expect("it is one");
    bytes(&Packet::from(Publish { delivery, retain: false, topic, payload: PAYLOAD }))
}

fn publish(job: &Job, qos: QoS) -> Measured {
    let mut socket = connect(job);
    let batch = a_publish(qos).repeat(BATCH);
    let releases = bytes(&Packet::Pubrel(PacketId::MIN)).repeat(usize::from(job.window).max(BATCH));
    let mut inbox = vec![0; 128 * 1_024];
    let mut filled = 0;
    let count = job.count / BATCH * BATCH;
    let window = usize::from(job.window).max(BATCH);
    let cpu = Cpu::start();
    let (mut sent, mut complete) = (0, if qos == QoS::AtMostOnce { count } else { 0 });
    while sent < count || complete < count {
        if sent < count && (qos == QoS::AtMostOnce || sent + BATCH <= complete + window) {
            socket.write_all(&batch).expect("it takes them");
            sent += BATCH;
            continue;
        }
        filled += socket.read(inbox.get_mut(filled..).unwrap_or_default()).expect("bytes come");
        let (answers, _) = inbox.get(..filled).unwrap_or_default().as_chunks::<4>();
        let received = answers.iter().filter(|answer| answer.first() == Some(&0x50)).count();
        let whole = answers.len();
        complete += whole - received;
        inbox.copy_within(whole * 4..filled, 0);
        filled %= 4;
        socket.write_all(releases.get(..received * 4).unwrap_or_default()).expect("it takes them");
    }
    cpu.per(count)
}

fn receive(job: &Job, qos: QoS) -> Measured {
    let mut socket = connect(job);
    let filter = super::asks_for(job, qos);
    let list = [(TopicFilter::new(&filter).expect("it is one"), QoS::ExactlyOnce)];
    let subscriptions = Subscriptions::new(&list).expect("it is not empty");
    let cpu = Cpu::start();
    let subscribe = Packet::Subscribe(Subscribe { packet_id: PacketId::MIN, subscriptions });
    socket.write_all(&bytes(&subscribe)).expect("it takes it");
    socket.read_exact(&mut [0; 5]).expect("SUBACK comes");
    let len = a_publish(qos).len();
    let acknowledgements = |packet: Packet<'_>| bytes(&packet).repeat(usize::from(job.window));
    let first = match qos {
        QoS::AtMostOnce => Vec::new(),
        QoS::AtLeastOnce => acknowledgements(Packet::Puback(PacketId::MIN)),
        QoS::ExactlyOnce => acknowledgements(Packet::Pubrec(PacketId::MIN)),
    };
    let last = acknowledgements(Packet::Pubcomp(PacketId::MIN));
    let mut inbox = vec![0; 128 * 1_024];
    let mut filled = 0;
    let mut received = 0;
    while received <= job.count {
        filled += socket.read(inbox.get_mut(filled..).unwrap_or_default()).expect("bytes come");
        let mut rest = inbox.get(..filled).unwrap_or_default();
        let (mut publishes, mut releases) = (0, 0);
        loop {
            // PUBREL has 4 bytes; the last message is at QoS 0, and has 2 less.
            let of = match rest.first() {
                Some(0x62) => 4,
                Some(0x30) if qos != QoS::AtMostOnce => len - 2,
                Some(_) => len,
                None => break,
            };
            let Some(behind) = rest.get(of..) else { break };
            if of == 4 {
                releases += 1;
            } else {
                publishes += 1;
            }
            rest = behind;
        }
        let left = rest.len();
        inbox.copy_within(filled - left..filled, 0);
        filled = left;
        received += publishes;
        socket.write_all(first.get(..publishes * 4).unwrap_or_default()).expect("it takes them");
        socket.write_all(last.get(..releases * 4).unwrap_or_default()).expect("it takes them");
    }
    cpu.per(job.count)
}

fn ping_pong(job: &Job) -> Measured {
    let mut socket = connect(job);
    let publish = a_publish(QoS::AtLeastOnce);
    let mut trips = RoundTrips::default();
    for _ in 0..job.count {
        trips.begin();
        socket.write_all(&publish).expect("it takes it");
        socket.read_exact(&mut [0; 4]).expect("PUBACK comes");
        trips.end();
    }
    trips.median()
}
