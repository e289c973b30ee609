//! One step of a history as it went: what was asked, what the model allows, what the tenant shows.
//!
//! Plain data, made by whoever runs the history and judged by the properties. States are
//! normalised: canonical names, nothing unassigned, values of one attribute in one order, ids
//! written as the script names them (`<user 3>`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::exchange::Exchange;

/// The attributes of a resource by path (`title`, `enterprise.department`), normalised.
pub type State = BTreeMap<String, Value>;

/// Declares the verbs of steps with their words in scripts.
macro_rules! verbs {
    ($( $(#[$about:meta])+ $name:ident $word:literal; )+) => {
        /// What a step of a history does, by the word that scripts use.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Verb { $( $(#[$about])+ $name, )+ }

        impl Verb {
            /// Every verb, in the order of lists.
            pub const ALL: &[Self] = &[ $( Self::$name, )+ ];

            /// The word in scripts and weights.
            pub fn word(self) -> &'static str {
                match self { $( Self::$name => $word, )+ }
            }
        }
    };
}

verbs! {
    /// A POST.
    Create "create";
    /// A GET by id.
    Get "get";
    /// A PUT.
    Put "put";
    /// A PATCH of any operations.
    Patch "patch";
    /// A DELETE.
    Delete "delete";
    /// A PATCH that adds members to a group.
    AddMembers "add-members";
    /// A PATCH that removes members from a group.
    RemoveMembers "remove-members";
    /// A PATCH that sets or removes a user's manager.
    SetManager "set-manager";
    /// A PATCH that sets `active` to false.
    Deactivate "deactivate";
    /// A PATCH that sets `active` to true.
    Reactivate "reactivate";
    /// A PATCH of `userName` or of a group's `displayName`.
    Rename "rename";
    /// The last request once more.
    Repeat "repeat";
    /// A list of everybody, and some of its entries read by id.
    List "list";
    /// A query.
    Filter "filter";
    /// A query, and another that must find the same.
    FilterTwice "filter-twice";
    /// A query by GET and by POST.
    Search "search";
    /// A walk over pages of a size.
    Page "page";
    /// A sorted list.
    Sort "sort";
    /// A read of some attributes.
    Project "project";
    /// Reads of every kind between two reads of one resource.
    Look "look";
    /// The same PUT twice.
    PutTwice "put-twice";
    /// A PUT of what a GET has shown.
    PutBack "put-back";
    /// A PATCH, and on a twin the PUT that should come to the same.
    PatchOrPut "patch-or-put";
    /// Operations in one PATCH, and on a twin in one PATCH each.
    PatchSplit "patch-split";
    /// Operations in one order, and on a twin in the other.
    PatchEitherOrder "patch-either-order";
    /// A PATCH with one operation that must be refused among others.
    PatchFlawed "patch-flawed";
    /// The same `add` twice.
    AddTwice "add-twice";
    /// A value added and removed again.
    AddAndRemove "add-and-remove";
    /// An attribute replaced and put back.
    ThereAndBack "there-and-back";
    /// An attribute written under each of its names.
    Spell "spell";
    /// A change in Entra's words of either dialect.
    Dialects "dialects";
    /// Users created with an attribute null, empty, and not there.
    Nothing "nothing";
    /// A user created with names of attributes in capitals.
    UpperCase "upper-case";
    /// A user created with members in the other order.
    Reversed "reversed";
    /// A user created with a member that no schema declares.
    WithUnknown "with-unknown";
    /// Writes that name what only the provider sets.
    Shield "shield";
    /// A name asked for, and claimed.
    ClaimName "claim-name";
    /// A user renamed, and looked for under both names.
    RenameAndLook "rename-and-look";
    /// A change, looked for at once in every way.
    See "see";
    /// Members added at once, and on a twin one by one.
    OneByOne "one-by-one";
    /// Changes in one bulk request, and on twins one after the other.
    InBulk "in-bulk";
    /// Changes in a bulk request that has to stop at its first error.
    BulkStops "bulk-stops";
    /// Reads with the entity tag that is known.
    Cached "cached";
    /// A create whose answer is taken for lost.
    LoseAnswer "lose-answer";
    /// What a history left behind, after it was cleaned up.
    CleanUp "clean-up";
    /// Creates of one userName at the same time.
    RaceCreates "race-creates";
    /// Renames of several users to one userName at the same time.
    RaceRenames "race-renames";
    /// Members added to one group at the same time.
    RaceAdds "race-adds";
    /// Members added to one group while others are removed from it.
    RaceAddsAndRemoves "race-adds-and-removes";
    /// Replacements of one complex attribute at the same time.
    RaceReplaces "race-replaces";
    /// A counter read, and written under If-Match, by several at the same time.
    RaceIncrements "race-increments";
    /// Reads and writes of one attribute at the same time.
    RaceAccesses "race-accesses";
    /// Reads of a counter while it grows.
    RaceReads "race-reads";
    /// A walk over pages while others come and go.
    RacePages "race-pages";
}

impl Verb {
    /// The verb of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verb| verb.word() == word)
    }
}

/// One step of a history as it went.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the step, in any mix")]
pub struct Episode {
    /// What the step does.
    pub verb: Verb,
    /// The step as a script writes it.
    pub step: String,
    /// The step's own requests, in order, without the reads that look for their effect.
    pub exchanges: Vec<Exchange>,
    /// Whether the model lets the tenant do it.
    pub may_succeed: bool,
    /// Whether the model lets the tenant refuse it.
    pub may_refuse: bool,
    /// Whether it is about a resource that is gone, or never was.
    pub is_absent: bool,
    /// Whether the name it gives was a deleted resource's.
    pub is_freed: bool,
    /// The name it gives that another resource bears.
    pub clash: Option<String>,
    /// Resources that were read afterwards: first the one the step names, then bystanders.
    pub shown: Vec<Shown>,
    /// What must be equal, two by two.
    pub pairs: Vec<Pair>,
    /// The groups that users show, and those that have them as members.
    pub memberships: Vec<Pair>,
    /// Queries, with what they must and may find.
    pub found: Vec<Found>,
}

/// One resource after a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The resource as scripts name it: `user 3`.
    pub subject: String,
    /// Whether the step names it; else it is a bystander.
    pub is_named: bool,
    /// Its state before the step; none where there was none.
    pub before: Option<State>,
    /// The states that are right now; none means that it must be gone.
    pub allowed: Vec<State>,
    /// Whether attributes that a replacement left out may have stayed (A33).
    pub may_keep: bool,
    /// The attributes that the step names, by path.
    pub touched: BTreeSet<String>,
    /// What the answer to the write itself shows, where it shows the resource.
    pub answered: Option<State>,
    /// What a read shows; the error is what was answered instead.
    pub actual: Result<State, String>,
}

/// Two things that must be the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// What is compared, in words.
    pub what: String,
    /// What it should be.
    pub expected: Value,
    /// What it is.
    pub actual: Value,
}

/// A query and what it found among the resources of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The query in words.
    pub query: String,
    /// What it has to find, as scripts name it.
    pub must: BTreeSet<String>,
    /// What it may find besides, where the RFC leaves it open.
    pub may: BTreeSet<String>,
    /// What it found, in order; the error is what was answered instead.
    pub actual: Result<Vec<String>, String>,
}

impl Episode {
    /// A step of which nothing is known yet.
    pub fn of(verb: Verb, step: String) -> Self {
        Self {
            verb,
            step,
            exchanges: Vec::new(),
            may_succeed: true,
            may_refuse: true,
            is_absent: false,
            is_freed: false,
            clash: None,
            shown: Vec::new(),
            pairs: Vec::new(),
            memberships: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Whether the step's last write was done.
    pub fn is_done(&self) -> bool {
        self.exchanges.last().is_some_and(Exchange::is_success)
    }

    /// Whether the step's last write was refused by a client error.
    pub fn is_refused(&self) -> bool {
        self.exchanges.last().is_some_and(|seen| (400..500).contains(&seen.status()))
    }

    /// The resource that the step names.
    pub fn named(&self) -> Option<&Shown> {
        self.shown.iter().find(|shown| shown.is_named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_to_their_verbs() {
        for verb in Verb::ALL {
            assert_eq!(Verb::of(verb.word()), Some(*verb));
        }
        assert_eq!(Verb::of("no-such"), None);
    }
}
