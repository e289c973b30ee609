//! What a PATCH may make of a resource (RFC 7644 §3.5.2): the model's own reading.
//!
//! Made without a look at any server's. The result is a set: most operations allow one state, and
//! where the RFC can be read in more ways each of them is right, refusal included. Operations apply
//! in order to whatever the earlier ones allow.

use serde_json::{Map, Value};

use super::evaluate::{Truth, entry_meets};
use super::fit::{self, is_primary};
use super::norm::{ENTERPRISE, State, normal, set};
use super::slot::Kind;
use crate::scim::filter::{CompareOperator, Filter};
use crate::scim::path::{AttributePath, PatchPath};
use crate::scim::schema::{self, Attribute, AttributeType, Mutability, Returned};

/// What a write may come to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Allowed {
    /// The states that are right after it was done; none means that it must be refused.
    pub states: Vec<State>,
    /// Whether it may be refused.
    pub may_refuse: bool,
}

impl Allowed {
    /// Exactly this.
    pub fn only(state: State) -> Self {
        Self { states: vec![state], may_refuse: false }
    }

    /// Nothing but a refusal.
    pub fn refusal() -> Self {
        Self { states: Vec::new(), may_refuse: true }
    }

    fn either(state: State) -> Self {
        Self { states: vec![state], may_refuse: true }
    }

    fn or_refusal(self, may_refuse: bool) -> Self {
        Self { may_refuse: self.may_refuse || may_refuse, ..self }
    }

    /// Adds what another reading allows.
    pub fn join(&mut self, other: Self) {
        self.may_refuse |= other.may_refuse;
        for state in other.states {
            if !self.states.contains(&state) && self.states.len() < STATES_MAX {
                self.states.push(state);
            }
        }
    }

    /// What a further change makes of each state.
    fn then(self, change: impl Fn(&State) -> Self) -> Self {
        let mut next = Self { states: Vec::new(), may_refuse: self.may_refuse };
        for state in &self.states {
            next.join(change(state));
        }
        next.may_refuse |= next.states.is_empty();
        next
    }
}

/// Readings kept side by side. Drawn operations stay far below.
const STATES_MAX: usize = 256;

/// What these operations may make of a state.
pub fn apply(kind: Kind, operations: &[Value], before: &State) -> Allowed {
    let nothing_to_do = operations.is_empty();
    let start = Allowed::only(before.clone()).or_refusal(nothing_to_do);
    operations
        .iter()
        .fold(start, |allowed, operation| allowed.then(|state| apply_one(kind, operation, state)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Add,
    Remove,
    Replace,
}

fn apply_one(kind: Kind, operation: &Value, state: &State) -> Allowed {
    let word = operation.get("op").and_then(Value::as_str).unwrap_or_default();
    let lower = word.to_ascii_lowercase();
    let is_odd = lower != word;
    let word = match lower.as_str() {
        "add" => Word::Add,
        "remove" => Word::Remove,
        "replace" => Word::Replace,
        _ => return Allowed::refusal(),
    };
    let value = operation.get("value");
    let allowed = match (operation.get("path"), word, value) {
        (Some(Value::String(path)), _, _) => match PatchPath::parse(path) {
            Ok(path) => at_path(kind, word, &path, value, state),
            Err(_) => Allowed::refusal(),
        },
        (Some(_), _, _) | (None, Word::Remove, _) => Allowed::refusal(),
        (None, _, Some(Value::Object(members))) => {
            members.iter().fold(Allowed::only(state.clone()), |allowed, (name, value)| {
                allowed.then(|state| member(kind, word, name, value, state))
            })
        }
        (None, _, _) => Allowed::refusal(),
    };
    allowed.or_refusal(is_odd)
}

/// One member of a value without path.
fn member(kind: Kind, word: Word, name: &str, value: &Value, state: &State) -> Allowed {
    if kind.find_extension(name).is_some() {
        return container(word, value, state);
    }
    if let Some(attribute) = kind.find(name) {
        let place = Place { path: attribute.name.to_owned(), attribute, part: None, filter: None };
        if attribute.mutability == Mutability::ReadOnly {
            return Allowed::either(state.clone()); // A39
        }
        return write(word, &place, value, state);
    }
    // A55: Entra writes paths here; who does not read them refuses, and nobody keeps them as names.
    let path = PatchPath::parse(name).ok();
    match path.as_ref().and_then(|path| Place::of(kind, path)) {
        Some((place, _)) => write(word, &place, value, state).or_refusal(true),
        None => Allowed::either(state.clone()), // A06
    }
}

/// The extension as a whole: merged, or replaced where a server reads it so (A13).
fn container(word: Word, value: &Value, state: &State) -> Allowed {
    let bare = || {
        let kept = state.iter().filter(|(path, _)| !path.starts_with(ENTERPRISE));
        kept.map(|(path, value)| (path.clone(), value.clone())).collect::<State>()
    };
    let Value::Object(members) = value else {
        return if value.is_null() { Allowed::either(bare()) } else { Allowed::refusal() };
    };
    let merged = |start: &State| {
        members.iter().fold(Allowed::only(start.clone()), |allowed, (name, value)| {
            allowed.then(|state| match schema::enterprise_user().find(name) {
                None => Allowed::either(state.clone()),
                Some(attribute) => {
                    let path = format!("{ENTERPRISE}{}", attribute.name);
                    let place = Place { path, attribute, part: None, filter: None };
                    write(word, &place, value, state)
                }
            })
        })
    };
    let mut allowed = merged(state);
    allowed.join(merged(&bare()));
    allowed
}

fn at_path(
    kind: Kind,
    word: Word,
    path: &PatchPath,
    value: Option<&Value>,
    state: &State,
) -> Allowed {
    if path.path.is_container() {
        let urn = path.path.schema.as_deref().unwrap_or_default();
        return match (kind.find_extension(urn), word, value) {
            (None, _, _) | (_, Word::Add | Word::Replace, None) => Allowed::refusal(),
            (_, Word::Remove, _) => container(word, &Value::Null, state), // A31
            (_, _, Some(value)) => container(word, value, state).or_refusal(true),
        };
    }
    let Some((place, is_open)) = Place::of(kind, path) else { return Allowed::refusal() };
    let parts = [Some(place.attribute), place.part];
    if parts.into_iter().flatten().any(|it| it.mutability == Mutability::ReadOnly) {
        return Allowed::refusal();
    }
    match (word, value) {
        (Word::Remove, value) => remove(&place, value, state),
        (_, None) => Allowed::refusal(),
        (_, Some(value)) => write(word, &place, value, state),
    }
    .or_refusal(is_open)
}

/// What an operation works on.
struct Place<'a> {
    /// The attribute's path in states.
    path: String,
    attribute: &'static Attribute,
    part: Option<&'static Attribute>,
    filter: Option<&'a Filter>,
}

impl<'a> Place<'a> {
    /// What a path names, and whether it says so in a way that may be refused.
    fn of(kind: Kind, path: &'a PatchPath) -> Option<(Self, bool)> {
        let AttributePath { schema, attribute: name, .. } = &path.path;
        let extension = schema::enterprise_user();
        let own = |urn: &str| urn.eq_ignore_ascii_case(kind.schema().id);
        let (attribute, in_extension, is_open) = match schema.as_deref() {
            Some(urn) if own(urn) => (kind.find(name)?, false, false),
            Some(urn) => (kind.find_extension(urn)?.find(name)?, true, false),
            None => match kind.find(name) {
                Some(attribute) => (attribute, false, false),
                // No RFC lets a name of the extension stand alone; Entra's pages do.
                None if kind == Kind::User => (extension.find(name)?, true, true),
                None => return None,
            },
        };
        let part = match path.sub_attribute() {
            Some(part) => Some(attribute.find(part)?),
            None => None,
        };
        let can_select = attribute.multi_valued && attribute.kind == AttributeType::Complex;
        if path.filter.is_some() && !can_select {
            return None;
        }
        let prefix = if in_extension { ENTERPRISE } else { "" };
        let path_in_state = format!("{prefix}{}", attribute.name);
        let filter = path.filter.as_ref();
        Some((Self { path: path_in_state, attribute, part, filter }, is_open))
    }

    fn held(&self, state: &State) -> Option<Value> {
        state.get(&self.path).cloned()
    }

    fn entries(&self, state: &State) -> Vec<Value> {
        match state.get(&self.path) {
            Some(Value::Array(entries)) => entries.clone(),
            _ => Vec::new(),
        }
    }

    fn with(&self, state: &State, value: Option<Value>) -> State {
        let mut state = state.clone();
        set(&mut state, self.path.clone(), self.attribute, &value.unwrap_or_default());
        state
    }

    fn with_entries(&self, state: &State, entries: Vec<Value>) -> State {
        self.with(state, Some(entries.into()))
    }

    /// The places of the values that the filter selects.
    fn selected(&self, entries: &[Value]) -> Vec<usize> {
        let selects = |entry: &Value| {
            self.filter.is_none_or(|it| entry_meets(it, self.attribute, entry) == Truth::Holds)
        };
        (0..entries.len()).filter(|place| selects(&entries[*place])).collect()
    }
}

/// `add` or `replace`.
fn write(word: Word, place: &Place<'_>, raw: &Value, state: &State) -> Allowed {
    let attribute = place.attribute;
    if attribute.returned == Returned::Never || attribute.name == "schemas" {
        return Allowed::either(state.clone());
    }
    match (place.part, place.filter) {
        (Some(part), _) if attribute.multi_valued => write_part_of_many(place, part, raw, state),
        (Some(part), _) => write_part(place, part, raw, state),
        (None, Some(_)) => write_selected(place, raw, state),
        (None, None) if attribute.multi_valued => write_many(word, place, raw, state),
        (None, None) => write_one(word, place, raw, state),
    }
}

fn write_one(word: Word, place: &Place<'_>, raw: &Value, state: &State) -> Allowed {
    let Some(fit) = fit::one(place.attribute, raw) else { return Allowed::refusal() };
    let is_empty = raw.is_null() || raw.as_array().is_some_and(Vec::is_empty);
    let may_refuse = fit.may_be_refused || is_empty; // A10
    let (Value::Object(given), Some(Value::Object(mut merged))) =
        (raw, place.held(state).or_else(|| Some(Map::new().into())))
    else {
        return Allowed::only(place.with(state, fit.value)).or_refusal(may_refuse);
    };
    let value = fit.value.unwrap_or_default();
    for part in given.keys().filter_map(|name| place.attribute.find(name)) {
        match value.get(part.name) {
            Some(value) => merged.insert(part.name.to_owned(), value.clone()),
            None => merged.remove(part.name),
        };
    }
    let mut allowed = Allowed::only(place.with(state, Some(merged.into())));
    if word == Word::Add {
        allowed.join(Allowed::only(place.with(state, Some(value)))); // A36
    }
    allowed.or_refusal(may_refuse)
}

fn write_part(place: &Place<'_>, part: &Attribute, raw: &Value, state: &State) -> Allowed {
    let Some(fit) = fit::one(part, raw) else { return Allowed::refusal() };
    let mut members = match place.held(state) {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let may_refuse = fit.may_be_refused || raw.is_null();
    match fit.value {
        Some(value) => members.insert(part.name.to_owned(), value),
        None => members.remove(part.name),
    };
    Allowed::only(place.with(state, Some(members.into()))).or_refusal(may_refuse)
}

fn write_many(word: Word, place: &Place<'_>, raw: &Value, state: &State) -> Allowed {
    let Some(fit) = fit::whole(place.attribute, raw) else { return Allowed::refusal() };
    let given = match fit.value {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    let allowed = match word {
        Word::Add => added(place, &given, state),
        Word::Replace | Word::Remove => Allowed::only(place.with_entries(state, given)),
    };
    allowed.or_refusal(fit.may_be_refused || raw.is_null())
}

/// Values appended: one that is there is not added again; one that differs in little from one that
/// is there may be merged with it, or stand beside it.
fn added(place: &Place<'_>, given: &[Value], state: &State) -> Allowed {
    given.iter().fold(Allowed::only(state.clone()), |allowed, new| {
        allowed.then(|state| {
            let entries = place.entries(state);
            let Some(new) = normal(place.attribute, &vec![new.clone()].into()) else {
                return Allowed::only(state.clone());
            };
            let new = new[0].clone();
            if entries.contains(&new) {
                return Allowed::only(state.clone());
            }
            let alike = entries.iter().position(|held| are_alike(held, &new));
            let beside = [entries.as_slice(), std::slice::from_ref(&new)].concat();
            let at = beside.len() - 1;
            let mut allowed = Allowed::only(settled(place, beside, &[at], state));
            if let Some(at) = alike {
                let mut merged = entries;
                if let (Value::Object(held), Value::Object(new)) = (&mut merged[at], new) {
                    held.extend(new.into_iter().filter(|(name, _)| !is_identity(name)));
                }
                allowed.join(Allowed::only(settled(place, merged, &[at], state)));
            }
            allowed
        })
    })
}

fn is_identity(name: &str) -> bool {
    matches!(name, "value" | "type")
}

/// Whether two values are one by `value` and `type` (RFC 7643 §2.4).
fn are_alike(one: &Value, other: &Value) -> bool {
    let folded =
        |value: &Value, name: &str| value.get(name).map(|it| it.to_string().to_lowercase());
    let same = |name| folded(one, name) == folded(other, name);
    one.get("value").is_some() && same("value") && same("type")
}

/// The state with these values; a mark set at one of these places is taken from all others.
fn settled(place: &Place<'_>, mut entries: Vec<Value>, touched: &[usize], state: &State) -> State {
    let chosen = touched.iter().copied().find(|at| is_primary(&entries[*at]));
    if let Some(chosen) = chosen {
        for (at, entry) in entries.iter_mut().enumerate() {
            if let (true, Value::Object(members)) = (at != chosen, entry) {
                members.remove("primary");
            }
        }
    }
    place.with_entries(state, entries)
}

/// What a filter's `eq` terms say of a value that would meet it; none where it says more.
fn terms(filter: &Filter, attribute: &Attribute) -> Option<Map<String, Value>> {
    let terms = match filter {
        Filter::And(terms) => terms.as_slice(),
        term => std::slice::from_ref(term),
    };
    let mut value = Map::new();
    for term in terms {
        let Filter::Compare { path, operator: CompareOperator::Equal, value: literal } = term
        else {
            return None;
        };
        value.insert(attribute.find(&path.attribute)?.name.to_owned(), literal.clone());
    }
    Some(value)
}

/// A value that a selector without match stands for: made, or refused (A37).
fn made(place: &Place<'_>, more: Map<String, Value>, state: &State) -> Allowed {
    match place.filter.and_then(|filter| terms(filter, place.attribute)) {
        None => Allowed::refusal(),
        Some(mut new) => {
            new.extend(more);
            added(place, &[new.into()], state).or_refusal(true)
        }
    }
}

fn write_part_of_many(place: &Place<'_>, part: &Attribute, raw: &Value, state: &State) -> Allowed {
    let Some(fit) = fit::one(part, raw) else { return Allowed::refusal() };
    let mut entries = place.entries(state);
    let selected = place.selected(&entries);
    let may_refuse = fit.may_be_refused || raw.is_null() || place.filter.is_none();
    if selected.is_empty() {
        let more = fit.value.map(|value| Map::from_iter([(part.name.to_owned(), value)]));
        return match (more, place.filter) {
            (None, _) => Allowed::either(state.clone()),
            (Some(more), Some(_)) => made(place, more, state),
            (Some(more), None) => {
                let mut allowed = Allowed::either(state.clone());
                allowed.join(added(place, &[more.into()], state));
                allowed
            }
        };
    }
    for at in &selected {
        let Value::Object(members) = &mut entries[*at] else { continue };
        match &fit.value {
            Some(value) => members.insert(part.name.to_owned(), value.clone()),
            None => members.remove(part.name),
        };
    }
    let marks_several = part.name == "primary" && selected.len() > 1;
    Allowed::only(settled(place, entries, &selected, state)).or_refusal(may_refuse || marks_several)
}

/// Selected values: replaced whole, or merged (A38).
fn write_selected(place: &Place<'_>, raw: &Value, state: &State) -> Allowed {
    let mut entries = place.entries(state);
    let selected = place.selected(&entries);
    if raw.is_null() {
        let mut at = 0;
        entries.retain(|_| {
            at += 1;
            !selected.contains(&(at - 1))
        });
        return Allowed::either(place.with_entries(state, entries));
    }
    let Value::Object(given) = raw else { return Allowed::refusal() };
    let Some(fit) = fit::one(place.attribute, raw) else { return Allowed::refusal() };
    let Some(Value::Object(new)) = fit.value else { return Allowed::either(state.clone()) };
    if selected.is_empty() {
        return made(place, new, state);
    }
    let mut merged = entries.clone();
    for at in &selected {
        entries[*at] = new.clone().into();
        let Value::Object(members) = &mut merged[*at] else { continue };
        members.retain(|name, _| new.contains_key(name) || !given.contains_key(name));
        members.extend(new.clone());
    }
    let mut allowed = Allowed::only(settled(place, entries, &selected, state));
    allowed.join(Allowed::only(settled(place, merged, &selected, state)));
    let marks_several = new.contains_key("primary") && selected.len() > 1;
    allowed.or_refusal(fit.may_be_refused || marks_several)
}

fn remove(place: &Place<'_>, value: Option<&Value>, state: &State) -> Allowed {
    let attribute = place.attribute;
    if attribute.name == "schemas" || attribute.returned == Returned::Never {
        return Allowed::either(state.clone());
    }
    if attribute.required && place.part.is_none() {
        return Allowed::refusal();
    }
    let unassigned = match (place.part, place.filter) {
        (None, None) if attribute.multi_valued && value.is_some_and(|it| !it.is_null()) => {
            return remove_listed(place, value.unwrap_or(&Value::Null), state);
        }
        (None, None) => place.with(state, None),
        (Some(part), None) if !attribute.multi_valued => {
            let mut held = place.held(state).unwrap_or_default();
            held.as_object_mut().map(|members| members.remove(part.name));
            place.with(state, Some(held))
        }
        (part, _) => {
            let mut entries = place.entries(state);
            for at in place.selected(&entries).into_iter().rev() {
                match (part, &mut entries[at]) {
                    (Some(part), Value::Object(members)) => {
                        members.remove(part.name);
                    }
                    _ => {
                        entries.remove(at);
                    }
                }
            }
            place.with_entries(state, entries)
        }
    };
    let nothing_there = unassigned == *state; // A15
    let is_open = place.part.is_some() && place.filter.is_none() && attribute.multi_valued;
    Allowed::only(unassigned).or_refusal(nothing_there || is_open)
}

/// Entra's removal, which lists the values: those go, and no others (A16).
fn remove_listed(place: &Place<'_>, listed: &Value, state: &State) -> Allowed {
    let entries = place.entries(state);
    let listed: Vec<&Value> = match listed {
        Value::Array(listed) => listed.iter().collect(),
        one => vec![one],
    };
    let is_listed = |entry: &Value| {
        listed.iter().any(|listed| {
            let says = |name: &str| listed.get(name).is_none_or(|it| entry.get(name) == Some(it));
            ["value", "type"].into_iter().all(says)
        })
    };
    let kept: Vec<Value> = entries.iter().filter(|entry| !is_listed(entry)).cloned().collect();
    let nothing_there = kept.len() == entries.len();
    Allowed::only(place.with_entries(state, kept)).or_refusal(nothing_there)
}

#[cfg(test)]
mod tests;
