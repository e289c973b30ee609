//! What a tenant holds after a history, by the RFCs alone.
//!
//! The model lives by the words of the script: ids and names are `<user 3>` and `<name 3>`. It says
//! what a step may come to before it is sent, and is told afterwards what came of it. Where more
//! than one state is right it keeps all of them until a read shows which one it is.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};

use super::fit;
use super::norm::{ENTERPRISE, State, added_to, set, without};
use super::patch::{self, Allowed};
use super::slot::{Kind, NOBODY, Slot, former};
use super::step::{Step, Verb};
use crate::profile::Manner;
use crate::scim;
use crate::scim::message::patch_body;
use crate::scim::path::PatchPath;
use crate::scim::schema::Mutability;

/// The resources of one history.
#[derive(Debug, Clone, Default)]
pub struct Model {
    live: BTreeMap<Slot, Resource>,
    /// Slots that held something once; nothing is in them now.
    gone: BTreeSet<Slot>,
    /// Names that only deleted resources bear.
    freed: BTreeSet<String>,
    /// The documented manner of not renaming groups, where the profile has one.
    group_rename: Option<Manner>,
    /// What the provider shows of attributes nobody has written, by kind.
    defaults: BTreeMap<Kind, State>,
}

#[derive(Debug, Clone)]
struct Resource {
    /// The states that are right, at least one.
    states: Vec<State>,
    /// What the provider added by itself when it was created.
    learnt: State,
}

/// A step as a request, and what may come of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The slot it is about.
    pub slot: Slot,
    /// The method.
    pub method: Method,
    /// The body, in the words of the script.
    pub body: Option<Value>,
    /// What it may come to.
    pub allowed: Allowed,
    /// Whether the slot must be empty afterwards: it was deleted, or there is nothing in it.
    pub is_empty: bool,
    /// The attributes that it names.
    pub touched: BTreeSet<String>,
    /// Whether what it leaves out may stay (A33).
    pub may_keep: bool,
    /// The name that another resource bears already.
    pub clash: Option<String>,
    /// Whether its name was a deleted resource's.
    pub is_freed: bool,
}

impl Model {
    /// An empty tenant that keeps the names of groups in the documented manner, if any.
    pub fn new(group_rename: Option<Manner>) -> Self {
        Self { group_rename, ..Self::default() }
    }

    /// Notes what the provider shows of a resource for which only a name was sent.
    pub fn learn_defaults(&mut self, kind: Kind, shown: &State) {
        let bare = shown.iter().filter(|(path, _)| *path != kind.name_attribute());
        let bare = bare.map(|(path, value)| (path.clone(), value.clone())).collect();
        self.defaults.insert(kind, bare);
    }

    /// The slots that hold something.
    pub fn live(&self, kind: Kind) -> Vec<Slot> {
        self.live.keys().filter(|slot| slot.kind == kind).copied().collect()
    }

    /// The slots that held something and do not any more.
    pub fn gone(&self) -> impl Iterator<Item = Slot> + '_ {
        self.gone.iter().copied()
    }

    /// Whether something is in the slot.
    pub fn holds(&self, slot: Slot) -> bool {
        self.live.contains_key(&slot)
    }

    /// The states of what is in a slot that are right now; none where it is empty.
    pub fn states(&self, slot: Slot) -> &[State] {
        self.live.get(&slot).map_or(&[], |resource| &resource.states)
    }

    /// The state of what is in a slot, where only one is right.
    pub fn state(&self, slot: Slot) -> Option<&State> {
        match self.states(slot) {
            [state] => Some(state),
            _ => None,
        }
    }

    /// A state without what the provider adds to the resource in that slot by itself.
    pub fn plain(&self, slot: Slot, state: State) -> State {
        match self.live.get(&slot) {
            Some(resource) => self.plain_but(slot.kind, state, &resource.learnt),
            None => self.plain_but(slot.kind, state, &State::new()),
        }
    }

    /// A state without what the provider adds to every resource of the kind, and without what it
    /// added to this one.
    pub fn plain_but(&self, kind: Kind, state: State, added: &State) -> State {
        let state = without(state, added);
        self.defaults.get(&kind).map_or(state.clone(), |defaults| without(state, defaults))
    }

    /// What the provider has added to a new resource by itself.
    pub fn added(&self, kind: Kind, sent: &State, shown: &State) -> State {
        let usual = self.defaults.get(&kind).cloned().unwrap_or_default();
        added_to(sent, shown, &usual)
    }

    /// The state of what is in a slot with all that the provider adds; none where it is not
    /// settled. Queries see it so.
    pub fn full(&self, slot: Slot) -> Option<State> {
        let mut full = self.state(slot)?.clone();
        let learnt = &self.live.get(&slot)?.learnt;
        for (path, added) in
            learnt.iter().chain(self.defaults.get(&slot.kind).into_iter().flatten())
        {
            match (full.get_mut(path), added) {
                (Some(Value::Array(held)), Value::Array(added)) => {
                    held.extend(added.iter().filter(|_| learnt.contains_key(path)).cloned());
                }
                (Some(_), _) => {}
                (None, added) => {
                    full.insert(path.clone(), added.clone());
                }
            }
        }
        Some(full)
    }

    /// The groups that hold a user, in the words of the script; none where it is not settled.
    pub fn groups_of(&self, user: Slot) -> Option<BTreeSet<String>> {
        let mut groups = BTreeSet::new();
        for group in self.live(Kind::Group) {
            let state = self.state(group)?;
            if members_of(state).any(|member| member == user.reference()) {
                groups.insert(group.reference());
            }
        }
        Some(groups)
    }

    /// What a step asks for and may come to; none where it does not apply.
    pub fn expect(&self, step: &Step) -> Option<Expectation> {
        let slot = step.slot?;
        if !self.knows_all_in(&step.details) {
            return None;
        }
        if step.verb == Verb::Create {
            return self.expect_create(slot, &step.details);
        }
        let is_known = self.holds(slot) || self.gone.contains(&slot) || slot.number == NOBODY;
        if !is_known {
            return None;
        }
        let (method, body) = self.request(slot, step)?;
        let mut expectation = Expectation {
            slot,
            method: method.clone(),
            body,
            allowed: Allowed::refusal(),
            is_empty: true,
            touched: BTreeSet::new(),
            may_keep: method == Method::PUT,
            clash: None,
            is_freed: false,
        };
        if self.holds(slot) {
            expectation.is_empty = method == Method::DELETE;
            self.expect_change(slot, &mut expectation);
        }
        Some(expectation)
    }

    /// Whether all that a value refers to is there.
    fn knows_all_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => match text.strip_prefix('<').and_then(|it| it.strip_suffix('>'))
            {
                Some(word) => word.parse().is_ok_and(|slot| self.holds(slot)) || !is_slot(word),
                None => true,
            },
            Value::Array(entries) => entries.iter().all(|entry| self.knows_all_in(entry)),
            Value::Object(members) => members.values().all(|value| self.knows_all_in(value)),
            _ => true,
        }
    }

    /// Method and body of a step on something that is there, or was.
    fn request(&self, slot: Slot, step: &Step) -> Option<(Method, Option<Value>)> {
        let changing = |operations: &[Value]| (Method::PATCH, Some(patch_body(operations)));
        let members = || {
            let numbers = step.details.as_array().into_iter().flatten().filter_map(Value::as_u64);
            let slots = numbers.filter_map(|it| usize::try_from(it).ok()).map(Slot::user);
            let known: Vec<Slot> = slots.filter(|slot| self.holds(*slot)).collect();
            (!known.is_empty()).then_some(known)
        };
        let values = |slots: &[Slot]| -> Value {
            slots.iter().map(|slot| json!({"value": slot.reference()})).collect()
        };
        Some(match step.verb {
            Verb::Get => (Method::GET, None),
            Verb::Delete => (Method::DELETE, None),
            Verb::Put => {
                let mut body = step.details.clone();
                if body.get("schemas").is_none() {
                    body["schemas"] = schemas_of(slot.kind, &body);
                }
                (Method::PUT, Some(body))
            }
            Verb::Patch => changing(step.details.as_array()?),
            Verb::AddMembers => {
                changing(&[json!({"op": "add", "path": "members", "value": values(&members()?)})])
            }
            Verb::RemoveMembers => {
                let removed = members()?;
                let removals = removed.iter().map(|member| {
                    let path = format!("members[value eq \"{}\"]", member.reference());
                    json!({"op": "remove", "path": path})
                });
                changing(&removals.collect::<Vec<_>>())
            }
            Verb::SetManager => {
                let path = format!("{}:manager", scim::ENTERPRISE_USER);
                match step.details.as_u64().and_then(|number| usize::try_from(number).ok()) {
                    None => changing(&[json!({"op": "remove", "path": path})]),
                    Some(number) => {
                        let manager = Some(Slot::user(number)).filter(|it| self.holds(*it))?;
                        let value = json!({"value": manager.reference()});
                        changing(&[json!({"op": "replace", "path": path, "value": value})])
                    }
                }
            }
            Verb::Deactivate | Verb::Reactivate => {
                let active = step.verb == Verb::Reactivate;
                changing(&[json!({"op": "replace", "path": "active", "value": active})])
            }
            Verb::Rename => {
                let path = slot.kind.name_attribute();
                changing(&[json!({"op": "replace", "path": path, "value": step.details})])
            }
            _ => return None,
        })
    }

    fn expect_create(&self, slot: Slot, details: &Value) -> Option<Expectation> {
        if self.holds(slot) || slot.number == NOBODY {
            return None;
        }
        let mut body = details.clone();
        if body.get("schemas").is_none() {
            body["schemas"] = schemas_of(slot.kind, &body);
        }
        let allowed = written(slot.kind, &body, &State::new());
        let mut expectation = Expectation {
            slot,
            method: Method::POST,
            touched: allowed.states.iter().flat_map(|state| state.keys().cloned()).collect(),
            body: Some(body),
            allowed,
            is_empty: false,
            may_keep: false,
            clash: None,
            is_freed: false,
        };
        self.keep_names_apart(slot, &mut expectation);
        let name = name_in(slot.kind, expectation.allowed.states.first());
        expectation.is_freed = name.is_some_and(|name| self.freed.contains(&folded(&name)));
        Some(expectation)
    }

    /// What a change of something that is there may come to.
    fn expect_change(&self, slot: Slot, expectation: &mut Expectation) {
        let body = expectation.body.clone().unwrap_or_default();
        let operations = body.get("Operations").and_then(Value::as_array);
        let mut allowed = Allowed::default();
        for before in self.states(slot) {
            let mut after = match expectation.method {
                Method::PUT => written(slot.kind, &body, before),
                Method::PATCH => {
                    let operations = operations.map_or(&[][..], Vec::as_slice);
                    patch::apply(slot.kind, operations, before)
                }
                _ => Allowed::only(before.clone()),
            };
            self.keep_group_name(slot, before, &mut after);
            allowed.join(after);
        }
        expectation.touched = match expectation.method {
            Method::PUT => {
                let named = allowed.states.iter().chain(self.states(slot)).flat_map(State::keys);
                named.cloned().collect()
            }
            _ => touched_by(slot.kind, operations.map_or(&[][..], Vec::as_slice)),
        };
        expectation.allowed = allowed;
        if expectation.method != Method::GET && expectation.method != Method::DELETE {
            self.keep_names_apart(slot, expectation);
        }
    }

    /// A documented limitation: the new name of a group is ignored or refused.
    fn keep_group_name(&self, slot: Slot, before: &State, allowed: &mut Allowed) {
        let (Kind::Group, Some(manner)) = (slot.kind, self.group_rename) else { return };
        let renamed = |state: &&State| state.get("displayName") != before.get("displayName");
        let renamed: Vec<State> = allowed.states.iter().filter(renamed).cloned().collect();
        if renamed.is_empty() {
            return;
        }
        allowed.may_refuse |= manner != Manner::Ignored;
        for mut state in renamed {
            if let Some(name) = before.get("displayName") {
                state.insert("displayName".to_owned(), name.clone());
                allowed.states.push(state);
            }
        }
    }

    /// A user name that is taken must be refused, a group's name may be.
    fn keep_names_apart(&self, slot: Slot, expectation: &mut Expectation) {
        let before = self.states(slot).first().and_then(|state| name_in(slot.kind, Some(state)));
        let after = name_in(slot.kind, expectation.allowed.states.first());
        let Some(after) = after.filter(|after| before.as_ref() != Some(after)) else { return };
        let bears = |(other, resource): (&Slot, &Resource)| {
            let name = name_in(other.kind, resource.states.first());
            *other != slot
                && other.kind == slot.kind
                && name.is_some_and(|name| folded(&name) == folded(&after))
        };
        if !self.live.iter().any(bears) {
            return;
        }
        match slot.kind {
            Kind::User => {
                expectation.clash = Some(after);
                expectation.allowed = Allowed::refusal();
            }
            Kind::Group => expectation.allowed.may_refuse = true,
        }
    }

    /// Notes that a create was done: what was sent, and what the provider shows of it.
    pub fn created(&mut self, slot: Slot, states: Vec<State>, shown: &State) {
        let sent = states.first().cloned().unwrap_or_default();
        if let Some(name) = name_in(slot.kind, Some(&sent)) {
            self.freed.remove(&folded(&name));
        }
        self.gone.remove(&slot);
        let learnt = self.added(slot.kind, &sent, shown);
        self.live.insert(slot, Resource { states, learnt });
    }

    /// Notes that a change was done: these states are right now.
    pub fn changed(&mut self, slot: Slot, states: Vec<State>) {
        if let Some(resource) = self.live.get_mut(&slot).filter(|_| !states.is_empty()) {
            let name = |state: Option<&State>| name_in(slot.kind, state).map(|it| folded(&it));
            let (before, after) = (name(resource.states.first()), name(states.first()));
            resource.states = states;
            if before != after {
                self.freed.extend(before);
            }
        }
    }

    /// Notes that a resource was deleted. What refers to it may lose it or keep it.
    pub fn deleted(&mut self, slot: Slot) {
        let Some(resource) = self.live.remove(&slot) else { return };
        self.gone.insert(slot);
        self.freed.extend(name_in(slot.kind, resource.states.first()).map(|it| folded(&it)));
        if slot.kind == Kind::Group {
            return;
        }
        let (known, dangling) =
            (json!({"value": slot.reference()}), json!({"value": former(slot)}));
        for (other, resource) in &mut self.live {
            let mut states = Vec::new();
            for state in &resource.states {
                let path = if other.kind == Kind::Group { "members" } else { MANAGER };
                for replacement in [None, Some(&dangling)] {
                    let state = referring(state, path, &known, replacement);
                    if !states.contains(&state) {
                        states.push(state);
                    }
                }
            }
            resource.states = states;
        }
    }

    /// Notes what a read shows, where that is one of the states that are right.
    pub fn settle(&mut self, slot: Slot, shown: &State) {
        if let Some(resource) = self.live.get_mut(&slot)
            && resource.states.len() > 1
            && resource.states.contains(shown)
        {
            resource.states = vec![shown.clone()];
        }
    }
}

const MANAGER: &str = "enterprise.manager";

fn is_slot(word: &str) -> bool {
    word.parse::<Slot>().is_ok()
}

/// A state in which a reference was replaced or taken out.
fn referring(state: &State, path: &str, known: &Value, replacement: Option<&Value>) -> State {
    let mut state = state.clone();
    match state.get_mut(path) {
        Some(Value::Array(entries)) if entries.contains(known) => {
            entries.retain(|entry| entry != known);
            entries.extend(replacement.cloned());
            entries.sort_by_key(Value::to_string);
            if entries.is_empty() {
                state.remove(path);
            }
        }
        Some(held) if held == known => match replacement {
            Some(replacement) => *held = replacement.clone(),
            None => {
                state.remove(path);
            }
        },
        _ => {}
    }
    state
}

/// The members of a group's state.
pub fn members_of(state: &State) -> impl Iterator<Item = &str> {
    let members = state.get("members").and_then(Value::as_array).into_iter().flatten();
    members.filter_map(|member| member.get("value")?.as_str())
}

fn name_in(kind: Kind, state: Option<&State>) -> Option<String> {
    state?.get(kind.name_attribute())?.as_str().map(str::to_owned)
}

/// A name as it is compared: without case (RFC 7643 §4.1.1).
fn folded(name: &str) -> String {
    name.to_lowercase()
}

fn schemas_of(kind: Kind, body: &Value) -> Value {
    let mut urns = vec![kind.schema().id];
    if body.get(scim::ENTERPRISE_USER).is_some() {
        urns.push(scim::ENTERPRISE_USER);
    }
    json!(urns)
}

/// What the body of a POST or PUT makes of a resource.
fn written(kind: Kind, body: &Value, before: &State) -> Allowed {
    let mut state = State::new();
    let mut may_refuse = false;
    let members = body.as_object().into_iter().flatten();
    for (name, raw) in members {
        let attributes = match (kind.find_extension(name), raw) {
            (Some(extension), Value::Object(members)) => {
                let named = members.iter();
                named.map(|(name, raw)| (ENTERPRISE, extension.find(name), raw)).collect()
            }
            (Some(_), Value::Null) => Vec::new(),
            (Some(_), _) => return Allowed::refusal(),
            (None, raw) => vec![("", kind.find(name), raw)],
        };
        for (prefix, attribute, raw) in attributes {
            let Some(attribute) = attribute else {
                may_refuse = true; // A06
                continue;
            };
            if attribute.mutability == Mutability::ReadOnly {
                may_refuse |= !before.is_empty(); // A34
                continue;
            }
            let Some(fit) = fit::whole(attribute, raw) else { return Allowed::refusal() };
            may_refuse |= fit.may_be_refused;
            if attribute.name != "schemas" && attribute.name != "password" {
                let path = format!("{prefix}{}", attribute.name);
                set(&mut state, path, attribute, &fit.value.unwrap_or_default());
            }
        }
    }
    if !state.contains_key(kind.name_attribute()) {
        return Allowed::refusal();
    }
    Allowed { states: vec![state], may_refuse }
}

/// The attributes that operations name, by path in states.
fn touched_by(kind: Kind, operations: &[Value]) -> BTreeSet<String> {
    let mut touched = BTreeSet::new();
    let mut name = |text: &str| {
        let Ok(path) = PatchPath::parse(text) else { return };
        let path = path.path;
        let in_extension =
            path.schema.as_deref().is_some_and(|urn| kind.find_extension(urn).is_some());
        let extension = scim::schema::enterprise_user();
        if path.is_container() {
            let all = extension.attributes.iter().filter(|_| in_extension);
            touched.extend(all.map(|it| format!("{ENTERPRISE}{}", it.name)));
        } else if let Some(attribute) = kind.find(&path.attribute).filter(|_| !in_extension) {
            touched.insert(attribute.name.to_owned());
        } else if let Some(attribute) = extension.find(&path.attribute) {
            touched.insert(format!("{ENTERPRISE}{}", attribute.name));
        }
    };
    for operation in operations {
        match (operation.get("path"), operation.get("value")) {
            (Some(Value::String(path)), _) => name(path),
            (_, Some(Value::Object(members))) => members.keys().for_each(|key| name(key)),
            _ => {}
        }
    }
    touched
}

#[cfg(test)]
mod tests;
