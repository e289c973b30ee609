//! Bugs of groups and their members.

use super::{Defect, Row, defects};

defects! {
    "groups";
    RENAME_IGNORED, "rename-ignored", "W-47 F-04", 2, "group-displayname-rename",
        "a group's new name is answered 2xx and not kept";
    RENAME_MAKES_SECOND_GROUP, "rename-makes-second-group", "R13", 2, "group-displayname-rename",
        "a rename creates a second group and leaves the first as it was";
    RENAME_LOSES_MEMBERS, "rename-loses-members", "", 2, "entra-members-after-rename",
        "a group that gets a new name loses its members";
    REMOVE_EMPTIES_GROUP, "remove-empties-group", "W-03", 2, "group-members-remove-valuearray",
        "removing one member by value removes all members";
    NULL_REFERENCE_REFUSED, "null-reference-refused", "W-04", 1, "group-member-null-ref",
        "a member with `$ref: null` is refused";
    REPEATED_MEMBER_REFUSED, "repeated-member-refused", "W-06", 2, "group-member-dup-add",
        "adding a member again, or removing one that is not there, is an error";
    HUNDRED_MEMBERS_KEPT, "hundred-members-kept", "W-10", 3, "group-large",
        "a group shows its first 100 members, and a PATCH drops the others";
    NESTED_GROUP_CRASH, "nested-group-crash", "W-50", 2, "group-nested",
        "a group as a member is answered 500";
    REMOVE_ALL_REFUSED, "remove-all-refused", "W-51", 1, "group-members-remove-all",
        "removing all members at once is refused";
    PARALLEL_PATCH_REFUSED, "parallel-patch-refused", "W-53", 2, "entra-concurrent-members",
        "of two PATCH requests of a group at the same time one is answered 412";
    MEMBERS_REPLACE_REFUSED, "members-replace-refused", "W-56", 1, "group-members-replace",
        "replacing the members of a group is refused";
    FILTERED_REMOVAL_IGNORED, "filtered-removal-ignored", "F-05", 2, "entra-remove-member-flagged",
        "`remove members[value eq …]` is answered 204 and removes nobody";
    ADDED_MEMBERS_REPLACE, "added-members-replace", "F-06", 3, "entra-group-lifecycle",
        "adding a member replaces the members that are there";
    SECOND_MEMBER_REFUSED, "second-member-refused", "F-29", 1, "group-multi-add-one-op",
        "more than one member in an operation is refused";
    REMOVE_ALL_IGNORED, "remove-all-ignored", "", 2, "group-members-remove-all",
        "removing all members at once is answered 204 and removes nobody";
    NEW_MEMBERS_IGNORED, "new-members-ignored", "", 2, "entra-add-member",
        "adding a member is answered 204 and adds nobody";
    NEW_MEMBERS_LOST, "new-members-lost", "", 2, "group-create-members",
        "members in the body of a new group are passed over";
    REMOVALS_FIRST, "removals-first", "", 2, "group-multi-ops",
        "removals of a PATCH are done before its additions";
    MEMBER_LISTED_TWICE, "member-listed-twice", "", 3, "group-member-dup-add",
        "a member that is added again is listed twice";
    MEMBER_VALUE_IS_NAME, "member-value-is-name", "", 1, "group-member-value-id",
        "`value` of a member is a name and no id";
    MEMBER_LINK_DEAD, "member-link-dead", "", 2, "group-member-ref",
        "`$ref` of a member leads nowhere";
    MEMBER_TYPE_WRONG, "member-type-wrong", "", 1, "group-member-type",
        "`type` of a member is no resource type";
    GROUP_EXTERNAL_ID_FIXED, "group-external-id-fixed", "", 2, "entra-group-replace-external-id",
        "a group's `externalId` stays as it was first set";
    NAMELESS_GROUP_ACCEPTED, "nameless-group-accepted", "", 1, "group-displayname-required",
        "a group without `displayName` is accepted";
    EMPTY_GROUP_REFUSED, "empty-group-refused", "", 1, "entra-create-group",
        "a new group without members is refused";
    DUPLICATE_GROUPS_ACCEPTED, "duplicate-groups-accepted", "W-60", 1, "group-displayname-unique",
        "a second group with the same name is accepted";
    MEMBERS_NOT_EXCLUDED, "members-not-excluded", "W-54", 1, "group-get-excl-members",
        "members are returned although `excludedAttributes` names them";
    GROUP_DELETE_REFUSED, "group-delete-refused", "W-36", 1, "delete-group-204",
        "a group cannot be deleted";
    GROUPS_MISSING, "groups-missing", "W-27", 1, "entra-match-status",
        "`/Groups` is not there";
    ONE_GROUP_SHOWN, "one-group-shown", "", 3, "user-groups-all",
        "a user shows one of its groups and not the others";
    LEFT_GROUP_STAYS, "left-group-stays", "", 2, "user-groups-left",
        "a group that a user has left still stands among the user's groups";
    DELETED_GROUP_STAYS, "deleted-group-stays", "", 2, "user-groups-deleted",
        "a deleted group still stands among the groups of its members";
    GROUPS_WRITABLE, "groups-writable", "", 2, "user-groups-in-ignored",
        "`groups` in the body of a new user makes it a member";
}
