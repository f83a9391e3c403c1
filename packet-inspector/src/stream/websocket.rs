//! WebSocket (RFC 6455) as far as MQTT needs it: the HTTP before it, frames, masks, compression (RFC 7692).

use flate2::{Decompress, FlushDecompress, Status};

/// The longest HTTP header that is read.
const LONGEST_HEAD: usize = 16 << 10;

/// What the HTTP head of one side says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// It is not whole.
    More,
    /// WebSocket frames follow behind so many bytes.
    WebSocket {
        len: usize,
        /// MQTT was asked for by name.
        mqtt: bool,
    },
    /// Another use of HTTP.
    Http,
}

/// Reads the head of a request or an answer.
pub(super) fn head(bytes: &[u8]) -> Head {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if bytes.len() > LONGEST_HEAD { Head::Http } else { Head::More };
    };
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let upgrades = lines.any(|line| {
        line.split_once(':')
            .is_some_and(|(name, value)| name.trim() == "upgrade" && value.trim() == "websocket")
    });
    let mqtt = text.lines().any(|line| {
        line.split_once(':').is_some_and(|(name, value)| {
            name.trim() == "sec-websocket-protocol"
                && value.split(',').any(|name| name.trim().starts_with("mqtt"))
        })
    });
    let accepted = !first.starts_with("http/") || first.split(' ').nth(1) == Some("101");
    if upgrades && accepted { Head::WebSocket { len: end + 4, mqtt } } else { Head::Http }
}

/// One side's frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// A frame header that is not whole.
    header: Vec<u8>,
    /// The frame whose payload comes.
    frame: Option<Frame>,
    /// A hole has taken the place of the next frame.
    pub(super) lost: bool,
    /// The message that the next frame may go on with is compressed.
    compressed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    left: u64,
    mask: [u8; 4],
    /// The next byte's place in the mask.
    phase: usize,
    /// Data, not a ping, pong or close.
    data: bool,
    /// Its message begins with it.
    begins: bool,
    /// Its message ends with it.
    ends: bool,
    /// It says that its message is compressed, or its message did.
    compressed: bool,
}

/// What is taken off the front of a side's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many bytes of a frame header, or of a frame without data.
    Passed(usize),
    /// So many bytes of a message; they have to be unmasked.
    Data(usize),
    /// This is no frame.
    Wrong,
}

impl Frames {
    /// Takes what comes next; `bytes` is not empty.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Step {
        if let Some(frame) = self.frame.filter(|frame| frame.left > 0) {
            let len = usize::try_from(frame.left).unwrap_or(usize::MAX).min(bytes.len());
            return if frame.data { Step::Data(len) } else { self.pass(len) };
        }
        for (taken, byte) in (1..).zip(bytes) {
            self.header.push(*byte);
            match read_header(&self.header) {
                Header::More => {}
                Header::Whole(mut frame) => {
                    if frame.data {
                        self.compressed = if frame.begins { frame.compressed } else { self.compressed };
                        frame.compressed = self.compressed;
                    }
                    self.frame = Some(frame);
                    self.header.clear();
                    return Step::Passed(taken);
                }
                Header::Wrong => return Step::Wrong,
            }
        }
        Step::Passed(bytes.len())
    }

    fn pass(&mut self, len: usize) -> Step {
        self.advance(len as u64);
        Step::Passed(len)
    }

    fn advance(&mut self, len: u64) {
        if let Some(frame) = &mut self.frame {
            frame.left = frame.left.saturating_sub(len);
            frame.phase = (frame.phase + usize::try_from(len % 4).unwrap_or_default()) % 4;
        }
    }

    /// Takes the mask off the data that [`next`](Self::next) told of.
    pub(super) fn unmask(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let Some(frame) = self.frame else { return };
        let mask = frame.mask.iter().cycle().skip(frame.phase);
        out.clear();
        out.extend(data.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        self.advance(data.len() as u64);
    }

    /// Whether the data that was unmasked last is compressed, and whether a message ends behind it.
    pub(super) fn compression(&self) -> (bool, bool) {
        self.frame.map_or((false, false), |frame| (frame.compressed, frame.ends && frame.left == 0))
    }

    /// So many bytes are missing; the bytes of MQTT among them, if that is known.
    pub(super) fn hole(&mut self, len: u64) -> Option<u64> {
        match self.frame {
            Some(frame) if len > 0 && len <= frame.left => {
                self.advance(len);
                Some(if frame.data { len } else { 0 })
            }
            _ => {
                *self = Self { lost: true, ..Self::default() };
                None
            }
        }
    }
}

enum Header {
    More,
    Whole(Frame),
    Wrong,
}

fn read_header(bytes: &[u8]) -> Header {
    let [first, second, rest @ ..] = bytes else { return Header::More };
    let opcode = first & 0x0F;
    let compressed = first & 0x70 == 0x40 && matches!(opcode, 1 | 2);
    if first & 0x70 != 0 && !compressed || !matches!(opcode, 0..=2 | 8..=10) {
        return Header::Wrong;
    }
    let (len, rest) = match (second & 0x7F, rest) {
        (126, [high, low, rest @ ..]) => (u64::from(u16::from_be_bytes([*high, *low])), rest),
        (127, rest) => match rest.split_first_chunk() {
            Some((len, rest)) => (u64::from_be_bytes(*len), rest),
            None => return Header::More,
        },
        (126, _) => return Header::More,
        (len, rest) => (u64::from(len), rest),
    };
    let mask = match (second & 0x80 != 0, rest.first_chunk()) {
        (false, _) => [0; 4],
        (true, Some(mask)) => *mask,
        (true, None) => return Header::More,
    };
    let (begins, ends) = (matches!(opcode, 1 | 2), first & 0x80 != 0);
    Header::Whole(Frame { left: len, mask, phase: 0, data: opcode <= 2, begins, ends, compressed })
}

/// Takes off the compression of one side's messages, which goes on from message to message.
pub(super) struct Inflater(Decompress);

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inflater")
    }
}

impl Inflater {
    /// About the bytes that it holds: a window of 32 KiB, and tables.
    pub(super) const HOLDS: usize = 48 << 10;

    /// Bytes that are given at once, however many there are.
    const PIECE: usize = 16 << 10;

    /// What a sender leaves out at the end of a message.
    const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

    pub(super) fn new() -> Self {
        Self(Decompress::new(false))
    }

    /// Gives what these bytes of a message are, in pieces; `None` when they are not compressed as they should be.
    pub(super) fn inflate(&mut self, data: &[u8], ends: bool, mut give: impl FnMut(&[u8])) -> Option<()> {
        let tail: &[u8] = if ends { &Self::TAIL } else { &[] };
        let mut piece = Vec::with_capacity(Self::PIECE);
        for mut part in [data, tail] {
            loop {
                piece.clear();
                let before = self.0.total_in();
                let status = self.0.decompress_vec(part, &mut piece, FlushDecompress::None).ok()?;
                let read = usize::try_from(self.0.total_in() - before).ok()?;
                part = part.get(read..)?;
                give(&piece);
                let all_given = piece.len() < piece.capacity();
                if status == Status::StreamEnd {
                    // A last block: what follows begins anew.
                    self.0.reset(false);
                } else if read == 0 && piece.is_empty() {
                    break;
                }
                if part.is_empty() && all_given {
                    break;
                }
            }
        }
        Some(())
    }
}

/// Whether whole frames fill these bytes, as where a segment begins with one.
pub(super) fn fills(bytes: &[u8]) -> bool {
    unmasked(bytes).is_some()
}

/// The data of the whole frames that fill these bytes.
pub(super) fn unmasked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    if bytes.is_empty() {
        return None;
    }
    while !bytes.is_empty() {
        let (header, frame) =
            (2..=bytes.len().min(14)).find_map(|len| match read_header(bytes.get(..len)?) {
                Header::Whole(frame) if !frame.compressed => Some((len, frame)),
                Header::Whole(_) | Header::More | Header::Wrong => None,
            })?;
        let end = usize::try_from(frame.left).ok()?.checked_add(header)?;
        let payload = bytes.get(header..end)?;
        if frame.data {
            // Zeros would be empty frames without end.
            if payload.is_empty() {
                return None;
            }
            data.extend(payload.iter().zip(frame.mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        }
        bytes = bytes.get(end..)?;
    }
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455, 5.7.
    const MASKED_HELLO: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

    #[test]
    fn the_masked_hello_of_the_standard_is_read_in_any_pieces() {
        for cut in 0..=MASKED_HELLO.len() {
            let mut frames = Frames::default();
            let (mut text, mut scratch): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
            for mut piece in [&MASKED_HELLO[..cut], &MASKED_HELLO[cut..]] {
                while !piece.is_empty() {
                    match frames.next(piece) {
                        Step::Passed(len) => piece = &piece[len..],
                        Step::Data(len) => {
                            frames.unmask(&piece[..len], &mut scratch);
                            text.extend(&scratch);
                            piece = &piece[len..];
                        }
                        Step::Wrong => panic!("no frame"),
                    }
                }
            }
            assert_eq!(text, b"Hello", "cut at {cut}");
        }
        assert_eq!(unmasked(MASKED_HELLO).unwrap(), b"Hello");
        assert!(!fills(&MASKED_HELLO[1..]));
    }

    #[test]
    fn heads_tell_websocket_from_http() {
        let request = b"GET /mqtt HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\n\r\n\x82";
        assert_eq!(head(request), Head::WebSocket { len: request.len() - 1, mqtt: false });
        assert_eq!(head(&request[..30]), Head::More);
        assert_eq!(head(b"GET / HTTP/1.1\r\n\r\n"), Head::Http);
        assert_eq!(head(b"HTTP/1.1 400 Bad\r\nUpgrade: websocket\r\n\r\n"), Head::Http);
    }

    #[test]
    fn a_hole_inside_a_frame_keeps_the_mask() {
        let mut frames = Frames::default();
        assert_eq!(frames.next(MASKED_HELLO), Step::Passed(6));
        assert_eq!(frames.hole(3), Some(3));
        assert_eq!(frames.next(&MASKED_HELLO[9..]), Step::Data(2));
        let mut out = Vec::new();
        frames.unmask(&MASKED_HELLO[9..], &mut out);
        assert_eq!(out, b"lo");
        assert_eq!(frames.hole(1), None);
        assert!(frames.lost);
    }
}
