//! Server profiles: what a tenant is known not to do, and how Entra is set up for it.
//!
//! A profile is a TOML file. [`Limitation`]s are a closed set with three readers that cannot drift
//! apart: checks name them in `excused_by`, the embedded tenant behaves that way, reports print
//! reason and source. [`Stances`] say how the profile reads what the sources leave open.
//! [`EntraSettings`] are Entra's knobs with their defaults.

mod ambiguity;
mod check;
mod file;
mod settings;

use std::path::PathBuf;

pub use ambiguity::*;
pub use check::*;
pub use file::*;
use serde::{Deserialize, Serialize};
pub use settings::*;

/// A limitation a tenant may document. Its presence in a profile excuses the checks that name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitationKind {
    /// A group keeps the name it was created with (Dialpad's connector limitation).
    GroupRename,
    /// `userName` must be an e-mail address (Dialpad's SCIM articles).
    UserNameIsEmail,
    /// The server adds a `phoneNumbers` entry of its own (Dialpad: type `Dialpad`).
    AddedPhoneNumber,
}

impl LimitationKind {
    /// Every limitation, in the order of reports.
    pub const ALL: &'static [Self] =
        &[Self::GroupRename, Self::UserNameIsEmail, Self::AddedPhoneNumber];

    /// The kebab-case name used in profiles and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::GroupRename => "group-rename",
            Self::UserNameIsEmail => "user-name-is-email",
            Self::AddedPhoneNumber => "added-phone-number",
        }
    }
}

/// How a rename that is not supported is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// The source does not say; both are taken, the embedded tenant ignores.
    #[default]
    IgnoredOrRefused,
    /// 2xx, and nothing changes.
    Ignored,
    /// A SCIM error, and nothing changes.
    Refused,
}

/// One documented limitation, with the reason and the source a report prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limitation {
    /// Which one.
    pub is: LimitationKind,
    /// How it shows; matters for `group-rename` alone.
    #[serde(default)]
    pub how: Manner,
    /// What the limitation means, in a sentence for the report.
    pub reason: String,
    /// Where it is documented.
    pub source: String,
}

/// The attribute mappings a profile starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MappingSet {
    /// What Entra proposes for an application that is not in the gallery.
    #[default]
    Default,
    /// What is assumed of the Dialpad gallery application.
    Dialpad,
}

/// A profile: a tenant's known limits and Entra's set-up for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerProfile {
    /// The name: the file's stem. Reports and snapshots are filed under it.
    pub name: String,
    /// The file it was read from; `None` for a built-in one.
    pub file: Option<PathBuf>,
    /// A title for people.
    pub title: String,
    /// The Tenant URL, where the profile names one; `--tenant-url` wins.
    pub tenant_url: Option<String>,
    /// The documented limitations.
    pub limitations: Vec<Limitation>,
    /// How the profile reads what the sources leave open.
    pub stances: Stances,
    /// What the profile sets of Entra's knobs.
    pub entra: EntraOverrides,
    /// The attribute mappings to start from.
    pub mapping_set: MappingSet,
    /// Attribute mappings that replace or extend those of the set, by target.
    pub mappings: Vec<MappingDefinition>,
}

impl ServerProfile {
    /// The limitation of that kind, where the profile documents it.
    pub fn limitation(&self, kind: LimitationKind) -> Option<&Limitation> {
        self.limitations.iter().find(|limitation| limitation.is == kind)
    }
}
