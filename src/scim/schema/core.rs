//! The attribute tables of users and groups: RFC 7643 §4, §8.7.1, and the common attributes of §3.
//!
//! Worked-in errata of RFC 7643: 5368 (a group's `displayName` is required), 6004 (no uniqueness
//! on complex attributes), 8471 (`groups.$ref` refers to groups), 8472 (`manager.value` is
//! case-exact).

use super::{Attribute, Mutability, Returned, Schema, Uniqueness};
use crate::scim;

/// The core User (RFC 7643 §4.1).
pub fn user() -> &'static Schema {
    &USER
}

/// The core Group (RFC 7643 §4.2).
pub fn group() -> &'static Schema {
    &GROUP
}

/// The enterprise extension of User (RFC 7643 §4.3).
pub fn enterprise_user() -> &'static Schema {
    &ENTERPRISE_USER
}

/// The attributes that every resource has and no schema defines (RFC 7643 §3, §3.1).
pub fn common() -> &'static [Attribute] {
    COMMON
}

static USER: Schema = Schema {
    id: scim::USER,
    name: "User",
    description: "A person's account",
    attributes: &[
        Attribute {
            uniqueness: Uniqueness::Server,
            ..Attribute::text("userName", "The name the user signs in with").required()
        },
        Attribute::complex("name", NAME, "The parts of the user's real name"),
        Attribute::text("displayName", "The name shown to other people"),
        Attribute::text("nickName", "The name used in everyday talk"),
        Attribute::reference("profileUrl", &["external"], "A page about the user"),
        Attribute::text("title", "The user's title, such as Vice President"),
        Attribute::text("userType", "How the user relates to the organization"),
        Attribute::text("preferredLanguage", "The preferred language, such as en-US"),
        Attribute::text("locale", "Where dates, numbers and currency are formatted for"),
        Attribute::text("timezone", "The time zone's name, such as America/Los_Angeles"),
        Attribute::boolean("active", "Whether the account may be used"),
        Attribute {
            mutability: Mutability::WriteOnly,
            returned: Returned::Never,
            ..Attribute::text("password", "A new password in clear text")
        },
        typed("emails", EMAILS, "E-mail addresses"),
        typed("phoneNumbers", PHONE_NUMBERS, "Telephone numbers"),
        typed("ims", IMS, "Instant messaging addresses"),
        typed("photos", PHOTOS, "Where pictures of the user are"),
        typed("addresses", ADDRESSES, "Postal addresses"),
        typed("groups", GROUPS, "The groups the user belongs to").read_only(),
        typed("entitlements", ENTITLEMENTS, "What the user is entitled to"),
        typed("roles", ROLES, "The roles the user has"),
        typed("x509Certificates", CERTIFICATES, "The user's certificates"),
    ],
};

static GROUP: Schema = Schema {
    id: scim::GROUP,
    name: "Group",
    description: "A group of users or groups",
    attributes: &[
        Attribute::text("displayName", "The group's name").required(),
        typed("members", MEMBERS, "Who belongs to the group"),
    ],
};

static ENTERPRISE_USER: Schema = Schema {
    id: scim::ENTERPRISE_USER,
    name: "EnterpriseUser",
    description: "What an enterprise knows about a user",
    attributes: &[
        Attribute::text("employeeNumber", "The number or code the organization gave the user"),
        Attribute::text("costCenter", "The cost center's name"),
        Attribute::text("organization", "The organization's name"),
        Attribute::text("division", "The division's name"),
        Attribute::text("department", "The department's name"),
        Attribute::complex("manager", MANAGER, "The user's manager, another user"),
    ],
};

const COMMON: &[Attribute] = &[
    Attribute {
        returned: Returned::Always,
        ..Attribute::text("schemas", "The URNs of the schemas in use").many().required().exact()
    },
    Attribute {
        returned: Returned::Always,
        uniqueness: Uniqueness::Global,
        ..Attribute::text("id", "The provider's identifier").required().exact().read_only()
    },
    Attribute::text("externalId", "The client's identifier").exact(),
    Attribute::complex("meta", META, "What the provider notes about the resource").read_only(),
];

const META: &[Attribute] = &[
    Attribute::text("resourceType", "The resource type's name").exact().read_only(),
    Attribute::date_time("created", "When the resource came to be").read_only(),
    Attribute::date_time("lastModified", "When the resource last changed").read_only(),
    Attribute::reference("location", &["uri"], "The resource's own URI").read_only(),
    Attribute::text("version", "The resource's entity tag").exact().read_only(),
];

const NAME: &[Attribute] = &[
    Attribute::text("formatted", "The whole name, ready to be shown"),
    Attribute::text("familyName", "The family name"),
    Attribute::text("givenName", "The given name"),
    Attribute::text("middleName", "The middle names"),
    Attribute::text("honorificPrefix", "What stands before the name, such as Ms."),
    Attribute::text("honorificSuffix", "What stands after the name, such as III"),
];

const VALUE: Attribute = Attribute::text("value", "The value itself");
const DISPLAY: Attribute = Attribute::text("display", "The value as people read it");
const TYPE: Attribute = Attribute::text("type", "What the value is used for");
const PRIMARY: Attribute = Attribute::boolean("primary", "Whether this value is preferred");

const EMAILS: &[Attribute] = &[VALUE, DISPLAY, TYPE.one_of(&["work", "home", "other"]), PRIMARY];

const PHONE_NUMBERS: &[Attribute] =
    &[VALUE, DISPLAY, TYPE.one_of(&["work", "home", "mobile", "fax", "pager", "other"]), PRIMARY];

const IMS: &[Attribute] = &[
    VALUE,
    DISPLAY,
    TYPE.one_of(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
    PRIMARY,
];

const PHOTOS: &[Attribute] = &[
    Attribute::reference("value", &["external"], "The picture's URL"),
    DISPLAY,
    TYPE.one_of(&["photo", "thumbnail"]),
    PRIMARY,
];

const ADDRESSES: &[Attribute] = &[
    Attribute::text("formatted", "The whole address, as on a label"),
    Attribute::text("streetAddress", "Street, house number, post-office box"),
    Attribute::text("locality", "City or place"),
    Attribute::text("region", "State or region"),
    Attribute::text("postalCode", "Postal code"),
    Attribute::text("country", "Country, such as US"),
    TYPE.one_of(&["work", "home", "other"]),
    // Table 8.7.1 forgets it, but §2.4 gives it to every multi-valued attribute and §8.2 shows it.
    PRIMARY,
];

const GROUPS: &[Attribute] = &[
    Attribute::text("value", "The group's id").read_only(),
    Attribute::reference("$ref", &["Group"], "The group's URI").read_only(),
    Attribute::text("display", "The group's name").read_only(),
    Attribute::text("type", "How the user came into the group")
        .one_of(&["direct", "indirect"])
        .read_only(),
];

const ENTITLEMENTS: &[Attribute] = &[VALUE, DISPLAY, TYPE, PRIMARY];

const ROLES: &[Attribute] = &[VALUE, DISPLAY, TYPE, PRIMARY];

const CERTIFICATES: &[Attribute] =
    &[Attribute::binary("value", "The certificate, DER in base64"), DISPLAY, TYPE, PRIMARY];

const MEMBERS: &[Attribute] = &[
    Attribute::text("value", "The member's id").immutable(),
    Attribute::reference("$ref", &["User", "Group"], "The member's URI").immutable(),
    Attribute::text("type", "What the member is").one_of(&["User", "Group"]).immutable(),
];

const MANAGER: &[Attribute] = &[
    Attribute::text("value", "The manager's id").exact(),
    Attribute::reference("$ref", &["User"], "The manager's URI"),
    Attribute::text("displayName", "The manager's name").read_only(),
];

/// A multi-valued complex attribute.
const fn typed(
    name: &'static str,
    sub_attributes: &'static [Attribute],
    description: &'static str,
) -> Attribute {
    Attribute::complex(name, sub_attributes, description).many()
}
