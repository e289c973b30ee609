//! Simpler forms of a change that still is the same kind of change of the same object: a failure
//! that needs no awkward value should not show one.

use super::*;

/// The simplest text.
const PLAIN: &str = "a";
/// The attribute that says least about what is wrong.
const PLAIN_ATTRIBUTE: &str = "displayName";
/// Single letters are left out of texts that are no longer than this.
const LETTERS_MAX: usize = 16;

/// Simpler forms of the change, the simplest first. Each is simpler than the one before it was made
/// of, so that taking one after another comes to an end.
pub fn simpler(change: &Change) -> Vec<Change> {
    match change {
        Change::RenameGroup { group, name } => {
            let renamed = |name| Change::RenameGroup { group: *group, name };
            texts(name).into_iter().filter(|it| !it.is_empty()).map(renamed).collect()
        }
        Change::RenameUser { user, name } => {
            let renamed = |name| Change::RenameUser { user: *user, name };
            texts(name).into_iter().filter(|it| !it.is_empty()).map(renamed).collect()
        }
        Change::UpdateUser { user, attribute, value: AttributeValue::Text(text) } => {
            let updated = |attribute: &str, text| Change::UpdateUser {
                user: *user,
                attribute: attribute.to_owned(),
                value: AttributeValue::Text(text),
            };
            let elsewhere = (attribute != PLAIN_ATTRIBUTE)
                .then(|| [PLAIN.to_owned(), text.clone()].map(|it| updated(PLAIN_ATTRIBUTE, it)));
            let here = texts(text).into_iter().map(|text| updated(attribute, text));
            elsewhere.into_iter().flatten().chain(here).collect()
        }
        _ => Vec::new(),
    }
}

/// The change with every user and group called by another number.
pub fn renumbered(
    change: &Change,
    user: impl Fn(UserIndex) -> UserIndex,
    group: impl Fn(GroupIndex) -> GroupIndex,
) -> Change {
    let mut change = change.clone();
    match &mut change {
        Change::AssignUser(it)
        | Change::UnassignUser(it)
        | Change::RemoveManager(it)
        | Change::DisableUser(it)
        | Change::EnableUser(it)
        | Change::SoftDeleteUser(it)
        | Change::RestoreUser(it)
        | Change::HardDeleteUser(it)
        | Change::UpdateUser { user: it, .. }
        | Change::ClearAttribute { user: it, .. }
        | Change::RenameUser { user: it, .. } => *it = user(*it),
        Change::SetManager { user: report, manager } => {
            (*report, *manager) = (user(*report), user(*manager));
        }
        Change::AddMember { user: member, group: it }
        | Change::RemoveMember { user: member, group: it } => {
            (*member, *it) = (user(*member), group(*it));
        }
        Change::AddMemberGroup { member, group: it }
        | Change::RemoveMemberGroup { member, group: it } => {
            (*member, *it) = (group(*member), group(*it));
        }
        Change::AssignGroup(it)
        | Change::UnassignGroup(it)
        | Change::DeleteGroup(it)
        | Change::RecreateGroup(it)
        | Change::RenameGroup { group: it, .. } => *it = group(*it),
        Change::Disturb { .. } => {}
    }
    change
}

/// Texts simpler than this one: the plain one, its halves, and without one letter each.
fn texts(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    if text == PLAIN || letters.is_empty() {
        return Vec::new();
    }
    let mut simpler = vec![PLAIN.to_owned()];
    let half = letters.len() / 2;
    if half > 0 {
        simpler.extend([&letters[..half], &letters[half..]].map(|part| part.iter().collect()));
    }
    if (3..=LETTERS_MAX).contains(&letters.len()) {
        let without = |left_out: usize| {
            let kept = letters.iter().enumerate().filter(move |(at, _)| *at != left_out);
            kept.map(|(_, letter)| letter).collect::<String>()
        };
        simpler.extend((0..letters.len()).map(without));
    }
    simpler
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes simpler forms as long as the change still fails.
    fn simplest(text: &str, fails: impl Fn(&str) -> bool) -> String {
        let mut change: Change = text.parse().unwrap();
        for _ in 0..1_000 {
            match simpler(&change).into_iter().find(|it| fails(&it.to_string())) {
                Some(simpler) => change = simpler,
                None => return change.to_string(),
            }
        }
        panic!("it did not come to an end");
    }

    #[test]
    fn a_value_that_does_not_matter_becomes_the_plain_one() {
        let any = |_: &str| true;
        assert_eq!(simplest("rename group 2 to \"Rock & Roll\"", any), "rename group 2 to \"a\"");
        assert_eq!(simplest("rename user 2 to \"o'neill\"", any), "rename user 2 to \"a\"");
        let update = "update user 1 jobTitle to \"the \\\"A\\\" team\"";
        assert_eq!(simplest(update, any), "update user 1 displayName to \"a\"");
        assert_eq!(simplest("disable user 1", any), "disable user 1");
    }

    #[test]
    fn of_a_value_that_matters_the_part_that_matters_is_left() {
        let quoted = |text: &str| text.contains('&');
        let rename = "rename group 2 to \"Rock & Roll + 100% #1\"";
        assert_eq!(simplest(rename, quoted), "rename group 2 to \"&\"");
        let here = |text: &str| text.contains("jobTitle") && text.contains('é');
        let update = "update user 1 jobTitle to \"Zoé Ñandú\"";
        assert_eq!(simplest(update, here), "update user 1 jobTitle to \"é\"");
        let long = |text: &str| text.len() > 60;
        assert!(simplest(&format!("rename group 2 to \"{}\"", "x".repeat(900)), long).len() < 140);
    }

    #[test]
    fn numbers_change_in_every_place() {
        for form in FORMS {
            let change: Change = form.parse().unwrap();
            let raised = renumbered(&change, |user| user + 100, |group| group + 200);
            assert_eq!(renumbered(&raised, |user| user - 100, |group| group - 200), change);
            for object in raised.objects() {
                match object {
                    ChangedObject::User(user) => assert!(user >= 100, "{raised}"),
                    ChangedObject::Group(group) => assert!(group >= 200, "{raised}"),
                }
            }
        }
    }
}
