//! Which attributes an answer shows: `attributes` and `excludedAttributes` (RFC 7644 §3.9).
//!
//! `id` is always shown, and so is `schemas`. Names that no schema knows choose nothing.

use serde_json::{Map, Value};

use super::kind::ResourceKind;
use super::query::Query;
use crate::scim::path::AttributePath;

/// The choice of one request.
#[derive(Debug, Clone)]
pub(super) enum Projection {
    /// Everything that is returned by default.
    Default,
    /// These, and what is always returned.
    Only(Vec<AttributePath>),
    /// All but these.
    Without(Vec<AttributePath>),
}

const ALWAYS: [&str; 2] = ["schemas", "id"];

impl Projection {
    pub(super) fn of(query: &Query) -> Self {
        let read = |names: &[String]| {
            names.iter().filter_map(|name| AttributePath::parse(name).ok()).collect::<Vec<_>>()
        };
        if !query.attributes.is_empty() {
            Self::Only(read(&query.attributes))
        } else if !query.excluded.is_empty() {
            Self::Without(read(&query.excluded))
        } else {
            Self::Default
        }
    }

    /// Whether the request chooses at all.
    pub(super) fn is_chosen(&self) -> bool {
        !matches!(self, Self::Default)
    }

    /// Whether any part of a core attribute will be shown.
    pub(super) fn shows(&self, kind: ResourceKind, name: &str) -> bool {
        match self {
            Self::Default => true,
            Self::Only(paths) => paths.iter().any(|path| names(path, None, name, kind)),
            Self::Without(paths) => !paths
                .iter()
                .any(|path| path.sub_attribute.is_none() && names(path, None, name, kind)),
        }
    }

    /// Takes out of a representation what the request does not want.
    pub(super) fn apply(&self, kind: ResourceKind, resource: &mut Map<String, Value>) {
        match self {
            Self::Default => {}
            Self::Only(paths) => prune(resource, None, kind, &|place, name, sub| {
                paths.iter().any(|path| match sub {
                    None => names(path, place, name, kind),
                    Some(sub) => {
                        names(path, place, name, kind)
                            && path
                                .sub_attribute
                                .as_ref()
                                .is_none_or(|it| it.eq_ignore_ascii_case(sub))
                    }
                })
            }),
            Self::Without(paths) => prune(resource, None, kind, &|place, name, sub| {
                !paths.iter().any(|path| {
                    let whole = path.sub_attribute.as_deref();
                    names(path, place, name, kind)
                        && match (whole, sub) {
                            (None, _) => true,
                            (Some(_), None) => false,
                            (Some(hidden), Some(sub)) => hidden.eq_ignore_ascii_case(sub),
                        }
                })
            }),
        }
    }
}

/// Says of a container (none for the core), a name and perhaps a sub-attribute whether it stays.
type Keep<'a> = &'a dyn Fn(Option<&str>, &str, Option<&str>) -> bool;

fn prune(object: &mut Map<String, Value>, place: Option<&str>, kind: ResourceKind, keep: Keep<'_>) {
    let emptied: Vec<String> = object
        .iter_mut()
        .filter_map(|(name, value)| {
            let stays = match place {
                None if ALWAYS.contains(&name.as_str()) => true,
                None if kind.find_extension(name).is_some() => match value {
                    Value::Object(container) => {
                        prune(container, Some(name.as_str()), kind, keep);
                        !container.is_empty()
                    }
                    _ => false,
                },
                _ => {
                    keep(place, name, None)
                        && prune_value(value, &|sub| keep(place, name, Some(sub)))
                }
            };
            (!stays).then(|| name.clone())
        })
        .collect();
    for name in emptied {
        object.shift_remove(&name);
    }
}

/// Prunes the sub-attributes of a value; false when nothing is left of it.
fn prune_value(value: &mut Value, keep: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| keep(name));
            !object.is_empty()
        }
        Value::Array(values) => {
            values.retain_mut(|value| prune_value(value, keep));
            !values.is_empty()
        }
        _ => true,
    }
}

/// Whether a path names an attribute in a container, or the container that holds it.
fn names(path: &AttributePath, place: Option<&str>, name: &str, kind: ResourceKind) -> bool {
    let here = match (path.schema.as_deref(), place) {
        (None, None) => true,
        (Some(urn), None) => urn.eq_ignore_ascii_case(kind.schema().id),
        (Some(urn), Some(place)) => urn.eq_ignore_ascii_case(place),
        (None, Some(_)) => false,
    };
    here && (path.is_container() || path.attribute.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::{ENTERPRISE_USER, USER};

    fn shown(attributes: &str) -> Value {
        let mut resource = json!({
            "schemas": [USER, ENTERPRISE_USER], "id": "1", "userName": "a",
            "name": {"givenName": "g", "familyName": "f"},
            "emails": [{"type": "work", "value": "w"}, {"type": "home", "value": "h"}],
            ENTERPRISE_USER: {"department": "d", "manager": {"value": "m"}},
            "meta": {"version": "1"},
        });
        let projection = Projection::of(&Query::of_url(Some(attributes)).unwrap());
        projection.apply(ResourceKind::User, resource.as_object_mut().unwrap());
        resource.as_object_mut().unwrap().shift_remove("schemas").expect("schemas stay");
        resource
    }

    #[test]
    fn only_what_is_named_and_what_is_always_returned_is_shown() {
        assert_eq!(shown("attributes=USERNAME"), json!({"id": "1", "userName": "a"}));
        assert_eq!(shown("attributes=nope"), json!({"id": "1"}));
        assert_eq!(
            shown("attributes=name.givenName,emails.value"),
            json!({
                "id": "1",
                "name": {"givenName": "g"},
                "emails": [{"value": "w"}, {"value": "h"}],
            })
        );
        assert_eq!(
            shown(&format!("attributes={USER}:userName,{ENTERPRISE_USER}:department")),
            json!({"id": "1", "userName": "a", ENTERPRISE_USER: {"department": "d"}})
        );
        assert_eq!(
            shown(&format!("attributes={ENTERPRISE_USER}")),
            json!({"id": "1", ENTERPRISE_USER: {"department": "d", "manager": {"value": "m"}}})
        );
    }

    #[test]
    fn what_is_excluded_is_missing_and_the_id_cannot_be() {
        let mut expected = shown("");
        expected.as_object_mut().unwrap().shift_remove("emails");
        expected["name"] = json!({"givenName": "g"});
        assert_eq!(shown("excludedAttributes=EMAILS,name.familyName,id,schemas"), expected);
        let without = shown(&format!("excludedAttributes={ENTERPRISE_USER}:manager"));
        assert_eq!(without[ENTERPRISE_USER], json!({"department": "d"}));
        assert!(
            shown(&format!("excludedAttributes={ENTERPRISE_USER}")).get(ENTERPRISE_USER).is_none()
        );
    }

    #[test]
    fn members_that_nobody_will_see_need_not_be_listed() {
        let shows = |text: &str| {
            let query = Query::of_url(Some(text)).unwrap();
            Projection::of(&query).shows(ResourceKind::Group, "members")
        };
        assert!(shows("") && shows("attributes=members.value"));
        assert!(shows("excludedAttributes=members.display"));
        assert!(!shows("excludedAttributes=members") && !shows("attributes=displayName"));
    }
}
