//! Small integers from a seed: the only chance in a drawn history.

use crate::directory::mix_both;

/// Rolls numbers; the same seed rolls the same.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    seed: u64,
    rolled: u64,
}

impl Dice {
    /// Dice of this seed.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, rolled: 0 }
    }

    /// A number below `end`; 0 where that is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.rolled += 1;
        let number = mix_both(self.seed, self.rolled) >> 16;
        let end = end.max(1) as u64;
        usize::try_from(number % end).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several; none of none.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let place = self.below(all.len());
        all.get(place)
    }

    /// One of several texts.
    pub(super) fn text(&mut self, all: &[&str]) -> String {
        self.pick(all).map_or_else(String::new, |text| (*text).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_rolls_the_same_and_every_number_comes_up() {
        let rolled = |seed| {
            let mut dice = Dice::new(seed);
            (0..200).map(|_| dice.below(6)).collect::<Vec<_>>()
        };
        assert_eq!(rolled(1), rolled(1));
        assert_ne!(rolled(1), rolled(2));
        assert!((0..6).all(|number| rolled(3).contains(&number)));
        assert_eq!(Dice::new(1).pick::<u8>(&[]), None);
    }
}
