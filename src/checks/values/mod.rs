//! Values: their types, several of them under one name, and none at all (RFC 7643 §2.3 to §2.5).
//!
//! What comes back is heard in every answer; what may be sent is probed.

pub(super) mod kinds;
pub(super) mod many;
pub(super) mod none;
