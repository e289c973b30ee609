//! One of Entra's workers: takes the next step, holds its conversation, notes what came of it.
//!
//! The conversations are [`Connector`]'s, the planning is [`Plan`]'s; here is only what a load
//! remembers: ids by index, and what failed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::foreign::Foreign;
use super::phases::{Phases, Step, Work};
use super::shard::Shard;
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
/// After so many requests in a row without an answer the tenant is taken for gone: a load against
/// nobody would wait for hours.
const FAILURES_IN_A_ROW_MAX: u64 = 200;
/// What the budget holds back is no failure of the tenant's.
const HELD_BACK: &str = "the budget of requests is used up";
/// How many differences are kept in words.
pub(super) const DIFFERENCES_KEPT: usize = 100;

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
    pub done: Arc<HashSet<(usize, u64)>>,
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

/// What a load counts on its way.
#[derive(Default)]
pub(super) struct Tally {
    /// Users in scope.
    pub users: AtomicU64,
    /// Groups in scope.
    pub groups: AtomicU64,
    /// Memberships that the tenant took.
    pub memberships: AtomicU64,
    /// Conversations held.
    pub attempts: AtomicU64,
    /// Those about an object that failed.
    pub failures: AtomicU64,
    /// Those about a manager or members that failed.
    pub reference_failures: AtomicU64,
    failures_in_a_row: AtomicU64,
    ended_early: Mutex<Option<String>>,
    differences: Mutex<Differences>,
}

/// Differences, the first of them in words.
#[derive(Debug, Clone, Default)]
pub(super) struct Differences {
    pub kept: Vec<Difference>,
    pub total: u64,
    /// Objects that need no further look: what is wrong with them has been said.
    pub told: HashSet<ObjectKey>,
}

impl Differences {
    pub(super) fn push(&mut self, difference: Difference) {
        self.total += 1;
        if self.kept.len() < DIFFERENCES_KEPT {
            self.kept.push(difference);
        }
    }

    pub(super) fn extend(&mut self, more: impl IntoIterator<Item = Difference>) {
        more.into_iter().for_each(|difference| self.push(difference));
    }
}

impl Tally {
    /// Why the load ended before its end, where it did.
    pub(super) fn ended_early(&self) -> Option<String> {
        self.ended_early.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What could not be exported.
    pub(super) fn differences(&self) -> Differences {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
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
                Work::Step(step, ticket) => {
                    connector.pace.clone_from(&ticket.pace);
                    if self.done.contains(&ticket.place) {
                        self.note_done_before(&step);
                        continue;
                    }
                    let held = async {
                        if let Some(due) = &ticket.due {
                            due.wait().await;
                        }
                        if self.hold(&connector, step).await {
                            let (phase, step) = ticket.place;
                            let line = || ManifestLine::Done { phase, step };
                            self.note_progress(&connector.tenant, line);
                        }
                    };
                    tokio::select! {
                        () = held => {}
                        () = grace_after(end.clone()) => return,
                    }
                }
            }
        }
    }

    /// Holds the conversation of one step. True for one that worked and has left no link by which
    /// a later run would know.
    async fn hold(&self, connector: &Connector, step: Step) -> bool {
        match step {
            Step::User(index) => self.provision(connector, Kind::User, index).await,
            Step::Group(index) => self.provision(connector, Kind::Group, index).await,
            Step::Manager(index) => return self.manager(connector, index).await,
            Step::Members(index, verb, members) => {
                return self.members(connector, index, verb, &members).await;
            }
            Step::Update(cycle, index) => return self.update(connector, cycle, index).await,
        }
        false
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

    async fn provision(&self, connector: &Connector, kind: Kind, index: usize) {
        let (links, count) = match kind {
            Kind::User => (&self.users, &self.tally.users),
            Kind::Group => (&self.groups, &self.tally.groups),
        };
        if links.id(index).is_some() {
            // An earlier run of the same load has made it.
            count.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let first = &self.directories[0];
        let Some(task) = self.planned(first, kind, index).task else { return };
        let done = connector.converse(task).await;
        if self.is_held_back(connector, done.outcome.is_err()) {
            return;
        }
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(id) = done.link {
            let collection = match kind {
                Kind::User => Collection::Users,
                Kind::Group => Collection::Groups,
            };
            self.note_progress(&connector.tenant, || ManifestLine::Linked {
                collection,
                index,
                id: id.clone(),
            });
            links.link(index, id);
            self.timeline.arrived(1);
        }
        let missing = match kind {
            Kind::User => DifferenceKind::MissingUser,
            Kind::Group => DifferenceKind::MissingGroup,
        };
        self.note(ObjectKey { kind, index }, missing, 1, done.outcome.err());
    }

    /// Reads a user that is linked, and sends what differs.
    async fn update(&self, connector: &Connector, cycle: usize, index: UserIndex) -> bool {
        let Some(id) = self.users.id(index) else { return false };
        let Some(mut task) = self.planned(&self.directories[cycle], Kind::User, index).task else {
            return false;
        };
        task.link = Some(id.to_owned());
        let done = connector.converse(task).await;
        if self.is_held_back(connector, done.outcome.is_err()) {
            return false;
        }
        let is_done = done.outcome.is_ok();
        self.timeline.arrived(u64::from(is_done));
        let key = ObjectKey { kind: Kind::User, index };
        self.note(key, DifferenceKind::UserAttribute, 1, done.outcome.err());
        is_done
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
    async fn manager(&self, connector: &Connector, index: UserIndex) -> bool {
        let Some(id) = self.users.id(index) else { return false };
        let Some(manager) = self.directories[0].user(index).manager else { return false };
        let Some(manager) = self.id_of(connector, manager).await else { return false };
        let result = connector.set_manager(id, Some(&manager), false).await;
        if self.is_held_back(connector, result.is_err()) {
            return false;
        }
        let (key, is_done) = (ObjectKey { kind: Kind::User, index }, result.is_ok());
        self.note(key, DifferenceKind::UserManager, 1, result.err());
        is_done
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
    ) -> bool {
        let Some(group) = self.groups.id(index) else { return false };
        let mut ids = Vec::with_capacity(members.len());
        for member in members {
            match self.id_of(connector, *member).await {
                Some(id) => ids.push(id),
                // One of this share that is not there has been told of already.
                None if self.shard.has(*member) => {}
                None => self.tell_missing(index, *member),
            }
        }
        if ids.is_empty() {
            return false;
        }
        let result = connector.change_members(group, verb, &ids).await;
        if self.is_held_back(connector, result.is_err()) {
            return false;
        }
        let is_done = result.is_ok() && ids.len() == members.len();
        if result.is_ok() {
            let count = ids.len() as u64;
            match verb {
                MemberVerb::Add => self.tally.memberships.fetch_add(count, Ordering::Relaxed),
                MemberVerb::Remove => self.tally.memberships.fetch_sub(count, Ordering::Relaxed),
            };
            self.timeline.arrived(ids.len() as u64);
        }
        let key = ObjectKey { kind: Kind::Group, index };
        let kind = match verb {
            MemberVerb::Add => DifferenceKind::MissingMember,
            MemberVerb::Remove => DifferenceKind::UnexpectedMember,
        };
        self.note(key, kind, ids.len(), result.err());
        is_done
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
        self.tally.differences.lock().unwrap_or_else(PoisonError::into_inner).push(difference);
    }

    /// Keeps a failure as `count` differences, and ends the load where going on makes no sense.
    fn note(
        &self,
        key: ObjectKey,
        kind: DifferenceKind,
        count: usize,
        failure: Option<ObjectFailure>,
    ) {
        self.tally.attempts.fetch_add(1, Ordering::Relaxed);
        let Some(failure) = failure else {
            self.tally.failures_in_a_row.store(0, Ordering::Relaxed);
            return;
        };
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
                status => format!("{} was answered with {status}", failure.operation),
            },
            exchange: failure.exchange,
        };
        let mut differences = self.tally.differences.lock().unwrap_or_else(PoisonError::into_inner);
        differences.extend(std::iter::repeat_n(difference, count));
        differences.told.insert(key);
        drop(differences);
        // A tenant that answers, if only to refuse, is there: the load goes on as Entra would.
        let in_a_row = match failure.status {
            0 => self.tally.failures_in_a_row.fetch_add(1, Ordering::Relaxed) + 1,
            _ => self.tally.failures_in_a_row.swap(0, Ordering::Relaxed),
        };
        if failure.stops_job {
            self.give_up("the tenant refused the token, and Entra would quarantine the job");
        } else if in_a_row >= FAILURES_IN_A_ROW_MAX {
            self.give_up(&format!("{in_a_row} requests in a row got no answer"));
        }
    }

    fn give_up(&self, why: &str) {
        let mut reason = self.tally.ended_early.lock().unwrap_or_else(PoisonError::into_inner);
        reason.get_or_insert_with(|| format!("the load ended early: {why}"));
        self.phases.close();
    }
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
