//! What a run of drawn sequences may cost: how many, how long, and how much it may take to shorten
//! one that failed.
//!
//! Shortening replays sequences against somebody's tenant, so it is counted in requests and in
//! seconds. Whoever draws asks [`Budget::cases`] for the next sequence; whoever shortens asks the
//! allowance before each replay.

use std::time::{Duration, Instant};

use crate::tenant::Tenant;

/// What drawn sequences may cost, as the command line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many sequences each scenario gets, instead of what its file says.
    pub cases: Option<u32>,
    /// How long sequences of one scenario are drawn. Without `cases` the number has no limit.
    pub time: Option<Duration>,
    /// Whether to go on after a failure and to collect those that differ.
    pub keep_going: bool,
    /// What shortening one failing sequence may cost.
    pub shrink: ShrinkBudget,
    /// How often a shortened failure is replayed, to tell whether it shows every time.
    pub replays: u32,
    /// How many sequences are played at once; none: one for each core where the tenant is embedded,
    /// and one elsewhere.
    pub jobs: Option<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            cases: None,
            time: None,
            keep_going: false,
            shrink: ShrinkBudget::default(),
            replays: 5,
            jobs: None,
        }
    }
}

/// What shortening one failing sequence may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShrinkBudget {
    /// Requests of all replays together; the replay that reaches it is still finished.
    pub requests: u64,
    /// Time for all replays together.
    pub time: Duration,
}

impl Default for ShrinkBudget {
    fn default() -> Self {
        Self { requests: 10_000, time: Duration::from_mins(2) }
    }
}

impl ShrinkBudget {
    /// Begins to count what goes through the door from now on; says each time whether another
    /// replay may begin.
    pub fn open(self, tenant: &Tenant) -> impl Fn() -> bool + use<> {
        let (tenant, before) = (tenant.clone(), tenant.sent().requests);
        let began = Instant::now();
        move || tenant.sent().requests - before < self.requests && began.elapsed() < self.time
    }
}

impl Budget {
    /// Begins to draw a scenario whose file asks for so many sequences.
    pub fn cases(&self, in_file: u32) -> Cases {
        let most = match (self.cases, self.time) {
            (Some(cases), _) => Some(cases),
            (None, Some(_)) => None,
            (None, None) => Some(in_file),
        };
        Cases { next: 0, most, until: self.time.map(|time| Instant::now() + time) }
    }
}

/// The numbers of a scenario's sequences, from 0, until the budget ends.
#[derive(Debug, Clone)]
pub struct Cases {
    next: u32,
    most: Option<u32>,
    until: Option<Instant>,
}

impl Cases {
    /// How many sequences there will be, where that is known.
    pub fn most(&self) -> Option<u32> {
        self.most
    }

    /// How much time is left, where time is what ends it.
    pub fn time_left(&self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }
}

impl Iterator for Cases {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let is_over = self.most.is_some_and(|most| self.next >= most)
            || self.until.is_some_and(|until| Instant::now() >= until);
        if is_over {
            return None;
        }
        self.next = self.next.checked_add(1)?;
        Some(self.next - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(budget: Budget) -> usize {
        budget.cases(3).take(10).count()
    }

    #[test]
    fn the_command_line_wins_over_the_file_and_time_over_both() {
        let none = Budget::default();
        assert_eq!(counted(none), 3);
        assert_eq!(counted(Budget { cases: Some(5), ..none }), 5);
        assert_eq!(counted(Budget { time: Some(Duration::from_mins(1)), ..none }), 10);
        assert_eq!(counted(Budget { time: Some(Duration::ZERO), ..none }), 0);
        let both = Budget { cases: Some(5), time: Some(Duration::from_mins(1)), ..none };
        assert_eq!((counted(both), both.cases(3).most()), (5, Some(5)));
        assert!(both.cases(3).time_left().is_some_and(|left| left > Duration::from_secs(50)));
        assert_eq!(none.cases(3).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
