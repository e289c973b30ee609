//! What the embedded tenant answers when it refuses: the error message of RFC 7644 §3.12.

use serde_json::{Map, Value, json};

use crate::scim;

/// A refusal, on its way to becoming an error body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The keyword of RFC 7644 table 9, where one fits.
    pub scim_type: Option<&'static str>,
    /// What was wrong, for a person.
    pub detail: String,
}

impl Problem {
    /// A refusal with a status and no keyword.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into() }
    }

    /// 400 with a keyword of RFC 7644 table 9.
    pub fn bad_request(scim_type: &'static str, detail: impl Into<String>) -> Self {
        Self { status: 400, scim_type: Some(scim_type), detail: detail.into() }
    }

    /// The body is no message of the kind that is due.
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::bad_request("invalidSyntax", detail)
    }

    /// A filter cannot be read, or an operator does not go with its attribute.
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::bad_request("invalidFilter", detail)
    }

    /// A PATCH path is malformed or names no attribute.
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::bad_request("invalidPath", detail)
    }

    /// A PATCH path selects nothing that could be changed.
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::bad_request("noTarget", detail)
    }

    /// A value is missing, or does not fit its attribute.
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::bad_request("invalidValue", detail)
    }

    /// The attribute may not be changed that way.
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::bad_request("mutability", detail)
    }

    /// 409: another resource has the value (RFC 7644 §3.3).
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self { status: 409, scim_type: Some("uniqueness"), detail: detail.into() }
    }

    /// The same refusal, saying first where it came up.
    pub fn at(self, place: &str) -> Self {
        Self { detail: format!("{place}: {}", self.detail), ..self }
    }

    /// The error body; `status` is a string there.
    pub fn to_json(&self) -> Value {
        let mut body = Map::new();
        body.insert("schemas".to_owned(), json!([scim::ERROR]));
        body.insert("status".to_owned(), self.status.to_string().into());
        if let Some(scim_type) = self.scim_type {
            body.insert("scimType".to_owned(), scim_type.into());
        }
        body.insert("detail".to_owned(), self.detail.as_str().into());
        Value::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_body_has_its_status_as_text_and_no_empty_members() {
        let body = Problem::uniqueness("taken").to_json();
        let read = scim::message::ScimError::read(&body).unwrap();
        assert_eq!((read.status.as_str(), read.scim_type.as_deref()), ("409", Some("uniqueness")));
        assert_eq!(body["status"], "409");
        assert_eq!(Problem::new(404, "gone").to_json().get("scimType"), None);
    }
}
