//! Bugs of errors.

use super::{Defect, Row, defects};

defects! {
    "errors";
    UNKNOWN_ID_CRASH, "unknown-id-crash", "", 1, "get-404",
        "an unknown id is answered 500";
    ERROR_UNDER_OK, "error-under-ok", "", 1, "err-not-200",
        "what is not found is answered 200 with an error in the body";
    TRACE_SHOWN, "trace-shown", "", 1, "err-no-leak",
        "an error shows where in the server it came up";
    STRAY_SLASH_UNKNOWN, "stray-slash-unknown", "W-26", 1, "http-url-join",
        "a slash before the query is answered 404";
    HTML_ERROR_PAGE, "html-error-page", "", 1, "err-json-body",
        "errors are HTML pages";
    NUMERIC_STATUS, "numeric-status", "W-48", 1, "err-status-string",
        "`status` of an error is a number";
    PRIVATE_ERRORS, "private-errors", "F-15", 1, "err-json-body",
        "errors have a form of their own";
    ERRORS_WITHOUT_TYPE, "errors-without-type", "F-14", 1, "create-conflict-scimtype",
        "no error has a `scimType`";
    SCIM_TYPE_INVENTED, "scim-type-invented", "", 1, "err-scimtype-known",
        "`scimType` of a 400 is a word that RFC 7644 does not have";
    DETAIL_MISSING, "detail-missing", "", 1, "err-detail-useful",
        "no error says what went wrong";
    EVERY_TWENTIETH_FAILS, "every-twentieth-fails", "F-09", 20, "err-no-5xx",
        "every twentieth request is answered by an HTML page with 500";
    BROKEN_BODY_BREAKS_NEXT, "broken-body-breaks-next", "", 2, "err-keepalive",
        "after a body that is no JSON the next requests are refused";
    UNKNOWN_ENDPOINT_EMPTY, "unknown-endpoint-empty", "", 1, "err-404-endpoint",
        "an unknown endpoint is answered with an empty list";
    ALLOW_MISSING, "allow-missing", "", 1, "err-405-or-501",
        "a 405 has no `Allow`";
    UNKNOWN_METHOD_READS, "unknown-method-reads", "", 1, "http-method-case",
        "a method that nobody knows is taken for a GET";
    HEADER_REFUSED, "header-refused", "", 1, "http-unknown-header",
        "a header that is not known is answered 400";
    LONG_URL_CRASH, "long-url-crash", "", 1, "err-414-long-url",
        "a very long URL is answered 500";
}
