//! One resource: create, read, replace, modify, delete (RFC 7644 §3.3 to §3.6).

use axum::response::Response;
use http::{Method, StatusCode, header};
use serde_json::Value;

use super::Call;
use super::apply::{self, Tolerance};
use super::defects::query::store_projected;
use super::defects::{Defect, patch, resources as bent, shown, versions};
use super::kind::ResourceKind;
use super::precondition::entity_tag;
use super::problem::Problem;
use super::projection::Projection;
use super::query::Query;
use super::respond::{empty_answer, json_answer, set};
use super::route::Route;
use super::store::{References, Stored};

/// The tenant takes everything that Entra is known to send.
const TOLERANCE: Tolerance = Tolerance::ENTRA;

/// Finds the handler of a method that changes a resource.
pub(super) async fn write(
    call: &Call<'_>,
    route: &Route,
    method: &Method,
) -> Result<Response, Problem> {
    match route {
        Route::Collection(kind) if method == Method::POST => create(call, *kind),
        Route::Resource(kind, id) if method == Method::PUT => replace(call, *kind, id),
        Route::Resource(kind, id) if method == Method::PATCH => modify(call, *kind, id).await,
        Route::Resource(kind, id) if method == Method::DELETE => delete(call, *kind, id),
        Route::Unknown => Err(Problem::new(404, "there is no such endpoint")),
        _ => Err(Problem::new(405, format!("{method} has no meaning here"))),
    }
}

/// POST to a collection.
fn create(call: &Call<'_>, kind: ResourceKind) -> Result<Response, Problem> {
    let projection = Projection::of(&Query::of_url(call.query)?);
    let mut body = call.json()?;
    let defects = &call.tenant.defects;
    bent::misread_new(defects, kind, &mut body)?;
    let mut wanted = apply::validate_new(&body, kind, TOLERANCE)?;
    call.tenant.limitations.bend(kind, None, &mut wanted)?;
    let stored = bent::create(call.tenant, kind, &body, wanted)?;
    let mut resource = Value::Object(call.show(&stored, &projection));
    shown::spoil_created(defects, &body, &mut resource);
    let mut response = json_answer(shown::created_status(defects), &resource, defects);
    set(&mut response, header::ETAG, &entity_tag(stored.version));
    let location = call.presenter.location(kind, &stored.id);
    if let Some(location) = shown::created_location(defects, location) {
        set(&mut response, header::LOCATION, &location);
    }
    Ok(response)
}

/// GET of a resource.
pub(super) fn read(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    let projection = Projection::of(&Query::of_url(call.query)?);
    let references = call.references(&projection, &[kind]);
    let stored = bent::read(call.tenant, kind, id, references)?;
    let tag = versions::tag(&call.tenant.defects, &stored, true);
    let mut response = if versions::is_known(&call.tenant.defects, call.headers, stored.version) {
        empty_answer(StatusCode::NOT_MODIFIED)
    } else {
        let resource = Value::Object(call.show(&stored, &projection));
        json_answer(StatusCode::OK, &resource, &call.tenant.defects)
    };
    if let Some(tag) = tag {
        set(&mut response, header::ETAG, &tag);
    }
    Ok(response)
}

/// PUT of a resource.
fn replace(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    let projection = Projection::of(&Query::of_url(call.query)?);
    let tenant = call.tenant;
    let precondition = versions::precondition(&tenant.defects, call.headers, false);
    let body = call.json();
    if let Some(answered) = bent::replace_elsewhere(tenant, kind, id, body.as_ref().ok())? {
        return Ok(answer(call, StatusCode::OK, &answered, &projection));
    }
    let id = bent::replaced_id(&tenant.defects, body.as_ref().ok()).unwrap_or(id).to_owned();
    let stored = tenant.store.modify(kind, &id, References::Listed, |seen| {
        precondition.check(seen.version)?;
        let mut body = body?;
        bent::misread_replacement(&tenant.defects, seen, &mut body);
        let mut wanted = apply::validate_new(&body, kind, TOLERANCE)?;
        bent::replace(tenant, seen, &body, &mut wanted);
        tenant.limitations.bend(kind, Some(&seen.body), &mut wanted)?;
        bent::rename(tenant, seen, &mut wanted)?;
        Ok(wanted)
    })?;
    if tenant.defects.has(Defect::PUT_ANSWERED_EMPTY) {
        return Ok(no_content(stored.version));
    }
    Ok(answer(call, StatusCode::OK, &stored, &projection))
}

/// PATCH of a resource. Users are answered with 200 and the new state; groups with 204, as Entra
/// prefers, unless the request chooses attributes.
async fn modify(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    let projection = Projection::of(&Query::of_url(call.query)?);
    let with_body = kind == ResourceKind::User || projection.is_chosen();
    let tenant = call.tenant;
    let body = call.json()?;
    let precondition = versions::precondition(&tenant.defects, call.headers, false);
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
        let mut wanted = patch::apply(&tenant.defects, body, &before, kind, TOLERANCE)?;
        store_projected(&tenant.defects, kind, &projection, &mut wanted);
        tenant.limitations.bend(kind, Some(&seen.body), &mut wanted)?;
        bent::rename(tenant, seen, &mut wanted)?;
        Ok(wanted)
    };
    let stored = if tenant.defects.any() {
        bent::modify(tenant, kind, id, &body, change).await?
    } else {
        let references = if with_body || mentions_members(&body) {
            References::Listed
        } else {
            References::LeftOut
        };
        tenant.store.modify(kind, id, references, |seen| change(&body, seen))?
    };
    if !with_body {
        return Ok(no_content(stored.version));
    }
    let resource = Value::Object(call.show(&stored, &projection));
    let mut response = match shown::patched(&tenant.defects, resource) {
        Some(resource) => json_answer(StatusCode::OK, &resource, &tenant.defects),
        None => empty_answer(StatusCode::OK),
    };
    set(&mut response, header::ETAG, &entity_tag(stored.version));
    Ok(response)
}

/// DELETE of a resource.
fn delete(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    let precondition = versions::precondition(&call.tenant.defects, call.headers, true);
    bent::delete(call.tenant, kind, id, &precondition)
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
