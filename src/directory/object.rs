//! Users and groups as Microsoft Entra ID holds them, in Entra's attribute names.
//!
//! Nothing here speaks SCIM: `entra::mapping` translates.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The place of a user in its population: `user 17` in scenarios and reports.
pub type UserIndex = usize;
/// The place of a group in its population: `group 2` in scenarios and reports.
pub type GroupIndex = usize;

/// The value of a source attribute. An absent attribute is null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// Text.
    Text(String),
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// Several texts, in order.
    Many(Vec<String>),
}

/// What has become of a user in Entra ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserState {
    /// `accountEnabled` is true.
    Enabled,
    /// `accountEnabled` is false.
    Disabled,
    /// In the recycle bin, since this many minutes on the directory's clock.
    SoftDeleted {
        /// When it was deleted, in minutes since the directory began.
        since_minutes: u64,
        /// Whether the account was enabled before.
        was_enabled: bool,
    },
    /// Purged for good.
    HardDeleted,
}

/// Attributes by Entra's name.
pub type Attributes = BTreeMap<Cow<'static, str>, AttributeValue>;

/// One user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryUser {
    /// `objectId`, a GUID computed from seed and index.
    pub object_id: String,
    /// Attributes by Entra's name: `userPrincipalName`, `displayName`, `mail`, `givenName`, …
    pub attributes: Attributes,
    /// The manager, another user of the population.
    pub manager: Option<UserIndex>,
    /// What has become of it.
    pub state: UserState,
    /// Whether the user is assigned to the application directly.
    pub assigned: bool,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryGroup {
    /// `objectId`, a GUID computed from seed and index (a re-created group gets another).
    pub object_id: String,
    /// Attributes by Entra's name: `displayName`, `mailNickname`, `description`, …
    pub attributes: Attributes,
    /// Direct members that are users.
    pub members: BTreeSet<UserIndex>,
    /// Direct members that are groups.
    pub member_groups: BTreeSet<GroupIndex>,
    /// Whether the group is assigned to the application.
    pub assigned: bool,
    /// Whether it was deleted in Entra ID; groups have no soft delete towards the tenant.
    pub deleted: bool,
}
