//! Decoding, looking at packets, matching topics and encoding into slices allocate nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod common;

use std::hint::black_box;

use allocation_counter::measure;
use mqtt_codec::{Decoded, Decoder, Packet, Side, SubackReturnCode, TopicFilter, TopicName, Utf8Str};

use common::samples::{long, short};
use common::whole;

/// Runs `f` and counts the allocations that this thread makes meanwhile.
#[track_caller]
fn allocates_nothing(f: impl FnOnce()) {
    assert_eq!(measure(f).count_total, 0);
}

/// Each sample as a packet, in turn.
fn each_sample(mut check: impl FnMut(&[u8])) {
    short().iter().chain(&long()).for_each(|sample| check(sample));
}

#[test]
fn the_counter_counts() {
    let info = measure(|| drop(black_box(vec![0_u8; 100])));
    assert_eq!((info.count_total, info.bytes_total), (1, 100));
    assert_eq!(measure(|| drop(black_box(String::from("a") + "b"))).count_total, 2);
}

#[test]
fn decoding_allocates_nothing() {
    let decoders = [
        Decoder::new(),
        Decoder::new().sent_by(Side::Client).max_packet_len(100),
        Decoder::new().strict_text(true),
    ];
    each_sample(|sample| {
        let mut changed = sample.to_vec();
        for decoder in &decoders {
            allocates_nothing(|| {
                let _ = black_box(decoder.decode(sample));
                let _ = black_box(decoder.decode_observed(sample, &mut ()));
                // Nor does what is not whole, or malformed.
                for len in (0..sample.len()).take(40) {
                    let _ = black_box(decoder.decode(&sample[..len]));
                    let _ = black_box(decoder.observe_prefix(&sample[..len], &mut ()));
                    changed[len] ^= 0x81;
                    let _ = black_box(decoder.decode(&changed));
                    changed[len] = sample[len];
                }
            });
        }
    });
}

#[test]
fn a_declared_length_allocates_nothing() {
    allocates_nothing(|| {
        let declared = Decoder::new().decode(black_box(b"\x30\xFF\xFF\xFF\x7F\0\x01a"));
        assert!(matches!(declared, Ok(Decoded::NeedMore { missing: Some(_) })));
    });
}

#[test]
fn looking_at_a_packet_allocates_nothing() {
    each_sample(|sample| {
        let packet = whole(sample);
        allocates_nothing(|| {
            look_at(&packet);
            black_box(packet == whole(sample));
        });
    });
}

/// Everything that a packet can be asked.
fn look_at(packet: &Packet<'_>) {
    black_box((packet.packet_type(), packet.packet_type().name(), packet.packet_id()));
    match packet {
        Packet::Connect(connect) => {
            black_box((connect.connect_flags(), connect.clean_session(), connect.keep_alive()));
            black_box((connect.client_id().as_str(), connect.fields()));
            black_box(
                connect.will().map(|will| (will.topic.levels().count(), will.message.as_bytes().len())),
            );
            black_box(connect.login().map(|login| (login.user_name.as_str().len(), login.password)));
        }
        Packet::Connack(connack) => {
            black_box(*connack);
        }
        Packet::Publish(publish) => {
            black_box((publish.delivery.qos(), publish.delivery.dup(), publish.delivery.packet_id()));
            black_box((publish.topic.as_str(), publish.topic.levels().count(), publish.header_len().is_ok()));
        }
        Packet::Subscribe(subscribe) => {
            for (filter, qos) in subscribe.subscriptions.iter() {
                black_box((filter.as_str(), filter.levels().count(), qos.as_u8()));
            }
        }
        Packet::Suback(suback) => {
            black_box(suback.return_codes.len());
            black_box(suback.return_codes.iter().map(SubackReturnCode::as_u8).max());
        }
        Packet::Unsubscribe(unsubscribe) => {
            black_box(unsubscribe.filters.iter().map(|filter| filter.as_str().len()).max());
        }
        Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubrel(_)
        | Packet::Pubcomp(_)
        | Packet::Unsuback(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Disconnect => {}
    }
}

#[test]
fn encoding_into_a_slice_allocates_nothing() {
    each_sample(|sample| {
        let packet = whole(sample);
        let mut buffer = vec![0; sample.len()];
        allocates_nothing(|| {
            let _ = black_box(packet.encoded_len());
            let _ = black_box(packet.encode(&mut buffer));
            let _ = black_box(packet.encode(&mut buffer[..1]));
            if let Packet::Publish(publish) = &packet {
                let _ = black_box(publish.encode_header(&mut buffer));
            }
        });
        // The same of one built afresh.
        common::model::Model::of(&packet).build(|packet| {
            allocates_nothing(|| {
                let _ = black_box(packet.encode(&mut buffer));
            });
        });
    });
}

#[test]
fn checking_and_matching_topics_allocates_nothing() {
    let names = ["a", "a/b/c", "$SYS/a", "ä/ö/\u{1F600}", "/", &"x/".repeat(1_000)];
    let filters = ["#", "+/b/#", "$SYS/+", "ä/+/\u{1F600}", "a#", "", "+/+", "x/#", "\0"];
    allocates_nothing(|| {
        for name in names {
            let name = TopicName::new(name).unwrap();
            for filter in filters {
                black_box(TopicFilter::new(filter).map(|filter| filter.matches(name)).is_ok());
            }
            black_box(Utf8Str::new(name.as_str()).is_ok());
        }
    });
}

#[cfg(feature = "bytes")]
#[test]
fn taking_an_owned_packet_off_shared_bytes_allocates_nothing() {
    for sample in short() {
        let mut stream = bytes::Bytes::from(sample.repeat(2));
        // The second handle on memory that was a `Vec` makes it shared, once.
        let shared = stream.clone();
        allocates_nothing(|| {
            let packet = mqtt_codec::PacketBuf::take_shared(&Decoder::new(), &mut stream).unwrap().unwrap();
            look_at(&packet.packet());
            let clone = packet.clone();
            black_box(clone.slice_ref(&packet.as_bytes()[..1]));
        });
        drop(shared);
    }
}
