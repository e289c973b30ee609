//! Bugs of PATCH.

use super::{Defect, Row, defects};

defects! {
    "patch";
    BOOLEAN_KEPT_AS_TEXT, "boolean-kept-as-text", "W-01", 1, "type-boolean-string-in",
        "a PATCH of `active` with the text \"False\" stores the text";
    CAPITALISED_OP_REFUSED, "capitalised-op-refused", "W-02", 1, "patch-op-case",
        "an operation written `Add`, `Replace` or `Remove` is refused";
    REMOVE_EMPTIES_GROUP, "remove-empties-group", "W-03", 2, "group-members-remove-valuearray",
        "removing one member by value removes all members";
    NULL_REFERENCE_REFUSED, "null-reference-refused", "W-04", 1, "group-member-null-ref",
        "a member with `$ref: null` is refused";
    LOST_UPDATES, "lost-updates", "W-05", 3, "entra-concurrent-members",
        "of two PATCH requests at the same time one is lost";
    REPEATED_MEMBER_REFUSED, "repeated-member-refused", "W-06", 2, "group-member-dup-add",
        "adding a member again, or removing one that is not there, is an error";
    LITERAL_KEYS_STORED, "literal-keys-stored", "W-14", 1, "patch-add-nopath-dotted",
        "dotted and URN keys of a value without a path are stored as they are written";
    ABSENT_VALUE_PATH_REFUSED, "absent-value-path-refused", "W-16", 1, "patch-add-valuepath-nomatch",
        "replacing a value that is not there yet is refused with `noTarget`";
    SIBLINGS_DELETED, "siblings-deleted", "W-17", 1, "entra-email-siblings",
        "replacing the work e-mail deletes the other e-mails";
    INACTIVE_USER_REFUSED, "inactive-user-refused", "W-31", 2, "entra-update-inactive",
        "a user who is not active cannot be updated";
    STALE_ANSWER, "stale-answer", "W-43", 2, "patch-200-body",
        "the answer to a PATCH shows the state before it";
    EMPTY_OPERATIONS_CRASH, "empty-operations-crash", "W-45", 1, "patch-operations-required",
        "a PATCH without operations is answered 500";
    PATCH_NOT_ATOMIC, "patch-not-atomic", "W-44", 2, "patch-atomic",
        "of a PATCH that fails, the operations before the failure stay";
    ID_CHANGES_ON_UPDATE, "id-changes-on-update", "", 2, "id-stable",
        "an updated user gets a new id";
    VALUES_APPENDED, "values-appended", "", 1, "patch-replace-multi-all",
        "replacing all values of an attribute appends to them";
    COMPLEX_REPLACED_WHOLE, "complex-replaced-whole", "", 1, "patch-replace-complex-merge",
        "replacing some sub-attributes of a complex attribute drops the others";
    TWO_PRIMARIES, "two-primaries", "", 1, "patch-primary-demotes",
        "a new primary value leaves the mark on the old one";
    PATH_CASE_SENSITIVE, "path-case-sensitive", "", 1, "patch-path-ci",
        "a path is understood in the exact case alone";
}
