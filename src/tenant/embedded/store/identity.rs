//! Names of stored resources: a running number inside, a UUID-shaped text outside.
//!
//! The text is a reversible scramble of the number and the tenant's seed. So ids look random, are
//! the same for the same seed, are never used twice, and lead back to their slot without an
//! index.

/// The running number of a resource; also its place in creation order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::tenant::embedded) struct Key(pub(super) u64);

impl Key {
    /// The place in creation order as an index.
    pub(in crate::tenant::embedded) fn slot(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The key of a place in creation order.
    pub(in crate::tenant::embedded) fn of_slot(slot: usize) -> Self {
        Self(slot as u64)
    }
}

/// Turns keys into ids and back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identities {
    seed: u64,
}

impl Identities {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed: scramble(seed.wrapping_add(FIRST)) }
    }

    /// The id of a resource, shaped as a UUID of version 4.
    pub(super) fn id(self, key: Key) -> String {
        let name = scramble(key.0 ^ self.seed);
        let proof = scramble(name ^ self.seed.rotate_left(32) ^ SECOND);
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}",
            name >> 32,
            name & 0xffff,
            proof & 0xfff,
            0x8000 | ((proof >> 12) & 0x3fff),
            (name >> 16) & 0xffff,
            proof >> 32,
        )
    }

    /// The key of an id, `None` for any text that is not an id of this tenant. Case matters.
    pub(super) fn key(self, id: &str) -> Option<Key> {
        let digits = |range| u64::from_str_radix(id.get(range)?, 16).ok();
        let name = digits(0..8)? << 32 | digits(24..28)? << 16 | digits(9..13)?;
        let key = Key(unscramble(name) ^ self.seed);
        (self.id(key) == id).then_some(key)
    }
}

const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xd1b5_4a32_d192_ed03;
const MULTIPLIERS: [u64; 2] = [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb];

/// The finaliser of `SplitMix64`: every bit of the input moves about half of the output's bits.
pub(in crate::tenant::embedded) fn scramble(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(MULTIPLIERS[0]);
    word = (word ^ (word >> 27)).wrapping_mul(MULTIPLIERS[1]);
    word ^ (word >> 31)
}

/// Takes [`scramble`] back, step by step from its end.
fn unscramble(mut word: u64) -> u64 {
    word = unshift(word, 31).wrapping_mul(inverse(MULTIPLIERS[1]));
    word = unshift(word, 27).wrapping_mul(inverse(MULTIPLIERS[0]));
    unshift(word, 30)
}

/// Takes `word ^ (word >> bits)` back.
fn unshift(word: u64, bits: u32) -> u64 {
    word ^ (word >> bits) ^ (word >> (2 * bits))
}

/// The number that undoes a multiplication by an odd number, by Newton's steps.
fn inverse(odd: u64) -> u64 {
    (0..6).fold(odd, |guess, _| guess.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(guess))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_key_and_no_other_text_does() {
        let identities = Identities::new(7);
        for number in [0, 1, 2, 999, 1 << 20, u64::MAX] {
            let id = identities.id(Key(number));
            assert_eq!(identities.key(&id), Some(Key(number)), "{id}");
            assert_eq!(identities.key(&id.to_uppercase()), None);
            assert_eq!(Identities::new(8).key(&id), None);
        }
        for text in ["", "abc", "é9999999999999999999999999999999999é", &"0".repeat(36)] {
            assert_eq!(identities.key(text), None);
        }
    }

    #[test]
    fn an_id_has_the_shape_of_a_uuid() {
        let id = Identities::new(1).id(Key(42));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");
    }
}
