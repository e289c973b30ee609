//! The body of a POST or PUT (RFC 7644 §3.3, §3.5.1), made into what is stored.

use serde_json::{Map, Value};

use super::message::member;
use super::{Tolerance, complete_schemas, values};
use crate::scim::schema::{Attribute, Mutability, Returned};
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::problem::Problem;

/// Checks a body and gives the resource it describes, without `id` and `meta`.
///
/// Names get the schema's spelling, unknown and readOnly attributes and empty values go away, a
/// password is checked and forgotten, and `schemas` becomes complete. URNs in `schemas` that are
/// not of this resource type are dropped, because Entra adds one of Microsoft's to groups.
pub fn validate_new(
    body: &Value,
    kind: ResourceKind,
    tolerance: Tolerance,
) -> Result<Value, Problem> {
    let Some(given) = body.as_object() else {
        return Err(Problem::invalid_syntax("the body is no JSON object"));
    };
    let mut resource = Map::from_iter([("schemas".to_owned(), schemas(given, kind)?)]);
    for (name, raw) in given {
        if let Some(extension) = kind.find_extension(name) {
            let container = match raw {
                Value::Null => continue,
                Value::Object(members) => members,
                _ => return Err(Problem::invalid_value(format!("`{name}` must be an object"))),
            };
            let mut values = Map::new();
            for (name, raw) in container {
                set(&mut values, extension.find(name), raw, tolerance)?;
            }
            if !values.is_empty() {
                resource.insert(extension.id.to_owned(), values.into());
            }
        } else if !name.eq_ignore_ascii_case("schemas") {
            set(&mut resource, kind.find(name), raw, tolerance)?;
        }
    }
    for attribute in kind.schema().attributes.iter().filter(|attribute| attribute.required) {
        if !resource.contains_key(attribute.name) {
            return Err(Problem::invalid_value(format!("`{}` is required", attribute.name)));
        }
    }
    complete_schemas(&mut resource, kind);
    Ok(Value::Object(resource))
}

fn set(
    holder: &mut Map<String, Value>,
    attribute: Option<&'static Attribute>,
    raw: &Value,
    tolerance: Tolerance,
) -> Result<(), Problem> {
    let Some(attribute) = attribute else { return Ok(()) };
    if attribute.mutability == Mutability::ReadOnly {
        return Ok(());
    }
    if let Some(value) = values::whole(attribute, raw, tolerance)?
        && attribute.returned != Returned::Never
    {
        holder.insert(attribute.name.to_owned(), value);
    }
    Ok(())
}

/// The URNs of this resource type among those given, in canonical spelling.
fn schemas(given: &Map<String, Value>, kind: ResourceKind) -> Result<Value, Problem> {
    let base = kind.schema().id;
    let Some(Value::Array(urns)) = member(given, "schemas") else {
        return Err(Problem::invalid_syntax(format!("`schemas` must name {base}")));
    };
    let mut known = Vec::new();
    for urn in urns {
        let Some(urn) = urn.as_str() else {
            return Err(Problem::invalid_syntax("`schemas` must hold URNs"));
        };
        let ours = [Some(kind.schema()), kind.extension()].into_iter().flatten();
        known.extend(ours.map(|it| it.id).filter(|id| id.eq_ignore_ascii_case(urn)));
    }
    if !known.contains(&base) {
        return Err(Problem::invalid_syntax(format!("`schemas` must name {base}")));
    }
    Ok(known.into())
}
