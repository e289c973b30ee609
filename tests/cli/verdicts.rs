//! What the binary says of tenants that are known: verify, the three cases of an excuse, the same
//! seed twice, and the files that every report consists of.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::TOKEN;
use super::support::binary::Folder;
use super::support::tenant::Served;

const TOP_LEVEL: &[&str] = &[
    "tool",
    "version",
    "tenant",
    "profile",
    "seed",
    "outcome",
    "counts",
    "checks",
    "scenarios",
    "load",
];

/// Twice with one seed, from the first request to the report: what differs is times alone.
#[test]
fn verify_conforms_with_one_excuse_and_the_same_seed_repeats_it() {
    let folder = Folder::of("verify");
    let [one, other] = ["one", "other"].map(|reports| {
        let command = ["verify", "--snapshots", "off", "--seed", "3", "--reports", reports];
        let finished = folder.scimrig(&command).within(300).run().expect_code(&[0]);
        finished.expect_words(&["conforms, with 1 documented limitation excused (group-rename)"]);
        folder.path().join(reports).join("dialpad")
    });
    let report = report(&one);
    for key in TOP_LEVEL {
        assert!(!report[*key].is_null(), "report.json has no `{key}`");
    }
    assert_eq!((&report["tool"], &report["outcome"]), (&"scimrig".into(), &"conforms".into()));
    let by_outcome = outcomes(&report);
    for bad in ["violation", "deviation", "stale-excuse", "cannot-tell"] {
        assert_eq!(by_outcome.get(bad), None, "{by_outcome:#?}");
    }
    let excused = by_outcome["excused"].iter();
    for check in report["checks"].as_array().unwrap() {
        let keys = ["id", "level", "source", "outcome", "expected", "actual", "curl"];
        for key in keys {
            assert!(check.get(key).is_some(), "no `{key}` in {check}");
        }
        let is_excused = excused.clone().any(|id| check["id"] == **id);
        assert_eq!(is_excused, check["limitation"] == "group-rename", "{check}");
    }
    assert_eq!(report["load"]["users-found"], 500, "{}", report["load"]);
    assert_eq!(report["clean-up"]["left"], Value::Array(Vec::new()), "{}", report["clean-up"]);
    expect_same(&recording(&one), &recording(&other));
    assert_eq!(timeless(&report), timeless(&self::report(&other)));
}

#[test]
fn another_seed_sends_something_else() {
    let folder = Folder::of("seeds");
    let [one, other] = ["1", "2"].map(|seed| {
        let command = ["check", "--only", "create", "--seed", seed, "--reports", seed];
        folder.scimrig(&command).run().expect_code(&[0]);
        recording(&folder.path().join(seed).join("dialpad"))
    });
    assert_ne!(one, other);
}

#[test]
fn a_documented_limitation_is_excused_under_the_profile_that_documents_it() {
    let folder = Folder::of("excused");
    let served = Served::start(&folder, TOKEN, &["--profile", "dialpad"]);
    let report = check(&folder, &served, "dialpad", 0);
    assert_eq!(report["counts"]["excused-limitations"], 1, "{}", report["counts"]);
    assert_eq!(outcomes(&report).get("violation"), None);
}

#[test]
fn the_same_limitation_is_a_violation_under_a_profile_that_documents_none() {
    let folder = Folder::of("violated");
    let served = Served::start(&folder, TOKEN, &["--profile", "dialpad"]);
    let report = check(&folder, &served, "strict", 1);
    let violated = &outcomes(&report)["violation"];
    assert_eq!(*violated, ["entra-group-rename-flagged", "group-displayname-rename"]);
    assert_eq!(report["counts"]["excused"], 0, "{}", report["counts"]);
}

#[test]
fn an_excuse_that_is_not_needed_is_stale_and_no_violation() {
    let folder = Folder::of("stale");
    let served = Served::start(&folder, TOKEN, &["--profile", "strict"]);
    let report = check(&folder, &served, "dialpad", 0);
    let stale = &outcomes(&report)["stale-excuse"];
    assert_eq!(*stale, ["entra-group-rename-flagged", "group-displayname-rename"]);
    assert_eq!(outcomes(&report).get("excused"), None);
}

/// The limitation named in the profile excuses what it names and hides nothing beside it.
#[test]
fn an_excuse_hides_no_other_fault() {
    let folder = Folder::of("excuse-hides-nothing");
    let defect = ["--profile", "dialpad", "--defect", "remove-empties-group"];
    let served = Served::start(&folder, TOKEN, &defect);
    let report = check(&folder, &served, "dialpad", 1);
    let violated = &outcomes(&report)["violation"];
    assert!(violated.contains(&"group-members-remove-valuearray".to_owned()), "{violated:?}");
    assert_eq!(report["counts"]["excused-limitations"], 1, "{}", report["counts"]);
}

fn check(folder: &Folder, served: &Served, profile: &str, code: i32) -> Value {
    let command = ["check", "--profile", profile, "--tenant-url", served.url()];
    folder.scimrig(&command).token(TOKEN).run().expect_code(&[code]);
    report(&folder.path().join("reports").join(profile))
}

fn report(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("report.json")).expect("a run leaves a report");
    serde_json::from_str(&text).expect("report.json is JSON")
}

/// Ids of checks by what became of them, sorted.
fn outcomes(report: &Value) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for check in report["checks"].as_array().expect("a report lists its checks") {
        let text = |key: &str| check[key].as_str().expect("it is a text").to_owned();
        all.entry(text("outcome")).or_default().push(text("id"));
    }
    for ids in all.values_mut() {
        ids.sort();
    }
    all
}

/// The lines of a recording without what the clock wrote.
fn recording(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("exchanges.jsonl")).expect("a run is recorded");
    let line = |line: &str| {
        let mut seen: Value =
            serde_json::from_str(line).expect("a recording is JSON, line by line");
        let fields = seen.as_object_mut().expect("an exchange is an object");
        for time in ["due-us", "sent-us", "answered-us"] {
            fields.remove(time).expect("an exchange has its times");
        }
        if let Some(headers) = seen["result"]["answer"]["headers"].as_array_mut() {
            headers.retain(|header| header[0] != "date");
        }
        // A filter may name the tenant's own times, in any form of them.
        for part in ["target", "body"] {
            if seen[part].to_string().contains("meta.") {
                seen[part] = Value::Null;
            }
        }
        without_cursors(&without_dates(&seen.to_string()))
    };
    text.lines().map(line).collect()
}

/// Names the first difference: two whole recordings would fill the screen.
#[track_caller]
fn expect_same(one: &[String], other: &[String]) {
    assert!(!one.is_empty() && one.len() == other.len(), "{} and {}", one.len(), other.len());
    for (one, other) in one.iter().zip(other) {
        assert_eq!(one, other);
    }
}

/// A report without what the clock wrote: times, rates, and what follows from them.
fn timeless(report: &Value) -> Value {
    const TIMES: &[&str] = &[
        "timeline",
        "growth",
        "began",
        "seconds",
        "latency-ms",
        "histogram",
        "requests-per-second",
        "objects-per-second",
        "bottleneck",
        "projected",
        "service-ms",
    ];
    match report {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| !TIMES.contains(&key.as_str()));
            kept.map(|(key, value)| (key.clone(), timeless(value))).collect()
        }
        Value::Array(items) => items.iter().map(timeless).collect(),
        Value::String(text) => without_dates(text).into(),
        other => other.clone(),
    }
}

/// Replaces each cursor: when it expires is sealed into it.
fn without_cursors(text: &str) -> String {
    let cursor = r#"((?:nextC|previousC|c)ursor\\?":\\?"|[?&]cursor=)[^"\\&]*"#;
    let cursor = regex::Regex::new(cursor).expect("it is valid");
    cursor.replace_all(text, "$1<cursor>").into_owned()
}

/// Replaces each `2026-01-31T12:00:00.123Z`.
fn without_dates(text: &str) -> String {
    let date = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").expect("it is valid");
    date.replace_all(text, "<time>").into_owned()
}
