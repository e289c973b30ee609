//! A body: its bytes, and what they say.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;

use crate::scim::message::{Identity, read_json};

/// The bytes of a body. What they say is read when somebody first asks, and never again: clones
/// share it.
#[derive(Debug, Clone, Default)]
pub struct Body(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    bytes: Bytes,
    json: OnceLock<Option<Value>>,
    identity: OnceLock<Option<Identity>>,
}

impl Body {
    /// A body that is about to be sent.
    pub fn written(json: &Value) -> Self {
        let bytes = serde_json::to_vec(json).expect("a value has keys of text and finite numbers");
        Self::of_identity(bytes, Identity::of(json))
    }

    /// A body that is about to be sent, of which is known which resource it is.
    pub fn of_identity(bytes: impl Into<Bytes>, identity: Option<Identity>) -> Self {
        let identity = OnceLock::from(identity);
        Self(Arc::new(Shared { bytes: bytes.into(), identity, ..Shared::default() }))
    }

    /// The bytes, shared.
    pub fn bytes(&self) -> Bytes {
        self.0.bytes.clone()
    }

    /// The body as JSON, where it is JSON.
    pub fn json(&self) -> Option<&Value> {
        self.0.json.get_or_init(|| read_json(&self.0.bytes).ok()).as_ref()
    }

    /// The same, taken out; a copy where clones share it.
    pub fn into_json(self) -> Option<Value> {
        self.json()?;
        match Arc::try_unwrap(self.0) {
            Ok(alone) => alone.json.into_inner().flatten(),
            Err(shared) => shared.json.get().cloned().flatten(),
        }
    }

    /// What of it says which resource it is; see [`Identity`].
    pub fn identity(&self) -> Option<&Identity> {
        let read = || match self.0.json.get() {
            Some(json) => Identity::of(json.as_ref()?),
            None => Identity::read(&self.0.bytes),
        };
        self.0.identity.get_or_init(read).as_ref()
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.bytes == other.0.bytes
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl<Of: Into<Bytes>> From<Of> for Body {
    fn from(bytes: Of) -> Self {
        Self(Arc::new(Shared { bytes: bytes.into(), ..Shared::default() }))
    }
}
