//! `qos`, `sessions`, `topics`, `flow`: views of the same model.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use mqtt_codec::Side;
use packet_inspector::analysis::{self, Analysis, Ended, Exchange, Finding, Name, Step};
use packet_inspector::capture::{Span, Time};
use packet_inspector::dissect::text::visible;
use packet_inspector::render::counted;
use packet_inspector::stream::{Captured, Event, Moment, Sink};

use super::capture::{Input, Listener, Stopped};
use super::choice::Chosen;
use super::{Color, ended, fail, standard_output};

mod ladders;
mod room;
mod topics;

use ladders::Ladders;
use room::Room;
use topics::Topics;

#[derive(Args)]
pub(crate) struct View {
    #[command(flatten)]
    input: Input,

    /// Hide user names; passwords and payloads are nowhere in it
    #[arg(long)]
    redact: bool,

    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

#[derive(Args)]
pub(crate) struct Flow {
    #[command(flatten)]
    view: View,

    /// Only this connection: its number as `read` prints it, or Wireshark's tcp.stream
    #[arg(long, value_name = "N")]
    stream: Option<u32>,

    /// As a sequence diagram of Mermaid
    #[arg(long)]
    mermaid: bool,
}

impl View {
    fn show<L: Listener>(
        &self,
        listener: L,
        print: impl Fn(L, &mut dyn Write) -> io::Result<()>,
    ) -> ExitCode {
        show(&self.input, self.color, listener, print)
    }

    /// Handshakes of QoS 1 and 2, paired.
    pub(crate) fn qos(&self) -> ExitCode {
        self.show(Modelled::new(), |modelled, out| qos(&modelled.analysis.into_listener(), out))
    }

    /// Client Identifiers and their connections.
    pub(crate) fn sessions(&self) -> ExitCode {
        let redact = self.redact;
        self.show(Modelled::new(), move |modelled, out| {
            sessions(&modelled.analysis.into_listener(), redact, out)
        })
    }

    /// The tree of topics.
    pub(crate) fn topics(&self) -> ExitCode {
        self.show(Topics::default(), |topics, out| topics.write(out))
    }
}

impl Flow {
    /// Conversations as ladders.
    pub(crate) fn run(&self) -> ExitCode {
        ladders(&self.view.input, self.view.color, Ladders::new(self.stream), self.mermaid)
    }
}

/// Chosen packets of one conversation as a ladder.
pub(crate) fn follow(input: &Input, stream: u32, chosen: Chosen<'_>, color: Color) -> ExitCode {
    ladders(input, color, Ladders::new(Some(stream)).of(chosen), false)
}

fn ladders(input: &Input, color: Color, ladders: Ladders<'_>, mermaid: bool) -> ExitCode {
    let missing = Cell::new(None);
    let status = show(input, color, ladders, |ladders, out| {
        missing.set(ladders.missing());
        ladders.write(mermaid, out)
    });
    missing.into_inner().map_or(status, |message| fail(&format!("{}: {message}", input.file().display())))
}

/// Reads the capture, then prints what was gathered.
fn show<L: Listener>(
    input: &Input,
    color: Color,
    mut listener: L,
    print: impl Fn(L, &mut dyn Write) -> io::Result<()>,
) -> ExitCode {
    let read = input.read(&mut listener);
    if let Err(Stopped { status, at_start: true }) = read {
        return status;
    }
    let mut out = standard_output(color);
    let written = print(listener, &mut out).and_then(|()| out.flush());
    match (written, read) {
        (Ok(()), Err(stopped)) => stopped.status,
        (written, _) => ended(written, ExitCode::SUCCESS),
    }
}

/// Exchanges and connections, as the analysis tells of them.
#[derive(Default)]
struct Collected {
    exchanges: Vec<Exchange>,
    connections: Vec<Ended>,
    room: Room,
}

impl analysis::Listener for Collected {
    fn finding(&mut self, _: Finding) {}

    fn exchange(&mut self, exchange: &Exchange) {
        if self.room.take(exchange.topic.len()) {
            self.exchanges.push(exchange.clone());
        }
    }

    fn ended(&mut self, ended: &Ended) {
        if self.room.take(ended.subscriptions.iter().map(|(filter, _)| filter.len()).sum()) {
            self.connections.push(ended.clone());
        }
    }
}

struct Modelled {
    analysis: Analysis<Collected>,
}

impl Modelled {
    fn new() -> Self {
        Self { analysis: Analysis::new(Collected::default()) }
    }
}

impl Sink for Modelled {
    fn packet(&mut self, packet: &Captured<'_>) {
        self.analysis.packet(packet);
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        self.analysis.event(moment, event);
    }
}

impl Listener for Modelled {
    fn start(&mut self, _: Time) {}
}

fn qos(collected: &Collected, out: &mut dyn Write) -> io::Result<()> {
    let mut sums: BTreeMap<(u8, &str), (u64, u64, Vec<Span>)> = BTreeMap::new();
    for exchange in &collected.exchanges {
        let from = if exchange.from == Side::Client { "client" } else { "server" };
        let gaps: Vec<_> = exchange.gaps().iter().map(|gap| format!("{:.6}", gap.as_seconds())).collect();
        let frames: Vec<_> = exchange.frames().iter().map(u64::to_string).collect();
        let state = match exchange.step {
            Step::Complete => format!("complete after {}", gaps.join(" + ")),
            step => format!("incomplete, last {}", name(step)),
        };
        let again = if exchange.repeated > 0 {
            format!(", sent {} times", exchange.repeated + 1)
        } else {
            String::new()
        };
        writeln!(
            out,
            "stream {} QoS {} id {} from {from} [{}] frames {}: {state}{again}",
            exchange.stream,
            exchange.qos,
            exchange.id,
            visible(exchange.topic.as_bytes()),
            frames.join(", ")
        )?;
        let sum = sums.entry((exchange.qos, from)).or_default();
        sum.0 += 1;
        sum.1 += u64::from(exchange.repeated > 0);
        sum.2.extend(exchange.latency());
    }
    for ((qos, from), (count, again, mut latencies)) in sums {
        latencies.sort_unstable();
        let at = |part: usize| {
            latencies.get((latencies.len() * part / 100).min(latencies.len().saturating_sub(1)))
        };
        let [least, middle, most] =
            [0, 50, 100].map(|part| at(part).copied().unwrap_or_default().as_seconds());
        writeln!(
            out,
            "QoS {qos} from {from}: {}, {} complete, {again} sent again; latency {least:.6} / {middle:.6} / {most:.6} s (least, median, most)",
            counted(count, "message"),
            latencies.len()
        )?;
    }
    collected.room.left_out(out)
}

fn name(step: Step) -> &'static str {
    match step {
        Step::Publish => "PUBLISH",
        Step::Pubrec => "PUBREC",
        Step::Pubrel => "PUBREL",
        Step::Complete => "acknowledgement",
    }
}

fn sessions(collected: &Collected, redact: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut clients: BTreeMap<Option<&Name>, Vec<&Ended>> = BTreeMap::new();
    for ended in &collected.connections {
        clients.entry(ended.connect.as_ref().map(|connect| &connect.client_id)).or_default().push(ended);
    }
    for (id, connections) in clients {
        let plural = if connections.len() == 1 { "" } else { "s" };
        let id = id.map_or_else(|| "(CONNECT not captured)".to_owned(), shown);
        writeln!(out, "{id}: {} connection{plural}", connections.len())?;
        for connection in connections {
            writeln!(out, "    {}", of_connection(connection, redact))?;
        }
    }
    collected.room.left_out(out)
}

fn shown(name: &Name) -> String {
    visible(name.to_string().as_bytes())
}

fn of_connection(ended: &Ended, redact: bool) -> String {
    let mut parts = vec![format!("stream {}", ended.info.number)];
    if let Some(connect) = &ended.connect {
        parts.push(if connect.clean_session { "clean session" } else { "kept session" }.to_owned());
        parts.push(format!("keep alive {} s", connect.keep_alive));
        if let Some((topic, qos, retain)) = &connect.will {
            let retain = if *retain { ", retained" } else { "" };
            parts.push(format!("will on {} at QoS {qos}{retain}", shown(topic)));
        }
        if let Some(user) = &connect.user_name {
            parts.push(match redact {
                true => format!("user {}", packet_inspector::redact::hidden(user.len())),
                false => format!("user {}", shown(user)),
            });
        }
    }
    match ended.connack {
        Some(answer) if answer.code == 0 && answer.session_present => {
            parts.push("session present".to_owned());
        }
        Some(answer) if answer.code != 0 => parts.push(format!("refused with code {}", answer.code)),
        _ => {}
    }
    let filters: Vec<_> = ended
        .subscriptions
        .iter()
        .map(|(filter, qos)| format!("{} at QoS {qos}", visible(filter.as_bytes())))
        .collect();
    if !filters.is_empty() {
        parts.push(format!("subscribed to {}", filters.join(", ")));
    }
    let [sent, received] = ended.published;
    parts.push(format!("{} sent, {received} received", counted(sent, "message")));
    let how = match (ended.disconnected, ended.reset) {
        (true, _) => "ended by DISCONNECT",
        (false, true) => "aborted",
        (false, false) => "open at the end, or closed without DISCONNECT",
    };
    parts.push(format!("{:.3} s, {how}", ended.end.since(ended.info.began).as_seconds()));
    parts.join("; ")
}
