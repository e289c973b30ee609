//! Judges of everything that passes: each exchange as it ends, each comparison after a cycle.
//!
//! Quick by design: checks are found by operation, what they say is counted by their place in the
//! catalogue, and only counts and the first evidence of each kind are kept, so memory does not grow
//! with a load.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::all;
use super::check::{
    Check, Comparison, Episode, Judge, Judged, Operation, Reading, Seen, Verb, Verdict, Way,
};
use super::memory::{Earlier, Memory, Sighting};
use super::repeated::Repeated;
use crate::exchange::{Exchange, Listener, curl};
use crate::profile::{EntraSettings, ServerProfile, Stances};

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
    /// How the tenant reads what the sources leave open, each reading once.
    pub readings: Vec<Reading>,
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
/// About so many checks pass on one exchange.
const PASSES: usize = 64;

impl Tally {
    fn note(
        &mut self,
        judged: Judged,
        number: Option<u64>,
        evidence: impl FnOnce(Verdict) -> Evidence,
    ) {
        let Judged { verdict, readings } = judged;
        let kind = match &verdict {
            Verdict::NotApplicable => return,
            Verdict::CannotTell(_) => Kind::CannotTell,
            Verdict::Pass => Kind::Pass,
            Verdict::Remark(_) | Verdict::Reads(_) => Kind::Remark,
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
        for reading in readings {
            let is_known = |it: &Reading| it.of == reading.of && it.reading == reading.reading;
            if !self.readings.iter().any(is_known) {
                self.readings.push(reading);
            }
        }
        self.evidence.entry(kind).or_insert_with(|| evidence(verdict));
    }
}

/// A check with its place in the catalogue.
type Placed = (usize, &'static Check);

/// What was counted of each check, by its place in the catalogue.
struct Tallies {
    noted: Vec<Tally>,
    /// Passes after the first, and answers that are known already: by far the most frequent, they
    /// leave nothing behind.
    judged_again: Vec<u64>,
}

impl Tallies {
    fn new() -> Self {
        let checks = all().count();
        Self { noted: vec![Tally::default(); checks], judged_again: vec![0; checks] }
    }

    fn of(&self, place: usize) -> Tally {
        let noted = self.noted[place].clone();
        Tally { judged: noted.judged + self.judged_again[place], ..noted }
    }
}

/// Judges every exchange it hears by the `Every` checks, and comparisons by the `Converged` ones.
pub struct EveryJudge {
    base: String,
    content_type_strict: bool,
    stances: Stances,
    by_operation: BTreeMap<Operation, Vec<Placed>>,
    by_any: Vec<Placed>,
    by_verb: BTreeMap<Verb, Vec<Placed>>,
    again: Vec<Placed>,
    converged: Vec<Placed>,
    memory: Mutex<Memory>,
    repeated: Mutex<Repeated>,
    /// What properties were broken in passing since somebody asked.
    broken: Mutex<Vec<(&'static Check, Verdict)>>,
    scenario: Mutex<Option<String>>,
    tallies: Mutex<Tallies>,
}

impl EveryJudge {
    /// A judge for the tenant at `base`, the absolute URL below which requests go; it stands in the
    /// curl lines of evidence.
    pub fn new(base: impl Into<String>, profile: &ServerProfile) -> Self {
        let settings = EntraSettings::default().with(&profile.entra);
        let mut by_operation: BTreeMap<Operation, Vec<Placed>> = BTreeMap::new();
        let mut by_verb: BTreeMap<Verb, Vec<Placed>> = BTreeMap::new();
        let (mut by_any, mut again, mut converged) = (Vec::new(), Vec::new(), Vec::new());
        for placed in all().enumerate() {
            match placed.1.judge {
                Judge::Every([], _) => by_any.push(placed),
                Judge::Every(operations, _) => {
                    for operation in operations {
                        by_operation.entry(*operation).or_default().push(placed);
                    }
                }
                Judge::Again(_) => again.push(placed),
                Judge::Converged(_) => converged.push(placed),
                Judge::Steps(verbs, _) => {
                    let verbs = if verbs.is_empty() { Verb::ALL } else { verbs };
                    for verb in verbs {
                        by_verb.entry(*verb).or_default().push(placed);
                    }
                }
                Judge::Probe(..) | Judge::Dialogue(..) | Judge::Race(..) => {}
            }
        }
        Self {
            base: base.into().trim_end_matches('/').to_owned(),
            content_type_strict: settings.content_type_strict,
            stances: profile.stances.clone(),
            by_operation,
            by_any,
            by_verb,
            again,
            converged,
            memory: Mutex::default(),
            repeated: Mutex::default(),
            broken: Mutex::default(),
            scenario: Mutex::default(),
            tallies: Mutex::new(Tallies::new()),
        }
    }

    /// Says which scenario runs from now on; evidence names it.
    pub fn in_scenario(&self, name: Option<&str>) {
        *lock(&self.scenario) = name.map(str::to_owned);
    }

    /// Judges one comparison of tenant and projection.
    pub fn compared(&self, comparison: &Comparison) {
        for (place, check) in &self.converged {
            let Judge::Converged(judge) = check.judge else { continue };
            let judged = judge(comparison).under(&self.stances);
            self.note(&mut lock(&self.tallies).noted[*place], judged, None);
        }
    }

    /// Judges one step of a history; what failed comes back, in the catalogue's order.
    pub fn happened(&self, episode: &Episode) -> Vec<(&'static Check, Verdict)> {
        let mut failed = Vec::new();
        for (place, check) in self.by_verb.get(&episode.verb).into_iter().flatten() {
            let Judge::Steps(_, judge) = check.judge else { continue };
            let judged = judge(episode).under(&self.stances);
            if matches!(judged.verdict, Verdict::Fail { .. }) {
                failed.push((*check, judged.verdict.clone()));
            }
            self.note(&mut lock(&self.tallies).noted[*place], judged, episode.exchanges.last());
        }
        failed
    }

    fn url(&self, seen: &Exchange) -> String {
        format!("{}{}", self.base, seen.request.target)
    }

    /// What was counted of a check so far.
    pub fn tally(&self, id: &str) -> Option<Tally> {
        let place = all().position(|check| check.id == id)?;
        Some(lock(&self.tallies).of(place)).filter(|tally| !tally.evidence.is_empty())
    }
}

impl EveryJudge {
    /// Judges one exchange by itself, as one of a recording: there nobody knows which answers came
    /// from one and the same tenant.
    pub fn heard_alone(&self, exchange: &Exchange) {
        if exchange.result.is_ok() && exchange.disturbance.is_none() {
            self.judge_alone(&Seen::new(exchange, self.content_type_strict));
        }
    }

    /// What properties were broken in passing since the last call, the first of them.
    pub fn take_broken(&self) -> Vec<(&'static Check, Verdict)> {
        std::mem::take(&mut *lock(&self.broken))
    }

    /// Judges an exchange by itself. Where it failed nothing, says by which checks it was judged.
    fn judge_alone(&self, seen: &Seen<'_>) -> Option<Vec<usize>> {
        let named = self.by_operation.get(&seen.operation).map_or(&[][..], Vec::as_slice);
        let verdicts = self.by_any.iter().chain(named).filter_map(|placed| {
            let Judge::Every(_, judge) = placed.1.judge else { return None };
            Some((*placed, judge(seen)))
        });
        self.note_passing(verdicts, seen)
    }

    /// Judges what an exchange shows of a resource beside what was seen of it before.
    fn judge_again(&self, now: Option<Arc<Sighting>>, seen: &Exchange) {
        let Some(now) = now else { return };
        let earlier = match lock(&self.memory).meet(&now, seen.sent, seen.answered) {
            Earlier::AtOnce => return,
            Earlier::Nothing => None,
            Earlier::Seen(earlier) => Some(earlier),
        };
        let verdicts = self.again.iter().filter_map(|placed| {
            let Judge::Again(judge) = placed.1.judge else { return None };
            Some((*placed, judge(earlier.as_deref(), &now)))
        });
        self.note_passing(verdicts, seen);
    }

    /// Counts what one exchange comes to, and gives the places of what it was judged by, where
    /// nothing failed. The counts are taken hold of once, after all is judged.
    fn note_passing(
        &self,
        verdicts: impl Iterator<Item = (Placed, Verdict)>,
        seen: &Exchange,
    ) -> Option<Vec<usize>> {
        let (mut passed, mut others) = (Vec::with_capacity(PASSES), Vec::new());
        for ((place, check), verdict) in verdicts {
            match verdict {
                Verdict::NotApplicable => {}
                Verdict::Pass => passed.push(place),
                other => others.push(((place, check), other.under(&self.stances))),
            }
        }
        for ((_, check), judged) in &others {
            if matches!(judged.verdict, Verdict::Fail { .. }) && check.id.starts_with("prop-") {
                let mut broken = lock(&self.broken);
                if broken.len() < NUMBERS_MAX {
                    broken.push((*check, judged.verdict.clone()));
                }
            }
        }
        let mut tallies = lock(&self.tallies);
        let is_remark = |judged: &Judged| {
            matches!(judged.verdict, Verdict::Pass | Verdict::Remark(_) | Verdict::Reads(_))
        };
        let failed_nothing = others.iter().all(|(_, judged)| is_remark(judged));
        for place in passed.iter().copied() {
            match tallies.noted[place].evidence.contains_key(&Kind::Pass) {
                true => tallies.judged_again[place] += 1,
                false => self.note(&mut tallies.noted[place], Verdict::Pass.into(), Some(seen)),
            }
        }
        for ((place, _), judged) in others {
            self.note(&mut tallies.noted[place], judged, Some(seen));
            passed.push(place);
        }
        failed_nothing.then_some(passed)
    }

    /// Counts what is known already.
    fn note_repeated(&self, judged: &[usize]) {
        let mut tallies = lock(&self.tallies);
        for place in judged {
            tallies.judged_again[*place] += 1;
        }
    }

    fn note(&self, tally: &mut Tally, judged: Judged, seen: Option<&Exchange>) {
        tally.note(judged, seen.map(|seen| seen.number), |verdict| Evidence {
            curl: seen
                .filter(|_| matches!(verdict, Verdict::Fail { .. }))
                .map(|seen| curl::line(&self.url(seen), &seen.request)),
            verdict,
            scenario: lock(&self.scenario).clone(),
        });
    }
}

impl Listener for EveryJudge {
    fn heard(&self, exchange: &Exchange) {
        // What went wrong on our own side of the door is no answer of the tenant's.
        if exchange.result.is_err() || exchange.disturbance.is_some() {
            return;
        }
        let repeated = lock(&self.repeated).of(exchange);
        if let Some(known) = repeated {
            self.note_repeated(&known.judged);
            return self.judge_again(known.sighting.clone(), exchange);
        }
        let seen = Seen::new(exchange, self.content_type_strict);
        let judged = self.judge_alone(&seen);
        let sighting = Sighting::of(&seen).map(Arc::new);
        self.judge_again(sighting.clone(), exchange);
        if let Some(judged) = judged {
            lock(&self.repeated).keep(exchange, judged, sighting);
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
        let profile = ServerProfile::built_in("strict").unwrap();
        let judge = EveryJudge::new("http://h/scim/", &profile);
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

    /// A tenant that shows one user as it is, then changes a bit of the answer.
    #[test]
    fn a_repeated_read_counts_as_often_as_it_is_made_and_a_changed_one_is_judged() {
        let profile = ServerProfile::built_in("strict").unwrap();
        // Without a header Location, which is a reading and no failure.
        let meta = json!({"location": "http://h/scim/Users/user-0"});
        let good = json!({"schemas": [crate::scim::USER], "id": "user-0", "meta": meta});
        let read = |target: &str, body: &Value| {
            exchange(Operation::ReadBack, Request::get(target), answer(200, body))
        };
        let typed = |kind: &'static str| {
            let mut seen = read("/Users/user-0", &good);
            let answer = seen.result.as_mut().unwrap();
            answer.headers.insert("content-type", kind.parse().unwrap());
            seen
        };
        let other = |name: &str, value: Value| {
            let mut body = good.clone();
            body[name] = value;
            read("/Users/user-0", &body)
        };
        let first = typed("application/scim+json");
        let changed = [
            ("type-boolean", other("active", json!("True"))),
            ("id-present", other("id", json!(""))),
            ("media-default-scim-json", typed("text/plain")),
            ("prop-id-stable-unique", read("/Users/user-1", &good)),
        ];
        for (id, seen) in changed {
            let judge = EveryJudge::new("http://h/scim", &profile);
            let told = || ALL.map(|id| judge.tally(id).map_or(0, |it| it.judged));
            judge.heard(&first);
            let once = told();
            (0..4).for_each(|_| judge.heard(&first));
            assert_eq!(told(), once.map(|count| 5 * count), "{id}");
            assert!(once.contains(&1));
            assert_eq!(judge.tally(id).map_or(0, |it| it.failed), 0, "{id}");
            assert_eq!(judge.tally("get-location").unwrap().readings.len(), 1);
            judge.heard(&seen);
            assert_eq!(judge.tally(id).unwrap().failed, 1, "{id}");
            judge.heard(&seen);
            assert_eq!(judge.tally(id).unwrap().failed, 2, "{id}: a failure is never kept");
        }
    }

    /// Checks of each kind that hears what passes by itself.
    const ALL: [&str; 4] = ["get-location", "id-present", "media-default-scim-json", "err-no-5xx"];

    use serde_json::Value;

    use crate::exchange::Request;
}
