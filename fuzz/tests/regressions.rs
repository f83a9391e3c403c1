//! What fuzzing found, each by the name of what was wrong.

/// The bytes of a string of hex digits with spaces in it.
fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

/// The finding of a SUBSCRIBE that is too short for a filter lay where the filter would be, behind the record's end.
#[test]
fn the_place_of_a_missing_filter_lies_in_the_record() {
    for cut in ["82 02", "A2 02", "82 02 00", "A2 02 00 01"] {
        mqtt_fuzz::net(&[&[0], &hex(cut)[..]].concat());
        mqtt_fuzz::input(&[&[0], cut.as_bytes()].concat());
    }
}
