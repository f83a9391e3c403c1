//! `MqttCodec` in tokio's `Framed`, over a pipe in memory.
#![cfg(feature = "tokio")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod common;

use std::error::Error;

use futures_util::future::join;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::codec::Framed;

use common::samples::{long, short};
use common::whole;
use mqtt_codec::{
    CodecError, Connect, ConnectFields, Decoder, EncodeError, Fault, MqttCodec, Packet, PacketBuf, Side,
    Utf8Str,
};

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test);
}

fn framed(stream: DuplexStream) -> Framed<DuplexStream, MqttCodec> {
    Framed::new(stream, MqttCodec::default())
}

#[test]
fn all_samples_come_through_pipes_of_any_size() {
    let samples = short();
    for size in [1, 2, 3, 7, 64, 100_000] {
        run(async {
            let (near, far) = duplex(size);
            let send = async {
                let mut near = framed(near);
                for sample in &samples {
                    match near.send(whole(sample)).await {
                        Ok(()) => {}
                        Err(CodecError::Encode(EncodeError::EmptyClientId)) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            };
            let receive = async {
                let received: Vec<_> = framed(far).map(Result::unwrap).collect().await;
                let sent: Vec<_> = samples.iter().map(|sample| whole(sample)).filter(is_sendable).collect();
                assert_eq!(received.iter().map(PacketBuf::packet).collect::<Vec<_>>(), sent);
            };
            join(send, receive).await;
        });
    }
}

fn is_sendable(packet: &Packet<'_>) -> bool {
    packet.encoded_len().is_ok()
}

#[test]
fn long_packets_come_through_and_are_sent_on_as_they_came() {
    run(async {
        let (near, far) = duplex(4_096);
        let (near_again, far_again) = duplex(4_096);
        let samples = long();
        let send = async {
            let mut near = framed(near);
            for sample in &samples {
                near.send(whole(sample)).await.unwrap();
            }
        };
        let send_on = async {
            let (mut far, mut near) = (framed(far), framed(near_again));
            while let Some(packet) = far.next().await {
                near.send(&packet.unwrap()).await.unwrap();
            }
        };
        let receive = async {
            let mut far = far_again;
            let mut bytes = vec![];
            far.read_to_end(&mut bytes).await.unwrap();
            assert!(bytes == samples.concat());
        };
        join(send, join(send_on, receive)).await;
    });
}

#[test]
fn packets_before_a_fault_are_given_out() {
    run(async {
        let (mut near, far) = duplex(64);
        near.write_all(b"\xD0\0\x40\x02\0\x01\x40\x02\0\0\xD0\0").await.unwrap();
        let mut far = framed(far);
        assert_eq!(far.next().await.unwrap().unwrap().packet(), Packet::Pingresp);
        assert!(matches!(far.next().await.unwrap().unwrap().packet(), Packet::Puback(_)));
        let error = far.next().await.unwrap().unwrap_err();
        let CodecError::Decode(fault) = &error else { panic!("{error}") };
        assert_eq!((fault.fault, fault.offset), (Fault::ZeroPacketId, 2));
        assert_eq!(error.source().unwrap().to_string(), fault.to_string());
        assert!(far.next().await.is_none(), "nothing follows a fault");
    });
}

#[test]
fn the_rules_of_its_decoder_are_kept() {
    run(async {
        let (mut near, far) = duplex(64);
        let decoder = Decoder::new().sent_by(Side::Server).max_packet_len(1_024);
        let mut far = Framed::new(far, MqttCodec::new(decoder));
        // Five bytes are enough to know.
        near.write_all(b"\x30\xFF\xFF\xFF\x7F").await.unwrap();
        let error = far.next().await.unwrap().unwrap_err();
        assert!(matches!(error, CodecError::Decode(error) if error.fault == Fault::OverMaximum));

        let (mut near, far) = duplex(64);
        let mut far = Framed::new(far, MqttCodec::new(Decoder::new().sent_by(Side::Server)));
        near.write_all(b"\xC0").await.unwrap();
        let error = far.next().await.unwrap().unwrap_err();
        assert!(matches!(error, CodecError::Decode(error) if matches!(error.fault, Fault::WrongSender(..))));
    });
}

/// A declared length reserves nothing: what is read is what has arrived.
#[test]
fn a_declared_length_reserves_nothing() {
    run(async {
        let (mut near, far) = duplex(64);
        let mut far = framed(far);
        near.write_all(b"\x30\xFF\xFF\xFF\x7F\0\x01a").await.unwrap();
        assert!(far.next().now_or_never().is_none(), "the packet goes on");
        let reserved = far.read_buffer().capacity();
        assert!(reserved < 64 * 1_024, "{reserved} bytes");
        // The stream ends in the middle of the packet.
        drop(near);
        let error = far.next().await.unwrap().unwrap_err();
        assert!(matches!(error, CodecError::Io(_)), "{error:?}");
    });
}

#[test]
fn a_packet_that_cannot_be_sent_is_an_error() {
    run(async {
        let (near, far) = duplex(64);
        let mut near = framed(near);
        let fields = ConnectFields { clean_session: false, ..ConnectFields::new(Utf8Str::EMPTY) };
        let error = near.send(Packet::Connect(Connect::new(&fields))).await.unwrap_err();
        assert!(matches!(error, CodecError::Encode(EncodeError::EmptyClientId)));
        // Nothing was sent of it, and the next packet is.
        near.send(Packet::Pingreq).await.unwrap();
        drop(near);
        let received: Vec<_> = framed(far).map(|packet| packet.unwrap().packet_type().name()).collect().await;
        assert_eq!(received, ["PINGREQ"]);
    });
}

/// What comes in at one end of a proxy goes out at the other, byte by byte, and closing says so.
#[test]
fn a_stream_of_packets_is_forwarded() {
    run(async {
        let (mut client, proxy_in) = duplex(64);
        let (proxy_out, mut server) = duplex(64);
        // A Remaining Length in more bytes than it needs stays as it is.
        let bytes = b"\x30\x87\x00\x00\x05topic\xC0\x00\xE0\x00";
        let write = async {
            client.write_all(bytes).await.unwrap();
            drop(client);
        };
        let mut received = Vec::new();
        // `forward` closes what it writes to.
        let forward = framed(proxy_in).forward(framed(proxy_out));
        let (((), forwarded), read) = join(join(write, forward), server.read_to_end(&mut received)).await;
        forwarded.unwrap();
        assert_eq!((read.unwrap(), &received[..]), (bytes.len(), &bytes[..]));

        let (near, mut far) = duplex(64);
        let mut near = framed(near);
        near.feed(Packet::Disconnect).await.unwrap();
        SinkExt::<Packet<'_>>::flush(&mut near).await.unwrap();
        SinkExt::<Packet<'_>>::close(&mut near).await.unwrap();
        received.clear();
        far.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"\xE0\x00");
    });
}
