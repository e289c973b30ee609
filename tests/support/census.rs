//! What a tenant should hold after a load, read without scimrig's own eyes: every user and group
//! exactly once, with the managers and members of the population.

use std::collections::{BTreeMap, BTreeSet};

use scimrig::directory::{AttributeValue, Directory, DirectoryGroup, DirectoryUser, Population};
use serde_json::Value;

use super::tenant::resources_at;

/// Where Entra's managers are.
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Reads the whole tenant and fails the test unless it holds exactly that population.
#[track_caller]
pub(crate) fn expect_exactly(base_url: &str, token: &str, population: &Population) {
    let directory = Directory::new(population.clone());
    let users = by_name(&resources_at(base_url, "/Users", token), "userName");
    let groups = by_name(&resources_at(base_url, "/Groups", token), "displayName");
    let names: Vec<String> =
        (0..population.users).map(|it| user_name(&directory.user(it))).collect();
    expect_names(&users, names.iter().cloned());
    let group_names = (0..population.groups).map(|it| group_name(&directory.group(it)));
    expect_names(&groups, group_names);
    let id = |user: usize| users[&names[user]]["id"].as_str().expect("a user has an id");
    for (index, name) in names.iter().enumerate() {
        let manager = users[name][ENTERPRISE]["manager"]["value"].as_str();
        assert_eq!(manager, directory.user(index).manager.map(id), "the manager of user {index}");
    }
    for index in 0..population.groups {
        let group = directory.group(index);
        let shown = groups[&group_name(&group)]["members"].as_array().cloned().unwrap_or_default();
        let members: BTreeSet<_> = shown.iter().filter_map(|it| it["value"].as_str()).collect();
        assert_eq!(members.len(), shown.len(), "group {index} has a member twice");
        let expected: BTreeSet<_> = group.members.iter().map(|user| id(*user)).collect();
        assert_eq!(members, expected, "the members of group {index}");
    }
}

/// Resources by their name; one that is there twice fails the test.
#[track_caller]
fn by_name(resources: &[Value], attribute: &str) -> BTreeMap<String, Value> {
    let mut by_name = BTreeMap::new();
    for resource in resources {
        let name = resource[attribute].as_str().unwrap_or_else(|| panic!("no name: {resource}"));
        let doubled = by_name.insert(name.to_owned(), resource.clone());
        assert!(doubled.is_none(), "{name} is there twice");
    }
    by_name
}

#[track_caller]
fn expect_names(found: &BTreeMap<String, Value>, expected: impl Iterator<Item = String>) {
    let (found, expected) = (found.keys().cloned().collect(), expected.collect::<BTreeSet<_>>());
    let found: BTreeSet<String> = found;
    let missing: Vec<_> = expected.difference(&found).take(5).collect();
    let strange: Vec<_> = found.difference(&expected).take(5).collect();
    assert!(
        found == expected,
        "{} are there and {} should be; missing are {missing:?}, strange are {strange:?}",
        found.len(),
        expected.len()
    );
}

fn user_name(user: &DirectoryUser) -> String {
    text(&user.attributes["userPrincipalName"])
}

fn group_name(group: &DirectoryGroup) -> String {
    text(&group.attributes["displayName"])
}

fn text(value: &AttributeValue) -> String {
    match value {
        AttributeValue::Text(text) => text.clone(),
        other => panic!("a name is a text, not {other:?}"),
    }
}
