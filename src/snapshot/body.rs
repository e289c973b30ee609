//! A body as a snapshot shows it: pretty JSON with volatile values named, or its skeleton.
//!
//! A tenant may order the members of an object as it likes, and differently each time, so an answer
//! is shown in an order of our own: `schemas`, `id`, then by name. A request keeps Entra's order.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::SnapshotKind;
use super::names::{Names, Resource, etag_form, is_distinctive};
use crate::exchange::Scrub;

/// Who wrote a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// We did.
    Client,
    /// The tenant did.
    Tenant,
}

/// Rewrites bodies of one exchange.
pub(super) struct Rewriter<'a> {
    pub(super) names: &'a mut Names,
    pub(super) scrub: &'a Scrub,
    pub(super) kind: SnapshotKind,
    pub(super) writer: Writer,
    pub(super) resource: Option<Resource>,
}

/// Where in a body a value stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    key: &'a str,
    parent: &'a str,
    /// A text here is an id, however short, and an object's `value` is one too.
    reference: bool,
    hint: Option<Resource>,
}

impl Rewriter<'_> {
    /// The body with its volatile values named; in a shape also with types for its values.
    pub(super) fn json(&mut self, body: &Value) -> Value {
        self.value(body, Place { hint: self.resource, ..Place::default() })
    }

    /// A body that is no JSON.
    pub(super) fn text(&mut self, bytes: &[u8]) -> String {
        match self.kind {
            SnapshotKind::Shape => "<text>".to_owned(),
            SnapshotKind::Full => {
                let mut text = String::new();
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    for byte in chunk.invalid() {
                        let _ = write!(text, "\\x{byte:02x}");
                    }
                }
                self.names.text(&(self.scrub)(&text))
            }
        }
    }

    fn value(&mut self, value: &Value, place: Place<'_>) -> Value {
        match value {
            Value::Null => Value::Null,
            Value::Bool(_) if self.kind == SnapshotKind::Shape => "<boolean>".into(),
            Value::Bool(_) => value.clone(),
            Value::Number(number) => self.number(number, place),
            Value::String(text) => self.string(text, place).into(),
            Value::Array(items) => self.array(items, place),
            Value::Object(members) => self.object(members, place),
        }
    }

    fn number(&self, number: &serde_json::Number, place: Place<'_>) -> Value {
        if place.reference
            && let Some(name) = self.names.id(&number.to_string(), place.hint)
        {
            return format!("{name} as a number").into();
        }
        if place.parent == "meta" && is_moment(place.key) {
            return "<time> as a number".into();
        }
        match self.kind {
            SnapshotKind::Shape if place.key != "status" => "<number>".into(),
            _ => Value::Number(number.clone()),
        }
    }

    fn string(&mut self, text: &str, place: Place<'_>) -> String {
        let text = &(self.scrub)(text);
        if (place.reference || is_distinctive(text))
            && let Some(name) = self.names.id(text, place.hint)
        {
            return name;
        }
        if place.key == "version" && place.parent == "meta" {
            return etag_form(text).to_owned();
        }
        if self.writer == Writer::Tenant && self.names.is_volatile_time(text) {
            return "<time>".to_owned();
        }
        if self.writer == Writer::Tenant
            && (place.parent, place.key) == ("phoneNumbers", "value")
            && let Some(name) = self.names.assigned_phone(text)
        {
            return name;
        }
        let named = self.names.text(text);
        let telling = named != *text || LITERAL.contains(&place.key);
        match self.kind {
            SnapshotKind::Shape if !telling => "<string>".to_owned(),
            _ => named,
        }
    }

    /// In a shape, each distinct shape of an element once.
    fn array(&mut self, items: &[Value], place: Place<'_>) -> Value {
        let mut shown: Vec<Value> = Vec::new();
        for item in items {
            let item = self.value(item, place);
            if self.kind == SnapshotKind::Full || !shown.contains(&item) {
                shown.push(item);
            }
        }
        Value::Array(shown)
    }

    fn object(&mut self, members: &Map<String, Value>, place: Place<'_>) -> Value {
        let mut keys: Vec<&String> = members.keys().collect();
        if self.writer == Writer::Tenant {
            keys.sort_by_key(|key| (rank(key), *key));
        }
        let path = members.get("path").and_then(Value::as_str).unwrap_or_default();
        let mut shown = Map::new();
        for key in keys {
            let named = named_reference(key);
            let patched = if key == "value" { named_reference(path) } else { None };
            let inherited = key == "value" && place.reference;
            let inner = Place {
                key,
                parent: place.key,
                reference: key == "id" || inherited || named.is_some() || patched.is_some(),
                hint: named.or(patched).or(place.hint),
            };
            let name = self.names.text(&(self.scrub)(key));
            shown.insert(name, self.value(&members[key], inner));
        }
        Value::Object(shown)
    }
}

/// Attributes whose values are ids of other resources, and of which kind most likely. The text may
/// be a key or the `path` of a PATCH operation.
fn named_reference(attribute: &str) -> Option<Resource> {
    let bare = attribute.split('[').next().unwrap_or_default().to_ascii_lowercase();
    let bare = bare.trim_end_matches(".value");
    let last = bare.rsplit([':', '.']).next().unwrap_or_default();
    match last {
        "members" | "manager" | "owners" => Some(Resource::User),
        "groups" => Some(Resource::Group),
        _ => None,
    }
}

fn is_moment(key: &str) -> bool {
    matches!(key, "created" | "lastModified")
}

fn rank(key: &str) -> u8 {
    match key {
        "schemas" => 0,
        "id" => 1,
        _ => 2,
    }
}

/// Members whose texts are words of the protocol: a skeleton keeps them.
const LITERAL: &[&str] = &["schemas", "op", "path", "scimType", "resourceType", "type", "status"];
