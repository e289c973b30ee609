//! Numbers from the seed: a mixer and a permutation that can be run backwards.
//!
//! Nothing is stored. User 73,412 and its groups are computed when asked for, so a population of
//! any size costs no memory, and the same seed gives the same numbers on every machine.

/// Mixes 64 bits so that neighbours look unrelated (the finaliser of splitmix64, a bijection).
pub fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// One number from two: order matters, and either changes every bit.
pub fn mix_both(first: u64, second: u64) -> u64 {
    mix(mix(first) ^ second.rotate_left(32))
}

/// Each number below `count` once, in an order that `key` chooses; a Feistel network whose results
/// beyond `count` are sent through again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permutation {
    key: u64,
    count: u64,
    half_bits: u32,
}

const ROUNDS: u64 = 4;

impl Permutation {
    /// A permutation of the numbers below `count`.
    pub(super) fn new(key: u64, count: usize) -> Self {
        let count = count.max(1) as u64;
        let bits = u64::BITS - (count - 1).leading_zeros();
        Self { key, count, half_bits: bits.div_ceil(2).max(1) }
    }

    /// What stands at `place`; `place` must be below the count.
    pub(super) fn at(&self, place: usize) -> usize {
        self.walk(place, |network, value| (0..ROUNDS).fold(value, |v, r| network.round(v, r)))
    }

    /// The place where `item` stands: the inverse of [`Self::at`].
    pub(super) fn place_of(&self, item: usize) -> usize {
        self.walk(item, |network, value| {
            (0..ROUNDS).rev().fold(value, |v, r| network.round_back(v, r))
        })
    }

    /// Repeats a step until it lands below the count. It does, because the step permutes at most
    /// `4 * count` numbers and so comes back to where it began, which is below the count.
    fn walk(&self, from: usize, step: impl Fn(&Self, u64) -> u64) -> usize {
        debug_assert!((from as u64) < self.count, "{from} is outside of the permutation");
        let mut value = from as u64 % self.count;
        loop {
            value = step(self, value);
            if value < self.count {
                return usize::try_from(value).expect("below the count, which was a usize");
            }
        }
    }

    fn round(&self, value: u64, round: u64) -> u64 {
        let (left, right) = (value >> self.half_bits, value & self.mask());
        (right << self.half_bits) | (left ^ self.scramble(right, round))
    }

    fn round_back(&self, value: u64, round: u64) -> u64 {
        let (left, right) = (value >> self.half_bits, value & self.mask());
        ((right ^ self.scramble(left, round)) << self.half_bits) | left
    }

    fn scramble(&self, half: u64, round: u64) -> u64 {
        mix_both(self.key.wrapping_add(round), half) & self.mask()
    }

    fn mask(&self) -> u64 {
        (1 << self.half_bits) - 1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_permutation_meets_every_number_once_and_runs_backwards() {
        for count in [1, 2, 3, 5, 16, 17, 100, 1_000] {
            let permutation = Permutation::new(7, count);
            let met: BTreeSet<usize> = (0..count).map(|place| permutation.at(place)).collect();
            assert_eq!(met.len(), count);
            for place in 0..count {
                assert_eq!(permutation.place_of(permutation.at(place)), place, "of {count}");
            }
        }
    }

    #[test]
    fn another_key_gives_another_order() {
        let order = |key| {
            let permutation = Permutation::new(key, 50);
            (0..50).map(|place| permutation.at(place)).collect::<Vec<_>>()
        };
        assert_ne!(order(1), order(2));
        assert_ne!(order(1), (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn mixing_two_numbers_minds_their_order() {
        assert_ne!(mix_both(1, 2), mix_both(2, 1));
        assert_ne!(mix_both(0, 0), mix_both(0, 1));
    }
}
