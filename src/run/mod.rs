//! The one place where the stages meet.

pub mod checks;
pub mod compare;
mod exit;
mod notify;
mod progress;
mod result;
pub mod sequence;
pub mod stage;
#[cfg(test)]
pub(crate) mod sample;

pub use exit::*;
pub use progress::*;
pub use result::*;
