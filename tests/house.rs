//! The rules of the house: what neither the compiler nor clippy holds us to.
//!
//! Each rule says in its failure what to do. The rules about text and floors read the files; those
//! about the catalogue, the scenarios and the README ask the library and the binary.

#[path = "house/catalogue.rs"]
mod catalogue;
#[path = "house/floors.rs"]
mod floors;
#[path = "house/text.rs"]
mod text;

use std::fs;
use std::path::Path;
use std::process::Command;

/// A file of ours: its path below the top folder, with forward slashes, and its text.
#[derive(Debug)]
struct File {
    path: String,
    text: String,
}

/// Every text file that is, or is about to be, tracked; files of bytes are left out.
fn files() -> Vec<File> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(top())
        .output()
        .expect("git is there: the house rules hold for what it tracks");
    assert!(listed.status.success(), "git: {}", String::from_utf8_lossy(&listed.stderr));
    let paths = String::from_utf8(listed.stdout).expect("our paths are UTF-8");
    let read = |path: &str| {
        let text = fs::read(top().join(path)).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.map(|text| File { path: path.to_owned(), text })
    };
    let mut files: Vec<_> = paths.split('\0').filter(|path| !path.is_empty()).collect();
    files.sort_unstable();
    files.dedup();
    files.into_iter().filter_map(read).collect()
}

/// The Rust files of the crate, its tests and its benchmarks.
fn rust_files() -> Vec<File> {
    let is_rust = |file: &File| Path::new(&file.path).extension().is_some_and(|it| it == "rs");
    let folders = ["src/", "tests/", "benches/"];
    let is_ours = |file: &File| folders.iter().any(|folder| file.path.starts_with(folder));
    files().into_iter().filter(|file| is_rust(file) && is_ours(file)).collect()
}

/// The file at that path.
fn file(path: &str) -> String {
    fs::read_to_string(top().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails the test with all complaints at once.
#[track_caller]
fn expect_none(complaints: &[String], advice: &str) {
    assert!(complaints.is_empty(), "{advice}:\n  {}", complaints.join("\n  "));
}
