//! What a scenario file expects: each key can hold and can be missed, and what is misspelt is
//! refused with its place.

use super::support::binary::{Finished, Folder};

const WELL: &str = "title = \"t\"\nseed = 5\n[population]\nusers = 20\ngroups = 2\n\
                    members-per-group = 4\nmanagers-percent = 0\n[[cycle]]\nkind = \"initial\"\n";
/// Objects that meet a 503 come through in a later cycle.
const FAULTY: &str = "[[cycle]]\nkind = \"incremental\"\nrepeat = 3\n[faults]\n\
                      error-every = 40\nerror-burst = 3\nerror-status = 503\n";

fn run(folder: &Folder, text: &str) -> Finished {
    let scenario = folder.write("mine.toml", text);
    let options = ["--profile", "strict", "--snapshots", "off", "--reports", "reports"];
    folder.scimrig(&[&["run", &scenario], &options[..]].concat()).run()
}

#[test]
fn each_expectation_holds_or_gives_exit_code_4() {
    let folder = Folder::of("expectations");
    let cases = [
        (WELL, "latency-p99-ms-max-of = { create-user = 60_000, match-group = 60_000 }", 0),
        (WELL, "latency-p99-ms-max-of = { create-user = 60_000, match-group = 0.000_1 }", 4),
        (WELL, "error-share-max = 0.0", 0),
        (FAULTY, "escrowed-max = 4\nerror-share-max = 0.5", 0),
        (FAULTY, "escrowed-max = 4\nerror-share-max = 0.001", 4),
    ];
    for (kind, expected, code) in cases {
        let base = if kind == WELL { WELL.to_owned() } else { format!("{WELL}{kind}") };
        let finished = run(&folder, &format!("{base}[expect]\n{expected}\n"));
        let finished = finished.expect_code(&[code]);
        if code == 4 {
            let key =
                if kind == WELL { "latency-p99-ms-max-of match-group" } else { "error-share" };
            finished.expect_words(&["missed 1 performance expectation", key]);
        }
        let report = folder.report().expect("a scenario leaves a report");
        let all = &report["scenarios"][0]["expectations"];
        let missed = all.as_array().expect("a list").iter().filter(|it| it["held"] == false);
        assert_eq!(missed.count(), usize::from(code == 4), "{expected}: {all}");
        assert_ne!(all[0], serde_json::Value::Null, "{expected} was not judged");
    }
}

#[test]
fn what_nothing_was_held_against_is_told() {
    let folder = Folder::of("expectations-unjudged");
    let expected = "latency-p99-ms-max-of = { delete-group = 1 }\ngrowth-max = \"constant\"";
    run(&folder, &format!("{WELL}[expect]\n{expected}\n")).expect_code(&[0]);
    let report = folder.report().expect("a scenario leaves a report");
    let told = report["scenarios"][0]["remarks"].to_string();
    for key in ["latency-p99-ms-max-of delete-group", "growth-max"] {
        assert!(told.contains(&format!("{key} was not judged")), "{told}");
    }
}

#[test]
fn what_is_misspelt_is_refused_with_line_and_caret() {
    let folder = Folder::of("expectations-refused");
    for (expected, words) in [
        (
            "latency-p99-ms-max-of = { creat-user = 300 }",
            &["no operation is called `creat-user`", "create-user"][..],
        ),
        ("latency-p99-ms-max-of = { create-user = -1 }", &["above 0"]),
        ("latency-p99-ms-max-of = 300", &["latency-p99-ms-max-of"]),
        ("error-share-max = 2.0", &["2 is out of range", "from 0 to 1"]),
        ("growth-max = \"quadratic\"", &["quadratic", "constant", "logarithmic", "linear"]),
        ("growth-maxx = \"linear\"", &["growth-maxx", "growth-max"]),
    ] {
        let finished = run(&folder, &format!("{WELL}[expect]\n{expected}\n")).expect_code(&[2]);
        finished.expect_words(words).expect_words(&["mine.toml", "line 11", expected, "^"]);
    }
    let runs = format!("runs = 3\n{WELL}[expect]\ngrowth-max = \"linear\"\n");
    run(&folder, &runs).expect_code(&[2]).expect_words(&["3 sequences", "write runs = 1", "^"]);
}
