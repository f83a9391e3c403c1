//! The page without a mouse, and for who cannot see it; and hostile texts, and files that are too large.

use fantoccini::Client;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::harness::{Scheme, browse, find, until, value};
use crate::page::{connect, fill, lab, paste_and_decode, publish, subscribe};
use crate::server::Server;

/// What a user may want to reach on what is shown: marks each with a number.
const CONTROLS: &str = "(() => { const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex=\"0\"]')] \
    .filter((control) => control.checkVisibility() && control.getAttribute('tabindex') !== '-1'); \
    all.forEach((control, index) => { control.dataset.walk = index; }); \
    return all.map((control) => control.outerHTML.slice(0, 120)); })()";

/// What has the focus, and whether that is to be seen.
const FOCUSED: &str = "(() => { const at = document.activeElement; const shown = at.closest('.file') ?? at; \
    const { outlineStyle, outlineWidth } = getComputedStyle(shown); \
    return [Number(at.dataset.walk ?? -1), outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1, at.outerHTML.slice(0, 120)]; })()";

/// Controls, and what the keyboard moves through, with the name that a screen reader says, as far as there is one.
const NAMES: &str = "[...document.querySelectorAll('button, input, select, textarea, summary, [role], svg')].map((at) => { \
    const labelled = at.getAttribute('aria-labelledby'); \
    const name = at.getAttribute('aria-label') ?? (labelled && document.getElementById(labelled)?.textContent) \
        ?? (at.labels?.length ? at.labels[0].textContent : null) ?? at.textContent; \
    return [at.outerHTML.slice(0, 120), at.getAttribute('role') ?? at.localName, name.trim()]; })";

async fn press(client: &Client, key: Key) {
    let value = char::from(key);
    let keys =
        KeyActions::new("keyboard".to_owned()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
    client.perform_actions(keys).await.unwrap();
}

/// Goes through all that is shown with the Tab key.
async fn walk(client: &Client, what: &str) {
    let controls = value(client, CONTROLS).await;
    let controls = controls.as_array().unwrap();
    assert!(controls.len() > 5, "{what}: {controls:?}");
    client
        .execute("document.activeElement.blur(); window.getSelection().removeAllRanges();", vec![])
        .await
        .unwrap();
    let mut reached = vec![false; controls.len()];
    for _ in 0..2 * controls.len() {
        press(client, Key::Tab).await;
        let focused = value(client, FOCUSED).await;
        let Some(number) = focused[0].as_u64() else { continue };
        assert_eq!(focused[1], json!(true), "{what}: the focus is to be seen on {}", focused[2]);
        reached[usize::try_from(number).unwrap()] = true;
    }
    // Of radio buttons, one stands for all.
    let missed: Vec<&Value> =
        controls.iter().zip(&reached).filter(|(_, reached)| !**reached).map(|(one, _)| one).collect();
    assert!(missed.is_empty(), "{what}: {missed:?} are not reached");
}

async fn is_named(client: &Client, what: &str) {
    let names = value(client, NAMES).await;
    for one in names.as_array().unwrap() {
        let needs_none = ["none", "group", "status", "alert"].contains(&one[1].as_str().unwrap());
        assert!(needs_none || !one[2].as_str().unwrap().is_empty(), "{what}: {} has no name", one[0]);
    }
}

#[tokio::test]
async fn everything_is_reached_by_the_keyboard_and_has_a_name() {
    let broker = Broker::mosquitto();
    let server = Server::start(&[]);
    let url = server.url();
    browse(Scheme::Light, move |client| async move {
        client.goto(&url).await.unwrap();
        let dump = std::fs::read_to_string(lab("frames/publisher-264-publish.hex")).unwrap();
        paste_and_decode(&client, &dump).await;
        find(&client, ".tree .item[data-field='mqtt.topic']").await;
        walk(&client, "decode").await;
        is_named(&client, "decode").await;
        // Tabs are gone through by arrows, as the keyboard's Tab stops at one of them.
        client.execute("document.getElementById('tab-decode').focus()", vec![]).await.unwrap();
        press(&client, Key::Right).await;
        assert_eq!(value(&client, "document.activeElement.id").await, "tab-capture");
        find(&client, "#capture-file").await.send_keys(&lab("lab.pcapng")).await.unwrap();
        until(&client, "document.querySelectorAll('#packets tbody tr').length === 64").await;
        until(&client, "document.querySelectorAll('#exchanges tbody tr').length === 4").await;
        client.execute("document.querySelector('#exchanges tbody tr').click()", vec![]).await.unwrap();
        until(&client, "document.querySelectorAll('#capture-ladder .rung').length > 3").await;
        walk(&client, "capture").await;
        is_named(&client, "capture").await;
        client.execute("document.getElementById('tab-capture').focus()", vec![]).await.unwrap();
        press(&client, Key::Right).await;
        connect(&client, broker.port(), "walker").await;
        subscribe(&client, "a", "1").await;
        publish(&client, "a", "x", "1").await;
        until(&client, "document.querySelectorAll('#messages tbody tr').length === 2").await;
        walk(&client, "client").await;
        is_named(&client, "client").await;
    })
    .await;
}

/// The text of the item with the focus.
const ITEM: &str = "document.activeElement.textContent";

#[tokio::test]
async fn a_tree_is_gone_through_by_its_keys() {
    let server = Server::start(&[]);
    let url = server.url();
    browse(Scheme::Light, |client| async move {
        client.goto(&url).await.unwrap();
        let dump = std::fs::read_to_string(lab("frames/publisher-264-publish.hex")).unwrap();
        paste_and_decode(&client, &dump).await;
        let first = find(&client, ".tree .item").await;
        let first = first.text().await.unwrap();
        assert!(first.starts_with("Ethernet II"), "{first}");
        assert_eq!(value(&client, "document.querySelectorAll('.tree [tabindex=\"0\"]').length").await, 1);
        client.execute("document.querySelector('.tree .item').focus()", vec![]).await.unwrap();
        let expanded = "document.activeElement.getAttribute('aria-expanded')";
        assert_eq!(value(&client, expanded).await, "false");
        // Right opens, then goes in; left goes out, then closes.
        press(&client, Key::Right).await;
        assert_eq!(value(&client, expanded).await, "true");
        press(&client, Key::Right).await;
        assert_eq!(value(&client, "document.activeElement.getAttribute('aria-level')").await, "2");
        press(&client, Key::Left).await;
        assert_eq!(value(&client, ITEM).await, json!(first.clone()));
        press(&client, Key::Left).await;
        assert_eq!(value(&client, expanded).await, "false");
        press(&client, Key::Enter).await;
        assert_eq!(value(&client, expanded).await, "true");
        press(&client, Key::Enter).await;
        press(&client, Key::End).await;
        assert_eq!(value(&client, ITEM).await, "[Text: IOT]");
        press(&client, Key::Up).await;
        assert_eq!(value(&client, ITEM).await, "Message: 494f54");
        let lit =
            "[...document.querySelectorAll('.hex .bytes .lit')].map((byte) => byte.textContent).join('')";
        assert_eq!(value(&client, lit).await, "494f54");
        press(&client, Key::Left).await;
        assert!(value(&client, ITEM).await.as_str().unwrap().contains("Publish Message"));
        press(&client, Key::Home).await;
        assert_eq!(value(&client, ITEM).await, json!(first));
        press(&client, Key::Down).await;
        assert!(value(&client, ITEM).await.as_str().unwrap().starts_with("Internet Protocol"));
        // Where one was, one comes back to.
        press(&client, Key::Tab).await;
        assert_eq!(value(&client, "document.querySelectorAll('.tree [tabindex=\"0\"]').length").await, 1);
        assert_eq!(
            value(
                &client,
                "document.querySelector('.tree [tabindex=\"0\"]').textContent.startsWith('Internet')"
            )
            .await,
            true
        );
    })
    .await;
}

#[tokio::test]
async fn a_capture_over_the_limit_is_refused_in_words() {
    let server = Server::start(&[]);
    let url = server.url();
    browse(Scheme::Light, |client| async move {
        client.goto(&url).await.unwrap();
        find(&client, "#tab-decode").await;
        let drop = "const files = new DataTransfer(); \
            files.items.add(new File([new Uint8Array(arguments[0])], arguments[1])); \
            document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }));";
        client.execute(drop, vec![((64 << 20) + 1).into(), "large.pcapng".into()]).await.unwrap();
        until(&client, "document.querySelector('#status.bad')?.textContent === 'large.pcapng: a capture is at most 64 MiB.'").await;
        assert_eq!(value(&client, "document.getElementById('capture-body').hidden").await, true);
        // What is no capture is said too, and the page goes on.
        client.execute(drop, vec![100.into(), "zeros".into()]).await.unwrap();
        until(&client, "document.querySelector('#status.bad')?.textContent.includes('neither pcap nor pcapng')").await;
        find(&client, "#capture-file").await.send_keys(&lab("lab.pcapng")).await.unwrap();
        until(&client, "document.querySelectorAll('#packets tbody tr').length === 64").await;
        assert_eq!(value(&client, "document.getElementById('filter-count').textContent").await, "64 packets");
        fill(&client, "#filter", "frame.number == 42").await;
        find(&client, "#filter-form button").await.click().await.unwrap();
        until(&client, "document.getElementById('filter-count').textContent === '1 of 64 packets'").await;
    })
    .await;
}

/// What came over a network is text wherever it stands: topic, payload, Client Identifier, user name, will.
#[tokio::test]
async fn scripts_are_text_wherever_they_come_from() {
    const SCRIPT: &str = "<script>document.title=1</script><img src=x onerror=\"document.title=1\">";
    let broker = Broker::mosquitto();
    let server = Server::start(&[]);
    let url = format!("{}#client", server.url());
    browse(Scheme::Light, move |client| async move {
        client.goto(&url).await.unwrap();
        let scripts = value(&client, "document.scripts.length").await;
        fill(&client, "#connect-form [name=user]", SCRIPT).await;
        find(&client, "#connect-form summary").await.click().await.unwrap();
        fill(&client, "#connect-form [name=will_topic]", SCRIPT).await;
        connect(&client, broker.port(), SCRIPT).await;
        // Filters and topics have no `#` or `+` here.
        subscribe(&client, SCRIPT, "1").await;
        publish(&client, SCRIPT, SCRIPT, "1").await;
        find(&client, "#show-all").await.click().await.unwrap();
        let shown = |css: &str| format!("[...document.querySelectorAll('{css}')].some((at) => at.textContent.includes('<script>'))");
        for css in ["#sessions label", "#subscriptions span", "#messages td.mono", "#messages .payload", "#messages td[colspan]"] {
            until(&client, &shown(css)).await;
        }
        // The CONNECT, opened: Client Identifier, user name and will.
        let row = "[...document.querySelectorAll('#messages tbody tr')].find((row) => row.textContent.includes('CONNECT \"'))";
        until(&client, row).await;
        client.execute(&format!("{row}.click()"), vec![]).await.unwrap();
        for field in ["mqtt.clientid", "mqtt.username", "mqtt.willtopic"] {
            until(&client, &shown(&format!("#message-detail [data-field=\"{field}\"]"))).await;
        }
        until(&client, &shown("#message-detail .ladder .label")).await;
        assert_eq!(value(&client, "document.scripts.length").await, scripts);
        assert_eq!(value(&client, "document.querySelectorAll('img').length").await, 0);
        assert_eq!(client.title().await.unwrap(), "packet-inspector");
    })
    .await;
}
