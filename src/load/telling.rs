//! Tells the watcher of a load how far it is, now and then and not at every step.

use super::phases::{Phases, Place};
use crate::run::Telling;

/// Remembers what was told.
pub(super) struct Teller<'a> {
    telling: &'a dyn Telling,
    /// Phases whose end was told.
    ended: usize,
    /// Steps of the phase at hand that were told; none before its beginning was.
    steps: Option<u64>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(telling: &'a dyn Telling) -> Self {
        Self { telling, ended: 0, steps: None }
    }

    /// Tells whatever has happened since the last time.
    pub(super) fn tell(&mut self, phases: &Phases) {
        let place = phases.place();
        for phase in phases.ended().iter().skip(self.ended) {
            if self.steps.take().is_none() {
                self.telling.stage(&phase.phase, None);
            }
            self.ended += 1;
            let (requests, seconds) = (phase.requests, phase.seconds);
            self.telling.done(&format!("{}: {requests} requests in {seconds:.1} s", phase.phase));
        }
        // A phase that ended between the two looks above is told the next time.
        if let Some(place) = place.filter(|place| place.nth == self.ended) {
            self.step(&place);
        }
    }

    fn step(&mut self, place: &Place) {
        if self.steps.is_none() {
            self.telling.stage(&place.phase, Some(place.total));
        }
        for _ in self.steps.unwrap_or(0)..place.done {
            self.telling.step(&place.phase);
        }
        self.steps = Some(place.done);
    }
}
