//! Random histories: drawn, played, judged; and a failing one made as short and simple as it gets.

mod bulk;
mod player;
mod queries;
mod script;
mod trials;
mod wording;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use self::player::{Failure, Manner, Played, play};
use super::budget::Cases;
use super::cleanup::clean_up;
use super::ground::Ground;
use super::investigate::keep;
use super::play::PlayError;
use super::stage::Stage;
use super::{Finding, ScenarioResult};
use crate::checks::capability::{Capabilities, Capability};
use crate::checks::check::{Episode, Found, Level, State, Verb, by_id, encoded};
use crate::checks::listen::EveryJudge;
use crate::directory::{minimise, mix_both};
use crate::exchange::{Operation, Request};
use crate::history::norm::state_of;
use crate::history::{History, Kind, Model, Namespace, Offer, Step, draw, marker, simpler};
use crate::profile::LimitationKind;
use crate::scenario::Scenario;
use crate::tenant::Tenant;

/// How often a failure that did not come back at once is tried again.
const REPLAYS: u32 = 5;
/// Failures of different shape that are collected of one scenario.
const FINDINGS_MAX: usize = 20;

/// What all histories of a scenario have in common.
pub struct Around<'a> {
    stage: &'a Stage,
    scenario: &'a Scenario,
    /// How long a write may take to be seen.
    window: Duration,
    /// Whether users show their groups.
    shows_groups: bool,
    /// What the tenant takes.
    offer: Offer,
    /// What the tenant shows of a user and a group of which only a name was sent.
    defaults: Vec<(Kind, State)>,
}

/// Whether a failure is one: that of a MUST or SHOULD.
fn counts(failure: &Failure) -> bool {
    matches!(failure.check.level, Level::Must | Level::Should)
}

impl Around<'_> {
    /// A model of the empty tenant.
    fn model(&self) -> Model {
        let rename = self.stage.profile.limitation(LimitationKind::GroupRename);
        let mut model = Model::new(rename.map(|limitation| limitation.how));
        for (kind, shown) in &self.defaults {
            model.learn_defaults(*kind, shown);
        }
        model
    }

    fn names(&self, case: u32, attempt: u32) -> Namespace {
        let seed = mix_both(self.scenario.seed_of(case), u64::from(attempt));
        Namespace::new(marker(seed), Tenant::fabricated_id(seed))
    }
}

/// Plays the histories of a scenario until one fails, or all of them where failures are collected.
pub async fn play_histories(
    stage: &Stage,
    scenario: &Scenario,
    history: &History,
) -> Result<ScenarioResult, PlayError> {
    let ground = Ground::of(stage, scenario).await;
    let Ground { tenant, capabilities, .. } = &ground;
    let around = Around {
        stage,
        scenario,
        window: ground.lags.window(),
        shows_groups: capabilities.has(Capability::Attribute("groups")),
        offer: offer(capabilities),
        defaults: defaults(tenant, scenario.seed).await,
    };
    stage.judge.in_scenario(Some(&scenario.name));
    let mut hunt = Hunt {
        around: &around,
        tenant,
        quiet: &ground.quiet,
        replays: &ground.replays,
        findings: Vec::new(),
        remarks: Vec::new(),
        runs: 0,
    };
    let in_file = if matches!(history, History::Script(_)) { 1 } else { scenario.runs };
    let mut cases = match history {
        History::Script(_) => super::Budget::default().cases(1),
        History::Drawn(_) => stage.budget.cases(in_file),
    };
    while let Some(case) = cases.next() {
        let steps = match history {
            History::Script(steps) => steps.clone(),
            History::Drawn(plan) => draw(scenario.seed_of(case), plan, &around.offer),
        };
        let is_script = matches!(history, History::Script(_));
        hunt.case(case, &steps, is_script).await?;
        hunt.tell(case, &cases);
        let is_found = !hunt.findings.is_empty() && !stage.budget.keep_going;
        if is_found || stage.is_stopped() || hunt.findings.len() >= FINDINGS_MAX {
            break;
        }
    }
    stage.judge.in_scenario(None);
    Ok(ground.result(stage, scenario, hunt.runs, hunt.findings, hunt.remarks))
}

/// What the tenant takes of what histories draw.
fn offer(capabilities: &Capabilities) -> Offer {
    let mut offer = Offer::whole();
    offer.user.retain(|name| match *name {
        "enterprise.department" | "enterprise.employeeNumber" => {
            capabilities.has(Capability::Enterprise)
        }
        name => capabilities.has(Capability::Attribute(name)),
    });
    offer.group.retain(|name| capabilities.has(Capability::GroupAttribute(name)));
    for (capability, verbs) in NEEDS {
        if !capabilities.has(*capability) {
            offer.without.extend(*verbs);
        }
    }
    offer
}

/// What verbs need of a tenant.
const NEEDS: &[(Capability, &[Verb])] = &[
    (Capability::Put, &[Verb::Put, Verb::PutTwice, Verb::PutBack, Verb::PatchOrPut]),
    (Capability::Manager, &[Verb::SetManager]),
    (Capability::Attribute("active"), &[Verb::Deactivate, Verb::Reactivate]),
    (Capability::Group, &[Verb::AddMembers, Verb::RemoveMembers, Verb::OneByOne]),
    (Capability::Sort, &[Verb::Sort]),
    (Capability::Bulk, &[Verb::InBulk, Verb::BulkStops]),
    (Capability::Search, &[Verb::Search]),
    (Capability::Etag, &[Verb::Cached]),
    (
        Capability::JoinedFilters,
        &[
            Verb::List,
            Verb::Filter,
            Verb::FilterTwice,
            Verb::Search,
            Verb::Page,
            Verb::Sort,
            Verb::ClaimName,
            Verb::RenameAndLook,
            Verb::See,
            Verb::LoseAnswer,
        ],
    ),
    (
        Capability::Patch,
        &[
            Verb::Patch,
            Verb::AddMembers,
            Verb::RemoveMembers,
            Verb::SetManager,
            Verb::Deactivate,
            Verb::Reactivate,
            Verb::Rename,
            Verb::RenameAndLook,
            Verb::PatchOrPut,
            Verb::PatchSplit,
            Verb::PatchEitherOrder,
            Verb::PatchFlawed,
            Verb::AddTwice,
            Verb::AddAndRemove,
            Verb::ThereAndBack,
            Verb::Spell,
            Verb::Dialects,
            Verb::See,
            Verb::OneByOne,
            Verb::Cached,
        ],
    ),
];

/// What the tenant shows of a resource for which only a name is sent.
async fn defaults(tenant: &Tenant, seed: u64) -> Vec<(Kind, State)> {
    let marker = marker(mix_both(seed, u64::MAX));
    let name = format!("name0.{marker}@example.com");
    let mut defaults = Vec::new();
    for kind in [Kind::User, Kind::Group] {
        let body = json!({"schemas": [kind.schema().id], kind.name_attribute(): name});
        let operation = Operation::Probe("history");
        let made = tenant.send(operation, Request::post(kind.collection(), &body)).await;
        let Some(request) = by_id(kind.collection(), &made) else { continue };
        let read = tenant.send(operation, request).await;
        if let Some(body) = read.json().filter(|_| read.is_success()) {
            defaults.push((kind, state_of(kind, &body)));
        }
    }
    clean_up(tenant, 1).await;
    defaults
}

/// The search for failures over all histories of a scenario.
struct Hunt<'a> {
    around: &'a Around<'a>,
    tenant: &'a Tenant,
    quiet: &'a Tenant,
    replays: &'a EveryJudge,
    findings: Vec<Finding>,
    remarks: Vec<String>,
    runs: u64,
}

impl Hunt<'_> {
    /// Plays one history; a failure is looked into.
    async fn case(&mut self, case: u32, steps: &[Step], is_script: bool) -> Result<(), PlayError> {
        let names = self.around.names(case, 0);
        let manner = Manner { is_thorough: is_script, keeps: false };
        let known: BTreeSet<(String, String)> = self
            .findings
            .iter()
            .map(|finding| (finding.check.clone(), finding.verb.clone()))
            .collect();
        let is_known = |failure: &Failure| {
            known.contains(&(failure.check.id.to_owned(), failure.verb.word().to_owned()))
        };
        let stage = self.around.stage;
        let marker = names.marker().to_owned();
        let played =
            play(self.around, self.tenant, &stage.judge, steps, names, manner, &is_known).await;
        clean_up(self.tenant, 1).await;
        self.sweep(&marker).await;
        self.runs += 1;
        if let Some(why) = played.broke_off
            && !stage.is_stopped()
        {
            self.remark(format!("history {}: {why}", case + 1));
        }
        match played.failures.into_iter().next() {
            Some(failure) if !stage.is_stopped() => {
                let finding = self.look_into(case, played.steps, failure).await?;
                self.findings.push(finding);
            }
            _ => {}
        }
        Ok(())
    }

    /// Looks for what a history has left behind.
    async fn sweep(&self, marker: &str) {
        if self.around.offer.without.contains(&Verb::Filter) {
            return;
        }
        for kind in [Kind::User, Kind::Group] {
            let query = format!("{} co \"{marker}\"", kind.name_attribute());
            let target = format!("{}?filter={}", kind.collection(), encoded(&query));
            let seen = self.tenant.send(Operation::Probe("history"), Request::get(target)).await;
            let ids = |entry: &Value| entry["id"].as_str().unwrap_or("no id").to_owned();
            let actual = match seen.list() {
                Ok(list) if seen.is_success() => Ok(list.resources.iter().map(ids).collect()),
                _ => Err(seen.told()),
            };
            let mut it = Episode::of(Verb::CleanUp, "clean-up".to_owned());
            let (must, may) = (BTreeSet::new(), BTreeSet::new());
            it.found.push(Found { query, must, may, actual });
            it.exchanges.push(seen);
            self.around.stage.judge.happened(&it);
        }
    }

    fn remark(&mut self, remark: String) {
        if self.remarks.len() < FINDINGS_MAX {
            self.remarks.push(remark);
        }
    }

    /// Tells how far the search has come.
    fn tell(&self, case: u32, cases: &Cases) {
        let scenario = self.around.scenario;
        let of = cases.most().map_or(String::new(), |most| format!("/{most}"));
        let left =
            cases.time_left().map_or(String::new(), |left| format!(", {} s left", left.as_secs()));
        let found = match self.findings.len() {
            0 => String::new(),
            found => format!(", {found} found"),
        };
        let seed = scenario.seed_of(case);
        let text = format!("{} {}{of}, seed {seed}{found}{left}", scenario.name, case + 1);
        self.around.stage.telling.step(&text);
    }

    /// Replays a failure, shortens and simplifies it, and writes it down.
    async fn look_into(
        &self,
        case: u32,
        steps: Vec<Step>,
        failure: Failure,
    ) -> Result<Finding, PlayError> {
        let sent = self.quiet.sent().requests;
        let attempt = AtomicU32::new(1);
        let before = steps.len() as u64;
        let again = async |steps: &[Step]| {
            let names = self.around.names(case, attempt.fetch_add(1, Ordering::Relaxed));
            let manner = Manner { is_thorough: true, keeps: true };
            let played =
                play(self.around, self.quiet, self.replays, steps, names, manner, &|other| {
                    other.check.id != failure.check.id
                })
                .await;
            clean_up(self.quiet, 1).await;
            played
        };
        let mut shown = u32::from(!again(&steps).await.failures.is_empty());
        let mut replays = 1;
        let is_steady = shown == 1;
        while !is_steady && replays < REPLAYS && !self.around.stage.is_stopped() {
            replays += 1;
            shown += u32::from(!again(&steps).await.failures.is_empty());
        }
        let stage = self.around.stage;
        let may_try = stage.budget.shrink.open(self.quiet);
        let may_try = || is_steady && !stage.is_stopped() && may_try();
        let minimised = minimise(steps, may_try, |steps| {
            let again = &again;
            async move { !again(&steps).await.failures.is_empty() }
        })
        .await;
        let steps = simplified(minimised.changes, may_try, &again).await;
        let played = again(&steps).await;
        let requests = self.quiet.sent().requests - sent;
        let last = played.failures.first().cloned().unwrap_or(failure);
        let scenario = self.around.scenario;
        let minimal = Scenario {
            title: format!("{}: the shortest history that shows it", last.check.id),
            seed: scenario.seed_of(case),
            runs: 1,
            history: Some(History::Script(steps.clone())),
            ..scenario.clone()
        };
        let path = self.write(&minimal, &played, &last)?;
        Ok(Finding {
            check: last.check.id.to_owned(),
            verb: last.verb.word().to_owned(),
            step: last.step,
            expected: last.expected,
            actual: last.actual,
            seed: scenario.seed_of(case),
            history: u64::from(case) + 1,
            steps_before: before,
            script: steps.iter().map(Step::to_string).collect(),
            is_minimal: minimised.is_minimal && is_steady,
            shown: u64::from(shown),
            replays: u64::from(replays),
            requests,
            minimal: Some(path),
        })
    }

    /// Writes the short history as a scenario and as a shell script.
    fn write(
        &self,
        minimal: &Scenario,
        played: &Played,
        failure: &Failure,
    ) -> Result<String, PlayError> {
        let keep = |ending, text: &str| {
            keep(self.around.stage, &minimal.name, self.findings.len(), ending, text)
        };
        keep("sh", &script::text(&minimal.name, played, failure))?;
        keep("toml", &minimal.to_toml())
    }
}

/// Makes the steps of a short failing history simple, one by one, as long as it still fails.
async fn simplified(
    mut steps: Vec<Step>,
    may_try: impl Fn() -> bool,
    again: &impl AsyncFn(&[Step]) -> Played,
) -> Vec<Step> {
    let mut place = 0;
    while place < steps.len() {
        let mut is_simplest = true;
        for form in simpler(&steps[place]) {
            if !may_try() {
                return steps;
            }
            let mut simple = steps.clone();
            simple[place] = form;
            if !again(&simple).await.failures.is_empty() {
                steps = simple;
                is_simplest = false;
                break;
            }
        }
        place += usize::from(is_simplest);
    }
    steps
}

#[cfg(test)]
pub(super) mod tests;
