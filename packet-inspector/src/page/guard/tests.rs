use axum::http::{HeaderName, HeaderValue};

use super::*;

const NAME: Refusal = Refusal::UnknownName { options: "--" };
const SITE: Refusal = Refusal::OtherSite { options: "--" };

fn guard(address: &str) -> Guard {
    Guard::new(address.parse().unwrap(), "page", "--").names(vec!["house.lan".to_owned()]).longest(1_000)
}

fn judge(guard: &Guard, request: &str, headers: &[(&str, &str)]) -> Verdict {
    let (method, uri) = request.split_once(' ').unwrap();
    let pair = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let headers = headers.iter().map(pair).collect();
    guard.judge(&method.parse().unwrap(), &uri.parse().unwrap(), &headers)
}

#[track_caller]
fn welcomes(guard: &Guard, request: &str, headers: &[(&str, &str)]) {
    assert_eq!(judge(guard, request, headers), Verdict::Welcome, "{request} {headers:?}");
}

#[track_caller]
fn refuses(guard: &Guard, request: &str, headers: &[(&str, &str)], refusal: Refusal) {
    assert_eq!(judge(guard, request, headers), Verdict::Refused(refusal), "{request} {headers:?}");
}

#[test]
fn only_names_of_this_machine_lead_here() {
    let here = guard("127.0.0.1:8080");
    for host in [
        "127.0.0.1:8080",
        "127.1.2.3:8080",
        "localhost:8080",
        "LocalHost:8080",
        "[::1]:8080",
        "house.lan:8080",
        "HOUSE.lan",
    ] {
        welcomes(&here, "GET /", &[("host", host)]);
    }
    for host in [
        "evil.example:8080",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost:80",
        "localhost:",
        "localhost.evil.example:8080",
        "house.lan.evil.example",
        "192.168.1.2:8080",
        "localhost@evil.example:8080",
        "evil.example@localhost:8080",
        "evil.example@house.lan",
        "localhost:8080:8080",
        "localhost:8080/",
        "lo\u{fc}al:8080",
        "",
    ] {
        refuses(&here, "GET /", &[("host", host)], NAME);
    }
    refuses(&here, "GET /", &[], NAME);
    for other in ["evil.example", "127.0.0.1:8080"] {
        let both = [("host", "127.0.0.1:8080"), ("host", other)];
        refuses(&here, "GET /", &both, Refusal::TwoHosts);
    }
}

#[test]
fn elsewhere_addresses_lead_here_too() {
    let open = guard("0.0.0.0:80");
    for host in ["192.168.1.2", "192.168.1.2:80", "[fe80::1]", "house.lan", "localhost"] {
        welcomes(&open, "GET /", &[("host", host)]);
    }
    refuses(&open, "GET /", &[("host", "evil.example")], NAME);
    refuses(&open, "GET /", &[("host", "192.168.1.2:8080")], NAME);
    // A port that is passed on is another one; then the address is named.
    welcomes(&open.names(vec!["192.168.1.2".to_owned()]), "GET /", &[("host", "192.168.1.2:8080")]);
}

#[test]
fn other_sites_are_refused() {
    let here = guard("127.0.0.1:8080");
    let host = ("host", "127.0.0.1:8080");
    for origin in [
        "http://evil.example",
        "https://evil.example",
        "null",
        "",
        "127.0.0.1:8080",
        "http://127.0.0.1",
        "http://127.0.0.1:8081",
        "https://127.0.0.1",
        "http://localhost:8080",
        "http://127.0.0.1:8080.evil.example",
        "http://evil.example@127.0.0.1:8080",
        "http://\u{e9}",
    ] {
        refuses(&here, "POST /command", &[host, ("origin", origin)], SITE);
    }
    for site in ["cross-site", "same-site", "\u{e9}"] {
        refuses(&here, "GET /events", &[host, ("sec-fetch-site", site)], SITE);
        let mode = ("sec-fetch-mode", "navigate");
        refuses(&here, "POST /", &[host, ("sec-fetch-site", site), mode], SITE);
        refuses(&here, "GET /events", &[host, ("sec-fetch-site", site), mode], SITE);
        welcomes(&here, "GET /", &[host, ("sec-fetch-site", site), mode]);
    }
    welcomes(
        &here,
        "POST /",
        &[host, ("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")],
    );
    welcomes(&here, "GET /", &[host, ("sec-fetch-site", "none")]);
}

#[test]
fn a_proxy_may_stand_before_it() {
    // It passes on the name that the browser said, and speaks HTTPS to it.
    let here = guard("127.0.0.1:8080");
    welcomes(&here, "POST /command", &[("host", "127.0.0.1:8080"), ("origin", "https://127.0.0.1:8080")]);
    welcomes(&here, "POST /command", &[("host", "house.lan"), ("origin", "https://house.lan")]);
    welcomes(&here, "POST /command", &[("host", "house.lan:443"), ("origin", "https://house.lan")]);
    refuses(&here, "POST /command", &[("host", "house.lan"), ("origin", "https://house.lan:444")], SITE);
    refuses(&here, "POST /command", &[("host", "house.lan"), ("origin", "https://evil.example")], SITE);

    // It is told of.
    let lights = || vec!["https://lights.example".parse().unwrap()];
    let told = guard("127.0.0.1:8080").origins(lights());
    for host in ["127.0.0.1:8080", "lights.example", "Lights.Example:443"] {
        welcomes(&told, "POST /command", &[("host", host), ("origin", "https://lights.example")]);
        welcomes(&told, "GET /", &[("host", host)]);
        for origin in
            ["http://lights.example", "https://lights.example:8443", "https://x.lights.example", "null"]
        {
            refuses(&told, "POST /command", &[("host", host), ("origin", origin)], SITE);
        }
    }
    refuses(&told, "GET /", &[("host", "lights.example:8080")], NAME);
    refuses(&told, "GET /", &[("host", "evil.example")], NAME);
    let site = ("sec-fetch-site", "cross-site");
    refuses(&told, "POST /", &[("host", "lights.example"), ("origin", "https://lights.example"), site], SITE);

    // Where the cookie came by HTTPS it goes nowhere else.
    let told = told.token(Some("t".to_owned()));
    let known =
        |secure: &str| Verdict::Known(format!("page-8080=t; HttpOnly; SameSite=Strict; Path=/{secure}"));
    assert_eq!(judge(&told, "GET /?token=t", &[("host", "lights.example")]), known("; Secure"));
    assert_eq!(judge(&told, "GET /?token=t", &[("host", "127.0.0.1:8080")]), known(""));
}

#[test]
fn a_token_opens() {
    let token = "s3 cr;t=%é";
    let open = guard("0.0.0.0:8080").token(Some(token.to_owned()));
    let host = ("host", "127.0.0.1:8080");
    refuses(&open, "GET /", &[host], Refusal::NoToken);
    let encoded = "s3%20cr%3Bt%3D%25%C3%A9";
    for (request, header) in [
        ("GET /?token=s3", ("accept", "*/*")),
        ("GET /?token=", ("accept", "*/*")),
        ("GET /?x=token", ("accept", "*/*")),
        ("GET /", ("authorization", "Bearer S3 cr;t=%é")),
        ("GET /", ("authorization", "s3 cr;t=%é")),
        ("GET /", ("cookie", "page-80=s3%20cr%3Bt%3D%25%C3%A9")),
        ("GET /", ("cookie", "page-8080=")),
    ] {
        refuses(&open, request, &[host, header], Refusal::NoToken);
    }
    refuses(&open, &format!("GET /events?token={encoded}"), &[host], Refusal::NoToken);
    let known = format!("page-8080={encoded}");
    let verdict = Verdict::Known(format!("{known}; HttpOnly; SameSite=Strict; Path=/"));
    assert_eq!(judge(&open, &format!("GET /?x=1&token={encoded}"), &[host]), verdict);
    welcomes(&open, "GET /events", &[host, ("cookie", &format!("a=b; {known}; c=d"))]);
    // It is no way around the rest.
    refuses(&open, "POST /", &[host, ("cookie", &known), ("origin", "http://evil.example")], SITE);
    refuses(&open, "GET /", &[("host", "evil.example"), ("cookie", &known)], NAME);

    let open = guard("0.0.0.0:8080").token(Some("s3cret".to_owned()));
    welcomes(&open, "GET /events", &[host, ("authorization", "Bearer s3cret")]);
    refuses(&open, "GET /events", &[host, ("authorization", "Bearer s3crets")], Refusal::NoToken);
}

#[test]
fn what_is_announced_as_too_long_is_not_awaited() {
    let here = guard("127.0.0.1:8080");
    let host = ("host", "127.0.0.1:8080");
    welcomes(&here, "POST /", &[host, ("content-length", "1000")]);
    refuses(&here, "POST /", &[host, ("content-length", "1001")], Refusal::TooLong);
}

#[test]
fn refusals_say_what_to_do() {
    assert_eq!(NAME.to_string(), "this name is not known here: see --host");
    assert!(SITE.to_string().ends_with("see --origin"));
    assert_eq!((NAME.status().as_u16(), SITE.status().as_u16()), (403, 403));
    assert_eq!((Refusal::TooLong.status().as_u16(), Refusal::NoToken.status().as_u16()), (413, 401));
}
