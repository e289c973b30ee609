//! The phases of a load's initial cycle and the one queue that all workers share.
//!
//! Users, then groups, then references: a phase begins when the last step of the one before has
//! ended. Steps are drawn one by one from an iterator, so nothing is kept of a
//! population but the place in it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::directory::{Directory, GroupIndex, UserIndex};
use crate::entra::job::JobSetUp;
use crate::entra::pace::Pace;
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
    /// Add these members to a group in one PATCH.
    Members(GroupIndex, Vec<UserIndex>),
}

/// One phase that has not begun.
pub(super) struct Phase {
    pub name: &'static str,
    /// How many steps it has.
    pub total: u64,
    pub steps: Box<dyn Iterator<Item = Step> + Send>,
}

/// The phases of an initial cycle of this directory.
pub(super) fn initial_cycle(directory: &Arc<Directory>, set_up: &JobSetUp) -> Vec<Phase> {
    let (users, mut groups) = (directory.user_count(), directory.group_count());
    if !set_up.settings.provision_groups {
        groups = 0;
    }
    let per_patch = set_up.settings.members_per_patch.clamp(1, 1_000);
    let managers = if set_up.user_mapping.maps_manager() { users } else { 0 };
    let with_members = if set_up.group_mapping.maps_members() { groups } else { 0 };
    let members = directory.population().members_per_group.min(users);
    let directory = directory.clone();
    let memberships = (0..with_members).flat_map(move |index| {
        let members: Vec<UserIndex> = directory.group(index).members.into_iter().collect();
        let patches: Vec<Step> =
            members.chunks(per_patch).map(|some| Step::Members(index, some.to_vec())).collect();
        patches
    });
    vec![
        Phase { name: "users", total: users as u64, steps: Box::new((0..users).map(Step::User)) },
        Phase {
            name: "groups",
            total: groups as u64,
            steps: Box::new((0..groups).map(Step::Group)),
        },
        Phase {
            name: "references",
            total: (managers + with_members * members.div_ceil(per_patch)) as u64,
            steps: Box::new((0..managers).map(Step::Manager).chain(memberships)),
        },
    ]
}

/// What a worker gets when it asks for work.
pub(super) enum Work {
    /// This step. It counts as in flight until the ticket is dropped, whatever becomes of it.
    Step(Step, Ticket),
    /// The phase's last steps are in flight with others: wait for [`Phases::moves`].
    Wait,
    /// Nothing is left to do.
    Over,
}

/// The shared queue.
pub(super) struct Phases {
    state: Mutex<State>,
    moves: watch::Sender<()>,
    tenant: Tenant,
    rate: Option<f64>,
}

struct State {
    waiting: VecDeque<Phase>,
    current: Option<Current>,
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
    pace: Option<Arc<Pace>>,
    began: Duration,
    sent_before: u64,
}

/// How far the phase at hand is.
pub(super) struct Place {
    pub phase: &'static str,
    pub total: u64,
    pub done: u64,
    /// How many phases ended before it.
    pub nth: usize,
}

impl Phases {
    /// A queue of phases; with a rate, the requests of each phase are due by its own schedule.
    pub(super) fn new(phases: Vec<Phase>, tenant: Tenant, rate: Option<f64>) -> Self {
        let state = State {
            waiting: phases.into(),
            current: None,
            ended: Vec::new(),
            late: Duration::ZERO,
            turns: 0,
            origin: None,
        };
        Self { state: Mutex::new(state), moves: watch::Sender::new(()), tenant, rate }
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
                let Some(phase) = state.waiting.pop_front() else { return Work::Over };
                state.current = Some(self.begin(phase));
            }
            let Some(current) = &mut state.current else { return Work::Over };
            if let Some(step) = current.next() {
                current.in_flight += 1;
                let pace = current.pace.clone();
                return Work::Step(step, Ticket { phases: self.clone(), pace });
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
        state.waiting.clear();
        if let Some(current) = &mut state.current {
            current.is_dry = true;
        }
        self.moves.send_replace(());
    }

    /// Where the load is now; none before it begins and after it ended.
    pub(super) fn place(&self) -> Option<Place> {
        let state = self.lock();
        let current = state.current.as_ref()?;
        Some(Place {
            phase: current.phase.name,
            total: current.phase.total,
            done: current.done,
            nth: state.ended.len(),
        })
    }

    /// The phases that ended.
    pub(super) fn ended(&self) -> Vec<PhaseResult> {
        self.lock().ended.clone()
    }

    /// How long a request waited for a free worker after it was due, on average; none without a
    /// rate.
    pub(super) fn queue_delay(&self) -> Option<Duration> {
        let state = self.lock();
        let turns = u32::try_from(state.turns).unwrap_or(u32::MAX).max(1);
        self.rate.map(|_| state.late / turns)
    }

    fn begin(&self, phase: Phase) -> Current {
        let origin = self.tenant.began();
        Current {
            phase,
            is_dry: false,
            in_flight: 0,
            done: 0,
            pace: self.rate.map(|rate| Arc::new(Pace::new(rate, origin))),
            began: origin.elapsed(),
            sent_before: self.tenant.sent().requests,
        }
    }

    fn end(&self, state: &mut State) {
        let Some(current) = state.current.take() else { return };
        if let Some(pace) = &current.pace {
            state.late += pace.late();
            state.turns += pace.given();
        }
        let origin = *state.origin.get_or_insert(current.began);
        state.ended.push(PhaseResult {
            phase: current.phase.name.to_owned(),
            began: current.began.saturating_sub(origin).as_secs_f64(),
            requests: self.tenant.sent().requests - current.sent_before,
            seconds: self.tenant.began().elapsed().saturating_sub(current.began).as_secs_f64(),
        });
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
    fn next(&mut self) -> Option<Step> {
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
    /// When the step's requests are due, where a rate is set.
    pub pace: Option<Arc<Pace>>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.phases.finish();
    }
}
