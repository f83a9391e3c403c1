//! Compares two lists of packets by what they mean: packets are laid beside each other, and each pair field by field.
//!
//! ```
//! use packet_inspector::diff::{Depth, Items, compare};
//! use packet_inspector::frame::{Frame, Options};
//! use packet_inspector::input::{self, InputFormat};
//!
//! let frame = |text: &[u8]| -> Result<Frame, input::InputError> {
//!     let record = input::read(text, InputFormat::Auto)?.swap_remove(0);
//!     Ok(Frame::new(1, record, Options::default()))
//! };
//! let mut a = Items::new(Depth::Meaning);
//! let mut b = Items::new(Depth::Meaning);
//! a.add(&frame(b"30 05 0001 61 6869")?);
//! b.add(&frame(b"32 07 0001 61 0007 6869")?);
//! let comparison = compare(&a, &b);
//! assert_eq!(comparison.pairs[0].fields[0].name, "QoS Level");
//! # Ok::<(), input::InputError>(())
//! ```

mod align;
pub mod captures;
mod item;

pub use item::{Depth, Field, Item, Items};

use std::collections::HashMap;

use align::Step;

/// Two lists of packets, laid beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison<'a> {
    /// In order; a packet that only one list has stands alone.
    pub pairs: Vec<Pair<'a>>,
}

/// Two packets of the same type, or one that has no counterpart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The packet of the first list.
    pub a: Option<&'a Item>,
    /// The packet of the second list.
    pub b: Option<&'a Item>,
    /// The fields that differ; none when a packet stands alone.
    pub fields: Vec<Difference<'a>>,
}

/// A field that differs, or that one packet does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<'a> {
    /// Its name, e.g. `QoS Level`.
    pub name: &'a str,
    /// In the first packet.
    pub a: Option<&'a Field>,
    /// In the second packet.
    pub b: Option<&'a Field>,
}

impl Comparison<'_> {
    /// Whether every packet has a counterpart like it.
    pub fn is_same(&self) -> bool {
        self.pairs.iter().all(Pair::is_same)
    }
}

impl Pair<'_> {
    /// Whether both packets are there, and nothing differs.
    pub fn is_same(&self) -> bool {
        self.a.is_some() && self.b.is_some() && self.fields.is_empty()
    }
}

/// Lays the packets beside each other, as many and as like ones as possible.
pub fn compare<'a>(a: &'a Items, b: &'a Items) -> Comparison<'a> {
    let (a, b) = (a.as_slice(), b.as_slice());
    let pairs = align::align(a, b).into_iter().map(|step| match step {
        Step::Both(one, other) => {
            let (one, other) = (a.get(one), b.get(other));
            let fields = one.zip(other).map(|(one, other)| differences(one, other)).unwrap_or_default();
            Pair { a: one, b: other, fields }
        }
        Step::First(one) => Pair { a: a.get(one), b: None, fields: Vec::new() },
        Step::Second(other) => Pair { a: None, b: b.get(other), fields: Vec::new() },
    });
    Comparison { pairs: pairs.collect() }
}

/// The fields that differ, in the order of the first packet.
fn differences<'a>(a: &'a Item, b: &'a Item) -> Vec<Difference<'a>> {
    let by_name = |item: &'a Item| -> HashMap<&'a str, &'a Field> {
        item.fields.iter().map(|field| (field.name.as_str(), field)).collect()
    };
    let (fields_a, fields_b) = (by_name(a), by_name(b));
    let in_a = a.fields.iter().map(|field| {
        let other = fields_b.get(field.name.as_str()).copied();
        Difference { name: &field.name, a: Some(field), b: other }
    });
    let only_b = b.fields.iter().filter(|field| !fields_a.contains_key(field.name.as_str()));
    let only_b = only_b.map(|field| Difference { name: &field.name, a: None, b: Some(field) });
    let differs = |difference: &Difference<'_>| {
        difference.a.map(|field| &field.value) != difference.b.map(|field| &field.value)
    };
    in_a.chain(only_b).filter(differs).collect()
}
