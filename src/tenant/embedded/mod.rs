//! The tenant we bring.

pub mod evaluate;
pub mod kind;
pub mod problem;
