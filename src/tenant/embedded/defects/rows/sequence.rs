//! Bugs that only a history of three or more steps shows: the server has done each of them right,
//! and still they come to the wrong end.

use super::{Defect, Row, defects};

defects! {
    "sequence";
    ENABLING_FORGETS_GROUPS, "enabling-forgets-groups", "", 4, "prop-patch-model",
        "a user that was disabled and is enabled again has lost its groups";
    OLD_ATTRIBUTES_COME_BACK, "old-attributes-come-back", "", 3, "prop-create-get",
        "a user that is created again under its old name gets its old attributes back";
    FIFTH_PATCH_LOST, "fifth-patch-lost", "", 6, "prop-patch-model",
        "every fifth PATCH of one user is answered and lost";
    MEMBERS_GO_ASTRAY_AFTER_RENAME, "members-go-astray-after-rename", "", 3, "prop-patch-model",
        "after a group was renamed, members are added to a group that nobody sees";
    OLD_NAME_STAYS_TAKEN, "old-name-stays-taken", "", 3, "prop-create-get",
        "after a rename nobody else can have the old userName";
    PUT_BRINGS_BACK_WHAT_A_PATCH_TOOK, "put-brings-back-what-a-patch-took", "", 3, "prop-put-total",
        "a PUT after a PATCH brings back the attributes that the PATCH had removed";
    REMOVED_MEMBER_COMES_BACK, "removed-member-comes-back", "", 4, "prop-patch-model",
        "when a user is deleted, the member that was last removed from a group is back in it";
    SECOND_RENAME_IGNORED, "second-rename-ignored", "", 3, "prop-unique-username",
        "a user that was renamed once keeps that name for ever";
    ADD_TO_EMPTIED_GROUP_LOST, "add-to-emptied-group-lost", "", 4, "prop-patch-model",
        "the first PATCH that adds members to a group after it was emptied is lost";
    PATCH_STARTS_BEFORE_THE_PUT, "patch-starts-before-the-put", "", 3, "prop-patch-model",
        "the first PATCH after a PUT works on what was there before the PUT";
    SECOND_ADDRESS_DROPS_THE_FIRST, "second-address-drops-the-first", "", 3,
        "prop-patch-split",
        "the second PATCH that leaves a user with more e-mail addresses drops the oldest of them";
    RENAMED_MANAGER_FORGOTTEN, "renamed-manager-forgotten", "", 4, "prop-patch-model",
        "a manager that is renamed is nobody's manager any more";
    REPORTS_SUFFER, "reports-suffer", "", 4, "prop-delete-isolated",
        "when a manager is deleted, its reports lose their titles";
    MEMBERS_DISABLED_WITH_THEIR_GROUP, "members-disabled-with-their-group", "", 3,
        "prop-patch-model", "when a group is deleted, its members are disabled";
    OLD_MEMBERS_COME_BACK, "old-members-come-back", "", 4, "prop-create-get",
        "a group that is created again under its old name has its old members";
    CHANGES_OF_THE_DISABLED_LOST, "changes-of-the-disabled-lost", "", 4, "prop-patch-model",
        "when a user is enabled again, what was changed while it was disabled is undone";
    NO_SECOND_JOINING, "no-second-joining", "", 4, "prop-patch-model",
        "who was removed from a group cannot be added to it again";
    REFUSED_PATCH_DONE_LATER, "refused-patch-done-later", "", 3, "prop-patch-model",
        "what could be done of a refused PATCH is done with the next one";
    REFUSED_NAME_RESERVED, "refused-name-reserved", "", 2, "prop-create-get",
        "a create that was refused keeps its userName from everybody else";
    OWN_OLD_NAME_REFUSED, "own-old-name-refused", "", 3, "prop-patch-model",
        "a user cannot have a name again that it had before";
    MUCH_CHANGED_NEVER_DELETED, "much-changed-never-deleted", "", 5, "prop-delete-final",
        "a user that was changed three times or more is there after its deletion";
    FOURTH_MEMBER_DRIVES_OUT, "fourth-member-drives-out", "", 6, "prop-patch-model",
        "when a group gets its fourth member by PATCH, the first one is gone";
    MUTUAL_MANAGERS_CLEARED, "mutual-managers-cleared", "", 4, "prop-patch-model",
        "when two users become each other's managers, neither has one";
    DISABLING_UNDOES_ADDRESSES, "disabling-undoes-addresses", "", 3, "prop-patch-model",
        "when a user is disabled, its e-mail addresses are those it was created with";
    DISABLING_TWICE_ENABLES, "disabling-twice-enables", "", 3, "prop-patch-model",
        "a user that is disabled a second time is enabled";
    RENAME_BRINGS_BACK_WHAT_WAS_CLEARED, "rename-brings-back-what-was-cleared", "", 3,
        "prop-patch-model", "when a user is renamed, the attribute that was last cleared is back";
    WRONG_USER_WRITTEN, "wrong-user-written", "", 6, "prop-patch-model",
        "every third PATCH of a user goes to the one that was patched before";
}
