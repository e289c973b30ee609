//! The one place where the stages meet.

mod result;

pub use result::*;
