//! The simulated pair with a real store on disk.

use mqtt_client::store::{Disk, Durability};

use crate::broker::Folder;
use crate::sim::dice::Seed;
use crate::sim::{Counts, history_on};
use crate::store;

#[test]
fn no_history_breaks_a_promise_when_its_store_is_a_real_one() {
    let mut sum = Counts::default();
    for seed in 0..100 {
        let folder = Folder::new();
        let directory = store(&folder);
        // The process ends, not the machine; the log's own tests cut the power.
        let open = move || Box::new(Disk::open(&directory).unwrap().durability(Durability::System)) as Box<_>;
        sum += history_on(&mut Seed::new(seed), Some(Box::new(open)));
    }
    assert!(sum.crashes > 100 && sum.published > 1_000, "{sum:?}");
}
