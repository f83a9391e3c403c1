//! `mqttrs` alone: one function that decodes any packet to values, one that encodes any.
#![no_std]

use core::hint::black_box;
use core::panic::PanicInfo;

use mqttrs::{Packet, decode_slice, encode_slice};

/// What is used is kept, and with it all that it calls.
#[used]
static DECODE: fn(&[u8]) -> bool = decode;
#[used]
static ENCODE: fn(&Packet<'_>, &mut [u8]) -> Option<usize> = encode;

fn decode(bytes: &[u8]) -> bool {
    matches!(black_box(decode_slice(bytes)), Ok(Some(_)))
}

fn encode(packet: &Packet<'_>, out: &mut [u8]) -> Option<usize> {
    encode_slice(packet, out).ok()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
