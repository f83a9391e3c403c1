//! What lies below MQTT.

use packet_inspector::net::{MQTT_PORTS, dissect_with_ports};
use packet_inspector::record::Record;

use crate::frame::{self, LINKS, SENDERS};

/// How many selectors mean something different.
pub const NET_SELECTORS: u8 = 7 * 3 * 3;

/// Any bytes as a frame of any link: headers, fields and findings lie in the record, and so does the payload, whose
/// packets tile it.
///
/// The first byte selects link, sender and ports, 0 being what the command does by itself; the frame follows.
pub fn net(bytes: &[u8]) {
    let Some((&selector, bytes)) = bytes.split_first() else { return };
    let selector = usize::from(selector);
    let link = LINKS[selector % 7];
    let from = SENDERS[selector / 7 % 3];
    // Which ports are MQTT's decides where frames are not sure: the usual, none, or some of the bytes' own.
    if selector / 21 % 3 > 0 {
        let own = bytes.chunks_exact(2).skip(6).take(24).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        let ports: Vec<u16> =
            if selector / 21 % 3 == 1 { vec![] } else { own.chain([MQTT_PORTS[0]]).collect() };
        frame::of_net(&dissect_with_ports(bytes, link, &ports), bytes.len());
    } else {
        let record = Record { bytes: bytes.to_vec(), format: "bytes", ..Record::default() };
        frame::take_apart(record, link, from);
    }
}
