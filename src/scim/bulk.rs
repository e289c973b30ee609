//! Bulk messages (RFC 7644 §3.7): many operations in one request, and a result for each.
//!
//! A reader takes what it finds: a `status` may be text, a number or an object with a `code`,
//! because the RFC's own samples differ. Which result belongs to which operation is told here once,
//! for all who want to know.

use serde_json::{Value, json};

/// What stands before the bulkId where a value refers to a resource of the same request.
pub const REFERENCE: &str = "bulkId:";

/// Wraps operations into a bulk request.
pub fn bulk_body(operations: &[Value]) -> Value {
    json!({ "schemas": [super::BULK_REQUEST], "Operations": operations })
}

/// The `bulkId` of an operation.
pub fn bulk_id(operation: &Value) -> Option<&str> {
    operation.get("bulkId").and_then(Value::as_str)
}

/// The answer to a bulk request, as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkResponse {
    /// The results, in the answer's order.
    pub results: Vec<BulkResult>,
}

/// What came of one operation.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkResult {
    /// `method`, as it was sent.
    pub method: Option<String>,
    /// `bulkId`, as it was sent.
    pub bulk_id: Option<String>,
    /// `location`: the resource's URL.
    pub location: Option<String>,
    /// The HTTP status, in whatever form it came.
    pub status: Option<u16>,
    /// `status` as it came; null where it is missing.
    pub status_as_sent: Value,
    /// `response`: the body that a request of its own would have had.
    pub response: Option<Value>,
}

impl BulkResponse {
    /// Reads an answer; the error says in a few words what is wrong with the body.
    pub fn read(body: &Value) -> Result<Self, String> {
        let urns = body.get("schemas").and_then(Value::as_array);
        if !urns.is_some_and(|urns| urns.iter().any(|urn| urn == super::BULK_RESPONSE)) {
            return Err("`schemas` does not name the BulkResponse URN".to_owned());
        }
        let Some(results) = body.get("Operations").and_then(Value::as_array) else {
            return Err("`Operations` is no array".to_owned());
        };
        Ok(Self { results: results.iter().map(BulkResult::read).collect() })
    }

    /// The result of the operation at a place of the request: by its bulkId, else by its URL, else
    /// by its place, where no result is missing. None where that cannot be told.
    pub fn result_of(&self, operations: &[Value], place: usize) -> Option<&BulkResult> {
        let operation = operations.get(place)?;
        let named = bulk_id(operation).and_then(|id| {
            let twins = operations[..place].iter().filter(|other| bulk_id(other) == Some(id));
            self.results.iter().filter(|it| it.bulk_id.as_deref() == Some(id)).nth(twins.count())
        });
        let located = || {
            let twins = operations[..place].iter().filter(|other| {
                other["method"] == operation["method"] && other["path"] == operation["path"]
            });
            self.results.iter().filter(|it| it.is_at(operation)).nth(twins.count())
        };
        let placed = || {
            let another = |id: &String| operations.iter().any(|it| bulk_id(it) == Some(id));
            self.results
                .get(place)
                .filter(|_| self.results.len() == operations.len())
                .filter(|it| !it.bulk_id.as_ref().is_some_and(another))
        };
        named.or_else(located).or_else(placed)
    }
}

impl BulkResult {
    fn read(result: &Value) -> Self {
        let text = |name: &str| result.get(name).and_then(Value::as_str).map(str::to_owned);
        let status_as_sent = result.get("status").cloned().unwrap_or_default();
        let code = status_as_sent.get("code").unwrap_or(&status_as_sent);
        let number = code.as_u64().and_then(|code| u16::try_from(code).ok());
        Self {
            method: text("method"),
            bulk_id: text("bulkId"),
            location: text("location"),
            status: number.or_else(|| code.as_str()?.trim().parse().ok()),
            status_as_sent,
            response: result.get("response").cloned(),
        }
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The error in `response`, where there is one.
    pub fn scim_error(&self) -> Option<super::message::ScimError> {
        super::message::ScimError::read(self.response.as_ref()?)
    }

    /// Whether it speaks of the resource that an operation names by its path.
    fn is_at(&self, operation: &Value) -> bool {
        let path = operation["path"].as_str().filter(|path| path.matches('/').count() == 2);
        let located = self.location.as_deref().zip(path);
        self.bulk_id.is_none()
            && self.method.as_deref() == operation["method"].as_str()
            && located.is_some_and(|(location, path)| location.ends_with(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(results: &Value) -> BulkResponse {
        let body = json!({"schemas": [crate::scim::BULK_RESPONSE], "Operations": results});
        BulkResponse::read(&body).unwrap()
    }

    #[test]
    fn a_status_is_read_in_every_form_the_samples_have() {
        let read =
            response(&json!([{"status": "201"}, {"status": 204}, {"status": {"code": "412"}},
                                    {"status": {"code": 200}}, {"status": true}, 7]));
        let statuses: Vec<_> = read.results.iter().map(|result| result.status).collect();
        assert_eq!(statuses, [Some(201), Some(204), Some(412), Some(200), None, None]);
        assert!(BulkResponse::read(&json!({"Operations": []})).is_err());
        assert!(BulkResponse::read(&json!({"schemas": [crate::scim::BULK_RESPONSE]})).is_err());
    }

    #[test]
    fn a_result_is_found_by_id_by_url_or_by_place() {
        let operations = [
            json!({"method": "POST", "path": "/Users", "bulkId": "a"}),
            json!({"method": "POST", "path": "/Users", "bulkId": "a"}),
            json!({"method": "DELETE", "path": "/Users/1"}),
            json!({"method": "PATCH", "path": "/Users/1"}),
        ];
        let (one, two) = (json!({"bulkId": "a", "status": "201"}), json!({"bulkId": "a"}));
        let gone = json!({"method": "DELETE", "location": "http://h/Users/1", "status": "204"});
        let shuffled = response(&json!([gone, one, two]));
        let found = |response: &BulkResponse, place: usize| {
            let found = response.result_of(&operations, place);
            found.map(|it| response.results.iter().position(|other| std::ptr::eq(it, other)))
        };
        let places: Vec<_> = (0..4).map(|place| found(&shuffled, place)).collect();
        assert_eq!(places, [Some(Some(1)), Some(Some(2)), Some(Some(0)), None]);
        let bare = response(&json!([{}, {}, {}, {}]));
        assert_eq!(found(&bare, 3), Some(Some(3)));
        let crossed = response(&json!([{}, {}, {"bulkId": "a"}, {}]));
        assert_eq!((found(&crossed, 0), found(&crossed, 2)), (Some(Some(2)), None));
        assert_eq!(found(&response(&json!([])), 0), None);
    }
}
