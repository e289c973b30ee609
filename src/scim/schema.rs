//! Attribute tables (RFC 7643 §8.7).
