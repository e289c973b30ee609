//! A body: its bytes, and what they say.

use std::ops::Deref;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::Value;

use crate::scim::message::{Identity, read_json};

/// The bytes of a body. What they say is read when somebody first asks, and never again.
#[derive(Debug, Clone, Default)]
pub struct Body {
    bytes: Bytes,
    json: OnceLock<Option<Value>>,
    identity: OnceLock<Option<Identity>>,
}

impl Body {
    /// The bytes, shared.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The body as JSON, where it is JSON.
    pub fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| read_json(&self.bytes).ok()).as_ref()
    }

    /// What of it says which resource it is; see [`Identity`].
    pub fn identity(&self) -> Option<&Identity> {
        let read = || match self.json.get() {
            Some(json) => Identity::of(json.as_ref()?),
            None => Identity::read(&self.bytes),
        };
        self.identity.get_or_init(read).as_ref()
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<Of: Into<Bytes>> From<Of> for Body {
    fn from(bytes: Of) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }
}
