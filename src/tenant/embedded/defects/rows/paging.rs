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
    TOTAL_IS_PAGE_SIZE, "total-is-page-size", "", 2, "list-total-exact",
        "`totalResults` is the number on this page";
}
