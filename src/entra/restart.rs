//! What a restart of the provisioning job clears (entra-client 7.3).
//!
//! The names are Graph's, of the criteria of `synchronizationJob: restart`. Two of Graph's values
//! are not for use by anybody and are left out.

use serde::{Deserialize, Serialize};

/// One thing a restart resets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResetScope {
    /// The next cycle is an initial one; links between source and target objects are kept.
    Watermark,
    /// Failed objects are tried again at once.
    Escrows,
    /// The job leaves quarantine.
    QuarantineState,
    /// All of it and the links too: every object is matched again.
    Full,
    /// Deletions that the accidental-deletion guard holds back may go.
    ForceDeletes,
}

impl ResetScope {
    /// What a restart without criteria resets.
    pub const UNNAMED: &'static [Self] = &[Self::QuarantineState, Self::Watermark, Self::Escrows];
}
