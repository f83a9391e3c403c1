//! Who may use the page: this machine's user, or who knows the token. Other sites in the same browser may not, neither
//! directly (Origin, Sec-Fetch-Site) nor by giving their own name our address (Host).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::captures::LONGEST;

/// What each answer says about itself.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Decides about requests.
#[derive(Debug)]
pub(super) struct Guard {
    address: SocketAddr,
    token: Option<String>,
    /// Names of this machine.
    hosts: Vec<String>,
}

impl Guard {
    pub(super) fn new(address: SocketAddr, token: Option<String>, hosts: Vec<String>) -> Self {
        Self { address, token, hosts }
    }

    /// Whether a browser that followed its own address bar says this name. A foreign name can lead here too, when its
    /// owner gives it this machine's address.
    fn is_ours(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let known = match bare.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || !self.address.ip().is_loopback(),
            Err(_) => {
                name.eq_ignore_ascii_case("localhost")
                    || self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
            }
        };
        known && port == Some(self.address.port())
    }

    /// Why the request is refused, if it is.
    fn refusal(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        let refused = |message: &str| Some((StatusCode::FORBIDDEN, format!("{message}\n")).into_response());
        let length = text(headers, &CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length > LONGEST as u64) {
            return Some((StatusCode::PAYLOAD_TOO_LARGE, "it is too long\n").into_response());
        }
        let host = text(headers, &HOST).unwrap_or_default();
        if !self.is_ours(host) {
            return refused("this name is not known here: see --host");
        }
        if headers.contains_key(ORIGIN) && text(headers, &ORIGIN) != Some(&format!("http://{host}")) {
            return refused("another site asks");
        }
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        if matches!(site, Some(site) if site != b"same-origin" && site != b"none") {
            // A link from elsewhere may lead to the page itself.
            let mode = headers.get("sec-fetch-mode").map(HeaderValue::as_bytes);
            let follows_link = request.method() == Method::GET
                && request.uri().path() == "/"
                && mode == Some(b"navigate".as_slice());
            if !follows_link {
                return refused("another site asks");
            }
        }
        self.without_token(request)
    }

    /// What to answer who doesn't show the token, or who shows it for the first time.
    fn without_token(&self, request: &Request) -> Option<Response> {
        let token = self.token.as_deref()?;
        let headers = request.headers();
        let bearer = text(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let name = format!("packet-inspector-{}=", self.address.port());
        let mut cookies = text(headers, &COOKIE).into_iter().flat_map(|cookies| cookies.split(';'));
        let cookie = cookies.find_map(|cookie| cookie.trim().strip_prefix(&name)).map(decoded);
        if bearer.is_some_and(|given| same(given.as_bytes(), token.as_bytes()))
            || cookie.is_some_and(|given| same(&given, token.as_bytes()))
        {
            return None;
        }
        let query = request.uri().query().unwrap_or_default();
        let given = query.split('&').find_map(|pair| pair.strip_prefix("token=")).map(decoded);
        if request.uri().path() == "/" && given.is_some_and(|given| same(&given, token.as_bytes())) {
            let cookie = format!("{name}{}; HttpOnly; SameSite=Strict; Path=/", encoded(token));
            return Some(
                (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, "/".to_owned())]).into_response(),
            );
        }
        Some((StatusCode::UNAUTHORIZED, "the token is missing: open /?token=...\n").into_response())
    }
}

/// Refuses what is not for us, and adds what each answer says about itself.
pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.refusal(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Takes as long for every text of the same length.
fn same(given: &[u8], token: &[u8]) -> bool {
    given.len() == token.len() && given.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// Without percent-encoding.
fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| byte == b'%').and_then(|digits| hex::decode(digits).ok());
        match digits.as_deref() {
            Some([byte]) => {
                out.push(*byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(byte);
                rest = behind;
            }
        }
    }
    out
}

/// With percent-encoding of all that a cookie can't hold.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let bytes = text
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(address: &str, hosts: &[&str]) -> Guard {
        let address = address.parse().unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        Guard::new(address, None, hosts.iter().map(|&host| host.to_owned()).collect())
    }

    #[test]
    fn foreign_names_are_not_ours() {
        let here = guard("127.0.0.1:7777", &[]);
        for host in ["127.0.0.1:7777", "localhost:7777", "LocalHost:7777", "[::1]:7777", "127.1.2.3:7777"] {
            assert!(here.is_ours(host), "{host}");
        }
        for host in [
            "evil.example:7777",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost.evil.example:7777",
            "192.168.1.2:7777",
            "",
            "127.0.0.1:7777:7777",
        ] {
            assert!(!here.is_ours(host), "{host}");
        }
    }

    #[test]
    fn elsewhere_addresses_and_chosen_names_are_ours() {
        let open = guard("0.0.0.0:80", &["bench.lab"]);
        for host in ["192.168.1.2", "192.168.1.2:80", "bench.lab", "localhost"] {
            assert!(open.is_ours(host), "{host}");
        }
        assert!(!open.is_ours("evil.example"));
    }

    #[test]
    fn tokens_survive_a_cookie() {
        let token = "a b;c=d%é";
        assert_eq!(decoded(&encoded(token)), token.as_bytes());
        assert!(!same(b"abc", b"abd") && !same(b"ab", b"abc") && same(b"abc", b"abc"));
    }
}
