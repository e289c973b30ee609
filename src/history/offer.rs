//! What a tenant takes, so that a history does not stumble over what it openly lacks; and the
//! values that are drawn for each attribute.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::step::Verb;
use crate::directory::AWKWARD_TEXTS;
use crate::scim;

/// What a tenant takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// Attributes of users that survive a write, by path: `title`, `enterprise.department`.
    pub user: Vec<&'static str>,
    /// Attributes of groups besides name and members.
    pub group: Vec<&'static str>,
    /// Verbs that the tenant lacks what they need for.
    pub without: BTreeSet<Verb>,
}

impl Offer {
    /// Everything that is drawn at all.
    pub fn whole() -> Self {
        Self {
            user: ATTRIBUTES.iter().map(|(name, _)| *name).collect(),
            group: vec!["externalId"],
            without: BTreeSet::new(),
        }
    }
}

/// How an attribute's values look.
#[derive(Debug, Clone, Copy)]
pub(super) enum Look {
    /// Any text.
    Text,
    /// One of a few words that servers may check.
    Words(&'static [&'static str]),
    /// True or false.
    Flag,
    /// `name`.
    Name,
    /// Several values, each with one of these types.
    Typed(&'static [&'static str], fn(&mut Dice) -> Value),
}

/// The attributes of users that histories write.
pub(super) const ATTRIBUTES: &[(&str, Look)] = &[
    ("externalId", Look::Words(&["ext-1-<marker>", "EXT-1-<marker>", "ext-2-<marker>"])),
    ("displayName", Look::Text),
    ("title", Look::Text),
    ("nickName", Look::Text),
    ("preferredLanguage", Look::Words(&["en-US", "fr-CA", "ja-JP"])),
    ("locale", Look::Words(&["en-US", "de-DE"])),
    ("timezone", Look::Words(&["Europe/Paris", "America/Los_Angeles"])),
    ("active", Look::Flag),
    ("name", Look::Name),
    ("emails", Look::Typed(&["work", "home", "other"], email)),
    ("phoneNumbers", Look::Typed(&["work", "mobile", "fax"], phone)),
    ("addresses", Look::Typed(&["work", "home", "other"], address)),
    ("roles", Look::Typed(&["app", "site"], role)),
    ("enterprise.department", Look::Text),
    ("enterprise.employeeNumber", Look::Words(&["0042", "E-77", "1"])),
];

/// How the values of a user's attribute look.
pub(super) fn look_of(attribute: &str) -> Look {
    let known = ATTRIBUTES.iter().find(|(name, _)| *name == attribute);
    known.map_or(Look::Text, |(_, look)| *look)
}

/// The attribute as a path of PATCH and filters writes it.
pub fn wire_path(attribute: &str) -> String {
    match attribute.strip_prefix("enterprise.") {
        Some(name) => format!("{}:{name}", scim::ENTERPRISE_USER),
        None => attribute.to_owned(),
    }
}

/// A value of a user's attribute.
pub(super) fn value(dice: &mut Dice, attribute: &str) -> Value {
    match look_of(attribute) {
        Look::Text => text(dice).into(),
        Look::Words(words) => dice.text(words).into(),
        Look::Flag => dice.percent(50).into(),
        Look::Name => name(dice),
        Look::Typed(types, entry) => several(dice, types, entry),
    }
}

/// A text, now and then an awkward one.
pub(super) fn text(dice: &mut Dice) -> String {
    if dice.percent(25) { dice.text(AWKWARD_TEXTS) } else { dice.text(PLAIN_TEXTS) }
}

/// Plain texts; few, so that the same comes up again.
pub(super) const PLAIN_TEXTS: &[&str] =
    &["Lead", "lead", "Engineer", "Sales EMEA", "Team Two", "Zoe"];

const GIVEN: &[&str] = &["Ada", "Zoé", "Bob"];
const FAMILY: &[&str] = &["Byron", "O'Neill", "byron"];

fn name(dice: &mut Dice) -> Value {
    let mut members = Map::new();
    if dice.percent(80) {
        members.insert("givenName".to_owned(), dice.text(GIVEN).into());
    }
    if dice.percent(80) || members.is_empty() {
        members.insert("familyName".to_owned(), dice.text(FAMILY).into());
    }
    members.into()
}

/// One to three values of different types; now and then one is primary.
fn several(dice: &mut Dice, types: &[&str], entry: fn(&mut Dice) -> Value) -> Value {
    let first = dice.below(types.len());
    let count = 1 + dice.below(types.len());
    let mut entries: Vec<Value> = (0..count)
        .map(|step| {
            let mut value = entry(dice);
            value["type"] = types[(first + step) % types.len()].into();
            value
        })
        .collect();
    if dice.percent(40) {
        let place = dice.below(count);
        entries[place]["primary"] = true.into();
    }
    entries.into()
}

fn email(dice: &mut Dice) -> Value {
    json!({"value": dice.text(&["a@example.com", "b.c+d@example.com", "o'neill@example.com"])})
}

fn phone(dice: &mut Dice) -> Value {
    json!({"value": dice.text(&["+1-555-0142", "+1-555-0187", "+1-555-0103"])})
}

fn address(dice: &mut Dice) -> Value {
    json!({
        "locality": dice.text(&["Wilmington", "São Paulo", "Bonn"]),
        "country": dice.text(&["US", "BR", "DE"]),
        "streetAddress": dice.text(&["1 Main St", "2 High St\nFloor 3"]),
    })
}

fn role(dice: &mut Dice) -> Value {
    json!({"value": dice.text(&["reader", "writer", "admin"])})
}
