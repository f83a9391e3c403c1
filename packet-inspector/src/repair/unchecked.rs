//! What no check covers, and so is never changed: where frames of one connection disagree, it is said.

use std::net::IpAddr;

use super::neighbours::Neighbour;

/// An Ethernet address.
type Mac = [u8; 6];

/// The Ethernet addresses that differ from those of the same ends in other frames.
pub(super) fn remarks(own: &Neighbour, others: &[Neighbour]) -> Vec<String> {
    let known = || others.iter().flat_map(ends);
    ends(own)
        .into_iter()
        .filter_map(|(end, mac)| {
            let differing: Vec<Mac> =
                known().filter(|(other, theirs)| *other == end && *theirs != mac).map(|(_, theirs)| theirs).collect();
            let other = most_frequent(&differing)?;
            let frames = if differing.len() == 1 { "frame" } else { "frames" };
            Some(format!(
                "the Ethernet address of {} is {} here and {} in {} other {frames}; no check covers it, so it is left as printed",
                end.0,
                words(mac),
                words(other),
                differing.len(),
            ))
        })
        .collect()
}

/// Both ends of a frame with their Ethernet addresses; none when the frame is too short to have some.
fn ends(frame: &Neighbour) -> Vec<((IpAddr, u16), Mac)> {
    let Some((destination, rest)) = frame.head.split_first_chunk::<6>() else { return Vec::new() };
    let Some((source, _)) = rest.split_first_chunk::<6>() else { return Vec::new() };
    let transport = &frame.transport;
    vec![
        ((transport.source, transport.source_port), *source),
        ((transport.destination, transport.destination_port), *destination),
    ]
}

fn most_frequent(macs: &[Mac]) -> Option<Mac> {
    macs.iter().max_by_key(|mac| macs.iter().filter(|other| other == mac).count()).copied()
}

fn words(mac: Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}
