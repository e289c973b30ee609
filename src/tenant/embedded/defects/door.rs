//! The defects of the way in: who is let in, what a server stumbles over before it has understood
//! a request, and endpoints that answer otherwise than they should.

use std::time::Duration;

use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::past::Place;
use super::{Defect, Defects, answer};
use crate::scim;
use crate::tenant::embedded::discovery;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::respond::json_answer;
use crate::tenant::embedded::route::Route;
use crate::tenant::embedded::{Call, Inner, throttled};

/// How many requests at the same time are borne by a server with too little room.
const ROOM: usize = 20;
/// As [`ROOM`], of a larger one.
const HALL: usize = 50;
/// How long a server without room works on a request that is one of many.
const WORK: Duration = Duration::from_millis(20);
/// How many are not many yet.
const FEW: usize = 8;
/// Letters of a query that a server stumbles over.
const LONG: usize = 8 * 1024;
/// The parameters that RFC 7644 and Entra know.
const PARAMETERS: [&str; 8] = [
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "attributes",
    "excludedAttributes",
    "aadOptscim062020",
];

/// Gives a request its place, or turns it away unread.
pub(in crate::tenant::embedded) async fn enter(tenant: &Inner) -> Result<Place<'_>, Response> {
    let defects = &tenant.defects;
    let place = tenant.past.enter();
    if defects.has(Defect::EVERY_TWENTIETH_FAILS) && place.number.is_multiple_of(20) {
        return Err(answer::page(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let (room, hall) = (Defect::FEW_AT_ONCE, Defect::RETRY_AFTER_MISSING);
    if defects.has(room) || defects.has(hall) {
        tokio::task::yield_now().await;
        if place.at_once > FEW {
            tokio::time::sleep(WORK).await;
        }
    }
    match () {
        () if defects.has(room) && place.at_once > ROOM => Err(throttled(tenant, Some(1))),
        () if defects.has(hall) && place.at_once > HALL => Err(throttled(tenant, None)),
        () => Ok(place),
    }
}

/// Whether somebody is let in who should not be.
pub(in crate::tenant::embedded) fn lets_in(
    defects: &Defects,
    parts: &Parts,
    route: &Route,
) -> bool {
    let credential = parts.headers.get(header::AUTHORIZATION);
    let is_bearer = credential.is_some_and(|it| it.as_bytes().starts_with(b"Bearer "));
    let in_query = parts.uri.query().is_some_and(|query| query.contains("access_token="));
    let is_create = *route == Route::Collection(ResourceKind::User) && parts.method == Method::POST;
    defects.has(Defect::EVERYONE_LET_IN)
        || defects.has(Defect::ANONYMOUS_CREATE) && is_create
        || defects.has(Defect::ANY_TOKEN_TAKEN) && is_bearer
        || defects.has(Defect::TOKEN_IN_QUERY_TAKEN) && in_query
}

/// What a server answers for a wrong reason, before it has looked at what is asked.
pub(in crate::tenant::embedded) fn stumble(
    call: &Call<'_>,
    parts: &Parts,
    route: &Route,
    place: &Place<'_>,
) -> Result<Option<Response>, Problem> {
    let defects = &call.tenant.defects;
    if defects.has(Defect::BROKEN_BODY_BREAKS_NEXT) {
        if call.tenant.past.is_confused(place.number) {
            return Err(Problem::new(400, "this is no request"));
        }
        if !call.body.is_empty() && serde_json::from_slice::<Value>(&call.body).is_err() {
            call.tenant.past.confuse();
        }
    }
    over_headers(defects, parts)?;
    over_url(defects, parts, route)?;
    elsewhere(call, parts, route)
}

fn over_headers(defects: &Defects, parts: &Parts) -> Result<(), Problem> {
    let text = |name: header::HeaderName| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let (accept, kind) = (text(header::ACCEPT), text(header::CONTENT_TYPE));
    if defects.has(Defect::CONTENT_TYPE_WANTED) && parts.method == Method::GET && kind.is_empty() {
        return Err(Problem::new(415, "a request must be application/scim+json"));
    }
    if defects.has(Defect::ACCEPT_LIST_REFUSED) && accept.contains(',') {
        return Err(Problem::new(406, "application/scim+json must be accepted"));
    }
    if defects.has(Defect::XML_WANTED_CRASH) && accept.contains("xml")
        || defects.has(Defect::TEXT_BODY_CRASH) && kind.starts_with("text/plain")
        || defects.has(Defect::HEAD_CRASH) && parts.method == Method::HEAD
    {
        return Err(crash());
    }
    if defects.has(Defect::HEADER_REFUSED) && parts.headers.contains_key("adscimversion") {
        return Err(Problem::new(400, "a header is not known"));
    }
    Ok(())
}

fn over_url(defects: &Defects, parts: &Parts, route: &Route) -> Result<(), Problem> {
    let query = parts.uri.query();
    if defects.has(Defect::STRAY_SLASH_UNKNOWN)
        && query.is_some()
        && parts.uri.path().ends_with('/')
    {
        return Err(Problem::new(404, "not found"));
    }
    let query = query.unwrap_or_default();
    if defects.has(Defect::LONG_URL_CRASH) && query.len() > LONG {
        return Err(crash());
    }
    if let Route::Resource(_, id) = route
        && defects.has(Defect::ODD_ID_CRASH)
        && id.contains(['\0', '\''])
    {
        return Err(crash());
    }
    let mut names = url::form_urlencoded::parse(query.as_bytes());
    if defects.has(Defect::PARAMETER_REFUSED)
        && names.any(|(name, _)| !PARAMETERS.contains(&name.as_ref()))
    {
        return Err(Problem::invalid_value("a parameter is not known"));
    }
    Ok(())
}

/// What stands where something else should, or nothing.
fn elsewhere(call: &Call<'_>, parts: &Parts, route: &Route) -> Result<Option<Response>, Problem> {
    let defects = &call.tenant.defects;
    let answered = |status, body: &Value| Ok(Some(json_answer(status, body, defects)));
    match route {
        Route::Collection(ResourceKind::Group)
        | Route::Resource(ResourceKind::Group, _)
        | Route::Search(Some(ResourceKind::Group))
            if defects.has(Defect::GROUPS_MISSING) =>
        {
            Err(Problem::new(404, "there is no such endpoint"))
        }
        Route::ServiceProviderConfig if defects.has(Defect::CONFIG_MISSING) => {
            Err(Problem::new(404, "there is no such endpoint"))
        }
        Route::ServiceProviderConfig if defects.has(Defect::CONFIG_CHANGEABLE) => {
            document(call, parts)?;
            discovery::service_provider_config(call).map(Some)
        }
        Route::Me if defects.has(Defect::ME_CRASH) => Err(crash()),
        Route::Me if defects.has(Defect::ME_WITHOUT_LOCATION) => {
            answered(StatusCode::OK, &service(&call.presenter.base))
        }
        Route::Unknown if defects.has(Defect::UNKNOWN_ENDPOINT_EMPTY) => {
            answered(StatusCode::OK, &nothing())
        }
        Route::Schemas(Some(urn))
            if defects.has(Defect::UNKNOWN_SCHEMA_EMPTY) && !urn.starts_with("urn:ietf:") =>
        {
            answered(StatusCode::OK, &nothing())
        }
        Route::Search(_) if defects.has(Defect::SEARCH_CREATES) && parts.method == Method::POST => {
            let name = format!("search-{}@example.com", call.tenant.past.number());
            let user = json!({"schemas": [scim::USER], "userName": name});
            let made = call.tenant.store.create(ResourceKind::User, user)?;
            answered(StatusCode::CREATED, &Value::Object(call.presenter.present(&made)))
        }
        _ => Ok(None),
    }
}

/// Lets anybody change where the documentation is.
fn document(call: &Call<'_>, parts: &Parts) -> Result<(), Problem> {
    if parts.method != Method::PUT && parts.method != Method::PATCH {
        return Ok(());
    }
    let body = call.json()?;
    let operation = body.pointer("/Operations/0/value");
    if let Some(uri) = operation.or(body.get("documentationUri")) {
        call.tenant.past.document(uri.clone());
    }
    Ok(())
}

/// Whether a method that nobody knows is taken for a GET.
pub(in crate::tenant::embedded) fn reads(defects: &Defects, method: &Method) -> bool {
    let known = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    defects.has(Defect::UNKNOWN_METHOD_READS) && !known.contains(method)
}

fn crash() -> Problem {
    Problem::new(500, "internal server error")
}

/// An empty list.
fn nothing() -> Value {
    json!({"schemas": [scim::LIST_RESPONSE], "totalResults": 0, "Resources": []})
}

/// Whoever is asking, as a user that is on no list.
fn service(base: &str) -> Value {
    json!({
        "schemas": [scim::USER],
        "id": "service",
        "userName": "service@example.com",
        "meta": {"resourceType": "User", "location": format!("{base}/Users/service")},
    })
}
