//! Bugs of the types of values.

use super::{Defect, Row, defects};

defects! {
    "values";
    TOTAL_AS_DECIMAL, "total-as-decimal", "", 1, "type-integer",
        "`totalResults` has a fraction";
    SINGLE_VALUE_AS_OBJECT, "single-value-as-object", "", 1, "type-mv-array",
        "an attribute of several values that has one is no list";
    REFERENCE_TO_THE_GROUP, "reference-to-the-group", "", 2, "type-reference-deref",
        "the `$ref` of a member leads to the group";
}
