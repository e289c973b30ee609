//! Snapshots of exchanges in insta's file format.

use serde::{Deserialize, Serialize};

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
