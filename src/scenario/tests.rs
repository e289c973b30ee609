//! Scenarios that can run are read, written and drawn from; all others are refused with the place.

use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::metrics::GrowthBound;

const HEAD: &str = "title = \"t\"\n\n[population]\nusers = 40\ngroups = 3\n\n";
const INITIAL: &str = "[[cycle]]\nkind = \"initial\"\n\n";

fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse("my", text)
}

fn refusal(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

/// Refused with these words; what stands before is shown when they are missing.
fn refused(text: &str, words: &[&str]) {
    let message = refusal(text);
    for word in words {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
}

#[test]
fn every_built_in_scenario_parses_and_is_the_file_of_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files = BTreeSet::new();
    for topic in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(topic).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|it| it == "toml") {
                files.insert(name_of(&file));
            }
        }
    }
    let read_from_folder = ["profiles/", "regressions/"];
    files.retain(|name| !read_from_folder.iter().any(|topic| name.starts_with(topic)));
    let named: BTreeSet<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, named, "add the file's line to scenario/built_in.rs");
    for (name, _) in BUILT_IN {
        let scenario = Scenario::built_in(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(scenario.name, *name);
    }
}

#[test]
fn every_scripted_change_of_the_built_in_scenarios_applies() {
    for (name, _) in BUILT_IN {
        let scenario = Scenario::built_in(name).unwrap();
        let mut directory = Directory::new(scenario.population_of(0, 0));
        for (place, cycle) in scenario.cycles.iter().enumerate() {
            if let CyclePlan::Incremental { advance_minutes: Some(minutes), .. } = cycle {
                directory.advance_minutes(*minutes);
            }
            for change in scenario.changes_before(0, place, &directory) {
                assert!(directory.apply(&change), "{name}: {change} does not apply");
            }
        }
    }
}

#[test]
fn a_scenario_reads_back_from_what_it_writes() {
    for (name, _) in BUILT_IN {
        let scenario = Scenario::built_in(name).unwrap();
        let written = scenario.to_toml();
        assert_eq!(Scenario::parse(name, &written).unwrap(), scenario, "{written}");
    }
}

#[test]
fn expectations_read_back_as_written() {
    let expect = "[expect]\nrequests-per-second-min = 25\nerror-share-max = 0.01\n\
                  growth-max = \"logarithmic\"\nlatency-p99-ms-max-of = { create-user = 300.5 }\n";
    let scenario = parse(&format!("{HEAD}{INITIAL}{expect}")).unwrap();
    let performance = &scenario.expect.performance;
    assert_eq!(performance.growth_max, Some(GrowthBound::Logarithmic));
    assert_eq!(performance.error_share_max, Some(0.01));
    assert_eq!(performance.latency_p99_ms_max_of, [("create-user".to_owned(), 300.5)].into());
    let written = scenario.to_toml();
    assert_eq!(parse(&written).unwrap(), scenario, "{written}");
}

#[test]
fn a_drawn_run_written_as_a_script_is_the_same_run() {
    let scenario = Scenario::built_in("churn/members-come-and-go").unwrap();
    let directory = Directory::new(scenario.population_of(3, 0));
    let drawn = scenario.changes_before(3, 1, &directory);
    assert_eq!(drawn.len(), 30);
    let scripted = scenario.with_scripts(3, vec![Vec::new(), drawn.clone()]);
    let read = Scenario::parse("minimal", &scripted.to_toml()).unwrap();
    assert_eq!(read.population_of(0, 0), scenario.population_of(3, 0));
    assert_eq!(read.changes_before(0, 1, &directory), drawn);
    assert_eq!(read.runs, 1);
}

#[test]
fn runs_are_independent_and_repeatable() {
    let scenario = Scenario::built_in("churn/members-come-and-go").unwrap();
    let drawn = |run| {
        let directory = Directory::new(scenario.population_of(run, 0));
        scenario.changes_before(run, 1, &directory)
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    assert_eq!(scenario.seed_of(0), scenario.seed);
    let seeds: BTreeSet<u64> = (0..scenario.runs).map(|run| scenario.seed_of(run)).collect();
    assert_eq!(seeds.len(), 20);
}

#[test]
fn scenarios_are_named_after_their_place() {
    assert_eq!(name_of(Path::new("/x/scenarios/churn/a.toml")), "churn/a");
    assert_eq!(name_of(Path::new("reports/minimal.toml")), "minimal");
    let error = Scenario::built_in("churn/nothing").unwrap_err().to_string();
    assert!(error.contains("churn/members-come-and-go"), "{error}");
    let missing = Scenario::read(Path::new("no/such.toml")).unwrap_err().to_string();
    assert!(missing.starts_with("read the scenario no/such.toml"), "{missing}");
}

#[test]
fn unset_values_have_their_defaults() {
    let scenario = parse(&format!("{HEAD}{INITIAL}")).unwrap();
    assert_eq!((scenario.seed, scenario.runs, scenario.pace.concurrency), (1, 1, 1));
    assert_eq!(scenario.expect, Expectations::default());
    let scenario = parse(&format!("{HEAD}{INITIAL}[[cycle]]\nkind = \"restart\"\n")).unwrap();
    let reset_scope = RESET_UNNAMED.to_vec();
    let still = Changes::Still;
    let expected = CyclePlan::Restart { reset_scope, changes: still, advance_minutes: None };
    assert_eq!(scenario.cycles[1], expected);
    let scenario = parse(&format!("{HEAD}{INITIAL}[entra]\nconcurrency = 4\n")).unwrap();
    assert_eq!(scenario.pace.concurrency, 4);
}

#[test]
fn a_misspelt_key_is_shown_with_the_accepted_ones() {
    let text = "title = \"t\"\n[population]\nusres = 4\n";
    refused(text, &["line 3, population.usres", "`users`, `groups`", "\n3 | usres = 4\n  | ^^^^^"]);
}

#[test]
fn a_script_that_names_nobody_is_refused() {
    let cycle = "[[cycle]]\nkind = \"incremental\"\nscript = [\n  \"assign user 3\",\n  \
                 \"unassign user 90\",\n]\n";
    insta::assert_snapshot!(refusal(&format!("{HEAD}{INITIAL}{cycle}")), @r#"
    read the scenario my, line 14, cycle.script: there is no user 90 in a population of 40 users
       |
    14 |   "unassign user 90",
       |   ^^^^^^^^^^^^^^^^^^
       = name users from 0 to 39
    "#);
}

#[test]
fn more_members_than_users_are_refused() {
    let text = "title = \"t\"\n[population]\nusers = 4\ngroups = 1\nmembers-per-group = 5\n";
    insta::assert_snapshot!(refusal(&format!("{text}{INITIAL}")), @r"
    read the scenario my, line 5, population.members-per-group: 5 members of 4 users are too many
      |
    5 | members-per-group = 5
      |                     ^
      = write at most 4, or more users
    ");
    refused(&format!("{}{INITIAL}", text.replace("users = 4", "users = 0")), &["line 5"]);
}

#[test]
fn an_ordered_snapshot_of_concurrent_requests_is_refused() {
    let tail = "[pace]\nconcurrency = 5\n\n[expect]\nsnapshot = \"shape\"\n";
    insta::assert_snapshot!(refusal(&format!("{HEAD}{INITIAL}{tail}")), @r#"
    read the scenario my, line 14, expect.snapshot: 5 requests at once have no order to compare
       |
    14 | snapshot = "shape"
       |            ^^^^^^^
       = write snapshot = "off", or concurrency = 1
    "#);
}

#[test]
fn cycles_come_in_an_order_that_can_be() {
    let incremental = "[[cycle]]\nkind = \"incremental\"\n\n";
    refused(
        &format!("{HEAD}{incremental}{INITIAL}"),
        &["line 8, cycle.kind", "before the initial"],
    );
    refused(&format!("{HEAD}{INITIAL}{INITIAL}"), &["line 11, cycle.kind", "the second"]);
    refused(HEAD, &["there is no cycle", "kind = \"initial\""]);
    refused(&format!("title = \"t\"\n{INITIAL}"), &["line 3", "nobody to provision"]);
    assert!(parse("title = \"t\"\n[[cycle]]\nkind = \"test-connection\"\n").is_ok());
}

#[test]
fn keys_of_another_kind_of_cycle_are_refused() {
    let cycle =
        |lines: &str| format!("{HEAD}{INITIAL}[[cycle]]\nkind = \"incremental\"\n{lines}\n");
    refused(&cycle("reset-scope = [\"Full\"]"), &["line 12, cycle.reset-scope", "advance-minutes"]);
    refused(&cycle("users = [1]"), &["line 12", "`users` means nothing"]);
    refused(&format!("{HEAD}{INITIAL}advance-minutes = 4\n"), &["line 10, cycle.advance-minutes"]);
    let test = "title = \"t\"\n[[cycle]]\nkind = \"test-connection\"\nchanges = 3\n";
    refused(test, &["line 4, cycle.changes", "takes no other key"]);
}

#[test]
fn changes_are_drawn_or_scripted_and_can_be_done() {
    let cycle =
        |lines: &str| format!("{HEAD}{INITIAL}[[cycle]]\nkind = \"incremental\"\n{lines}\n");
    refused(
        &cycle("changes = 3\nscript = [\"assign user 1\"]"),
        &["line 12", "script is given too"],
    );
    refused(&cycle("weights = { assign-user = 1 }"), &["line 12", "changes = 30"]);
    refused(&cycle("changes = 3\nweights = { assign-user = 0 }"), &["line 13", "above 0"]);
    refused(&cycle("changes = 3\nweights = { asign-user = 1 }"), &["line 13", "`assign-user`"]);
    refused(&cycle("changes = 0"), &["line 12, cycle.changes", "from 1 to"]);
    refused(&cycle("script = [\"fire user 1\"]"), &["line 12, cycle.script", "unassign user 17"]);
    refused(&cycle("script = [\"delete group 3\"]"), &["groups from 0 to 2"]);
    refused(&cycle("advance-minutes = -1"), &["line 12, cycle.advance-minutes"]);
}

#[test]
fn provision_on_demand_names_somebody() {
    let cycle = |lines: &str| format!("{HEAD}[[cycle]]\nkind = \"provision-on-demand\"\n{lines}\n");
    assert!(parse(&cycle("users = [39]\ngroups = [2]")).is_ok());
    refused(&cycle(""), &["nobody is to be provisioned"]);
    refused(&cycle("users = [1, 40]"), &["line 9, cycle.users", "no user 40", "from 0 to 39"]);
    refused(&cycle("groups = [-1]"), &["no group -1"]);
}

#[test]
fn numbers_out_of_range_are_refused() {
    refused(&format!("runs = 0\n{HEAD}{INITIAL}"), &["line 1, runs", "from 1 to"]);
    refused(&format!("seed = -4\n{HEAD}{INITIAL}"), &["line 1, seed"]);
    refused(&format!("{HEAD}{INITIAL}[pace]\nrate = 0.0\n"), &["pace.rate", "above 0"]);
    refused(&format!("{HEAD}{INITIAL}[pace]\nconcurrency = 0\n"), &["pace.concurrency"]);
    refused(&format!("{HEAD}{INITIAL}[expect]\nlatency-p99-ms-max = -1\n"), &["above 0"]);
    refused(&format!("{HEAD}{INITIAL}[entra]\ntimeout-seconds = 0\n"), &["entra.timeout-seconds"]);
    let both = "[pace]\nconcurrency = 2\n[entra]\nconcurrency = 2\n";
    refused(&format!("{HEAD}{INITIAL}{both}"), &["line 11, pace.concurrency", "keep one"]);
    refused(&HEAD.replace("40", "\"many\""), &["line 4, population.users", "a whole number"]);
    let percent = HEAD.replace("groups = 3", "managers-percent = 101");
    refused(&format!("{percent}{INITIAL}"), &["line 5, population.managers-percent"]);
    let domain = HEAD.replace("groups = 3", "domain = \"a@b.c\"");
    refused(&format!("{domain}{INITIAL}"), &["line 5, population.domain", "contoso.com"]);
}

#[test]
fn what_is_expected_filtered_or_mapped_must_be_possible() {
    let expect = |line: &str| format!("{HEAD}{INITIAL}[expect]\n{line}\n");
    refused(&expect("quarantine = \"TooMany\""), &["expect.quarantine", "TooManyDeletes"]);
    refused(&expect("snapshot = \"all\""), &["expect.snapshot", "`shape`"]);
    refused(&expect("escrowed-max = -1"), &["expect.escrowed-max"]);
    let filter = "[[scoping-filter]]\nclauses = []\n";
    refused(&format!("{HEAD}{INITIAL}{filter}"), &["scoping-filter.clauses", "filters nobody"]);
    let filter = filter.replace("[]", "[{ attribute = \"department\", operator = \"EQUALS\" }]");
    refused(&format!("{HEAD}{INITIAL}{filter}"), &["line 11", "`equals`"]);
    let mapping = "[[mapping]]\ntarget = \"title\"\nexpression = \"Join(\"\n";
    refused(&format!("{HEAD}{INITIAL}{mapping}"), &["line 11, mapping", "`title`"]);
    refused(&format!("{HEAD}{INITIAL}").replace("\"t\"", "\" \""), &["line 1, title"]);
}
