//! Bugs of letting in and keeping out.

use super::{Defect, Row, defects};

defects! {
    "access";
    SCHEME_CASE_SENSITIVE, "scheme-case-sensitive", "", 1, "auth-scheme-name-case",
        "a credential whose scheme is written `bearer` is refused";
    CHALLENGE_MISSING, "challenge-missing", "", 1, "auth-www-authenticate",
        "a 401 has no `WWW-Authenticate`";
    ANONYMOUS_CREATE, "anonymous-create", "", 1, "auth-write-protected",
        "a user can be created without credentials";
}
