//! Bugs of PUT.

use super::{Defect, Row, defects};

defects! {
    "put";
    PUT_MERGES, "put-merges", "F-25", 1, "put-replaces-values",
        "a PUT adds to the values that are there";
    PUT_KEEPS_NULLS, "put-keeps-nulls", "", 1, "put-null-clears",
        "null in a PUT leaves the value that is there";
    PUT_CREATES, "put-creates", "", 1, "put-no-create",
        "a PUT to an id that nothing has creates a user";
    PUT_FOLLOWS_BODY, "put-follows-body", "", 2, "put-id-mismatch",
        "a PUT replaces the resource whose id stands in the body";
    PUT_REFUSES_READ_ONLY, "put-refuses-read-only", "", 2, "put-supported",
        "a PUT of what a read has shown is refused for its `id` and `meta`";
    OWN_NAME_TAKEN, "own-name-taken", "", 1, "put-replaces-values",
        "a PUT that leaves the userName as it is meets a conflict with itself";
    PUT_WITHOUT_NAME_ACCEPTED, "put-without-name-accepted", "", 1, "put-required-missing",
        "a PUT without the required `userName` is accepted";
    PUT_ANSWERED_EMPTY, "put-answered-empty", "", 1, "put-200-body",
        "a PUT is answered 204";
    PUT_KEEPS_MEMBERS, "put-keeps-members", "", 2, "put-group-members",
        "a PUT of a group leaves its members as they were";
    PUT_DROPS_MEMBERS, "put-drops-members", "", 2, "put-immutable-same",
        "a PUT of a group drops its members";
    DELETED_USER_REPLACED, "deleted-user-replaced", "", 2, "delete-put-404",
        "a PUT to a deleted user is answered 200";
}
