//! The table of defects, one file an area, in the order of lists.

mod access;
mod answers;
mod assignments;
mod create;
mod delete;
mod discovery;
mod errors;
mod filter;
mod groups;
mod paging;
mod patch;
mod projection;
mod put;
mod sorting;

use super::{Defect, Row, defects};

/// The areas.
pub(super) const AREAS: &[&[Defect]] = &[
    patch::ALL,
    put::ALL,
    groups::ALL,
    filter::ALL,
    sorting::ALL,
    paging::ALL,
    projection::ALL,
    answers::ALL,
    create::ALL,
    delete::ALL,
    errors::ALL,
    access::ALL,
    discovery::ALL,
    assignments::ALL,
];
