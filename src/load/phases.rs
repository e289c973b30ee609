//! The phases of a load's initial cycle and the one queue that all workers share.
//!
//! Users, then groups, then references: a phase begins when the last step of the one before has
//! ended. Steps are drawn one by one from an iterator, so nothing is kept of a
//! population but the place in it. What a cycle leaves in escrow is tried again after it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::escrow::Escrow;
use super::pacing::{Due, LoadPace, Schedule};
use super::shard::Shard;
use crate::directory::{Directory, GroupIndex, UserIndex};
use crate::entra::job::JobSetUp;
use crate::entra::pace::Pace;
use crate::entra::wire::MemberVerb;
use crate::metrics::Metrics;
use crate::run::PhaseResult;
use crate::tenant::Tenant;

/// One conversation to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Match and create a user.
    User(UserIndex),
    /// Match and create a group, empty.
    Group(GroupIndex),
    /// Set a user's manager, where there is one.
    Manager(UserIndex),
    /// Add or remove these members of a group in one PATCH.
    Members(GroupIndex, MemberVerb, Vec<UserIndex>),
    /// Read and update a user, who is as the directory of that cycle has it.
    Update(usize, UserIndex),
}

impl Step {
    /// How many objects it provisions, as Microsoft counts them: users, groups and memberships.
    pub(super) fn objects(&self) -> usize {
        match self {
            Self::User(_) | Self::Group(_) | Self::Update(..) => 1,
            Self::Members(_, _, members) => members.len(),
            Self::Manager(_) => 0,
        }
    }

    /// What it is about: the name of its phase in an initial cycle.
    pub(super) fn topic(&self) -> &'static str {
        match self {
            Self::User(_) | Self::Update(..) => "users",
            Self::Group(_) => "groups",
            Self::Manager(_) | Self::Members(..) => "references",
        }
    }
}

/// Phase and number of a step, from 0: the same in every run of the same plan.
pub(super) type StepId = (usize, u64);

/// One phase that has not begun.
pub(super) struct Phase {
    pub name: String,
    /// How many steps it has.
    pub total: u64,
    pub steps: Box<dyn Iterator<Item = (StepId, Step)> + Send>,
    /// Whether the next phase belongs to another cycle.
    pub ends_cycle: bool,
}

impl Phase {
    /// The phase of that number in its plan.
    pub(super) fn new(
        number: usize,
        name: String,
        total: usize,
        steps: impl Iterator<Item = Step> + Send + 'static,
    ) -> Self {
        let steps = (0..).zip(steps).map(move |(nth, step)| ((number, nth), step));
        Self { name, total: total as u64, steps: Box::new(steps), ends_cycle: false }
    }

    /// The same, as the last one of its cycle.
    pub(super) fn ending_cycle(self) -> Self {
        Self { ends_cycle: true, ..self }
    }
}

/// The phases of a share of an initial cycle of this directory.
pub(super) fn initial_cycle(
    directory: &Arc<Directory>,
    set_up: &JobSetUp,
    shard: Shard,
) -> Vec<Phase> {
    let (users, mut groups) = (directory.user_count(), directory.group_count());
    if !set_up.settings.provision_groups {
        groups = 0;
    }
    let per_patch = set_up.settings.members_per_patch.clamp(1, 1_000);
    let managers = if set_up.user_mapping.maps_manager() { users } else { 0 };
    let with_members = if set_up.group_mapping.maps_members() { groups } else { 0 };
    let population = directory.population();
    let own = move |index: &usize| shard.has(*index);
    let patches = |group| population.member_count(group).div_ceil(per_patch);
    let patches: usize = (0..with_members).filter(own).map(patches).sum();
    let directory = directory.clone();
    let memberships = (0..with_members).filter(own).flat_map(move |index| {
        let members: Vec<UserIndex> = directory.group(index).members.into_iter().collect();
        let patch = |some: &[UserIndex]| Step::Members(index, MemberVerb::Add, some.to_vec());
        members.chunks(per_patch).map(patch).collect::<Vec<Step>>()
    });
    let references = (0..managers).filter(own).map(Step::Manager).chain(memberships);
    let phase = |number, total, steps: Box<dyn Iterator<Item = Step> + Send>| {
        Phase::new(number, ["users", "groups", "references"][number].to_owned(), total, steps)
    };
    vec![
        phase(0, shard.count(users), Box::new((0..users).filter(own).map(Step::User))),
        phase(1, shard.count(groups), Box::new((0..groups).filter(own).map(Step::Group))),
        phase(2, shard.count(managers) + patches, Box::new(references)).ending_cycle(),
    ]
}

/// What a worker gets when it asks for work.
pub(super) enum Work {
    /// This step. It counts as in flight until the ticket is dropped, whatever becomes of it.
    Step(Step, Ticket),
    /// The phase's last steps are in flight with others: wait for [`Phases::moves`].
    Wait,
    /// A cycle is over; the next one begins then.
    Rest(Instant),
    /// Nothing is left to do.
    Over,
}

/// The shared queue.
pub(super) struct Phases {
    state: Mutex<State>,
    moves: watch::Sender<()>,
    tenant: Tenant,
    /// Hears what is sent; a phase is a lap of it.
    metrics: Arc<Metrics>,
    pace: LoadPace,
    seed: u64,
}

struct State {
    waiting: VecDeque<Phase>,
    current: Option<Current>,
    escrow: Escrow,
    /// When the next phase begins.
    rests_until: Option<Instant>,
    is_closed: bool,
    ended: Vec<PhaseResult>,
    late: Duration,
    turns: u64,
    /// When the first phase began.
    origin: Option<Duration>,
}

struct Current {
    phase: Phase,
    is_dry: bool,
    in_flight: usize,
    done: u64,
    schedule: Schedule,
    began: Duration,
    sent_before: u64,
}

/// How far the phase at hand is.
pub(super) struct Place {
    pub phase: String,
    pub total: u64,
    pub done: u64,
    /// How many phases ended before it.
    pub nth: usize,
}

impl Phases {
    /// A queue of phases; at a pace, each phase has a schedule of its own.
    pub(super) fn new(
        phases: Vec<Phase>,
        (tenant, metrics): (Tenant, Arc<Metrics>),
        pace: LoadPace,
        seed: u64,
    ) -> Self {
        let state = State {
            waiting: phases.into(),
            current: None,
            escrow: Escrow::default(),
            rests_until: None,
            is_closed: false,
            ended: Vec::new(),
            late: Duration::ZERO,
            turns: 0,
            origin: None,
        };
        Self {
            state: Mutex::new(state),
            moves: watch::Sender::new(()),
            tenant,
            metrics,
            pace,
            seed,
        }
    }

    /// Hears when a phase has ended. Subscribe before asking for work, so that no end is missed.
    pub(super) fn moves(&self) -> watch::Receiver<()> {
        self.moves.subscribe()
    }

    /// The next step, for one worker.
    pub(super) fn take(self: &Arc<Self>) -> Work {
        let mut state = self.lock();
        loop {
            if state.current.is_none() {
                if state.waiting.is_empty() {
                    return Work::Over;
                }
                if let Some(until) = state.rests_until.filter(|until| *until > Instant::now()) {
                    return Work::Rest(until);
                }
                state.current = state.waiting.pop_front().map(|phase| self.begin(phase));
            }
            let Some(current) = &mut state.current else { return Work::Over };
            if let Some((step_id, step)) = current.next() {
                current.in_flight += 1;
                let due = current.schedule.due(&step);
                let requests = current.schedule.requests.clone();
                return Work::Step(
                    step,
                    Ticket { phases: self.clone(), step_id, pace: requests, due },
                );
            }
            if current.in_flight > 0 {
                return Work::Wait;
            }
            self.end(&mut state);
        }
    }

    /// Gives no more steps: whoever is at one ends it, and then the load is over.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.waiting.clear();
        if let Some(current) = &mut state.current {
            current.is_dry = true;
        }
        self.moves.send_replace(());
    }

    /// Keeps a step that has not ended yet for the next cycle.
    pub(super) fn escrow(&self, step_id: StepId, step: Step) {
        self.lock().escrow.keep(step_id, step);
    }

    /// Where the load is now; none before it begins and after it ended.
    pub(super) fn place(&self) -> Option<Place> {
        let state = self.lock();
        let current = state.current.as_ref()?;
        Some(Place {
            phase: current.phase.name.clone(),
            total: current.phase.total,
            done: current.done,
            nth: state.ended.len(),
        })
    }

    /// The phases that ended.
    pub(super) fn ended(&self) -> Vec<PhaseResult> {
        self.lock().ended.clone()
    }

    /// How long what was due waited for a free worker, on average; none where nothing is ever due.
    pub(super) fn queue_delay(&self) -> Option<Duration> {
        let state = self.lock();
        let turns = u32::try_from(state.turns).unwrap_or(u32::MAX).max(1);
        (self.pace != LoadPace::Closed).then(|| state.late / turns)
    }

    fn begin(&self, phase: Phase) -> Current {
        let origin = self.tenant.began();
        Current {
            phase,
            is_dry: false,
            in_flight: 0,
            done: 0,
            schedule: Schedule::new(self.pace, origin, self.seed),
            began: origin.elapsed(),
            sent_before: self.tenant.sent().requests,
        }
    }

    fn end(&self, state: &mut State) {
        let Some(current) = state.current.take() else { return };
        let (late, turns) = current.schedule.late();
        state.late += late;
        state.turns += turns;
        let origin = *state.origin.get_or_insert(current.began);
        state.ended.push(PhaseResult {
            phase: current.phase.name,
            began: current.began.saturating_sub(origin).as_secs_f64(),
            requests: self.tenant.sent().requests - current.sent_before,
            seconds: self.tenant.began().elapsed().saturating_sub(current.began).as_secs_f64(),
            operations: self.metrics.lap(),
        });
        if current.phase.ends_cycle
            && !state.is_closed
            && let Some((rest, phases)) = state.escrow.next_cycle()
        {
            state.rests_until = Some(Instant::now() + rest);
            phases.into_iter().rev().for_each(|phase| state.waiting.push_front(phase));
        }
        self.moves.send_replace(());
    }

    fn finish(&self) {
        let mut state = self.lock();
        let Some(current) = &mut state.current else { return };
        current.in_flight -= 1;
        current.done += 1;
        if current.is_dry && current.in_flight == 0 {
            self.end(&mut state);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    fn next(&mut self) -> Option<(StepId, Step)> {
        if self.is_dry {
            return None;
        }
        let step = self.phase.steps.next();
        self.is_dry = step.is_none();
        step
    }
}

/// One step in flight.
pub(super) struct Ticket {
    phases: Arc<Phases>,
    /// Which step of the plan it is.
    pub step_id: StepId,
    /// When the step's requests are due, where a rate is set.
    pub pace: Option<Arc<Pace>>,
    /// When the step itself is due, where objects are paced.
    pub due: Option<Due>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.phases.finish();
    }
}
