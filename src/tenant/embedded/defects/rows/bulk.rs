//! Bugs of bulk requests.

use super::{Defect, Row, defects};

defects! {
    "bulk";
    BULK_MULTI_STATUS, "bulk-multi-status", "", 1, "bulk-200",
        "a bulk request is answered 207";
    BULK_STATUS_AS_NUMBER, "bulk-status-as-number", "", 1, "bulk-status-form",
        "`status` of a result is a number";
    BULK_ID_NOT_ECHOED, "bulk-id-not-echoed", "", 1, "bulk-bulkid-echo",
        "results have no `bulkId`";
    BULK_LOCATION_MISSING, "bulk-location-missing", "", 1, "bulk-location",
        "what failed has no `location`, although the resource is there";
    BULK_ERROR_WITHOUT_RESPONSE, "bulk-error-without-response", "", 1, "bulk-error-response",
        "a failed operation has a `status` and no error body";
    BULK_SUCCESSES_LEFT_OUT, "bulk-successes-left-out", "", 1, "bulk-all-results",
        "only what failed has a result";
    BULK_PATCH_REFUSED, "bulk-patch-refused", "", 1, "bulk-put-patch-delete",
        "PATCH works by itself and not in a bulk request";
    BULK_DUPLICATE_ID_ACCEPTED, "bulk-duplicate-id-accepted", "", 1, "bulk-bulkid-unique",
        "two operations of one request may have one `bulkId`";
    BULK_FORWARD_REFERENCE_LOST, "bulk-forward-reference-lost", "", 2, "bulk-bulkid-forward",
        "a reference to a later operation is dropped and the resource created without it";
    BULK_EXTENSION_REFERENCE_STORED, "bulk-extension-reference-stored", "", 2,
        "bulk-bulkid-extension",
        "a reference in an extension is stored as it is written";
    BULK_UNKNOWN_REFERENCE_DROPPED, "bulk-unknown-reference-dropped", "", 1,
        "bulk-bulkid-unknown",
        "a reference to nothing is dropped and the resource created without it";
    BULK_ID_OUTLIVES_JOB, "bulk-id-outlives-job", "", 2, "bulk-bulkid-unknown",
        "a `bulkId` of an earlier request still points to its resource";
    BULK_CIRCLE_CRASH, "bulk-circle-crash", "", 1, "bulk-circular",
        "two groups that are members of each other are answered 500";
    BULK_CIRCLE_HALF_LINKED, "bulk-circle-half-linked", "", 2, "bulk-circular",
        "of two groups that are members of each other one is left empty";
    BULK_STOPS_AT_FIRST_ERROR, "bulk-stops-at-first-error", "", 1, "bulk-continue-on-error",
        "the first error ends a request that sets no `failOnErrors`";
    BULK_FAIL_ON_ERRORS_IGNORED, "bulk-fail-on-errors-ignored", "", 1, "bulk-failonerrors",
        "`failOnErrors` is ignored";
    BULK_STOP_ONLY_SHOWN, "bulk-stop-only-shown", "", 2, "bulk-failonerrors",
        "`failOnErrors` ends the results, while the later operations are carried out";
    BULK_FAIL_ON_ERRORS_IS_ONE, "bulk-fail-on-errors-is-one", "", 1, "bulk-failonerrors-n",
        "any `failOnErrors` means the first error";
    BULK_ALL_OR_NOTHING, "bulk-all-or-nothing", "", 2, "bulk-no-transaction",
        "one error takes back what the other operations have created";
    BULK_DELETES_LAST, "bulk-deletes-last", "", 1, "bulk-sequential-effect",
        "deletions are carried out after everything else";
    BULK_VERSION_IGNORED, "bulk-version-ignored", "", 3, "bulk-version",
        "`version` of an operation is ignored";
    BULK_OPERATIONS_UNLIMITED, "bulk-operations-unlimited", "", 2, "bulk-maxoperations",
        "a request of more operations than `maxOperations` is carried out";
    BULK_PAYLOAD_UNLIMITED, "bulk-payload-unlimited", "", 2, "bulk-maxpayload",
        "a request of more bytes than `maxPayloadSize` is carried out";
}
