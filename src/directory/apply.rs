//! How a change becomes the next version of the directory.
//!
//! A change that says nothing new, or that names what is gone, does not apply and leaves no trace.
//! That makes any part of a sequence of changes a sequence that can be run, which is what shrinking
//! a failure needs.

use super::*;
use UserState::{Disabled, Enabled, HardDeleted, SoftDeleted};

impl Directory {
    /// Applies the change and says whether it applied here; if so, there is a new version.
    pub fn apply(&mut self, change: &Change) -> bool {
        if !self.names_members(change) {
            return false;
        }
        self.version += 1; // what the change touches gets this version
        let applied = match change {
            Change::AssignUser(user) => self.assign_user(*user, true),
            Change::UnassignUser(user) => self.assign_user(*user, false),
            Change::AssignGroup(group) => self.assign_group(*group, true),
            Change::UnassignGroup(group) => self.assign_group(*group, false),
            Change::AddMember { user, group } => self.add_member(*user, *group),
            Change::RemoveMember { user, group } => self.remove_member(*user, *group),
            Change::AddMemberGroup { member, group } => self.add_member_group(*member, *group),
            Change::RemoveMemberGroup { member, group } => {
                self.change_group(*group, |it| it.member_groups.remove(member))
            }
            Change::RenameGroup { group, name } => {
                let name = self.population.group_name(name, *group);
                self.change_group(*group, |it| put(&mut it.attributes, "displayName", name))
            }
            Change::UpdateUser { user, attribute, value } => {
                self.change_user(*user, |it| put_value(&mut it.attributes, attribute, value))
            }
            Change::ClearAttribute { user, attribute } => {
                self.change_user(*user, |it| it.attributes.remove(attribute.as_str()).is_some())
            }
            Change::RenameUser { user, name } => {
                let name = self.population.user_principal_name(name, *user);
                self.change_user(*user, |it| put(&mut it.attributes, "userPrincipalName", name))
            }
            Change::SetManager { user, manager } => self.set_manager(*user, *manager),
            Change::RemoveManager(user) => {
                let had_one = self.user_manager(*user).is_some();
                self.change_user(*user, |it| it.manager.take().is_some() && had_one)
            }
            Change::DisableUser(user) => {
                self.turn(*user, |state| (state == Enabled).then_some(Disabled))
            }
            Change::EnableUser(user) => {
                self.turn(*user, |state| (state == Disabled).then_some(Enabled))
            }
            Change::SoftDeleteUser(user) => self.soft_delete(*user),
            Change::RestoreUser(user) => self.restore(*user),
            Change::HardDeleteUser(user) => self.hard_delete(*user),
            Change::DeleteGroup(group) => self.delete_group(*group),
            Change::RecreateGroup(group) => self.recreate_group(*group),
            Change::Disturb { .. } => true,
        };
        if !applied {
            self.version -= 1;
        }
        applied
    }

    /// Moves the clock. Users whose 30 days in the recycle bin are over are purged, each as a
    /// change of its own.
    pub fn advance_minutes(&mut self, minutes: u64) {
        self.clock_minutes = self.clock_minutes.saturating_add(minutes);
        while let Some((since, user)) = self.recycle_bin.first().copied() {
            if since.saturating_add(RECYCLE_BIN_MINUTES) > self.clock_minutes {
                break;
            }
            self.apply(&Change::HardDeleteUser(user));
            self.recycle_bin.remove(&(since, user));
        }
    }

    fn names_members(&self, change: &Change) -> bool {
        change.highest_user().is_none_or(|user| user < self.user_count())
            && change.highest_group().is_none_or(|group| group < self.group_count())
    }

    fn assign_user(&mut self, user: UserIndex, assigned: bool) -> bool {
        self.change_user(user, |it| std::mem::replace(&mut it.assigned, assigned) != assigned)
    }

    fn assign_group(&mut self, group: GroupIndex, assigned: bool) -> bool {
        let before = self.entitled_members(group);
        let applied = self
            .change_group(group, |it| std::mem::replace(&mut it.assigned, assigned) != assigned);
        self.note_entitlements(before);
        applied
    }

    fn add_member(&mut self, user: UserIndex, group: GroupIndex) -> bool {
        if !self.is_live(user) {
            return false;
        }
        let before = vec![(user, self.is_entitled(user))];
        let added = self.change_group(group, |it| it.members.insert(user));
        if added {
            self.joined.entry(user).or_default().insert(group);
        }
        self.note_entitlements(before);
        added
    }

    fn remove_member(&mut self, user: UserIndex, group: GroupIndex) -> bool {
        let before = vec![(user, self.is_entitled(user))];
        let removed = self.change_group(group, |it| it.members.remove(&user));
        self.note_entitlements(before);
        removed
    }

    fn add_member_group(&mut self, member: GroupIndex, group: GroupIndex) -> bool {
        member != group
            && !self.group(member).deleted
            && self.change_group(group, |it| it.member_groups.insert(member))
    }

    fn set_manager(&mut self, user: UserIndex, manager: UserIndex) -> bool {
        let is_new = self.user_manager(user) != Some(manager);
        let possible = user != manager && is_new && self.is_live(manager);
        possible
            && self.change_user(user, |it| {
                it.manager = Some(manager);
                true
            })
    }

    /// Changes the state of a user that is not deleted; `next` says to what, if anything.
    fn turn(&mut self, user: UserIndex, next: impl Fn(UserState) -> Option<UserState>) -> bool {
        self.change_user(user, |it| match next(it.state) {
            Some(state) => {
                it.state = state;
                true
            }
            None => false,
        })
    }

    fn soft_delete(&mut self, user: UserIndex) -> bool {
        let since_minutes = self.clock_minutes;
        let deleted = self
            .turn(user, |state| Some(SoftDeleted { since_minutes, was_enabled: state == Enabled }));
        if deleted {
            self.recycle_bin.insert((since_minutes, user));
        }
        deleted
    }

    fn restore(&mut self, user: UserIndex) -> bool {
        let SoftDeleted { since_minutes, was_enabled } = self.user_state(user) else {
            return false;
        };
        self.recycle_bin.remove(&(since_minutes, user));
        self.change_any_user(user, |it| {
            it.state = if was_enabled { Enabled } else { Disabled };
            true
        })
    }

    /// A purge ends memberships, so the user's groups change too.
    fn hard_delete(&mut self, user: UserIndex) -> bool {
        let state = self.user_state(user);
        if state == HardDeleted {
            return false;
        }
        if let SoftDeleted { since_minutes, .. } = state {
            self.recycle_bin.remove(&(since_minutes, user));
        }
        for group in self.groups_of(user) {
            self.change_group(group, |it| it.members.remove(&user));
        }
        self.change_any_user(user, |it| {
            it.state = HardDeleted;
            it.assigned = false;
            true
        })
    }

    fn delete_group(&mut self, group: GroupIndex) -> bool {
        let before = self.entitled_members(group);
        let deleted = self.change_group(group, |it| !std::mem::replace(&mut it.deleted, true));
        if deleted {
            self.note_entitlements(before);
            for parent in self.touched_groups() {
                self.change_group(parent, |it| it.member_groups.remove(&group));
            }
        }
        deleted
    }

    fn recreate_group(&mut self, group: GroupIndex) -> bool {
        let version = self.version;
        let Some(old) = self.groups.get_mut(&group).filter(|it| it.changed.object.deleted) else {
            return false;
        };
        old.generation += 1;
        old.changed.version = version;
        let new = &mut old.changed.object;
        new.object_id = self.population.group_object_id(group, old.generation);
        new.members.clear();
        new.member_groups.clear();
        new.assigned = false;
        new.deleted = false;
        true
    }

    /// Whether the user is in neither the recycle bin nor purged.
    fn is_live(&self, user: UserIndex) -> bool {
        matches!(self.user_state(user), Enabled | Disabled)
    }

    fn change_user(
        &mut self,
        user: UserIndex,
        change: impl FnOnce(&mut DirectoryUser) -> bool,
    ) -> bool {
        self.is_live(user) && self.change_any_user(user, change)
    }

    fn change_any_user(
        &mut self,
        user: UserIndex,
        change: impl FnOnce(&mut DirectoryUser) -> bool,
    ) -> bool {
        let mut object = match self.users.get(&user) {
            Some(changed) => changed.object.clone(),
            None => self.population.user(user),
        };
        let applied = change(&mut object);
        if applied {
            self.users.insert(user, Changed { object, version: self.version });
        }
        applied
    }

    /// Changes a group that is not deleted.
    fn change_group(
        &mut self,
        group: GroupIndex,
        change: impl FnOnce(&mut DirectoryGroup) -> bool,
    ) -> bool {
        let version = self.version;
        if let Some(known) = self.groups.get_mut(&group) {
            let applied = !known.changed.object.deleted && change(&mut known.changed.object);
            if applied {
                known.changed.version = version;
            }
            return applied;
        }
        let mut object = self.population.group(group);
        let applied = change(&mut object);
        if applied {
            let changed = Changed { object, version };
            self.groups.insert(group, ChangedGroup { changed, generation: 0 });
        }
        applied
    }

    fn entitled_members(&self, group: GroupIndex) -> Vec<(UserIndex, bool)> {
        let members = self.group(group).members;
        members.into_iter().map(|user| (user, self.is_entitled(user))).collect()
    }

    /// Notes the users whose entitlement is no longer what it was.
    fn note_entitlements(&mut self, before: Vec<(UserIndex, bool)>) {
        for (user, was_entitled) in before {
            if self.is_entitled(user) != was_entitled {
                self.entitlements.insert(user, self.version);
            }
        }
    }
}

fn put(attributes: &mut Attributes, name: &str, text: String) -> bool {
    put_value(attributes, name, &AttributeValue::Text(text))
}

fn put_value(attributes: &mut Attributes, name: &str, value: &AttributeValue) -> bool {
    attributes.insert(name.to_owned().into(), value.clone()).as_ref() != Some(value)
}

#[cfg(test)]
mod tests;
