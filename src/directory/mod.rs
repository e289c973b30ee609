//! The source system: users, groups, memberships, assignments.

mod object;

pub use object::*;
