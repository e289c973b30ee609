//! Sequences of changes nobody would write down, drawn from a seed.
//!
//! proptest's strategies draw a kind, two small integers and a value; the integers are then taken
//! as places in the directory as it is at that moment. What comes out is a plain list of changes,
//! so a failure is shrunk by leaving changes out, not by replaying the strategies.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::*;

/// Draws up to `count` changes that apply one after another to the directory; the same seed draws
/// the same. Fewer come back only if nothing of the kinds asked for can happen any more.
pub fn draw(seed: u64, directory: &Directory, count: usize, weights: &Weights) -> Vec<Change> {
    let kinds = weights.drawn();
    if kinds.is_empty() {
        return Vec::new();
    }
    let strategy = drawing(kinds);
    let config =
        Config { rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let mut current = directory.clone();
    let mut changes = Vec::new();
    let mut misses = 0;
    while changes.len() < count && misses < MISSES_MAX {
        let drawn = strategy.new_tree(&mut runner).expect("nothing is filtered").current();
        match drawn.settle(&mut current) {
            Some(change) => {
                changes.push(change);
                misses = 0;
            }
            None => misses += 1,
        }
    }
    changes
}

/// Draws in a row that may come to nothing: the kinds left may have nobody to happen to.
const MISSES_MAX: usize = 200;
/// Users or groups tried for one draw, from the drawn place onwards.
const TRIES_MAX: usize = 64;
/// Small integers are drawn below this; a place is the integer modulo the population.
const PLACES_MAX: usize = 1 << 20;

/// One draw, before it is known whom it can happen to.
#[derive(Debug, Clone)]
struct Drawing {
    kind: ChangeKind,
    first: usize,
    second: usize,
    update: (&'static str, String),
    group_name: String,
    user_name: &'static str,
}

fn drawing(kinds: Vec<(u32, ChangeKind)>) -> impl Strategy<Value = Drawing> {
    let kinds = kinds.into_iter().map(|(weight, kind)| (weight, Just(kind)));
    let kind = proptest::strategy::Union::new_weighted(kinds.collect());
    let name = text_value(GROUP_NAMES);
    let rest = (0..PLACES_MAX, 0..PLACES_MAX, update(), name, select(USER_NAMES));
    (kind, rest).prop_map(|(kind, (first, second, update, group_name, user_name))| Drawing {
        kind,
        first,
        second,
        update,
        group_name,
        user_name,
    })
}

/// An attribute and a value that fits it: texts may be awkward, numbers and places stay plausible.
fn update() -> impl Strategy<Value = (&'static str, String)> {
    let words = (select(TEXT_ATTRIBUTES), text_value(PLAIN_TEXTS));
    let plausible = select(PLAUSIBLE).prop_map(|(name, value)| (name, value.to_owned()));
    prop_oneof![2 => words, 1 => plausible]
}

fn text_value(plain: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        2 => select(plain).prop_map(str::to_owned),
        1 => select(AWKWARD_TEXTS).prop_map(str::to_owned),
    ]
}

impl Drawing {
    /// Finds whom the change can happen to, beginning at the drawn place, and lets it happen.
    fn settle(&self, directory: &mut Directory) -> Option<Change> {
        let places = if self.is_about_groups() {
            candidates(self.first, directory.group_count(), &directory.touched_groups())
        } else {
            candidates(self.first, directory.user_count(), &directory.touched_users())
        };
        // What undoes something is tried on those that something has happened to.
        let places = if self.is_undoing() { places.0 } else { places.1 };
        places.into_iter().find_map(|place| {
            let change = self.change(place, directory)?;
            directory.apply(&change).then_some(change)
        })
    }

    fn change(&self, place: usize, directory: &Directory) -> Option<Change> {
        let group = || self.second.checked_rem(directory.group_count());
        let (attribute, value) = (self.update.0.to_owned(), self.update.1.clone());
        Some(match self.kind {
            ChangeKind::AssignUser => Change::AssignUser(place),
            ChangeKind::UnassignUser => Change::UnassignUser(place),
            ChangeKind::AssignGroup => Change::AssignGroup(place),
            ChangeKind::UnassignGroup => Change::UnassignGroup(place),
            ChangeKind::AddMember => Change::AddMember { user: place, group: group()? },
            ChangeKind::RemoveMember => {
                let groups = directory.groups_of(place);
                let group = *groups.get(self.second.checked_rem(groups.len())?)?;
                Change::RemoveMember { user: place, group }
            }
            ChangeKind::AddMemberGroup => Change::AddMemberGroup { member: group()?, group: place },
            ChangeKind::RemoveMemberGroup => {
                let nested = directory.group(place).member_groups;
                let member = *nested.iter().nth(self.second.checked_rem(nested.len())?)?;
                Change::RemoveMemberGroup { member, group: place }
            }
            ChangeKind::RenameGroup => {
                Change::RenameGroup { group: place, name: self.group_name.clone() }
            }
            ChangeKind::UpdateUser => {
                Change::UpdateUser { user: place, attribute, value: AttributeValue::Text(value) }
            }
            ChangeKind::ClearAttribute => Change::ClearAttribute { user: place, attribute },
            ChangeKind::RenameUser => {
                Change::RenameUser { user: place, name: self.user_name.to_owned() }
            }
            ChangeKind::SetManager => {
                let manager = self.second.checked_rem(directory.user_count())?;
                Change::SetManager { user: place, manager }
            }
            ChangeKind::RemoveManager => Change::RemoveManager(place),
            ChangeKind::DisableUser => Change::DisableUser(place),
            ChangeKind::EnableUser => Change::EnableUser(place),
            ChangeKind::SoftDeleteUser => Change::SoftDeleteUser(place),
            ChangeKind::RestoreUser => Change::RestoreUser(place),
            ChangeKind::HardDeleteUser => Change::HardDeleteUser(place),
            ChangeKind::DeleteGroup => Change::DeleteGroup(place),
            ChangeKind::RecreateGroup => Change::RecreateGroup(place),
        })
    }

    fn is_about_groups(&self) -> bool {
        matches!(
            self.kind,
            ChangeKind::AssignGroup
                | ChangeKind::UnassignGroup
                | ChangeKind::AddMemberGroup
                | ChangeKind::RemoveMemberGroup
                | ChangeKind::RenameGroup
                | ChangeKind::DeleteGroup
                | ChangeKind::RecreateGroup
        )
    }

    fn is_undoing(&self) -> bool {
        matches!(
            self.kind,
            ChangeKind::RemoveMemberGroup
                | ChangeKind::EnableUser
                | ChangeKind::RestoreUser
                | ChangeKind::RecreateGroup
        )
    }
}

/// Places to try from the drawn one onwards: those touched before (then any), and just any.
fn candidates(drawn: usize, count: usize, touched: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let tries = TRIES_MAX.min(count);
    let any: Vec<usize> = (0..tries).map(|step| (drawn + step) % count).collect();
    let known = (0..touched.len()).map(|step| touched[(drawn + step) % touched.len()]);
    (known.chain(any.iter().copied()).collect(), any)
}

/// Attributes whose value is any text.
const TEXT_ATTRIBUTES: &[&str] = &[
    "displayName",
    "givenName",
    "surname",
    "jobTitle",
    "department",
    "companyName",
    "streetAddress",
    "physicalDeliveryOfficeName",
];

/// Attributes that tenants have opinions about, with values that nobody should mind.
const PLAUSIBLE: &[(&str, &str)] = &[
    ("telephoneNumber", "+1-555-0142"),
    ("telephoneNumber", "+1-555-0199"),
    ("mobile", "+1-555-0187"),
    ("facsimileTelephoneNumber", "+1-555-0103"),
    ("postalCode", "10115"),
    ("postalCode", "SW1A 1AA"),
    ("city", "Wilmington"),
    ("city", "São Paulo"),
    ("state", "DE"),
    ("country", "CA"),
    ("preferredLanguage", "fr-CA"),
    ("preferredLanguage", "ja-JP"),
    ("employeeId", "0042"),
];

const PLAIN_TEXTS: &[&str] =
    &["Engineer", "engineer", "Sales EMEA", "Morgan Lee", "Team Lead, Night Shift", "3rd Floor"];

const GROUP_NAMES: &[&str] = &["Sales EMEA", "sales emea", "Support Tier 2", "Board", "Interns"];

/// Name parts that Entra takes in a user principal name.
const USER_NAMES: &[&str] = &["morgan.lee", "Morgan.Lee", "o'neill", "j_doe", "anne-marie", "x"];

/// Texts that have broken servers: what quotes, encodes, folds case, measures or reverses text.
pub const AWKWARD_TEXTS: &[&str] = &[
    "the \"A\" team",
    "Rock & Roll + 100% #1 / ?",
    "O'Hara's \\ back\\slash",
    "a  b   c",
    "Straße ΑΣ İstanbul",
    "Zoe\u{301} N\u{303}andu\u{301}",
    "Zoé Ñandú",
    "מוכרת Sales العربية",
    "👩‍🚀 𝒮𝓉𝒶𝓇 🇺🇳",
    "<b>bold</b> {{7*7}} ${HOME}",
    "null",
    "True",
    "0",
    "value eq \"x\" or id pr",
    "An unusually long title that goes on and on, past the column width somebody once thought \
     ample, past the index prefix of an elderly database, and on to two hundred characters, \
     where it ends.",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        Directory::new(Population {
            seed: 7,
            users: 40,
            groups: 6,
            members_per_group: 12,
            ..Population::default()
        })
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_seed_something_else() {
        let (directory, weights) = (directory(), Weights::default());
        let first = draw(1, &directory, 50, &weights);
        assert_eq!(first, draw(1, &directory, 50, &weights));
        assert_ne!(first, draw(2, &directory, 50, &weights));
        assert_eq!(first.len(), 50);
    }

    #[test]
    fn what_is_drawn_applies_and_reads_back() {
        let mut replay = directory();
        for change in draw(3, &directory(), 300, &Weights::default()) {
            assert_eq!(change.to_string().parse(), Ok(change.clone()));
            assert!(replay.apply(&change), "{change} did not apply");
        }
    }

    #[test]
    fn any_part_of_a_sequence_can_be_run_and_no_change_half_applies() {
        let changes = draw(4, &directory(), 120, &Weights::default());
        for salt in 0..40 {
            let mut part = directory();
            for (place, change) in changes.iter().enumerate() {
                if mix_both(salt, place as u64) & 1 == 0 {
                    let before = (part.version(), part.touched_users(), part.touched_groups());
                    let applied = part.apply(change);
                    let after = (part.version(), part.touched_users(), part.touched_groups());
                    assert_eq!(applied, after.0 == before.0 + 1, "{change}");
                    assert!(applied || before == after, "{change} left a trace");
                }
            }
        }
    }

    #[test]
    fn every_kind_can_be_drawn() {
        let nesting = [(ChangeKind::AddMemberGroup, 2), (ChangeKind::RemoveMemberGroup, 2)];
        let everyday = Weights::default().drawn().into_iter().map(|(weight, kind)| (kind, weight));
        let weights = Weights::of(everyday.chain(nesting));
        let drawn = draw(5, &directory(), 600, &weights);
        let first_words = |change: &Change| {
            let text = change.to_string();
            text.split_whitespace()
                .filter(|word| !word.starts_with(|c: char| c.is_ascii_digit()))
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let met: BTreeSet<String> = drawn.iter().map(first_words).collect();
        let wanted: BTreeSet<String> =
            FORMS.iter().map(|form| first_words(&form.parse().unwrap())).collect();
        assert_eq!(met, wanted);
    }

    #[test]
    fn only_kinds_with_a_weight_are_drawn() {
        let weights = Weights::of([(ChangeKind::RenameGroup, 1), (ChangeKind::AssignUser, 0)]);
        let drawn = draw(6, &directory(), 20, &weights);
        assert_eq!(drawn.len(), 20);
        assert!(drawn.iter().all(|change| matches!(change, Change::RenameGroup { .. })));
    }

    #[test]
    fn drawing_ends_when_nothing_can_happen_any_more() {
        let weights = Weights::of([(ChangeKind::UnassignGroup, 1)]);
        assert_eq!(draw(7, &directory(), 20, &weights).len(), 6);
        assert!(draw(7, &directory(), 20, &Weights::of([])).is_empty());
        let nobody = Directory::new(Population::default());
        assert!(draw(7, &nobody, 20, &Weights::default()).is_empty());
    }
}
