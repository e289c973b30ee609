//! What a faulty server refuses although it is right.

use serde_json::Value;

use super::operation::{Asked, member_ids, operations};
use super::{Defect, Defects};
use crate::scim;
use crate::tenant::embedded::Inner;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::store::Indexed;

/// Refuses the body of a new resource.
pub(super) fn new(defects: &Defects, kind: ResourceKind, body: &Value) -> Result<(), Problem> {
    let refused = |defect: Defect, wrong: bool| wrong && defects.has(defect);
    let is_user = kind == ResourceKind::User;
    let has = |name: &str| body.get(name).is_some();
    let names = |urn: &str| {
        let urns = body.get("schemas").and_then(Value::as_array);
        urns.is_some_and(|urns| urns.iter().any(|it| it == urn))
    };
    let any = |name: &str, odd: fn(&Value) -> bool| {
        body.get(name).and_then(Value::as_array).into_iter().flatten().any(odd)
    };
    let why = if refused(Defect::META_REFUSED, has("meta")) {
        "meta cannot be set"
    } else if refused(Defect::SECOND_GROUP_URN_REFUSED, !is_user && names(scim::MICROSOFT_GROUP)) {
        "schemas names an unknown schema"
    } else if refused(Defect::MAIL_DEMANDED, is_user && !has("emails")) {
        "emails must not be empty"
    } else if refused(Defect::EXTENSION_DEMANDED, is_user && !has(scim::ENTERPRISE_USER)) {
        "department must not be empty"
    } else if refused(Defect::PHONE_FORM_DEMANDED, any("phoneNumbers", is_uri)) {
        "a phone number is no URI"
    } else if refused(
        Defect::UNLISTED_EXTENSION_REFUSED,
        has(scim::ENTERPRISE_USER) && !names(scim::ENTERPRISE_USER),
    ) {
        "schemas does not name the extension"
    } else if refused(
        Defect::NULLS_REFUSED,
        body.as_object().into_iter().flatten().any(|(_, value)| value.is_null()),
    ) {
        "null is no value"
    } else if refused(Defect::EMPTY_GROUP_REFUSED, !is_user && member_ids(body).next().is_none()) {
        "members must not be empty"
    } else {
        return Ok(());
    };
    Err(Problem::invalid_value(why))
}

/// Refuses a new resource for what others have or had.
pub(super) fn taken(tenant: &Inner, kind: ResourceKind, wanted: &Value) -> Result<(), Problem> {
    let defects = &tenant.defects;
    let found = |attribute: Indexed, text: Option<&Value>| {
        let text = text.and_then(Value::as_str);
        text.is_some_and(|text| !tenant.store.candidates(attribute, text).is_empty())
    };
    let mail = wanted.pointer("/emails/0/value");
    let name = wanted.get(kind.name_attribute()).and_then(Value::as_str).unwrap_or_default();
    if defects.has(Defect::EXTERNAL_ID_UNIQUE)
        && found(Indexed::ExternalId, wanted.get("externalId"))
        || defects.has(Defect::MAIL_UNIQUE) && found(Indexed::Email, mail)
        || tenant.memory.is_reserved(kind, name)
    {
        return Err(Problem::uniqueness("this is taken"));
    }
    Ok(())
}

/// Refuses a PATCH.
pub(super) fn patch(
    defects: &Defects,
    body: &Value,
    before: &Value,
    kind: ResourceKind,
) -> Result<(), Problem> {
    let operations = operations(body);
    if defects.has(Defect::EMPTY_OPERATIONS_CRASH) && operations.is_empty() {
        return Err(Problem::new(500, "index out of range"));
    }
    if defects.has(Defect::SECOND_OPERATION_REFUSED) && operations.len() > 1 {
        return Err(Problem::invalid_syntax("one operation at a time"));
    }
    if defects.has(Defect::INACTIVE_USER_REFUSED)
        && before.get("active") == Some(&Value::Bool(false))
        && !operations.iter().any(|it| it.to_string().contains("active"))
    {
        return Err(Problem::new(409, "the user must be active"));
    }
    operations.iter().try_for_each(|operation| {
        let asked = Asked::of(operation, kind);
        let word = operation.get("op").and_then(Value::as_str).unwrap_or_default();
        if defects.has(Defect::CAPITALISED_OP_REFUSED) && word.contains(char::is_uppercase) {
            return Err(Problem::invalid_syntax("op must be add, remove or replace"));
        }
        place(defects, &asked, before)?;
        value(defects, &asked, before)?;
        members(defects, &asked, before)
    })
}

/// Refuses an operation for where it works.
fn place(defects: &Defects, asked: &Asked<'_>, before: &Value) -> Result<(), Problem> {
    let refused = |defect: Defect, wrong: bool| wrong && defects.has(defect);
    let is_spelt_otherwise = || {
        let path = asked.path.as_ref().map(|it| it.path.attribute.as_str());
        asked.attribute().zip(path).is_some_and(|(attribute, path)| attribute.name != path)
    };
    let is_qualified = || {
        asked.path.as_ref().is_some_and(|it| it.path.schema.is_some() && !it.path.is_container())
    };
    if refused(Defect::PATHLESS_REFUSED, asked.path.is_none() && asked.writes()) {
        return Err(Problem::no_target("path is missing"));
    }
    if defects.has(Defect::PATH_CASE_SENSITIVE) && is_spelt_otherwise()
        || defects.has(Defect::URN_PATH_REFUSED) && is_qualified()
    {
        return Err(Problem::invalid_path("there is no such attribute"));
    }
    if defects.has(Defect::ABSENT_VALUE_PATH_REFUSED)
        && asked.writes()
        && asked.filter().is_some()
        && !asked.selects(before)
    {
        return Err(Problem::no_target("no value matches the path"));
    }
    if defects.has(Defect::ABSENT_REPLACE_REFUSED)
        && asked.word == "replace"
        && asked.attribute().is_some()
        && asked.held(before).is_none()
    {
        return Err(Problem::no_target("there is nothing to replace"));
    }
    Ok(())
}

/// Refuses an operation for its value.
fn value(defects: &Defects, asked: &Asked<'_>, before: &Value) -> Result<(), Problem> {
    let Some(value) = asked.value else { return Ok(()) };
    let refused = |defect: Defect, wrong: bool| wrong && defects.has(defect);
    let restores = || {
        let active = if asked.names("active") { Some(value) } else { value.get("active") };
        active.is_some_and(|it| it.to_string().to_ascii_lowercase().contains("true"))
    };
    let why = if refused(Defect::NULL_REPLACE_REFUSED, value.is_null()) {
        "null is no value"
    } else if refused(Defect::EMPTY_TEXT_REFUSED, value == "") {
        "a value must not be empty"
    } else if refused(Defect::MANAGER_TEXT_REFUSED, asked.names("manager") && value.is_string()) {
        "manager must be an object"
    } else if refused(Defect::ROLE_TEXT_REFUSED, asked.names("roles") && has_packed_role(value)) {
        "this role is not known"
    } else if refused(Defect::SAME_VALUE_REFUSED, asked.held(before) == Some(value)) {
        "nothing would change"
    } else if defects.has(Defect::RESTORE_REFUSED) && restores() {
        "a user can only be disabled"
    } else {
        return Ok(());
    };
    Err(Problem::invalid_value(why))
}

/// Refuses an operation on members.
fn members(defects: &Defects, asked: &Asked<'_>, before: &Value) -> Result<(), Problem> {
    if !asked.names("members") {
        return Ok(());
    }
    let refused = |defect: Defect, wrong: bool| wrong && defects.has(defect);
    let listed = asked.value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let nulls = listed.iter().any(|it| it.get("$ref") == Some(&Value::Null));
    if refused(Defect::NULL_REFERENCE_REFUSED, nulls) {
        return Err(Problem::invalid_value("$ref must be a string"));
    }
    if refused(Defect::SECOND_MEMBER_REFUSED, listed.len() > 1) {
        return Err(Problem::invalid_value("one member at a time"));
    }
    if refused(Defect::MEMBERS_REPLACE_REFUSED, asked.word == "replace") {
        return Err(Problem::invalid_syntax("members are added and removed"));
    }
    if refused(Defect::REMOVE_ALL_REFUSED, !asked.writes() && asked.members().is_empty()) {
        return Err(Problem::invalid_value("members to remove are missing"));
    }
    if defects.has(Defect::NESTED_GROUP_CRASH) && listed.iter().any(|it| it["type"] == "Group") {
        return Err(Problem::new(500, "no user has this id"));
    }
    if !defects.has(Defect::REPEATED_MEMBER_REFUSED) {
        return Ok(());
    }
    for id in asked.members() {
        match (asked.word.as_str(), member_ids(before).any(|it| it == id)) {
            ("add", true) => return Err(Problem::new(409, "this is a member already")),
            ("remove", false) => return Err(Problem::no_target("this is not a member")),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a phone number is written as RFC 3966 has it.
fn is_uri(entry: &Value) -> bool {
    entry.get("value").and_then(Value::as_str).is_some_and(|number| number.starts_with("tel:"))
}

/// Whether a role's value is JSON in a text, as Entra's expression for several roles makes it.
fn has_packed_role(roles: &Value) -> bool {
    let values = roles.as_array().into_iter().flatten().filter_map(|it| it.get("value")?.as_str());
    values.into_iter().any(|text| text.starts_with('{'))
}
