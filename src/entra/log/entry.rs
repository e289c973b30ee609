//! From what a cycle did to the lines an admin reads.

use jiff::Timestamp;

use super::{
    ErrorInformation, Identity, Initiator, LogEntry, LogStatus, ModifiedProperty, NamedId,
    ProvisioningAction, StatusInfo, Step, StepType,
};
use crate::directory::{Directory, UserState};
use crate::entra::connector::Kind;
use crate::entra::cycle::{group_name, user_name};
use crate::entra::failure::{UNRESOLVED_REFERENCE, bounded};
use crate::entra::guid;
use crate::entra::job::{CycleEvent, Happened, ProvisioningJob, SkipReason};
use crate::entra::mapping::AttributeMapping;
use crate::entra::scope::ScopeReason;
use crate::entra::state::ObjectKey;

/// What all entries of one cycle share.
#[derive(Debug, Clone)]
pub struct LogContext {
    /// GUIDs follow from it.
    pub seed: u64,
    /// The tenant's name for people.
    pub target: String,
    /// The cycle's number in its scenario, from 1.
    pub cycle: u64,
    /// The scenario's clock at the cycle's start.
    pub at: Timestamp,
}

impl LogContext {
    /// The entries of a cycle, in the order of its events.
    pub fn entries(
        &self,
        events: &[CycleEvent],
        job: &ProvisioningJob,
        directory: &Directory,
    ) -> Vec<LogEntry> {
        let numbered = events.iter().zip(1..);
        numbered.map(|(event, number)| self.entry(event, number, job, directory)).collect()
    }

    fn entry(
        &self,
        event: &CycleEvent,
        number: u64,
        job: &ProvisioningJob,
        directory: &Directory,
    ) -> LogEntry {
        let salt = self.cycle << 32 | number;
        let told = told(event);
        let (status, error_information) = status_of(event, job);
        let named = |salt, name: &str| NamedId {
            id: guid(self.seed, u64::MAX - salt),
            display_name: name.to_owned(),
        };
        LogEntry {
            id: guid(self.seed, salt << 1),
            change_id: guid(self.seed, salt << 1 | 1),
            cycle_id: guid(self.seed, self.cycle << 32),
            job_id: format!("scim.{}", guid(self.seed, u64::MAX)),
            tenant_id: guid(self.seed, u64::MAX - 1),
            service_principal: named(2, &self.target),
            source_system: named(3, "Azure Active Directory"),
            target_system: named(4, &self.target),
            activity_date_time: self.at,
            duration_in_milliseconds: told.milliseconds,
            provisioning_action: told.action,
            provisioning_status_info: StatusInfo { status, error_information },
            provisioning_steps: told.steps,
            modified_properties: redacted(told.modified, event.key.kind, job),
            source_identity: source_identity(event.key, directory),
            target_identity: target_identity(event, job),
            initiated_by: Initiator::default(),
        }
    }
}

/// What an event says of itself.
struct Told {
    action: ProvisioningAction,
    modified: Vec<ModifiedProperty>,
    steps: Vec<Step>,
    milliseconds: u64,
}

fn told(event: &CycleEvent) -> Told {
    let mut steps: Vec<Step> = event.scope.iter().map(scoping).collect();
    let mut modified = Vec::new();
    let mut milliseconds = 0;
    let action = match &event.what {
        Happened::Staged => ProvisioningAction::StagedDelete,
        Happened::Skipped(why) => {
            let reason = reason_of(*why);
            let step =
                Step::success("EntrySynchronizationSkip", StepType::Processing, reason.clone());
            steps.push(step.status(LogStatus::Skipped).detail("SkipReason", reason));
            ProvisioningAction::Other
        }
        Happened::Reference(reference) => {
            modified.push(ModifiedProperty {
                display_name: reference.attribute.to_owned(),
                old_value: reference.old.clone(),
                new_value: reference.new.clone(),
            });
            let (status, end) = match &reference.failure {
                None => (LogStatus::Success, "was written"),
                Some(_) => (LogStatus::Failure, "could not be written"),
            };
            let text = format!("{} {end}", reference.attribute);
            let step = Step::success("EntryExportUpdate", StepType::ReferenceResolution, text);
            steps.push(step.status(status));
            ProvisioningAction::Update
        }
        Happened::Conversation(done) => {
            steps.extend(done.steps.iter().cloned());
            modified = done.modified();
            milliseconds = u64::try_from(done.took.as_millis()).unwrap_or(u64::MAX);
            done.action
        }
    };
    Told { action, modified, steps, milliseconds }
}

/// The scoping step, with the details Graph gives it.
fn scoping(reason: &ScopeReason) -> Step {
    let step = Step::success("EntrySynchronizationScoping", StepType::Scoping, reason.to_string());
    reason.details().into_iter().fold(step, |step, (name, value)| step.detail(name, value))
}

fn reason_of(why: SkipReason) -> String {
    match why {
        SkipReason::NothingToDo => "there is nothing to do for the object".to_owned(),
        SkipReason::Unresolved(attribute) => {
            format!("the object referred to as {attribute} is not in the target system")
        }
        SkipReason::NotOnDemand => {
            "users who are disabled or deleted cannot be provisioned on demand".to_owned()
        }
    }
}

/// What passed through the expression language's `Redact` is not written down.
fn redacted(
    mut modified: Vec<ModifiedProperty>,
    kind: Kind,
    job: &ProvisioningJob,
) -> Vec<ModifiedProperty> {
    let mapping = match kind {
        Kind::User => &job.set_up().user_mapping,
        Kind::Group => &job.set_up().group_mapping,
    };
    for property in &mut modified {
        let mapped = mapping.mapping(&property.display_name);
        if mapped.is_some_and(AttributeMapping::is_redacted) {
            for value in [&mut property.old_value, &mut property.new_value].into_iter().flatten() {
                "[Redact]".clone_into(value);
            }
        }
    }
    modified
}

fn status_of(event: &CycleEvent, job: &ProvisioningJob) -> (LogStatus, Option<ErrorInformation>) {
    if let Some(failure) = event.failure() {
        let retried = job.escrows().get(event.key).map(|escrow| {
            format!(
                "This operation was retried {} times. It will be retried at minute {}.",
                escrow.retries, escrow.next_attempt_minutes
            )
        });
        let error = ErrorInformation {
            error_code: failure.code.to_owned(),
            reason: failure.message.clone(),
            additional_details: retried,
            error_category: match failure.status {
                0 | 429 | 500..=599 => "failure",
                _ => "nonServiceFailure",
            }
            .to_owned(),
        };
        return (LogStatus::Failure, Some(error));
    }
    match &event.what {
        Happened::Skipped(why @ SkipReason::Unresolved(_)) => {
            let error = ErrorInformation {
                error_code: UNRESOLVED_REFERENCE.to_owned(),
                reason: reason_of(*why),
                additional_details: None,
                error_category: "nonServiceFailure".to_owned(),
            };
            (LogStatus::Skipped, Some(error))
        }
        Happened::Conversation(done) if done.action != ProvisioningAction::Other => {
            (LogStatus::Success, None)
        }
        Happened::Reference(_) => (LogStatus::Success, None),
        Happened::Conversation(_) | Happened::Staged | Happened::Skipped(_) => {
            (LogStatus::Skipped, None)
        }
    }
}

fn source_identity(key: ObjectKey, directory: &Directory) -> Identity {
    let (id, display_name) = match key.kind {
        Kind::User => {
            let user = directory.user(key.index);
            let name = match user.state {
                UserState::HardDeleted => String::new(),
                _ => user_name(&user),
            };
            (user.object_id, name)
        }
        Kind::Group => {
            let group = directory.group(key.index);
            let name = group_name(&group);
            (group.object_id, name)
        }
    };
    Identity { id, display_name, identity_type: key.kind.name().to_owned() }
}

fn target_identity(event: &CycleEvent, job: &ProvisioningJob) -> Identity {
    let links = job.links();
    let linked = match event.key.kind {
        Kind::User => links.users.get(&event.key.index).map(|link| link.id.clone()),
        Kind::Group => links.groups.get(&event.key.index).map(|link| link.id.clone()),
    };
    let spoken = match &event.what {
        Happened::Conversation(done) => done.link.clone(),
        _ => None,
    };
    // Whoever was deleted just now had an id, which is the one the entry is about.
    let id = spoken.or(linked).or_else(|| job.gone().get(&event.key).cloned());
    Identity {
        id: bounded(&id.unwrap_or_default()),
        display_name: String::new(),
        identity_type: event.key.kind.name().to_owned(),
    }
}
