//! The tenant we bring.
