//! The envelope of a PATCH (RFC 7644 §3.5.2): from a body to operations whose paths are read.
//!
//! Members of the message are found in any case and unknown ones are passed over; Entra's own
//! samples carry an `id` and a `name` that mean nothing.

use serde_json::{Map, Value};

use super::Tolerance;
use crate::scim::PATCH_OP;
use crate::scim::path::{PatchPath, PathError};
use crate::tenant::embedded::problem::Problem;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Remove,
    Replace,
}

/// One operation of a PATCH.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) verb: Verb,
    pub(super) path: Option<PatchPath>,
    /// A member `value`, be it null; none where there is no such member.
    pub(super) value: Option<&'a Value>,
}

/// The operations of a body, in order.
pub(super) fn operations(
    body: &Value,
    tolerance: Tolerance,
) -> Result<Vec<Operation<'_>>, Problem> {
    let Some(message) = body.as_object() else {
        return Err(Problem::invalid_syntax("the body is no JSON object"));
    };
    let named = member(message, "schemas").and_then(Value::as_array);
    if !named.is_some_and(|urns| urns.iter().any(|urn| urn == PATCH_OP)) {
        let why = format!("`schemas` must name {PATCH_OP}");
        return Err(Problem::invalid_syntax(why));
    }
    let Some(operations) = member(message, "Operations").and_then(Value::as_array) else {
        return Err(Problem::invalid_syntax("`Operations` must be an array of operations"));
    };
    if operations.is_empty() && !tolerance.entra {
        return Err(Problem::invalid_syntax("`Operations` must hold at least one operation"));
    }
    let read = |(index, operation)| {
        operation_of(operation, tolerance)
            .map_err(|problem| problem.at(&format!("operation {}", index + 1)))
    };
    operations.iter().enumerate().map(read).collect()
}

fn operation_of(operation: &Value, tolerance: Tolerance) -> Result<Operation<'_>, Problem> {
    let Some(operation) = operation.as_object() else {
        return Err(Problem::invalid_syntax("an operation must be an object"));
    };
    let Some(word) = member(operation, "op").and_then(Value::as_str) else {
        return Err(Problem::invalid_syntax("`op` must be add, remove or replace"));
    };
    let lower = if tolerance.entra { word.to_ascii_lowercase() } else { word.to_owned() };
    let verb = match lower.as_str() {
        "add" => Verb::Add,
        "remove" => Verb::Remove,
        "replace" => Verb::Replace,
        _ => {
            let word: String = word.chars().take(60).collect();
            let why = format!("`op` is `{word}`, but must be add, remove or replace");
            return Err(Problem::invalid_syntax(why));
        }
    };
    let path = match member(operation, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => Some(read_path(path)?),
        Some(_) => return Err(Problem::invalid_path("`path` must be text")),
    };
    Ok(Operation { verb, path, value: member(operation, "value") })
}

/// Reads a path, with the keyword that fits its fault.
pub(super) fn read_path(text: &str) -> Result<PatchPath, Problem> {
    PatchPath::parse(text).map_err(|error| match error {
        PathError::Malformed(_) => Problem::invalid_path(error.to_string()),
        PathError::Filter(_) => Problem::invalid_filter(error.to_string()),
    })
}

/// A member by its name; the exact spelling goes before any other.
pub(in crate::tenant::embedded) fn member<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}
