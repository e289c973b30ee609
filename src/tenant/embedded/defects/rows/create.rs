//! Bugs of creating.

use super::{Defect, Row, defects};

defects! {
    "create";
    LOCATION_MISSING, "location-missing", "F-22", 1, "create-location-header",
        "a 201 has no `Location`";
    DUPLICATE_USER_ACCEPTED, "duplicate-user-accepted", "", 1, "create-conflict-409",
        "a second user with the same `userName` is accepted";
    CONFLICT_WITHOUT_TYPE, "conflict-without-type", "W-32", 1, "create-conflict-scimtype",
        "a 409 has no `scimType`";
    META_REFUSED, "meta-refused", "W-37", 1, "meta-client-ignored",
        "a new resource with `meta` in it is refused";
    SECOND_GROUP_URN_REFUSED, "second-group-urn-refused", "W-38", 1, "group-foreign-schema-urn",
        "a new group that also names Microsoft's Group URN is refused";
    LETTERS_LOST, "letters-lost", "", 1, "media-utf8-default",
        "letters beyond ASCII are kept as question marks";
}
