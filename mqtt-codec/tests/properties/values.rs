//! What encodes decodes to the same value, and any bytes are answered as the naive decoder does.

use std::hash::{BuildHasher, RandomState};

use proptest::collection::vec;
use proptest::prelude::*;

use mqtt_codec::{EncodeError, Packet};

use crate::arbitrary::{cases, nearly_a_packet, packet};
use crate::common::model::Model;
use crate::common::samples::short;
use crate::common::{encoded, whole};
use crate::{agrees, pairs};

/// A packet built afresh says what its model says, on the wire and back.
fn round_trips(model: &Model) {
    model.build(|built| {
        assert_eq!(Model::of(&built), *model, "the accessors of a built packet");
        let expected = model.bytes();
        match encoded(&built) {
            Err(EncodeError::EmptyClientId) => assert!(model.is_unsendable(), "{model:?}"),
            other => {
                assert!(!model.is_unsendable(), "{model:?}");
                assert_eq!(other.as_ref(), Ok(&expected), "{model:?}");
            }
        }
        let decoded = whole(&expected);
        assert_eq!(Model::of(&decoded), *model, "the accessors of a decoded packet");
        assert_eq!(encoded(&decoded), encoded(&built));
        are_equal(decoded, built);
    });
}

/// A view of bytes and one of a list are the same to whoever looks.
fn are_equal(wire: Packet<'_>, built: Packet<'_>) {
    assert_eq!(wire, built);
    assert_eq!(built, wire);
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(wire), hasher.hash_one(built));
    assert_eq!(format!("{wire:?}"), format!("{built:?}"));
    assert_eq!(wire.packet_id(), built.packet_id());
    assert_eq!(wire.packet_type(), built.packet_type());
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn any_value_comes_back(model in packet()) {
        round_trips(&model);
    }

    /// Two packets are equal just when all they say is.
    #[test]
    fn packets_are_equal_when_their_fields_are(a in packet(), b in packet()) {
        let (a_bytes, b_bytes) = (a.bytes(), b.bytes());
        a.build(|built| {
            prop_assert_eq!(built == whole(&b_bytes), a == b);
            prop_assert_eq!(whole(&a_bytes) == whole(&b_bytes), a == b);
            Ok(())
        })?;
    }

    #[test]
    fn any_bytes_are_answered_as_by_the_naive_decoder(bytes in vec(any::<u8>(), 0..64)) {
        pairs().iter().for_each(|pair| { agrees(pair, &bytes); });
    }

    #[test]
    fn any_packet_with_any_bytes_behind_it_is_cut_off(model in packet(), behind in vec(any::<u8>(), 0..8)) {
        let bytes = [model.bytes(), behind].concat();
        pairs().iter().for_each(|pair| { agrees(pair, &bytes); });
    }
}

proptest! {
    #![proptest_config(cases(60_000))]

    #[test]
    fn bytes_that_are_nearly_a_packet_are_answered_as_by_the_naive_decoder(bytes in nearly_a_packet()) {
        pairs().iter().for_each(|pair| { agrees(pair, &bytes); });
    }
}

#[test]
fn all_samples_come_back() {
    for sample in short() {
        let packet = whole(&sample);
        round_trips(&Model::of(&packet));
    }
}

/// No two samples are equal, whatever form their length has, unless they say the same.
#[test]
fn samples_are_equal_when_their_fields_are() {
    let samples = short();
    for a in &samples {
        for b in &samples {
            let same = Model::of(&whole(a)) == Model::of(&whole(b));
            assert_eq!(whole(a) == whole(b), same);
        }
    }
}
