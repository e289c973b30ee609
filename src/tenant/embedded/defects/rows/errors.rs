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
}
