//! `proxy`: what passes between clients and a broker.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;

use clap::Args;
use packet_inspector::live;
use packet_inspector::proxy::{self, Tls, Upstream};

use super::fail;
use super::live::{Live, QUEUE};

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector proxy --listen 127.0.0.1:1884 --upstream localhost:1883
  packet-inspector proxy --upstream test.mosquitto.org:1883 --write seen.pcapng --format tree
  packet-inspector proxy --upstream mqtts://broker.example:8883 --redact    # plain for the client, TLS to the broker

It runs until it is interrupted. Bytes are forwarded as they are, and never wait for the terminal: packets that it can't \
take are not shown, which is said.

Exit status: 0 it was interrupted; 2 it could not listen, or the capture could not be written, or wrong usage.";

/// Troubles that may wait to be said.
const TROUBLES: usize = 1000;

#[derive(Args)]
pub(crate) struct Proxy {
    /// Where clients connect; port 0 takes a free one
    #[arg(short, long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:1884")]
    listen: String,

    /// The broker: HOST:PORT, mqtt://HOST[:PORT], or mqtts://HOST[:PORT] for TLS
    #[arg(short, long, value_name = "BROKER", value_parser = parse_upstream)]
    upstream: Address,

    #[command(flatten)]
    live: Live,

    /// Speak TLS to the broker; mqtts:// says the same
    #[arg(long, help_heading = "TLS to the broker")]
    tls_upstream: bool,

    /// Trust the certificates in this PEM file instead of those that the system trusts
    #[arg(long, value_name = "FILE", help_heading = "TLS to the broker")]
    ca: Option<PathBuf>,

    /// The name in the broker's certificate, when it is not the host's
    #[arg(long, value_name = "NAME", help_heading = "TLS to the broker")]
    server_name: Option<String>,

    /// Our own certificate, a PEM file
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "TLS to the broker")]
    cert: Option<PathBuf>,

    /// The key of our own certificate, a PEM file
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "TLS to the broker")]
    key: Option<PathBuf>,
}

/// Where a broker is.
#[derive(Clone)]
pub(crate) struct Address {
    host: String,
    port: u16,
    tls: bool,
}

/// Reads `HOST:PORT`, or a URL.
pub(crate) fn parse_upstream(text: &str) -> Result<Address, String> {
    let (rest, tls, default) = match text.split_once("://") {
        None => (text, false, None),
        Some(("mqtt" | "tcp", rest)) => (rest, false, Some(1883)),
        Some(("mqtts" | "ssl" | "tls", rest)) => (rest, true, Some(8883)),
        Some((scheme, _)) => return Err(format!("{scheme}:// is not forwarded: mqtt:// and mqtts:// are")),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.rsplit_once(':') {
        // The colons of an IPv6 address are inside brackets.
        Some((host, port)) if !port.contains(']') => {
            let port = port.parse::<u16>().ok().filter(|port| *port > 0);
            (host, port.ok_or("the port is no number from 1 to 65535")?)
        }
        _ => (rest, default.ok_or("a port is missing: HOST:PORT")?),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Err("a host is missing: HOST:PORT".to_owned());
    }
    Ok(Address { host: host.to_owned(), port, tls })
}

impl Address {
    /// The name that a certificate has to have, if TLS is to be spoken.
    #[cfg(feature = "serve")]
    pub(crate) fn tls_name(&self) -> Option<&str> {
        Some(self.host.as_str()).filter(|_| self.tls)
    }

    /// Whether a proxy that listens there would lead to itself, and each connection to another one.
    pub(crate) fn is_at(&self, listening: SocketAddr) -> bool {
        if self.port != listening.port() {
            return false;
        }
        let found = (self.host.as_str(), self.port).to_socket_addrs();
        let is_here = |ip: IpAddr| {
            ip == listening.ip()
                || listening.ip().is_unspecified() && (ip.is_loopback() || ip.is_unspecified())
        };
        found.is_ok_and(|mut found| found.any(|address| is_here(address.ip().to_canonical())))
    }

    /// The way there.
    pub(crate) fn upstream(&self, tls: Option<Tls>) -> Upstream {
        let Self { host, port, .. } = self;
        let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Upstream::new(address, tls)
    }
}

impl Proxy {
    /// Forwards until it is interrupted.
    pub(crate) fn run(&self) -> ExitCode {
        let tls = match self.tls() {
            Ok(tls) => tls,
            Err(message) => return fail(&message),
        };
        let upstream = self.upstream.upstream(tls);
        let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
        {
            Ok(runtime) => runtime,
            Err(error) => return fail(&error.to_string()),
        };
        let (tap, happenings) = live::tap(QUEUE);
        let proxy = match runtime.block_on(proxy::Proxy::bind(&self.listen, upstream, tap)) {
            Ok(proxy) => proxy,
            Err(error) => return fail(&format!("{}: {error}", self.listen)),
        };
        if let Ok(address) = proxy.local_addr()
            && self.upstream.is_at(address)
        {
            return fail(&format!(
                "{address}: this is where the broker is said to be: the proxy would lead to itself"
            ));
        }
        let showing = match self.live.start(happenings, Some(self.upstream.port)) {
            Ok(showing) => showing,
            Err(failed) => return failed,
        };
        if let Ok(address) = proxy.local_addr() {
            let _ = writeln!(io::stderr(), "listening on {address}");
        }
        runtime.block_on(proxy.run(interrupted(), troubles(OPTIONS)));
        // With it goes all that could still tell something.
        drop(runtime);
        showing.finish()
    }

    fn tls(&self) -> Result<Option<Tls>, String> {
        if !self.upstream.tls && !self.tls_upstream {
            let given = [
                ("--ca", self.ca.is_some()),
                ("--server-name", self.server_name.is_some()),
                ("--cert", self.cert.is_some()),
            ];
            return match given.into_iter().find(|(_, is_given)| *is_given) {
                Some((option, _)) => Err(format!(
                    "proxy: {option} is about TLS to the broker, which is not spoken: add --tls-upstream, or name the \
                     broker as mqtts://HOST[:PORT]"
                )),
                None => Ok(None),
            };
        }
        let name = self.server_name.as_ref().unwrap_or(&self.upstream.host);
        let client = self.cert.as_deref().zip(self.key.as_deref());
        Tls::new(name, self.ca.as_deref(), client).map(Some).map_err(|error| format!("TLS: {error}"))
    }
}

/// What the user can do about certificates.
pub(crate) struct Advice {
    /// When the broker's is signed by a CA that is not known.
    pub(crate) issuer: &'static str,
    /// When it is for another name.
    pub(crate) name: &'static str,
    /// When the broker wants one of ours.
    pub(crate) ours: &'static str,
}

const OPTIONS: Advice = Advice {
    issuer: "--ca FILE names its CA's certificate",
    name: "--server-name NAME says the name to expect",
    ours: "--cert FILE and --key FILE give one",
};

impl Advice {
    /// What helps; nothing when only the broker's owner, or the clock's, can.
    fn on(&self, trouble: &proxy::Trouble) -> Option<&'static str> {
        let proxy::Trouble::Upstream(_, error) = trouble else { return None };
        match error.distrust()? {
            proxy::Distrust::UnknownIssuer => Some(self.issuer),
            proxy::Distrust::OtherName { .. } => Some(self.name),
            proxy::Distrust::OfOurs(_) => Some(self.ours),
            _ => None,
        }
    }
}

/// Says troubles on standard error, which may be slow: what is too much is not said.
pub(crate) fn troubles(advice: Advice) -> impl Fn(proxy::Trouble) + Clone + Send + 'static {
    let (sender, receiver) = mpsc::sync_channel::<proxy::Trouble>(TROUBLES);
    std::thread::spawn(move || {
        for trouble in receiver {
            let helps = advice.on(&trouble).map(|helps| format!("; {helps}")).unwrap_or_default();
            let _ = writeln!(io::stderr(), "packet-inspector: {trouble}{helps}");
        }
    });
    move |trouble| drop(sender.try_send(trouble))
}

/// Complete when the user, or the system, asks for the end.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without signals it ends when it is killed.
    let _ = tokio::signal::ctrl_c().await;
}
