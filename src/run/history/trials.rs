//! Steps that compare a tenant with itself: the same by two ways, on one resource or on twins.
//!
//! Twins are made for the step and deleted after it. What a trial leaves of the resource it is
//! about the model takes over.

use serde_json::{Map, Value, json};

use super::player::Play;
use crate::checks::check::{Episode, Pair, State, encoded};
use crate::exchange::{Exchange, Request};
use crate::history::norm::body_of;
use crate::history::{EVERY, Kind, Slot, Step, Verb, plainly, wire_path};
use crate::scim::message::patch_body;

/// Names of resources made for trials begin with this number; scripts stay far below.
pub(super) const FIRST: usize = 5_000;

/// A resource that was made for a trial.
pub(super) struct Made {
    kind: Kind,
    pub(super) path: String,
    /// What the provider added to it by itself.
    added: State,
}

impl Play<'_> {
    /// Tries a step that is no plain one; none where it does not apply.
    pub(super) async fn trial(&mut self, step: &Step) -> Option<Episode> {
        let slot = step.slot?;
        let is_there = slot.number == EVERY || self.model.holds(slot);
        let makes_it = step.verb == Verb::LoseAnswer && !self.model.holds(slot);
        if !is_there && !makes_it {
            return None;
        }
        let mut it = Episode::of(step.verb, step.to_string());
        if self.query(step, &mut it).await.is_none() {
            let compared = self.compare(slot, step, &mut it).await;
            if compared.is_none() && self.sent.is_empty() {
                return None;
            }
        }
        it.exchanges.clone_from(&self.sent);
        Some(it)
    }

    async fn compare(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        match step.verb {
            Verb::Look => self.look_around(slot, it).await?,
            Verb::PutTwice => self.put_twice(slot, step, it).await?,
            Verb::PutBack => self.put_back(slot, it).await?,
            Verb::PatchOrPut => self.patch_or_put(slot, step, it).await?,
            Verb::PatchSplit => {
                let each = step.details.as_array()?;
                let each: Vec<Vec<Value>> = each.iter().map(|one| vec![one.clone()]).collect();
                self.two_ways(slot, &[step.details.as_array()?.clone()], &each, it).await?;
            }
            Verb::PatchEitherOrder => {
                let one = step.details.as_array()?.clone();
                let other: Vec<Value> = one.iter().rev().cloned().collect();
                self.two_ways(slot, &[one], &[other], it).await?;
            }
            Verb::Dialects => {
                let (default, flagged) = dialects(step.details.as_object()?);
                self.two_ways(slot, &[default], &[flagged], it).await?;
            }
            Verb::PatchFlawed => self.patch_flawed(slot, step, it).await?,
            Verb::AddTwice => self.add_twice(slot, step, it).await?,
            Verb::AddAndRemove => self.add_and_remove(slot, step, it).await?,
            Verb::ThereAndBack => self.there_and_back(slot, step, it).await?,
            Verb::Spell => self.spell(slot, step, it).await?,
            Verb::Nothing => self.nothing(step.details.as_str()?, it).await?,
            Verb::UpperCase | Verb::Reversed | Verb::WithUnknown => {
                self.written_otherwise(step, it).await?;
            }
            Verb::Shield => self.shield(slot, step, it).await?,
            Verb::ClaimName => self.claim_name(&step.details, it).await?,
            Verb::RenameAndLook => self.rename_and_look(slot, step, it).await?,
            Verb::See => self.see(slot, step, it).await?,
            Verb::OneByOne => self.one_by_one(slot, step, it).await?,
            Verb::InBulk => self.in_bulk(step, it).await?,
            Verb::BulkStops => self.bulk_stops(step, it).await?,
            Verb::Cached => self.cached(slot, step, it).await?,
            Verb::LoseAnswer => self.lose_answer(slot, step, it).await?,
            _ => return None,
        }
        Some(())
    }

    /// Reads a resource as it is: its body and its entity tag.
    pub(super) async fn raw(&mut self, path: &str) -> Option<(Value, Option<String>)> {
        let seen = self.ask(Request::get(path)).await;
        let tag = seen.header("etag").map(str::to_owned);
        seen.json().filter(|_| seen.is_success()).map(|body| (body, tag))
    }

    /// Reads a resource and lets the model take over what it shows.
    pub(super) async fn settled(&mut self, slot: Slot) -> Option<State> {
        let (body, _) = self.raw(&self.path(slot)).await?;
        let state = self.model.plain(slot, self.state(slot.kind, &body));
        self.model.changed(slot, vec![state.clone()]);
        Some(state)
    }

    pub(super) async fn patched(&mut self, path: &str, operations: &[Value]) -> Exchange {
        let body = self.names.outgoing(&patch_body(operations));
        self.ask(Request::patch(path, &body)).await
    }

    /// Creates a resource with a name of its own.
    pub(super) async fn make(&mut self, kind: Kind, mut state: State) -> Option<Made> {
        self.made += 1;
        let number = FIRST + self.made;
        let word = if kind == Kind::User { "name" } else { "team" };
        state.insert(kind.name_attribute().to_owned(), json!(format!("<{word} {number}>")));
        if state.contains_key("externalId") {
            state.insert("externalId".to_owned(), json!(format!("made-{number}-<marker>")));
        }
        self.make_of(kind, &body_of(kind, &state), &state).await
    }

    pub(super) async fn make_of(&mut self, kind: Kind, body: &Value, sent: &State) -> Option<Made> {
        let request = Request::post(kind.collection(), &self.names.outgoing(body));
        let seen = self.ask(request).await;
        let id = seen.id().filter(|_| seen.is_success())?;
        let path = format!("{}/{}", kind.collection(), encoded(&id));
        let (shown, _) = self.raw(&path).await?;
        let added = self.model.added(kind, sent, &self.state(kind, &shown));
        Some(Made { kind, path, added })
    }

    async fn twin(&mut self, slot: Slot) -> Option<Made> {
        let state = self.model.state(slot)?.clone();
        self.make(slot.kind, state).await
    }

    /// The state of something made, without its name and what the provider added.
    pub(super) async fn state_of_made(&mut self, made: &Made) -> Option<State> {
        let (body, _) = self.raw(&made.path).await?;
        let state = self.state(made.kind, &body);
        Some(nameless(made.kind, self.model.plain_but(made.kind, state, &made.added)))
    }

    pub(super) async fn unmake(&mut self, made: Made) {
        self.ask(Request::delete(made.path)).await;
    }

    /// Reads of every kind leave a resource and its entity tag as they were.
    async fn look_around(&mut self, slot: Slot, it: &mut Episode) -> Option<()> {
        let path = self.path(slot);
        let (before, tag) = self.raw(&path).await?;
        for filter in ["", "id pr"] {
            let _ = self.walk(slot.kind, filter, "", 10).await;
        }
        self.ask(Request::get(format!("{path}?attributes=id"))).await;
        let (after, later) = self.raw(&path).await?;
        it.pairs.push(pair(format!("{slot} after reads"), before, after));
        it.pairs.push(pair(format!("entity tag of {slot} after reads"), json!(tag), json!(later)));
        Some(())
    }

    async fn put_twice(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let expected = self.model.expect(&plainly(step)?)?;
        let body = self.names.outgoing(&expected.body?);
        let first = self.ask(Request::put(self.path(slot), &body)).await;
        let once = self.settled(slot).await?;
        let second = self.ask(Request::put(self.path(slot), &body)).await;
        let twice = self.settled(slot).await?;
        it.pairs.push(pair(
            format!("the second PUT of {slot} is answered"),
            json!(first.is_success()),
            json!(second.is_success()),
        ));
        it.pairs.push(pair(format!("{slot} after the second PUT"), json!(once), json!(twice)));
        Some(())
    }

    async fn put_back(&mut self, slot: Slot, it: &mut Episode) -> Option<()> {
        let (body, _) = self.raw(&self.path(slot)).await?;
        let before = self.model.plain(slot, self.state(slot.kind, &body));
        let seen = self.ask(Request::put(self.path(slot), &body)).await;
        let after = self.settled(slot).await?;
        let told = if seen.is_success() { json!("2xx") } else { json!(seen.told()) };
        it.pairs.push(pair(format!("a PUT of what a GET of {slot} shows"), json!("2xx"), told));
        it.pairs.push(pair(format!("{slot} after it"), json!(before), json!(after)));
        Some(())
    }

    async fn patch_or_put(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let expected = self.model.expect(&plainly(step)?)?;
        let [after] = &expected.allowed.states[..] else { return None };
        let twin = self.twin(slot).await?;
        let name = format!("<name {}>", FIRST + self.made);
        let mut state = after.clone();
        state.insert(slot.kind.name_attribute().to_owned(), json!(name));
        if state.contains_key("externalId") {
            let number = FIRST + self.made;
            state.insert("externalId".to_owned(), json!(format!("made-{number}-<marker>")));
        }
        let patched = self.patched(&self.path(slot), step.details.as_array()?).await;
        let body = self.names.outgoing(&body_of(slot.kind, &state));
        let put = self.ask(Request::put(twin.path.as_str(), &body)).await;
        let one = self.settled(slot).await?;
        let other = self.state_of_made(&twin).await;
        if patched.is_success() && put.is_success() {
            let what = format!("{slot} after the PATCH, its twin after the PUT");
            let other = other.map(|other| keeping(&other, &nameless(slot.kind, after.clone())));
            it.pairs.push(pair(what, json!(other), json!(nameless(slot.kind, one))));
        }
        self.unmake(twin).await;
        Some(())
    }

    /// Operations sent one way to a resource and the other way to its twin.
    async fn two_ways(
        &mut self,
        slot: Slot,
        one: &[Vec<Value>],
        other: &[Vec<Value>],
        it: &mut Episode,
    ) -> Option<()> {
        let twin = self.twin(slot).await?;
        let mut done = true;
        for (path, patches) in [(self.path(slot), one), (twin.path.clone(), other)] {
            for operations in patches {
                done &= self.patched(&path, operations).await.is_success();
            }
        }
        let first = self.settled(slot).await?;
        let second = self.state_of_made(&twin).await;
        if done {
            let what = format!("{slot} and its twin");
            it.pairs.push(pair(what, json!(second), json!(nameless(slot.kind, first))));
        }
        self.unmake(twin).await;
        Some(())
    }

    async fn patch_flawed(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let path = self.path(slot);
        let (before, tag) = self.raw(&path).await?;
        let seen = self.patched(&path, step.details.as_array()?).await;
        let (after, later) = self.raw(&path).await?;
        if seen.is_success() {
            self.settled(slot).await?;
            return Some(());
        }
        it.pairs.push(pair(format!("{slot} after a refused PATCH"), before, after));
        it.pairs.push(pair(format!("entity tag of {slot} after it"), json!(tag), json!(later)));
        Some(())
    }

    async fn add_twice(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let value: Map<String, Value> =
            step.details.as_object()?.iter().map(|(it, v)| (wire_path(it), v.clone())).collect();
        let operation = [json!({"op": "add", "value": value})];
        let path = self.path(slot);
        let first = self.patched(&path, &operation).await;
        let (once, _) = self.raw(&path).await?;
        let second = self.patched(&path, &operation).await;
        let (twice, _) = self.raw(&path).await?;
        self.settled(slot).await?;
        if first.is_success() && second.is_success() {
            let state = |body: &Value| json!(self.state(slot.kind, body));
            let what = format!("{slot} after the second add");
            it.pairs.push(pair(what, state(&once), state(&twice)));
            let changed = |body: &Value| body["meta"]["lastModified"].clone();
            let what = format!("lastModified of {slot} after it");
            it.pairs.push(pair(what, changed(&once), changed(&twice)));
        }
        Some(())
    }

    async fn add_and_remove(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let (name, entry) = step.details.as_object()?.iter().next()?;
        let before = self.settled(slot).await?;
        let path = self.path(slot);
        let add = json!({"op": "add", "path": name, "value": [entry]});
        let added = self.patched(&path, &[add]).await;
        let selector = format!("{name}[value eq {} and type eq {}]", entry["value"], entry["type"]);
        let removed = self.patched(&path, &[json!({"op": "remove", "path": selector})]).await;
        let after = self.settled(slot).await?;
        if added.is_success() && removed.is_success() {
            let what = format!("{slot} after `{name}` came and went");
            it.pairs.push(pair(what, json!(before), json!(after)));
        }
        Some(())
    }

    async fn there_and_back(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let (name, value) = step.details.as_object()?.iter().next()?;
        let before = self.settled(slot).await?;
        let (path, wire) = (self.path(slot), wire_path(name));
        let there = json!({"op": "replace", "path": wire, "value": value});
        let back = match before.get(name) {
            Some(value) => json!({"op": "replace", "path": wire, "value": value}),
            None => json!({"op": "remove", "path": wire}),
        };
        let there = self.patched(&path, &[there]).await;
        let back = self.patched(&path, &[back]).await;
        let after = self.settled(slot).await?;
        if there.is_success() && back.is_success() {
            let what = format!("{slot} after `{name}` was replaced and put back");
            it.pairs.push(pair(what, json!(before), json!(after)));
        }
        Some(())
    }

    /// A create is refused as a twin exactly where a query finds the name.
    async fn claim_name(&mut self, name: &Value, it: &mut Episode) -> Option<()> {
        let filter = format!("userName eq {name}");
        let found = self.walk(Kind::User, &filter, "", 10).await.ok()?;
        let sent = State::from([("userName".to_owned(), name.clone())]);
        let body = self.names.outgoing(&body_of(Kind::User, &sent));
        let seen = self.ask(Request::post("/Users", &body)).await;
        let what = format!("whether {name} is taken, by a create as by a query");
        let taken = json!(!found.entries.is_empty());
        it.pairs.push(pair(what, taken, json!(seen.status() == 409)));
        if let Some(id) = seen.id().filter(|_| seen.is_success()) {
            self.ask(Request::delete(format!("/Users/{}", encoded(&id)))).await;
        }
        Some(())
    }

    /// After a rename the old name finds nobody and the new one finds the same user.
    async fn rename_and_look(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let old = self.model.state(slot)?.get("userName")?.clone();
        let operation = json!({"op": "replace", "path": "userName", "value": step.details});
        let seen = self.patched(&self.path(slot), &[operation]).await;
        self.settled(slot).await?;
        if !seen.is_success() || same_name(&old, &step.details) {
            return Some(());
        }
        let this = vec![slot.reference()];
        let expected: [(&Value, Vec<String>); 2] = [(&old, Vec::new()), (&step.details, this)];
        for (name, expected) in expected {
            let filter = format!("userName eq {name}");
            let found = self.walk(Kind::User, &filter, "", 10).await.ok()?;
            let what = format!("found by {filter}");
            it.pairs.push(pair(what, json!(expected), json!(self.words(&found.entries))));
        }
        Some(())
    }

    /// A change is seen at once by a GET, by a query and in a list.
    async fn see(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let (name, value) = step.details.as_object()?.iter().next()?;
        let operation = json!({"op": "replace", "path": wire_path(name), "value": value});
        let seen = self.patched(&self.path(slot), &[operation]).await;
        if !seen.is_success() {
            return Some(());
        }
        let filter = format!("{} eq {value}", wire_path(name));
        let began = tokio::time::Instant::now();
        let (mut by_id, mut by_query, mut in_list) = (false, false, false);
        loop {
            let state = self.settled(slot).await?;
            by_id |= state.get(name) == Some(value);
            if let Ok(found) = self.walk(slot.kind, &filter, "", 10).await {
                by_query |= self.words(&found.entries).contains(&slot.reference());
            }
            if let Ok(all) = self.walk(slot.kind, "", "", 200).await {
                let holds = |entry: &&Value| self.state(slot.kind, entry).get(name) == Some(value);
                let entries: Vec<Value> = all.entries.iter().filter(holds).cloned().collect();
                in_list |= self.words(&entries).contains(&slot.reference());
            }
            if by_id && by_query && in_list || began.elapsed() >= self.around.window {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let what = format!("{slot} seen with its new `{name}` by id, by a query, in a list");
        let actual = json!([by_id, by_query, in_list]);
        it.pairs.push(pair(what, json!([true, true, true]), actual));
        Some(())
    }

    /// Members added in one PATCH, and to a twin in one PATCH each.
    async fn one_by_one(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let numbers = step.details.as_array()?.iter().filter_map(Value::as_u64);
        let users = numbers.filter_map(|number| usize::try_from(number).ok()).map(Slot::user);
        let users: Vec<Slot> = users.filter(|user| self.model.holds(*user)).collect();
        let value = |user: &Slot| json!({"value": user.reference()});
        let add = |values: Vec<Value>| json!({"op": "add", "path": "members", "value": values});
        let together = vec![add(users.iter().map(value).collect())];
        let alone: Vec<Vec<Value>> =
            users.iter().map(|user| vec![add(vec![value(user)])]).collect();
        self.two_ways(slot, &[together], &alone, it).await
    }

    /// 304 comes only while the resource is what it was.
    async fn cached(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let (name, value) = step.details.as_object()?.iter().next()?;
        let path = self.path(slot);
        let (_, tag) = self.raw(&path).await?;
        let tag = tag?;
        let asked =
            || Request::get(path.as_str()).header(http::header::IF_NONE_MATCH, tag.as_str());
        let operation = json!({"op": "replace", "path": wire_path(name), "value": value});
        let seen = self.patched(&path, &[operation]).await;
        if seen.is_success() && self.model.state(slot)?.get(name) != Some(value) {
            let later = self.ask(asked()).await;
            let what = format!("{slot}, changed since the tag that is asked with, is answered");
            it.pairs.push(pair(what, json!(200), json!(later.status())));
        }
        self.settled(slot).await?;
        Some(())
    }

    /// A create whose answer is lost: who looks for the name finds it once, and a second create is
    /// refused.
    async fn lose_answer(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let expected = self.model.expect(&plainly(step)?)?;
        if expected.clash.is_some() || expected.allowed.states.is_empty() {
            return None;
        }
        let name = step.details.get("userName")?;
        let body = self.names.outgoing(&expected.body?);
        let lost = self.ask(Request::post("/Users", &body)).await;
        if !lost.is_success() {
            return Some(());
        }
        let found = self.walk(Kind::User, &format!("userName eq {name}"), "", 10).await.ok()?;
        let what = format!("users found by {name} after a lost answer");
        it.pairs.push(pair(what, json!(1), json!(found.entries.len())));
        let id = found.entries.first()?["id"].as_str()?.to_owned();
        self.names.note(slot, id);
        let (shown, _) = self.raw(&self.path(slot)).await?;
        let shown = self.state(slot.kind, &shown);
        self.model.created(slot, expected.allowed.states, &shown);
        self.model.settle(slot, &self.model.plain(slot, shown.clone()));
        let again = self.ask(Request::post("/Users", &body)).await;
        let what = format!("a second create of {name} is answered");
        it.pairs.push(pair(what, json!(409), json!(again.status())));
        if let Some(id) = again.id().filter(|_| again.is_success()) {
            self.ask(Request::delete(format!("/Users/{}", encoded(&id)))).await;
        }
        Some(())
    }
}

pub(super) fn pair(what: String, expected: Value, actual: Value) -> Pair {
    Pair { what, expected, actual }
}

/// A state without what no two resources share.
fn nameless(kind: Kind, mut state: State) -> State {
    state.remove(kind.name_attribute());
    state.remove("externalId");
    state
}

/// A state without what the other does not name: a PUT may leave that as it was (A33).
fn keeping(state: &State, named: &State) -> State {
    let kept = state.iter().filter(|(path, _)| named.contains_key(*path));
    kept.map(|(path, value)| (path.clone(), value.clone())).collect()
}

fn same_name(one: &Value, other: &Value) -> bool {
    one.to_string().to_lowercase() == other.to_string().to_lowercase()
}

/// One change in Entra's words: an operation each with booleans as text, and the flag's merged
/// form.
fn dialects(changes: &Map<String, Value>) -> (Vec<Value>, Vec<Value>) {
    let text = |value: &Value| match value {
        Value::Bool(true) => json!("True"),
        Value::Bool(false) => json!("False"),
        other => other.clone(),
    };
    let default = changes.iter().map(
        |(name, value)| json!({"op": "Replace", "path": wire_path(name), "value": text(value)}),
    );
    let merged: Map<String, Value> =
        changes.iter().map(|(name, value)| (wire_path(name), value.clone())).collect();
    (default.collect(), vec![json!({"op": "replace", "value": merged})])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dialects_say_the_same() {
        let changes = json!({"active": false, "enterprise.department": "D"});
        let (default, flagged) = dialects(changes.as_object().unwrap());
        assert_eq!(default[0]["value"], "False");
        assert_eq!(flagged[0]["value"][wire_path("enterprise.department")], "D");
    }
}
