//! The one place where the stages meet.

pub mod compare;
mod result;

pub use result::*;
