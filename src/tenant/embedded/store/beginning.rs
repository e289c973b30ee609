//! What a name begins with, looked for in a body that nobody has read: a walk over a million users
//! need not read them all to find ten.

use crate::tenant::embedded::kind::ResourceKind;

/// The first letters of a name. They are ASCII, and stand in JSON as they are.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::tenant::embedded) struct Beginning<'a> {
    /// What stands before the name in a body: `"userName":"`.
    member: &'static str,
    text: &'a str,
}

impl<'a> Beginning<'a> {
    /// The beginning of the `userName` of users, or of the `displayName` of groups; none where the
    /// text may stand in JSON in another spelling.
    pub(in crate::tenant::embedded) fn new(kind: ResourceKind, text: &'a str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@+ ".contains(&byte);
        let member = match kind {
            ResourceKind::User => "\"userName\":\"",
            ResourceKind::Group => "\"displayName\":\"",
        };
        (!text.is_empty() && text.bytes().all(is_plain)).then_some(Self { member, text })
    }

    /// Whether a body may hold such a name: a body too many, never one too few. What is not ASCII
    /// may be compared as ASCII is, so nothing is said of it here.
    pub(super) fn may_be_of(&self, body: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(body) else { return true };
        text.match_indices(self.member).any(|(at, _)| {
            let name = &body[at + self.member.len()..];
            let begins = &name[..name.len().min(self.text.len())];
            !begins.is_ascii() || begins.eq_ignore_ascii_case(self.text.as_bytes())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_passed_by_only_where_it_surely_begins_otherwise() {
        let beginning = Beginning::new(ResourceKind::User, "Ann.").unwrap();
        let may_be = |body: &str| beginning.may_be_of(body.as_bytes());
        assert!(may_be(r#"{"schemas":[],"userName":"ann.lee@x"}"#));
        assert!(may_be(r#"{"x":{"userName":"bob"},"userName":"ANN."}"#));
        assert!(may_be("{\"userName\":\"an\u{ff4e}.\"}"), "a wide n is compared as n is");
        for other in [r#"{"userName":"ann"}"#, r#"{"userName":"anna."}"#, r#"{"nick":"ann."}"#] {
            assert!(!may_be(other), "{other}");
        }
        for odd in ["", "a\"b", "a\\b", "\u{e4}nn"] {
            assert_eq!(Beginning::new(ResourceKind::User, odd), None, "{odd}");
        }
    }
}
