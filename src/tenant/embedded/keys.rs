//! Who may speak to the tenant: bearer keys with a name, an optional expiry, and admin rights or
//! not.
//!
//! Like the API keys of a real provider, a key is shown once, when it is made. Nothing here prints
//! one: the types have no `Debug` that shows a secret. Comparing takes the same time wherever the
//! first difference is.

use std::fmt;
use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use jiff::Timestamp;

/// The keys a tenant accepts. A tenant without keys lets nobody in.
#[derive(Clone, Default)]
pub struct Keys {
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    name: String,
    secret: Box<[u8]>,
    expiry: Option<Timestamp>,
    admin: bool,
}

/// What a request's credential is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// A valid key of an administrator.
    Admin,
    /// A valid key without the right to provision.
    Powerless,
    /// No bearer key in the request.
    Missing,
    /// A key nobody knows.
    Unknown,
    /// A key past its expiry.
    Expired,
}

impl Keys {
    /// No keys at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts a secret from now on. An empty secret is never accepted.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        secret: &str,
        expiry: Option<Timestamp>,
        admin: bool,
    ) {
        let secret = secret.as_bytes().into();
        self.keys.push(Key { name: name.into(), secret, expiry, admin });
    }

    /// Makes a secret of 256 random bits from the operating system, accepts it, and returns it.
    pub fn generate(
        &mut self,
        name: impl Into<String>,
        expiry: Option<Timestamp>,
        admin: bool,
    ) -> String {
        let mut random = [0; 32];
        getrandom::fill(&mut random).expect("every supported system has a source of randomness");
        let secret = URL_SAFE_NO_PAD.encode(random);
        self.add(name, &secret, expiry, admin);
        secret
    }

    /// Judges the `Authorization` header of a request at a moment.
    pub(super) fn access(&self, headers: &HeaderMap, now: Timestamp) -> Access {
        let Some(secret) = bearer(headers) else { return Access::Missing };
        let found = self
            .keys
            .iter()
            .fold(None, |found, key| if same(&key.secret, secret) { Some(key) } else { found });
        match found {
            None => Access::Unknown,
            Some(key) if key.expiry.is_some_and(|expiry| expiry <= now) => Access::Expired,
            Some(key) if key.admin => Access::Admin,
            Some(_) => Access::Powerless,
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.iter().map(|key| &key.name)).finish()
    }
}

/// The token of `Authorization: Bearer <token>`; the scheme's case does not matter (RFC 9110
/// §11.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty()).then_some(token)
}

/// Whether two secrets are equal, in a time that depends on their lengths alone.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
    one.len() == other.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, authorization.parse().unwrap())])
    }

    #[test]
    fn a_key_is_judged_by_secret_expiry_and_rights() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut keys = Keys::new();
        keys.add("admin", "alpha", None, true);
        keys.add("reader", "beta", None, false);
        keys.add("old", "gamma", Some(now), true);
        let judge = |text: &str| keys.access(&with(text), now);
        assert_eq!(judge("Bearer alpha"), Access::Admin);
        assert_eq!(judge("bEARER  alpha"), Access::Admin);
        assert_eq!(judge("Bearer beta"), Access::Powerless);
        assert_eq!(judge("Bearer gamma"), Access::Expired);
        assert_eq!(judge("Bearer alph"), Access::Unknown);
        assert_eq!(judge("Bearer alphaa"), Access::Unknown);
        assert_eq!(judge("Basic alpha"), Access::Missing);
        assert_eq!(judge("Bearer "), Access::Missing);
        assert_eq!(keys.access(&HeaderMap::new(), now), Access::Missing);
    }

    #[test]
    fn a_generated_key_opens_and_is_never_printed() {
        let mut keys = Keys::new();
        let secret = keys.generate("entra", None, true);
        assert_ne!(secret, keys.generate("other", None, true));
        assert!(secret.len() >= 43);
        assert_eq!(
            keys.access(&with(&format!("Bearer {secret}")), Timestamp::now()),
            Access::Admin
        );
        let shown = format!("{keys:?}");
        assert!(shown.contains("entra") && !shown.contains(&secret), "{shown}");
    }
}
