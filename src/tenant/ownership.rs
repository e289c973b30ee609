//! What this run owns on the tenant: the promise that it changes and deletes nothing else.
//!
//! The promise is kept here, at the door, and not by good manners elsewhere: a change of an id that
//! this run did not create in that collection is refused. The manifest gets its line *before* a
//! create goes out, so that an interrupted run can be cleaned up.

mod bulk;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::{DashMap, DashSet};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::manifest::{Collection, Journal, ManifestError, ManifestLine, Owned, Unresolved};
use crate::exchange::{Disturbance, Exchange, Failure, Request};
use crate::scim::message::Identity;

/// A resource: ids are unique in their collection and, on some tenants, nowhere else.
type Name = (Collection, String);

/// A create: the exchange's number, and its place among the operations of a bulk request.
type Create = (u64, Option<usize>);

/// A resource that was there so long before the answer to its create is somebody else's. Longer
/// than any mistake with time zones.
const TOO_OLD: SignedDuration = SignedDuration::from_hours(36);

/// The door's memory.
#[derive(Default)]
pub(super) struct Ownership {
    /// What is ours, with its order of creation; entries leave when deleted.
    owned: DashMap<Name, u64>,
    /// What was ours and is deleted: checks may knock on it again.
    gone: DashSet<Name>,
    /// What a DELETE did not find, said by somebody who may not be the tenant.
    doubtful: DashSet<Name>,
    pending: Mutex<BTreeMap<Create, Unresolved>>,
    /// How many were deleted through doors apart.
    deleted_apart: AtomicU64,
    journal: Arc<Mutex<Option<Journal>>>,
}

impl Ownership {
    pub(super) fn keep_manifest(&self, path: &Path, tenant: &str) -> Result<(), ManifestError> {
        let first = ManifestLine::Run { tenant: tenant.to_owned() };
        let opened = Journal::open(path).and_then(|mut journal| {
            journal.write(&first)?;
            Ok(journal)
        });
        let journal =
            opened.map_err(|source| ManifestError::File { path: path.to_owned(), source })?;
        *lock(&self.journal) = Some(journal);
        Ok(())
    }

    /// A memory of its own that writes into the same manifest.
    pub(super) fn apart(&self) -> Self {
        Self { journal: Arc::clone(&self.journal), ..Self::default() }
    }

    /// Takes over what is left of a memory apart.
    pub(super) fn take_back(&self, apart: &Self) {
        self.deleted_apart.fetch_add(apart.deleted(), Ordering::Relaxed);
        apart.owned().into_iter().for_each(|owned| self.adopt(owned));
        apart.unresolved().into_iter().for_each(|lost| self.adopt_unresolved(lost));
    }

    pub(super) fn owned(&self) -> Vec<Owned> {
        let mut all: Vec<(u64, Owned)> = self
            .owned
            .iter()
            .map(|entry| {
                let (collection, id) = entry.key().clone();
                (*entry.value(), Owned { collection, id })
            })
            .collect();
        // What one bulk request made has one order; the same run must still do the same.
        all.sort_by(|(one, it), (other, that)| {
            (one, it.collection, &it.id).cmp(&(other, that.collection, &that.id))
        });
        all.into_iter().map(|(_, owned)| owned).collect()
    }

    pub(super) fn unresolved(&self) -> Vec<Unresolved> {
        lock(&self.pending).values().cloned().collect()
    }

    pub(super) fn owns(&self, id: &str) -> bool {
        [Collection::Users, Collection::Groups]
            .into_iter()
            .any(|collection| self.owned.contains_key(&(collection, id.to_owned())))
    }

    /// What the exchange of that number created and is still there.
    pub(super) fn made_by(&self, number: u64) -> Vec<Owned> {
        let made = self.owned.iter().filter(|entry| *entry.value() == number);
        made.map(|entry| Owned { collection: entry.key().0, id: entry.key().1.clone() }).collect()
    }

    pub(super) fn adopt(&self, owned: Owned) {
        let order = self.owned.len() as u64;
        self.own((owned.collection, owned.id), order);
    }

    pub(super) fn adopt_unresolved(&self, unresolved: Unresolved) {
        lock(&self.pending).insert((unresolved.number, unresolved.operation), unresolved);
    }

    pub(super) fn deleted(&self) -> u64 {
        self.gone.len() as u64 + self.deleted_apart.load(Ordering::Relaxed)
    }

    pub(super) fn settle(&self, unresolved: &Unresolved) {
        lock(&self.pending).remove(&(unresolved.number, unresolved.operation));
    }

    /// Adopts a resource that an unresolved create has made: name and `externalId` are those sent.
    pub(super) fn recognise(&self, resource: &Value) -> bool {
        let text = |name: &str| resource.get(name).and_then(Value::as_str);
        let Some(id) = text("id").filter(|id| is_addressable(id)) else { return false };
        let collection = match text("userName") {
            Some(_) => Collection::Users,
            None => Collection::Groups,
        };
        let name = text("userName").or_else(|| text("displayName"));
        let pending = lock(&self.pending);
        let made = pending.values().find(|unresolved| {
            unresolved.collection == collection
                && unresolved.name.is_some()
                && unresolved.name.as_deref() == name
                && unresolved.external_id.is_some()
                && unresolved.external_id.as_deref() == text("externalId")
        });
        let made = made.map(|unresolved| (unresolved.number, unresolved.operation));
        drop(pending);
        let Some(create) = made else { return false };
        self.created(create, (collection, id.to_owned()));
        true
    }

    /// Says whether the request may go out; notes a create before it does.
    pub(super) fn permit(&self, number: u64, request: &Request) -> Result<(), String> {
        if only_reads(request) {
            return Ok(());
        }
        let path = request.path().trim_end_matches('/');
        if request.method == Method::POST {
            return match collection_of(path) {
                Some(collection) => {
                    self.note_create((number, None), collection, request.identity())
                }
                None if is_search(path) => Ok(()),
                None if path == "/Bulk" => self.permit_bulk(number, request),
                None if path.strip_prefix('/').is_some_and(is_fabricated) => Ok(()),
                None => match resource_of(path).filter(|name| self.may_change(name)) {
                    // It creates nothing where the tenant is right, and is noted in case it is not.
                    Some((collection, _)) => {
                        self.note_create((number, None), collection, request.identity())
                    }
                    None => Err(format!("a POST to {path} is none of a run's own resources")),
                },
            };
        }
        let Some(name) = resource_of(path) else {
            return Err(format!("{} {path} is none of a run's own resources", request.method));
        };
        if self.may_change(&name) {
            return Ok(());
        }
        Err(format!("this run did not create {} in {}", name.1, name.0.path()))
    }

    /// Whether a resource is the run's own, was so, or is none that anybody has.
    fn may_change(&self, name: &Name) -> bool {
        self.owned.contains_key(name) || self.gone.contains(name) || is_fabricated(&name.1)
    }

    /// Draws the conclusions of an answer: created, refused, deleted, or still unknown.
    pub(super) fn heard(&self, exchange: &Exchange) {
        let path = exchange.request.path().trim_end_matches('/');
        if exchange.request.method == Method::POST {
            let resource = || resource_of(path).map(|(collection, _)| collection);
            if let Some(collection) = collection_of(path).or_else(resource) {
                self.heard_create(exchange, collection);
            } else if path == "/Bulk" {
                self.heard_bulk(exchange);
            }
        } else if exchange.request.method == Method::DELETE
            && let Some(name) = resource_of(path)
            && self.owned.contains_key(&name)
            && self.is_gone(exchange, &name)
        {
            self.deleted_one(name);
        }
    }

    fn deleted_one(&self, name: Name) {
        if self.owned.remove(&name).is_some() {
            self.note(&ManifestLine::Deleted { collection: name.0, id: name.1.clone() });
            self.gone.insert(name);
        }
    }

    /// Whether the answer to a DELETE says that the resource is no more. A proxy in trouble says
    /// 404 as well: without the tenant's own words it takes two in a row.
    fn is_gone(&self, exchange: &Exchange, name: &Name) -> bool {
        match exchange.status() {
            200..=299 | 410 => true,
            404 if exchange.scim_error().is_some() => true,
            404 => !self.doubtful.insert(name.clone()),
            _ => {
                self.doubtful.remove(name);
                false
            }
        }
    }

    fn own(&self, name: Name, order: u64) {
        self.owned.entry(name).or_insert(order);
    }

    /// A create whose line cannot be written is not sent: nobody could clean up after it.
    fn note_create(
        &self,
        (number, operation): Create,
        collection: Collection,
        sent: Option<&Identity>,
    ) -> Result<(), String> {
        let name = sent.and_then(|sent| sent.user_name.as_ref().or(sent.display_name.as_ref()));
        let (name, external_id) = (name.cloned(), sent.and_then(|sent| sent.external_id.clone()));
        let line = ManifestLine::Creating {
            number,
            operation,
            collection,
            name: name.clone(),
            external_id: external_id.clone(),
        };
        self.write(&line)
            .map_err(|error| format!("the manifest takes no line before the create: {error}"))?;
        self.adopt_unresolved(Unresolved { number, operation, collection, name, external_id });
        Ok(())
    }

    fn heard_create(&self, exchange: &Exchange, collection: Collection) {
        let create = (exchange.number, None);
        let (sent, answered) = (exchange.request.identity(), exchange.identity());
        let located = || id_of_location(exchange.header("location")?, collection);
        // 303 sends the client to what the create has made, so it is no refusal.
        let refused = matches!(exchange.status(), 300..=302 | 304..=499)
            || exchange.disturbance.is_some_and(|it| it != Disturbance::LoseAnswer);
        if refused || matches!(exchange.result, Err(Failure::Refused(_))) {
            self.not_created(create);
        } else if exchange.is_success()
            && let Some(id) = exchange.id().or_else(located)
            && is_addressable(&id)
            && names_the_same(sent, answered)
            && !is_too_old(answered, exchange)
        {
            self.created(create, (collection, id));
        }
    }

    fn created(&self, create: Create, name: Name) {
        let (number, operation) = create;
        lock(&self.pending).remove(&create);
        let (collection, id) = name.clone();
        self.note(&ManifestLine::Created { number, operation, collection, id });
        self.own(name, number);
    }

    fn not_created(&self, create: Create) {
        if lock(&self.pending).remove(&create).is_some() {
            let (number, operation) = create;
            self.note(&ManifestLine::NotCreated { number, operation });
        }
    }

    /// Writes what already happened. A full disk must not stop a run or a clean-up that knows by
    /// heart what it owns; the line before each create said enough to find it.
    pub(super) fn note(&self, line: &ManifestLine) {
        let _ = self.write(line);
    }

    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn write_to_a_full_disk(&self) {
        *lock(&self.journal) = Journal::open(Path::new("/dev/full")).ok();
    }

    fn write(&self, line: &ManifestLine) -> std::io::Result<()> {
        lock(&self.journal).as_mut().map_or(Ok(()), |journal| journal.write(line))
    }
}

/// Whether a request cannot change anything. Some servers let a header speak for the method.
fn only_reads(request: &Request) -> bool {
    let overrides = ["x-http-method-override", "x-http-method", "x-method-override"];
    matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS)
        && !request.headers.iter().any(|(name, _)| overrides.contains(&name.as_str()))
}

fn is_search(path: &str) -> bool {
    matches!(path, "/.search" | "/Users/.search" | "/Groups/.search")
}

/// Whether it changes what the tenant says about itself, which is nobody's data.
pub(super) fn changes_discovery(request: &Request) -> bool {
    let first = request.path().split('/').nth(1).unwrap_or_default();
    matches!(request.method, Method::PUT | Method::PATCH)
        && matches!(first, "ServiceProviderConfig" | "ResourceTypes" | "Schemas")
        && !request.path().contains("/.")
}

fn collection_of(path: &str) -> Option<Collection> {
    match path {
        "/Users" => Some(Collection::Users),
        "/Groups" => Some(Collection::Groups),
        _ => None,
    }
}

/// The resource that a path names, and nothing when somebody on the way could read the path
/// otherwise: letters that belong encoded are dropped or turned by URL parsers.
fn resource_of(path: &str) -> Option<Name> {
    let (parent, id) = path.rsplit_once('/')?;
    let collection = collection_of(parent)?;
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\#?\"<>^`{|}".contains(&byte);
    if !id.bytes().all(plain) {
        return None;
    }
    let id = percent_encoding::percent_decode_str(id).decode_utf8().ok()?.into_owned();
    is_addressable(&id).then_some((collection, id))
}

/// Whether an id can stand in a path: dots alone would name the collection or what is above it,
/// however they are encoded.
fn is_addressable(id: &str) -> bool {
    !matches!(id, "" | "." | "..")
}

/// Ids from here belong to nobody, so that "does not exist" can be asked without touching anything.
pub(super) fn fabricated_id(salt: u64) -> String {
    format!("{FABRICATED}{:012x}", salt & 0xffff_ffff_ffff)
}

const FABRICATED: &str = "facade00-0000-4000-8000-";

fn is_fabricated(id: &str) -> bool {
    id.strip_prefix(FABRICATED)
        .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// The last segment of a location, for answers without a body.
fn id_of_location(location: &str, collection: Collection) -> Option<String> {
    let (_, id) = location.rsplit_once(&format!("{}/", collection.path()))?;
    let id = id.split(['?', '#']).next().unwrap_or_default();
    let id = percent_encoding::percent_decode_str(id).decode_utf8().ok()?.into_owned();
    Some(id).filter(|id| !id.contains('/'))
}

/// Whether the answer speaks of the resource that was sent: a server that answers a create with
/// somebody else's resource must not make it ours. Case, spaces and marks may be the server's.
fn names_the_same(sent: Option<&Identity>, answered: Option<&Identity>) -> bool {
    let (Some(sent), Some(answered)) = (sent, answered) else { return true };
    let bare = |text: &str| -> String {
        text.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let same = |sent: &Option<String>, answered: &Option<String>| match (sent, answered) {
        (Some(sent), Some(answered)) => sent == answered || bare(sent) == bare(answered),
        _ => true,
    };
    // A user's displayName may follow from the other names; a group's is its name.
    let same_name = match sent.has_user_name {
        true => same(&sent.user_name, &answered.user_name),
        false => same(&sent.display_name, &answered.display_name),
    };
    same_name && same(&sent.external_id, &answered.external_id)
}

/// Whether the answer itself says that the resource was there long before: a server that turns a
/// create into an update of what bears the name. Both times are the server's.
fn is_too_old(answered: Option<&Identity>, exchange: &Exchange) -> bool {
    let created = answered.and_then(|answered| answered.created.as_ref());
    let created = created.and_then(|text| text.parse::<Timestamp>().ok());
    let dates = jiff::fmt::rfc2822::DateTimeParser::new();
    let answered = exchange.header("date").and_then(|text| dates.parse_timestamp(text).ok());
    created
        .zip(answered)
        .is_some_and(|(created, answered)| answered.duration_since(created) > TOO_OLD)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
