//! One operation of a bulk request: what it asks for, and what came of it.

use axum::response::Response;
use http::{Method, header};
use serde_json::{Map, Value};

use crate::tenant::embedded::apply::member;
use crate::tenant::embedded::defects::{Defect, Defects};
use crate::tenant::embedded::problem::Problem;

/// An operation that can be carried out, as far as it shows by itself.
#[derive(Debug, Clone)]
pub(super) struct Operation<'a> {
    /// POST, PUT, PATCH or DELETE.
    pub(super) method: Method,
    /// By what the new resource of a POST can be referred to.
    pub(super) bulk_id: Option<&'a str>,
    /// The version that the resource must have, as `If-Match` would say.
    pub(super) version: Option<&'a str>,
    /// Where, below the base: it begins with a slash and has no query.
    pub(super) path: &'a str,
    /// The body; none for a DELETE alone.
    pub(super) data: Option<&'a Value>,
}

impl<'a> Operation<'a> {
    /// Reads an operation; what is wrong with it is its own error and no one else's.
    pub(super) fn read(raw: &'a Value) -> Result<Self, Problem> {
        let Some(raw) = raw.as_object() else {
            return Err(Problem::invalid_syntax("an operation must be an object"));
        };
        let method = match text(raw, "method")? {
            Some("POST") => Method::POST,
            Some("PUT") => Method::PUT,
            Some("PATCH") => Method::PATCH,
            Some("DELETE") => Method::DELETE,
            _ => {
                let why = "`method` must be POST, PUT, PATCH or DELETE";
                return Err(Problem::invalid_syntax(why));
            }
        };
        let path = text(raw, "path")?.unwrap_or_default();
        if !path.starts_with('/') || path.contains(['?', '#']) {
            let why = "`path` must begin with a slash: it is relative to the base URL";
            return Err(Problem::invalid_value(why));
        }
        let bulk_id = text(raw, "bulkId")?.filter(|id| !id.is_empty());
        if method == Method::POST && bulk_id.is_none() {
            return Err(Problem::invalid_value("a POST must have a `bulkId`"));
        }
        let data = member(raw, "data").filter(|_| method != Method::DELETE);
        if data.is_none() && method != Method::DELETE {
            return Err(Problem::invalid_syntax(format!("a {method} must have `data`")));
        }
        Ok(Self { method, bulk_id, version: text(raw, "version")?, path, data })
    }
}

/// What came of an operation.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) status: u16,
    /// The URL of the resource; none where a POST has made none.
    pub(super) location: Option<String>,
    /// The entity tag of the resource after the operation.
    pub(super) version: Option<String>,
    /// The id that a create has given.
    pub(super) id: Option<String>,
    /// The error body.
    pub(super) response: Option<Value>,
}

impl Outcome {
    /// A refusal, and the URL of what was to be changed.
    pub(super) fn refused(problem: &Problem, location: Option<String>) -> Self {
        let response = Some(problem.to_json());
        Self { status: problem.status, location, version: None, id: None, response }
    }

    /// What a handler has answered; a create's URL and id are in there.
    pub(super) async fn of(response: Response, location: Option<String>) -> Self {
        let (parts, body) = response.into_parts();
        let header = |name| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        let status = parts.status.as_u16();
        let location = location.or_else(|| header(header::LOCATION));
        let version = header(header::ETAG);
        let body = axum::body::to_bytes(body, usize::MAX).await;
        let body: Value = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
        let id = body.get("id").and_then(Value::as_str).map(str::to_owned);
        Self { status, location, version, id, response: None }
    }

    pub(super) fn is_error(&self) -> bool {
        self.status >= 300
    }

    /// The result as the answer lists it; `raw` is the operation as it came.
    pub(super) fn to_json(&self, raw: &Value, defects: &Defects) -> Value {
        let echo = |name: &str| member(raw.as_object()?, name).filter(|value| value.is_string());
        let status = match defects.has(Defect::BULK_STATUS_AS_NUMBER) {
            true => Value::from(self.status),
            false => self.status.to_string().into(),
        };
        let without_id = defects.has(Defect::BULK_ID_NOT_ECHOED);
        let without_location = self.is_error() && defects.has(Defect::BULK_LOCATION_MISSING);
        let without_response = defects.has(Defect::BULK_ERROR_WITHOUT_RESPONSE);
        let members = [
            ("method", echo("method").cloned()),
            ("bulkId", echo("bulkId").filter(|_| !without_id).cloned()),
            ("version", self.version.clone().map(Value::from)),
            ("location", self.location.clone().filter(|_| !without_location).map(Value::from)),
            ("status", Some(status)),
            ("response", self.response.clone().filter(|_| !without_response)),
        ];
        let members = members.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
        Value::Object(members.collect())
    }
}

fn text<'a>(raw: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Problem> {
    match member(raw, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Problem::invalid_syntax(format!("`{name}` must be text"))),
    }
}
