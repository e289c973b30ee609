//! Messages of RFC 7644 as a reader meets them: list responses, errors and PATCH bodies.
//!
//! The readers take any JSON and say what they could not find; they never fail on a wrong answer,
//! because a wrong answer is what the harness is there to look at.

use serde::Deserialize;
use serde_json::{Value, json};

/// Reads bytes as JSON. They are read as text wherever they are text: that parser lies compiled in
/// its library, and is quick in a debug build too.
pub fn read_json(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.parse(),
        Err(_) => serde_json::from_slice(bytes),
    }
}

/// The member of that name. The members are gone through one by one: an object of SCIM has few, and
/// the hash of a name takes longer than to compare it with ten.
pub fn json_member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let mut members = value.as_object()?.iter();
    members.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// What of a resource says which one it is, as far as it is text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// `id`.
    pub id: Option<String>,
    /// `userName`.
    pub user_name: Option<String>,
    /// Whether there is a `userName`, text or not.
    pub has_user_name: bool,
    /// `displayName`.
    pub display_name: Option<String>,
    /// `externalId`.
    pub external_id: Option<String>,
    /// `meta.created`.
    pub created: Option<String>,
}

impl Identity {
    /// Reads it out of the bytes of a JSON object. The rest is passed over, which is five times as
    /// quick as reading it.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return None;
        }
        match serde_json::from_slice::<Members>(bytes) {
            Ok(Members { id, user_name, display_name, external_id, meta }) => {
                let created = meta.and_then(|meta| meta.created);
                let has_user_name = user_name.is_some();
                Some(Self { id, user_name, has_user_name, display_name, external_id, created })
            }
            // What is no text is none of it, and of a member that stands twice the last one counts.
            Err(_) => Self::of(&read_json(bytes).ok()?),
        }
    }

    /// The same of a body that is read already.
    pub fn of(body: &Value) -> Option<Self> {
        let text =
            |value: &Value, name: &str| json_member(value, name)?.as_str().map(str::to_owned);
        body.is_object().then(|| Self {
            id: text(body, "id"),
            user_name: text(body, "userName"),
            has_user_name: json_member(body, "userName").is_some(),
            display_name: text(body, "displayName"),
            external_id: text(body, "externalId"),
            created: json_member(body, "meta").and_then(|meta| text(meta, "created")),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    id: Option<String>,
    user_name: Option<String>,
    display_name: Option<String>,
    external_id: Option<String>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    created: Option<String>,
}

/// A list response (RFC 7644 §3.4.2) as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct ListResponse<'a> {
    /// `totalResults`: how many resources match in all.
    pub total_results: u64,
    /// `startIndex` (1-based) where given.
    pub start_index: Option<u64>,
    /// `itemsPerPage` where given.
    pub items_per_page: Option<u64>,
    /// `Resources`; empty where the member is missing.
    pub resources: &'a [Value],
}

impl<'a> ListResponse<'a> {
    /// Reads a list response; the error says in a few words what is wrong with the body.
    pub fn read(body: &'a Value) -> Result<Self, String> {
        if !body.is_object() {
            return Err("the body is not a JSON object".to_owned());
        }
        let member = |name: &str| json_member(body, name);
        let listed = member("schemas")
            .and_then(Value::as_array)
            .is_some_and(|urns| urns.iter().any(|urn| urn == super::LIST_RESPONSE));
        if !listed {
            return Err("`schemas` does not name the ListResponse URN".to_owned());
        }
        let total_results = member("totalResults")
            .and_then(Value::as_u64)
            .ok_or_else(|| "`totalResults` is missing or no whole number".to_owned())?;
        let resources = match member("Resources") {
            None | Some(Value::Null) => &[][..],
            Some(Value::Array(resources)) => resources,
            Some(_) => return Err("`Resources` is not an array".to_owned()),
        };
        Ok(Self {
            total_results,
            start_index: member("startIndex").and_then(Value::as_u64),
            items_per_page: member("itemsPerPage").and_then(Value::as_u64),
            resources,
        })
    }
}

/// An error body (RFC 7644 §3.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimError {
    /// The status, which the RFC wants as a string; a number is read too.
    pub status: String,
    /// `scimType`, one of the keywords of RFC 7644 table 9.
    pub scim_type: Option<String>,
    /// `detail`, text for a person.
    pub detail: Option<String>,
}

impl ScimError {
    /// Reads an error body; `None` when it is not one.
    pub fn read(body: &Value) -> Option<Self> {
        let urns = json_member(body, "schemas")?.as_array()?;
        if !urns.iter().any(|urn| urn == super::ERROR) {
            return None;
        }
        let status = match body.get("status")? {
            Value::String(status) => status.clone(),
            Value::Number(status) => status.to_string(),
            _ => return None,
        };
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self { status, scim_type: text("scimType"), detail: text("detail") })
    }
}

/// Wraps operations into a PATCH body (RFC 7644 §3.5.2).
pub fn patch_body(operations: &[Value]) -> Value {
    json!({ "schemas": [super::PATCH_OP], "Operations": operations })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_and_whatever_is_none_is_refused() {
        assert_eq!(read_json(br#"{"a":"\u00e9"}"#).unwrap(), json!({"a": "é"}));
        for none in [&b""[..], b"{} {}", b"\"\xff\"", b"\xff"] {
            assert!(read_json(none).is_err(), "{none:?}");
        }
    }

    #[test]
    fn an_identity_is_what_the_whole_says_of_it() {
        let whole = br#" {"schemas":["x"],"id":"7","name":{"id":"no"},"userName":"a","meta":{}}"#;
        let text = |text: &str| Some(text.to_owned());
        let named = Identity { has_user_name: true, user_name: text("a"), ..Identity::default() };
        let identity = Identity { id: text("7"), ..named };
        assert_eq!(Identity::read(whole), Some(identity.clone()));
        assert_eq!(Identity::of(&read_json(whole).unwrap()), Some(identity));
        let odd = br#"{"id":"1","id":"2","userName":5,"meta":[],"externalId":null}"#;
        let last = Identity { id: text("2"), has_user_name: true, ..Identity::default() };
        assert_eq!(Identity::read(odd), Some(last));
        let made = Identity::read(br#"{"meta":{"created":"then"}}"#).unwrap();
        assert_eq!(made, Identity { created: text("then"), ..Identity::default() });
        for none in [&b"[\"7\"]"[..], b"7", b"", b"{\"id\":\"7\"", b"{} {}"] {
            assert_eq!(Identity::read(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_list_response_needs_its_urn_and_a_total() {
        assert!(ListResponse::read(&json!([])).is_err());
        assert!(ListResponse::read(&json!({"totalResults": 0})).is_err());
        assert!(ListResponse::read(&json!({"schemas": [crate::scim::LIST_RESPONSE]})).is_err());
        let one =
            json!({"schemas": [crate::scim::LIST_RESPONSE], "totalResults": 1, "Resources": [{}]});
        let list = ListResponse::read(&one).unwrap();
        assert_eq!((list.total_results, list.resources.len()), (1, 1));
    }

    #[test]
    fn an_error_body_is_told_from_any_other_object() {
        assert_eq!(ScimError::read(&json!({"status": "404"})), None);
        let error =
            ScimError::read(&json!({"schemas": [crate::scim::ERROR], "status": 404})).unwrap();
        assert_eq!(error.status, "404");
    }
}
