//! `encode`: packets from options, or from the JSON that `decode` prints.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use mqtt_codec::{PacketType, Side};
use packet_inspector::build::{self, BuildError, Endpoints, Stream};
use packet_inspector::frame::{Frame, Options};
use packet_inspector::net::Link;
use packet_inspector::record::Record;
use packet_inspector::redact;
use serde_json::Value;

use super::inputs::Source;
use super::{Sender, ended, fail, output};

mod options;

use options::Fields;

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector encode publish --topic internet --message IOT
  packet-inspector encode connect --client-id sub --clean-session --keep-alive 5 --will-topic gone --will-message bye
  packet-inspector encode subscribe --packet-id 1 --filter 'a/#' --filter 'b/+,2'
  packet-inspector decode --format json 20020000 | packet-inspector encode
  packet-inspector encode --json packets.json --format pcap --output packets.pcap

Exit status: 0 the packets were built; 2 they cannot be, or wrong usage.";

#[derive(Args)]
pub(crate) struct Encode {
    /// The packet that the other options describe; without it, JSON is read
    #[arg(value_name = "PACKET", value_parser = packet_name)]
    packet: Option<String>,

    /// Read packets as `decode --format json` prints them, or written by hand; `-` is standard input
    #[arg(long, value_name = "PATH", conflicts_with = "packet")]
    json: Option<PathBuf>,

    #[command(flatten)]
    fields: Fields,

    /// What to write
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Write to this file
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Write asterisks in place of passwords, user names and payloads; their lengths stay
    #[arg(long)]
    redact: bool,

    /// In a capture: who sends packets that both sides may send, when the JSON doesn't say
    #[arg(long, value_enum, value_name = "SIDE", default_value = "client", help_heading = "Capture")]
    from: Sender,

    /// In a capture: the client's address and port
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = Endpoints::default().client, help_heading = "Capture")]
    client: SocketAddr,

    /// In a capture: the server's address and port
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = Endpoints::default().server, help_heading = "Capture")]
    server: SocketAddr,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Hex digits, one packet a line
    #[default]
    Hex,
    /// The bytes themselves, one packet behind the other
    Raw,
    /// A capture file: Ethernet, IP and TCP around the packets, with the connection's beginning and end
    Pcap,
}

/// A packet, and where it belongs.
struct Built {
    bytes: Vec<u8>,
    from: Side,
    /// The connection, as the JSON names it.
    stream: Value,
}

impl Encode {
    /// Builds the packets and writes them.
    pub(crate) fn run(&self) -> ExitCode {
        if let (Some(path), None) = (&self.output, &self.packet)
            && let Err(message) = output::check(path, self.json.as_deref().unwrap_or(Path::new("-")))
        {
            return fail(&message);
        }
        let packets = match self.packets() {
            Ok(packets) => packets,
            Err(message) => return fail(&message),
        };
        let frames = match self.format {
            Format::Pcap => match self.frames(&packets) {
                Ok(frames) => frames,
                Err(message) => return fail(&message),
            },
            Format::Hex | Format::Raw => Vec::new(),
        };
        let write = |mut out: &mut dyn Write| match self.format {
            Format::Hex => {
                packets.iter().try_for_each(|packet| writeln!(out, "{}", hex::encode(&packet.bytes)))
            }
            Format::Raw => packets.iter().try_for_each(|packet| out.write_all(&packet.bytes)),
            Format::Pcap => {
                build::pcap(frames.iter().map(|(time, frame)| (*time, frame.as_slice())), &mut out)
            }
        };
        match &self.output {
            Some(path) => match output::write(path, write) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&format!("{}: {error}", path.display())),
            },
            None if self.format != Format::Hex && io::stdout().is_terminal() => {
                fail("this is no text: name a file with --output, or send it to another program")
            }
            None => {
                let mut out = BufWriter::new(io::stdout().lock());
                let written = write(&mut out).and_then(|()| out.flush());
                ended(written, ExitCode::SUCCESS)
            }
        }
    }

    fn packets(&self) -> Result<Vec<Built>, String> {
        let objects = match &self.packet {
            Some(packet) => vec![self.fields.object(packet)],
            None if self.fields.are_given() => {
                return Err("these options describe no packet: name one".to_owned());
            }
            None => {
                let source = self.json.as_deref().map_or(Source::StandardInput, Source::of_file);
                let bytes = source.bytes().map_err(|error| error.words(false))?;
                let text = str::from_utf8(&bytes).map_err(|error| format!("{source}: {error}"))?;
                build::objects(text).map_err(|error| format!("{source}: {error}"))?
            }
        };
        // Frames without a packet are printed too.
        let described = objects.iter().filter(|object| object.get("packet") != Some(&Value::Null));
        let built = described.enumerate().map(|(number, object)| {
            let mut bytes = build::packet(object).map_err(|error| match self.packet {
                Some(_) => self.words(&error),
                None => format!("packet {}: {}", number + 1, self.words(&error)),
            })?;
            let from = self.sender(object, &bytes);
            if self.redact {
                bytes = masked(bytes, from);
            }
            Ok(Built { bytes, from, stream: object.get("stream").cloned().unwrap_or_default() })
        });
        let packets: Vec<Built> = built.collect::<Result<_, String>>()?;
        if packets.is_empty() { Err("there is no packet in the input".to_owned()) } else { Ok(packets) }
    }

    /// What is wrong with a packet, without what it quotes when that is to be hidden.
    fn words(&self, error: &BuildError) -> String {
        let words = match self.packet {
            Some(_) => options::named(error).to_string(),
            None => error.to_string(),
        };
        if self.redact { redact::without_quotes(&words) } else { words }
    }

    fn sender(&self, object: &Value, bytes: &[u8]) -> Side {
        let only =
            bytes.first().and_then(|first| PacketType::of_first_byte(*first)).and_then(PacketType::sender);
        match object.get("from").and_then(Value::as_str) {
            Some("client") => Side::Client,
            Some("server") => Side::Server,
            _ => only.unwrap_or_else(|| self.from.side()),
        }
    }

    /// The frames of each connection, one connection behind the other.
    fn frames(&self, packets: &[Built]) -> Result<Vec<(Duration, Vec<u8>)>, String> {
        let mut streams: Vec<(&Value, Stream)> = Vec::new();
        for packet in packets {
            let known = streams.iter().position(|(name, _)| **name == packet.stream);
            let number = match known {
                Some(number) => number,
                None => {
                    let number = streams.len();
                    streams.push((&packet.stream, self.open(number)?));
                    number
                }
            };
            if let Some((_, stream)) = streams.get_mut(number) {
                stream.send(packet.from, &packet.bytes);
            }
        }
        Ok(streams.into_iter().flat_map(|(_, stream)| stream.close()).collect())
    }

    /// The connection with this number: each has a port of its own, and begins a minute after the one before.
    fn open(&self, number: usize) -> Result<Stream, String> {
        let mut client = self.client;
        let number = u16::try_from(number).map_err(|_| "there are more connections than ports".to_owned())?;
        client.set_port(client.port().wrapping_add(number).max(1));
        let endpoints = Endpoints { client, server: self.server };
        Stream::open(endpoints, Duration::from_secs(60 * u64::from(number)))
            .map_err(|error| error.to_string())
    }
}

/// The packet with asterisks in place of what is private.
fn masked(bytes: Vec<u8>, from: Side) -> Vec<u8> {
    let options = Options { link: Link::Mqtt, from: Some(from) };
    Frame::new(1, Record { bytes, ..Record::default() }, options).masked()
}

/// The name of a packet, in capitals or not.
fn packet_name(name: &str) -> Result<String, String> {
    let upper = name.to_ascii_uppercase();
    let names: Vec<&str> =
        (1..15).filter_map(|kind| PacketType::of_first_byte(kind << 4)).map(PacketType::name).collect();
    if names.contains(&upper.as_str()) {
        Ok(upper)
    } else {
        Err(format!("the packets are {}", names.join(", ").to_lowercase()))
    }
}
