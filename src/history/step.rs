//! One step of a history: a verb, the slot it is about, and details in JSON.
//!
//! A step is one readable line, `patch user 3 [{"op":"remove","path":"title"}]`, and reads back to
//! the same. It names slots, so any part of a history can be played: a step that does not apply is
//! skipped.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::slot::{EVERY, Kind, Slot};
pub use crate::checks::episode::Verb;

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is done.
    pub verb: Verb,
    /// To what; none for `repeat`.
    pub slot: Option<Slot>,
    /// How; null where the verb needs no more.
    pub details: Value,
}

impl Step {
    /// A step on a slot.
    pub fn new(verb: Verb, slot: Slot, details: impl Into<Value>) -> Self {
        Self { verb, slot: Some(slot), details: details.into() }
    }

    /// A step on a slot that needs no details.
    pub fn bare(verb: Verb, slot: Slot) -> Self {
        Self::new(verb, slot, Value::Null)
    }
}

/// What the details of a verb are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Nothing,
    Object,
    Operations,
    Numbers,
    NumberOrNull,
    Text,
}

impl Shape {
    fn of(verb: Verb) -> Self {
        match verb {
            Verb::Patch
            | Verb::PatchOrPut
            | Verb::PatchSplit
            | Verb::PatchFlawed
            | Verb::PatchEitherOrder => Self::Operations,
            Verb::AddMembers | Verb::RemoveMembers | Verb::OneByOne => Self::Numbers,
            Verb::SetManager => Self::NumberOrNull,
            Verb::Rename
            | Verb::RenameAndLook
            | Verb::Filter
            | Verb::FilterTwice
            | Verb::Search
            | Verb::ClaimName
            | Verb::Nothing => Self::Text,
            Verb::Get
            | Verb::Delete
            | Verb::Deactivate
            | Verb::Reactivate
            | Verb::Repeat
            | Verb::PutBack
            | Verb::Look
            | Verb::List
            | Verb::CleanUp => Self::Nothing,
            _ => Self::Object,
        }
    }

    fn fits(self, details: &Value) -> bool {
        match self {
            Self::Nothing => details.is_null(),
            Self::Object => details.is_object(),
            Self::Operations => details.is_array(),
            Self::Numbers => details.as_array().is_some_and(|all| all.iter().all(Value::is_u64)),
            Self::NumberOrNull => details.is_null() || details.is_u64(),
            Self::Text => details.is_string(),
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Nothing => "nothing more",
            Self::Object => r#"a JSON object, such as {"title":"Lead"}"#,
            Self::Operations => {
                r#"a JSON array of operations, such as [{"op":"remove","path":"title"}]"#
            }
            Self::Numbers => "the numbers of users, such as [0,2]",
            Self::NumberOrNull => "the number of a user, or null for nobody",
            Self::Text => r#"a JSON text, such as "<name 4>""#,
        }
    }
}

/// What a verb is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Nothing,
    User,
    Group,
    One,
    Users,
    All,
}

impl About {
    fn of(verb: Verb) -> Self {
        match verb {
            Verb::Repeat => Self::Nothing,
            Verb::AddMembers | Verb::RemoveMembers | Verb::OneByOne => Self::Group,
            Verb::Create
            | Verb::Get
            | Verb::Put
            | Verb::Patch
            | Verb::Delete
            | Verb::Rename
            | Verb::PutBack
            | Verb::PutTwice
            | Verb::PatchFlawed
            | Verb::Shield
            | Verb::Project
            | Verb::Look => Self::One,
            Verb::Filter
            | Verb::FilterTwice
            | Verb::Search
            | Verb::Page
            | Verb::Sort
            | Verb::List
            | Verb::CleanUp => Self::All,
            Verb::Nothing
            | Verb::UpperCase
            | Verb::Reversed
            | Verb::WithUnknown
            | Verb::InBulk
            | Verb::BulkStops
            | Verb::ClaimName => Self::Users,
            _ => Self::User,
        }
    }

    fn takes(self, slot: Slot) -> bool {
        let is_every = slot.number == EVERY;
        match self {
            Self::Nothing => false,
            Self::User => slot.kind == Kind::User && !is_every,
            Self::Group => slot.kind == Kind::Group && !is_every,
            Self::One => !is_every,
            Self::Users => slot.kind == Kind::User && is_every,
            Self::All => is_every,
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::User => "`user 0`",
            Self::Group => "`group 0`",
            Self::One => "`user 0` or `group 0`",
            Self::Users => "`users`",
            Self::All => "`users` or `groups`",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.verb.word())?;
        if let Some(slot) = self.slot {
            write!(out, " {slot}")?;
        }
        match (&self.details, Shape::of(self.verb)) {
            (_, Shape::Nothing) => Ok(()),
            (details, _) => write!(out, " {details}"),
        }
    }
}

/// Why a line is no step: what is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{line}` is no step: {mend}")]
pub struct StepError {
    line: String,
    mend: String,
}

impl FromStr for Step {
    type Err = StepError;

    fn from_str(line: &str) -> Result<Self, StepError> {
        let wrong = |mend: String| StepError { line: line.chars().take(100).collect(), mend };
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let verb = Verb::of(word).filter(|verb| !verb.is_race()).ok_or_else(|| {
            let steps = Verb::ALL.iter().filter(|verb| !verb.is_race());
            let words: Vec<&str> = steps.map(|verb| verb.word()).collect();
            wrong(format!("it begins with one of {}", words.join(", ")))
        })?;
        let about = About::of(verb);
        let (slot, rest) = if about == About::Nothing {
            (None, rest)
        } else {
            let words = usize::from(!(rest.starts_with("users") || rest.starts_with("groups")));
            let end = rest.match_indices(' ').nth(words).map_or(rest.len(), |(at, _)| at);
            let slot = rest[..end].parse::<Slot>().ok().filter(|slot| about.takes(*slot));
            let slot =
                slot.ok_or_else(|| wrong(format!("`{word}` goes with {}", about.example())))?;
            (Some(slot), rest[end..].trim_start())
        };
        let details = match rest {
            "" => Value::Null,
            text => serde_json::from_str(text)
                .map_err(|error| wrong(format!("what follows is no JSON: {error}")))?,
        };
        let shape = Shape::of(verb);
        if !shape.fits(&details) {
            return Err(wrong(format!("`{word}` takes {}", shape.example())));
        }
        Ok(Self { verb, slot, details })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_reads_back_to_itself() {
        for line in [
            r#"create user 0 {"userName":"<name 0>"}"#,
            "get group 2",
            r#"patch user nobody [{"op":"remove","path":"a b"}]"#,
            "add-members group 1 [0,2]",
            "set-manager user 0 null",
            "set-manager user 0 3",
            r#"rename user 0 "<name 4>""#,
            "repeat",
            r#"filter users "title eq \"x\"""#,
            "list groups",
            r#"page users {"count":2}"#,
        ] {
            assert_eq!(line.parse::<Step>().unwrap().to_string(), line);
        }
    }

    #[test]
    fn what_is_no_step_says_what_would_be_one() {
        for (line, mend) in [
            ("jump user 0", "begins with one of create, get"),
            ("get robot 1", "goes with `user 0` or `group 0`"),
            ("add-members user 1 [0]", "goes with `group 0`"),
            ("create user 0 {", "no JSON"),
            ("create user 0", "takes a JSON object"),
            ("get user 0 7", "takes nothing more"),
            ("list user 0", "goes with `users` or `groups`"),
            ("get users", "goes with `user 0` or `group 0`"),
            ("", "begins with"),
        ] {
            let error = line.parse::<Step>().unwrap_err().to_string();
            assert!(error.contains(mend), "{line}: {error}");
        }
    }
}
