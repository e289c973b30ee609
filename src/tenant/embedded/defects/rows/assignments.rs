//! Bugs that a single request does not show: it takes a history of what Entra sends.
//!
//! Their number of requests is that of changes in the directory beyond the initial cycle.

use super::{Defect, Row, defects};

defects! {
    "assignments";
    ENABLE_FORGETS_GROUPS, "enable-forgets-groups", "", 2, "entra-converged-members-present",
        "a user who becomes active again has left its groups";
    ENABLE_FORGETS_MANAGER, "enable-forgets-manager", "", 2, "entra-converged-user-manager",
        "a user who becomes active again has no manager";
    ENABLE_RESTORES_VALUES, "enable-restores-values", "", 3, "entra-converged-user-attributes",
        "a user who becomes active again has the values from before";
    UPDATE_AFTER_ENABLE_LOST, "update-after-enable-lost", "", 3, "entra-converged-user-attributes",
        "the first update after a user became active again is answered 200 and not kept";
    SECOND_DISABLE_IGNORED, "second-disable-ignored", "", 3, "entra-converged-user-active",
        "a user can be made inactive once; the second time is answered 200 and not kept";
    SECOND_ENABLE_IGNORED, "second-enable-ignored", "", 4, "entra-converged-user-active",
        "a user can become active again once; the second time is answered 200 and not kept";
    DISABLED_USER_FROZEN, "disabled-user-frozen", "", 2, "entra-converged-user-attributes",
        "the update of an inactive user is answered 200 and not kept";
    MANAGER_ENABLES, "manager-enables", "", 2, "entra-converged-user-active",
        "an inactive user who gets another manager becomes active";
    RENAMED_USER_STAYS_ENABLED, "renamed-user-stays-enabled", "", 2, "entra-converged-user-active",
        "a user who was renamed cannot be made inactive any more";
    RENAME_LEAVES_GROUPS, "rename-leaves-groups", "", 1, "entra-converged-members-present",
        "a user who is renamed has left its groups";
    OLD_NAME_FOUND, "old-name-found", "", 1, "entra-converged-users-present",
        "a look-up finds a renamed user by the old name and not by the new one";
    THIRD_UPDATE_LOST, "third-update-lost", "", 3, "entra-converged-user-attributes",
        "every third update of a user is answered 200 and not kept";
    RENAME_FORGETS_REPORTS, "rename-forgets-reports", "", 1, "entra-converged-user-manager",
        "those who report to a renamed user have no manager any more";
    DISABLE_FORGETS_REPORTS, "disable-forgets-reports", "", 1, "entra-converged-user-manager",
        "those who report to a user who becomes inactive have no manager any more";
    REMOVED_MANAGER_RETURNS, "removed-manager-returns", "", 2, "entra-converged-user-manager",
        "a manager who was removed comes back with the next update";
    THIRD_MANAGER_IGNORED, "third-manager-ignored", "", 2, "entra-converged-user-manager",
        "a manager can be set twice; the third time is answered 200 and not kept";
    REJOINED_MEMBER_LOST, "rejoined-member-lost", "", 2, "entra-converged-members-present",
        "whoever left a group is not taken into it again";
    MEMBER_RETURNS_ON_RENAME, "member-returns-on-rename", "", 2, "entra-converged-members-only",
        "those who left a group are back when it is renamed";
    RENAMED_GROUP_SPLITS, "renamed-group-splits", "", 2, "entra-converged-members-present",
        "the first to join a renamed group makes a second one under the old name";
    NESTED_REMOVAL_EMPTIES_GROUP, "nested-removal-empties-group", "", 2,
        "entra-converged-members-present",
        "a group that leaves another takes all its members with it";
    NESTED_RENAME_LEAVES_GROUP, "nested-rename-leaves-group", "", 2,
        "entra-converged-members-present",
        "a group that is renamed is no member of another any more";
    DISABLED_MEMBER_DROPPED, "disabled-member-dropped", "", 2, "entra-converged-members-present",
        "an inactive user who joins a group is not taken into it";
    FOURTH_MEMBER_CHANGE_LOST, "fourth-member-change-lost", "", 2,
        "entra-converged-members-only",
        "every fourth change of a group's members is answered 204 and not kept";
    LAST_LEAVES_NO_GROUP, "last-leaves-no-group", "", 1, "entra-converged-groups-present",
        "a group that its last member leaves is deleted";
    DELETED_MEMBER_EMPTIES_GROUP, "deleted-member-empties-group", "", 1,
        "entra-converged-members-present",
        "a user who is deleted takes all other members out of its groups";
    RECREATED_GROUP_REFUSED, "recreated-group-refused", "", 2, "entra-converged-groups-present",
        "the name of a deleted group cannot be used again";
    RECREATED_GROUP_HAS_OLD_MEMBERS, "recreated-group-has-old-members", "", 3,
        "entra-converged-members-only",
        "a group under the name of a deleted one has the members of that one";
}
