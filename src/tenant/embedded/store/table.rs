//! The resources themselves, in creation order, as compact bytes.
//!
//! They lie in blocks of a fixed size that know how many of their places are taken by each type,
//! so a page deep in the list is found by stepping over blocks and not over resources.

use super::identity::Key;
use super::members::Members;
use crate::tenant::embedded::kind::ResourceKind;

const BLOCK: usize = 1024;

/// One stored resource.
pub(super) struct Entry {
    pub(super) kind: ResourceKind,
    /// The JSON object without `id`, `meta`, `members` and `groups`, which are kept or derived
    /// apart.
    pub(super) body: Box<[u8]>,
    /// Microseconds since the epoch.
    pub(super) created: i64,
    /// Microseconds since the epoch.
    pub(super) modified: i64,
    /// Counts the states of the resource, from 1.
    pub(super) version: u32,
    /// Of a group that ever had a member.
    pub(super) members: Option<Box<Members>>,
}

/// All resources of a tenant.
#[derive(Default)]
pub(super) struct Table {
    blocks: Vec<Block>,
    live: [usize; 2],
}

#[derive(Default)]
struct Block {
    entries: Vec<Option<Entry>>,
    /// How many entries of each type are still there.
    live: [usize; 2],
    /// How many were ever put here; a full block that lost all of them gives its memory back.
    filled: usize,
}

impl Table {
    /// Puts a resource at the end.
    pub(super) fn push(&mut self, entry: Entry) -> Key {
        if self.blocks.last().is_none_or(|block| block.filled == BLOCK) {
            self.blocks.push(Block::default());
        }
        let slot = (self.blocks.len() - 1) * BLOCK + self.blocks.last().map_or(0, |b| b.filled);
        let kind = entry.kind as usize;
        self.live[kind] += 1;
        if let Some(block) = self.blocks.last_mut() {
            block.live[kind] += 1;
            block.filled += 1;
            block.entries.push(Some(entry));
        }
        Key::of_slot(slot)
    }

    pub(super) fn find(&self, key: Key) -> Option<&Entry> {
        self.blocks.get(key.slot() / BLOCK)?.entries.get(key.slot() % BLOCK)?.as_ref()
    }

    pub(super) fn find_mut(&mut self, key: Key) -> Option<&mut Entry> {
        self.blocks.get_mut(key.slot() / BLOCK)?.entries.get_mut(key.slot() % BLOCK)?.as_mut()
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Entry> {
        let block = self.blocks.get_mut(key.slot() / BLOCK)?;
        let entry = block.entries.get_mut(key.slot() % BLOCK)?.take()?;
        self.live[entry.kind as usize] -= 1;
        block.live[entry.kind as usize] -= 1;
        if block.filled == BLOCK && block.live == [0, 0] {
            block.entries = Vec::new();
        }
        Some(entry)
    }

    /// How many resources of the type there are; of all types where none is named.
    pub(super) fn len(&self, kind: Option<ResourceKind>) -> usize {
        count(self.live, kind)
    }

    /// At most `take` keys in creation order after leaving `skip` out.
    pub(super) fn page(
        &self,
        kind: Option<ResourceKind>,
        mut skip: usize,
        take: usize,
    ) -> Vec<Key> {
        let mut page = Vec::new();
        for (number, block) in self.blocks.iter().enumerate() {
            let live = count(block.live, kind);
            if skip >= live {
                skip -= live;
                continue;
            }
            page.extend(block.keys(number, kind).skip(skip).take(take - page.len()));
            skip = 0;
            if page.len() == take {
                break;
            }
        }
        page
    }

    /// How many blocks there are.
    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The keys of one block.
    pub(super) fn block(&self, number: usize, kind: Option<ResourceKind>) -> Vec<Key> {
        self.blocks.get(number).map_or_else(Vec::new, |block| block.keys(number, kind).collect())
    }
}

impl Block {
    fn keys(&self, number: usize, kind: Option<ResourceKind>) -> impl Iterator<Item = Key> + '_ {
        self.entries
            .iter()
            .enumerate()
            .filter(move |(_, entry)| {
                entry.as_ref().is_some_and(|entry| kind.is_none_or(|kind| entry.kind == kind))
            })
            .map(move |(place, _)| Key::of_slot(number * BLOCK + place))
    }
}

fn count(live: [usize; 2], kind: Option<ResourceKind>) -> usize {
    kind.map_or(live[0] + live[1], |kind| live[kind as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: ResourceKind) -> Entry {
        Entry { kind, body: Box::default(), created: 0, modified: 0, version: 1, members: None }
    }

    #[test]
    fn a_page_is_what_a_walk_over_all_would_give() {
        let mut table = Table::default();
        for number in 0..5_000_usize {
            let kind = if number % 7 == 0 { ResourceKind::Group } else { ResourceKind::User };
            table.push(entry(kind));
        }
        for slot in (0..5_000).filter(|slot| slot % 3 == 0 || (1_000..2_100).contains(slot)) {
            assert!(table.remove(Key::of_slot(slot)).is_some());
        }
        for kind in [None, Some(ResourceKind::User), Some(ResourceKind::Group)] {
            let all = table.page(kind, 0, usize::MAX);
            assert_eq!(all.len(), table.len(kind));
            assert!(all.is_sorted());
            for skip in [0, 1, 400, 1_500, 2_000, 9_999] {
                let expected: Vec<Key> = all.iter().copied().skip(skip).take(25).collect();
                assert_eq!(table.page(kind, skip, 25), expected, "{skip}");
            }
        }
        assert!(table.page(None, 0, 0).is_empty());
        assert!(table.remove(Key::of_slot(0)).is_none(), "a second removal finds nothing");
        assert!(table.blocks[1].entries.is_empty(), "an emptied block gives its memory back");
    }
}
