//! Bulk requests row by row (RFC 7644 §3.7): what their results say, what `bulkId:` refers to, what
//! an error ends, and where the limits are.
//!
//! Entra sends none; a tenant that offers them is asked all the same. Here are the few words that
//! the rows share: operations, requests of them, and the result of one of them.

pub(super) mod failing;
pub(super) mod limits;
pub(super) mod references;
pub(super) mod results;

use serde_json::{Value, json};

use super::check::*;
use super::steps::target_of;
use crate::scim::bulk::{BulkResponse, BulkResult, bulk_body};
use crate::scim::message::patch_body;

const NEEDS: &[Capability] = &[Bulk];
const WITH_GROUPS: &[Capability] = &[Bulk, Group];

/// A bulk request.
fn bulk(body: &Value) -> Request {
    Request::post("/Bulk", body)
}

/// A bulk request with these operations.
fn job(operations: impl Into<Vec<Value>>) -> Request {
    bulk(&bulk_body(&operations.into()))
}

/// As [`job`], to be ended after so many errors.
fn job_failing_on(errors: u32, operations: impl Into<Vec<Value>>) -> Request {
    let mut body = bulk_body(&operations.into());
    body["failOnErrors"] = json!(errors);
    bulk(&body)
}

/// A create, to be referred to by its bulkId.
fn post(collection: &str, bulk_id: &str, data: &Value) -> Value {
    json!({"method": "POST", "path": collection, "bulkId": bulk_id, "data": data})
}

/// The create of a user of the probe.
fn post_user(its: &Fixture, number: usize) -> Value {
    post("/Users", &format!("user-{number}"), &its.new_user(number))
}

/// The create of a group with these members, its own name and `externalId`.
fn post_group(its: &Fixture, number: usize, members: &[&str]) -> Value {
    let mut data = its.new_group(0);
    data["displayName"] = json!(its.group_name(number));
    data["externalId"] = json!(format!("{}-group-{number}", its.marker));
    data["members"] = members.iter().map(|id| json!({"value": id})).collect();
    post("/Groups", &format!("group-{number}"), &data)
}

/// A PATCH of what a path names that gives it another displayName.
fn renamed_at(path: &str, name: &str) -> Value {
    let data = patch_body(&[op("replace", "displayName", name)]);
    json!({"method": "PATCH", "path": path, "data": data})
}

/// The deletion of a resource.
fn deletion(known: &Known) -> Value {
    json!({"method": "DELETE", "path": known.path()})
}

/// A deletion that must fail: nobody has the id.
fn bad(its: &Fixture) -> Value {
    json!({"method": "DELETE", "path": format!("/Users/{}", its.absent)})
}

/// The operations of a bulk request, as they were sent.
fn operations(seen: &Exchange) -> Vec<Value> {
    let body = seen.request.body_json().unwrap_or_default();
    body["Operations"].as_array().cloned().unwrap_or_default()
}

/// The results of a bulk request; a failure where the answer is no `BulkResponse`.
fn results(seen: &Exchange) -> Result<BulkResponse, Verdict> {
    let body = seen.json().ok_or_else(|| "no JSON".to_owned());
    body.and_then(|body| BulkResponse::read(&body))
        .map_err(|why| fail("a BulkResponse", format!("answered {}: {why}", seen.told())))
}

/// Judges the results of a bulk request.
fn judge_results(seen: &Exchange, judge: impl FnOnce(&BulkResponse) -> Verdict) -> Verdict {
    results(seen).map_or_else(|verdict| verdict, |response| judge(&response))
}

/// The result of the operation at a place of the request.
fn result(seen: &Exchange, place: usize) -> Option<BulkResult> {
    results(seen).ok()?.result_of(&operations(seen), place).cloned()
}

/// The status that an operation met: its own, or that of the request where it was refused as a
/// whole; 0 where there is no result.
fn status(seen: &Exchange, place: usize) -> u16 {
    if !seen.is_success() {
        return seen.status();
    }
    result(seen, place).and_then(|it| it.status).unwrap_or(0)
}

/// One line on what an operation met.
fn told(seen: &Exchange, place: usize) -> String {
    let number = place + 1;
    match result(seen, place) {
        Some(result) => {
            let error = result.scim_error().and_then(|error| error.scim_type.or(error.detail));
            let status = result.status.map_or("no status".to_owned(), |it| it.to_string());
            format!("operation {number}: {status} {}", error.unwrap_or_default()).trim().to_owned()
        }
        None => format!("operation {number} without a result, answered {}", seen.told()),
    }
}

/// Expects an operation to have succeeded.
fn expect_done(seen: &Exchange, place: usize) -> Verdict {
    let done = (200..300).contains(&status(seen, place));
    require(done, &format!("operation {}: 2xx", place + 1), told(seen, place))
}

/// Expects an operation to be refused with one of these statuses; another refusal is worth a
/// remark.
fn expect_refusal(statuses: &[u16], seen: &Exchange, place: usize) -> Verdict {
    let status = status(seen, place);
    match status {
        _ if statuses.contains(&status) => Verdict::Pass,
        400..=499 | 501 => Verdict::Remark(format!("refused: {}", told(seen, place))),
        _ => {
            let words: Vec<String> = statuses.iter().map(u16::to_string).collect();
            let expected = format!("operation {}: {}", place + 1, words.join(" or "));
            fail(expected, told(seen, place))
        }
    }
}

/// Where the resource is that an operation has made.
fn target(seen: &Exchange, place: usize) -> Option<String> {
    let made = result(seen, place).filter(BulkResult::is_success)?;
    target_of(made.location.as_deref()?)
}

/// The id of the resource that an operation has made.
fn made_id(seen: &Exchange, place: usize) -> Option<String> {
    let target = target(seen, place)?;
    let id = target.rsplit('/').next()?;
    Some(percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned())
}

/// The read of the resource that an operation has made.
fn read_made(seen: &Exchange, place: usize) -> Option<Request> {
    target(seen, place).map(Request::get)
}

/// Looks the user of that number up by its name.
fn find_user(its: &Fixture, number: usize) -> Request {
    find("/Users", &equals("userName", &its.user_name(number)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;
    use crate::scim;

    /// A `BulkResponse` with these results.
    pub(super) fn bulk_response(results: &[Value]) -> Answer {
        answer(200, &json!({"schemas": [scim::BULK_RESPONSE], "Operations": results}))
    }

    /// A create that was done.
    pub(super) fn made(bulk_id: &str, path: &str) -> Value {
        let location = format!("https://example.com/v2{path}");
        json!({"method": "POST", "bulkId": bulk_id, "location": location, "status": "201"})
    }

    /// A create that was refused.
    pub(super) fn refused(bulk_id: &str, status: u16) -> Value {
        json!({"method": "POST", "bulkId": bulk_id, "status": status.to_string(),
               "response": error_body(status)})
    }

    /// Another operation that was done.
    pub(super) fn done(method: &str, path: &str, status: u16) -> Value {
        let location = format!("https://example.com/v2{path}");
        json!({"method": method, "location": location, "status": status.to_string()})
    }

    /// Another operation that failed.
    pub(super) fn failed(method: &str, path: &str, status: u16) -> Value {
        let mut result = done(method, path, status);
        result["response"] = error_body(status);
        result
    }

    /// The deletion of nobody, as it must fail.
    pub(super) fn not_found() -> Value {
        failed("DELETE", &format!("/Users/{}", its().absent), 404)
    }

    /// The fixture that canaries are asked about.
    pub(super) fn its() -> Fixture {
        Fixture::example(Setting::Nothing, "m")
    }

    fn error_body(status: u16) -> Value {
        json!({"schemas": [scim::ERROR], "status": status.to_string(), "detail": "no"})
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let topics = [
            results::tests::canaries(),
            references::tests::canaries(),
            failing::tests::canaries(),
            limits::tests::canaries(),
        ];
        topics.into_iter().flatten().collect()
    }

    #[test]
    fn a_request_refused_as_a_whole_refuses_each_operation() {
        let request = job([bad(&its()), post_user(&its(), 0)]);
        let seen = |answer| exchange(Operation::Probe("bulk-200"), request.clone(), answer);
        let whole = seen(error(400, "invalidValue"));
        assert_eq!(expect_refusal(&[400], &whole, 1), Verdict::Pass);
        assert_eq!(
            expect_refusal(&[400, 404], &seen(bulk_response(&[not_found()])), 0),
            Verdict::Pass
        );
        let one = seen(bulk_response(&[not_found()]));
        assert_eq!((status(&one, 0), status(&one, 1)), (404, 0));
        assert!(matches!(expect_refusal(&[400], &one, 0), Verdict::Remark(_)));
        assert!(matches!(expect_refusal(&[400], &one, 1), Verdict::Fail { .. }));
    }
}
