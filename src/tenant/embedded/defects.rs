//! Bugs that real servers have had, each with a switch. They prove the checks: every defect must
//! be found, and a clean tenant must show none.
//!
//! A defect is one small `if` where the bug would sit, and no `if` is reachable unless switched
//! on. The sentence says what the server does wrong; `seen` numbers those that were met in the
//! wild, and is empty for the others. Add a line here and the `if` where the bug would sit.

pub(super) mod patch;
pub(super) mod query;

use std::fmt;

/// Declares the defects once: variant, id, area, rows, requests, check, sentence.
macro_rules! defects {
    ($( $variant:ident, $id:literal, $area:literal, $seen:literal, $requests:literal,
        $check:literal, $sentence:literal; )+) => {
        /// A named, switchable bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Defect { $( #[doc = $sentence] $variant, )+ }

        impl Defect {
            /// Every defect, by area.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The kebab-case name for the command line and reports.
            pub fn id(self) -> &'static str {
                match self { $( Self::$variant => $id, )+ }
            }

            /// What part of the protocol it breaks, in one word.
            pub fn area(self) -> &'static str {
                match self { $( Self::$variant => $area, )+ }
            }

            /// Where it was met in the wild, such as `W-01`, several with a space between; empty
            /// where it is ours.
            pub fn seen(self) -> &'static str {
                match self { $( Self::$variant => $seen, )+ }
            }

            /// How few requests show it, beyond those that make what they name.
            pub fn requests(self) -> usize {
                match self { $( Self::$variant => $requests, )+ }
            }

            /// The check that names the cause: it at least must find the defect.
            pub fn check(self) -> &'static str {
                match self { $( Self::$variant => $check, )+ }
            }

            /// What the server does wrong, as a sentence without its full stop.
            pub fn sentence(self) -> &'static str {
                match self { $( Self::$variant => $sentence, )+ }
            }
        }
    };
}

defects! {
    BooleanKeptAsText, "boolean-kept-as-text", "patch", "W-01", 1, "type-boolean-string-in",
        "a PATCH of `active` with the text \"False\" stores the text";
    CapitalisedOpRefused, "capitalised-op-refused", "patch", "W-02", 1, "patch-op-case",
        "an operation written `Add`, `Replace` or `Remove` is refused";
    RemoveEmptiesGroup, "remove-empties-group", "patch", "W-03",
        2, "group-members-remove-valuearray",
        "removing one member by value removes all members";
    NullReferenceRefused, "null-reference-refused", "patch", "W-04", 1, "group-member-null-ref",
        "a member with `$ref: null` is refused";
    LostUpdates, "lost-updates", "patch", "W-05", 3, "entra-concurrent-members",
        "of two PATCH requests at the same time one is lost";
    RepeatedMemberRefused, "repeated-member-refused", "patch", "W-06", 2, "group-member-dup-add",
        "adding a member again, or removing one that is not there, is an error";
    LiteralKeysStored, "literal-keys-stored", "patch", "W-14", 1, "patch-add-nopath-dotted",
        "dotted and URN keys of a value without a path are stored as they are written";
    AbsentValuePathRefused, "absent-value-path-refused", "patch", "W-16",
        1, "patch-add-valuepath-nomatch",
        "replacing a value that is not there yet is refused with `noTarget`";
    SiblingsDeleted, "siblings-deleted", "patch", "W-17", 1, "entra-email-siblings",
        "replacing the work e-mail deletes the other e-mails";
    InactiveUserRefused, "inactive-user-refused", "patch", "W-31", 2, "entra-update-inactive",
        "a user who is not active cannot be updated";
    StaleAnswer, "stale-answer", "patch", "W-43", 2, "patch-200-body",
        "the answer to a PATCH shows the state before it";
    EmptyOperationsCrash, "empty-operations-crash", "patch", "W-45",
        1, "patch-operations-required",
        "a PATCH without operations is answered 500";
    PatchNotAtomic, "patch-not-atomic", "patch", "W-44", 2, "patch-atomic",
        "of a PATCH that fails, the operations before the failure stay";
    IdChangesOnUpdate, "id-changes-on-update", "patch", "", 2, "id-stable",
        "an updated user gets a new id";
    ValuesAppended, "values-appended", "patch", "", 1, "patch-replace-multi-all",
        "replacing all values of an attribute appends to them";
    ComplexReplacedWhole, "complex-replaced-whole", "patch", "", 1, "patch-replace-complex-merge",
        "replacing some sub-attributes of a complex attribute drops the others";
    TwoPrimaries, "two-primaries", "patch", "", 1, "patch-primary-demotes",
        "a new primary value leaves the mark on the old one";
    PathCaseSensitive, "path-case-sensitive", "patch", "", 1, "patch-path-ci",
        "a path is understood in the exact case alone";
    PutMerges, "put-merges", "put", "", 1, "put-replaces-values",
        "a PUT adds to the values that are there";
    RenameIgnored, "rename-ignored", "groups", "W-47", 1, "group-displayname-rename",
        "a group's new name is answered 2xx and not kept";
    RenameMakesSecondGroup, "rename-makes-second-group", "groups", "R13",
        2, "group-displayname-rename",
        "a rename creates a second group and leaves the first as it was";
    MembersNotExcluded, "members-not-excluded", "groups", "W-54", 1, "group-get-excl-members",
        "members are returned although `excludedAttributes` names them";
    DuplicateGroupsAccepted, "duplicate-groups-accepted", "groups", "W-60",
        1, "group-displayname-unique",
        "a second group with the same name is accepted";
    GroupDeleteRefused, "group-delete-refused", "groups", "W-36", 1, "delete-group-204",
        "a group cannot be deleted";
    GroupsMissing, "groups-missing", "groups", "W-27", 1, "entra-match-status",
        "`/Groups` is not there";
    EmptyResultNotFound, "empty-result-not-found", "filter", "W-19", 1, "entra-match-status",
        "a filter that matches nothing is answered 404";
    ExternalIdFilterRefused, "external-id-filter-refused", "filter", "W-20", 1, "extid-filter",
        "a filter on `externalId` is refused";
    FilterIgnored, "filter-ignored", "filter", "W-21", 1, "filter-only-matches",
        "a filter is ignored and everything is returned";
    UserNameCaseSensitive, "user-name-case-sensitive", "filter", "W-22",
        1, "user-username-filter-ci",
        "`userName eq` finds a user in the exact case alone";
    GroupNameCaseSensitive, "group-name-case-sensitive", "filter", "W-55",
        1, "entra-group-filter-case",
        "`displayName eq` finds a group in the exact case alone";
    InactiveHidden, "inactive-hidden", "filter", "W-34", 2, "user-inactive-readable",
        "users who are not active are hidden from filters";
    UnknownFilterCrash, "unknown-filter-crash", "filter", "W-42", 1, "filter-unknown-attr",
        "a filter on an unknown attribute is answered 500";
    NotMissesAbsent, "not-misses-absent", "filter", "", 1, "filter-not",
        "`not` leaves out those who have no value";
    OrBeforeAnd, "or-before-and", "filter", "", 1, "filter-precedence-and-or",
        "`a or b and c` is read from left to right";
    ValuePathAcrossValues, "value-path-across-values", "filter", "",
        1, "filter-valuepath-same-element",
        "what stands in brackets may be met by different values";
    BooleanOrderAccepted, "boolean-order-accepted", "filter", "", 1, "filter-gt-boolean-400",
        "`active gt false` is answered with a list";
    SortIgnored, "sort-ignored", "sorting", "", 1, "sort-by",
        "`sortBy` is ignored";
    CountZeroIgnored, "count-zero-ignored", "paging", "", 1, "page-count-zero",
        "a `count` of 0 returns everything";
    PageWrapsRound, "page-wraps-round", "paging", "", 2, "page-beyond-end",
        "beyond the end is the first page again";
    AttributesIgnored, "attributes-ignored", "projection", "", 1, "proj-list",
        "`attributes` is ignored in lists";
    ProjectionStored, "projection-stored", "projection", "", 2, "proj-does-not-filter-storage",
        "a PATCH that names `attributes` deletes all others";
    CountIgnored, "count-ignored", "paging", "", 1, "page-count-upper-bound",
        "`count` is ignored";
    TotalIsPageSize, "total-is-page-size", "paging", "", 2, "list-total-exact",
        "`totalResults` is the number on this page";
    PlainJsonMediaType, "plain-json-media-type", "answers", "W-24", 1, "media-accept-scim-json",
        "answers are typed application/json";
    ResourcesMissing, "resources-missing", "answers", "W-25", 1, "list-resources",
        "an empty list has no `Resources`";
    ActiveAnsweredAsText, "active-answered-as-text", "answers", "W-33", 1, "type-boolean",
        "`active` is returned as text";
    NumericStatus, "numeric-status", "answers", "W-48", 1, "err-status-string",
        "`status` of an error is a number";
    HtmlErrorPage, "html-error-page", "answers", "", 1, "err-json-body",
        "errors are HTML pages";
    PasswordReturned, "password-returned", "answers", "", 1, "user-password-never-returned",
        "the password is returned";
    LocationMissing, "location-missing", "create", "", 1, "create-location-header",
        "a 201 has no `Location`";
    DuplicateUserAccepted, "duplicate-user-accepted", "create", "", 1, "create-conflict-409",
        "a second user with the same `userName` is accepted";
    ConflictWithoutType, "conflict-without-type", "create", "W-32", 1, "create-conflict-scimtype",
        "a 409 has no `scimType`";
    MetaRefused, "meta-refused", "create", "W-37", 1, "meta-client-ignored",
        "a new resource with `meta` in it is refused";
    SecondGroupUrnRefused, "second-group-urn-refused", "create", "W-38",
        1, "group-foreign-schema-urn",
        "a new group that also names Microsoft's Group URN is refused";
    DeletedUserReadable, "deleted-user-readable", "delete", "", 2, "delete-get-404",
        "a deleted user can still be read";
    DeleteOnlyDeactivates, "delete-only-deactivates", "delete", "W-35", 2, "delete-not-deactivate",
        "deleting a user only sets `active` to false";
    UnknownIdCrash, "unknown-id-crash", "errors", "", 1, "get-404",
        "an unknown id is answered 500";
    ErrorUnderOk, "error-under-ok", "errors", "", 1, "err-not-200",
        "what is not found is answered 200 with an error in the body";
    TraceShown, "trace-shown", "errors", "", 1, "err-no-leak",
        "an error shows where in the server it came up";
    SchemeCaseSensitive, "scheme-case-sensitive", "access", "", 1, "auth-scheme-name-case",
        "a credential whose scheme is written `bearer` is refused";
    ChallengeMissing, "challenge-missing", "access", "", 1, "auth-www-authenticate",
        "a 401 has no `WWW-Authenticate`";
    AnonymousCreate, "anonymous-create", "access", "", 1, "auth-write-protected",
        "a user can be created without credentials";
    LettersLost, "letters-lost", "create", "", 1, "media-utf8-default",
        "letters beyond ASCII are kept as question marks";
    FlagsAsText, "flags-as-text", "discovery", "", 1, "spc-types-json",
        "the flags of `/ServiceProviderConfig` are texts";
    TypesAsArray, "types-as-array", "discovery", "", 1, "rt-list",
        "`/ResourceTypes` is a bare array";
    DiscoveryPaged, "discovery-paged", "discovery", "", 1, "schema-page-ignored",
        "`count` cuts the list of schemas and of resource types";
    KeywordsInLowerCase, "keywords-in-lower-case", "discovery", "", 1, "schema-keyword-values",
        "`mutability` of an attribute is spelled in lower case";
    SchemaUnreadable, "schema-unreadable", "discovery", "", 1, "schema-get-one",
        "a schema cannot be read by itself";
    StraySlashUnknown, "stray-slash-unknown", "errors", "W-26", 1, "http-url-join",
        "a slash before the query is answered 404";
}

impl Defect {
    /// Finds a defect by id, or by the row where it was met, in any case.
    pub fn from_id(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|defect| {
            defect.id().eq_ignore_ascii_case(text)
                || defect
                    .seen()
                    .split(' ')
                    .any(|row| !row.is_empty() && row.eq_ignore_ascii_case(text))
        })
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The defects that are switched on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Defects([u64; WORDS]);

const WORDS: usize = 6;

impl Defects {
    pub(super) fn new(defects: &[Defect]) -> Self {
        let mut all = Self::default();
        for defect in defects {
            let (word, bit) = place(*defect);
            all.0[word] |= bit;
        }
        all
    }

    /// Whether any defect is switched on.
    pub(super) fn any(self) -> bool {
        self.0 != [0; WORDS]
    }

    /// Whether the defect is switched on.
    pub(super) fn has(self, defect: Defect) -> bool {
        let (word, bit) = place(defect);
        self.0[word] & bit != 0
    }
}

fn place(defect: Defect) -> (usize, u64) {
    let number = defect as usize;
    (number / 64, 1 << (number % 64))
}

const _: () = assert!(Defect::ALL.len() <= 64 * WORDS, "every defect has a place in the set");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_kebab_case_and_lead_back() {
        let ids: BTreeSet<&str> = Defect::ALL.iter().map(|defect| defect.id()).collect();
        assert_eq!(ids.len(), Defect::ALL.len());
        for defect in Defect::ALL {
            let id = defect.id();
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id}");
            assert_eq!(Defect::from_id(id), Some(*defect));
            assert!(!defect.sentence().ends_with('.') && !defect.area().is_empty(), "{id}");
        }
        assert_eq!(Defect::from_id("w-03"), Some(Defect::RemoveEmptiesGroup));
        assert_eq!(Defect::from_id(""), None);
        assert_eq!(Defect::from_id("nonsense"), None);
    }

    #[test]
    fn only_what_is_switched_on_is_on() {
        let defects = Defects::new(&[Defect::FilterIgnored, Defect::StraySlashUnknown]);
        let on: Vec<_> = Defect::ALL.iter().filter(|it| defects.has(**it)).collect();
        assert_eq!(on, [&Defect::FilterIgnored, &Defect::StraySlashUnknown]);
    }
}
