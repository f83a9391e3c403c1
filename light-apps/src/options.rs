//! The command lines of the programs.

#[cfg(feature = "web")]
use std::net::{Ipv4Addr, SocketAddr};
use std::num::ParseFloatError;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser};
use mqtt_client::transport::{Address, TransportOptions};
#[cfg(feature = "tls")]
use mqtt_client::transport::{TlsOptions, TlsOptionsError};
use mqtt_client::{Backoff, Connecting, Options, SessionOptions};

use crate::dashboard::Dashboard;
use crate::hub::{Following, Scope};
use crate::lamp::{Hook, Lamp, Led, Simulated};
use crate::memory::Memory;
use crate::run::Failure;
use crate::topics::LightId;

/// The environment variable of the password.
pub const PASSWORD: &str = "LIGHT_PASSWORD";

/// Whom TLS trusts, and who we are to a broker that asks.
#[cfg(feature = "tls")]
#[derive(Args, Clone, Debug, Default)]
pub struct TlsArguments {
    /// File with the certificates of the CAs to be trusted, in PEM [default: those of this system]
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// File with our own certificate, in PEM, for a broker that asks for one
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// File with its private key, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

/// How to reach the broker.
#[derive(Args, Clone, Debug)]
pub struct BrokerOptions {
    /// Where the broker is: mqtt://HOST:PORT, mqtts://, ws://, wss://, unix:PATH. Several, with commas or with the option
    /// again, are nodes of one cluster, and are tried in turn
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    pub broker: Vec<Address>,
    /// User name; its password is that in the file, or in the variable LIGHT_PASSWORD
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// File with the password
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,
    /// Whom TLS trusts.
    #[cfg(feature = "tls")]
    #[command(flatten)]
    pub tls: TlsArguments,
    /// Client Identifier, if it is not to be the usual one
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Keep Alive in seconds, 0 for off
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub keep_alive: u16,
    /// What to log to standard error: error, warn, info, debug, trace, also for each part, as in
    /// warn,mqtt_client=info
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
}

impl BrokerOptions {
    /// All options of a client with this session, whose broker is the one that was named, or else this one.
    ///
    /// # Errors
    /// A file with a password or a certificate can't be read or used.
    pub fn client(&self, session: SessionOptions, otherwise: &Address) -> Result<Options, Failure> {
        let session = self.session(session)?;
        let (first, others) = match self.broker.split_first() {
            Some((first, others)) => (first, others),
            None => (otherwise, [].as_slice()),
        };
        let options = Options::new(first.clone(), session).transport(self.transport()?);
        Ok(patient(others.iter().fold(options, |options, address| options.address(address.clone()))))
    }

    /// The same for a client that finds its broker by itself.
    ///
    /// # Errors
    /// The same.
    pub fn client_over(
        &self,
        session: SessionOptions,
        connect: impl FnMut() -> Connecting + Send + 'static,
    ) -> Result<Options, Failure> {
        Ok(patient(Options::over(self.session(session)?, connect)))
    }

    fn session(&self, session: SessionOptions) -> Result<SessionOptions, Failure> {
        let mut session = session.keep_alive(self.keep_alive);
        if let Some(user) = &self.user {
            let password = self.password()?.map(|password| password.into_bytes().into());
            session = session.login(user, password);
        }
        Ok(session)
    }

    fn transport(&self) -> Result<TransportOptions, Failure> {
        let transport = TransportOptions::default();
        #[cfg(feature = "tls")]
        let transport =
            transport.tls(self.tls.options().map_err(|error| Failure::Option(error.to_string()))?);
        Ok(transport)
    }

    /// What to log: as the option says, or else the variable RUST_LOG.
    pub fn log(&self) -> Option<String> {
        self.log.clone().or_else(|| std::env::var("RUST_LOG").ok())
    }

    fn password(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.password_file else { return Ok(std::env::var(PASSWORD).ok()) };
        match std::fs::read_to_string(path) {
            // Editors end a line.
            Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => Err(Failure::File { path: path.clone(), error }),
        }
    }
}

#[cfg(feature = "tls")]
impl TlsArguments {
    fn options(&self) -> Result<TlsOptions, TlsOptionsError> {
        let mut tls = TlsOptions::default();
        if let Some(ca) = &self.ca {
            tls = tls.ca_file(ca)?;
        }
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            tls = tls.client_certificate_files(cert, key)?;
        }
        Ok(tls)
    }
}

/// A light should be back soon: it never waits long before it tries again.
fn patient(options: Options) -> Options {
    options.reconnect(Backoff::new(Duration::from_millis(200), Duration::from_secs(5)))
}

/// The broker that runs inside the process.
#[derive(Args, Clone, Debug)]
pub struct EmbeddedOptions {
    /// First port that the broker inside the process tries, when no other broker is named
    #[arg(long, value_name = "PORT", default_value_t = 1883, conflicts_with = "broker")]
    pub port: u16,
    /// Directory in which that broker keeps sessions and retained messages; else they end with it
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "broker")]
    pub broker_dir: Option<PathBuf>,
}

/// Switches a light as a dashboard says, and says what it is.
#[derive(Debug, Parser)]
#[command(name = "light-controller", version)]
pub struct ControllerOptions {
    /// Name of the light in a house: topics home/NAME/control and home/NAME/status. Status is retained, a will says when it
    /// is offline, commands wait for it while it is away, and it starts as it ended. Without a name it is the
    /// lab's light, without all that
    #[arg(long, value_name = "NAME")]
    pub id: Option<LightId>,
    /// File in which the light is kept [default: one in ~/.local/state/light-controller]
    #[arg(long, value_name = "FILE", requires = "id")]
    pub state: Option<PathBuf>,
    /// What it switches.
    #[command(flatten)]
    pub lamp: LampOptions,
    /// Where its broker is.
    #[command(flatten)]
    pub broker: BrokerOptions,
}

impl ControllerOptions {
    /// Where the light is kept: only a light of a house is.
    pub fn memory(&self) -> Memory {
        match (&self.state, &self.id) {
            (Some(path), _) => Memory::file(path),
            (None, Some(id)) => {
                let broker = self.broker.broker.first().map(ToString::to_string);
                Memory::of(id.as_str(), broker.as_deref().unwrap_or("default"))
            }
            (None, None) => Memory::none(),
        }
    }
}

/// What a controller switches: nothing, if nothing is said.
#[derive(Args, Clone, Debug, Default)]
pub struct LampOptions {
    /// Switch this LED of Linux, by its name in /sys/class/leds
    #[arg(long, value_name = "NAME", conflicts_with_all = ["on_command", "off_command"], value_parser = led_name)]
    pub led: Option<String>,
    /// Directory of LEDs
    #[arg(long, value_name = "DIRECTORY", default_value = Led::DIRECTORY, requires = "led")]
    pub led_dir: PathBuf,
    /// Run this command to switch on; it has words and quotation marks, but no shell
    #[arg(long, value_name = "COMMAND", requires = "off_command")]
    pub on_command: Option<String>,
    /// Run this command to switch off
    #[arg(long, value_name = "COMMAND", requires = "on_command")]
    pub off_command: Option<String>,
    /// How long such a command may run, in seconds; then it is killed with all that it has started, and the light is UNKNOWN
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub command_timeout: Duration,
}

impl LampOptions {
    /// The lamp.
    ///
    /// # Errors
    /// A command is none.
    pub fn lamp(&self) -> Result<Box<dyn Lamp>, Failure> {
        if let Some(led) = &self.led {
            return Ok(Box::new(Led::new(&self.led_dir, led)));
        }
        match (&self.on_command, &self.off_command) {
            (Some(on), Some(off)) => match Hook::new(on, off, self.command_timeout) {
                Ok(hook) => Ok(Box::new(hook)),
                Err(error) => Err(Failure::Option(error.to_string())),
            },
            _ => Ok(Box::new(Simulated)),
        }
    }
}

/// The page for browsers.
#[cfg(feature = "web")]
#[derive(Args, Clone, Debug, Default)]
pub struct WebOptions {
    /// Show all lights, or the one that is named, in a page for browsers at this address, and not in the terminal; a port
    /// alone is one of 127.0.0.1, and port 0 a free one
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, default_missing_value = "8080", value_parser = page)]
    #[arg(conflicts_with_all = ["watch", "share"])]
    pub web: Option<SocketAddr>,
    /// Only who knows this may use the page: as ?token=... once, or as a bearer token. Letters, digits, and - . _ ~.
    /// Needed for an address that other machines can reach
    #[arg(long, value_name = "TOKEN", requires = "web", value_parser = token)]
    pub web_token: Option<String>,
    /// A name by which browsers may call this machine, beside its addresses; may be given again
    #[arg(long, value_name = "NAME", requires = "web")]
    pub web_host: Vec<String>,
    /// Where browsers find the page when a proxy stands before it, for HTTPS say; may be given again
    #[arg(long, value_name = "https://HOST", requires = "web")]
    pub web_origin: Vec<packet_inspector::page::Origin>,
}

/// An address, or a port of this machine.
#[cfg(feature = "web")]
fn page(text: &str) -> Result<SocketAddr, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("localhost", text));
    match (host, port.parse()) {
        ("localhost", Ok(port)) => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        _ => text
            .parse()
            .map_err(|_| "an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080".to_owned()),
    }
}

/// What stands in an address and a cookie as it is.
#[cfg(feature = "web")]
fn token(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if text.is_empty() || !text.bytes().all(fits) {
        return Err("letters, digits, and - . _ ~".to_owned());
    }
    Ok(text.to_owned())
}

/// Shows lights, and tells them what to be.
#[derive(Debug, Parser)]
#[command(name = "light-dashboard", version)]
pub struct DashboardOptions {
    /// Show and command this light of a house
    #[arg(long, value_name = "NAME", conflicts_with = "house")]
    pub id: Option<LightId>,
    /// Show all lights of a house, and command one or all. Without this and without a name it is the lab's dashboard
    #[arg(long)]
    pub house: bool,
    /// How long a light has to answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub timeout: Duration,
    /// Only show, until a signal ends it
    #[arg(long)]
    pub watch: bool,
    /// The page.
    #[cfg(feature = "web")]
    #[command(flatten)]
    pub web: WebOptions,
    /// Share the messages with others of this group ($share/GROUP/...), where the broker can do that
    #[arg(long, value_name = "GROUP", value_parser = group)]
    pub share: Option<String>,
    /// The broker inside.
    #[command(flatten)]
    pub embedded: EmbeddedOptions,
    /// Where another broker is.
    #[command(flatten)]
    pub broker: BrokerOptions,
}

impl DashboardOptions {
    /// Which lights, and how.
    pub fn following(&self) -> Following {
        let scope = match &self.id {
            Some(id) => Scope::One(id.clone()),
            None if self.house => Scope::House,
            None => Scope::Lab,
        };
        Following { scope, timeout: self.timeout, share: self.share.clone() }
    }
}

/// More than nothing, at most a day.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|error: ParseFloatError| error.to_string())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration > Duration::ZERO && duration <= Dashboard::MAX_TIMEOUT => Ok(duration),
        _ => Err("more than 0 and at most 86400 seconds".to_owned()),
    }
}

/// A name of a file, and no way out of the directory.
fn led_name(text: &str) -> Result<String, String> {
    let path = Path::new(text);
    match path.file_name() {
        Some(name) if name == path => Ok(text.to_owned()),
        _ => Err("the name of an LED, without /".to_owned()),
    }
}

fn group(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(['/', '+', '#', '\0']) {
        return Err("a group has a name without /, + and #".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
