//! The defects of paging by cursor: where a page begins, what a cursor is taken for, and when
//! there is another one.
//!
//! A clean tenant passes through here without a change: each function first asks for its switch.

use std::ops::Range;

use super::{Defect, Defects};
use crate::tenant::embedded::cursor::Place;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::query::{PAGE_DEFAULT, Query};
use crate::tenant::embedded::store::Key;

/// What an empty cursor stands for.
pub(in crate::tenant::embedded) fn first(
    defects: &Defects,
    first: Place,
) -> Result<Place, Problem> {
    if defects.has(Defect::EMPTY_CURSOR_REFUSED) {
        return Err(Problem::bad_request("invalidCursor", "the cursor is empty"));
    }
    Ok(first)
}

/// What a cursor stands for, once it was looked at.
pub(in crate::tenant::embedded) fn opened(
    defects: &Defects,
    opened: Result<Place, Problem>,
    first: Place,
) -> Result<Place, Problem> {
    match opened {
        Ok(place)
            if defects.has(Defect::CURSOR_ENDS_EARLY) && place.passed >= 2 * place.count.max(1) =>
        {
            Err(Problem::bad_request("expiredCursor", "the cursor has expired"))
        }
        Err(_) if defects.has(Defect::UNKNOWN_CURSOR_STARTS_OVER) => Ok(first),
        Err(problem) if defects.has(Defect::CURSOR_REFUSED_WITHOUT_TYPE) => {
            Err(Problem { scim_type: None, ..problem })
        }
        opened => opened,
    }
}

/// What a cursor is bound to.
pub(in crate::tenant::embedded) fn binding(defects: &Defects, query: String) -> String {
    if defects.has(Defect::CURSOR_OF_ANOTHER_QUERY) { String::new() } else { query }
}

/// Whether the cursor was made for another query and is honoured as it was there.
pub(in crate::tenant::embedded) fn is_of_another_query(
    defects: &Defects,
    place: &Place,
    found: &[Key],
) -> bool {
    defects.has(Defect::CURSOR_OF_ANOTHER_QUERY) && place.passed > 0 && !found.contains(&place.last)
}

/// The size of a page, where it is not the one agreed upon.
pub(in crate::tenant::embedded) fn count(
    defects: &Defects,
    place: &Place,
    query: &Query,
) -> Option<usize> {
    if defects.has(Defect::CURSOR_FORGETS_COUNT) && place.passed > 0 {
        return Some(PAGE_DEFAULT);
    }
    defects.has(Defect::CURSOR_COUNTS_PAGES).then(|| query.take())
}

/// Where the page begins among `length` resources.
pub(in crate::tenant::embedded) fn begin(
    defects: &Defects,
    place: &Place,
    count: usize,
    begin: usize,
    length: usize,
) -> usize {
    if begin == 0 {
        return 0;
    }
    let begin = match () {
        () if defects.has(Defect::CURSOR_REPEATS_BORDER) => begin - 1,
        () if defects.has(Defect::CURSOR_SKIPS_ONE) => begin + 1,
        // Its place is one among all as they were made, not among all as they are sorted.
        () if defects.has(Defect::CURSOR_SORTS_EACH_PAGE) => place.passed,
        () if defects.has(Defect::CURSOR_COUNTS_PAGES) => {
            (place.passed / place.count.max(1)).saturating_mul(count)
        }
        () => begin,
    };
    begin.min(length)
}

/// The page itself; each sorted for itself where the list as a whole is not.
pub(in crate::tenant::embedded) fn order(
    defects: &Defects,
    query: &Query,
    found: &mut [Key],
    page: Range<usize>,
) -> Vec<Key> {
    if query.sort_by.is_none() || !defects.has(Defect::CURSOR_SORTS_EACH_PAGE) {
        return found[page].to_vec();
    }
    let sorted = found.to_vec();
    found.sort_unstable();
    let shown = &found[page];
    sorted.into_iter().filter(|key| shown.contains(key)).collect()
}

/// `totalResults` on a page that begins there.
pub(in crate::tenant::embedded) fn total(defects: &Defects, total: usize, begin: usize) -> usize {
    if defects.has(Defect::CURSOR_TOTAL_SHRINKS) { total - begin } else { total }
}

/// Whether the page names a next one.
pub(in crate::tenant::embedded) fn has_next(defects: &Defects, right: bool, begin: usize) -> bool {
    let lost = defects.has(Defect::NEXT_CURSOR_LOST) && begin > 0;
    defects.has(Defect::CURSOR_AFTER_THE_END) || right && !lost
}

/// Whether the page names a previous one.
pub(in crate::tenant::embedded) fn has_previous(defects: &Defects, right: bool) -> bool {
    right || defects.has(Defect::PREVIOUS_ON_FIRST_PAGE)
}

/// Where the previous page begins.
pub(in crate::tenant::embedded) fn previous(defects: &Defects, begin: usize) -> usize {
    if defects.has(Defect::PREVIOUS_IS_FIRST_PAGE) { 0 } else { begin }
}

/// A cursor as it is written.
pub(in crate::tenant::embedded) fn signs(defects: &Defects, cursor: String) -> String {
    if defects.has(Defect::CURSOR_IS_PADDED) { cursor + "=" } else { cursor }
}
