//! The defects of writing: what goes wrong in PATCH, rename, create and delete once it is
//! switched on.
//!
//! A clean tenant passes through here without a change: each function first asks for its switch.

use std::time::Duration;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Defect, Defects};
use crate::scim;
use crate::scim::path::PatchPath;
use crate::scim::schema::Attribute;
use crate::tenant::embedded::Inner;
use crate::tenant::embedded::apply::{self, Tolerance};
use crate::tenant::embedded::evaluate::element_matches;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::precondition::Precondition;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::respond::empty_answer;
use crate::tenant::embedded::store::{References, Stored};

/// How long a server that loses updates thinks between reading and writing.
const THINKING: Duration = Duration::from_millis(5);

/// Puts a question mark for every letter beyond ASCII in the texts of a new resource.
pub(in crate::tenant::embedded) fn lose_letters(defects: &Defects, body: &mut Value) {
    if !defects.has(Defect::LETTERS_LOST) {
        return;
    }
    for value in body.as_object_mut().into_iter().flat_map(|body| body.values_mut()) {
        if let Value::String(text) = value {
            *text =
                text.chars().map(|letter| if letter.is_ascii() { letter } else { '?' }).collect();
        }
    }
}

/// Refuses a new resource for a wrong reason.
pub(in crate::tenant::embedded) fn refuse_new(
    defects: &Defects,
    kind: ResourceKind,
    body: &Value,
) -> Result<(), Problem> {
    if defects.has(Defect::META_REFUSED) && body.get("meta").is_some() {
        return Err(Problem::invalid_value("meta cannot be set"));
    }
    let names_second = || {
        let urns = body.get("schemas").and_then(Value::as_array);
        urns.is_some_and(|urns| urns.iter().any(|urn| urn == scim::MICROSOFT_GROUP))
    };
    if defects.has(Defect::SECOND_GROUP_URN_REFUSED)
        && kind == ResourceKind::Group
        && names_second()
    {
        return Err(Problem::invalid_value("schemas names an unknown schema"));
    }
    Ok(())
}

/// Applies a PATCH body, badly where a defect says so.
pub(in crate::tenant::embedded) fn apply(
    defects: &Defects,
    body: &Value,
    before: &Value,
    kind: ResourceKind,
    tolerance: Tolerance,
) -> Result<Value, Problem> {
    if !defects.any() {
        return apply::apply(body, before, kind, tolerance);
    }
    refuse(defects, body, before, kind)?;
    let mut bent = body.clone();
    let mut literal = Map::new();
    if defects.has(Defect::LITERAL_KEYS_STORED) {
        literal = take_literal_keys(&mut bent);
    }
    if defects.has(Defect::REMOVE_EMPTIES_GROUP) {
        forget_removed_members(&mut bent);
    }
    if defects.has(Defect::VALUES_APPENDED) {
        append_values(&mut bent);
    }
    if defects.has(Defect::COMPLEX_REPLACED_WHOLE) {
        drop_siblings_first(&mut bent);
    }
    let mut wanted = if operations(&bent).is_empty() && !literal.is_empty() {
        before.clone()
    } else {
        apply::apply(&bent, before, kind, tolerance)?
    };
    if defects.has(Defect::SIBLINGS_DELETED) {
        delete_siblings(body, kind, &mut wanted);
    }
    if defects.has(Defect::TWO_PRIMARIES) {
        mark_again(before, &mut wanted);
    }
    if defects.has(Defect::BOOLEAN_KEPT_AS_TEXT)
        && let Some(text) = active_text(body)
    {
        wanted["active"] = text.into();
    }
    if let Some(wanted) = wanted.as_object_mut() {
        wanted.extend(literal);
    }
    Ok(wanted)
}

/// Refuses a PATCH for a wrong reason.
fn refuse(
    defects: &Defects,
    body: &Value,
    before: &Value,
    kind: ResourceKind,
) -> Result<(), Problem> {
    let operations = operations(body);
    if defects.has(Defect::EMPTY_OPERATIONS_CRASH) && operations.is_empty() {
        return Err(Problem::new(500, "index out of range"));
    }
    if defects.has(Defect::INACTIVE_USER_REFUSED)
        && before.get("active") == Some(&Value::Bool(false))
        && !operations.iter().any(|it| it.to_string().contains("active"))
    {
        return Err(Problem::new(409, "the user must be active"));
    }
    for operation in operations {
        let word = operation.get("op").and_then(Value::as_str).unwrap_or_default();
        if defects.has(Defect::CAPITALISED_OP_REFUSED) && word.contains(char::is_uppercase) {
            return Err(Problem::invalid_syntax("op must be add, remove or replace"));
        }
        if defects.has(Defect::NULL_REFERENCE_REFUSED) && has_null_reference(operation) {
            return Err(Problem::invalid_value("$ref must be a string"));
        }
        if defects.has(Defect::ABSENT_VALUE_PATH_REFUSED)
            && !word.eq_ignore_ascii_case("remove")
            && let Some((attribute, path)) = value_path(operation, kind)
            && !selects(&path, attribute, before)
        {
            return Err(Problem::no_target("no value matches the path"));
        }
        if defects.has(Defect::PATH_CASE_SENSITIVE) && is_in_another_case(operation, kind) {
            return Err(Problem::invalid_path("there is no such attribute"));
        }
        if defects.has(Defect::REPEATED_MEMBER_REFUSED) && kind == ResourceKind::Group {
            refuse_repetition(operation, word, before)?;
        }
    }
    Ok(())
}

/// Refuses to add who is a member, and to remove who is not.
fn refuse_repetition(operation: &Value, word: &str, before: &Value) -> Result<(), Problem> {
    let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
    if !path.to_ascii_lowercase().starts_with("members") {
        return Ok(());
    }
    let is_member = |id: &str| {
        let members = before.get("members").and_then(Value::as_array);
        members.is_some_and(|members| members.iter().any(|it| it["value"] == id))
    };
    let bracketed = path.split('"').nth(1);
    let values = operation.get("value").and_then(Value::as_array).into_iter().flatten();
    let ids = values.filter_map(|it| it.get("value")?.as_str()).chain(bracketed);
    for id in ids {
        if word.eq_ignore_ascii_case("add") && is_member(id) {
            return Err(Problem::new(409, "this is a member already"));
        }
        if word.eq_ignore_ascii_case("remove") && !is_member(id) {
            return Err(Problem::no_target("this is not a member"));
        }
    }
    Ok(())
}

/// Changes a resource, badly where a defect says so. `change` applies a body to a state.
pub(in crate::tenant::embedded) async fn modify(
    tenant: &Inner,
    kind: ResourceKind,
    id: &str,
    body: &Value,
    change: impl Fn(&Value, &Stored) -> Result<Value, Problem>,
) -> Result<Stored, Problem> {
    let (store, defects) = (&tenant.store, &tenant.defects);
    if defects.has(Defect::PATCH_NOT_ATOMIC) && operations(body).len() > 1 {
        let mut last = store.read(kind, id, References::Listed)?;
        for operation in operations(body) {
            let alone = scim::message::patch_body(std::slice::from_ref(operation));
            last = store.modify(kind, id, References::Listed, |seen| change(&alone, seen))?;
        }
        return Ok(last);
    }
    let seen = store.read(kind, id, References::Listed)?;
    let stored = if defects.has(Defect::LOST_UPDATES) {
        let wanted = change(body, &seen)?;
        tokio::time::sleep(THINKING).await;
        store.overwrite(&seen, wanted)?
    } else {
        store.modify(kind, id, References::Listed, |seen| change(body, seen))?
    };
    if defects.has(Defect::ID_CHANGES_ON_UPDATE) && kind == ResourceKind::User {
        store.delete(kind, id, &Precondition::Nothing)?;
        return store.create(kind, Value::Object(stored.body));
    }
    Ok(if defects.has(Defect::STALE_ANSWER) { seen } else { stored })
}

/// Replaces a resource badly where a defect says so: values that were there stay.
pub(in crate::tenant::embedded) fn replace(tenant: &Inner, seen: &Stored, wanted: &mut Value) {
    if !tenant.defects.has(Defect::PUT_MERGES) {
        return;
    }
    for (name, held) in &seen.body {
        if let (Value::Array(held), Some(Value::Array(values))) = (held, wanted.get_mut(name)) {
            let lost: Vec<Value> = held.iter().filter(|it| !values.contains(it)).cloned().collect();
            values.extend(lost);
        }
    }
}

/// Loses a group's new name where a defect says so.
pub(in crate::tenant::embedded) fn rename(
    tenant: &Inner,
    seen: &Stored,
    wanted: &mut Value,
) -> Result<(), Problem> {
    let Some(name) = seen.body.get("displayName") else { return Ok(()) };
    if seen.kind != ResourceKind::Group || wanted.get("displayName") == Some(name) {
        return Ok(());
    }
    if tenant.defects.has(Defect::RENAME_MAKES_SECOND_GROUP) {
        let second = json!({
            "schemas": [scim::GROUP],
            "displayName": wanted["displayName"],
        });
        tenant.store.create(ResourceKind::Group, second)?;
        wanted["displayName"] = name.clone();
    }
    if tenant.defects.has(Defect::RENAME_IGNORED) {
        wanted["displayName"] = name.clone();
    }
    Ok(())
}

/// Deletes badly where a defect says so; none means that the proper way is still to be gone.
pub(in crate::tenant::embedded) fn delete(
    tenant: &Inner,
    kind: ResourceKind,
    id: &str,
) -> Result<Option<Response>, Problem> {
    let (store, defects) = (&tenant.store, &tenant.defects);
    if defects.has(Defect::GROUP_DELETE_REFUSED) && kind == ResourceKind::Group {
        return Err(Problem::invalid_value("groups cannot be deleted"));
    }
    if defects.has(Defect::DELETE_ONLY_DEACTIVATES) && kind == ResourceKind::User {
        store.modify(kind, id, References::Listed, |seen| {
            let mut wanted = Value::Object(seen.body.clone());
            wanted["active"] = false.into();
            Ok(wanted)
        })?;
        return Ok(Some(empty_answer(StatusCode::NO_CONTENT)));
    }
    super::assignments::delete(tenant, kind, id)?;
    if defects.has(Defect::DELETED_USER_READABLE) && kind == ResourceKind::User {
        tenant.keep_ghost(store.read(kind, id, References::LeftOut)?);
    }
    Ok(None)
}

fn operations(body: &Value) -> &[Value] {
    body.get("Operations").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn operations_mut(body: &mut Value) -> Option<&mut Vec<Value>> {
    body.get_mut("Operations")?.as_array_mut()
}

/// Takes dotted and URN keys out of values without a path.
fn take_literal_keys(body: &mut Value) -> Map<String, Value> {
    let mut taken = Map::new();
    let Some(operations) = operations_mut(body) else { return taken };
    for operation in operations.iter_mut().filter(|it| it.get("path").is_none()) {
        if let Some(Value::Object(value)) = operation.get_mut("value") {
            let odd: Vec<String> =
                value.keys().filter(|key| key.contains(['.', ':'])).cloned().collect();
            for key in odd {
                let kept = value.shift_remove(&key).unwrap_or_default();
                taken.insert(key, kept);
            }
        }
    }
    operations.retain(|it| it.get("value") != Some(&json!({})));
    taken
}

/// Turns "replace these values" into "add these values".
fn append_values(body: &mut Value) {
    for operation in operations_mut(body).into_iter().flatten() {
        let is_replace = operation.get("op").and_then(Value::as_str);
        if is_replace.is_some_and(|it| it.eq_ignore_ascii_case("replace"))
            && (operation.get("path").is_none()
                || operation.get("value").is_some_and(Value::is_array))
        {
            operation["op"] = "add".into();
        }
    }
}

/// Puts a removal before each replacement of a complex attribute.
fn drop_siblings_first(body: &mut Value) {
    let Some(operations) = operations_mut(body) else { return };
    let whole = |operation: &Value| {
        let path = operation.get("path")?.as_str().filter(|path| !path.contains('['))?;
        let word = operation.get("op")?.as_str()?;
        let is_whole = word.eq_ignore_ascii_case("replace") && operation.get("value")?.is_object();
        is_whole.then(|| json!({"op": "remove", "path": path}))
    };
    let bent = operations.iter().flat_map(|it| whole(it).into_iter().chain([it.clone()]));
    *operations = bent.collect();
}

/// Marks as primary whatever was primary before.
fn mark_again(before: &Value, wanted: &mut Value) {
    let Some(Value::Array(mails)) = wanted.get_mut("emails") else { return };
    let held = before.get("emails").and_then(Value::as_array).into_iter().flatten();
    for old in held.filter(|it| it.get("primary") == Some(&Value::Bool(true))) {
        for mail in mails.iter_mut().filter(|it| it.get("value") == old.get("value")) {
            mail["primary"] = true.into();
        }
    }
}

/// Whether a path spells an attribute in another case than its schema.
fn is_in_another_case(operation: &Value, kind: ResourceKind) -> bool {
    let path = operation.get("path").and_then(Value::as_str);
    let path = path.and_then(|path| PatchPath::parse(path).ok());
    path.is_some_and(|path| {
        let named = kind.resolve(&path.path, true).and_then(|it| it.attribute);
        named.is_some_and(|attribute| attribute.name != path.path.attribute)
    })
}

/// Turns "remove these members" into "remove members".
fn forget_removed_members(body: &mut Value) {
    for operation in operations_mut(body).into_iter().flatten() {
        let is = |name: &str, text: &str| {
            operation
                .get(name)
                .and_then(Value::as_str)
                .is_some_and(|it| it.eq_ignore_ascii_case(text))
        };
        if is("op", "remove")
            && is("path", "members")
            && let Some(operation) = operation.as_object_mut()
        {
            operation.shift_remove("value");
        }
    }
}

/// Keeps of an attribute that was addressed by a value path only the values addressed.
fn delete_siblings(body: &Value, kind: ResourceKind, wanted: &mut Value) {
    for operation in operations(body) {
        let is_replace = operation.get("op").and_then(Value::as_str);
        if is_replace.is_some_and(|it| it.eq_ignore_ascii_case("replace"))
            && let Some((attribute, path)) = value_path(operation, kind)
            && let Some(filter) = &path.filter
            && let Some(Value::Array(values)) = wanted.get_mut(attribute.name)
        {
            values.retain(|value| element_matches(filter, value, attribute));
        }
    }
}

/// The text that a PATCH sets `active` to, where it is a text.
fn active_text(body: &Value) -> Option<String> {
    operations(body).iter().rev().find_map(|operation| {
        let value = operation.get("value")?;
        let direct = operation.get("path").and_then(Value::as_str);
        let value = if direct.is_some_and(|path| path.eq_ignore_ascii_case("active")) {
            value
        } else {
            value.get("active")?
        };
        value.as_str().map(str::to_owned)
    })
}

fn has_null_reference(operation: &Value) -> bool {
    let values = operation.get("value").and_then(Value::as_array);
    values.is_some_and(|values| values.iter().any(|it| it.get("$ref") == Some(&Value::Null)))
}

/// The attribute and the path of an operation on a value path.
fn value_path(operation: &Value, kind: ResourceKind) -> Option<(&'static Attribute, PatchPath)> {
    let path = PatchPath::parse(operation.get("path")?.as_str()?).ok()?;
    path.filter.as_ref()?;
    Some((kind.resolve(&path.path, true)?.attribute?, path))
}

/// Whether a value path selects anything that is there.
fn selects(path: &PatchPath, attribute: &'static Attribute, before: &Value) -> bool {
    let values = before.get(attribute.name).and_then(Value::as_array).into_iter().flatten();
    let filter = path.filter.as_ref();
    values.into_iter().any(|it| filter.is_some_and(|filter| element_matches(filter, it, attribute)))
}
