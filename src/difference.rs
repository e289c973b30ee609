//! What a read-back of the tenant showed beside what the projection expects, one difference at a
//! time.
//!
//! The run finds them, the `Converged` checks judge them; each kind belongs to one check, so that
//! an excuse for one kind never hides another.

use std::collections::BTreeSet;

use heck::ToKebabCase as _;
use serde::{Deserialize, Serialize};

/// The kinds of difference. One `Converged` check looks at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// A user that should be there is not.
    MissingUser,
    /// A user that was deleted can still be read or found.
    UserNotDeleted,
    /// A look-up by the Matching attribute finds more than one user.
    SecondUser,
    /// A mapped attribute of a user holds another value.
    UserAttribute,
    /// `active` holds another value, or no boolean.
    UserActive,
    /// The manager is another one, missing, or not cleared.
    UserManager,
    /// A group that should be there is not.
    MissingGroup,
    /// A group that was deleted can still be read or found.
    GroupNotDeleted,
    /// A second group stands for one directory group (a match by a new name found nothing).
    SecondGroup,
    /// A group's `displayName` is not the one last exported.
    GroupName,
    /// Another mapped attribute of a group holds another value.
    GroupAttribute,
    /// A member that should be in a group is not.
    MissingMember,
    /// A member is in a group that should not be.
    UnexpectedMember,
    /// A group still lists a user that was deleted.
    DanglingMember,
    /// A resource could not be read back, or the answer made no sense.
    Unreadable,
}

impl DifferenceKind {
    /// The name in reports: kebab-case.
    pub fn name(self) -> String {
        format!("{self:?}").to_kebab_case()
    }
}

/// One difference, with the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Difference {
    /// Its kind.
    pub kind: DifferenceKind,
    /// The source object in the directory's words: `user 17`, `group 2`.
    pub subject: String,
    /// The attribute in SCIM's words, where one is concerned.
    pub attribute: Option<String>,
    /// What the projection expects.
    pub expected: String,
    /// What the tenant holds.
    pub actual: String,
    /// The number of the exchange that showed it.
    pub exchange: Option<u64>,
}

/// One comparison of tenant and projection, after a cycle.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Comparison {
    /// The kinds this comparison could have found: `GroupName` only where a group was renamed, and
    /// so on. A kind that is not here was not put to the test.
    pub exercised: BTreeSet<DifferenceKind>,
    /// How many resources were compared.
    pub resources: usize,
    /// What was found.
    pub differences: Vec<Difference>,
}
