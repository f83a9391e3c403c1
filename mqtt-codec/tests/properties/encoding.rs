//! Encoding: the counted length, buffers that are too small, and the several ways that write the same bytes.

use mqtt_codec::{
    EncodeError, Packet, PacketId, Publish, QoS, Subscribe, Subscriptions, TopicFilter, TopicFilters,
    TopicName, Unsubscribe,
};

use crate::common::model::Model;
use crate::common::samples::{long, short};
use crate::common::{encoded, whole};
use crate::in_shortest_form;

/// Each sample that may be sent, with the bytes that it encodes to; as decoded, and built afresh.
fn each_packet(samples: &[Vec<u8>], mut check: impl FnMut(&Packet<'_>, &[u8])) {
    for sample in samples {
        let packet = whole(sample);
        let model = Model::of(&packet);
        if !model.is_unsendable() {
            let bytes = in_shortest_form(sample);
            check(&packet, &bytes);
            model.build(|packet| check(&packet, &bytes));
        }
    }
}

#[test]
fn the_counted_length_is_the_written_length() {
    let samples = [short(), long()].concat();
    each_packet(&samples, |packet, bytes| {
        assert_eq!(packet.encoded_len(), Ok(bytes.len()));
        // In a longer buffer the rest is left alone.
        let mut buffer = vec![0xEE; bytes.len() + 9];
        assert_eq!(packet.encode(&mut buffer), Ok(bytes.len()));
        assert_eq!(buffer, [bytes, &[0xEE; 9]].concat());
    });
}

#[test]
fn a_buffer_that_is_too_small_is_left_alone() {
    each_packet(&short(), |packet, bytes| {
        (0..bytes.len()).for_each(|room| too_small(packet, bytes.len(), room));
    });
    each_packet(&long(), |packet, bytes| {
        for room in [0, 1, 5, bytes.len() - 1] {
            too_small(packet, bytes.len(), room);
        }
    });
}

#[track_caller]
fn too_small(packet: &Packet<'_>, needed: usize, room: usize) {
    let mut buffer = vec![0xEE; room];
    assert_eq!(packet.encode(&mut buffer), Err(EncodeError::BufferTooSmall { needed }));
    assert!(buffer.iter().all(|&byte| byte == 0xEE));
}

#[test]
fn header_and_payload_are_the_packet() {
    let samples = [short(), long()].concat();
    let mut count = 0;
    each_packet(&samples, |packet, bytes| {
        let Packet::Publish(publish) = packet else { return };
        count += 1;
        let needed = publish.header_len().unwrap();
        let mut header = vec![0xEE; needed + 3];
        assert_eq!(publish.encode_header(&mut header), Ok(needed));
        assert_eq!(header[needed..], [0xEE; 3]);
        assert_eq!([&header[..needed], publish.payload].concat(), bytes);
        for room in (0..needed).take(20).chain([needed - 1]) {
            let mut header = vec![0xEE; room];
            assert_eq!(publish.encode_header(&mut header), Err(EncodeError::BufferTooSmall { needed }));
            assert!(header.iter().all(|&byte| byte == 0xEE));
        }
    });
    assert!(count > 20);
}

#[cfg(feature = "bytes")]
#[test]
fn a_growing_buffer_gets_the_same_bytes() {
    let samples = [short(), long()].concat();
    each_packet(&samples, |packet, bytes| {
        let mut growing = bytes::BytesMut::from(&b"before"[..]);
        assert_eq!(packet.encode_to(&mut growing), Ok(bytes.len()));
        assert_eq!(growing, [b"before", bytes].concat());
        let mut vec = vec![];
        assert_eq!(packet.encode_to(&mut vec), Ok(bytes.len()));
        assert_eq!(vec, bytes);

        let needed = bytes.len();
        let mut fixed = vec![0xEE; needed - 1];
        let mut room = &mut fixed[..];
        assert_eq!(packet.encode_to(&mut room), Err(EncodeError::BufferTooSmall { needed }));
        assert_eq!(room.len(), needed - 1);
        assert!(fixed.iter().all(|&byte| byte == 0xEE));
        // In two parts that are not next to each other.
        let (mut front, mut back) = (vec![0; needed / 2], vec![0; needed - needed / 2]);
        let mut chain = bytes::BufMut::chain_mut(&mut front[..], &mut back[..]);
        assert_eq!(packet.encode_to(&mut chain), Ok(needed));
        assert_eq!([front, back].concat(), bytes);
    });
}

/// The longest packet has 268,435,455 bytes behind its fixed header.
#[test]
fn a_packet_that_is_too_long_is_refused() {
    // Never read, so it takes no memory.
    let payload = vec![0; 268_435_455 - 2];
    let publish = |len| Publish::at_most_once(TopicName::new("a").unwrap(), &payload[..len]);
    let longest = payload.len() - 1;
    assert_eq!(Packet::Publish(publish(longest)).encoded_len(), Ok(268_435_460));
    assert_eq!(publish(longest).header_len(), Ok(8));
    refuses(&Packet::Publish(publish(longest + 1)));
    assert_eq!(publish(longest + 1).header_len(), Err(EncodeError::PacketTooLong));
    let mut buffer = [0xEE; 16];
    assert_eq!(publish(longest + 1).encode_header(&mut buffer), Err(EncodeError::PacketTooLong));
    assert_eq!(buffer, [0xEE; 16]);

    // 4,096 of the longest filters, and one that fills up what is left, or is one byte too long.
    let text = [b'x'; 65_535];
    let filter = |len| TopicFilter::from_bytes(&text[..len]).unwrap();
    let left = 268_435_455 - 2 - 4_095 * (65_535 + 3) - 3;
    let mut list = vec![(filter(65_535), QoS::AtMostOnce); 4_096];
    list[0].0 = filter(left);
    assert_eq!(subscribe(&list).encoded_len(), Ok(268_435_460));
    list[0].0 = filter(left + 1);
    refuses(&subscribe(&list));

    let filters = vec![filter(65_535); 4_097];
    let filters = TopicFilters::new(&filters).unwrap();
    refuses(&Packet::Unsubscribe(Unsubscribe { packet_id: PacketId::MIN, filters }));
}

fn subscribe<'a>(list: &'a [(TopicFilter<'a>, QoS)]) -> Packet<'a> {
    let subscriptions = Subscriptions::new(list).unwrap();
    Packet::Subscribe(Subscribe { packet_id: PacketId::MIN, subscriptions })
}

#[track_caller]
fn refuses(packet: &Packet<'_>) {
    assert_eq!(packet.encoded_len(), Err(EncodeError::PacketTooLong));
    assert_eq!(encoded(packet), Err(EncodeError::PacketTooLong));
    let mut buffer = [0xEE; 16];
    assert_eq!(packet.encode(&mut buffer), Err(EncodeError::PacketTooLong));
    assert_eq!(buffer, [0xEE; 16]);
    #[cfg(feature = "bytes")]
    {
        let mut growing = bytes::BytesMut::new();
        assert_eq!(packet.encode_to(&mut growing), Err(EncodeError::PacketTooLong));
        assert!(growing.is_empty());
    }
}
