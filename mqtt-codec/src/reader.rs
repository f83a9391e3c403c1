//! Reads the fields of one packet's body, in order. The body is cut to the packet before, so nothing reads beyond it.
//!
//! The layout of each packet is written once and read in one of three ways. [`Quick`] takes what is plainly right and
//! has no words for anything else: no error, no observer, texts of ASCII alone, so that all of it stays in registers.
//! What it does not take is read again by [`Careful`], which knows every rule and says which one is broken. `Trusting`
//! reads what passed before: lengths are looked at, texts are not.

use crate::error::{DecodeError, Fault};
use crate::field::{Field, Observer};
use crate::packet_id::PacketId;
use crate::scan;
use crate::utf8_str::BinaryData;

/// A string type, which knows what can be wrong with it.
pub(crate) trait Text<'a>: Sized {
    /// Whether the bytes are plainly such a text: of ASCII, and by all rules. When it says no, they may still be one.
    fn is_plain(bytes: &[u8]) -> bool;

    /// Why the bytes are no such text, and at which byte of it.
    fn check(bytes: &[u8]) -> Result<(), (Fault, usize)>;

    /// Bytes that passed.
    fn checked(bytes: &'a [u8]) -> Self;
}

/// How a body is read.
pub(crate) trait Mode {
    type Error;

    /// A fault `back` bytes before the place where `left` bytes are left.
    fn fault(&self, left: usize, back: usize, fault: Fault, field: Field) -> Self::Error;

    /// The text is not plain, or discouraged characters are to be looked for. The bytes end where `left` are left.
    fn check<'a, T: Text<'a>>(&self, bytes: &'a [u8], left: usize, field: Field) -> Result<(), Self::Error>;

    /// Whether a text of this kind passes without a closer look.
    fn passes<'a, T: Text<'a>>(&self, bytes: &'a [u8]) -> bool;

    /// The length of a field was read, with `left` bytes left before it.
    #[inline]
    fn hear_length(&mut self, left: usize, field: Field) {
        let _ = (left, field);
    }

    /// A field of `len` bytes was read, with `left` bytes left before it.
    #[inline]
    fn hear_field(&mut self, left: usize, len: usize, field: Field) {
        let _ = (left, len, field);
    }
}

/// Takes what is plainly right.
pub(crate) struct Quick;

/// Not plainly right; [`Careful`] will tell.
pub(crate) struct Unsure;

impl Mode for Quick {
    type Error = Unsure;

    #[inline]
    fn fault(&self, _: usize, _: usize, _: Fault, _: Field) -> Unsure {
        Unsure
    }

    #[inline]
    fn check<'a, T: Text<'a>>(&self, _: &'a [u8], _: usize, _: Field) -> Result<(), Unsure> {
        Err(Unsure)
    }

    #[inline(always)]
    fn passes<'a, T: Text<'a>>(&self, bytes: &'a [u8]) -> bool {
        T::is_plain(bytes)
    }
}

/// Reads what was checked before.
#[cfg(feature = "bytes")]
pub(crate) struct Trusting;

#[cfg(feature = "bytes")]
impl Mode for Trusting {
    type Error = Unsure;

    #[inline]
    fn fault(&self, _: usize, _: usize, _: Fault, _: Field) -> Unsure {
        Unsure
    }

    #[inline]
    fn check<'a, T: Text<'a>>(&self, _: &'a [u8], _: usize, _: Field) -> Result<(), Unsure> {
        Ok(())
    }

    #[inline]
    fn passes<'a, T: Text<'a>>(&self, _: &'a [u8]) -> bool {
        true
    }
}

/// Knows every rule; the one place where an error gets its field and offset, and where an observer hears of a field.
pub(crate) struct Careful<'o, O> {
    /// Offset in the packet of the body's end.
    pub(crate) end: usize,
    pub(crate) strict_text: bool,
    pub(crate) observer: &'o mut O,
}

impl<O: Observer> Mode for Careful<'_, O> {
    type Error = DecodeError;

    fn fault(&self, left: usize, back: usize, fault: Fault, field: Field) -> DecodeError {
        DecodeError::new(fault, field, self.end.saturating_sub(left).saturating_sub(back))
    }

    fn check<'a, T: Text<'a>>(&self, bytes: &'a [u8], left: usize, field: Field) -> Result<(), DecodeError> {
        let (fault, at) = match T::check(bytes) {
            Err(fault) => fault,
            Ok(()) if !self.strict_text => return Ok(()),
            Ok(()) => match scan::find_discouraged(bytes) {
                Some(at) => (Fault::DiscouragedCharacter, at),
                None => return Ok(()),
            },
        };
        Err(self.fault(left, bytes.len() - at, fault, field))
    }

    fn passes<'a, T: Text<'a>>(&self, bytes: &'a [u8]) -> bool {
        T::is_plain(bytes) && !self.strict_text
    }

    fn hear_length(&mut self, left: usize, field: Field) {
        let start = self.end.saturating_sub(left);
        self.observer.length(field, start..start + 2);
    }

    fn hear_field(&mut self, left: usize, len: usize, field: Field) {
        let start = self.end.saturating_sub(left);
        self.observer.field(field, start..start + len);
    }
}

pub(crate) struct Reader<'a, M> {
    rest: &'a [u8],
    mode: M,
}

impl<'a, M: Mode> Reader<'a, M> {
    #[inline]
    pub(crate) fn new(body: &'a [u8], mode: M) -> Self {
        Self { rest: body, mode }
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

    /// A fault in the field that ends here and began `back` bytes before.
    #[inline]
    pub(crate) fn fault(&self, fault: Fault, field: Field, back: usize) -> M::Error {
        self.mode.fault(self.rest.len(), back, fault, field)
    }

    /// A fault in the fixed header, seen late.
    #[inline]
    pub(crate) fn fault_in_first_byte(&self, fault: Fault) -> M::Error {
        self.mode.fault(self.rest.len(), usize::MAX, fault, Field::FixedHeader)
    }

    #[inline(always)]
    fn chunk<const N: usize>(&mut self, field: Field) -> Result<[u8; N], M::Error> {
        let Some((chunk, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.fault(Fault::FieldPastEnd, field, 0));
        };
        self.mode.hear_field(self.rest.len(), N, field);
        self.rest = rest;
        Ok(*chunk)
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: Field) -> Result<u8, M::Error> {
        self.chunk::<1>(field).map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self, field: Field) -> Result<u16, M::Error> {
        self.chunk(field).map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn packet_id(&mut self) -> Result<PacketId, M::Error> {
        match PacketId::new(self.u16(Field::PacketIdentifier)?) {
            Some(id) => Ok(id),
            None => Err(self.fault(Fault::ZeroPacketId, Field::PacketIdentifier, 2)),
        }
    }

    /// A Packet Identifier and nothing else.
    #[inline]
    pub(crate) fn only_packet_id(mut self) -> Result<PacketId, M::Error> {
        let id = self.packet_id()?;
        self.finish()?;
        Ok(id)
    }

    /// A length of two bytes and that many bytes.
    #[inline(always)]
    pub(crate) fn prefixed(&mut self, field: Field) -> Result<&'a [u8], M::Error> {
        let Some((len, rest)) = self.rest.split_first_chunk::<2>() else {
            return Err(self.fault(Fault::FieldPastEnd, field, 0));
        };
        self.mode.hear_length(self.rest.len(), field);
        let len = usize::from(u16::from_be_bytes(*len));
        let Some((content, after)) = rest.split_at_checked(len) else {
            return Err(self.fault(Fault::FieldPastEnd, field, 0));
        };
        self.mode.hear_field(rest.len(), len, field);
        self.rest = after;
        Ok(content)
    }

    #[inline]
    pub(crate) fn binary(&mut self, field: Field) -> Result<BinaryData<'a>, M::Error> {
        self.prefixed(field).map(BinaryData::checked)
    }

    #[inline(always)]
    pub(crate) fn text<T: Text<'a>>(&mut self, field: Field) -> Result<T, M::Error> {
        let bytes = self.prefixed(field)?;
        if !self.mode.passes::<T>(bytes) {
            self.mode.check::<T>(bytes, self.rest.len(), field)?;
        }
        Ok(T::checked(bytes))
    }

    /// All the rest, as one field, also when it is empty.
    #[inline]
    pub(crate) fn remainder(mut self, field: Field) -> &'a [u8] {
        self.mode.hear_field(self.rest.len(), self.rest.len(), field);
        self.rest
    }

    /// Nothing may be left.
    #[inline]
    pub(crate) fn finish(&self) -> Result<(), M::Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault(Fault::LeftOverBytes, Field::LeftOver, 0)) }
    }
}
