//! Who exists at the beginning: a population is a rule, not a list.
//!
//! Every user and group is computed from the seed when it is asked for, and so is the answer to
//! "which groups is user 17 in". Names, titles and places depend on the seed alone; what identifies
//! a resource (object ids, user principal names, mail nicknames, group names) also carries the
//! run's marker, so that two attempts never meet in one tenant and leftovers can be recognised.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::names::{DEPARTMENTS, GIVEN_NAMES, JOB_TITLES, PLACES, STREETS, SURNAMES, TEAMS};
use super::object::*;
use super::shuffle::{Permutation, mix, mix_both};

/// How many users and groups there are, and what they are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Population {
    /// Where every number comes from.
    pub seed: u64,
    /// Salts whatever identifies a resource: a replay uses the next number, and so fresh names.
    pub attempt: u32,
    /// How many users there are.
    pub users: usize,
    /// How many groups there are.
    pub groups: usize,
    /// How many distinct users each group has; at most `users`.
    pub members_per_group: usize,
    /// How many groups, the first ones, are large: real directories have a few that hold everybody.
    pub large_groups: usize,
    /// How many distinct users each large group has; at most `users`.
    pub members_per_large_group: usize,
    /// Share of users assigned to the application directly, in percent.
    pub assigned_users_percent: u8,
    /// Share of groups assigned to the application, in percent.
    pub assigned_groups_percent: u8,
    /// Share of users with a manager, in percent.
    pub managers_percent: u8,
    /// Share of users whose account is disabled from the start, in percent.
    pub disabled_percent: u8,
    /// The domain of user principal names and mail; none means one that carries the run's marker.
    pub domain: Option<String>,
}

/// Independent streams of numbers. The discriminants are part of what a seed means: never reuse.
#[derive(Clone, Copy)]
enum Topic {
    Marker = 1,
    UserId = 2,
    GroupId = 3,
    Members = 4,
    Assigned = 5,
    AssignedGroup = 6,
    HasManager = 7,
    Manager = 8,
    Disabled = 9,
    Given = 10,
    Surname = 11,
    Job = 12,
    Department = 13,
    Place = 14,
    Street = 15,
    Lacks = 16,
    LargeMembers = 17,
}

impl Default for Population {
    fn default() -> Self {
        Self {
            seed: 1,
            attempt: 0,
            users: 0,
            groups: 0,
            members_per_group: 0,
            large_groups: 0,
            members_per_large_group: 0,
            assigned_users_percent: 100,
            assigned_groups_percent: 100,
            managers_percent: 50,
            disabled_percent: 0,
            domain: None,
        }
    }
}

impl Population {
    /// The mark on everything that identifies a resource of this run: `rig-5c3e1f20`. Attempts of
    /// one seed never share it, because mixing 32 bits of attempt is undone by nothing else.
    pub fn marker(&self) -> String {
        let seed = mix_both(self.seed, Topic::Marker as u64) >> 32;
        let attempt = u64::from(self.attempt.wrapping_mul(0x9e37_79b1)); // odd, so a bijection
        format!("rig-{:08x}", (seed ^ attempt) & 0xffff_ffff)
    }

    /// The user with that index, as it was in the beginning.
    pub fn user(&self, index: UserIndex) -> DirectoryUser {
        DirectoryUser {
            object_id: self.object_id(Topic::UserId, index, 0),
            attributes: self.user_attributes(index),
            manager: self.manager_of(index),
            state: self.user_state(index),
            assigned: self.is_user_assigned(index),
        }
    }

    /// The group with that index, as it was in the beginning.
    pub fn group(&self, index: GroupIndex) -> DirectoryGroup {
        let team = TEAMS[index % TEAMS.len()];
        let nickname = format!("team.{index}.{}", self.marker());
        DirectoryGroup {
            object_id: self.object_id(Topic::GroupId, index, 0),
            attributes: BTreeMap::from([
                text("displayName", self.group_name(team, index)),
                text("mailNickname", nickname),
                text("description", format!("Everybody in {team}")),
                ("securityEnabled".into(), AttributeValue::Flag(true)),
                ("mailEnabled".into(), AttributeValue::Flag(false)),
            ]),
            members: self.members_of(index).collect(),
            member_groups: BTreeSet::new(),
            assigned: self.is_group_assigned(index),
            deleted: false,
        }
    }

    /// The groups that user belongs to in the beginning; costs as much as the answer is long.
    pub fn groups_of(&self, user: UserIndex) -> Vec<GroupIndex> {
        if user >= self.users {
            return Vec::new();
        }
        let large = self.large_groups.min(self.groups);
        let holds =
            |group: &usize| self.row_of_large(*group).place_of(user) < self.members_per_large_group;
        let mut groups: Vec<GroupIndex> = (0..large).filter(holds).collect();
        if self.members_per_group > 0 {
            let per_lap = self.groups_per_lap();
            groups.extend((0..(self.groups - large).div_ceil(per_lap)).filter_map(|lap| {
                let slot = self.lap(lap).place_of(user) / self.members_per_group;
                let group = large + lap * per_lap + slot;
                (slot < per_lap && group < self.groups).then_some(group)
            }));
        }
        groups
    }

    /// How many members that group has in the beginning.
    pub fn member_count(&self, group: GroupIndex) -> usize {
        let members = match group < self.large_groups {
            true => self.members_per_large_group,
            false => self.members_per_group,
        };
        members.min(self.users)
    }

    /// How many memberships there are in the beginning.
    pub fn membership_count(&self) -> usize {
        let large = self.large_groups.min(self.groups);
        let small = (self.groups - large) * self.members_per_group.min(self.users);
        large * self.members_per_large_group.min(self.users) + small
    }

    /// Whether the user is enabled or disabled in the beginning.
    pub fn user_state(&self, user: UserIndex) -> UserState {
        match self.is_drawn(self.disabled_percent, Topic::Disabled, user) {
            true => UserState::Disabled,
            false => UserState::Enabled,
        }
    }

    /// Whether the user is assigned to the application in the beginning.
    pub fn is_user_assigned(&self, user: UserIndex) -> bool {
        self.is_drawn(self.assigned_users_percent, Topic::Assigned, user)
    }

    /// Whether the group is assigned to the application in the beginning.
    pub fn is_group_assigned(&self, group: GroupIndex) -> bool {
        self.is_drawn(self.assigned_groups_percent, Topic::AssignedGroup, group)
    }

    /// A user principal name: the given name part, made unique by index and marker.
    pub fn user_principal_name(&self, name: &str, index: UserIndex) -> String {
        match &self.domain {
            None => [name, ".", &index.to_string(), "@", &self.marker(), ".example"].concat(),
            Some(domain) => {
                [name, ".", &index.to_string(), ".", &self.marker(), "@", domain].concat()
            }
        }
    }

    /// A group's display name: the given name, made unique by marker and index.
    pub fn group_name(&self, name: &str, index: GroupIndex) -> String {
        format!("{name} {} {index}", self.marker())
    }

    /// The name part that [`Self::user_principal_name`] made this name of.
    pub fn name_part<'name>(&self, name: &'name str, index: UserIndex) -> Option<&'name str> {
        let local = name.split_once('@')?.0;
        let mine = match &self.domain {
            None => local,
            Some(_) => local.strip_suffix(&self.marker())?.strip_suffix('.')?,
        };
        mine.strip_suffix(&index.to_string())?.strip_suffix('.')
    }

    /// The name that [`Self::group_name`] made this display name of.
    pub fn group_name_part<'name>(
        &self,
        name: &'name str,
        index: GroupIndex,
    ) -> Option<&'name str> {
        name.strip_suffix(&format!(" {} {index}", self.marker()))
    }

    /// The `objectId` of the group created anew for the `generation`th time under that index.
    pub(super) fn group_object_id(&self, index: GroupIndex, generation: u32) -> String {
        self.object_id(Topic::GroupId, index, generation)
    }

    /// Groups are dealt in laps: in each, a shuffled row of all users is cut into groups. So the
    /// members of one group are distinct, and a user's groups are found by asking each lap's
    /// shuffle for the user's place. A large group has a shuffle of its own.
    fn members_of(&self, group: GroupIndex) -> impl Iterator<Item = UserIndex> {
        let (row, first) = match group.checked_sub(self.large_groups) {
            None => (self.row_of_large(group), 0),
            Some(small) => {
                let per_lap = self.groups_per_lap();
                (self.lap(small / per_lap), (small % per_lap) * self.members_per_group)
            }
        };
        (first..first + self.member_count(group)).map(move |place| row.at(place))
    }

    fn row_of_large(&self, group: GroupIndex) -> Permutation {
        Permutation::new(self.number(Topic::LargeMembers, group), self.users)
    }

    fn lap(&self, lap: usize) -> Permutation {
        Permutation::new(self.number(Topic::Members, lap), self.users)
    }

    fn groups_per_lap(&self) -> usize {
        (self.users / self.members_per_group.max(1)).max(1)
    }

    /// Managers stand among the first eighth before their reports, so there is no circle, and few
    /// people manage many.
    pub(super) fn manager_of(&self, index: UserIndex) -> Option<UserIndex> {
        let drawn = index > 0 && self.is_drawn(self.managers_percent, Topic::HasManager, index);
        drawn.then(|| self.below(index.div_ceil(8), Topic::Manager, index))
    }

    fn user_attributes(&self, index: UserIndex) -> Attributes {
        let (given, given_ascii) = self.pick(GIVEN_NAMES, Topic::Given, index);
        let (surname, surname_ascii) = self.pick(SURNAMES, Topic::Surname, index);
        let (city, state, postal_code) = self.pick(PLACES, Topic::Place, index);
        let address_name = [given_ascii, ".", surname_ascii].concat();
        let principal_name = self.user_principal_name(&address_name, index);
        let phone = |line: usize| {
            let number = (index + line) % 100;
            ["+1-555-01", if number < 10 { "0" } else { "" }, &number.to_string()].concat()
        };
        let house = 100 + self.below(9_000, Topic::Street, index);
        let street = self.pick(STREETS, Topic::Street, index);
        let number = index.to_string();
        // In order of their names, as the map keeps them: it need not sort.
        let mut attributes = BTreeMap::from([
            text("city", city),
            text("companyName", "Example Corporation"),
            text("country", "US"),
            text("department", self.pick(DEPARTMENTS, Topic::Department, index)),
            text("displayName", [given, " ", surname].concat()),
            text("employeeId", ["E", &(10_000 + index).to_string()].concat()),
            text("facsimileTelephoneNumber", phone(71)),
            text("givenName", given),
            text("jobTitle", self.pick(JOB_TITLES, Topic::Job, index)),
            text("mail", principal_name.as_str()),
            text("mailNickname", [&address_name, ".", &number, ".", &self.marker()].concat()),
            text("mobile", phone(37)),
            text("physicalDeliveryOfficeName", city),
            text("postalCode", postal_code),
            text("preferredLanguage", "en-US"),
            text("state", state),
            text("streetAddress", [&house.to_string(), " ", street].concat()),
            text("surname", surname),
            text("telephoneNumber", phone(0)),
            text("userPrincipalName", principal_name),
        ]);
        for absent in self.lacking(index) {
            attributes.remove(*absent);
        }
        attributes
    }

    /// Real directories have holes: cloud-only accounts without mail, people without a desk.
    fn lacking(&self, index: UserIndex) -> &'static [&'static str] {
        match self.below(12, Topic::Lacks, index) {
            0 | 1 => &["mail"],
            2 | 3 => &["facsimileTelephoneNumber", "mobile"],
            4 => &["jobTitle", "department", "employeeId"],
            5 => &["streetAddress", "physicalDeliveryOfficeName", "telephoneNumber"],
            6 => &["facsimileTelephoneNumber", "preferredLanguage", "companyName"],
            _ => &["facsimileTelephoneNumber"],
        }
    }

    fn object_id(&self, topic: Topic, index: usize, generation: u32) -> String {
        let salt = mix_both(u64::from(self.attempt), u64::from(generation));
        let high = mix_both(self.number(topic, index), salt);
        let low = mix(high);
        format!(
            "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            8 | (low >> 62),
            (low >> 48) & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }

    fn pick<T: Copy>(&self, table: &[T], topic: Topic, index: usize) -> T {
        table[self.below(table.len(), topic, index)]
    }

    fn is_drawn(&self, percent: u8, topic: Topic, index: usize) -> bool {
        self.below(100, topic, index) < usize::from(percent)
    }

    /// A number below `limit`, which must not be 0.
    fn below(&self, limit: usize, topic: Topic, index: usize) -> usize {
        let number = self.number(topic, index) % limit as u64;
        usize::try_from(number).expect("below the limit, which was a usize")
    }

    fn number(&self, topic: Topic, index: usize) -> u64 {
        mix_both(mix_both(self.seed, topic as u64), index as u64)
    }
}

fn text(name: &'static str, value: impl Into<String>) -> (Cow<'static, str>, AttributeValue) {
    (name.into(), AttributeValue::Text(value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn population(users: usize, groups: usize, members_per_group: usize) -> Population {
        Population { seed: 7, users, groups, members_per_group, ..Population::default() }
    }

    fn words(user: &DirectoryUser, name: &str) -> Option<String> {
        match user.attributes.get(name) {
            Some(AttributeValue::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_user_and_another_seed_another() {
        let first = population(50, 0, 0);
        let same = population(50, 0, 0);
        assert_eq!(first.user(17), same.user(17));
        let other = Population { seed: 8, ..first.clone() };
        assert_ne!(first.user(17).object_id, other.user(17).object_id);
    }

    #[test]
    fn another_attempt_keeps_the_person_and_changes_the_identity() {
        let first = population(50, 3, 5);
        let again = Population { attempt: 1, ..first.clone() };
        let (one, two) = (first.user(17), again.user(17));
        assert_eq!(words(&one, "displayName"), words(&two, "displayName"));
        assert_ne!(one.object_id, two.object_id);
        for name in ["userPrincipalName", "mailNickname"] {
            assert_ne!(words(&one, name), words(&two, name), "{name}");
        }
        assert_ne!(
            first.group(2).attributes["displayName"],
            again.group(2).attributes["displayName"]
        );
    }

    #[test]
    fn markers_of_a_thousand_attempts_differ() {
        let markers: BTreeSet<String> = (0..1_000)
            .map(|attempt| Population { attempt, ..population(1, 0, 0) }.marker())
            .collect();
        assert_eq!(markers.len(), 1_000);
    }

    #[test]
    fn groups_have_exactly_the_members_they_should_and_users_know_their_groups() {
        for (users, groups, members) in [(40, 6, 12), (10, 7, 10), (5, 3, 1), (2_000, 100, 20)] {
            let population = population(users, groups, members);
            let mut reverse = BTreeSet::new();
            for group in 0..groups {
                let drawn = population.group(group).members;
                assert_eq!(drawn.len(), members, "group {group} of {users} users");
                assert!(drawn.iter().all(|user| *user < users));
                reverse.extend(drawn.into_iter().map(|user| (user, group)));
            }
            for user in 0..users {
                let expected: Vec<usize> =
                    reverse.range((user, 0)..(user + 1, 0)).map(|pair| pair.1).collect();
                assert_eq!(population.groups_of(user), expected, "user {user}");
            }
        }
    }

    #[test]
    fn a_few_groups_can_be_large_and_users_know_them_as_well() {
        let population =
            Population { large_groups: 2, members_per_large_group: 90, ..population(100, 9, 4) };
        let sizes: Vec<usize> = (0..9).map(|group| population.group(group).members.len()).collect();
        assert_eq!(sizes, [90, 90, 4, 4, 4, 4, 4, 4, 4]);
        assert_eq!(population.membership_count(), sizes.iter().sum::<usize>());
        assert_ne!(population.group(0).members, population.group(1).members);
        for user in 0..100 {
            let expected: Vec<usize> =
                (0..9).filter(|group| population.group(*group).members.contains(&user)).collect();
            assert_eq!(population.groups_of(user), expected, "user {user}");
        }
    }

    #[test]
    fn groups_without_members_are_possible() {
        let population = population(5, 2, 0);
        assert!(population.group(1).members.is_empty());
        assert!(population.groups_of(3).is_empty());
    }

    #[test]
    fn identities_are_unique_and_carry_the_marker() {
        let population = population(3_000, 200, 3);
        let marker = population.marker();
        for name in ["userPrincipalName", "mailNickname"] {
            let all: BTreeSet<String> =
                (0..3_000).filter_map(|user| words(&population.user(user), name)).collect();
            assert_eq!(all.len(), 3_000, "{name}");
            assert!(all.iter().all(|value| value.contains(&marker) && value.is_ascii()));
        }
        let ids: BTreeSet<String> = (0..3_000).map(|u| population.user(u).object_id).collect();
        assert_eq!(ids.len(), 3_000);
        assert!(ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'4'));
    }

    #[test]
    fn a_given_domain_keeps_the_marker_in_the_local_part() {
        let population = Population { domain: Some("contoso.com".into()), ..population(9, 0, 0) };
        let name = words(&population.user(4), "userPrincipalName").unwrap();
        assert!(name.ends_with(&format!(".4.{}@contoso.com", population.marker())), "{name}");
    }

    #[test]
    fn the_given_part_of_a_name_is_found_again() {
        let population = population(9, 2, 0);
        let contoso = Population { domain: Some("contoso.com".into()), ..population };
        for population in [&population, &contoso] {
            let name = population.user_principal_name("o'neill.2", 7);
            assert_eq!(population.name_part(&name, 7), Some("o'neill.2"));
            assert_eq!(population.name_part(&name, 8), None);
            let name = population.group_name("A 1", 1);
            assert_eq!(population.group_name_part(&name, 1), Some("A 1"));
        }
    }

    #[test]
    fn the_directory_has_holes_and_names_beyond_ascii() {
        let population = population(200, 0, 0);
        let users: Vec<DirectoryUser> = (0..200).map(|index| population.user(index)).collect();
        let without_mail = users.iter().filter(|user| words(user, "mail").is_none()).count();
        assert!((10..80).contains(&without_mail), "{without_mail}");
        assert!(users.iter().any(|user| !words(user, "displayName").unwrap().is_ascii()));
        assert!(users.iter().any(|user| words(user, "displayName").unwrap().contains('\'')));
    }

    #[test]
    fn shares_are_kept_at_their_ends_and_roughly_between() {
        let some = Population { assigned_users_percent: 30, ..population(1_000, 0, 0) };
        let assigned = (0..1_000).filter(|user| some.user(*user).assigned).count();
        assert!((240..360).contains(&assigned), "{assigned}");
        let none = Population { assigned_users_percent: 0, managers_percent: 0, ..some };
        assert!((0..1_000).all(|user| !none.user(user).assigned));
        assert!((0..1_000).all(|user| none.user(user).manager.is_none()));
        let all = Population { managers_percent: 100, disabled_percent: 100, ..none };
        assert!((1..1_000).all(|user| all.user(user).manager.is_some_and(|m| m < user)));
        assert!((0..1_000).all(|user| all.user(user).state == UserState::Disabled));
    }
}
