//! A PATCH that does nothing but change a group's members, so that a store may keep large
//! memberships apart and need not build the whole list to add one.

use serde_json::Value;

use super::Tolerance;
use super::message::{Operation, Verb, operations};
use super::values::many;
use crate::scim::filter::{CompareOperator, Filter};
use crate::scim::path::PatchPath;
use crate::tenant::embedded::kind::ResourceKind;

/// A member as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The member's id, the sub-attribute `value`.
    pub id: String,
    /// The sub-attribute `type`, where the client gave one.
    pub resource_type: Option<String>,
}

/// One change of a membership; changes apply in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberChange {
    /// Belongs to the group from now on; nothing changes if it already does.
    Add(Member),
    /// Belongs no longer; nothing changes if it did not.
    Remove(String),
    /// Nobody belongs to the group any longer.
    RemoveAll,
    /// Exactly these belong to the group.
    ReplaceAll(Vec<Member>),
}

/// The changes of a PATCH of nothing but `members`; none when the body holds anything else, or
/// anything wrong: then [`super::apply`] is the one to apply or refuse it.
pub fn member_changes(body: &Value, tolerance: Tolerance) -> Option<Vec<MemberChange>> {
    let operations = operations(body, tolerance).ok().filter(|all| !all.is_empty())?;
    let mut changes = Vec::new();
    for operation in &operations {
        changes.extend(changes_of(operation, tolerance)?);
    }
    Some(changes)
}

fn changes_of(operation: &Operation<'_>, tolerance: Tolerance) -> Option<Vec<MemberChange>> {
    let value = match &operation.path {
        Some(path) if is_members(path) => operation.value,
        Some(_) => return None,
        None => match operation.value? {
            Value::Object(members) if members.len() == 1 => {
                let (name, value) = members.iter().next()?;
                Some(value).filter(|_| name.eq_ignore_ascii_case("members"))
            }
            _ => return None,
        },
    };
    let filter = operation.path.as_ref().and_then(|path| path.filter.as_ref());
    match (operation.verb, filter) {
        (Verb::Add, None) => {
            Some(listed(value?, tolerance)?.into_iter().map(MemberChange::Add).collect())
        }
        (Verb::Replace, None) => Some(vec![MemberChange::ReplaceAll(listed(value?, tolerance)?)]),
        (Verb::Remove, None) if operation.path.is_none() => None,
        (Verb::Remove, None) => match value.filter(|it| tolerance.entra && !it.is_null()) {
            None => Some(vec![MemberChange::RemoveAll]),
            Some(value) => {
                let listed = listed(value, tolerance)?;
                Some(listed.into_iter().map(|it| MemberChange::Remove(it.id)).collect())
            }
        },
        (Verb::Remove, Some(filter)) => {
            let ids = selected_ids(filter)?;
            Some(ids.into_iter().map(MemberChange::Remove).collect())
        }
        (Verb::Add | Verb::Replace, Some(_)) => None,
    }
}

/// Whether the path names the members, all of them or some by filter.
fn is_members(path: &PatchPath) -> bool {
    let named = ResourceKind::Group.resolve(&path.path, false);
    path.sub_attribute().is_none()
        && named.and_then(|it| it.attribute).is_some_and(|it| it.name == "members")
}

fn listed(value: &Value, tolerance: Tolerance) -> Option<Vec<Member>> {
    let attribute = ResourceKind::Group.find("members")?;
    let text = |member: &Value, name: &str| member.get(name)?.as_str().map(str::to_owned);
    many(attribute, value, tolerance)
        .ok()?
        .iter()
        .map(|member| {
            let id = text(member, "value")?;
            Some(Member { id, resource_type: text(member, "type") })
        })
        .collect()
}

/// The ids of `value eq "a"`, or of several such terms joined by `or`.
fn selected_ids(filter: &Filter) -> Option<Vec<String>> {
    match filter {
        Filter::Or(parts) => {
            let ids: Option<Vec<_>> = parts.iter().map(selected_ids).collect();
            Some(ids?.concat())
        }
        Filter::Compare { path, operator: CompareOperator::Equal, value: Value::String(id) }
            if path.schema.is_none()
                && path.sub_attribute.is_none()
                && path.attribute.eq_ignore_ascii_case("value") =>
        {
            Some(vec![id.clone()])
        }
        _ => None,
    }
}
