//! The simulated pair ([`crate::sim`]) under choices that proptest can shrink, and under some seeds.
//!
//! More of them: `cargo run --release -p mqtt-client --example histories -- 1000000`.

use proptest::prelude::*;

use crate::sim::dice::{Bytes, Seed};
use crate::sim::history;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_a_promise(choices in prop::collection::vec(any::<u8>(), 0..1_000)) {
        history(&mut Bytes(&choices));
    }
}

#[test]
fn no_seed_breaks_a_promise_and_everything_happens() {
    let mut sum = crate::sim::Counts::default();
    for seed in 0..3_000 {
        sum += history(&mut Seed::new(seed));
    }
    assert_eq!(sum.histories, 3_000);
    let seen = [
        sum.connections,
        sum.cuts,
        sum.given_up,
        sum.crashes,
        sum.sessions_lost,
        sum.delivered,
        sum.uncertain,
        sum.resent,
        sum.received,
        sum.violations,
    ];
    assert!(seen.iter().all(|&times| times > 300), "{sum:?}");
    assert!(sum.published > 10 * sum.histories && sum.steps > 100 * sum.histories);
}
