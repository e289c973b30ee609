//! What changes do to a directory.

use super::*;

fn directory() -> Directory {
    Directory::new(Population {
        seed: 3,
        users: 20,
        groups: 4,
        members_per_group: 5,
        assigned_users_percent: 0,
        managers_percent: 0,
        ..Population::default()
    })
}

fn apply(directory: &mut Directory, text: &str) -> bool {
    directory.apply(&text.parse().expect(text))
}

fn all(directory: &mut Directory, texts: &[&str]) {
    for text in texts {
        assert!(apply(directory, text), "{text} did not apply");
    }
}

fn name(directory: &Directory, group: GroupIndex) -> AttributeValue {
    directory.group(group).attributes["displayName"].clone()
}

/// Somebody who is in exactly one group, and that group.
fn member_of_one(directory: &Directory) -> (UserIndex, GroupIndex) {
    let one = (0..20).find_map(|user| match directory.groups_of(user).as_slice() {
        [group] => Some((user, *group)),
        _ => None,
    });
    one.expect("four groups of five fill one lap of twenty users")
}

#[test]
fn a_change_that_says_nothing_new_leaves_no_trace() {
    let mut directory = directory();
    all(&mut directory, &["assign user 17", "disable user 2", "update user 3 city to \"Bonn\""]);
    for text in [
        "assign user 17",
        "disable user 2",
        "update user 3 city to \"Bonn\"",
        "enable user 5",
        "restore user 5",
        "recreate group 1",
        "unassign user 4",
        "remove manager of user 6",
        "set manager of user 6 to user 6",
        "add group 1 to group 1",
    ] {
        assert!(!apply(&mut directory, text), "{text} applied");
    }
    assert_eq!(directory.version(), 3);
    assert_eq!(directory.touched_users(), [2, 3, 17]);
    assert!(directory.touched_groups().is_empty());
}

#[test]
fn nobody_outside_of_the_population_can_be_changed() {
    let mut directory = directory();
    for text in ["assign user 20", "add user 1 to group 4", "set manager of user 1 to user 20"] {
        assert!(!apply(&mut directory, text), "{text} applied");
    }
    assert_eq!(directory.version(), 0);
}

#[test]
fn watermarks_see_what_changed_after_them_only() {
    let mut directory = directory();
    all(&mut directory, &["assign user 17", "assign user 3"]);
    let watermark = directory.version();
    all(&mut directory, &["update user 9 jobTitle to \"Cook\"", "rename group 2 to \"Kitchen\""]);
    assert_eq!(directory.users_changed_since(watermark), [9]);
    assert_eq!(directory.groups_changed_since(watermark), [2]);
    assert_eq!(directory.users_changed_since(0), [3, 9, 17]);
    assert!(directory.users_changed_since(directory.version()).is_empty());
}

#[test]
fn members_of_a_group_become_due_when_its_assignment_ends() {
    let mut directory = directory();
    let members: Vec<UserIndex> = directory.group(2).members.into_iter().collect();
    assert!(apply(&mut directory, "unassign group 2"));
    assert_eq!(directory.users_changed_since(0), members);
    assert!(members.iter().all(|user| !directory.is_entitled(*user)));
}

#[test]
fn a_member_who_is_assigned_too_is_not_due_when_the_group_goes() {
    let mut directory = directory();
    let (user, group) = member_of_one(&directory);
    assert!(apply(&mut directory, &format!("assign user {user}")));
    let watermark = directory.version();
    assert!(apply(&mut directory, &format!("remove user {user} from group {group}")));
    assert!(directory.users_changed_since(watermark).is_empty());
    assert_eq!(directory.groups_changed_since(watermark), [group]);
    assert!(directory.is_entitled(user));
}

#[test]
fn leaving_the_last_assigned_group_ends_entitlement_and_joining_brings_it_back() {
    let mut directory = directory();
    let (user, group) = member_of_one(&directory);
    assert_eq!(directory.assigned_groups_of(user), [group]);
    assert!(apply(&mut directory, &format!("remove user {user} from group {group}")));
    assert_eq!(directory.users_changed_since(0), [user]);
    assert!(!directory.is_entitled(user));
    let watermark = directory.version();
    let other = (group + 1) % 4;
    assert!(apply(&mut directory, &format!("add user {user} to group {other}")));
    assert_eq!(directory.users_changed_since(watermark), [user]);
    assert_eq!(directory.groups_of(user), [other]);
}

#[test]
fn a_restored_user_is_as_before() {
    let mut directory = directory();
    all(&mut directory, &["disable user 4"]);
    let before = directory.user(4);
    all(&mut directory, &["soft-delete user 4"]);
    assert!(!apply(&mut directory, "update user 4 city to \"Bonn\""));
    all(&mut directory, &["restore user 4"]);
    assert_eq!(directory.user(4), before);
    directory.advance_minutes(2 * RECYCLE_BIN_MINUTES);
    assert_eq!(directory.user(4), before, "the recycle bin no longer holds it");
}

#[test]
fn thirty_days_in_the_recycle_bin_end_in_a_purge_that_is_a_change() {
    let mut directory = directory();
    let (user, group) = member_of_one(&directory);
    assert!(apply(&mut directory, &format!("soft-delete user {user}")));
    assert!(directory.groups_changed_since(0).is_empty(), "memberships outlive a soft delete");
    directory.advance_minutes(RECYCLE_BIN_MINUTES - 1);
    let watermark = directory.version();
    assert!(directory.users_changed_since(watermark).is_empty());
    directory.advance_minutes(1);
    assert_eq!(directory.user(user).state, HardDeleted);
    assert_eq!(directory.users_changed_since(watermark), [user]);
    assert_eq!(directory.groups_changed_since(watermark), [group]);
    assert!(!directory.group(group).members.contains(&user));
    assert!(!apply(&mut directory, &format!("restore user {user}")));
}

#[test]
fn a_purged_manager_is_nobodys_manager() {
    let mut directory = directory();
    all(&mut directory, &["set manager of user 3 to user 9", "soft-delete user 9"]);
    assert_eq!(directory.user(3).manager, Some(9));
    all(&mut directory, &["hard-delete user 9"]);
    assert_eq!(directory.user(3).manager, None);
    assert!(!apply(&mut directory, "remove manager of user 3"));
    assert!(!apply(&mut directory, "set manager of user 3 to user 9"));
}

#[test]
fn a_group_created_anew_has_the_old_name_and_another_id() {
    let mut directory = directory();
    all(&mut directory, &["rename group 2 to \"Sales\"", "add group 2 to group 1"]);
    let old = directory.group(2);
    all(&mut directory, &["delete group 2"]);
    assert!(!apply(&mut directory, "rename group 2 to \"Other\""));
    assert!(directory.group(1).member_groups.is_empty());
    assert_eq!(directory.users_changed_since(0), old.members.into_iter().collect::<Vec<_>>());
    all(&mut directory, &["recreate group 2"]);
    let new = directory.group(2);
    assert_eq!(new.attributes["displayName"], old.attributes["displayName"]);
    assert_ne!(new.object_id, old.object_id);
    assert!(new.members.is_empty() && !new.assigned && !new.deleted);
}

#[test]
fn names_keep_the_runs_marker() {
    let mut directory = directory();
    all(&mut directory, &["rename group 2 to \"Sales EMEA\"", "rename user 5 to \"morgan.lee\""]);
    let marker = directory.population().marker();
    let expected = AttributeValue::Text(format!("Sales EMEA {marker} 2"));
    assert_eq!(name(&directory, 2), expected);
    let expected = AttributeValue::Text(format!("morgan.lee.5@{marker}.example"));
    assert_eq!(directory.user(5).attributes["userPrincipalName"], expected);
}

#[test]
fn a_change_in_a_directory_of_millions_is_as_quick_as_in_one_of_twenty() {
    let population = Population {
        users: 5_000_000,
        groups: 100_000,
        members_per_group: 40,
        ..Population::default()
    };
    let mut directory = Directory::new(population);
    let began = std::time::Instant::now();
    for user in (0..5_000_000).step_by(50_000) {
        assert!(directory.apply(&Change::UnassignUser(user)));
        assert!(directory.apply(&Change::HardDeleteUser(user)));
        assert!(directory.apply(&Change::UnassignGroup(user / 50)));
    }
    assert_eq!(directory.version(), 300);
    assert!(directory.users_changed_since(0).len() >= 100);
    assert!(began.elapsed().as_secs() < 5, "took {:?}", began.elapsed());
}
