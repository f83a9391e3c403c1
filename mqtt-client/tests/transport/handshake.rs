//! What a server can answer to the handshake of a WebSocket.

use mqtt_client::transport::{ConnectError, ConnectFailure};

use crate::server::{AGREES, connect};

async fn refused(answer: &'static str) -> ConnectError {
    match connect("/mqtt", answer).await.0 {
        Ok(_) => panic!("accepted: {answer}"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn mqtt_6_0_0_3_the_sub_protocol_is_offered_and_path_and_query_are_kept() {
    let (connected, io, request) = connect("/a/b%20c?token=secret", AGREES).await;
    connected.unwrap();
    assert!(request.starts_with("GET /a/b%20c?token=secret HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nSec-WebSocket-Protocol: mqtt\r\n"), "{request}");
    assert!(request.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{request}");
    let port = io.local_addr().unwrap().port();
    assert!(request.contains(&format!("\r\nHost: 127.0.0.1:{port}\r\n")), "{request}");
    let (_, _, request) = connect("", AGREES).await;
    assert!(request.starts_with("GET / HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
async fn mqtt_6_0_0_4_a_server_that_does_not_select_the_sub_protocol_is_left() {
    for (line, selected) in [
        ("", None),
        ("Sec-WebSocket-Protocol: mqttv3.1\r\n", Some("mqttv3.1")),
        ("Sec-WebSocket-Protocol: MQTT\r\n", Some("MQTT")),
    ] {
        let answer = AGREES.replace("Sec-WebSocket-Protocol: mqtt\r\n", line);
        let error = refused(answer.leak()).await;
        assert!(
            matches!(error.failure(), ConnectFailure::SubProtocol(other) if other.as_deref() == selected),
            "{error}"
        );
        assert!(error.is_permanent() && error.to_string().contains("[MQTT-6.0.0-4]"), "{error}");
    }
}

#[tokio::test]
async fn an_http_status_is_told_and_only_some_are_final() {
    for (status, permanent) in
        [(200, true), (401, true), (404, true), (429, false), (500, false), (503, false)]
    {
        let answer = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n");
        let error = refused(answer.leak()).await;
        assert!(
            matches!(error.failure(), ConnectFailure::HttpStatus { status: told, location: None } if *told == status),
            "{error}"
        );
        assert_eq!(error.is_permanent(), permanent, "{error}");
    }
    let error = refused("HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\n\r\n").await;
    assert!(
        error.to_string().ends_with("HTTP status 302, and names \"ws://elsewhere/\", which is not followed"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_that_is_no_handshake_is_refused() {
    let agrees_but = |from: &str, to: &str| -> &'static str { AGREES.replace(from, to).leak() };
    for (answer, says) in [
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP"),
        (agrees_but("{accept}", "c3RhbGUgYW5zd2VyISEhISEhISE="), "does not belong to our key"),
        (agrees_but("upgrade: WebSocket\r\n", ""), "upgrades to something else"),
        (agrees_but("keep-alive, Upgrade", "close"), "upgrades to something else"),
        (agrees_but("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"), "extensions"),
        (format!("HTTP/1.1 101 Yes\r\nlong: {}", "x".repeat(1 << 20)).leak(), "does not end"),
    ] {
        let error = refused(answer).await;
        assert!(matches!(error.failure(), ConnectFailure::WebSocket(_)), "{error}");
        assert!(error.is_permanent() && error.to_string().contains(says), "{error}");
    }
}
