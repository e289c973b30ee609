//! Bulk requests (RFC 7644 §3.7): many operations in one request, each through the handler that a
//! request of its own would meet.
//!
//! Here are the limits and the envelope; `job` carries the operations out, `operation` reads one,
//! `references` knows what `bulkId:` points to. Nothing but creates and changes of users and groups
//! can be reached: a bulk request inside a bulk request is refused like any other unknown path.

mod job;
mod operation;
mod references;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::Call;
use super::apply::member;
use super::defects::Defect;
use super::problem::Problem;
use super::respond::json_answer;
use crate::scim;
use job::Job;

/// How many operations a request may have: `maxOperations`.
pub(super) const OPERATIONS_MAX: usize = 100;
/// How many bytes a request may have, 1 MiB: `maxPayloadSize`.
pub(super) const PAYLOAD_MAX: usize = 1024 * 1024;

/// Answers `POST /Bulk`: 200, whatever became of the operations.
pub(super) async fn run(call: &Call<'_>) -> Result<Response, Problem> {
    let defects = &call.tenant.defects;
    if call.body.len() > PAYLOAD_MAX && !defects.has(Defect::BULK_PAYLOAD_UNLIMITED) {
        let why = format!("a bulk request may have {PAYLOAD_MAX} bytes at most (maxPayloadSize)");
        return Err(Problem::new(413, why));
    }
    let body = call.json()?;
    let (operations, errors_max) = envelope(&body)?;
    if operations.len() > OPERATIONS_MAX && !defects.has(Defect::BULK_OPERATIONS_UNLIMITED) {
        let why =
            format!("a bulk request may have {OPERATIONS_MAX} operations at most (maxOperations)");
        return Err(Problem::new(413, why));
    }
    let results = Job::new(call, operations).run(errors_max).await?;
    let status = if defects.has(Defect::BULK_MULTI_STATUS) {
        StatusCode::MULTI_STATUS
    } else {
        StatusCode::OK
    };
    let answer = json!({ "schemas": [scim::BULK_RESPONSE], "Operations": results });
    Ok(json_answer(status, &answer, defects))
}

/// The operations, and after how many errors no more are carried out.
fn envelope(body: &Value) -> Result<(&[Value], Option<usize>), Problem> {
    let Some(message) = body.as_object() else {
        return Err(Problem::invalid_syntax("the body is no JSON object"));
    };
    let named = member(message, "schemas").and_then(Value::as_array);
    if !named.is_some_and(|urns| urns.iter().any(|urn| urn == scim::BULK_REQUEST)) {
        let why = format!("`schemas` must name {}", scim::BULK_REQUEST);
        return Err(Problem::invalid_syntax(why));
    }
    let operations = member(message, "Operations").and_then(Value::as_array);
    let Some(operations) = operations.filter(|operations| !operations.is_empty()) else {
        return Err(Problem::invalid_syntax("`Operations` must be an array of operations"));
    };
    let errors_max = match member(message, "failOnErrors") {
        None | Some(Value::Null) => None,
        Some(count) => {
            let count = count.as_u64().filter(|count| *count > 0);
            let why = "`failOnErrors` must be a whole number above zero";
            let count = count.ok_or_else(|| Problem::invalid_value(why))?;
            Some(usize::try_from(count).unwrap_or(usize::MAX))
        }
    };
    Ok((operations, errors_max))
}
