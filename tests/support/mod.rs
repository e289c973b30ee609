//! What the tests of the binary share: running it, its reports, and tenants to point it at.
//!
//! Each test crate takes in the whole folder and uses its part of it.

#![allow(dead_code, reason = "what one test crate leaves unused, another needs")]

pub(crate) mod binary;
pub(crate) mod census;
pub(crate) mod hostile;
pub(crate) mod proxy;
pub(crate) mod tenant;
