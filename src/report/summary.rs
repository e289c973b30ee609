//! What every report says in the same words: the verdict in one sentence, the findings in the order
//! in which they hurt, and the commands that repeat one of them.
//!
//! The words are plain text; a report escapes what it shows of a tenant's own.

use std::fmt::Write as _;
use std::net::IpAddr;

use url::{Host, Url};

use super::visible::shell_word;
use crate::checks;
use crate::checks::check::{CheckResult, Outcome};
use crate::profile::LimitationKind;
use crate::run::SnapshotResult;
use crate::run::{ExpectationResult, Run, RunOutcome, ScenarioOutcome, ScenarioResult};

/// Ids or names that the verdict's sentence lists before it says "and N more".
const NAMED: usize = 4;

/// A run, sorted for telling.
#[derive(Debug, Clone)]
pub struct Summary<'run> {
    /// The verdict in one sentence, without a full stop.
    pub verdict: String,
    /// MUSTs that were broken: what Entra meets first, then what Entra asks for, then the rest.
    pub violations: Vec<&'run CheckResult>,
    /// SHOULDs that were not followed.
    pub deviations: Vec<&'run CheckResult>,
    /// Checks without a verdict.
    pub cannot_tell: Vec<&'run CheckResult>,
    /// Excuses that the tenant does not need.
    pub stale_excuses: Vec<&'run CheckResult>,
    /// Excused checks, in the order of the profile's limitations.
    pub excused: Vec<&'run CheckResult>,
    /// Remarks and other readings of a MAY.
    pub notes: Vec<&'run CheckResult>,
    /// Checks that a missing capability skipped.
    pub skipped: Vec<&'run CheckResult>,
}

impl<'run> Summary<'run> {
    /// Sorts a run's findings and finds the words for its verdict.
    pub fn of(run: &'run Run) -> Self {
        let with = |outcome: Outcome| {
            let mut found: Vec<_> = run.checks.iter().filter(|it| it.outcome == outcome).collect();
            found.sort_by_key(|check| remoteness(check));
            found
        };
        let mut excused = with(Outcome::Excused);
        excused.sort_by_key(|check| check.limitation);
        Self {
            verdict: verdict(run),
            violations: with(Outcome::Violation),
            deviations: with(Outcome::Deviation),
            cannot_tell: with(Outcome::CannotTell),
            stale_excuses: with(Outcome::StaleExcuse),
            excused,
            notes: with(Outcome::Note),
            skipped: with(Outcome::Skipped),
        }
    }

    /// What to do about a stale excuse: the limitation goes, unless it still excuses another check.
    pub fn advice(&self, stale: &CheckResult, profile: &str) -> String {
        let Some(kind) = stale.limitation else {
            return format!("remove the excuse from the profile {profile}");
        };
        let name = kind.name();
        match self.excused.iter().find(|check| check.limitation == Some(kind)) {
            Some(other) => format!(
                "the tenant passes although {name} excuses it; keep {name} only for {}",
                other.id
            ),
            None => format!("please remove the limitation {name} from the profile {profile}"),
        }
    }
}

/// How far a finding is from what Entra does: what broke in Entra's own traffic comes first.
fn remoteness(check: &CheckResult) -> u8 {
    match (&check.scenario, check.source.starts_with("Microsoft Entra")) {
        (Some(_), _) => 0,
        (None, true) => 1,
        (None, false) => 2,
    }
}

/// The verdict in one sentence.
fn verdict(run: &Run) -> String {
    let names = |outcome: Outcome| {
        let mut of: Vec<_> = run.checks.iter().filter(|check| check.outcome == outcome).collect();
        of.sort_by_key(|check| remoteness(check));
        of.into_iter().map(|check| check.id.as_str()).collect::<Vec<_>>()
    };
    let faults = faults(run, &names(Outcome::Violation));
    match run.outcome {
        RunOutcome::Conforms if judged(run) => {
            let budget = run.requests.budget.filter(|_| run.requests.held_back > 0);
            let as_far = budget.map_or(String::new(), |budget| {
                format!(" as far as its budget of {budget} requests went")
            });
            format!("conforms{as_far}{}", allowances(run, &names))
        }
        RunOutcome::Conforms => "conforms, but nothing in this run was judged".to_owned(),
        RunOutcome::ExpectationMissed => {
            let missed = expectations(run).filter(|it| !it.held).map(|it| it.name.as_str());
            format!(
                "conforms, but missed {}{}",
                counted("performance expectation", &missed.collect::<Vec<_>>()),
                allowances(run, &names)
            )
        }
        RunOutcome::Violations if faults.is_empty() => "does not conform".to_owned(),
        RunOutcome::Violations => format!("does not conform: {}", faults.join("; ")),
        RunOutcome::Unreachable => {
            "no verdict: the tenant could not be reached or refused the token".to_owned()
        }
        RunOutcome::Interrupted if faults.is_empty() => {
            "no verdict: interrupted, no violation until then".to_owned()
        }
        RunOutcome::Interrupted => format!("no verdict: interrupted, with {}", faults.join("; ")),
    }
}

/// What is wrong, as parts of a sentence.
fn faults(run: &Run, violations: &[&str]) -> Vec<String> {
    let scenarios = |is: fn(&ScenarioResult) -> bool| -> Vec<&str> {
        run.scenarios.iter().filter(|it| is(it)).map(|it| it.name.as_str()).collect()
    };
    let changed = scenarios(|it| {
        it.snapshot == SnapshotResult::Changed || it.outcome == ScenarioOutcome::SnapshotChanged
    });
    let missing = scenarios(|it| it.snapshot == SnapshotResult::Missing);
    let failed = scenarios(|it| it.outcome == ScenarioOutcome::Failed);
    let mut faults = Vec::new();
    if run.connection.as_ref().is_some_and(|connection| !connection.success) {
        faults.push("Test Connection fails".to_owned());
    }
    for (what, names) in [
        ("violation", violations),
        ("failed scenario", &failed),
        ("changed snapshot", &changed),
        ("missing snapshot", &missing),
    ] {
        if !names.is_empty() {
            faults.push(counted(what, names));
        }
    }
    if run.load.as_ref().is_some_and(|load| !load.arrived()) {
        faults.push("the tenant does not hold what the load sent".to_owned());
    }
    faults
}

/// What a conforming tenant was allowed, as the end of a sentence.
fn allowances<'run>(run: &Run, names: &impl Fn(Outcome) -> Vec<&'run str>) -> String {
    let mut allowed = Vec::new();
    let limitations: Vec<_> = LimitationKind::ALL
        .iter()
        .filter(|kind| {
            let excuses =
                |it: &CheckResult| it.outcome == Outcome::Excused && it.limitation == Some(**kind);
            run.checks.iter().any(excuses)
        })
        .map(|kind| kind.name())
        .collect();
    if !limitations.is_empty() {
        allowed.push(format!(
            "{} excused{}",
            many("documented limitation", limitations.len()),
            named(&limitations)
        ));
    }
    for (what, outcome) in [
        ("deviation", Outcome::Deviation),
        ("stale excuse", Outcome::StaleExcuse),
        ("check without a verdict", Outcome::CannotTell),
    ] {
        let ids = names(outcome);
        if !ids.is_empty() {
            allowed.push(counted(what, &ids));
        }
    }
    match allowed.as_slice() {
        [] => String::new(),
        [one] => format!(", with {one}"),
        [most @ .., last] => format!(", with {} and {last}", most.join(", ")),
    }
}

/// Whether anything at all was put to the test.
fn judged(run: &Run) -> bool {
    let verdict = |it: &CheckResult| {
        !matches!(it.outcome, Outcome::Skipped | Outcome::NotExercised | Outcome::CannotTell)
    };
    run.checks.iter().any(verdict)
        || !run.scenarios.is_empty()
        || run.load.is_some()
        || run.connection.is_some()
}

/// Every performance expectation of the run.
pub(super) fn expectations(run: &Run) -> impl Iterator<Item = &ExpectationResult> {
    let of_scenarios = run.scenarios.iter().flat_map(|scenario| &scenario.expectations);
    of_scenarios.chain(run.load.iter().flat_map(|load| &load.expectations))
}

/// `2 violations (a, b)`.
fn counted(what: &str, names: &[&str]) -> String {
    format!("{}{}", many(what, names.len()), named(names))
}

/// `1 violation`, `2 violations`; what follows ` without ` stays as it is.
pub(super) fn many(what: &str, count: usize) -> String {
    match (count, what.split_once(" without ")) {
        (1, _) => format!("1 {what}"),
        (_, Some((noun, rest))) => format!("{count} {noun}s without {rest}"),
        (_, None) => format!("{count} {what}s"),
    }
}

/// ` (a, b, c, d and 3 more)`.
fn named(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => String::new(),
        count if count > NAMED => format!(" ({shown} and {} more)", count - NAMED),
        _ => format!(" ({shown})"),
    }
}

/// The command that repeats only this check. One that failed in a scenario's traffic needs the
/// scenario, with the seed it ran with.
pub fn rerun_check(run: &Run, check: &CheckResult) -> String {
    let scenario = check.scenario.as_deref();
    if let Some(scenario) =
        scenario.and_then(|name| run.scenarios.iter().find(|it| it.name == name))
    {
        return rerun_scenario(run, scenario);
    }
    // A check that listens needs the traffic it heard.
    if checks::find(&check.id).is_some_and(|known| !known.is_probe()) {
        return run.command.clone();
    }
    let id = shell_word(&check.id);
    format!("scimrig check --only {id} --seed {}{}", run.seed, target(run, &run.dialect))
}

/// The command that repeats a scenario with the seed it ran with.
pub fn rerun_scenario(run: &Run, scenario: &ScenarioResult) -> String {
    let name = shell_word(&scenario.name);
    format!("scimrig run {name} --seed {}{}", scenario.seed, target(run, &scenario.dialect))
}

/// The options that choose profile, dialect and tenant.
fn target(run: &Run, dialect: &str) -> String {
    let mut options = format!(" --profile {}", shell_word(&run.profile));
    if dialect != "default" {
        let _ = write!(options, " --dialect {}", shell_word(dialect));
    }
    if run.tenant != "embedded" {
        let _ = write!(options, " --tenant-url {}", shell_word(&run.tenant));
        if !is_loopback(&run.tenant) {
            options += " --allow-writes";
        }
    }
    options
}

/// Whether a tenant is on this machine; others are written to only with `--allow-writes`.
fn is_loopback(tenant: &str) -> bool {
    let Ok(url) = Url::parse(tenant) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// The folder of a run's reports below `--reports`: `<profile>` or `<scenario>-<profile>`, without
/// the time, so that the next run of the same pair replaces it.
pub fn folder_name(profile: &str, scenario: Option<&str>) -> String {
    let name = match scenario {
        Some(scenario) => format!("{scenario}-{profile}"),
        None => profile.to_owned(),
    };
    let kept = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = name.chars().map(kept).take(120).collect();
    match name.trim_matches(['.', '-']) {
        "" => "run".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Counts, LoadResult, sample};

    fn ids(checks: &[&CheckResult]) -> Vec<String> {
        checks.iter().map(|check| check.id.clone()).collect()
    }

    #[test]
    fn a_conforming_run_names_what_was_excused() {
        let mut run = sample::conforming();
        assert_eq!(
            Summary::of(&run).verdict,
            "conforms, with 1 documented limitation excused (group-rename) \
             and 1 deviation (media-type)"
        );
        run.checks.remove(1);
        insta::assert_snapshot!(
            Summary::of(&run).verdict,
            @"conforms, with 1 documented limitation excused (group-rename)"
        );
        run.checks.truncate(1);
        assert_eq!(Summary::of(&run).verdict, "conforms");
    }

    #[test]
    fn a_run_whose_budget_was_used_up_does_not_boast() {
        let mut run = sample::conforming();
        run.checks.truncate(1);
        run.requests = sample::violating().requests;
        let verdict = "conforms as far as its budget of 40 requests went";
        assert_eq!(Summary::of(&run).verdict, verdict);
    }

    #[test]
    fn a_run_that_judged_nothing_does_not_boast() {
        let mut run = sample::conforming();
        run.checks = vec![sample::check("etag-match", Outcome::NotExercised)];
        (run.scenarios, run.load, run.connection) = (Vec::new(), None, None);
        assert_eq!(Summary::of(&run).verdict, "conforms, but nothing in this run was judged");
    }

    #[test]
    fn a_failing_run_names_its_faults() {
        let mut run = sample::violating();
        assert_eq!(
            Summary::of(&run).verdict,
            "does not conform: 2 violations (converged-active, delete-204); \
             1 failed scenario (groups/rename); 1 changed snapshot (groups/rename); \
             the tenant does not hold what the load sent"
        );
        run.outcome = RunOutcome::Interrupted;
        assert!(
            Summary::of(&run).verdict.starts_with("no verdict: interrupted, with 2 violations")
        );
        run.outcome = RunOutcome::Unreachable;
        assert!(Summary::of(&run).verdict.contains("refused the token"));
        run.checks.extend((0..9).map(|n| sample::check(&format!("x-{n}"), Outcome::Violation)));
        run.outcome = RunOutcome::Violations;
        assert!(Summary::of(&run).verdict.contains("x-0, x-1 and 7 more)"));
    }

    #[test]
    fn a_missed_expectation_is_named() {
        let mut run = sample::conforming();
        let spoil = |load: &mut LoadResult| load.expectations[0].held = false;
        run.load.as_mut().map(spoil).unwrap();
        run.outcome = RunOutcome::ExpectationMissed;
        run.checks.truncate(1);
        run.counts = Counts::of(&run.checks);
        insta::assert_snapshot!(
            Summary::of(&run).verdict,
            @"conforms, but missed 1 performance expectation (requests-per-second-min)"
        );
    }

    #[test]
    fn what_entra_meets_comes_before_what_a_probe_finds() {
        let mut run = sample::violating();
        let mut entra = sample::check("entra-only", Outcome::Violation);
        entra.source = "Microsoft Entra, SCIM endpoint guide".to_owned();
        run.checks.push(entra);
        let found = ids(&Summary::of(&run).violations);
        assert_eq!(found, ["converged-active", "entra-only", "delete-204"]);
    }

    #[test]
    fn a_stale_excuse_is_to_go_unless_it_still_excuses_another() {
        let mut run = sample::violating();
        let summary = Summary::of(&run);
        assert_eq!(
            summary.advice(summary.stale_excuses[0], "dialpad"),
            "please remove the limitation added-phone-number from the profile dialpad"
        );
        run.checks.iter_mut().for_each(|it| it.limitation = Some(LimitationKind::GroupRename));
        let summary = Summary::of(&run);
        let advice = summary.advice(summary.stale_excuses[0], "dialpad");
        assert!(advice.contains("keep group-rename only for converged-group-name"), "{advice}");
    }

    #[test]
    fn a_rerun_repeats_one_check_or_the_traffic_it_needs() {
        let mut run = sample::violating();
        let heard = checks::all().find(|check| !check.is_probe()).unwrap();
        let heard = sample::check(heard.id, Outcome::Violation);
        assert_eq!(rerun_check(&run, &heard), run.command);
        run.checks[0].id = "delete-get-404".to_owned();
        let rerun = |run: &Run, place: usize| rerun_check(run, &run.checks[place]);
        assert_eq!(
            rerun(&run, 0),
            "scimrig check --only delete-get-404 --seed 7 --profile dialpad \
             --tenant-url https://tenant.example/scim --allow-writes"
        );
        run.tenant = "embedded".to_owned();
        run.dialect = "aadOptscim062020".to_owned();
        assert_eq!(
            rerun(&run, 0),
            "scimrig check --only delete-get-404 --seed 7 --profile dialpad \
             --dialect aadOptscim062020"
        );
        assert_eq!(rerun(&run, 3), "scimrig run groups/rename --seed 11 --profile dialpad");
        for (tenant, asks) in [
            ("http://127.0.0.1:8080/scim", false),
            ("http://[::1]/scim", false),
            ("http://localhost:1", false),
            ("http://localhost.evil.example", true),
        ] {
            run.tenant = tenant.to_owned();
            assert_eq!(rerun(&run, 0).contains("--allow-writes"), asks, "{tenant}");
        }
    }

    #[test]
    fn a_folder_name_is_one_harmless_segment() {
        assert_eq!(folder_name("dialpad", None), "dialpad");
        assert_eq!(folder_name("dialpad", Some("groups/rename")), "groups-rename-dialpad");
        assert_eq!(folder_name("../../etc", None), "etc");
        assert_eq!(folder_name("..", None), "run");
        assert_eq!(folder_name("a b\n", Some("x")), "x-a-b");
    }
}
