//! UTF-8 encoded strings (1.5.3) and binary data: at most 65,535 bytes after a length of two.

use core::fmt;

use crate::error::{Fault, TextError};
use crate::reader::Text;
use crate::scan;

/// The most bytes that a string or binary field can have.
pub(crate) const MAX_FIELD_LEN: usize = 65_535;

/// A string of MQTT: at most 65,535 bytes of well-formed UTF-8 without U+0000 [MQTT-1.5.3-1] [MQTT-1.5.3-2].
///
/// U+FEFF is kept wherever it stands [MQTT-1.5.3-3]; comparison is byte for byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Utf8Str<'a>(&'a [u8]);

impl<'a> Utf8Str<'a> {
    /// The empty string.
    pub const EMPTY: Self = Self(&[]);

    /// Checks length and characters.
    ///
    /// # Errors
    /// The text has more than 65,535 bytes, or U+0000.
    pub fn new(text: &'a str) -> Result<Self, TextError> {
        Self::from_bytes(text.as_bytes())
    }

    /// Checks length, encoding and characters.
    ///
    /// # Errors
    /// There are more than 65,535 bytes, they are not well-formed UTF-8, or hold U+0000.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, TextError> {
        TextError::check(bytes)
    }

    /// The bytes, without the length before them.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text. This looks through the bytes again, since only that makes a `str` of them in safe Rust; compare and
    /// match by the type itself where speed counts.
    #[inline]
    pub fn as_str(self) -> &'a str {
        // Never the default: the bytes are well-formed.
        core::str::from_utf8(self.0).unwrap_or_default()
    }

    /// Length in bytes.
    #[inline]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Text<'a> for Utf8Str<'a> {
    #[inline(always)]
    fn is_plain(bytes: &[u8]) -> bool {
        scan::is_plain(bytes)
    }

    #[cold]
    fn check(bytes: &[u8]) -> Result<(), (Fault, usize)> {
        scan::find_fault(bytes).map_or(Ok(()), Err)
    }

    #[inline]
    fn checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Utf8Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Utf8Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq<str> for Utf8Str<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Utf8Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl AsRef<[u8]> for Utf8Str<'_> {
    /// The bytes, without the length before them.
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

impl AsRef<str> for Utf8Str<'_> {
    /// The text; looks through the bytes again, see [`Utf8Str::as_str`].
    #[inline]
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<Utf8Str<'_>> for str {
    fn eq(&self, other: &Utf8Str<'_>) -> bool {
        other == self
    }
}

impl PartialEq<Utf8Str<'_>> for &str {
    fn eq(&self, other: &Utf8Str<'_>) -> bool {
        other == *self
    }
}

impl<'a> TryFrom<&'a str> for Utf8Str<'a> {
    type Error = TextError;

    fn try_from(text: &'a str) -> Result<Self, TextError> {
        Self::new(text)
    }
}

/// Binary data of a field: at most 65,535 bytes (Will Message and Password, 3.1.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct BinaryData<'a>(&'a [u8]);

impl<'a> BinaryData<'a> {
    /// Checks the length.
    ///
    /// # Errors
    /// There are more than 65,535 bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self, TextError> {
        if bytes.len() > MAX_FIELD_LEN { Err(TextError::TOO_LONG) } else { Ok(Self(bytes)) }
    }

    /// Bytes of a field, so not too long.
    #[inline]
    pub(crate) fn checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes, without the length before them.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Length in bytes.
    #[inline]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for BinaryData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl AsRef<[u8]> for BinaryData<'_> {
    /// The bytes, without the length before them.
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

impl PartialEq<[u8]> for BinaryData<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        self.0 == other
    }
}

impl PartialEq<&[u8]> for BinaryData<'_> {
    fn eq(&self, other: &&[u8]) -> bool {
        self.0 == *other
    }
}

impl<const N: usize> PartialEq<[u8; N]> for BinaryData<'_> {
    fn eq(&self, other: &[u8; N]) -> bool {
        self.0 == other
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for BinaryData<'_> {
    fn eq(&self, other: &&[u8; N]) -> bool {
        self.0 == *other
    }
}

impl<'a> TryFrom<&'a [u8]> for BinaryData<'a> {
    type Error = TextError;

    fn try_from(bytes: &'a [u8]) -> Result<Self, TextError> {
        Self::new(bytes)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;
    use std::vec;

    use super::*;

    #[test]
    fn the_longest_text_has_65535_bytes() {
        let bytes = vec![b'a'; 65_536];
        assert!(Utf8Str::from_bytes(&bytes[1..]).is_ok());
        assert_eq!(Utf8Str::from_bytes(&bytes), Err(TextError::TOO_LONG));
        assert!(BinaryData::new(&bytes[1..]).is_ok());
        assert_eq!(BinaryData::new(&bytes), Err(TextError::TOO_LONG));
    }

    #[test]
    fn a_text_is_what_it_was_made_of() {
        let text = Utf8Str::new("größe").unwrap();
        assert_eq!(text, "größe");
        assert_eq!((text.to_string().as_str(), text.len()), ("größe", 7));
        assert!(Utf8Str::EMPTY.is_empty());
    }
}
