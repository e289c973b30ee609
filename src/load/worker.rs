//! One of Entra's workers: takes the next step, holds its conversation, notes what came of it.
//!
//! The conversations are [`Connector`]'s, the planning is [`Plan`]'s; here is only what a load
//! remembers: ids by index, and what failed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::phases::{Phases, Step, Work};
use super::timeline::Timeline;
use crate::difference::{Difference, DifferenceKind};
use crate::directory::{Directory, GroupIndex, UserIndex};
use crate::entra::connector::{Connector, Kind};
use crate::entra::cycle::{Plan, Planned};
use crate::entra::failure::ObjectFailure;
use crate::entra::job::JobSetUp;
use crate::entra::state::ObjectKey;
use crate::entra::wire::MemberVerb;
use crate::tenant::Tenant;

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
pub(super) struct Load {
    pub directory: Arc<Directory>,
    pub set_up: JobSetUp,
    pub phases: Arc<Phases>,
    pub stop: watch::Receiver<bool>,
    /// What happened when.
    pub timeline: Arc<Timeline>,
    /// Ids in the tenant by index.
    pub users: Links,
    /// Ids in the tenant by index.
    pub groups: Links,
    pub tally: Tally,
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

    fn link(&self, index: usize, id: String) {
        // A population has each index once, and so has the queue.
        let _ = self.0[index].set(id.into_boxed_str());
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
                    tokio::select! {
                        () = self.hold(&connector, step) => {}
                        () = grace_after(end.clone()) => return,
                    }
                }
            }
        }
    }

    async fn hold(&self, connector: &Connector, step: Step) {
        match step {
            Step::User(index) => self.provision(connector, Kind::User, index).await,
            Step::Group(index) => self.provision(connector, Kind::Group, index).await,
            Step::Manager(index) => self.manager(connector, index).await,
            Step::Members(index, members) => self.members(connector, index, &members).await,
        }
    }

    async fn provision(&self, connector: &Connector, kind: Kind, index: usize) {
        let (links, count) = match kind {
            Kind::User => (&self.users, &self.tally.users),
            Kind::Group => (&self.groups, &self.tally.groups),
        };
        let Some(task) = self.planned(kind, index).task else { return };
        let done = connector.converse(task).await;
        if done.outcome.is_err() && connector.tenant.is_held_back() {
            return self.give_up(HELD_BACK);
        }
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(id) = done.link {
            links.link(index, id);
            self.timeline.arrived(1);
        }
        let missing = match kind {
            Kind::User => DifferenceKind::MissingUser,
            Kind::Group => DifferenceKind::MissingGroup,
        };
        self.note(ObjectKey { kind, index }, missing, 1, done.outcome.err());
    }

    /// What the cycle makes of one object that is not linked.
    pub(super) fn planned(&self, kind: Kind, index: usize) -> Planned {
        let plan = Plan {
            directory: &self.directory,
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
    async fn manager(&self, connector: &Connector, index: UserIndex) {
        let Some(id) = self.users.id(index) else { return };
        let Some(manager) = self.manager_of(index) else { return };
        let result = connector.set_manager(id, Some(manager), false).await;
        if result.is_err() && connector.tenant.is_held_back() {
            return self.give_up(HELD_BACK);
        }
        let key = ObjectKey { kind: Kind::User, index };
        self.note(key, DifferenceKind::UserManager, 1, result.err());
    }

    /// The id of a user's manager, where both are in the tenant.
    pub(super) fn manager_of(&self, index: UserIndex) -> Option<&str> {
        self.users.id(self.directory.user(index).manager?)
    }

    async fn members(&self, connector: &Connector, index: GroupIndex, members: &[UserIndex]) {
        let Some(group) = self.groups.id(index) else { return };
        let ids: Vec<String> =
            members.iter().filter_map(|member| self.users.id(*member).map(str::to_owned)).collect();
        if ids.is_empty() {
            return;
        }
        let result = connector.change_members(group, MemberVerb::Add, &ids).await;
        if result.is_err() && connector.tenant.is_held_back() {
            return self.give_up(HELD_BACK);
        }
        if result.is_ok() {
            self.tally.memberships.fetch_add(ids.len() as u64, Ordering::Relaxed);
            self.timeline.arrived(ids.len() as u64);
        }
        let key = ObjectKey { kind: Kind::Group, index };
        self.note(key, DifferenceKind::MissingMember, ids.len(), result.err());
    }

    /// Keeps a failure as `count` differences, and ends the load where going on makes no sense.
    fn note(
        &self,
        key: ObjectKey,
        kind: DifferenceKind,
        count: usize,
        failure: Option<ObjectFailure>,
    ) {
        let Some(failure) = failure else {
            self.tally.failures_in_a_row.store(0, Ordering::Relaxed);
            return;
        };
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
        DifferenceKind::MissingMember => Some("members"),
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
