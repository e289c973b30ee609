//! What the tenant holds: resources as bytes, indexes beside them, one lock around both.
//!
//! A request's cost does not grow with the number of resources: look-ups are indexed, pages are
//! found by blocks, a member joins a large group as fast as a small one. Writers of one resource
//! take turns by a stripe of mutexes, so that reading, changing and writing it is one step, while
//! the lock on everything is held only for look-ups and moves. No lock is held across an await.

mod beginning;
mod identity;
mod index;
mod members;
mod state;
mod table;

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

pub(super) use beginning::Beginning;
use identity::Identities;
pub(super) use identity::{Key, scramble};
pub(super) use index::fold;
use serde_json::{Map, Value};
use state::{Draft, State};

use super::apply::MemberChange;
use super::defects::Defects;
use super::kind::ResourceKind;
use super::precondition::Precondition;
use super::problem::Problem;

/// A resource as it was at one moment, with its references looked up.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// The place in the store.
    pub(super) key: Key,
    /// The id.
    pub(super) id: String,
    /// The type.
    pub(super) kind: ResourceKind,
    /// All attributes that clients write, without `members`.
    pub(super) body: Map<String, Value>,
    /// Microseconds since the epoch.
    pub(super) created: i64,
    /// Microseconds since the epoch.
    pub(super) modified: i64,
    /// Counts the states of the resource, from 1.
    pub(super) version: u32,
    /// Whether `members` and `groups` were looked up.
    pub(super) references: References,
    /// A group's members; empty when they were not asked for.
    pub(super) members: Vec<Reference>,
    /// The groups that hold it directly; empty when they were not asked for.
    pub(super) groups: Vec<Reference>,
    /// A user's manager, while there is a user of that id.
    pub(super) manager: Option<Reference>,
}

/// A pointer from one resource to another.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    /// The target's id.
    pub(super) id: String,
    /// The target's type.
    pub(super) kind: ResourceKind,
    /// The target's name for people.
    pub(super) display: Option<String>,
}

/// Whether `members` and `groups` are wanted; to list them costs as much as there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum References {
    /// They are looked up.
    Listed,
    /// They stay empty.
    LeftOut,
}

/// An attribute with an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indexed {
    /// `id`.
    Id,
    /// `externalId` of either type.
    ExternalId,
    /// `userName` of users, `displayName` of groups.
    Name(ResourceKind),
    /// `emails.value`.
    Email,
    /// `members.value`: the groups that hold this id.
    Member,
    /// `groups.value`: the members of the group with this id.
    Group,
}

/// What a store gets wrong or delays; the strict store does neither.
#[derive(Debug, Clone, Default)]
pub(super) struct StoreSettings {
    /// The ids follow from it.
    pub(super) seed: u64,
    /// The bugs that are switched on.
    pub(super) defects: Defects,
    /// How long a new resource stays out of lists and queries.
    pub(super) visibility_delay: Option<Duration>,
}

/// All resources of one tenant.
pub(super) struct Store {
    visibility_delay: Option<Duration>,
    identities: Identities,
    state: RwLock<State>,
    stripes: [Mutex<()>; STRIPES],
}

const STRIPES: usize = 64;

impl Store {
    pub(super) fn new(settings: StoreSettings) -> Self {
        Self {
            visibility_delay: settings.visibility_delay,
            identities: Identities::new(settings.seed),
            state: RwLock::new(State::new(settings.defects)),
            stripes: [const { Mutex::new(()) }; STRIPES],
        }
    }

    /// Keeps a new resource. `id`, `meta` and `groups` in it are ignored.
    pub(super) fn create(&self, kind: ResourceKind, resource: Value) -> Result<Stored, Problem> {
        let draft = Draft::new(kind, resource);
        let mut state = self.write();
        state.check_unique(&draft, None)?;
        let members = state.resolve(&draft.members, self.identities, None)?;
        let (key, now) = state.insert(&draft, members, now());
        if let Some(delay) = self.visibility_delay {
            state.hide(key, Instant::now() + delay);
        }
        let (members, groups) = state.references(key, self.identities);
        let mut stored = Stored {
            key,
            id: self.identities.id(key),
            kind,
            body: draft.body,
            created: now,
            modified: now,
            version: 1,
            references: References::Listed,
            members,
            groups,
            manager: None,
        };
        state.find_manager(&mut stored, self.identities);
        Ok(stored)
    }

    /// The resource of that type and id.
    pub(super) fn read(
        &self,
        kind: ResourceKind,
        id: &str,
        references: References,
    ) -> Result<Stored, Problem> {
        let key = self.key(kind, id)?;
        self.load(&[key], references)
            .pop()
            .filter(|stored| stored.kind == kind)
            .ok_or_else(|| not_found(kind, id))
    }

    /// Reads a resource, lets `change` say what it shall be, and keeps that: nobody writes the
    /// resource in between. When nothing changes, version and time stay as they are. Members
    /// stay as they are where `references` leaves them out.
    pub(super) fn modify(
        &self,
        kind: ResourceKind,
        id: &str,
        references: References,
        change: impl FnOnce(&Stored) -> Result<Value, Problem>,
    ) -> Result<Stored, Problem> {
        let _turn = self.turn(self.key(kind, id)?);
        let seen = self.read(kind, id, references)?;
        let wanted = change(&seen)?;
        self.overwrite(&seen, wanted)
    }

    /// Keeps `wanted` in the place of `seen`, whatever happened in between.
    pub(super) fn overwrite(&self, seen: &Stored, wanted: Value) -> Result<Stored, Problem> {
        let key = self.key(seen.kind, &seen.id)?;
        let draft = Draft::new(seen.kind, wanted);
        let mut state = self.write();
        state.check_unique(&draft, Some(key))?;
        let members = match seen.references {
            References::Listed => {
                Some(state.resolve(&draft.members, self.identities, Some(seen))?)
            }
            References::LeftOut => None,
        };
        state.replace(key, &draft, members, now()).ok_or_else(|| not_found(seen.kind, &seen.id))?;
        drop(state);
        self.read(seen.kind, &seen.id, seen.references)
    }

    /// Lets members join and leave a group at a cost that does not depend on its size. Returns the
    /// group's version.
    pub(super) fn change_members(
        &self,
        id: &str,
        precondition: &Precondition,
        changes: &[MemberChange],
    ) -> Result<u32, Problem> {
        let key = self.key(ResourceKind::Group, id)?;
        let _turn = self.turn(key);
        let mut state = self.write();
        let version = state.version(key, ResourceKind::Group);
        precondition.check(version.ok_or_else(|| not_found(ResourceKind::Group, id))?)?;
        state.change_members(key, changes, self.identities, now())
    }

    /// Removes a resource, and with it its memberships.
    pub(super) fn delete(
        &self,
        kind: ResourceKind,
        id: &str,
        precondition: &Precondition,
    ) -> Result<(), Problem> {
        let key = self.key(kind, id)?;
        let _turn = self.turn(key);
        let mut state = self.write();
        let version = state.version(key, kind).ok_or_else(|| not_found(kind, id))?;
        precondition.check(version)?;
        state.remove(key, now());
        Ok(())
    }

    /// Gives a resource a new version although nothing has changed: only a defect asks for that.
    pub(super) fn touch(&self, stored: &Stored) {
        self.write().touch(stored.key, now());
    }

    /// How many resources there are in lists.
    pub(super) fn count(&self, kind: Option<ResourceKind>) -> usize {
        self.read_lock().visible_count(kind)
    }

    /// At most `take` keys in creation order after leaving `skip` out.
    pub(super) fn page(&self, kind: Option<ResourceKind>, skip: usize, take: usize) -> Vec<Key> {
        self.read_lock().visible_page(kind, skip, take)
    }

    /// How many blocks a walk over everything has.
    pub(super) fn blocks(&self) -> usize {
        self.read_lock().table.blocks()
    }

    /// The visible keys of one block of the walk, without those whose name begins otherwise.
    pub(super) fn block(
        &self,
        number: usize,
        kind: Option<ResourceKind>,
        beginning: Option<&Beginning<'_>>,
    ) -> Vec<Key> {
        let state = self.read_lock();
        let mut keys = state.table.block(number, kind);
        keys.retain(|key| {
            let may_begin = |it: &Beginning<'_>| {
                state.table.find(*key).is_some_and(|entry| it.may_be_of(&entry.body))
            };
            !state.is_hidden(*key) && beginning.is_none_or(may_begin)
        });
        keys
    }

    /// The visible resources that may have `value` in an indexed attribute: none too few.
    pub(super) fn candidates(&self, attribute: Indexed, value: &str) -> Vec<Key> {
        let state = self.read_lock();
        let mut keys = match attribute {
            Indexed::Id => self.identities.key(value).into_iter().collect(),
            Indexed::Group => state.members_of(self.identities.key(value)),
            Indexed::Member => state.groups_of(self.identities.key(value)),
            other => state.index(other).map_or_else(Vec::new, |index| index.candidates(value)),
        };
        keys.retain(|key| !state.is_hidden(*key));
        keys
    }

    /// The resources of these keys; those that are gone by now are left out.
    pub(super) fn load(&self, keys: &[Key], references: References) -> Vec<Stored> {
        let state = self.read_lock();
        let raw: Vec<_> =
            keys.iter().filter_map(|key| state.raw(*key, self.identities, references)).collect();
        drop(state);
        let mut all: Vec<_> = raw.into_iter().map(state::Raw::parse).collect();
        if all.iter().any(|stored| state::manager_id(&stored.body).is_some()) {
            let state = self.read_lock();
            for stored in &mut all {
                state.find_manager(stored, self.identities);
            }
        }
        all
    }

    fn key(&self, kind: ResourceKind, id: &str) -> Result<Key, Problem> {
        self.identities.key(id).ok_or_else(|| not_found(kind, id))
    }

    fn turn(&self, key: Key) -> MutexGuard<'_, ()> {
        self.stripes[key.slot() % STRIPES].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_lock(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_found(kind: ResourceKind, id: &str) -> Problem {
    let id: String = id.chars().take(64).collect();
    Problem::new(404, format!("there is no {} with the id {id:?}", kind.name()))
}

fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}
