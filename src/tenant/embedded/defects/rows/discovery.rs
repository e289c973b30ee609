//! Bugs of discovery: the configuration and the types of resources.

use super::{Defect, Row, defects};

defects! {
    "discovery";
    FLAGS_AS_TEXT, "flags-as-text", "", 1, "spc-types-json",
        "the flags of `/ServiceProviderConfig` are texts";
    TYPES_AS_ARRAY, "types-as-array", "", 1, "rt-list",
        "`/ResourceTypes` is a bare array";
    DISCOVERY_PAGED, "discovery-paged", "", 1, "schema-page-ignored",
        "`count` cuts the list of schemas and of resource types";
    CONFIG_MISSING, "config-missing", "F-33", 1, "spc-get",
        "`/ServiceProviderConfig` is not there";
    SCHEMES_MISSING, "schemes-missing", "", 1, "spc-auth-schemes",
        "the configuration lists no authentication scheme";
    BULK_LIMITS_MISSING, "bulk-limits-missing", "", 1, "spc-bulk-members",
        "the configuration says nothing of the limits of bulk requests";
    RESULTS_BEYOND_LIMIT, "results-beyond-limit", "", 2, "spc-maxresults-honoured",
        "an answer holds more resources than `filter.maxResults`";
    CONFIG_CHANGEABLE, "config-changeable", "", 2, "spc-readonly",
        "the configuration can be changed by a client";
    TYPE_UNREADABLE, "type-unreadable", "", 1, "rt-get-one",
        "a resource type cannot be read by itself";
    ENDPOINT_ABSOLUTE, "endpoint-absolute", "", 1, "rt-endpoint-relative",
        "the endpoint of a resource type is a whole URL";
    REQUIRED_FLAG_MISSING, "required-flag-missing", "", 1, "rt-extension-required-flag",
        "an extension does not say whether it is required";
    DISCOVERY_FILTER_CRASH, "discovery-filter-crash", "", 1, "disc-filter-403",
        "a filter on discovery is answered 500";
}
