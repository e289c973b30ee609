//! What a load counts on its way, and what it found missing.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::phases::StepId;
use crate::difference::{Difference, DifferenceKind};
use crate::entra::state::ObjectKey;

/// After so many conversations in a row without an answer the tenant is taken for gone: a load
/// against nobody would wait for hours;
const SILENT_MAX: u64 = 200;
/// and not before the row has lasted so long: a tenant that restarts is not gone.
const LASTING: Duration = Duration::from_secs(5);
/// How many differences are kept in words.
pub(super) const DIFFERENCES_KEPT: usize = 100;

/// What a load counts on its way.
#[derive(Default)]
pub(super) struct Tally {
    /// Users in scope.
    pub users: AtomicU64,
    /// Groups in scope.
    pub groups: AtomicU64,
    /// Memberships that the tenant took.
    pub memberships: AtomicU64,
    /// Conversations held.
    pub attempts: AtomicU64,
    /// Those about an object that failed.
    pub failures: AtomicU64,
    /// Those about a manager or members that failed.
    pub reference_failures: AtomicU64,
    silence: Mutex<Silence>,
    ended_early: Mutex<Option<String>>,
    found: Mutex<Found>,
}

/// Conversations in a row without an answer.
#[derive(Default)]
struct Silence {
    length: u64,
    began: Option<Instant>,
}

#[derive(Default)]
struct Found {
    differences: Differences,
    /// What is missing as long as no later try does better, and how many times over.
    in_escrow: BTreeMap<StepId, (ObjectKey, Difference, usize)>,
    /// Users and groups that are not there yet.
    to_come: HashSet<ObjectKey>,
}

/// Differences, the first of them in words.
#[derive(Debug, Clone, Default)]
pub(super) struct Differences {
    pub kept: Vec<Difference>,
    pub total: u64,
    /// Objects that need no further look: what is wrong with them has been said.
    pub told: HashSet<ObjectKey>,
}

impl Differences {
    pub(super) fn push(&mut self, difference: Difference) {
        self.total += 1;
        if self.kept.len() < DIFFERENCES_KEPT {
            self.kept.push(difference);
        }
    }

    pub(super) fn extend(&mut self, more: impl IntoIterator<Item = Difference>) {
        more.into_iter().for_each(|difference| self.push(difference));
    }

    /// An object is missing so many things of one kind.
    pub(super) fn tell(&mut self, key: ObjectKey, difference: Difference, count: usize) {
        self.extend(std::iter::repeat_n(difference, count));
        self.told.insert(key);
    }
}

impl Tally {
    /// Why the load ended before its end, where it did.
    pub(super) fn ended_early(&self) -> Option<String> {
        lock(&self.ended_early).clone()
    }

    /// Ends the load before its end; the first reason counts.
    pub(super) fn end_early(&self, why: &str) {
        lock(&self.ended_early).get_or_insert_with(|| format!("the load ended early: {why}"));
    }

    /// What could not be exported.
    pub(super) fn differences(&self) -> Differences {
        let found = lock(&self.found);
        let mut differences = found.differences.clone();
        for (key, difference, count) in found.in_escrow.values() {
            differences.tell(*key, difference.clone(), *count);
        }
        differences
    }

    /// Keeps what is missing for good.
    pub(super) fn tell(&self, key: ObjectKey, difference: Difference, count: usize) {
        lock(&self.found).differences.tell(key, difference, count);
    }

    /// Keeps a difference that needs no further look at its object all the same.
    pub(super) fn push(&self, difference: Difference) {
        lock(&self.found).differences.push(difference);
    }

    /// Whether a user or a group is not there yet, and in escrow.
    pub(super) fn is_to_come(&self, key: ObjectKey) -> bool {
        lock(&self.found).to_come.contains(&key)
    }

    /// Keeps what is missing unless a later try does better.
    pub(super) fn escrow(
        &self,
        step_id: StepId,
        key: ObjectKey,
        difference: Difference,
        count: usize,
    ) {
        let found = &mut *lock(&self.found);
        if matches!(difference.kind, DifferenceKind::MissingUser | DifferenceKind::MissingGroup) {
            found.to_come.insert(key);
        }
        found.in_escrow.insert(step_id, (key, difference, count));
    }

    /// Whether the step has failed before.
    pub(super) fn is_in_escrow(&self, step_id: StepId) -> bool {
        lock(&self.found).in_escrow.contains_key(&step_id)
    }

    /// The step has gone well, or failed for good.
    pub(super) fn settle(&self, step_id: StepId) {
        let found = &mut *lock(&self.found);
        if let Some((key, ..)) = found.in_escrow.remove(&step_id) {
            found.to_come.remove(&key);
        }
    }

    /// Notes a conversation that was answered, if only with a refusal.
    pub(super) fn answered(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        *lock(&self.silence) = Silence::default();
    }

    /// Notes a conversation without an answer, and says how many in a row that makes.
    pub(super) fn unanswered(&self) -> u64 {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let mut silence = lock(&self.silence);
        silence.began.get_or_insert_with(Instant::now);
        silence.length += 1;
        silence.length
    }

    /// Whether the tenant is gone.
    pub(super) fn is_silent(&self) -> bool {
        let silence = lock(&self.silence);
        let has_lasted = silence.began.is_some_and(|began| began.elapsed() >= LASTING);
        silence.length >= SILENT_MAX && has_lasted
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
