//! What the tenant says about itself (RFC 7644 §4). It can be read, never changed or filtered.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::bulk::{OPERATIONS_MAX, PAYLOAD_MAX};
use super::cursor::TIMEOUT;
use super::defects::{Defect, discovery as bent};
use super::kind::ResourceKind;
use super::problem::Problem;
use super::query::{PAGE_DEFAULT, PAGE_MAX};
use super::respond::json_answer;
use super::{Call, Variation};
use crate::scim;
use crate::scim::schema::{self, Schema};

/// The largest body a request may have, in bytes: 10 MiB.
pub(super) const BODY_MAX: usize = 10 * 1024 * 1024;

/// Answers `/ServiceProviderConfig`.
pub(super) fn service_provider_config(call: &Call<'_>) -> Result<Response, Problem> {
    refuse_filter(call)?;
    let mut configuration = configuration(&call.presenter.base);
    let variations = &call.tenant.variations;
    for (feature, variation) in [
        ("patch", Variation::NO_PATCH),
        ("filter", Variation::NO_FILTER),
        ("sort", Variation::NO_SORT),
        ("etag", Variation::NO_ETAG),
    ] {
        if variations.has(variation) {
            configuration[feature]["supported"] = json!(false);
        }
    }
    configuration["filter"]["maxResults"] = json!(call.tenant.page_max());
    if call.tenant.defects.any() {
        bent::configuration(call, &mut configuration);
    }
    if call.tenant.defects.has(Defect::PAGINATION_AS_TEXT) {
        configuration["pagination"]["index"] = json!("true");
    }
    if call.tenant.defects.has(Defect::ASYNC_KEYWORD_UNKNOWN) {
        configuration["securityEvents"]["asyncRequest"] = json!("yes");
    }
    Ok(json_answer(StatusCode::OK, &configuration, &call.tenant.defects))
}

/// Answers `/ResourceTypes` or one of them.
pub(super) fn resource_types(call: &Call<'_>, name: Option<&str>) -> Result<Response, Problem> {
    let mut types = [ResourceKind::User, ResourceKind::Group]
        .map(|kind| resource_type(kind, &call.presenter.base));
    if call.tenant.defects.any() {
        bent::refuse(&call.tenant.defects, name, Defect::TYPE_UNREADABLE)?;
        bent::types(&call.tenant.defects, &mut types);
    }
    if name.is_none() && call.tenant.defects.has(Defect::TYPES_AS_ARRAY) {
        return Ok(json_answer(StatusCode::OK, &json!(types), &call.tenant.defects));
    }
    answer(call, types.into(), name)
}

/// Answers `/Schemas` or one of them.
pub(super) fn schemas(call: &Call<'_>, urn: Option<&str>) -> Result<Response, Problem> {
    let mut schemas: Vec<Value> = [
        schema::user(),
        schema::group(),
        schema::enterprise_user(),
        schema::service_provider_config(),
        schema::resource_type(),
        schema::schema(),
    ]
    .map(|schema| described(schema, &call.presenter.base))
    .into();
    if call.tenant.defects.any() {
        bent::refuse(&call.tenant.defects, urn, Defect::SCHEMA_UNREADABLE)?;
        bent::schemas(&call.tenant.defects, &mut schemas);
    }
    answer(call, schemas, urn)
}

/// All of them as a list, or the one whose id is asked for. Paging has no meaning here.
fn answer(call: &Call<'_>, mut all: Vec<Value>, id: Option<&str>) -> Result<Response, Problem> {
    refuse_filter(call)?;
    let counted = call.query.unwrap_or_default().contains("count=1");
    if id.is_none() && counted && call.tenant.defects.has(Defect::DISCOVERY_PAGED) {
        all.truncate(1);
    }
    let body = match id {
        None => json!({
            "schemas": [scim::LIST_RESPONSE],
            "totalResults": all.len(),
            "startIndex": 1,
            "itemsPerPage": all.len(),
            "Resources": all,
        }),
        Some(id) => all
            .into_iter()
            .find(|one| one["id"] == id)
            .ok_or_else(|| Problem::new(404, "there is no such schema or resource type"))?,
    };
    Ok(json_answer(StatusCode::OK, &body, &call.tenant.defects))
}

/// A filter here is refused, so that nobody trusts an unfiltered answer (RFC 7644 §4).
fn refuse_filter(call: &Call<'_>) -> Result<(), Problem> {
    let mut names = url::form_urlencoded::parse(call.query.unwrap_or_default().as_bytes());
    if names.any(|(name, _)| name == "filter") {
        if call.tenant.defects.has(Defect::DISCOVERY_FILTER_CRASH) {
            return Err(Problem::new(500, "internal server error"));
        }
        return Err(Problem::new(403, "discovery cannot be filtered"));
    }
    Ok(())
}

fn configuration(base: &str) -> Value {
    json!({
        "schemas": [scim::SERVICE_PROVIDER_CONFIG],
        "documentationUri": "https://www.rfc-editor.org/rfc/rfc7644",
        "patch": { "supported": true },
        "bulk": {
            "supported": true,
            "maxOperations": OPERATIONS_MAX,
            "maxPayloadSize": PAYLOAD_MAX,
        },
        "filter": { "supported": true, "maxResults": PAGE_MAX },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": PAGE_DEFAULT,
            "maxPageSize": PAGE_MAX,
            "cursorTimeout": TIMEOUT.as_secs(),
        },
        "securityEvents": { "asyncRequest": "request", "eventUris": [] },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer key",
            "description": "An API key in the Authorization header, as RFC 6750 describes",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

fn resource_type(kind: ResourceKind, base: &str) -> Value {
    let extensions: Vec<Value> = kind
        .extension()
        .into_iter()
        .map(|extension| json!({ "schema": extension.id, "required": false }))
        .collect();
    let mut shown = json!({
        "schemas": [scim::RESOURCE_TYPE],
        "id": kind.name(),
        "name": kind.name(),
        "description": kind.schema().description,
        "endpoint": kind.endpoint(),
        "schema": kind.schema().id,
    });
    if !extensions.is_empty() {
        shown["schemaExtensions"] = Value::Array(extensions);
    }
    shown["meta"] = json!({
        "resourceType": "ResourceType",
        "location": format!("{base}/ResourceTypes/{}", kind.name()),
    });
    shown
}

fn described(schema: &Schema, base: &str) -> Value {
    let mut shown = schema.to_json();
    shown["meta"] = json!({
        "resourceType": "Schema",
        "location": format!("{base}/Schemas/{}", schema.id),
    });
    shown
}
