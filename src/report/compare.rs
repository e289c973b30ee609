//! Two runs beside each other: what broke, what was mended, what got slower. Markdown, for a pull
//! request.

use std::fmt::Write as _;

use super::visible::cell;
use crate::checks::check::{CheckResult, Outcome};
use crate::run::Run;

/// Texts of a tenant are cut here.
const LONG: usize = 200;

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The Markdown.
    pub text: String,
    /// Checks that are violated now and were not before.
    pub new_violations: u64,
}

/// Compares a newer run with an older one.
pub fn compare(base: &Run, new: &Run) -> Compared {
    let mut text = String::new();
    let _ = writeln!(text, "# {} against {}\n", cell(&new.tenant, LONG), cell(&base.tenant, LONG));
    if base.profile != new.profile || base.dialect != new.dialect || base.command != new.command {
        let _ = writeln!(
            text,
            "The runs are not alike: `{}`, {}, {} against `{}`, {}, {}.\n",
            cell(&new.command, LONG),
            cell(&new.profile, LONG),
            cell(&new.dialect, LONG),
            cell(&base.command, LONG),
            cell(&base.profile, LONG),
            cell(&base.dialect, LONG)
        );
    }
    let changed: Vec<(Outcome, &CheckResult)> = new
        .checks
        .iter()
        .filter_map(|check| {
            let before = base.checks.iter().find(|old| old.id == check.id);
            let before = before.map_or(Outcome::NotExercised, |old| old.outcome);
            (before != check.outcome).then_some((before, check))
        })
        .collect();
    let is_new = |(_, check): &&(Outcome, &CheckResult)| check.outcome == Outcome::Violation;
    let new_violations = changed.iter().filter(is_new).count() as u64;
    if changed.is_empty() {
        text.push_str("Every check came out as before.\n");
    } else {
        text.push_str("| check | before | now | seen now |\n| --- | --- | --- | --- |\n");
    }
    for (before, check) in changed {
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
    latencies(&mut text, base, new);
    Compared { text, new_violations }
}

/// Medians of the operations both runs have; a single pair of runs says little about noise.
fn latencies(text: &mut String, base: &Run, new: &Run) {
    text.push_str("\n| operation | p50 before, ms | p50 now, ms | ratio |\n");
    text.push_str("| --- | --- | --- | --- |\n");
    for now in &new.operations {
        let Some(before) = base.operations.iter().find(|old| old.operation == now.operation) else {
            continue;
        };
        let (old, fresh) = (before.latency_ms.p50, now.latency_ms.p50);
        let ratio = if old > 0.0 { format!("{:.2}", fresh / old) } else { "–".to_owned() };
        let name = cell(&now.operation, LONG);
        let _ = writeln!(text, "| {name} | {old:.2} | {fresh:.2} | {ratio} |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    #[test]
    fn a_check_that_broke_is_named_and_one_that_was_mended_is_no_violation() {
        let base = sample::conforming();
        let mut new = base.clone();
        assert_eq!(compare(&base, &new).new_violations, 0);
        new.checks[0].outcome = Outcome::Violation;
        let compared = compare(&base, &new);
        assert_eq!(compared.new_violations, 1);
        assert!(compared.text.contains(&new.checks[0].id), "{}", compared.text);
        assert_eq!(compare(&new, &base).new_violations, 0);
    }
}
