//! The defects of answers: lists, errors and headers that do not look as they should.
//!
//! What is wrong with a resource itself stands in `resource`.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{Defect, Defects};
use crate::tenant::embedded::precondition::entity_tag;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::query::Query;
use crate::tenant::embedded::respond::{json_answer, set, with_body};
use crate::tenant::embedded::route::Route;

const PLAIN_JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What some editors and languages put before a text in UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// An error as a page for people.
pub(super) fn page(status: StatusCode) -> Response {
    let page = format!("<html><body><h1>Error {}</h1></body></html>", status.as_u16());
    with_body(status, HeaderValue::from_static("text/html"), page.into_bytes())
}

/// An error, wrong where a defect says so.
pub(in crate::tenant::embedded) fn problem(
    problem: &Problem,
    status: StatusCode,
    defects: &Defects,
) -> Response {
    if defects.has(Defect::HTML_ERROR_PAGE) {
        return page(status);
    }
    if defects.has(Defect::REFUSAL_WITHOUT_BODY) && status == StatusCode::UNAUTHORIZED {
        return with_body(status, PLAIN_JSON, Vec::new());
    }
    let ok = defects.has(Defect::ERROR_UNDER_OK) && status == StatusCode::NOT_FOUND;
    let status = if ok { StatusCode::OK } else { status };
    let mut body = problem.to_json();
    if defects.has(Defect::NUMERIC_STATUS) {
        body["status"] = json!(problem.status);
    }
    let untyped = defects.has(Defect::CONFLICT_WITHOUT_TYPE) && problem.status == 409
        || defects.has(Defect::ERRORS_WITHOUT_TYPE);
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, _| match name.as_str() {
            "scimType" => !untyped,
            "detail" => !defects.has(Defect::DETAIL_MISSING),
            _ => true,
        });
    }
    if defects.has(Defect::SCIM_TYPE_INVENTED) && problem.status == 400 {
        body["scimType"] = "badRequest".into();
    }
    if defects.has(Defect::PRIVATE_ERRORS) {
        body = json!({"error": {"code": problem.status, "message": problem.detail}});
    }
    let mut response = json_answer(status, &body, defects);
    if defects.has(Defect::ERRORS_PLAIN_JSON) {
        response.headers_mut().insert(header::CONTENT_TYPE, PLAIN_JSON);
    }
    response
}

/// A list, wrong where a defect says so.
pub(in crate::tenant::embedded) fn list(
    defects: &Defects,
    query: &Query,
    mut body: Value,
) -> Response {
    let total = body["totalResults"].as_u64().unwrap_or_default();
    let entries = body["Resources"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let entries: Vec<Value> = entries.into_iter().map(|it| entry(defects, it)).collect();
    let shown = entries.len();
    let single = defects.has(Defect::SINGLE_HIT_BARE) && query.filter.is_some() && shown == 1;
    if defects.has(Defect::EXCLUDED_BREAKS_LIST) && !query.excluded.is_empty() || single {
        let bare = if single { entries[0].clone() } else { Value::Array(entries) };
        return json_answer(StatusCode::OK, &bare, defects);
    }
    body["Resources"] = Value::Array(entries);
    if defects.has(Defect::TOTAL_IS_PAGE_SIZE) {
        body["totalResults"] = json!(shown);
    }
    if defects.has(Defect::TOTAL_AS_DECIMAL) {
        body["totalResults"] = json!(total as f64);
    }
    if defects.has(Defect::START_INDEX_ALWAYS_ONE) {
        body["startIndex"] = json!(1);
    }
    let mut without = |names: &[&str]| {
        if let Some(members) = body.as_object_mut() {
            members.retain(|name, _| !names.contains(&name.as_str()));
        }
    };
    if defects.has(Defect::RESOURCES_MISSING) && shown == 0 {
        without(&["Resources"]);
    }
    if defects.has(Defect::LIST_WITHOUT_URN) {
        without(&["schemas"]);
    }
    if defects.has(Defect::PAGE_SIZE_UNSAID) {
        without(&["startIndex", "itemsPerPage"]);
    }
    let mut response = json_answer(StatusCode::OK, &body, defects);
    if defects.has(Defect::BYTE_ORDER_MARK) {
        let text = body.to_string();
        *response.body_mut() = Body::from([&BYTE_ORDER_MARK, text.as_bytes()].concat());
    }
    response
}

/// One resource of a list.
fn entry(defects: &Defects, mut entry: Value) -> Value {
    if let Some(members) = entry.as_object_mut() {
        if defects.has(Defect::ENTRIES_WITHOUT_SCHEMAS) {
            members.shift_remove("schemas");
        }
        if defects.has(Defect::ENTRIES_WITHOUT_META) {
            members.shift_remove("meta");
        }
    }
    entry
}

/// Bends the headers of an answer.
pub(in crate::tenant::embedded) fn dress(
    defects: &Defects,
    route: &Route,
    response: &mut Response,
) {
    let shows_people = matches!(route, Route::Collection(_) | Route::Resource(..));
    if shows_people && defects.has(Defect::PUBLIC_CACHE) {
        set(response, header::CACHE_CONTROL, "public, max-age=60");
    }
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if let Some(tag) = tag.and_then(|tag| tag_as_shown(defects, tag)) {
        set(response, header::ETAG, &tag);
    }
}

/// An entity tag as a faulty server writes it; none where it writes it well.
pub(super) fn tag_as_shown(defects: &Defects, tag: &str) -> Option<String> {
    if defects.has(Defect::ETAG_UNQUOTED) {
        return Some(tag.replace(['"', '/', 'W'], ""));
    }
    let is_first = tag == entity_tag(1);
    (defects.has(Defect::ETAG_REUSED) && !is_first).then(|| entity_tag(2))
}

/// How many a list says there are.
pub(in crate::tenant::embedded) fn total(
    defects: &Defects,
    query: &Query,
    found: usize,
    all: impl FnOnce() -> usize,
) -> usize {
    let everybody = defects.has(Defect::TOTAL_COUNTS_EVERYBODY) && query.filter.is_some();
    if everybody { all() } else { found }
}
