//! What a cycle did: its counts, and an event for each object.

use super::super::connector::{Done, Kind};
use super::super::failure::ObjectFailure;
use super::super::state::{ObjectKey, Quarantine};

/// One thing a cycle did or found, for the provisioning log.
#[derive(Debug, Clone)]
pub struct CycleEvent {
    /// The object.
    pub key: ObjectKey,
    /// The conversation, where one was held.
    pub done: Option<Done>,
    /// A reference that was set, changed or removed.
    pub reference: Option<ReferenceEvent>,
    /// The scope's reason.
    pub scope: String,
    /// A deletion that was withheld.
    pub is_staged: bool,
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
    /// The quarantine the job entered in this cycle.
    pub entered_quarantine: Option<Quarantine>,
    /// Why nothing was done at all: quarantine not due, job disabled.
    pub rested: Option<String>,
    /// The cycle was stopped before its end.
    pub was_interrupted: bool,
}

/// Nothing was to do for the object.
pub(super) fn passed(kind: Kind, index: usize, scope: String) -> CycleEvent {
    let key = ObjectKey { kind, index };
    CycleEvent { key, done: None, reference: None, scope, is_staged: false }
}

/// The object's deletion waits for the admin.
pub(super) fn staged(kind: Kind, index: usize, scope: String) -> CycleEvent {
    CycleEvent { is_staged: true, ..passed(kind, index, scope) }
}
