//! Versions of resources as entity tags (RFC 7644 §3.14), and the headers that ask for one.
//!
//! Tags are weak and SCIM's own samples send weak tags in `If-Match`, so comparing is weak here.

use http::{HeaderMap, header};

use super::problem::Problem;

/// The entity tag of a version, as `ETag` and `meta.version` carry it.
pub(super) fn entity_tag(version: u32) -> String {
    format!("W/\"{version}\"")
}

/// The state a resource must be in for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Precondition {
    /// Any state will do.
    Nothing,
    /// One of the tags listed, as opaque texts.
    Tags(Vec<String>),
}

impl Precondition {
    /// Reads `If-Match`.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match tags(headers, header::IF_MATCH) {
            Some(tags) if !tags.iter().any(|tag| tag == "*") => Self::Tags(tags),
            _ => Self::Nothing,
        }
    }

    /// Asks for one version.
    pub(super) fn of_version(version: u32) -> Self {
        Self::Tags(vec![opaque(entity_tag(version))])
    }

    /// Refuses a version that is not the one asked for.
    pub(super) fn check(&self, version: u32) -> Result<(), Problem> {
        match self {
            Self::Tags(tags) if !tags.contains(&opaque(entity_tag(version))) => Err(Problem::new(
                412,
                "the resource has changed since the version named in If-Match",
            )),
            _ => Ok(()),
        }
    }
}

/// Whether `If-None-Match` names this version, so that a reader needs no body.
pub(super) fn is_known(headers: &HeaderMap, version: u32) -> bool {
    let wanted = opaque(entity_tag(version));
    tags(headers, header::IF_NONE_MATCH)
        .is_some_and(|tags| tags.iter().any(|tag| *tag == wanted || tag == "*"))
}

/// The opaque parts of the tags in all headers of that name.
fn tags(headers: &HeaderMap, name: header::HeaderName) -> Option<Vec<String>> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let texts = values.filter_map(|value| value.to_str().ok());
    Some(texts.flat_map(|text| text.split(',')).map(opaque).collect())
}

/// A tag without the mark of weakness.
fn opaque(tag: impl AsRef<str>) -> String {
    let tag = tag.as_ref().trim();
    tag.strip_prefix("W/").unwrap_or(tag).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_write_passes_with_the_current_tag_a_star_or_no_header() {
        for passing in ["W/\"3\"", "\"3\"", "*", "\"1\", W/\"3\""] {
            let asked = Precondition::of(&headers(header::IF_MATCH, passing));
            assert!(asked.check(3).is_ok(), "{passing}");
        }
        assert!(Precondition::of(&HeaderMap::new()).check(3).is_ok());
        for stale in ["W/\"2\"", "3", "", "nonsense"] {
            let asked = Precondition::of(&headers(header::IF_MATCH, stale));
            assert_eq!(asked.check(3).unwrap_err().status, 412, "{stale}");
        }
    }

    #[test]
    fn a_known_version_needs_no_body() {
        assert!(is_known(&headers(header::IF_NONE_MATCH, "\"9\", W/\"4\""), 4));
        assert!(is_known(&headers(header::IF_NONE_MATCH, "*"), 4));
        assert!(!is_known(&headers(header::IF_NONE_MATCH, "W/\"5\""), 4));
        assert!(!is_known(&HeaderMap::new(), 4));
    }
}
