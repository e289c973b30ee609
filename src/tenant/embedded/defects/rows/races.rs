//! Bugs that only changes at the same time show.

use super::{Defect, Row, defects};

defects! {
    "races";
    TWINS_AT_ONCE, "twins-at-once", "", 2, "prop-unique-race",
        "two creates of one userName at the same time both succeed";
    RENAMES_AT_ONCE, "renames-at-once", "", 4, "prop-unique-race",
        "two users can be renamed to one userName at the same time";
    REPLACES_BLEND, "replaces-blend", "", 3, "prop-serial-order-patch",
        "two replacements of a name at the same time leave a part of each";
}
