//! Topic Names and Topic Filters (4.7): two types, since one is published to and the other subscribed to.

use core::fmt;

use crate::error::{Fault, TextError};
use crate::matching;
use crate::reader::Text;
use crate::scan::{self, is_wildcard};
use crate::utf8_str::Utf8Str;

/// A Topic Name: what a message is published to. At least one byte, no wildcards [MQTT-4.7.1-1] [MQTT-4.7.3-1].
///
/// ```
/// use mqtt_codec::TopicName;
///
/// assert!(TopicName::new("home/light/status").is_ok());
/// assert_eq!(TopicName::new("home/+/status").unwrap_err().to_string(), "wildcard in a topic name at byte 5 of the text");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicName<'a>(&'a [u8]);

/// A Topic Filter: what is subscribed to. `#` is the whole last level or absent, `+` fills whole levels
/// [MQTT-4.7.1-2] [MQTT-4.7.1-3].
///
/// ```
/// use mqtt_codec::{TopicFilter, TopicName};
///
/// let filter = TopicFilter::new("home/+/status")?;
/// assert!(filter.matches(TopicName::new("home/light/status")?));
/// assert!(!filter.matches(TopicName::new("home/light/control")?));
/// assert!(TopicFilter::new("home/#/status").is_err());
/// # Ok::<(), mqtt_codec::TextError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicFilter<'a>(&'a [u8]);

impl<'a> Text<'a> for TopicName<'a> {
    #[inline(always)]
    fn is_plain(bytes: &[u8]) -> bool {
        scan::is_plain_topic(bytes)
    }

    #[inline]
    fn check(bytes: &[u8]) -> Result<(), (Fault, usize)> {
        find_name_fault(bytes)
    }

    #[inline]
    fn checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Text<'a> for TopicFilter<'a> {
    #[inline(always)]
    fn is_plain(bytes: &[u8]) -> bool {
        scan::is_plain_filter(bytes)
    }

    #[inline]
    fn check(bytes: &[u8]) -> Result<(), (Fault, usize)> {
        find_filter_fault(bytes)
    }

    #[inline]
    fn checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

#[cold]
#[inline(never)]
fn find_name_fault(bytes: &[u8]) -> Result<(), (Fault, usize)> {
    if scan::is_name(bytes) && core::str::from_utf8(bytes).is_ok() {
        return Ok(());
    }
    if bytes.is_empty() {
        return Err((Fault::EmptyTopic, 0));
    }
    if let Some(fault) = scan::find_fault(bytes) {
        return Err(fault);
    }
    match bytes.iter().position(|&byte| is_wildcard(byte)) {
        Some(at) => Err((Fault::WildcardInTopicName, at)),
        None => Ok(()),
    }
}

impl<'a> TopicFilter<'a> {
    /// Whether a message with this Topic Name goes to a subscription with this filter (4.7).
    ///
    /// Byte for byte, without normalisation [MQTT-4.7.3-4]; a filter that begins with a wildcard does not match a
    /// name that begins with `$` [MQTT-4.7.2-1]. Linear in the shorter of the two, without allocation.
    #[inline]
    pub fn matches(self, name: TopicName<'_>) -> bool {
        matching::matches(self.0, name.0)
    }
}

#[cold]
#[inline(never)]
pub(crate) fn find_filter_fault(bytes: &[u8]) -> Result<(), (Fault, usize)> {
    if bytes.is_empty() {
        return Err((Fault::EmptyTopic, 0));
    }
    if !scan::is_plain(bytes)
        && let Some(fault) = scan::find_fault(bytes)
    {
        return Err(fault);
    }
    let mut before = b'/';
    let mut rest = bytes.iter();
    let mut at = 0;
    while let Some(&byte) = rest.next() {
        if is_wildcard(byte) {
            let after = rest.as_slice().first().copied();
            match (byte, before, after) {
                (b'#', b'/', None) | (b'+', b'/', None | Some(b'/')) => {}
                (b'#', ..) => return Err((Fault::MisplacedHash, at)),
                _ => return Err((Fault::MisplacedPlus, at)),
            }
        }
        before = byte;
        at += 1;
    }
    Ok(())
}

/// What the two types have in common: text in, text out.
macro_rules! text {
    ($name:ident) => {
        impl<'a> $name<'a> {
            /// Checks length, characters and wildcards.
            ///
            /// # Errors
            /// The text is empty, has more than 65,535 bytes, U+0000, or a wildcard where none may be.
            pub fn new(text: &'a str) -> Result<Self, TextError> {
                Self::from_bytes(text.as_bytes())
            }

            /// Checks length, encoding, characters and wildcards.
            ///
            /// # Errors
            /// As for [`new`](Self::new), and when the bytes are not well-formed UTF-8.
            pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, TextError> {
                TextError::check(bytes)
            }

            /// The same text without the promise of its type.
            #[inline]
            pub fn text(self) -> Utf8Str<'a> {
                Utf8Str::checked(self.0)
            }

            /// The bytes, without the length before them.
            #[inline]
            pub const fn as_bytes(self) -> &'a [u8] {
                self.0
            }

            /// Length in bytes, 1 to 65,535 [MQTT-4.7.3-1] [MQTT-4.7.3-3].
            #[inline]
            #[expect(clippy::len_without_is_empty, reason = "never empty")]
            pub const fn len(self) -> usize {
                self.0.len()
            }

            /// The text; looks through the bytes again, see [`Utf8Str::as_str`].
            #[inline]
            pub fn as_str(self) -> &'a str {
                self.text().as_str()
            }

            /// The levels between the separators, from the left; levels may be empty (4.7.1.1).
            ///
            /// From both ends: the last level is `levels().next_back()`.
            pub fn levels(self) -> impl DoubleEndedIterator<Item = &'a str> + Clone {
                self.as_str().split('/')
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.text(), f)
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.text(), f)
            }
        }

        impl PartialEq<str> for $name<'_> {
            fn eq(&self, other: &str) -> bool {
                self.0 == other.as_bytes()
            }
        }

        impl PartialEq<&str> for $name<'_> {
            fn eq(&self, other: &&str) -> bool {
                self == *other
            }
        }

        impl AsRef<[u8]> for $name<'_> {
            /// The bytes, without the length before them.
            #[inline]
            fn as_ref(&self) -> &[u8] {
                self.0
            }
        }

        impl AsRef<str> for $name<'_> {
            /// The text; looks through the bytes again, see [`Utf8Str::as_str`].
            #[inline]
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<$name<'_>> for str {
            fn eq(&self, other: &$name<'_>) -> bool {
                other == self
            }
        }

        impl PartialEq<$name<'_>> for &str {
            fn eq(&self, other: &$name<'_>) -> bool {
                other == *self
            }
        }

        impl<'a> TryFrom<&'a str> for $name<'a> {
            type Error = TextError;

            fn try_from(text: &'a str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }
    };
}

text!(TopicName);
text!(TopicFilter);

impl<'a> From<TopicName<'a>> for TopicFilter<'a> {
    /// The filter that matches this name alone.
    fn from(name: TopicName<'a>) -> Self {
        Self(name.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_only_where_they_may() {
        for good in [
            "#",
            "+",
            "/",
            "a/#",
            "a/+/b",
            "+/#",
            "+/+",
            "/+",
            "/#",
            "a//b",
            " ",
            "$SYS/#",
            "a/",
            "+/",
            "ä/+/ö/#",
        ] {
            assert!(TopicFilter::new(good).is_ok(), "{good}");
        }
        for (bad, fault, offset) in [
            ("", Fault::EmptyTopic, 0),
            ("a#", Fault::MisplacedHash, 1),
            ("a/#/b", Fault::MisplacedHash, 2),
            ("#/a", Fault::MisplacedHash, 0),
            ("##", Fault::MisplacedHash, 0),
            ("#/", Fault::MisplacedHash, 0),
            ("a/b+", Fault::MisplacedPlus, 3),
            ("+a", Fault::MisplacedPlus, 0),
            ("a/++", Fault::MisplacedPlus, 2),
            ("+#", Fault::MisplacedPlus, 0),
            ("ä/#a", Fault::MisplacedHash, 3),
            ("a\0", Fault::NulCharacter, 1),
        ] {
            assert_eq!(TopicFilter::new(bad), Err(TextError { fault: Some(fault), offset }), "{bad}");
        }
    }

    #[test]
    fn names_have_no_wildcards() {
        for good in ["a", "/", "a b", "$SYS", "ä", "//"] {
            assert!(TopicName::new(good).is_ok(), "{good}");
        }
        for (bad, fault, offset) in [
            ("", Fault::EmptyTopic, 0),
            ("a/b/#", Fault::WildcardInTopicName, 4),
            ("ä+", Fault::WildcardInTopicName, 2),
            ("\0", Fault::NulCharacter, 0),
        ] {
            assert_eq!(TopicName::new(bad), Err(TextError { fault: Some(fault), offset }), "{bad}");
        }
    }
}
