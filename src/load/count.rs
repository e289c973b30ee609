//! The full count after a load: is every resource there, and only once?
//!
//! Where the tenant holds little besides, its lists are paged through; whatever they do not show is
//! looked up by its id. Where it holds many others, a sample is looked up, and the report says so.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::LoadPlan;
use super::tally::Differences;
use super::worker::{Links, Load};
use crate::difference::{Difference, DifferenceKind};
use crate::entra::connector::{Connector, Kind};
use crate::entra::pace::in_flight;
use crate::entra::state::ObjectKey;
use crate::entra::wire::{group_target, user_target};
use crate::exchange::{Exchange, Operation, Request};

/// Resources asked for in one page.
const PAGE: usize = 100;
/// Pages walked at most: a tenant may give one resource at a time, or never come to an end.
const PAGES_MAX: usize = 100_000;
/// Resources looked up by id at most, or as many as the sample.
const LOOK_UPS_MAX: usize = 1_000;
/// How often a resource that is not there is looked up again, and the pause between.
const LOOKS: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);
/// After so many look-ups in a row without an answer the tenant is taken for gone.
const SILENT_MAX: usize = 20;

/// What was found.
#[derive(Default)]
pub(super) struct Counted {
    pub users: u64,
    pub groups: u64,
    /// How the count was made.
    pub remarks: Vec<String>,
}

/// Counts users and groups; lost and doubled ones become differences.
pub(super) async fn count(
    load: &Arc<Load>,
    connector: &Connector,
    plan: &LoadPlan,
    differences: &mut Differences,
) -> Counted {
    let mut counted = Counted::default();
    for kind in [Kind::User, Kind::Group] {
        let links = match kind {
            Kind::User => &load.users,
            Kind::Group => &load.groups,
        };
        let (found, how) =
            Collection { kind, links, load, connector }.count(plan, differences).await;
        match kind {
            Kind::User => counted.users = found,
            Kind::Group => counted.groups = found,
        }
        counted.remarks.extend(how);
    }
    counted
}

/// One collection to count.
struct Collection<'a> {
    kind: Kind,
    links: &'a Links,
    load: &'a Load,
    connector: &'a Connector,
}

/// Resources that may be second ones. Whose create lost its answer stands for its object itself,
/// unless another resource of that name does.
struct Doubles {
    /// Names whose create lost its answer, and whether a resource of that name stands for its
    /// object.
    lost: HashMap<String, bool>,
    found: Vec<Difference>,
}

impl Doubles {
    fn new(collection: &Collection<'_>) -> Self {
        let lost = collection.connector.tenant.unresolved();
        let lost = lost.into_iter().filter_map(|lost| Some((lost.name?, false))).collect();
        Self { lost, found: Vec::new() }
    }

    /// A resource of that name stands for its object.
    fn note(&mut self, name: Option<&str>) {
        if let Some(stands) = name.and_then(|name| self.lost.get_mut(name)) {
            *stands = true;
        }
    }

    fn proven(self) -> impl Iterator<Item = Difference> {
        let Self { lost, found } = self;
        found.into_iter().filter(move |it| lost.get(&it.subject).is_none_or(|stands| *stands))
    }
}

/// What the lists showed.
struct Listed {
    /// For each object: whether it was listed.
    seen: Vec<bool>,
    /// Whether the list was walked to its end.
    is_whole: bool,
}

impl Collection<'_> {
    async fn count(&self, plan: &LoadPlan, differences: &mut Differences) -> (u64, Option<String>) {
        let by_id = self.by_id(differences);
        if by_id.is_empty() {
            return (0, None);
        }
        let listed = self.list(&by_id, differences).await;
        let missing: Vec<usize> =
            by_id.values().copied().filter(|index| !listed.seen[*index]).collect();
        let step = missing.len().div_ceil(LOOK_UPS_MAX.max(plan.sample)).max(1);
        let chosen: Vec<usize> = missing.iter().copied().step_by(step).collect();
        let looked_up = chosen.len();
        let lost = self.look_up(chosen, plan.concurrency, differences).await;
        let unknown = missing.len() - looked_up;
        // A list that leaves out what is there proves nothing about the rest it leaves out.
        let is_believed = listed.is_whole && lost == looked_up;
        let absent = if is_believed { lost + unknown } else { lost };
        let name = self.kind.name().to_lowercase();
        let how = match (looked_up, unknown) {
            (0, _) => format!("every {name} was counted in the tenant's lists"),
            (_, 0) => format!("every {name} was counted, {looked_up} of them by reading it"),
            _ => format!(
                "of {} {name}s that the tenant's lists do not show, {looked_up} were read",
                missing.len()
            ),
        };
        ((by_id.len() - absent) as u64, Some(how))
    }

    /// Objects by id. An id given twice stands for one resource only.
    fn by_id(&self, differences: &mut Differences) -> HashMap<&str, usize> {
        let mut by_id = HashMap::new();
        for (index, id) in self.links.iter() {
            if let Some(first) = by_id.insert(id, index) {
                let actual = format!("the id that {} got", self.key(first));
                differences.push(self.difference(index, "an id of its own", actual, None));
            }
        }
        by_id
    }

    /// Pages through the list, unless the tenant holds far more than this run created.
    async fn list(&self, by_id: &HashMap<&str, usize>, differences: &mut Differences) -> Listed {
        let places = by_id.values().max().map_or(0, |index| index + 1);
        let mut listed = Listed { seen: vec![false; places], is_whole: false };
        let mut doubles = Doubles::new(self);
        let (mut start, mut before) = (1, None);
        for _ in 0..PAGES_MAX {
            if *self.load.stop.borrow() {
                break;
            }
            let exchange = self.read(self.page(start)).await;
            let Ok(list) = exchange.list() else { break };
            let total = usize::try_from(list.total_results).unwrap_or(usize::MAX);
            let first = list.resources.first().and_then(id_of).map(str::to_owned);
            if total > by_id.len().saturating_mul(2).saturating_add(1_000)
                || (first.is_some() && first == before)
            {
                break;
            }
            for resource in list.resources {
                match id_of(resource).map(|id| by_id.get(id)) {
                    Some(Some(index)) => {
                        listed.seen[*index] = true;
                        doubles.note(self.name_in(resource));
                    }
                    _ => doubles.found.extend(self.stray(resource, exchange.number)),
                }
            }
            start += list.resources.len();
            if start > total || list.resources.is_empty() {
                listed.is_whole = start > total;
                break;
            }
            before = first;
        }
        differences.extend(doubles.proven());
        listed
    }

    fn name_in<'r>(&self, resource: &'r Value) -> Option<&'r str> {
        let name = match self.kind {
            Kind::User => "userName",
            Kind::Group => "displayName",
        };
        resource.get(name).and_then(Value::as_str)
    }

    fn page(&self, start: usize) -> String {
        match self.kind {
            Kind::User => format!("/Users?startIndex={start}&count={PAGE}"),
            Kind::Group => {
                format!("/Groups?startIndex={start}&count={PAGE}&excludedAttributes=members")
            }
        }
    }

    /// A resource that carries the run's marker and stands for no object.
    fn stray(&self, resource: &Value, number: u64) -> Option<Difference> {
        let name = self.name_in(resource);
        let external_id = resource.get("externalId").and_then(Value::as_str);
        let marker = self.load.directory().population().marker();
        let carries_mark = || [name, external_id].iter().flatten().any(|it| it.contains(&marker));
        // The other shares' resources carry the same mark.
        (!self.load.shard.is_part() && carries_mark()).then(|| Difference {
            kind: match self.kind {
                Kind::User => DifferenceKind::SecondUser,
                Kind::Group => DifferenceKind::SecondGroup,
            },
            subject: name.unwrap_or_default().to_owned(),
            attribute: None,
            expected: "one resource for each object".to_owned(),
            actual: format!("{} is listed besides", id_of(resource).unwrap_or("one without id")),
            exchange: Some(number),
        })
    }

    /// Reads these by id and says how many are not there.
    async fn look_up(
        &self,
        mut missing: Vec<usize>,
        concurrency: usize,
        differences: &mut Differences,
    ) -> usize {
        let mut answers = Vec::new();
        for look in 0..LOOKS {
            if missing.is_empty() || *self.load.stop.borrow() {
                break;
            }
            if look > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            answers.clear();
            let silent = AtomicUsize::new(0);
            let goes_on = || silent.load(Ordering::Relaxed) < SILENT_MAX;
            let tasks = missing.iter().take_while(|_| goes_on()).filter_map(|index| {
                let target = match self.kind {
                    Kind::User => user_target(self.links.id(*index)?),
                    Kind::Group => group_target(self.links.id(*index)?),
                };
                let (index, tenant) = (*index, self.connector.tenant.clone());
                let request = Request::get(target);
                Some(async move { (index, tenant.send(Operation::ReadBack, request).await) })
            });
            in_flight(concurrency, tasks, |(index, answer)| {
                match answer.status() {
                    0 => silent.fetch_add(1, Ordering::Relaxed),
                    _ => silent.swap(0, Ordering::Relaxed),
                };
                if answer.status() != 200 {
                    answers.push((index, answer.told(), answer.number));
                }
            })
            .await;
            if !goes_on() {
                differences.push(self.silence());
                break;
            }
            missing = answers.iter().map(|(index, ..)| *index).collect();
        }
        for (index, told, number) in &answers {
            let id = self.links.id(*index).unwrap_or_default();
            let expected = format!("the resource {id}");
            differences.push(self.difference(*index, &expected, told.clone(), Some(*number)));
            differences.told.insert(self.key(*index));
        }
        answers.len()
    }

    fn silence(&self) -> Difference {
        let actual = format!("{SILENT_MAX} look-ups in a row got no answer");
        Difference {
            kind: DifferenceKind::Unreadable,
            ..self.difference(0, "an answer", actual, None)
        }
    }

    async fn read(&self, target: String) -> Exchange {
        self.connector.tenant.send(Operation::ReadBack, Request::get(target)).await
    }

    fn key(&self, index: usize) -> ObjectKey {
        ObjectKey { kind: self.kind, index }
    }

    fn difference(
        &self,
        index: usize,
        expected: &str,
        actual: String,
        exchange: Option<u64>,
    ) -> Difference {
        Difference {
            kind: match self.kind {
                Kind::User => DifferenceKind::MissingUser,
                Kind::Group => DifferenceKind::MissingGroup,
            },
            subject: self.key(index).to_string(),
            attribute: None,
            expected: expected.to_owned(),
            actual,
            exchange,
        }
    }
}

fn id_of(resource: &Value) -> Option<&str> {
    resource.get("id").and_then(Value::as_str)
}
