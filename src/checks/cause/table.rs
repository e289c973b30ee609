//! The table of causes, in the order of damage.
//!
//! A row says what is wrong, how to mend it, and how the ids of its checks begin. To add a check is
//! to touch nothing here, as long as its id begins like those of its kind.

use super::Cause;
use super::Damage::{Access, Accounts, Attributes, Connection, Form};

const fn cause(
    damage: super::Damage,
    id: &'static str,
    sentence: &'static str,
    mend: &'static str,
    checks: &'static str,
) -> Cause {
    Cause { id, damage, sentence, mend, checks }
}

/// Every root cause.
pub const CAUSES: &[Cause] = &[
    cause(
        Connection,
        "tls",
        "the connection is not secured as Entra insists on",
        "Offer TLS 1.2 or later with an ECDHE suite and AES-GCM, a certificate that holds, and \
         nothing older.",
        "tls-",
    ),
    cause(
        Connection,
        "token",
        "a Secret Token is not taken or turned down as such",
        "Answer 401 with a SCIM error and WWW-Authenticate to a missing or wrong token, and take \
         a right one whatever the case of `Bearer`.",
        "entra-oauth- entra-bad-token- auth-missing- auth-invalid- auth-401- auth-www- \
         auth-scheme- auth-discovery-",
    ),
    cause(
        Connection,
        "tenant-url",
        "requests that Entra joins to the Tenant URL go astray",
        "Route by the path alone: keep the query of the Tenant URL, take a slash too many, and \
         answer without a redirect.",
        "http-url-join entra-query-flag- http-get- http-unknown-header err-redirect- err-keepalive \
         vers-",
    ),
    cause(
        Connection,
        "media-type",
        "bodies typed as SCIM or JSON are not taken or not sent",
        "Take and send application/scim+json, take application/json as well, and pay no regard \
         to a charset.",
        "media-",
    ),
    cause(
        Connection,
        "look-up-of-nobody",
        "a look-up that finds nobody is not an empty list",
        "Answer a filter that nothing meets with 200 and a ListResponse with totalResults 0, \
         never with 404 or an error.",
        "entra-test-connection entra-match-status list-no-match- list-resources \
         entra-group-filter-none list-urn",
    ),
    cause(
        Accounts,
        "server-errors",
        "requests end in a server error",
        "Answer what cannot be done with a SCIM error of the 400 class; a 500 makes Entra try \
         again until it gives the account up.",
        "err-no-5xx err-500- prop-no-5xx",
    ),
    cause(
        Accounts,
        "throttling",
        "the tenant throttles what Entra sends",
        "Bear 25 requests a second from one client, and say 429 with Retry-After beyond that.",
        "entra-rate- err-429-",
    ),
    cause(
        Accounts,
        "user-name-letter-case",
        "letter case of names makes another user or group",
        "Compare userName, and displayName of groups, without regard to letter case, in filters \
         and in the search for duplicates alike.",
        "user-username-filter-ci user-username-unique-ci user-username-rename-case- \
         entra-group-filter-case i18n-username- i18n-confusables prop-case-name-",
    ),
    cause(
        Accounts,
        "matching",
        "a look-up does not find exactly the one object asked for",
        "Evaluate `eq` on every Matching attribute exactly, decode + and %20 alike, and refuse a \
         filter that is not understood instead of passing it over.",
        "filter-username-eq filter-only-matches filter-unsupported- filter-valuepath-subattr \
         filter-plus- filter-unknown-attr filter-id filter-eq-subattr filter-percent- \
         filter-string-escapes filter-apostrophe filter-value-with- filter-injection- \
         filter-mutation- list-200 list-single-hit- list-created- group-filter-displayname \
         entra-group-filter extid-filter user-inactive-readable spc-truth-filter i18n-filter- \
         list-deleted-",
    ),
    cause(
        Accounts,
        "uniqueness",
        "a name that is taken is given away again, or a free one refused",
        "Refuse a second userName with 409 `uniqueness` in POST, PUT and PATCH, also of disabled \
         users, and free it when its user is deleted.",
        "user-username-unique user-inactive-unique user-username-freed \
         user-username-rename-conflict create-conflict- create-replay patch-unique- put-unique- \
         group-displayname-unique entra-converged-users-once entra-converged-groups-once \
         extid-no-uniqueness auth-tenant-uniqueness- delete-name-free entra-hard-delete- \
         query-single- prop-unique-",
    ),
    cause(
        Accounts,
        "creating-users",
        "a user as Entra creates one is not made",
        "Take every attribute that Entra sends in a POST, pass over what is not supported, and \
         answer 201 with the id and the whole user.",
        "create- entra-create-user entra-create-body entra-create-nulls \
         entra-converged-users-present entra-username-not-email user-username-required \
         user-username-nonempty prop-create-get",
    ),
    cause(
        Accounts,
        "creating-groups",
        "a group as Entra creates one is not made",
        "Take a group with displayName and externalId, with and without members, and answer 201 \
         with its id.",
        "entra-create-group group-create- group-foreign-schema- group-displayname-required \
         entra-converged-groups-present entra-export-accepted",
    ),
    cause(
        Accounts,
        "identity",
        "an object is not found under the id it was given",
        "Give every resource an id of the server's own, never change it, and answer it under \
         that id until it is deleted.",
        "id- get- entra-converged-readable prop-get-repeatable prop-id-stable-unique",
    ),
    cause(
        Accounts,
        "renaming-users",
        "a user's new name is not taken over",
        "Let PATCH and PUT change userName of an existing user, and find the user under the new \
         name alone.",
        "user-username-rename entra-username-rename- prop-rename-consistent",
    ),
    cause(
        Accounts,
        "paging",
        "pages lose or repeat somebody",
        "Count totalResults over all pages, begin at startIndex, cap count instead of refusing \
         it, and keep one order from page to page.",
        "page- list-total entra-pagination- sort-with-paging list-toomany list-itemsperpage \
         spc-maxresults- cursor- prop-pages-",
    ),
    cause(
        Access,
        "patching",
        "PATCH is not offered, or its answer is not the state after it",
        "Support PATCH for users and groups, and answer 200 with the new state or 204.",
        "patch-supported patch-200- spc-truth-patch prop-patch-",
    ),
    cause(
        Access,
        "disabling-users",
        "a user cannot be disabled and restored",
        "Set `active` from true and false and from Entra's \"True\" and \"False\", store a \
         boolean, and keep a disabled user readable.",
        "user-active- type-boolean entra-disable- entra-update-inactive \
         entra-converged-user-active patch-replace-active- prop-deactivate-",
    ),
    cause(
        Access,
        "deleting",
        "what was deleted is still there, or deleting it is not answered 204",
        "Answer a DELETE with 204, every later request for that id with 404, and leave it out of \
         lists.",
        "delete- entra-delete- entra-converged-users-deleted entra-converged-groups-deleted \
         prop-delete- prop-cleanup-complete",
    ),
    cause(
        Access,
        "memberships",
        "members are not added or removed as asked",
        "Apply add, remove and replace of `members` to exactly the members named, also to a \
         removal whose value names them, and never to the others.",
        "group-member entra-add-member entra-remove-member- entra-members- group-multi- \
         group-nested group-self- group-large entra-converged-members- \
         entra-converged-no-dangling- patch-add-multi-mixed put-group-members \
         entra-group-lifecycle user-groups- group-user-delete- group-delete-keeps- \
         prop-membership- prop-member-order-",
    ),
    cause(
        Access,
        "lost-updates",
        "of changes at the same time some are lost",
        "Apply each PATCH to the state that the one before it left, under a lock or with a retry.",
        "entra-concurrent- patch-concurrent- page-concurrent- create-conflict-race delete-race \
         prop-replay- prop-lost-response prop-read-your-writes prop-membership-concurrent- \
         prop-serial- prop-if-match- prop-linearizable- prop-monotonic-",
    ),
    cause(
        Access,
        "renaming-groups",
        "a group's new name is not taken over",
        "Let PATCH change displayName of a group, and keep its id and its members.",
        "group-displayname-rename entra-group-rename- entra-rename-answer \
         entra-converged-group-names",
    ),
    cause(
        Access,
        "access-control",
        "somebody without the right to it gets in",
        "Check token, expiry, rights and tenant of every request before anything else.",
        "auth-",
    ),
    cause(
        Access,
        "secrets",
        "a secret is shown, or can be found out",
        "Never return, log or filter by a password, and give nothing away in errors, URLs and \
         cookies.",
        "user-password- entra-no-secret- sec- err-no-leak proj-never filter-writeonly",
    ),
    cause(
        Attributes,
        "value-path-without-match",
        "a PATCH value path that finds nothing",
        "Make the value that the filter of the path describes, such as a first e-mail of type \
         work, instead of refusing or passing over.",
        "patch-add-valuepath-nomatch patch-replace-valuepath-nomatch",
    ),
    cause(
        Attributes,
        "value-paths",
        "a PATCH value path changes the wrong value",
        "Apply an operation to the values that the filter of its path selects, and leave the \
         others as they were.",
        "patch-path-valuepath patch-path-filter- patch-path-readonly-filter patch-add-valuepath- \
         patch-replace-valuepath- patch-remove-valuepath patch-remove-nomatch entra-valuepath- \
         entra-email- entra-role- entra-update-sequence",
    ),
    cause(
        Attributes,
        "entra-patch",
        "a PATCH in Entra's words is not applied whole",
        "Take `op` in any case, several operations in one request, and dotted or URN-qualified \
         keys in a value without a path.",
        "patch-op-case entra-flagged- patch-add-nopath-dotted ent-nopath-qualified- \
         entra-replace-verbose entra-add-verbose entra-add-attributes entra-remove-attributes \
         entra-update-each entra-multi-ops patch-extra-members patch-operations- \
         prop-path-forms-equal prop-entra-dialects-equal",
    ),
    cause(
        Attributes,
        "partial-patches",
        "a PATCH that fails is applied in part",
        "Run all operations of a PATCH in order on a copy, and store it only when every one of \
         them succeeded.",
        "patch-atomic patch-sequential patch-many-ops prop-patch-atomic prop-reject-no-effect",
    ),
    cause(
        Attributes,
        "patch-operations",
        "an operation of PATCH does not do what it says",
        "Follow RFC 7644 §3.5.2.1 to §3.5.2.3: add appends or sets, replace sets, remove takes \
         away, each by its path.",
        "patch-",
    ),
    cause(
        Attributes,
        "no-value",
        "taking a value away leaves something behind",
        "Treat null, an empty list and a removal alike: the attribute is unassigned and left out \
         or null in answers.",
        "null- empty-string entra-null- entra-empty- patch-replace-null \
         patch-replace-required-null patch-remove-last- put-null- prop-null-absent-equal",
    ),
    cause(
        Attributes,
        "primary-values",
        "more than one value is primary",
        "Take the mark from the old value whenever another one becomes primary.",
        "patch-primary- mv-primary- put-primary patch-remove-primary- prop-primary-one",
    ),
    cause(
        Attributes,
        "managers",
        "a manager is not kept, changed or cleared",
        "Take the id of a manager as text and as an object, under the full URN, and clear it on \
         an empty value.",
        "ent-manager- entra-manager- entra-converged-user-manager",
    ),
    cause(
        Attributes,
        "enterprise-extension",
        "attributes of the enterprise extension are lost",
        "Keep the extension under its full URN, name it in `schemas`, and reach its attributes \
         by paths with that URN.",
        "ent- repr-ext-",
    ),
    cause(
        Attributes,
        "external-id",
        "externalId is not kept as the client set it",
        "Keep externalId letter for letter, change it only when asked, and let a filter find it.",
        "extid- group-externalid entra-group-replace-external-",
    ),
    cause(
        Attributes,
        "user-attributes",
        "an attribute of a user does not come back as it was sent",
        "Store the attributes of the core User schema and return them with the same value.",
        "user- entra-phones- entra-converged-user-attributes media-utf8- media-json-escape- \
         media-large- media-control- media-duplicate- media-names-",
    ),
    cause(
        Attributes,
        "group-attributes",
        "an attribute of a group does not come back as it was sent",
        "Store the attributes of the core Group schema and return them with the same value.",
        "group- entra-converged-group-attributes",
    ),
    cause(
        Attributes,
        "data-types",
        "a value is stored or shown as another type",
        "Store and show each attribute in the type that its schema names, and refuse another \
         with 400 `invalidValue`.",
        "type- mv- ref-",
    ),
    cause(
        Attributes,
        "replacing",
        "PUT does not replace a resource as it should",
        "Let PUT set what its body has, clear what it leaves out, pass over readOnly attributes, \
         and never create.",
        "put- prop-put-",
    ),
    cause(
        Attributes,
        "protected-values",
        "a value that no client may change is changed",
        "Pass over or refuse what a client sends for id, meta, groups and other readOnly or \
         immutable attributes.",
        "create-readonly- create-default- patch-readonly- patch-remove-readonly put-readonly- \
         put-immutable- patch-immutable- id-server-issued meta-client- user-groups-in- \
         user-groups-patch- ent-manager-displayname-ro sec-mass- put-id-mismatch \
         prop-readonly-shield",
    ),
    cause(
        Form,
        "error-form",
        "errors are not SCIM errors",
        "Send every error as application/scim+json with `schemas`, `status` as text, `scimType` \
         where one fits, and a `detail`.",
        "err- unsupported- media-error- patch-error- prop-error-form",
    ),
    cause(
        Form,
        "bad-requests",
        "a request that makes no sense is not refused cleanly",
        "Answer what cannot be read or meant with 400 and invalidSyntax, invalidValue, \
         invalidPath or invalidFilter, and change nothing.",
        "create-malformed- create-empty-body create-json- create-schemas- create-required- \
         patch-malformed patch-schemas-required patch-wrong-schemas patch-op-required \
         patch-op-unknown patch-path-invalid patch-path-unknown- put-malformed search-bad- \
         filter-malformed filter-unknown-operator filter-gt-boolean- filter-gt-binary- \
         filter-valuepath-nested- filter-unquoted- filter-single-quotes- prop-unknown-harmless",
    ),
    cause(
        Form,
        "filters",
        "a part of the filter language is read wrongly",
        "Follow the grammar of RFC 7644 §3.4.2.2: operators and names in any case, not before \
         and before or, brackets, value paths, and order by type.",
        "filter- prop-filter-",
    ),
    cause(
        Form,
        "lists",
        "a list does not show what it should",
        "Show in lists what a read shows, in a ListResponse with right counts, and pass over \
         parameters nobody knows.",
        "list- query- prop-list-equals-get",
    ),
    cause(
        Form,
        "sorting",
        "sorting gives another order than asked for",
        "Sort by the attribute that sortBy names, by its type and letter case rule, those \
         without a value last when ascending.",
        "sort- i18n-sort spc-truth-sort prop-sort-",
    ),
    cause(
        Form,
        "projection",
        "attributes and excludedAttributes do not choose what is shown",
        "Show what `attributes` names and what is always returned, and leave out what \
         excludedAttributes names.",
        "proj- group-get-excl- patch-attributes- create-projection prop-projection-",
    ),
    cause(
        Form,
        "searching",
        "POST to /.search is not the same as the query",
        "Let a SearchRequest at /.search mean what the same parameters mean in a GET.",
        "search- prop-search-get-equal",
    ),
    cause(
        Form,
        "metadata",
        "`meta` does not tell the truth",
        "Return meta with resourceType, created, lastModified that moves with changes only, and \
         the location under which the resource is read.",
        "meta- create-location- prop-get-pure prop-lastmod-",
    ),
    cause(
        Form,
        "resource-form",
        "a resource is not in the form of its schema",
        "Name the base schema and each extension with values in `schemas`, once each, and spell \
         attributes as the schema does.",
        "repr-",
    ),
    cause(
        Form,
        "configuration",
        "/ServiceProviderConfig does not say what is so",
        "Return one object with every member of RFC 7643 §5, and say `supported` of exactly what \
         works.",
        "spc-",
    ),
    cause(
        Form,
        "resource-types",
        "/ResourceTypes does not describe the endpoints",
        "List each type with endpoint, schema and extensions, as a ListResponse, and each type \
         under its own URL.",
        "rt- disc-",
    ),
    cause(
        Form,
        "schemas",
        "/Schemas does not describe the attributes",
        "Describe each attribute that is taken or shown with all its characteristics, in the \
         keywords of RFC 7643 §7.",
        "schema- entra-schema- prop-schema-valid",
    ),
    cause(
        Form,
        "versions",
        "ETags and versions do not follow the resource",
        "Change the ETag with every change and with nothing else, show it in meta.version, and \
         stop a write that names an old one with 412.",
        "etag- create-etag put-etag- patch-etag- get-etag delete-if-match spc-truth-etag \
         prop-304-coherent prop-etag-",
    ),
    cause(
        Form,
        "bulk",
        "bulk is promised and not offered, or the reverse",
        "Say in /ServiceProviderConfig whether bulk is supported with its limits, and let POST \
         /Bulk do what it says.",
        "spc-bulk- spc-truth-bulk bulk- prop-bulk-",
    ),
    cause(
        Form,
        "asynchronous-requests",
        "an asynchronous request is not taken or not answered as it should",
        "Say in /ServiceProviderConfig what is offered, answer `Prefer: respond-async` with 202 \
         and Set-Txn, or at once as if it were not there.",
        "async-",
    ),
    cause(
        Form,
        "draft-profiles",
        "what a draft profile asks for beyond the RFCs is not so",
        "Follow the draft only where a client of yours asks for it: Entra does not.",
        "iop- ipsie-",
    ),
    cause(
        Form,
        "me",
        "/Me is not the user who asks",
        "Answer /Me as the resource of whoever is authenticated, or 501.",
        "me-",
    ),
    cause(
        Form,
        "http",
        "rules of HTTP itself are not kept",
        "Answer HEAD, Date, methods in their case and long URLs as RFC 9110 says.",
        "http- get-head err-404- err-405- err-414-",
    ),
];
