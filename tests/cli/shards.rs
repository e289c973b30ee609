//! One load on two machines: shares that run beside each other, and the report that merges theirs.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::TOKEN;
use super::support::binary::{Folder, files_below};
use super::support::tenant::{Served, count_at};

const SIZE: &[&str] = &["--users", "41", "--groups", "8", "--members-per-group", "5"];
const FOLDERS: [&str; 2] = ["reports/load-1-of-2-strict", "reports/load-2-of-2-strict"];

/// Runs both shares at once against one tenant.
fn run_both(folder: &Folder, served: &Served) {
    let shares = ["1/2", "2/2"].map(|shard| {
        let common = ["--profile", "strict", "--tenant-url", served.url(), "--reports", "reports"];
        let expected = ["--latency-p99-ms-max-of", "create-user=60000", "--shard", shard];
        let arguments = [&["load"], SIZE, &common[..], &expected].concat();
        folder.scimrig(&arguments).token(TOKEN).within(300).start()
    });
    for share in shares {
        let stays = ["left in the tenant", "for the other shares need it"];
        share.finish().expect_code(&[0]).expect_words(&stays);
    }
}

fn report(folder: &Folder, name: &str) -> Value {
    let text = fs::read_to_string(folder.path().join(name).join("report.json"));
    serde_json::from_str(&text.expect("a run leaves a report")).expect("a report is JSON")
}

fn sum(shares: &[Value], of: fn(&Value) -> &Value) -> u64 {
    shares.iter().map(|share| of(share).as_u64().expect("a count")).sum()
}

fn operation<'a>(load: &'a Value, name: &str) -> &'a Value {
    let all = load["operations"].as_array().expect("a load lists its operations");
    all.iter().find(|it| it["operation"] == name).expect("every load creates users and groups")
}

#[test]
fn shares_beside_each_other_are_merged_into_the_whole() {
    let folder = Folder::of("shards");
    let served = Served::start(&folder, TOKEN, &["--profile", "strict"]);
    run_both(&folder, &served);
    let there = |endpoint| count_at(served.url(), endpoint, TOKEN);
    assert_eq!((there("/Users"), there("/Groups")), (41, 8));
    let merge = [&["report", "merge"], &FOLDERS[..], &["--reports", "merged"]].concat();
    let told = ["2 shards merged", "41 users and 8 groups of 5 members", "load-2-shards-strict"];
    folder.scimrig(&merge).run().expect_code(&[0]).expect_words(&told);
    let merged = report(&folder, "merged/load-2-shards-strict");
    let shares = FOLDERS.map(|name| report(&folder, name));
    let load = &merged["load"];
    assert_eq!((&load["shard"], &load["objects"]), (&json!("2 shards"), &json!(41 + 8 + 8 * 5)));
    for (found, expected) in [("users-found", 41), ("groups-found", 8), ("memberships", 40)] {
        assert_eq!(load[found], expected, "{found}");
    }
    assert_eq!(load["requests"], sum(&shares, |it| &it["load"]["requests"]));
    assert_eq!(merged["requests"]["sent"], sum(&shares, |it| &it["requests"]["sent"]));
    assert_eq!(operation(load, "create-user")["statuses"], json!({ "201": 41 }));
    assert_eq!(operation(load, "create-group")["count"], 8);
    assert_eq!(load["expectations"][0]["held"], true, "{}", load["expectations"]);
    let slices = load["timeline"].as_array().expect("a load has a course");
    let in_slices = |name: &str| slices.iter().filter_map(|it| it[name].as_u64()).sum::<u64>();
    assert_eq!(load["requests"], in_slices("requests"));
    assert_eq!(load["objects"], in_slices("objects"));
    let phases = load["phases"].as_array().expect("a load has phases");
    let by_phase = phases.iter().flat_map(|it| it["operations"].as_array().expect("operations"));
    let by_phase: u64 = by_phase.filter_map(|it| it["count"].as_u64()).sum();
    assert_eq!(load["requests"], by_phase);
    let written = files_below(&folder.path().join("merged"));
    for name in ["report.md", "report.html", "report.json", "junit.xml"] {
        assert!(written.iter().any(|file| file.ends_with(name)), "no {name} in {written:?}");
    }
    for share in FOLDERS {
        let cleanup = ["cleanup", share, "--tenant-url", served.url()];
        folder.scimrig(&cleanup).token(TOKEN).run().expect_code(&[0]);
    }
    assert_eq!((there("/Users"), there("/Groups")), (0, 0));
    refuse_what_does_not_belong_together(&folder);
}

/// Each reason for which a merge is refused, with what is spoilt in the second share.
fn refuse_what_does_not_belong_together(folder: &Folder) {
    type Spoil = fn(&mut Value);
    let cases: &[(Spoil, &str)] = &[
        (|it| it["version"] = json!("0.0.1"), "version"),
        (|it| it["profile"] = json!("entra"), "profile strict in"),
        (|it| it["seed"] = json!(2), "seed 1 in"),
        (|it| it["tenant"] = json!("https://other.example/scim"), "tenant"),
        (|it| it["load"]["size"]["users"] = json!(50), "users 41 in"),
        (|it| it["load"]["pace"] = json!("entra"), "pace closed in"),
        (|it| it["load"]["concurrency"] = json!(7), "requests in flight 5 in"),
        (|it| it["load"]["shard"] = json!("2/3"), "shares 2 in"),
        (|it| it["load"]["shard"] = json!("1/2"), "the share 1/2 is in"),
        (|it| it["load"]["shard"] = Value::Null, "no share of a load"),
        (|it| it["load"] = Value::Null, "holds no load"),
    ];
    let [first, second] = FOLDERS;
    for (nth, (spoil, words)) in cases.iter().enumerate() {
        let mut spoilt = report(folder, second);
        spoil(&mut spoilt);
        let name = format!("spoilt-{nth}");
        fs::create_dir(folder.path().join(&name)).expect("the folder is ours to write to");
        folder.write(&format!("{name}/report.json"), &spoilt.to_string());
        refused(folder, &[first, &name], &[words, first, &name]);
    }
    refused(folder, &[second], &["no folder holds the share 1/2", second]);
    refused(folder, &[first, second, first], &["the share 1/2 is in", first]);
    refused(folder, &[first, "nowhere"], &["nowhere", "report folder"]);
    let mut torn = report(folder, second);
    torn["load"]["operations"][0]["histogram"]["hdr-histogram"] = json!("AAAA");
    fs::create_dir(folder.path().join("torn")).expect("the folder is ours to write to");
    folder.write("torn/report.json", &torn.to_string());
    refused(folder, &[first, "torn"], &["torn", "holds no histogram"]);
}

fn refused(folder: &Folder, folders: &[&str], words: &[&str]) {
    let arguments = [&["report", "merge"], folders, &["--reports", "none"]].concat();
    let finished = folder.scimrig(&arguments).run().expect_code(&[2]).expect_words(words);
    assert!(finished.stdout.is_empty(), "{}", finished.stdout);
    assert!(!Path::new(&folder.path().join("none")).exists(), "nothing is written");
}

#[test]
fn a_share_can_be_neither_repeated_nor_alone_and_looks_for_no_capacity() {
    let folder = Folder::of("shards-alone");
    for option in [&["--repeat", "2"][..], &["--find-capacity"]] {
        let arguments = [&["load", "--shard", "1/2"], option].concat();
        folder.scimrig(&arguments).run().expect_code(&[2]).expect_words(&["--shard", option[0]]);
    }
    let alone = folder.scimrig(&["load", "--shard", "1/2"]).run().expect_code(&[2]);
    alone.expect_words(&["--shard needs --tenant-url"]);
}

#[test]
fn an_interrupted_share_leaves_nothing_behind() {
    let folder = Folder::of("shard-interrupted");
    let served = Served::start(&folder, TOKEN, &[]);
    let arguments = ["load", "--users", "20000", "--groups", "10", "--shard", "2/2"];
    let common = ["--tenant-url", served.url(), "--reports", "reports"];
    let arguments = [&arguments[..], &common].concat();
    let mut share = folder.scimrig(&arguments).token(TOKEN).within(120).start();
    while count_at(served.url(), "/Users", TOKEN) < 50 {
        assert!(share.is_running(), "the share ended by itself:\n{}", share.printed());
        thread::sleep(Duration::from_millis(20));
    }
    share.signal("INT");
    share.finish().expect_code(&[130]);
    assert_eq!(count_at(served.url(), "/Users", TOKEN), 0);
}
