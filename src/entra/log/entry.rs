//! From what a cycle did to the lines an admin reads.

use jiff::Timestamp;

use super::{
    ErrorInformation, Identity, Initiator, LogEntry, LogStatus, ModifiedProperty,
    ProvisioningAction, StatusInfo, Step, StepType,
};
use crate::directory::{Directory, UserState};
use crate::entra::connector::Kind;
use crate::entra::cycle::{group_name, user_name};
use crate::entra::failure::{ObjectFailure, UNRESOLVED_REFERENCE};
use crate::entra::guid;
use crate::entra::job::{CycleEvent, ProvisioningJob};
use crate::entra::state::ObjectKey;

/// What all entries of one cycle share.
#[derive(Debug, Clone)]
pub struct LogContext {
    /// GUIDs follow from it.
    pub seed: u64,
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
        let (action, failure, modified, steps) = told(event);
        let (status, error_information) = status_of(event, failure, job);
        LogEntry {
            id: guid(self.seed, salt << 1),
            change_id: guid(self.seed, salt << 1 | 1),
            cycle_id: guid(self.seed, self.cycle << 32),
            job_id: format!("scim.{}", guid(self.seed, u64::MAX)),
            activity_date_time: self.at,
            duration_in_milliseconds: event
                .done
                .as_ref()
                .map_or(0, |done| u64::try_from(done.took.as_millis()).unwrap_or(u64::MAX)),
            provisioning_action: action,
            provisioning_status_info: StatusInfo { status, error_information },
            provisioning_steps: steps,
            modified_properties: modified,
            source_identity: source_identity(event.key, directory),
            target_identity: target_identity(event, job),
            initiated_by: Initiator::default(),
        }
    }
}

type Told<'a> = (ProvisioningAction, Option<&'a ObjectFailure>, Vec<ModifiedProperty>, Vec<Step>);

fn told(event: &CycleEvent) -> Told<'_> {
    let scoping =
        Step::success("EntrySynchronizationScoping", StepType::Scoping, event.scope.clone());
    if event.is_staged {
        return (ProvisioningAction::StagedDelete, None, Vec::new(), vec![scoping]);
    }
    if let Some(reference) = &event.reference {
        let modified = ModifiedProperty {
            display_name: reference.attribute.to_owned(),
            old_value: reference.old.clone(),
            new_value: reference.new.clone(),
        };
        let text = format!("{} was resolved", reference.attribute);
        let step = Step::success("EntryExportUpdate", StepType::ReferenceResolution, text);
        let failure = reference.failure.as_ref();
        return (ProvisioningAction::Update, failure, vec![modified], vec![step]);
    }
    match &event.done {
        None => (ProvisioningAction::Other, None, Vec::new(), vec![scoping]),
        Some(done) => {
            let mut steps = vec![scoping];
            steps.extend(done.steps.iter().cloned());
            (done.action, done.outcome.as_ref().err(), done.modified.clone(), steps)
        }
    }
}

fn status_of(
    event: &CycleEvent,
    failure: Option<&ObjectFailure>,
    job: &ProvisioningJob,
) -> (LogStatus, Option<ErrorInformation>) {
    if let Some(failure) = failure {
        let escrow = job.escrows().iter().find(|(key, _)| **key == event.key);
        let retried = escrow.map(|(_, escrow)| {
            format!(
                "This operation was retried {} times. It will be retried at minute {}.",
                escrow.retries, escrow.next_attempt_minutes
            )
        });
        let error = ErrorInformation {
            error_code: failure.code.to_owned(),
            reason: failure.message.clone(),
            additional_details: retried,
        };
        return (LogStatus::Failure, Some(error));
    }
    if event.scope == UNRESOLVED_REFERENCE {
        let error = ErrorInformation {
            error_code: UNRESOLVED_REFERENCE.to_owned(),
            reason: "the object referred to is not in the target system".to_owned(),
            additional_details: None,
        };
        return (LogStatus::Skipped, Some(error));
    }
    let did_something = event.reference.is_some()
        || event.done.as_ref().is_some_and(|done| done.action != ProvisioningAction::Other);
    match did_something {
        true => (LogStatus::Success, None),
        false => (LogStatus::Skipped, None),
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
    let id = event.done.as_ref().and_then(|done| done.link.clone()).or(linked);
    Identity {
        id: id.unwrap_or_default(),
        display_name: String::new(),
        identity_type: event.key.kind.name().to_owned(),
    }
}
