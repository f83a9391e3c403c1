//! Other ways to Mosquitto than TCP.

use crate::broker::{Broker, Folder};
use crate::{client, close, works};

/// Mosquitto 2.0 does not start with WebSockets alone.
#[cfg(feature = "websocket")]
const PLAIN: &str = "listener {port2} 127.0.0.1\n";

#[cfg(unix)]
#[tokio::test]
async fn messages_go_both_ways_over_a_unix_socket() {
    let broker =
        Broker::mosquitto_with(Folder::new(), "listener 0 {folder}/broker.sock\nallow_anonymous true\n");
    let client = client(&format!("unix:{}/broker.sock", broker.folder().display()), "unix").await;
    works(&client).await;
    close(&client).await;
}

#[cfg(feature = "websocket")]
#[tokio::test]
async fn messages_go_both_ways_over_a_websocket() {
    let config = format!("{PLAIN}listener {{port}} 127.0.0.1\nprotocol websockets\nallow_anonymous true\n");
    let broker = Broker::mosquitto_with(Folder::new(), &config);
    let client = client(&format!("ws://127.0.0.1:{}/mqtt", broker.port()), "ws").await;
    works(&client).await;
    close(&client).await;
}

#[cfg(all(feature = "tls", feature = "websocket"))]
#[tokio::test]
async fn messages_go_both_ways_over_a_websocket_over_tls() {
    use crate::certificates::Authority;
    use mqtt_client::transport::{TlsOptions, TransportOptions};
    use mqtt_client::{Options, SessionOptions};

    let authority = Authority::new("CA");
    let folder = Folder::new();
    authority.issue("localhost").write(&folder, "server");
    folder.file("ca.pem", authority.pem());
    let config = format!(
        "{PLAIN}listener {{port}} 127.0.0.1\nprotocol websockets\nallow_anonymous true\ncafile {{folder}}/ca.pem\n\
         certfile {{folder}}/server.pem\nkeyfile {{folder}}/server.key\n"
    );
    let broker = Broker::mosquitto_with(folder, &config);
    let tls = TlsOptions::default().ca_file(broker.folder().join("ca.pem")).unwrap();
    let address = format!("wss://localhost:{}/mqtt?x=1", broker.port()).parse().unwrap();
    let session = SessionOptions::new("wss").clean_session(false);
    let client =
        crate::start(Options::new(address, session).transport(TransportOptions::default().tls(tls))).await;
    works(&client).await;
    close(&client).await;
}
