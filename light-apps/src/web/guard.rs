//! Who may use the page: this machine's user, or who has the token. Other sites in the same browser may not: neither from
//! their own pages (Origin, Sec-Fetch-Site), nor by giving a name of theirs our address (Host).

use std::net::{IpAddr, SocketAddr};

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode, Uri};

/// Decides about requests.
#[derive(Debug)]
pub(super) struct Guard {
    address: SocketAddr,
    token: Option<String>,
    /// Names of this machine.
    names: Vec<String>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is answered.
    Welcome,
    /// It showed the token in its address: the page is reached again with this cookie, and without the token.
    Known(String),
    /// It is not answered, and is told why.
    Refused(StatusCode, &'static str),
}

impl Guard {
    pub(super) fn new(address: SocketAddr, token: Option<String>, names: Vec<String>) -> Self {
        Self { address, token, names }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Decides.
    pub(super) fn judge(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Verdict {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(HOST.as_str()).unwrap_or_default();
        if !self.is_ours(host) {
            return Verdict::Refused(StatusCode::FORBIDDEN, "this name is not known here: see --web-host\n");
        }
        let is_foreign = |site: &str| site != "same-origin" && site != "none";
        // A link from elsewhere may lead to the page itself.
        let follows_link =
            method == Method::GET && uri.path() == "/" && text("sec-fetch-mode") == Some("navigate");
        let own = format!("http://{host}");
        if headers.contains_key(ORIGIN) && text(ORIGIN.as_str()) != Some(own.as_str())
            || headers.contains_key("sec-fetch-site")
                && text("sec-fetch-site").is_none_or(is_foreign)
                && !follows_link
        {
            return Verdict::Refused(StatusCode::FORBIDDEN, "another site asks\n");
        }
        let Some(token) = self.token.as_deref() else { return Verdict::Welcome };
        let is_token = |given: &str| same(given.as_bytes(), token.as_bytes());
        let cookie = format!("light-dashboard-{}=", self.address.port());
        let mut cookies = text(COOKIE.as_str()).into_iter().flat_map(|cookies| cookies.split(';'));
        let bearer = text(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        if bearer.is_some_and(is_token)
            || cookies.any(|pair| pair.trim().strip_prefix(cookie.as_str()).is_some_and(is_token))
        {
            return Verdict::Welcome;
        }
        let mut pairs = uri.query().into_iter().flat_map(|query| query.split('&'));
        if uri.path() == "/" && pairs.any(|pair| pair.strip_prefix("token=").is_some_and(is_token)) {
            return Verdict::Known(format!("{cookie}{token}; HttpOnly; SameSite=Strict; Path=/"));
        }
        Verdict::Refused(StatusCode::UNAUTHORIZED, "the token is missing: open /?token=...\n")
    }

    /// Whether a browser that followed its own address bar says this name.
    fn is_ours(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<axum::http::uri::Authority>() else { return false };
        let name = authority.host();
        let is_known = match name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            // Nobody's name leads to an address that is written as one.
            Ok(ip) => ip.is_loopback() || !self.address.ip().is_loopback(),
            Err(_) => {
                let mut names = self.names.iter().map(String::as_str).chain(["localhost"]);
                names.any(|known| known.eq_ignore_ascii_case(name))
            }
        };
        let has_user = host.contains('@');
        is_known && !has_user && authority.port_u16().unwrap_or(80) == self.address.port()
    }
}

/// Takes as long for every text of the same length.
fn same(given: &[u8], token: &[u8]) -> bool {
    given.len() == token.len() && given.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;

    fn guard(address: &str, token: Option<&str>) -> Guard {
        Guard::new(address.parse().unwrap(), token.map(str::to_owned), vec!["house.lan".to_owned()])
    }

    fn judge(guard: &Guard, request: &str, headers: &[(&str, &str)]) -> Verdict {
        let (method, uri) = request.split_once(' ').unwrap();
        let pair = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        };
        let headers = headers.iter().map(pair).collect();
        guard.judge(&method.parse().unwrap(), &uri.parse().unwrap(), &headers)
    }

    #[track_caller]
    fn refuses(guard: &Guard, request: &str, headers: &[(&str, &str)], status: StatusCode) {
        let verdict = judge(guard, request, headers);
        assert!(matches!(verdict, Verdict::Refused(with, _) if with == status), "{headers:?}: {verdict:?}");
    }

    #[test]
    fn only_names_of_this_machine_lead_here() {
        let here = guard("127.0.0.1:8080", None);
        for host in ["127.0.0.1:8080", "localhost:8080", "LocalHost:8080", "[::1]:8080", "house.lan:8080"] {
            assert_eq!(judge(&here, "GET /", &[("host", host)]), Verdict::Welcome, "{host}");
        }
        for host in [
            "evil.example:8080",
            "127.0.0.1",
            "localhost:80",
            "localhost.evil.example:8080",
            "192.168.1.2:8080",
            "localhost@evil.example:8080",
            "evil.example@localhost:8080",
            "localhost:8080:8080",
            "",
        ] {
            refuses(&here, "GET /", &[("host", host)], FORBIDDEN);
        }
        refuses(&here, "GET /", &[], FORBIDDEN);
        let open = guard("0.0.0.0:80", Some("t"));
        for host in ["192.168.1.2", "192.168.1.2:80", "house.lan"] {
            let headers = [("host", host), ("authorization", "Bearer t")];
            assert_eq!(judge(&open, "GET /", &headers), Verdict::Welcome, "{host}");
        }
    }

    #[test]
    fn other_sites_are_refused() {
        let here = guard("127.0.0.1:8080", None);
        let host = ("host", "127.0.0.1:8080");
        for origin in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:8081",
            "https://127.0.0.1:8080",
            "http://localhost:8080",
        ] {
            refuses(&here, "POST /command", &[host, ("origin", origin)], FORBIDDEN);
        }
        for site in ["cross-site", "same-site"] {
            refuses(&here, "GET /events", &[host, ("sec-fetch-site", site)], FORBIDDEN);
            let mode = ("sec-fetch-mode", "navigate");
            refuses(&here, "POST /", &[host, ("sec-fetch-site", site), mode], FORBIDDEN);
            let link = [host, ("sec-fetch-site", site), mode];
            assert_eq!(judge(&here, "GET /", &link), Verdict::Welcome);
        }
        let own = [host, ("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")];
        assert_eq!(judge(&here, "POST /command", &own), Verdict::Welcome);
    }

    #[test]
    fn a_token_opens() {
        let open = guard("0.0.0.0:8080", Some("s3cret"));
        let host = ("host", "127.0.0.1:8080");
        let missing = StatusCode::UNAUTHORIZED;
        refuses(&open, "GET /", &[host], missing);
        refuses(&open, "GET /?token=s3cre", &[host], missing);
        refuses(&open, "GET /events?token=s3cret", &[host], missing);
        refuses(&open, "GET /", &[host, ("authorization", "Bearer S3cret")], missing);
        refuses(&open, "GET /", &[host, ("cookie", "light-dashboard-80=s3cret")], missing);
        let cookie = "light-dashboard-8080=s3cret";
        let known = Verdict::Known(format!("{cookie}; HttpOnly; SameSite=Strict; Path=/"));
        assert_eq!(judge(&open, "GET /?x=1&token=s3cret", &[host]), known);
        for shown in [("cookie", &*format!("a=b; {cookie}")), ("authorization", "Bearer s3cret")] {
            assert_eq!(judge(&open, "GET /events", &[host, shown]), Verdict::Welcome);
        }
        // It is no way around the rest.
        let foreign = [host, ("cookie", cookie), ("origin", "http://evil.example")];
        refuses(&open, "POST /command", &foreign, FORBIDDEN);
    }
}
