//! Attribute paths (RFC 7644 §3.10, §3.5.2).
