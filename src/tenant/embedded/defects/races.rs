//! The defects that only changes at the same time show: between a look and the write that follows
//! from it, somebody else comes.

use std::time::Duration;

use serde_json::{Value, json};

use super::Defect;
use super::operation::operations;
use crate::scim::message::patch_body;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::store::{Indexed, Stored};
use crate::tenant::embedded::{Call, Inner};

/// How long a faulty server thinks between reading and writing.
pub(super) const THINKING: Duration = Duration::from_millis(5);

/// Looks whether a new user's name is taken, and thinks before it is created.
pub(in crate::tenant::embedded) async fn before_create(
    call: &Call<'_>,
    kind: ResourceKind,
) -> Result<(), Problem> {
    if call.tenant.defects.has(Defect::TWINS_AT_ONCE) && kind == ResourceKind::User {
        let body = call.json()?;
        refuse_taken(call.tenant, body.get("userName"), None)?;
        tokio::time::sleep(THINKING).await;
    }
    Ok(())
}

/// Looks whether a user's new name is taken, and thinks before it is changed.
pub(super) async fn before_modify(
    tenant: &Inner,
    seen: &Stored,
    body: &Value,
) -> Result<(), Problem> {
    if tenant.defects.has(Defect::RENAMES_AT_ONCE) && seen.kind == ResourceKind::User {
        for operation in operations(body) {
            let name = match operation.get("path").and_then(Value::as_str) {
                Some(path) if path.eq_ignore_ascii_case("userName") => operation.get("value"),
                Some(_) => None,
                None => operation.pointer("/value/userName"),
            };
            refuse_taken(tenant, name, Some(&seen.id))?;
        }
        tokio::time::sleep(THINKING).await;
    }
    Ok(())
}

fn refuse_taken(tenant: &Inner, name: Option<&Value>, own: Option<&str>) -> Result<(), Problem> {
    let Some(name) = name.and_then(Value::as_str) else { return Ok(()) };
    let keys = tenant.store.candidates(Indexed::Name(ResourceKind::User), name);
    let bearers = tenant.store.load(&keys, crate::tenant::embedded::store::References::LeftOut);
    match bearers.iter().any(|it| Some(it.id.as_str()) != own) {
        true => Err(Problem::uniqueness("another user has this userName")),
        false => Ok(()),
    }
}

/// Thinks, by turns for a shorter and a longer time, so that others overtake.
pub(super) async fn think(tenant: &Inner) {
    let turn = tenant.stories.turn() % 3;
    tokio::time::sleep(THINKING * (3 - turn)).await;
}

/// A PATCH that replaces one complex attribute as a PATCH for each of its parts.
pub(super) fn parts(tenant: &Inner, body: &Value) -> Option<Vec<Value>> {
    let [operation] = operations(body) else { return None };
    if !tenant.defects.has(Defect::REPLACES_BLEND) {
        return None;
    }
    let path = operation.get("path")?.as_str()?;
    let value = operation.get("value")?.as_object()?;
    let parts = value.iter().map(|(name, value)| {
        patch_body(&[json!({"op": "replace", "path": format!("{path}.{name}"), "value": value})])
    });
    Some(parts.collect())
}
