//! Lines about packets and connections that pass while they are watched.

use std::io::{self, Write};

use super::summary;
use crate::capture::{Span, Time};
use crate::frame::Frame;
use crate::stream::{Captured, Direction, Info, Moment};

/// Writes the line of a packet as [`line`](super::line) does, with what is private hidden.
///
/// # Errors
/// Those of the writer.
pub fn line_redacted(packet: &Captured<'_>, relative: Span, out: &mut impl Write) -> io::Result<()> {
    start_of_line(packet.frame(), relative, packet.info, packet.direction, out)?;
    let alone = Captured { entry: None, ..*packet };
    let frame = Frame::captured(&alone, Time::default()).redacted();
    match frame.packets().next() {
        Some(tree) => summary::said(&tree, out),
        None => writeln!(out),
    }
}

/// Writes a line that says this of a connection.
///
/// # Errors
/// Those of the writer.
pub fn said_of(moment: &Moment<'_>, relative: Span, text: &str, out: &mut impl Write) -> io::Result<()> {
    start_of_line(moment.frame, relative, moment.info, moment.direction, out)?;
    writeln!(out, "- {text}")
}

fn start_of_line(
    frame: u64,
    relative: Span,
    info: &Info,
    direction: Direction,
    out: &mut impl Write,
) -> io::Result<()> {
    let (from, to) = (info.sender(direction), info.sender(direction.opposite()));
    write!(out, "{frame:>6} {relative:>15} #{} {from} -> {to} ", info.number)
}
