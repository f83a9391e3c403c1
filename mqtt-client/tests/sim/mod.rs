//! A client's session and a Server, joined by two queues of bytes and a clock that the history moves: cuts at any byte,
//! half-open connections, delays, crashes, sessions that are lost, and a Server that says anything.
//!
//! A history is made of choices ([`Dice`]), so that the same property runs on bytes of proptest and libFuzzer and on
//! seeds. While it lasts, every packet is looked at ([`audit`]); in the end the network is calm, and everything that was
//! promised has to come true ([`user`]).
#![allow(unreachable_pub, dead_code, reason = "shared by tests, an example and fuzz targets")]

mod audit;
pub mod dice;
mod plan;
mod server;
mod user;
mod world;

use self::dice::Dice;
use self::plan::Plan;
pub use self::plan::{Counts, Open};
use self::world::World;

/// Runs a history.
///
/// # Panics
/// When the session breaks a promise.
pub fn history(dice: &mut dyn Dice) -> Counts {
    history_on(dice, None)
}

/// The same; histories with a store keep it in this one, too.
///
/// # Panics
/// When the session breaks a promise, or the store forgets something.
pub fn history_on(dice: &mut dyn Dice, open: Option<Open>) -> Counts {
    let plan = Plan::new(dice);
    let mut world = World::new(plan, open);
    while !dice.is_over() {
        world.step(dice);
    }
    world.calm();
    world.counts()
}
