//! How often each kind of change is drawn.
//!
//! A scenario's `weights` table names kinds in kebab-case; a kind it leaves out is not drawn.
//! Without the table every kind but nesting groups and disturbing requests is drawn, the everyday
//! ones more often.

use std::collections::BTreeMap;

use heck::ToKebabCase as _;
use serde::{Deserialize, Serialize};

/// The kinds of change: keys of `weights`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the kind of the change that has its name")]
pub enum ChangeKind {
    AssignUser,
    UnassignUser,
    AssignGroup,
    UnassignGroup,
    AddMember,
    RemoveMember,
    AddMemberGroup,
    RemoveMemberGroup,
    RenameGroup,
    UpdateUser,
    ClearAttribute,
    RenameUser,
    SetManager,
    RemoveManager,
    DisableUser,
    EnableUser,
    SoftDeleteUser,
    RestoreUser,
    HardDeleteUser,
    DeleteGroup,
    RecreateGroup,
    ThrottleRequest,
    FailRequest,
    LoseAnswer,
}

impl ChangeKind {
    /// The name in files: kebab-case.
    pub fn name(self) -> String {
        format!("{self:?}").to_kebab_case()
    }

    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::AssignUser,
        Self::UnassignUser,
        Self::AssignGroup,
        Self::UnassignGroup,
        Self::AddMember,
        Self::RemoveMember,
        Self::AddMemberGroup,
        Self::RemoveMemberGroup,
        Self::RenameGroup,
        Self::UpdateUser,
        Self::ClearAttribute,
        Self::RenameUser,
        Self::SetManager,
        Self::RemoveManager,
        Self::DisableUser,
        Self::EnableUser,
        Self::SoftDeleteUser,
        Self::RestoreUser,
        Self::HardDeleteUser,
        Self::DeleteGroup,
        Self::RecreateGroup,
        Self::ThrottleRequest,
        Self::FailRequest,
        Self::LoseAnswer,
    ];
}

/// The share of each kind among drawn changes; kinds that are absent are not drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weights(BTreeMap<ChangeKind, u32>);

/// The heaviest weight a file may give: sums stay far from overflow.
pub const WEIGHT_MAX: u32 = 1_000_000;

impl Weights {
    /// Weights for the kinds given; the others are not drawn.
    pub fn of(pairs: impl IntoIterator<Item = (ChangeKind, u32)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The kinds that are drawn at all, with their weights, in the order of [`ChangeKind`].
    pub fn drawn(&self) -> Vec<(u32, ChangeKind)> {
        let positive = self.0.iter().filter(|(_, weight)| **weight > 0);
        positive.map(|(kind, weight)| ((*weight).min(WEIGHT_MAX), *kind)).collect()
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self::of([
            (ChangeKind::AssignUser, 3),
            (ChangeKind::UnassignUser, 3),
            (ChangeKind::AssignGroup, 1),
            (ChangeKind::UnassignGroup, 1),
            (ChangeKind::AddMember, 5),
            (ChangeKind::RemoveMember, 5),
            (ChangeKind::RenameGroup, 1),
            (ChangeKind::UpdateUser, 6),
            (ChangeKind::ClearAttribute, 1),
            (ChangeKind::RenameUser, 1),
            (ChangeKind::SetManager, 2),
            (ChangeKind::RemoveManager, 1),
            (ChangeKind::DisableUser, 2),
            (ChangeKind::EnableUser, 2),
            (ChangeKind::SoftDeleteUser, 1),
            (ChangeKind::RestoreUser, 1),
            (ChangeKind::HardDeleteUser, 1),
            (ChangeKind::DeleteGroup, 1),
            (ChangeKind::RecreateGroup, 1),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_kinds_in_kebab_case() {
        let weights: Weights = toml::from_str("assign-user = 3\nrename-group = 0").unwrap();
        assert_eq!(weights.drawn(), [(3, ChangeKind::AssignUser)]);
        for kind in ChangeKind::ALL {
            let weights: Weights = toml::from_str(&format!("{} = 1", kind.name())).unwrap();
            assert_eq!(weights.drawn(), [(1, *kind)]);
        }
        let refused = toml::from_str::<Weights>("asign-user = 3").unwrap_err();
        assert!(refused.message().contains("`assign-user`"), "{refused}");
    }

    #[test]
    fn groups_are_not_nested_and_nothing_is_disturbed_unless_asked_for() {
        let drawn: Vec<ChangeKind> = Weights::default().drawn().iter().map(|it| it.1).collect();
        assert!(!drawn.contains(&ChangeKind::AddMemberGroup));
        assert!(!drawn.contains(&ChangeKind::LoseAnswer));
        assert_eq!(drawn.len(), ChangeKind::ALL.len() - 5);
    }
}
