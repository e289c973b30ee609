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
    EVERYONE_LET_IN, "everyone-let-in", "F-01", 1, "auth-missing-401",
        "a request without credentials is answered like any other";
    ANY_TOKEN_TAKEN, "any-token-taken", "", 1, "entra-bad-token-401",
        "any bearer token lets in";
    TOKEN_IN_QUERY_TAKEN, "token-in-query-taken", "", 1, "auth-token-in-query-refused",
        "an `access_token` in the query lets in";
    REFUSAL_WITHOUT_BODY, "refusal-without-body", "", 1, "auth-401-error-body",
        "a 401 has no body";
    MALFORMED_CREDENTIAL_CRASH, "malformed-credential-crash", "", 1, "auth-invalid-401",
        "a credential without a token is answered 500";
    FEW_AT_ONCE, "few-at-once", "W-52", 21, "entra-rate-25rps",
        "of more than twenty requests at the same time the rest are answered 429";
    RETRY_AFTER_MISSING, "retry-after-missing", "", 51, "err-429-retry-after",
        "a 429 does not say when to come again";
    ODD_ID_CRASH, "odd-id-crash", "", 1, "sec-id-traversal",
        "an id with an apostrophe is answered 500";
    PUBLIC_CACHE, "public-cache", "", 1, "sec-cache-control",
        "users are offered to public caches";
}
