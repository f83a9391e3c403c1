//! Long lists and long topics: none would come to an end if the work grew with the square of the length.
//!
//! No clock is looked at; the sizes are what tells.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod common;

use mqtt_codec::{Decoded, Decoder, Packet, TopicFilter, TopicFilters, TopicName, Unsubscribe};

use common::model::remaining_length;
use common::samples::{subscribe, unsubscribe};
use common::{encoded, whole};

#[test]
fn ten_thousand_filters_in_one_packet() {
    let bytes = subscribe(10_000, b"home/+/light/#", 1);
    let Packet::Subscribe(packet) = whole(&bytes) else { panic!("a SUBSCRIBE") };
    assert_eq!(packet.subscriptions.iter().count(), 10_000);
    assert_eq!(encoded(&packet.into()), Ok(bytes));

    let bytes = unsubscribe(10_000, b"home/+/light/#");
    let Packet::Unsubscribe(packet) = whole(&bytes) else { panic!("an UNSUBSCRIBE") };
    assert_eq!(packet.filters.iter().count(), 10_000);
    assert_eq!(encoded(&packet.into()), Ok(bytes));
}

/// In a packet of 64 MiB: 16 million filters, whose square is out of reach.
#[test]
fn sixteen_million_filters_in_one_packet() {
    let count = (67_108_864 - 2) / 4;
    let header = [b"\x82", &remaining_length(2 + count * 4)[..], b"\0\x01"].concat();
    let bytes = [header, b"\0\x01a\0".repeat(count)].concat();
    let Packet::Subscribe(packet) = whole(&bytes) else { panic!("a SUBSCRIBE") };
    assert_eq!(packet.subscriptions.iter().count(), count);
    assert_eq!(encoded(&packet.into()), Ok(bytes));
}

/// A list of filters built by hand is compared with one off the wire.
#[test]
fn long_lists_are_compared_once() {
    let filter = TopicFilter::new("a/+/b").unwrap();
    let list = vec![filter; 1_000_000];
    let filters = TopicFilters::new(&list).unwrap();
    let built = Packet::from(Unsubscribe { packet_id: mqtt_codec::PacketId::MIN, filters });
    let bytes = encoded(&built).unwrap();
    assert_eq!(whole(&bytes), built);
}

#[test]
fn a_topic_of_65535_separators() {
    let slashes = "/".repeat(65_535);
    let name = TopicName::new(&slashes).unwrap();
    assert_eq!(name.levels().count(), 65_536);
    // `+` in all of its levels, as far as 65,535 bytes go, and `#` for the others.
    let pluses = format!("{}#", "+/".repeat(32_767));
    let shorter = "/".repeat(65_534);
    let empty_levels = format!("{shorter}+");
    let slashes_and_hash = format!("{shorter}#");
    let matching = ["#", "/#", "+/#", &pluses, &slashes_and_hash, &slashes];
    for _ in 0..1_000 {
        for filter in matching {
            assert!(TopicFilter::new(filter).unwrap().matches(name));
        }
        // One level short, and one level too many.
        assert!(!TopicFilter::new(&empty_levels).unwrap().matches(name));
        assert!(!TopicFilter::new(&slashes).unwrap().matches(TopicName::new(&shorter).unwrap()));
        assert!(!TopicFilter::new(&pluses).unwrap().matches(TopicName::new(&"/".repeat(32_765)).unwrap()));
    }
}

/// Texts of 65,535 characters that need the slow check: each character is looked at once or twice, not once for each.
#[test]
fn long_texts_of_any_characters() {
    for character in ["ä", "€", "\u{1F600}", "\u{85}", "+/", "a/"] {
        let text = character.repeat(65_535 / character.len());
        for _ in 0..100 {
            assert!(TopicFilter::new(&text).is_ok());
            let packet = common::samples::publish(0, 0, text.replace('+', "-").as_bytes(), b"");
            assert!(matches!(Decoder::new().decode(&packet), Ok(Decoded::Packet(..))));
            let strict = Decoder::new().strict_text(true).decode(&packet);
            assert_eq!(strict.is_err(), character == "\u{85}");
        }
    }
}
