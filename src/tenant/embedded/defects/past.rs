//! What a faulty server keeps of requests that are over. A clean one writes nothing here.
//!
//! Numbers and not dice decide what goes wrong when, so that a run with the same requests shows
//! the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::Defect;
use crate::tenant::embedded::Inner;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::store::{References, Stored};

/// Of ten reads of a resource, those that come from a copy that lags behind.
const STALE_READS: [u64; 3] = [0, 4, 7];
/// How many requests suffer from a body that was left half read.
const CONFUSED: u64 = 5;

/// The past of one tenant.
#[derive(Default)]
pub(in crate::tenant::embedded) struct Past {
    requests: AtomicU64,
    at_once: AtomicUsize,
    confused_until: AtomicU64,
    /// Resources as they were before their last change, and how often they were read since.
    former: Mutex<HashMap<String, (Stored, u64)>>,
    /// Deleted resources that can still be found.
    deleted: Mutex<Vec<Stored>>,
    /// What somebody made of `documentationUri`.
    documentation: Mutex<Option<Value>>,
}

/// A request's place among those that are being answered.
pub(in crate::tenant::embedded) struct Place<'a> {
    past: &'a Past,
    /// The number of the request, from 1.
    pub(super) number: u64,
    /// How many are being answered, this one included.
    pub(super) at_once: usize,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.past.at_once.fetch_sub(1, Relaxed);
    }
}

impl Past {
    /// Gives a request its number and its place.
    pub(super) fn enter(&self) -> Place<'_> {
        let number = self.requests.fetch_add(1, Relaxed).wrapping_add(1);
        Place { past: self, number, at_once: self.at_once.fetch_add(1, Relaxed) + 1 }
    }

    /// The number of the request that came last.
    pub(super) fn number(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// Notes that a body was left half read.
    pub(super) fn confuse(&self) {
        self.confused_until.store(self.number() + CONFUSED, Relaxed);
    }

    /// Whether the rest of another request's body is taken for the request of that number.
    pub(super) fn is_confused(&self, number: u64) -> bool {
        number <= self.confused_until.load(Relaxed)
    }

    /// What a resource was before its last change.
    pub(super) fn former(&self, id: &str) -> Option<Stored> {
        lock(&self.former).get(id).map(|(stored, _)| stored.clone())
    }

    /// What a resource was before its last change, for three reads of ten.
    pub(super) fn stale_read(&self, id: &str) -> Option<Stored> {
        let mut former = lock(&self.former);
        let (stored, reads) = former.get_mut(id)?;
        let number = *reads;
        *reads += 1;
        STALE_READS.contains(&(number % 10)).then(|| stored.clone())
    }

    /// All deleted resources that can still be found.
    pub(super) fn deleted(&self) -> Vec<Stored> {
        lock(&self.deleted).clone()
    }

    /// Keeps another `documentationUri`.
    pub(super) fn document(&self, uri: Value) {
        *lock(&self.documentation) = Some(uri);
    }

    /// What somebody made of `documentationUri`.
    pub(super) fn documentation(&self) -> Option<Value> {
        lock(&self.documentation).clone()
    }
}

/// Keeps what a resource is before a change, for defects that show it later.
pub(in crate::tenant::embedded) fn keep(tenant: &Inner, kind: ResourceKind, id: &str) {
    let late = [Defect::STALE_READS, Defect::LIST_STALE, Defect::RENAMED_NOT_FOUND];
    if late.iter().any(|defect| tenant.defects.has(*defect))
        && let Ok(seen) = tenant.store.read(kind, id, References::Listed)
    {
        lock(&tenant.past.former).insert(id.to_owned(), (seen, 0));
    }
}

/// Keeps a resource that is about to be deleted, for a defect that finds it later.
pub(in crate::tenant::embedded) fn bury(tenant: &Inner, kind: ResourceKind, id: &str) {
    if tenant.defects.has(Defect::DELETED_FOUND)
        && let Ok(seen) = tenant.store.read(kind, id, References::LeftOut)
    {
        lock(&tenant.past.deleted).push(seen);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
