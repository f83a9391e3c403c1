//! From arguments to what is to be done: everything that can be wrong with them is found here, before anything is sent.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use mqtt_client::store::Disk;
use mqtt_client::transport::{Address, TlsOptions, TlsOptionsError, TlsOptionsProblem, TransportOptions};
use mqtt_client::{Message, Options, QoS, SessionOptions, TopicFilterBuf, TopicNameBuf};

use crate::arguments::{Connection, Publish, Subscribe};
use crate::format::Format;
use crate::link;
use crate::status::{DATA, Failure, IO, NO_INPUT, STORE};

/// What `mqtt pub` does.
pub(crate) struct PublishPlan {
    pub(crate) link: link::Plan,
    /// Topic, QoS and RETAIN; without a payload.
    pub(crate) message: Message,
    pub(crate) source: Source,
}

/// Where payloads come from.
pub(crate) enum Source {
    /// This one, some times, with pauses.
    Payload { payload: Bytes, times: u64, pause: Option<Duration>, is_file: bool },
    /// Lines of standard input.
    Lines,
    /// Lines that the user is asked for.
    Prompt,
}

/// What `mqtt sub` does.
pub(crate) struct SubscribePlan {
    pub(crate) link: link::Plan,
    pub(crate) filters: Vec<(TopicFilterBuf, QoS)>,
    pub(crate) unsubscribe: Vec<TopicFilterBuf>,
    pub(crate) end_when_subscribed: bool,
    pub(crate) wait: Option<Duration>,
    pub(crate) printing: Printing,
}

/// What is printed of the messages that come.
pub(crate) struct Printing {
    pub(crate) format: Format,
    pub(crate) count: Option<u64>,
    pub(crate) leave_out: Vec<TopicFilterBuf>,
    pub(crate) no_retained: bool,
    pub(crate) retained_only: bool,
}

pub(crate) fn publish(arguments: Publish) -> Result<PublishPlan, Failure> {
    let (place, url_topic) = place(&arguments.connection)?;
    let topic = match (arguments.topic, url_topic) {
        (Some(topic), None) | (None, Some(topic)) => topic,
        (None, None) => return Err(Failure::usage("no topic: give one with -t")),
        (Some(_), Some(_)) => return Err(Failure::usage("two topics: the URL has one, too")),
    };
    let topic = TopicNameBuf::try_from(topic.as_str())
        .map_err(|error| Failure::usage(format!("topic {topic:?}: {error}")))?;
    let pause = match arguments.repeat_delay {
        None => None,
        Some(seconds) => Some(
            Duration::try_from_secs_f64(seconds)
                .map_err(|error| Failure::usage(format!("--repeat-delay: {error}")))?,
        ),
    };
    let payload = |payload, is_file| Source::Payload { payload, times: arguments.repeat, pause, is_file };
    let session = session("Pub", &arguments.connection)?.in_flight(arguments.max_inflight);
    let link = link(place, session, &arguments.connection)?;
    let source = if arguments.stdin_line {
        Source::Lines
    } else if arguments.prompt {
        Source::Prompt
    } else if arguments.stdin_file {
        payload(standard_input()?, false)
    } else if let Some(path) = &arguments.file {
        payload(read(path)?.into(), true)
    } else {
        payload(arguments.message.map(bytes).unwrap_or_default(), false)
    };
    let message = Message::to(topic, "").qos(qos(arguments.qos)).retain(arguments.retain);
    if let Source::Payload { payload, .. } = &source
        && payload.len() + message.topic.as_bytes().len() > MOST
    {
        return Err(Failure::new(DATA, TOO_LONG));
    }
    Ok(PublishPlan { link, message, source })
}

/// The most bytes that topic and payload can have together at any QoS.
pub(crate) const MOST: usize = 268_435_455 - 4;
pub(crate) const TOO_LONG: &str = "the message is too long for a packet (268,435,455 bytes)";

pub(crate) fn subscribe(arguments: Subscribe) -> Result<SubscribePlan, Failure> {
    let (place, url_topic) = place(&arguments.connection)?;
    let filters: Vec<_> = arguments.topic.into_iter().chain(url_topic).collect();
    if filters.is_empty() && arguments.unsubscribe.is_empty() {
        return Err(Failure::usage("no topic filter: give one with -t, or with -U"));
    }
    let session = session("Sub", &arguments.connection)?
        // All that the protocol allows: it is the user who asked for these messages.
        .max_packet_len(usize::MAX)
        // With a session that is kept, a message is acknowledged when it was printed. Else nobody would send it again.
        .manual_acknowledgement(arguments.connection.keeps_session());
    let link = link(place, session, &arguments.connection)?;
    let qos = qos(arguments.qos);
    let format = arguments.format.unwrap_or_else(|| Format::plain(arguments.with_topic));
    let printing = Printing {
        format: format.pretty(arguments.pretty).with_newline(!arguments.no_newline),
        count: arguments.count,
        leave_out: topic_filters(&arguments.filter_out)?,
        no_retained: arguments.no_retained,
        retained_only: arguments.retained_only,
    };
    Ok(SubscribePlan {
        link,
        filters: topic_filters(&filters)?.into_iter().map(|filter| (filter, qos)).collect(),
        unsubscribe: topic_filters(&arguments.unsubscribe)?,
        end_when_subscribed: arguments.end_when_subscribed,
        wait: arguments.wait.map(Duration::from_secs),
        printing,
    })
}

fn topic_filters(texts: &[String]) -> Result<Vec<TopicFilterBuf>, Failure> {
    let checked = texts.iter().map(|text| {
        TopicFilterBuf::try_from(text.as_str())
            .map_err(|error| Failure::usage(format!("topic filter {text:?}: {error}")))
    });
    checked.collect()
}

fn qos(level: u8) -> QoS {
    match level {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}

/// The server, and the topic that a URL has behind it.
fn place(connection: &Connection) -> Result<(Address, Option<String>), Failure> {
    if let Some(path) = &connection.unix {
        return Ok((Address::unix(path), None));
    }
    let Some(url) = &connection.url else {
        return Ok((host(connection)?, None));
    };
    // As mosquitto_pub reads it: the topic is all behind the host, as it stands.
    let (server, topic) = match url.split_once("://") {
        Some((scheme @ ("mqtt" | "mqtts"), rest)) => match rest.split_once('/') {
            Some((server, topic)) => (format!("{scheme}://{server}"), Some(topic.to_owned())),
            None => (url.clone(), None),
        },
        // Of others, a path is the way to the server.
        _ => (url.clone(), None),
    };
    let topic = topic.filter(|topic| !topic.is_empty());
    let address = server.parse().map_err(|error| Failure::usage(format!("--url: {error}")))?;
    Ok((address, topic))
}

/// The server of `-h` and `-p`. As with mosquitto_pub, a CA or a certificate mean TLS, and so does its port.
fn host(connection: &Connection) -> Result<Address, Failure> {
    let host = connection.host.clone().unwrap_or_else(|| "localhost".to_owned());
    let tls = connection.tls
        || connection.cafile.is_some()
        || connection.cert.is_some()
        || connection.port == Some(TLS_PORT);
    let Some(path) = &connection.ws else {
        return Ok(match tls {
            true => Address::tls(host, connection.port.unwrap_or(TLS_PORT)),
            false => Address::tcp(host, connection.port.unwrap_or(1883)),
        });
    };
    let scheme = if tls { "wss" } else { "ws" };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let port = connection.port.map_or_else(String::new, |port| format!(":{port}"));
    let path = path.trim_start_matches('/');
    let url = format!("{scheme}://{host}{port}/{path}");
    url.parse().map_err(|error| Failure::usage(format!("{url}: {error}")))
}

/// MQTT over TLS.
const TLS_PORT: u16 = 8883;

fn tls(connection: &Connection) -> Result<TlsOptions, Failure> {
    let failed = |error: TlsOptionsError| match error.problem() {
        TlsOptionsProblem::Unreadable(_) => Failure::new(NO_INPUT, error.to_string()),
        _ => Failure::usage(error),
    };
    let mut tls = TlsOptions::default();
    if let Some(path) = &connection.cafile {
        tls = tls.ca_file(path).map_err(failed)?;
    }
    if let (Some(certificate), Some(key)) = (&connection.cert, &connection.key) {
        tls = tls.client_certificate_files(certificate, key).map_err(failed)?;
    }
    Ok(tls)
}

fn session(command: &str, connection: &Connection) -> Result<SessionOptions, Failure> {
    let id = match (&connection.id, &connection.id_prefix) {
        (Some(id), _) => id.clone(),
        (None, Some(prefix)) => format!("{prefix}{}", std::process::id()),
        // Letters and digits, at most 23, which every server takes [MQTT-3.1.3-5].
        (None, None) => format!("mqtt{command}{:016x}", fastrand::u64(..)),
    };
    let mut session = SessionOptions::new(id)
        .clean_session(!connection.keeps_session())
        .keep_alive(connection.keepalive)
        .connack_timeout(Duration::from_secs(connection.connect_timeout));
    if let Some(user_name) = &connection.username {
        session = session.login(user_name.clone(), password(connection)?);
    }
    if let Some(topic) = &connection.will_topic {
        let payload = connection.will_payload.clone().map(bytes).unwrap_or_default();
        let will = Message::new(topic.as_str(), payload)
            .map_err(|error| Failure::usage(format!("--will-topic {topic:?}: {error}")))?;
        session =
            session.will(will.qos(qos(connection.will_qos.unwrap_or(0))).retain(connection.will_retain));
    }
    Ok(session)
}

/// From the arguments, a file, or the environment.
fn password(connection: &Connection) -> Result<Option<Bytes>, Failure> {
    if let Some(password) = &connection.password {
        return Ok(Some(password.clone().into()));
    }
    if let Some(path) = &connection.password_file {
        let mut content = read(path)?;
        let end = content.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(content.len());
        content.truncate(end);
        return Ok(Some(content.into()));
    }
    Ok(std::env::var_os("MQTT_PASSWORD").map(bytes))
}

fn link(address: Address, session: SessionOptions, connection: &Connection) -> Result<link::Plan, Failure> {
    let timeout = Duration::from_secs(connection.connect_timeout);
    let transport = TransportOptions::default().connect_timeout(timeout).tls(tls(connection)?);
    let tap = match &connection.tap {
        None => None,
        Some(path) => Some(File::create(path).map_err(|error| failed(IO, path, &error))?),
    };
    // Whoever holds up standard output may do so for as long as they like.
    let mut options = Options::new(address, session).transport(transport).unread_timeout(Duration::MAX);
    if let Some(directory) = &connection.store {
        let store = Disk::open(directory).map_err(|error| Failure::new(STORE, format!("store: {error}")))?;
        options = options.store(store);
    }
    Ok(link::Plan { options, tap, verbose: connection.verbose, quiet: connection.quiet })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| failed(NO_INPUT, path, &error))
}

fn failed(status: u8, path: &Path, error: &io::Error) -> Failure {
    Failure::new(status, format!("{}: {error}", path.display()))
}

fn standard_input() -> Result<Bytes, Failure> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MOST).unwrap_or(u64::MAX).saturating_add(1);
    match io::stdin().lock().take(most).read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes.into()),
        Err(error) => Err(Failure::new(IO, format!("standard input: {error}"))),
    }
}

/// An argument's bytes, whatever they are.
fn bytes(text: OsString) -> Bytes {
    text.into_encoded_bytes().into()
}
