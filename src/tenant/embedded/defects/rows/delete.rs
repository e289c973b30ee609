//! Bugs of deleting.

use super::{Defect, Row, defects};

defects! {
    "delete";
    DELETE_CRASH, "delete-crash", "F-34", 1, "delete-get-404",
        "a DELETE is answered 500";
    DELETE_ANSWERED_LATER, "delete-answered-later", "", 1, "delete-get-404",
        "a DELETE is answered 202";
    SECOND_DELETE_DONE, "second-delete-done", "F-24", 2, "delete-again-404",
        "deleting a second time is answered 204";
    DELETED_USER_READABLE, "deleted-user-readable", "", 2, "delete-get-404",
        "a deleted user can still be read";
    DELETED_USER_LISTED, "deleted-user-listed", "", 2, "delete-not-listed",
        "a deleted user is still found by a filter";
    DELETE_ONLY_DEACTIVATES, "delete-only-deactivates", "W-35", 2, "delete-not-deactivate",
        "deleting a user only sets `active` to false";
    DELETED_NAME_RESERVED, "deleted-name-reserved", "W-35", 2, "entra-hard-delete-recreate",
        "the name of what was deleted can never be used again";
    RECREATED_WITH_VALUES, "recreated-with-values", "", 3, "delete-leaves-nothing",
        "a user that is created again has values of the deleted one";
    RECREATED_IN_GROUPS, "recreated-in-groups", "", 3, "delete-leaves-nothing",
        "a user that is created again is in the groups of the deleted one";
    DELETED_STAY_MEMBERS, "deleted-stay-members", "", 2, "delete-membership-cleanup",
        "a deleted user stays a member of its groups";
    DELETED_MANAGER_CRASH, "deleted-manager-crash", "", 3, "delete-manager-cleanup",
        "a user whose manager was deleted is answered 500";
    GROUP_TAKES_MEMBERS, "group-takes-members", "", 2, "group-delete-keeps-users",
        "deleting a group deletes its members";
    MEMBER_TAKES_GROUPS, "member-takes-groups", "", 2, "group-user-delete-cascade",
        "deleting a user deletes the groups it is in";
}
