//! Entra's conversations with a tenant about one object, written once for conformance and load.
//!
//! A user: match, create, read before update, update, disable, delete. A group:
//! look-up without members, create empty, update, delete; each change of its members in a PATCH of
//! its own (5). A conversation gets all it needs in its task and says what came of it; the job
//! keeps the state.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::failure::{INCOMPATIBLE, MULTIPLE_ENTRIES, ObjectFailure};
use super::log::{LogStatus, ModifiedProperty, ProvisioningAction, Step, StepType};
use super::mapping::MappedValue;
use super::pace::Pace;
use super::target::TargetPath;
use super::wire::{AttributeChange, MemberVerb, Wire};
use crate::exchange::{Exchange, Operation, Request};
use crate::profile::{EntraSettings, On429, PatchDialect, TargetObjectAction};
use crate::tenant::Tenant;

/// How often a throttled request is repeated where `Retry-After` is honoured.
const THROTTLED_TRIES: usize = 4;
/// The wait where a 429 says nothing of it.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(1);
/// The log's word for an update that would change nothing.
const REDUNDANT_EXPORT: &str = "RedundantExport";

/// Speaks with one tenant as Entra's SCIM connector does. Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    /// The door.
    pub tenant: Tenant,
    /// Entra's words.
    pub wire: Arc<Wire>,
    /// The knobs.
    pub settings: Arc<EntraSettings>,
    /// When requests are due, where a rate is set; otherwise each is due when it is sent.
    pub pace: Option<Arc<Pace>>,
}

/// Which collection a conversation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A user.
    User,
    /// A group.
    Group,
}

impl Kind {
    /// Graph's object type name.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }
}

/// What should become of one object in the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// It should be there as mapped.
    Provision,
    /// It should be there and inactive.
    Disable,
    /// It should be gone.
    Delete,
}

/// One conversation to hold.
#[derive(Debug, Clone)]
pub struct ObjectTask {
    /// User or group.
    pub kind: Kind,
    /// Its index in the population.
    pub index: usize,
    /// What should become of it.
    pub intent: Intent,
    /// The id in the tenant, where it is linked.
    pub link: Option<String>,
    /// Matching attributes with their values, by precedence.
    pub matching: Vec<(String, String)>,
    /// Values for a creation.
    pub creation: Vec<MappedValue>,
    /// Values for an update.
    pub update: Vec<MappedValue>,
}

impl ObjectTask {
    /// Whether it takes an active user or a group away, as the accidental-deletion guard counts.
    pub fn is_deletion(&self, is_active: bool) -> bool {
        let is_switched_off =
            || self.update.iter().any(|it| it.target.is("active") && it.value == false);
        match self.intent {
            Intent::Delete => true,
            Intent::Disable => is_active,
            Intent::Provision => self.kind == Kind::User && is_active && is_switched_off(),
        }
    }
}

/// What a conversation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Created.
    Created,
    /// Updated.
    Updated,
    /// Evaluated, nothing to do.
    Unchanged,
    /// Set inactive.
    Disabled,
    /// Deleted, or already gone.
    Deleted,
}

/// What came of a conversation.
#[derive(Debug, Clone)]
pub struct Done {
    /// What it did, or why it could not.
    pub outcome: Result<Effect, ObjectFailure>,
    /// The id in the tenant, as far as it is known now.
    pub link: Option<String>,
    /// The provisioning log's action.
    pub action: ProvisioningAction,
    /// The provisioning log's steps.
    pub steps: Vec<Step>,
    /// The values that were exported.
    pub exported: Vec<AttributeChange>,
    /// Requests that meant to change the tenant.
    pub exports: u64,
    /// How long it took.
    pub took: Duration,
}

impl Done {
    fn new(link: Option<String>) -> Self {
        Self {
            outcome: Ok(Effect::Unchanged),
            link,
            action: ProvisioningAction::Other,
            steps: Vec::new(),
            exported: Vec::new(),
            exports: 0,
            took: Duration::ZERO,
        }
    }

    /// The provisioning log's properties.
    pub fn modified(&self) -> Vec<ModifiedProperty> {
        let property = |change: &AttributeChange| ModifiedProperty {
            display_name: change.target.text.clone(),
            old_value: change.before.as_ref().filter(|value| !value.is_null()).map(as_text),
            new_value: Some(as_text(&change.value)),
        };
        self.exported.iter().map(property).collect()
    }

    fn skipped(mut self, reason: &str) -> Self {
        let step = Step::success("EntrySynchronizationSkip", StepType::Processing, reason)
            .status(LogStatus::Skipped)
            .detail("SkipReason", reason);
        self.steps.push(step);
        self
    }

    fn failed(mut self, failure: ObjectFailure, step: &str, kind: StepType) -> Self {
        let description = format!("{}: {}", failure.code, failure.message);
        self.steps.push(Step::success(step, kind, description).status(LogStatus::Failure));
        self.outcome = Err(failure);
        self
    }
}

impl Connector {
    /// Speaks with the tenant as the settings have it, at no set rate.
    pub fn new(tenant: Tenant, settings: EntraSettings) -> Self {
        let wire = Arc::new(Wire::new(settings.dialect, settings.clone()));
        Self { tenant, wire, settings: Arc::new(settings), pace: None }
    }

    /// The same, speaking the default dialect.
    pub fn in_default_dialect(&self) -> Self {
        let wire = Wire::new(PatchDialect::Default, (*self.settings).clone());
        Self { wire: Arc::new(wire), ..self.clone() }
    }

    /// Holds the conversation about one object.
    pub async fn converse(&self, task: ObjectTask) -> Done {
        let began = Instant::now();
        let done = Done::new(task.link.clone());
        let mut done = match (task.intent, task.link.clone()) {
            (Intent::Provision, None) => self.match_or_create(&task, done).await,
            (Intent::Provision, Some(id)) => self.read_and_update(&task, &id, done).await,
            (Intent::Disable, Some(id)) => self.disable(&id, done).await,
            (Intent::Delete, Some(id)) => self.delete(task.kind, &id, done).await,
            (Intent::Disable | Intent::Delete, None) => done,
        };
        if matches!(done.outcome, Ok(Effect::Created)) {
            done.exported = task.creation.into_iter().map(added).collect();
        }
        done.took = began.elapsed();
        done
    }

    async fn match_or_create(&self, task: &ObjectTask, mut done: Done) -> Done {
        for (attribute, value) in &task.matching {
            let (operation, request) = match task.kind {
                Kind::User => (Operation::MatchUser, self.wire.find_user(attribute, value)),
                Kind::Group => (Operation::MatchGroup, self.wire.find_group(attribute, value)),
            };
            let exchange = self.send(operation, request).await;
            match self.only_hit(&exchange) {
                Err(failure) => return done.failed(failure, "EntryImport", StepType::Matching),
                Ok(None) => {}
                Ok(Some((id, resource))) => {
                    let found = format!("found by {attribute}");
                    done.steps.push(Step::success("EntryImport", StepType::Matching, found));
                    done.link = Some(id.clone());
                    return self.update(task, &id, Some(resource), done).await;
                }
            }
        }
        done.steps.push(Step::success("EntryImport", StepType::Matching, "no match was found"));
        if !self.settings.target_object_actions.contains(&TargetObjectAction::Create) {
            return done.skipped("creating is not among the target object actions");
        }
        self.create(task, done).await
    }

    /// The id of an object that somebody else provisions: looked up, and left alone.
    pub async fn look_up(&self, task: &ObjectTask) -> Result<Option<String>, ObjectFailure> {
        for (attribute, value) in &task.matching {
            let (operation, request) = match task.kind {
                Kind::User => (Operation::MatchUser, self.wire.find_user(attribute, value)),
                Kind::Group => (Operation::MatchGroup, self.wire.find_group(attribute, value)),
            };
            let exchange = self.send(operation, request).await;
            success_of(&exchange)?;
            let list = exchange.list();
            let list =
                list.map_err(|why| ObjectFailure::senseless(INCOMPATIBLE, &why, &exchange))?;
            let id = |resource: &Value| resource.get("id")?.as_str().map(str::to_owned);
            if let [resource] = list.resources {
                return Ok(id(resource));
            }
        }
        Ok(None)
    }

    async fn create(&self, task: &ObjectTask, mut done: Done) -> Done {
        let (operation, request) = match task.kind {
            Kind::User => (Operation::CreateUser, self.wire.create_user(&task.creation)),
            Kind::Group => (Operation::CreateGroup, self.wire.create_group(&task.creation)),
        };
        done.action = ProvisioningAction::Create;
        done.exports += 1;
        let exchange = self.send(operation, request).await;
        let failure = match (exchange.is_success(), exchange.id()) {
            (true, Some(id)) => {
                done.link = Some(id);
                done.steps.push(Step::success(
                    "EntryExportAdd",
                    StepType::Export,
                    format!("{} was created", task.kind.name()),
                ));
                done.outcome = Ok(Effect::Created);
                return done;
            }
            (true, None) => ObjectFailure::senseless(
                INCOMPATIBLE,
                "a create was answered without an id",
                &exchange,
            ),
            (false, _) => ObjectFailure::of(&exchange),
        };
        done.failed(failure, "EntryExportAdd", StepType::Export)
    }

    async fn read_and_update(&self, task: &ObjectTask, id: &str, done: Done) -> Done {
        if !self.settings.read_before_update {
            return self.update(task, id, None, done).await;
        }
        match self.read(task.kind, id).await {
            Ok(resource) => self.update(task, id, Some(&resource), done).await,
            Err(failure) => done.failed(failure, "EntryImport", StepType::Import),
        }
    }

    /// Sends whatever differs from what the tenant showed, in one PATCH. Without a resource to
    /// compare with, everything goes.
    async fn update(
        &self,
        task: &ObjectTask,
        id: &str,
        resource: Option<&Value>,
        mut done: Done,
    ) -> Done {
        let changes: Vec<AttributeChange> = match resource {
            Some(resource) => differing(&task.update, resource),
            None => task.update.iter().map(replacing_unseen).collect(),
        };
        if changes.is_empty() {
            return done.skipped(REDUNDANT_EXPORT);
        }
        if !self.settings.target_object_actions.contains(&TargetObjectAction::Update) {
            return done.skipped("updating is not among the target object actions");
        }
        let operation = meaning(task.kind, &changes);
        let request = match task.kind {
            Kind::User => self.wire.update_user(id, &changes),
            Kind::Group => self.wire.update_group(id, &changes),
        };
        done.action = match operation {
            Operation::DisableUser => ProvisioningAction::Disable,
            _ => ProvisioningAction::Update,
        };
        done.exports += 1;
        let count = format!("{} attributes were updated", changes.len());
        done.exported = changes;
        let exchange = self.send(operation, request).await;
        if !exchange.is_success() {
            let failure = ObjectFailure::of(&exchange);
            return done.failed(failure, "EntryExportUpdate", StepType::Export);
        }
        done.steps.push(Step::success("EntryExportUpdate", StepType::Export, count));
        done.outcome = Ok(match operation {
            Operation::DisableUser => Effect::Disabled,
            _ => Effect::Updated,
        });
        done
    }

    /// Sets `active` to false unless the tenant shows that it already is.
    async fn disable(&self, id: &str, mut done: Done) -> Done {
        let mut before = None;
        if self.settings.read_before_update {
            match self.read(Kind::User, id).await {
                Err(failure) => return done.failed(failure, "EntryImport", StepType::Import),
                Ok(resource) => before = resource.get("active").cloned(),
            }
            if before.as_ref().is_some_and(|active| is_flag(active, false)) {
                return done.skipped(REDUNDANT_EXPORT);
            }
        }
        done.action = ProvisioningAction::Disable;
        done.exports += 1;
        let target = Arc::new(TargetPath::parse("active").expect("it is a path"));
        done.exported = vec![AttributeChange { target, value: Value::Bool(false), before }];
        let exchange = self.send(Operation::DisableUser, self.wire.set_active(id, false)).await;
        if !exchange.is_success() {
            let failure = ObjectFailure::of(&exchange);
            return done.failed(failure, "EntryExportUpdate", StepType::Export);
        }
        done.steps.push(Step::success("EntryExportUpdate", StepType::Export, "User was disabled"));
        done.outcome = Ok(Effect::Disabled);
        done
    }

    async fn delete(&self, kind: Kind, id: &str, mut done: Done) -> Done {
        let (operation, request) = match kind {
            Kind::User => (Operation::DeleteUser, self.wire.delete_user(id)),
            Kind::Group => (Operation::DeleteGroup, self.wire.delete_group(id)),
        };
        done.action = ProvisioningAction::Delete;
        done.exports += 1;
        let exchange = self.send(operation, request).await;
        let gone = exchange.status() == 404 && self.settings.delete_404_is_success;
        if !exchange.is_success() && !gone {
            let failure = ObjectFailure::of(&exchange);
            return done.failed(failure, "EntryExportDelete", StepType::Export);
        }
        done.link = None;
        done.steps.push(Step::success(
            "EntryExportDelete",
            StepType::Export,
            format!("{} was deleted", kind.name()),
        ));
        done.outcome = Ok(Effect::Deleted);
        done
    }

    /// Sets, changes or removes one user's manager.
    pub async fn set_manager(
        &self,
        id: &str,
        manager: Option<&str>,
        had_one: bool,
    ) -> Result<(), ObjectFailure> {
        if let Some(manager) = manager
            && self.settings.reference_check
        {
            let request = self.wire.check_manager(id, manager);
            let exchange = self.send(Operation::MatchUser, request).await;
            if exchange.list().is_ok_and(|list| list.total_results > 0) {
                return Ok(());
            }
        }
        let request = match manager {
            Some(manager) => self.wire.set_manager(id, manager, had_one),
            None => self.wire.remove_manager(id),
        };
        let exchange = self.send(Operation::SetManager, request).await;
        success_of(&exchange)
    }

    /// Adds or removes members of one group in one PATCH.
    pub async fn change_members(
        &self,
        group: &str,
        verb: MemberVerb,
        members: &[String],
    ) -> Result<(), ObjectFailure> {
        if let ([member], MemberVerb::Add, true) = (members, verb, self.settings.reference_check) {
            let request = self.wire.check_member(group, member);
            let exchange = self.send(Operation::MatchGroup, request).await;
            if exchange.list().is_ok_and(|list| list.total_results > 0) {
                return Ok(());
            }
        }
        let operation = match verb {
            MemberVerb::Add => Operation::AddMembers,
            MemberVerb::Remove => Operation::RemoveMembers,
        };
        let request = self.wire.change_members(group, verb, members);
        let exchange = self.send(operation, request).await;
        success_of(&exchange)
    }

    async fn read(&self, kind: Kind, id: &str) -> Result<Value, ObjectFailure> {
        let (operation, request) = match kind {
            Kind::User => (Operation::ReadUser, self.wire.read_user(id)),
            Kind::Group => (Operation::ReadGroup, self.wire.read_group(id)),
        };
        let exchange = self.send(operation, request).await;
        success_of(&exchange)?;
        if !exchange.body().is_some_and(Value::is_object) {
            let why = "a resource was read and the body is no JSON object";
            return Err(ObjectFailure::senseless(INCOMPATIBLE, why, &exchange));
        }
        Ok(exchange.into_json().unwrap_or_default())
    }

    /// The one resource a look-up found. A hit this run did not create is a failure: Entra would
    /// take it over, the harness does not touch what is not its own.
    fn only_hit<'a>(
        &self,
        exchange: &'a Exchange,
    ) -> Result<Option<(String, &'a Value)>, ObjectFailure> {
        success_of(exchange)?;
        let list = exchange.list();
        let list = list.map_err(|why| ObjectFailure::senseless(INCOMPATIBLE, &why, exchange))?;
        if list.resources.len() > 1 || list.total_results > 1 {
            let why = format!("a look-up found {} resources", list.total_results);
            return Err(ObjectFailure::senseless(MULTIPLE_ENTRIES, &why, exchange));
        }
        let Some(resource) = list.resources.first() else {
            return Ok(None);
        };
        let Some(id) = resource.get("id").and_then(Value::as_str).map(str::to_owned) else {
            let why = "the resource found has no id";
            return Err(ObjectFailure::senseless(INCOMPATIBLE, why, exchange));
        };
        if !self.tenant.owns(&id) && !self.tenant.recognise(resource) {
            let why = format!(
                "the tenant already holds {id}, which this run did not create; clean up \
                 the earlier run or take another --seed"
            );
            return Err(ObjectFailure::senseless("EntryConflict", &why, exchange));
        }
        Ok(Some((id, resource)))
    }

    /// Sends, and repeats what was throttled where the settings want that.
    pub async fn send(&self, operation: Operation, request: Request) -> Exchange {
        let mut tries = 1;
        loop {
            let exchange = match &self.pace {
                None => self.tenant.send(operation, request.clone()).await,
                Some(pace) => {
                    let due = pace.turn().await;
                    self.tenant.send_due(operation, request.clone(), due).await
                }
            };
            let honour = self.settings.on_429 == On429::HonourRetryAfter;
            if exchange.status() != 429 || !honour || tries == THROTTLED_TRIES {
                return exchange;
            }
            // The door itself waits for as long as a `Retry-After` says.
            if exchange.retry_after().is_none() {
                tokio::time::sleep(RETRY_AFTER_DEFAULT).await;
            }
            tries += 1;
        }
    }
}

fn success_of(exchange: &Exchange) -> Result<(), ObjectFailure> {
    match exchange.is_success() {
        true => Ok(()),
        false => Err(ObjectFailure::of(exchange)),
    }
}

/// The mapped values that the resource does not show as they would be sent.
fn differing(values: &[MappedValue], resource: &Value) -> Vec<AttributeChange> {
    values
        .iter()
        .filter_map(|value| {
            let before = value.target.find(resource);
            let same = match (before, &value.value) {
                (Some(before), Value::Bool(flag)) => is_flag(before, *flag),
                (Some(before), wanted) => before == wanted,
                (None, wanted) => wanted.as_str() == Some(""),
            };
            (!same).then(|| AttributeChange {
                target: value.target.clone(),
                value: value.value.clone(),
                before: before.cloned(),
            })
        })
        .collect()
}

/// Booleans are compared as Entra sends them: as text, in any case.
fn is_flag(value: &Value, flag: bool) -> bool {
    match value {
        Value::Bool(shown) => *shown == flag,
        Value::String(text) => text.eq_ignore_ascii_case(&flag.to_string()),
        _ => false,
    }
}

fn replacing_unseen(value: &MappedValue) -> AttributeChange {
    AttributeChange {
        target: value.target.clone(),
        value: value.value.clone(),
        before: Some(Value::Null),
    }
}

/// What a PATCH of these changes means.
fn meaning(kind: Kind, changes: &[AttributeChange]) -> Operation {
    match (kind, changes) {
        (Kind::User, [only]) if only.target.is("active") => match only.value {
            Value::Bool(false) => Operation::DisableUser,
            _ => Operation::RestoreUser,
        },
        (Kind::User, _) => Operation::UpdateUser,
        (Kind::Group, changes) if changes.iter().any(|change| change.target.is("displayName")) => {
            Operation::RenameGroup
        }
        (Kind::Group, _) => Operation::UpdateGroup,
    }
}

/// A value of a creation.
fn added(value: MappedValue) -> AttributeChange {
    AttributeChange { target: value.target, value: value.value, before: None }
}

/// A value as the provisioning log prints it.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}
