//! `mqtt-codec` alone: one function that decodes any packet and reads all its fields, one that encodes any.
#![no_std]

use core::hint::black_box;
use core::panic::PanicInfo;

use mqtt_codec::{Decoded, Packet};

/// What is used is kept, and with it all that it calls.
#[used]
static DECODE: fn(&[u8]) -> Option<usize> = decode;
#[used]
static ENCODE: fn(&Packet<'_>, &mut [u8]) -> Option<usize> = encode;

fn decode(bytes: &[u8]) -> Option<usize> {
    let Ok(Decoded::Packet(packet, len)) = black_box(Packet::decode(bytes)) else { return None };
    // The others are values; these are views, which have to be read.
    match packet {
        Packet::Connect(connect) => {
            black_box(connect.fields());
        }
        Packet::Subscribe(it) => it.subscriptions.iter().for_each(keep),
        Packet::Suback(it) => it.return_codes.iter().for_each(keep),
        Packet::Unsubscribe(it) => it.filters.iter().for_each(keep),
        _ => {}
    }
    Some(len)
}

fn encode(packet: &Packet<'_>, out: &mut [u8]) -> Option<usize> {
    packet.encode(out).ok()
}

fn keep<T>(value: T) {
    black_box(value);
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
