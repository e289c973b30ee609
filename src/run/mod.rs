//! The one place where the stages meet.

mod budget;
pub mod checks;
pub mod cleanup;
pub mod compare;
mod exit;
mod found;
mod ground;
pub mod history;
mod investigate;
pub mod known_failures;
mod lag;
mod notify;
pub mod play;
mod progress;
mod readings;
mod result;
mod rounds;
#[cfg(test)]
pub(crate) mod sample;
pub mod sequence;
mod sequences;
mod shrink;
pub mod silence;
pub mod stage;

#[cfg(test)]
mod tests;

pub use budget::*;
pub use exit::*;
pub use found::*;
pub use known_failures::{KnownFailureResult, KnownFailureState, KnownFailures};
pub use progress::*;
pub use readings::*;
pub use result::*;
