//! What a write makes of a resource: PATCH (RFC 7644 §3.5.2), and the bodies of POST and PUT.
//!
//! Nothing here knows the store: a body and a resource go in, a new resource or a [`Problem`]
//! comes out, so one failing operation leaves all as it was. A write that says what is there
//! already gives back an equal resource; the caller compares and keeps `lastModified`.
//! Uniqueness is the store's business.

mod elements;
mod engine;
mod holder;
mod members;
mod message;
mod new;
mod values;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use self::engine::Engine;
pub use self::members::{Member, MemberChange, member_changes};
pub(super) use self::message::member;
pub use self::new::validate_new;
use super::kind::ResourceKind;
use super::problem::Problem;

/// What is taken beyond the RFC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// All that Entra sends: operations in any case, booleans as text, `Remove` with the values
    /// to remove, writes to a typed value that is not there yet, dotted and URN-qualified keys,
    /// references as bare text, role values as JSON in a string, a PATCH without operations.
    pub entra: bool,
}

impl Tolerance {
    /// The RFCs to the letter.
    pub const STRICT: Self = Self { entra: false };
    /// What Entra needs.
    pub const ENTRA: Self = Self { entra: true };
}

/// Applies a PATCH body: the changed resource, or why nothing changed.
pub fn apply(
    body: &Value,
    resource: &Value,
    kind: ResourceKind,
    tolerance: Tolerance,
) -> Result<Value, Problem> {
    let operations = message::operations(body, tolerance)?;
    let mut changed = resource.as_object().cloned().unwrap_or_default();
    let engine = Engine { kind, tolerance };
    for (index, operation) in operations.iter().enumerate() {
        engine
            .run(operation, &mut changed)
            .map_err(|problem| problem.at(&format!("operation {}", index + 1)))?;
    }
    complete_schemas(&mut changed, kind);
    Ok(Value::Object(changed))
}

/// Makes `schemas` name the base schema, and the extension where it was named or has values.
fn complete_schemas(resource: &mut Map<String, Value>, kind: ResourceKind) {
    let mut complete = vec![Value::from(kind.schema().id)];
    if let Some(extension) = kind.extension() {
        let named = resource.get("schemas").and_then(Value::as_array);
        let named = named.is_some_and(|urns| urns.iter().any(|urn| urn == extension.id));
        if named || resource.contains_key(extension.id) {
            complete.push(extension.id.into());
        }
    }
    resource.insert("schemas".to_owned(), complete.into());
}
