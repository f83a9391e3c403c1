//! The fields of a packet as options.

use clap::Args;
use packet_inspector::build::{BuildError, Problem};
use serde_json::{Map, Value, json};

/// Each option names a key of the JSON; which packet has which is the builder's to say.
#[derive(Args)]
#[command(next_help_heading = "Fields")]
pub(crate) struct Fields {
    /// Topic Name of a PUBLISH
    #[arg(long)]
    topic: Option<String>,
    /// Message of a PUBLISH, as text
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Message of a PUBLISH, in hex
    #[arg(long, value_name = "HEX", conflicts_with = "message")]
    message_hex: Option<String>,
    /// QoS of a PUBLISH
    #[arg(long, value_name = "QOS")]
    qos: Option<u8>,
    /// RETAIN of a PUBLISH
    #[arg(long)]
    retain: bool,
    /// DUP of a PUBLISH
    #[arg(long)]
    dup: bool,
    /// Packet Identifier
    #[arg(long, value_name = "ID")]
    packet_id: Option<u16>,
    /// Topic Filter of a SUBSCRIBE, with a comma and the QoS behind it (0 without), or of an UNSUBSCRIBE; may be given again
    #[arg(long, value_name = "FILTER[,QOS]")]
    filter: Vec<String>,
    /// Return Codes of a SUBACK: 0, 1, 2 and 128
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    return_codes: Vec<u8>,
    /// Return Code of a CONNACK
    #[arg(long, value_name = "CODE")]
    return_code: Option<u8>,
    /// Session Present of a CONNACK
    #[arg(long)]
    session_present: bool,
    /// Client Identifier of a CONNECT
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Keep Alive of a CONNECT; 60 without
    #[arg(long, value_name = "SECONDS")]
    keep_alive: Option<u16>,
    /// Clean Session of a CONNECT
    #[arg(long)]
    clean_session: bool,
    /// Will Topic of a CONNECT
    #[arg(long, value_name = "TOPIC")]
    will_topic: Option<String>,
    /// Will Message of a CONNECT, as text
    #[arg(long, value_name = "TEXT")]
    will_message: Option<String>,
    /// Will QoS of a CONNECT
    #[arg(long, value_name = "QOS")]
    will_qos: Option<u8>,
    /// Will Retain of a CONNECT
    #[arg(long)]
    will_retain: bool,
    /// User Name of a CONNECT
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Password of a CONNECT, as text
    #[arg(long, value_name = "TEXT")]
    password: Option<String>,
}

impl Fields {
    /// Whether any is given.
    pub(super) fn are_given(&self) -> bool {
        self.map("").len() > 1
    }

    /// The packet as JSON.
    pub(super) fn object(&self, packet: &str) -> Value {
        Value::Object(self.map(packet))
    }

    fn map(&self, packet: &str) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("packet".to_owned(), packet.into());
        let texts = [
            ("topic", &self.topic),
            ("payload_text", &self.message),
            ("payload_hex", &self.message_hex),
            ("client_id", &self.client_id),
            ("will_topic", &self.will_topic),
            ("will_payload_text", &self.will_message),
            ("username", &self.username),
            ("password_text", &self.password),
        ];
        let numbers = [
            ("qos", self.qos.map(u16::from)),
            ("packet_id", self.packet_id),
            ("return_code", self.return_code.map(u16::from)),
            ("keep_alive", self.keep_alive),
            ("will_qos", self.will_qos.map(u16::from)),
        ];
        let flags = [
            ("retain", self.retain),
            ("dup", self.dup),
            ("session_present", self.session_present),
            ("clean_session", self.clean_session),
            ("will_retain", self.will_retain),
        ];
        let texts = texts.into_iter().filter_map(|(key, text)| Some((key, json!(text.as_ref()?))));
        let numbers = numbers.into_iter().filter_map(|(key, number)| Some((key, json!(number?))));
        let flags = flags.into_iter().filter(|(_, set)| *set).map(|(key, set)| (key, json!(set)));
        map.extend(texts.chain(numbers).chain(flags).map(|(key, value)| (key.to_owned(), value)));
        if !self.filter.is_empty() {
            let filters = self.filter.iter().map(|filter| filter_and_qos(filter, packet));
            map.insert("filters".to_owned(), filters.collect());
        }
        if !self.return_codes.is_empty() {
            map.insert("return_codes".to_owned(), json!(self.return_codes));
        }
        map
    }
}

/// The option that a key of the JSON stands for.
fn option(key: &str) -> Option<&'static str> {
    Some(match key {
        "topic" => "--topic",
        "payload_text" => "--message",
        "payload_hex" => "--message-hex",
        "qos" => "--qos",
        "retain" => "--retain",
        "dup" => "--dup",
        "packet_id" => "--packet-id",
        "filters" => "--filter",
        "return_codes" => "--return-codes",
        "return_code" => "--return-code",
        "session_present" => "--session-present",
        "client_id" => "--client-id",
        "keep_alive" => "--keep-alive",
        "clean_session" => "--clean-session",
        "will_topic" => "--will-topic",
        "will_payload_text" | "will_payload_hex" => "--will-message",
        "will_qos" => "--will-qos",
        "will_retain" => "--will-retain",
        "username" => "--username",
        "password_text" | "password_hex" => "--password",
        _ => return None,
    })
}

/// The same error by the name of the option, and of what it is given.
pub(super) fn named(error: &BuildError) -> BuildError {
    let key = option(&error.key).unwrap_or(&error.key).to_owned();
    let problem = match &error.problem {
        Problem::WrongType("pairs of filter and QoS") => {
            Problem::WrongType("FILTER,QOS with a QoS of 0, 1 or 2")
        }
        problem => problem.clone(),
    };
    BuildError { key, problem }
}

/// `a/b,1` for SUBSCRIBE; UNSUBSCRIBE has no QoS, so its filters may end in anything.
fn filter_and_qos(filter: &str, packet: &str) -> Value {
    let split = filter.rsplit_once(',').and_then(|(filter, qos)| Some((filter, qos.parse::<u8>().ok()?)));
    match split {
        _ if packet != "SUBSCRIBE" => json!(filter),
        Some((filter, qos)) => json!([filter, qos]),
        None => json!([filter, 0]),
    }
}
