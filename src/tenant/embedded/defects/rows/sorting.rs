//! Bugs of sorting.

use super::{Defect, Row, defects};

defects! {
    "sorting";
    SORT_IGNORED, "sort-ignored", "", 1, "sort-by",
        "`sortBy` is ignored";
    DESCENDING_IGNORED, "descending-ignored", "", 1, "sort-descending",
        "`sortOrder` is ignored";
    SORT_CASE_SENSITIVE, "sort-case-sensitive", "", 1, "sort-ci",
        "capitals are sorted before small letters";
    ABSENT_FIRST, "absent-first", "", 1, "sort-missing-last",
        "those without a value come first";
    FIRST_VALUE_SORTED, "first-value-sorted", "", 1, "sort-multivalued",
        "of several values the first is sorted by, and not the primary one";
    UNKNOWN_SORT_CRASH, "unknown-sort-crash", "", 1, "sort-unknown",
        "sorting by an unknown attribute is answered 500";
    SORT_AFTER_PAGING, "sort-after-paging", "", 3, "sort-with-paging",
        "a page is cut first and sorted then";
    SORT_UNSTABLE, "sort-unstable", "", 2, "sort-with-paging",
        "those whose values are equal come in another order with each page";
}
