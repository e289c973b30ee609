//! Bugs of discovery.

use super::{Defect, Row, defects};

defects! {
    "discovery";
    FLAGS_AS_TEXT, "flags-as-text", "", 1, "spc-types-json",
        "the flags of `/ServiceProviderConfig` are texts";
    TYPES_AS_ARRAY, "types-as-array", "", 1, "rt-list",
        "`/ResourceTypes` is a bare array";
    DISCOVERY_PAGED, "discovery-paged", "", 1, "schema-page-ignored",
        "`count` cuts the list of schemas and of resource types";
    KEYWORDS_IN_LOWER_CASE, "keywords-in-lower-case", "", 1, "schema-keyword-values",
        "`mutability` of an attribute is spelled in lower case";
    SCHEMA_UNREADABLE, "schema-unreadable", "", 1, "schema-get-one",
        "a schema cannot be read by itself";
}
