//! What `bulkId:x` points to: a text of that form, anywhere in `data`, or a segment of `path`
//! (RFC 7644 §3.7.2).

use serde_json::{Map, Value};

use crate::scim::bulk::REFERENCE;
use crate::tenant::embedded::problem::Problem;

/// The bulkIds that a path and a body refer to.
pub(super) fn mentioned<'a>(path: &'a str, data: Option<&'a Value>) -> Vec<&'a str> {
    let mut found: Vec<&str> =
        path.split('/').filter_map(|segment| segment.strip_prefix(REFERENCE)).collect();
    let mut open: Vec<&Value> = data.into_iter().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => found.extend(text.strip_prefix(REFERENCE)),
            Value::Array(entries) => open.extend(entries),
            Value::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    found
}

/// The path with an id for each reference.
pub(super) fn path_with_ids(
    path: &str,
    id_of: &impl Fn(&str) -> Result<String, Problem>,
) -> Result<String, Problem> {
    let segments = path.split('/').map(|segment| match segment.strip_prefix(REFERENCE) {
        Some(bulk_id) => id_of(bulk_id),
        None => Ok(segment.to_owned()),
    });
    Ok(segments.collect::<Result<Vec<_>, _>>()?.join("/"))
}

/// The body with an id for each reference.
pub(super) fn with_ids(
    value: &Value,
    id_of: &impl Fn(&str) -> Result<String, Problem>,
) -> Result<Value, Problem> {
    Ok(match value {
        Value::String(text) => match text.strip_prefix(REFERENCE) {
            Some(bulk_id) => id_of(bulk_id)?.into(),
            None => value.clone(),
        },
        Value::Array(entries) => {
            Value::Array(entries.iter().map(|it| with_ids(it, id_of)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let with_id = |(name, it): (&String, &Value)| Ok((name.clone(), with_ids(it, id_of)?));
            Value::Object(members.iter().map(with_id).collect::<Result<_, Problem>>()?)
        }
        simple => simple.clone(),
    })
}

/// The body of a create without the values that refer to what is not there yet: whole entries of
/// lists and whole attributes, those of extensions included.
pub(super) fn without(data: &Value, is_open: &impl Fn(&str) -> bool) -> Value {
    let refers = |value: &Value| mentioned("", Some(value)).into_iter().any(is_open);
    let Some(attributes) = data.as_object() else { return data.clone() };
    let mut kept = Map::new();
    for (name, value) in attributes {
        match value {
            Value::Array(entries) => {
                let entries = entries.iter().filter(|entry| !refers(entry)).cloned();
                kept.insert(name.clone(), Value::Array(entries.collect()));
            }
            Value::Object(_) if name.starts_with("urn:") => {
                kept.insert(name.clone(), without(value, is_open));
            }
            value if refers(value) => {}
            value => drop(kept.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_found_replaced_and_left_out_at_any_depth() {
        let members = json!([{"value": "bulkId:a"}, {"value": 1}]);
        let data = json!({"displayName": "bulkIdea", "members": members,
            "urn:x": {"manager": {"value": "bulkId:b"}, "department": "d"}});
        let mut found = mentioned("/Users/bulkId:c", Some(&data));
        found.sort_unstable();
        assert_eq!(found, ["a", "b", "c"]);
        let id_of = |bulk_id: &str| match bulk_id {
            "lost" => Err(Problem::new(409, "lost")),
            known => Ok(known.to_uppercase()),
        };
        assert_eq!(path_with_ids("/Users/bulkId:c", &id_of).unwrap(), "/Users/C");
        assert!(with_ids(&json!(["bulkId:lost"]), &id_of).is_err());
        let whole = json!({"displayName": "bulkIdea", "members": [{"value": "A"}, {"value": 1}],
            "urn:x": {"manager": {"value": "B"}, "department": "d"}});
        assert_eq!(with_ids(&data, &id_of).unwrap(), whole);
        let fewer = json!({"displayName": "bulkIdea", "members": [{"value": 1}],
            "urn:x": {"department": "d"}});
        assert_eq!(without(&data, &|_| true), fewer);
    }
}
