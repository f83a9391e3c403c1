//! Where a packet ends by its fixed header alone, which all versions of MQTT share; nothing is checked but the form.

/// First byte, Remaining Length, and where the body begins; `None` when the length is cut off or has more than four bytes.
pub(crate) fn read(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (first, rest) = bytes.split_first()?;
    let mut remaining_length = 0;
    for (i, byte) in rest.iter().take(4).enumerate() {
        remaining_length |= usize::from(byte & 0x7F) << (7 * i);
        if *byte < 0x80 {
            return Some((*first, remaining_length, 2 + i));
        }
    }
    None
}
