//! The mappings Entra starts from: the default of a non-gallery application,
//! and the one assumed for Dialpad, whose own is published as a picture only.

use std::sync::Arc;

use super::{AttributeMapping, MappingSource, ObjectMapping};
use crate::entra::expression::Expression;
use crate::entra::target::TargetPath;
use crate::profile::{Apply, MappedObject};

/// A user without `IsSoftDeleted` stays as it is: there is no default.
const ACTIVE: (&str, &str) =
    ("active", r#"Switch([IsSoftDeleted], , "False", "True", "True", "False")"#);

// The table of Entra's page also maps `proxyAddresses` to `emails[type eq "other"].value`. The
// source holds several values with prefixes (`SMTP:alice@contoso.com`), the target takes one, and
// no capture shows what is sent; a profile may map it with an expression.
const USER: &[(&str, &str)] = &[
    ("userName", "userPrincipalName"),
    ACTIVE,
    ("displayName", "displayName"),
    ("title", "jobTitle"),
    (r#"emails[type eq "work"].value"#, "mail"),
    ("preferredLanguage", "preferredLanguage"),
    ("name.givenName", "givenName"),
    ("name.familyName", "surname"),
    ("name.formatted", r#"Join(" ", [givenName], [surname])"#),
    (r#"addresses[type eq "work"].formatted"#, "physicalDeliveryOfficeName"),
    (r#"addresses[type eq "work"].streetAddress"#, "streetAddress"),
    (r#"addresses[type eq "work"].locality"#, "city"),
    (r#"addresses[type eq "work"].region"#, "state"),
    (r#"addresses[type eq "work"].postalCode"#, "postalCode"),
    (r#"addresses[type eq "work"].country"#, "country"),
    (r#"phoneNumbers[type eq "work"].value"#, "telephoneNumber"),
    (r#"phoneNumbers[type eq "mobile"].value"#, "mobile"),
    (r#"phoneNumbers[type eq "fax"].value"#, "facsimileTelephoneNumber"),
    ("externalId", "mailNickname"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", "employeeId"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "department"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "manager"),
];

const GROUP: &[(&str, &str)] =
    &[("displayName", "displayName"), ("externalId", "objectId"), ("members", "members")];

const DIALPAD_USER: &[(&str, &str)] = &[
    ("userName", "userPrincipalName"),
    ACTIVE,
    ("displayName", "displayName"),
    ("name.givenName", "givenName"),
    ("name.familyName", "surname"),
    (r#"emails[type eq "work"].value"#, "mail"),
    ("title", "jobTitle"),
    (r#"phoneNumbers[type eq "work"].value"#, "telephoneNumber"),
    (r#"addresses[type eq "work"].formatted"#, "physicalDeliveryOfficeName"),
    (r#"addresses[type eq "work"].country"#, "country"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "department"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:licenseType", "licenseType"),
];

impl ObjectMapping {
    /// The default user mapping of a non-gallery application, with the address parts and the
    /// language that captures show beside the table.
    pub fn default_user() -> Self {
        Self::from_rows(MappedObject::User, USER)
    }

    /// The default group mapping.
    pub fn default_group() -> Self {
        Self::from_rows(MappedObject::Group, GROUP)
    }

    /// The user mapping assumed for Dialpad.
    pub fn dialpad_user() -> Self {
        Self::from_rows(MappedObject::User, DIALPAD_USER)
    }

    fn from_rows(object: MappedObject, rows: &[(&str, &str)]) -> Self {
        Self {
            object,
            attributes: rows.iter().map(|(target, source)| row(target, source)).collect(),
        }
    }
}

/// One row of a table; a source with a parenthesis is an expression.
fn row(target: &str, source: &str) -> AttributeMapping {
    let source = if source.contains('(') {
        MappingSource::Expression(
            Expression::parse(source).expect("the default expressions are tested to parse"),
        )
    } else {
        MappingSource::Direct(source.to_owned())
    };
    AttributeMapping {
        target: Arc::new(
            TargetPath::parse(target).expect("the default targets are tested to parse"),
        ),
        source,
        default_value: None,
        apply: Apply::Always,
    }
}
