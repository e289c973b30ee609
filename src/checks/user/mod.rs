//! The user resource of the core schema (RFC 7643 §4.1), beside what Entra does with it.

pub(super) mod attributes;
pub(super) mod groups;
pub(super) mod names;
pub(super) mod password;
