//! The two kinds of resource that the embedded tenant keeps, and what a path means in each.

use crate::scim::path::AttributePath;
use crate::scim::schema::{self, Attribute, Schema};

/// A resource type (RFC 7643 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// A user with the enterprise extension.
    User,
    /// A group.
    Group,
}

/// What a path names.
#[derive(Debug, Clone, Copy)]
pub struct Resolved {
    /// The extension whose container holds the attribute; none for core and common attributes.
    pub extension: Option<&'static Schema>,
    /// The attribute; none when the path is the extension's bare URN.
    pub attribute: Option<&'static Attribute>,
    /// The sub-attribute, if the path has one.
    pub sub_attribute: Option<&'static Attribute>,
}

impl ResourceKind {
    /// The resource type's name, as `meta.resourceType` shows it.
    pub fn name(self) -> &'static str {
        self.schema().name
    }

    /// The endpoint, relative to the base URL.
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// The attribute by which people call one: no two share its value.
    pub fn name_attribute(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }

    /// The base schema.
    pub fn schema(self) -> &'static Schema {
        match self {
            Self::User => schema::user(),
            Self::Group => schema::group(),
        }
    }

    /// The extension that resources of this kind may carry.
    pub fn extension(self) -> Option<&'static Schema> {
        match self {
            Self::User => Some(schema::enterprise_user()),
            Self::Group => None,
        }
    }

    /// The extension of this URN, compared without case.
    pub fn find_extension(self, urn: &str) -> Option<&'static Schema> {
        self.extension().filter(|extension| extension.id.eq_ignore_ascii_case(urn))
    }

    /// The core or common attribute of this name.
    pub fn find(self, name: &str) -> Option<&'static Attribute> {
        self.schema().find(name).or_else(|| schema::find(schema::common(), name))
    }

    /// What the path names here, or nothing.
    ///
    /// `unqualified_extension` lets a name without URN mean an extension's attribute, as
    /// `manager` does in Entra's documentation.
    pub fn resolve(self, path: &AttributePath, unqualified_extension: bool) -> Option<Resolved> {
        let (extension, attribute) = match path.schema.as_deref() {
            Some(urn) if urn.eq_ignore_ascii_case(self.schema().id) => {
                (None, Some(self.find(&path.attribute)?))
            }
            Some(urn) => {
                let extension = self.find_extension(urn)?;
                if path.is_container() {
                    (Some(extension), None)
                } else {
                    (Some(extension), Some(extension.find(&path.attribute)?))
                }
            }
            None => match self.find(&path.attribute) {
                Some(attribute) => (None, Some(attribute)),
                None if unqualified_extension => {
                    let extension = self.extension()?;
                    (Some(extension), Some(extension.find(&path.attribute)?))
                }
                None => return None,
            },
        };
        let sub_attribute = match (&path.sub_attribute, attribute) {
            (None, _) => None,
            (Some(name), Some(attribute)) => Some(attribute.find(name)?),
            (Some(_), None) => return None,
        };
        Some(Resolved { extension, attribute, sub_attribute })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str, unqualified: bool) -> Option<(bool, &'static str, Option<&'static str>)> {
        let path = AttributePath::parse(path).unwrap();
        let it = ResourceKind::User.resolve(&path, unqualified)?;
        let attribute = it.attribute.map_or("", |attribute| attribute.name);
        Some((it.extension.is_some(), attribute, it.sub_attribute.map(|sub| sub.name)))
    }

    #[test]
    fn paths_resolve_without_case_and_with_any_of_their_urns() {
        assert_eq!(named("USERNAME", false), Some((false, "userName", None)));
        assert_eq!(named("Name.FAMILYNAME", false), Some((false, "name", Some("familyName"))));
        assert_eq!(named("meta.created", false), Some((false, "meta", Some("created"))));
        let core = crate::scim::USER.to_uppercase();
        assert_eq!(
            named(&format!("{core}:emails.value"), false),
            Some((false, "emails", Some("value")))
        );
        let extension = crate::scim::ENTERPRISE_USER.to_lowercase();
        assert_eq!(
            named(&format!("{extension}:Department"), false),
            Some((true, "department", None))
        );
        assert_eq!(named(&extension, false), Some((true, "", None)));
    }

    #[test]
    fn what_no_schema_defines_resolves_to_nothing() {
        for path in
            ["nope", "name.nope", "userName.value", "urn:x:y:department", crate::scim::GROUP]
        {
            assert_eq!(named(path, true), None, "{path}");
        }
        assert_eq!(named("manager", false), None);
        assert_eq!(named("manager", true), Some((true, "manager", None)));
        let path = AttributePath::of("department");
        assert!(ResourceKind::Group.resolve(&path, true).is_none());
    }
}
