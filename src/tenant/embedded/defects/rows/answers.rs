//! Bugs of the form of answers.

use super::{Defect, Row, defects};

defects! {
    "answers";
    RESOURCES_MISSING, "resources-missing", "W-25", 1, "list-resources",
        "an empty list has no `Resources`";
    ACTIVE_ANSWERED_AS_TEXT, "active-answered-as-text", "W-33 F-16", 1, "type-boolean",
        "`active` is returned as text";
    PASSWORD_RETURNED, "password-returned", "F-13", 1, "user-password-never-returned",
        "the password is returned";
    LIST_WITHOUT_URN, "list-without-urn", "", 1, "list-urn",
        "a list does not name the URN of lists";
    EXCLUDED_BREAKS_LIST, "excluded-breaks-list", "W-07", 1, "group-filter-displayname",
        "with `excludedAttributes` a list is a bare array";
    SINGLE_HIT_BARE, "single-hit-bare", "", 1, "list-single-hit-is-list",
        "a filter that finds one resource is answered with the resource and no list";
    PAGE_SIZE_UNSAID, "page-size-unsaid", "", 1, "list-partial-members",
        "a page says neither where it begins nor how long it is";
    ENTRIES_WITHOUT_SCHEMAS, "entries-without-schemas", "", 1, "repr-schemas-present",
        "the entries of a list have no `schemas`";
    ENTRIES_WITHOUT_META, "entries-without-meta", "", 1, "meta-in-lists",
        "the entries of a list have no `meta`";
    URN_TWICE, "urn-twice", "", 1, "repr-schemas-no-dup",
        "a URN stands twice in `schemas`";
    LOCATION_ELSEWHERE, "location-elsewhere", "F-10", 1, "meta-location-url",
        "`meta.location` ends in a number of the database and leads nowhere";
    DATE_WITHOUT_TIME, "date-without-time", "", 1, "meta-created-datetime",
        "`meta.created` is a day";
    TYPE_AS_URN, "type-as-urn", "", 1, "meta-resourcetype",
        "`meta.resourceType` is the URN of the schema";
    LAST_MODIFIED_IS_NOW, "last-modified-is-now", "", 1, "meta-lastmod-initial",
        "`meta.lastModified` is the time of the read";
    EXTERNAL_ID_INVENTED, "external-id-invented", "", 1, "extid-not-invented",
        "who has no `externalId` is shown the id for one";
    GROUP_AMONG_USERS, "group-among-users", "", 1, "id-wrong-type-404",
        "a group can be read among the users";
}
