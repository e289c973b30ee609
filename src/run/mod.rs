//! The one place where the stages meet.

pub mod checks;
mod result;

pub use result::*;
