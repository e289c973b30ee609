//! The binary as a person or a CI server meets it: help, refusals, exit codes, signals, secrets.
//!
//! Tenants here are `scimrig serve` in a process of its own, and sockets that misbehave.

#[path = "cli/allowance.rs"]
mod allowance;
#[path = "cli/expectations.rs"]
mod expectations;
#[path = "cli/known.rs"]
mod known;
#[path = "cli/picture.rs"]
mod picture;
#[path = "cli/resuming.rs"]
mod resuming;
#[path = "cli/shards.rs"]
mod shards;
mod support;
#[path = "cli/troubles.rs"]
mod troubles;
#[path = "cli/verdicts.rs"]
mod verdicts;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use scimrig::tenant::embedded::Defect;
use support::binary::{Finished, Folder};
use support::hostile::{HostileTenant, Manner};
use support::tenant::{Served, count_at, free_port};

const VERBS: &[&str] = &[
    "verify",
    "test-connection",
    "check",
    "run",
    "load",
    "checks",
    "defects",
    "ambiguities",
    "serve",
    "report",
    "snapshots",
    "cleanup",
    "schema",
];

/// The verbs that speak to a tenant and write to it, with what each needs to run.
const WRITING: &[&[&str]] = &[
    &["verify", "--snapshots", "off"],
    &["check"],
    &["run", "lifecycle/assign", "--snapshots", "off"],
    &["load", "--users", "5", "--groups", "1", "--members-per-group", "2"],
];

/// Unmistakable wherever it turns up.
const TOKEN: &str = "f0rb1dden-5ecret-t0ken";

mod words {
    use super::*;

    #[test]
    fn every_verb_explains_itself() {
        let folder = Folder::of("help");
        folder.scimrig(&["--help"]).run().expect_code(&[0]).expect_words(VERBS);
        for verb in VERBS {
            let usage = format!("Usage: scimrig {verb}");
            let finished = folder.scimrig(&[verb, "--help"]).run().expect_code(&[0]);
            assert!(finished.expect_words(&[&usage]).stderr.is_empty());
        }
    }

    #[test]
    fn the_version_is_the_package_s() {
        let finished = Folder::of("version").scimrig(&["--version"]).run().expect_code(&[0]);
        assert_eq!(finished.stdout.trim(), concat!("scimrig ", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn a_misspelt_option_is_refused_with_the_right_one() {
        let finished = Folder::of("option").scimrig(&["check", "--tenant-ulr", "x"]).run();
        finished.expect_code(&[2]).expect_words(&["--tenant-ulr", "--tenant-url"]);
    }

    #[test]
    fn a_misspelt_verb_is_refused_with_the_right_one() {
        let finished = Folder::of("verb").scimrig(&["verfy"]).run();
        finished.expect_code(&[2]).expect_words(&["verfy", "verify"]);
    }

    #[test]
    fn an_unknown_scenario_is_refused_with_the_names_there_are() {
        let finished = Folder::of("scenario").scimrig(&["run", "groups/renam"]).run();
        let names = ["groups/renam", "groups/rename", "churn/members-come-and-go"];
        finished.expect_code(&[2]).expect_words(&names);
    }

    #[test]
    fn an_unknown_profile_is_refused_with_the_names_there_are() {
        let finished = Folder::of("profile").scimrig(&["check", "--profile", "dialpat"]).run();
        finished.expect_code(&[2]).expect_words(&["dialpat", "strict", "entra", "dialpad"]);
    }

    #[test]
    fn an_unknown_check_is_refused() {
        let finished = Folder::of("only").scimrig(&["check", "--only", "no-such-check"]).run();
        finished.expect_code(&[2]).expect_words(&["no-such-check"]);
    }

    #[test]
    fn a_tenant_url_that_is_none_is_refused() {
        let folder = Folder::of("tenant-url");
        for url in ["dialpad.com/scim", "ftp://127.0.0.1/scim", "http://u:p@127.0.0.1/scim", ""] {
            folder.scimrig(&["check", "--tenant-url", url]).run().expect_code(&[2]);
        }
    }

    #[test]
    fn a_profile_with_a_misspelt_key_is_refused_with_the_place_and_nothing_is_sent() {
        let folder = Folder::of("misspelt-profile");
        let tenant = HostileTenant::start(Manner::WebPage);
        let profile = folder.write("mine.toml", "# ours\ntitel = \"Mine\"\n");
        for command in WRITING {
            let common = ["--profile", &profile, "--tenant-url", &tenant.url()];
            let finished = folder.scimrig(&[command, &common[..]].concat()).run();
            let place = ["mine.toml", "line 2", "titel = \"Mine\"", "^", "title"];
            finished.expect_code(&[2]).expect_words(&place);
        }
        assert_eq!(tenant.knocks(), 0);
    }

    #[test]
    fn a_scenario_with_a_misspelt_key_is_refused_with_the_place_and_nothing_is_sent() {
        let folder = Folder::of("misspelt-scenario");
        let tenant = HostileTenant::start(Manner::WebPage);
        let text = "title = \"Mine\"\n\n[population]\nuser = 5\n\n[[cycle]]\nkind = \"initial\"\n";
        let scenario = folder.write("mine.toml", text);
        let finished = folder.scimrig(&["run", &scenario, "--tenant-url", &tenant.url()]).run();
        finished.expect_code(&[2]).expect_words(&["mine.toml", "line 4", "user = 5", "^", "users"]);
        assert_eq!(tenant.knocks(), 0);
    }

    #[test]
    fn the_catalogue_is_listed_as_a_table_and_as_json() {
        let folder = Folder::of("checks");
        let table = folder.scimrig(&["checks"]).run().expect_code(&[0]).stdout;
        let listed = folder.scimrig(&["checks", "--format", "json"]).run().expect_code(&[0]);
        let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
        let listed = listed.as_array().unwrap();
        assert_eq!(listed.len(), scimrig::checks::all().count());
        for (check, listed) in scimrig::checks::all().zip(listed) {
            assert_eq!(listed["id"], check.id);
            assert!(table.contains(check.id), "{} is not in the table", check.id);
        }
    }

    #[test]
    fn bugs_are_listed_with_the_checks_that_find_each() {
        let folder = Folder::of("defects");
        let text = folder.scimrig(&["defects"]).run().expect_code(&[0]).stdout;
        let listed = folder.scimrig(&["defects", "--format", "json"]).run().expect_code(&[0]);
        let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
        let listed = listed.as_array().unwrap();
        assert_eq!(listed.len(), Defect::all().count());
        for (defect, listed) in Defect::all().zip(listed) {
            assert_eq!(listed["id"], defect.id());
            let found_by = listed["caught-by"].as_array().unwrap();
            assert!(found_by.iter().any(|check| check == defect.check()), "{defect}");
            assert!(text.contains(&format!("{defect} ")), "{defect} is not in the text");
        }
        let of_delete = folder.scimrig(&["defects", "--area", "delete"]).run().expect_code(&[0]);
        let of_delete = of_delete.expect_words(&["delete-crash", "delete-get-404"]);
        assert!(!of_delete.stdout.contains("put-merges"));
        let unknown = folder.scimrig(&["defects", "--area", "deleet"]).run().expect_code(&[2]);
        unknown.expect_words(&["deleet", "delete", "patch"]);
    }
}

mod leave_to_write {
    use super::*;

    #[test]
    fn a_tenant_elsewhere_is_not_written_to_without_leave() {
        let folder = Folder::of("no-leave");
        let tenant = HostileTenant::start(Manner::WebPage);
        for command in WRITING {
            let common = ["--tenant-url", &tenant.url_that_looks_remote()];
            let finished = folder.scimrig(&[command, &common[..]].concat()).token(TOKEN).run();
            finished.expect_code(&[2]).expect_words(&["--allow-writes"]);
        }
        assert_eq!(tenant.knocks(), 0, "something was sent without leave");
    }

    /// Without this, the test above could pass because nothing ever arrives there.
    #[test]
    fn with_leave_it_is_spoken_to() {
        let folder = Folder::of("leave");
        let tenant = HostileTenant::start(Manner::WebPage);
        let url = tenant.url_that_looks_remote();
        let command = ["check", "--tenant-url", &url, "--allow-writes", "--timeout", "2"];
        folder.scimrig(&command).token(TOKEN).within(60).run().expect_code(&[1, 3]);
        assert!(tenant.knocks() > 0);
    }
}

mod misbehaving_tenants {
    use super::*;

    #[test]
    fn nobody_listens() {
        let folder = Folder::of("nobody");
        let url = format!("http://127.0.0.1:{}/scim", free_port());
        for command in [&[&["test-connection"][..]], WRITING].concat() {
            let arguments = [command, &["--tenant-url", &url, "--timeout", "2"]].concat();
            folder.scimrig(&arguments).token(TOKEN).within(30).run().expect_code(&[3]);
        }
    }

    #[test]
    fn the_host_has_no_address() {
        let folder = Folder::of("no-host");
        let arguments = ["test-connection", "--tenant-url", "http://tenant.invalid/scim"];
        let finished = folder.scimrig(&arguments).token(TOKEN).within(30).run();
        finished.expect_code(&[3]).expect_words(&["tenant.invalid"]);
    }

    #[test]
    fn it_closes_at_once() {
        survive(Manner::ClosesAtOnce, &[3]);
    }

    #[test]
    fn it_never_answers() {
        survive(Manner::NeverAnswers, &[3]);
    }

    #[test]
    fn its_headers_never_end() {
        survive(Manner::NeverEndsTheHeaders, &[3]);
    }

    #[test]
    fn its_body_never_ends() {
        survive(Manner::NeverEndsTheBody, &[3]);
    }

    #[test]
    fn its_body_is_endless() {
        survive(Manner::EndlessBody, &[3]);
    }

    #[test]
    fn it_speaks_no_http() {
        survive(Manner::Garbage, &[3]);
    }

    #[test]
    fn it_answers_with_a_web_page() {
        survive(Manner::WebPage, &[1, 3]);
    }

    #[test]
    fn it_answers_with_json_nested_deeply() {
        survive(Manner::DeepNesting, &[1, 3]);
    }

    /// A tenant that is well until Test Connection is over: whatever it does then, each verb ends
    /// in time, cleans up what it can, and leaves a report that tells of it.
    fn survive_later(manner: Manner) {
        let folder = Folder::of(&format!("{manner:?}-later"));
        for command in WRITING {
            let tenant = HostileTenant::after_test_connection(manner);
            let common = ["--tenant-url", &tenant.url(), "--timeout", "2", "--seed", "1"];
            let arguments = [*command, &common, &["--reports", command[0]]].concat();
            let invocation = folder.scimrig(&arguments).token(TOKEN).within(90);
            let finished = invocation.run().expect_code(&[1, 3]);
            println!("{manner:?} {} {:?} {:?}", command[0], finished.took, finished.code());
            assert!(!finished.printed().contains("panicked"), "{}", finished.printed());
        }
    }

    #[test]
    fn it_closes_later() {
        survive_later(Manner::ClosesAtOnce);
    }

    #[test]
    fn it_falls_silent_later() {
        survive_later(Manner::NeverAnswers);
    }

    #[test]
    fn its_headers_never_end_later() {
        survive_later(Manner::NeverEndsTheHeaders);
    }

    #[test]
    fn its_bodies_never_end_later() {
        survive_later(Manner::NeverEndsTheBody);
    }

    #[test]
    fn its_bodies_are_endless_later() {
        survive_later(Manner::EndlessBody);
    }

    #[test]
    fn it_speaks_no_http_later() {
        survive_later(Manner::Garbage);
    }

    #[test]
    fn it_answers_with_web_pages_later() {
        survive_later(Manner::WebPage);
    }

    #[test]
    fn it_answers_with_json_nested_deeply_later() {
        survive_later(Manner::DeepNesting);
    }

    /// Each verb ends in time, says so with one of these exit codes, and without a panic.
    fn survive(manner: Manner, accepted: &[i32]) {
        let folder = Folder::of(&format!("{manner:?}"));
        let tenant = HostileTenant::start(manner);
        for command in [&[&["test-connection"][..]], WRITING].concat() {
            let common = ["--tenant-url", &tenant.url(), "--timeout", "2", "--seed", "1"];
            let arguments = [command, &common, &["--reports", command[0]]].concat();
            let invocation = folder.scimrig(&arguments).token(TOKEN).within(45);
            let finished = invocation.run().expect_code(accepted);
            assert!(!finished.printed().contains("panicked"), "{}", finished.printed());
        }
        assert!(tenant.knocks() > 0);
    }
}

mod tokens {
    use super::*;

    #[test]
    fn a_wrong_token_is_told_in_entra_s_words() {
        let folder = Folder::of("wrong-token");
        let served = Served::start(&folder, TOKEN, &[]);
        let arguments = ["test-connection", "--tenant-url", served.url()];
        let entra = "You appear to have entered invalid credentials";
        folder.scimrig(&arguments).token(TOKEN).run().expect_code(&[0]);
        let refused = folder.scimrig(&arguments).token("another").run();
        refused.expect_code(&[3]).expect_words(&[entra]);
    }

    #[test]
    fn a_missing_token_is_told_with_the_mend_and_nothing_is_sent() {
        let tenant = HostileTenant::start(Manner::WebPage);
        let arguments = ["test-connection", "--tenant-url", &tenant.url()];
        let finished = Folder::of("no-token").scimrig(&arguments).run();
        finished.expect_code(&[2]).expect_words(&["SCIM_SECRET_TOKEN", "--secret-token-file"]);
        assert_eq!(tenant.knocks(), 0);
    }

    #[test]
    fn a_token_is_read_from_a_file_and_taken_from_no_argument() {
        let folder = Folder::of("token-file");
        let served = Served::start(&folder, TOKEN, &[]);
        let file = folder.write("token", &format!("{TOKEN}\n"));
        let common = ["test-connection", "--tenant-url", served.url()];
        let by_file = [&common[..], &["--secret-token-file", &file]].concat();
        folder.scimrig(&by_file).run().expect_code(&[0]);
        let by_argument = [&common[..], &["--secret-token", TOKEN]].concat();
        folder.scimrig(&by_argument).run().expect_code(&[2]);
    }

    #[test]
    fn the_token_is_in_no_output_and_in_no_file() {
        let folder = Folder::of("token-nowhere");
        let served = Served::start(&folder, TOKEN, &["--profile", "strict"]);
        for command in WRITING {
            let finished = report_on(served.url(), command, &folder).expect_code(&[0]);
            expect_no_token(&folder, &finished);
        }
        assert!(!served.process.printed().contains(TOKEN), "{}", served.process.printed());
    }

    #[test]
    fn a_tenant_that_shows_the_token_does_not_bring_it_into_reports() {
        let folder = Folder::of("token-shown");
        let tenant = HostileTenant::start(Manner::ShowsTheRequest);
        for command in [&[&["test-connection"][..]], WRITING].concat() {
            let finished = report_on(&tenant.url(), command, &folder).expect_code(&[1, 3]);
            expect_no_token(&folder, &finished);
        }
        assert!(tenant.knocks() > 0);
    }

    fn report_on(url: &str, command: &[&str], folder: &Folder) -> Finished {
        let common = ["--tenant-url", url, "--profile", "strict", "--timeout", "10"];
        let arguments = [command, &common, &["--reports", command[0]]].concat();
        folder.scimrig(&arguments).token(TOKEN).within(300).run()
    }

    #[track_caller]
    fn expect_no_token(folder: &Folder, finished: &Finished) {
        assert!(!finished.printed().contains(TOKEN), "{}", finished.printed());
        let files = folder.files();
        assert!(!files.is_empty(), "no file was written to look into");
        for file in files {
            let bytes = fs::read(&file).expect("what was written can be read");
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(TOKEN), "the token stands in {}", file.display());
        }
    }
}

mod signals {
    use super::*;

    #[test]
    fn serve_stops_cleanly_when_told() {
        let folder = Folder::of("serve-stops");
        for name in ["TERM", "INT"] {
            let served = Served::start(&folder, TOKEN, &[]);
            assert_eq!(count_at(served.url(), "/Users", TOKEN), 0);
            let told = Instant::now();
            served.process.signal(name);
            let finished = served.process.finish().expect_code(&[0]);
            assert!(told.elapsed() < Duration::from_secs(10), "SIG{name}: {:?}", finished.took);
        }
    }

    #[test]
    fn an_interrupted_load_reports_and_leaves_nothing_behind() {
        let folder = Folder::of("interrupted");
        let served = Served::start(&folder, TOKEN, &[]);
        let size = ["load", "--users", "20000", "--groups", "10", "--concurrency", "5"];
        let common = ["--tenant-url", served.url(), "--reports", "reports"];
        let arguments = [&size[..], &common].concat();
        let mut load = folder.scimrig(&arguments).token(TOKEN).within(120).start();
        while count_at(served.url(), "/Users", TOKEN) < 50 {
            assert!(load.is_running(), "the load ended by itself:\n{}", load.printed());
            thread::sleep(Duration::from_millis(20));
        }
        load.signal("INT");
        load.finish().expect_code(&[130]);
        let report = folder.report().expect("an interrupted load leaves a report");
        assert_eq!(report["outcome"], "interrupted");
        for endpoint in ["/Users", "/Groups"] {
            assert_eq!(count_at(served.url(), endpoint, TOKEN), 0, "left at {endpoint}");
        }
    }
}

mod replay {
    use super::*;
    use serde_json::Value;

    /// What differs between two runs of the same seed: when, how long, and where it was written.
    const TIMES: &[&str] = &[
        "due-us",
        "sent-us",
        "answered-us",
        "began",
        "ended",
        "at",
        "seconds",
        "folder",
        "created",
        "lastModified",
        "activityDateTime",
        "durationInMilliseconds",
    ];

    fn without_times(value: Value) -> Value {
        match value {
            Value::Object(members) => members
                .into_iter()
                .filter(|(key, _)| !TIMES.contains(&key.as_str()))
                .map(|(key, value)| (key, without_times(value)))
                .collect(),
            Value::Array(items) => {
                // A pair of a header's name and value; `Date` is a time like the others.
                let kept = items.into_iter().filter(|item| item[0] != "date");
                kept.map(without_times).collect()
            }
            other => other,
        }
    }

    fn lines(folder: &Folder, name: &str) -> Vec<String> {
        let file = folder.files().into_iter().find(|file| file.ends_with(name)).unwrap();
        let text = fs::read_to_string(file).unwrap();
        let lines = text.lines().map(|line| without_times(serde_json::from_str(line).unwrap()));
        lines.map(|line| line.to_string()).collect()
    }

    #[test]
    fn the_same_seed_twice_leaves_the_same_recording_and_the_same_log() {
        let all = ["first", "second"].map(|name| {
            let folder = Folder::of(&format!("replay-{name}"));
            let arguments = ["run", "churn/everything-moves", "--seed", "5", "--snapshots", "off"];
            folder.scimrig(&arguments).run().expect_code(&[0]);
            (lines(&folder, "exchanges.jsonl"), lines(&folder, "provisioning-log.jsonl"))
        });
        assert!(all[0].0.len() > 100 && all[0].1.len() > 30, "there is something to compare");
        for (first, second) in [(&all[0].0, &all[1].0), (&all[0].1, &all[1].1)] {
            assert_eq!(first.len(), second.len());
            for (one, other) in first.iter().zip(second) {
                assert_eq!(one, other);
            }
        }
    }
}
