//! Bugs of asynchronous requests.

use super::{Defect, Row, defects};

defects! {
    "async";
    ACCEPTED_WITH_BODY, "accepted-with-body", "", 1, "async-202-empty",
        "a 202 has a body";
    TRANSACTION_UNSAID, "transaction-unsaid", "", 1, "async-set-txn",
        "a 202 has no `Set-Txn`";
    TRANSACTION_REPEATED, "transaction-repeated", "", 2, "async-set-txn",
        "every 202 has the same `Set-Txn`";
    PREFERENCE_UNSAID, "preference-unsaid", "", 1, "async-preference-applied",
        "a 202 has no `Preference-Applied`";
    LOCATION_OF_NOBODY, "location-of-nobody", "", 1, "async-location",
        "`Location` of a 202 is the collection";
    ACCEPTED_AND_FORGOTTEN, "accepted-and-forgotten", "", 2, "async-eventually",
        "what a 202 has accepted is never done";
    PREFERENCE_REFUSED, "preference-refused", "", 1, "async-prefer-sync-ok",
        "a request with `Prefer` is refused";
    NOT_ACCEPTABLE_LATER, "not-acceptable-later", "", 1, "async-accept-ignored",
        "an asynchronous request that accepts plain text is answered 406";
    WAIT_IGNORED, "wait-ignored", "", 1, "async-wait",
        "the `wait` of a preference is ignored";
    ASYNC_KEYWORD_UNKNOWN, "async-keyword-unknown", "", 1, "async-spc",
        "`securityEvents.asyncRequest` is none of the keywords";
}
