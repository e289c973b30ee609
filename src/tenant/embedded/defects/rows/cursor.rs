//! Bugs of paging by cursor.

use super::{Defect, Row, defects};

defects! {
    "cursor";
    EMPTY_CURSOR_REFUSED, "empty-cursor-refused", "", 1, "cursor-first",
        "the empty cursor of a first page is refused";
    NEXT_CURSOR_LOST, "next-cursor-lost", "", 2, "cursor-next-present",
        "the second page has no `nextCursor` although more follow";
    CURSOR_AFTER_THE_END, "cursor-after-the-end", "", 3, "cursor-next-absent-last",
        "the last page has a `nextCursor`, and so has what comes after it";
    PREVIOUS_ON_FIRST_PAGE, "previous-on-first-page", "", 1, "cursor-previous-first",
        "the first page has a `previousCursor`";
    PREVIOUS_IS_FIRST_PAGE, "previous-is-first-page", "", 4, "cursor-previous",
        "every `previousCursor` leads to the first page";
    CURSOR_IS_PADDED, "cursor-is-padded", "", 1, "cursor-charset",
        "a cursor ends in `=`";
    CURSOR_FORGETS_COUNT, "cursor-forgets-count", "", 2, "cursor-count",
        "`count` is heeded on the first page alone";
    CURSOR_REPEATS_BORDER, "cursor-repeats-border", "", 2, "cursor-partition",
        "a page begins with the last resource of the page before";
    CURSOR_SKIPS_ONE, "cursor-skips-one", "", 2, "cursor-partition",
        "between two pages one resource is left out";
    CURSOR_TOTAL_SHRINKS, "cursor-total-shrinks", "", 2, "cursor-total",
        "`totalResults` counts what is left, page by page";
    UNKNOWN_CURSOR_STARTS_OVER, "unknown-cursor-starts-over", "", 1, "cursor-invalid",
        "a cursor that nobody made is answered with the first page";
    CURSOR_REFUSED_WITHOUT_TYPE, "cursor-refused-without-type", "", 1, "cursor-invalid",
        "the refusal of a cursor has no `scimType`";
    CURSOR_ENDS_EARLY, "cursor-ends-early", "", 3, "cursor-expired",
        "the cursor of the third page has expired at once";
    CURSOR_COUNTS_PAGES, "cursor-counts-pages", "", 2, "cursor-count-changed",
        "a cursor is the number of a page: another `count` repeats or leaves out";
    CURSOR_OF_ANOTHER_QUERY, "cursor-of-another-query", "", 2, "cursor-query-changed",
        "a cursor goes on with the query it was made for, whatever is asked now";
    CURSOR_SORTS_EACH_PAGE, "cursor-sorts-each-page", "", 2, "cursor-sorted",
        "each page is sorted for itself, the list as a whole is not";
    CURSOR_BY_DEFAULT, "cursor-by-default", "", 2, "cursor-default-method",
        "a bare query is paged by cursor, and the configuration says by index";
    CURSOR_LOST_IN_SEARCH, "cursor-lost-in-search", "", 1, "cursor-search",
        "`cursor` is ignored in a `/.search`";
    PAGINATION_AS_TEXT, "pagination-as-text", "", 1, "cursor-spc",
        "the flags of `pagination` are texts";
}
