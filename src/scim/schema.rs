//! What an attribute is (RFC 7643 §2.2, §7) and the attribute tables of the RFC's own schemas.
//!
//! The tables are those of RFC 7643 §8.7 with the verified errata worked in; they stand in
//! `schema/core.rs` (users and groups) and `schema/service.rs` (the schemas of discovery).
//! References are case-exact everywhere, as §2.3.7 says and the tables of §8.7 forget.

mod core;
mod service;

use serde_json::{Map, Value, json};

pub use self::core::{common, enterprise_user, group, user};
pub use self::service::{resource_type, schema, service_provider_config};

/// A schema: a URN and the attributes it defines.
#[derive(Debug)]
pub struct Schema {
    /// The schema's URN.
    pub id: &'static str,
    /// Its name, as people say it.
    pub name: &'static str,
    /// What it describes.
    pub description: &'static str,
    /// Its attributes, in order.
    pub attributes: &'static [Attribute],
}

impl Schema {
    /// The attribute of this name, compared without case.
    pub fn find(&self, name: &str) -> Option<&'static Attribute> {
        find(self.attributes, name)
    }

    /// The Schema resource of RFC 7643 §7, without `meta`.
    pub fn to_json(&self) -> Value {
        json!({
            "schemas": [super::SCHEMA],
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "attributes": self.attributes.iter().map(Attribute::to_json).collect::<Vec<_>>(),
        })
    }
}

/// The attribute of this name in a list, compared without case.
pub fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    let is_named = |it: &&Attribute| {
        it.name.len() == name.len() && (it.name == name || it.name.eq_ignore_ascii_case(name))
    };
    attributes.iter().find(is_named)
}

/// An attribute with its characteristics (RFC 7643 §7).
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// `name`, in the spelling that answers use.
    pub name: &'static str,
    /// `type`.
    pub kind: AttributeType,
    /// `multiValued`.
    pub multi_valued: bool,
    /// `required`.
    pub required: bool,
    /// `caseExact`; says nothing for types that are no text.
    pub case_exact: bool,
    /// `mutability`.
    pub mutability: Mutability,
    /// `returned`.
    pub returned: Returned,
    /// `uniqueness`.
    pub uniqueness: Uniqueness,
    /// `canonicalValues`, empty where the schema names none.
    pub canonical_values: &'static [&'static str],
    /// `referenceTypes`, empty but for references.
    pub reference_types: &'static [&'static str],
    /// `subAttributes`, empty but for complex attributes.
    pub sub_attributes: &'static [Self],
    /// `description`.
    pub description: &'static str,
}

impl Attribute {
    /// The sub-attribute of this name, compared without case.
    pub fn find(&self, name: &str) -> Option<&'static Self> {
        find(self.sub_attributes, name)
    }

    /// The definition as a Schema resource shows it.
    pub fn to_json(&self) -> Value {
        let mut shown = Map::new();
        let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        put("name", self.name.into());
        put("type", self.kind.word().into());
        put("multiValued", self.multi_valued.into());
        put("description", self.description.into());
        put("required", self.required.into());
        if !self.canonical_values.is_empty() {
            put("canonicalValues", json!(self.canonical_values));
        }
        if self.kind.is_text() {
            put("caseExact", self.case_exact.into());
        }
        put("mutability", self.mutability.word().into());
        put("returned", self.returned.word().into());
        if !matches!(self.kind, AttributeType::Complex | AttributeType::Boolean) {
            put("uniqueness", self.uniqueness.word().into());
        }
        if !self.reference_types.is_empty() {
            put("referenceTypes", json!(self.reference_types));
        }
        if !self.sub_attributes.is_empty() {
            let sub_attributes: Vec<_> = self.sub_attributes.iter().map(Self::to_json).collect();
            put("subAttributes", sub_attributes.into());
        }
        Value::Object(shown)
    }
}

/// The words a table is written in: an attribute, then what is not the default (RFC 7643 §2.2).
impl Attribute {
    const fn new(kind: AttributeType, name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            kind,
            multi_valued: false,
            required: false,
            case_exact: matches!(kind, AttributeType::Reference | AttributeType::Binary),
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: &[],
            description,
        }
    }

    const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(AttributeType::String, name, description)
    }

    const fn boolean(name: &'static str, description: &'static str) -> Self {
        Self::new(AttributeType::Boolean, name, description)
    }

    const fn integer(name: &'static str, description: &'static str) -> Self {
        Self::new(AttributeType::Integer, name, description)
    }

    const fn date_time(name: &'static str, description: &'static str) -> Self {
        Self::new(AttributeType::DateTime, name, description)
    }

    const fn binary(name: &'static str, description: &'static str) -> Self {
        Self::new(AttributeType::Binary, name, description)
    }

    const fn reference(
        name: &'static str,
        reference_types: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        Self { reference_types, ..Self::new(AttributeType::Reference, name, description) }
    }

    const fn complex(
        name: &'static str,
        sub_attributes: &'static [Self],
        description: &'static str,
    ) -> Self {
        Self { sub_attributes, ..Self::new(AttributeType::Complex, name, description) }
    }

    const fn many(self) -> Self {
        Self { multi_valued: true, ..self }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    const fn read_only(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }

    const fn immutable(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }

    const fn one_of(self, canonical_values: &'static [&'static str]) -> Self {
        Self { canonical_values, ..self }
    }
}

/// The data types of RFC 7643 §2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeType {
    /// Unicode text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A real number.
    Decimal,
    /// A whole number.
    Integer,
    /// A point in time, as xsd:dateTime.
    DateTime,
    /// Bytes in base64.
    Binary,
    /// A URI.
    Reference,
    /// An object of sub-attributes.
    Complex,
}

impl AttributeType {
    /// The schema's word for the type.
    pub fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }

    /// Whether upper and lower case can matter at all.
    fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Reference | Self::Binary)
    }
}

/// Who may write an attribute, and when (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// The provider alone.
    ReadOnly,
    /// The client at any time.
    ReadWrite,
    /// The client once.
    Immutable,
    /// The client, who never sees it again.
    WriteOnly,
}

impl Mutability {
    /// The schema's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

/// When an attribute is shown (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// Whatever was asked for.
    Always,
    /// Not at all.
    Never,
    /// Unless it was left out by request.
    Default,
    /// Only when asked for.
    Request,
}

impl Returned {
    /// The schema's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
            Self::Request => "request",
        }
    }
}

/// Within what a value is unique (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uniqueness {
    /// Nothing.
    None,
    /// The provider.
    Server,
    /// The world.
    Global,
}

impl Uniqueness {
    /// The schema's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Global => "global",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [&'static Schema; 6] {
        [user(), group(), enterprise_user(), service_provider_config(), resource_type(), schema()]
    }

    /// Path and characteristics of every attribute, one a line.
    fn table(prefix: &str, attributes: &[Attribute], lines: &mut Vec<String>) {
        for it in attributes {
            let path = format!("{prefix}{}", it.name);
            let mut line = format!("{path} {}", it.kind.word());
            for (said, word) in [
                (it.multi_valued, "many"),
                (it.required, "required"),
                (it.case_exact, "exact"),
                (it.mutability != Mutability::ReadWrite, it.mutability.word()),
                (it.returned != Returned::Default, it.returned.word()),
                (it.uniqueness != Uniqueness::None, it.uniqueness.word()),
            ] {
                if said {
                    line = format!("{line} {word}");
                }
            }
            lines.push(line);
            table(&format!("{path}."), it.sub_attributes, lines);
        }
    }

    #[test]
    fn the_tables_have_as_many_attributes_as_the_rfc() {
        let count = |schema: &Schema| {
            let mut lines = Vec::new();
            table("", schema.attributes, &mut lines);
            lines.len()
        };
        // One more for `addresses.primary`, two for erratum 8011, seven for RFC 9865, three for
        // RFC 9967.
        assert_eq!(all().map(count), [66 + 1, 5, 9, 19 + 2 + 7 + 3, 8, 27]);
    }

    #[test]
    fn what_the_verified_errata_correct_is_corrected() {
        let mut lines = Vec::new();
        for schema in all() {
            table(&format!("{} ", schema.name), schema.attributes, &mut lines);
        }
        for line in [
            "User userName string required server",
            "User password string writeOnly never",
            "User groups.$ref reference exact readOnly",
            "User x509Certificates.value binary exact",
            "Group displayName string required",
            "Group members.value string immutable",
            "EnterpriseUser manager.value string exact",
            "EnterpriseUser manager.displayName string readOnly",
            "ResourceType schemaExtensions complex many required readOnly",
            "Schema attributes.subAttributes.referenceTypes string many exact readOnly",
        ] {
            assert!(lines.iter().any(|it| it == line), "{line} is not in {lines:#?}");
        }
        assert_eq!(user().find("groups").unwrap().find("$REF").unwrap().reference_types, ["Group"]);
        let kinds = schema().find("attributes").unwrap().find("type").unwrap().canonical_values;
        assert!(kinds.contains(&"binary") && kinds.contains(&"complex"));
    }

    #[test]
    fn a_definition_shows_only_what_makes_sense_for_its_type() {
        let shown = user().to_json();
        assert_eq!(shown["schemas"], json!([crate::scim::SCHEMA]));
        let of = |name: &str| {
            let all = shown["attributes"].as_array().unwrap();
            all.iter().find(|it| it["name"] == name).unwrap().clone()
        };
        assert_eq!(of("userName")["uniqueness"], "server");
        assert_eq!(of("userName")["caseExact"], false);
        assert_eq!(of("userName").get("subAttributes"), None);
        assert_eq!(of("name").get("uniqueness"), None);
        assert_eq!(of("active").get("caseExact"), None);
        assert_eq!(
            of("emails")["subAttributes"][2]["canonicalValues"],
            json!(["work", "home", "other"])
        );
        assert_eq!(of("profileUrl")["referenceTypes"], json!(["external"]));
    }

    #[test]
    fn only_complex_attributes_have_sub_attributes_and_only_the_schema_of_schemas_nests() {
        for schema in all() {
            for it in schema.attributes {
                let complex = it.kind == AttributeType::Complex;
                assert_eq!(complex, !it.sub_attributes.is_empty(), "{}", it.name);
                let nested = it.sub_attributes.iter().any(|it| it.kind == AttributeType::Complex);
                assert!(!nested || schema.id == crate::scim::SCHEMA, "{}", it.name);
            }
        }
    }
}
