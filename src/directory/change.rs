//! What moves: one thing an administrator, a manager or a clock does to the directory, or a trouble
//! that the next cycle meets on its way.
//!
//! Changes name members of a fixed population, so any part of a sequence is a sequence too. Each
//! has a text that people write into scenarios (`unassign user 17`) and that reads back to the same
//! change. Values are JSON: `"Engineer"`, `true`, `17`, `["a", "b"]`.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::object::*;
use super::pairs::ChangedObject;
use crate::exchange::Disturbance;

/// One change of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The user is assigned to the application.
    AssignUser(UserIndex),
    /// The user's own assignment ends.
    UnassignUser(UserIndex),
    /// The group is assigned to the application.
    AssignGroup(GroupIndex),
    /// The group's assignment ends.
    UnassignGroup(GroupIndex),
    /// The user joins the group.
    AddMember {
        /// Who joins.
        user: UserIndex,
        /// Where.
        group: GroupIndex,
    },
    /// The user leaves the group.
    RemoveMember {
        /// Who leaves.
        user: UserIndex,
        /// Where.
        group: GroupIndex,
    },
    /// A group becomes a direct member of another.
    AddMemberGroup {
        /// The nested one.
        member: GroupIndex,
        /// The one it is nested in.
        group: GroupIndex,
    },
    /// A group is no longer a direct member of another.
    RemoveMemberGroup {
        /// The nested one.
        member: GroupIndex,
        /// The one it was nested in.
        group: GroupIndex,
    },
    /// The group's `displayName` changes; the run's marker and the index are appended.
    RenameGroup {
        /// Which group.
        group: GroupIndex,
        /// The new name, without marker and index.
        name: String,
    },
    /// An attribute of the user gets another value.
    UpdateUser {
        /// Which user.
        user: UserIndex,
        /// Entra's name of the attribute, one of [`USER_ATTRIBUTES`].
        attribute: String,
        /// The new value.
        value: AttributeValue,
    },
    /// An attribute of the user becomes null.
    ClearAttribute {
        /// Which user.
        user: UserIndex,
        /// Entra's name of the attribute, one of [`USER_ATTRIBUTES`].
        attribute: String,
    },
    /// The user's `userPrincipalName` changes; index, marker and domain are appended.
    RenameUser {
        /// Which user.
        user: UserIndex,
        /// The new name part, such as `morgan.lee`.
        name: String,
    },
    /// The user gets a manager, or another one.
    SetManager {
        /// The report.
        user: UserIndex,
        /// The manager.
        manager: UserIndex,
    },
    /// The user has no manager any more.
    RemoveManager(UserIndex),
    /// `accountEnabled` becomes false.
    DisableUser(UserIndex),
    /// `accountEnabled` becomes true.
    EnableUser(UserIndex),
    /// The user goes to the recycle bin, for 30 days.
    SoftDeleteUser(UserIndex),
    /// The user comes back from the recycle bin, with assignment and memberships.
    RestoreUser(UserIndex),
    /// The user is purged, from the recycle bin or at once.
    HardDeleteUser(UserIndex),
    /// The group is deleted.
    DeleteGroup(GroupIndex),
    /// A new group under the old name: another object id, no members, not assigned.
    RecreateGroup(GroupIndex),
    /// A request of the cycle that follows goes wrong; nothing happens to the directory.
    Disturb {
        /// Which request of the job in that cycle, from 1.
        request: u64,
        /// What goes wrong with it.
        by: Disturbance,
    },
}

/// The attributes that `update user` and `clear user` take, by Entra's name. Others have changes of
/// their own (`rename user`, `disable user`, `set manager of user`).
pub const USER_ATTRIBUTES: &[&str] = &[
    "displayName",
    "givenName",
    "surname",
    "mail",
    "mailNickname",
    "otherMails",
    "proxyAddresses",
    "jobTitle",
    "department",
    "companyName",
    "employeeId",
    "telephoneNumber",
    "mobile",
    "facsimileTelephoneNumber",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "physicalDeliveryOfficeName",
    "officeName",
    "preferredLanguage",
    "usageLocation",
    "userType",
    "licenseType",
    "extensionAttribute1",
    "extensionAttribute2",
    "extensionAttribute3",
];

/// Why a text is no change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The words make no change.
    #[error("`{0}` is no change; write one of: {forms}", forms = FORMS.join("; "))]
    Form(String),
    /// A number was expected.
    #[error("`{0}` is not the number of a user, group or request: write a whole number from 0")]
    Number(String),
    /// An attribute is not one that can be updated.
    #[error("`{0}` is no attribute that can be updated; write one of {known}",
            known = USER_ATTRIBUTES.join(", "))]
    Attribute(String),
    /// The value is not one.
    #[error(
        "`{0}` is no value: write \"text\" in double quotes, true, false, a whole number, \
             or [\"a\", \"b\"]"
    )]
    Value(String),
}

/// The accepted texts, as messages show them.
pub const FORMS: &[&str] = &[
    "assign user 17",
    "unassign user 17",
    "assign group 2",
    "unassign group 2",
    "add user 4 to group 1",
    "remove user 4 from group 1",
    "add group 3 to group 1",
    "remove group 3 from group 1",
    "rename group 2 to \"Sales EMEA\"",
    "update user 5 jobTitle to \"Engineer\"",
    "clear user 5 jobTitle",
    "rename user 5 to \"morgan.lee\"",
    "set manager of user 3 to user 9",
    "remove manager of user 3",
    "disable user 3",
    "enable user 3",
    "soft-delete user 3",
    "restore user 3",
    "hard-delete user 3",
    "delete group 2",
    "recreate group 2",
    "throttle request 7",
    "fail request 7",
    "lose answer 7",
];

impl Change {
    /// The largest user index the change names, if it names one.
    pub fn highest_user(&self) -> Option<UserIndex> {
        let objects = self.objects().into_iter();
        objects
            .filter_map(|it| if let ChangedObject::User(user) = it { Some(user) } else { None })
            .max()
    }

    /// The largest group index the change names, if it names one.
    pub fn highest_group(&self) -> Option<GroupIndex> {
        let objects = self.objects().into_iter();
        objects
            .filter_map(|it| if let ChangedObject::Group(group) = it { Some(group) } else { None })
            .max()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AssignUser(user) => write!(f, "assign user {user}"),
            Self::UnassignUser(user) => write!(f, "unassign user {user}"),
            Self::AssignGroup(group) => write!(f, "assign group {group}"),
            Self::UnassignGroup(group) => write!(f, "unassign group {group}"),
            Self::AddMember { user, group } => write!(f, "add user {user} to group {group}"),
            Self::RemoveMember { user, group } => {
                write!(f, "remove user {user} from group {group}")
            }
            Self::AddMemberGroup { member, group } => {
                write!(f, "add group {member} to group {group}")
            }
            Self::RemoveMemberGroup { member, group } => {
                write!(f, "remove group {member} from group {group}")
            }
            Self::RenameGroup { group, name } => {
                write!(f, "rename group {group} to {}", quoted(name))
            }
            Self::UpdateUser { user, attribute, value } => {
                write!(f, "update user {user} {attribute} to {}", value_text(value))
            }
            Self::ClearAttribute { user, attribute } => write!(f, "clear user {user} {attribute}"),
            Self::RenameUser { user, name } => write!(f, "rename user {user} to {}", quoted(name)),
            Self::SetManager { user, manager } => {
                write!(f, "set manager of user {user} to user {manager}")
            }
            Self::RemoveManager(user) => write!(f, "remove manager of user {user}"),
            Self::DisableUser(user) => write!(f, "disable user {user}"),
            Self::EnableUser(user) => write!(f, "enable user {user}"),
            Self::SoftDeleteUser(user) => write!(f, "soft-delete user {user}"),
            Self::RestoreUser(user) => write!(f, "restore user {user}"),
            Self::HardDeleteUser(user) => write!(f, "hard-delete user {user}"),
            Self::DeleteGroup(group) => write!(f, "delete group {group}"),
            Self::RecreateGroup(group) => write!(f, "recreate group {group}"),
            Self::Disturb { request, by } => {
                let words = match by {
                    Disturbance::Throttle => "throttle request",
                    Disturbance::Fail => "fail request",
                    Disturbance::LoseAnswer => "lose answer",
                };
                write!(f, "{words} {request}")
            }
        }
    }
}

impl FromStr for Change {
    type Err = ChangeError;

    fn from_str(text: &str) -> Result<Self, ChangeError> {
        let (head, tail) = match text.split_once(" to ") {
            Some((head, tail)) => (head, Some(tail.trim())),
            None => (text, None),
        };
        let words: Vec<&str> = head.split_whitespace().collect();
        Ok(match (words.as_slice(), tail) {
            (["assign", "user", user], None) => Self::AssignUser(index(user)?),
            (["unassign", "user", user], None) => Self::UnassignUser(index(user)?),
            (["assign", "group", group], None) => Self::AssignGroup(index(group)?),
            (["unassign", "group", group], None) => Self::UnassignGroup(index(group)?),
            (["add", "user", user], Some(tail)) => {
                Self::AddMember { user: index(user)?, group: named("group", tail, text)? }
            }
            (["remove", "user", user, "from", "group", group], None) => {
                Self::RemoveMember { user: index(user)?, group: index(group)? }
            }
            (["add", "group", member], Some(tail)) => {
                Self::AddMemberGroup { member: index(member)?, group: named("group", tail, text)? }
            }
            (["remove", "group", member, "from", "group", group], None) => {
                Self::RemoveMemberGroup { member: index(member)?, group: index(group)? }
            }
            (["rename", "group", group], Some(name)) => {
                Self::RenameGroup { group: index(group)?, name: unquoted(name)? }
            }
            (["update", "user", user, attribute], Some(value)) => Self::UpdateUser {
                user: index(user)?,
                attribute: known_attribute(attribute)?,
                value: parsed_value(value)?,
            },
            (["clear", "user", user, attribute], None) => {
                Self::ClearAttribute { user: index(user)?, attribute: known_attribute(attribute)? }
            }
            (["rename", "user", user], Some(name)) => {
                Self::RenameUser { user: index(user)?, name: unquoted(name)? }
            }
            (["set", "manager", "of", "user", user], Some(tail)) => {
                Self::SetManager { user: index(user)?, manager: named("user", tail, text)? }
            }
            (["remove", "manager", "of", "user", user], None) => Self::RemoveManager(index(user)?),
            (["disable", "user", user], None) => Self::DisableUser(index(user)?),
            (["enable", "user", user], None) => Self::EnableUser(index(user)?),
            (["soft-delete", "user", user], None) => Self::SoftDeleteUser(index(user)?),
            (["restore", "user", user], None) => Self::RestoreUser(index(user)?),
            (["hard-delete", "user", user], None) => Self::HardDeleteUser(index(user)?),
            (["delete", "group", group], None) => Self::DeleteGroup(index(group)?),
            (["recreate", "group", group], None) => Self::RecreateGroup(index(group)?),
            (["throttle", "request", nth], None) => disturbed(nth, Disturbance::Throttle)?,
            (["fail", "request", nth], None) => disturbed(nth, Disturbance::Fail)?,
            (["lose", "answer", nth], None) => disturbed(nth, Disturbance::LoseAnswer)?,
            _ => return Err(ChangeError::Form(text.to_owned())),
        })
    }
}

fn disturbed(nth: &str, by: Disturbance) -> Result<Change, ChangeError> {
    let request = nth.parse().map_err(|_| ChangeError::Number(nth.to_owned()))?;
    Ok(Change::Disturb { request, by })
}

fn index(word: &str) -> Result<usize, ChangeError> {
    word.parse().map_err(|_| ChangeError::Number(word.to_owned()))
}

/// The number in `group 1` or `user 9`.
fn named(noun: &str, tail: &str, text: &str) -> Result<usize, ChangeError> {
    match tail.split_whitespace().collect::<Vec<_>>().as_slice() {
        [first, number] if *first == noun => index(number),
        _ => Err(ChangeError::Form(text.to_owned())),
    }
}

fn known_attribute(name: &str) -> Result<String, ChangeError> {
    let known = USER_ATTRIBUTES.contains(&name);
    known.then(|| name.to_owned()).ok_or_else(|| ChangeError::Attribute(name.to_owned()))
}

fn quoted(text: &str) -> Value {
    Value::from(text)
}

fn unquoted(text: &str) -> Result<String, ChangeError> {
    match parsed_value(text)? {
        AttributeValue::Text(value) if !value.is_empty() => Ok(value),
        _ => Err(ChangeError::Value(text.to_owned())),
    }
}

fn value_text(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Text(text) => Value::from(text.as_str()),
        AttributeValue::Flag(flag) => Value::from(*flag),
        AttributeValue::Integer(number) => Value::from(*number),
        AttributeValue::Many(texts) => Value::from(texts.as_slice()),
    }
}

fn parsed_value(text: &str) -> Result<AttributeValue, ChangeError> {
    let refused = || ChangeError::Value(text.to_owned());
    match serde_json::from_str(text).map_err(|_| refused())? {
        Value::String(value) => Ok(AttributeValue::Text(value)),
        Value::Bool(flag) => Ok(AttributeValue::Flag(flag)),
        Value::Number(number) => number.as_i64().map(AttributeValue::Integer).ok_or_else(refused),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(refused))
            .collect::<Result<_, _>>()
            .map(AttributeValue::Many),
        Value::Null | Value::Object(_) => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Change, ChangeError> {
        text.parse()
    }

    #[test]
    fn every_form_reads_and_writes_back_the_same() {
        for form in FORMS {
            assert_eq!(parse(form).expect(form).to_string(), *form);
        }
        assert_eq!(FORMS.len(), crate::directory::ChangeKind::ALL.len());
    }

    #[test]
    fn awkward_values_survive_the_round_trip() {
        for awkward in ["a \"b\" to c", "\\", "line\nbreak", "שלום", "👩‍🚀", "e\u{301}", "a to b"]
        {
            let change = Change::RenameGroup { group: 2, name: awkward.to_owned() };
            assert_eq!(parse(&change.to_string()), Ok(change));
            let value = AttributeValue::Many(vec![awkward.to_owned(), String::new()]);
            let change = Change::UpdateUser { user: 1, attribute: "otherMails".into(), value };
            assert_eq!(parse(&change.to_string()), Ok(change));
        }
    }

    #[test]
    fn flags_and_numbers_are_values() {
        for (text, value) in [
            ("true", AttributeValue::Flag(true)),
            ("-17", AttributeValue::Integer(-17)),
            ("\"\"", AttributeValue::Text(String::new())),
        ] {
            let change = parse(&format!("update user 1 extensionAttribute1 to {text}")).unwrap();
            assert!(matches!(change, Change::UpdateUser { value: read, .. } if read == value));
        }
    }

    #[test]
    fn what_is_no_change_is_refused_with_the_accepted_forms() {
        for text in ["", "assign", "assign user", "assign user 1 2", "add user 1 to user 2"] {
            assert_eq!(parse(text), Err(ChangeError::Form(text.to_owned())));
        }
        let message = parse("asign user 17").unwrap_err().to_string();
        assert!(message.contains("`asign user 17`"), "{message}");
        assert!(message.contains("unassign user 17"), "{message}");
    }

    #[test]
    fn numbers_attributes_and_values_are_refused_by_name() {
        assert_eq!(parse("assign user -1"), Err(ChangeError::Number("-1".into())));
        let userless = parse("update user 1 accountEnabled to true");
        assert_eq!(userless, Err(ChangeError::Attribute("accountEnabled".into())));
        for value in ["Sales", "null", "1.5", "[1]", "{}", "\"open"] {
            let parsed = parse(&format!("update user 1 jobTitle to {value}"));
            assert_eq!(parsed, Err(ChangeError::Value(value.into())), "{value}");
        }
        assert_eq!(parse("rename group 1 to \"\""), Err(ChangeError::Value("\"\"".into())));
    }

    #[test]
    fn the_highest_index_is_found_on_either_side() {
        let change = parse("set manager of user 3 to user 9").unwrap();
        assert_eq!((change.highest_user(), change.highest_group()), (Some(9), None));
        let change = parse("add group 3 to group 1").unwrap();
        assert_eq!((change.highest_user(), change.highest_group()), (None, Some(3)));
    }
}
