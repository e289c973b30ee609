//! What Microsoft Entra does with a directory: scope, mapping, cycles, requests, log.

pub mod restart;
pub mod scope;
