//! What an operation of a PATCH asks, read as loosely as a faulty server reads it.
//!
//! Nothing here is refused: what cannot be read is simply not there.

use serde_json::Value;

use crate::scim::filter::Filter;
use crate::scim::path::PatchPath;
use crate::scim::schema::Attribute;
use crate::tenant::embedded::evaluate::element_matches;
use crate::tenant::embedded::kind::{Resolved, ResourceKind};

/// The parts of one operation.
pub(super) struct Asked<'a> {
    /// `add`, `remove`, `replace` or whatever stands there, in lower case.
    pub(super) word: String,
    /// The path, where there is one that can be read.
    pub(super) path: Option<PatchPath>,
    /// What the path names, where it names anything.
    pub(super) named: Option<Resolved>,
    /// The value, be it null.
    pub(super) value: Option<&'a Value>,
}

impl<'a> Asked<'a> {
    pub(super) fn of(operation: &'a Value, kind: ResourceKind) -> Self {
        let text = |name: &str| operation.get(name).and_then(Value::as_str);
        let path = text("path").and_then(|path| PatchPath::parse(path).ok());
        let named = path.as_ref().and_then(|path| kind.resolve(&path.path, true));
        let word = text("op").unwrap_or_default().to_ascii_lowercase();
        Self { word, path, named, value: operation.get("value") }
    }

    /// The attribute that the path names.
    pub(super) fn attribute(&self) -> Option<&'static Attribute> {
        self.named?.attribute
    }

    /// Whether the path names that attribute, whole or in part.
    pub(super) fn names(&self, attribute: &str) -> bool {
        self.attribute().is_some_and(|it| it.name == attribute)
    }

    /// What stands in the brackets of the path.
    pub(super) fn filter(&self) -> Option<&Filter> {
        self.path.as_ref()?.filter.as_ref()
    }

    /// Whether something is to be written rather than taken away.
    pub(super) fn writes(&self) -> bool {
        self.word != "remove"
    }

    /// What a resource holds of the attribute.
    pub(super) fn held<'b>(&self, before: &'b Value) -> Option<&'b Value> {
        let named = self.named?;
        let holder = match named.extension {
            Some(extension) => before.get(extension.id)?,
            None => before,
        };
        holder.get(named.attribute?.name)
    }

    /// Whether the brackets select anything of what a resource holds.
    pub(super) fn selects(&self, before: &Value) -> bool {
        let held = self.held(before).and_then(Value::as_array).into_iter().flatten();
        let (Some(filter), Some(attribute)) = (self.filter(), self.attribute()) else {
            return false;
        };
        held.into_iter().any(|value| element_matches(filter, value, attribute))
    }

    /// The ids of members that the operation speaks of.
    pub(super) fn members(&self) -> Vec<String> {
        let listed = self.value.and_then(Value::as_array).into_iter().flatten();
        let listed = listed.filter_map(|it| it.get("value")?.as_str());
        let bracketed = match self.filter() {
            Some(Filter::Compare { value: Value::String(id), .. }) => Some(id.as_str()),
            _ => None,
        };
        listed.chain(bracketed).map(str::to_owned).collect()
    }
}

/// The operations of a body, none where it holds none.
pub(super) fn operations(body: &Value) -> &[Value] {
    body.get("Operations").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// As [`operations`], to change them.
pub(super) fn operations_mut(body: &mut Value) -> Option<&mut Vec<Value>> {
    body.get_mut("Operations")?.as_array_mut()
}

/// The ids of a group's members.
pub(super) fn member_ids(group: &Value) -> impl Iterator<Item = &str> {
    let members = group.get("members").and_then(Value::as_array).into_iter().flatten();
    members.filter_map(|it| it.get("value")?.as_str())
}
