//! The Secret Token: read from the environment or a file, shown to nobody.
//!
//! The type has no `Serialize`, and both `Debug` and `Display` print stars. Only the transport may
//! look inside, at the moment a request goes out.

use std::fmt;
use std::path::{Path, PathBuf};

/// A bearer value.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken(String);

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error(
        "read the Secret Token from {}: {source}; \
         --secret-token-file takes a file whose only line is the token",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text cannot be a bearer token.
    #[error(
        "use the Secret Token from {origin}: {why}; \
         a token is one line of visible ASCII characters without spaces"
    )]
    Malformed {
        /// The variable or the file.
        origin: String,
        /// What is wrong, without the token.
        why: &'static str,
    },
}

impl SecretToken {
    /// Takes the text of a variable or a file; blanks and a line end around it are dropped.
    pub fn parse(text: &str, origin: &str) -> Result<Self, TokenError> {
        let token = text.trim();
        let malformed = |why| TokenError::Malformed { origin: origin.to_owned(), why };
        if token.is_empty() {
            return Err(malformed("it is empty"));
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed("it holds a space, a line break or a character outside ASCII"));
        }
        Ok(Self(token.to_owned()))
    }

    /// Reads a file that holds the token alone.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TokenError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// The value itself, for the transport alone.
    pub(in crate::tenant) fn reveal(&self) -> &str {
        &self.0
    }

    /// Takes the token out of a text that a tenant or a system wrote and that will be shown.
    pub fn scrub(&self, text: &str) -> String {
        text.replace(&self.0, "***")
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(***)")
    }
}

impl fmt::Display for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_itself_to_nobody() {
        let token = SecretToken::parse(" s3cret\n", "a test").unwrap();
        assert_eq!(format!("{token} {token:?}"), "*** SecretToken(***)");
        assert_eq!(token.reveal(), "s3cret");
        assert_eq!(token.scrub("you sent s3cret"), "you sent ***");
    }

    #[test]
    fn a_token_that_no_header_can_carry_is_refused_without_being_shown() {
        for text in ["", "  ", "two words", "caf\u{e9}", "a\nb"] {
            let error = SecretToken::parse(text, "SCIM_SECRET_TOKEN").unwrap_err().to_string();
            assert!(error.contains("SCIM_SECRET_TOKEN"), "{error}");
            assert!(text.trim().is_empty() || !error.contains(text.trim()), "{error}");
        }
    }
}
