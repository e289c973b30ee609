//! Sorting (RFC 7644 §3.4.2.3): what of a resource is compared, and where one without it goes.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::kind::ResourceKind;
use super::store::fold;
use crate::scim::path::AttributePath;

/// What one resource is sorted by; none for a resource without a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey {
    /// False before true.
    Flag(bool),
    /// By code points, folded where the attribute ignores case. Our times sort as texts.
    Text(String),
}

impl SortKey {
    /// The value of the attribute; of a multi-valued one the primary value, or else the first.
    pub(super) fn of(
        kind: ResourceKind,
        resource: &Map<String, Value>,
        path: &AttributePath,
    ) -> Option<Self> {
        let named = kind.resolve(path, true)?;
        let attribute = named.attribute?;
        let container = match named.extension {
            Some(extension) => resource.get(extension.id)?.as_object()?,
            None => resource,
        };
        let mut value = container.get(attribute.name)?;
        if let Value::Array(values) = value {
            let primary = values.iter().find(|it| it.get("primary") == Some(&Value::Bool(true)));
            value = primary.or_else(|| values.first())?;
        }
        let mut compared = attribute;
        if let Value::Object(parts) = value {
            compared = named.sub_attribute.or_else(|| attribute.find("value"))?;
            value = parts.get(compared.name)?;
        }
        match value {
            Value::Bool(flag) => Some(Self::Flag(*flag)),
            Value::String(text) if compared.case_exact => Some(Self::Text(text.clone())),
            Value::String(text) => Some(Self::Text(fold(text))),
            _ => None,
        }
    }

    /// Ascending puts a resource without a value last, descending first.
    pub(super) fn compare(one: Option<&Self>, other: Option<&Self>, descending: bool) -> Ordering {
        let ascending = match (one, other) {
            (Some(one), Some(other)) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        if descending { ascending.reverse() } else { ascending }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sorted(path: &str, descending: bool, resources: &[Value]) -> Vec<usize> {
        let path = AttributePath::parse(path).unwrap();
        let key =
            |at: usize| SortKey::of(ResourceKind::User, resources[at].as_object().unwrap(), &path);
        let mut places: Vec<usize> = (0..resources.len()).collect();
        places.sort_by(|one, other| {
            SortKey::compare(key(*one).as_ref(), key(*other).as_ref(), descending)
        });
        places
    }

    #[test]
    fn case_counts_where_the_attribute_says_so() {
        let named = |name: &str| json!({"userName": name, "externalId": name});
        let users = [named("c"), named("B"), named("a"), json!({})];
        assert_eq!(sorted("userName", false, &users), [2, 1, 0, 3]);
        assert_eq!(sorted("userName", true, &users), [3, 0, 1, 2]);
        assert_eq!(sorted("externalId", false, &users), [1, 2, 0, 3]);
    }

    #[test]
    fn the_primary_value_decides_or_else_the_first() {
        let users = [
            json!({"emails": [{"value": "a"}, {"value": "z", "primary": true}]}),
            json!({"emails": [{"value": "m"}, {"value": "b"}]}),
        ];
        assert_eq!(sorted("emails.value", false, &users), [1, 0]);
        assert_eq!(sorted("emails", false, &users), [1, 0]);
        assert_eq!(sorted("name", false, &users), [0, 1], "nothing to compare keeps the order");
    }
}
