//! Holds `src/checks/failing.jsonl` to the canaries: what each check says of a wrong answer.
//!
//! With `SCIMRIG_REGENERATE` set the test writes the file; `.ci/regenerate` does that.

use std::fmt::Write as _;
use std::path::Path;

use super::explain::{EXAMPLE, Line};
use crate::checks::canary::{Canary, Evidence, judged, said};
use crate::checks::check::{Check, Judge, Verdict};
use crate::checks::{FAILING, all, tests::canaries};
use crate::exchange::curl;

/// The line of a canary; the requests of a dialogue go with its right answers.
fn line(check: &Check, canary: &Canary) -> Line {
    let Verdict::Fail { expected, actual, .. } = judged(check, &canary.wrong) else {
        panic!("{}: the wrong evidence does not fail", check.id)
    };
    let asks = match (check.judge, &canary.right) {
        (Judge::Dialogue(..), Evidence::Answers(answers)) => {
            let (_, said) = said(check, answers);
            let asked = said.exchanges.iter().map(|seen| &seen.request);
            asked.map(|it| curl::line(&format!("{EXAMPLE}{}", it.target), it)).collect()
        }
        _ => Vec::new(),
    };
    Line { id: check.id.to_owned(), expected, actual, asks }
}

#[test]
fn what_fails_each_check_is_written_down_as_its_canaries_have_it() {
    let canaries: Vec<Canary> = canaries().collect();
    let mut fresh = String::new();
    for check in all() {
        for canary in canaries.iter().filter(|canary| canary.id == check.id) {
            let line = serde_json::to_string(&line(check, canary)).unwrap();
            let _ = writeln!(fresh, "{line}");
        }
    }
    if std::env::var_os("SCIMRIG_REGENERATE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks/failing.jsonl");
        std::fs::write(path, fresh).unwrap();
        return;
    }
    let stale: Vec<_> =
        fresh.lines().filter(|line| !FAILING.lines().any(|it| it == *line)).collect();
    assert!(
        fresh == FAILING,
        "src/checks/failing.jsonl is not what the canaries say: run .ci/regenerate. {} lines are \
         new, such as {:?}",
        stale.len(),
        stale.first()
    );
}
