//! Steps that compare a tenant with itself: two ways that must come to the same.
//!
//! Here they are drawn; whoever plays a history knows the requests. Most of them leave the resource
//! as one plain step would, so the histories drawn after them fit.

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::norm::State;
use super::offer::{Look, look_of, value, wire_path};
use super::slot::{EVERY, Kind, Slot};
use super::step::{Step, Verb};

/// The plain step that leaves a resource as this one does; none where it leaves it as it was.
pub fn plainly(step: &Step) -> Option<Step> {
    let slot = step.slot?;
    let with = |verb, details: Value| Some(Step::new(verb, slot, details));
    let replaced = || {
        let members = step.details.as_object().into_iter().flatten();
        members
            .map(|(path, value)| json!({"op": "replace", "path": wire_path(path), "value": value}))
            .collect::<Value>()
    };
    match step.verb {
        Verb::PutTwice => with(Verb::Put, step.details.clone()),
        Verb::PatchOrPut | Verb::PatchSplit | Verb::PatchEitherOrder => {
            with(Verb::Patch, step.details.clone())
        }
        Verb::RenameAndLook => with(Verb::Rename, step.details.clone()),
        Verb::OneByOne => with(Verb::AddMembers, step.details.clone()),
        Verb::LoseAnswer => with(Verb::Create, step.details.clone()),
        Verb::Spell | Verb::Dialects | Verb::See | Verb::Cached => with(Verb::Patch, replaced()),
        Verb::AddTwice => with(Verb::Patch, json!([{"op": "add", "value": step.details}])),
        _ => None,
    }
}

/// What a trial is drawn from.
pub(super) struct Ground<'a> {
    /// Attributes that the tenant takes of the kind.
    pub(super) offered: &'a [&'static str],
    /// The state of the resource.
    pub(super) state: &'a State,
    /// The names of some users, in the words of the script.
    pub(super) names: &'a [Value],
    /// Live users by number.
    pub(super) users: &'a [usize],
}

/// A trial of that verb on the resource in a slot; none where there is nothing to try.
pub(super) fn trial(dice: &mut Dice, verb: Verb, slot: Slot, ground: &Ground<'_>) -> Option<Step> {
    let every = Slot { kind: slot.kind, number: EVERY };
    let texts = texts(ground.offered);
    let one_text = |dice: &mut Dice| dice.pick(&texts).copied();
    Some(match verb {
        Verb::Look | Verb::PutBack => Step::bare(verb, slot),
        Verb::List => Step::bare(verb, every),
        Verb::Filter | Verb::FilterTwice | Verb::Search => {
            Step::new(verb, every, filter(dice, slot.kind, ground))
        }
        Verb::Page => Step::new(verb, every, json!({"count": 1 + dice.below(4)})),
        Verb::Sort => {
            let by = if slot.kind == Kind::User { one_text(dice) } else { None };
            let order = dice.text(&["ascending", "descending"]);
            let by = by.unwrap_or(slot.kind.name_attribute());
            Step::new(verb, every, json!({"by": wire_path(by), "order": order}))
        }
        Verb::Project => {
            let named = dice.pick(ground.offered).copied().unwrap_or(slot.kind.name_attribute());
            let way = dice.text(&["attributes", "excludedAttributes"]);
            Step::new(verb, slot, json!({way: wire_path(named)}))
        }
        Verb::PatchEitherOrder => {
            let (one, other) = (one_text(dice)?, one_text(dice)?);
            let both = [one, other].map(|name| {
                json!({"op": "replace", "path": wire_path(name), "value": value(dice, name)})
            });
            (one != other).then(|| Step::new(verb, slot, both.to_vec()))?
        }
        Verb::AddTwice => Step::new(verb, slot, some(dice, ground.offered)),
        Verb::AddAndRemove => {
            let typed: Vec<&str> =
                ground.offered.iter().copied().filter(|it| is_listed(it)).collect();
            let name = dice.pick(&typed)?;
            let mut entry = value(dice, name)[0].clone();
            entry.as_object_mut()?.remove("primary");
            entry["value"] = format!("added-{}", dice.below(1_000)).into();
            Step::new(verb, slot, json!({*name: entry}))
        }
        Verb::ThereAndBack | Verb::Spell | Verb::See | Verb::Cached => {
            let name = one_text(dice)?;
            Step::new(verb, slot, json!({name: format!("w-{}", dice.below(1_000_000))}))
        }
        Verb::Dialects => {
            let mut fitting = texts.clone();
            fitting.extend(ground.offered.iter().copied().filter(|name| *name == "active"));
            Step::new(verb, slot, some(dice, &fitting))
        }
        Verb::Nothing => Step::new(verb, every, dice.pick(ground.offered)?.to_string()),
        Verb::InBulk | Verb::BulkStops => Step::new(verb, every, some(dice, &texts)),
        Verb::UpperCase | Verb::Reversed | Verb::WithUnknown => {
            Step::new(verb, every, some(dice, ground.offered))
        }
        Verb::Shield => Step::new(verb, slot, json!({"by": dice.text(&["put", "patch"])})),
        Verb::ClaimName => Step::new(verb, every, dice.pick(ground.names)?.clone()),
        Verb::OneByOne => {
            let mut users: Vec<usize> = Vec::new();
            for _ in 0..3 {
                users.extend(dice.pick(ground.users));
            }
            users.sort_unstable();
            users.dedup();
            (users.len() > 1).then(|| Step::new(verb, slot, users))?
        }
        _ => return None,
    })
}

/// Up to three of the attributes, each with a value.
fn some(dice: &mut Dice, names: &[&str]) -> Value {
    let mut members = Map::new();
    for _ in 0..=dice.below(2) {
        if let Some(name) = dice.pick(names) {
            members.insert((*name).to_owned(), value(dice, name));
        }
    }
    members.into()
}

/// Attributes whose value is a text of any kind; those with a name of their own are left out.
fn texts(offered: &[&'static str]) -> Vec<&'static str> {
    let is_text = |name: &&str| matches!(look_of(name), Look::Text);
    offered.iter().copied().filter(|name| *name != "externalId").filter(is_text).collect()
}

fn is_listed(name: &str) -> bool {
    matches!(name, "emails" | "phoneNumbers" | "roles")
}

/// A filter over what the history writes, up to four comparisons deep.
fn filter(dice: &mut Dice, kind: Kind, ground: &Ground<'_>) -> String {
    let count = 1 + dice.below(3);
    let mut filter = comparison(dice, kind, ground);
    for _ in 1..count {
        let word = dice.text(&["and", "or"]);
        let next = comparison(dice, kind, ground);
        filter = match dice.below(4) {
            0 => format!("not ({filter}) {word} {next}"),
            1 => format!("({filter}) {word} ({next})"),
            2 => format!("{next} {word} ({filter})"),
            _ => format!("{filter} {word} {next}"),
        };
    }
    filter
}

fn comparison(dice: &mut Dice, kind: Kind, ground: &Ground<'_>) -> String {
    if kind == Kind::Group {
        return group_comparison(dice, ground);
    }
    let Some(name) = dice.pick(ground.offered).copied() else {
        return "userName pr".to_owned();
    };
    let path = wire_path(name);
    if dice.percent(15) {
        return format!("{path} pr");
    }
    let held = ground.state.get(name).cloned().filter(|_| dice.percent(50));
    let value = held.unwrap_or_else(|| value(dice, name));
    let word = dice.text(&["eq", "co", "sw", "ew", "EQ", "gt", "le"]);
    match (look_of(name), &value) {
        (Look::Flag, _) => format!("{path} eq {value}"),
        (Look::Name, value) => {
            let (part, text) = value
                .as_object()
                .and_then(|it| it.iter().next())
                .map_or(("familyName", json!("x")), |(part, text)| (part.as_str(), text.clone()));
            format!("{path}.{part} {word} {text}")
        }
        (Look::Typed(..), Value::Array(entries)) => {
            let entry = dice.pick(entries).cloned().unwrap_or_default();
            let part = if name == "addresses" { "locality" } else { "value" };
            let (of, held) = (&entry["type"], &entry[part]);
            match dice.below(3) {
                0 => format!("{path}[type eq {of} and {part} eq {held}]"),
                1 => format!("{path}.{part} {word} {held}"),
                _ => format!("{path}[type eq {of}]"),
            }
        }
        (_, value) => format!("{path} {word} {value}"),
    }
}

fn group_comparison(dice: &mut Dice, ground: &Ground<'_>) -> String {
    match (dice.below(3), dice.pick(ground.users)) {
        (0, Some(user)) => format!("members.value eq \"{}\"", Slot::user(*user).reference()),
        (1, Some(user)) => format!("members[value eq \"{}\"]", Slot::user(*user).reference()),
        (_, _) => format!("displayName co \"Team {}\"", dice.below(3)),
    }
}
