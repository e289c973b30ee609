//! Two runs beside each other: what broke, what was mended, what got slower. Markdown, for a pull
//! request.
//!
//! Slower is what is slower beyond the noise: the spread of repeated loads where both runs have
//! them, a quarter where they have not. Runs of different sizes say nothing about each other and
//! are not compared.

mod figures;

use std::fmt::Write as _;

use super::visible::cell;
use crate::checks::check::{CheckResult, Outcome};
use crate::run::Run;
use figures::Figure;

/// Texts of a tenant are cut here.
const LONG: usize = 200;

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The Markdown.
    pub text: String,
    /// Checks that are violated now and were not before.
    pub new_violations: u64,
    /// Figures that got worse beyond the noise.
    pub regressions: u64,
}

/// Why two runs cannot be compared: each thing in which they are unlike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("compare the two runs, which are not alike: {}; repeat one as the other was run", .0.join("; "))]
pub struct Unlike(pub Vec<String>);

/// Compares a newer run with an older one.
pub fn compare(base: &Run, new: &Run) -> Result<Compared, Unlike> {
    let unlike = unlike(base, new);
    if !unlike.is_empty() {
        return Err(Unlike(unlike));
    }
    let mut text = String::new();
    let _ = writeln!(text, "# {} against {}\n", cell(&new.tenant, LONG), cell(&base.tenant, LONG));
    let new_violations = checks(&mut text, base, new);
    let regressions = slower(&mut text, &figures::of(base, new));
    Ok(Compared { text, new_violations, regressions })
}

/// Whatever makes the figures of two runs incomparable.
fn unlike(base: &Run, new: &Run) -> Vec<String> {
    let mut unlike = Vec::new();
    let mut same = |what: &str, before: String, now: String| {
        if before != now {
            unlike.push(format!("{what} {before} and {now}"));
        }
    };
    let verb = |run: &Run| run.command.split(' ').nth(1).unwrap_or_default().to_owned();
    same("command", verb(base), verb(new));
    same("profile", base.profile.clone(), new.profile.clone());
    same("dialect", base.dialect.clone(), new.dialect.clone());
    if let (Some(before), Some(now)) = (&base.load, &new.load) {
        for (what, before, now) in [
            ("users", before.users, now.users),
            ("groups", before.groups, now.groups),
            ("memberships", before.memberships, now.memberships),
            ("requests in flight", before.concurrency, now.concurrency),
        ] {
            same(what, before.to_string(), now.to_string());
        }
        same("pace", before.pace.clone(), now.pace.clone());
        same("rate", told(before.rate), told(now.rate));
    }
    unlike
}

fn told(rate: Option<f64>) -> String {
    rate.map_or("none".to_owned(), |rate| rate.to_string())
}

/// The checks that came out otherwise; how many of them are violated now.
fn checks(text: &mut String, base: &Run, new: &Run) -> u64 {
    let changed: Vec<(Outcome, &CheckResult)> = new
        .checks
        .iter()
        .filter_map(|check| {
            let before = base.checks.iter().find(|old| old.id == check.id);
            let before = before.map_or(Outcome::NotExercised, |old| old.outcome);
            (before != check.outcome).then_some((before, check))
        })
        .collect();
    if changed.is_empty() {
        text.push_str("Every check came out as before.\n");
    } else {
        text.push_str("| check | before | now | seen now |\n| --- | --- | --- | --- |\n");
    }
    for (before, check) in &changed {
        let actual = check.actual.as_deref().or(check.reason.as_deref()).unwrap_or("");
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            cell(&check.id, LONG),
            before.name(),
            check.outcome.name(),
            cell(actual, LONG)
        );
    }
    let is_new = |(_, check): &&(Outcome, &CheckResult)| check.outcome == Outcome::Violation;
    changed.iter().filter(is_new).count() as u64
}

/// The figures side by side; how many of them got worse beyond the noise.
fn slower(text: &mut String, figures: &[Figure]) -> u64 {
    if figures.is_empty() {
        return 0;
    }
    text.push_str("\n| figure | before | now | ratio | noise | |\n");
    text.push_str("| --- | --: | --: | --: | --: | --- |\n");
    for figure in figures {
        let _ = writeln!(
            text,
            "| {} | {:.2} | {:.2} | {:.2} | ±{:.0} % | {} |",
            cell(&figure.name, LONG),
            figure.before,
            figure.now,
            figure.ratio(),
            figure.noise * 100.0,
            figure.word()
        );
    }
    let regressions = figures.iter().filter(|figure| figure.is_worse()).count() as u64;
    let _ = match regressions {
        0 => writeln!(text, "\nNothing got worse beyond the noise."),
        1 => writeln!(text, "\n**1 figure got worse beyond the noise.**"),
        many => writeln!(text, "\n**{many} figures got worse beyond the noise.**"),
    };
    regressions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    #[test]
    fn a_check_that_broke_is_named_and_one_that_was_mended_is_no_violation() {
        let base = sample::conforming();
        let mut new = base.clone();
        assert_eq!(compare(&base, &new).unwrap().new_violations, 0);
        new.checks[0].outcome = Outcome::Violation;
        let compared = compare(&base, &new).unwrap();
        assert_eq!(compared.new_violations, 1);
        assert!(compared.text.contains(&new.checks[0].id), "{}", compared.text);
        assert_eq!(compare(&new, &base).unwrap().new_violations, 0);
    }

    #[test]
    fn runs_of_another_size_pace_or_profile_are_refused() {
        let base = sample::conforming();
        let refused = |spoil: fn(&mut Run)| {
            let mut new = base.clone();
            spoil(&mut new);
            compare(&base, &new).unwrap_err().to_string()
        };
        let size = refused(|run| run.load.as_mut().unwrap().users = 7);
        assert!(size.contains("users 10000 and 7"), "{size}");
        assert!(refused(|run| run.profile = "strict".to_owned()).contains("profile"));
        assert!(refused(|run| run.command = "scimrig load".to_owned()).contains("command"));
        let pace = refused(|run| run.load.as_mut().unwrap().rate = Some(25.0));
        assert!(pace.contains("rate none and 25"), "{pace}");
    }

    #[test]
    fn what_got_slower_beyond_the_noise_is_a_regression() {
        let base = sample::conforming();
        let mut new = base.clone();
        assert_eq!(compare(&base, &new).unwrap().regressions, 0);
        new.load.as_mut().unwrap().requests_per_second /= 2.0;
        let compared = compare(&base, &new).unwrap();
        assert_eq!(compared.regressions, 1, "{}", compared.text);
        assert_eq!(compare(&new, &base).unwrap().regressions, 0, "faster is no regression");
    }
}
