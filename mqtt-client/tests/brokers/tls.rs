//! TLS with a CA of the test.

use mqtt_client::transport::{ConnectFailure, TlsOptions, TransportOptions};
use mqtt_client::{Error, Options, SessionOptions};

use crate::broker::{Broker, Folder};
use crate::certificates::{Authority, Issued};
use crate::{close, fails, start, works};

const LISTENER: &str = "listener {port} 127.0.0.1\nallow_anonymous true\ncafile {folder}/ca.pem\n\
                        certfile {folder}/server.pem\nkeyfile {folder}/server.key\n";

fn broker(authority: &Authority, server: &Issued, more: &str) -> Broker {
    let folder = Folder::new();
    folder.file("ca.pem", authority.pem());
    server.write(&folder, "server");
    Broker::mosquitto_with(folder, &format!("{LISTENER}{more}"))
}

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions::default().ca_pem(authority.pem().as_bytes()).unwrap()
}

fn options(broker: &Broker, host: &str, tls: TlsOptions) -> Options {
    let address = format!("mqtts://{host}:{}", broker.port()).parse().unwrap();
    Options::new(address, SessionOptions::new("tls").clean_session(false))
        .transport(TransportOptions::default().tls(tls))
}

#[tokio::test]
async fn messages_go_both_ways_over_tls_by_name_and_by_number() {
    let authority = Authority::new("CA");
    for host in ["localhost", "127.0.0.1"] {
        let broker = broker(&authority, &authority.issue(host), "");
        let client = start(options(&broker, host, trusting(&authority))).await;
        works(&client).await;
        close(&client).await;
    }
}

#[tokio::test]
async fn a_certificate_is_verified_for_issuer_name_and_time() {
    let authority = Authority::new("CA");
    let stranger = Authority::new("stranger");
    let cases = [
        (authority.issue("localhost"), trusting(&stranger), "its issuer is not among the trusted CAs", true),
        // The CAs of this system.
        (authority.issue("localhost"), TlsOptions::default(), "", true),
        (authority.issue("elsewhere"), trusting(&authority), "it is for elsewhere, not for localhost", true),
        (authority.issue_expired("localhost"), trusting(&authority), "it expired ", false),
    ];
    for (server, tls, says, permanent) in cases {
        let broker = broker(&authority, &server, "");
        let error = fails(options(&broker, "localhost", tls)).await;
        let Error::Connect(connect) = &*error else { panic!("{error}") };
        assert!(
            matches!(
                connect.failure(),
                ConnectFailure::Certificate(_)
                    | ConnectFailure::CertificateTime(_)
                    | ConnectFailure::Roots(_)
            ),
            "{connect:?}"
        );
        assert!(connect.to_string().contains(says), "{connect}");
        assert_eq!(connect.is_permanent(), permanent, "{connect}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_what_lacks_one_is_refused_for_good() {
    let authority = Authority::new("CA");
    let broker = broker(
        &authority,
        &authority.issue("localhost"),
        "require_certificate true\nuse_identity_as_username true\n",
    );
    let me = authority.issue("me");
    let folder = Folder::new();
    me.write(&folder, "me");
    folder.file("ca.pem", authority.pem());
    let file = |name: &str| folder.path().join(name);
    let with_files = TlsOptions::default()
        .ca_file(file("ca.pem"))
        .and_then(|tls| tls.client_certificate_files(file("me.pem"), file("me.key")))
        .unwrap();
    let client = start(options(&broker, "localhost", with_files)).await;
    works(&client).await;
    close(&client).await;

    let stranger = Authority::new("stranger").issue("me");
    let with_strange =
        trusting(&authority).client_certificate_pem(stranger.chain.as_bytes(), stranger.key.as_bytes());
    for tls in [trusting(&authority), with_strange.unwrap()] {
        let (_client, driver) = mqtt_client::connect(options(&broker, "localhost", tls)).await.unwrap();
        // It is not tried again.
        let error = driver.run().await.unwrap_err();
        assert!(error.is_permanent() && error.to_string().contains("fatal alert"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_told() {
    let broker = Broker::mosquitto();
    let error = fails(options(&broker, "localhost", trusting(&Authority::new("stranger")))).await;
    let Error::Connect(connect) = &*error else { panic!("{error}") };
    assert!(matches!(connect.failure(), ConnectFailure::Tls(_)), "{connect:?}");
}

#[test]
fn files_that_can_not_be_used_are_told_by_name() {
    let authority = Authority::new("CA");
    let folder = Folder::new();
    let me = authority.issue("me");
    me.write(&folder, "me");
    authority.issue("you").write(&folder, "you");
    folder.file("empty", "");
    let file = |name: &str| folder.path().join(name);
    let says =
        |result: Result<TlsOptions, mqtt_client::transport::TlsOptionsError>, name: &str, what: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(what), "{error}");
        };
    let with =
        |chain: &str, key: &str| TlsOptions::default().client_certificate_files(file(chain), file(key));
    says(TlsOptions::default().ca_file(file("none")), "none", "No such file");
    says(TlsOptions::default().ca_file(file("empty")), "empty", "no certificate");
    says(with("me.pem", "me.pem"), "me.pem", "no private key");
    says(with("me.key", "me.key"), "me.key", "no certificate");
    says(with("me.pem", "you.key"), "you.key", "not usable together");
    let shown = format!("{:?}", with("me.pem", "me.key").unwrap());
    assert_eq!(shown, "TlsOptions { own_cas: None, client_certificate: true, .. }");
}
