//! Bugs of `attributes` and `excludedAttributes`.

use super::{Defect, Row, defects};

defects! {
    "projection";
    ATTRIBUTES_IGNORED, "attributes-ignored", "", 1, "proj-list",
        "`attributes` is ignored in lists";
    PROJECTION_STORED, "projection-stored", "", 2, "proj-does-not-filter-storage",
        "a PATCH that names `attributes` deletes all others";
}
