//! Which resource a step speaks of: a kind and a small number, never an id.
//!
//! Ids are a tenant's; a script that is played again meets others. So a script says `user 3`, and
//! inside JSON `"<user 3>"`, and each play has a [`Namespace`] that knows what those are now.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::scim::schema::{self, Attribute, Schema};

/// The two kinds of resource that histories are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A user.
    User,
    /// A group.
    Group,
}

impl Kind {
    /// The word in scripts.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// The endpoint.
    pub fn collection(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// The base schema.
    pub fn schema(self) -> &'static Schema {
        match self {
            Self::User => schema::user(),
            Self::Group => schema::group(),
        }
    }

    /// The attribute that names a resource of this kind and that no two may share.
    pub fn name_attribute(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }

    /// The core or common attribute of this name.
    pub fn find(self, name: &str) -> Option<&'static Attribute> {
        self.schema().find(name).or_else(|| schema::find(schema::common(), name))
    }

    /// The extension of that URN.
    pub fn find_extension(self, urn: &str) -> Option<&'static Schema> {
        let extension = schema::enterprise_user();
        (self == Self::User && extension.id.eq_ignore_ascii_case(urn)).then_some(extension)
    }
}

/// A place for a resource; it may be empty, hold one, or have held one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// What can be in it.
    pub kind: Kind,
    /// Its number; [`NOBODY`] for the one that stays empty, [`EVERY`] for all of them.
    pub number: usize,
}

/// The number of the slot that never holds anything: its id is well-formed and unknown.
pub const NOBODY: usize = usize::MAX;
/// The number that stands for all slots of a kind.
pub const EVERY: usize = usize::MAX - 1;
/// Numbers of slots and names in scripts are below this.
const NUMBERS_MAX: usize = 10_000;

impl Slot {
    /// The user slot of that number.
    pub fn user(number: usize) -> Self {
        Self { kind: Kind::User, number }
    }

    /// The group slot of that number.
    pub fn group(number: usize) -> Self {
        Self { kind: Kind::Group, number }
    }

    /// How JSON in scripts refers to the resource in it.
    pub fn reference(self) -> String {
        format!("<{self}>")
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            NOBODY => write!(out, "{} nobody", self.kind.word()),
            EVERY => write!(out, "{}s", self.kind.word()),
            number => write!(out, "{} {number}", self.kind.word()),
        }
    }
}

impl FromStr for Slot {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (word, number) = if let Some(word) = text.strip_suffix('s') {
            (word, EVERY)
        } else {
            let (word, number) = text.split_once(' ').ok_or(())?;
            (word, number_of(number).ok_or(())?)
        };
        let kind = match word {
            "user" => Kind::User,
            "group" => Kind::Group,
            _ => return Err(()),
        };
        Ok(Self { kind, number })
    }
}

fn number_of(text: &str) -> Option<usize> {
    match text {
        "nobody" => Some(NOBODY),
        number => number.parse().ok().filter(|number| *number < NUMBERS_MAX),
    }
}

/// What the words of a script are in one play: ids that the tenant gave, names with a marker.
#[derive(Debug, Clone)]
pub struct Namespace {
    marker: String,
    absent: String,
    ids: BTreeMap<Slot, String>,
    /// Every id that the tenant gave in this play, by its word; those of deleted resources have
    /// the word `former`.
    words: BTreeMap<String, String>,
}

/// The word that stands in every name of one play, race or probe: `sr` and twelve hex digits.
pub fn marker(seed: u64) -> String {
    format!("sr{:012x}", seed & 0xffff_ffff_ffff)
}

impl Namespace {
    /// A namespace of its own: `marker` stands in every name, `absent` is an id nobody has.
    pub fn new(marker: impl Into<String>, absent: impl Into<String>) -> Self {
        let (marker, absent) = (marker.into(), absent.into());
        Self { marker, absent, ids: BTreeMap::new(), words: BTreeMap::new() }
    }

    /// The word that stands in every name of this play and in no other.
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// Notes the id of a resource that was just created.
    pub fn note(&mut self, slot: Slot, id: impl Into<String>) {
        let id = id.into();
        self.forget(slot);
        self.words.insert(id.clone(), slot.reference());
        self.ids.insert(slot, id);
    }

    /// Notes that the resource in a slot is gone.
    pub fn forget(&mut self, slot: Slot) {
        if let Some(id) = self.ids.get(&slot) {
            self.words.insert(id.clone(), former(slot));
        }
    }

    /// The id of what is or was in a slot; of an empty one an id that nobody has.
    pub fn id(&self, slot: Slot) -> &str {
        self.ids.get(&slot).unwrap_or(&self.absent)
    }

    /// How scripts refer to an id of this play.
    pub fn word(&self, id: &str) -> Option<&str> {
        self.words.get(id).map(String::as_str)
    }

    /// Every id that the tenant gave in this play, with its slot, those of deleted resources too.
    pub fn every_id(&self) -> impl Iterator<Item = (&str, Slot)> {
        self.words.iter().filter_map(|(id, word)| {
            let inside = word.trim_matches(['<', '>']);
            let slot = inside.strip_prefix("former ").unwrap_or(inside).parse().ok()?;
            Some((id.as_str(), slot))
        })
    }

    /// A value on its way to the tenant: words become ids and names.
    pub fn outgoing(&self, value: &Value) -> Value {
        each_text(value, &|text| match text.contains('<') {
            true => self.expand(text),
            false => text.to_owned(),
        })
    }

    /// A text on its way to the tenant.
    pub fn expand(&self, text: &str) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('<') {
            expanded.push_str(&rest[..start]);
            rest = &rest[start..];
            let end = rest.find('>').map_or(1, |end| end + 1);
            if let Some(meaning) = self.meaning(&rest[..end]) {
                expanded.push_str(&meaning);
                rest = &rest[end..];
            } else {
                expanded.push('<');
                rest = &rest[1..];
            }
        }
        expanded.push_str(rest);
        expanded
    }

    fn meaning(&self, word: &str) -> Option<String> {
        let inside = word.strip_prefix('<')?.strip_suffix('>')?;
        if inside == "marker" {
            return Some(self.marker.clone());
        }
        if let Ok(slot) = inside.parse::<Slot>() {
            return Some(self.id(slot).to_owned());
        }
        let (word, number) = inside.split_once(' ')?;
        let number: usize = number.parse().ok()?;
        match word {
            "name" => Some(self.user_name(number)),
            "NAME" => Some(self.user_name(number).to_uppercase()),
            "team" => Some(self.group_name(number)),
            _ => None,
        }
    }

    fn user_name(&self, number: usize) -> String {
        format!("name{number}.{}@example.com", self.marker)
    }

    fn group_name(&self, number: usize) -> String {
        format!("Team {number} {}", self.marker)
    }

    /// A value on its way from the tenant: ids and names become words.
    pub fn incoming(&self, value: &Value) -> Value {
        each_text(value, &|text| self.contract(text).unwrap_or_else(|| text.to_owned()))
    }

    fn contract(&self, text: &str) -> Option<String> {
        if let Some(word) = self.words.get(text) {
            return Some(word.clone());
        }
        let folded = text.to_ascii_lowercase();
        let at = folded.find(&self.marker)?;
        let digits: String = text[..at].chars().filter(char::is_ascii_digit).collect();
        let number: usize = digits.parse().unwrap_or_default();
        let name = self.user_name(number);
        Some(match text {
            _ if text == name => format!("<name {number}>"),
            _ if text == name.to_uppercase() => format!("<NAME {number}>"),
            _ if text == self.group_name(number) => format!("<team {number}>"),
            _ => text.replace(&self.marker, "<marker>"),
        })
    }
}

/// How states speak of what was in a slot and is deleted.
pub(super) fn former(slot: Slot) -> String {
    format!("<former {slot}>")
}

/// A copy with every text in it changed; names of members stay.
fn each_text(value: &Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(entries) => entries.iter().map(|entry| each_text(entry, change)).collect(),
        Value::Object(members) => {
            let changed = members.iter().map(|(name, it)| (name.clone(), each_text(it, change)));
            Value::Object(changed.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn slots_are_read_as_they_are_written() {
        for slot in [
            Slot::user(3),
            Slot::group(0),
            Slot { kind: Kind::Group, number: NOBODY },
            Slot { kind: Kind::User, number: EVERY },
        ] {
            assert_eq!(slot.to_string().parse(), Ok(slot));
        }
        for text in ["user", "user x", "robot 1", "user -1", "user 10000"] {
            assert_eq!(text.parse::<Slot>(), Err(()), "{text}");
        }
    }

    #[test]
    fn what_goes_out_comes_back_as_the_same_words() {
        let mut names = Namespace::new("sr01", "nobody-has-this");
        names.note(Slot::user(3), "id-3");
        let said = json!({"userName": "<name 3>", "a": ["<NAME 12>", {"value": "<user 3>"}],
            "displayName": "<team 2>", "title": "a <b> c", "externalId": "e-<marker>"});
        let sent = names.outgoing(&said);
        assert_eq!(sent["userName"], "name3.sr01@example.com");
        assert_eq!(sent["a"], json!(["NAME12.SR01@EXAMPLE.COM", {"value": "id-3"}]));
        assert_eq!(names.incoming(&sent), said);
        assert_eq!(names.expand("a < b <user 9>"), "a < b nobody-has-this");
        names.note(Slot::user(3), "id-4");
        assert_eq!(
            names.incoming(&json!(["id-3", "id-4"])),
            json!(["<former user 3>", "<user 3>"])
        );
    }
}
