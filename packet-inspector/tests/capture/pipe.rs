//! Captures that come bit by bit through a pipe: what is there is shown before more is waited for.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::process::Stdio;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use flate2::write::GzEncoder;
use packet_inspector::capture::Reader;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::files::{conversation, enhanced, interface, section};
use crate::process;

/// A test that would wait forever fails then.
const FOREVER: Duration = Duration::from_secs(60);

/// The records of a conversation as pcapng, with blocks of another kind between.
fn pcapng() -> Vec<u8> {
    let records = conversation().records;
    let blocks = records.iter().flat_map(|(time, record, _)| {
        [crate::files::block(0x0bad_0bad, b"what is this"), enhanced(*time, record)].concat()
    });
    [section(), interface()].concat().into_iter().chain(blocks).collect()
}

/// Writes these bytes to `read -` and holds the pipe open until so many packets were shown.
#[track_caller]
fn shows_meanwhile(bytes: &[u8], packets: usize) {
    let mut child =
        process::command(&["read", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, shown) = mpsc::channel();
    let reading =
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    input.write_all(bytes).unwrap();
    for number in 0..packets {
        if shown.recv_timeout(FOREVER).is_err() {
            // Else it would outlive the test.
            child.kill().unwrap();
            panic!("only {number} of {packets} packets are shown while the pipe is open");
        }
    }
    drop(input);
    child.wait().unwrap();
    // The receiver may be gone by then.
    let _ = reading.join().unwrap();
}

#[test]
fn what_was_read_is_shown_while_a_record_is_waited_for() {
    let pcap = conversation().pcap(1);
    for file in [pcap.clone(), pcapng()] {
        for keep in [file.len(), file.len() - 5] {
            let whole = if keep == file.len() { 2 } else { 1 };
            shows_meanwhile(&file[..keep], whole);
            let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(&file[..keep]).unwrap();
            gzip.flush().unwrap();
            shows_meanwhile(gzip.get_ref(), whole);
            // Of zstd, each frame is shown when it is whole.
            shows_meanwhile(&compress_to_vec(&file[..keep], CompressionLevel::Fastest), whole);
        }
    }
}

/// Gives a few bytes at a time, and notes when it is asked.
struct Noted {
    bytes: Cursor<Vec<u8>>,
    at_once: usize,
    asked: Rc<Cell<bool>>,
}

impl Read for Noted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.asked.set(true);
        let len = buffer.len().min(self.at_once);
        self.bytes.read(&mut buffer[..len])
    }
}

#[test]
fn a_reader_knows_whether_it_will_have_to_wait() {
    let wire = conversation();
    let mut modified = wire.pcap(1);
    // Eight bytes more in the header of each record, here of the first alone.
    modified[..4].copy_from_slice(&0xa1b2_cd34_u32.to_le_bytes());
    let first = 24 + 16 + wire.records[0].1.len();
    modified.truncate(first);
    modified.splice(40..40, [0; 8]);
    let big_endian: Vec<u8> = {
        let mut bytes = wire.pcap(1);
        let mut at = 24;
        bytes[..24].chunks_mut(4).for_each(<[u8]>::reverse);
        bytes[4..8].copy_from_slice(&[0, 2, 0, 4]);
        for (_, record, _) in &wire.records {
            bytes[at..at + 16].chunks_mut(4).for_each(<[u8]>::reverse);
            at += 16 + record.len();
        }
        bytes
    };
    let count = wire.records.len();
    for (file, count) in [(wire.pcap(1), count), (big_endian, count), (pcapng(), count), (modified, 1)] {
        for at_once in [1, 7, 100, 300, 1 << 20] {
            let asked = Rc::new(Cell::new(false));
            let source = Noted { bytes: Cursor::new(file.clone()), at_once, asked: Rc::clone(&asked) };
            let mut reader = Reader::new(source).unwrap();
            let (mut records, mut at_hand) = (0, 0);
            loop {
                let has_next = reader.has_next();
                asked.set(false);
                let is_over = reader.next_entry().unwrap().is_none();
                assert!(!has_next || !asked.get(), "it said that it need not wait");
                // The first record stands behind what only the first call reads.
                assert!(has_next || asked.get() || records == 0, "it need not have waited");
                if is_over {
                    break;
                }
                records += 1;
                at_hand += usize::from(has_next);
            }
            assert_eq!(records, count);
            assert!(at_hand == 0 || at_once > 1, "{at_once} at once");
            assert!(at_hand > 0 || at_once < 1 << 20 || count == 1, "{at_once} at once");
        }
    }
}
