//! What a tenant can do, so that a check that would mean nothing is skipped and says why.
//!
//! A capability counts when it is advertised or when a dry probe showed it: Entra never reads
//! discovery, so a tenant without it must still be judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something a check needs of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Users can be created.
    User,
    /// Groups can be created.
    Group,
    /// The enterprise extension survives a write.
    Enterprise,
    /// A manager survives a write.
    Manager,
    /// PATCH changes something.
    Patch,
    /// PUT is answered.
    Put,
    /// A filter is answered with a list.
    Filter,
    /// Two filters joined by `and`, one with `sw`, find the right user.
    JoinedFilters,
    /// A query at the base URL is answered with a list.
    Root,
    /// `sort.supported` is true.
    Sort,
    /// `etag.supported` is true, or an `ETag` equals `meta.version`.
    Etag,
    /// `changePassword.supported` is true.
    ChangePassword,
    /// `bulk.supported` is true, or a bulk request is answered 200.
    Bulk,
    /// `pagination.cursor` is true, or an empty cursor brings a `nextCursor`.
    Cursor,
    /// `securityEvents.asyncRequest` is `long` or `request`, or a PATCH that prefers it gets a 202.
    Async,
    /// `POST /.search` is answered.
    Search,
    /// `/ServiceProviderConfig` can be read.
    Config,
    /// `/ResourceTypes` can be read.
    ResourceTypes,
    /// `/Schemas` can be read.
    Schemas,
    /// `/Me` is answered, by itself or by a redirect.
    Me,
    /// The tenant is reached over https.
    Tls,
    /// This attribute of a user survives a write.
    Attribute(&'static str),
    /// This attribute of a group survives a write.
    GroupAttribute(&'static str),
    /// The operator would have to give something that scimrig has no option for.
    OperatorGives(&'static str),
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("users"),
            Self::Group => f.write_str("groups"),
            Self::Enterprise => f.write_str("the enterprise extension"),
            Self::Manager => f.write_str("the manager attribute"),
            Self::Patch => f.write_str("PATCH"),
            Self::Put => f.write_str("PUT"),
            Self::Filter => f.write_str("filters"),
            Self::JoinedFilters => f.write_str("filters joined by `and`"),
            Self::Root => f.write_str("queries at the base URL"),
            Self::Sort => f.write_str("sorting"),
            Self::Etag => f.write_str("ETags"),
            Self::ChangePassword => f.write_str("changing a password"),
            Self::Bulk => f.write_str("bulk requests"),
            Self::Cursor => f.write_str("paging by cursor"),
            Self::Async => f.write_str("asynchronous requests"),
            Self::Search => f.write_str("POST /.search"),
            Self::Config => f.write_str("GET /ServiceProviderConfig"),
            Self::ResourceTypes => f.write_str("GET /ResourceTypes"),
            Self::Me => f.write_str("/Me"),
            Self::Schemas => f.write_str("GET /Schemas"),
            Self::Tls => f.write_str("a Tenant URL with https"),
            Self::Attribute(name) => write!(f, "the attribute {name}"),
            Self::GroupAttribute(name) => write!(f, "the group attribute {name}"),
            Self::OperatorGives(what) => f.write_str(what),
        }
    }
}

/// How much of a user's attributes a tenant takes; fixtures are made of the first that works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserBody {
    /// Every attribute of Entra's default mapping, the enterprise extension included.
    #[default]
    Full,
    /// The core attributes only.
    Core,
    /// `userName`, `name`, `displayName`, `emails`, `active`.
    Minimal,
}

impl UserBody {
    /// From the most to the least.
    pub const ALL: [Self; 3] = [Self::Full, Self::Core, Self::Minimal];
}

/// What was found out about a tenant.
#[derive(Debug, Clone, Default)]
pub struct Capabilities {
    found: BTreeSet<Capability>,
    why_not: BTreeMap<Capability, String>,
    /// The richest user body that the tenant took.
    pub user_body: UserBody,
}

impl Capabilities {
    /// Notes that the tenant can do it.
    pub fn note(&mut self, capability: Capability) {
        self.why_not.remove(&capability);
        self.found.insert(capability);
    }

    /// Notes why the tenant seems not to; a capability found before stays found.
    pub fn note_missing(&mut self, capability: Capability, why: impl Into<String>) {
        if !self.has(capability) {
            self.why_not.insert(capability, why.into());
        }
    }

    /// Whether the tenant can do it.
    pub fn has(&self, capability: Capability) -> bool {
        self.found.contains(&capability)
    }

    /// The first need that is not met, as the reason of a skip.
    pub fn missing(&self, needs: &[Capability]) -> Option<String> {
        let lacking = needs.iter().find(|need| !self.has(**need))?;
        Some(match self.why_not.get(lacking) {
            Some(why) => format!("needs {lacking}: {why}"),
            None => format!("needs {lacking}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_capability_is_named_with_its_reason() {
        let mut capabilities = Capabilities::default();
        capabilities.note(Capability::User);
        capabilities.note_missing(Capability::Patch, "answered 501");
        capabilities.note_missing(Capability::User, "never mind");
        assert_eq!(capabilities.missing(&[Capability::User]), None);
        assert_eq!(
            capabilities.missing(&[Capability::User, Capability::Patch]).unwrap(),
            "needs PATCH: answered 501"
        );
        assert_eq!(capabilities.missing(&[Capability::Sort]).unwrap(), "needs sorting");
    }
}
