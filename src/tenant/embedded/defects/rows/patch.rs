//! Bugs of PATCH.

use super::{Defect, Row, defects};

defects! {
    "patch";
    BOOLEAN_KEPT_AS_TEXT, "boolean-kept-as-text", "W-01", 1, "type-boolean-string-in",
        "a PATCH of `active` with the text \"False\" stores the text";
    CAPITALISED_OP_REFUSED, "capitalised-op-refused", "W-02 F-26", 1, "patch-op-case",
        "an operation written `Add`, `Replace` or `Remove` is refused";
    LOST_UPDATES, "lost-updates", "W-05", 3, "entra-concurrent-members",
        "of two PATCH requests at the same time one is lost";
    LITERAL_KEYS_STORED, "literal-keys-stored", "W-14", 1, "patch-add-nopath-dotted",
        "dotted and URN keys of a value without a path are stored as they are written";
    ABSENT_VALUE_PATH_REFUSED, "absent-value-path-refused", "W-16", 1, "patch-add-valuepath-nomatch",
        "replacing a value that is not there yet is refused with `noTarget`";
    SIBLINGS_DELETED, "siblings-deleted", "W-17", 1, "entra-email-siblings",
        "replacing the work e-mail deletes the other e-mails";
    BOOLEAN_LITERAL_UNMATCHED, "boolean-literal-unmatched", "W-18", 1, "patch-path-valuepath-primary",
        "a path such as `emails[primary eq true]` selects nothing";
    STALE_ANSWER, "stale-answer", "W-43", 2, "patch-200-body",
        "the answer to a PATCH shows the state before it";
    EMPTY_OPERATIONS_CRASH, "empty-operations-crash", "W-45", 1, "patch-operations-required",
        "a PATCH without operations is answered 500";
    PATCH_NOT_ATOMIC, "patch-not-atomic", "W-44", 2, "patch-atomic",
        "of a PATCH that fails, the operations before the failure stay";
    RENAME_IN_VALUE_IGNORED, "rename-in-value-ignored", "W-59", 1, "user-username-rename",
        "a userName in a value without a path is passed over";
    VALUE_PATH_HITS_ALL, "value-path-hits-all", "F-07", 1, "patch-path-valuepath-subattr",
        "`emails[type eq \"work\"].value` changes every e-mail";
    ANSWERED_ID_DIFFERS, "answered-id-differs", "F-19", 1, "patch-200-body",
        "the answer to a PATCH shows another id";
    PATCH_ANSWER_EMPTY, "patch-answer-empty", "F-23", 1, "patch-200-or-204",
        "a PATCH is answered 200 without a body";
    PATHLESS_REFUSED, "pathless-refused", "F-27", 1, "patch-replace-nopath",
        "an operation without a path is refused";
    SECOND_OPERATION_REFUSED, "second-operation-refused", "F-28", 1, "entra-multi-ops",
        "a PATCH of more than one operation is refused";
    SECOND_OPERATION_IGNORED, "second-operation-ignored", "", 1, "patch-sequential",
        "of several operations only the first is done";
    OPERATIONS_BACKWARDS, "operations-backwards", "", 1, "patch-sequential",
        "operations are done in the opposite order";
    PATCH_ANSWER_PARTIAL, "patch-answer-partial", "", 1, "patch-200-body",
        "the answer to a PATCH shows nothing but the id";
    ID_CHANGES_ON_UPDATE, "id-changes-on-update", "", 2, "id-stable",
        "an updated user gets a new id";
    SECOND_PATCH_LOST, "second-patch-lost", "", 2, "user-active-roundtrip",
        "the second PATCH of a user is answered 200 and not kept";
    VALUES_APPENDED, "values-appended", "", 1, "patch-replace-multi-all",
        "replacing all values of an attribute appends to them";
    ADDED_VALUES_REPLACE, "added-values-replace", "", 1, "patch-add-multi-append",
        "adding a value to an attribute replaces all values that are there";
    KNOWN_VALUE_ADDED, "known-value-added", "", 1, "patch-add-multi-existing",
        "a value that is there already is added a second time";
    COMPLEX_REPLACED_WHOLE, "complex-replaced-whole", "", 1, "patch-replace-complex-merge",
        "replacing some sub-attributes of a complex attribute drops the others";
    REMOVAL_TAKES_ALL_VALUES, "removal-takes-all-values", "", 1, "patch-remove-valuepath",
        "removing one value by a filter removes all values";
    REMOVAL_TAKES_WHOLE, "removal-takes-whole", "", 1, "patch-remove-subattr",
        "removing a sub-attribute removes the attribute around it";
    AND_HALF_READ, "and-half-read", "", 1, "patch-path-valuepath-complex",
        "of a filter with `and` in brackets only the first half counts";
    TWO_PRIMARIES, "two-primaries", "", 1, "patch-primary-demotes",
        "a new primary value leaves the mark on the old one";
    PATH_CASE_SENSITIVE, "path-case-sensitive", "", 1, "patch-path-ci",
        "a path is understood in the exact case alone";
    URN_PATH_REFUSED, "urn-path-refused", "", 1, "patch-path-urn",
        "a path that begins with a URN is refused";
    ABSENT_REPLACE_REFUSED, "absent-replace-refused", "", 1, "patch-replace-absent-is-add",
        "replacing an attribute that has no value yet is refused";
    SAME_VALUE_REFUSED, "same-value-refused", "", 1, "patch-replace-same",
        "replacing a value by itself is refused";
    NULL_REPLACE_REFUSED, "null-replace-refused", "", 1, "entra-null-update",
        "replacing an attribute by null is refused";
    EMPTY_TEXT_REFUSED, "empty-text-refused", "", 1, "entra-empty-update",
        "replacing an attribute by an empty text is refused";
    UNKNOWN_ATTRIBUTE_STORED, "unknown-attribute-stored", "", 1, "patch-path-unknown-attr",
        "an attribute that no schema has is stored as it is written";
    READ_ONLY_PASSED_OVER, "read-only-passed-over", "", 1, "patch-readonly-refused",
        "a change of a readOnly attribute is answered 200 and passed over";
    REQUIRED_REMOVAL_DONE, "required-removal-done", "", 1, "patch-remove-required",
        "the removal of a required attribute is answered 200 and passed over";
    UNKNOWN_OP_PASSED_OVER, "unknown-op-passed-over", "", 1, "patch-op-unknown",
        "an operation of an unknown kind is answered 200 and passed over";
    DELETED_USER_PATCHED, "deleted-user-patched", "", 2, "delete-patch-404",
        "a PATCH of a deleted user is answered 200";
}
