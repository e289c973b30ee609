//! The manifest: what a run is about to create and has created, one JSON object a line.
//!
//! A line is whole or it is not there: what a crash or a full disk cut short is taken away before
//! the next line is written, and a torn last line is passed over when the file is read.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
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
    /// Created and not deleted.
    pub owned: Vec<Owned>,
    /// Perhaps created.
    pub unresolved: Vec<Unresolved>,
}

impl Manifest {
    /// Reads a manifest. A last line cut short by a crash is passed over.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let bytes = std::fs::read(path)
            .map_err(|source| ManifestError::File { path: path.to_owned(), source })?;
        // A line cut short may end inside a letter.
        let text = String::from_utf8_lossy(&bytes);
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

    fn fold(&mut self, line: ManifestLine) {
        match line {
            ManifestLine::Run { tenant } => self.tenant = Some(tenant),
            ManifestLine::Creating { number, operation, collection, name, external_id } => {
                let lost = Unresolved { number, operation, collection, name, external_id };
                self.unresolved.push(lost);
            }
            ManifestLine::Created { number, operation, collection, id } => {
                self.unresolved.retain(|it| (it.number, it.operation) != (number, operation));
                self.owned.push(Owned { collection, id });
            }
            ManifestLine::NotCreated { number, operation } => {
                self.unresolved.retain(|it| (it.number, it.operation) != (number, operation));
            }
            ManifestLine::Deleted { collection, id } => {
                self.owned.retain(|owned| owned.collection != collection || owned.id != id);
            }
        }
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
