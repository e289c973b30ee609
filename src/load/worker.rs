//! One of Entra's workers: takes the next step, holds its conversation, notes what came of it.
//!
//! The conversations are [`Connector`]'s, the planning is [`Plan`]'s; here is only what a load
//! remembers of an object, which is its id, and what becomes of a step: done, or in escrow.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use super::escrow::is_worth_a_retry;
use super::foreign::Foreign;
use super::phases::{Phases, Step, StepId, Work};
use super::shard::Shard;
use super::tally::Tally;
use super::timeline::Timeline;
use crate::difference::{Difference, DifferenceKind};
use crate::directory::{Directory, GroupIndex, UserIndex};
use crate::entra::connector::{Connector, Kind};
use crate::entra::cycle::{Plan, Planned};
use crate::entra::failure::ObjectFailure;
use crate::entra::job::JobSetUp;
use crate::entra::state::ObjectKey;
use crate::entra::wire::MemberVerb;
use crate::tenant::{Collection, ManifestLine, Tenant};

/// How long a conversation may go on after the word to stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long a worker rests while the tenant does not answer.
const SILENT_REST: Duration = Duration::from_millis(100);
/// What the budget holds back is no failure of the tenant's.
const HELD_BACK: &str = "the budget of requests is used up";

/// What all workers of a load share.
#[derive(Clone)]
pub(super) struct Load {
    /// What the directory holds in the initial cycle, and after the changes before each other one.
    pub directories: Vec<Arc<Directory>>,
    pub set_up: JobSetUp,
    pub phases: Arc<Phases>,
    pub stop: watch::Receiver<bool>,
    /// What happened when.
    pub timeline: Arc<Timeline>,
    /// Ids in the tenant by index.
    pub users: Arc<Links>,
    /// Ids in the tenant by index.
    pub groups: Arc<Links>,
    pub tally: Arc<Tally>,
    /// The share of the population that is this load's own.
    pub shard: Shard,
    /// Ids of users that other shares made, as far as they were looked up.
    pub foreign: Arc<Foreign>,
    /// Steps that an earlier run of the same load has done, by phase and number.
    pub done: Arc<HashSet<StepId>>,
    /// Whether a later run may want to go on with this one.
    pub keeps_journal: bool,
}

/// Ids by index: all that a load keeps of an object.
pub(super) struct Links(Vec<OnceLock<Box<str>>>);

impl Links {
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).map(|_| OnceLock::new()).collect())
    }

    pub(super) fn id(&self, index: usize) -> Option<&str> {
        self.0.get(index)?.get().map(|id| &**id)
    }

    /// Every link, in order of index.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.0.iter().enumerate().filter_map(|(index, id)| Some((index, &**id.get()?)))
    }

    pub(super) fn link(&self, index: usize, id: String) {
        // A population has each index once, and so has the queue.
        if let Some(place) = self.0.get(index) {
            let _ = place.set(id.into_boxed_str());
        }
    }
}

/// What came of a step.
enum Held {
    /// It went well, and has left no link by which a later run would know.
    Done,
    /// There was nothing to do, or a link tells of it.
    Over,
    /// The budget held it back.
    OutOfBudget,
    /// It failed.
    Failed(Failed),
    /// What is left of it waits for users in escrow.
    Waits(Step),
}

/// What a failure leaves missing.
struct Failed {
    key: ObjectKey,
    kind: DifferenceKind,
    /// How many times over.
    count: usize,
    failure: ObjectFailure,
}

impl Load {
    /// What the tenant should hold in the end.
    pub(super) fn directory(&self) -> &Directory {
        let last = self.directories.last();
        last.expect("the directory of the initial cycle is always there")
    }

    /// The same load with other work to do.
    pub(super) fn with_phases(&self, phases: Arc<Phases>) -> Self {
        Self { phases, ..self.clone() }
    }

    /// Adds a line to the journal, where one is kept.
    pub(super) fn note_progress(&self, tenant: &Tenant, line: impl FnOnce() -> ManifestLine) {
        if self.keeps_journal {
            tenant.note_progress(&line());
        }
    }

    /// Works until nothing is left to do or the word to stop comes.
    pub(super) async fn work(self: Arc<Self>, tenant: Tenant) {
        let settings = self.set_up.settings.clone();
        let mut connector = Connector::new(tenant, settings);
        let mut end = self.stop.clone();
        let mut moves = self.phases.moves();
        while !*end.borrow_and_update() {
            match self.phases.take() {
                Work::Over => return,
                Work::Wait => {
                    tokio::select! {
                        _ = moves.changed() => {}
                        _ = end.wait_for(|stop| *stop) => return,
                    }
                }
                Work::Rest(until) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(until.into()) => {}
                        _ = end.wait_for(|stop| *stop) => return,
                    }
                }
                Work::Step(step, ticket) => {
                    connector.pace.clone_from(&ticket.pace);
                    if self.done.contains(&ticket.step_id) {
                        self.note_done_before(&step);
                        continue;
                    }
                    let held = async {
                        if let Some(due) = &ticket.due {
                            due.wait().await;
                        }
                        let held = self.hold(&connector, ticket.step_id, &step).await;
                        self.conclude(&connector.tenant, ticket.step_id, step, held).await;
                    };
                    tokio::select! {
                        () = held => {}
                        () = grace_after(end.clone()) => return,
                    }
                }
            }
        }
    }

    /// Holds the conversation of one step.
    async fn hold(&self, connector: &Connector, step_id: StepId, step: &Step) -> Held {
        match step {
            Step::User(index) => self.provision(connector, Kind::User, *index, step_id).await,
            Step::Group(index) => self.provision(connector, Kind::Group, *index, step_id).await,
            Step::Manager(index) => self.manager(connector, *index).await,
            Step::Members(index, verb, members) => {
                self.members(connector, *index, *verb, members).await
            }
            Step::Update(cycle, index) => self.update(connector, *cycle, *index).await,
        }
    }

    /// Draws the conclusions of one step.
    async fn conclude(&self, tenant: &Tenant, step_id: StepId, step: Step, held: Held) {
        match held {
            Held::Failed(failed) => return self.fail(step_id, step, failed).await,
            Held::OutOfBudget => return,
            Held::Waits(rest) => self.phases.escrow(step_id, rest),
            Held::Done => {
                let (phase, step) = step_id;
                self.note_progress(tenant, || ManifestLine::Done { phase, step });
            }
            Held::Over => {}
        }
        self.tally.settle(step_id);
    }

    /// Counts what an earlier run of the same load has done.
    fn note_done_before(&self, step: &Step) {
        let memberships = &self.tally.memberships;
        match step {
            Step::Members(_, MemberVerb::Add, members) => {
                memberships.fetch_add(members.len() as u64, Ordering::Relaxed);
            }
            Step::Members(_, MemberVerb::Remove, members) => {
                memberships.fetch_sub(members.len() as u64, Ordering::Relaxed);
            }
            Step::User(_) | Step::Group(_) | Step::Manager(_) | Step::Update(..) => {}
        }
    }

    async fn provision(
        &self,
        connector: &Connector,
        kind: Kind,
        index: usize,
        step_id: StepId,
    ) -> Held {
        let (links, count) = match kind {
            Kind::User => (&self.users, &self.tally.users),
            Kind::Group => (&self.groups, &self.tally.groups),
        };
        let is_retry = self.tally.is_in_escrow(step_id);
        if links.id(index).is_some() && !is_retry {
            // An earlier run of the same load has made it.
            count.fetch_add(1, Ordering::Relaxed);
            return Held::Over;
        }
        let Some(mut task) = self.planned(&self.directories[0], kind, index).task else {
            return Held::Over;
        };
        task.link = links.id(index).map(str::to_owned);
        let done = connector.converse(task).await;
        if self.is_held_back(connector, done.outcome.is_err()) {
            return Held::OutOfBudget;
        }
        count.fetch_add(u64::from(!is_retry), Ordering::Relaxed);
        if let Some(id) = done.link {
            if done.outcome.is_ok() {
                let collection = match kind {
                    Kind::User => Collection::Users,
                    Kind::Group => Collection::Groups,
                };
                let linked = || ManifestLine::Linked { collection, index, id: id.clone() };
                self.note_progress(&connector.tenant, linked);
            }
            self.timeline.arrived(u64::from(links.id(index).is_none()));
            links.link(index, id);
        }
        let missing = match kind {
            Kind::User => DifferenceKind::MissingUser,
            Kind::Group => DifferenceKind::MissingGroup,
        };
        match done.outcome {
            Ok(_) => self.went_well(Held::Over),
            Err(failure) => failed(ObjectKey { kind, index }, missing, 1, failure),
        }
    }

    /// Reads a user that is linked, and sends what differs.
    async fn update(&self, connector: &Connector, cycle: usize, index: UserIndex) -> Held {
        let Some(id) = self.users.id(index) else { return Held::Over };
        let Some(mut task) = self.planned(&self.directories[cycle], Kind::User, index).task else {
            return Held::Over;
        };
        task.link = Some(id.to_owned());
        let done = connector.converse(task).await;
        if self.is_held_back(connector, done.outcome.is_err()) {
            return Held::OutOfBudget;
        }
        self.timeline.arrived(u64::from(done.outcome.is_ok()));
        let key = ObjectKey { kind: Kind::User, index };
        match done.outcome {
            Ok(_) => self.went_well(Held::Done),
            Err(failure) => failed(key, DifferenceKind::UserAttribute, 1, failure),
        }
    }

    /// Whether the budget is used up, and the load at its end with it.
    fn is_held_back(&self, connector: &Connector, has_failed: bool) -> bool {
        let is_held_back = has_failed && connector.tenant.is_held_back();
        if is_held_back {
            self.give_up(HELD_BACK);
        }
        is_held_back
    }

    /// What the cycle makes of one object that is not linked.
    pub(super) fn planned(&self, directory: &Directory, kind: Kind, index: usize) -> Planned {
        let plan = Plan {
            directory,
            scope: &self.set_up.scope,
            user_mapping: &self.set_up.user_mapping,
            group_mapping: &self.set_up.group_mapping,
            settings: &self.set_up.settings,
        };
        match kind {
            Kind::User => plan.user(index, None),
            Kind::Group => plan.group(index, None),
        }
    }

    /// Whoever is not in the tenant is nobody's manager there.
    async fn manager(&self, connector: &Connector, index: UserIndex) -> Held {
        let Some(manager) = self.directories[0].user(index).manager else { return Held::Over };
        let Some(id) = self.users.id(index) else {
            return self.waiting(&[index], Step::Manager(index));
        };
        let Some(manager_id) = self.id_of(connector, manager).await else {
            return self.waiting(&[manager], Step::Manager(index));
        };
        let result = connector.set_manager(id, Some(&manager_id), false).await;
        if self.is_held_back(connector, result.is_err()) {
            return Held::OutOfBudget;
        }
        let key = ObjectKey { kind: Kind::User, index };
        match result {
            Ok(()) => self.went_well(Held::Done),
            Err(failure) => failed(key, DifferenceKind::UserManager, 1, failure),
        }
    }

    /// Waits for users in escrow; whoever else is not there will not come.
    fn waiting(&self, missing: &[UserIndex], rest: Step) -> Held {
        let key = |user: &UserIndex| ObjectKey { kind: Kind::User, index: *user };
        match missing.iter().any(|user| self.tally.is_to_come(key(user))) {
            true => Held::Waits(rest),
            false => Held::Over,
        }
    }

    /// The id of a user of this share, or of another by Entra's own look-up.
    async fn id_of(&self, connector: &Connector, user: UserIndex) -> Option<String> {
        if self.shard.has(user) {
            return self.users.id(user).map(str::to_owned);
        }
        let task = self.planned(&self.directories[0], Kind::User, user).task?;
        self.foreign.id_of(connector, user, &task, &self.stop).await
    }

    /// The id of a user, as far as it is known without asking.
    pub(super) fn known_id(&self, user: UserIndex) -> Option<String> {
        match self.shard.has(user) {
            true => self.users.id(user).map(str::to_owned),
            false => self.foreign.known(user),
        }
    }

    /// The id of a user's manager, where both are in the tenant.
    pub(super) fn manager_of(&self, index: UserIndex) -> Option<String> {
        self.known_id(self.directory().user(index).manager?)
    }

    async fn members(
        &self,
        connector: &Connector,
        index: GroupIndex,
        verb: MemberVerb,
        members: &[UserIndex],
    ) -> Held {
        let key = ObjectKey { kind: Kind::Group, index };
        let Some(group) = self.groups.id(index) else {
            let rest = || Step::Members(index, verb, members.to_vec());
            return if self.tally.is_to_come(key) { Held::Waits(rest()) } else { Held::Over };
        };
        let (mut ids, mut missing) = (Vec::with_capacity(members.len()), Vec::new());
        for member in members {
            match self.id_of(connector, *member).await {
                Some(id) => ids.push(id),
                // One of this share has been told of already, or is in escrow.
                None if self.shard.has(*member) => missing.push(*member),
                None => {
                    self.tell_missing(index, *member);
                    missing.push(*member);
                }
            }
        }
        let rest = Step::Members(index, verb, missing.clone());
        if ids.is_empty() {
            return self.waiting(&missing, rest);
        }
        let result = connector.change_members(group, verb, &ids).await;
        if self.is_held_back(connector, result.is_err()) {
            return Held::OutOfBudget;
        }
        if let Err(failure) = result {
            let kind = match verb {
                MemberVerb::Add => DifferenceKind::MissingMember,
                MemberVerb::Remove => DifferenceKind::UnexpectedMember,
            };
            return failed(key, kind, ids.len(), failure);
        }
        let count = ids.len() as u64;
        match verb {
            MemberVerb::Add => self.tally.memberships.fetch_add(count, Ordering::Relaxed),
            MemberVerb::Remove => self.tally.memberships.fetch_sub(count, Ordering::Relaxed),
        };
        self.timeline.arrived(count);
        self.went_well(if missing.is_empty() { Held::Done } else { self.waiting(&missing, rest) })
    }

    /// A user of another share did not come about in time.
    fn tell_missing(&self, group: GroupIndex, member: UserIndex) {
        let key = ObjectKey { kind: Kind::Group, index: group };
        let difference = Difference {
            kind: DifferenceKind::MissingMember,
            subject: key.to_string(),
            attribute: Some("members".to_owned()),
            expected: format!("user {member}, whom another share provisions"),
            actual: "no look-up found the user in time".to_owned(),
            exchange: None,
        };
        self.tally.push(difference);
    }

    fn went_well(&self, held: Held) -> Held {
        self.tally.answered();
        held
    }

    /// Keeps a failure in escrow or for good, and ends the load where going on makes no sense.
    async fn fail(&self, step_id: StepId, step: Step, failed: Failed) {
        let Failed { key, kind, count, failure } = failed;
        let failures = match failure.is_reference {
            true => &self.tally.reference_failures,
            false => &self.tally.failures,
        };
        failures.fetch_add(1, Ordering::Relaxed);
        let difference = Difference {
            kind,
            subject: key.to_string(),
            attribute: attribute_of(kind).map(str::to_owned),
            expected: "exported".to_owned(),
            actual: match failure.status {
                0 => format!("{} got no answer ({})", failure.operation, failure.code),
                200..=299 => failure.message.clone(),
                status => format!("{} was answered with {status}", failure.operation),
            },
            exchange: failure.exchange,
        };
        if is_worth_a_retry(&failure) {
            self.tally.escrow(step_id, key, difference, count);
            self.phases.escrow(step_id, step);
        } else {
            self.tally.settle(step_id);
            self.tally.tell(key, difference, count);
        }
        if failure.stops_job {
            self.give_up("the tenant refused the token, and Entra would quarantine the job");
        }
        // A tenant that answers, if only to refuse, is there: the load goes on as Entra would.
        if failure.status != 0 {
            return self.tally.answered();
        }
        let in_a_row = self.tally.unanswered();
        if self.tally.is_silent() {
            self.give_up(&format!("{in_a_row} requests in a row got no answer"));
        } else if in_a_row > 1 {
            tokio::time::sleep(SILENT_REST).await;
        }
    }

    fn give_up(&self, why: &str) {
        self.tally.end_early(why);
        self.phases.close();
    }
}

fn failed(key: ObjectKey, kind: DifferenceKind, count: usize, failure: ObjectFailure) -> Held {
    Held::Failed(Failed { key, kind, count, failure })
}

fn attribute_of(kind: DifferenceKind) -> Option<&'static str> {
    match kind {
        DifferenceKind::UserManager => Some("manager"),
        DifferenceKind::MissingMember | DifferenceKind::UnexpectedMember => Some("members"),
        _ => None,
    }
}

/// Ready a little after the word to stop, so that a create in flight may still learn its id.
async fn grace_after(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody can say stop any more.
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(GRACE).await;
}
