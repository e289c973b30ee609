//! Bugs of `/Me`.

use super::{Defect, Row, defects};

defects! {
    "me";
    ME_CRASH, "me-crash", "", 1, "me-unsupported-501",
        "`/Me` is answered 500";
    ME_WITHOUT_LOCATION, "me-without-location", "", 1, "me-direct-location",
        "an answer of `/Me` has no `Location`";
}
