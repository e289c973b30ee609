//! Bugs of media types and of what bodies are written in.

use super::{Defect, Row, defects};

defects! {
    "media";
    PLAIN_JSON_MEDIA_TYPE, "plain-json-media-type", "W-24 F-21", 1, "media-accept-scim-json",
        "answers are typed application/json";
    ERRORS_PLAIN_JSON, "errors-plain-json", "W-48", 1, "media-error-content-type",
        "errors are typed application/json";
    CONTENT_TYPE_WANTED, "content-type-wanted", "W-23", 1, "http-get-without-content-type",
        "a GET without `Content-Type` is refused";
    ACCEPT_LIST_REFUSED, "accept-list-refused", "", 1, "media-accept-list",
        "a list of accepted types is not understood";
    XML_WANTED_CRASH, "xml-wanted-crash", "", 1, "media-accept-unsupported",
        "who accepts XML alone is answered 500";
    TEXT_BODY_CRASH, "text-body-crash", "", 1, "media-request-unsupported",
        "a body typed as text is answered 500";
    NAMES_IN_LOWER_CASE, "names-in-lower-case", "", 1, "media-names-exact-case-out",
        "`displayName` is spelled in lower case in answers";
    LONG_TEXT_CUT, "long-text-cut", "", 2, "media-large-string",
        "a long text is cut";
    BYTE_ORDER_MARK, "byte-order-mark", "", 1, "media-json-wellformed",
        "a list begins with a byte order mark";
}
