//! What a path of the tenant means. The base is `/scim`; doubled and trailing slashes do not
//! matter.

use percent_encoding::percent_decode_str;

use super::kind::ResourceKind;

/// The path below which the tenant answers.
pub(super) const BASE: &str = "/scim";

/// One endpoint, with the id where it names a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// The base: a query over all types.
    Root,
    /// `/Users` or `/Groups`.
    Collection(ResourceKind),
    /// `/Users/{id}` or `/Groups/{id}`.
    Resource(ResourceKind, String),
    /// `/.search`, or `/{type}/.search`.
    Search(Option<ResourceKind>),
    /// `/ServiceProviderConfig`.
    ServiceProviderConfig,
    /// `/ResourceTypes`, or one of them.
    ResourceTypes(Option<String>),
    /// `/Schemas`, or one of them.
    Schemas(Option<String>),
    /// `/Me` and what is below it: not supported.
    Me,
    /// `/Bulk`: many operations in one request.
    Bulk,
    /// Nothing of ours.
    Unknown,
}

impl Route {
    /// Reads the path of a request, as it came over the wire.
    pub(super) fn of(path: &str) -> Self {
        let segments: Vec<String> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let Some((&base, rest)) = segments.split_first() else { return Self::Unknown };
        if base != &BASE[1..] {
            return Self::Unknown;
        }
        match rest {
            [] => Self::Root,
            [".search"] => Self::Search(None),
            ["Me", ..] => Self::Me,
            ["Bulk"] => Self::Bulk,
            ["ServiceProviderConfig"] => Self::ServiceProviderConfig,
            ["ResourceTypes"] => Self::ResourceTypes(None),
            ["ResourceTypes", name] => Self::ResourceTypes(Some((*name).to_owned())),
            ["Schemas"] => Self::Schemas(None),
            ["Schemas", urn] => Self::Schemas(Some((*urn).to_owned())),
            [plural, below @ ..] => Self::below(plural, below),
        }
    }

    fn below(plural: &str, below: &[&str]) -> Self {
        let kind = match plural {
            "Users" => ResourceKind::User,
            "Groups" => ResourceKind::Group,
            _ => return Self::Unknown,
        };
        match below {
            [] => Self::Collection(kind),
            [".search"] => Self::Search(Some(kind)),
            [id] => Self::Resource(kind, (*id).to_owned()),
            _ => Self::Unknown,
        }
    }

    /// The methods that have a meaning here, as `Allow` lists them.
    pub(super) fn methods(&self) -> &'static str {
        match self {
            Self::Collection(_) => "GET, HEAD, POST",
            Self::Resource(..) => "GET, HEAD, PUT, PATCH, DELETE",
            Self::Search(_) | Self::Bulk => "POST",
            _ => "GET, HEAD",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_and_encoding_do_not_hide_an_endpoint() {
        let users = Route::Collection(ResourceKind::User);
        for path in ["/scim/Users", "/scim//Users", "//scim/Users/", "/scim/%55sers"] {
            assert_eq!(Route::of(path), users, "{path}");
        }
        let urn = "/scim/Schemas/urn%3Aietf:x";
        assert_eq!(Route::of(urn), Route::Schemas(Some("urn:ietf:x".to_owned())));
        assert_eq!(Route::of("/scim/"), Route::Root);
        assert_eq!(Route::of("/scim/Users/.search"), Route::Search(Some(ResourceKind::User)));
    }

    #[test]
    fn an_id_is_one_segment_and_cannot_climb() {
        let id = "../Groups".to_owned();
        assert_eq!(Route::of("/scim/Users/..%2fGroups"), Route::Resource(ResourceKind::User, id));
        for path in
            ["/", "/Users", "/scim/users", "/scim/Nope", "/scim/Users/a/b", "/scim/v9/Users"]
        {
            assert_eq!(Route::of(path), Route::Unknown, "{path}");
        }
    }
}
