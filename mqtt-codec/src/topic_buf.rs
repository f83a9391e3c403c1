//! Topic Names and Topic Filters that own their bytes.

use alloc::string::String;
use core::fmt;

use bytes::Bytes;

use crate::error::TextError;
use crate::packet_buf::part_of;
use crate::reader::Text;
use crate::topic::{TopicFilter, TopicName};

/// A Topic Name that is kept: checked once, shared when cloned, never empty, without wildcards [MQTT-3.3.2-2].
///
/// ```
/// use mqtt_codec::TopicNameBuf;
///
/// let topic = TopicNameBuf::try_from("home/light/status")?;
/// assert_eq!(topic.as_str(), "home/light/status");
/// assert!(TopicNameBuf::try_from("home/+/status").is_err());
/// # Ok::<(), mqtt_codec::TextError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicNameBuf(Bytes);

/// A Topic Filter that is kept: checked once, shared when cloned, wildcards only where they may stand [MQTT-4.7.1-2]
/// [MQTT-4.7.1-3].
///
/// ```
/// use mqtt_codec::{TopicFilterBuf, TopicNameBuf};
///
/// let filter = TopicFilterBuf::try_from("home/+/status")?;
/// assert!(filter.matches(TopicNameBuf::try_from("home/light/status")?.as_name()));
/// # Ok::<(), mqtt_codec::TextError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicFilterBuf(Bytes);

impl TopicFilterBuf {
    /// Whether messages with this Topic Name match (4.7).
    #[inline]
    pub fn matches(&self, name: TopicName<'_>) -> bool {
        self.as_filter().matches(name)
    }
}

macro_rules! owned {
    ($owned:ident, $borrowed:ident, $borrow:ident) => {
        impl $owned {
            /// Of text that lives as long as the program: nothing is copied.
            ///
            /// # Errors
            /// The text is none: see [`TextError`].
            pub fn from_static(text: &'static str) -> Result<Self, TextError> {
                Self::from_shared(Bytes::from_static(text.as_bytes()))
            }

            /// Of bytes that are shared already: nothing is copied.
            ///
            /// # Errors
            /// The bytes are none: see [`TextError`].
            pub fn from_shared(bytes: Bytes) -> Result<Self, TextError> {
                $borrowed::from_bytes(&bytes)?;
                Ok(Self(bytes))
            }

            /// Sharing the memory that it was decoded from, instead of a copy; a copy when it is no part of `bytes`.
            #[inline]
            pub fn part_of(bytes: &Bytes, text: $borrowed<'_>) -> Self {
                match part_of(bytes, text.as_bytes()) {
                    Some(part) => Self(part),
                    None => Self::from(text),
                }
            }

            /// Borrowed, as packets hold it.
            #[inline]
            pub fn $borrow(&self) -> $borrowed<'_> {
                $borrowed::checked(&self.0)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                self.$borrow().as_str()
            }

            /// The bytes of the text, shared.
            pub fn as_bytes(&self) -> &Bytes {
                &self.0
            }
        }

        impl From<$borrowed<'_>> for $owned {
            fn from(text: $borrowed<'_>) -> Self {
                Self(Bytes::copy_from_slice(text.as_bytes()))
            }
        }

        impl From<&$owned> for $owned {
            fn from(text: &$owned) -> Self {
                text.clone()
            }
        }

        impl TryFrom<&str> for $owned {
            type Error = TextError;

            fn try_from(text: &str) -> Result<Self, TextError> {
                $borrowed::new(text).map(Self::from)
            }
        }

        impl TryFrom<String> for $owned {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                Self::from_shared(text.into())
            }
        }

        impl TryFrom<&String> for $owned {
            type Error = TextError;

            fn try_from(text: &String) -> Result<Self, TextError> {
                Self::try_from(text.as_str())
            }
        }

        impl core::str::FromStr for $owned {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::try_from(text)
            }
        }

        impl fmt::Display for $owned {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $owned {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl PartialEq<str> for $owned {
            fn eq(&self, other: &str) -> bool {
                self.0 == other.as_bytes()
            }
        }

        impl PartialEq<&str> for $owned {
            fn eq(&self, other: &&str) -> bool {
                self == *other
            }
        }
    };
}

owned!(TopicNameBuf, TopicName, as_name);
owned!(TopicFilterBuf, TopicFilter, as_filter);

impl From<TopicNameBuf> for TopicFilterBuf {
    /// The filter that matches this name alone.
    fn from(name: TopicNameBuf) -> Self {
        Self(name.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_shares_its_memory_and_anything_else_is_copied() {
        let packet = Bytes::from_static(b"\x30\x05\x00\x01abc");
        let inside = TopicName::from_bytes(&packet[4..5]).unwrap();
        let shared = TopicNameBuf::part_of(&packet, inside);
        assert_eq!((shared.as_str(), shared.as_bytes().as_ptr()), ("a", packet[4..].as_ptr()));
        let outside = TopicName::new("a").unwrap();
        let copied = TopicNameBuf::part_of(&packet, outside);
        assert_eq!(copied, shared);
        assert_ne!(copied.as_bytes().as_ptr(), outside.as_bytes().as_ptr());
    }

    #[test]
    fn what_is_no_topic_is_refused_from_every_source() {
        for bad in ["", "a/#", "\0"] {
            assert!(TopicNameBuf::try_from(bad).is_err());
            assert!(TopicNameBuf::try_from(String::from(bad)).is_err());
            assert!(TopicNameBuf::from_static(bad).is_err());
        }
        assert!(TopicFilterBuf::from_shared(Bytes::from_static(&[0xFF])).is_err());
        assert_eq!("a/#".parse::<TopicFilterBuf>().unwrap(), "a/#");
    }
}
