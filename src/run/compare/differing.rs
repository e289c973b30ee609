//! What a resource shows beside what is expected of it, attribute by attribute.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

use super::{Expected, Members, difference};
use crate::difference::{Difference, DifferenceKind};
use crate::entra::mapping::MappedValue;
use crate::entra::projection::{ProjectedGroup, ProjectedUser, Projection};
use crate::entra::state::ObjectKey;
use crate::entra::target::TargetPath;
use crate::scim::ENTERPRISE_USER;

/// Which kinds of difference this projection can bring to light.
pub(super) fn exercised(projection: &Projection) -> BTreeSet<DifferenceKind> {
    use DifferenceKind as Difference;
    let mut kinds = BTreeSet::new();
    let mut add = |condition: bool, kind: Difference| {
        if condition {
            kinds.insert(kind);
        }
    };
    for user in projection.users().values() {
        add(user.is_present, Difference::MissingUser);
        add(user.is_present, Difference::SecondUser);
        add(user.is_present, Difference::UserAttribute);
        add(user.is_present && user.active.is_some(), Difference::UserActive);
        add(user.is_present && user.had_manager, Difference::UserManager);
        add(!user.is_present, Difference::UserNotDeleted);
        add(true, Difference::Unreadable);
    }
    let deletes_users = projection.users().values().any(|user| !user.is_present);
    for group in projection.groups().values() {
        add(group.is_present, Difference::MissingGroup);
        add(group.is_present, Difference::SecondGroup);
        add(group.is_present, Difference::GroupAttribute);
        add(group.is_present && group.was_renamed, Difference::GroupName);
        add(group.is_present && !group.members.is_empty(), Difference::MissingMember);
        add(group.is_present && group.lost_members, Difference::UnexpectedMember);
        add(group.is_present && deletes_users, Difference::DanglingMember);
        add(!group.is_present, Difference::GroupNotDeleted);
    }
    kinds
}

pub(super) fn differing_user(
    key: ObjectKey,
    expected: &ProjectedUser,
    manager: &Expected,
    resource: &Value,
    number: u64,
) -> Vec<Difference> {
    let kind = DifferenceKind::UserAttribute;
    let mut found: Vec<_> =
        differing_values(key, kind, &expected.values, resource, number).collect();
    if let Some(active) = expected.active {
        let shown = resource.get("active");
        // An absent `active` says nothing against a user that should be active (RFC 7643 §4.1.1).
        let fits = shown.and_then(Value::as_bool) == Some(active) || (shown.is_none() && active);
        if !fits {
            let actual = shown.map_or("absent".to_owned(), Value::to_string);
            let kind = DifferenceKind::UserActive;
            found.push(difference(key, kind, Some("active"), &active.to_string(), &actual, number));
        }
    }
    let shown = manager_in(resource);
    let (fits, wanted) = match manager {
        Expected::Nothing => (true, ""),
        Expected::Nobody => (shown.is_none(), "nobody"),
        Expected::Id(id) => (shown.as_deref() == Some(id), id.as_str()),
    };
    if !fits {
        let actual = shown.as_deref().unwrap_or("nobody");
        let kind = DifferenceKind::UserManager;
        found.push(difference(key, kind, Some("manager"), wanted, actual, number));
    }
    found
}

/// The manager's id, in whichever form the tenant shows it; an empty one is nobody.
fn manager_in(resource: &Value) -> Option<String> {
    static PATH: LazyLock<TargetPath> = LazyLock::new(|| {
        TargetPath::parse(&format!("{ENTERPRISE_USER}:manager")).expect("it is a path")
    });
    let shown = PATH.find(resource)?;
    let id = match shown {
        Value::String(id) => id.as_str(),
        shown => shown.get("value").and_then(Value::as_str).unwrap_or_default(),
    };
    (!id.is_empty()).then(|| id.to_owned())
}

pub(super) fn differing_group(
    key: ObjectKey,
    expected: &ProjectedGroup,
    members: &Members,
    resource: &Value,
    number: u64,
) -> Vec<Difference> {
    let is_name = |value: &&MappedValue| value.target.is("displayName");
    let names = expected.values.iter().filter(is_name);
    let others = expected.values.iter().filter(|value| !is_name(value));
    let names = differing_values(key, DifferenceKind::GroupName, names, resource, number);
    let others = differing_values(key, DifferenceKind::GroupAttribute, others, resource, number);
    let mut found: Vec<_> = names.chain(others).collect();
    let shown: BTreeSet<String> = resource
        .get("members")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|member| member.get("value").or(Some(member))?.as_str().map(str::to_owned))
        .collect();
    let mut member = |kind, expected: &str, actual: &str| {
        found.push(difference(key, kind, Some("members"), expected, actual, number));
    };
    let doubtful = |id: &&String| members.doubtful.contains(*id);
    for id in members.wanted.difference(&shown).filter(|id| !doubtful(id)) {
        member(DifferenceKind::MissingMember, id, "not a member");
    }
    for id in shown.difference(&members.wanted).filter(|id| !doubtful(id)) {
        match members.deleted.contains(id) {
            true => member(DifferenceKind::DanglingMember, "no deleted user", id),
            false if members.released.contains(id) => {}
            false => member(DifferenceKind::UnexpectedMember, "not a member", id),
        }
    }
    found
}

fn differing_values<'a>(
    key: ObjectKey,
    kind: DifferenceKind,
    values: impl IntoIterator<Item = &'a MappedValue>,
    resource: &Value,
    number: u64,
) -> impl Iterator<Item = Difference> {
    values.into_iter().filter_map(move |value| {
        let shown = value.target.find(resource);
        let fits = match shown {
            Some(shown) => *shown == value.value,
            None => value.value.as_str() == Some(""),
        };
        if fits {
            return None;
        }
        let actual = shown.map_or("absent".to_owned(), Value::to_string);
        let (target, expected) = (&value.target.text, value.value.to_string());
        Some(difference(key, kind, Some(target), &expected, &actual, number))
    })
}
