//! Sequences of changes nobody would write down, drawn from a seed.
//!
//! proptest's strategies draw a kind, small integers and a value; the integers are then taken as
//! places in the directory as it is at that moment. What comes out is a plain list of changes, so a
//! failure is shrunk by leaving changes out, not by replaying the strategies.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::*;
use crate::exchange::Disturbance;

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draws {
    /// How many changes.
    pub count: usize,
    /// How often each kind.
    pub weights: Weights,
    /// Share of changes, in percent, that are tried first on an object changed before in the draw.
    pub same_object_percent: u8,
}

/// Draws changes that apply one after another to the directory; the same seed draws the same. Fewer
/// than asked for come back only if nothing of those kinds can happen any more.
pub fn draw(seed: u64, directory: &Directory, draws: &Draws) -> Vec<Change> {
    let kinds = draws.weights.drawn();
    if kinds.is_empty() {
        return Vec::new();
    }
    let strategy = drawing(kinds);
    let config =
        Config { rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let mut current = directory.clone();
    let mut changes = Vec::new();
    let mut recent = Vec::new();
    let mut misses = 0;
    while changes.len() < draws.count && misses < MISSES_MAX {
        let one = strategy.new_tree(&mut runner).expect("nothing is filtered").current();
        let near: &[_] = match one.again < draws.same_object_percent {
            true => &recent,
            false => &[],
        };
        match one.settle(&mut current, near) {
            Some(change) => {
                recent.extend(change.objects());
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
/// A disturbed request is one of the first so many of its cycle.
const REQUESTS_MAX: usize = 24;

/// One draw, before it is known whom it can happen to.
#[derive(Debug, Clone)]
struct Drawing {
    kind: ChangeKind,
    first: usize,
    second: usize,
    /// A percentage, for whether an object changed before is to be changed again.
    again: u8,
    attribute: &'static str,
    value: Wording,
    group_name: Wording,
    user_name: Wording,
}

/// A text to be.
#[derive(Debug, Clone)]
enum Wording {
    /// This one.
    Text(String),
    /// What stands there now, in capitals, or in small letters where it is in capitals.
    OtherCase,
}

impl Wording {
    fn text(&self, now: Option<&str>) -> String {
        match (self, now) {
            (Self::Text(text), _) => text.clone(),
            (Self::OtherCase, Some(now)) if now.to_uppercase() != now => now.to_uppercase(),
            (Self::OtherCase, now) => now.map_or_else(String::new, str::to_lowercase),
        }
    }
}

fn drawing(kinds: Vec<(u32, ChangeKind)>) -> impl Strategy<Value = Drawing> {
    let kinds = kinds.into_iter().map(|(weight, kind)| (weight, Just(kind)));
    let kind = proptest::strategy::Union::new_weighted(kinds.collect());
    let user_name = prop_oneof![
        8 => select(USER_NAMES).prop_map(|it| Wording::Text(it.to_owned())),
        1 => Just(Wording::OtherCase),
    ];
    let places = (0..PLACES_MAX, 0..PLACES_MAX, 0..100_u8);
    (kind, places, update(), text_value(GROUP_NAMES), user_name).prop_map(
        |(kind, (first, second, again), (attribute, value), group_name, user_name)| Drawing {
            kind,
            first,
            second,
            again,
            attribute,
            value,
            group_name,
            user_name,
        },
    )
}

/// An attribute and a value that fits it: texts may be awkward, numbers and places stay plausible.
fn update() -> impl Strategy<Value = (&'static str, Wording)> {
    let words = (select(TEXT_ATTRIBUTES), text_value(PLAIN_TEXTS));
    let plausible =
        select(PLAUSIBLE).prop_map(|(name, value)| (name, Wording::Text(value.to_owned())));
    prop_oneof![2 => words, 1 => plausible]
}

fn text_value(plain: &'static [&'static str]) -> impl Strategy<Value = Wording> {
    prop_oneof![
        20 => select(plain).prop_map(|text| Wording::Text(text.to_owned())),
        8 => select(AWKWARD_TEXTS).prop_map(|text| Wording::Text(text.to_owned())),
        1 => Just(Wording::Text(LONG_WORD.repeat(LONG_WORDS))),
        2 => Just(Wording::OtherCase),
    ]
}

impl Drawing {
    /// Finds whom the change can happen to, beginning with those near and the drawn place, and lets
    /// it happen.
    fn settle(&self, directory: &mut Directory, near: &[ChangedObject]) -> Option<Change> {
        let near = near.iter().rev().filter_map(|object| match (*object, self.is_about_groups()) {
            (ChangedObject::Group(index), true) | (ChangedObject::User(index), false) => {
                Some(index)
            }
            _ => None,
        });
        let near: Vec<usize> = near.collect();
        let near = (0..near.len()).map(|step| near[(self.second + step) % near.len()]);
        let (touched, any) = if self.is_about_groups() {
            candidates(self.first, directory.group_count(), &directory.touched_groups())
        } else {
            candidates(self.first, directory.user_count(), &directory.touched_users())
        };
        // What undoes something is tried on those that something has happened to.
        let places = if self.is_undoing() { touched } else { any };
        near.chain(places).find_map(|place| {
            let change = self.change(place, directory)?;
            directory.apply(&change).then_some(change)
        })
    }

    fn change(&self, place: usize, directory: &Directory) -> Option<Change> {
        let group = || self.second.checked_rem(directory.group_count());
        let disturb = |by| {
            let request = (self.first % REQUESTS_MAX) as u64 + 1;
            Change::Disturb { request, by }
        };
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
            ChangeKind::RenameGroup => self.rename_group(place, directory)?,
            ChangeKind::UpdateUser => self.update_user(place, directory),
            ChangeKind::ClearAttribute => {
                Change::ClearAttribute { user: place, attribute: self.attribute.to_owned() }
            }
            ChangeKind::RenameUser => self.rename_user(place, directory)?,
            ChangeKind::SetManager => {
                Change::SetManager { user: place, manager: self.manager(place, directory)? }
            }
            ChangeKind::RemoveManager => Change::RemoveManager(place),
            ChangeKind::DisableUser => Change::DisableUser(place),
            ChangeKind::EnableUser => Change::EnableUser(place),
            ChangeKind::SoftDeleteUser => Change::SoftDeleteUser(place),
            ChangeKind::RestoreUser => Change::RestoreUser(place),
            ChangeKind::HardDeleteUser => Change::HardDeleteUser(place),
            ChangeKind::DeleteGroup => Change::DeleteGroup(place),
            ChangeKind::RecreateGroup => Change::RecreateGroup(place),
            ChangeKind::ThrottleRequest => disturb(Disturbance::Throttle),
            ChangeKind::FailRequest => disturb(Disturbance::Fail),
            ChangeKind::LoseAnswer => disturb(Disturbance::LoseAnswer),
        })
    }

    fn update_user(&self, user: UserIndex, directory: &Directory) -> Change {
        let attributes = directory.user(user).attributes;
        let now = match attributes.get(self.attribute) {
            Some(AttributeValue::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        let value = AttributeValue::Text(self.value.text(now));
        Change::UpdateUser { user, attribute: self.attribute.to_owned(), value }
    }

    fn rename_user(&self, user: UserIndex, directory: &Directory) -> Option<Change> {
        let attributes = directory.user(user).attributes;
        let now = match attributes.get("userPrincipalName") {
            Some(AttributeValue::Text(text)) => directory.population().name_part(text, user),
            _ => None,
        };
        let name = self.user_name.text(now);
        (!name.is_empty()).then_some(Change::RenameUser { user, name })
    }

    fn rename_group(&self, group: GroupIndex, directory: &Directory) -> Option<Change> {
        let attributes = directory.group(group).attributes;
        let now = match attributes.get("displayName") {
            Some(AttributeValue::Text(text)) => directory.population().group_name_part(text, group),
            _ => None,
        };
        let name = self.group_name.text(now);
        (!name.is_empty()).then_some(Change::RenameGroup { group, name })
    }

    /// Anybody; every fourth time somebody who reports to the user, so that circles come about.
    fn manager(&self, user: UserIndex, directory: &Directory) -> Option<UserIndex> {
        let count = directory.user_count();
        let anybody = self.second.checked_rem(count)?;
        let reports_to_user = |other: &UserIndex| directory.user_manager(*other) == Some(user);
        let tries = if self.again.is_multiple_of(4) { TRIES_MAX.min(count) } else { 0 };
        let report = (0..tries).map(|step| (anybody + step) % count).find(reports_to_user);
        Some(report.unwrap_or(anybody))
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
const USER_NAMES: &[&str] =
    &["morgan.lee", "Morgan.Lee", "o'neill", "j_doe", "anne-marie", "x", "zed#1", "bang!^~"];

/// Texts that have broken servers: what quotes, encodes, folds case, trims, measures or reverses.
pub const AWKWARD_TEXTS: &[&str] = &[
    "the \"A\" team",
    "Rock & Roll + 100% #1 / ?",
    "1+1=2&a=b%20c;%41+",
    "O'Hara's \\ back\\slash",
    "a  b   c",
    " a space at either end ",
    "",
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

/// Repeated so often, the longest text of all: a thousand characters.
const LONG_WORD: &str = "long text, ";
const LONG_WORDS: usize = 91;

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

    fn everyday(count: usize) -> Draws {
        only(count, Weights::default())
    }

    fn only(count: usize, weights: Weights) -> Draws {
        Draws { count, weights, same_object_percent: 0 }
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_seed_something_else() {
        let directory = directory();
        let first = draw(1, &directory, &everyday(50));
        assert_eq!(first, draw(1, &directory, &everyday(50)));
        assert_ne!(first, draw(2, &directory, &everyday(50)));
        assert_eq!(first.len(), 50);
    }

    #[test]
    fn what_is_drawn_applies_and_reads_back() {
        let mut replay = directory();
        for change in draw(3, &directory(), &everyday(300)) {
            assert_eq!(change.to_string().parse(), Ok(change.clone()));
            assert!(replay.apply(&change), "{change} did not apply");
        }
    }

    #[test]
    fn any_part_of_a_sequence_can_be_run_and_no_change_half_applies() {
        let changes = draw(4, &directory(), &everyday(120));
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
        let others = ChangeKind::ALL.iter().map(|kind| (*kind, 2));
        let everyday = Weights::default().drawn().into_iter().map(|(weight, kind)| (kind, weight));
        let weights = Weights::of(others.chain(everyday));
        let drawn = draw(5, &directory(), &only(600, weights));
        let met: BTreeSet<ChangeKind> = drawn.iter().map(Change::kind).collect();
        assert_eq!(met, ChangeKind::ALL.iter().copied().collect());
    }

    #[test]
    fn only_kinds_with_a_weight_are_drawn() {
        let weights = Weights::of([(ChangeKind::RenameGroup, 1), (ChangeKind::AssignUser, 0)]);
        let drawn = draw(6, &directory(), &only(20, weights));
        assert_eq!(drawn.len(), 20);
        assert!(drawn.iter().all(|change| matches!(change, Change::RenameGroup { .. })));
    }

    #[test]
    fn drawing_ends_when_nothing_can_happen_any_more() {
        let unassign = Weights::of([(ChangeKind::UnassignGroup, 1)]);
        assert_eq!(draw(7, &directory(), &only(20, unassign)).len(), 6);
        assert!(draw(7, &directory(), &only(20, Weights::of([]))).is_empty());
        let nobody = Directory::new(Population::default());
        assert!(draw(7, &nobody, &everyday(20)).is_empty());
    }

    #[test]
    fn changes_gather_on_objects_where_that_is_asked_for() {
        let objects = |same_object_percent| {
            let draws = Draws { same_object_percent, ..everyday(12) };
            let changes = draw(8, &directory(), &draws);
            changes.iter().flat_map(Change::objects).collect::<BTreeSet<_>>().len()
        };
        assert!(objects(90) < objects(0), "{} < {}", objects(90), objects(0));
    }

    #[test]
    fn managers_in_a_circle_and_names_in_another_case_come_about() {
        let mut directory = directory();
        let (mut circles, mut cases) = (0, 0);
        for change in draw(9, &directory, &everyday(900)) {
            let before = directory.clone();
            directory.apply(&change);
            match change {
                Change::SetManager { user, manager } => {
                    circles += usize::from(directory.user(manager).manager == Some(user));
                }
                Change::RenameUser { user, .. } => {
                    let name =
                        |it: &Directory| it.user(user).attributes["userPrincipalName"].clone();
                    let folded = |it| match it {
                        AttributeValue::Text(text) => text.to_lowercase(),
                        _ => String::new(),
                    };
                    cases += usize::from(folded(name(&before)) == folded(name(&directory)));
                }
                _ => {}
            }
        }
        assert!(circles > 0 && cases > 0, "{circles} circles, {cases} other cases");
    }
}
