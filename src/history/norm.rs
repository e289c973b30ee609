//! What is compared of a resource: the attributes that a client writes, in one form.
//!
//! Left out is what only the provider knows (`id`, `meta`, `groups`), what is never shown, and what
//! counts as unassigned. Values of one attribute have no order (RFC 7643 §2.4), `primary: false` is
//! as good as nothing, and of references only the `value` counts.

use serde_json::{Map, Value};

use super::slot::Kind;
pub use crate::checks::episode::State;
use crate::scim;
use crate::scim::schema::{Attribute, AttributeType, Mutability, Returned};

/// How paths of the extension's attributes begin in a state.
pub const ENTERPRISE: &str = "enterprise.";

/// The state that a representation shows.
pub fn state_of(kind: Kind, body: &Value) -> State {
    let mut state = State::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        if let Some(extension) = kind.find_extension(name) {
            for (name, value) in value.as_object().into_iter().flatten() {
                if let Some(attribute) = extension.find(name) {
                    set(&mut state, format!("{ENTERPRISE}{}", attribute.name), attribute, value);
                }
            }
        } else if let Some(attribute) = kind.find(name).filter(|it| is_compared(it)) {
            set(&mut state, attribute.name.to_owned(), attribute, value);
        }
    }
    state
}

/// The body that a PUT or POST of a state would have.
pub fn body_of(kind: Kind, state: &State) -> Value {
    let mut body = Map::new();
    let mut extension = Map::new();
    for (path, value) in state {
        match path.strip_prefix(ENTERPRISE) {
            Some(name) => extension.insert(name.to_owned(), value.clone()),
            None => body.insert(path.clone(), value.clone()),
        };
    }
    let mut urns = vec![Value::from(kind.schema().id)];
    if !extension.is_empty() {
        urns.push(scim::ENTERPRISE_USER.into());
        body.insert(scim::ENTERPRISE_USER.to_owned(), extension.into());
    }
    body.insert("schemas".to_owned(), urns.into());
    body.into()
}

/// Puts a value into a state in its one form, or takes it out where it is unassigned.
pub fn set(state: &mut State, path: String, attribute: &Attribute, value: &Value) {
    match normal(attribute, value) {
        Some(value) => state.insert(path, value),
        None => state.remove(&path),
    };
}

/// Whether an attribute is compared at all.
fn is_compared(attribute: &Attribute) -> bool {
    attribute.mutability != Mutability::ReadOnly
        && attribute.returned != Returned::Never
        && attribute.name != "schemas"
}

/// The one form of an attribute's value; none where it is unassigned.
pub fn normal(attribute: &Attribute, value: &Value) -> Option<Value> {
    let entries = match value {
        Value::Array(entries) if attribute.multi_valued => entries,
        // Where an array is due, or is not due, the wrong form stays and so is no equal.
        other => return normal_entry(attribute, other),
    };
    let mut entries: Vec<(String, Value)> = entries
        .iter()
        .filter_map(|entry| normal_entry(attribute, entry))
        .map(|entry| (entry.to_string(), entry))
        .collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    entries.dedup_by(|(one, _), (other, _)| one == other);
    let entries: Vec<Value> = entries.into_iter().map(|(_, entry)| entry).collect();
    (!entries.is_empty()).then(|| entries.into())
}

fn normal_entry(attribute: &Attribute, value: &Value) -> Option<Value> {
    let members = match value {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => return None,
        Value::Array(entries) if entries.is_empty() => return None,
        Value::Object(members) if attribute.kind == AttributeType::Complex => members,
        other => return Some(other.clone()),
    };
    let is_reference = attribute.find("$ref").is_some();
    let mut kept: Vec<(String, Value)> = Vec::new();
    for (name, value) in members {
        let Some(part) = attribute.find(name) else { continue };
        // Who knows the parts of a name may put them together.
        let is_derived = is_reference && part.name != "value" || part.name == "formatted";
        let is_unmarked = part.name == "primary" && value == &Value::Bool(false);
        if !is_derived
            && !is_unmarked
            && let Some(value) = normal_entry(part, value)
        {
            kept.push((part.name.to_owned(), value));
        }
    }
    kept.sort_by(|(one, _), (other, _)| one.cmp(other));
    (!kept.is_empty()).then(|| Value::Object(kept.into_iter().collect()))
}

/// What a new resource shows that nobody sent, as far as it is of the sort that a provider adds to
/// every one: attributes that `usual` has too, and of several values those of its types. A user's
/// `displayName` may be put together from other names.
pub fn added_to(sent: &State, shown: &State, usual: &State) -> State {
    let mut added = State::new();
    let type_of = |entry: &Value| entry.get("type").cloned();
    for (path, value) in shown {
        match (usual.get(path), value, sent.get(path)) {
            (Some(Value::Array(usual)), Value::Array(shown), sent) => {
                let sent = sent.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let is_added = |entry: &&Value| {
                    !sent.contains(entry) && usual.iter().any(|it| type_of(it) == type_of(entry))
                };
                let entries: Vec<Value> = shown.iter().filter(is_added).cloned().collect();
                if !entries.is_empty() {
                    added.insert(path.clone(), entries.into());
                }
            }
            (Some(_), value, None) => {
                added.insert(path.clone(), value.clone());
            }
            (None, value, None) if path == "displayName" => {
                added.insert(path.clone(), value.clone());
            }
            _ => {}
        }
    }
    added
}

/// A state without what the provider adds by itself: values of several, and whole attributes that
/// hold exactly what was learnt.
pub fn without(mut state: State, learnt: &State) -> State {
    for (path, added) in learnt {
        match (state.get_mut(path), added) {
            (Some(Value::Array(held)), Value::Array(added)) => {
                held.retain(|entry| !added.contains(entry));
                if held.is_empty() {
                    state.remove(path);
                }
            }
            (Some(held), added) if held == added => {
                state.remove(path);
            }
            _ => {}
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_a_client_writes_is_compared_and_in_one_form() {
        let body = json!({
            "schemas": [scim::USER], "id": "1", "meta": {"version": "W/\"1\""}, "USERNAME": "a",
            "emails": [{"value": "b", "type": "work", "primary": false}, {"type": null},
                       {"type": "home", "value": "a", "PRIMARY": true}],
            "title": "", "roles": [], "groups": [{"value": "g"}], "password": "x",
            scim::ENTERPRISE_USER: {"manager": {"value": "m", "$ref": "x", "displayName": "M"}},
        });
        let state = state_of(Kind::User, &body);
        let shown: Value = state.clone().into_iter().collect::<Map<_, _>>().into();
        let expected = json!({
            "userName": "a", "enterprise.manager": {"value": "m"},
            "emails": [{"primary": true, "type": "home", "value": "a"},
                       {"type": "work", "value": "b"}],
        });
        assert_eq!(shown, expected);
        assert_eq!(state_of(Kind::User, &body_of(Kind::User, &state)), state);
    }

    #[test]
    fn a_value_of_the_wrong_form_is_no_equal() {
        let of = |value: Value| state_of(Kind::User, &value);
        assert_ne!(of(json!({"active": "true"})), of(json!({"active": true})));
        assert_ne!(of(json!({"emails": {"value": "a"}})), of(json!({"emails": [{"value": "a"}]})));
    }

    #[test]
    fn what_the_provider_adds_is_learnt_and_left_out() {
        let sent = state_of(Kind::User, &json!({"userName": "a", "emails": [{"value": "b"}]}));
        let shown = json!({"userName": "a", "active": true,
            "emails": [{"value": "b"}, {"value": "own"}]});
        let shown = state_of(Kind::User, &shown);
        let usual = State::from([
            ("active".to_owned(), json!(true)),
            ("emails".to_owned(), json!([{"value": "another"}])),
        ]);
        let learnt = added_to(&sent, &shown, &usual);
        assert_eq!(added_to(&sent, &shown, &State::new()), State::new());
        assert_eq!(learnt.keys().collect::<Vec<_>>(), ["active", "emails"]);
        assert_eq!(without(shown.clone(), &learnt), sent);
        let mut changed = shown;
        changed.insert("active".to_owned(), json!(false));
        assert_eq!(without(changed, &learnt)["active"], json!(false));
    }
}
