//! Addresses of Servers, as URLs.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use bytes::Bytes;
use fluent_uri::Uri;
use fluent_uri::component::Host;

/// Where a Server is: `mqtt://[user[:password]@]host[:port]`, `unix:/path`, or `host[:port]` alone.
///
/// The password appears neither in `Debug` nor in `Display`.
///
/// ```
/// use mqtt_client::transport::Address;
///
/// let address: Address = "mqtt://me:secret@broker.example".parse()?;
/// assert_eq!(address.to_string(), "mqtt://broker.example:1883");
/// assert_eq!(address.login(), Some(("me".to_owned(), Some("secret".into()))));
/// # Ok::<(), mqtt_client::transport::AddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    place: Place,
    login: Option<(String, Option<Bytes>)>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

/// A text is no address of a Server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is not a URL either.
    #[error("not a URL such as mqtt://host:1883: {0}")]
    Syntax(String),
    /// It has another scheme than `mqtt` and `unix`.
    #[error("scheme {0:?} is not supported: mqtt://host:port or unix:/path")]
    Scheme(String),
    /// It names no host, or no path.
    #[error("no host or path")]
    NoPlace,
    /// Its port is not 1 to 65,535.
    #[error("port is not 1 to 65535: {0:?}")]
    Port(String),
    /// It has what an address of this scheme does not have.
    #[error("unexpected {0:?} behind the host")]
    Rest(String),
    /// Its user name is not UTF-8.
    #[error("user name is not UTF-8")]
    UserName,
}

impl Address {
    /// The port of MQTT over TCP.
    const PORT: u16 = 1883;

    /// A host, by name or number, over TCP.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self { place: Place::Tcp { host: host.into(), port }, login: None }
    }

    /// A Unix domain socket.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::Unix(path.into()), login: None }
    }

    /// User name and password, as far as the URL has them.
    pub fn login(&self) -> Option<(String, Option<Bytes>)> {
        self.login.clone()
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }
}

impl Default for Address {
    /// This machine, at MQTT's port.
    fn default() -> Self {
        Self::tcp("localhost", Self::PORT)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(AddressError::NoPlace) } else { Ok(Self::unix(path)) };
        }
        // A host alone is not a URL, and `localhost:1883` is one with the scheme `localhost`.
        let with_scheme;
        let url = if text.contains("://") {
            text
        } else {
            with_scheme = format!("mqtt://{text}");
            &with_scheme
        };
        let uri = Uri::parse(url).map_err(|error| AddressError::Syntax(error.to_string()))?;
        if !uri.scheme().as_str().eq_ignore_ascii_case("mqtt") {
            return Err(AddressError::Scheme(uri.scheme().as_str().to_owned()));
        }
        let authority = uri.authority().ok_or(AddressError::NoPlace)?;
        let host = match authority.host_parsed() {
            Host::Ipv6(address) => address.to_string(),
            _ => authority.host().to_owned(),
        };
        if host.is_empty() {
            return Err(AddressError::NoPlace);
        }
        let port = match authority.port().map(fluent_uri::pct_enc::EStr::as_str) {
            None | Some("") => Self::PORT,
            Some(port) => match port.parse() {
                Ok(port @ 1..) => port,
                _ => return Err(AddressError::Port(port.to_owned())),
            },
        };
        let rest = uri.path().as_str();
        if !matches!(rest, "" | "/") || uri.query().is_some() || uri.fragment().is_some() {
            return Err(AddressError::Rest(rest.to_owned()));
        }
        let login = match authority.userinfo() {
            None => None,
            Some(userinfo) => {
                let (user_name, password) = match userinfo.split_once(':') {
                    Some((user_name, password)) => (user_name, Some(password)),
                    None => (userinfo, None),
                };
                let user_name = String::from_utf8(user_name.decode().to_bytes().into_owned())
                    .map_err(|_| AddressError::UserName)?;
                Some((user_name, password.map(|password| password.decode().to_bytes().into_owned().into())))
            }
        };
        Ok(Self { place: Place::Tcp { host, port }, login })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp { host, port } if host.contains(':') => write!(f, "mqtt://[{host}]:{port}"),
            Place::Tcp { host, port } => write!(f, "mqtt://{host}:{port}"),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_and_hosts_are_understood() {
        for (text, shown) in [
            ("mqtt://localhost", "mqtt://localhost:1883"),
            ("MQTT://localhost:1884/", "mqtt://localhost:1884"),
            ("localhost", "mqtt://localhost:1883"),
            ("127.0.0.1:1885", "mqtt://127.0.0.1:1885"),
            ("mqtt://[::1]:1886", "mqtt://[::1]:1886"),
            ("[::1]", "mqtt://[::1]:1883"),
            ("unix:/run/broker.sock", "unix:/run/broker.sock"),
            ("unix:///run/broker.sock", "unix:/run/broker.sock"),
            ("me:se%3Acret@localhost", "mqtt://localhost:1883"),
        ] {
            let address: Address = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(address.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn user_names_and_passwords_are_decoded_and_hidden() {
        let login = |text: &str| text.parse::<Address>().unwrap().login();
        assert_eq!(login("mqtt://h"), None);
        assert_eq!(login("mqtt://me@h"), Some(("me".into(), None)));
        assert_eq!(
            login("mqtt://m%65:a%00%3Ab:c@h"),
            Some(("me".into(), Some(Bytes::from_static(b"a\0:b:c"))))
        );
        let address: Address = "mqtt://me:secret@h".parse().unwrap();
        assert!(!format!("{address:?} {address}").contains("secret"));
    }

    #[test]
    fn what_is_no_address_is_told() {
        let error = |text: &str| text.parse::<Address>().unwrap_err();
        assert_eq!(error("http://h"), AddressError::Scheme("http".into()));
        assert_eq!(error("mqtt://"), AddressError::NoPlace);
        assert_eq!(error("unix:"), AddressError::NoPlace);
        assert_eq!(error("h:0"), AddressError::Port("0".into()));
        assert_eq!(error("h:65536"), AddressError::Port("65536".into()));
        assert_eq!(error("mqtt://h/topic"), AddressError::Rest("/topic".into()));
        assert_eq!(error("mqtt://%ff@h"), AddressError::UserName);
        assert!(matches!(error("h h"), AddressError::Syntax(_)));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_shown_is_understood(text in "\\PC{0,40}") {
            if let Ok(address) = text.parse::<Address>() && address.login().is_none() {
                prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address));
            }
        }
    }
}
