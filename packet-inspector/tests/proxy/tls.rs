//! A plain client looks at a broker that speaks TLS.

use std::io::Read;
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

use crate::broker::{Broker, Folder};
use crate::command::{Proxy, publish};
use crate::process::{fed, run, text};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap()
}

/// A broker with a certificate for `localhost`, changed a little, and the file with its CA's.
fn broker(authority: &Authority, change: impl FnOnce(&mut CertificateParams)) -> (Broker, PathBuf) {
    let folder = Folder::new();
    let key = KeyPair::generate().unwrap();
    let mut certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    change(&mut certificate);
    let certificate = certificate.signed_by(&key, authority).unwrap();
    let ca = folder.file("ca.pem", authority.pem());
    folder.file("key.pem", key.serialize_pem());
    folder.file("cert.pem", certificate.pem());
    let broker = Broker::mosquitto_with(
        folder,
        "listener {port} 127.0.0.1\nallow_anonymous true\ncertfile {folder}/cert.pem\nkeyfile {folder}/key.pem\n",
    );
    (broker, ca)
}

/// What the proxy says of a broker that it does not connect to.
fn refused(upstream: &str, arguments: &[&str]) -> String {
    let proxy = Proxy::start(upstream, arguments);
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
    assert_eq!(client.read(&mut [0; 10]).unwrap_or(0), 0, "the client is closed");
    let said = text(&proxy.stop().stderr).to_owned();
    assert!(said.contains("is turned away: upstream 127.0.0.1:"), "{said}");
    for word in ["Some(", "DnsName", "IpAddress", "UnknownIssuer", "Context", "(UNIX)", "InvalidCertificate"]
    {
        assert!(!said.contains(word), "{word} is no word for people: {said}");
    }
    said
}

fn named(ca: &Path) -> [&str; 4] {
    ["--server-name", "localhost", "--ca", ca.to_str().unwrap()]
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_and_what_helps() {
    let (own, stranger) = (authority(), authority());
    let (good, ca) = broker(&own, |_| ());
    let upstream = format!("mqtts://127.0.0.1:{}", good.port());

    let said = refused(&upstream, &["--server-name", "localhost"]);
    assert!(said.contains("its certificate is signed by no CA that is trusted here; --ca FILE"), "{said}");
    let other = Folder::new();
    let other = other.file("other.pem", stranger.pem());
    let said = refused(&upstream, &named(&other));
    assert!(said.contains("signed by no CA that is trusted here; --ca FILE"), "{said}");

    let said = refused(&upstream, &["--ca", ca.to_str().unwrap()]);
    assert!(
        said.contains("its certificate is for localhost, not for 127.0.0.1; --server-name NAME"),
        "{said}"
    );

    let (expired, ca) = broker(&own, |certificate| {
        certificate.not_before = date_time_ymd(2001, 1, 1);
        certificate.not_after = date_time_ymd(2002, 1, 1);
    });
    let said = refused(&format!("mqtts://127.0.0.1:{}", expired.port()), &named(&ca));
    assert!(said.contains("its certificate has expired ") && said.contains(" days ago"), "{said}");

    let (early, ca) = broker(&own, |certificate| certificate.not_before = date_time_ymd(3000, 1, 1));
    let said = refused(&format!("mqtts://127.0.0.1:{}", early.port()), &named(&ca));
    assert!(
        said.contains("its certificate is not yet valid, but in ") && said.contains(" days by"),
        "{said}"
    );

    let (of_a_ca, ca) = broker(&own, |certificate| {
        certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let said = refused(&format!("mqtts://127.0.0.1:{}", of_a_ca.port()), &named(&ca));
    assert!(said.contains("it is a CA's own, which no server may use"), "{said}");

    let plain = Broker::mosquitto();
    let said = refused(&format!("mqtts://127.0.0.1:{}", plain.port()), &[]);
    assert!(said.contains("upstream 127.0.0.1:"), "{said}");
}

#[test]
fn options_about_tls_are_not_ignored_without_it() {
    for (arguments, option) in [
        (&["--ca", "ca.pem"][..], "--ca is about TLS"),
        (&["--server-name", "h"], "--server-name is about TLS"),
        (&["--cert", "c.pem", "--key", "k.pem"], "--cert is about TLS"),
    ] {
        let output =
            run(&[&["proxy", "--listen", "127.0.0.1:0", "--upstream", "h:1883"], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        assert!(said.contains(option) && said.contains("--tls-upstream"), "{said}");
    }
}

#[cfg(feature = "client")]
#[test]
fn the_test_client_says_the_same_and_trusts_a_ca_that_is_named() {
    let own = authority();
    let (broker, ca) = broker(&own, |_| ());
    let ca = ca.to_str().unwrap();
    let url = |host: &str| format!("mqtts://{host}:{}", broker.port());
    let said = |output: &std::process::Output| text(&output.stderr).to_owned();
    let output = fed(&["client", "--broker", &url("localhost")], b"quit\n");
    assert!(
        said(&output).contains("its issuer is not among the trusted CAs; --ca FILE"),
        "{}",
        said(&output)
    );
    let output = fed(&["client", "--broker", &url("127.0.0.1"), "--ca", ca], b"quit\n");
    assert!(said(&output).contains("it is for localhost, not for 127.0.0.1"), "{}", said(&output));
    let output = fed(&["client", "--broker", &url("localhost"), "--ca", ca], b"pub a 1 hello\n");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("a: delivered"), "{}", said(&output));
    let output = fed(&["client", "--broker", "mqtt://localhost", "--ca", ca], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--ca is about TLS, which mqtt://localhost:1883 does not speak"));
}

#[test]
fn a_broker_in_tls_is_seen_from_a_plain_client() {
    let (broker, ca) = broker(&authority(), |_| ());
    let upstream = format!("mqtts://127.0.0.1:{}", broker.port());
    let proxy = Proxy::start(&upstream, &named(&ca));
    publish(proxy.port, "through TLS\n", &[]);
    let output = proxy.stop();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("Publish Message (id=1) [proxy/test]"), "{shown}");
}
