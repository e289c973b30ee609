//! The one place where the stages meet.

pub mod cleanup;
pub mod compare;
mod exit;
mod progress;
mod result;
#[cfg(test)]
pub(crate) mod sample;

pub use exit::*;
pub use progress::*;
pub use result::*;
