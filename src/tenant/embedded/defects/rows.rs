//! The table of defects, one file an area, in the order of lists.

mod access;
mod answers;
mod assignments;
mod asynchronous;
mod bulk;
mod create;
mod cursor;
mod delete;
mod discovery;
mod enterprise;
mod errors;
mod filter;
mod groups;
mod me;
mod media;
mod paging;
mod patch;
mod projection;
mod put;
mod races;
mod reads;
mod schemas;
mod search;
mod sequence;
mod sorting;
mod users;
mod values;
mod versions;

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
    users::ALL,
    enterprise::ALL,
    versions::ALL,
    errors::ALL,
    access::ALL,
    discovery::ALL,
    bulk::ALL,
    schemas::ALL,
    me::ALL,
    cursor::ALL,
    asynchronous::ALL,
    sequence::ALL,
    assignments::ALL,
    races::ALL,
];

/// The defects that only a history shows.
pub(super) const SEQUENCE: &[Defect] = sequence::ALL;

/// What was met in the wild and is no defect here, and why.
pub(super) const LEFT_OUT: &[(&str, &str)] = &[
    ("W-08", "legal: a member that nobody is may be refused with all that came beside it"),
    ("W-09", "legal: a PATCH may answer with the whole group; what it costs a load shows"),
    ("W-28", "the tenant issues no tokens: a server for them is another one"),
    ("W-46", "the fault is a client's: a `returned: never` attribute is rightly not returned"),
];
