//! Scoping filters as a scenario writes them (entra-client 9.2).

use serde::{Deserialize, Serialize};

use crate::profile::MappedObject;

/// One filter: an object passes if it satisfies every clause. Several filters are alternatives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ScopingFilter {
    /// Whom it filters.
    #[serde(default)]
    pub object: MappedObject,
    /// What must hold.
    pub clauses: Vec<ScopingClause>,
}

/// One condition of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ScopingClause {
    /// A source attribute, by Entra's name.
    pub attribute: String,
    /// The operator as the portal names it: `EQUALS`, `IS NOT NULL`.
    pub operator: String,
    /// What to compare with; the operators about null and truth need none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}
