//! Snapshots of exchanges in insta's file format.
//!
//! A [`Collector`] hears the exchanges of a scenario and renders them as text a person can read.
//! Volatile values get names by first appearance (`<user-1>`, `<time>`, `<tenant>`), so that the
//! member added must still be the user created. Headers are chosen by an allow-list; whatever a
//! tenant wrote is escaped. A [`SnapshotStore`] compares the text with the accepted one; the verbs
//! [`review`], [`accept`] and [`reject`] are for people.

mod body;
mod names;
mod render;
mod review;
#[cfg(test)]
pub(crate) mod scratch;
mod store;

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

pub use render::escape;
pub use review::{Pending, Reviewed, accept, diff, pending, reject, review};
pub use store::{SnapshotError, SnapshotInfo, SnapshotMode, SnapshotStore};

use crate::difference::Difference;
use crate::exchange::{Exchange, Listener, Operation, Scrub};

/// How much of a scenario a snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotKind {
    /// Every exchange, in order.
    Full,
    /// Each distinct shape once, in order of first appearance: operation, status and the skeletons
    /// of both bodies. Thirty random changes still give half a page.
    Shape,
}

/// What a snapshot came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotResult {
    /// The scenario or the command line wants none.
    #[default]
    Off,
    /// As accepted.
    Matches,
    /// None was accepted yet; a `.snap.new` waits for review.
    Pending,
    /// None was accepted yet, and `CI` is set.
    Missing,
    /// It differs; a `.snap.new` waits for review.
    Changed,
    /// Written by `--snapshots update`.
    Updated,
}

/// Hears the exchanges of one scenario and renders them. What the harness does for itself, reading
/// back and cleaning up, is left out.
pub struct Collector {
    bases: Vec<String>,
    scrub: Scrub,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    exchanges: Vec<Exchange>,
    more: u64,
    differences: Vec<Difference>,
}

impl Collector {
    /// Collects for a tenant that is known by these base URLs; they are shown as `<tenant>`.
    pub fn new(bases: impl IntoIterator<Item = String>, scrub: Scrub) -> Self {
        Self { bases: bases.into_iter().collect(), scrub, kept: Mutex::default() }
    }

    /// What the tenant did not hold as it should stands at the snapshot's end: a request that is
    /// answered 2xx and ignored looks like any other.
    pub fn differs(&self, differences: &[Difference]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.differences = differences.to_vec();
    }

    /// The text of the snapshot.
    pub fn text(&self, kind: SnapshotKind) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut exchanges: Vec<&Exchange> = kept.exchanges.iter().collect();
        exchanges.sort_by_key(|exchange| exchange.number);
        let mut page = render::Page::new(&exchanges, kind, &self.bases, &self.scrub);
        let mut text = page.exchanges(&exchanges, kept.more);
        text.push_str(&page.differences(&kept.differences));
        text
    }
}

impl Listener for Collector {
    fn heard(&self, exchange: &Exchange) {
        if matches!(exchange.operation, Operation::ReadBack | Operation::CleanUp) {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.exchanges.len() < MOST_EXCHANGES {
            kept.exchanges.push(exchange.clone());
        } else {
            kept.more += 1;
        }
    }
}

/// Beyond this many exchanges a snapshot says only how many more there were.
const MOST_EXCHANGES: usize = 20_000;
