//! Bugs of reading what was written.

use super::{Defect, Row, defects};

defects! {
    "reads";
    STALE_READS, "stale-reads", "F-18", 2, "get-read-your-write",
        "three reads of ten show a resource as it was before its last change";
    LIST_STALE, "list-stale", "", 2, "filter-mutation-visible",
        "lists show a resource as it was before its last change";
    ETAG_UNQUOTED, "etag-unquoted", "", 1, "etag-syntax",
        "an entity tag has no quotes";
    ETAG_REUSED, "etag-reused", "", 5, "etag-not-reused",
        "the entity tag changes once and never again";
    PARAMETER_REFUSED, "parameter-refused", "", 1, "get-unknown-param",
        "a parameter that is not known is refused";
    HEAD_CRASH, "head-crash", "", 1, "get-head",
        "a HEAD is answered 500";
}
