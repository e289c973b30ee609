//! A stored resource as an answer shows it: with `id`, references, `meta`, and what the server
//! adds.

use serde_json::{Map, Value, json};

use super::kind::ResourceKind;
use super::limitations::Limitations;
use super::precondition::entity_tag;
use super::store::{Reference, Stored};
use crate::scim::ENTERPRISE_USER;

/// Builds representations for one request.
#[derive(Debug, Clone)]
pub(super) struct Presenter {
    /// What `meta.location` and `$ref` begin with, without a slash at its end.
    pub(super) base: String,
    /// What the profile makes the server add.
    pub(super) limitations: Limitations,
    /// Whether `meta` shows the version.
    pub(super) has_version: bool,
}

impl Presenter {
    /// Everything there is to show of a resource.
    pub(super) fn present(&self, stored: &Stored) -> Map<String, Value> {
        let mut shown = Map::new();
        if let Some(schemas) = stored.body.get("schemas") {
            shown.insert("schemas".to_owned(), schemas.clone());
        }
        shown.insert("id".to_owned(), stored.id.as_str().into());
        for (name, value) in &stored.body {
            if name != "schemas" {
                shown.insert(name.clone(), value.clone());
            }
        }
        if let Some(manager) = &stored.manager {
            self.describe(manager, &mut shown);
        }
        self.limitations.dress(stored.kind, &stored.id, &mut shown);
        let (name, references) = match stored.kind {
            ResourceKind::User => ("groups", &stored.groups),
            ResourceKind::Group => ("members", &stored.members),
        };
        if !references.is_empty() {
            let list = references.iter().map(|it| self.reference(it, stored.kind)).collect();
            shown.insert(name.to_owned(), Value::Array(list));
        }
        shown.insert("meta".to_owned(), self.meta(stored));
        shown
    }

    /// The URL of a resource.
    pub(super) fn location(&self, kind: ResourceKind, id: &str) -> String {
        format!("{}{}/{id}", self.base, kind.endpoint())
    }

    /// Adds what follows from `manager.value` (RFC 7643 §4.3).
    fn describe(&self, manager: &Reference, shown: &mut Map<String, Value>) {
        let extension = shown.get_mut(ENTERPRISE_USER);
        let held = extension.and_then(|it| it.get_mut("manager")?.as_object_mut());
        let Some(held) = held else { return };
        held.insert("$ref".to_owned(), self.location(manager.kind, &manager.id).into());
        if let Some(display) = &manager.display {
            held.insert("displayName".to_owned(), display.as_str().into());
        }
    }

    fn reference(&self, to: &Reference, from: ResourceKind) -> Value {
        let mut shown = Map::new();
        shown.insert("value".to_owned(), to.id.as_str().into());
        shown.insert("$ref".to_owned(), self.location(to.kind, &to.id).into());
        let kind = match from {
            ResourceKind::User => "direct",
            ResourceKind::Group => to.kind.name(),
        };
        shown.insert("type".to_owned(), kind.into());
        if let Some(display) = &to.display {
            shown.insert("display".to_owned(), display.as_str().into());
        }
        Value::Object(shown)
    }

    fn meta(&self, stored: &Stored) -> Value {
        let mut meta = json!({
            "resourceType": stored.kind.name(),
            "created": instant(stored.created),
            "lastModified": instant(stored.modified),
            "location": self.location(stored.kind, &stored.id),
        });
        if self.has_version {
            meta["version"] = entity_tag(stored.version).into();
        }
        meta
    }
}

/// A moment in RFC 3339, in UTC, always with six digits of a second: so texts sort as times.
fn instant(microseconds: i64) -> String {
    jiff::Timestamp::from_microsecond(microseconds)
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_microseconds_even_when_they_are_zero() {
        assert_eq!(instant(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(instant(1_700_000_000_120_000), "2023-11-14T22:13:20.120000Z");
    }
}
