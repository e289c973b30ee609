//! What failed in passing is tried again after the cycle, as Entra's next cycles try what is in
//! escrow: throttled, down, or the answer was lost. Who waits for such a user waits with it.
//!
//! Entra comes back after forty minutes; a load rests for seconds only.

use std::time::Duration;

use super::phases::{Phase, Step, StepId};
use crate::entra::failure::ObjectFailure;

/// So many cycles try again.
const RETRIES_MAX: u32 = 3;
/// The rest before the first of them; each further one is twice as long.
const REST: Duration = Duration::from_secs(1);

/// Steps that wait for the next cycle.
#[derive(Default)]
pub(super) struct Escrow {
    steps: Vec<(StepId, Step)>,
    /// How many cycles in a row have tried again, and how many in all.
    retries: u32,
    all_retries: u32,
}

impl Escrow {
    /// Keeps a step for the next cycle.
    pub(super) fn keep(&mut self, step_id: StepId, step: Step) {
        self.steps.push((step_id, step));
    }

    /// The next cycle: the rest before it, and its phases in Entra's order. None where nothing is
    /// in escrow, or what is has been tried often enough.
    pub(super) fn next_cycle(&mut self) -> Option<(Duration, Vec<Phase>)> {
        let mut steps = std::mem::take(&mut self.steps);
        if steps.is_empty() || self.retries == RETRIES_MAX {
            self.retries = 0;
            return None;
        }
        self.retries += 1;
        self.all_retries += 1;
        steps.sort_by_key(|(step_id, _)| *step_id);
        let mut phases: Vec<Phase> = Vec::new();
        for name in ["users", "groups", "references"] {
            let (now, later) = steps.into_iter().partition(|(_, step)| step.topic() == name);
            steps = later;
            let now: Vec<(StepId, Step)> = now;
            if !now.is_empty() {
                phases.push(Phase {
                    name: format!("{name}, retry {}", self.all_retries),
                    total: now.len() as u64,
                    steps: Box::new(now.into_iter()),
                    ends_cycle: false,
                });
            }
        }
        if let Some(last) = phases.last_mut() {
            last.ends_cycle = true;
        }
        Some((REST * 2_u32.pow(self.retries - 1), phases))
    }
}

/// Whether the next cycle may do better: the trouble may have passed, and who is in conflict may be
/// found by then.
pub(super) fn is_worth_a_retry(failure: &ObjectFailure) -> bool {
    !failure.stops_job && (failure.is_passing() || failure.status == 409)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::wire::MemberVerb;

    #[test]
    fn what_is_in_escrow_is_tried_three_times_in_entra_s_order() {
        let mut escrow = Escrow::default();
        for retry in 1..=3 {
            escrow.keep((2, 8), Step::Members(0, MemberVerb::Add, vec![4]));
            escrow.keep((0, 4), Step::User(4));
            escrow.keep((0, 3), Step::User(3));
            let (rest, phases) = escrow.next_cycle().unwrap();
            assert_eq!(rest, Duration::from_secs(1 << (retry - 1)));
            let names: Vec<_> = phases.iter().map(|phase| phase.name.clone()).collect();
            assert_eq!(
                names,
                [format!("users, retry {retry}"), format!("references, retry {retry}")]
            );
            let ends: Vec<_> = phases.iter().map(|phase| phase.ends_cycle).collect();
            assert_eq!(ends, [false, true]);
            let places: Vec<_> =
                phases.into_iter().flat_map(|it| it.steps).map(|it| it.0).collect();
            assert_eq!(places, [(0, 3), (0, 4), (2, 8)]);
        }
        escrow.keep((0, 3), Step::User(3));
        assert!(escrow.next_cycle().is_none(), "it was tried often enough");
        escrow.keep((3, 0), Step::Update(1, 3));
        let (rest, phases) = escrow.next_cycle().expect("another cycle begins anew");
        assert_eq!((rest, phases[0].name.as_str()), (REST, "users, retry 4"));
    }

    #[test]
    fn an_empty_escrow_ends_the_retries() {
        assert!(Escrow::default().next_cycle().is_none());
    }
}
