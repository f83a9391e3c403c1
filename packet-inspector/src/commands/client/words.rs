//! The commands that the test client takes, a line each.

use mqtt_client::{Message, TopicFilterBuf};
use mqtt_codec::QoS;

pub(super) const HELP: &str = "\
sub FILTER [QOS]                   subscribe, at QoS 0 if not said
unsub FILTER                       unsubscribe
pub TOPIC QOS [retain] [PAYLOAD]   publish; the payload is the rest of the line
help                               this list
quit                               disconnect and end (so does the end of the input)";

/// One command.
#[derive(Debug, PartialEq)]
pub(super) enum Words {
    Subscribe(TopicFilterBuf, QoS),
    Unsubscribe(TopicFilterBuf),
    Publish(Message),
    Help,
    Quit,
    Nothing,
}

/// Reads a line.
pub(super) fn parse(line: &str) -> Result<Words, String> {
    let line = line.trim_end_matches(['\r', '\n']);
    let (word, rest) = next(line);
    match word {
        "" => Ok(Words::Nothing),
        "sub" | "subscribe" => {
            let (filter, rest) = next(rest);
            let qos = match rest.trim() {
                "" => QoS::AtMostOnce,
                text => qos(text)?,
            };
            Ok(Words::Subscribe(topic_filter(filter)?, qos))
        }
        "unsub" | "unsubscribe" => Ok(Words::Unsubscribe(topic_filter(rest.trim())?)),
        "pub" | "publish" => {
            let (topic, rest) = next(rest);
            let (level, rest) = next(rest);
            let (retain, payload) = match next(rest) {
                ("retain", payload) => (true, payload),
                _ => (false, rest),
            };
            let qos = qos(level)?;
            let message = Message::new(topic, payload.as_bytes().to_vec());
            Ok(Words::Publish(message.map_err(|error| format!("topic: {error}"))?.qos(qos).retain(retain)))
        }
        "help" | "?" => Ok(Words::Help),
        "quit" | "exit" => Ok(Words::Quit),
        other => Err(format!("{other}: not known; try help")),
    }
}

/// The first word, and what stands behind the space that follows it.
fn next(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(' ').unwrap_or((text, ""))
}

fn qos(text: &str) -> Result<QoS, String> {
    let level = text.parse().ok().and_then(QoS::from_u8);
    level.ok_or_else(|| format!("QoS is 0, 1 or 2, not {text:?}"))
}

fn topic_filter(text: &str) -> Result<TopicFilterBuf, String> {
    text.try_into().map_err(|error: mqtt_client::TextError| format!("topic filter: {error}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        let message = |topic: &str, payload: &'static str| Message::new(topic, payload).unwrap();
        for (line, words) in [
            ("sub a/# 2\n", Words::Subscribe("a/#".try_into().unwrap(), QoS::ExactlyOnce)),
            ("  subscribe  +", Words::Subscribe("+".try_into().unwrap(), QoS::AtMostOnce)),
            ("unsub a/#", Words::Unsubscribe("a/#".try_into().unwrap())),
            ("pub a 1 two  words ", Words::Publish(message("a", "two  words ").qos(QoS::AtLeastOnce))),
            ("pub a 0 retain on", Words::Publish(message("a", "on").retain(true))),
            ("pub a 0 retain", Words::Publish(message("a", "").retain(true))),
            ("pub a 2", Words::Publish(message("a", "").qos(QoS::ExactlyOnce))),
            ("", Words::Nothing),
            ("?", Words::Help),
            ("quit\r\n", Words::Quit),
        ] {
            assert_eq!(parse(line), Ok(words), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_command_is_said() {
        for (line, message) in [
            ("sub a/#/b", "topic filter: "),
            ("sub a 3", "QoS is 0, 1 or 2, not \"3\""),
            ("sub", "topic filter: "),
            ("pub a/+ 0 x", "topic: "),
            ("pub a x", "QoS is 0, 1 or 2, not \"x\""),
            ("pub a", "QoS is 0, 1 or 2, not \"\""),
            ("dance", "dance: not known; try help"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
