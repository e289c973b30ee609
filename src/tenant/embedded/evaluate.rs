//! Whether a resource meets a filter (RFC 7644 §3.4.2.2), by the schema's characteristics.
//!
//! Where the RFC leaves a choice: an attribute nobody defines has no value; no value means null,
//! `""`, `[]` or nothing there; `ne` asks for a value that differs, while `not (… eq …)` also holds
//! where there is none; a complex attribute stands for its `value`; references are case-exact; a
//! password cannot be asked for. Resources are read in the canonical spelling of names.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::kind::ResourceKind;
use super::problem::Problem;
use super::store::fold;
use crate::scim::filter::{CompareOperator, Filter};
use crate::scim::path::AttributePath;
use crate::scim::schema::{Attribute, AttributeType, Returned};

/// Whether the resource meets the filter.
pub fn matches(filter: &Filter, resource: &Value, kind: ResourceKind) -> bool {
    holds(filter, resource, Scope::Resource(kind))
}

/// Refuses operators and literals that do not go with their attribute: 400 `invalidFilter`.
pub fn check(filter: &Filter, kind: ResourceKind) -> Result<(), Problem> {
    check_in(filter, Scope::Resource(kind))
}

/// Whether one value of a multi-valued attribute meets the filter in its brackets.
pub(super) fn element_matches(filter: &Filter, element: &Value, of: &'static Attribute) -> bool {
    holds(filter, element, Scope::Element(of))
}

/// As [`check`], for the filter in brackets.
pub(super) fn check_element(filter: &Filter, of: &'static Attribute) -> Result<(), Problem> {
    check_in(filter, Scope::Element(of))
}

/// Whether there is something: not null, not empty, and for objects and arrays something inside.
pub fn is_assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(is_assigned),
        Value::Object(members) => members.values().any(is_assigned),
    }
}

/// Reads an xsd:dateTime; one without an offset is taken as UTC.
pub fn instant(text: &str) -> Option<Timestamp> {
    if !text.contains('T') {
        return None;
    }
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}

/// What the names of a filter are looked up in.
#[derive(Clone, Copy)]
enum Scope {
    Resource(ResourceKind),
    Element(&'static Attribute),
}

/// A path's definition and the values it has in a resource.
struct Found<'v> {
    /// None for the container of an extension.
    attribute: Option<&'static Attribute>,
    values: Vec<&'v Value>,
}

fn holds(filter: &Filter, holder: &Value, scope: Scope) -> bool {
    match filter {
        Filter::Or(parts) => parts.iter().any(|part| holds(part, holder, scope)),
        Filter::And(parts) => parts.iter().all(|part| holds(part, holder, scope)),
        Filter::Not(part) => !holds(part, holder, scope),
        Filter::Present(path) => find(path, holder, scope)
            .is_some_and(|found| found.values.iter().any(|value| is_assigned(value))),
        Filter::Compare { path, operator, value } => match find(path, holder, scope) {
            None => *operator == CompareOperator::Equal && value.is_null(),
            Some(found) => compare_any(&found, *operator, value),
        },
        Filter::ValuePath { path, filter, tail } => {
            let Some(found) = find(path, holder, scope) else { return false };
            let Some(attribute) = found.attribute else { return false };
            let inside = Scope::Element(attribute);
            found.values.iter().filter(|element| holds(filter, element, inside)).any(|element| {
                tail.as_ref().is_none_or(|(name, operator, value)| {
                    find(&AttributePath::of(name), element, inside)
                        .is_some_and(|found| compare_any(&found, *operator, value))
                })
            })
        }
    }
}

/// The values at a path, arrays taken apart; nothing when nobody defines it.
fn find<'v>(path: &AttributePath, holder: &'v Value, scope: Scope) -> Option<Found<'v>> {
    let (attribute, value) = match scope {
        Scope::Resource(kind) => {
            let named = kind.resolve(path, true)?;
            let holder = named.extension.map_or(Some(holder), |it| holder.get(it.id));
            let Some(attribute) = named.attribute else {
                return Some(Found { attribute: None, values: holder.into_iter().collect() });
            };
            let value = holder.and_then(|holder| holder.get(attribute.name));
            if let Some(sub_attribute) = named.sub_attribute {
                let elements = each(value).into_iter();
                let values = elements.flat_map(|it| each(it.get(sub_attribute.name))).collect();
                return Some(Found { attribute: Some(sub_attribute), values });
            }
            (attribute, value)
        }
        Scope::Element(of) => {
            if path.schema.is_some() || path.sub_attribute.is_some() {
                return None;
            }
            let attribute = of.find(&path.attribute)?;
            (attribute, holder.get(attribute.name))
        }
    };
    let values = if attribute.returned == Returned::Never { Vec::new() } else { each(value) };
    Some(Found { attribute: Some(attribute), values })
}

fn each(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

/// Whether any value meets the comparison.
fn compare_any(found: &Found<'_>, operator: CompareOperator, literal: &Value) -> bool {
    let Some(mut attribute) = found.attribute else { return false };
    let mut values = found.values.clone();
    if attribute.kind == AttributeType::Complex {
        let Some(default) = attribute.find("value") else { return false };
        values = values.into_iter().flat_map(|element| each(element.get(default.name))).collect();
        attribute = default;
    }
    values.retain(|value| is_assigned(value));
    match (literal, operator) {
        (Value::Null, CompareOperator::Equal) => values.is_empty(),
        (Value::Null, CompareOperator::NotEqual) => !values.is_empty(),
        (Value::Null, _) => false,
        _ => values.iter().any(|value| compare(attribute, value, operator, literal)),
    }
}

fn compare(
    attribute: &Attribute,
    value: &Value,
    operator: CompareOperator,
    literal: &Value,
) -> bool {
    match (value, literal) {
        (Value::Bool(value), Value::Bool(literal)) => match operator {
            CompareOperator::Equal => value == literal,
            CompareOperator::NotEqual => value != literal,
            _ => false,
        },
        (Value::Number(value), Value::Number(literal)) => {
            ordered(operator, value.as_f64().partial_cmp(&literal.as_f64()))
        }
        (Value::String(value), Value::String(literal)) => {
            if attribute.kind == AttributeType::DateTime
                && let (Some(value), Some(literal)) = (instant(value), instant(literal))
                && !by_text(operator)
            {
                return ordered(operator, Some(value.cmp(&literal)));
            }
            if attribute.case_exact {
                compare_text(value, operator, literal)
            } else {
                compare_text(&fold(value), operator, &fold(literal))
            }
        }
        _ => operator == CompareOperator::NotEqual,
    }
}

fn compare_text(value: &str, operator: CompareOperator, literal: &str) -> bool {
    match operator {
        CompareOperator::Contains => value.contains(literal),
        CompareOperator::StartsWith => value.starts_with(literal),
        CompareOperator::EndsWith => value.ends_with(literal),
        _ => ordered(operator, Some(value.cmp(literal))),
    }
}

fn by_text(operator: CompareOperator) -> bool {
    use CompareOperator::{Contains, EndsWith, StartsWith};
    matches!(operator, Contains | StartsWith | EndsWith)
}

fn ordered(operator: CompareOperator, order: Option<Ordering>) -> bool {
    let Some(order) = order else { return false };
    match operator {
        CompareOperator::Equal => order.is_eq(),
        CompareOperator::NotEqual => order.is_ne(),
        CompareOperator::Greater => order.is_gt(),
        CompareOperator::GreaterOrEqual => order.is_ge(),
        CompareOperator::Less => order.is_lt(),
        CompareOperator::LessOrEqual => order.is_le(),
        CompareOperator::Contains | CompareOperator::StartsWith | CompareOperator::EndsWith => {
            false
        }
    }
}

fn check_in(filter: &Filter, scope: Scope) -> Result<(), Problem> {
    match filter {
        Filter::Or(parts) | Filter::And(parts) => {
            parts.iter().try_for_each(|part| check_in(part, scope))
        }
        Filter::Not(part) => check_in(part, scope),
        Filter::Present(_) => Ok(()),
        Filter::Compare { path, operator, value } => {
            // Only the definition matters, so the resource looked into may be none at all.
            match find(path, &Value::Null, scope) {
                None => Ok(()),
                Some(Found { attribute: None, .. }) => {
                    Err(Problem::invalid_filter(format!("`{path}` is no attribute to compare")))
                }
                Some(Found { attribute: Some(attribute), .. }) => {
                    check_comparison(attribute, *operator, value)
                }
            }
        }
        Filter::ValuePath { path, filter, tail } => {
            let found = find(path, &Value::Null, scope).and_then(|found| found.attribute);
            let Some(attribute) = found else { return Ok(()) };
            if attribute.kind != AttributeType::Complex {
                let why = format!("`{}` has no sub-attributes to select by", attribute.name);
                return Err(Problem::invalid_filter(why));
            }
            check_in(filter, Scope::Element(attribute))?;
            let Some((name, operator, value)) = tail else { return Ok(()) };
            attribute.find(name).map_or(Ok(()), |it| check_comparison(it, *operator, value))
        }
    }
}

/// The semantics table of RFC 7644 table 3, by type.
fn check_comparison(
    attribute: &'static Attribute,
    operator: CompareOperator,
    literal: &Value,
) -> Result<(), Problem> {
    let refuse = |why: &str| {
        let (name, word) = (attribute.name, operator.word());
        Err(Problem::invalid_filter(format!("`{name} {word} {literal}`: {why}")))
    };
    let equality = matches!(operator, CompareOperator::Equal | CompareOperator::NotEqual);
    let ordering = !equality && !by_text(operator);
    if literal.is_null() {
        return if equality { Ok(()) } else { refuse("null goes with eq and ne only") };
    }
    match attribute.kind {
        AttributeType::Complex => match attribute.find("value") {
            Some(value) => check_comparison(value, operator, literal),
            None => refuse("a complex attribute is compared by a sub-attribute"),
        },
        AttributeType::Boolean if !equality => refuse("a boolean goes with eq, ne and pr only"),
        AttributeType::Boolean if !literal.is_boolean() => refuse("true or false was expected"),
        AttributeType::Integer | AttributeType::Decimal if by_text(operator) => {
            refuse("a number has no text to search")
        }
        AttributeType::Integer | AttributeType::Decimal if !literal.is_number() => {
            refuse("a number was expected")
        }
        AttributeType::Boolean | AttributeType::Integer | AttributeType::Decimal => Ok(()),
        _ if !literal.is_string() => refuse("text in double quotes was expected"),
        AttributeType::Binary if ordering => refuse("binary values have no order"),
        AttributeType::DateTime
            if !by_text(operator) && literal.as_str().and_then(instant).is_none() =>
        {
            refuse("a dateTime such as \"2024-05-01T10:00:00Z\" was expected")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::ENTERPRISE_USER;

    fn user() -> Value {
        json!({
            "schemas": [crate::scim::USER, ENTERPRISE_USER],
            "id": "abc",
            "externalId": "Ext",
            "userName": "Bob@Example.com",
            "displayName": "Über Bob",
            "name": {"familyName": "Smith"},
            "nickName": "",
            "profileUrl": "https://example.com/Bob",
            "active": false,
            "password": "secret",
            "emails": [
                {"type": "work", "value": "a@example.com", "primary": true},
                {"type": "home", "value": "b@example.com"}
            ],
            "roles": [],
            "x509Certificates": [{"value": "QUJD"}],
            ENTERPRISE_USER: {"department": "R&D", "manager": {"value": "M1"}},
            "meta": {"created": "2024-05-01T10:00:00.5Z", "resourceType": "User"}
        })
    }

    fn meets(filter: &str) -> bool {
        let filter = Filter::parse(filter).unwrap();
        check(&filter, ResourceKind::User).unwrap();
        matches(&filter, &user(), ResourceKind::User)
    }

    #[track_caller]
    fn holding(filters: &[&str]) {
        for filter in filters {
            assert!(meets(filter), "{filter} should hold");
            assert!(!meets(&format!("not ({filter})")), "not ({filter}) should not hold");
        }
    }

    #[track_caller]
    fn failing(filters: &[&str]) {
        for filter in filters {
            assert!(!meets(filter), "{filter} should not hold");
        }
    }

    #[test]
    fn text_is_compared_as_its_characteristics_say() {
        holding(&[
            r#"userName eq "bob@example.COM""#,
            r#"userName co "EXAMPLE""#,
            r#"userName sw "bob""#,
            r#"userName ew ".com""#,
            r#"userName ne "alice""#,
            r#"userName gt "alice""#,
            r#"userName ge "bob@example.com""#,
            r#"userName le "BOB@example.com""#,
            r#"userName lt "carol""#,
            r#"displayName eq "über bob""#,
            r#"id eq "abc""#,
            r#"name.familyName eq "smith""#,
            r#"meta.resourceType eq "User""#,
        ]);
        failing(&[
            r#"id eq "ABC""#,
            r#"externalId eq "ext""#,
            r#"userName eq "bob""#,
            r#"userName gt "carol""#,
            r#"profileUrl eq "https://example.com/bob""#,
            r#"meta.resourceType eq "user""#,
            r#"userName ne "BOB@example.com""#,
            r#"x509Certificates.value eq "qujd""#,
        ]);
    }

    #[test]
    fn names_operators_and_urns_ignore_case() {
        holding(&[
            r#"USERNAME Eq "bob@example.com""#,
            r#"Name.FAMILYNAME eq "smith""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "bob""#,
            r#"URN:IETF:params:scim:schemas:core:2.0:user:USERNAME sw "bob""#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "r&d""#,
            r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
        ]);
    }

    #[test]
    fn present_means_something_is_there() {
        holding(&[
            "userName pr",
            "name pr",
            "emails pr",
            "active pr",
            "meta.created pr",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr",
        ]);
        failing(&[
            "title pr",
            "roles pr",
            "nickName pr",
            "name.givenName pr",
            "nope pr",
            "password pr",
        ]);
    }

    #[test]
    fn absent_values_meet_neither_eq_nor_ne_but_not_eq() {
        failing(&[r#"title eq "x""#, r#"title ne "x""#, r#"nope ne "x""#, r#"nope eq "x""#]);
        holding(&[r#"not (title eq "x")"#, "title eq null", "roles eq null", "userName ne null"]);
        failing(&["userName eq null", "title ne null"]);
    }

    #[test]
    fn booleans_and_points_in_time_are_compared_as_what_they_are() {
        holding(&[
            "active eq false",
            "active ne true",
            r#"meta.created eq "2024-05-01T12:00:00.500+02:00""#,
            r#"meta.created gt "2024-05-01T10:00:00Z""#,
            r#"meta.created lt "2024-05-01T10:00:01""#,
            r#"meta.created sw "2024-05""#,
        ]);
        failing(&["active eq true", r#"meta.created gt "2024-05-01T10:00:00.5Z""#]);
    }

    #[test]
    fn any_value_may_match_but_brackets_bind_all_terms_to_one() {
        holding(&[
            r#"emails.value eq "B@example.com""#,
            r#"emails.type eq "work" and emails.value sw "b""#,
            r#"emails[type eq "work" and value sw "a"]"#,
            r#"emails co "@example""#,
            r#"emails[not (type eq "work") or value sw "x"]"#,
            "emails[primary eq true]",
            r#"emails[type eq "work"].value eq "a@example.com""#,
            r#"emails ne "a@example.com""#,
            r#"manager eq "M1""#,
            r#"id eq "abc" and manager eq "M1""#,
        ]);
        failing(&[
            r#"emails[type eq "work" and value sw "b"]"#,
            r#"emails[type eq "fax"]"#,
            r#"emails[type eq "work"].value eq "b@example.com""#,
            r#"manager eq "m1""#,
            r#"emails[type eq "fax"].value ne "a""#,
            r#"nope[a eq "b"]"#,
            r#"emails[nope eq "b"]"#,
        ]);
    }

    #[test]
    fn what_does_not_go_together_is_an_invalid_filter() {
        for filter in [
            "active gt false",
            "active ge true",
            "active lt false",
            "active le false",
            r#"active co "t""#,
            r#"active eq "false""#,
            r#"x509Certificates.value gt "AA""#,
            "userName eq 5",
            "userName eq true",
            "userName gt null",
            r#"name eq "x""#,
            r#"addresses co "x""#,
            r#"meta.created gt "yesterday""#,
            "emails[primary gt true]",
            r#"emails[type eq "work"].primary co "t""#,
            r#"userName[value eq "x"]"#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq "x""#,
            "not (userName pr or (active gt true))",
        ] {
            let refused = check(&Filter::parse(filter).unwrap(), ResourceKind::User).unwrap_err();
            assert_eq!(
                (refused.status, refused.scim_type),
                (400, Some("invalidFilter")),
                "{filter}"
            );
        }
    }

    #[test]
    fn an_attribute_that_the_kind_lacks_has_no_value() {
        let group = json!({"displayName": "Sales", "members": [{"value": "u1"}]});
        for (filter, expected) in [
            ("userName pr", false),
            (r#"members eq "u1""#, true),
            (r#"members[value eq "u2"]"#, false),
            (r#"members.value eq "U1""#, true),
        ] {
            let filter = Filter::parse(filter).unwrap();
            assert_eq!(matches(&filter, &group, ResourceKind::Group), expected, "{filter}");
        }
    }
}
