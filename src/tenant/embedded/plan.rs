//! How a query finds its resources: by an index where the filter allows it, else by a walk over
//! all, which passes by whoever bears another name than the filter asks for.
//!
//! An index and a walk may name a resource too many, so the filter is always applied to what was
//! found.

use serde_json::Value;

use super::kind::ResourceKind;
use super::store::{Beginning, Indexed, Key, Store};
use crate::scim::filter::{CompareOperator, Filter};
use crate::scim::path::AttributePath;

/// The resources that may meet the filter, in creation order; none when only a walk can tell.
pub(super) fn candidates(
    store: &Store,
    filter: &Filter,
    kind: Option<ResourceKind>,
) -> Option<Vec<Key>> {
    match filter {
        Filter::Compare { path, operator: CompareOperator::Equal, value: Value::String(text) } => {
            // An empty text may mean "no value", which no index knows.
            (!text.is_empty()).then_some(())?;
            Some(store.candidates(indexed(path, kind)?, text))
        }
        Filter::And(parts) => parts.iter().find_map(|part| candidates(store, part, kind)),
        Filter::Or(parts) => {
            let found: Option<Vec<_>> =
                parts.iter().map(|part| candidates(store, part, kind)).collect();
            let mut keys = found?.concat();
            keys.sort_unstable();
            keys.dedup();
            Some(keys)
        }
        Filter::ValuePath { path, filter, tail } => {
            let attribute = indexed(path, kind)?;
            let text = match tail {
                Some((name, CompareOperator::Equal, Value::String(text))) if is_value(name) => text,
                _ => equal_value(filter)?,
            };
            Some(store.candidates(attribute, text))
        }
        _ => None,
    }
}

/// What the names begin with of all that meet the filter, where it says so.
pub(super) fn beginning(filter: &Filter, kind: Option<ResourceKind>) -> Option<Beginning<'_>> {
    match filter {
        Filter::Compare {
            path,
            operator: CompareOperator::StartsWith,
            value: Value::String(text),
        } => match indexed(path, kind)? {
            Indexed::Name(kind) => Beginning::new(kind, text),
            _ => None,
        },
        Filter::And(parts) => parts.iter().find_map(|part| beginning(part, kind)),
        _ => None,
    }
}

/// Every attribute a filter names.
pub(super) fn paths(filter: &Filter) -> Vec<&AttributePath> {
    match filter {
        Filter::Or(parts) | Filter::And(parts) => parts.iter().flat_map(paths).collect(),
        Filter::Not(part) => paths(part),
        Filter::Present(path) | Filter::Compare { path, .. } | Filter::ValuePath { path, .. } => {
            vec![path]
        }
    }
}

/// The index of an attribute, where it has one.
fn indexed(path: &AttributePath, kind: Option<ResourceKind>) -> Option<Indexed> {
    if let Some(urn) = &path.schema
        && !kind.is_some_and(|kind| urn.eq_ignore_ascii_case(kind.schema().id))
    {
        return None;
    }
    let value = path.sub_attribute.as_deref().is_none_or(is_value);
    let name = path.attribute.to_ascii_lowercase();
    match (name.as_str(), kind) {
        ("id", _) => Some(Indexed::Id),
        ("externalid", _) => Some(Indexed::ExternalId),
        ("username", Some(kind @ ResourceKind::User))
        | ("displayname", Some(kind @ ResourceKind::Group)) => Some(Indexed::Name(kind)),
        ("emails", Some(ResourceKind::User)) if value => Some(Indexed::Email),
        ("groups", Some(ResourceKind::User)) if value => Some(Indexed::Group),
        ("members", Some(ResourceKind::Group)) if value => Some(Indexed::Member),
        _ => None,
    }
}

/// The text that `value` must equal for a value's filter to hold.
fn equal_value(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Compare { path, operator: CompareOperator::Equal, value: Value::String(text) } => {
            is_value(&path.attribute).then_some(text)
        }
        Filter::And(parts) => parts.iter().find_map(equal_value),
        _ => None,
    }
}

fn is_value(name: &str) -> bool {
    name.eq_ignore_ascii_case("value")
}
