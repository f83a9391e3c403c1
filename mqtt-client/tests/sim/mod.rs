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
pub use self::plan::Counts;
use self::plan::Plan;
use self::world::World;

/// Runs a history.
///
/// # Panics
/// When the session breaks a promise.
pub fn history(dice: &mut dyn Dice) -> Counts {
    let plan = Plan::new(dice);
    let mut world = World::new(plan);
    while !dice.is_over() {
        world.step(dice);
    }
    world.calm();
    world.counts()
}
