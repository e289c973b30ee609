//! What a run may send: a budget, a rate, and what a tenant says with `Retry-After`; which checks
//! are wanted, and what is told of one.

use std::fs;

use serde_json::Value;

use super::support::binary::Folder;

/// The commands that send, and how many requests are too few for each.
const SENDING: &[(u64, &[&str])] = &[
    (3, &["verify", "--users", "5", "--groups", "1", "--snapshots", "off"]),
    (200, &["verify", "--only", "delete-", "--users", "30", "--snapshots", "off"]),
    (50, &["check", "--only", "delete-,put-"]),
    (15, &["run", "lifecycle/assign", "groups/rename", "--snapshots", "off"]),
    (70, &["load", "--users", "40", "--groups", "2"]),
];

#[test]
fn a_budget_holds_for_whatever_is_sent_and_what_is_left_cannot_be_told() {
    for (budget, command) in SENDING {
        let folder = Folder::of(&format!("budget-{}-{budget}", command[0]));
        let words = budget.to_string();
        let options = ["--max-requests", &words, "--profile", "strict", "--reports", "reports"];
        let finished = folder.scimrig(&[command, &options[..]].concat()).within(200).run();
        finished
            .expect_code(&[0])
            .expect_words(&[&format!("{budget} requests of {budget} allowed")]);
        let report = folder.report().expect("a run leaves a report");
        let requests = &report["requests"];
        let (sent, clean_up) = (count(requests, "sent"), count(requests, "clean-up"));
        assert_eq!(sent - clean_up, *budget, "{command:?}: {requests}");
        assert!(count(requests, "held-back") > 0, "{command:?}: {requests}");
        let recorded = exchanges(&folder);
        let is_sent = |it: &&Value| it["result"].get("refused").is_none();
        let (tidying, others): (Vec<_>, Vec<_>) =
            recorded.iter().filter(is_sent).partition(|it| it["operation"] == "clean-up");
        assert_eq!((others.len() as u64, tidying.len() as u64), (*budget, clean_up));
        assert!(tidying.iter().all(|it| it["method"] == "DELETE"), "{command:?}");
        assert_eq!(report["clean-up"]["left"], Value::Array(Vec::new()), "{command:?}");
        expect_nothing_judged_by_what_was_held_back(&report, *budget);
    }
}

/// What the budget left out is named as such, and nothing is held against the tenant.
fn expect_nothing_judged_by_what_was_held_back(report: &Value, budget: u64) {
    let why = format!("budget of {budget} requests");
    let mut untold = 0;
    for it in report["checks"].as_array().expect("a report lists its checks") {
        assert!(it["outcome"] != "violation" && it["outcome"] != "deviation", "{it}");
        if it["outcome"] == "cannot-tell" {
            untold += 1;
            assert!(it["reason"].as_str().is_some_and(|reason| reason.contains(&why)), "{it}");
        }
    }
    for it in report["scenarios"].as_array().expect("a report lists its scenarios") {
        untold += usize::from(it["outcome"] == "cannot-tell");
        assert_ne!(it["outcome"], "failed", "{it}");
    }
    let load_is_cut = report["load"]["remarks"].to_string().contains("budget");
    assert!(untold > 0 || load_is_cut, "nothing says what was left out: {report}");
}

#[test]
fn a_budget_that_lets_nobody_connect_is_refused() {
    let finished = Folder::of("no-budget").scimrig(&["check", "--max-requests", "1"]).run();
    finished.expect_code(&[2]).expect_words(&["--max-requests", "2"]);
    let finished = Folder::of("no-rate").scimrig(&["test-connection", "--rate", "0"]).run();
    finished.expect_code(&[2]).expect_words(&["--rate", "0.001"]);
}

#[test]
fn a_rate_holds_for_checks_scenarios_loads_and_their_clean_up() {
    for command in [
        &["check", "--only", "delete-get-404"][..],
        &["run", "lifecycle/assign", "--snapshots", "off"],
        &[
            "load",
            "--users",
            "20",
            "--groups",
            "1",
            "--members-per-group",
            "2",
            "--concurrency",
            "5",
        ],
    ] {
        let folder = Folder::of(&format!("rate-{}", command[0]));
        let options = ["--rate", "100", "--reports", "reports"];
        let finished = folder.scimrig(&[command, &options[..]].concat()).run();
        finished.expect_code(&[0]).expect_words(&["at most 100 a second"]);
        let mut sent: Vec<u64> = exchanges(&folder).iter().map(|it| count(it, "sent-us")).collect();
        sent.sort_unstable();
        assert!(sent.len() > 10, "{command:?} sent {} requests", sent.len());
        // A hundred a second: ten milliseconds between two, but for a timer that wakes late.
        let (first, last) = (sent[0], sent[sent.len() - 1]);
        let least = (sent.len() as u64 - 1) * 10_000 - 20_000;
        assert!(last - first >= least, "{command:?}: {} in {} us", sent.len(), last - first);
    }
}

#[test]
fn a_retry_after_is_waited_for_in_scenarios_and_counted() {
    let folder = Folder::of("retry-after");
    let command = ["run", "faults/throttled-and-honoured", "--snapshots", "off"];
    let finished = folder.scimrig(&[&command[..], &["--reports", "reports"]].concat()).run();
    finished.expect_code(&[0]).expect_words(&["throttled", "s for Retry-After"]);
    let report = folder.report().expect("a scenario leaves a report");
    let requests = &report["requests"];
    assert!(count(requests, "throttled") > 0, "{requests}");
    assert!(requests["throttled-seconds"].as_f64() >= Some(1.0), "{requests}");
}

#[test]
fn words_of_a_selection_that_say_nothing_are_refused_with_the_accepted_ones() {
    let folder = Folder::of("selection");
    for command in ["check", "verify", "checks"] {
        for option in ["--only", "--skip"] {
            let finished = folder.scimrig(&[command, option, "no-such"]).run();
            let accepted = [option, "no-such", "must", "should", "may", "implied", "delete-"];
            finished.expect_code(&[2]).expect_words(&accepted);
        }
    }
    for wrong in [["--source", "rfc1"], ["--needs", "magic"], ["--level", "perhaps"]] {
        folder.scimrig(&[&["checks"], &wrong[..]].concat()).run().expect_code(&[2]);
    }
}

#[test]
fn a_selection_goes_by_level_and_by_id() {
    let folder = Folder::of("levels");
    let command = ["check", "--only", "delete-,should", "--skip", "may", "entra"];
    folder.scimrig(&[&command[..], &["--reports", "reports"]].concat()).run().expect_code(&[0]);
    let report = folder.report().expect("a check leaves a report");
    let checks = report["checks"].as_array().expect("a report lists its checks");
    for check in checks {
        let id = check["id"].as_str().expect("an id is a text");
        assert!(id.starts_with("delete-") || check["level"] == "should", "{check}");
        assert!(!id.starts_with("entra") && check["level"] != "may", "{check}");
    }
    for level in ["must", "should"] {
        assert!(checks.iter().any(|check| check["level"] == level), "no {level} was run");
    }
}

#[test]
fn the_list_of_checks_is_cut_by_source_level_and_need() {
    let folder = Folder::of("cut-list");
    let list = |options: &[&str]| -> Vec<Value> {
        let command = [&["checks", "--format", "json"], options].concat();
        let printed = folder.scimrig(&command).run().expect_code(&[0]).stdout.clone();
        serde_json::from_str(&printed).expect("the list is JSON")
    };
    let all = list(&[]).len();
    for (options, key, word) in [
        (&["--source", "rfc7644 §3.6"][..], "source", "RFC 7644 §3.6"),
        (&["--level", "SHOULD"], "level", "should"),
        (&["--needs", "patch"], "needs", "PATCH"),
    ] {
        let some = list(options);
        assert!(!some.is_empty() && some.len() < all, "{options:?}: {}", some.len());
        assert!(some.iter().all(|it| it[key].to_string().contains(word)), "{options:?}");
    }
}

#[test]
fn one_check_is_told_whole() {
    let folder = Folder::of("whole");
    let finished = folder.scimrig(&["checks", "delete-get-404"]).run();
    let words = ["RFC 7644 §3.6", "MUST", "curl -i -X DELETE", "expected", "actual"];
    finished.expect_code(&[0]).expect_words(&words);
    let finished = folder.scimrig(&["checks", "delete-get-404"]).run();
    finished.expect_words(&["--defect deleted-user-readable"]);
    let printed = folder.scimrig(&["checks", "delete-get-404", "--format", "json"]).run();
    let told: Value = serde_json::from_str(&printed.stdout).expect("it is JSON");
    for key in ["id", "level", "source", "sentence", "needs", "sends", "fails", "defects"] {
        assert!(!told[key].is_null(), "no `{key}` in {told}");
    }
    let finished = folder.scimrig(&["checks", "delete-get-403"]).run();
    finished.expect_code(&[2]).expect_words(&["delete-get-403", "delete-get-404"]);
    fs::remove_dir_all(folder.path()).expect("nothing else is in the folder");
}

/// The exchanges of the one run below the folder, as they were recorded.
fn exchanges(folder: &Folder) -> Vec<Value> {
    let files = folder.files();
    let file = files.iter().find(|file| file.ends_with("exchanges.jsonl"));
    let text = fs::read_to_string(file.expect("a run is recorded")).expect("a recording is read");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn count(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("no count `{key}` in {value}"))
}
