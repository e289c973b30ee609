//! Bugs of creating.

use super::{Defect, Row, defects};

defects! {
    "create";
    LOCATION_MISSING, "location-missing", "F-22", 1, "create-location-header",
        "a 201 has no `Location`";
    LOCATION_OF_COLLECTION, "location-of-collection", "", 1, "create-location-equals-meta",
        "`Location` of a 201 is the URL of the collection";
    DUPLICATE_USER_ACCEPTED, "duplicate-user-accepted", "F-08", 1, "create-conflict-409",
        "a second user with the same `userName` is accepted";
    CONFLICT_WITHOUT_TYPE, "conflict-without-type", "W-32", 1, "create-conflict-scimtype",
        "a 409 has no `scimType`";
    CONFLICT_OVERWRITES, "conflict-overwrites", "", 2, "create-conflict-no-effect",
        "a create that meets a conflict changes the user that is there";
    META_REFUSED, "meta-refused", "W-37", 1, "meta-client-ignored",
        "a new resource with `meta` in it is refused";
    SECOND_GROUP_URN_REFUSED, "second-group-urn-refused", "W-38", 1, "group-foreign-schema-urn",
        "a new group that also names Microsoft's Group URN is refused";
    LETTERS_LOST, "letters-lost", "F-20", 1, "media-utf8-default",
        "letters beyond ASCII are kept as question marks";
    UNLISTED_EXTENSION_REFUSED, "unlisted-extension-refused", "W-39", 1, "repr-ext-not-in-schemas-in",
        "an extension is refused when `schemas` does not name it";
    MAIL_DEMANDED, "mail-demanded", "W-40", 1, "entra-email-absent",
        "a user without e-mail is refused";
    EXTENSION_DEMANDED, "extension-demanded", "", 1, "ent-omit-ok",
        "a user without the enterprise extension is refused";
    PHONE_FORM_DEMANDED, "phone-form-demanded", "W-41", 1, "user-phone-format",
        "a phone number in the form of RFC 3966 is refused";
    NULLS_REFUSED, "nulls-refused", "", 1, "entra-create-nulls",
        "null in the body of a new user is refused";
    CREATED_FOUND_LATE, "created-found-late", "W-58", 2, "entra-create-user",
        "a new user is found by a filter only much later";
    EXTERNAL_ID_UNIQUE, "external-id-unique", "", 1, "extid-no-uniqueness",
        "a second user with the same `externalId` is refused";
    MAIL_UNIQUE, "mail-unique", "W-32", 1, "user-email-no-uniqueness",
        "a second user with the same e-mail is refused";
    NAMELESS_USER_ACCEPTED, "nameless-user-accepted", "", 1, "user-username-required",
        "a user without `userName` is accepted";
    CREATED_UNDER_OK, "created-under-ok", "", 1, "create-201",
        "a create is answered 200";
    CREATED_WITHOUT_ID, "created-without-id", "", 1, "create-201",
        "the answer to a create has no `id`";
    CREATE_ECHOES, "create-echoes", "", 1, "create-body-equals-get",
        "the answer to a create repeats what was sent";
    CLIENT_ID_TAKEN, "client-id-taken", "", 1, "id-server-issued",
        "the answer to a create shows the id that the client sent";
    NEW_USER_ACTIVE, "new-user-active", "", 2, "user-active-created",
        "a user that is created with `active` false is active";
}
