//! What people do with the page.

use fantoccini::actions::{InputSource, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};

use crate::broker::Broker;
use crate::harness::{Scheme, browse, find, screenshot, show_from_top, until, value};
use crate::server::Server;

pub(crate) fn lab(file: &str) -> String {
    let path = format!("{}/../testdata/lab/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::canonicalize(path).unwrap().to_str().unwrap().to_owned()
}

async fn hover(client: &Client, element: Element) {
    let to = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
    client.perform_actions(MouseActions::new("mouse".to_owned()).then(to)).await.unwrap();
}

pub(crate) async fn paste_and_decode(client: &Client, text: &str) {
    find(client, "#dump").await.send_keys(text).await.unwrap();
    find(client, "#decode-form button.primary").await.click().await.unwrap();
}

const LIT_BYTES: &str =
    "[...document.querySelectorAll('.hex .bytes .lit')].map((byte) => byte.textContent).join('')";
const LIT_ITEM: &str = "document.querySelector('.tree .lit')?.textContent";

/// The lab's frame 264 pasted, its topic hovered.
async fn frame_264(client: Client, url: String, picture: &'static str) {
    client.goto(&url).await.unwrap();
    let dump = std::fs::read_to_string(lab("frames/publisher-264-publish.hex")).unwrap();
    paste_and_decode(&client, &dump).await;
    let topic = find(&client, ".tree .item[data-field='mqtt.topic']").await;
    assert_eq!(topic.text().await.unwrap(), "Topic: internet");
    hover(&client, topic).await;
    assert_eq!(value(&client, LIT_BYTES).await, "696e7465726e6574");
    screenshot(&client, picture).await;
    // The other way: a byte of the payload.
    let bytes = client.find_all(Locator::Css(".hex .bytes i")).await.unwrap();
    hover(&client, bytes.last().unwrap().clone()).await;
    assert_eq!(value(&client, LIT_ITEM).await, "Message: 494f54");
    // And by the keyboard alone.
    client
        .execute("document.querySelector('.tree .item[data-field=\"mqtt.topic\"]').focus()", vec![])
        .await
        .unwrap();
    assert_eq!(value(&client, LIT_BYTES).await, "696e7465726e6574");
}

#[tokio::test]
async fn a_field_and_its_bytes_light_each_other_up() {
    let server = Server::start(&[]);
    let url = server.url();
    browse(Scheme::Light, |client| frame_264(client, url.clone(), "decode-light")).await;
}

#[tokio::test]
async fn it_follows_a_dark_system() {
    let server = Server::start(&[]);
    let url = server.url();
    browse(Scheme::Dark, |client| async move {
        frame_264(client.clone(), url, "decode-dark").await;
        let background = value(&client, "getComputedStyle(document.body).backgroundColor").await;
        assert_eq!(background, "rgb(18, 22, 29)");
    })
    .await;
}

#[tokio::test]
async fn a_link_carries_the_dump_and_findings_have_their_clause() {
    let server = Server::start(&[]);
    let url = server.url();
    browse(Scheme::Light, |client| async move {
        client.goto(&url).await.unwrap();
        paste_and_decode(&client, "82 0a 00 01 00 05 61 2f 23 2f 62 01").await;
        let finding = find(&client, ".finding.error").await.text().await.unwrap();
        assert!(finding.contains("MQTT-4.7.1-2") && finding.contains("in Topic Filter"), "{finding}");
        find(&client, "#decode-link").await.click().await.unwrap();
        until(&client, "location.hash.startsWith('#dump=')").await;
        let link = client.current_url().await.unwrap();
        client.goto("about:blank").await.unwrap();
        client.goto(link.as_str()).await.unwrap();
        assert_eq!(find(&client, ".finding.error").await.text().await.unwrap(), finding);
    })
    .await;
}

#[tokio::test]
async fn a_dump_that_fails_leaves_nothing_of_the_one_before() {
    let server = Server::start(&[]);
    let url = server.url();
    browse(Scheme::Light, |client| async move {
        client.goto(&url).await.unwrap();
        paste_and_decode(&client, "c000").await;
        until(&client, "document.querySelectorAll('#decode-frames .tree').length === 1").await;
        find(&client, "#dump").await.clear().await.unwrap();
        paste_and_decode(&client, "packets!").await;
        until(&client, "document.querySelector('#status.bad')?.textContent.includes('line 1')").await;
        assert_eq!(value(&client, "document.querySelector('#decode-frames').childElementCount").await, 0);
        // An illegal digit, a digit too few, and bytes that are no UTF-8.
        for damaged in ["YzAw!DA", "YzAwM", "_w"] {
            client.execute("document.querySelector('#status').textContent = ''", vec![]).await.unwrap();
            client.execute(&format!("location.hash = '#dump={damaged}'"), vec![]).await.unwrap();
            until(&client, "document.querySelector('#status.bad')?.textContent.includes('damaged')").await;
        }
        client.execute("location.hash = '#dump=YzAwMA'", vec![]).await.unwrap();
        until(&client, "document.querySelectorAll('#decode-frames .tree').length === 1").await;
    })
    .await;
}

/// What `stats` and `qos` tell of the lab's capture is in the plots too.
async fn plots_show_the_lab(client: &Client) {
    let plot = |number: usize, rest: &str| {
        format!("[...document.querySelectorAll('#capture-plots svg')[{number}].querySelectorAll({rest}")
    };
    // Each bar is as high as its packets are many: together they are all of them.
    let packets = "'rect')].reduce((sum, bar) => sum + Number(bar.getAttribute('height')), 0)";
    let most = plot(0, "'text')].map((text) => text.textContent)[0]");
    let scale = format!("(150 - 20 - 14) / Number({most})");
    let packets = value(client, &format!("Math.round({} / ({scale}))", plot(0, packets))).await;
    assert_eq!(packets, 64);
    let latencies = plot(1, "'circle title')].map((title) => title.textContent.split(':')[0]).sort().join()");
    assert_eq!(value(client, &latencies).await, "network,network,network,network");
    let types = value(client, &plot(2, "'text')].map((text) => text.textContent).join(' ')")).await;
    for said in ["PINGREQ 16", "PINGRESP 16", "CONNECT 6", "PUBLISH 6"] {
        assert!(types.as_str().unwrap().contains(said), "{said}: {types}");
    }
}

#[tokio::test]
async fn a_capture_is_filtered_and_its_qos_2_conversation_is_a_ladder() {
    let server = Server::start(&[]);
    let url = server.url();
    browse(Scheme::Light, |client| async move {
        client.goto(&url).await.unwrap();
        find(&client, "#tab-capture").await.click().await.unwrap();
        find(&client, "#capture-file").await.send_keys(&lab("lab.pcapng")).await.unwrap();
        until(&client, "document.querySelectorAll('#packets tbody tr').length === 64").await;
        until(&client, "document.querySelectorAll('#capture-plots svg').length === 3").await;
        plots_show_the_lab(&client).await;
        screenshot(&client, "capture-light").await;
        let filter = find(&client, "#filter").await;
        filter.send_keys("mqtt.msgtype == 3 && mqtt.qos == 2").await.unwrap();
        find(&client, "#filter-form button").await.click().await.unwrap();
        until(&client, "document.getElementById('filter-count').textContent === '2 of 64 packets'").await;
        filter.send_keys(" &&").await.unwrap();
        find(&client, "#filter-form button").await.click().await.unwrap();
        until(&client, "document.getElementById('filter-error').textContent.includes('at character')").await;
        // The message at QoS 2 that the publisher sent.
        let row = "[...document.querySelectorAll('#exchanges tbody tr')].find((row) => row.cells[1].textContent === '2' && row.cells[3].textContent === 'client')";
        client.execute(&format!("{row}.click()"), vec![]).await.unwrap();
        until(&client, "document.querySelectorAll('#capture-ladder .rung').length > 10").await;
        let labels = value(&client, "[...document.querySelectorAll('#capture-ladder .label')].map((label) => label.textContent).join('\\n')").await;
        for label in ["PUBLISH QoS 2 id=1 network (4 bytes)", "PUBREC id=1", "PUBREL id=1", "PUBCOMP id=1"] {
            assert!(labels.as_str().unwrap().contains(label), "{labels}");
        }
        screenshot(&client, "ladder-light").await;
        client.execute("[...document.querySelectorAll('#capture-ladder .rung')].find((rung) => rung.textContent.includes('PUBREC')).dispatchEvent(new MouseEvent('click'))", vec![]).await.unwrap();
        until(&client, "document.querySelector('#capture-ladder .frame .tree')?.textContent.includes('Message Identifier: 1')").await;
    })
    .await;
}

#[tokio::test]
async fn a_capture_that_is_dropped_on_the_page_is_opened() {
    use base64::Engine;
    let server = Server::start(&[]);
    let url = server.url();
    let capture = base64::engine::general_purpose::STANDARD.encode(std::fs::read(lab("lab.pcapng")).unwrap());
    browse(Scheme::Dark, |client| async move {
        client.goto(&url).await.unwrap();
        find(&client, "#tab-decode").await;
        let drop = "const files = new DataTransfer(); \
            files.items.add(new File([Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0))], 'lab.pcapng')); \
            document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }));";
        client.execute(drop, vec![capture.into()]).await.unwrap();
        until(&client, "document.querySelectorAll('#packets tbody tr').length === 64").await;
        assert_eq!(value(&client, "document.getElementById('tab-capture').ariaSelected").await, "true");
        // The keyboard alone: to the second row, and into its packet.
        client.execute("document.querySelector('#packets tbody tr').focus()", vec![]).await.unwrap();
        for key in [Key::Down, Key::Enter] {
            let focused = client.active_element().await.unwrap();
            focused.send_keys(&char::from(key).to_string()).await.unwrap();
        }
        until(&client, "document.querySelector('#capture-detail h2')?.textContent.includes('Connect Ack')").await;
        show_from_top(&client, 1500).await;
        screenshot(&client, "capture-dark").await;
    })
    .await;
}

pub(crate) async fn fill(client: &Client, css: &str, text: &str) {
    let field = find(client, css).await;
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

pub(crate) async fn connect(client: &Client, port: u16, id: &str) {
    fill(client, "#connect-form [name=broker]", &format!("mqtt://127.0.0.1:{port}")).await;
    fill(client, "#connect-form [name=client_id]", id).await;
    find(client, "#connect").await.click().await.unwrap();
    until(client, "document.querySelectorAll('#sessions li').length > 0").await;
}

pub(crate) async fn subscribe(client: &Client, filter: &str, qos: &str) {
    fill(client, "#subscribe-form [name=filter]", filter).await;
    find(client, "#subscribe-form [name=qos]").await.select_by_label(qos).await.unwrap();
    find(client, "#subscribe").await.click().await.unwrap();
    until(client, &format!("document.querySelector('#subscriptions li:last-child')?.textContent.includes('{filter}granted QoS {qos}')")).await;
}

pub(crate) async fn publish(client: &Client, topic: &str, payload: &str, qos: &str) {
    fill(client, "#publish-form [name=topic]", topic).await;
    fill(client, "#publish-form [name=payload]", payload).await;
    find(client, "#publish-form [name=qos]").await.select_by_label(qos).await.unwrap();
    find(client, "#publish").await.click().await.unwrap();
    until(client, "document.getElementById('outcome').textContent === 'delivered'").await;
}

/// What the newest packet of a type looked like in bytes, as the list of all packets opens it.
async fn bytes_of(client: &Client, label: &str) -> String {
    let row = format!(
        "[...document.querySelectorAll('#messages tbody tr')].find((row) => row.textContent.includes('{label}'))"
    );
    until(client, &row).await;
    client.execute("document.getElementById('message-detail').replaceChildren()", vec![]).await.unwrap();
    client.execute(&format!("{row}.click()"), vec![]).await.unwrap();
    find(client, "#message-detail .hex").await;
    let bytes = "[...document.querySelectorAll('#message-detail .frame:first-of-type .bytes i')].map((byte) => byte.textContent).join('')";
    value(client, bytes).await.as_str().unwrap().to_owned()
}

/// The lab's step 2, in which IOT is published to a subscriber at QoS 0, and what it did at QoS 1 and 2.
#[tokio::test]
async fn the_lab_is_played_through_the_test_client() {
    let broker = Broker::mosquitto();
    let server = Server::start(&[]);
    let url = format!("{}#client", server.url());
    browse(Scheme::Light, move |client| async move {
        client.goto(&url).await.unwrap();
        fill(&client, "#connect-form [name=keep_alive]", "5").await;
        connect(&client, broker.port(), "PythonPub").await;
        subscribe(&client, "internet", "0").await;
        publish(&client, "internet", "IOT", "0").await;
        find(&client, "#show-all").await.click().await.unwrap();
        // Byte by byte what the lab has in its frames 179, 182 and 264.
        assert_eq!(bytes_of(&client, "CONNECT \"PythonPub\"").await, "101500044d515454040200050009507974686f6e507562");
        assert_eq!(bytes_of(&client, "SUBSCRIBE id=").await, "820d00010008696e7465726e657400");
        assert_eq!(bytes_of(&client, "IOT").await, "300d0008696e7465726e6574494f54");
        find(&client, "#show-all").await.click().await.unwrap();

        subscribe(&client, "network", "2").await;
        find(&client, "#clear").await.click().await.unwrap();
        for (qos, payload) in [("0", "Hi"), ("1", "hello"), ("2", "Good")] {
            publish(&client, "network", payload, qos).await;
        }
        // Each went up and came down, and every handshake is complete.
        until(&client, "document.querySelectorAll('#messages tbody tr[data-topic=network]').length === 6").await;
        until(&client, "document.querySelectorAll('#messages .tag.open').length === 0").await;
        let rows = "[...document.querySelectorAll('#messages tbody tr')].map((row) => `${row.cells[2].textContent} ${row.cells[4].textContent} ${row.cells[5].textContent} ${row.cells[6].textContent}`).join('\\n')";
        let rows = value(&client, rows).await;
        for row in [
            "→ sent 0 Hi PUBLISH",
            "→ sent 1 hello PUBLISHPUBACK",
            "→ sent 2 Good PUBLISHPUBRECPUBRELPUBCOMP",
            "← received 0 Hi PUBLISH",
            "← received 1 hello PUBLISHPUBACK",
            "← received 2 Good PUBLISHPUBRECPUBRELPUBCOMP",
        ] {
            assert!(rows.as_str().unwrap().lines().any(|line| line == row), "{row}: {rows}");
        }
        // The newest that was sent at QoS 2 opens to its four packets.
        let sent = "[...document.querySelectorAll('#messages tbody tr')].find((row) => row.cells[4].textContent === '2' && row.cells[2].textContent.includes('sent'))";
        client.execute(&format!("{sent}.click()"), vec![]).await.unwrap();
        until(&client, "document.querySelectorAll('#message-detail .frame').length === 4").await;
        until(&client, "document.querySelectorAll('#message-detail .rung').length === 4").await;
        show_from_top(&client, 1560).await;
        screenshot(&client, "client-light").await;
    })
    .await;
}

#[tokio::test]
async fn a_payload_of_html_is_text_and_a_proxys_traffic_is_in_the_list() {
    let broker = Broker::mosquitto();
    let server = Server::start(&["--proxy", &format!("127.0.0.1:0=127.0.0.1:{}", broker.port())]);
    let proxy = server.proxies[0];
    let url = format!("{}#client", server.url());
    browse(Scheme::Dark, move |client| async move {
        const HOSTILE: &str = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">";
        client.goto(&url).await.unwrap();
        let scripts = value(&client, "document.scripts.length").await;
        // Through the proxy, as another program would.
        connect(&client, proxy, "").await;
        subscribe(&client, "#", "1").await;
        publish(&client, "<b>bold</b>", HOSTILE, "1").await;
        // Twice by the test client, and twice as the proxy sees it.
        until(&client, "document.querySelectorAll('#messages .payload').length === 4").await;
        let payloads = "[...document.querySelectorAll('#messages .payload')].every((payload) => payload.textContent.startsWith('<script>') && payload.children.length === 0)";
        assert_eq!(value(&client, payloads).await, true);
        let sources = value(&client, "[...document.querySelectorAll('#messages tbody tr')].map((row) => row.cells[1].textContent).join()").await;
        assert!(sources.as_str().unwrap().contains("proxy #") && sources.as_str().unwrap().contains("client #"), "{sources}");
        client.execute("document.querySelector('#messages tbody tr').click()", vec![]).await.unwrap();
        until(&client, "document.querySelector('#message-detail .tree')?.textContent.includes('<script>')").await;
        screenshot(&client, "client-dark").await;
        assert_eq!(value(&client, "document.scripts.length").await, scripts);
        assert_eq!(value(&client, "document.querySelectorAll('img').length").await, 0);
        assert_eq!(client.title().await.unwrap(), "packet-inspector");
        // A script that somebody brought in all the same would not run.
        client.execute("const s = document.createElement('script'); s.textContent = \"document.title='taken'\"; document.body.append(s);", vec![]).await.unwrap();
        assert_eq!(client.title().await.unwrap(), "packet-inspector");
    })
    .await;
}

/// A login reaches the broker, and is on the page in the packet that carried it, or its length alone.
#[tokio::test]
async fn a_login_is_sent_and_hidden_when_that_is_asked_for() {
    for redact in [false, true] {
        let broker = Broker::mosquitto();
        let server = Server::start(if redact { &["--redact"] } else { &[] });
        let url = format!("{}#client", server.url());
        browse(Scheme::Light, move |client| async move {
            client.goto(&url).await.unwrap();
            fill(&client, "#connect-form [name=user]", "marianne").await;
            fill(&client, "#connect-form [name=password]", "hunter2").await;
            assert_eq!(value(&client, "document.querySelector('[name=password]').type").await, "password");
            connect(&client, broker.port(), "page").await;
            find(&client, "#show-all").await.click().await.unwrap();
            let bytes = bytes_of(&client, "CONNECT \"page\"").await;
            let tree = value(&client, "document.querySelector('#message-detail .tree').textContent").await;
            let tree = tree.as_str().unwrap();
            let (user, password) = (hex::encode("marianne"), hex::encode("hunter2"));
            assert_eq!(bytes.contains(&format!("{user}0007{password}")), !redact, "{bytes}");
            assert_eq!(tree.contains("User Name: marianne"), !redact, "{tree}");
            if redact {
                assert!(tree.contains("User Name: (8 bytes hidden)"), "{tree}");
                assert!(tree.contains("Password: (7 bytes hidden)"), "{tree}");
                let page = value(&client, "document.body.innerText").await;
                assert!(!page.as_str().unwrap().contains("marianne"), "{page}");
            }
        })
        .await;
    }
}

/// The list goes on when the program was started again, whose numbers begin anew.
#[tokio::test]
async fn the_live_list_goes_on_behind_a_restart() {
    let broker = Broker::mosquitto();
    let server = Server::start(&[]);
    let (url, port) = (server.url(), server.port);
    browse(Scheme::Light, move |client| async move {
        client.goto(&format!("{url}#client")).await.unwrap();
        connect(&client, broker.port(), "before").await;
        publish(&client, "topic/before", "first", "1").await;
        until(&client, "document.querySelectorAll('#messages tr[data-topic=\"topic/before\"]').length === 1")
            .await;
        drop(server);
        until(&client, "document.getElementById('status').textContent.includes('broke off')").await;
        let _server = Server::on(&format!("127.0.0.1:{port}"), &[]);
        until(&client, "document.getElementById('status').textContent === 'Live again.'").await;
        client.execute("document.getElementById('sessions').replaceChildren()", vec![]).await.unwrap();
        connect(&client, broker.port(), "after").await;
        publish(&client, "topic/after", "second", "1").await;
        until(&client, "document.querySelectorAll('#messages tr[data-topic=\"topic/after\"]').length === 1")
            .await;
        // What another run showed is gone: its packets are nowhere to be asked for.
        assert_eq!(value(&client, "document.querySelectorAll('#messages tbody tr').length").await, 1);
    })
    .await;
}
