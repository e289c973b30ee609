//! The provisioning log: one entry per object and cycle, in Graph's field names.
//!
//! An entry is what an Entra admin would read of one object. Texts of a tenant stand in
//! `errorInformation` as they came; whoever shows them escapes them.

mod entry;

use std::collections::BTreeMap;

pub use entry::LogContext;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Graph's `provisioningAction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProvisioningAction {
    /// A resource was created.
    Create,
    /// A resource was updated or a reference set.
    Update,
    /// A resource was deleted.
    Delete,
    /// A deletion waits for the admin (accidental-deletion guard).
    StagedDelete,
    /// A user was disabled.
    Disable,
    /// Evaluated, nothing done.
    Other,
}

/// Graph's status of an entry or a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogStatus {
    /// Done.
    Success,
    /// Not done; see the error.
    Failure,
    /// Nothing to do.
    Skipped,
    /// Done, with a word of caution.
    Warning,
}

/// One line of `provisioning-log.jsonl`: Graph's `provisioningObjectSummary`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogEntry {
    /// Unique for the entry.
    pub id: String,
    /// Unique for the object's change.
    pub change_id: String,
    /// Unique for the cycle.
    pub cycle_id: String,
    /// The job.
    pub job_id: String,
    /// The Entra tenant.
    pub tenant_id: String,
    /// The enterprise application.
    pub service_principal: NamedId,
    /// Where objects come from.
    pub source_system: NamedId,
    /// Where they go.
    pub target_system: NamedId,
    /// When, on the scenario's clock.
    pub activity_date_time: Timestamp,
    /// How long the conversation took, in milliseconds.
    pub duration_in_milliseconds: u64,
    /// What was done.
    pub provisioning_action: ProvisioningAction,
    /// How it ended.
    pub provisioning_status_info: StatusInfo,
    /// The stages the object went through.
    pub provisioning_steps: Vec<Step>,
    /// What changed.
    pub modified_properties: Vec<ModifiedProperty>,
    /// The object in Entra ID.
    pub source_identity: Identity,
    /// The resource in the tenant.
    pub target_identity: Identity,
    /// Always the provisioning service.
    pub initiated_by: Initiator,
}

/// Status with the error, where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusInfo {
    /// The status.
    pub status: LogStatus,
    /// The error.
    pub error_information: Option<ErrorInformation>,
}

/// Graph's `errorInformation`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorInformation {
    /// The code.
    pub error_code: String,
    /// What the admin reads.
    pub reason: String,
    /// When it is tried again, in words.
    pub additional_details: Option<String>,
    /// Graph's category: `failure`, or `nonServiceFailure` where the tenant or the data are at
    /// fault.
    pub error_category: String,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// `EntryImport`, `EntrySynchronizationScoping`, `EntryExportAdd`, …
    pub name: String,
    /// The kind of stage.
    pub provisioning_step_type: StepType,
    /// How it ended.
    pub status: LogStatus,
    /// A sentence for the admin.
    pub description: String,
    /// What the stage found, by Graph's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// Graph's `provisioningStepType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StepType {
    /// Read from Entra ID.
    Import,
    /// In scope or not.
    Scoping,
    /// Looked up in the tenant.
    Matching,
    /// Compared.
    Processing,
    /// A manager or member was resolved.
    ReferenceResolution,
    /// Written to the tenant.
    Export,
}

/// One changed property; values are texts, `"True"` for booleans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModifiedProperty {
    /// The target attribute.
    pub display_name: String,
    /// What the tenant showed before.
    pub old_value: Option<String>,
    /// What was written.
    pub new_value: Option<String>,
}

/// An object or a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identity {
    /// Its id on its side.
    pub id: String,
    /// Its name for people.
    pub display_name: String,
    /// `User` or `Group`.
    pub identity_type: String,
}

/// An application or a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamedId {
    /// Its GUID.
    pub id: String,
    /// Its name for people.
    pub display_name: String,
}

/// Who started it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Initiator {
    /// The service's name as Graph prints it.
    pub display_name: String,
    /// `system`.
    pub initiator_type: String,
}

impl Default for Initiator {
    fn default() -> Self {
        Self {
            display_name: "Azure AD Provisioning Service".to_owned(),
            initiator_type: "system".to_owned(),
        }
    }
}

impl Step {
    /// A stage that went well.
    pub fn success(name: &str, kind: StepType, description: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            provisioning_step_type: kind,
            status: LogStatus::Success,
            description: description.into(),
            details: BTreeMap::new(),
        }
    }

    /// The same stage with one more detail.
    pub fn detail(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The same stage with another status.
    pub fn status(mut self, status: LogStatus) -> Self {
        self.status = status;
        self
    }
}
