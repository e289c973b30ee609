//! Bugs of the form of answers.

use super::{Defect, Row, defects};

defects! {
    "answers";
    PLAIN_JSON_MEDIA_TYPE, "plain-json-media-type", "W-24", 1, "media-accept-scim-json",
        "answers are typed application/json";
    RESOURCES_MISSING, "resources-missing", "W-25", 1, "list-resources",
        "an empty list has no `Resources`";
    ACTIVE_ANSWERED_AS_TEXT, "active-answered-as-text", "W-33 F-16", 1, "type-boolean",
        "`active` is returned as text";
    NUMERIC_STATUS, "numeric-status", "W-48", 1, "err-status-string",
        "`status` of an error is a number";
    HTML_ERROR_PAGE, "html-error-page", "", 1, "err-json-body",
        "errors are HTML pages";
    PASSWORD_RETURNED, "password-returned", "", 1, "user-password-never-returned",
        "the password is returned";
}
