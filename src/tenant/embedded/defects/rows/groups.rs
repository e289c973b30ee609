//! Bugs of groups and their members.

use super::{Defect, Row, defects};

defects! {
    "groups";
    RENAME_IGNORED, "rename-ignored", "W-47", 1, "group-displayname-rename",
        "a group's new name is answered 2xx and not kept";
    RENAME_MAKES_SECOND_GROUP, "rename-makes-second-group", "R13", 2, "group-displayname-rename",
        "a rename creates a second group and leaves the first as it was";
    MEMBERS_NOT_EXCLUDED, "members-not-excluded", "W-54", 1, "group-get-excl-members",
        "members are returned although `excludedAttributes` names them";
    DUPLICATE_GROUPS_ACCEPTED, "duplicate-groups-accepted", "W-60", 1, "group-displayname-unique",
        "a second group with the same name is accepted";
    GROUP_DELETE_REFUSED, "group-delete-refused", "W-36", 1, "delete-group-204",
        "a group cannot be deleted";
    GROUPS_MISSING, "groups-missing", "W-27", 1, "entra-match-status",
        "`/Groups` is not there";
}
