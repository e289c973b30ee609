//! Bugs of paging.

use super::{Defect, Row, defects};

defects! {
    "paging";
    COUNT_ZERO_IGNORED, "count-zero-ignored", "", 1, "page-count-zero",
        "a `count` of 0 returns everything";
    PAGE_WRAPS_ROUND, "page-wraps-round", "", 2, "page-beyond-end",
        "beyond the end is the first page again";
    COUNT_IGNORED, "count-ignored", "", 1, "page-count-upper-bound",
        "`count` is ignored";
    TOTAL_IS_PAGE_SIZE, "total-is-page-size", "F-12", 2, "list-total-exact",
        "`totalResults` is the number on this page";
    TOTAL_COUNTS_EVERYBODY, "total-counts-everybody", "F-12", 1, "list-total-exact",
        "`totalResults` of a filter counts everybody";
    PAGING_IGNORED, "paging-ignored", "F-03", 1, "entra-pagination-11",
        "`startIndex` and `count` are ignored";
    INDEX_FROM_ZERO, "index-from-zero", "", 2, "page-startindex-one-based",
        "`startIndex` counts from 0";
    INDEX_ZERO_REFUSED, "index-zero-refused", "", 1, "page-startindex-low",
        "a `startIndex` below 1 is refused";
    START_INDEX_ALWAYS_ONE, "start-index-always-one", "", 1, "page-response-startindex",
        "every page says that it begins at 1";
    NEGATIVE_COUNT_REFUSED, "negative-count-refused", "", 1, "page-count-negative",
        "a `count` below 0 is refused";
    NUMBER_CRASH, "number-crash", "", 1, "page-nonnumeric",
        "a `count` that is no number is answered 500";
    PAGE_BORDER_REPEATED, "page-border-repeated", "", 2, "entra-pagination-11",
        "a page begins with the last resource of the page before";
    PAGE_BORDER_SKIPPED, "page-border-skipped", "", 2, "page-next",
        "between two pages a resource is left out";
    LAST_PAGE_EMPTY, "last-page-empty", "", 2, "page-next",
        "a last page that is not full is shown empty";
}
