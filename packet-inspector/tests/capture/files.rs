//! The files that captures come in: byte orders, clocks, interfaces, comments, compression, damage.

use std::io::{Cursor, Read, Write};

use packet_inspector::capture::{CaptureError, Reader, Time};
use packet_inspector::stream::Limits;

use crate::wire::{CLIENT, SERVER, Tcp, Wire, connect, read};

pub(crate) fn conversation() -> Wire {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    tcp.send(&mut wire, SERVER, b"\x20\x02\x00\x00");
    wire
}

/// A block of pcapng, little-endian.
pub(crate) fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let len = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
    [&kind.to_le_bytes()[..], &len, &body, &len].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).unwrap();
    let mut option = [&code.to_le_bytes()[..], &len.to_le_bytes(), value].concat();
    option.resize(option.len().next_multiple_of(4), 0);
    option
}

pub(crate) fn section() -> Vec<u8> {
    block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]))
}

/// One of Ethernet, in microseconds.
pub(crate) fn interface() -> Vec<u8> {
    block(1, &words(&[1, 0]))
}

/// A record of the first interface.
pub(crate) fn enhanced(micros: u64, record: &[u8]) -> Vec<u8> {
    let len = u32::try_from(record.len()).unwrap();
    let head = words(&[0, 0, u32::try_from(micros).unwrap(), len, len]);
    block(6, &[&head[..], record].concat())
}

#[test]
fn pcap_in_both_byte_orders_and_both_precisions() {
    let wire = conversation();
    let little = wire.pcap(1);
    let expected = read(little.clone(), Limits::default());
    assert_eq!(expected.packets.len(), 2);
    for (magic, nanos) in [(0xa1b2_c3d4_u32, false), (0xa1b2_3c4d, true)] {
        let mut big = Vec::new();
        big.extend(magic.to_be_bytes());
        big.extend([0, 2, 0, 4]);
        for word in [0, 0, 0x4_0000, 1_u32] {
            big.extend(word.to_be_bytes());
        }
        for (time, record, len) in &wire.records {
            let fraction = time % 1_000_000 * if nanos { 1000 } else { 1 };
            for word in [time / 1_000_000, fraction, record.len() as u64, *len as u64] {
                big.extend(u32::try_from(word).unwrap().to_be_bytes());
            }
            big.extend(record);
        }
        assert_eq!(read(big.clone(), Limits::default()), expected);
        let mut reader = Reader::new(Cursor::new(big)).unwrap();
        assert_eq!(reader.next_entry().unwrap().unwrap().time, Time(1_000_000), "one millisecond");
    }
}

#[test]
fn pcapng_with_interfaces_of_their_own_links_and_clocks_and_with_comments() {
    let wire = conversation();
    let mut file = section();
    // Ethernet in microseconds; raw IP in nanoseconds, an hour late.
    file.extend(block(1, &words(&[1, 0])));
    let options = [option(9, &[9]), option(14, &3600_i64.to_le_bytes()), option(0, b"")].concat();
    file.extend(block(1, &[words(&[101, 0]), options].concat()));
    for (number, (time, record, _)) in wire.records.iter().enumerate() {
        let interface = u32::try_from(number % 2).unwrap();
        let (data, ticks) = if interface == 0 { (&record[..], *time) } else { (&record[14..], *time * 1000) };
        let len = u32::try_from(data.len()).unwrap();
        let mut body = words(&[interface, 0, u32::try_from(ticks).unwrap(), len, len]);
        body.extend(data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(option(1, format!("comment {number}").as_bytes()));
        body.extend(option(0, b""));
        file.extend(block(6, &body));
        // Blocks that nobody knows are passed over.
        file.extend(block(0x0bad_0bad, b"what is this"));
    }
    let seen = read(file.clone(), Limits::default());
    assert_eq!(seen.bytes(), wire.read().bytes());
    let mut reader = Reader::new(Cursor::new(file)).unwrap();
    let first = reader.next_entry().unwrap().unwrap();
    assert_eq!((first.time, first.comments), (Time(1_000_000), &["comment 0".to_owned()][..]));
    let second = reader.next_entry().unwrap().unwrap();
    assert_eq!(second.time, Time::new(3600, 2_000_000));
}

#[test]
fn pcapng_with_sections_of_both_byte_orders() {
    let wire = conversation();
    let (start, end) = wire.records.split_at(3);
    let mut file = Vec::new();
    type Order = fn(u32) -> [u8; 4];
    for (order, records) in [(u32::to_be_bytes as Order, start), (u32::to_le_bytes, end)] {
        let words = |words: &[u32]| words.iter().flat_map(|word| order(*word)).collect::<Vec<_>>();
        let block = |kind: u32, body: &[u8]| {
            let mut body = body.to_vec();
            body.resize(body.len().next_multiple_of(4), 0);
            let len = u32::try_from(body.len() + 12).unwrap();
            [words(&[kind, len]), body, words(&[len])].concat()
        };
        // Version 1.0 in two halves of a word; the link in the upper or lower half of one.
        let version = if order(1) == 1_u32.to_be_bytes() { 0x0001_0000 } else { 1 };
        let link = if order(1) == 1_u32.to_be_bytes() { 0x0001_0000 } else { 1 };
        file.extend(block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, version, u32::MAX, u32::MAX])));
        file.extend(block(1, &words(&[link, 0])));
        for (time, record, _) in records {
            let len = u32::try_from(record.len()).unwrap();
            let head = words(&[0, 0, u32::try_from(*time).unwrap(), len, len]);
            file.extend(block(6, &[&head[..], record].concat()));
        }
    }
    assert_eq!(read(file, Limits::default()), wire.read());
}

#[test]
fn every_link() {
    let wire = conversation();
    type Link = (u32, fn(&[u8]) -> Vec<u8>);
    let links: [Link; 6] = [
        (101, |ip| ip.to_vec()),
        (228, |ip| ip.to_vec()),
        (0, |ip| [&[2, 0, 0, 0], ip].concat()),
        (108, |ip| [&[0, 0, 0, 2], ip].concat()),
        (113, |ip| [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], ip].concat()),
        (276, |ip| [&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], ip].concat()),
    ];
    for (number, header) in links {
        let mut other = Wire::default();
        wire.records.iter().for_each(|(_, record, _)| other.push(header(&record[14..])));
        let seen = read(other.pcap(number), Limits::default());
        assert_eq!(seen.bytes(), wire.read().bytes(), "link {number}");
    }
    assert_eq!(read(wire.pcap(147), Limits::default()).packets, [], "a link that is not read");
}

#[test]
fn gzip_and_zstd() {
    let file = conversation().pcap(1);
    let expected = read(file.clone(), Limits::default());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&file).unwrap();
    assert_eq!(read(gzip.finish().unwrap(), Limits::default()), expected);
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    // Two frames, as tools that compress in parallel write them.
    let frames = file.chunks(200).flat_map(|part| ruzstd::encoding::compress_to_vec(part, level));
    assert_eq!(read(frames.collect(), Limits::default()), expected);
}

/// A pipe that gives one byte at a time.
struct Drip(Cursor<Vec<u8>>);

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

#[test]
fn a_pipe_that_gives_one_byte_at_a_time() {
    let wire = conversation();
    let pcapng = [section(), block(1, &words(&[1, 0]))].concat();
    for (file, count) in [(wire.pcap(1), wire.records.len()), (pcapng, 0)] {
        let mut reader = Reader::new(Drip(Cursor::new(file))).unwrap();
        let mut records = 0;
        while reader.next_entry().unwrap().is_some() {
            records += 1;
        }
        assert_eq!(records, count);
    }
}

#[test]
fn a_file_that_is_cut_is_read_up_to_there() {
    let wire = conversation();
    let file = wire.pcap(1);
    for cut in 24..file.len() {
        let mut reader = Reader::new(Cursor::new(file[..cut].to_vec())).unwrap();
        let mut records = 0;
        let end = loop {
            match reader.next_entry() {
                Ok(Some(_)) => records += 1,
                end => break end.map(|_| ()),
            }
        };
        match end {
            Ok(()) => {}
            Err(CaptureError::Cut(number)) => assert_eq!(number, records + 1),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn what_is_no_capture_is_said() {
    for file in [&b""[..], b"text", b"\x1f\x8b\x08\x00", &[0; 100], b"\x0a\x0d\x0d\x0a\xff\xff\xff\xff\x4d"] {
        assert!(Reader::new(Cursor::new(file.to_vec())).is_err(), "{file:02x?}");
    }
}

#[test]
fn a_record_of_four_gigabytes_is_not_waited_for() {
    let mut file = conversation().pcap(1);
    file.extend(words(&[0, 0, u32::MAX, u32::MAX]));
    file.extend(std::iter::repeat_n(0, 1000));
    let mut reader = Reader::new(Cursor::new(file)).unwrap();
    let error = std::iter::from_fn(|| reader.next_entry().map(|entry| entry.map(|_| ())).transpose())
        .find_map(Result::err);
    assert!(matches!(error, Some(CaptureError::Cut(6) | CaptureError::TooLong(6))), "{error:?}");
}

#[test]
fn clocks_of_powers_of_two_and_offsets_in_either_byte_order() {
    let wire = conversation();
    for big in [false, true] {
        let order = |bytes: &[u8]| if big { bytes.iter().rev().copied().collect() } else { bytes.to_vec() };
        let (long, short) = (|n: u32| order(&n.to_le_bytes()), |n: u16| order(&n.to_le_bytes()));
        let block = |kind: u32, body: Vec<u8>| {
            let len = long(u32::try_from(body.len() + 12).unwrap());
            [long(kind), len.clone(), body, len].concat()
        };
        let ends = [long(0x1a2b_3c4d), short(1), short(0), vec![0xFF; 8]].concat();
        let mut file = block(0x0a0d_0d0a, ends);
        // Two to the power of 20 in a second, and 1,000 seconds to add.
        let resolution = [short(9), short(1), vec![0x94, 0, 0, 0]].concat();
        let offset = [short(14), short(8), order(&1000_i64.to_le_bytes())].concat();
        file.extend(block(1, [short(1), short(0), long(0), resolution, offset, long(0)].concat()));
        for (number, (_, record, len)) in wire.records.iter().enumerate() {
            let len = long(u32::try_from(*len).unwrap());
            let ticks = long(u32::try_from(number).unwrap() << 19);
            let mut body = [long(0), long(0), ticks, len.clone(), len].concat();
            body.extend(record);
            body.resize(body.len().next_multiple_of(4), 0);
            file.extend(block(6, body));
        }
        let mut reader = Reader::new(Cursor::new(file)).unwrap();
        for number in 0..3 {
            let entry = reader.next_entry().unwrap().unwrap();
            assert_eq!(entry.time, Time(1_000_000_000_000 + number * 500_000_000), "big-endian: {big}");
        }
    }
}
