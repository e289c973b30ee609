//! Turning outcomes into HTTP answers: the media type, the error body, and the broken connection.

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{Full, Limited};
use serde_json::Value;

use super::defects::{self, Defect, Defects};
use super::problem::Problem;

/// Marks an answer that never reaches the client. Over TCP its body fails before the first byte,
/// so the connection breaks without an answer; in process the transport reads this mark.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionDropped;

/// The media type of every body.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/scim+json; charset=utf-8");

/// An answer with a JSON body.
pub(super) fn json_answer(status: StatusCode, body: &Value, defects: &Defects) -> Response {
    let bytes = body.to_string().into_bytes();
    let media_type = if defects.has(Defect::PLAIN_JSON_MEDIA_TYPE) {
        HeaderValue::from_static("application/json")
    } else {
        MEDIA_TYPE
    };
    with_body(status, media_type, bytes)
}

/// An answer without a body.
pub(super) fn empty_answer(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// An error as RFC 7644 §3.12 wants it.
pub(super) fn problem_answer(problem: &Problem, defects: &Defects) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if defects.any() {
        return defects::answer::problem(problem, status, defects);
    }
    json_answer(status, &problem.to_json(), defects)
}

/// Sets a header; a value that no header can hold is left out.
pub(super) fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// An answer that breaks the connection instead of arriving: its body fails at the first byte.
pub(super) fn dropped_connection() -> Response {
    let failing = Limited::new(Full::new(Bytes::from_static(b"lost")), 1);
    let mut response = Response::new(Body::new(failing));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.extensions_mut().insert(ConnectionDropped);
    response
}

/// An answer with these bytes for a body.
pub(super) fn with_body(status: StatusCode, media_type: HeaderValue, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}
