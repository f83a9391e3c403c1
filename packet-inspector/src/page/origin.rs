//! Where a page of a browser comes from.

use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::{Authority, Scheme};

/// Scheme, host and port of a page, as browsers send them in `Origin` (RFC 6454).
///
/// ```
/// use packet_inspector::page::Origin;
///
/// let lights: Origin = "https://lights.example".parse()?;
/// assert_eq!(lights, "HTTPS://Lights.Example:443/".parse()?);
/// assert!("lights.example".parse::<Origin>().is_err());
/// # Ok::<(), packet_inspector::page::NotAnOrigin>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    secure: bool,
    /// In lower case.
    host: String,
    port: u16,
}

/// A text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnOrigin;

impl std::fmt::Display for NotAnOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an origin is http:// or https:// with a host, and a port if it is not the usual one")
    }
}

impl std::error::Error for NotAnOrigin {}

impl Origin {
    /// It is reached by HTTPS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Where a request goes that has this in `Host`, by this scheme.
    pub(super) fn of_host(host: &str, secure: bool) -> Option<Self> {
        let authority: Authority = host.parse().ok()?;
        // What stands before an @ is no host, and what stands behind a second colon no port.
        let has_port = authority.port().is_some();
        let bare = authority.host();
        let rest = host.strip_prefix(bare)?;
        if bare.is_empty() || rest.is_empty() == has_port {
            return None;
        }
        let usual = if secure { 443 } else { 80 };
        let port = if has_port { authority.port_u16()? } else { usual };
        Some(Self { secure, host: bare.to_ascii_lowercase(), port })
    }

    /// The host, a name or an address; one of IPv6 is in brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let uri: Uri = text.parse().map_err(|_| NotAnOrigin)?;
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(NotAnOrigin),
        };
        if uri.path() != "/" || uri.query().is_some() || text.contains('#') {
            return Err(NotAnOrigin);
        }
        let host = uri.authority().ok_or(NotAnOrigin)?;
        Self::of_host(host.as_str(), secure).ok_or(NotAnOrigin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = |text: &str| text.parse::<Origin>();
        assert_eq!(origin("http://localhost"), origin("http://LOCALHOST:80/"));
        assert_ne!(origin("http://localhost"), origin("https://localhost"));
        assert_ne!(origin("https://localhost"), origin("https://localhost:8443"));
        assert_eq!(origin("http://[::1]:8080").map(|origin| origin.host), Ok("[::1]".to_owned()));
        for text in [
            "",
            "null",
            "localhost",
            "localhost:80",
            "ftp://localhost",
            "http://",
            "http://me@localhost",
            "http://localhost:",
            "http://localhost:80:80",
            "http://localhost:99999",
            "http://localhost/page",
            "http://localhost/?query",
            "http://localhost#there",
            "http://local host",
        ] {
            assert_eq!(origin(text), Err(NotAnOrigin), "{text}");
        }
    }
}
