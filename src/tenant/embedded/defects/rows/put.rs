//! Bugs of PUT.

use super::{Defect, Row, defects};

defects! {
    "put";
    PUT_MERGES, "put-merges", "", 1, "put-replaces-values",
        "a PUT adds to the values that are there";
}
