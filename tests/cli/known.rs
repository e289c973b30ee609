//! Known failures and ambiguities as the binary takes them: excused, expired, needless, misspelt.

use std::fs;

use super::TOKEN;
use super::support::binary::{Finished, Folder};
use super::support::tenant::Served;

const ONLY: &[&str] =
    &["check", "--only", "delete-get-404,delete-not-listed", "--profile", "strict"];

fn check(folder: &Folder, served: &Served, more: &[&str]) -> Finished {
    let command = [ONLY, &["--tenant-url", served.url()], more].concat();
    folder.scimrig(&command).token(TOKEN).run()
}

fn bent(folder: &Folder) -> Served {
    let bug = ["--profile", "strict", "--defect", "deleted-user-readable"];
    Served::start(folder, TOKEN, &bug)
}

#[test]
fn what_is_written_once_excuses_the_next_run_and_keeps_its_words() {
    let folder = Folder::of("known-written");
    let served = bent(&folder);
    let write = ["--write-known-failures", "known.toml", "--owner", "Ada"];
    let finished = check(&folder, &served, &write).expect_code(&[1]);
    finished.expect_words(&["known failures: 1 written to known.toml", "cause 1 of 1", "to mend"]);
    let written = fs::read_to_string(folder.path().join("known.toml")).unwrap();
    for words in ["id      = \"delete-get-404\"", "owner   = \"Ada\"", "found by scimrig"] {
        assert!(written.contains(words), "{written}");
    }
    folder.write("known.toml", &written.replace("found by scimrig", "ticket 7, scimrig"));
    let both = ["--known-failures", "known.toml", "--write-known-failures", "known.toml"];
    let finished = check(&folder, &served, &both).expect_code(&[0]);
    finished.expect_words(&["conforms, with 1 known failure excused (delete-get-404)", "ticket 7"]);
    let again = fs::read_to_string(folder.path().join("known.toml")).unwrap();
    assert!(again.contains("ticket 7, scimrig") && again.contains("Ada"), "{again}");
    let report = folder.report().unwrap();
    assert_eq!(report["known-failures"][0]["state"], "excused", "{}", report["known-failures"]);
    assert_eq!(report["counts"]["known-failures"], 1);
}

#[test]
fn a_known_failure_that_expired_or_passes_fails_the_run_and_says_which() {
    let folder = Folder::of("known-over");
    let entry = |day: &str| {
        format!(
            "[[known-failure]]\nid = \"delete-get-404\"\nreason = \"r\"\nowner = \"Ada\"\n\
             expires = {day}\n"
        )
    };
    let known = ["--known-failures", "known.toml"];
    folder.write("known.toml", &entry("2020-01-31"));
    let finished = check(&folder, &bent(&folder), &known).expect_code(&[1]);
    finished.expect_words(&["1 expired known failure (delete-get-404)", "expired on 2020-01-31"]);
    folder.write("known.toml", &entry("2999-01-31"));
    let clean = Served::start(&folder, TOKEN, &["--profile", "strict"]);
    let finished = check(&folder, &clean, &known).expect_code(&[1]);
    finished.expect_words(&["known failure without need (delete-get-404)", "take the entry out"]);
}

#[test]
fn a_list_that_cannot_be_read_is_refused_with_the_place_and_nothing_is_sent() {
    let folder = Folder::of("known-misspelt");
    let entry = "[[known-failure]]\nid = \"delete-get-404\"\nreason = \"r\"\nower = \"Ada\"\n";
    folder.write("known.toml", entry);
    for option in ["--known-failures", "--write-known-failures"] {
        let finished = folder.scimrig(&["check", option, "known.toml"]).run().expect_code(&[2]);
        finished.expect_words(&["known.toml, line 4, known-failure.ower", "^^^^", "`owner`"]);
    }
    let finished = folder.scimrig(&["check", "--known-failures", "none.toml"]).run();
    finished.expect_code(&[2]).expect_words(&["none.toml"]);
    folder.scimrig(&["check", "--owner", "Ada"]).run().expect_code(&[2]);
    assert!(folder.report().is_none());
}

/// What is known is excused in scenarios as well: each comparison after a cycle is judged by the
/// same checks.
#[test]
fn a_scenario_that_fails_only_as_known_is_excused() {
    let folder = Folder::of("known-scenario");
    let served = Served::start(&folder, TOKEN, &["--profile", "dialpad"]);
    let verify = |more: &[&str]| {
        let size = ["verify", "--users", "10", "--groups", "2", "--snapshots", "off"];
        let only = ["--only", "entra-converged,group-displayname-rename", "--profile", "strict"];
        let url = ["--tenant-url", served.url()];
        let shrink = ["--shrink-requests", "0"];
        let command = [&size[..], &only, &url, &shrink, more].concat();
        folder.scimrig(&command).token(TOKEN).within(600).run()
    };
    verify(&["--write-known-failures", "known.toml"]).expect_code(&[1]);
    let known = fs::read_to_string(folder.path().join("known.toml")).unwrap();
    assert!(known.contains("entra-converged-group-names"), "{known}");
    verify(&["--known-failures", "known.toml"]);
    let report = folder.report().unwrap();
    let rename = report["scenarios"].as_array().unwrap().iter();
    let rename = rename.clone().find(|it| it["name"] == "groups/rename").unwrap();
    assert_eq!(rename["outcome"], "excused", "{rename}");
    assert_eq!(report["causes"], serde_json::json!([]), "{}", report["causes"]);
}

#[test]
fn the_register_is_listed_with_the_stances_of_a_profile() {
    let folder = Folder::of("ambiguities");
    let listed = folder.scimrig(&["ambiguities", "--profile", "entra"]).run().expect_code(&[0]);
    assert!(listed.stdout.contains("A37 ") && listed.stdout.contains("profile entra: creates"));
    let text = "title = \"Mine\"\n\n[ambiguities]\nA37 = \"create\"\n";
    let profile = folder.write("mine.toml", text);
    let finished = folder.scimrig(&["check", "--profile", &profile]).run().expect_code(&[2]);
    finished.expect_words(&[
        "mine.toml, line 4, ambiguities.A37",
        "^^^^^^^^",
        "\"prefer-creates\"",
    ]);
}

/// The profile decides: what the RFCs leave open is a note under one and a violation under the
/// other, and the report names the point.
#[test]
fn a_reading_that_the_profile_asks_for_can_be_violated() {
    let folder = Folder::of("readings");
    let served = Served::start(&folder, TOKEN, &["--defect", "absent-value-path-refused"]);
    for (profile, code) in [("strict", 0), ("entra", 1)] {
        let only = ["check", "--only", "patch-add-valuepath-nomatch", "--profile", profile];
        let command = [&only[..], &["--tenant-url", served.url(), "--reports", profile]].concat();
        let finished = folder.scimrig(&command).token(TOKEN).run().expect_code(&[code]);
        if code == 1 {
            finished.expect_words(&["A37", "the profile asks for creates"]);
        }
    }
}
