//! One resource: create, read, replace, modify, delete (RFC 7644 §3.3 to §3.6).

use axum::response::Response;
use http::{Method, StatusCode, header};
use serde_json::Value;

use super::apply::{self, Tolerance};
use super::defects::query::{found, store_projected};
use super::defects::{
    Defect, assignments, past, patch, races, resources as bent, sequence, shown, versions,
};
use super::kind::ResourceKind;
use super::precondition::{Precondition, entity_tag};
use super::problem::Problem;
use super::projection::Projection;
use super::respond::{empty_answer, json_answer, set};
use super::route::Route;
use super::store::{References, Stored};
use super::{Call, Variation};

/// The tenant takes everything that Entra is known to send.
const TOLERANCE: Tolerance = Tolerance::ENTRA;

/// Changes a resource, in the light of earlier changes where a defect says so.
pub(super) async fn write(
    call: &Call<'_>,
    route: &Route,
    method: &Method,
) -> Result<Response, Problem> {
    match call.tenant.defects.any() {
        true => sequence::write(call, route, method).await,
        false => write_plainly(call, route, method).await,
    }
}

/// Finds the handler of a method that changes a resource.
pub(super) async fn write_plainly(
    call: &Call<'_>,
    route: &Route,
    method: &Method,
) -> Result<Response, Problem> {
    match route {
        Route::Collection(kind) if method == Method::POST => {
            races::before_create(call, *kind).await?;
            create(call, *kind)
        }
        Route::Resource(kind, id) if method == Method::PUT => replace(call, *kind, id),
        Route::Resource(kind, id) if method == Method::PATCH => modify(call, *kind, id).await,
        Route::Resource(kind, id) if method == Method::DELETE => delete(call, *kind, id),
        Route::Unknown => Err(Problem::new(404, "there is no such endpoint")),
        _ => Err(Problem::new(405, format!("{method} has no meaning here"))),
    }
}

/// POST to a collection.
fn create(call: &Call<'_>, kind: ResourceKind) -> Result<Response, Problem> {
    let projection = Projection::of(&call.asked()?);
    let mut body = call.json()?;
    let defects = &call.tenant.defects;
    bent::misread_new(defects, kind, &mut body)?;
    let mut wanted = apply::validate_new(&body, kind, TOLERANCE)?;
    call.tenant.limitations.bend(kind, None, &mut wanted)?;
    let stored = bent::create(call.tenant, kind, &body, wanted)?;
    let mut resource = Value::Object(call.show(&stored, &projection));
    shown::spoil_created(defects, &body, &mut resource);
    let mut response = json_answer(shown::created_status(defects), &resource, defects);
    call.tag(&mut response, stored.version);
    let location = call.presenter.location(kind, &stored.id);
    if let Some(location) = shown::created_location(defects, location) {
        set(&mut response, header::LOCATION, &location);
    }
    Ok(response)
}

/// GET of a resource.
pub(super) fn read(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    let projection = Projection::of(&call.asked()?);
    let references = call.references(&projection, &[kind]);
    let stored = found(call, kind, id, bent::read(call.tenant, kind, id, references))?;
    let defects = &call.tenant.defects;
    let is_known = call.has_etags() && versions::is_known(defects, call.headers, stored.version);
    let mut response = if is_known {
        empty_answer(StatusCode::NOT_MODIFIED)
    } else {
        let resource = Value::Object(call.show(&stored, &projection));
        json_answer(StatusCode::OK, &resource, defects)
    };
    if let Some(tag) = versions::tag(defects, &stored).filter(|_| call.has_etags()) {
        set(&mut response, header::ETAG, &tag);
    }
    Ok(response)
}

/// PUT of a resource.
fn replace(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    let projection = Projection::of(&call.asked()?);
    let tenant = call.tenant;
    let precondition = call.precondition(false);
    let body = call.json();
    if let Some(answered) = bent::replace_elsewhere(tenant, kind, id, body.as_ref().ok())? {
        return Ok(answer(call, StatusCode::OK, &answered, &projection));
    }
    let id = bent::replaced_id(&tenant.defects, body.as_ref().ok()).unwrap_or(id).to_owned();
    past::keep(tenant, kind, &id);
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
        return Ok(no_content(call, stored.version));
    }
    Ok(answer(call, StatusCode::OK, &stored, &projection))
}

/// PATCH of a resource. Users are answered with 200 and the new state; groups with 204, as Entra
/// prefers, unless the request chooses attributes.
async fn modify(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    let projection = Projection::of(&call.asked()?);
    let tenant = call.tenant;
    let shows_it = match kind {
        ResourceKind::User => !tenant.variations.has(Variation::PATCH_ANSWERS_204),
        ResourceKind::Group => tenant.variations.has(Variation::PATCH_ANSWERS_200),
    };
    let with_body = shows_it || projection.is_chosen();
    let body = call.json()?;
    let precondition = call.precondition(false);
    past::keep(tenant, kind, id);
    if !with_body
        && !tenant.defects.any()
        && let Some(changes) = apply::member_changes(&body, TOLERANCE)
    {
        let version = tenant.store.change_members(id, &precondition, &changes)?;
        return Ok(no_content(call, version));
    }
    let change = |body: &Value, seen: &Stored| {
        precondition.check(seen.version)?;
        let before = Value::Object(call.presenter.present(seen));
        let mut wanted = patch::apply(&tenant.defects, body, &before, kind, TOLERANCE)?;
        store_projected(&tenant.defects, kind, &projection, &mut wanted);
        tenant.limitations.bend(kind, Some(&seen.body), &mut wanted)?;
        bent::rename(tenant, seen, &mut wanted)?;
        assignments::bend(tenant, seen, &mut wanted)?;
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
        return Ok(no_content(call, stored.version));
    }
    let resource = Value::Object(call.show(&stored, &projection));
    let mut response = match shown::patched(&tenant.defects, resource) {
        Some(resource) => json_answer(StatusCode::OK, &resource, &tenant.defects),
        None => empty_answer(StatusCode::OK),
    };
    call.tag(&mut response, stored.version);
    Ok(response)
}

/// DELETE of a resource.
pub(super) fn delete(call: &Call<'_>, kind: ResourceKind, id: &str) -> Result<Response, Problem> {
    past::bury(call.tenant, kind, id);
    let response = bent::delete(call.tenant, kind, id, &call.precondition(true))?;
    call.tenant.note_gone(id);
    Ok(response)
}

/// A PATCH of another resource than the one that is addressed.
pub(super) fn patch_another(
    call: &Call<'_>,
    kind: ResourceKind,
    id: &str,
    body: &Value,
) -> Result<(), Problem> {
    let modified = call.tenant.store.modify(kind, id, References::Listed, |seen| {
        let before = Value::Object(call.presenter.present(seen));
        apply::apply(body, &before, kind, TOLERANCE)
    });
    modified.map(|_| ())
}

/// A resource as the answer to a write that was done.
pub(super) fn as_answered(call: &Call<'_>, stored: &Stored) -> Result<Response, Problem> {
    Ok(answer(call, StatusCode::OK, stored, &Projection::of(&call.asked()?)))
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
    call.tag(&mut response, stored.version);
    response
}

fn no_content(call: &Call<'_>, version: u32) -> Response {
    let mut response = empty_answer(StatusCode::NO_CONTENT);
    call.tag(&mut response, version);
    response
}

/// Versions, where the tenant has them.
impl Call<'_> {
    fn has_etags(&self) -> bool {
        !self.tenant.variations.has(Variation::NO_ETAG)
    }

    fn precondition(&self, is_delete: bool) -> Precondition {
        if self.has_etags() {
            versions::precondition(&self.tenant.defects, self.headers, is_delete)
        } else {
            Precondition::Nothing
        }
    }

    fn tag(&self, response: &mut Response, version: u32) {
        if self.has_etags() {
            set(response, header::ETAG, &entity_tag(version));
        }
    }
}
