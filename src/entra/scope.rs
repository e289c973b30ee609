//! Who is in scope, and why (entra-client 9.1, 9.2).

use serde::{Deserialize, Serialize};

/// The Scope setting of the provisioning page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeMode {
    /// Sync only assigned users and groups.
    #[default]
    AssignedUsersAndGroups,
    /// Sync all users and groups.
    AllUsersAndGroups,
}
