//! Asynchronous requests (RFC 9967 §2.5.1.1): a write is taken with 202 and done afterwards.
//!
//! Only changes of a resource that has a URL are put off, so `Location` can name it; a create is
//! answered when it is done. The tenant sends no events: what became of a request is seen by reading
//! the resource. When too much is put off already, a request is answered as if nothing had been
//! preferred.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use serde_json::json;

use super::defects::Defect;
use super::kind::ResourceKind;
use super::respond::{empty_answer, json_answer, problem_answer, set};
use super::route::Route;
use super::{Inner, Presenter, Problem, read_body};

/// How many requests are put off at the same time.
pub(super) const AT_ONCE: usize = 256;
/// The longest that a client's `wait` is heeded.
const WAIT_MAX: Duration = Duration::from_secs(30);

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const SET_TXN: HeaderName = HeaderName::from_static("set-txn");

/// Handles a request: now, or later where the client prefers that and it can be done.
pub(super) async fn handle(tenant: &Arc<Inner>, request: Request) -> Response {
    if !request.headers().contains_key(PREFER) {
        return tenant.handle(request).await;
    }
    if tenant.defects.has(Defect::PREFERENCE_REFUSED) {
        let why = "Prefer is not understood";
        return problem_answer(&Problem::new(400, why), &tenant.defects);
    }
    let wait = wait(request.headers());
    let (Some(wait), Some((kind, id))) = (wait, changed(&request)) else {
        return tenant.handle(request).await;
    };
    let place = Arc::clone(&tenant.put_off).try_acquire_owned();
    let Some(place) = place.ok().filter(|_| tenant.refusal(request.headers()).is_none()) else {
        return tenant.handle(request).await;
    };
    if tenant.defects.has(Defect::NOT_ACCEPTABLE_LATER)
        && request.headers().get(header::ACCEPT).is_some_and(|it| it == "text/plain")
    {
        return problem_answer(&Problem::new(406, "not acceptable"), &tenant.defects);
    }
    let (parts, body) = request.into_parts();
    let body = match read_body(&parts, body).await {
        Ok(body) => body,
        Err(problem) => return problem_answer(&problem, &tenant.defects),
    };
    let location = location(tenant, tenant.base(&parts), kind, &id);
    let request = Request::from_parts(parts, Body::from(body));
    let worker = Arc::clone(tenant);
    let work = tokio::spawn(async move {
        let _place = place;
        if worker.defects.has(Defect::ACCEPTED_AND_FORGOTTEN) {
            return empty_answer(StatusCode::NO_CONTENT);
        }
        worker.handle(request).await
    });
    if !wait.is_zero()
        && !tenant.defects.has(Defect::WAIT_IGNORED)
        && let Ok(Ok(done)) = tokio::time::timeout(wait, work).await
    {
        return done;
    }
    accepted(tenant, &location)
}

/// How long the client waits for the outcome before it wants a 202; none where it wants none.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let preferences: Vec<String> = values
        .flat_map(|value| value.split(','))
        .map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .collect();
    preferences.iter().find(|it| *it == "respond-async")?;
    let wait = preferences.iter().find_map(|it| it.strip_prefix("wait=")?.trim().parse().ok());
    Some(Duration::from_secs(wait.unwrap_or(0)).min(WAIT_MAX))
}

/// The resource that a request changes or deletes.
fn changed(request: &Request) -> Option<(ResourceKind, String)> {
    match Route::of(request.uri().path()) {
        Route::Resource(kind, id)
            if [Method::PUT, Method::PATCH, Method::DELETE].contains(request.method()) =>
        {
            Some((kind, id))
        }
        _ => None,
    }
}

/// Where the outcome will be seen: at the resource itself.
fn location(tenant: &Inner, base: String, kind: ResourceKind, id: &str) -> String {
    let location =
        Presenter { base, limitations: tenant.limitations, has_version: false }.location(kind, id);
    if tenant.defects.has(Defect::LOCATION_OF_NOBODY) {
        return location.trim_end_matches(id).to_owned();
    }
    location
}

/// 202 without a body, and a name for the transaction that nobody else has.
fn accepted(tenant: &Inner, location: &str) -> Response {
    let defects = &tenant.defects;
    let mut response = if defects.has(Defect::ACCEPTED_WITH_BODY) {
        json_answer(StatusCode::ACCEPTED, &json!({"status": "accepted"}), defects)
    } else {
        empty_answer(StatusCode::ACCEPTED)
    };
    let mut name = [0; 16];
    if !defects.has(Defect::TRANSACTION_REPEATED) {
        getrandom::fill(&mut name).expect("every supported system has a source of randomness");
    }
    if !defects.has(Defect::TRANSACTION_UNSAID) {
        set(&mut response, SET_TXN, &format!("{:032x}", u128::from_le_bytes(name)));
    }
    if !defects.has(Defect::PREFERENCE_UNSAID) {
        set(&mut response, PREFERENCE_APPLIED, "respond-async");
    }
    set(&mut response, header::LOCATION, location);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_read_among_others() {
        let wait = |value: &str| wait(&HeaderMap::from_iter([(PREFER, value.parse().unwrap())]));
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(wait("respond-async"), seconds(0));
        assert_eq!(wait("return=minimal, Respond-Async; x=1, wait=10"), seconds(10));
        assert_eq!(wait("respond-async, wait=soon"), seconds(0));
        assert_eq!(wait("wait=99999, respond-async"), Some(WAIT_MAX));
        assert_eq!(wait("wait=10"), None);
        assert_eq!(wait("handling=lenient"), None);
    }
}
