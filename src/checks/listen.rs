//! Judges of everything that passes: each exchange as it ends, each comparison after a cycle.
//!
//! Quick by design: checks are found by operation, a body is parsed once for all of them, and only
//! counts and the first evidence of each kind are kept, so memory does not grow with a load.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::all;
use super::check::{Check, Comparison, Episode, Judge, Operation, Seen, Verb, Verdict, Way};
use crate::exchange::{Exchange, Listener, curl};

/// What is kept of one check.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How often it was judged.
    pub judged: u64,
    /// How often it failed.
    pub failed: u64,
    /// Numbers of the first failing exchanges, at most ten.
    pub exchanges: Vec<u64>,
    /// The first evidence of each kind, worst last.
    pub evidence: BTreeMap<Kind, Evidence>,
}

/// The kinds of evidence that are kept apart, because an excuse may cover one and not another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It could not be told.
    CannotTell,
    /// As asked.
    Pass,
    /// Worth a remark.
    Remark,
    /// Not as asked, in that way.
    Fail(Way),
}

/// The first exchange or comparison that showed something.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What was said of it.
    pub verdict: Verdict,
    /// The curl line of the exchange, where it was one that failed.
    pub curl: Option<String>,
    /// The scenario that was running.
    pub scenario: Option<String>,
}

const NUMBERS_MAX: usize = 10;

impl Tally {
    fn note(
        &mut self,
        verdict: Verdict,
        number: Option<u64>,
        evidence: impl FnOnce(Verdict) -> Evidence,
    ) {
        let kind = match &verdict {
            Verdict::NotApplicable => return,
            Verdict::CannotTell(_) => Kind::CannotTell,
            Verdict::Pass => Kind::Pass,
            Verdict::Remark(_) => Kind::Remark,
            Verdict::Fail { way, .. } => Kind::Fail(*way),
        };
        if kind != Kind::CannotTell {
            self.judged += 1;
        }
        if matches!(kind, Kind::Fail(_)) {
            self.failed += 1;
            if let Some(number) = number
                && self.exchanges.len() < NUMBERS_MAX
            {
                self.exchanges.push(number);
            }
        }
        self.evidence.entry(kind).or_insert_with(|| evidence(verdict));
    }
}

/// Judges every exchange it hears by the `Every` checks, and comparisons by the `Converged` ones.
pub struct EveryJudge {
    base: String,
    content_type_strict: bool,
    by_operation: BTreeMap<Operation, Vec<&'static Check>>,
    by_any: Vec<&'static Check>,
    by_verb: BTreeMap<Verb, Vec<&'static Check>>,
    scenario: Mutex<Option<String>>,
    tallies: Mutex<BTreeMap<&'static str, Tally>>,
}

impl EveryJudge {
    /// A judge for the tenant at `base`, the absolute URL below which requests go; it stands in the
    /// curl lines of evidence.
    pub fn new(base: impl Into<String>, content_type_strict: bool) -> Self {
        let mut by_operation: BTreeMap<Operation, Vec<&'static Check>> = BTreeMap::new();
        let mut by_any = Vec::new();
        let mut by_verb: BTreeMap<Verb, Vec<&'static Check>> = BTreeMap::new();
        for check in all() {
            match check.judge {
                Judge::Every([], _) => by_any.push(check),
                Judge::Every(operations, _) => {
                    for operation in operations {
                        by_operation.entry(*operation).or_default().push(check);
                    }
                }
                Judge::Steps(verbs, _) => {
                    let verbs = if verbs.is_empty() { Verb::ALL } else { verbs };
                    for verb in verbs {
                        by_verb.entry(*verb).or_default().push(check);
                    }
                }
                _ => {}
            }
        }
        Self {
            base: base.into().trim_end_matches('/').to_owned(),
            content_type_strict,
            by_operation,
            by_any,
            by_verb,
            scenario: Mutex::default(),
            tallies: Mutex::default(),
        }
    }

    /// Says which scenario runs from now on; evidence names it.
    pub fn in_scenario(&self, name: Option<&str>) {
        *lock(&self.scenario) = name.map(str::to_owned);
    }

    /// Judges one comparison of tenant and projection.
    pub fn compared(&self, comparison: &Comparison) {
        let scenario = lock(&self.scenario).clone();
        for check in all() {
            let Judge::Converged(judge) = check.judge else { continue };
            let verdict = judge(comparison);
            let mut tallies = lock(&self.tallies);
            tallies.entry(check.id).or_default().note(verdict, None, |verdict| Evidence {
                verdict,
                curl: None,
                scenario: scenario.clone(),
            });
        }
    }

    /// Judges one step of a history; what failed comes back, in the catalogue's order.
    pub fn happened(&self, episode: &Episode) -> Vec<(&'static Check, Verdict)> {
        let mut failed = Vec::new();
        for check in self.by_verb.get(&episode.verb).into_iter().flatten() {
            let Judge::Steps(_, judge) = check.judge else { continue };
            let verdict = judge(episode);
            if matches!(verdict, Verdict::Fail { .. }) {
                failed.push((*check, verdict.clone()));
            }
            let last = episode.exchanges.last();
            let mut tallies = lock(&self.tallies);
            let tally = tallies.entry(check.id).or_default();
            tally.note(verdict, last.map(|seen| seen.number), |verdict| Evidence {
                curl: last
                    .filter(|_| matches!(verdict, Verdict::Fail { .. }))
                    .map(|seen| curl::line(&self.url(seen), &seen.request)),
                verdict,
                scenario: lock(&self.scenario).clone(),
            });
        }
        failed
    }

    fn url(&self, seen: &Exchange) -> String {
        format!("{}{}", self.base, seen.request.target)
    }

    /// What was counted of a check so far.
    pub fn tally(&self, id: &str) -> Option<Tally> {
        lock(&self.tallies).get(id).cloned()
    }
}

impl Listener for EveryJudge {
    fn heard(&self, exchange: &Exchange) {
        if exchange.result.is_err() || exchange.disturbance.is_some() {
            return;
        }
        let seen = Seen::new(exchange, self.content_type_strict);
        let named = self.by_operation.get(&exchange.operation).map_or(&[][..], Vec::as_slice);
        for check in self.by_any.iter().chain(named) {
            let Judge::Every(_, judge) = check.judge else { continue };
            let verdict = judge(&seen);
            if verdict == Verdict::NotApplicable {
                continue;
            }
            let mut tallies = lock(&self.tallies);
            let tally = tallies.entry(check.id).or_default();
            tally.note(verdict, Some(exchange.number), |verdict| Evidence {
                curl: matches!(verdict, Verdict::Fail { .. })
                    .then(|| curl::line(&self.url(exchange), &exchange.request)),
                verdict,
                scenario: lock(&self.scenario).clone(),
            });
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::canary::{answer, exchange};
    use super::*;

    #[test]
    fn a_bad_answer_is_counted_and_the_first_is_kept() {
        let judge = EveryJudge::new("http://h/scim/", false);
        judge.in_scenario(Some("lifecycle/join"));
        for number in 1..=12 {
            let mut seen = exchange(
                Operation::CreateUser,
                Request::post("/Users", &json!({})),
                answer(500, &json!({})),
            );
            seen.number = number;
            judge.heard(&seen);
        }
        let tally = judge.tally("err-no-5xx").unwrap();
        assert_eq!((tally.judged, tally.failed, tally.exchanges.len()), (12, 12, NUMBERS_MAX));
        let evidence = tally.evidence.values().next_back().unwrap();
        assert_eq!(evidence.scenario.as_deref(), Some("lifecycle/join"));
        assert!(evidence.curl.as_deref().unwrap().contains("http://h/scim/Users"));
    }

    use crate::exchange::Request;
}
