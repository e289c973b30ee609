//! Bugs of queries by POST.

use super::{Defect, Row, defects};

defects! {
    "search";
    SEARCH_FILTER_IGNORED, "search-filter-ignored", "", 2, "search-equals-get",
        "a search finds everybody, the same query by GET does not";
    SEARCH_PAGING_IGNORED, "search-paging-ignored", "", 2, "search-paging",
        "a search knows no pages";
    SEARCH_SORT_IGNORED, "search-sort-ignored", "", 1, "search-sort",
        "a search does not sort";
    SEARCH_PROJECTION_IGNORED, "search-projection-ignored", "", 1, "search-arrays",
        "a search shows everything whatever is named";
    SEARCH_CREATES, "search-creates", "", 1, "search-no-create",
        "a search creates a user";
    SEARCH_BODY_CRASH, "search-body-crash", "", 1, "search-bad-body",
        "a search that is no JSON is answered 500";
}
