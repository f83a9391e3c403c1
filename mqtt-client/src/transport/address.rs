//! Addresses of Servers, as URLs.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use bytes::Bytes;
use fluent_uri::Uri;
use fluent_uri::component::Host;
use fluent_uri::pct_enc::{EStr, Encoder};

/// Where a Server is, as a URL:
///
/// | URL | way | default port | feature |
/// |---|---|---|---|
/// | `mqtt://host`, or `host` alone | TCP | 1883 | |
/// | `mqtts://host` | TLS | 8883 | `tls` |
/// | `ws://host/path` | WebSocket | 80 | `websocket` |
/// | `wss://host/path` | WebSocket over TLS | 443 | both |
/// | `unix:/path` | Unix socket | | |
///
/// All but the last can have a port and a login: `mqtt://user:password@host:port`. Path and query of a WebSocket are sent
/// as they are.
///
/// Neither `Debug` nor `Display` shows the login, or the query, which may be a secret too.
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
    Tcp {
        host: String,
        port: u16,
        tls: bool,
        /// Of a WebSocket: path and query.
        resource: Option<String>,
    },
    Unix(PathBuf),
}

/// A text is no address of a Server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is not a URL either.
    #[error("not a URL such as mqtt://host:1883: {0}")]
    Syntax(String),
    /// Its scheme is not known.
    #[error("scheme {0:?} is not supported: one of mqtt, mqtts, ws, wss, unix")]
    Scheme(String),
    /// Its scheme needs a cargo feature that this program was built without.
    #[error("{scheme}:// needs mqtt-client's feature {feature:?}, which this program was built without")]
    Feature {
        /// The scheme.
        scheme: String,
        /// The feature.
        feature: &'static str,
    },
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
        let (host, tls, resource) = (host.into(), false, None);
        Self { place: Place::Tcp { host, port, tls, resource }, login: None }
    }

    /// A host, by the name or number that its certificate is for, over TLS.
    #[cfg(feature = "tls")]
    pub fn tls(host: impl Into<String>, port: u16) -> Self {
        let (host, tls, resource) = (host.into(), true, None);
        Self { place: Place::Tcp { host, port, tls, resource }, login: None }
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
        let Scheme { tls, websocket, default_port } = Scheme::of(uri.scheme().as_str())?;
        let authority = uri.authority().ok_or(AddressError::NoPlace)?;
        let host = match authority.host_parsed() {
            Host::Ipv6(address) => address.to_string(),
            _ => authority.host().to_owned(),
        };
        if host.is_empty() {
            return Err(AddressError::NoPlace);
        }
        let port = match authority.port().map(EStr::as_str) {
            None | Some("") => default_port,
            Some(port) => match port.parse() {
                Ok(port @ 1..) => port,
                _ => return Err(AddressError::Port(port.to_owned())),
            },
        };
        let path = uri.path().as_str();
        let resource = match (websocket, uri.query()) {
            (true, query) if uri.fragment().is_none() => {
                let path = if path.is_empty() { "/" } else { path };
                Some(query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
            }
            (false, None) if matches!(path, "" | "/") && uri.fragment().is_none() => None,
            _ => return Err(AddressError::Rest(path.to_owned())),
        };
        let login = authority.userinfo().map(login).transpose()?;
        Ok(Self { place: Place::Tcp { host, port, tls, resource }, login })
    }
}

/// User name and password of a URL.
fn login(userinfo: &EStr<impl Encoder>) -> Result<(String, Option<Bytes>), AddressError> {
    let (user_name, password) = match userinfo.split_once(':') {
        Some((user_name, password)) => (user_name, Some(password)),
        None => (userinfo, None),
    };
    let user_name =
        String::from_utf8(user_name.decode().to_bytes().into_owned()).map_err(|_| AddressError::UserName)?;
    Ok((user_name, password.map(|password| password.decode().to_bytes().into_owned().into())))
}

/// What the scheme of a URL says.
struct Scheme {
    tls: bool,
    websocket: bool,
    default_port: u16,
}

impl Scheme {
    fn of(name: &str) -> Result<Self, AddressError> {
        let (tls, websocket, default_port) = match &*name.to_ascii_lowercase() {
            "mqtt" => (false, false, Address::PORT),
            "mqtts" => (true, false, 8883),
            "ws" => (false, true, 80),
            "wss" => (true, true, 443),
            _ => return Err(AddressError::Scheme(name.to_owned())),
        };
        let features =
            [(tls, cfg!(feature = "tls"), "tls"), (websocket, cfg!(feature = "websocket"), "websocket")];
        for (needed, there, feature) in features {
            if needed && !there {
                return Err(AddressError::Feature { scheme: name.to_ascii_lowercase(), feature });
            }
        }
        Ok(Self { tls, websocket, default_port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp { host, port, tls, resource } => {
                let scheme = if resource.is_some() { "ws" } else { "mqtt" };
                let s = if *tls { "s" } else { "" };
                let host = Bracketed(host);
                write!(f, "{scheme}{s}://{host}:{port}")?;
                match resource.as_deref().map(|resource| resource.split_once('?')) {
                    None => Ok(()),
                    Some(None) => f.write_str(resource.as_deref().unwrap_or_default()),
                    Some(Some((path, _))) => write!(f, "{path}?(hidden)"),
                }
            }
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A host as it stands before a port: IPv6 numbers in brackets.
pub(super) struct Bracketed<'a>(pub(super) &'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
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
    #[cfg(all(feature = "tls", feature = "websocket"))]
    fn schemes_have_their_ports_and_websockets_their_path() {
        for (text, shown) in [
            ("mqtts://h", "mqtts://h:8883"),
            ("mqtts://[::1]:1", "mqtts://[::1]:1"),
            ("ws://h", "ws://h:80/"),
            ("WSS://h/mqtt", "wss://h:443/mqtt"),
            ("ws://h:81/a%20b/c", "ws://h:81/a%20b/c"),
            ("wss://h/mqtt?token=secret", "wss://h:443/mqtt?(hidden)"),
        ] {
            let address: Address = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(address.to_string(), shown, "{text}");
        }
        let address: Address = "ws://h?token=secret".parse().unwrap();
        assert!(
            matches!(address.place(), Place::Tcp { resource: Some(resource), .. } if resource == "/?token=secret")
        );
        assert_eq!("ws://h/#f".parse::<Address>(), Err(AddressError::Rest("/".into())));
        assert_eq!("mqtts://h/mqtt".parse::<Address>(), Err(AddressError::Rest("/mqtt".into())));
    }

    #[test]
    fn a_scheme_whose_feature_is_missing_says_which() {
        for (there, url, feature) in [
            (cfg!(feature = "tls"), "mqtts://h", "tls"),
            (cfg!(feature = "websocket"), "ws://h", "websocket"),
            (cfg!(all(feature = "tls", feature = "websocket")), "wss://h", "feature"),
        ] {
            match url.parse::<Address>() {
                Ok(_) => assert!(there, "{url}"),
                Err(error) => assert!(!there && error.to_string().contains(feature), "{url}: {error}"),
            }
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
                let shown = address.to_string();
                prop_assume!(!shown.ends_with("(hidden)"));
                prop_assert_eq!(shown.parse::<Address>(), Ok(address));
            }
        }
    }
}
