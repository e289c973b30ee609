//! The catalogue, the scenarios, the profiles and the README agree with the files and each other.

use std::collections::BTreeSet;
use std::process::Command;

use scimrig::checks;
use scimrig::profile::{self, LimitationKind, ServerProfile};
use scimrig::scenario::{self, Scenario, SnapshotMode};

use super::{expect_none, file, files};

const TABLE_BEGINS: &str = "<!-- begin checks table -->";
const TABLE_ENDS: &str = "<!-- end checks table -->";

#[test]
fn ids_are_unique_and_kebab_case() {
    let mut seen = BTreeSet::new();
    let mut complaints = Vec::new();
    for check in checks::all() {
        if !is_kebab_case(check.id) {
            complaints.push(format!("`{}` is not kebab-case", check.id));
        }
        if !seen.insert(check.id) {
            complaints.push(format!("`{}` stands twice in the catalogue", check.id));
        }
    }
    expect_none(&complaints, "an id is one check's name for ever; rename the newer one");
    assert!(seen.len() >= 40, "the catalogue has shrunk to {} checks", seen.len());
}

#[test]
fn every_check_names_its_source_and_says_what_it_asks_for() {
    let mut complaints = Vec::new();
    for check in checks::all() {
        let source = check.source.to_string();
        if !source.contains(|c: char| c.is_ascii_digit()) && source.split(' ').count() < 2 {
            complaints.push(format!("{}: the source `{source}` names no place", check.id));
        }
        if check.sentence.split(' ').count() < 4 || check.sentence.ends_with('.') {
            complaints.push(format!("{}: `{}`", check.id, check.sentence));
        }
    }
    let advice = "a check names RFC and section or Entra's page, and one sentence without full \
                  stop; mend";
    expect_none(&complaints, advice);
}

#[test]
fn every_limitation_excuses_a_check() {
    let excuses = |kind| {
        checks::all().any(|it| it.excused_by.contains(&kind) || it.follows_from.contains(&kind))
    };
    let useless = LimitationKind::ALL.iter().filter(|kind| !excuses(**kind));
    let complaints: Vec<_> = useless.map(|kind| kind.name().to_owned()).collect();
    expect_none(&complaints, "name it in `excused_by` of the check it excuses, or take it away");
}

#[test]
fn scenarios_are_built_in_and_each_parses() {
    let listed: BTreeSet<_> = scenario::BUILT_IN.iter().map(|(name, _)| *name).collect();
    let advice = "scenarios/ (left) and BUILT_IN in src/scenario/built_in.rs (right) must be the \
                  same: add the line, or the file";
    assert_eq!(
        toml_files("scenarios/", &["scenarios/profiles/", "scenarios/regressions/"]),
        owned(&listed),
        "{advice}"
    );
    let parsed = scenario::BUILT_IN.iter().map(|(name, text)| Scenario::parse(name, text));
    let complaints: Vec<_> = parsed.filter_map(Result::err).map(|why| why.to_string()).collect();
    expect_none(&complaints, "every scenario that comes with the binary runs; failed to");
}

#[test]
fn profiles_are_built_in_and_each_parses() {
    let listed: BTreeSet<_> = profile::BUILT_IN.iter().map(|(name, _)| *name).collect();
    let advice = "scenarios/profiles/ (left) and BUILT_IN in src/profile/file.rs (right) must be \
                  the same: add the line, or the file";
    assert_eq!(toml_files("scenarios/profiles/", &[]), owned(&listed), "{advice}");
    let parsed = profile::BUILT_IN.iter().map(|(name, _)| ServerProfile::built_in(name));
    let complaints: Vec<_> = parsed.filter_map(Result::err).map(|why| why.to_string()).collect();
    expect_none(&complaints, "every profile that comes with the binary can be used; failed to");
}

#[test]
fn every_snapshot_belongs_to_a_scenario_and_a_profile() {
    let mut wanted = BTreeSet::new();
    for (name, text) in scenario::BUILT_IN {
        let scenario = Scenario::parse(name, text).expect("another test tells why it does not");
        if scenario.expect.snapshot != SnapshotMode::Off {
            let stem = name.replace('/', "__");
            wanted.extend(profile::BUILT_IN.iter().map(|(profile, _)| format!("{profile}/{stem}")));
        }
    }
    let kept = files().into_iter().filter_map(|file| {
        Some(file.path.strip_prefix("snapshots/")?.strip_suffix(".snap")?.to_owned())
    });
    let orphans: Vec<_> = kept.filter(|name| !wanted.contains(name)).collect();
    expect_none(&orphans, "no scenario of that name takes snapshots; delete below snapshots/");
}

#[test]
fn the_readme_lists_the_catalogue_as_it_is() {
    let readme = file("README.md");
    let table = between(&readme, TABLE_BEGINS, TABLE_ENDS);
    let command = ["checks", "--format", "markdown"];
    let output = Command::new(env!("CARGO_BIN_EXE_scimrig")).args(command).output();
    let printed = String::from_utf8(output.expect("the binary was built for this test").stdout);
    let advice = "README.md's table is not what `scimrig checks --format markdown` prints: \
                  run .ci/regenerate";
    assert!(table.trim() == printed.expect("the catalogue is UTF-8").trim(), "{advice}");
    assert!(table.contains(checks::all().next().expect("there are checks").id), "{advice}");
}

/// The names of TOML files below a folder, without the folder and the ending.
fn toml_files(below: &str, but_not_below: &[&str]) -> BTreeSet<String> {
    let name = |path: &str| Some(path.strip_prefix(below)?.strip_suffix(".toml")?.to_owned());
    let listed = files()
        .into_iter()
        .filter(|file| !but_not_below.iter().any(|folder| file.path.starts_with(folder)));
    listed.filter_map(|file| name(&file.path)).collect()
}

fn owned(names: &BTreeSet<&str>) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn is_kebab_case(id: &str) -> bool {
    let plain = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    id.split('-').all(plain)
}

/// What stands between two marks, each of which stands once.
fn between<'text>(text: &'text str, begin: &str, end: &str) -> &'text str {
    let parts = text.split_once(begin).and_then(|(_, after)| after.split_once(end));
    parts.unwrap_or_else(|| panic!("README.md has lost `{begin}` … `{end}`")).0
}

#[test]
fn what_is_not_kebab_case_is_noticed() {
    for id in ["delete-204", "a"] {
        assert!(is_kebab_case(id), "{id}");
    }
    for id in ["", "Delete", "a--b", "-a", "a_b", "a-"] {
        assert!(!is_kebab_case(id), "{id}");
    }
}
