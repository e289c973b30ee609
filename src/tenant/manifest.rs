//! The manifest: what a run is about to create and has created, one JSON object a line.
//!
//! A line is whole or it is not there: what a crash or a full disk cut short is taken away before
//! the next line is written, and a torn last line is passed over when the file is read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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
    /// Its place among the operations of a bulk request.
    pub operation: Option<usize>,
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
        /// Its place among the operations of a bulk request; none for a create of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation: Option<usize>,
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
        /// Its place among the operations of a bulk request; none for a create of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation: Option<usize>,
        /// Where.
        collection: Collection,
        /// The id the tenant gave.
        id: String,
    },
    /// The tenant refused the create; nothing is there.
    NotCreated {
        /// The exchange's number.
        number: u64,
        /// Its place among the operations of a bulk request; none for a create of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation: Option<usize>,
    },
    /// The resource is gone.
    Deleted {
        /// Where.
        collection: Collection,
        /// Its id.
        id: String,
    },
    /// What a load that can be resumed was asked to do, in one line.
    Plan {
        /// The plan.
        plan: String,
    },
    /// An object of a load's population is in the tenant.
    Linked {
        /// Where.
        collection: Collection,
        /// Its index in the population.
        index: usize,
        /// Its id.
        id: String,
    },
    /// A step of a load that links nothing is done: a manager, members.
    Done {
        /// The phase, from 0.
        phase: usize,
        /// The step in it, from 0.
        step: u64,
    },
    /// The load came to its end; what follows removes it again.
    Finished {},
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

/// So many manifests of cut-off runs are kept beside each other.
const LEFT_MAX: usize = 1_000;

/// A manifest read back: what is still on the tenant as far as it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The Tenant URL it was written for.
    pub tenant: Option<String>,
    /// Created and not deleted, in order.
    pub owned: Vec<Owned>,
    /// Perhaps created.
    pub unresolved: Vec<Unresolved>,
    /// How far a load was that can be resumed.
    pub progress: Progress,
}

/// How far a load was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// What it was asked to do; none where no load kept this manifest.
    pub plan: Option<String>,
    /// Ids by collection and index.
    pub links: Vec<(Collection, usize, String)>,
    /// Steps that were done, by phase and number.
    pub done: HashSet<(usize, u64)>,
    /// Whether the load had come to its end.
    pub is_finished: bool,
}

impl Manifest {
    /// Reads a manifest, line by line: one of a million users is large. A last line cut short by a
    /// crash is passed over.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let refused = |source| ManifestError::File { path: path.to_owned(), source };
        let mut reader = BufReader::new(File::open(path).map_err(refused)?);
        let (mut folded, mut bytes) = (Folded::default(), Vec::new());
        for number in 1.. {
            bytes.clear();
            if reader.read_until(b'\n', &mut bytes).map_err(refused)? == 0 {
                break;
            }
            // A line cut short may end inside a letter.
            let is_whole = bytes.ends_with(b"\n");
            match serde_json::from_slice(&bytes) {
                Ok(line) => folded.fold(line),
                Err(_) if !is_whole => {}
                Err(error) => {
                    return Err(ManifestError::Line {
                        path: path.to_owned(),
                        line: number,
                        why: error.to_string(),
                    });
                }
            }
        }
        Ok(folded.into())
    }

    /// Makes room for a new manifest: one that still lists something is kept beside it, as
    /// `manifest.left-1.jsonl` and so on. The path says where.
    pub fn set_aside(&self, path: &Path) -> Result<PathBuf, ManifestError> {
        let kept = (1..=LEFT_MAX)
            .map(|nth| path.with_file_name(format!("manifest.left-{nth}.jsonl")))
            .find(|kept| !kept.exists())
            .unwrap_or_else(|| path.with_file_name("manifest.left.jsonl"));
        std::fs::rename(path, &kept)
            .map_err(|source| ManifestError::File { path: path.to_owned(), source })?;
        Ok(kept)
    }

    /// Whether nothing is left on the tenant.
    pub fn is_settled(&self) -> bool {
        self.owned.is_empty() && self.unresolved.is_empty()
    }
}

/// A manifest while it is read.
#[derive(Default)]
struct Folded {
    tenant: Option<String>,
    /// What is there, with its place in the order of creation.
    owned: HashMap<(Collection, String), usize>,
    created: usize,
    unresolved: BTreeMap<(u64, Option<usize>), Unresolved>,
    progress: Progress,
}

impl Folded {
    fn fold(&mut self, line: ManifestLine) {
        match line {
            ManifestLine::Run { tenant } => {
                self.tenant = Some(tenant);
                self.carry_over();
            }
            ManifestLine::Creating { number, operation, collection, name, external_id } => {
                let lost = Unresolved { number, operation, collection, name, external_id };
                self.unresolved.insert((number, operation), lost);
            }
            ManifestLine::Created { number, operation, collection, id } => {
                self.unresolved.remove(&(number, operation));
                self.created += 1;
                self.owned.insert((collection, id), self.created);
            }
            ManifestLine::NotCreated { number, operation } => {
                self.unresolved.remove(&(number, operation));
            }
            ManifestLine::Deleted { collection, id } => drop(self.owned.remove(&(collection, id))),
            ManifestLine::Plan { plan } => self.progress.plan = Some(plan),
            ManifestLine::Linked { collection, index, id } => {
                self.progress.links.push((collection, index, id));
            }
            ManifestLine::Done { phase, step } => drop(self.progress.done.insert((phase, step))),
            ManifestLine::Finished {} => self.progress.is_finished = true,
        }
    }

    /// Numbers begin anew in each run that writes to one manifest: what an earlier one left open
    /// gets numbers that no run reaches.
    fn carry_over(&mut self) {
        let open = std::mem::take(&mut self.unresolved).into_values().enumerate();
        self.unresolved = open
            .map(|(nth, unresolved)| {
                let number = u64::MAX - nth as u64;
                ((number, None), Unresolved { number, operation: None, ..unresolved })
            })
            .collect();
    }
}

impl From<Folded> for Manifest {
    fn from(mut folded: Folded) -> Self {
        folded.carry_over();
        let mut owned: Vec<_> = folded.owned.into_iter().collect();
        owned.sort_unstable_by_key(|(_, place)| *place);
        let owned =
            owned.into_iter().map(|((collection, id), _)| Owned { collection, id }).collect();
        let unresolved = folded.unresolved.into_values().collect();
        Self { tenant: folded.tenant, owned, unresolved, progress: folded.progress }
    }
}

/// The file that a run writes its manifest to.
pub(super) struct Journal {
    file: File,
    /// How many bytes hold whole lines.
    whole: u64,
}

impl Journal {
    /// Opens a manifest for more lines; a torn last line of an earlier run goes away.
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        let mut file = File::options().create(true).read(true).append(true).open(path)?;
        let length = file.seek(SeekFrom::End(0))?;
        let mut whole = length;
        let mut last = [0];
        while whole > 0 {
            file.seek(SeekFrom::Start(whole - 1))?;
            file.read_exact(&mut last)?;
            if last == *b"\n" {
                break;
            }
            whole -= 1;
        }
        if whole < length {
            file.set_len(whole)?;
        }
        Ok(Self { file, whole })
    }

    /// Adds one line; what a failure leaves of it is taken away again.
    pub(super) fn write(&mut self, line: &ManifestLine) -> std::io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes());
        match written {
            Ok(()) => self.whole += text.len() as u64,
            // Where even this fails, the line that follows ends up behind a torn one.
            Err(_) => drop(self.file.set_len(self.whole)),
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_runs_of_one_manifest_left_open_stays_apart() {
        let creating = |name: &str| ManifestLine::Creating {
            number: 1,
            operation: None,
            collection: Collection::Users,
            name: Some(name.to_owned()),
            external_id: None,
        };
        let run = || ManifestLine::Run { tenant: "http://localhost/scim".to_owned() };
        let mut folded = Folded::default();
        for line in [run(), creating("first"), run(), creating("second")] {
            folded.fold(line);
        }
        folded.fold(ManifestLine::NotCreated { number: 1, operation: None });
        folded.fold(creating("third"));
        let manifest = Manifest::from(folded);
        let open: Vec<_> = manifest.unresolved.iter().map(|it| it.name.as_deref()).collect();
        assert_eq!(open, [Some("third"), Some("first")]);
        let numbers: HashSet<u64> = manifest.unresolved.iter().map(|it| it.number).collect();
        assert_eq!(numbers.len(), 2);
    }

    #[test]
    fn what_a_cut_off_run_left_is_kept_beside_the_new_manifest() {
        let folder = std::env::temp_dir().join(format!("scimrig-aside-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("manifest.jsonl");
        let left = r#"{"event":"created","number":1,"collection":"Users","id":"a"}"#;
        let gone = r#"{"event":"deleted","collection":"Users","id":"a"}"#;
        for nth in 1..=2 {
            std::fs::write(&path, format!("{left}\n")).unwrap();
            let manifest = Manifest::read(&path).unwrap();
            assert!(!manifest.is_settled());
            let kept = manifest.set_aside(&path).unwrap();
            assert_eq!(kept, folder.join(format!("manifest.left-{nth}.jsonl")));
            assert!(!path.exists());
            assert_eq!(Manifest::read(&kept).unwrap(), manifest);
        }
        std::fs::write(&path, format!("{left}\n{gone}\n")).unwrap();
        assert!(Manifest::read(&path).unwrap().is_settled());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
