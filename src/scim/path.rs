//! Attribute paths (RFC 7644 §3.10) and the paths of PATCH operations (RFC 7644 §3.5.2).
//!
//! A path keeps what was written; names and URNs are compared without case by whoever resolves
//! them. A schema URN holds dots and colons, so a qualified path is split behind the longest
//! known URN, only without one at the last colon, and never at the first dot.

use std::fmt;

use super::filter::{Filter, FilterError};

/// The URNs behind which a qualified path is split.
const KNOWN_SCHEMAS: [&str; 7] = [
    super::USER,
    super::GROUP,
    super::ENTERPRISE_USER,
    super::MICROSOFT_GROUP,
    super::SERVICE_PROVIDER_CONFIG,
    super::RESOURCE_TYPE,
    super::SCHEMA,
];

/// `[schema ":"] attribute ["." sub-attribute]`, as written.
///
/// A bare known URN names the whole container of its schema: then `attribute` is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributePath {
    /// The schema URN before the attribute, if the path is qualified.
    pub schema: Option<String>,
    /// The attribute's name; empty when the path is a bare schema URN.
    pub attribute: String,
    /// The name behind the dot.
    pub sub_attribute: Option<String>,
}

/// Why a path was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path itself is malformed: `invalidPath`.
    #[error("{0}")]
    Malformed(String),
    /// The filter in the brackets is at fault: `invalidFilter`.
    #[error("the filter in the brackets is wrong {0}")]
    Filter(FilterError),
}

impl AttributePath {
    /// A path of one plain attribute name.
    pub fn of(attribute: &str) -> Self {
        Self { schema: None, attribute: attribute.to_owned(), sub_attribute: None }
    }

    /// Reads an attribute path without brackets.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let (schema, rest) = split_schema(text);
        if rest.is_empty() && schema.is_some() && is_known(text) {
            return Ok(Self { schema, attribute: String::new(), sub_attribute: None });
        }
        if let Some(schema) = &schema {
            let odd =
                |c: char| c.is_whitespace() || c.is_control() || "\"[](){}<>\\^`|".contains(c);
            if schema.contains(odd) || schema.is_empty() {
                return Err(malformed(text, &format!("`{schema}` is no schema URN")));
            }
        }
        let (attribute, sub_attribute) = match rest.split_once('.') {
            Some((attribute, sub)) => (attribute, Some(sub)),
            None => (rest, None),
        };
        for name in [Some(attribute), sub_attribute].into_iter().flatten() {
            check_name(name).map_err(|why| malformed(text, &why))?;
        }
        Ok(Self {
            schema,
            attribute: attribute.to_owned(),
            sub_attribute: sub_attribute.map(str::to_owned),
        })
    }

    /// Whether the path is a bare schema URN and so means the container of that schema.
    pub fn is_container(&self) -> bool {
        self.attribute.is_empty()
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) if self.is_container() => return out.write_str(schema),
            Some(schema) => write!(out, "{schema}:{}", self.attribute)?,
            None => out.write_str(&self.attribute)?,
        }
        self.sub_attribute.as_ref().map_or(Ok(()), |sub| write!(out, ".{sub}"))
    }
}

/// The `path` of a PATCH operation: an attribute path, perhaps with a value filter in brackets.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchPath {
    /// The attribute before the brackets, or the whole path.
    pub path: AttributePath,
    /// What stands in the brackets.
    pub filter: Option<Filter>,
    /// The sub-attribute after the closing bracket.
    pub sub_attribute_after_filter: Option<String>,
}

impl PatchPath {
    /// Reads a PATCH path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let Some(open) = text.find('[') else {
            let path = AttributePath::parse(text)?;
            return Ok(Self { path, filter: None, sub_attribute_after_filter: None });
        };
        let path = AttributePath::parse(&text[..open])?;
        if path.is_container() {
            return Err(malformed(text, "a schema URN has no values to select"));
        }
        let inside = &text[open + 1..];
        let close = closing_bracket(inside)
            .ok_or_else(|| malformed(text, "the bracket `[` is never closed"))?;
        let (inside, after) = (&inside[..close], &inside[close + 1..]);
        if inside.chars().all(|c| c.is_ascii_digit()) {
            return Err(malformed(text, "the brackets need a filter, positions do not exist"));
        }
        let filter = Filter::parse_value_filter(inside)
            .map_err(|error| PathError::Filter(error.moved(text[..=open].chars().count())))?;
        let sub_attribute_after_filter = match after.strip_prefix('.') {
            None if after.is_empty() => None,
            None => return Err(malformed(text, &format!("`{after}` after the bracket"))),
            Some(name) => {
                check_name(name).map_err(|why| malformed(text, &why))?;
                Some(name.to_owned())
            }
        };
        if sub_attribute_after_filter.is_some() && path.sub_attribute.is_some() {
            return Err(malformed(text, "more than one sub-attribute"));
        }
        Ok(Self { path, filter: Some(filter), sub_attribute_after_filter })
    }

    /// The sub-attribute meant, wherever it stands.
    pub fn sub_attribute(&self) -> Option<&str> {
        self.sub_attribute_after_filter.as_deref().or(self.path.sub_attribute.as_deref())
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.path)?;
        if let Some(filter) = &self.filter {
            write!(out, "[{filter}]")?;
        }
        self.sub_attribute_after_filter.as_ref().map_or(Ok(()), |sub| write!(out, ".{sub}"))
    }
}

/// Splits off the schema URN; a bare known URN leaves an empty rest.
fn split_schema(text: &str) -> (Option<String>, &str) {
    let known = KNOWN_SCHEMAS
        .iter()
        .filter(|urn| text.get(..urn.len()).is_some_and(|head| head.eq_ignore_ascii_case(urn)))
        .filter(|urn| text.len() == urn.len() || text[urn.len()..].starts_with(':'))
        .max_by_key(|urn| urn.len());
    if let Some(urn) = known {
        let rest = text[urn.len()..].strip_prefix(':').unwrap_or_default();
        return (Some(text[..urn.len()].to_owned()), rest);
    }
    match text.rsplit_once(':') {
        Some((schema, rest)) => (Some(schema.to_owned()), rest),
        None => (None, text),
    }
}

fn is_known(text: &str) -> bool {
    KNOWN_SCHEMAS.iter().any(|urn| urn.eq_ignore_ascii_case(text))
}

/// ATTRNAME of RFC 7643 §2.1; a leading `$` is taken because of `$ref`.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let letters = name.strip_prefix('$').unwrap_or(name);
    let mut characters = letters.chars();
    match characters.next() {
        None => return Err("an attribute name is missing".to_owned()),
        Some(first) if !first.is_ascii_alphabetic() => {
            return Err(format!("`{name}` does not begin with a letter"));
        }
        Some(_) => {}
    }
    match characters.find(|c| !(c.is_ascii_alphanumeric() || *c == '-' || *c == '_')) {
        Some(odd) => Err(format!("`{odd}` cannot stand in the attribute name `{name}`")),
        None => Ok(()),
    }
}

/// Where the bracket closes, in bytes; brackets inside string literals do not count.
fn closing_bracket(inside: &str) -> Option<usize> {
    let (mut in_string, mut escaped) = (false, false);
    for (position, byte) in inside.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b']' if !in_string => return Some(position),
            _ => {}
        }
    }
    None
}

fn malformed(text: &str, why: &str) -> PathError {
    let shown: String = text.chars().take(200).collect();
    PathError::Malformed(format!("the path `{shown}` is malformed: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::{ENTERPRISE_USER, USER};

    fn parts(text: &str) -> (Option<String>, String, Option<String>) {
        let path = AttributePath::parse(text).unwrap();
        (path.schema, path.attribute, path.sub_attribute)
    }

    fn owned(
        schema: Option<&str>,
        attribute: &str,
        sub: Option<&str>,
    ) -> (Option<String>, String, Option<String>) {
        (schema.map(str::to_owned), attribute.to_owned(), sub.map(str::to_owned))
    }

    #[test]
    fn a_path_is_split_behind_its_urn_and_not_at_the_dot_of_its_version() {
        assert_eq!(parts("userName"), owned(None, "userName", None));
        assert_eq!(parts("name.familyName"), owned(None, "name", Some("familyName")));
        assert_eq!(parts("members.$ref"), owned(None, "members", Some("$ref")));
        let qualified = format!("{ENTERPRISE_USER}:manager.value");
        assert_eq!(parts(&qualified), owned(Some(ENTERPRISE_USER), "manager", Some("value")));
        let upper = USER.to_uppercase();
        assert_eq!(parts(&format!("{upper}:name")), owned(Some(&upper), "name", None));
        let custom = "urn:ietf:params:scim:schemas:extension:Own:2.0:User";
        assert_eq!(parts(&format!("{custom}:Tag")), owned(Some(custom), "Tag", None));
    }

    #[test]
    fn a_bare_known_urn_names_its_container() {
        let path = AttributePath::parse(ENTERPRISE_USER).unwrap();
        assert!(path.is_container());
        assert_eq!(path.to_string(), ENTERPRISE_USER);
        assert!(!AttributePath::parse("name").unwrap().is_container());
    }

    #[test]
    fn malformed_paths_are_refused_as_paths() {
        let long = format!("{ENTERPRISE_USER}:");
        for text in [
            "",
            ".",
            ".x",
            "a..b",
            "a.b.c",
            "a b",
            " a",
            "a ",
            "/displayName",
            "1a",
            "a.1",
            "emails[",
            "emails[]",
            "emails[0].value",
            "emails[type eq \"a\"",
            "emails[type eq \"a]\"",
            "$",
            ":a",
            "emails[type eq \"a\"]value",
            "emails[type eq \"a\"].",
            "emails[type eq \"a\"].a.b",
            "emails.value[type eq \"a\"].value",
            "a:b c:d",
            "[type eq \"a\"]",
            &long,
            "é",
        ] {
            assert!(matches!(PatchPath::parse(text), Err(PathError::Malformed(_))), "{text}");
        }
    }

    #[test]
    fn a_fault_in_the_bracket_is_told_from_a_fault_of_the_path() {
        for text in [
            "emails[type eq]",
            "emails[type]",
            "emails[type is \"a\"]",
            "emails[(type pr]",
            "emails[a[b pr]]",
            "emails[type eq work]",
        ] {
            assert!(matches!(PatchPath::parse(text), Err(PathError::Filter(_))), "{text}");
        }
        let said = PatchPath::parse("emails[type is 1]").unwrap_err().to_string();
        assert!(said.contains("at character 13"), "{said}");
    }

    #[test]
    fn the_forms_that_entra_sends_are_read_and_printed_back() {
        for text in [
            "active",
            "name.givenName",
            "emails[type eq \"work\"].value",
            "roles[primary eq \"True\"].value",
            "addresses[type eq \"work\"].streetAddress",
            "members[value eq \"7f4bc1a3-285e-48ae-8202-5accb43efb0e\"]",
            "emails[value eq \"a]\\\"b\"]",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        ] {
            assert_eq!(PatchPath::parse(text).unwrap().to_string(), text);
        }
        let path = PatchPath::parse("emails[type eq \"other\"].Value").unwrap();
        assert_eq!(path.sub_attribute(), Some("Value"));
    }
}
