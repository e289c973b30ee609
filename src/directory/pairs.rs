//! Which kind of change followed which on one object, and which can.
//!
//! A history is only as good as the orders it tries. Two changes are a pair where the second is the
//! next one that names the object of the first, whatever happened to others in between. Which pairs
//! can happen at all is found out by trying, on a directory as small as can be.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::exchange::Disturbance;

/// An object of the directory that a change names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangedObject {
    /// A user.
    User(UserIndex),
    /// A group.
    Group(GroupIndex),
}

/// A kind of change and the kind that followed it on the same object.
pub type Pair = (ChangeKind, ChangeKind);

/// How often each pair was met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs(BTreeMap<Pair, u64>);

impl Pairs {
    /// Counts the pairs of one history.
    pub fn note<'a>(&mut self, history: impl IntoIterator<Item = &'a Change>) {
        let mut last: BTreeMap<ChangedObject, ChangeKind> = BTreeMap::new();
        for change in history {
            for object in change.objects() {
                if let Some(first) = last.insert(object, change.kind()) {
                    *self.0.entry((first, change.kind())).or_default() += 1;
                }
            }
        }
    }

    /// How often each pair was met; those never met are left out.
    pub fn counts(&self) -> &BTreeMap<Pair, u64> {
        &self.0
    }
}

/// Every pair that can happen where changes of these kinds are drawn.
pub fn possible_pairs(kinds: &BTreeSet<ChangeKind>) -> BTreeSet<Pair> {
    let mut pairs = BTreeSet::new();
    for object in [ChangedObject::User(OBSERVED_USER), ChangedObject::Group(OBSERVED_GROUP)] {
        explore(object, kinds, &mut pairs);
    }
    pairs
}

const OBSERVED_USER: UserIndex = 1;
const OBSERVED_GROUP: GroupIndex = 0;

/// A step from one state to another, with the kind of change where it named the object observed.
type Step = (Facts, Option<ChangeKind>, Facts);

/// Notes which change of an object can follow which, whatever happens to others in between.
fn explore(object: ChangedObject, kinds: &BTreeSet<ChangeKind>, pairs: &mut BTreeSet<Pair>) {
    let steps = steps(object, kinds);
    // What can have happened last in a state; it travels along while others change.
    let mut last: BTreeMap<Facts, BTreeSet<ChangeKind>> = BTreeMap::new();
    let mut moves = true;
    while moves {
        moves = false;
        for (from, kind, to) in &steps {
            let arriving = match kind {
                Some(kind) => BTreeSet::from([*kind]),
                None => last.get(from).cloned().unwrap_or_default(),
            };
            let known = last.entry(*to).or_default();
            let count = known.len();
            known.extend(arriving);
            moves |= known.len() > count;
        }
    }
    for (from, kind, _) in &steps {
        let before = last.get(from).into_iter().flatten();
        pairs.extend(before.filter_map(|first| Some((*first, (*kind)?))));
    }
}

/// All steps between the states that the object can be in.
fn steps(object: ChangedObject, kinds: &BTreeSet<ChangeKind>) -> BTreeSet<Step> {
    let changes: Vec<Change> =
        few_changes().into_iter().filter(|it| kinds.contains(&it.kind())).collect();
    let mut seen: BTreeSet<Facts> = BTreeSet::new();
    let is_new = |it: &Directory| seen.insert(Facts::of(it, object));
    let mut open: Vec<Directory> = beginnings().into_iter().filter(is_new).collect();
    let mut steps = BTreeSet::new();
    while let Some(directory) = open.pop() {
        let from = Facts::of(&directory, object);
        for change in &changes {
            let mut next = directory.clone();
            if !next.apply(change) {
                continue;
            }
            let to = Facts::of(&next, object);
            let kind = change.objects().contains(&object).then(|| change.kind());
            if kind.is_some() || from != to {
                steps.insert((from, kind, to));
            }
            if seen.insert(to) {
                open.push(next);
            }
        }
    }
    steps
}

/// Directories of two users and two groups that differ in whatever can be so from the beginning.
fn beginnings() -> Vec<Directory> {
    let shares = |bit: u8| move |number: u8| if number >> bit & 1 == 1 { 100 } else { 0 };
    let small = |number: u8| {
        Directory::new(Population {
            users: 2,
            groups: 2,
            members_per_group: usize::from(number >> 4 & 1) * 2,
            assigned_users_percent: shares(0)(number),
            assigned_groups_percent: shares(1)(number),
            managers_percent: shares(2)(number),
            disabled_percent: shares(3)(number),
            ..Population::default()
        })
    };
    (0..32).map(small).collect()
}

/// Changes of every kind, in all directions between two users and two groups.
fn few_changes() -> Vec<Change> {
    let mut changes = Vec::new();
    for (user, other) in [(0, 1), (1, 0)] {
        changes.extend([
            Change::AssignUser(user),
            Change::UnassignUser(user),
            Change::SetManager { user, manager: other },
            Change::RemoveManager(user),
            Change::DisableUser(user),
            Change::EnableUser(user),
            Change::SoftDeleteUser(user),
            Change::RestoreUser(user),
            Change::HardDeleteUser(user),
        ]);
        for text in ["a", "b"] {
            let (name, value) = (text.to_owned(), AttributeValue::Text(text.to_owned()));
            changes.push(Change::RenameUser { user, name });
            changes.push(Change::UpdateUser { user, attribute: "city".to_owned(), value });
        }
        for attribute in ["city", "state"] {
            changes.push(Change::ClearAttribute { user, attribute: attribute.to_owned() });
        }
    }
    for (group, other) in [(0, 1), (1, 0)] {
        changes.extend([
            Change::AssignGroup(group),
            Change::UnassignGroup(group),
            Change::AddMemberGroup { member: other, group },
            Change::RemoveMemberGroup { member: other, group },
            Change::RenameGroup { group, name: "a".to_owned() },
            Change::RenameGroup { group, name: "b".to_owned() },
            Change::DeleteGroup(group),
            Change::RecreateGroup(group),
        ]);
        for user in [0, 1] {
            changes.push(Change::AddMember { user, group });
            changes.push(Change::RemoveMember { user, group });
        }
    }
    changes
}

/// What decides which changes of one object can come next, packed into a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Facts(u32);

impl Facts {
    fn of(directory: &Directory, object: ChangedObject) -> Self {
        let live =
            |index| matches!(directory.user_state(index), UserState::Enabled | UserState::Disabled);
        let user = directory.user(OBSERVED_USER);
        let [group, other] = [0, 1].map(|index| directory.group(index));
        let facts = match object {
            ChangedObject::User(_) => vec![
                user.assigned,
                user.manager.is_some(),
                user.attributes.contains_key("city"),
                user.attributes.contains_key("state"),
                user.state == UserState::Enabled,
                user.state == UserState::HardDeleted,
                live(OBSERVED_USER),
                live(0),
                group.members.contains(&OBSERVED_USER),
                other.members.contains(&OBSERVED_USER),
                group.deleted,
                other.deleted,
            ],
            ChangedObject::Group(_) => vec![
                group.assigned,
                group.deleted,
                other.deleted,
                group.members.contains(&OBSERVED_USER),
                group.members.contains(&0),
                group.member_groups.contains(&1),
                other.member_groups.contains(&0),
                live(OBSERVED_USER),
                live(0),
            ],
        };
        Self(facts.into_iter().fold(0, |packed, fact| packed << 1 | u32::from(fact)))
    }
}

impl Change {
    /// The kind of the change.
    pub fn kind(&self) -> ChangeKind {
        match self {
            Self::AssignUser(_) => ChangeKind::AssignUser,
            Self::UnassignUser(_) => ChangeKind::UnassignUser,
            Self::AssignGroup(_) => ChangeKind::AssignGroup,
            Self::UnassignGroup(_) => ChangeKind::UnassignGroup,
            Self::AddMember { .. } => ChangeKind::AddMember,
            Self::RemoveMember { .. } => ChangeKind::RemoveMember,
            Self::AddMemberGroup { .. } => ChangeKind::AddMemberGroup,
            Self::RemoveMemberGroup { .. } => ChangeKind::RemoveMemberGroup,
            Self::RenameGroup { .. } => ChangeKind::RenameGroup,
            Self::UpdateUser { .. } => ChangeKind::UpdateUser,
            Self::ClearAttribute { .. } => ChangeKind::ClearAttribute,
            Self::RenameUser { .. } => ChangeKind::RenameUser,
            Self::SetManager { .. } => ChangeKind::SetManager,
            Self::RemoveManager(_) => ChangeKind::RemoveManager,
            Self::DisableUser(_) => ChangeKind::DisableUser,
            Self::EnableUser(_) => ChangeKind::EnableUser,
            Self::SoftDeleteUser(_) => ChangeKind::SoftDeleteUser,
            Self::RestoreUser(_) => ChangeKind::RestoreUser,
            Self::HardDeleteUser(_) => ChangeKind::HardDeleteUser,
            Self::DeleteGroup(_) => ChangeKind::DeleteGroup,
            Self::RecreateGroup(_) => ChangeKind::RecreateGroup,
            Self::Disturb { by, .. } => match by {
                Disturbance::Throttle => ChangeKind::ThrottleRequest,
                Disturbance::Fail => ChangeKind::FailRequest,
                Disturbance::LoseAnswer => ChangeKind::LoseAnswer,
            },
        }
    }

    /// The objects that the change names, in whichever part.
    pub fn objects(&self) -> Vec<ChangedObject> {
        use ChangedObject::{Group, User};
        match self {
            Self::AssignUser(user)
            | Self::UnassignUser(user)
            | Self::RemoveManager(user)
            | Self::DisableUser(user)
            | Self::EnableUser(user)
            | Self::SoftDeleteUser(user)
            | Self::RestoreUser(user)
            | Self::HardDeleteUser(user)
            | Self::UpdateUser { user, .. }
            | Self::ClearAttribute { user, .. }
            | Self::RenameUser { user, .. } => vec![User(*user)],
            Self::SetManager { user, manager } => vec![User(*user), User(*manager)],
            Self::AddMember { user, group } | Self::RemoveMember { user, group } => {
                vec![User(*user), Group(*group)]
            }
            Self::AddMemberGroup { member, group } | Self::RemoveMemberGroup { member, group } => {
                vec![Group(*member), Group(*group)]
            }
            Self::AssignGroup(group)
            | Self::UnassignGroup(group)
            | Self::RenameGroup { group, .. }
            | Self::DeleteGroup(group)
            | Self::RecreateGroup(group) => vec![Group(*group)],
            Self::Disturb { .. } => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_kinds() -> BTreeSet<ChangeKind> {
        ChangeKind::ALL.iter().copied().collect()
    }

    #[test]
    fn the_next_change_of_an_object_makes_a_pair_whatever_happens_to_others() {
        let history = [
            "disable user 1",
            "disable user 2",
            "add user 1 to group 3",
            "rename group 3 to \"a\"",
            "set manager of user 2 to user 1",
        ];
        let mut pairs = Pairs::default();
        pairs.note(&history.map(|text| text.parse::<Change>().unwrap()));
        let met: Vec<Pair> = pairs.counts().keys().copied().collect();
        assert_eq!(
            met,
            [
                (ChangeKind::AddMember, ChangeKind::RenameGroup),
                (ChangeKind::AddMember, ChangeKind::SetManager),
                (ChangeKind::DisableUser, ChangeKind::AddMember),
                (ChangeKind::DisableUser, ChangeKind::SetManager),
            ]
        );
    }

    #[test]
    fn what_cannot_follow_is_not_asked_for() {
        let pairs = possible_pairs(&all_kinds());
        for possible in [
            (ChangeKind::DisableUser, ChangeKind::EnableUser),
            (ChangeKind::SoftDeleteUser, ChangeKind::RestoreUser),
            (ChangeKind::DeleteGroup, ChangeKind::RecreateGroup),
            (ChangeKind::RecreateGroup, ChangeKind::AddMember),
            (ChangeKind::UpdateUser, ChangeKind::UpdateUser),
        ] {
            assert!(pairs.contains(&possible), "{possible:?}");
        }
        for impossible in [
            (ChangeKind::HardDeleteUser, ChangeKind::RestoreUser),
            (ChangeKind::EnableUser, ChangeKind::RestoreUser),
            (ChangeKind::DisableUser, ChangeKind::DisableUser),
            (ChangeKind::DeleteGroup, ChangeKind::RenameGroup),
            (ChangeKind::DisableUser, ChangeKind::RenameGroup),
        ] {
            assert!(!pairs.contains(&impossible), "{impossible:?}");
        }
    }

    #[test]
    fn whatever_is_drawn_is_possible_and_most_that_is_possible_is_drawn() {
        let weights = Weights::of(ChangeKind::ALL.iter().map(|kind| (*kind, 1)));
        let draws = Draws { count: 60, weights, same_object_percent: 40 };
        let population =
            Population { users: 5, groups: 3, members_per_group: 2, ..Population::default() };
        let mut pairs = Pairs::default();
        for seed in 0..60 {
            let directory = Directory::new(Population { seed, ..population.clone() });
            pairs.note(&draw(seed, &directory, &draws));
        }
        let possible = possible_pairs(&all_kinds());
        let strange: Vec<_> = pairs.counts().keys().filter(|it| !possible.contains(it)).collect();
        assert!(strange.is_empty(), "met, yet not possible: {strange:?}");
        let met = pairs.counts().len();
        assert!(met * 100 > possible.len() * 85, "{met} of {} pairs", possible.len());
    }
}
