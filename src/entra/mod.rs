//! What Microsoft Entra does with a directory: scope, mapping, cycles, requests, log.

pub mod connection;
pub mod connector;
pub mod cycle;
pub mod expression;
pub mod failure;
mod forms;
pub mod job;
pub mod log;
pub mod mapping;
pub mod pace;
pub mod projection;
pub mod scope;
pub mod source;
pub mod state;
pub mod target;
pub mod wire;

use crate::directory::mix_both;

/// A GUID that follows from seed and number, in the form Entra writes them.
pub fn guid(seed: u64, number: u64) -> String {
    let (high, low) = (mix_both(seed, number), mix_both(number, !seed));
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}
