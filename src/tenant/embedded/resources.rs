//! One resource: create, read, replace, modify, delete (RFC 7644 §3.3 to §3.6).

use axum::response::Response;
use http::{StatusCode, header};
use serde_json::Value;

use super::Call;
use super::apply::{self, Tolerance};
use super::defects::query::store_projected;
use super::defects::{Defect, assignments as past, patch as bent};
use super::kind::ResourceKind;
use super::precondition::{self, Precondition, entity_tag};
use super::problem::Problem;
use super::projection::Projection;
use super::query::Query;
use super::respond::{empty_answer, json_answer, set};
use super::store::{References, Stored};

/// The tenant takes everything that Entra is known to send.
const TOLERANCE: Tolerance = Tolerance::ENTRA;

/// POST to a collection.
pub(super) fn create(call: &Call<'_>, kind: ResourceKind) -> Result<Response, Problem> {
    let projection = Projection::of(&Query::of_url(call.query)?);
    let mut body = call.json()?;
    bent::lose_letters(&call.tenant.defects, &mut body);
    bent::refuse_new(&call.tenant.defects, kind, &body)?;
    let mut wanted = apply::validate_new(&body, kind, TOLERANCE)?;
    call.tenant.limitations.bend(kind, None, &mut wanted)?;
    past::create(call.tenant, kind, &mut wanted)?;
    let stored = call.tenant.store.create(kind, wanted)?;
    let mut response = answer(call, StatusCode::CREATED, &stored, &projection);
    if !call.tenant.defects.has(Defect::LOCATION_MISSING) {
        let location = call.presenter.location(kind, &stored.id);
        set(&mut response, header::LOCATION, &location);
    }
    Ok(response)
}

/// GET of a resource.
pub(super) fn read(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    let projection = Projection::of(&Query::of_url(call.query)?);
    let references = call.references(&projection, &[kind]);
    let stored = match call.tenant.store.read(kind, id, references) {
        Err(problem) => call.tenant.ghost(id).ok_or(problem)?,
        Ok(stored) => stored,
    };
    if precondition::is_known(call.headers, stored.version) {
        let mut response = empty_answer(StatusCode::NOT_MODIFIED);
        set(&mut response, header::ETAG, &entity_tag(stored.version));
        return Ok(response);
    }
    Ok(answer(call, StatusCode::OK, &stored, &projection))
}

/// PUT of a resource.
pub(super) fn replace(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    let projection = Projection::of(&Query::of_url(call.query)?);
    let tenant = call.tenant;
    let precondition = Precondition::of(call.headers);
    let body = call.json();
    let stored = tenant.store.modify(kind, id, References::Listed, |seen| {
        precondition.check(seen.version)?;
        let mut wanted = apply::validate_new(&body?, kind, TOLERANCE)?;
        bent::replace(tenant, seen, &mut wanted);
        tenant.limitations.bend(kind, Some(&seen.body), &mut wanted)?;
        bent::rename(tenant, seen, &mut wanted)?;
        Ok(wanted)
    })?;
    Ok(answer(call, StatusCode::OK, &stored, &projection))
}

/// PATCH of a resource. Users are answered with 200 and the new state; groups with 204, as Entra
/// prefers, unless the request chooses attributes.
pub(super) async fn modify(
    call: &Call<'_>,
    kind: ResourceKind,
    id: &str,
) -> Result<Response, Problem> {
    let projection = Projection::of(&Query::of_url(call.query)?);
    let with_body = kind == ResourceKind::User || projection.is_chosen();
    let tenant = call.tenant;
    let body = call.json()?;
    let precondition = Precondition::of(call.headers);
    if !with_body
        && !tenant.defects.any()
        && let Some(changes) = apply::member_changes(&body, TOLERANCE)
    {
        let version = tenant.store.change_members(id, &precondition, &changes)?;
        return Ok(no_content(version));
    }
    let change = |body: &Value, seen: &Stored| {
        precondition.check(seen.version)?;
        let before = Value::Object(call.presenter.present(seen));
        let mut wanted = bent::apply(&tenant.defects, body, &before, kind, TOLERANCE)?;
        store_projected(&tenant.defects, kind, &projection, &mut wanted);
        tenant.limitations.bend(kind, Some(&seen.body), &mut wanted)?;
        bent::rename(tenant, seen, &mut wanted)?;
        past::bend(tenant, seen, &mut wanted)?;
        Ok(wanted)
    };
    let stored = if tenant.defects.any() {
        let seen = tenant.store.read(kind, id, References::Listed)?;
        let stored = bent::modify(tenant, kind, id, &body, change).await?;
        past::follow(tenant, &seen, &stored)?;
        stored
    } else {
        let references = if with_body || mentions_members(&body) {
            References::Listed
        } else {
            References::LeftOut
        };
        tenant.store.modify(kind, id, references, |seen| change(&body, seen))?
    };
    if with_body {
        Ok(answer(call, StatusCode::OK, &stored, &projection))
    } else {
        Ok(no_content(stored.version))
    }
}

/// DELETE of a resource.
pub(super) fn delete(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    let precondition = Precondition::of(call.headers);
    if call.tenant.defects.any()
        && let Some(response) = bent::delete(call.tenant, kind, id)?
    {
        return Ok(response);
    }
    call.tenant.store.delete(kind, id, &precondition)?;
    Ok(empty_answer(StatusCode::NO_CONTENT))
}

/// Whether a PATCH may touch members: if not, a large group is renamed without looking at them.
fn mentions_members(body: &Value) -> bool {
    body.to_string().to_ascii_lowercase().contains("member")
}

/// A resource as an answer, with its entity tag.
fn answer(
    call: &Call<'_>,
    status: StatusCode,
    stored: &Stored,
    projection: &Projection,
) -> Response {
    let shown = Value::Object(call.show(stored, projection));
    let mut response = json_answer(status, &shown, &call.tenant.defects);
    set(&mut response, header::ETAG, &entity_tag(stored.version));
    response
}

fn no_content(version: u32) -> Response {
    let mut response = empty_answer(StatusCode::NO_CONTENT);
    set(&mut response, header::ETAG, &entity_tag(version));
    response
}
