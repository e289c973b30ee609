//! What a service provider owes.
pub mod check;
