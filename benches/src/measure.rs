//! The loops that repeat an operation, alike for all implementations.
//!
//! The input goes in through [`black_box`], and a reference to the result goes out through it: the result is built in
//! memory, and dropped inside the loop. An operation is a function that is not inlined, so its call is counted too.

use std::any::Any;
use std::hint::black_box;

use bytes::{Bytes, BytesMut};

use crate::workloads::MIXED;

/// A number of operations, ready to run: what was set up before is not measured, and what is left behind is given back,
/// so that dropping it is not measured either.
pub type Prepared = Box<dyn FnOnce() -> Box<dyn Any>>;

/// The same operation on the same input.
pub fn repeat<I: Copy + 'static, T>(
    times: usize,
    input: I,
    operation: impl Fn(I) -> T + 'static,
) -> Prepared {
    Box::new(move || {
        for _ in 0..times {
            let result = operation(black_box(input));
            black_box(&result);
        }
        Box::new(())
    })
}

/// The same operation on the same input, with something it may change: a buffer to write to.
pub fn repeat_with<I: Copy + 'static, S: 'static, T>(
    times: usize,
    input: I,
    mut state: S,
    operation: impl Fn(I, &mut S) -> T + 'static,
) -> Prepared {
    Box::new(move || {
        for _ in 0..times {
            let result = operation(black_box(input), black_box(&mut state));
            black_box(&result);
        }
        Box::new(state)
    })
}

/// An operation that takes all packets off a stream; it returns how many, and none may be missing.
pub fn repeat_stream<I: Copy + 'static, S: 'static>(
    times: usize,
    input: I,
    state: S,
    operation: impl Fn(I, &mut S) -> usize + 'static,
) -> Prepared {
    repeat_with(times, input, state, move |input, state| {
        assert_eq!(operation(input, state), MIXED.packets, "each packet is decoded");
    })
}

/// A stream with room behind it, as one that is read from the network has: else a codec that asks for room for what is
/// to come would copy it all.
pub fn with_room(bytes: &[u8]) -> BytesMut {
    let mut stream = BytesMut::with_capacity(bytes.len() + 1024);
    stream.extend_from_slice(bytes);
    stream
}

/// An operation that takes one packet off the front of a stream of equal packets. One stays behind, so that no operation
/// drops the stream's last handle.
pub fn take<S: 'static, T>(
    times: usize,
    packet: &[u8],
    of: impl FnOnce(BytesMut) -> S,
    operation: impl Fn(&mut S) -> T + 'static,
) -> Prepared {
    let mut stream = of(with_room(&packet.repeat(times + 1)));
    Box::new(move || {
        for _ in 0..times {
            let result = operation(black_box(&mut stream));
            black_box(&result);
        }
        Box::new(stream)
    })
}

/// An operation that uses up its input: as many of them are made beforehand.
pub fn consume<I: 'static, S: 'static, T>(
    times: usize,
    make: impl Fn() -> I,
    mut state: S,
    operation: impl Fn(I, &mut S) -> T + 'static,
) -> Prepared {
    let inputs: Vec<I> = (0..times).map(|_| make()).collect();
    Box::new(move || {
        for input in inputs {
            let result = operation(black_box(input), black_box(&mut state));
            black_box(&result);
        }
        Box::new(state)
    })
}

/// For [`take`]: a stream that is shared already.
pub fn shared(stream: BytesMut) -> Bytes {
    stream.freeze()
}

/// Does nothing, in the same loop as everything else: what the loop itself costs.
pub fn nothing(times: usize) -> Prepared {
    repeat(times, [0u8; 2].as_slice(), |_| ())
}

/// What arrives of a stream, for a codec that decodes from a slice: what is left of a packet moves to the front.
#[derive(Debug)]
pub struct Inbox {
    bytes: Box<[u8]>,
    len: usize,
}

impl Inbox {
    /// Room for so many bytes.
    pub fn new(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity].into(), len: 0 }
    }

    /// Takes in one piece, then gives all that is there to `decode` as long as that takes packets off: it returns the
    /// length of the one at the front, or `None` when it is not whole.
    #[inline]
    pub fn feed(&mut self, piece: &[u8], mut decode: impl FnMut(&[u8]) -> Option<usize>) {
        let end = self.len + piece.len();
        self.bytes.get_mut(self.len..end).expect("room for a packet and a piece").copy_from_slice(piece);
        let mut rest = self.bytes.get(..end).unwrap_or_default();
        while let Some(len) = decode(rest) {
            rest = rest.get(len..).unwrap_or_default();
        }
        let left = rest.len();
        self.bytes.copy_within(end - left..end, 0);
        self.len = left;
    }
}

/// First byte, body, and what follows the packet at the front; `None` when it is not whole. For codecs that leave
/// framing to their caller, or do not say how long the packet was that they decoded.
#[inline]
pub fn cut(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut len = 0;
    for shift in [0, 7, 14, 21] {
        let (&byte, behind) = rest.split_first()?;
        rest = behind;
        len |= usize::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            let (body, rest) = rest.split_at_checked(len)?;
            return Some((first, body, rest));
        }
    }
    None
}
