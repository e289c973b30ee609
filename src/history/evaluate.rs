//! Whether a resource meets a filter, as far as RFC 7644 §3.4.2.2 settles it.
//!
//! The oracle of the histories, made without a look at any server's. Where the RFC leaves a choice
//! (what `ne` says of nothing, `null`, the order of letters beyond ASCII, a complex attribute
//! without its part) the answer is [`Truth::Open`], and nobody is held to it.

use std::cmp::Ordering;

use serde_json::Value;

use super::norm::{ENTERPRISE, State};
use super::slot::Kind;
use crate::scim::filter::{CompareOperator, Filter};
use crate::scim::path::AttributePath;
use crate::scim::schema::{Attribute, AttributeType, Mutability, Returned};

/// Whether a filter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It does.
    Holds,
    /// It does not.
    Fails,
    /// The RFC does not say.
    Open,
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }

    fn not(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            Self::Open => Self::Open,
        }
    }

    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Holds;
        for part in parts {
            match part {
                Self::Fails => return Self::Fails,
                Self::Open => all = Self::Open,
                Self::Holds => {}
            }
        }
        all
    }

    fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::all(parts.into_iter().map(Self::not)).not()
    }
}

/// Whether a resource meets a filter; `id` is its id, `state` what a client has written.
pub fn meets(filter: &Filter, kind: Kind, id: &str, state: &State) -> Truth {
    holds(filter, &Scope::Resource { kind, id, state })
}

/// Whether one value of a multi-valued attribute meets the filter in brackets.
pub fn entry_meets(filter: &Filter, attribute: &Attribute, entry: &Value) -> Truth {
    holds(filter, &Scope::Entry { attribute, entry })
}

/// What the names in a filter mean.
enum Scope<'a> {
    Resource { kind: Kind, id: &'a str, state: &'a State },
    Entry { attribute: &'a Attribute, entry: &'a Value },
}

/// An attribute and what is held of it.
struct Held<'a> {
    attribute: &'a Attribute,
    value: Option<Value>,
}

impl Scope<'_> {
    /// The attribute that a path names; none where it is unknown or not a client's to know.
    fn find(&self, path: &AttributePath) -> Option<Held<'_>> {
        match self {
            Self::Entry { attribute, entry } => {
                let plain = path.schema.is_none() && path.sub_attribute.is_none();
                let part = attribute.find(&path.attribute).filter(|_| plain)?;
                Some(Held { attribute: part, value: entry.get(part.name).cloned() })
            }
            Self::Resource { kind, id, state } => {
                let (attribute, key) = attribute_of(*kind, path)?;
                if attribute.name == "id" {
                    return Some(Held { attribute, value: Some((*id).into()) });
                }
                let is_known = attribute.mutability != Mutability::ReadOnly
                    && attribute.returned != Returned::Never
                    && attribute.name != "schemas";
                let value = state.get(&key).cloned();
                match &path.sub_attribute {
                    _ if !is_known => None,
                    None => Some(Held { attribute, value }),
                    Some(name) => {
                        let part = attribute.find(name)?;
                        Some(Held { attribute: part, value: part_of(value, part.name) })
                    }
                }
            }
        }
    }
}

fn attribute_of(kind: Kind, path: &AttributePath) -> Option<(&'static Attribute, String)> {
    match path.schema.as_deref() {
        Some(urn) if !urn.eq_ignore_ascii_case(kind.schema().id) => {
            let attribute = kind.find_extension(urn)?.find(&path.attribute)?;
            Some((attribute, format!("{ENTERPRISE}{}", attribute.name)))
        }
        _ => {
            let attribute = kind.find(&path.attribute)?;
            Some((attribute, attribute.name.to_owned()))
        }
    }
}

/// A part of a complex value, or that part of each of several.
fn part_of(value: Option<Value>, name: &str) -> Option<Value> {
    match value? {
        Value::Array(entries) => {
            Some(entries.iter().filter_map(|entry| entry.get(name).cloned()).collect())
        }
        one => one.get(name).cloned(),
    }
}

fn holds(filter: &Filter, scope: &Scope<'_>) -> Truth {
    match filter {
        Filter::And(parts) => Truth::all(parts.iter().map(|part| holds(part, scope))),
        Filter::Or(parts) => Truth::any(parts.iter().map(|part| holds(part, scope))),
        Filter::Not(part) => holds(part, scope).not(),
        Filter::Present(path) => match scope.find(path) {
            None => Truth::Open,
            Some(held) => Truth::of(held.value.is_some_and(|it| it != Value::Array(Vec::new()))),
        },
        Filter::Compare { path, operator, value } => match scope.find(path) {
            None => Truth::Open,
            Some(held) => compare_held(&held, *operator, value),
        },
        Filter::ValuePath { path, filter, tail } => {
            let Some(held) = scope.find(path) else { return Truth::Open };
            let Some(Value::Array(entries)) = &held.value else {
                return Truth::of(false);
            };
            Truth::any(entries.iter().map(|entry| {
                let inside = Scope::Entry { attribute: held.attribute, entry };
                let selected = holds(filter, &inside);
                let compared = tail.as_ref().map_or(Truth::Holds, |(name, operator, literal)| {
                    let path = AttributePath::of(name);
                    let compare =
                        Filter::Compare { path, operator: *operator, value: literal.clone() };
                    holds(&compare, &inside)
                });
                Truth::all([selected, compared])
            }))
        }
    }
}

fn compare_held(held: &Held<'_>, operator: CompareOperator, literal: &Value) -> Truth {
    let is_open = held.attribute.kind == AttributeType::Complex // A23
        || literal.is_null() // A21
        || operator == CompareOperator::NotEqual
            && !matches!(held.value, Some(Value::String(_) | Value::Bool(_))); // A22
    match &held.value {
        _ if is_open => Truth::Open,
        // A09: what is absent may count as false.
        None if literal.is_boolean() => Truth::Open,
        None => Truth::Fails,
        Some(Value::Array(entries)) => {
            Truth::any(entries.iter().map(|it| compare(held.attribute, it, operator, literal)))
        }
        Some(value) => compare(held.attribute, value, operator, literal),
    }
}

fn compare(
    attribute: &Attribute,
    held: &Value,
    operator: CompareOperator,
    literal: &Value,
) -> Truth {
    match (held, literal) {
        (Value::Bool(held), Value::Bool(literal)) => match operator {
            CompareOperator::Equal => Truth::of(held == literal),
            CompareOperator::NotEqual => Truth::of(held != literal),
            _ => Truth::Open,
        },
        (Value::String(held), Value::String(literal)) => {
            compare_text(held, operator, literal, attribute.case_exact)
        }
        _ => Truth::Open,
    }
}

fn compare_text(held: &str, operator: CompareOperator, literal: &str, exact: bool) -> Truth {
    let test = |held: &str, literal: &str| match operator {
        CompareOperator::Equal => held == literal,
        CompareOperator::NotEqual => held != literal,
        CompareOperator::Contains => held.contains(literal),
        CompareOperator::StartsWith => held.starts_with(literal),
        CompareOperator::EndsWith => held.ends_with(literal),
        CompareOperator::Greater => held.cmp(literal) == Ordering::Greater,
        CompareOperator::GreaterOrEqual => held.cmp(literal) != Ordering::Less,
        CompareOperator::Less => held.cmp(literal) == Ordering::Less,
        CompareOperator::LessOrEqual => held.cmp(literal) != Ordering::Greater,
    };
    let is_order = matches!(
        operator,
        CompareOperator::Greater
            | CompareOperator::GreaterOrEqual
            | CompareOperator::Less
            | CompareOperator::LessOrEqual
    );
    let plain = |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric());
    if is_order && !(plain(held) && plain(literal)) {
        return Truth::Open;
    }
    let as_written = test(held, literal);
    if exact {
        return Truth::of(as_written);
    }
    let folded = test(&held.to_lowercase(), &literal.to_lowercase());
    // How letters beyond ASCII are folded is nobody's promise.
    if as_written != folded && !(held.is_ascii() && literal.is_ascii()) {
        return Truth::Open;
    }
    Truth::of(folded)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::norm::state_of;
    use super::*;
    use crate::scim;

    fn judged(filter: &str) -> Truth {
        let state = state_of(
            Kind::User,
            &json!({
                "userName": "Bob@example.com", "externalId": "Ext", "title": "Über Lead",
                "active": false, "name": {"familyName": "Smith"},
                "emails": [{"type": "work", "value": "a@example.com", "primary": true},
                           {"type": "home", "value": "b@example.com"}],
                scim::ENTERPRISE_USER: {"department": "Sales"},
            }),
        );
        meets(&Filter::parse(filter).unwrap(), Kind::User, "id-1", &state)
    }

    #[test]
    fn what_the_rfc_settles_is_settled() {
        for filter in [
            r#"userName eq "bob@EXAMPLE.com""#,
            r#"externalId eq "Ext" and not (externalId eq "ext")"#,
            r#"name.familyName sw "sm""#,
            r#"emails[type eq "WORK" and value co "a@"]"#,
            r#"emails.value ew "b@example.com""#,
            r#"emails[type eq "work"].value eq "a@example.com""#,
            "active eq false and not (title eq \"x\") and title pr",
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "sales""#,
            r#"title co "Über" and name.familyName gt "Smi""#,
            r#"id eq "id-1" and not (nickName pr)"#,
        ] {
            assert_eq!(judged(filter), Truth::Holds, "{filter}");
            assert_eq!(judged(&format!("not ({filter})")), Truth::Fails, "{filter}");
        }
        for filter in [
            r#"emails[type eq "work" and value co "b@"]"#,
            r#"nickName eq "x""#,
            r#"emails[type eq "fax"]"#,
        ] {
            assert_eq!(judged(filter), Truth::Fails, "{filter}");
        }
    }

    #[test]
    fn what_the_rfc_leaves_open_is_open() {
        for filter in [
            r#"nickName ne "x""#,
            "nickName eq null",
            r#"emails ne "x""#,
            r#"emails co "example""#,
            r#"title eq "über lead""#,
            r#"userName gt "a""#,
            "nope pr",
            r#"meta.created gt "2020-01-01T00:00:00Z""#,
            "emails[primary eq false]",
        ] {
            assert_eq!(judged(filter), Truth::Open, "{filter}");
        }
        assert_eq!(judged("nope pr or active eq false"), Truth::Holds);
        assert_eq!(judged("nope pr and active eq true"), Truth::Fails);
    }
}
