//! The defects of writing that are about more than one resource or more than one moment: what is
//! created, read, changed, replaced and deleted badly.
//!
//! A clean tenant passes through here without a change.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::operation::{Asked, operations};
use super::races::{self, THINKING};
use super::{Defect, Defects, assignments, patch, refuse};
use crate::scim;
use crate::tenant::embedded::Inner;
use crate::tenant::embedded::apply::{Member, MemberChange};
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::precondition::Precondition;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::respond::empty_answer;
use crate::tenant::embedded::store::{References, Stored};

/// Makes of the body of a create what a faulty server takes it for, or refuses it.
pub(in crate::tenant::embedded) fn misread_new(
    defects: &Defects,
    kind: ResourceKind,
    body: &mut Value,
) -> Result<(), Problem> {
    if !defects.any() {
        return Ok(());
    }
    refuse::new(defects, kind, body)?;
    let missing = match kind {
        ResourceKind::User => Defect::NAMELESS_USER_ACCEPTED,
        ResourceKind::Group => Defect::NAMELESS_GROUP_ACCEPTED,
    };
    let Some(body) = body.as_object_mut() else { return Ok(()) };
    if defects.has(missing) && !body.contains_key(kind.name_attribute()) {
        let name = body.get("externalId").cloned().unwrap_or_else(|| "nobody".into());
        body.insert(kind.name_attribute().to_owned(), name);
    }
    if defects.has(Defect::LETTERS_LOST) {
        body.values_mut().for_each(lose_letters);
    }
    if defects.has(Defect::NEW_MEMBERS_LOST) {
        body.shift_remove("members");
    }
    Ok(())
}

/// Creates a resource; `body` is what was sent, `wanted` what it comes to.
pub(in crate::tenant::embedded) fn create(
    tenant: &Inner,
    kind: ResourceKind,
    body: &Value,
    mut wanted: Value,
) -> Result<Stored, Problem> {
    let (store, defects) = (&tenant.store, &tenant.defects);
    if !defects.any() {
        return store.create(kind, wanted);
    }
    refuse::taken(tenant, kind, &wanted)?;
    patch::overrule(defects, kind, &mut wanted);
    assignments::create(tenant, kind, &mut wanted)?;
    if defects.has(Defect::NEW_USER_ACTIVE) && kind == ResourceKind::User {
        wanted["active"] = true.into();
    }
    let name = wanted[kind.name_attribute()].as_str().unwrap_or_default().to_owned();
    let former = tenant.memory.namesake(kind, &name);
    if let Some(former) = former.as_ref().filter(|_| defects.has(Defect::RECREATED_WITH_VALUES)) {
        for (attribute, value) in &former.body {
            if wanted.get(attribute).is_none() {
                wanted[attribute] = value.clone();
            }
        }
    }
    let made = store.create(kind, wanted.clone());
    if made.is_err() && defects.has(Defect::CONFLICT_OVERWRITES) {
        overwrite(tenant, kind, &name, &wanted);
    }
    let stored = made?;
    if defects.has(Defect::GROUPS_WRITABLE) {
        let groups = body.get("groups").and_then(Value::as_array).into_iter().flatten();
        join(tenant, &stored.id, groups.filter_map(|it| it.get("value")?.as_str()));
    }
    if let Some(former) = former.filter(|_| defects.has(Defect::RECREATED_IN_GROUPS)) {
        join(tenant, &stored.id, former.groups.iter().map(|it| it.id.as_str()));
    }
    Ok(stored)
}

/// Reads a resource.
pub(in crate::tenant::embedded) fn read(
    tenant: &Inner,
    kind: ResourceKind,
    id: &str,
    references: References,
) -> Result<Stored, Problem> {
    let (store, defects) = (&tenant.store, &tenant.defects);
    let found = store.read(kind, id, references);
    if !defects.any() {
        return found;
    }
    let readable = defects.has(Defect::DELETED_USER_READABLE);
    let stored = match (found, tenant.memory.deleted(id)) {
        (Ok(_), Some(_)) => return Err(gone()),
        (Err(_), Some(former)) if kind == ResourceKind::User && readable => former,
        (found, _) => found?,
    };
    if defects.has(Defect::VERSION_MOVES_ON_READ) {
        store.touch(&stored);
    }
    let names_manager = stored.body.get(scim::ENTERPRISE_USER).is_some_and(|extension| {
        extension.get("manager").is_some_and(|manager| manager.get("value").is_some())
    });
    if defects.has(Defect::DELETED_MANAGER_CRASH) && names_manager && stored.manager.is_none() {
        return Err(Problem::new(500, "the manager is null"));
    }
    Ok(stored)
}

/// Changes a resource. `change` applies a body to a state.
pub(in crate::tenant::embedded) async fn modify(
    tenant: &Inner,
    kind: ResourceKind,
    id: &str,
    body: &Value,
    change: impl Fn(&Value, &Stored) -> Result<Value, Problem>,
) -> Result<Stored, Problem> {
    let (store, defects) = (&tenant.store, &tenant.defects);
    if let Some(former) = tenant.memory.deleted(id) {
        return if defects.has(Defect::DELETED_USER_PATCHED) { Ok(former) } else { Err(gone()) };
    }
    if defects.has(Defect::PATCH_NOT_ATOMIC) && operations(body).len() > 1 {
        let mut last = store.read(kind, id, References::Listed)?;
        for operation in operations(body) {
            let alone = scim::message::patch_body(std::slice::from_ref(operation));
            last = store.modify(kind, id, References::Listed, |seen| change(&alone, seen))?;
        }
        return Ok(last);
    }
    let seen = store.read(kind, id, References::Listed)?;
    if defects.has(Defect::SECOND_PATCH_LOST) && seen.version > 1 && kind == ResourceKind::User {
        return Ok(seen);
    }
    note_change(tenant, &seen, body);
    races::before_modify(tenant, &seen, body).await?;
    let stored = if let Some(parts) = races::parts(tenant, body) {
        let mut last = seen.clone();
        for part in parts {
            last = store.modify(kind, id, References::Listed, |seen| change(&part, seen))?;
            races::think(tenant).await;
        }
        last
    } else if defects.has(Defect::LOST_UPDATES) {
        let wanted = change(body, &seen)?;
        tokio::time::sleep(THINKING).await;
        store.overwrite(&seen, wanted)?
    } else if defects.has(Defect::PARALLEL_PATCH_REFUSED) && kind == ResourceKind::Group {
        tokio::time::sleep(THINKING).await;
        let unchanged = Precondition::of_version(seen.version);
        store.modify(kind, id, References::Listed, |seen| {
            unchanged.check(seen.version)?;
            change(body, seen)
        })?
    } else {
        store.modify(kind, id, References::Listed, |seen| change(body, seen)).inspect_err(|_| {
            if defects.has(Defect::FAILED_PATCH_TOUCHES) {
                store.touch(&seen);
            }
        })?
    };
    if defects.has(Defect::ID_CHANGES_ON_UPDATE) && kind == ResourceKind::User {
        store.delete(kind, id, &Precondition::Nothing)?;
        return store.create(kind, Value::Object(stored.body));
    }
    release(tenant, &seen, &stored);
    assignments::follow(tenant, &seen, &stored)?;
    Ok(match stored {
        _ if defects.has(Defect::STALE_ANSWER) => seen,
        stored if defects.has(Defect::ANSWERED_ID_DIFFERS) => {
            Stored { id: format!("{}-1", stored.id), ..stored }
        }
        stored => stored,
    })
}

/// Says what a PUT does that never comes to the resource; none means that the proper way is still
/// to be gone.
pub(in crate::tenant::embedded) fn replace_elsewhere(
    tenant: &Inner,
    kind: ResourceKind,
    id: &str,
    body: Option<&Value>,
) -> Result<Option<Stored>, Problem> {
    let (store, defects) = (&tenant.store, &tenant.defects);
    let Some(body) = body.filter(|_| defects.any()) else { return Ok(None) };
    if let Some(former) = tenant.memory.deleted(id) {
        let answered = defects.has(Defect::DELETED_USER_REPLACED);
        return if answered { Ok(Some(former)) } else { Err(gone()) };
    }
    let seen = store.read(kind, id, References::Listed);
    if defects.has(Defect::PUT_CREATES) && seen.is_err() {
        return store.create(kind, body.clone()).map(Some);
    }
    let seen = seen?;
    let has = |name: &str| body.get(name).is_some();
    if defects.has(Defect::PUT_REFUSES_READ_ONLY) && (has("id") || has("meta")) {
        return Err(Problem::mutability("id and meta cannot be written"));
    }
    if defects.has(Defect::OWN_NAME_TAKEN)
        && body.get(kind.name_attribute()) == seen.body.get(kind.name_attribute())
    {
        return Err(Problem::uniqueness("this is taken"));
    }
    Ok(None)
}

/// The id of the resource that a PUT is taken for, where the URL does not say so.
pub(in crate::tenant::embedded) fn replaced_id<'a>(
    defects: &Defects,
    body: Option<&'a Value>,
) -> Option<&'a str> {
    let named = body.and_then(|body| body.get("id")?.as_str());
    named.filter(|_| defects.has(Defect::PUT_FOLLOWS_BODY))
}

/// Makes of the body of a PUT what a faulty server takes it for.
pub(in crate::tenant::embedded) fn misread_replacement(
    defects: &Defects,
    seen: &Stored,
    body: &mut Value,
) {
    let name = seen.kind.name_attribute();
    if defects.has(Defect::PUT_WITHOUT_NAME_ACCEPTED) && body.get(name).is_none() {
        body[name] = seen.body.get(name).cloned().unwrap_or_default();
    }
    if defects.has(Defect::LETTERS_LOST) {
        body.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(lose_letters);
    }
}

/// What a PUT makes of a resource.
pub(in crate::tenant::embedded) fn replace(
    tenant: &Inner,
    seen: &Stored,
    body: &Value,
    wanted: &mut Value,
) {
    let defects = &tenant.defects;
    if !defects.any() {
        return;
    }
    patch::overrule(defects, seen.kind, wanted);
    let Some(wanted) = wanted.as_object_mut() else { return };
    if defects.has(Defect::PUT_MERGES) {
        for (name, held) in &seen.body {
            if let (Value::Array(held), Some(Value::Array(values))) = (held, wanted.get_mut(name)) {
                let lost = held.iter().filter(|it| !values.contains(it));
                let lost: Vec<Value> = lost.cloned().collect();
                values.extend(lost);
            }
        }
    }
    if defects.has(Defect::PUT_KEEPS_NULLS) {
        for (name, held) in &seen.body {
            let nothing = body.get(name).is_some_and(|it| it.is_null() || *it == json!([]));
            if nothing {
                wanted.insert(name.clone(), held.clone());
            }
        }
    }
    if defects.has(Defect::PUT_KEEPS_MEMBERS) {
        let held = seen.members.iter().map(|it| json!({"value": it.id})).collect();
        wanted.insert("members".to_owned(), held);
    }
    if defects.has(Defect::PUT_DROPS_MEMBERS) {
        wanted.shift_remove("members");
    }
}

/// Loses a group's new name, or with it something else.
pub(in crate::tenant::embedded) fn rename(
    tenant: &Inner,
    seen: &Stored,
    wanted: &mut Value,
) -> Result<(), Problem> {
    let defects = &tenant.defects;
    let Some(name) = seen.body.get("displayName") else { return Ok(()) };
    if seen.kind != ResourceKind::Group || wanted.get("displayName") == Some(name) {
        return Ok(());
    }
    if defects.has(Defect::RENAME_MAKES_SECOND_GROUP) {
        let second = json!({
            "schemas": [scim::GROUP],
            "displayName": wanted["displayName"],
        });
        tenant.store.create(ResourceKind::Group, second)?;
        wanted["displayName"] = name.clone();
    }
    if defects.has(Defect::RENAME_IGNORED) {
        wanted["displayName"] = name.clone();
    }
    if defects.has(Defect::RENAME_LOSES_MEMBERS) {
        wanted["members"] = json!([]);
    }
    Ok(())
}

/// Deletes a resource.
pub(in crate::tenant::embedded) fn delete(
    tenant: &Inner,
    kind: ResourceKind,
    id: &str,
    precondition: &Precondition,
) -> Result<Response, Problem> {
    let (store, defects) = (&tenant.store, &tenant.defects);
    let done = empty_answer(StatusCode::NO_CONTENT);
    if !defects.any() {
        return store.delete(kind, id, precondition).map(|()| done);
    }
    if defects.has(Defect::DELETE_CRASH) {
        return Err(Problem::new(500, "internal server error"));
    }
    if defects.has(Defect::GROUP_DELETE_REFUSED) && kind == ResourceKind::Group {
        return Err(Problem::invalid_value("groups cannot be deleted"));
    }
    if tenant.memory.deleted(id).is_some() {
        return if defects.has(Defect::SECOND_DELETE_DONE) { Ok(done) } else { Err(gone()) };
    }
    let seen = store.read(kind, id, References::Listed)?;
    if defects.has(Defect::DELETE_ONLY_DEACTIVATES) && kind == ResourceKind::User {
        let mut wanted = Value::Object(seen.body.clone());
        wanted["active"] = false.into();
        store.overwrite(&seen, wanted)?;
        return Ok(done);
    }
    assignments::delete(tenant, &seen)?;
    if !(defects.has(Defect::DELETED_USER_LISTED) && kind == ResourceKind::User) {
        store.delete(kind, id, precondition)?;
    }
    if defects.has(Defect::GROUP_TAKES_MEMBERS) {
        seen.members.iter().for_each(|it| take_along(tenant, it.kind, &it.id));
    }
    if defects.has(Defect::MEMBER_TAKES_GROUPS) {
        seen.groups.iter().for_each(|it| take_along(tenant, it.kind, &it.id));
    }
    if defects.has(Defect::DELETED_NAME_RESERVED)
        && let Some(Value::String(name)) = seen.body.get(kind.name_attribute())
    {
        tenant.memory.reserve(kind, name);
    }
    tenant.memory.bury(seen);
    Ok(if defects.has(Defect::DELETE_ANSWERED_LATER) {
        empty_answer(StatusCode::ACCEPTED)
    } else {
        done
    })
}

/// Puts a question mark for every letter beyond ASCII in a text.
fn lose_letters(value: &mut Value) {
    if let Value::String(text) = value {
        let kept = |letter: char| if letter.is_ascii() { letter } else { '?' };
        *text = text.chars().map(kept).collect();
    }
}

/// Writes over the resource of that name what was refused as a conflict with it.
fn overwrite(tenant: &Inner, kind: ResourceKind, name: &str, wanted: &Value) {
    use crate::tenant::embedded::store::Indexed;
    let keys = tenant.store.candidates(Indexed::Name(kind), name);
    for held in tenant.store.load(&keys, References::Listed) {
        // A conflict of its own would be the next defect.
        let _ = tenant.store.overwrite(&held, wanted.clone());
    }
}

/// Makes somebody a member of groups; of those that are still there.
fn join<'a>(tenant: &Inner, member: &str, groups: impl Iterator<Item = &'a str>) {
    for group in groups {
        let member = Member { id: member.to_owned(), resource_type: None };
        let joins = [MemberChange::Add(member)];
        let _ = tenant.store.change_members(group, &Precondition::Nothing, &joins);
    }
}

/// Deletes what nobody asked to be deleted.
fn take_along(tenant: &Inner, kind: ResourceKind, id: &str) {
    let _ = tenant.store.delete(kind, id, &Precondition::Nothing);
}

/// Remembers of a PATCH what is forgotten by a sound server.
fn note_change(tenant: &Inner, seen: &Stored, body: &Value) {
    if !tenant.defects.has(Defect::MEMBER_LISTED_TWICE) {
        return;
    }
    for operation in operations(body) {
        let asked = Asked::of(operation, seen.kind);
        if asked.word == "add" && asked.names("members") {
            let mut added = asked.members();
            added.retain(|id| seen.members.iter().any(|it| it.id == *id));
            for id in added {
                tenant.memory.repeat(&seen.id, id);
            }
        }
    }
}

/// Keeps a name that was given up from all others.
fn release(tenant: &Inner, seen: &Stored, stored: &Stored) {
    let name = |it: &Map<String, Value>| it.get(seen.kind.name_attribute()).cloned();
    let former = name(&seen.body);
    if tenant.defects.has(Defect::FORMER_NAME_RESERVED)
        && former != name(&stored.body)
        && let Some(Value::String(former)) = former
    {
        tenant.memory.reserve(seen.kind, &former);
    }
}

fn gone() -> Problem {
    Problem::new(404, "this was deleted")
}
