//! Reads the fields of one packet's body, in order. The body is cut to the packet before, so nothing reads beyond it.

use crate::error::{DecodeError, Fault};
use crate::field::{Field, Observer};
use crate::packet_id::PacketId;
use crate::scan;
use crate::topic::{TopicFilter, TopicName};
use crate::utf8_str::{BinaryData, Utf8Str};

/// The one place where an error gets its field and offset, and where an observer hears of a field.
pub(crate) struct Reader<'a, 'o, O> {
    rest: &'a [u8],
    /// Offset in the packet of the end of `rest`.
    end: usize,
    strict_text: bool,
    observer: &'o mut O,
}

impl<'a, 'o, O: Observer> Reader<'a, 'o, O> {
    #[inline]
    pub(crate) fn new(body: &'a [u8], header_len: usize, strict_text: bool, observer: &'o mut O) -> Self {
        Self { rest: body, end: header_len + body.len(), strict_text, observer }
    }

    /// Offset in the packet of the next byte.
    #[inline]
    pub(crate) fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The bytes not read yet, without reading them.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[cold]
    fn past_end(&self, field: Field) -> DecodeError {
        DecodeError::new(Fault::FieldPastEnd, field, self.offset())
    }

    /// A fault in the field that ends here and began `len` bytes before.
    #[cold]
    pub(crate) fn fault(&self, fault: Fault, field: Field, len: usize) -> DecodeError {
        DecodeError::new(fault, field, self.offset() - len)
    }

    #[inline]
    fn chunk<const N: usize>(&mut self, field: Field) -> Result<[u8; N], DecodeError> {
        let Some((chunk, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.past_end(field));
        };
        let start = self.offset();
        self.observer.field(field, start..start + N);
        self.rest = rest;
        Ok(*chunk)
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: Field) -> Result<u8, DecodeError> {
        self.chunk::<1>(field).map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self, field: Field) -> Result<u16, DecodeError> {
        self.chunk(field).map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn packet_id(&mut self) -> Result<PacketId, DecodeError> {
        match PacketId::new(self.u16(Field::PacketIdentifier)?) {
            Some(id) => Ok(id),
            None => Err(self.fault(Fault::ZeroPacketId, Field::PacketIdentifier, 2)),
        }
    }

    /// A length of two bytes and that many bytes.
    #[inline]
    pub(crate) fn prefixed(&mut self, field: Field) -> Result<&'a [u8], DecodeError> {
        let Some((len, rest)) = self.rest.split_first_chunk::<2>() else {
            return Err(self.past_end(field));
        };
        let start = self.offset();
        self.observer.length(field, start..start + 2);
        let len = usize::from(u16::from_be_bytes(*len));
        let Some((content, rest)) = rest.split_at_checked(len) else {
            return Err(self.past_end(field));
        };
        self.observer.field(field, start + 2..start + 2 + len);
        self.rest = rest;
        Ok(content)
    }

    #[inline]
    pub(crate) fn binary(&mut self, field: Field) -> Result<BinaryData<'a>, DecodeError> {
        self.prefixed(field).map(BinaryData::checked)
    }

    #[inline]
    fn text<T>(
        &mut self,
        field: Field,
        check: impl FnOnce(&'a [u8]) -> Result<T, (Fault, usize)>,
    ) -> Result<T, DecodeError> {
        let bytes = self.prefixed(field)?;
        match check(bytes) {
            Ok(text) => {
                if self.strict_text
                    && let Some(at) = scan::find_discouraged(bytes)
                {
                    return Err(self.fault(Fault::DiscouragedCharacter, field, bytes.len() - at));
                }
                Ok(text)
            }
            Err((fault, at)) => Err(self.fault(fault, field, bytes.len() - at)),
        }
    }

    #[inline]
    pub(crate) fn utf8_str(&mut self, field: Field) -> Result<Utf8Str<'a>, DecodeError> {
        self.text(field, Utf8Str::check)
    }

    #[inline]
    pub(crate) fn topic_name(&mut self, field: Field) -> Result<TopicName<'a>, DecodeError> {
        self.text(field, TopicName::check)
    }

    #[inline]
    pub(crate) fn topic_filter(&mut self) -> Result<TopicFilter<'a>, DecodeError> {
        self.text(Field::TopicFilter, TopicFilter::check)
    }

    /// All the rest, as one field, also when it is empty.
    #[inline]
    pub(crate) fn remainder(&mut self, field: Field) -> &'a [u8] {
        self.observer.field(field, self.offset()..self.end);
        core::mem::take(&mut self.rest)
    }

    /// Nothing may be left.
    #[inline]
    pub(crate) fn finish(&mut self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(self.fault(Fault::LeftOverBytes, Field::LeftOver, 0))
    }
}
