//! What Microsoft Entra does with a directory: scope, mapping, cycles, requests, log.

pub mod expression;
pub mod mapping;
pub mod scope;
pub mod source;
pub mod target;
