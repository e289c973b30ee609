//! Bugs of filters.

use super::{Defect, Row, defects};

defects! {
    "filter";
    EMPTY_RESULT_NOT_FOUND, "empty-result-not-found", "W-19", 1, "entra-match-status",
        "a filter that matches nothing is answered 404";
    EXTERNAL_ID_FILTER_REFUSED, "external-id-filter-refused", "W-20", 1, "extid-filter",
        "a filter on `externalId` is refused";
    FILTER_IGNORED, "filter-ignored", "W-21", 1, "filter-only-matches",
        "a filter is ignored and everything is returned";
    USER_NAME_CASE_SENSITIVE, "user-name-case-sensitive", "W-22", 1, "user-username-filter-ci",
        "`userName eq` finds a user in the exact case alone";
    GROUP_NAME_CASE_SENSITIVE, "group-name-case-sensitive", "W-55", 1, "entra-group-filter-case",
        "`displayName eq` finds a group in the exact case alone";
    INACTIVE_HIDDEN, "inactive-hidden", "W-34", 2, "user-inactive-readable",
        "users who are not active are hidden from filters";
    UNKNOWN_FILTER_CRASH, "unknown-filter-crash", "W-42", 1, "filter-unknown-attr",
        "a filter on an unknown attribute is answered 500";
    NOT_MISSES_ABSENT, "not-misses-absent", "", 1, "filter-not",
        "`not` leaves out those who have no value";
    OR_BEFORE_AND, "or-before-and", "", 1, "filter-precedence-and-or",
        "`a or b and c` is read from left to right";
    VALUE_PATH_ACROSS_VALUES, "value-path-across-values", "", 1, "filter-valuepath-same-element",
        "what stands in brackets may be met by different values";
    BOOLEAN_ORDER_ACCEPTED, "boolean-order-accepted", "", 1, "filter-gt-boolean-400",
        "`active gt false` is answered with a list";
}
