//! What a cycle did: its counts, and an event for each object.

use std::collections::BTreeSet;

use super::super::connector::{Done, Kind};
use super::super::failure::ObjectFailure;
use super::super::scope::ScopeReason;
use super::super::state::{ObjectKey, Quarantine};

/// One thing a cycle did or found, for the provisioning log.
#[derive(Debug, Clone)]
pub struct CycleEvent {
    /// The object.
    pub key: ObjectKey,
    /// Why it is in scope or not, where that was asked.
    pub scope: Option<ScopeReason>,
    /// What happened.
    pub what: Happened,
}

/// What happened to one object.
#[derive(Debug, Clone)]
pub enum Happened {
    /// A conversation was held.
    Conversation(Done),
    /// A manager or members were set, changed or removed, or could not be.
    Reference(ReferenceEvent),
    /// A deletion that waits for the admin.
    Staged,
    /// Nothing was sent.
    Skipped(SkipReason),
}

/// Why nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// The plan has nothing to do for the object.
    NothingToDo,
    /// The object referred to, under this attribute, is not in the tenant.
    Unresolved(&'static str),
    /// Users who are disabled or deleted cannot be provisioned on demand.
    NotOnDemand,
}

/// A manager or members of one object.
#[derive(Debug, Clone)]
pub struct ReferenceEvent {
    /// `manager` or `members`.
    pub attribute: &'static str,
    /// The target id before, where one was set.
    pub old: Option<String>,
    /// The target id now.
    pub new: Option<String>,
    /// Why it could not be done.
    pub failure: Option<ObjectFailure>,
}

/// What a cycle came to.
#[derive(Debug, Clone, Default)]
pub struct CycleReport {
    /// Objects read from the directory.
    pub imported: u64,
    /// Objects in scope.
    pub entitled: u64,
    /// Objects exported with success.
    pub exported: u64,
    /// Requests that meant to change the tenant.
    pub exports: u64,
    /// Objects in escrow after the cycle.
    pub escrowed: u64,
    /// Failures of objects in this cycle.
    pub failures: u64,
    /// Failures of references in this cycle.
    pub reference_failures: u64,
    /// Objects attempted in this cycle.
    pub attempts: u64,
    /// What was done, in order.
    pub events: Vec<CycleEvent>,
    /// The quarantine the job entered in this cycle, or whose reason changed.
    pub entered_quarantine: Option<Quarantine>,
    /// Whether the cycle failed as a whole: it began, prolonged or changed a quarantine.
    pub has_failed: bool,
    /// Why nothing was done at all: quarantine not due, job disabled, tenant not to be reached.
    pub rested: Option<String>,
    /// The cycle was stopped before its end.
    pub was_interrupted: bool,
}

/// What a cycle could not do yet: it was throttled, or its answer was lost. The next cycle tries
/// again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Postponed {
    /// Objects whose conversation failed.
    pub objects: BTreeSet<ObjectKey>,
    /// Objects whose manager or members could not all be brought about.
    pub references: BTreeSet<ObjectKey>,
}

impl CycleReport {
    /// What the cycle could not do yet.
    pub fn postponed(&self) -> Postponed {
        let mut postponed = Postponed::default();
        for event in &self.events {
            let place = match &event.what {
                Happened::Conversation(_) => &mut postponed.objects,
                _ => &mut postponed.references,
            };
            if event.failure().is_some_and(ObjectFailure::is_passing) {
                place.insert(event.key);
            }
        }
        postponed
    }
}

impl CycleEvent {
    /// Nothing was sent for the object.
    pub(super) fn skipped(
        kind: Kind,
        index: usize,
        scope: Option<ScopeReason>,
        why: SkipReason,
    ) -> Self {
        Self { key: ObjectKey { kind, index }, scope, what: Happened::Skipped(why) }
    }

    /// The failure, where there is one.
    pub fn failure(&self) -> Option<&ObjectFailure> {
        match &self.what {
            Happened::Conversation(done) => done.outcome.as_ref().err(),
            Happened::Reference(reference) => reference.failure.as_ref(),
            Happened::Staged | Happened::Skipped(_) => None,
        }
    }
}
