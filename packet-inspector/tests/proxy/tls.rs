//! A plain client looks at a broker that speaks TLS.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::broker::{Broker, Folder};
use crate::command::{Proxy, publish};

#[test]
fn a_broker_in_tls_is_seen_from_a_plain_client() {
    let folder = Folder::new();
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let ca = folder.file("ca.pem", authority.pem());
    folder.file("key.pem", key.serialize_pem());
    folder.file("cert.pem", certificate.pem());
    let broker = Broker::mosquitto_with(
        folder,
        "listener {port} 127.0.0.1\nallow_anonymous true\ncertfile {folder}/cert.pem\nkeyfile {folder}/key.pem\n",
    );

    let upstream = format!("mqtts://127.0.0.1:{}", broker.port());
    let named = ["--server-name", "localhost", "--ca", ca.to_str().unwrap()];
    let proxy = Proxy::start(&upstream, &named);
    publish(proxy.port, "through TLS\n", &[]);
    let output = proxy.stop();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("Publish Message (id=1) [proxy/test]"), "{shown}");

    // The name is not the certificate's.
    let proxy = Proxy::start(&upstream, &["--ca", ca.to_str().unwrap()]);
    let mut client = std::net::TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
    assert_eq!(std::io::Read::read(&mut client, &mut [0; 10]).unwrap_or(0), 0, "the client is closed");
    let said = String::from_utf8(proxy.stop().stderr).unwrap();
    assert!(said.contains("is turned away") && said.contains("certificate"), "{said}");
}
