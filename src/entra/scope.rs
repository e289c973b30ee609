//! Who is in scope, and why.
//!
//! Two things decide: the assignment, direct or by an assigned group, unless everyone is synced;
//! and the scoping filters. Whether the object is active is told beside it and decides nothing
//! here: a disabled user stays in scope and is disabled in the target. The directory is not known
//! here; its facts are handed in.

mod filter;

use serde::{Deserialize, Serialize};

pub use self::filter::{ScopingClause, ScopingError, ScopingFilter, ScopingOperator};
use super::source::SourceAttributes;

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

/// The scope of a job. Several filters are joined by OR; without a filter all pass.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Scope {
    /// The Scope setting.
    pub mode: ScopeMode,
    /// The scoping filters of the user mapping.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters_for_users: Vec<ScopingFilter>,
    /// The scoping filters of the group mapping.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters_for_groups: Vec<ScopingFilter>,
}

/// What the directory knows of an object and its assignment.
#[derive(Clone, Copy)]
pub struct ScopeFacts<'a> {
    /// Whether the object is active: enabled and not deleted.
    pub is_active: bool,
    /// Whether it is assigned to the application itself.
    pub assigned: bool,
    /// The name of an assigned group it is a direct member of; nesting does not count.
    pub assigned_group: Option<&'a str>,
    /// Its attributes.
    pub attributes: &'a dyn SourceAttributes,
}

/// The answer for one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InScope {
    /// Whether the object is provisioned.
    pub in_scope: bool,
    /// Why.
    pub reason: ScopeReason,
}

/// Why an object is in scope or not, in the words of the provisioning log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeReason {
    /// `IsActive`.
    pub is_active: bool,
    /// `Assigned`: by whom, where it is.
    pub assigned: Assignment,
    /// `IsEffectivelyEntitledForProvisioning`: assigned, or everyone is synced.
    pub is_effectively_entitled: bool,
    /// `IsInProvisioningScope…`: some scoping filter is met, or there is none.
    pub is_in_provisioning_scope: bool,
    /// `ScopeEvaluationResult`: for each filter the first clause that failed, `None` if all hold.
    pub evaluation: Vec<Option<String>>,
}

/// How an object is assigned to the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment {
    /// Directly.
    Direct,
    /// As a direct member of the assigned group of this name.
    ByGroup(String),
    /// Not at all.
    Unassigned,
}

impl Scope {
    /// Whether a user is in scope.
    pub fn user(&self, facts: ScopeFacts<'_>) -> InScope {
        self.answer(&self.filters_for_users, facts)
    }

    /// Whether a group is in scope; membership of another group does not assign it.
    pub fn group(&self, facts: ScopeFacts<'_>) -> InScope {
        self.answer(&self.filters_for_groups, ScopeFacts { assigned_group: None, ..facts })
    }

    fn answer(&self, filters: &[ScopingFilter], facts: ScopeFacts<'_>) -> InScope {
        let assigned = match facts.assigned_group {
            _ if facts.assigned => Assignment::Direct,
            Some(group) => Assignment::ByGroup(group.to_owned()),
            None => Assignment::Unassigned,
        };
        let entitled =
            self.mode == ScopeMode::AllUsersAndGroups || assigned != Assignment::Unassigned;
        let evaluation: Vec<Option<String>> = filters
            .iter()
            .map(|filter| filter.first_failed(facts.attributes).map(ToString::to_string))
            .collect();
        let passes = evaluation.is_empty() || evaluation.iter().any(Option::is_none);
        InScope {
            in_scope: entitled && passes,
            reason: ScopeReason {
                is_active: facts.is_active,
                assigned,
                is_effectively_entitled: entitled,
                is_in_provisioning_scope: passes,
                evaluation,
            },
        }
    }
}

impl InScope {
    /// What `IsSoftDeleted` is for the object: true when it is out of scope or not active.
    pub fn is_soft_deleted(&self) -> bool {
        !(self.in_scope && self.reason.is_active)
    }
}

impl ScopeReason {
    /// The details of a log's scoping step, by the names of the provisioning log.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        let flag = |flag: bool| if flag { "True" } else { "False" }.to_owned();
        vec![
            ("IsActive", flag(self.is_active)),
            ("Assigned", flag(self.assigned != Assignment::Unassigned)),
            ("IsEffectivelyEntitledForProvisioning", flag(self.is_effectively_entitled)),
            ("IsInProvisioningScopeDisplayName", flag(self.is_in_provisioning_scope)),
            ("ScopeEvaluationResult", self.evaluation_text()),
        ]
    }

    fn evaluation_text(&self) -> String {
        let results: serde_json::Map<String, serde_json::Value> = self
            .evaluation
            .iter()
            .enumerate()
            .map(|(at, failed)| {
                let text =
                    failed.as_ref().map_or("True".to_owned(), |clause| format!("False: {clause}"));
                (format!("filter {}", at + 1), text.into())
            })
            .collect();
        serde_json::Value::Object(results).to_string()
    }
}

impl std::fmt::Display for ScopeReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.is_active { "active" } else { "not active" })?;
        match &self.assigned {
            Assignment::Direct => formatter.write_str(", assigned")?,
            Assignment::ByGroup(group) => write!(formatter, ", assigned by group {group}")?,
            Assignment::Unassigned if self.is_effectively_entitled => {
                formatter.write_str(", not assigned, everyone is synced")?;
            }
            Assignment::Unassigned => formatter.write_str(", not assigned")?,
        }
        if self.is_in_provisioning_scope {
            return Ok(());
        }
        let failed: Vec<&str> = self.evaluation.iter().flatten().map(String::as_str).collect();
        write!(formatter, ", fails the scoping filter: {}", failed.join("; "))
    }
}

#[cfg(test)]
mod tests;
