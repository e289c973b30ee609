//! The members of one group: a set in the order of joining, with adding and removing at a fixed
//! cost.

use std::collections::HashMap;

use super::identity::Key;

/// An insertion-ordered set of keys.
#[derive(Default, Clone, PartialEq)]
pub(super) struct Members {
    /// In order of joining; a leaver leaves a hole until the holes outnumber the members.
    order: Vec<Option<Key>>,
    place: HashMap<Key, usize>,
}

impl Members {
    /// Whether the key is new here.
    pub(super) fn insert(&mut self, key: Key) -> bool {
        if self.place.contains_key(&key) {
            return false;
        }
        self.place.insert(key, self.order.len());
        self.order.push(Some(key));
        true
    }

    /// Whether the key was here.
    pub(super) fn remove(&mut self, key: Key) -> bool {
        let Some(place) = self.place.remove(&key) else { return false };
        self.order[place] = None;
        if self.order.len() > 16 && self.order.len() > 2 * self.place.len() {
            self.order.retain(Option::is_some);
            self.place =
                self.iter().enumerate().map(|(place, key)| (key, place)).collect::<HashMap<_, _>>();
        }
        true
    }

    pub(super) fn contains(&self, key: Key) -> bool {
        self.place.contains_key(&key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Key> + '_ {
        self.order.iter().copied().flatten()
    }
}

impl FromIterator<Key> for Members {
    fn from_iter<Source: IntoIterator<Item = Key>>(keys: Source) -> Self {
        let mut members = Self::default();
        for key in keys {
            members.insert(key);
        }
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_are_there_once() {
        let mut members: Members = (0..100).map(Key).collect();
        assert!(!members.insert(Key(5)));
        for number in (0..100).filter(|number| number % 10 != 0) {
            assert!(members.remove(Key(number)));
        }
        assert!(!members.remove(Key(5)));
        assert!(members.insert(Key(5)));
        let numbers: Vec<u64> = members.iter().map(|key| key.0).collect();
        assert_eq!(numbers, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 5]);
        assert!(members.contains(Key(5)) && !members.contains(Key(6)));
        assert!(members.order.len() < 40, "holes are closed");
    }
}
