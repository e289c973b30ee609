//! Bugs of `attributes` and `excludedAttributes`.

use super::{Defect, Row, defects};

defects! {
    "projection";
    ATTRIBUTES_IGNORED, "attributes-ignored", "", 1, "proj-list",
        "`attributes` is ignored in lists";
    PROJECTION_STORED, "projection-stored", "", 2, "proj-does-not-filter-storage",
        "a PATCH that names `attributes` deletes all others";
    EXCLUDED_IGNORED, "excluded-ignored", "W-57 F-31", 1, "proj-excluded",
        "`excludedAttributes` is ignored";
    NAMES_IN_EXACT_CASE, "names-in-exact-case", "", 1, "proj-ci",
        "a name in another case chooses nothing";
    SUB_ATTRIBUTE_NOT_NAMED, "sub-attribute-not-named", "", 1, "proj-subattr",
        "a sub-attribute cannot be chosen";
    URN_NOT_NAMED, "urn-not-named", "", 1, "proj-urn",
        "a name with its URN chooses nothing";
    ID_LEFT_OUT, "id-left-out", "", 1, "proj-always-kept",
        "the id is left out unless it is named";
    ID_EXCLUDED, "id-excluded", "", 1, "proj-excluded-always",
        "the id can be excluded";
    PASSWORD_WHEN_NAMED, "password-when-named", "", 1, "proj-never",
        "the password is shown to who names it";
    UNKNOWN_NAME_CRASH, "unknown-name-crash", "", 1, "proj-unknown",
        "a name that nobody defined is answered 500";
    DEFAULTS_ON_REQUEST, "defaults-on-request", "", 1, "get-default-set",
        "e-mails are shown only to who names them";
}
