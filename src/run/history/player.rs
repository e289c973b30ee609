//! Plays one history against a tenant: sends each step, reads back what it touched, and has every
//! step judged.
//!
//! After a step the resource it names is read, and now and then a bystander; where a failure is
//! being replayed, all of them. The first step that fails ends the history, unless its failure is
//! known already: then the model takes over what the tenant shows and goes on.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::Around;
use super::counts;
use crate::checks::check::{
    Check, Episode, Pair, Shown, State, Verb, Verdict, encoded, is_throttled,
};
use crate::checks::listen::EveryJudge;
use crate::directory::{mix, mix_both};
use crate::exchange::{Exchange, Operation, Request};
use crate::history::norm::state_of;
use crate::history::{Expectation, Kind, Model, NOBODY, Namespace, Slot, Step};
use crate::tenant::Tenant;

/// The name under which requests of histories are recorded.
const OPERATION: Operation = Operation::Probe("history");
/// How often a throttled request is sent.
const TRIES_MAX: usize = 5;
/// The pause between two reads that look for an effect.
const READ_PAUSE: Duration = Duration::from_millis(100);
/// Of a hundred steps so many have a bystander read.
const BYSTANDERS_PERCENT: u64 = 30;

/// What one play of a history came to.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// The steps that applied, up to the one that failed.
    pub steps: Vec<Step>,
    /// What the last of them broke, the first property of the catalogue first.
    pub failures: Vec<Failure>,
    /// Why it ended early without a verdict.
    pub broke_off: Option<String>,
    /// The requests of each step, where they were to be kept.
    pub kept: Vec<(String, Vec<Exchange>)>,
    /// What the words of the script were in this play.
    pub names: Option<Namespace>,
}

/// A property that a step broke.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// The property.
    pub check: &'static Check,
    /// The verb of the step that showed it.
    pub verb: Verb,
    /// The step that showed it.
    pub step: String,
    /// What the model says.
    pub expected: String,
    /// What the tenant shows.
    pub actual: String,
}

/// How a history is played.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Whether everything is read after each step.
    pub is_thorough: bool,
    /// Whether the requests of each step are kept.
    pub keeps: bool,
}

/// Plays steps in a namespace of their own. `is_known` says which failures do not end it.
pub(super) async fn play(
    around: &Around<'_>,
    tenant: &Tenant,
    judge: &EveryJudge,
    steps: &[Step],
    names: Namespace,
    manner: Manner,
    is_known: &(dyn Fn(&Failure) -> bool + Sync),
) -> Played {
    let mut play = Play {
        around,
        tenant,
        names,
        model: around.model(),
        last: None,
        manner,
        sent: Vec::new(),
        made: 0,
    };
    let mut played = Played::default();
    judge.take_broken(); // what others broke is not this history's
    let mut broke_off = None;
    for step in steps {
        if around.stage.is_stopped() {
            broke_off = Some("interrupted".to_owned());
            break;
        }
        let Some(episode) = play.step(step).await else { continue };
        played.steps.push(step.clone());
        if play.is_over(&episode, &mut played, judge, is_known) {
            broke_off = played.broke_off.take();
            break;
        }
    }
    if broke_off.is_none() && played.failures.is_empty() {
        for episode in play.at_the_end().await {
            if play.is_over(&episode, &mut played, judge, is_known) {
                break;
            }
        }
    }
    played.broke_off = played.broke_off.or(broke_off);
    played.names = Some(play.names);
    played
}

/// A history being played.
pub(super) struct Play<'a> {
    pub(super) around: &'a Around<'a>,
    tenant: &'a Tenant,
    pub(super) names: Namespace,
    pub(super) model: Model,
    /// The last write and its step.
    last: Option<(Step, Request)>,
    manner: Manner,
    /// The requests of the current step, reads included.
    pub(super) sent: Vec<Exchange>,
    /// How many resources were made for trials so far.
    pub(super) made: usize,
}

impl Play<'_> {
    /// Has a step judged; says whether the history ends with it.
    fn is_over(
        &mut self,
        episode: &Episode,
        played: &mut Played,
        judge: &EveryJudge,
        is_known: &(dyn Fn(&Failure) -> bool + Sync),
    ) -> bool {
        let sent = std::mem::take(&mut self.sent);
        let passing = judge.take_broken().into_iter();
        let failed = judge.happened(episode).into_iter().chain(passing);
        let failed = failed.filter_map(|(check, verdict)| {
            let Verdict::Fail { expected, actual, .. } = verdict else { return None };
            let (verb, step) = (episode.verb, episode.step.clone());
            Some(Failure { check, verb, step, expected, actual })
        });
        played.failures = failed.filter(|it| counts(it) && !is_known(it)).collect();
        let no_answer = sent.last().filter(|seen| !is_conclusive(seen));
        if played.failures.is_empty()
            && let Some(seen) = no_answer
        {
            played.broke_off = Some(format!("`{}` is answered {}", episode.step, seen.told()));
        }
        if self.manner.keeps {
            played.kept.push((episode.step.clone(), sent));
        }
        !played.failures.is_empty() || played.broke_off.is_some()
    }

    /// Sends a step and looks at what came of it; none where it does not apply.
    async fn step(&mut self, step: &Step) -> Option<Episode> {
        if step.verb == Verb::Repeat {
            return self.repeat().await;
        }
        let Some(expected) = self.model.expect(step) else {
            return self.trial(step).await;
        };
        let request = self.request(&expected);
        self.last = (step.verb != Verb::Get).then(|| (step.clone(), request.clone()));
        let seen = self.ask(request).await;
        let mut episode = begun(step, &expected, seen);
        if step.verb == Verb::Get {
            self.read_again(&expected, &mut episode).await;
        } else {
            self.look(step, &expected, &mut episode).await;
        }
        Some(episode)
    }

    /// The last write once more. What was deleted is gone, who was created is there already.
    async fn repeat(&mut self) -> Option<Episode> {
        let (step, request) = self.last.clone()?;
        let slot = step.slot?;
        let expected = match step.verb {
            // Two groups of one name are legal.
            Verb::Create if slot.kind == Kind::User => self.refusal_of_a_twin(slot)?,
            Verb::Create => return None,
            _ => self.model.expect(&step)?,
        };
        let seen = self.ask(request).await;
        let again = Step { verb: Verb::Repeat, slot: None, details: Value::Null };
        let mut episode = begun(&again, &expected, seen);
        self.look(&step, &expected, &mut episode).await;
        Some(episode)
    }

    fn refusal_of_a_twin(&self, slot: Slot) -> Option<Expectation> {
        let state = self.model.states(slot).first()?;
        let name = state.get("userName")?.clone();
        let twin = Step::new(Verb::Create, Slot::user(TWIN), json!({"userName": name}));
        let mut expected = self.model.expect(&twin)?;
        expected.slot = slot;
        Some(expected)
    }

    fn request(&self, expected: &Expectation) -> Request {
        let target = match expected.method {
            http::Method::POST => expected.slot.kind.collection().to_owned(),
            _ => self.path(expected.slot),
        };
        let request = Request::new(expected.method.clone(), target);
        match &expected.body {
            Some(body) => request.json(&self.names.outgoing(body)),
            None => request,
        }
    }

    pub(super) fn path(&self, slot: Slot) -> String {
        format!("{}/{}", slot.kind.collection(), encoded(self.names.id(slot)))
    }

    /// Sends a request; a tenant that throttles is asked again, the door waits as long as it says.
    pub(super) async fn ask(&mut self, request: Request) -> Exchange {
        let mut tries = 0;
        let seen = loop {
            let seen = self.tenant.send(OPERATION, request.clone()).await;
            tries += 1;
            if !is_throttled(&seen) || tries == TRIES_MAX || self.around.stage.is_stopped() {
                break seen;
            }
        };
        self.sent.push(seen.clone());
        seen
    }

    /// What a step left behind: of the resource it names, and of others.
    async fn look(&mut self, step: &Step, expected: &Expectation, episode: &mut Episode) {
        let slot = expected.slot;
        let before = self.model.state(slot).cloned();
        let was_there = self.model.holds(slot);
        let seen = episode.exchanges.last().cloned();
        let (done, body) = match &seen {
            Some(seen) if seen.is_success() => (true, seen.json()),
            _ => (false, None),
        };
        if done && episode.verb == Verb::Create {
            let id = body.as_ref().and_then(|body| body["id"].as_str());
            if let Some(id) = id {
                self.names.note(slot, id);
            }
        }
        let is_new = done && episode.verb == Verb::Create;
        if !(was_there || is_new) {
            self.bystanders(step, expected, episode).await;
            return;
        }
        let allowed = match (done, expected.is_empty) {
            (true, true) => Vec::new(),
            (true, false) => expected.allowed.states.clone(),
            (false, _) => self.model.states(slot).to_vec(),
        };
        if done && expected.is_empty {
            self.model.deleted(slot);
        }
        let read = self.read(slot, done, &allowed).await;
        if done && episode.verb == Verb::Create {
            let shown = read.as_ref().ok().map(|(state, _)| state.clone()).unwrap_or_default();
            self.model.created(slot, allowed.clone(), &shown);
        }
        if done && expected.is_empty {
            self.names.forget(slot);
        }
        let answered = body.filter(|body| body.is_object() && body.get("id").is_some());
        let answered = answered.map(|body| self.model.plain(slot, self.state(slot.kind, &body)));
        self.note_memberships(slot, &read, episode);
        let actual = read.map(|(state, _)| self.model.plain(slot, state));
        let allowed: Vec<State> =
            allowed.into_iter().map(|state| self.model.plain(slot, state)).collect();
        if let Ok(state) = &actual {
            self.model.changed(slot, vec![state.clone()]);
        }
        episode.shown.push(Shown {
            subject: slot.to_string(),
            is_named: true,
            before: before.map(|state| self.model.plain(slot, state)),
            allowed,
            may_keep: expected.may_keep,
            touched: expected.touched.clone(),
            answered,
            actual,
        });
        self.bystanders(step, expected, episode).await;
    }

    /// A GET of a step, and a second one that must show the same.
    async fn read_again(&mut self, expected: &Expectation, episode: &mut Episode) {
        let slot = expected.slot;
        if !self.model.holds(slot) {
            return;
        }
        let first = episode.exchanges.first().and_then(Exchange::json).unwrap_or_default();
        let Some(shown) = self.shown(slot, true, episode).await else { return };
        if let Ok(second) = &shown.actual {
            episode.pairs.push(Pair {
                what: format!("{slot}, read twice"),
                expected: json!(self.model.plain(slot, self.state(slot.kind, &first))),
                actual: json!(second),
            });
        }
        episode.shown.push(shown);
    }

    /// A resource as a read shows it, and as it should be.
    async fn shown(&mut self, slot: Slot, named: bool, episode: &mut Episode) -> Option<Shown> {
        let states = self.model.states(slot).to_vec();
        if states.is_empty() {
            return None;
        }
        let read = self.read(slot, true, &states).await;
        self.note_memberships(slot, &read, episode);
        let actual = read.map(|(state, _)| self.model.plain(slot, state));
        let before = self.model.state(slot).cloned();
        if let Ok(state) = &actual {
            self.model.settle(slot, state);
        }
        Some(Shown {
            subject: slot.to_string(),
            is_named: named,
            before: before.map(|state| self.model.plain(slot, state)),
            allowed: states.into_iter().map(|state| self.model.plain(slot, state)).collect(),
            may_keep: false,
            touched: BTreeSet::new(),
            answered: None,
            actual,
        })
    }

    /// Reads others that the step must not have changed, or has changed by the way.
    async fn bystanders(&mut self, step: &Step, expected: &Expectation, episode: &mut Episode) {
        let named = episode.shown.first().map(|_| expected.slot);
        let mut others: Vec<Slot> = [Kind::Group, Kind::User]
            .into_iter()
            .flat_map(|kind| self.model.live(kind))
            .filter(|slot| Some(*slot) != named)
            .collect();
        if !self.manner.is_thorough {
            let seed = step.to_string().bytes().fold(0, |seed, byte| mix(seed ^ u64::from(byte)));
            let seed = mix_both(seed, others.len() as u64);
            // What a deletion leaves open is settled while it is fresh.
            let open: Vec<Slot> =
                others.iter().copied().filter(|it| self.model.states(*it).len() > 1).collect();
            others = match open.is_empty() {
                false => open,
                true if seed % 100 < BYSTANDERS_PERCENT && !others.is_empty() => {
                    let place = usize::try_from(seed / 100).unwrap_or(0) % others.len();
                    vec![others[place]]
                }
                true => Vec::new(),
            };
        }
        for slot in others {
            if let Some(shown) = self.shown(slot, false, episode).await {
                episode.shown.push(shown);
            }
        }
    }

    /// Reads everything that is left, and knocks at what is gone.
    async fn at_the_end(&mut self) -> Vec<Episode> {
        let live = [Kind::User, Kind::Group].into_iter().flat_map(|kind| self.model.live(kind));
        let gone: Vec<Slot> = self.model.gone().collect();
        let mut episodes = Vec::new();
        for slot in live.collect::<Vec<_>>().into_iter().chain(gone) {
            let step = Step::bare(Verb::Get, slot);
            let Some(expected) = self.model.expect(&step) else { continue };
            let seen = self.ask(self.request(&expected)).await;
            let mut episode = begun(&step, &expected, seen);
            episode.step = format!("at the end: {}", episode.step);
            if self.model.holds(slot) {
                let body = episode.exchanges.first().and_then(Exchange::json);
                let read = body.map(|body| (self.state(slot.kind, &body), body));
                let read = read.ok_or_else(|| episode.exchanges[0].told());
                self.note_memberships(slot, &read, &mut episode);
                let states = self.model.states(slot).to_vec();
                episode.shown.push(Shown {
                    subject: slot.to_string(),
                    is_named: true,
                    before: None,
                    allowed: states.into_iter().map(|it| self.model.plain(slot, it)).collect(),
                    may_keep: false,
                    touched: BTreeSet::new(),
                    answered: None,
                    actual: read.map(|(state, _)| self.model.plain(slot, state)),
                });
            }
            episodes.push(episode);
        }
        episodes
    }

    /// Reads a resource until it shows one of the states that are right, or the time is over in
    /// which a write must be seen. Gives its state as it is shown, and the body.
    async fn read(
        &mut self,
        slot: Slot,
        may_lag: bool,
        allowed: &[State],
    ) -> Result<(State, Value), String> {
        if slot.number == NOBODY {
            return Err("404".to_owned());
        }
        let began = tokio::time::Instant::now();
        loop {
            let seen = self.ask(Request::get(self.path(slot))).await;
            let read = match seen.json() {
                Some(body) if seen.is_success() && body.is_object() => {
                    Ok((self.state(slot.kind, &body), body))
                }
                _ => Err(seen.told()),
            };
            let is_right = match &read {
                Ok((state, _)) => {
                    let state = self.model.plain(slot, state.clone());
                    allowed.iter().any(|it| self.model.plain(slot, it.clone()) == state)
                }
                Err(_) => allowed.is_empty(),
            };
            if is_right || !may_lag || began.elapsed() >= self.around.window {
                return read;
            }
            tokio::time::sleep(READ_PAUSE).await;
        }
    }

    /// The state that a body shows, in the words of the script.
    pub(super) fn state(&self, kind: Kind, body: &Value) -> State {
        state_of(kind, &self.names.incoming(body))
    }

    /// Compares the groups that a user shows with those that have it as a member.
    fn note_memberships(
        &self,
        slot: Slot,
        read: &Result<(State, Value), String>,
        episode: &mut Episode,
    ) {
        let (Kind::User, true, Ok((_, body))) = (slot.kind, self.around.shows_groups, read) else {
            return;
        };
        let Some(expected) = self.model.groups_of(slot) else { return };
        let entries = body.get("groups").and_then(Value::as_array).into_iter().flatten();
        let direct = entries.filter(|entry| entry.get("type") != Some(&json!("indirect")));
        let ids = direct.filter_map(|entry| entry.get("value")?.as_str());
        let actual: BTreeSet<String> =
            ids.map(|id| self.names.word(id).unwrap_or(id).to_owned()).collect();
        episode.memberships.push(Pair {
            what: format!("groups of {slot}"),
            expected: json!(expected),
            actual: json!(actual),
        });
    }
}

/// The slot that a repeated create would fill.
const TWIN: usize = 9_999;

/// A step that was just sent; what it left behind is still to be looked at.
fn begun(step: &Step, expected: &Expectation, seen: Exchange) -> Episode {
    let is_delete = expected.method == http::Method::DELETE;
    let is_absent = expected.is_empty && (!is_delete || expected.allowed.states.is_empty());
    Episode {
        exchanges: vec![seen],
        may_succeed: !expected.allowed.states.is_empty(),
        may_refuse: expected.allowed.may_refuse,
        is_absent,
        is_freed: expected.is_freed,
        clash: expected.clash.clone(),
        ..Episode::of(step.verb, step.to_string())
    }
}

/// Whether an answer says what became of a request: a success or a refusal, and no accident.
fn is_conclusive(seen: &Exchange) -> bool {
    (200..500).contains(&seen.status()) && !is_throttled(seen)
}
