//! Lines of standard input.

use std::io::{self, BufRead, Read};

use tokio::sync::mpsc;

/// The longest line that is taken, in bytes. Of a longer one the start is taken, which is no command.
const MAX_LINE: u64 = 4_096;

/// Lines, until their end.
pub type Lines = mpsc::Receiver<String>;

/// Standard input, read by a thread of its own: reading it can't be given up, and must keep nobody from ending.
pub fn standard() -> Lines {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || read(io::stdin().lock(), &sender));
    lines
}

/// Reads lines until the end, an error, or until nobody wants them.
fn read(mut input: impl BufRead, sender: &mpsc::Sender<String>) {
    loop {
        let mut line = Vec::new();
        match input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
        if !line.ends_with(b"\n") && skip_line(&mut input).is_err() {
            return;
        }
        let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        if sender.blocking_send(line).is_err() {
            return;
        }
    }
}

/// Passes over the rest of a line.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = input.fill_buf()?;
        let (count, found) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(place) => (place + 1, true),
            None => (bytes.len(), bytes.is_empty()),
        };
        input.consume(count);
        if found {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(bytes: &[u8], expected: &[&str]) {
        let (sender, mut lines) = mpsc::channel(100);
        read(bytes, &sender);
        drop(sender);
        let read: Vec<_> = std::iter::from_fn(|| lines.blocking_recv()).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn lines_end_in_many_ways() {
        reads(b"", &[]);
        reads(b"ON\nOFF\r\n\n ON \nOFF", &["ON", "OFF", "", " ON ", "OFF"]);
        reads(b"\xff\n", &["\u{fffd}"]);
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let long = [vec![b'x'; 1_000_000], b"\nON\n".to_vec()].concat();
        reads(&long, &[&"x".repeat(4_096), "ON"]);
        reads(&vec![b'x'; 10_000], &[&"x".repeat(4_096)]);
    }
}
