//! Options of the test client's session.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use mqtt_client::{Message, SessionOptions};
use mqtt_codec::QoS;

/// Passwords in arguments are seen by everybody on the machine.
const PASSWORD: &str = "MQTT_PASSWORD";

#[derive(Args)]
pub(super) struct Session {
    /// The Client Identifier; without it the server makes one up
    #[arg(short, long, value_name = "ID", default_value = "")]
    id: String,

    /// The user name. Its password comes from --password-file or from the environment's MQTT_PASSWORD
    #[arg(short, long, value_name = "NAME")]
    user: Option<String>,

    /// A file that holds the password; one line end behind it is not part of it
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,

    /// Keep Alive in seconds; 0 for off
    #[arg(short, long, value_name = "SECONDS", default_value_t = 60)]
    keep_alive: u16,

    /// Clean Session 0: the server keeps the session; needs --id
    #[arg(long, requires = "id")]
    keep_session: bool,

    /// The will's topic
    #[arg(long, value_name = "TOPIC", help_heading = "Will")]
    will_topic: Option<String>,

    /// The will's payload
    #[arg(long, value_name = "TEXT", default_value = "", requires = "will_topic", help_heading = "Will")]
    will_message: String,

    /// The will's QoS
    #[arg(long, value_name = "QOS", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=2), requires = "will_topic", help_heading = "Will")]
    will_qos: u8,

    /// The server keeps the will for later subscribers
    #[arg(long, requires = "will_topic", help_heading = "Will")]
    will_retain: bool,
}

impl Session {
    /// A user name is given here, and not in the URL.
    pub(super) fn has_login(&self) -> bool {
        self.user.is_some()
    }

    /// The client's own options.
    pub(super) fn options(&self) -> Result<SessionOptions, String> {
        let mut options =
            SessionOptions::new(&self.id).clean_session(!self.keep_session).keep_alive(self.keep_alive);
        if let Some(user) = &self.user {
            options = options.login(user, self.password()?.map(Into::into));
        }
        if let Some(topic) = &self.will_topic {
            let will = Message::new(topic.as_str(), self.will_message.clone().into_bytes());
            let will = will.map_err(|error| format!("--will-topic: {error}"))?;
            let qos = QoS::from_u8(self.will_qos).unwrap_or(QoS::AtMostOnce);
            options = options.will(will.qos(qos).retain(self.will_retain));
        }
        Ok(options)
    }

    fn password(&self) -> Result<Option<Vec<u8>>, String> {
        let Some(path) = &self.password_file else {
            return Ok(std::env::var_os(PASSWORD).map(OsString::into_encoded_bytes));
        };
        let mut password = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if password.ends_with(b"\n") {
            password.pop();
            if password.ends_with(b"\r") {
                password.pop();
            }
        }
        Ok(Some(password))
    }
}
