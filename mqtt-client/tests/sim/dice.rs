//! Where a history takes its choices from.

/// Makes choices.
pub trait Dice {
    /// A number below `sides`, which is 1 to 256.
    fn roll(&mut self, sides: u32) -> u32;

    /// No choice is left: the history ends calmly.
    fn is_over(&self) -> bool;
}

/// A choice a byte: what proptest can shrink and libFuzzer can change.
#[derive(Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Dice for Bytes<'_> {
    fn roll(&mut self, sides: u32) -> u32 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        u32::from(first) % sides
    }

    fn is_over(&self) -> bool {
        self.0.is_empty()
    }
}

/// So many choices by a seed (SplitMix64).
#[derive(Debug)]
pub struct Seed {
    pub state: u64,
    pub left: u32,
}

impl Seed {
    /// With a length that depends on the seed.
    pub fn new(seed: u64) -> Self {
        let mut dice = Self { state: seed, left: u32::MAX };
        dice.left = 64 + dice.roll(256) * (1 + dice.roll(6));
        dice
    }
}

impl Dice for Seed {
    fn roll(&mut self, sides: u32) -> u32 {
        self.left = self.left.saturating_sub(1);
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(sides)).unwrap()
    }

    fn is_over(&self) -> bool {
        self.left == 0
    }
}
