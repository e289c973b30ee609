//! Accepted snapshots on disk, in insta's file format.
//!
//! A file is `<root>/<profile>/<scenario>.snap`: front matter between two `---` lines, then the
//! text. What differs from it, or has nothing to differ from, waits beside it as `.snap.new`. Files
//! are replaced whole, so that an interrupted run leaves the old or the new one and never half.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::render::escape;
use super::{SnapshotKind, SnapshotResult};

/// What to do with the snapshots of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum SnapshotMode {
    /// Compare with the accepted ones.
    #[default]
    Check,
    /// Accept whatever the run gives.
    Update,
    /// Leave them alone.
    Off,
}

/// What a snapshot's front matter says about where it came from. It is for readers: a difference in
/// it alone is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// The scenario's file, `scenarios/groups/rename.toml`.
    pub source: String,
    /// The scenario's title.
    pub title: String,
    /// The seed it ran with.
    pub seed: u64,
    /// The PATCH dialect it ran with.
    pub dialect: String,
    /// How much of the scenario it holds.
    pub kind: SnapshotKind,
}

/// Why a snapshot cannot be settled or reviewed.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file or folder cannot be read, written or removed.
    #[error("use the snapshot {}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An accepted snapshot is not in insta's format.
    #[error(
        "read the snapshot {}: it does not begin with front matter between two `---` lines; \
         remove the file and accept the snapshot anew",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// A name on the command line fits no pending snapshot.
    #[error("find a pending snapshot named {name}: {}", waiting(pending))]
    NoSuch {
        /// The name.
        name: String,
        /// The names that would fit.
        pending: Vec<String>,
    },
    /// The terminal went away during a review.
    #[error("review snapshots: {0}")]
    Terminal(#[from] std::io::Error),
}

fn waiting(pending: &[String]) -> String {
    match pending {
        [] => "none is pending".to_owned(),
        names => format!("pending are {}", names.join(", ")),
    }
}

/// The snapshots of one profile.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    folder: PathBuf,
    mode: SnapshotMode,
    ci: bool,
}

impl SnapshotStore {
    /// Snapshots below `root`, in the folder of a profile. With `ci`, a missing snapshot is told
    /// from a pending one.
    pub fn new(root: &Path, folder: &str, mode: SnapshotMode, ci: bool) -> Self {
        Self { folder: root.join(file_stem(folder)), mode, ci }
    }

    /// The accepted file of a scenario.
    pub fn path(&self, scenario: &str) -> PathBuf {
        self.folder.join(format!("{}.snap", file_stem(scenario)))
    }

    /// Compares a text with the accepted one and leaves what differs for review.
    pub fn settle(
        &self,
        scenario: &str,
        text: &str,
        info: &SnapshotInfo,
    ) -> Result<SnapshotResult, SnapshotError> {
        if self.mode == SnapshotMode::Off {
            return Ok(SnapshotResult::Off);
        }
        let path = self.path(scenario);
        let accepted = if path.exists() { Some(read(&path)) } else { None };
        // In need of an update, a file that cannot be read is one more reason to write it.
        let accepted = match (accepted, self.mode) {
            (Some(Err(SnapshotError::Format { .. })), SnapshotMode::Update) => None,
            (accepted, _) => accepted.transpose()?,
        };
        if accepted.as_deref() == Some(normal(text).as_str()) {
            remove(&pending_path(&path))?;
            return Ok(SnapshotResult::Matches);
        }
        if self.mode == SnapshotMode::Update {
            write(&path, &file(text, info))?;
            remove(&pending_path(&path))?;
            return Ok(SnapshotResult::Updated);
        }
        write(&pending_path(&path), &file(text, info))?;
        Ok(match accepted {
            Some(_) => SnapshotResult::Changed,
            None if self.ci => SnapshotResult::Missing,
            None => SnapshotResult::Pending,
        })
    }
}

/// The file that waits for review beside an accepted one.
pub(super) fn pending_path(accepted: &Path) -> PathBuf {
    accepted.with_extension("snap.new")
}

/// The text of a snapshot file, without front matter.
pub(super) fn read(path: &Path) -> Result<String, SnapshotError> {
    let bytes = std::fs::read(path)
        .map_err(|source| SnapshotError::File { path: path.to_owned(), source })?;
    let whole = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    let body = whole.strip_prefix("---\n").and_then(|rest| {
        if let Some(body) = rest.strip_prefix("---\n") {
            return Some(body);
        }
        rest.split_once("\n---\n").map(|(_, body)| body).or(rest.ends_with("\n---").then_some(""))
    });
    body.map(normal).ok_or_else(|| SnapshotError::Format { path: path.to_owned() })
}

/// Removes a file; that it is not there is fine.
pub(super) fn remove(path: &Path) -> Result<(), SnapshotError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(SnapshotError::File { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Line ends and the end of the text do not count, as with insta.
fn normal(text: &str) -> String {
    text.replace("\r\n", "\n").trim_end().to_owned()
}

fn file(text: &str, info: &SnapshotInfo) -> String {
    let kind = match info.kind {
        SnapshotKind::Full => "full",
        SnapshotKind::Shape => "shape",
    };
    let mut file = String::from("---\n");
    let _ = writeln!(file, "source: {}", quoted(&info.source));
    let _ = writeln!(file, "description: {}", quoted(&info.title));
    // In quotes, because cargo-insta rounds a number as large as a seed may be.
    let _ = writeln!(file, "info:\n  seed: \"{}\"", info.seed);
    let _ = writeln!(file, "  dialect: {}\n  snapshot: {kind}\n---", quoted(&info.dialect));
    file.push_str(&normal(text));
    file.push('\n');
    file
}

/// A text in JSON's quotes, which YAML reads too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(escape(text)).to_string()
}

fn write(path: &Path, text: &str) -> Result<(), SnapshotError> {
    let trouble = |source| SnapshotError::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(trouble)?;
    }
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let written = std::fs::File::create(&part)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&part, path));
    written.map_err(|source| {
        let _ = std::fs::remove_file(&part);
        trouble(source)
    })
}

/// A name as one file name: folders become `__`, and nothing in it climbs or hides.
fn file_stem(name: &str) -> String {
    let stem: String = name
        .replace('/', "__")
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' })
        .collect();
    if stem.is_empty() { "_".to_owned() } else { stem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::scratch::Scratch;

    fn info() -> SnapshotInfo {
        SnapshotInfo {
            source: "scenarios/groups/rename.toml".to_owned(),
            title: "A \"quoted\": title, with # and \u{1b}[31m".to_owned(),
            seed: u64::MAX,
            dialect: "aadOptscim062020".to_owned(),
            kind: SnapshotKind::Full,
        }
    }

    const NAME: &str = "groups/rename";
    const TEXT: &str = "=== create-user\nPOST /Users\n\n---\n201\n\n\n";

    fn store(root: &Path, mode: SnapshotMode) -> SnapshotStore {
        SnapshotStore::new(root, "dialpad", mode, false)
    }

    #[test]
    fn a_snapshot_is_pending_then_matches_then_changes() {
        let root = Scratch::new();
        let check = store(&root, SnapshotMode::Check);
        let new = root.join("dialpad/groups__rename.snap.new");
        assert_eq!(check.settle(NAME, TEXT, &info()).unwrap(), SnapshotResult::Pending);
        assert!(new.exists());
        let in_ci = SnapshotStore::new(&root, "dialpad", SnapshotMode::Check, true);
        assert_eq!(in_ci.settle(NAME, TEXT, &info()).unwrap(), SnapshotResult::Missing);
        std::fs::rename(&new, check.path(NAME)).unwrap();
        assert_eq!(check.settle(NAME, "other", &info()).unwrap(), SnapshotResult::Changed);
        assert!(new.exists());
        assert_eq!(check.settle(NAME, TEXT, &info()).unwrap(), SnapshotResult::Matches);
        assert!(!new.exists(), "a stale one is removed");
        let other = SnapshotInfo { seed: 1, ..info() };
        assert_eq!(check.settle(NAME, TEXT, &other).unwrap(), SnapshotResult::Matches);
    }

    #[test]
    fn update_writes_the_accepted_file_and_off_touches_nothing() {
        let root = Scratch::new();
        let off = store(&root, SnapshotMode::Off);
        assert_eq!(off.settle(NAME, TEXT, &info()).unwrap(), SnapshotResult::Off);
        assert_eq!(std::fs::read_dir(&*root).unwrap().count(), 0);
        store(&root, SnapshotMode::Check).settle(NAME, "older", &info()).unwrap();
        let update = store(&root, SnapshotMode::Update);
        assert_eq!(update.settle(NAME, TEXT, &info()).unwrap(), SnapshotResult::Updated);
        assert_eq!(update.settle(NAME, TEXT, &info()).unwrap(), SnapshotResult::Matches);
        let files = std::fs::read_dir(root.join("dialpad")).unwrap().count();
        assert_eq!(files, 1, "no pending file and no part is left");
    }

    #[test]
    fn insta_reads_what_is_written() {
        let root = Scratch::new();
        let update = store(&root, SnapshotMode::Update);
        update.settle(NAME, TEXT, &info()).unwrap();
        let check = store(&root, SnapshotMode::Check);
        check.settle(NAME, "changed\n", &info()).unwrap();
        for (path, text) in [(check.path(NAME), TEXT), (pending_path(&check.path(NAME)), "changed")]
        {
            let snapshot = insta::Snapshot::from_file(&path).unwrap();
            let insta::internals::SnapshotContents::Text(contents) = snapshot.contents() else {
                panic!("text is text")
            };
            assert_eq!(contents.to_string(), text.trim_end());
            let metadata = snapshot.metadata();
            assert_eq!(metadata.source(), Some("scenarios/groups/rename.toml"));
            assert_eq!(metadata.description(), Some("A \"quoted\": title, with # and \\u{1b}[31m"));
            assert!(format!("{metadata:?}").contains(&u64::MAX.to_string()));
        }
    }

    #[test]
    fn what_insta_saves_is_read_back() {
        let root = Scratch::new();
        let update = store(&root, SnapshotMode::Update);
        update.settle(NAME, TEXT, &info()).unwrap();
        let path = update.path(NAME);
        insta::Snapshot::from_file(&path).unwrap().save(&path).unwrap();
        let check = store(&root, SnapshotMode::Check);
        assert_eq!(check.settle(NAME, TEXT, &info()).unwrap(), SnapshotResult::Matches);
    }

    #[test]
    fn a_file_that_is_no_snapshot_is_named() {
        let root = Scratch::new();
        let check = store(&root, SnapshotMode::Check);
        std::fs::create_dir_all(root.join("dialpad")).unwrap();
        std::fs::write(check.path(NAME), "no front matter").unwrap();
        let error = check.settle(NAME, TEXT, &info()).unwrap_err().to_string();
        assert!(error.contains("groups__rename.snap") && error.contains("accept"), "{error}");
        let update = store(&root, SnapshotMode::Update);
        assert_eq!(update.settle(NAME, TEXT, &info()).unwrap(), SnapshotResult::Updated);
    }

    #[test]
    fn no_name_climbs_out_of_the_folder() {
        let store = SnapshotStore::new(Path::new("r"), "../x", SnapshotMode::Check, false);
        assert_eq!(store.path("../../etc/passwd"), Path::new("r/____x/________etc__passwd.snap"));
    }
}
