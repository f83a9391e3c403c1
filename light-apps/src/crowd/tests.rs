use std::path::PathBuf;

use clap::Parser;

use super::*;
use crate::broker::Broker;
use crate::lamp::LampError;
use crate::screen::tests::Paper;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    crowd: CrowdOptions,
}

/// A lamp that can be switched on, but not off.
struct Stuck;

impl Lamp for Stuck {
    fn switch(&mut self, switch: Switch) -> Switching<'_> {
        let error = || std::io::Error::other("stuck");
        Box::pin(async move {
            match switch {
                Switch::On => Ok(()),
                Switch::Off => Err(LampError::File { path: PathBuf::new(), error: error() }),
            }
        })
    }
}

/// Plays it with lights of which one is stuck, and gives its text.
async fn plays(stuck: u32, rounds: &str) -> (Ended, String) {
    let broker = Broker::start(0, None).await.unwrap();
    let address = broker.address().to_string();
    let arguments = ["x", "--lights", "3", "--rounds", rounds, "--broker", &address];
    let options = Arguments::try_parse_from(arguments).unwrap().crowd;
    let paper = Paper::default();
    let screen = Screen::new(paper.clone(), false);
    let switched = Arc::new(AtomicU64::new(0));
    let lamp = |number| -> Box<dyn Lamp> {
        if number == stuck { Box::new(Stuck) } else { Box::new(Counter(Arc::clone(&switched))) }
    };
    let ended = run_with(&options, lamp, &switched, screen, CancellationToken::new()).await.unwrap();
    broker.stop().await;
    (ended, paper.text())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_lamp_that_fails_confirms_nothing() {
    let (ended, text) = plays(1, "4").await;
    assert_eq!(ended, Ended::Unanswered);
    for line in [
        "all ON: 3 of 3 confirmed in ",
        "crowd1: OFF failed\nall OFF: 2 of 3 confirmed in ",
        "12 commands, 10 confirmed, 2 lost, in ",
        "lamps were switched 8 times\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn all_lights_that_obey_confirm() {
    let (ended, text) = plays(3, "2").await;
    assert_eq!(ended, Ended::Well);
    assert!(text.contains("all OFF: 3 of 3 confirmed in "), "{text}");
    assert!(text.contains("6 commands, 6 confirmed, 0 lost, in "), "{text}");
}
