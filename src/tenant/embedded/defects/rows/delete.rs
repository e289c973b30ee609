//! Bugs of deleting.

use super::{Defect, Row, defects};

defects! {
    "delete";
    DELETED_USER_READABLE, "deleted-user-readable", "", 2, "delete-get-404",
        "a deleted user can still be read";
    DELETE_ONLY_DEACTIVATES, "delete-only-deactivates", "W-35", 2, "delete-not-deactivate",
        "deleting a user only sets `active` to false";
}
