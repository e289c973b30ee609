//! Reads the tenant back and compares it with the projection, resource by resource, attribute by
//! attribute.
//!
//! A resource is read by its id, and looked up once by its Matching attribute, so that a second one
//! shows. What differs is read again for a short while before it is believed: a tenant may need a
//! moment.

mod differing;
mod strays;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use self::differing::{differing_group, differing_user, exercised};
use crate::difference::{Comparison, Difference, DifferenceKind};
use crate::directory::{GroupIndex, UserIndex};
use crate::entra::connector::{Connector, Kind};
use crate::entra::job::ProvisioningJob;
use crate::entra::mapping::MappedValue;
use crate::entra::pace::in_flight;
use crate::entra::projection::{ProjectedGroup, ProjectedUser, Projection};
use crate::entra::state::{Doubt, ObjectKey};
use crate::entra::target::TargetPath;
use crate::entra::wire::{group_target, user_target};
use crate::exchange::{Exchange, Operation, Request};

/// Pause between two readings of a resource that differs.
const PAUSE: Duration = Duration::from_millis(200);
/// The same in this process, where nothing travels.
const PAUSE_IN_PROCESS: Duration = Duration::from_millis(2);

/// How often a busy tenant is asked the same.
const TRIES: u32 = 4;

/// How to read back.
#[derive(Debug, Clone)]
pub struct ReadBack {
    /// Resources read at once.
    pub concurrency: usize,
    /// How long, over the whole comparison, differing resources are waited for.
    pub window: Duration,
    /// Differences that the profile documents.
    pub documented: Vec<DifferenceKind>,
}

/// One resource to look at.
enum Subject {
    User { key: ObjectKey, id: String, expected: Box<ProjectedUser>, manager: Expected },
    Group { key: ObjectKey, id: String, expected: Box<ProjectedGroup>, members: Members },
    Gone { key: ObjectKey, id: String },
    Absent { key: ObjectKey, why: String },
}

impl Subject {
    fn key(&self) -> ObjectKey {
        match self {
            Self::User { key, .. }
            | Self::Group { key, .. }
            | Self::Gone { key, .. }
            | Self::Absent { key, .. } => *key,
        }
    }
}

/// What is expected of a manager.
#[derive(Clone)]
enum Expected {
    Nothing,
    Nobody,
    Id(String),
}

/// Expected members by id, ids of deleted users that must not be there, ids the job has let go of,
/// and those about whom an answer was lost: of both nothing can be said.
#[derive(Clone, Default)]
struct Members {
    wanted: BTreeSet<String>,
    deleted: Arc<BTreeSet<String>>,
    released: Arc<BTreeSet<String>>,
    doubtful: BTreeSet<String>,
}

/// Compares the tenant with the projection.
pub async fn compare(
    connector: &Connector,
    job: &ProvisioningJob,
    projection: &Projection,
    settings: &ReadBack,
) -> Comparison {
    let subjects = subjects(job, projection);
    let mut comparison = Comparison {
        exercised: exercised(projection),
        resources: subjects.len(),
        differences: Vec::new(),
    };
    let comparer = Comparer::new(connector.clone(), settings.window);
    let documented = settings.documented.clone();
    let comparer = Arc::new(Comparer { documented, ..comparer });
    let tasks = subjects.into_iter().map(|subject| {
        let comparer = comparer.clone();
        // Whose export was refused will not come however long one waits.
        let is_refused = job.escrows().get(subject.key()).is_some();
        async move { comparer.compare(&subject, !is_refused).await }
    });
    in_flight(settings.concurrency, tasks, |found| comparison.differences.extend(found)).await;
    comparison.differences.extend(strays::strays(connector, job, projection).await);
    comparison
}

/// Compares resources one at a time; whatever differs is looked at again for a while.
pub struct Comparer {
    connector: Connector,
    /// The first Matching attributes, by which second resources are looked for.
    user: TargetPath,
    group: TargetPath,
    /// Differences that the profile documents: they are final and not waited for.
    documented: Vec<DifferenceKind>,
    /// Milliseconds that are left for looking again, all resources together.
    patience: AtomicU64,
}

impl Comparer {
    /// Reads through this connector, and waits no longer than the window over all resources.
    pub fn new(connector: Connector, window: Duration) -> Self {
        let path = |names: &[String], default: &str| {
            let name = names.first().map_or(default, String::as_str);
            TargetPath::parse(name)
                .or_else(|_| TargetPath::parse(default))
                .expect("the default Matching attribute is a path")
        };
        let settings = &connector.settings;
        let user = path(&settings.match_user, "userName");
        let group = path(&settings.match_group, "displayName");
        let patience = AtomicU64::new(millis(window));
        Self { user, group, connector, documented: Vec::new(), patience }
    }

    /// Compares one user. A manager is expected where its id is given; none says nothing.
    pub async fn user(
        &self,
        index: UserIndex,
        id: &str,
        expected: ProjectedUser,
        manager: Option<&str>,
    ) -> Vec<Difference> {
        let key = ObjectKey { kind: Kind::User, index };
        let manager = manager.map_or(Expected::Nothing, |id| Expected::Id(id.to_owned()));
        let expected = Box::new(expected);
        self.compare(&Subject::User { key, id: id.to_owned(), expected, manager }, true).await
    }

    /// Compares one group, which should have exactly these members.
    pub async fn group(
        &self,
        index: GroupIndex,
        id: &str,
        expected: ProjectedGroup,
        members: BTreeSet<String>,
    ) -> Vec<Difference> {
        let key = ObjectKey { kind: Kind::Group, index };
        let members = Members { wanted: members, ..Members::default() };
        let expected = Box::new(expected);
        self.compare(&Subject::Group { key, id: id.to_owned(), expected, members }, true).await
    }

    async fn compare(&self, subject: &Subject, may_wait: bool) -> Vec<Difference> {
        loop {
            let found = look(self, subject).await;
            let is_final = found.iter().all(|one| self.documented.contains(&one.kind));
            if is_final || !may_wait || !self.waits_a_little() {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Takes one pause out of the patience that is left.
    fn waits_a_little(&self) -> bool {
        let pause = millis(PAUSE);
        self.patience
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(pause))
            .is_ok()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn subjects(job: &ProvisioningJob, projection: &Projection) -> Vec<Subject> {
    let links = job.links();
    // What merely was throttled or lost is still to come: nothing can be said of it yet.
    let pending: HashSet<ObjectKey> = job
        .escrows()
        .iter()
        .filter(|(_, escrow)| escrow.failure.is_passing())
        .map(|(key, _)| *key)
        .chain(job.doubts().iter().filter_map(|doubt| match doubt {
            Doubt::Creation(key) => Some(*key),
            Doubt::Manager(_) | Doubt::Membership(..) => None,
        }))
        .collect();
    let mut subjects = Vec::new();
    for (index, expected) in projection.users() {
        let key = ObjectKey { kind: Kind::User, index: *index };
        if pending.contains(&key) {
            continue;
        }
        match (expected.is_present, links.users.get(index)) {
            (true, Some(link)) => {
                let manager = match expected.manager {
                    _ if !expected.had_manager => Expected::Nothing,
                    _ if job.doubts().contains(&Doubt::Manager(*index)) => Expected::Nothing,
                    None => Expected::Nobody,
                    Some(manager) => match links.users.get(&manager) {
                        Some(link) => Expected::Id(link.id.clone()),
                        None => Expected::Nothing,
                    },
                };
                let (id, expected) = (link.id.clone(), Box::new(expected.clone()));
                subjects.push(Subject::User { key, id, expected, manager });
            }
            (true, None) => subjects.extend(absent(job, key)),
            (false, _) => subjects.extend(gone(job, key)),
        }
    }
    let users = job.gone().iter().filter(|(key, _)| key.kind == Kind::User);
    let deleted = Arc::new(users.map(|(_, id)| id.clone()).collect::<BTreeSet<String>>());
    let released = Arc::new(job.released().keys().cloned().collect::<BTreeSet<String>>());
    for (index, expected) in projection.groups() {
        let key = ObjectKey { kind: Kind::Group, index: *index };
        if pending.contains(&key) {
            continue;
        }
        match (expected.is_present, links.groups.get(index)) {
            (true, Some(link)) => {
                let wanted = expected
                    .members
                    .iter()
                    .filter_map(|member| links.id_of(*member).map(str::to_owned))
                    .collect();
                let doubtful = doubtful_members(job, *index);
                let (deleted, released) = (deleted.clone(), released.clone());
                let members = Members { wanted, deleted, released, doubtful };
                let (id, expected) = (link.id.clone(), Box::new(expected.clone()));
                subjects.push(Subject::Group { key, id, expected, members });
            }
            (true, None) => subjects.extend(absent(job, key)),
            (false, _) => subjects.extend(gone(job, key)),
        }
    }
    subjects
}

/// The ids of those about whose membership an answer was lost.
fn doubtful_members(job: &ProvisioningJob, group: GroupIndex) -> BTreeSet<String> {
    let members = job.doubts().iter().filter_map(|doubt| match doubt {
        Doubt::Membership(at, member) if *at == group => job.links().id_of(*member),
        _ => None,
    });
    members.map(str::to_owned).collect()
}

/// An object without a link is a finding only where its export failed for good; what merely was
/// throttled or lost is still to come, and whoever lost the link in a restart is nobody's any more.
fn absent(job: &ProvisioningJob, key: ObjectKey) -> Option<Subject> {
    let (_, escrow) = job.escrows().iter().find(|(known, _)| **known == key)?;
    let failure = &escrow.failure;
    (!failure.is_passing()).then(|| Subject::Absent {
        key,
        why: format!("{} was answered with {}", failure.operation, failure.status),
    })
}

fn gone(job: &ProvisioningJob, key: ObjectKey) -> Option<Subject> {
    job.gone().get(&key).map(|id| Subject::Gone { key, id: id.clone() })
}

async fn look(comparer: &Comparer, subject: &Subject) -> Vec<Difference> {
    let connector = &comparer.connector;
    match subject {
        Subject::User { key, id, expected, manager } => {
            let seen = read(connector, user_target(id)).await;
            let mut found = match resource(&seen) {
                Some(resource) => differing_user(*key, expected, manager, resource, seen.number),
                None => unreadable(*key, DifferenceKind::MissingUser, id, &seen),
            };
            found.extend(second(connector, *key, &comparer.user, &expected.values).await);
            found
        }
        Subject::Group { key, id, expected, members } => {
            let seen = read(connector, group_target(id)).await;
            let mut found = match resource(&seen) {
                Some(resource) => differing_group(*key, expected, members, resource, seen.number),
                None => unreadable(*key, DifferenceKind::MissingGroup, id, &seen),
            };
            let was_ignored =
                found.iter().any(|difference| difference.kind == DifferenceKind::GroupName);
            if !was_ignored {
                found.extend(second(connector, *key, &comparer.group, &expected.values).await);
            }
            found
        }
        Subject::Gone { key, id } => {
            let (target, kind) = match key.kind {
                Kind::User => (user_target(id), DifferenceKind::UserNotDeleted),
                Kind::Group => (group_target(id), DifferenceKind::GroupNotDeleted),
            };
            let seen = read(connector, target).await;
            match seen.status() {
                404 | 410 => Vec::new(),
                _ => vec![difference(*key, kind, None, "404", &seen.told(), seen.number)],
            }
        }
        Subject::Absent { key, why } => {
            let kind = match key.kind {
                Kind::User => DifferenceKind::MissingUser,
                Kind::Group => DifferenceKind::MissingGroup,
            };
            vec![Difference {
                kind,
                subject: key.to_string(),
                attribute: None,
                expected: "a resource".to_owned(),
                actual: format!("none: {why}"),
                exchange: None,
            }]
        }
    }
}

async fn read(connector: &Connector, target: String) -> Exchange {
    ask(connector, Request::get(target)).await
}

/// Asks again a few times where the tenant was busy or the answer was lost: what it holds cannot be
/// told from that.
async fn ask(connector: &Connector, request: Request) -> Exchange {
    let mut tries = 1;
    loop {
        let seen = connector.tenant.send(Operation::ReadBack, request.clone()).await;
        let is_passing = matches!(seen.status(), 0 | 429 | 502..=504);
        if !is_passing || tries == TRIES {
            return seen;
        }
        tries += 1;
        let pause = if connector.tenant.client().is_some() { PAUSE } else { PAUSE_IN_PROCESS };
        tokio::time::sleep(pause).await;
    }
}

fn resource(seen: &Exchange) -> Option<&Value> {
    seen.body().filter(|body| body.is_object() && seen.status() == 200)
}

fn unreadable(
    key: ObjectKey,
    missing: DifferenceKind,
    id: &str,
    seen: &Exchange,
) -> Vec<Difference> {
    let kind = if seen.status() == 404 { missing } else { DifferenceKind::Unreadable };
    let expected = format!("200 and the resource {id}");
    vec![difference(key, kind, None, &expected, &seen.told(), seen.number)]
}

/// Looks the resource up by its Matching attribute: Entra would have to find exactly this one.
async fn second(
    connector: &Connector,
    key: ObjectKey,
    matching: &TargetPath,
    values: &[MappedValue],
) -> Vec<Difference> {
    let Some(value) = values
        .iter()
        .find(|value| value.target.is(&matching.text))
        .and_then(|value| value.value.as_str())
    else {
        return Vec::new();
    };
    let (request, missing, double) = match key.kind {
        Kind::User => (
            connector.wire.find_user(&matching.text, value),
            DifferenceKind::MissingUser,
            DifferenceKind::SecondUser,
        ),
        Kind::Group => (
            connector.wire.find_group(&matching.text, value),
            DifferenceKind::MissingGroup,
            DifferenceKind::SecondGroup,
        ),
    };
    let seen = ask(connector, request).await;
    let (kind, actual) = match seen.list() {
        Err(why) => (DifferenceKind::Unreadable, format!("{} ({why})", seen.told())),
        Ok(list) => match list.total_results.max(list.resources.len() as u64) {
            0 => (missing, "no hit".to_owned()),
            1 => return Vec::new(),
            hits => (double, format!("{hits} hits")),
        },
    };
    let expected = format!("one hit for {} eq {}", matching.text, Value::from(value));
    vec![difference(key, kind, Some(&matching.text), &expected, &actual, seen.number)]
}

fn difference(
    key: ObjectKey,
    kind: DifferenceKind,
    attribute: Option<&str>,
    expected: &str,
    actual: &str,
    number: u64,
) -> Difference {
    Difference {
        kind,
        subject: key.to_string(),
        attribute: attribute.map(str::to_owned),
        expected: expected.to_owned(),
        actual: actual.to_owned(),
        exchange: Some(number),
    }
}
