//! The attribute tables of discovery: RFC 7643 §5 to §7, §8.7.2.
//!
//! Worked-in errata of RFC 7643: 5606, 8435 and 8415 (binary is a type, a sub-attribute is never
//! complex), 5607 (`referenceTypes` are many), 7522 (`schemaExtensions` are many), and 8011
//! (authentication schemes have the `type` and `primary` that §5 and its sample show). RFC 9865 §4
//! adds `pagination`, RFC 9967 §4 `securityEvents`.

use super::{Attribute, Schema};
use crate::scim;

/// What a provider can do (RFC 7643 §5).
pub fn service_provider_config() -> &'static Schema {
    &SERVICE_PROVIDER_CONFIG
}

/// A kind of resource and its endpoint (RFC 7643 §6).
pub fn resource_type() -> &'static Schema {
    &RESOURCE_TYPE
}

/// A schema, described by itself (RFC 7643 §7).
pub fn schema() -> &'static Schema {
    &SCHEMA
}

static SERVICE_PROVIDER_CONFIG: Schema = Schema {
    id: scim::SERVICE_PROVIDER_CONFIG,
    name: "Service Provider Configuration",
    description: "What the service provider supports",
    attributes: &[
        Attribute::reference("documentationUri", &["external"], "Where people read about it")
            .read_only(),
        Attribute::complex("patch", SUPPORTED, "PATCH").required().read_only(),
        Attribute::complex("bulk", BULK, "Bulk requests").required().read_only(),
        Attribute::complex("filter", FILTER, "Filters").required().read_only(),
        Attribute::complex("changePassword", SUPPORTED, "Changing a password")
            .required()
            .read_only(),
        Attribute::complex("sort", SUPPORTED, "Sorting").required().read_only(),
        Attribute::complex("pagination", PAGINATION, "How lists are paged").read_only(),
        Attribute::complex("securityEvents", SECURITY_EVENTS, "Asynchronous requests and events")
            .read_only(),
        Attribute::complex("authenticationSchemes", SCHEMES, "How clients authenticate")
            .many()
            .required()
            .read_only(),
    ],
};

static RESOURCE_TYPE: Schema = Schema {
    id: scim::RESOURCE_TYPE,
    name: "ResourceType",
    description: "A kind of resource and where it is found",
    attributes: &[
        Attribute::text("id", "The resource type's identifier").read_only(),
        Attribute::text("name", "The resource type's name").required().read_only(),
        Attribute::text("description", "What resources of this type are").read_only(),
        Attribute::reference("endpoint", &["uri"], "The endpoint, relative to the base URL")
            .required()
            .read_only(),
        Attribute::reference("schema", &["uri"], "The base schema's URN").required().read_only(),
        Attribute::complex("schemaExtensions", EXTENSIONS, "The extensions of the base schema")
            .many()
            .required()
            .read_only(),
    ],
};

static SCHEMA: Schema = Schema {
    id: scim::SCHEMA,
    name: "Schema",
    description: "The attributes of a kind of resource",
    attributes: &[
        Attribute::text("id", "The schema's URN").required().read_only(),
        Attribute::text("name", "The schema's name").required().read_only(),
        Attribute::text("description", "What the schema describes").read_only(),
        Attribute::complex("attributes", ATTRIBUTES, "The schema's attributes")
            .many()
            .required()
            .read_only(),
    ],
};

const IS_SUPPORTED: Attribute =
    Attribute::boolean("supported", "Whether it is supported").required().read_only();

const SUPPORTED: &[Attribute] = &[IS_SUPPORTED];

const BULK: &[Attribute] = &[
    IS_SUPPORTED,
    Attribute::integer("maxOperations", "The most operations in one request")
        .required()
        .read_only(),
    Attribute::integer("maxPayloadSize", "The largest request, in bytes").required().read_only(),
];

const FILTER: &[Attribute] = &[
    IS_SUPPORTED,
    Attribute::integer("maxResults", "The most resources in one answer").required().read_only(),
];

const PAGINATION: &[Attribute] = &[
    Attribute::boolean("cursor", "Whether lists are paged by cursor").required().read_only(),
    Attribute::boolean("index", "Whether lists are paged by index").required().read_only(),
    Attribute::text("defaultPaginationMethod", "How a list is paged when nothing is said")
        .one_of(&["cursor", "index"])
        .read_only(),
    Attribute::integer("defaultPageSize", "How many resources a page has").read_only(),
    Attribute::integer("maxPageSize", "The most resources on a page").read_only(),
    Attribute::integer("cursorTimeout", "How long a cursor is good for, in seconds").read_only(),
];

const SECURITY_EVENTS: &[Attribute] = &[
    Attribute::text("asyncRequest", "Whether requests are done after they were answered")
        .one_of(&["none", "long", "request"])
        .read_only(),
    Attribute::text("eventUris", "The events that can be delivered").many().read_only(),
];

const SCHEMES: &[Attribute] = &[
    Attribute::text("name", "The scheme's name").required().read_only(),
    Attribute::text("description", "What the scheme is").required().read_only(),
    Attribute::reference("specUri", &["external"], "The scheme's specification").read_only(),
    Attribute::reference("documentationUri", &["external"], "How it is used here").read_only(),
    Attribute::text("type", "The scheme's keyword")
        .one_of(&["oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"])
        .required()
        .read_only(),
    Attribute::boolean("primary", "Whether the scheme is preferred").read_only(),
];

const EXTENSIONS: &[Attribute] = &[
    Attribute::reference("schema", &["uri"], "The extension's URN").required().read_only(),
    Attribute::boolean("required", "Whether a resource must have it").required().read_only(),
];

const NAME: Attribute = Attribute::text("name", "The name").required().exact().read_only();
const TYPE: Attribute = Attribute::text("type", "The data type").required().read_only();
const MULTI_VALUED: Attribute =
    Attribute::boolean("multiValued", "Whether it has several values").required().read_only();
const DESCRIPTION: Attribute = Attribute::text("description", "What it is").exact().read_only();
const REQUIRED: Attribute = Attribute::boolean("required", "Whether it must be there").read_only();
const CANONICAL_VALUES: Attribute =
    Attribute::text("canonicalValues", "Values that are foreseen").many().exact().read_only();
const CASE_EXACT: Attribute =
    Attribute::boolean("caseExact", "Whether case tells values apart").read_only();
const MUTABILITY: Attribute = Attribute::text("mutability", "Who may write it, and when")
    .one_of(&["readOnly", "readWrite", "immutable", "writeOnly"])
    .exact()
    .read_only();
const RETURNED: Attribute = Attribute::text("returned", "When it is shown")
    .one_of(&["always", "never", "default", "request"])
    .exact()
    .read_only();
const UNIQUENESS: Attribute = Attribute::text("uniqueness", "Within what a value is unique")
    .one_of(&["none", "server", "global"])
    .exact()
    .read_only();
const REFERENCE_TYPES: Attribute =
    Attribute::text("referenceTypes", "What a reference may refer to").many().exact().read_only();

const ATTRIBUTES: &[Attribute] = &[
    NAME,
    TYPE.one_of(&[
        "string",
        "boolean",
        "decimal",
        "integer",
        "dateTime",
        "binary",
        "reference",
        "complex",
    ]),
    MULTI_VALUED,
    DESCRIPTION,
    REQUIRED,
    CANONICAL_VALUES,
    CASE_EXACT,
    MUTABILITY,
    RETURNED,
    UNIQUENESS,
    REFERENCE_TYPES,
    Attribute::complex("subAttributes", SUB_ATTRIBUTES, "The parts of a complex attribute")
        .many()
        .read_only(),
];

const SUB_ATTRIBUTES: &[Attribute] = &[
    NAME,
    TYPE.one_of(&["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference"]),
    MULTI_VALUED,
    DESCRIPTION,
    REQUIRED,
    CANONICAL_VALUES,
    CASE_EXACT,
    MUTABILITY,
    RETURNED,
    UNIQUENESS,
    REFERENCE_TYPES,
];
