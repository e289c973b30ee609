//! The service provider under test.
pub mod embedded;
