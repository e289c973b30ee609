//! Whether a value fits an attribute, and what a provider may make of it.
//!
//! What the RFCs leave open is left open here: a boolean in quotes, a number where text is due, one
//! value where several are due may be refused, or taken for what was plainly meant.

use serde_json::{Map, Value};

use crate::scim::schema::{Attribute, AttributeType, Mutability};

/// What a value given for an attribute may become.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fit {
    /// What is held afterwards; none means unassigned.
    pub value: Option<Value>,
    /// Whether it may be refused instead.
    pub may_be_refused: bool,
}

impl Fit {
    fn plainly(value: Option<Value>) -> Self {
        Self { value, may_be_refused: false }
    }

    fn perhaps(value: Option<Value>) -> Self {
        Self { value, may_be_refused: true }
    }

    fn loosely(self) -> Self {
        Self { may_be_refused: true, ..self }
    }
}

/// What all that an attribute is given may become; none where it must be refused.
pub(super) fn whole(attribute: &Attribute, raw: &Value) -> Option<Fit> {
    if !attribute.multi_valued {
        return one(attribute, raw);
    }
    let entries = match raw {
        Value::Null => return Some(Fit::plainly(None)),
        Value::Array(entries) => entries,
        entry => {
            let fit = one(attribute, entry)?;
            return Some(Fit { value: fit.value.map(|it| vec![it].into()), ..fit }.loosely());
        }
    };
    let mut values = Vec::new();
    let mut may_be_refused = false;
    for entry in entries {
        let fit = one(attribute, entry)?;
        may_be_refused |= fit.may_be_refused;
        values.extend(fit.value);
    }
    let marked = values.iter().filter(|it| is_primary(it)).count();
    if marked > 1 {
        return None;
    }
    let value = (!values.is_empty()).then(|| values.into());
    Some(Fit { value, may_be_refused })
}

/// What one value may become.
pub(super) fn one(attribute: &Attribute, raw: &Value) -> Option<Fit> {
    match (attribute.kind, raw) {
        (_, Value::Null) => refuse_if(attribute.required, None),
        (_, Value::Array(entries)) if entries.is_empty() => refuse_if(attribute.required, None),
        (_, Value::Array(entries)) if entries.len() == 1 => {
            one(attribute, &entries[0]).map(Fit::loosely)
        }
        (AttributeType::Complex, Value::Object(members)) => complex(attribute, members),
        (AttributeType::Complex, Value::String(text)) if attribute.find("$ref").is_some() => {
            let value = (!text.is_empty()).then(|| serde_json::json!({"value": text}));
            Some(Fit::perhaps(value))
        }
        (AttributeType::Complex, _) => None,
        (AttributeType::Boolean, Value::Bool(_)) => Some(Fit::plainly(Some(raw.clone()))),
        (AttributeType::Boolean, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" => Some(Fit::perhaps(Some(true.into()))),
            "false" => Some(Fit::perhaps(Some(false.into()))),
            _ => None,
        },
        (AttributeType::Boolean, _) | (_, Value::Array(_) | Value::Object(_)) => None,
        // RFC 7643 §4.1.1 asks for a userName that is not empty, and for no more.
        (_, Value::String(text)) if text.is_empty() && attribute.name == "userName" => None,
        (_, Value::String(text)) if text.trim().is_empty() => Some(Fit::perhaps(Some(raw.clone()))),
        (_, Value::String(_)) => Some(Fit::plainly(Some(raw.clone()))),
        (_, number) => Some(Fit::perhaps(Some(number.to_string().into()))),
    }
}

fn refuse_if(required: bool, value: Option<Value>) -> Option<Fit> {
    if required { None } else { Some(Fit::plainly(value)) }
}

fn complex(attribute: &Attribute, members: &Map<String, Value>) -> Option<Fit> {
    let mut held = Map::new();
    let mut may_be_refused = false;
    for (name, raw) in members {
        let Some(part) = attribute.find(name) else {
            may_be_refused = true; // A06: unknown members may be refused
            continue;
        };
        if part.mutability == Mutability::ReadOnly {
            continue;
        }
        let fit = one(part, raw)?;
        may_be_refused |= fit.may_be_refused;
        if let Some(value) = fit.value {
            held.insert(part.name.to_owned(), value);
        }
    }
    let value = (!held.is_empty()).then(|| held.into());
    Some(Fit { value, may_be_refused })
}

/// Whether a value is marked as the preferred one.
pub(super) fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::schema::user;

    fn fit(name: &str, raw: &Value) -> Option<Fit> {
        whole(user().find(name).unwrap(), raw)
    }

    #[test]
    fn what_fits_is_taken_and_what_cannot_be_meant_is_refused() {
        assert_eq!(fit("title", &json!("a")), Some(Fit::plainly(Some(json!("a")))));
        assert_eq!(fit("title", &json!(null)), Some(Fit::plainly(None)));
        assert_eq!(fit("emails", &json!([])), Some(Fit::plainly(None)));
        for (name, raw) in [
            ("active", json!("maybe")),
            ("title", json!({"a": 1})),
            ("name", json!("Alice")),
            ("userName", json!(null)),
            ("userName", json!("")),
            ("emails", json!([7])),
            ("emails", json!([{"value": "a", "primary": true}, {"value": "b", "primary": true}])),
        ] {
            assert_eq!(fit(name, &raw), None, "{name} {raw}");
        }
    }

    #[test]
    fn what_the_rfc_leaves_open_may_be_taken_or_refused() {
        assert_eq!(fit("active", &json!("False")), Some(Fit::perhaps(Some(json!(false)))));
        assert_eq!(fit("userName", &json!(" ")), Some(Fit::perhaps(Some(json!(" ")))));
        assert_eq!(fit("title", &json!(7)), Some(Fit::perhaps(Some(json!("7")))));
        assert_eq!(
            fit("emails", &json!({"value": "a"})),
            Some(Fit::perhaps(Some(json!([{"value": "a"}]))))
        );
    }
}
