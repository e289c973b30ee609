//! One race: resources of its own, requests under way together, and what is left of them.

use std::collections::BTreeSet;
use std::time::Duration;

use http::header::IF_MATCH;
use serde_json::{Value, json};

use crate::checks::check::{Episode, Pair, Verb, by_id, encoded};
use crate::entra::pace::in_flight;
use crate::exchange::{Exchange, Operation, Request};
use crate::history::marker;
use crate::history::register::{Access, Accessed, Counted, in_one_order, went_back};
use crate::scim::message::patch_body;
use crate::scim::{GROUP, USER};
use crate::tenant::Tenant;

/// A race as it went; the error says why nothing can be told of it.
pub(super) type Raced = Result<Episode, String>;

/// How often a worker tries again what was refused as a conflict.
const TRIES_MAX: u32 = 40;
/// How long it waits before that, at most; less where it is not the first time.
const PAUSE: Duration = Duration::from_millis(3);
/// Accesses of each worker to one attribute.
const ACCESSES: usize = 5;
/// Users who are there during a whole walk over pages, and how many go on one page.
const WALKED: usize = 12;
const ON_A_PAGE: usize = 3;
/// Pages of one walk, at most.
const PAGES_MAX: usize = 60;
/// How far a counter grows while others read it.
const COUNTED: u64 = 12;
/// Between two looks for what was written.
const READ_PAUSE: Duration = Duration::from_millis(50);

/// Where a race is run.
pub(super) struct Field<'a> {
    tenant: &'a Tenant,
    workers: usize,
    marker: String,
    window: Duration,
}

impl<'a> Field<'a> {
    /// A field for so many workers; names follow from the seed, and what was written may take that
    /// long to be seen by a query.
    pub(super) fn new(tenant: &'a Tenant, workers: usize, seed: u64, window: Duration) -> Self {
        Self { tenant, workers, marker: marker(seed), window }
    }

    /// Runs a race.
    pub(super) async fn run(&self, race: Verb) -> Raced {
        match race {
            Verb::RaceCreates => self.creates().await,
            Verb::RaceRenames => self.renames().await,
            Verb::RaceAdds => self.memberships(race, false).await,
            Verb::RaceAddsAndRemoves => self.memberships(race, true).await,
            Verb::RaceReplaces => self.replaces().await,
            Verb::RaceIncrements => self.increments().await,
            Verb::RaceAccesses => self.accesses().await,
            Verb::RaceReads => self.reads().await,
            Verb::RacePages => self.pages().await,
            _ => Err(format!("{} is no race", race.word())),
        }
    }

    async fn creates(&self) -> Raced {
        let name = self.name("one");
        let seen = self.at_once((0..self.workers).map(|_| new_user(&name)).collect()).await?;
        let mut it = self.episode(Verb::RaceCreates, "create a user of one name");
        self.one_winner(&mut it, seen, &name).await?;
        Ok(it)
    }

    async fn renames(&self) -> Raced {
        let name = self.name("one");
        let mut requests = Vec::new();
        for nth in 0..self.workers {
            let path = self.user(&format!("old{nth}")).await?;
            requests.push(Request::patch(path, &patch_body(&[replacing("userName", &name)])));
        }
        let seen = self.at_once(requests).await?;
        let mut it = self.episode(Verb::RaceRenames, "rename a user to one name");
        self.one_winner(&mut it, seen, &name).await?;
        Ok(it)
    }

    /// One request of a race for a name succeeds, the others are refused as conflicts, and a query
    /// finds one bearer.
    async fn one_winner(
        &self,
        it: &mut Episode,
        seen: Vec<Exchange>,
        name: &str,
    ) -> Result<(), String> {
        let won = seen.iter().filter(|seen| seen.is_success()).count();
        let others = seen.iter().filter(|seen| !seen.is_success() && seen.status() != 409);
        let others: BTreeSet<String> = others.map(Exchange::told).collect();
        it.exchanges = seen;
        it.pairs.push(pair("requests for one userName that succeed", json!(1), json!(won)));
        it.pairs.push(pair("other refusals than 409", json!([]), json!(others)));
        let found = self.settled(&1, || self.bearers(name)).await?;
        it.pairs.push(pair("users whom a query for it finds", json!(1), json!(found)));
        Ok(())
    }

    /// How many users of that name a query finds.
    async fn bearers(&self, name: &str) -> Result<usize, String> {
        let filter = encoded(&format!("userName eq \"{name}\""));
        let seen = self.send(Request::get(format!("/Users?filter={filter}"))).await;
        seen.list().map(|list| list.resources.len()).map_err(|_| seen.told())
    }

    /// All workers add a member to one group; where some leave, every other one removes one.
    async fn memberships(&self, race: Verb, some_leave: bool) -> Raced {
        let (mut staying, mut leaving, mut joining) = (Vec::new(), Vec::new(), Vec::new());
        for nth in 0..self.workers {
            let id = id_of(&self.user(&format!("u{nth}")).await?);
            match (some_leave, nth % 2) {
                (true, 0) => leaving.push(id),
                _ => joining.push(id),
            }
        }
        staying.push(id_of(&self.user("stays").await?));
        let at_first: Vec<Value> =
            staying.iter().chain(&leaving).map(|id| json!({"value": id})).collect();
        let name = format!("Race {}", self.marker);
        let body = json!({"schemas": [GROUP], "displayName": name, "members": at_first});
        let group = self.make("/Groups", &body).await?;
        let joins = joining
            .iter()
            .map(|id| json!({"op": "add", "path": "members", "value": [{"value": id}]}));
        let leaves = leaving
            .iter()
            .map(|id| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")}));
        let requests =
            joins.chain(leaves).map(|it| Request::patch(group.as_str(), &patch_body(&[it])));
        let seen = self.insisting(requests.collect()).await?;
        let mut expected: Vec<&String> = staying.iter().chain(&joining).collect();
        expected.sort();
        let expected = json!(expected);
        let actual = self.settled(&expected, || self.members(&group)).await?;
        let step = if some_leave { "add or remove a member" } else { "add a member" };
        let mut it = self.episode(race, step);
        it.exchanges = seen;
        it.pairs.push(pair("members of the group", expected, actual));
        Ok(it)
    }

    /// The ids of a group's members, in order. One has to be there: a tenant may keep silent on
    /// members altogether.
    async fn members(&self, group: &str) -> Result<Value, String> {
        let read = self.send(Request::get(group)).await;
        let members = read.at("/members").ok_or("the group shows no members")?;
        let members = members.as_array().into_iter().flatten();
        let mut ids: Vec<&str> = members.filter_map(|it| it["value"].as_str()).collect();
        ids.sort_unstable();
        if read.is_success() { Ok(json!(ids)) } else { Err(read.told()) }
    }

    async fn replaces(&self) -> Raced {
        let path = self.user("one").await?;
        let written: Vec<Value> = (0..self.workers)
            .map(|nth| json!({"givenName": format!("g-{nth}"), "familyName": format!("f-{nth}")}))
            .collect();
        let requests = written.iter().map(|value| {
            let operation = json!({"op": "replace", "path": "name", "value": value});
            Request::patch(path.as_str(), &patch_body(&[operation]))
        });
        let seen = self.insisting(requests.collect()).await?;
        let read = self.send(Request::get(path.as_str())).await;
        let held = |name: &str| read.at(&format!("/name/{name}")).unwrap_or_default();
        let actual = json!({"givenName": held("givenName"), "familyName": held("familyName")});
        let is_whole = written.contains(&actual);
        let expected = if is_whole { actual.clone() } else { written[0].clone() };
        let mut it = self.episode(Verb::RaceReplaces, "replace `name` as a whole");
        it.exchanges = seen;
        it.pairs.push(pair("`name` is what one of them wrote, such as", expected, actual));
        Ok(it)
    }

    async fn increments(&self) -> Raced {
        let path = self.user_with_title("one").await?;
        let tasks = (0..self.workers).map(|_| increment(self.tenant.clone(), path.clone()));
        let mut all = Vec::new();
        in_flight(self.workers, tasks, |written: Incremented| all.push(written)).await;
        let all: Vec<Option<Exchange>> = all.into_iter().collect::<Result<_, String>>()?;
        let seen: Vec<Exchange> = all.into_iter().flatten().collect();
        let kept = json!(seen.len().to_string());
        let shown = || async {
            let read = self.send(Request::get(path.as_str())).await;
            Ok(read.at("/title").unwrap_or_default())
        };
        let title = self.settled(&kept, shown).await?;
        let mut it =
            self.episode(Verb::RaceIncrements, "read a counter and write it under If-Match");
        it.exchanges = seen;
        let what = "the counter after so many increments answered 2xx";
        it.pairs.push(pair(what, kept, title));
        Ok(it)
    }

    async fn accesses(&self) -> Raced {
        let path = self.user_with_title("one").await?;
        let tasks = (0..self.workers).map(|nth| access(self.tenant.clone(), path.clone(), nth));
        let mut all = Vec::new();
        in_flight(self.workers, tasks, |seen: Vec<Access>| all.extend(seen)).await;
        let mut it = self.episode(Verb::RaceAccesses, "read or write one attribute");
        let actual = match in_one_order("0", &all) {
            None => return Err("the order of so many accesses was not found in time".to_owned()),
            Some(Ok(())) => json!("one order"),
            Some(Err(odd)) => {
                let Access { worker, began, .. } = &odd;
                let did = if matches!(odd.what, Accessed::Read(_)) { "read" } else { "wrote" };
                let value = odd.value();
                json!(format!("worker {worker} {did} `{value}` at {} ms", began.as_millis()))
            }
        };
        it.pairs.push(pair("accesses fit into", json!("one order"), actual));
        Ok(it)
    }

    async fn reads(&self) -> Raced {
        let path = self.user_with_title("one").await?;
        let tasks = (0..self.workers).map(|nth| count(self.tenant.clone(), path.clone(), nth == 0));
        let mut reads = Vec::new();
        in_flight(self.workers, tasks, |seen: Vec<Counted>| reads.extend(seen)).await;
        let mut it = self.episode(Verb::RaceReads, "read a counter while it grows");
        let back = went_back(&reads);
        let expected = back.map_or(0, |(earlier, _)| earlier.1);
        let actual = back.map_or(0, |(_, later)| later.1);
        let what = "a read shows at least what one before it has shown";
        it.pairs.push(pair(what, json!(expected), json!(actual)));
        Ok(it)
    }

    async fn pages(&self) -> Raced {
        let mut there = BTreeSet::new();
        for nth in 0..WALKED {
            there.insert(id_of(&self.user(&format!("there{nth}")).await?));
        }
        let comings = (1..self.workers).map(|nth| {
            come_and_go(
                self.tenant.clone(),
                (0..2).map(|it| self.name(&format!("goes{nth}-{it}"))).collect(),
            )
        });
        let walk = async {
            let filter = encoded(&format!("userName co \"{}\"", self.marker));
            let (mut start, mut ids) = (1, BTreeSet::new());
            for _ in 0..PAGES_MAX {
                let target = format!("/Users?filter={filter}&startIndex={start}&count={ON_A_PAGE}");
                let seen = self.send(Request::get(target)).await;
                let list = seen.list().map_err(|_| seen.told())?;
                if list.resources.is_empty() {
                    break;
                }
                start += list.resources.len();
                ids.extend(
                    list.resources.iter().filter_map(|it| it["id"].as_str().map(str::to_owned)),
                );
            }
            Ok::<_, String>(ids)
        };
        let (ids, ()) = tokio::join!(walk, in_flight(self.workers, comings, |()| ()));
        let on_pages = ids?.intersection(&there).count();
        let mut it = self.episode(Verb::RacePages, "walk over pages while others come and go");
        it.pairs.push(pair(
            "users there all along who are on a page",
            json!(WALKED),
            json!(on_pages),
        ));
        Ok(it)
    }

    fn episode(&self, race: Verb, step: &str) -> Episode {
        Episode::of(race, format!("{step}, {} at the same time", self.workers))
    }

    fn name(&self, word: &str) -> String {
        format!("{word}.{}@example.com", self.marker)
    }

    /// Makes a user; its path.
    async fn user(&self, word: &str) -> Result<String, String> {
        self.make("/Users", &json!({"schemas": [USER], "userName": self.name(word)})).await
    }

    async fn user_with_title(&self, word: &str) -> Result<String, String> {
        let body = json!({"schemas": [USER], "userName": self.name(word), "title": "0"});
        self.make("/Users", &body).await
    }

    async fn make(&self, collection: &str, body: &Value) -> Result<String, String> {
        let seen = self.send(Request::post(collection, body)).await;
        let request = by_id(collection, &seen).filter(|_| seen.is_success());
        let request = request.ok_or_else(|| format!("nothing to race for: {}", seen.told()))?;
        Ok(request.target)
    }

    async fn send(&self, request: Request) -> Exchange {
        self.tenant.send(OPERATION, request).await
    }

    /// Sends requests together. A round in which the tenant does not keep up says nothing.
    async fn at_once(&self, requests: Vec<Request>) -> Result<Vec<Exchange>, String> {
        let tasks = requests.into_iter().map(|request| {
            let tenant = self.tenant.clone();
            async move { tenant.send(OPERATION, request).await }
        });
        self.gathered(tasks).await
    }

    /// Sends requests together, each again while it is refused as a conflict.
    async fn insisting(&self, requests: Vec<Request>) -> Result<Vec<Exchange>, String> {
        let tasks = requests.into_iter().map(|request| insist(self.tenant.clone(), request));
        let seen = self.gathered(tasks).await?;
        match seen.iter().find(|seen| !seen.is_success()) {
            Some(refused) => Err(format!("a change was refused: {}", refused.told())),
            None => Ok(seen),
        }
    }

    async fn gathered(
        &self,
        tasks: impl Iterator<Item = impl Future<Output = Exchange> + Send + 'static>,
    ) -> Result<Vec<Exchange>, String> {
        let mut seen = Vec::new();
        in_flight(self.workers, tasks, |one| seen.push(one)).await;
        let lost = |seen: &&Exchange| seen.is_throttled() || seen.result.is_err();
        match seen.iter().find(lost) {
            Some(lost) => Err(format!("the tenant does not keep up: {}", lost.told())),
            None => Ok(seen),
        }
    }

    /// What a read shows once it is as expected, or after the time it is given.
    async fn settled<T: PartialEq, F: Future<Output = Result<T, String>>>(
        &self,
        expected: &T,
        look: impl Fn() -> F,
    ) -> Result<T, String> {
        let began = tokio::time::Instant::now();
        loop {
            let found = look().await?;
            if found == *expected || began.elapsed() >= self.window {
                return Ok(found);
            }
            tokio::time::sleep(READ_PAUSE).await;
        }
    }
}

const OPERATION: Operation = Operation::Probe("concurrency");

fn pair(what: &str, expected: Value, actual: Value) -> Pair {
    Pair { what: what.to_owned(), expected, actual }
}

fn new_user(name: &str) -> Request {
    Request::post("/Users", &json!({"schemas": [USER], "userName": name}))
}

fn replacing(path: &str, value: &str) -> Value {
    json!({"op": "replace", "path": path, "value": value})
}

fn id_of(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Sends a request until it is not refused as a conflict or a failed precondition any more.
async fn insist(tenant: Tenant, request: Request) -> Exchange {
    let mut tries = 1;
    loop {
        let seen = tenant.send(OPERATION, request.clone()).await;
        if !matches!(seen.status(), 409 | 412 | 429) || tries == TRIES_MAX {
            return seen;
        }
        tokio::time::sleep(PAUSE * (1 + tries % 4)).await;
        tries += 1;
    }
}

/// The write of an increment that was answered 2xx; none where all tries were stopped by If-Match;
/// the error says why nobody knows.
type Incremented = Result<Option<Exchange>, String>;

/// Adds one to a counter under If-Match.
async fn increment(tenant: Tenant, path: String) -> Incremented {
    for nth in 0..TRIES_MAX {
        let read = tenant.send(OPERATION, Request::get(path.as_str())).await;
        let value = read.at("/title").and_then(|it| text(&it).parse::<u64>().ok());
        let (Some(value), Some(tag)) = (value, read.header("etag")) else {
            return Err(format!("no counter and entity tag to be read: {}", read.told()));
        };
        let body = patch_body(&[replacing("title", &(value + 1).to_string())]);
        let request = Request::patch(path.as_str(), &body).header(IF_MATCH, tag);
        let written = tenant.send(OPERATION, request).await;
        match written.status() {
            200..=299 => return Ok(Some(written)),
            409 | 412 | 429 => tokio::time::sleep(PAUSE * (nth % 4)).await,
            _ => return Err(format!("an increment is answered {}", written.told())),
        }
    }
    Ok(None)
}

/// Reads and writes one attribute by turns.
async fn access(tenant: Tenant, path: String, worker: usize) -> Vec<Access> {
    let mut seen = Vec::new();
    for nth in 0..ACCESSES {
        let writes = (worker + nth).is_multiple_of(2);
        let value = format!("{worker}-{nth}");
        let request = match writes {
            true => Request::patch(path.as_str(), &patch_body(&[replacing("title", &value)])),
            false => Request::get(path.as_str()),
        };
        let exchange = tenant.send(OPERATION, request).await;
        let (began, ended) = (exchange.sent, Some(exchange.answered));
        let what = match (writes, exchange.is_success()) {
            (true, true) => Accessed::Wrote(value),
            (false, true) => {
                Accessed::Read(exchange.at("/title").map_or(String::new(), |it| text(&it)))
            }
            // What was refused has not happened; what was not answered may have.
            (true, false) if exchange.result.is_err() || exchange.status() >= 500 => {
                seen.push(Access { worker, began, ended: None, what: Accessed::Wrote(value) });
                continue;
            }
            _ => continue,
        };
        seen.push(Access { worker, began, ended, what });
    }
    seen
}

/// Lets a counter grow, or reads it until it is grown.
async fn count(tenant: Tenant, path: String, writes: bool) -> Vec<Counted> {
    let mut seen = Vec::new();
    for value in 1..=COUNTED {
        if writes {
            let body = patch_body(&[replacing("title", &value.to_string())]);
            tenant.send(OPERATION, Request::patch(path.as_str(), &body)).await;
            continue;
        }
        let read = tenant.send(OPERATION, Request::get(path.as_str())).await;
        let shown = read.at("/title").and_then(|it| text(&it).parse::<u64>().ok());
        let Some(shown) = shown else { continue };
        let what = Accessed::Read(shown.to_string());
        let (began, ended) = (read.sent, Some(read.answered));
        seen.push((Access { worker: 0, began, ended, what }, shown));
    }
    seen
}

/// Makes users and deletes them again.
async fn come_and_go(tenant: Tenant, names: Vec<String>) {
    for name in names {
        let made = tenant.send(OPERATION, new_user(&name)).await;
        if let Some(id) = made.id().filter(|_| made.is_success()) {
            tenant.send(OPERATION, Request::delete(format!("/Users/{id}"))).await;
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
