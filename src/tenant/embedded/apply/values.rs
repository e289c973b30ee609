//! Values on their way in: checked against their definition, and brought to canonical form.
//!
//! Names get the schema's spelling; unknown and readOnly members, nulls and empty arrays go away.
//! `None` always means "unassigned" (RFC 7643 §2.5).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Tolerance;
use super::elements::identity;
use crate::scim::schema::{Attribute, AttributeType, Mutability};
use crate::tenant::embedded::evaluate::instant;
use crate::tenant::embedded::problem::Problem;

/// All that an attribute is given.
pub(super) fn whole(
    attribute: &'static Attribute,
    raw: &Value,
    tolerance: Tolerance,
) -> Result<Option<Value>, Problem> {
    if attribute.multi_valued {
        let values = many(attribute, raw, tolerance)?;
        return Ok(if values.is_empty() { None } else { Some(values.into()) });
    }
    one(attribute, raw, tolerance)
}

/// The values of a multi-valued attribute, none twice and at most one primary.
pub(super) fn many(
    attribute: &'static Attribute,
    raw: &Value,
    tolerance: Tolerance,
) -> Result<Vec<Value>, Problem> {
    let listed = match raw {
        Value::Null => &[],
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    let mut values: Vec<Value> = Vec::new();
    let mut known = HashSet::new();
    for raw in listed {
        let Some(value) = one(attribute, raw, tolerance)? else { continue };
        if known.insert(identity(attribute, &value)) {
            values.push(value);
        }
    }
    if values.iter().filter(|value| is_primary(value)).count() > 1 {
        return Err(unfit(attribute, "only one value may be primary"));
    }
    Ok(values)
}

/// One value of an attribute.
pub(super) fn one(
    attribute: &'static Attribute,
    raw: &Value,
    tolerance: Tolerance,
) -> Result<Option<Value>, Problem> {
    if attribute.kind == AttributeType::Complex {
        return Ok(complex(attribute, raw, tolerance)?.map(Value::Object));
    }
    simple(attribute, raw, tolerance)
}

/// The members of a complex value.
pub(super) fn complex(
    attribute: &'static Attribute,
    raw: &Value,
    tolerance: Tolerance,
) -> Result<Option<Map<String, Value>>, Problem> {
    let Some(given) = members_of(attribute, raw, tolerance)? else { return Ok(None) };
    let mut value = Map::new();
    for (sub_attribute, raw) in known_members(attribute, &given, tolerance) {
        if let Some(simple) = simple(sub_attribute, raw, tolerance)? {
            value.insert(sub_attribute.name.to_owned(), simple);
        }
    }
    if value.is_empty() || tolerance.entra && clears(attribute, &value) {
        return Ok(None);
    }
    if needs_value(attribute) && !value.contains_key("value") {
        return Err(unfit(attribute, "a `value` is needed"));
    }
    Ok(Some(value))
}

/// The object that is meant: as given, or what Entra's shorter forms stand for.
pub(super) fn members_of(
    attribute: &'static Attribute,
    raw: &Value,
    tolerance: Tolerance,
) -> Result<Option<Map<String, Value>>, Problem> {
    match raw {
        Value::Null => Ok(None),
        Value::Array(values) if values.is_empty() => Ok(None),
        Value::Array(values) if tolerance.entra && !attribute.multi_valued && values.len() == 1 => {
            members_of(attribute, &values[0], tolerance)
        }
        Value::Object(given) if tolerance.entra => Ok(Some(unpacked(attribute, given))),
        Value::Object(given) => Ok(Some(given.clone())),
        Value::String(text) if tolerance.entra && attribute.find("value").is_some() => {
            if text.is_empty() {
                return Ok(None);
            }
            let given = Map::from_iter([("value".to_owned(), raw.clone())]);
            Ok(Some(unpacked(attribute, &given)))
        }
        _ => Err(unfit(attribute, "an object of sub-attributes was expected")),
    }
}

/// The members that a client may write, by definition; `value` first, because a new value makes
/// a kept `$ref` stale while one given with it stays.
pub(super) fn known_members<'a>(
    attribute: &'static Attribute,
    given: &'a Map<String, Value>,
    tolerance: Tolerance,
) -> Vec<(&'static Attribute, &'a Value)> {
    let mut known: Vec<_> = given
        .iter()
        .filter_map(|(name, raw)| {
            // Entra writes a role's `display` as `displayName`.
            let alias = tolerance.entra && name.eq_ignore_ascii_case("displayName");
            let found = attribute.find(name);
            let found = if alias { found.or_else(|| attribute.find("display")) } else { found };
            Some((found?, raw))
        })
        .filter(|(sub_attribute, _)| sub_attribute.mutability != Mutability::ReadOnly)
        .collect();
    known.sort_by_key(|(sub_attribute, _)| sub_attribute.name != "value");
    known
}

/// A value that holds a JSON object as text, as Entra's `AppRoleAssignmentsComplex` sends it,
/// becomes what the text says.
fn unpacked(attribute: &'static Attribute, given: &Map<String, Value>) -> Map<String, Value> {
    let mut given = given.clone();
    let text = given.get("value").and_then(Value::as_str).filter(|text| text.starts_with('{'));
    let packed = text.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    if let Some(packed) = packed
        && attribute.multi_valued
        && packed.contains_key("value")
    {
        given.extend(packed);
    }
    given
}

/// Whether an empty `value` unassigns the reference, as in Entra's removal of a manager.
fn clears(attribute: &Attribute, value: &Map<String, Value>) -> bool {
    attribute.find("$ref").is_some() && value.get("value").is_some_and(|value| value == "")
}

/// Whether the values are references that are set once and for all, as members are.
pub(super) fn needs_value(attribute: &Attribute) -> bool {
    attribute.find("value").is_some_and(|value| value.mutability == Mutability::Immutable)
}

/// A value of a type that is not complex.
pub(super) fn simple(
    attribute: &'static Attribute,
    raw: &Value,
    tolerance: Tolerance,
) -> Result<Option<Value>, Problem> {
    if tolerance.entra {
        match raw {
            Value::Array(values) if values.len() == 1 => {
                return simple(attribute, &values[0], tolerance);
            }
            Value::Object(given) if given.contains_key("value") => {
                return simple(attribute, &given["value"], tolerance);
            }
            _ => {}
        }
    }
    let fits = match (attribute.kind, raw) {
        (_, Value::Null) => return Ok(None),
        (_, Value::Array(values)) if values.is_empty() => return Ok(None),
        (AttributeType::Boolean, Value::String(text)) if tolerance.entra => {
            return match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Some(true.into())),
                "false" => Ok(Some(false.into())),
                _ => Err(unfit(attribute, "true or false was expected")),
            };
        }
        (AttributeType::Boolean, Value::Bool(_))
        | (AttributeType::Decimal, Value::Number(_))
        | (AttributeType::String, Value::String(_)) => true,
        (AttributeType::Integer, Value::Number(number)) => !number.is_f64(),
        (AttributeType::DateTime, Value::String(text)) => instant(text).is_some(),
        (AttributeType::Reference, Value::String(text)) => !text.contains(char::is_whitespace),
        (AttributeType::Binary, Value::String(text)) => is_base64(text),
        _ => false,
    };
    if !fits {
        return Err(unfit(attribute, &format!("a {} was expected", attribute.kind.word())));
    }
    if attribute.required && raw.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Err(unfit(attribute, "a required text cannot be blank"));
    }
    Ok(Some(raw.clone()))
}

/// Base64 or base64url, with or without padding (RFC 7643 §2.3.6).
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let known = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    digits.chars().all(known)
        && digits.len() % 4 != 1
        && (padding == 0 || (padding <= 2 && text.len().is_multiple_of(4)))
}

/// Whether a value is marked as the preferred one.
pub(super) fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

/// 400 `invalidValue` about an attribute.
pub(super) fn unfit(attribute: &Attribute, why: &str) -> Problem {
    Problem::invalid_value(format!("the value does not fit `{}`: {why}", attribute.name))
}
