//! Creating a resource (RFC 7644 §3.3): the answer, what is kept, and bodies that are wrong.

pub(super) mod answers;
pub(super) mod bodies;
