//! A set of slots: one bit for each.

/// A set of slots below a fixed bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// The empty set of slots below `bound`.
    pub(super) fn none(bound: usize) -> Self {
        Self {
            words: vec![0; bound.div_ceil(64)],
        }
    }

    /// The set of these slots, all below `bound`.
    pub(super) fn of<'a>(bound: usize, slots: impl IntoIterator<Item = &'a u32>) -> Self {
        let mut bits = Self::none(bound);
        bits.extend(slots);
        bits
    }

    pub(super) fn extend<'a>(&mut self, slots: impl IntoIterator<Item = &'a u32>) {
        for &slot in slots {
            self.insert(slot);
        }
    }

    pub(super) fn insert(&mut self, slot: u32) {
        self.words[slot as usize / 64] |= 1 << (slot % 64);
    }

    pub(super) fn contains(&self, slot: u32) -> bool {
        self.words[slot as usize / 64] >> (slot % 64) & 1 == 1
    }

    pub(super) fn intersect(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    pub(super) fn unite(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }
}
