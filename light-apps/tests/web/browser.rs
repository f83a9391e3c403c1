//! What people do with the page.

use fantoccini::key::Key;
use fantoccini::{Client, Locator};

use crate::broker::Broker;
use crate::harness::{Scheme, browse, find, screenshot, until, value};
use crate::peer::Peer;
use crate::{Page, light, scratch};

/// What is so of a light's card.
fn card(id: &str, is_so: &str) -> String {
    format!("((card) => card && {is_so})(document.querySelector('[data-light=\"{id}\"]'))")
}

fn is(id: &str, state: &str) -> String {
    card(id, &format!("card.dataset.state === '{state}'"))
}

async fn click(client: &Client, id: &str) {
    find(client, &format!("[data-light='{id}'] .switch")).await.click().await.unwrap();
}

#[tokio::test]
async fn a_house_through_good_and_bad_days() {
    let mut broker = Broker::mosquitto();
    let at = format!("127.0.0.1:{}", broker.port());
    let homes = ["cellar", "hall", "kitchen", "porch"].map(|id| (id, scratch()));
    let mut lights: Vec<_> = homes.iter().map(|(id, home)| Some(light(&at, id, home))).collect();
    let page = Page::start(&at, &["--house", "--timeout", "1"]);
    let url = format!("http://{}/", page.address);
    browse(Scheme::Light, move |client| async move {
        client.goto(&url).await.unwrap();
        until(&client, "document.querySelectorAll('.light').length === 4").await;
        until(&client, "document.getElementById('link').dataset.link === 'good'").await;

        // By mouse: on, and confirmed.
        until(&client, &is("kitchen", "OFF")).await;
        click(&client, "kitchen").await;
        until(&client, &is("kitchen", "ON")).await;
        let confirmed = "card.querySelector('.switch').getAttribute('aria-checked') === 'true'
            && card.querySelector('.switch').getAttribute('aria-busy') === 'false'
            && card.querySelector('.trip').textContent.endsWith(' ms')
            && card.querySelector('.since').textContent.includes('(')
            && card.querySelector('.note').textContent === ''";
        until(&client, &card("kitchen", confirmed)).await;
        until(&client, "document.getElementById('news').textContent.includes('kitchen: on')").await;
        // By keyboard.
        client.execute("document.querySelector('[data-light=\"hall\"] .switch').focus()", vec![]).await.unwrap();
        client.active_element().await.unwrap().send_keys(&char::from(Key::Space).to_string()).await.unwrap();
        until(&client, &is("hall", "ON")).await;
        let label = "document.getElementById(document.activeElement.getAttribute('aria-labelledby')).textContent";
        assert_eq!(value(&client, label).await, "hall");
        assert_eq!(value(&client, "document.activeElement.getAttribute('role')").await, "switch");
        let outline = value(&client, "getComputedStyle(document.activeElement).outlineStyle").await;
        assert_eq!(outline, "solid");

        // Its controller dies.
        lights[3].take().unwrap().kill();
        until(&client, &is("porch", "OFFLINE")).await;
        until(&client, &card("porch", "getComputedStyle(card).filter === 'grayscale(1)'")).await;
        click(&client, "porch").await;
        until(&client, &card("porch", "card.querySelector('.note').textContent === 'sent ON'")).await;
        let waits = "card.querySelector('.note').textContent === 'porch is offline: it gets ON when it is back.'";
        until(&client, &card("porch", waits)).await;

        // What a message brings is text.
        let scripts = value(&client, "document.scripts.length").await;
        let hostile = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>";
        let (broker_at, text) = (at.clone(), hostile.to_owned());
        tokio::task::spawn_blocking(move || Peer::on(&broker_at, "nothing").publish("home/%3Cb%3E/status", text))
            .await
            .unwrap();
        until(&client, "document.getElementById('log').textContent.includes('<script>')").await;
        assert_eq!(value(&client, "document.scripts.length").await, scripts);
        assert_eq!(value(&client, "document.images.length").await, 0);
        assert_eq!(client.title().await.unwrap(), "Lights");

        // The packets of a message.
        let sent = "[...document.querySelectorAll('#log details')].find((line) => line.textContent.includes('kitchen: switch ON'))";
        until(&client, sent).await;
        client.execute(&format!("{sent}.querySelector('summary').click()"), vec![]).await.unwrap();
        until(&client, &format!("{sent}.querySelectorAll('pre').length === 2")).await;
        let shown = value(&client, &format!("{sent}.querySelector('.trees').textContent")).await;
        let shown = shown.as_str().unwrap();
        for text in ["Publish Message (id=", "Topic: home/kitchen/control", "Publish Ack (id="] {
            assert!(shown.contains(text), "{shown}");
        }

        // The broker goes away and comes back; a command waited for a light, which comes back as well.
        broker.stop();
        until(&client, "document.getElementById('link').dataset.link === 'bad'").await;
        broker.start();
        until(&client, "document.getElementById('link').dataset.link === 'good'").await;
        lights[3] = Some(light(&at, "porch", &homes[3].1));
        until(&client, &is("porch", "ON")).await;
        click(&client, "kitchen").await;
        until(&client, &is("kitchen", "OFF")).await;
        for button in client.find_all(Locator::Css("[data-all='ON']")).await.unwrap() {
            button.click().await.unwrap();
        }
        for id in ["cellar", "hall", "kitchen", "porch"] {
            until(&client, &is(id, "ON")).await;
        }
        drop((lights, broker, page));
        // Also this is told.
        until(&client, "document.getElementById('link').textContent.includes('does not answer')").await;
    })
    .await;
}

/// The picture of the README, and the same on a phone and in the dark.
async fn pictured(scheme: Scheme, name: &'static str) {
    let broker = Broker::mosquitto();
    let at = format!("127.0.0.1:{}", broker.port());
    let ids = ["cellar", "hall", "kitchen", "porch"];
    let mut lights: Vec<_> = ids.iter().map(|id| Some(light(&at, id, &scratch()))).collect();
    let page = Page::start(&at, &["--house"]);
    let url = format!("http://{}/", page.address);
    browse(scheme, move |client| async move {
        client.goto(&url).await.unwrap();
        until(&client, "document.querySelectorAll('.light').length === 4").await;
        for id in ["hall", "kitchen"] {
            click(&client, id).await;
            until(&client, &is(id, "ON")).await;
        }
        lights[3].take().unwrap().kill();
        until(&client, &is("porch", "OFFLINE")).await;
        let sent = "[...document.querySelectorAll('#log details')].find((line) => line.textContent.includes('kitchen: switch ON'))";
        client.execute(&format!("{sent}.querySelector('summary').click(); scrollTo(0, 0)"), vec![]).await.unwrap();
        until(&client, &format!("{sent}.querySelectorAll('pre').length === 2")).await;
        screenshot(&client, name).await;
        let is_dark = value(&client, "getComputedStyle(document.body).backgroundColor").await == "rgb(16, 19, 26)";
        assert_eq!(is_dark, scheme == Scheme::Dark);
        client.set_window_size(390, 844).await.unwrap();
        until(&client, "document.documentElement.scrollWidth <= innerWidth").await;
        screenshot(&client, &format!("{name}-phone")).await;
        drop((lights, broker, page));
    })
    .await;
}

#[tokio::test]
async fn it_fits_a_window_and_a_phone() {
    pictured(Scheme::Light, "dashboard").await;
}

#[tokio::test]
async fn it_follows_a_dark_system() {
    pictured(Scheme::Dark, "dashboard-dark").await;
}
