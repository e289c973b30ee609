//! The defects of entity tags and of the headers that ask for one.

use http::{HeaderMap, header};

use super::{Defect, Defects};
use crate::tenant::embedded::precondition::{self, Precondition, entity_tag};
use crate::tenant::embedded::store::Stored;

/// What a write is to depend on, as a faulty server reads `If-Match`.
pub(in crate::tenant::embedded) fn precondition(
    defects: &Defects,
    headers: &HeaderMap,
    is_delete: bool,
) -> Precondition {
    let asked = headers.get(header::IF_MATCH).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let misread = defects.has(Defect::WEAK_TAG_UNKNOWN) && asked.starts_with("W/")
        || defects.has(Defect::STAR_TAG_UNKNOWN) && asked == "*";
    if defects.has(Defect::IF_MATCH_IGNORED)
        || defects.has(Defect::DELETE_IGNORES_IF_MATCH) && is_delete
    {
        Precondition::Nothing
    } else if misread {
        Precondition::Tags(Vec::new())
    } else {
        Precondition::of(headers)
    }
}

/// Whether a reader is thought to know this version already.
pub(in crate::tenant::embedded) fn is_known(
    defects: &Defects,
    headers: &HeaderMap,
    version: u32,
) -> bool {
    let asks = headers.contains_key(header::IF_NONE_MATCH);
    match () {
        () if defects.has(Defect::IF_NONE_MATCH_IGNORED) => false,
        () if defects.has(Defect::CHANGED_TAKEN_FOR_KNOWN) => asks,
        () => precondition::is_known(headers, version),
    }
}

/// The `ETag` of the answer to a read.
pub(in crate::tenant::embedded) fn tag(defects: &Defects, stored: &Stored) -> Option<String> {
    if defects.has(Defect::READ_WITHOUT_TAG) {
        return None;
    }
    let tag = entity_tag(stored.version);
    let other = defects.has(Defect::TAG_UNLIKE_VERSION);
    Some(if other { tag.replace("W/", "") } else { tag })
}
