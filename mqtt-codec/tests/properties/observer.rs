//! What an observer hears: the fields in the order of the bytes, without gap or overlap.

use std::ops::Range;

use proptest::prelude::*;

use mqtt_codec::{Decoded, Decoder, Fault, Field, Observer};

use crate::arbitrary::{cases, nearly_a_packet, packet};
use crate::common::model::{ConnectModel, Model};
use crate::common::samples::{long, short};
use crate::header;

/// Notes all it hears: the field, whether it was its length, and the bytes.
#[derive(Debug, Default, PartialEq)]
struct Heard(Vec<(Field, bool, Range<usize>)>);

impl Observer for Heard {
    fn length(&mut self, field: Field, bytes: Range<usize>) {
        self.0.push((field, true, bytes));
    }

    fn field(&mut self, field: Field, bytes: Range<usize>) {
        self.0.push((field, false, bytes));
    }
}

impl Heard {
    /// Where the ranges end, which begin at 0 and follow one another.
    #[track_caller]
    fn tiled_up_to(&self) -> usize {
        self.0.iter().fold(0, |end, (field, _, range)| {
            assert!(range.start == end && range.end >= end, "{field:?} at {range:?}, not at {end}");
            range.end
        })
    }

    fn push(&mut self, field: Field, len: usize) {
        let start = self.tiled_up_to();
        self.0.push((field, false, start..start + len));
    }

    fn push_prefixed(&mut self, field: Field, content: &[u8]) {
        let start = self.tiled_up_to();
        self.0.push((field, true, start..start + 2));
        self.push(field, content.len());
    }

    /// What has to be heard of this packet.
    fn expected(model: &Model, header_len: usize) -> Self {
        let mut heard = Self::default();
        heard.push(Field::FixedHeader, 1);
        heard.push(Field::RemainingLength, header_len - 1);
        match model {
            Model::Connect(connect) => heard.expect_connect(connect),
            Model::Connack { .. } => {
                heard.push(Field::ConnackFlags, 1);
                heard.push(Field::ConnectReturnCode, 1);
            }
            Model::Publish { topic, packet_id, payload, .. } => {
                heard.push_prefixed(Field::TopicName, topic);
                if packet_id.is_some() {
                    heard.push(Field::PacketIdentifier, 2);
                }
                heard.push(Field::Payload, payload.len());
            }
            Model::Ack { .. } => heard.push(Field::PacketIdentifier, 2),
            Model::Subscribe { subscriptions, .. } => {
                heard.push(Field::PacketIdentifier, 2);
                for (filter, _) in subscriptions {
                    heard.push_prefixed(Field::TopicFilter, filter);
                    heard.push(Field::RequestedQoS, 1);
                }
            }
            Model::Suback { codes, .. } => {
                heard.push(Field::PacketIdentifier, 2);
                codes.iter().for_each(|_| heard.push(Field::SubackReturnCode, 1));
            }
            Model::Unsubscribe { filters, .. } => {
                heard.push(Field::PacketIdentifier, 2);
                filters.iter().for_each(|filter| heard.push_prefixed(Field::TopicFilter, filter));
            }
            Model::Bare { .. } => {}
        }
        heard
    }

    fn expect_connect(&mut self, connect: &ConnectModel) {
        self.push_prefixed(Field::ProtocolName, b"MQTT");
        self.push(Field::ProtocolLevel, 1);
        self.push(Field::ConnectFlags, 1);
        self.push(Field::KeepAlive, 2);
        self.push_prefixed(Field::ClientIdentifier, &connect.client_id);
        if let Some(will) = &connect.will {
            self.push_prefixed(Field::WillTopic, &will.topic);
            self.push_prefixed(Field::WillMessage, &will.message);
        }
        if let Some(user_name) = &connect.user_name {
            self.push_prefixed(Field::UserName, user_name);
        }
        if let Some(password) = &connect.password {
            self.push_prefixed(Field::Password, password);
        }
    }
}

/// Decodes with an observer, which changes nothing, and checks what it hears of these bytes, whatever they are.
fn observe(bytes: &[u8]) {
    let decoder = Decoder::new();
    let mut heard = Heard::default();
    let result = decoder.decode_observed(bytes, &mut heard);
    assert_eq!(result, decoder.decode(bytes));
    let end = heard.tiled_up_to();
    match result {
        Ok(Decoded::Packet(packet, len)) => {
            assert_eq!(end, len);
            let (header_len, _) = header(bytes).unwrap();
            assert_eq!(heard, Heard::expected(&Model::of(&packet), header_len));
        }
        Ok(Decoded::NeedMore { .. }) => assert_eq!(end, 0),
        Err(error) => {
            assert!(end <= bytes.len());
            // All before the fault is heard, if the packet is whole.
            if header(bytes).is_some_and(|(header_len, remaining)| header_len + remaining <= bytes.len()) {
                assert!(end >= usize::try_from(error.offset).unwrap(), "{bytes:02x?}: {error}, heard {end}");
            }
        }
    }
    let mut of_prefix = Heard::default();
    let result = decoder.observe_prefix(bytes, &mut of_prefix);
    assert!(of_prefix.tiled_up_to() <= bytes.len());
    if end > 0 {
        assert_eq!((of_prefix, result.err()), (heard, decoder.decode(bytes).err()));
    }
}

#[test]
fn the_fields_of_all_samples_are_heard() {
    short().iter().chain(&long()).filter(|sample| sample.len() < 500_000).for_each(|sample| observe(sample));
}

#[test]
fn the_fields_before_a_fault_are_heard() {
    for sample in short() {
        let mut changed = sample.clone();
        for at in 0..sample.len() {
            for byte in [0, 1, 3, 0x23, 0x38, 0x7F, 0x80, 0xFF] {
                changed[at] = byte;
                observe(&changed);
            }
            changed[at] = sample[at];
            observe(&sample[..at]);
        }
    }
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn the_fields_of_any_packet_are_heard(model in packet()) {
        observe(&model.bytes());
    }

    #[test]
    fn the_fields_of_any_bytes_are_heard(bytes in nearly_a_packet()) {
        observe(&bytes);
    }
}

/// Of a packet that is cut off, an observer hears the fields that are there, the payload as far as it goes.
#[test]
fn the_fields_of_a_prefix_are_heard() {
    for sample in short() {
        let mut whole = Heard::default();
        Decoder::new().decode_observed(&sample, &mut whole).unwrap();
        for len in 0..sample.len() {
            let mut heard = Heard::default();
            let result = Decoder::new().observe_prefix(&sample[..len], &mut heard);
            match result {
                Ok(()) => {}
                Err(error) => assert_eq!(error.fault, Fault::FieldPastEnd, "{len} bytes of {sample:02x?}"),
            }
            let (header_len, _) = header(&sample).unwrap();
            for (n, event) in heard.0.iter().enumerate() {
                match event {
                    (Field::Payload, false, range) => {
                        assert_eq!((range.start, range.end), (whole.0[n].2.start, len));
                    }
                    event => assert_eq!(*event, whole.0[n]),
                }
            }
            // All that is wholly there; of the fixed header's length, only the whole.
            let there = |(_, _, range): &&(Field, bool, Range<usize>)| range.end <= len;
            let expected = whole.0.iter().take_while(there).count();
            assert!(heard.0.len() >= expected, "{len} bytes of {sample:02x?}: {heard:?}");
            assert!(len >= header_len || heard.0.len() <= 1);
        }
    }
}

/// The length says that filters follow: they are not missing, they have not come yet.
#[test]
fn a_prefix_that_ends_before_its_first_filter_is_not_malformed_yet() {
    for bytes in [&b"\x82\x06\0\x01"[..], b"\xA2\x05\0\x01"] {
        let mut heard = Heard::default();
        match Decoder::new().observe_prefix(bytes, &mut heard) {
            Ok(()) => {}
            Err(error) => assert_eq!(error.fault, Fault::FieldPastEnd, "{bytes:02x?}"),
        }
        assert_eq!(heard.tiled_up_to(), 4);
    }
}

/// The Packet Identifier is whole and stands before the fault.
#[test]
fn the_packet_identifier_before_a_missing_filter_is_heard() {
    for bytes in [b"\x82\x02\0\x01", b"\xA2\x02\0\x01"] {
        let mut heard = Heard::default();
        let error = Decoder::new().decode_observed(bytes, &mut heard).unwrap_err();
        assert_eq!(error.offset, 4);
        assert_eq!(heard.0.last(), Some(&(Field::PacketIdentifier, false, 2..4)), "{bytes:02x?}");
    }
}
