//! Bugs of sorting.

use super::{Defect, Row, defects};

defects! {
    "sorting";
    SORT_IGNORED, "sort-ignored", "", 1, "sort-by",
        "`sortBy` is ignored";
}
