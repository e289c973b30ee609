//! Bugs that real servers have had, each with a switch. They prove the checks: every defect must
//! be found, and a clean tenant must show none.
//!
//! A defect is one small `if` where the bug would sit, and no `if` is reachable unless switched
//! on. The sentence says what the server does wrong; `seen` numbers those that were met in the
//! wild, and is empty for the others. Add a line here and the `if` where the bug would sit.

pub(super) mod patch;
pub(super) mod query;

use std::fmt;

/// Declares the defects once: variant, id, area, row, sentence.
macro_rules! defects {
    ($( $variant:ident, $id:literal, $area:literal, $seen:literal, $sentence:literal; )+) => {
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

            /// The row where it was met in the wild, such as `W-01`; empty where it is ours.
            pub fn seen(self) -> &'static str {
                match self { $( Self::$variant => $seen, )+ }
            }

            /// What the server does wrong, as a sentence without its full stop.
            pub fn sentence(self) -> &'static str {
                match self { $( Self::$variant => $sentence, )+ }
            }
        }
    };
}

defects! {
    BooleanKeptAsText, "boolean-kept-as-text", "patch", "W-01",
        "a PATCH of `active` with the text \"False\" stores the text";
    CapitalisedOpRefused, "capitalised-op-refused", "patch", "W-02",
        "an operation written `Add`, `Replace` or `Remove` is refused";
    RemoveEmptiesGroup, "remove-empties-group", "patch", "W-03",
        "removing one member by value removes all members";
    NullReferenceRefused, "null-reference-refused", "patch", "W-04",
        "a member with `$ref: null` is refused";
    LostUpdates, "lost-updates", "patch", "W-05",
        "of two PATCH requests at the same time one is lost";
    RepeatedMemberRefused, "repeated-member-refused", "patch", "W-06",
        "adding a member again, or removing one that is not there, is an error";
    LiteralKeysStored, "literal-keys-stored", "patch", "W-14",
        "dotted and URN keys of a value without a path are stored as they are written";
    AbsentValuePathRefused, "absent-value-path-refused", "patch", "W-16",
        "replacing a value that is not there yet is refused with `noTarget`";
    SiblingsDeleted, "siblings-deleted", "patch", "W-17",
        "replacing the work e-mail deletes the other e-mails";
    InactiveUserRefused, "inactive-user-refused", "patch", "W-31",
        "a user who is not active cannot be updated";
    StaleAnswer, "stale-answer", "patch", "W-43",
        "the answer to a PATCH shows the state before it";
    EmptyOperationsCrash, "empty-operations-crash", "patch", "W-45",
        "a PATCH without operations is answered 500";
    PatchNotAtomic, "patch-not-atomic", "patch", "W-44",
        "of a PATCH that fails, the operations before the failure stay";
    IdChangesOnUpdate, "id-changes-on-update", "patch", "",
        "an updated user gets a new id";
    ValuesAppended, "values-appended", "patch", "",
        "replacing all values of an attribute appends to them";
    ComplexReplacedWhole, "complex-replaced-whole", "patch", "",
        "replacing some sub-attributes of a complex attribute drops the others";
    TwoPrimaries, "two-primaries", "patch", "",
        "a new primary value leaves the mark on the old one";
    PathCaseSensitive, "path-case-sensitive", "patch", "",
        "a path is understood in the exact case alone";
    PutMerges, "put-merges", "put", "",
        "a PUT adds to the values that are there";
    RenameIgnored, "rename-ignored", "groups", "W-47",
        "a group's new name is answered 2xx and not kept";
    RenameMakesSecondGroup, "rename-makes-second-group", "groups", "R13",
        "a rename creates a second group and leaves the first as it was";
    MembersNotExcluded, "members-not-excluded", "groups", "W-54",
        "members are returned although `excludedAttributes` names them";
    DuplicateGroupsAccepted, "duplicate-groups-accepted", "groups", "W-60",
        "a second group with the same name is accepted";
    GroupDeleteRefused, "group-delete-refused", "groups", "W-36",
        "a group cannot be deleted";
    GroupsMissing, "groups-missing", "groups", "W-27",
        "`/Groups` is not there";
    EmptyResultNotFound, "empty-result-not-found", "filter", "W-19",
        "a filter that matches nothing is answered 404";
    ExternalIdFilterRefused, "external-id-filter-refused", "filter", "W-20",
        "a filter on `externalId` is refused";
    FilterIgnored, "filter-ignored", "filter", "W-21",
        "a filter is ignored and everything is returned";
    UserNameCaseSensitive, "user-name-case-sensitive", "filter", "W-22",
        "`userName eq` finds a user in the exact case alone";
    GroupNameCaseSensitive, "group-name-case-sensitive", "filter", "W-55",
        "`displayName eq` finds a group in the exact case alone";
    InactiveHidden, "inactive-hidden", "filter", "W-34",
        "users who are not active are hidden from filters";
    UnknownFilterCrash, "unknown-filter-crash", "filter", "W-42",
        "a filter on an unknown attribute is answered 500";
    NotMissesAbsent, "not-misses-absent", "filter", "",
        "`not` leaves out those who have no value";
    OrBeforeAnd, "or-before-and", "filter", "",
        "`a or b and c` is read from left to right";
    ValuePathAcrossValues, "value-path-across-values", "filter", "",
        "what stands in brackets may be met by different values";
    BooleanOrderAccepted, "boolean-order-accepted", "filter", "",
        "`active gt false` is answered with a list";
    SortIgnored, "sort-ignored", "sorting", "",
        "`sortBy` is ignored";
    CountZeroIgnored, "count-zero-ignored", "paging", "",
        "a `count` of 0 returns everything";
    PageWrapsRound, "page-wraps-round", "paging", "",
        "beyond the end is the first page again";
    AttributesIgnored, "attributes-ignored", "projection", "",
        "`attributes` is ignored in lists";
    ProjectionStored, "projection-stored", "projection", "",
        "a PATCH that names `attributes` deletes all others";
    CountIgnored, "count-ignored", "paging", "",
        "`count` is ignored";
    TotalIsPageSize, "total-is-page-size", "paging", "",
        "`totalResults` is the number on this page";
    PlainJsonMediaType, "plain-json-media-type", "answers", "W-24",
        "answers are typed application/json";
    ResourcesMissing, "resources-missing", "answers", "W-25",
        "an empty list has no `Resources`";
    ActiveAnsweredAsText, "active-answered-as-text", "answers", "W-33",
        "`active` is returned as text";
    NumericStatus, "numeric-status", "answers", "W-48",
        "`status` of an error is a number";
    HtmlErrorPage, "html-error-page", "answers", "",
        "errors are HTML pages";
    PasswordReturned, "password-returned", "answers", "",
        "the password is returned";
    LocationMissing, "location-missing", "create", "",
        "a 201 has no `Location`";
    DuplicateUserAccepted, "duplicate-user-accepted", "create", "",
        "a second user with the same `userName` is accepted";
    ConflictWithoutType, "conflict-without-type", "create", "W-32",
        "a 409 has no `scimType`";
    MetaRefused, "meta-refused", "create", "W-37",
        "a new resource with `meta` in it is refused";
    SecondGroupUrnRefused, "second-group-urn-refused", "create", "W-38",
        "a new group that also names Microsoft's Group URN is refused";
    DeletedUserReadable, "deleted-user-readable", "delete", "",
        "a deleted user can still be read";
    DeleteOnlyDeactivates, "delete-only-deactivates", "delete", "W-35",
        "deleting a user only sets `active` to false";
    UnknownIdCrash, "unknown-id-crash", "errors", "",
        "an unknown id is answered 500";
    ErrorUnderOk, "error-under-ok", "errors", "",
        "what is not found is answered 200 with an error in the body";
    TraceShown, "trace-shown", "errors", "",
        "an error shows where in the server it came up";
    SchemeCaseSensitive, "scheme-case-sensitive", "access", "",
        "a credential whose scheme is written `bearer` is refused";
    ChallengeMissing, "challenge-missing", "access", "",
        "a 401 has no `WWW-Authenticate`";
    AnonymousCreate, "anonymous-create", "access", "",
        "a user can be created without credentials";
    LettersLost, "letters-lost", "create", "",
        "letters beyond ASCII are kept as question marks";
    FlagsAsText, "flags-as-text", "discovery", "",
        "the flags of `/ServiceProviderConfig` are texts";
    TypesAsArray, "types-as-array", "discovery", "",
        "`/ResourceTypes` is a bare array";
    DiscoveryPaged, "discovery-paged", "discovery", "",
        "`count` cuts the list of schemas and of resource types";
    KeywordsInLowerCase, "keywords-in-lower-case", "discovery", "",
        "`mutability` of an attribute is spelled in lower case";
    SchemaUnreadable, "schema-unreadable", "discovery", "",
        "a schema cannot be read by itself";
    StraySlashUnknown, "stray-slash-unknown", "errors", "W-26",
        "a slash before the query is answered 404";
}

impl Defect {
    /// Finds a defect by id, or by the row where it was met, in any case.
    pub fn from_id(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|defect| {
            defect.id().eq_ignore_ascii_case(text)
                || (!text.is_empty() && defect.seen().eq_ignore_ascii_case(text))
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
pub(super) struct Defects(u128);

impl Defects {
    pub(super) fn new(defects: &[Defect]) -> Self {
        Self(defects.iter().fold(0, |all, defect| all | 1 << (*defect as u32)))
    }

    /// Whether any defect is switched on.
    pub(super) fn any(self) -> bool {
        self.0 != 0
    }

    /// Whether the defect is switched on.
    pub(super) fn has(self, defect: Defect) -> bool {
        self.0 >> (defect as u32) & 1 == 1
    }
}

const _: () = assert!(Defect::ALL.len() <= 128, "the set is one word wide");

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
