//! Everything under the store's lock: the table, its indexes, and how they are kept in step.

use std::collections::HashMap;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::identity::{Identities, Key};
use super::index::{Index, Keys, fold};
use super::members::Members;
use super::table::{Entry, Table};
use super::{Indexed, Reference, References, Stored};
use crate::scim::ENTERPRISE_USER;
use crate::scim::message::read_json;
use crate::tenant::embedded::apply::MemberChange;
use crate::tenant::embedded::defects::{Defect, Defects};
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::problem::Problem;

/// The table and what is derived from it.
#[derive(Default)]
pub(super) struct State {
    pub(super) table: Table,
    user_names: Index,
    group_names: Index,
    external_ids: Index,
    emails: Index,
    /// The groups that hold a resource.
    memberships: HashMap<Key, Keys>,
    /// New resources that queries do not show yet.
    hidden: HashMap<Key, Instant>,
    /// When the newest resource was created: no two share a moment, so that their order by time is
    /// the order of their creation, however fast the clock is read.
    newest: i64,
    defects: Defects,
}

/// A resource about to be kept: taken apart and serialised before the lock is taken.
pub(super) struct Draft {
    kind: ResourceKind,
    pub(super) body: Map<String, Value>,
    bytes: Box<[u8]>,
    /// Ids, as the client gave them.
    pub(super) members: Vec<String>,
    values: Values,
}

impl Draft {
    pub(super) fn new(kind: ResourceKind, resource: Value) -> Self {
        let Value::Object(mut body) = resource else {
            unreachable!("validation and PATCH only return objects")
        };
        for derived in ["id", "meta", "groups", "password"] {
            body.shift_remove(derived);
        }
        let members = match body.shift_remove("members") {
            Some(Value::Array(members)) => members
                .iter()
                .filter_map(|member| member.get("value")?.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        };
        if let Some(manager) = body
            .get_mut(ENTERPRISE_USER)
            .and_then(|extension| extension.get_mut("manager")?.as_object_mut())
        {
            // What follows from `value` is looked up whenever the user is shown.
            manager.retain(|name, _| name == "value");
        }
        let values = Values::of(kind, &body);
        let bytes = serde_json::to_vec(&body).unwrap_or_default().into_boxed_slice();
        Self { kind, body, bytes, members, values }
    }
}

/// The indexed values of one resource.
struct Values {
    name: Option<String>,
    external_id: Option<String>,
    emails: Vec<String>,
}

impl Values {
    fn of(kind: ResourceKind, body: &Map<String, Value>) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let emails = match (kind, body.get("emails")) {
            (ResourceKind::User, Some(Value::Array(emails))) => emails
                .iter()
                .filter_map(|email| email.get("value")?.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        };
        let name = match kind {
            ResourceKind::User => text("userName"),
            ResourceKind::Group => text("displayName"),
        };
        Self { name, external_id: text("externalId"), emails }
    }
}

/// The names in a stored body, read without building the rest.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Names {
    user_name: Option<String>,
    display_name: Option<String>,
    active: Option<Value>,
}

impl Names {
    fn of(entry: &Entry) -> Self {
        serde_json::from_slice(&entry.body).unwrap_or_default()
    }
}

/// A resource copied out of the table, not parsed yet: parsing needs no lock.
pub(super) struct Raw {
    stored: Stored,
    bytes: Box<[u8]>,
}

impl Raw {
    pub(super) fn parse(self) -> Stored {
        Stored { body: read(&self.bytes), ..self.stored }
    }
}

impl State {
    pub(super) fn new(defects: Defects) -> Self {
        Self { defects, ..Self::default() }
    }

    pub(super) fn check_unique(&self, draft: &Draft, own: Option<Key>) -> Result<(), Problem> {
        let has = |defect| self.defects.has(defect);
        let tolerated = match draft.kind {
            ResourceKind::User => has(Defect::DUPLICATE_USER_ACCEPTED),
            ResourceKind::Group => has(Defect::DUPLICATE_GROUPS_ACCEPTED),
        } || own.is_some() && has(Defect::TAKEN_NAME_ACCEPTED)
            || own.is_none() && has(Defect::TWINS_AT_ONCE)
            || own.is_some() && has(Defect::RENAMES_AT_ONCE);
        let Some(name) = draft.values.name.as_ref().filter(|_| !tolerated) else { return Ok(()) };
        let same = |other: &str| match has(Defect::CASE_MAKES_ANOTHER_NAME) {
            true => other == name,
            false => fold(other) == fold(name),
        };
        let taken = self.names(draft.kind).candidates(name).into_iter().any(|key| {
            Some(key) != own
                && self.table.find(key).is_some_and(|entry| {
                    let names = Names::of(entry);
                    if names.active == Some(Value::Bool(false)) && has(Defect::DISABLED_NAME_FREE) {
                        return false;
                    }
                    let other = match draft.kind {
                        ResourceKind::User => names.user_name,
                        ResourceKind::Group => names.display_name,
                    };
                    other.is_some_and(|other| same(&other))
                })
        });
        let detail = match draft.kind {
            ResourceKind::User => "another user has this userName",
            ResourceKind::Group => "another group has this displayName",
        };
        if taken { Err(Problem::uniqueness(detail)) } else { Ok(()) }
    }

    /// The keys of member ids. An unknown id is refused, unless it was a member in `seen` and has
    /// been deleted since.
    pub(super) fn resolve(
        &self,
        ids: &[String],
        identities: Identities,
        seen: Option<&Stored>,
    ) -> Result<Vec<Key>, Problem> {
        let mut keys = Vec::with_capacity(ids.len());
        for id in ids {
            match identities.key(id).filter(|key| self.table.find(*key).is_some()) {
                Some(key) => keys.push(key),
                None if seen.is_some_and(|seen| seen.members.iter().any(|it| it.id == *id)) => {}
                None => return Err(unknown_member(id)),
            }
        }
        Ok(keys)
    }

    pub(super) fn insert(&mut self, draft: &Draft, members: Vec<Key>, now: i64) -> (Key, i64) {
        let now = now.max(self.newest + 1);
        self.newest = now;
        let key = self.table.push(Entry {
            kind: draft.kind,
            body: draft.bytes.clone(),
            created: now,
            modified: now,
            version: 1,
            members: None,
        });
        self.add_to_indexes(key, draft.kind, &draft.values);
        self.set_members(key, members.into_iter().collect());
        (key, now)
    }

    /// Puts a draft in the place of a resource, with these members or with those it has; `None`
    /// when the resource is gone.
    pub(super) fn replace(
        &mut self,
        key: Key,
        draft: &Draft,
        members: Option<Vec<Key>>,
        now: i64,
    ) -> Option<()> {
        let entry = self.table.find(key)?;
        let old = read(&entry.body);
        let moved = members.is_some_and(|it| self.set_members(key, it.into_iter().collect()));
        let is_same = old == draft.body && !self.defects.has(Defect::SAME_VALUE_TOUCHES);
        if is_same && (!moved || self.defects.has(Defect::MEMBERS_KEEP_VERSION)) {
            return Some(());
        }
        self.drop_from_indexes(key, draft.kind, &Values::of(draft.kind, &old));
        self.add_to_indexes(key, draft.kind, &draft.values);
        let entry = self.table.find_mut(key)?;
        entry.body.clone_from(&draft.bytes);
        touch(entry, now, &self.defects);
        Some(())
    }

    /// Lets members join and leave in order; all of it or nothing.
    pub(super) fn change_members(
        &mut self,
        group: Key,
        changes: &[MemberChange],
        identities: Identities,
        now: i64,
    ) -> Result<u32, Problem> {
        let joining = changes.iter().flat_map(|change| match change {
            MemberChange::Add(member) => std::slice::from_ref(member),
            MemberChange::ReplaceAll(members) => members,
            MemberChange::Remove(_) | MemberChange::RemoveAll => &[],
        });
        let ids: Vec<String> = joining.map(|member| member.id.clone()).collect();
        let mut arrivals = self.resolve(&ids, identities, None)?.into_iter();
        let mut moved = false;
        for change in changes {
            moved |= match change {
                MemberChange::Add(_) => arrivals.next().is_some_and(|key| self.join(group, key)),
                MemberChange::Remove(id) => {
                    identities.key(id).is_some_and(|key| self.leave(group, key))
                }
                MemberChange::RemoveAll => self.set_members(group, Members::default()),
                MemberChange::ReplaceAll(members) => {
                    let members = arrivals.by_ref().take(members.len()).collect();
                    self.set_members(group, members)
                }
            };
        }
        let entry = self.table.find_mut(group).expect("the caller has found the group");
        if moved {
            touch(entry, now, &self.defects);
        }
        Ok(entry.version)
    }

    /// Removes a resource, its memberships, and the memberships in it.
    pub(super) fn remove(&mut self, key: Key, now: i64) {
        let Some(entry) = self.table.remove(key) else { return };
        let body = read(&entry.body);
        self.drop_from_indexes(key, entry.kind, &Values::of(entry.kind, &body));
        for member in entry.members.iter().flat_map(|members| members.iter()) {
            self.drop_membership(member, key);
        }
        for group in self.memberships.remove(&key).unwrap_or_default().to_vec() {
            if let Some(group) = self.table.find_mut(group) {
                if !self.defects.has(Defect::DELETED_STAY_MEMBERS) {
                    group.members.as_mut().map(|members| members.remove(key));
                }
                touch(group, now, &self.defects);
            }
        }
        self.hidden.remove(&key);
    }

    /// The version of a resource, `None` where there is none of that type.
    pub(super) fn version(&self, key: Key, kind: ResourceKind) -> Option<u32> {
        self.table.find(key).filter(|entry| entry.kind == kind).map(|entry| entry.version)
    }

    /// Gives a resource a new version.
    pub(super) fn touch(&mut self, key: Key, now: i64) {
        if let Some(entry) = self.table.find_mut(key) {
            touch(entry, now, &self.defects);
        }
    }

    pub(super) fn raw(&self, key: Key, ids: Identities, references: References) -> Option<Raw> {
        let entry = self.table.find(key)?;
        let (members, groups) = match references {
            References::Listed => self.references(key, ids),
            References::LeftOut => (Vec::new(), Vec::new()),
        };
        let stored = Stored {
            key,
            id: ids.id(key),
            kind: entry.kind,
            body: Map::new(),
            created: entry.created,
            modified: entry.modified,
            version: entry.version,
            references,
            members,
            groups,
            manager: None,
        };
        Some(Raw { stored, bytes: entry.body.clone() })
    }

    /// The members of a resource and the groups it is in.
    pub(super) fn references(&self, key: Key, ids: Identities) -> (Vec<Reference>, Vec<Reference>) {
        let point = |to: Key, kind| self.point(to, ids).or_else(|| self.dangle(to, kind, ids));
        let members = self.members_of(Some(key)).into_iter();
        let mut members: Vec<_> = members.filter_map(|it| point(it, ResourceKind::User)).collect();
        if self.defects.has(Defect::HUNDRED_MEMBERS_KEPT) {
            members.truncate(100);
        }
        let groups = self.groups_of(Some(key)).into_iter();
        let groups = groups.filter_map(|it| point(it, ResourceKind::Group)).collect();
        (members, groups)
    }

    /// Looks up the manager that a user names.
    pub(super) fn find_manager(&self, stored: &mut Stored, ids: Identities) {
        let key = manager_id(&stored.body).and_then(|id| ids.key(id));
        let found = key.and_then(|key| self.point(key, ids));
        stored.manager = found.filter(|it| it.kind == ResourceKind::User);
    }

    /// A pointer to what is no more, for a server that does not clean up.
    fn dangle(&self, to: Key, kind: ResourceKind, ids: Identities) -> Option<Reference> {
        let kept = match kind {
            ResourceKind::User => Defect::DELETED_STAY_MEMBERS,
            ResourceKind::Group => Defect::DELETED_GROUP_STAYS,
        };
        let reference = || Reference { id: ids.id(to), kind, display: None };
        self.defects.has(kept).then(reference)
    }

    fn point(&self, to: Key, ids: Identities) -> Option<Reference> {
        let entry = self.table.find(to)?;
        let names = Names::of(entry);
        let display = names.display_name.or(names.user_name);
        Some(Reference { id: ids.id(to), kind: entry.kind, display })
    }

    pub(super) fn members_of(&self, group: Option<Key>) -> Vec<Key> {
        let entry = group.and_then(|group| self.table.find(group));
        entry
            .and_then(|entry| entry.members.as_deref())
            .map_or_else(Vec::new, |members| members.iter().collect())
    }

    pub(super) fn groups_of(&self, member: Option<Key>) -> Vec<Key> {
        member.and_then(|key| self.memberships.get(&key)).map_or_else(Vec::new, Keys::to_vec)
    }

    /// The index of an attribute that has a plain one.
    pub(super) fn index(&self, attribute: Indexed) -> Option<&Index> {
        match attribute {
            Indexed::ExternalId => Some(&self.external_ids),
            Indexed::Name(kind) => Some(self.names(kind)),
            Indexed::Email => Some(&self.emails),
            Indexed::Id | Indexed::Member | Indexed::Group => None,
        }
    }

    pub(super) fn hide(&mut self, key: Key, until: Instant) {
        let now = Instant::now();
        self.hidden.retain(|_, until| *until > now);
        self.hidden.insert(key, until);
    }

    pub(super) fn is_hidden(&self, key: Key) -> bool {
        self.hidden.get(&key).is_some_and(|until| *until > Instant::now())
    }

    pub(super) fn visible_count(&self, kind: Option<ResourceKind>) -> usize {
        let hidden = self.hidden.keys().filter(|key| self.is_hidden(**key) && self.is(**key, kind));
        self.table.len(kind) - hidden.count()
    }

    pub(super) fn visible_page(
        &self,
        kind: Option<ResourceKind>,
        skip: usize,
        take: usize,
    ) -> Vec<Key> {
        if self.hidden.is_empty() {
            return self.table.page(kind, skip, take);
        }
        let all = self.table.page(kind, 0, usize::MAX).into_iter();
        all.filter(|key| !self.is_hidden(*key)).skip(skip).take(take).collect()
    }

    fn is(&self, key: Key, kind: Option<ResourceKind>) -> bool {
        self.table.find(key).is_some_and(|entry| kind.is_none_or(|kind| entry.kind == kind))
    }

    fn names(&self, kind: ResourceKind) -> &Index {
        match kind {
            ResourceKind::User => &self.user_names,
            ResourceKind::Group => &self.group_names,
        }
    }

    fn names_mut(&mut self, kind: ResourceKind) -> &mut Index {
        match kind {
            ResourceKind::User => &mut self.user_names,
            ResourceKind::Group => &mut self.group_names,
        }
    }

    fn add_to_indexes(&mut self, key: Key, kind: ResourceKind, values: &Values) {
        if let Some(name) = &values.name {
            self.names_mut(kind).insert(name, key);
        }
        if let Some(external_id) = &values.external_id {
            self.external_ids.insert(external_id, key);
        }
        for email in &values.emails {
            self.emails.insert(email, key);
        }
    }

    fn drop_from_indexes(&mut self, key: Key, kind: ResourceKind, values: &Values) {
        if let Some(name) = &values.name {
            self.names_mut(kind).remove(name, key);
        }
        if let Some(external_id) = &values.external_id {
            self.external_ids.remove(external_id, key);
        }
        for email in &values.emails {
            self.emails.remove(email, key);
        }
    }

    /// Makes exactly these the members, in this order; says whether that is a change.
    fn set_members(&mut self, group: Key, members: Members) -> bool {
        let former = self.members_of(Some(group));
        if former.iter().copied().eq(members.iter()) {
            return false;
        }
        for former in former.into_iter().filter(|former| !members.contains(*former)) {
            self.drop_membership(former, group);
        }
        for member in members.iter() {
            self.memberships.entry(member).or_default().insert(group);
        }
        if let Some(entry) = self.table.find_mut(group) {
            entry.members = Some(Box::new(members));
        }
        true
    }

    fn join(&mut self, group: Key, member: Key) -> bool {
        let Some(entry) = self.table.find_mut(group) else { return false };
        let joined = entry.members.get_or_insert_default().insert(member);
        if joined {
            self.memberships.entry(member).or_default().insert(group);
        }
        joined
    }

    fn leave(&mut self, group: Key, member: Key) -> bool {
        let Some(entry) = self.table.find_mut(group) else { return false };
        let left = entry.members.as_mut().is_some_and(|members| members.remove(member));
        if left {
            self.drop_membership(member, group);
        }
        left
    }

    fn drop_membership(&mut self, member: Key, group: Key) {
        let is_left = self.table.find(group).is_some();
        let kept = if is_left { Defect::LEFT_GROUP_STAYS } else { Defect::DELETED_GROUP_STAYS };
        if self.defects.has(kept) {
            return;
        }
        if let Some(groups) = self.memberships.get_mut(&member) {
            groups.remove(group);
            if matches!(groups, Keys::None) {
                self.memberships.remove(&member);
            }
        }
    }
}

/// A body out of the table.
fn read(bytes: &[u8]) -> Map<String, Value> {
    match read_json(bytes) {
        Ok(Value::Object(body)) => body,
        _ => Map::new(),
    }
}

/// The id of the manager that a user names.
pub(super) fn manager_id(body: &Map<String, Value>) -> Option<&str> {
    body.get(ENTERPRISE_USER)?.get("manager")?.get("value")?.as_str()
}

fn unknown_member(id: &str) -> Problem {
    let id: String = id.chars().take(64).collect();
    Problem::invalid_value(format!("members: there is no resource with the id {id:?}"))
}

/// Notes that a resource has a new state: a new version, and a time later than the last one.
fn touch(entry: &mut Entry, now: i64, defects: &Defects) {
    if !defects.has(Defect::VERSION_STANDS) {
        entry.version = entry.version.wrapping_add(1);
    }
    if !defects.has(Defect::LAST_MODIFIED_STANDS) {
        entry.modified = now.max(entry.modified + 1);
    }
    if defects.has(Defect::CREATED_MOVES) {
        entry.created = entry.modified;
    }
}
