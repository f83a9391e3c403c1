//! 1.5.3: UTF-8 encoded strings.

use mqtt_codec::{Fault, TextError, TopicFilter, TopicName, Utf8Str};

use crate::{TEXTS, accepts, hex, no_text_of, text_of};

/// Texts that are no UTF-8, and the byte where it ends to be.
const ILL_FORMED: &[(&str, u32)] = &[
    // A continuation byte that continues nothing.
    ("80", 0),
    ("BF", 0),
    ("61 80", 1),
    ("C3A4 A4", 2),
    // Sequences cut short by the end, and by another character.
    ("C3", 0),
    ("61 E2", 1),
    ("E282", 0),
    ("F09F98", 0),
    ("C3 61", 0),
    ("E282 61", 0),
    ("F09F98 61", 0),
    ("E2 C3A4", 0),
    // Overlong forms of U+0000, U+002F, U+007F, U+0800 less one, U+10000 less one.
    ("C080", 0),
    ("C0AF", 0),
    ("C1BF", 0),
    ("E09FBF", 0),
    ("E08080", 0),
    ("F08FBFBF", 0),
    ("F0808080", 0),
    // Surrogates: the first, the last, a pair.
    ("EDA080", 0),
    ("EDBFBF", 0),
    ("61 EDA0BD EDB880", 1),
    // Above U+10FFFF, and leads that no character has.
    ("F4908080", 0),
    ("F5808080", 0),
    ("F8888080 80", 0),
    ("FC84808080 80", 0),
    ("FE", 0),
    ("FF", 0),
    // Of two faults, the first.
    ("61 80 00", 1),
    ("61 62 FF 00 FF", 2),
    // Where the fast pass over eight bytes at a time could miss it.
    ("6162636465666768 FF", 8),
    ("61626364656667 FF 68696A6B6C6D6E6F", 7),
    ("6162636465666768696A6B6C6D6E6F7071 ED A080 7273747576777879", 17),
];

#[test]
fn mqtt_1_5_3_1_a_string_is_well_formed_utf8() {
    for (text, at) in ILL_FORMED {
        no_text_of(TEXTS, text, Fault::IllFormedUtf8, *at);
        let error = TextError { fault: Some(Fault::IllFormedUtf8), offset: usize::try_from(*at).unwrap() };
        assert_eq!(Utf8Str::from_bytes(&hex(text)), Err(error), "{text}");
        assert_eq!(TopicName::from_bytes(&hex(text)), Err(error), "{text}");
        assert_eq!(TopicFilter::from_bytes(&hex(text)), Err(error), "{text}");
    }
    // The first and last character of each length, and the neighbours of the surrogates.
    for text in ["01", "7F", "C280", "DFBF", "E0A080", "ED9FBF", "EE8080", "EFBFBF", "F0908080", "F48FBFBF"] {
        text_of(TEXTS, text);
    }
    // Control characters and non-characters are not ill-formed.
    text_of(TEXTS, "01 1F 7F C285 EFB790 EFBFBE F09FBFBF");
    // Binary data is no string: a Will Message and a password of any bytes.
    accepts("10 17  00 04 4D515454 04 C6 0000  00 00  00 01 77  00 01 FF  00 00  00 01 80");
}

#[test]
fn mqtt_1_5_3_2_a_string_does_not_hold_u_0000() {
    for (text, at) in [
        ("00", 0),
        ("00 61", 0),
        ("61 00", 1),
        ("61 00 62", 1),
        ("C3A4 00", 2),
        ("61 00 80", 1),
        ("6162 00 C3", 2),
        ("6162636465666768 00 6162636465666768", 8),
    ] {
        no_text_of(TEXTS, text, Fault::NulCharacter, at);
        let error = TextError { fault: Some(Fault::NulCharacter), offset: usize::try_from(at).unwrap() };
        assert_eq!(Utf8Str::from_bytes(&hex(text)), Err(error), "{text}");
        assert_eq!(TopicName::from_bytes(&hex(text)), Err(error), "{text}");
        assert_eq!(TopicFilter::from_bytes(&hex(text)), Err(error), "{text}");
    }
    // Binary data may hold it.
    accepts("10 17  00 04 4D515454 04 C6 0000  00 00  00 01 77  00 01 00  00 00  00 01 00");
}

#[test]
fn mqtt_1_5_3_3_u_feff_is_kept_wherever_it_stands() {
    for text in ["EFBBBF", "EFBBBF 61", "61 EFBBBF", "61 EFBBBF 62", "EFBBBF EFBBBF"] {
        text_of(TEXTS, text);
        let bytes = hex(text);
        assert_eq!(Utf8Str::from_bytes(&bytes).unwrap().as_str().as_bytes(), bytes);
    }
    // It makes a difference: the two are not the same topic.
    let with = TopicName::new("\u{FEFF}a").unwrap();
    assert!(!TopicFilter::new("a").unwrap().matches(with));
    assert!(TopicFilter::new("\u{FEFF}a").unwrap().matches(with));
}
