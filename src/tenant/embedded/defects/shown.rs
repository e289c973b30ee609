//! The defects of what an answer shows of one resource.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::memory::Memory;
use super::{Defect, Defects};
use crate::scim;
use crate::tenant::embedded::store::Stored;

/// Spoils the representation of a resource.
pub(in crate::tenant::embedded) fn spoil(
    defects: &Defects,
    memory: &Memory,
    stored: &Stored,
    shown: &mut Map<String, Value>,
) {
    if !defects.any() {
        return;
    }
    if defects.has(Defect::LANGUAGE_NOT_SHOWN) {
        shown.shift_remove("preferredLanguage");
    }
    if let Some(Value::Array(members)) = shown.get_mut("members") {
        spoil_members(defects, memory, stored, members);
    }
    if defects.has(Defect::ONE_GROUP_SHOWN)
        && let Some(Value::Array(groups)) = shown.get_mut("groups")
    {
        groups.truncate(1);
    }
    if defects.has(Defect::EXTENSION_UNLISTED)
        && let Some(Value::Array(schemas)) = shown.get_mut("schemas")
    {
        schemas.retain(|urn| urn != scim::ENTERPRISE_USER);
    }
    if defects.has(Defect::MANAGER_AS_TEXT)
        && let Some(extension) = shown.get_mut(scim::ENTERPRISE_USER)
        && let Some(id) = extension.pointer("/manager/value").cloned()
    {
        extension["manager"] = id;
    }
    if defects.has(Defect::EXTENSION_FLAT)
        && let Some(Value::Object(extension)) = shown.shift_remove(scim::ENTERPRISE_USER)
    {
        shown.extend(extension);
    }
}

fn spoil_members(defects: &Defects, memory: &Memory, stored: &Stored, members: &mut Vec<Value>) {
    if defects.has(Defect::MEMBER_LISTED_TWICE) {
        let listed = std::mem::take(members);
        for member in listed {
            let id = member["value"].as_str().unwrap_or_default();
            let times = 1 + memory.repetitions(&stored.id, id);
            members.extend(std::iter::repeat_n(member, times));
        }
    }
    for member in members {
        if defects.has(Defect::MEMBER_VALUE_IS_NAME) {
            member["value"] = member["display"].clone();
        }
        if defects.has(Defect::MEMBER_LINK_DEAD)
            && let Some(link) = member["$ref"].as_str()
        {
            member["$ref"] = link.replace("/Users/", "/Users/user-").into();
        }
        if defects.has(Defect::MEMBER_TYPE_WRONG) {
            member["type"] = "user".into();
        }
    }
}

/// Spoils the answer to a create; `body` is what was sent.
pub(in crate::tenant::embedded) fn spoil_created(
    defects: &Defects,
    body: &Value,
    shown: &mut Value,
) {
    if defects.has(Defect::CREATE_ECHOES) {
        let id = shown["id"].clone();
        shown.clone_from(body);
        shown["id"] = id;
    }
    if defects.has(Defect::CLIENT_ID_TAKEN)
        && let Some(id) = body.get("id")
    {
        shown["id"] = id.clone();
    }
    if defects.has(Defect::CREATED_WITHOUT_ID)
        && let Some(shown) = shown.as_object_mut()
    {
        shown.shift_remove("id");
    }
}

/// The status of the answer to a create.
pub(in crate::tenant::embedded) fn created_status(defects: &Defects) -> StatusCode {
    if defects.has(Defect::CREATED_UNDER_OK) { StatusCode::OK } else { StatusCode::CREATED }
}

/// The location of a new resource.
pub(in crate::tenant::embedded) fn created_location(
    defects: &Defects,
    location: String,
) -> Option<String> {
    match () {
        () if defects.has(Defect::LOCATION_MISSING) => None,
        () if defects.has(Defect::LOCATION_OF_COLLECTION) => {
            location.rsplit_once('/').map(|(collection, _)| collection.to_owned())
        }
        () => Some(location),
    }
}

/// What a PATCH of a user is answered with.
pub(in crate::tenant::embedded) fn patched(defects: &Defects, shown: Value) -> Option<Value> {
    match () {
        () if defects.has(Defect::PATCH_ANSWER_EMPTY) => None,
        () if defects.has(Defect::PATCH_ANSWER_PARTIAL) => Some(json!({
            "schemas": shown["schemas"],
            "id": shown["id"],
        })),
        () => Some(shown),
    }
}
