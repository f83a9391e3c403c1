//! Who may use a page: this machine's user, or who knows the token. Other sites in the same browser may not, neither from
//! their own pages (Origin, Sec-Fetch-Site) nor by giving a name of theirs our address (Host).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Origin;

/// Decides about requests, by nothing but what they say.
///
/// ```
/// use axum::http::{HeaderMap, HeaderValue, Method, Uri};
/// use packet_inspector::page::{Guard, Refusal, Verdict};
///
/// let guard = Guard::new("127.0.0.1:8080".parse()?, "lights", "--web-");
/// let mut headers = HeaderMap::new();
/// headers.insert("host", HeaderValue::from_static("localhost:8080"));
/// assert_eq!(guard.judge(&Method::GET, &Uri::from_static("/"), &headers), Verdict::Welcome);
/// headers.insert("origin", HeaderValue::from_static("http://evil.example"));
/// let verdict = guard.judge(&Method::GET, &Uri::from_static("/"), &headers);
/// assert_eq!(verdict, Verdict::Refused(Refusal::OtherSite { options: "--web-" }));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Guard {
    address: SocketAddr,
    /// Name of the cookie with the token. Browsers send cookies to all ports of a name, so the port is a part of it.
    cookie: String,
    options: &'static str,
    token: Option<String>,
    names: Vec<String>,
    origins: Vec<Origin>,
    longest: u64,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered.
    Welcome,
    /// It showed the token in its address: the page is reached again with this cookie, and without the token.
    Known(String),
    /// It is not answered, and is told why.
    Refused(Refusal),
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `Host` is no name that this machine is known by; it may be another site's, which gave it our address.
    UnknownName {
        /// How the program's options about its page begin.
        options: &'static str,
    },
    /// It names its host twice, so that whoever stands before us may have judged by another one than we do.
    TwoHosts,
    /// A page of another site asks.
    OtherSite {
        /// How the program's options about its page begin.
        options: &'static str,
    },
    /// Its body is announced as longer than any that is taken.
    TooLong,
    /// It doesn't show the token.
    NoToken,
}

impl Refusal {
    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::UnknownName { .. } | Self::OtherSite { .. } => StatusCode::FORBIDDEN,
            Self::TwoHosts => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoToken => StatusCode::UNAUTHORIZED,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName { options } => write!(f, "this name is not known here: see {options}host"),
            Self::TwoHosts => f.write_str("a request has one Host, this one has more (RFC 9112, 3.2)"),
            Self::OtherSite { options } => {
                write!(f, "another site asks; if a proxy stands before this page, see {options}origin")
            }
            Self::TooLong => f.write_str("it is too long"),
            Self::NoToken => f.write_str("the token is missing: open /?token=..."),
        }
    }
}

impl Guard {
    /// The guard of a page at this address, of this program. Its options about the page begin so: `--web-host`.
    pub fn new(address: SocketAddr, program: &str, options: &'static str) -> Self {
        Self {
            cookie: format!("{program}-{}=", address.port()),
            address,
            options,
            token: None,
            names: Vec::new(),
            origins: Vec::new(),
            longest: u64::MAX,
        }
    }

    /// Only who knows this is welcome.
    #[must_use]
    pub fn token(mut self, token: Option<String>) -> Self {
        self.token = token;
        self
    }

    /// Names, or addresses, by which browsers may call this machine, at any port.
    #[must_use]
    pub fn names(mut self, names: Vec<String>) -> Self {
        self.names = names;
        self
    }

    /// Where browsers find the page when a proxy stands before it, for HTTPS above all.
    #[must_use]
    pub fn origins(mut self, origins: Vec<Origin>) -> Self {
        self.origins = origins;
        self
    }

    /// The longest body of a request, in bytes.
    #[must_use]
    pub fn longest(mut self, longest: u64) -> Self {
        self.longest = longest;
        self
    }

    /// Where the page is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Decides.
    pub fn judge(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Verdict {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if headers.get_all(HOST).iter().nth(1).is_some() {
            return Verdict::Refused(Refusal::TwoHosts);
        }
        let host = text(HOST.as_str()).unwrap_or_default();
        if !self.is_ours(host) {
            return Verdict::Refused(Refusal::UnknownName { options: self.options });
        }
        let is_foreign = |site: &str| site != "same-origin" && site != "none";
        // A link from elsewhere may lead to the page itself.
        let follows_link =
            method == Method::GET && uri.path() == "/" && text("sec-fetch-mode") == Some("navigate");
        if headers.contains_key(ORIGIN)
            && !text(ORIGIN.as_str()).is_some_and(|origin| self.is_own(origin, host))
            || headers.contains_key("sec-fetch-site")
                && text("sec-fetch-site").is_none_or(is_foreign)
                && !follows_link
        {
            return Verdict::Refused(Refusal::OtherSite { options: self.options });
        }
        let length = text(CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.longest) {
            return Verdict::Refused(Refusal::TooLong);
        }
        self.judge_token(uri, text(AUTHORIZATION.as_str()), text(COOKIE.as_str()), host)
    }

    fn judge_token(
        &self,
        uri: &Uri,
        authorization: Option<&str>,
        cookies: Option<&str>,
        host: &str,
    ) -> Verdict {
        let Some(token) = self.token.as_deref() else { return Verdict::Welcome };
        let is_token = |given: &[u8]| same(given, token.as_bytes());
        let is_encoded = |given: &str| is_token(&percent_decode_str(given).collect::<Vec<u8>>());
        let bearer = authorization.and_then(|value| value.strip_prefix("Bearer "));
        let mut cookies = cookies.into_iter().flat_map(|cookies| cookies.split(';'));
        if bearer.is_some_and(|given| is_token(given.as_bytes()))
            || cookies.any(|pair| pair.trim().strip_prefix(&*self.cookie).is_some_and(is_encoded))
        {
            return Verdict::Welcome;
        }
        let mut pairs = uri.query().into_iter().flat_map(|query| query.split('&'));
        if uri.path() == "/" && pairs.any(|pair| pair.strip_prefix("token=").is_some_and(is_encoded)) {
            let token = utf8_percent_encode(token, NON_ALPHANUMERIC);
            // Then no plain HTTP will carry it.
            let secure = if self.is_secure(host) { "; Secure" } else { "" };
            return Verdict::Known(format!(
                "{}{token}; HttpOnly; SameSite=Strict; Path=/{secure}",
                self.cookie
            ));
        }
        Verdict::Refused(Refusal::NoToken)
    }

    /// Whether a browser that followed its own address bar says this name. A foreign name can lead here too, when its owner
    /// gives it this machine's address; nobody's name leads to an address that is written as one.
    fn is_ours(&self, host: &str) -> bool {
        if self.behind(host).is_some() {
            return true;
        }
        let Some(said) = Origin::of_host(host, false) else { return false };
        let bare = said.host().trim_start_matches('[').trim_end_matches(']');
        if self.names.iter().any(|name| name.eq_ignore_ascii_case(bare)) {
            return true;
        }
        let is_known = match bare.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || !self.address.ip().is_loopback(),
            Err(_) => bare == "localhost",
        };
        is_known && said.port() == self.address.port()
    }

    /// Whether a page from there is ours: at an origin that we were told of, or got by the same name and port as the request,
    /// be it through a proxy that speaks HTTPS.
    fn is_own(&self, origin: &str, host: &str) -> bool {
        let Ok(origin) = origin.parse::<Origin>() else { return false };
        let same_name = || Origin::of_host(host, origin.is_secure()).as_ref() == Some(&origin);
        self.origins.contains(&origin) || self.behind(host).is_none() && same_name()
    }

    /// The proxy's origin that a request came by, if the proxy passes on its name.
    fn behind(&self, host: &str) -> Option<&Origin> {
        let by = |origin: &&Origin| Origin::of_host(host, origin.is_secure()).as_ref() == Some(*origin);
        self.origins.iter().find(by)
    }

    fn is_secure(&self, host: &str) -> bool {
        self.behind(host).is_some_and(Origin::is_secure)
    }
}

/// Takes as long for every text of the same length.
fn same(given: &[u8], token: &[u8]) -> bool {
    given.len() == token.len() && given.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests;
