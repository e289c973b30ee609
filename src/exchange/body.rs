//! The body of an answer: its bytes, and what they say.

use std::ops::Deref;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::Value;

use crate::scim::message::{identity_of, read_identity, read_json};

/// The bytes of a body. They are read as JSON when somebody first asks, and never again.
#[derive(Debug, Clone, Default)]
pub struct Body {
    bytes: Bytes,
    json: OnceLock<Option<Value>>,
}

impl Body {
    /// The body as JSON, where it is JSON.
    pub fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| read_json(&self.bytes).ok()).as_ref()
    }

    /// What of it says which resource it is; see [`read_identity`].
    pub fn identity(&self) -> Option<Value> {
        match self.json.get() {
            Some(json) => identity_of(json.as_ref()?),
            None => read_identity(&self.bytes),
        }
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Deref for Body {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

impl<Of: Into<Bytes>> From<Of> for Body {
    fn from(bytes: Of) -> Self {
        Self { bytes: bytes.into(), json: OnceLock::new() }
    }
}
