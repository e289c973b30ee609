//! Bugs of `/Schemas`, and of resources that are not what it says.

use super::{Defect, Row, defects};

defects! {
    "schemas";
    KEYWORDS_IN_LOWER_CASE, "keywords-in-lower-case", "", 1, "schema-keyword-values",
        "`mutability` of an attribute is spelled in lower case";
    SCHEMA_UNREADABLE, "schema-unreadable", "", 1, "schema-get-one",
        "a schema cannot be read by itself";
    UNKNOWN_SCHEMA_EMPTY, "unknown-schema-empty", "", 1, "schema-get-unknown",
        "an unknown schema is answered with an empty list";
    EXTENSION_SCHEMA_MISSING, "extension-schema-missing", "", 1, "rt-extension-resolvable",
        "the schema of an extension is not there";
    FLAGS_NULL, "flags-null", "", 1, "schema-bools-not-null",
        "`multiValued` of an attribute is null";
    TYPE_INVENTED, "type-invented", "", 1, "schema-attr-type-values",
        "the type of an attribute is none that there is";
    MESSAGES_LISTED, "messages-listed", "", 1, "schema-no-message-urns",
        "the URN of a message is listed as a schema";
    USER_NAME_CALLED_OPTIONAL, "user-name-called-optional", "", 1, "schema-username-chars",
        "`userName` is described as optional";
    PASSWORD_CALLED_READABLE, "password-called-readable", "", 1, "schema-password-chars",
        "the password is described as returned";
    TYPE_DRIFT, "type-drift", "W-33", 1, "schema-matches-types",
        "`active` is described as a string and returned as a boolean";
    ATTRIBUTE_UNDESCRIBED, "attribute-undescribed", "", 1, "entra-schema-has-attrs",
        "an attribute that is kept stands in no schema";
    UNDECLARED_SHOWN, "undeclared-shown", "F-17", 1, "schema-matches-traffic",
        "an attribute that no schema has is shown";
}
