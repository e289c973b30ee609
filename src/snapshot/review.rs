//! What people do with pending snapshots: look at them, accept them, reject them.
//!
//! Reader and writer are given, so that a test can sit at the keyboard. All text that is shown is
//! escaped once more: a snapshot file may have come from anywhere.

use std::fmt::Write as _;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::render::escape;
use super::store::{SnapshotError, read, remove};

/// A snapshot that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pending {
    /// Profile and scenario: `dialpad/groups/rename`.
    pub name: String,
    /// The accepted file; it may not exist yet.
    pub accepted: PathBuf,
    /// The file that waits, `.snap.new`.
    pub new: PathBuf,
}

/// What a review came to, by names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reviewed {
    /// Accepted.
    pub accepted: Vec<String>,
    /// Rejected.
    pub rejected: Vec<String>,
    /// Left for another time.
    pub skipped: Vec<String>,
}

/// All snapshots below `root` that wait for a decision, by name. No folder means none.
pub fn pending(root: &Path) -> Result<Vec<Pending>, SnapshotError> {
    let mut found = Vec::new();
    walk(root, root, DEEPEST, &mut found)?;
    found.sort();
    Ok(found)
}

/// Accepts pending snapshots; an empty filter means all. A filter is a name or a part of one
/// between slashes: `dialpad/groups/rename`, `groups/rename`, `dialpad`. Returns the names.
pub fn accept(root: &Path, filter: &[String]) -> Result<Vec<String>, SnapshotError> {
    let chosen = choose(root, filter)?;
    for one in &chosen {
        take(one)?;
    }
    Ok(names(chosen))
}

/// Removes pending snapshots and keeps what was accepted before; filters as with [`accept`].
pub fn reject(root: &Path, filter: &[String]) -> Result<Vec<String>, SnapshotError> {
    let chosen = choose(root, filter)?;
    for one in &chosen {
        remove(&one.new)?;
    }
    Ok(names(chosen))
}

/// Shows each pending snapshot with its difference and asks what to do: `a` accepts, `r` rejects,
/// `s` leaves it, `q` leaves it and all that follow. The end of the input leaves the rest.
pub fn review(
    root: &Path,
    filter: &[String],
    mut input: impl BufRead,
    mut output: impl Write,
    colour: bool,
) -> Result<Reviewed, SnapshotError> {
    let chosen = choose(root, filter)?;
    let mut reviewed = Reviewed::default();
    let mut leaving = false;
    for (index, one) in chosen.iter().enumerate() {
        if leaving {
            reviewed.skipped.push(one.name.clone());
            continue;
        }
        writeln!(output, "{} ({} of {})", one.name, index + 1, chosen.len())?;
        let old = if one.accepted.exists() { read(&one.accepted)? } else { String::new() };
        output.write_all(diff(&old, &read(&one.new)?, colour).as_bytes())?;
        match ask(&mut input, &mut output)? {
            Key::Accept => {
                take(one)?;
                reviewed.accepted.push(one.name.clone());
            }
            Key::Reject => {
                remove(&one.new)?;
                reviewed.rejected.push(one.name.clone());
            }
            key @ (Key::Skip | Key::Quit) => {
                leaving = key == Key::Quit;
                reviewed.skipped.push(one.name.clone());
            }
        }
    }
    Ok(reviewed)
}

/// The lines in which two texts differ, with three lines around each difference.
pub fn diff(old: &str, new: &str, colour: bool) -> String {
    let (old, new) = (escape(old), escape(new));
    let difference = TextDiff::configure().timeout(DIFF_TIMEOUT).diff_lines(&old, &new);
    let paint = |tag: ChangeTag| match (colour, tag) {
        (true, ChangeTag::Delete) => ("\u{1b}[31m", "\u{1b}[0m"),
        (true, ChangeTag::Insert) => ("\u{1b}[32m", "\u{1b}[0m"),
        _ => ("", ""),
    };
    let mut text = String::new();
    for (index, group) in difference.grouped_ops(3).iter().enumerate() {
        if index > 0 {
            text.push_str("  …\n");
        }
        for change in group.iter().flat_map(|part| difference.iter_changes(part)) {
            let (on, off) = paint(change.tag());
            let line = change.value().trim_end_matches('\n');
            let _ = writeln!(text, "{on}{} {line}{off}", change.tag());
        }
    }
    text
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Accept,
    Reject,
    Skip,
    Quit,
}

fn ask(input: &mut impl BufRead, output: &mut impl Write) -> Result<Key, SnapshotError> {
    for _ in 0..MOST_QUESTIONS {
        write!(output, "a accept, r reject, s skip, q quit: ")?;
        output.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            writeln!(output)?;
            return Ok(Key::Quit);
        }
        match line.trim().to_ascii_lowercase().as_str() {
            "a" | "accept" => return Ok(Key::Accept),
            "r" | "reject" => return Ok(Key::Reject),
            "s" | "skip" => return Ok(Key::Skip),
            "q" | "quit" => return Ok(Key::Quit),
            _ => {}
        }
    }
    Ok(Key::Quit)
}

fn take(one: &Pending) -> Result<(), SnapshotError> {
    // A pending file that insta could not read must not become an accepted one.
    read(&one.new)?;
    std::fs::rename(&one.new, &one.accepted)
        .map_err(|source| SnapshotError::File { path: one.new.clone(), source })
}

fn choose(root: &Path, filter: &[String]) -> Result<Vec<Pending>, SnapshotError> {
    let mut all = pending(root)?;
    if filter.is_empty() {
        return Ok(all);
    }
    for name in filter {
        if !all.iter().any(|one| fits(one, name)) {
            return Err(SnapshotError::NoSuch { name: name.clone(), pending: names(all) });
        }
    }
    all.retain(|one| filter.iter().any(|name| fits(one, name)));
    Ok(all)
}

fn fits(one: &Pending, name: &str) -> bool {
    let name = name.trim_end_matches(".new").trim_end_matches(".snap").replace("__", "/");
    format!("/{}/", one.name).contains(&format!("/{}/", name.trim_matches('/')))
}

fn names(pending: Vec<Pending>) -> Vec<String> {
    pending.into_iter().map(|one| one.name).collect()
}

fn walk(
    root: &Path,
    folder: &Path,
    deeper: usize,
    found: &mut Vec<Pending>,
) -> Result<(), SnapshotError> {
    let trouble = |source| SnapshotError::File { path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(trouble)?,
    };
    for entry in entries {
        let entry = entry.map_err(trouble)?;
        let path = entry.path();
        // Links are not followed: a review stays within the folder.
        let kind = entry.file_type().map_err(trouble)?;
        if kind.is_dir() && deeper > 0 {
            walk(root, &path, deeper - 1, found)?;
        } else if kind.is_file()
            && let Some(one) = pending_of(root, &path)
        {
            found.push(one);
        }
    }
    Ok(())
}

fn pending_of(root: &Path, new: &Path) -> Option<Pending> {
    let accepted = format!("{}.snap", new.to_str()?.strip_suffix(".snap.new")?);
    let accepted = PathBuf::from(accepted);
    let name = accepted.strip_prefix(root).ok()?.with_extension("");
    let name = name.to_str()?.replace("__", "/").replace('\\', "/");
    Some(Pending { name: escape(&name), accepted, new: new.to_owned() })
}

/// Folders below `snapshots/` that are looked into.
const DEEPEST: usize = 4;

/// How often a wrong key is answered with the question again.
const MOST_QUESTIONS: usize = 100;

/// A difference that takes longer to find is shown less finely.
const DIFF_TIMEOUT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::scratch::Scratch;

    /// Three pending ones: `a/new` new, `a/x/changed` changed, `b/new` new.
    fn root() -> Scratch {
        let root = Scratch::new();
        for (path, text) in [
            ("a/new.snap.new", "---\nsource: s\n---\nfresh\n"),
            ("a/x__changed.snap", "---\nsource: s\n---\none\nsame\n"),
            ("a/x__changed.snap.new", "---\nsource: s\n---\ntwo \u{1b}[2J\nsame\n"),
            ("b/new.snap.new", "---\n---\nfresh\n"),
            ("b/old.snap", "---\n---\nold\n"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    fn waiting(root: &Path) -> Vec<String> {
        names(pending(root).unwrap())
    }

    fn sit(root: &Path, keys: &str) -> (Reviewed, String) {
        let mut shown = Vec::new();
        let reviewed = review(root, &[], keys.as_bytes(), &mut shown, true).unwrap();
        (reviewed, String::from_utf8(shown).unwrap())
    }

    #[test]
    fn pending_ones_are_found_by_name() {
        assert_eq!(waiting(&root()), ["a/new", "a/x/changed", "b/new"]);
        assert!(waiting(Path::new("/nowhere/snapshots")).is_empty());
    }

    #[test]
    fn accepting_and_rejecting_take_names_or_parts_of_them() {
        let root = root();
        assert_eq!(accept(&root, &["x__changed".to_owned()]).unwrap(), ["a/x/changed"]);
        assert!(read(&root.join("a/x__changed.snap")).unwrap().starts_with("two"));
        assert_eq!(reject(&root, &["b".to_owned()]).unwrap(), ["b/new"]);
        assert!(!root.join("b/new.snap").exists() && root.join("b/old.snap").exists());
        let error = accept(&root, &["ne".to_owned()]).unwrap_err().to_string();
        assert!(error.ends_with("named ne: pending are a/new"), "{error}");
        assert_eq!(waiting(&root), ["a/new"], "nothing was taken by half a name");
        assert_eq!(accept(&root, &[]).unwrap(), ["a/new"]);
        assert!(accept(&root, &[]).unwrap().is_empty());
    }

    #[test]
    fn a_review_does_as_it_is_told() {
        let root = root();
        let (reviewed, shown) = sit(&root, "what?\na\nr\ns\n");
        assert_eq!(reviewed.accepted, ["a/new"]);
        assert_eq!(reviewed.rejected, ["a/x/changed"]);
        assert_eq!(reviewed.skipped, ["b/new"]);
        assert_eq!(waiting(&root), ["b/new"]);
        assert_eq!(read(&root.join("a/x__changed.snap")).unwrap(), "one\nsame");
        assert!(shown.contains("a/x/changed (2 of 3)"), "{shown}");
        assert!(shown.contains("\u{1b}[31m- one\u{1b}[0m\n"), "{shown}");
        assert!(shown.contains("\u{1b}[32m+ two \\u{1b}[2J\u{1b}[0m\n  same"), "{shown}");
    }

    #[test]
    fn the_end_of_the_input_leaves_the_rest() {
        let root = root();
        let (reviewed, _) = sit(&root, "");
        assert_eq!(reviewed.skipped.len(), 3);
        let (reviewed, _) = sit(&root, "q\na\na\n");
        assert_eq!((reviewed.skipped.len(), reviewed.accepted.len()), (3, 0));
        assert_eq!(waiting(&root).len(), 3);
    }

    #[test]
    fn a_pending_file_without_front_matter_is_never_accepted() {
        let root = root();
        std::fs::write(root.join("b/new.snap.new"), "half a fi").unwrap();
        assert!(accept(&root, &["b/new".to_owned()]).is_err());
        assert!(!root.join("b/new.snap").exists());
    }
}
