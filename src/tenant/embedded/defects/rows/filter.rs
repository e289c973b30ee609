//! Bugs of filters.

use super::{Defect, Row, defects};

defects! {
    "filter";
    EMPTY_RESULT_NOT_FOUND, "empty-result-not-found", "W-19", 1, "entra-match-status",
        "a filter that matches nothing is answered 404";
    EXTERNAL_ID_FILTER_REFUSED, "external-id-filter-refused", "W-20 F-30", 1, "extid-filter",
        "a filter on `externalId` is refused";
    FILTER_IGNORED, "filter-ignored", "W-21 F-02", 1, "filter-only-matches",
        "a filter is ignored and everything is returned";
    USER_NAME_CASE_SENSITIVE, "user-name-case-sensitive", "W-22", 1, "user-username-filter-ci",
        "`userName eq` finds a user in the exact case alone";
    GROUP_NAME_CASE_SENSITIVE, "group-name-case-sensitive", "W-55", 1, "entra-group-filter-case",
        "`displayName eq` finds a group in the exact case alone";
    EXTERNAL_ID_CASE_BLIND, "external-id-case-blind", "", 1, "extid-filter-case",
        "`externalId eq` finds in any case";
    INACTIVE_HIDDEN, "inactive-hidden", "W-34", 2, "user-inactive-readable",
        "users who are not active are hidden from filters";
    DELETED_FOUND, "deleted-found", "", 2, "delete-not-listed",
        "a filter finds users who were deleted";
    RENAMED_NOT_FOUND, "renamed-not-found", "", 2, "user-username-rename",
        "a user is not found by a new `userName`: the index was not updated";
    VALUE_PATH_REFUSED, "value-path-refused", "W-15", 1, "filter-valuepath-subattr",
        "a filter with brackets is refused";
    MULTI_VALUED_FILTER_CRASH, "multi-valued-filter-crash", "W-49", 1, "filter-mv-any",
        "a filter on a part of a multi-valued attribute is answered 500";
    FIRST_VALUE_ALONE, "first-value-alone", "", 1, "filter-mv-any",
        "a filter looks at the first of several values alone";
    UNKNOWN_FILTER_CRASH, "unknown-filter-crash", "W-42", 1, "filter-unknown-attr",
        "a filter on an unknown attribute is answered 500";
    PASSWORD_FILTER_CRASH, "password-filter-crash", "", 1, "sec-sensitive-filter",
        "a filter on the password is answered 500";
    BOOLEAN_FILTER_REFUSED, "boolean-filter-refused", "", 1, "filter-eq-boolean",
        "`active eq false` is refused: a value stands in quotes";
    NULL_FILTER_CRASH, "null-filter-crash", "", 1, "filter-eq-null",
        "`eq null` is answered 500";
    SUB_ATTRIBUTE_FINDS_NOBODY, "sub-attribute-finds-nobody", "", 1, "filter-eq-subattr",
        "a filter on a sub-attribute finds nobody";
    START_IS_ANYWHERE, "start-is-anywhere", "", 1, "filter-sw",
        "`sw` finds the value anywhere in a text";
    PRESENT_FINDS_ALL, "present-finds-all", "", 1, "filter-pr-simple",
        "`pr` finds those without a value too";
    PRESENT_MISSES_FALSE, "present-misses-false", "", 1, "filter-pr-false-boolean",
        "`active pr` leaves out who is not active";
    BOUND_LEFT_OUT, "bound-left-out", "", 1, "filter-order-complement",
        "`ge` and `le` leave out the value itself";
    OFFSET_DROPPED, "offset-dropped", "", 1, "filter-datetime-zone",
        "the offset of a time in a filter is dropped";
    NOT_MISSES_ABSENT, "not-misses-absent", "", 1, "filter-not",
        "`not` leaves out those who have no value";
    OR_BEFORE_AND, "or-before-and", "", 1, "filter-precedence-and-or",
        "`a or b and c` is read from left to right";
    OR_FINDS_TWICE, "or-finds-twice", "", 1, "filter-or",
        "who meets both sides of an `or` is found twice";
    OPERATORS_IN_LOWER_CASE, "operators-in-lower-case", "", 1, "filter-operator-ci",
        "an operator with a capital is refused";
    URN_NOT_READ, "urn-not-read", "", 1, "filter-urn-core",
        "a filter on a name with its URN is refused";
    ESCAPES_NOT_READ, "escapes-not-read", "", 1, "filter-string-escapes",
        "escapes in a value are not read";
    APOSTROPHE_CRASH, "apostrophe-crash", "", 1, "filter-apostrophe",
        "an apostrophe in a value is answered 500";
    LETTERS_MISREAD, "letters-misread", "", 1, "i18n-filter-nonascii",
        "letters beyond ASCII in a filter are read byte by byte";
    PLUS_KEPT, "plus-kept", "", 1, "filter-plus-as-space",
        "a `+` in a filter is no space";
    WILDCARDS_OBEYED, "wildcards-obeyed", "", 1, "filter-injection-literal",
        "a percent sign in a value stands for anything";
    VALUE_PATH_ACROSS_VALUES, "value-path-across-values", "", 1, "filter-valuepath-same-element",
        "what stands in brackets may be met by different values";
    BOOLEAN_ORDER_ACCEPTED, "boolean-order-accepted", "", 1, "filter-gt-boolean-400",
        "`active gt false` is answered with a list";
    MALFORMED_FILTER_IGNORED, "malformed-filter-ignored", "", 1, "filter-malformed",
        "what is no filter is passed over and everything is returned";
    UNKNOWN_OPERATOR_IS_EQUAL, "unknown-operator-is-equal", "", 1, "filter-unknown-operator",
        "an unknown operator is taken for `eq`";
}
