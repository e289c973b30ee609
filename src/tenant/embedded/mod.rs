//! The tenant we bring.

pub mod apply;
pub mod evaluate;
pub mod kind;
pub mod problem;
