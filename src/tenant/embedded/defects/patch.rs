//! The defects of PATCH: operations that are taken for others, and results that are spoilt.
//!
//! A clean tenant passes through here without a change: each step first asks for its switch.

use serde_json::{Map, Value, json};

use super::operation::{Asked, operations, operations_mut};
use super::{Defect, Defects, refuse};
use crate::scim;
use crate::scim::filter::Filter;
use crate::scim::path::PatchPath;
use crate::scim::schema::{AttributeType, Mutability};
use crate::tenant::embedded::apply::{self, Tolerance};
use crate::tenant::embedded::evaluate::element_matches;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::problem::Problem;

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
    refuse::patch(defects, body, before, kind)?;
    let mut bent = body.clone();
    let mut literal = Map::new();
    if let Some(operations) = operations_mut(&mut bent) {
        literal = take_literal(defects, operations, kind);
        operations.retain(|it| !is_passed_over(defects, &Asked::of(it, kind), before));
        let taken = operations.iter().flat_map(|it| taken_for(defects, it, kind));
        *operations = taken.collect();
        reorder(defects, operations);
    }
    let mut wanted = apply::apply(&bent, before, kind, tolerance)?;
    for operation in operations(body) {
        spoil_values(defects, &Asked::of(operation, kind), before, &mut wanted);
    }
    spoil(defects, body, before, kind, &mut wanted);
    overrule(defects, kind, &mut wanted);
    if let Some(wanted) = wanted.as_object_mut() {
        wanted.extend(literal);
    }
    Ok(wanted)
}

/// Puts the server's own idea of a value in the place of the client's, whatever the request was.
pub(super) fn overrule(defects: &Defects, kind: ResourceKind, wanted: &mut Value) {
    if kind != ResourceKind::User {
        return;
    }
    if defects.has(Defect::DISPLAY_NAME_DERIVED)
        && let Some(name) = wanted.pointer("/name/formatted").cloned()
    {
        wanted["displayName"] = name;
    }
    if defects.has(Defect::EXTERNAL_ID_LOWERED)
        && let Some(id) = wanted.get("externalId").and_then(Value::as_str)
    {
        wanted["externalId"] = id.to_lowercase().into();
    }
}

/// Takes out of the operations what is stored under the key that the client wrote.
fn take_literal(
    defects: &Defects,
    operations: &mut Vec<Value>,
    kind: ResourceKind,
) -> Map<String, Value> {
    let mut taken = Map::new();
    if defects.has(Defect::LITERAL_KEYS_STORED) {
        for operation in operations.iter_mut().filter(|it| it.get("path").is_none()) {
            if let Some(Value::Object(value)) = operation.get_mut("value") {
                let odd = value.keys().filter(|key| key.contains(['.', ':']));
                let odd: Vec<String> = odd.cloned().collect();
                for key in odd {
                    let kept = value.shift_remove(&key).unwrap_or_default();
                    taken.insert(key, kept);
                }
            }
        }
        operations.retain(|it| it.get("value") != Some(&json!({})));
    }
    if defects.has(Defect::UNKNOWN_ATTRIBUTE_STORED) {
        operations.retain(|operation| {
            let asked = Asked::of(operation, kind);
            match (asked.path, asked.named, asked.value) {
                (Some(PatchPath { path, filter: None, .. }), None, Some(value)) => {
                    taken.insert(path.to_string(), value.clone());
                    false
                }
                _ => true,
            }
        });
    }
    taken
}

/// Whether a faulty server answers with success and does nothing of it.
fn is_passed_over(defects: &Defects, asked: &Asked<'_>, before: &Value) -> bool {
    let passed = |defect: Defect, applies: bool| applies && defects.has(defect);
    let (adds, removes) = (asked.word == "add", asked.word == "remove");
    let replaces = asked.word == "replace";
    let boolean = |filter: &Filter| {
        let words = [json!(true), json!(false), json!("true"), json!("True")];
        matches!(filter, Filter::Compare { value, .. } if words.contains(value))
    };
    let read_only = asked.attribute().is_some_and(|it| it.mutability == Mutability::ReadOnly);
    let required = asked.attribute().is_some_and(|it| it.required);
    let members = asked.names("members");
    let manager = asked.names("manager");
    let renames =
        || asked.path.is_none() && asked.value.is_some_and(|it| it.get("userName").is_some());
    passed(Defect::FILTERED_REMOVAL_IGNORED, removes && members && asked.filter().is_some())
        || passed(Defect::REMOVE_ALL_IGNORED, removes && members && asked.members().is_empty())
        || passed(Defect::NEW_MEMBERS_IGNORED, adds && members)
        || passed(Defect::BOOLEAN_LITERAL_UNMATCHED, asked.filter().is_some_and(boolean))
        || passed(Defect::EMPTY_MANAGER_IGNORED, manager && asked.value.is_some_and(is_nothing))
        || passed(
            Defect::SECOND_MANAGER_IGNORED,
            replaces && manager && asked.held(before).is_some(),
        )
        || passed(Defect::MANAGER_STAYS, removes && manager)
        || passed(Defect::READ_ONLY_PASSED_OVER, read_only)
        || passed(Defect::REQUIRED_REMOVAL_DONE, removes && required)
        || passed(Defect::UNKNOWN_OP_PASSED_OVER, !(adds || removes || replaces))
        || defects.has(Defect::RENAME_IN_VALUE_IGNORED) && renames()
}

/// What a faulty server takes an operation for.
fn taken_for(defects: &Defects, operation: &Value, kind: ResourceKind) -> Vec<Value> {
    let asked = Asked::of(operation, kind);
    let mut taken = operation.clone();
    let multi_valued = asked.attribute().is_some_and(|it| it.multi_valued);
    let members = asked.names("members");
    if let Some(path) = wrong_path(defects, &asked) {
        taken["path"] = path.into();
    }
    let forgets_value = defects.has(Defect::REMOVE_EMPTIES_GROUP) && members;
    if asked.word == "remove"
        && forgets_value
        && let Some(taken) = taken.as_object_mut()
    {
        taken.shift_remove("value");
    }
    if asked.word == "add" {
        if defects.has(Defect::ADDED_MEMBERS_REPLACE) && members
            || defects.has(Defect::ADDED_VALUES_REPLACE) && multi_valued && !members
        {
            taken["op"] = "replace".into();
        }
        return vec![taken];
    }
    if asked.word != "replace" {
        return vec![taken];
    }
    let is_list = asked.value.is_some_and(Value::is_array);
    if defects.has(Defect::VALUES_APPENDED) && (asked.path.is_none() || is_list) {
        taken["op"] = "add".into();
    }
    let mut all = Vec::new();
    let is_whole = asked.filter().is_none() && asked.value.is_some_and(Value::is_object);
    if defects.has(Defect::COMPLEX_REPLACED_WHOLE) && asked.path.is_some() && is_whole {
        all.push(json!({"op": "remove", "path": operation["path"]}));
    }
    if defects.has(Defect::EXTENSION_REPLACED_WHOLE)
        && asked.named.is_some_and(|it| it.extension.is_some())
    {
        all.push(json!({"op": "remove", "path": scim::ENTERPRISE_USER}));
    }
    all.push(taken);
    all
}

/// The path that a faulty server works at in the place of the one it was given.
fn wrong_path(defects: &Defects, asked: &Asked<'_>) -> Option<String> {
    let mut path = asked.path.clone()?;
    let attribute = asked.attribute()?;
    let removes = asked.word == "remove";
    let after = path.sub_attribute_after_filter.clone();
    if defects.has(Defect::VALUE_PATH_HITS_ALL) && after.is_some() {
        path.filter = None;
        path.path.sub_attribute = path.sub_attribute_after_filter.take();
    } else if defects.has(Defect::REMOVAL_TAKES_ALL_VALUES) && removes && after.is_none() {
        path.filter = None;
    } else if defects.has(Defect::REMOVAL_TAKES_WHOLE) && removes && !attribute.multi_valued {
        path.path.sub_attribute = None;
    } else if defects.has(Defect::AND_HALF_READ)
        && let Some(Filter::And(parts)) = &path.filter
    {
        path.filter = parts.first().cloned();
    } else {
        return None;
    }
    Some(path.to_string())
}

fn reorder(defects: &Defects, operations: &mut Vec<Value>) {
    if defects.has(Defect::SECOND_OPERATION_IGNORED) {
        operations.truncate(1);
    }
    if defects.has(Defect::OPERATIONS_BACKWARDS) {
        operations.reverse();
    }
    if defects.has(Defect::REMOVALS_FIRST) {
        operations.sort_by_key(|it| {
            let word = it.get("op").and_then(Value::as_str).unwrap_or_default();
            !word.eq_ignore_ascii_case("remove")
        });
    }
}

/// Spoils the values of a multi-valued attribute that an operation addressed.
fn spoil_values(defects: &Defects, asked: &Asked<'_>, before: &Value, wanted: &mut Value) {
    let Some(attribute) = asked.attribute() else { return };
    let Some(Value::Array(values)) = wanted.get_mut(attribute.name) else { return };
    if defects.has(Defect::SIBLINGS_DELETED)
        && asked.word == "replace"
        && let Some(filter) = asked.filter()
    {
        values.retain(|value| element_matches(filter, value, attribute));
    }
    if defects.has(Defect::KNOWN_VALUE_ADDED)
        && asked.word == "add"
        && attribute.kind == AttributeType::Complex
    {
        let held = asked.held(before).and_then(Value::as_array).into_iter().flatten();
        let added = asked.value.and_then(Value::as_array).into_iter().flatten();
        let known: Vec<Value> = held
            .filter(|held| added.clone().any(|it| it.get("value") == held.get("value")))
            .cloned()
            .collect();
        values.extend(known);
    }
}

/// Spoils what a PATCH comes to.
fn spoil(defects: &Defects, body: &Value, before: &Value, kind: ResourceKind, wanted: &mut Value) {
    if defects.has(Defect::TWO_PRIMARIES) {
        mark_again(before, wanted);
    }
    let fixed = match kind {
        ResourceKind::User => Defect::USER_EXTERNAL_ID_FIXED,
        ResourceKind::Group => Defect::GROUP_EXTERNAL_ID_FIXED,
    };
    if defects.has(fixed)
        && let Some(id) = before.get("externalId")
    {
        wanted["externalId"] = id.clone();
    }
    if defects.has(Defect::BOOLEAN_KEPT_AS_TEXT)
        && let Some(text) = active_text(body)
    {
        wanted["active"] = text.into();
    }
    let is_disabled = |user: &Value| user.get("active") == Some(&Value::Bool(false));
    if kind == ResourceKind::User && is_disabled(wanted) {
        if defects.has(Defect::DISABLED_USER_EMPTIED) && !is_disabled(before) {
            let names = ["schemas", "userName", "externalId", "active"];
            if let Some(user) = wanted.as_object_mut() {
                user.retain(|name, _| names.contains(&name.as_str()));
            }
        }
        if defects.has(Defect::UPDATE_ENABLES) && is_disabled(before) {
            wanted["active"] = true.into();
        }
    }
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

/// The text that a PATCH sets `active` to, where it is a text.
fn active_text(body: &Value) -> Option<String> {
    operations(body).iter().rev().find_map(|operation| {
        let asked = Asked::of(operation, ResourceKind::User);
        let value = asked.value?;
        let value = if asked.names("active") { value } else { value.get("active")? };
        value.as_str().map(str::to_owned)
    })
}

/// Whether a value is one of Entra's words for "no manager".
fn is_nothing(value: &Value) -> bool {
    value == "" || value.get("value").is_some_and(|it| it == "")
}
