//! The whole tenant through its router: what a client sees, behaviour by behaviour.

mod access;
mod answers;
mod bending;
mod bulk;
mod concurrency;
mod cursors;
mod groups;
mod hostile;
mod later;
mod managers;
mod queries;
mod requirements;
mod resources;
mod tcp;
mod varying;

use axum::body::Body;
use http::{HeaderMap, HeaderName, Request, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{ConnectionDropped, EmbeddedSettings, EmbeddedTenant, Faults, Keys, Variation};
use crate::profile::{Limitation, LimitationKind, Manner};
use crate::scim;

const SECRET: &str = "open sesame";

/// What came back.
#[derive(Debug, Clone)]
struct Seen {
    status: u16,
    headers: HeaderMap,
    body: Value,
    bytes: Vec<u8>,
    dropped: bool,
}

impl Seen {
    fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn id(&self) -> String {
        self.body["id"].as_str().expect("the body has an id").to_owned()
    }

    fn total(&self) -> u64 {
        self.body["totalResults"].as_u64().expect("the body is a list")
    }

    /// One attribute of every resource in a list.
    fn column(&self, pointer: &str) -> Vec<&str> {
        let resources = self.body["Resources"].as_array().expect("the body is a list");
        resources.iter().filter_map(|it| it.pointer(pointer)?.as_str()).collect()
    }

    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }

    #[track_caller]
    fn refused(self, status: u16, scim_type: Option<&str>) -> Self {
        let error = scim::message::ScimError::read(&self.body).expect("the body is a SCIM error");
        assert_eq!((self.status, error.status), (status, status.to_string()));
        assert_eq!(error.scim_type.as_deref(), scim_type, "{}", self.body);
        self
    }
}

fn settings() -> EmbeddedSettings {
    let mut keys = Keys::new();
    keys.add("tests", SECRET, None, true);
    EmbeddedSettings { seed: 7, keys, ..EmbeddedSettings::default() }
}

fn tenant() -> EmbeddedTenant {
    EmbeddedTenant::new(settings())
}

fn with_faults(faults: Faults) -> EmbeddedTenant {
    EmbeddedTenant::new(EmbeddedSettings { faults, ..settings() })
}

fn with_limitation(is: LimitationKind, how: Manner) -> EmbeddedTenant {
    let limitation =
        Limitation { is, how, reason: "documented".to_owned(), source: "a test".to_owned() };
    EmbeddedTenant::new(EmbeddedSettings { limitations: vec![limitation], ..settings() })
}

impl EmbeddedTenant {
    async fn send(&self, request: Request<Body>) -> Seen {
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let dropped = parts.extensions.get::<ConnectionDropped>().is_some();
        let bytes = axum::body::to_bytes(body, usize::MAX).await;
        assert_eq!(dropped, bytes.is_err());
        let bytes = bytes.unwrap_or_default().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Seen { status: parts.status.as_u16(), headers: parts.headers, body, bytes, dropped }
    }

    async fn call(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Seen {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/scim{target}"))
            .header(header::HOST, "tenant.example")
            .header(header::AUTHORIZATION, format!("Bearer {SECRET}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/scim+json; charset=utf-8");
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    async fn get(&self, target: &str) -> Seen {
        self.call("GET", target, &[], &Value::Null).await
    }

    async fn delete(&self, target: &str) -> Seen {
        self.call("DELETE", target, &[], &Value::Null).await
    }

    async fn post(&self, target: &str, body: &Value) -> Seen {
        self.call("POST", target, &[], body).await
    }

    async fn put(&self, target: &str, body: &Value) -> Seen {
        self.call("PUT", target, &[], body).await
    }

    async fn patch(&self, target: &str, operations: Value) -> Seen {
        let body = json!({ "schemas": [scim::PATCH_OP], "Operations": operations });
        self.call("PATCH", target, &[], &body).await
    }

    async fn new_user(&self, name: &str) -> String {
        self.post("/Users", &user(name)).await.is(201).id()
    }

    async fn new_group(&self, name: &str, members: &[&str]) -> String {
        self.post("/Groups", &group(name, members)).await.is(201).id()
    }

    /// The hits of a filter, which goes through the percent-encoding of a query.
    async fn filter(&self, endpoint: &str, filter: &str) -> Seen {
        let encoded: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        self.get(&format!("{endpoint}?filter={encoded}")).await
    }
}

fn user(name: &str) -> Value {
    json!({
        "schemas": [scim::USER, scim::ENTERPRISE_USER],
        "userName": name,
        "externalId": format!("ext-{name}"),
        "active": true,
        "displayName": format!("User {name}"),
        "name": { "givenName": "Given", "familyName": format!("Family {name}") },
        "emails": [{ "type": "work", "value": format!("{name}@work.example"), "primary": true }],
        scim::ENTERPRISE_USER: { "department": "Sales" },
    })
}

fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({ "schemas": [scim::GROUP], "displayName": name, "members": members })
}

fn members_of(seen: &Seen) -> Vec<&str> {
    let members = seen.body["members"].as_array().map_or(&[][..], Vec::as_slice);
    members.iter().filter_map(|member| member["value"].as_str()).collect()
}
