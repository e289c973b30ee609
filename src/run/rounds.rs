//! Races: rounds of changes at the same time, judged by what is left of them.
//!
//! A race that goes wrong is tried again with fewer workers, down to two: what shows with few is
//! told with few. Races come and go, so a finding says in how many rounds of how many it showed.

mod race;

use self::race::{Field, Raced};
use super::cleanup::clean_up;
use super::ground::Ground;
use super::investigate::keep;
use super::play::PlayError;
use super::stage::Stage;
use super::{Finding, ScenarioResult};
use crate::checks::capability::{Capabilities, Capability};
use crate::checks::check::{Check, Level, Verb, Verdict};
use crate::checks::listen::EveryJudge;
use crate::directory::mix_both;
use crate::history::RoundPlan;
use crate::scenario::Scenario;
use crate::tenant::Tenant;

/// Remarks that are kept of one scenario.
const REMARKS_MAX: usize = 20;

const MEMBERSHIPS: &[Capability] = &[Capability::Patch, Capability::Group];

/// What a race needs of a tenant.
const NEEDS: &[(Verb, &[Capability])] = &[
    (Verb::RaceCreates, &[Capability::JoinedFilters]),
    (Verb::RaceRenames, &[Capability::JoinedFilters, Capability::Patch]),
    (Verb::RaceAdds, MEMBERSHIPS),
    (Verb::RaceAddsAndRemoves, MEMBERSHIPS),
    (Verb::RaceReplaces, &[Capability::Patch, Capability::Attribute("name")]),
    (Verb::RaceIncrements, &[Capability::Patch, Capability::Etag, Capability::Attribute("title")]),
    (Verb::RaceAccesses, &[Capability::Patch, Capability::Attribute("title")]),
    (Verb::RaceReads, &[Capability::Patch, Capability::Attribute("title")]),
    (Verb::RacePages, &[Capability::JoinedFilters]),
];

/// Plays the rounds of a scenario until a race goes wrong, or all of them where failures are
/// collected.
///
/// # Errors
///
/// Where a file of a finding cannot be written.
pub(super) async fn play_rounds(
    stage: &Stage,
    scenario: &Scenario,
    plan: &RoundPlan,
) -> Result<ScenarioResult, PlayError> {
    let ground = Ground::of(stage, scenario).await;
    let capabilities = &ground.capabilities;
    let mut meeting = Meeting {
        stage,
        scenario,
        plan,
        ground: &ground,
        findings: Vec::new(),
        remarks: Vec::new(),
        races: 0,
    };
    for (race, capability) in lacking(plan, capabilities) {
        meeting.remark(format!("{} is left out: no {capability}", race.word()));
    }
    stage.judge.in_scenario(Some(&scenario.name));
    let rounds = meeting.play(&runnable(plan, capabilities)).await?;
    stage.judge.in_scenario(None);
    Ok(ground.result(stage, scenario, rounds, meeting.findings, meeting.remarks))
}

fn runnable(plan: &RoundPlan, capabilities: &Capabilities) -> Vec<Verb> {
    let lacking = lacking(plan, capabilities);
    let races = plan.races.iter().copied();
    races.filter(|race| lacking.iter().all(|(lacks, _)| lacks != race)).collect()
}

/// The races that the tenant cannot run, each with the first capability that it lacks.
fn lacking(plan: &RoundPlan, capabilities: &Capabilities) -> Vec<(Verb, Capability)> {
    let lacks = |race: &Verb| {
        let needs = NEEDS.iter().filter(|(verb, _)| verb == race).flat_map(|(_, all)| *all);
        needs.copied().find(|capability| !capabilities.has(*capability))
    };
    plan.races.iter().filter_map(|race| Some((*race, lacks(race)?))).collect()
}

/// All rounds of a scenario.
struct Meeting<'a> {
    stage: &'a Stage,
    scenario: &'a Scenario,
    plan: &'a RoundPlan,
    ground: &'a Ground,
    findings: Vec<Finding>,
    remarks: Vec<String>,
    /// Races run so far; each has names of its own.
    races: u64,
}

impl Meeting<'_> {
    /// Plays the rounds that file and budget ask for; says how many.
    async fn play(&mut self, races: &[Verb]) -> Result<u64, PlayError> {
        let mut rounds = self.stage.budget.cases(self.plan.rounds);
        let mut played = 0;
        while let Some(round) = rounds.next() {
            for race in races {
                let is_known = self.findings.iter().any(|it| it.verb == race.word());
                if !is_known && !self.stage.is_stopped() {
                    self.race(round, *race).await?;
                }
                if !self.findings.is_empty() && !self.stage.budget.keep_going {
                    return Ok(played + 1);
                }
            }
            played += 1;
            let of = rounds.most().map_or(String::new(), |most| format!("/{most}"));
            let seed = self.scenario.seed;
            let left = rounds.time_left();
            let left = left.map_or(String::new(), |left| format!(", {} s left", left.as_secs()));
            let name = &self.scenario.name;
            self.stage.telling.step(&format!("{name} {played}{of}, seed {seed}{left}"));
            if self.stage.is_stopped() {
                break;
            }
        }
        Ok(played)
    }

    async fn race(&mut self, round: u32, race: Verb) -> Result<(), PlayError> {
        let raced = self.run(&self.ground.tenant, race, self.plan.workers).await;
        match failure_of(&raced, &self.stage.judge) {
            Ok(Some(failure)) => {
                let finding = self.look_into(round, race, failure).await?;
                self.findings.push(finding);
            }
            Ok(None) => {}
            Err(why) if self.stage.is_stopped() => drop(why),
            Err(why) => self.remark(format!("{}: {why}", race.word())),
        }
        Ok(())
    }

    /// Runs a race among resources of its own, which are gone afterwards.
    async fn run(&mut self, tenant: &Tenant, race: Verb, workers: usize) -> Raced {
        self.races += 1;
        let seed = mix_both(self.scenario.seed, self.races);
        let field = Field::new(tenant, workers, seed, self.ground.lags.window());
        let raced = field.run(race).await;
        clean_up(tenant, workers).await;
        raced
    }

    /// Looks for the fewest workers with whom a race goes wrong, and how often it does.
    async fn look_into(
        &mut self,
        round: u32,
        race: Verb,
        failure: Failure,
    ) -> Result<Finding, PlayError> {
        let sent = self.ground.quiet.sent().requests;
        let may_try = self.stage.budget.shrink.open(&self.ground.quiet);
        let (mut workers, mut last, mut shown, mut replays) = (self.plan.workers, failure, 0, 0);
        let mut is_minimal = false;
        for fewer in 2..=self.plan.workers {
            let (mut wrong, mut tried) = (0, 0);
            while tried < u64::from(self.stage.budget.replays) && may_try() {
                let raced = self.run(&self.ground.quiet, race, fewer).await;
                tried += 1;
                if let Ok(Some(failure)) = failure_of(&raced, &self.ground.replays) {
                    wrong += 1;
                    last = failure;
                }
            }
            (workers, shown, replays) = (fewer, wrong, tried);
            if wrong > 0 || !may_try() || self.stage.is_stopped() {
                is_minimal = wrong > 0;
                break;
            }
        }
        let minimal = self.write(race, workers, &last)?;
        Ok(Finding {
            check: last.check.id.to_owned(),
            verb: race.word().to_owned(),
            step: last.step.clone(),
            expected: last.expected,
            actual: last.actual,
            seed: self.scenario.seed,
            history: u64::from(round) + 1,
            steps_before: self.plan.workers as u64,
            script: vec![last.step; workers],
            is_minimal,
            shown,
            replays,
            requests: self.ground.quiet.sent().requests - sent,
            minimal: Some(minimal),
        })
    }

    /// Writes the race with so many workers as a scenario.
    fn write(&self, race: Verb, workers: usize, failure: &Failure) -> Result<String, PlayError> {
        let rounds = RoundPlan { workers, races: vec![race], ..self.plan.clone() };
        let minimal = Scenario {
            title: format!("{}: the smallest race that shows it", failure.check.id),
            concurrency: Some(rounds),
            ..self.scenario.clone()
        };
        let nth = self.findings.len();
        keep(self.stage, &self.scenario.name, nth, "toml", &minimal.to_toml())
    }

    fn remark(&mut self, remark: String) {
        if self.remarks.len() < REMARKS_MAX && !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }
}

/// What a race broke, by a judge who counts it; the error says why nothing can be told.
fn failure_of(raced: &Raced, judge: &EveryJudge) -> Result<Option<Failure>, String> {
    let episode = raced.as_ref().map_err(Clone::clone)?;
    let failed = judge.happened(episode).into_iter().find_map(|(check, verdict)| {
        let Verdict::Fail { expected, actual, .. } = verdict else { return None };
        let counts = matches!(check.level, Level::Must | Level::Should);
        counts.then_some(Failure { check, step: episode.step.clone(), expected, actual })
    });
    Ok(failed)
}

/// What a race broke.
struct Failure {
    check: &'static Check,
    step: String,
    expected: String,
    actual: String,
}

#[cfg(test)]
mod tests;
