//! Reads the tenant back and compares it with the projection, resource by resource, attribute by
//! attribute.
//!
//! A resource is read by its id, and looked up once by its Matching attribute, so that a second one
//! shows. What differs is read again for a short while before it is believed: a tenant may need a
//! moment.

mod strays;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::difference::{Comparison, Difference, DifferenceKind};
use crate::directory::{GroupIndex, UserIndex};
use crate::entra::connector::{Connector, Kind};
use crate::entra::job::ProvisioningJob;
use crate::entra::mapping::MappedValue;
use crate::entra::pace::in_flight;
use crate::entra::projection::{ProjectedGroup, ProjectedUser, Projection};
use crate::entra::state::ObjectKey;
use crate::entra::target::TargetPath;
use crate::entra::wire::{group_target, user_target};
use crate::exchange::{Exchange, Operation, Request};
use crate::scim::ENTERPRISE_USER;

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
    /// Compare only about this many users and as many groups, evenly spread.
    pub sample: Option<usize>,
    /// Ids that were the run's own before the scenario began.
    pub before: HashSet<String>,
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

/// Expected members by id, ids of deleted users that must not be there, and ids the job has let go
/// of, of which nothing can be said.
#[derive(Clone)]
struct Members {
    wanted: BTreeSet<String>,
    deleted: Arc<BTreeSet<String>>,
    released: Arc<BTreeSet<String>>,
}

/// Compares the tenant with the projection.
pub async fn compare(
    connector: &Connector,
    job: &ProvisioningJob,
    projection: &Projection,
    settings: &ReadBack,
) -> Comparison {
    let subjects = subjects(job, projection, settings.sample);
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
    comparison
        .differences
        .extend(strays::strays(connector, job, projection, &settings.before).await);
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
        let none = Arc::new(BTreeSet::new());
        let members = Members { wanted: members, deleted: none.clone(), released: none };
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

fn subjects(job: &ProvisioningJob, projection: &Projection, sample: Option<usize>) -> Vec<Subject> {
    let links = job.links();
    // What merely was throttled or lost is still to come: nothing can be said of it yet.
    let pending: HashSet<ObjectKey> = job
        .escrows()
        .iter()
        .filter(|(_, escrow)| escrow.failure.is_passing())
        .map(|(key, _)| *key)
        .collect();
    let mut subjects = Vec::new();
    for (index, expected) in thinned(projection.users(), sample) {
        let key = ObjectKey { kind: Kind::User, index: *index };
        if pending.contains(&key) {
            continue;
        }
        match (expected.is_present, links.users.get(index)) {
            (true, Some(link)) => {
                let manager = match expected.manager {
                    _ if !expected.had_manager => Expected::Nothing,
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
    for (index, expected) in thinned(projection.groups(), sample) {
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
                let members =
                    Members { wanted, deleted: deleted.clone(), released: released.clone() };
                let (id, expected) = (link.id.clone(), Box::new(expected.clone()));
                subjects.push(Subject::Group { key, id, expected, members });
            }
            (true, None) => subjects.extend(absent(job, key)),
            (false, _) => subjects.extend(gone(job, key)),
        }
    }
    subjects
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

fn thinned<K: Ord, V>(
    all: &std::collections::BTreeMap<K, V>,
    sample: Option<usize>,
) -> impl Iterator<Item = (&K, &V)> {
    let step = sample.map_or(1, |sample| all.len().div_ceil(sample.max(1))).max(1);
    all.iter().step_by(step)
}

/// Which kinds of difference this projection can bring to light.
fn exercised(projection: &Projection) -> BTreeSet<DifferenceKind> {
    use DifferenceKind as Difference;
    let mut kinds = BTreeSet::new();
    let mut add = |condition: bool, kind: Difference| {
        if condition {
            kinds.insert(kind);
        }
    };
    for user in projection.users().values() {
        add(user.is_present, Difference::MissingUser);
        add(user.is_present, Difference::SecondUser);
        add(user.is_present, Difference::UserAttribute);
        add(user.is_present && user.active.is_some(), Difference::UserActive);
        add(user.is_present && user.had_manager, Difference::UserManager);
        add(!user.is_present, Difference::UserNotDeleted);
        add(true, Difference::Unreadable);
    }
    let deletes_users = projection.users().values().any(|user| !user.is_present);
    for group in projection.groups().values() {
        add(group.is_present, Difference::MissingGroup);
        add(group.is_present, Difference::SecondGroup);
        add(group.is_present, Difference::GroupAttribute);
        add(group.is_present && group.was_renamed, Difference::GroupName);
        add(group.is_present && !group.members.is_empty(), Difference::MissingMember);
        add(group.is_present && group.lost_members, Difference::UnexpectedMember);
        add(group.is_present && deletes_users, Difference::DanglingMember);
        add(!group.is_present, Difference::GroupNotDeleted);
    }
    kinds
}

async fn look(comparer: &Comparer, subject: &Subject) -> Vec<Difference> {
    let connector = &comparer.connector;
    match subject {
        Subject::User { key, id, expected, manager } => {
            let seen = read(connector, user_target(id)).await;
            let mut found = match resource(&seen) {
                Some(resource) => differing_user(*key, expected, manager, &resource, seen.number),
                None => unreadable(*key, DifferenceKind::MissingUser, id, &seen),
            };
            found.extend(second(connector, *key, &comparer.user, &expected.values).await);
            found
        }
        Subject::Group { key, id, expected, members } => {
            let seen = read(connector, group_target(id)).await;
            let mut found = match resource(&seen) {
                Some(resource) => differing_group(*key, expected, members, &resource, seen.number),
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

fn resource(seen: &Exchange) -> Option<Value> {
    seen.json().filter(|body| body.is_object() && seen.status() == 200)
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

fn differing_user(
    key: ObjectKey,
    expected: &ProjectedUser,
    manager: &Expected,
    resource: &Value,
    number: u64,
) -> Vec<Difference> {
    let mut found =
        differing_values(key, DifferenceKind::UserAttribute, &expected.values, resource, number);
    if let Some(active) = expected.active {
        let shown = resource.get("active");
        // An absent `active` says nothing against a user that should be active (RFC 7643 §4.1.1).
        let fits = shown.and_then(Value::as_bool) == Some(active) || (shown.is_none() && active);
        if !fits {
            let actual = shown.map_or("absent".to_owned(), Value::to_string);
            let kind = DifferenceKind::UserActive;
            found.push(difference(key, kind, Some("active"), &active.to_string(), &actual, number));
        }
    }
    let shown = manager_in(resource);
    let (fits, wanted) = match manager {
        Expected::Nothing => (true, ""),
        Expected::Nobody => (shown.is_none(), "nobody"),
        Expected::Id(id) => (shown.as_deref() == Some(id), id.as_str()),
    };
    if !fits {
        let actual = shown.as_deref().unwrap_or("nobody");
        let kind = DifferenceKind::UserManager;
        found.push(difference(key, kind, Some("manager"), wanted, actual, number));
    }
    found
}

/// The manager's id, in whichever form the tenant shows it; an empty one is nobody.
fn manager_in(resource: &Value) -> Option<String> {
    let path = TargetPath::parse(&format!("{ENTERPRISE_USER}:manager"))
        .expect("the manager's path is one");
    let shown = path.read(resource)?;
    let id = match &shown {
        Value::String(id) => id.as_str(),
        shown => shown.get("value").and_then(Value::as_str).unwrap_or_default(),
    };
    (!id.is_empty()).then(|| id.to_owned())
}

fn differing_group(
    key: ObjectKey,
    expected: &ProjectedGroup,
    members: &Members,
    resource: &Value,
    number: u64,
) -> Vec<Difference> {
    let (name, others): (Vec<MappedValue>, Vec<MappedValue>) =
        expected.values.iter().cloned().partition(|value| value.target.is("displayName"));
    let mut found = differing_values(key, DifferenceKind::GroupName, &name, resource, number);
    found.extend(differing_values(key, DifferenceKind::GroupAttribute, &others, resource, number));
    let shown: BTreeSet<String> = resource
        .get("members")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|member| member.get("value").or(Some(member))?.as_str().map(str::to_owned))
        .collect();
    let mut member = |kind, expected: &str, actual: &str| {
        found.push(difference(key, kind, Some("members"), expected, actual, number));
    };
    for id in members.wanted.difference(&shown) {
        member(DifferenceKind::MissingMember, id, "not a member");
    }
    for id in shown.difference(&members.wanted) {
        match members.deleted.contains(id) {
            true => member(DifferenceKind::DanglingMember, "no deleted user", id),
            false if members.released.contains(id) => {}
            false => member(DifferenceKind::UnexpectedMember, "not a member", id),
        }
    }
    found
}

fn differing_values(
    key: ObjectKey,
    kind: DifferenceKind,
    values: &[MappedValue],
    resource: &Value,
    number: u64,
) -> Vec<Difference> {
    values
        .iter()
        .filter_map(|value| {
            let shown = value.target.read(resource);
            let fits = shown.as_ref() == Some(&value.value)
                || (shown.is_none() && value.value.as_str() == Some(""));
            let actual = shown.map_or("absent".to_owned(), |shown| shown.to_string());
            let expected = value.value.to_string();
            (!fits).then(|| {
                difference(key, kind, Some(&value.target.text), &expected, &actual, number)
            })
        })
        .collect()
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
    let expected = format!("one hit for {} eq {}", matching.text, Value::from(value));
    let (kind, actual) = match seen.list() {
        Err(why) => (DifferenceKind::Unreadable, format!("{} ({why})", seen.told())),
        Ok(list) => match list.total_results.max(list.resources.len() as u64) {
            0 => (missing, "no hit".to_owned()),
            1 => return Vec::new(),
            hits => (double, format!("{hits} hits")),
        },
    };
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
