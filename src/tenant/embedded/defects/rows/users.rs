//! Bugs of users: their names, their values, disabled and enabled again.

use super::{Defect, Row, defects};

defects! {
    "users";
    RESTORE_REFUSED, "restore-refused", "W-29", 2, "user-active-roundtrip",
        "a user can be disabled and not enabled again";
    LANGUAGE_NOT_SHOWN, "language-not-shown", "W-30", 2, "create-readback",
        "`preferredLanguage` is accepted and never returned";
    ROLE_TEXT_REFUSED, "role-text-refused", "W-11", 1, "entra-role-as-text",
        "a PATCH with a role as JSON in a text is refused";
    INACTIVE_USER_REFUSED, "inactive-user-refused", "W-31", 2, "entra-update-inactive",
        "a user who is not active cannot be updated";
    UPDATE_ENABLES, "update-enables", "", 2, "entra-update-inactive",
        "an update of a disabled user enables it";
    DISABLED_USER_EMPTIED, "disabled-user-emptied", "", 2, "entra-disable-restore",
        "a disabled user loses its values";
    DISABLED_NAME_FREE, "disabled-name-free", "", 2, "user-inactive-unique",
        "the userName of a disabled user is free for others";
    FORMER_NAME_RESERVED, "former-name-reserved", "", 2, "user-username-freed",
        "a userName that its user gave up stays reserved";
    CASE_MAKES_ANOTHER_NAME, "case-makes-another-name", "", 1, "user-username-unique-ci",
        "a userName in another case makes a second user";
    TAKEN_NAME_ACCEPTED, "taken-name-accepted", "", 2, "user-username-rename-conflict",
        "a user can be renamed to a userName that another has";
    USER_EXTERNAL_ID_FIXED, "user-external-id-fixed", "", 1, "extid-update",
        "a user's `externalId` stays as it was first set";
    EXTERNAL_ID_LOWERED, "external-id-lowered", "", 1, "extid-roundtrip",
        "`externalId` is kept in lower case";
    DISPLAY_NAME_DERIVED, "display-name-derived", "", 1, "user-displayname",
        "`displayName` always follows from the name";
}
