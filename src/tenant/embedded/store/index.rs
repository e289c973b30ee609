//! Look-up tables from an attribute's value to the resources that hold it.
//!
//! Only a hash of the folded value is kept, so a million entries cost a few dozen bytes each. A
//! look-up may therefore name a resource too many, never one too few: whoever asks compares again.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use unicode_normalization::UnicodeNormalization;

use super::identity::Key;

/// The form in which case-insensitive values are compared (RFC 7644 §5: width, composition, case).
pub(in crate::tenant::embedded) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.to_lowercase().nfkc().collect()
}

/// Resources by the value of one attribute.
#[derive(Default)]
pub(super) struct Index {
    hasher: RandomState,
    keys: HashMap<u64, Keys>,
}

impl Index {
    pub(super) fn insert(&mut self, value: &str, key: Key) {
        let hash = self.hasher.hash_one(fold(value));
        self.keys.entry(hash).or_default().insert(key);
    }

    pub(super) fn remove(&mut self, value: &str, key: Key) {
        let hash = self.hasher.hash_one(fold(value));
        if let Some(keys) = self.keys.get_mut(&hash) {
            keys.remove(key);
            if matches!(keys, Keys::None) {
                self.keys.remove(&hash);
            }
        }
    }

    /// The resources that may hold the value, in creation order.
    pub(super) fn candidates(&self, value: &str) -> Vec<Key> {
        self.keys.get(&self.hasher.hash_one(fold(value))).map_or_else(Vec::new, Keys::to_vec)
    }
}

/// A set of keys that costs nothing extra while it holds at most one.
#[derive(Default)]
pub(super) enum Keys {
    /// Nothing.
    #[default]
    None,
    /// One key.
    One(Key),
    /// Two or more, or what is left of them.
    Many(BTreeSet<Key>),
}

impl Keys {
    pub(super) fn insert(&mut self, key: Key) {
        match self {
            Self::None => *self = Self::One(key),
            Self::One(only) if *only == key => {}
            Self::One(only) => *self = Self::Many(BTreeSet::from([*only, key])),
            Self::Many(keys) => {
                keys.insert(key);
            }
        }
    }

    pub(super) fn remove(&mut self, key: Key) {
        match self {
            Self::One(only) if *only == key => *self = Self::None,
            Self::None | Self::One(_) => {}
            Self::Many(keys) => {
                keys.remove(&key);
                if keys.is_empty() {
                    *self = Self::None;
                }
            }
        }
    }

    pub(super) fn to_vec(&self) -> Vec<Key> {
        match self {
            Self::None => Vec::new(),
            Self::One(key) => vec![*key],
            Self::Many(keys) => keys.iter().copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_any_case_width_and_composition() {
        let mut index = Index::default();
        index.insert("\u{c5}sa\u{ff11}", Key(3));
        index.insert("A\u{30a}SA1", Key(1));
        assert_eq!(index.candidates("\u{e5}sa1"), [Key(1), Key(3)]);
        assert!(index.candidates("asa1").is_empty());
    }

    #[test]
    fn a_removed_key_is_gone_and_leaves_the_others() {
        let mut index = Index::default();
        for number in [1, 2, 3] {
            index.insert("x", Key(number));
        }
        index.remove("X", Key(2));
        index.remove("x", Key(9));
        assert_eq!(index.candidates("x"), [Key(1), Key(3)]);
        index.remove("x", Key(1));
        index.remove("x", Key(3));
        assert!(index.keys.is_empty());
    }
}
