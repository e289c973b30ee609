//! What this run owns on the tenant, and the manifest that proves it.
//!
//! The promise "only what a run created is ever changed or deleted" is kept here, at the door, and
//! not by good manners elsewhere: a change of an id that this run did not create is refused. The
//! manifest gets its line *before* a create goes out, so that an interrupted run can be cleaned up.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dashmap::{DashMap, DashSet};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exchange::{Exchange, Request};

/// The two collections a run creates in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Collection {
    /// `/Users`.
    Users,
    /// `/Groups`.
    Groups,
}

impl Collection {
    /// The path below the Tenant URL.
    pub fn path(self) -> &'static str {
        match self {
            Self::Users => "/Users",
            Self::Groups => "/Groups",
        }
    }
}

/// One resource that this run created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// Where.
    pub collection: Collection,
    /// The id the tenant gave.
    pub id: String,
}

/// A create whose answer was lost or said no id: it may have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The exchange that tried.
    pub number: u64,
    /// Where.
    pub collection: Collection,
    /// `userName` or `displayName` of the body, by which it can be looked up.
    pub name: Option<String>,
    /// `externalId` of the body, by which a hit is told from a stranger.
    pub external_id: Option<String>,
}

/// One line of `manifest.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, tag = "event")]
pub enum ManifestLine {
    /// The first line: which tenant.
    Run {
        /// The Tenant URL, without query.
        tenant: String,
    },
    /// Written before a create is sent.
    Creating {
        /// The exchange's number.
        number: u64,
        /// Where.
        collection: Collection,
        /// `userName` or `displayName`.
        name: Option<String>,
        /// `externalId`.
        external_id: Option<String>,
    },
    /// The create succeeded.
    Created {
        /// The exchange's number.
        number: u64,
        /// Where.
        collection: Collection,
        /// The id the tenant gave.
        id: String,
    },
    /// The tenant refused the create; nothing is there.
    NotCreated {
        /// The exchange's number.
        number: u64,
    },
    /// The resource is gone.
    Deleted {
        /// Where.
        collection: Collection,
        /// Its id.
        id: String,
    },
}

/// Why a manifest cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be opened or read.
    #[error("open the manifest {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is no manifest line.
    #[error(
        "read the manifest {}, line {line}: {why}; \
         a manifest is the manifest.jsonl of a run's report folder",
        path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser said.
        why: String,
    },
}

/// A manifest read back: what is still on the tenant as far as it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The Tenant URL it was written for.
    pub tenant: Option<String>,
    /// Created and not deleted.
    pub owned: Vec<Owned>,
    /// Perhaps created.
    pub unresolved: Vec<Unresolved>,
}

impl Manifest {
    /// Reads a manifest. A last line cut short by a crash is passed over.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ManifestError::File { path: path.to_owned(), source })?;
        let mut manifest = Self::default();
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            match serde_json::from_str(line) {
                Ok(line) => manifest.fold(line),
                Err(_) if index + 1 == lines.len() && !text.ends_with('\n') => {}
                Err(error) => {
                    return Err(ManifestError::Line {
                        path: path.to_owned(),
                        line: index + 1,
                        why: error.to_string(),
                    });
                }
            }
        }
        Ok(manifest)
    }

    fn fold(&mut self, line: ManifestLine) {
        match line {
            ManifestLine::Run { tenant } => self.tenant = Some(tenant),
            ManifestLine::Creating { number, collection, name, external_id } => {
                self.unresolved.push(Unresolved { number, collection, name, external_id });
            }
            ManifestLine::Created { number, collection, id } => {
                self.unresolved.retain(|unresolved| unresolved.number != number);
                self.owned.push(Owned { collection, id });
            }
            ManifestLine::NotCreated { number } => {
                self.unresolved.retain(|unresolved| unresolved.number != number);
            }
            ManifestLine::Deleted { id, .. } => self.owned.retain(|owned| owned.id != id),
        }
    }
}

/// The door's memory.
#[derive(Default)]
pub(super) struct Ownership {
    /// id → collection and order of creation; entries leave when deleted.
    owned: DashMap<String, (Collection, u64)>,
    /// Ids that were ours and are deleted: checks may knock on them again.
    gone: DashSet<String>,
    pending: Mutex<BTreeMap<u64, Unresolved>>,
    file: Mutex<Option<File>>,
}

impl Ownership {
    pub(super) fn keep_manifest(&self, path: &Path, tenant: &str) -> Result<(), ManifestError> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|source| ManifestError::File { path: path.to_owned(), source })?;
        *lock(&self.file) = Some(file);
        self.write(&ManifestLine::Run { tenant: tenant.to_owned() });
        Ok(())
    }

    pub(super) fn owned(&self) -> Vec<Owned> {
        let mut all: Vec<(u64, Owned)> = self
            .owned
            .iter()
            .map(|entry| {
                let (collection, order) = *entry.value();
                (order, Owned { collection, id: entry.key().clone() })
            })
            .collect();
        all.sort_by_key(|(order, _)| *order);
        all.into_iter().map(|(_, owned)| owned).collect()
    }

    pub(super) fn unresolved(&self) -> Vec<Unresolved> {
        lock(&self.pending).values().cloned().collect()
    }

    pub(super) fn owns(&self, id: &str) -> bool {
        self.owned.contains_key(id)
    }

    pub(super) fn adopt(&self, owned: Owned) {
        let order = self.owned.len() as u64;
        self.owned.insert(owned.id, (owned.collection, order));
    }

    pub(super) fn adopt_unresolved(&self, unresolved: Unresolved) {
        lock(&self.pending).insert(unresolved.number, unresolved);
    }

    pub(super) fn deleted(&self) -> u64 {
        self.gone.len() as u64
    }

    pub(super) fn settle(&self, unresolved: &Unresolved) {
        lock(&self.pending).remove(&unresolved.number);
    }

    /// Adopts a resource that an unresolved create has made.
    pub(super) fn recognise(&self, resource: &Value) -> bool {
        let text = |name: &str| resource.get(name).and_then(Value::as_str);
        let Some(id) = text("id") else { return false };
        let collection = match text("userName") {
            Some(_) => Collection::Users,
            None => Collection::Groups,
        };
        let name = text("userName").or_else(|| text("displayName"));
        let mut pending = lock(&self.pending);
        let made = pending.values().find(|unresolved| {
            unresolved.collection == collection
                && unresolved.name.is_some()
                && unresolved.name.as_deref() == name
                && unresolved.external_id.as_deref() == text("externalId")
        });
        let Some(number) = made.map(|unresolved| unresolved.number) else { return false };
        pending.remove(&number);
        drop(pending);
        self.write(&ManifestLine::Created { number, collection, id: id.to_owned() });
        self.owned.insert(id.to_owned(), (collection, number));
        true
    }

    /// Says whether the request may go out; notes a create before it does.
    pub(super) fn permit(&self, number: u64, request: &Request) -> Result<(), String> {
        if matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let path = request.path().trim_end_matches('/');
        if request.method == Method::POST {
            return match collection_of(path) {
                Some(collection) => {
                    self.note_create(number, collection, request);
                    Ok(())
                }
                None if path.ends_with("/.search") => Ok(()),
                // A POST to a resource has no meaning; on an own one it can do no harm.
                None if self.is_own(path) => Ok(()),
                None if is_bulk_of_nobody(path, request) => Ok(()),
                None => Err(format!("a POST to {path} is none of a run's own resources")),
            };
        }
        let is_change = matches!(request.method, Method::PUT | Method::PATCH);
        match id_of(path) {
            Some(_) if self.is_own(path) => Ok(()),
            Some(id) => Err(format!("this run did not create {id}")),
            // Nobody's data; checks that try it run only when asked for.
            None if is_change && is_discovery(path) => Ok(()),
            None => Err(format!("{} {path} is none of a run's own resources", request.method)),
        }
    }

    /// Whether the path names a resource that is or was ours, or that nobody has.
    fn is_own(&self, path: &str) -> bool {
        id_of(path).is_some_and(|id| {
            self.owned.contains_key(&*id) || self.gone.contains(&*id) || is_fabricated(&id)
        })
    }

    /// Draws the conclusions of an answer: created, refused, deleted, or still unknown.
    pub(super) fn heard(&self, exchange: &Exchange) {
        let path = exchange.request.path().trim_end_matches('/');
        if exchange.request.method == Method::POST {
            if let Some(collection) = collection_of(path) {
                self.heard_create(exchange, collection);
            }
        } else if exchange.request.method == Method::DELETE
            && matches!(exchange.status(), 200..=299 | 404 | 410)
            && let Some((parent, id)) = path.rsplit_once('/')
            && let Some(collection) = collection_of(parent)
        {
            let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned();
            if self.owned.remove(&id).is_some() {
                self.write(&ManifestLine::Deleted { collection, id: id.clone() });
                self.gone.insert(id);
            }
        }
    }

    fn note_create(&self, number: u64, collection: Collection, request: &Request) {
        let body = request.body_json();
        let text = |name: &str| body.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let name = text("userName").or_else(|| text("displayName"));
        let external_id = text("externalId");
        self.write(&ManifestLine::Creating {
            number,
            collection,
            name: name.clone(),
            external_id: external_id.clone(),
        });
        let unresolved = Unresolved { number, collection, name, external_id };
        lock(&self.pending).insert(number, unresolved);
    }

    fn heard_create(&self, exchange: &Exchange, collection: Collection) {
        let number = exchange.number;
        if matches!(exchange.status(), 300..=499)
            || matches!(exchange.result, Err(crate::exchange::Failure::Refused(_)))
        {
            lock(&self.pending).remove(&number);
            self.write(&ManifestLine::NotCreated { number });
        } else if exchange.is_success()
            && let Some(id) = exchange.id().or_else(|| id_of_location(exchange, collection))
            && names_the_same(exchange)
        {
            lock(&self.pending).remove(&number);
            self.write(&ManifestLine::Created { number, collection, id: id.clone() });
            self.owned.insert(id, (collection, number));
        }
    }

    fn write(&self, line: &ManifestLine) {
        if let Some(file) = lock(&self.file).as_mut()
            && let Ok(mut text) = serde_json::to_string(line)
        {
            text.push('\n');
            // A full disk must not stop a clean-up that needs no manifest; the run's own memory
            // still knows what it owns.
            let _ = file.write_all(text.as_bytes());
        }
    }
}

/// Ids from here belong to nobody, so that "does not exist" can be asked without touching anything.
pub(super) fn fabricated_id(salt: u64) -> String {
    format!("facade00-0000-4000-8000-{:012x}", salt & 0xffff_ffff_ffff)
}

fn is_fabricated(id: &str) -> bool {
    id.starts_with("facade00-0000-4000-8000-")
}

/// The id in a path of a user or a group, decoded.
fn id_of(path: &str) -> Option<Cow<'_, str>> {
    let (_, id) = path.rsplit_once('/').filter(|(parent, _)| collection_of(parent).is_some())?;
    Some(percent_encoding::percent_decode_str(id).decode_utf8_lossy())
}

/// Whether the path is one of the three discovery endpoints, or below it.
fn is_discovery(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    matches!(first, "ServiceProviderConfig" | "ResourceTypes" | "Schemas")
}

/// Whether a bulk request speaks of resources alone that nobody has.
fn is_bulk_of_nobody(path: &str, request: &Request) -> bool {
    let body = request.body_json().unwrap_or_default();
    let operations = body["Operations"].as_array().map_or(&[][..], Vec::as_slice);
    path == "/Bulk"
        && operations.iter().all(|operation| {
            operation["path"].as_str().and_then(id_of).is_some_and(|id| is_fabricated(&id))
        })
}

fn collection_of(path: &str) -> Option<Collection> {
    match path {
        "/Users" => Some(Collection::Users),
        "/Groups" => Some(Collection::Groups),
        _ => None,
    }
}

/// The last segment of `Location`, for answers without a body.
fn id_of_location(exchange: &Exchange, collection: Collection) -> Option<String> {
    let (_, id) = exchange.header("location")?.rsplit_once(&format!("{}/", collection.path()))?;
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned();
    Some(id).filter(|id| !id.is_empty() && !id.contains('/'))
}

/// Whether the answer speaks of the resource that was sent: a server that answers a create with
/// somebody else's resource must not make it ours.
fn names_the_same(exchange: &Exchange) -> bool {
    let (Some(sent), Some(answered)) = (exchange.request.body_json(), exchange.json()) else {
        return true;
    };
    ["userName", "externalId"].iter().all(|name| {
        match (sent.get(name).and_then(Value::as_str), answered.get(name).and_then(Value::as_str)) {
            (Some(sent), Some(answered)) => sent.eq_ignore_ascii_case(answered),
            _ => true,
        }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
