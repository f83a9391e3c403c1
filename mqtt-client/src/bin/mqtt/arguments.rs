//! The arguments, named as those of `mosquitto_pub` and `mosquitto_sub`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand};

use crate::format::Format;
use crate::status;

/// Publish and subscribe over MQTT 3.1.1, and lose nothing.
#[derive(Parser)]
#[command(name = "mqtt", version, after_help = status::HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Publish messages to a topic, and end when all are acknowledged
    #[command(disable_help_flag = true, after_help = status::HELP)]
    Pub(Box<Publish>),
    /// Print the messages of topics, one payload a line, until interrupted
    #[command(disable_help_flag = true, after_help = status::HELP)]
    Sub(Box<Subscribe>),
}

#[derive(Args)]
#[command(group = ArgGroup::new("payload").required(true))]
pub(crate) struct Publish {
    /// Topic to publish to; a URL can have it instead
    #[arg(short, long)]
    pub(crate) topic: Option<String>,

    /// Send this
    #[arg(short, long, group = "payload", allow_hyphen_values = true, value_name = "TEXT")]
    pub(crate) message: Option<OsString>,

    /// Send a message without bytes
    #[arg(short, long, group = "payload")]
    pub(crate) null_message: bool,

    /// Send each line of standard input as a message
    #[arg(short = 'l', long, group = "payload")]
    pub(crate) stdin_line: bool,

    /// Send all of standard input as one message
    #[arg(short, long, group = "payload")]
    pub(crate) stdin_file: bool,

    /// Send the contents of this file
    #[arg(short, long, group = "payload", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Ask for messages with "Enter the message: ", until the end of standard input
    #[arg(long, group = "payload")]
    pub(crate) prompt: bool,

    /// QoS of the messages
    #[arg(short, long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=2))]
    pub(crate) qos: u8,

    /// Have the server keep the last message for later subscribers
    #[arg(short, long)]
    pub(crate) retain: bool,

    /// Send the message so many times (with -m, -n, -s, -f)
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with_all = ["stdin_line", "prompt"])]
    pub(crate) repeat: u64,

    /// Wait so long after one was delivered before the next
    #[arg(long, value_name = "SECONDS")]
    pub(crate) repeat_delay: Option<f64>,

    /// The most messages of QoS 1 and 2 in flight; brokers have limits of their own
    #[arg(short = 'M', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_inflight: u16,

    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args)]
pub(crate) struct Subscribe {
    /// Topic filter to subscribe to; may be given again
    #[arg(short, long)]
    pub(crate) topic: Vec<String>,

    /// Topic filter to unsubscribe from, of a session that was kept; may be given again
    #[arg(short = 'U', long, value_name = "FILTER")]
    pub(crate) unsubscribe: Vec<String>,

    /// Leave out messages of topics that match; may be given again
    #[arg(short = 'T', long, value_name = "FILTER")]
    pub(crate) filter_out: Vec<String>,

    /// The highest QoS to get messages with
    #[arg(short, long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=2))]
    pub(crate) qos: u8,

    /// Print the topic before the payload
    #[arg(short = 'v')]
    pub(crate) with_topic: bool,

    /// Print by this format: %t topic, %p payload, %x %X in hex, %l length, %q QoS, %r retain, %m packet identifier,
    /// %I %U times, %j %J JSON, @Y and so on as strftime, \n and so on, %%
    #[arg(short = 'F', long, value_name = "FORMAT", allow_hyphen_values = true)]
    pub(crate) format: Option<Format>,

    /// Indent JSON of %j and %J
    #[arg(long)]
    pub(crate) pretty: bool,

    /// End after so many messages
    #[arg(short = 'C', long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,

    /// End so long after the connection was accepted, with status 27
    #[arg(short = 'W', long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) wait: Option<u64>,

    /// End when the subscriptions are acknowledged
    #[arg(short = 'E')]
    pub(crate) end_when_subscribed: bool,

    /// Leave out retained messages: they may be old
    #[arg(short = 'R', conflicts_with = "retained_only")]
    pub(crate) no_retained: bool,

    /// Print retained messages only, and end at the first that is not
    #[arg(long)]
    pub(crate) retained_only: bool,

    /// Print no end of line behind each payload
    #[arg(short = 'N')]
    pub(crate) no_newline: bool,

    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl Connection {
    /// The server is to keep the session.
    pub(crate) fn keeps_session(&self) -> bool {
        self.disable_clean_session || self.store.is_some()
    }
}

/// How to connect, and as whom.
#[derive(Args)]
pub(crate) struct Connection {
    /// Host to connect to [default: localhost]
    #[arg(short = 'h', long, help_heading = "Connection", conflicts_with_all = ["url", "unix"])]
    pub(crate) host: Option<String>,

    /// Port [default: 1883]
    #[arg(short, long, help_heading = "Connection", conflicts_with_all = ["url", "unix"],
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,

    /// Unix domain socket to connect to
    #[arg(long, help_heading = "Connection", value_name = "PATH", conflicts_with = "url")]
    pub(crate) unix: Option<PathBuf>,

    /// Server, login and topic in one
    #[arg(
        short = 'L',
        long,
        help_heading = "Connection",
        help = "Server, login and topic in one: mqtt://[user[:password]@]host[:port]/topic"
    )]
    pub(crate) url: Option<String>,

    /// Connect over a WebSocket, at this path of the server
    #[arg(long, help_heading = "Connection", value_name = "PATH", num_args = 0..=1, require_equals = true,
          default_missing_value = "/mqtt", conflicts_with_all = ["url", "unix"])]
    pub(crate) ws: Option<String>,

    /// Connect with TLS, to port 8883 if no other is given; --cafile, --cert and port 8883 mean it too
    #[arg(long, help_heading = "TLS", conflicts_with_all = ["url", "unix"])]
    pub(crate) tls: bool,

    /// Trust the CAs in this file (PEM) instead of the system's. The server is always verified
    #[arg(long, help_heading = "TLS", value_name = "FILE")]
    pub(crate) cafile: Option<PathBuf>,

    /// Certificate of this client (PEM)
    #[arg(long, help_heading = "TLS", value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,

    /// Private key of this client (PEM)
    #[arg(long, help_heading = "TLS", value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,

    /// Trust the system's CAs, which is the default
    #[arg(long, hide = true)]
    pub(crate) tls_use_os_certs: bool,

    /// Give up when no server answers for so long
    #[arg(long, help_heading = "Connection", value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) connect_timeout: u64,

    /// The longest silence, in seconds; 0 for any
    #[arg(short, long, help_heading = "Connection", default_value_t = 60, value_name = "SECONDS")]
    pub(crate) keepalive: u16,

    /// Client identifier [default: made up]
    #[arg(short, long, help_heading = "Session", conflicts_with = "id_prefix")]
    pub(crate) id: Option<String>,

    /// Client identifier: this and the number of the process
    #[arg(short = 'I', long, help_heading = "Session", value_name = "PREFIX")]
    pub(crate) id_prefix: Option<String>,

    /// Keep the session (Clean Session 0): the server holds subscriptions and messages until the next time. To publish at
    /// QoS 1 or 2 use --store, too: without, identifiers begin at 1 each time, and the server may take a message at QoS 2 for
    /// one that was cut off the last time
    #[arg(short = 'c', long, help_heading = "Session")]
    pub(crate) disable_clean_session: bool,

    /// Keep the session in this directory too, with -c meant: what was accepted outlives the process, however it ends
    #[arg(long, help_heading = "Session", value_name = "DIR", requires = "id")]
    pub(crate) store: Option<PathBuf>,

    /// User name
    #[arg(short, long, help_heading = "Login")]
    pub(crate) username: Option<String>,

    /// Password. Others can see it: better in a file, or in the variable MQTT_PASSWORD
    #[arg(
        short = 'P',
        long = "pw",
        help_heading = "Login",
        requires = "username",
        value_name = "PASSWORD",
        allow_hyphen_values = true,
        conflicts_with = "password_file"
    )]
    pub(crate) password: Option<String>,

    /// File with the password in its first line
    #[arg(long, help_heading = "Login", requires = "username", value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Topic of the will, which the server publishes when the connection ends without a goodbye
    #[arg(long, help_heading = "Will", value_name = "TOPIC")]
    pub(crate) will_topic: Option<String>,

    /// Payload of the will
    #[arg(
        long,
        help_heading = "Will",
        requires = "will_topic",
        value_name = "TEXT",
        allow_hyphen_values = true
    )]
    pub(crate) will_payload: Option<OsString>,

    /// QoS of the will
    #[arg(long, help_heading = "Will", requires = "will_topic", value_name = "QOS",
          value_parser = clap::value_parser!(u8).range(..=2))]
    pub(crate) will_qos: Option<u8>,

    /// Have the server keep the will for later subscribers
    #[arg(long, help_heading = "Will", requires = "will_topic")]
    pub(crate) will_retain: bool,

    /// Say each packet on standard error, as packet-inspector's summary does
    #[arg(short = 'd', long, visible_alias = "debug", help_heading = "Diagnostics")]
    pub(crate) verbose: bool,

    /// Write each packet to this file, as a line of hex that packet-inspector reads. CONNECT has the password
    #[arg(long, help_heading = "Diagnostics", value_name = "FILE")]
    pub(crate) tap: Option<PathBuf>,

    /// Say nothing of failures but wrong usage
    #[arg(long, help_heading = "Diagnostics", conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Only MQTT 3.1.1 is spoken
    #[arg(short = 'V', long, hide = true, value_parser = ["311", "mqttv311"])]
    pub(crate) protocol_version: Option<String>,

    /// Small packets are never held back
    #[arg(long, hide = true)]
    pub(crate) nodelay: bool,

    /// Print help
    #[arg(long, action = ArgAction::Help, help_heading = "Diagnostics")]
    pub(crate) help: Option<bool>,
}
