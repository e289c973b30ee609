//! What every resource has in common (RFC 7643 §3 and §3.1): schemas, ids, externalId, meta.
//!
//! One topic file for each.

pub(super) mod external_ids;
pub(super) mod ids;
pub(super) mod meta;
pub(super) mod schemas;
