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
    json: OnceLock<Option<Box<Value>>>,
    identity: OnceLock<Option<Box<Identity>>>,
}

impl Body {
    /// A body that is about to be sent.
    pub fn written(json: &Value) -> Self {
        let bytes = serde_json::to_vec(json).expect("a value has keys of text and finite numbers");
        let identity = OnceLock::from(Identity::of(json).map(Box::new));
        Self { bytes: bytes.into(), json: OnceLock::new(), identity }
    }

    /// The bytes, shared.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The body as JSON, where it is JSON.
    pub fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| read_json(&self.bytes).ok().map(Box::new)).as_deref()
    }

    /// The same, taken out.
    pub fn into_json(self) -> Option<Value> {
        self.json();
        self.json.into_inner().flatten().map(|json| *json)
    }

    /// What of it says which resource it is; see [`Identity`].
    pub fn identity(&self) -> Option<&Identity> {
        let read = || match self.json.get() {
            Some(json) => Identity::of(json.as_deref()?),
            None => Identity::read(&self.bytes),
        };
        self.identity.get_or_init(|| read().map(Box::new)).as_deref()
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
