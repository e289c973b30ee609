//! What a faulty server cannot forget: the deleted, names that were given up, members added twice,
//! what a bulkId once stood for.
//!
//! It stays empty unless a defect is switched on.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::store::{Stored, fold};

/// The memory of one tenant.
#[derive(Debug, Default)]
pub(in crate::tenant::embedded) struct Memory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Deleted resources by id, as they last were.
    deleted: HashMap<String, Stored>,
    /// Names that nobody may have again.
    reserved: HashSet<(ResourceKind, String)>,
    /// Ids by the bulkId that stood for them in a request that is over.
    bulk_ids: HashMap<String, String>,
    /// Pairs of a group's id and a member's, once for each time it was added again.
    repeated: Vec<(String, String)>,
}

impl Memory {
    pub(super) fn bury(&self, stored: Stored) {
        self.kept().deleted.insert(stored.id.clone(), stored);
    }

    /// The deleted resource of that id.
    pub(super) fn deleted(&self, id: &str) -> Option<Stored> {
        self.kept().deleted.get(id).cloned()
    }

    /// The resource of that name that was deleted last.
    pub(super) fn namesake(&self, kind: ResourceKind, name: &str) -> Option<Stored> {
        let kept = self.kept();
        let named = |stored: &&Stored| {
            let held = stored.body.get(kind.name_attribute()).and_then(|it| it.as_str());
            stored.kind == kind && held.is_some_and(|held| fold(held) == fold(name))
        };
        kept.deleted.values().filter(named).max_by_key(|stored| stored.created).cloned()
    }

    pub(super) fn reserve(&self, kind: ResourceKind, name: &str) {
        self.kept().reserved.insert((kind, fold(name)));
    }

    pub(super) fn is_reserved(&self, kind: ResourceKind, name: &str) -> bool {
        self.kept().reserved.contains(&(kind, fold(name)))
    }

    pub(super) fn repeat(&self, group: &str, member: String) {
        self.kept().repeated.push((group.to_owned(), member));
    }

    /// How often a member was added to a group that held it already.
    pub(super) fn repetitions(&self, group: &str, member: &str) -> usize {
        self.kept().repeated.iter().filter(|it| it.0 == group && it.1 == member).count()
    }

    pub(in crate::tenant::embedded) fn keep_bulk_id(&self, bulk_id: &str, id: &str) {
        self.kept().bulk_ids.insert(bulk_id.to_owned(), id.to_owned());
    }

    /// What a bulkId stood for in an earlier request.
    pub(in crate::tenant::embedded) fn bulk_id(&self, bulk_id: &str) -> Option<String> {
        self.kept().bulk_ids.get(bulk_id).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
