//! The defects of what is shown of a resource, alone or in a list.

use serde_json::{Map, Value, json};

use super::answer::tag_as_shown;
use super::{Defect, Defects};
use crate::tenant::embedded::Call;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::projection::Projection;
use crate::tenant::embedded::store::Stored;

/// How many letters of a text a server with short columns keeps.
const COLUMN: usize = 1_024;

/// What an answer shows of a resource: everything, bent, then chosen from, then bent again.
pub(in crate::tenant::embedded) fn show(
    call: &Call<'_>,
    stored: &Stored,
    projection: &Projection,
    mut shown: Map<String, Value>,
) -> Map<String, Value> {
    let defects = &call.tenant.defects;
    let whole = shown.clone();
    bend_meta(call, stored, &mut shown);
    bend_schemas(defects, &mut shown);
    bend_values(defects, stored, &mut shown);
    if defects.has(Defect::DEFAULTS_ON_REQUEST) && !projection.is_chosen() {
        shown.shift_remove("emails");
    }
    projection.apply(stored.kind, &mut shown);
    show_unasked(defects, stored.kind, projection, &whole, &mut shown);
    shown
}

fn bend_meta(call: &Call<'_>, stored: &Stored, shown: &mut Map<String, Value>) {
    let defects = &call.tenant.defects;
    let Some(meta) = shown.get_mut("meta") else { return };
    if defects.has(Defect::LOCATION_ELSEWHERE) {
        let row = stored.created % 100_000;
        meta["location"] =
            format!("{}{}/{row}", call.presenter.base, stored.kind.endpoint()).into();
    }
    if defects.has(Defect::DATE_WITHOUT_TIME) {
        let day = meta["created"].as_str().unwrap_or_default().chars().take(10);
        meta["created"] = day.collect::<String>().into();
    }
    if defects.has(Defect::LAST_MODIFIED_IS_NOW) {
        meta["lastModified"] = jiff::Timestamp::now().to_string().into();
    }
    if defects.has(Defect::TYPE_AS_URN) {
        meta["resourceType"] = stored.kind.schema().id.into();
    }
    if let Some(tag) = meta["version"].as_str().and_then(|tag| tag_as_shown(defects, tag)) {
        meta["version"] = tag.into();
    }
}

fn bend_schemas(defects: &Defects, shown: &mut Map<String, Value>) {
    if let Some(Value::Array(urns)) = shown.get_mut("schemas")
        && defects.has(Defect::URN_TWICE)
    {
        urns.extend(urns.first().cloned());
    }
    if defects.has(Defect::UNDECLARED_SHOWN) {
        shown.insert("tenantKey".to_owned(), json!(17));
    }
}

fn bend_values(defects: &Defects, stored: &Stored, shown: &mut Map<String, Value>) {
    if defects.has(Defect::EXTERNAL_ID_INVENTED) {
        shown.entry("externalId").or_insert_with(|| stored.id.as_str().into());
    }
    if defects.has(Defect::NAMES_IN_LOWER_CASE)
        && let Some(name) = shown.shift_remove("displayName")
    {
        shown.insert("displayname".to_owned(), name);
    }
    if defects.has(Defect::LONG_TEXT_CUT)
        && let Some(Value::String(name)) = shown.get_mut("displayName")
    {
        *name = name.chars().take(COLUMN).collect();
    }
    if defects.has(Defect::SINGLE_VALUE_AS_OBJECT)
        && let Some(emails) = shown.get_mut("emails")
        && let Value::Array(list) = emails
        && list.len() == 1
    {
        *emails = list.remove(0);
    }
    if defects.has(Defect::REFERENCE_TO_THE_GROUP) {
        let own = shown.get("meta").and_then(|meta| meta.get("location")).cloned();
        let members = shown.get_mut("members").and_then(Value::as_array_mut);
        for member in members.into_iter().flatten() {
            member["$ref"] = own.clone().unwrap_or_default();
        }
    }
    if defects.has(Defect::ACTIVE_ANSWERED_AS_TEXT)
        && let Some(Value::Bool(active)) = shown.get("active")
    {
        let text = active.to_string();
        shown.insert("active".to_owned(), text.into());
    }
}

/// What is shown or left out whatever was asked for.
fn show_unasked(
    defects: &Defects,
    kind: ResourceKind,
    projection: &Projection,
    whole: &Map<String, Value>,
    shown: &mut Map<String, Value>,
) {
    let named = |paths: &[crate::scim::path::AttributePath], name: &str| {
        paths.iter().any(|path| path.attribute.eq_ignore_ascii_case(name))
    };
    if let Some(members) =
        whole.get("members").filter(|_| defects.has(Defect::MEMBERS_NOT_EXCLUDED))
    {
        shown.insert("members".to_owned(), members.clone());
    }
    let without_id = match projection {
        Projection::Default => false,
        Projection::Only(paths) => defects.has(Defect::ID_LEFT_OUT) && !named(paths, "id"),
        Projection::Without(paths) => defects.has(Defect::ID_EXCLUDED) && named(paths, "id"),
    };
    if without_id {
        shown.shift_remove("id");
    }
    let asked = defects.has(Defect::PASSWORD_WHEN_NAMED)
        && matches!(projection, Projection::Only(paths) if named(paths, "password"));
    if kind == ResourceKind::User && (asked || defects.has(Defect::PASSWORD_RETURNED)) {
        shown.insert("password".to_owned(), "Passw0rd!".into());
    }
}
