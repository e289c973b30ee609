//! Reads a run, writes words. Knows nothing but what [`Run`] hands it.
//!
//! [`Summary`] holds what every report says in the same words: the verdict in one sentence, the
//! findings in the order in which they hurt, and the command that repeats one of them. Texts from a
//! tenant pass through [`visible`] before a person sees them.

mod compare;
mod figures;
mod html;
mod json;
mod junit;
mod markdown;
mod progress;
mod summary;
pub mod terminal;
pub mod visible;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use compare::{Compared, compare};
pub use json::{read, schema};
pub use progress::Progress;
pub use summary::{Summary, folder_name, rerun_check, rerun_scenario};
use thiserror::Error;

use crate::run::Run;

/// The report for people.
pub const MARKDOWN: &str = "report.md";
/// The report for programs.
pub const JSON: &str = "report.json";
/// The report with pictures.
pub const HTML: &str = "report.html";
/// The report for CI servers.
pub const JUNIT: &str = "junit.xml";

/// Why a report could not be written or read.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The file system refused.
    #[error("write `{}`", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file system refused.
    #[error("read `{}`; name a report folder or its report.json", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no report.
    #[error("read `{}`: {what}; a report.json is written by `scimrig verify`", path.display())]
    NotAReport {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A report of ours, with fields this version does not know or misses.
    #[error(
        "read `{}`, written by scimrig {version} (this is {}): {source}",
        path.display(),
        env!("CARGO_PKG_VERSION")
    )]
    Fields {
        /// The file.
        path: PathBuf,
        /// The version that wrote it.
        version: String,
        /// Which field.
        source: serde_json::Error,
    },
    /// The run could not be put into a format: our fault.
    #[error("put the run into {format}: {reason}")]
    Encode {
        /// The format.
        format: &'static str,
        /// What went wrong.
        reason: String,
    },
}

/// Writes `report.md`, `report.json`, `report.html` and `junit.xml` into the folder, which is made where it is
/// missing. Each file appears whole or not at all: an older one stays until then.
pub fn write_all(run: &Run, folder: &Path) -> Result<(), ReportError> {
    let refused = |path: &Path, source| ReportError::Write { path: path.to_owned(), source };
    fs::create_dir_all(folder).map_err(|source| refused(folder, source))?;
    for (name, text) in [
        (JSON, json::text(run)?),
        (JUNIT, junit::text(run)?),
        (HTML, html::text(run)),
        (MARKDOWN, markdown::text(run)),
    ] {
        let path = folder.join(name);
        let partial = folder.join(format!(".{name}.partial"));
        fs::write(&partial, text)
            .and_then(|()| fs::rename(&partial, &path))
            .map_err(|source| refused(&path, source))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    /// A folder of its own under the build folder, emptied first.
    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-reports").join(name);
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn all_reports_appear_whole_and_replace_older_ones() {
        let folder = folder("write-all");
        write_all(&sample::conforming(), &folder).unwrap();
        write_all(&sample::violating(), &folder).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [JUNIT, HTML, JSON, MARKDOWN]);
        assert_eq!(read(&folder).unwrap(), sample::violating());
        assert_eq!(read(&folder.join(JSON)).unwrap(), sample::violating());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = folder("no-folder");
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
        fs::write(&folder, "a file in the way").unwrap();
        let error = write_all(&sample::conforming(), &folder).unwrap_err();
        assert!(error.to_string().contains("no-folder"), "{error}");
        fs::remove_file(folder).unwrap();
    }

    #[test]
    fn what_is_no_report_is_refused_with_the_reason() {
        let folder = folder("refused");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(JSON);
        let refusal = |text: &str| {
            fs::write(&file, text).unwrap();
            read(&folder).unwrap_err().to_string()
        };
        assert!(refusal("{").contains("no JSON"), "{}", refusal("{"));
        assert!(refusal("[]").contains("`tool` is not `scimrig`"));
        assert!(refusal("{\"tool\": \"other\"}").contains("`tool` is not `scimrig`"));
        let other = refusal("{\"tool\": \"scimrig\", \"version\": \"9.9.9\"}");
        assert!(other.contains("scimrig 9.9.9") && other.contains("missing field"), "{other}");
        fs::remove_file(&file).unwrap();
        assert!(read(&folder).unwrap_err().to_string().contains("report folder"));
    }
}
