//! The table of defects, one file an area, in the order of lists.

mod access;
mod answers;
mod asynchronous;
mod bulk;
mod create;
mod cursor;
mod delete;
mod discovery;
mod errors;
mod filter;
mod groups;
mod me;
mod media;
mod paging;
mod patch;
mod projection;
mod put;
mod reads;
mod schemas;
mod search;
mod sorting;
mod values;

use super::{Defect, Row, defects};

/// The areas.
pub(super) const AREAS: &[&[Defect]] = &[
    patch::ALL,
    put::ALL,
    groups::ALL,
    reads::ALL,
    filter::ALL,
    sorting::ALL,
    paging::ALL,
    projection::ALL,
    search::ALL,
    media::ALL,
    answers::ALL,
    values::ALL,
    create::ALL,
    delete::ALL,
    errors::ALL,
    access::ALL,
    discovery::ALL,
    bulk::ALL,
    schemas::ALL,
    me::ALL,
    cursor::ALL,
    asynchronous::ALL,
];
