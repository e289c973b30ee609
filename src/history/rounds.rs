//! Rounds of changes at the same time: who races whom, how many, how often.

use super::step::Verb;

/// How races are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundPlan {
    /// Requests of one race that are under way at the same time.
    pub workers: usize,
    /// How often each race is run.
    pub rounds: u32,
    /// Which races.
    pub races: Vec<Verb>,
}

impl RoundPlan {
    /// Every race, in the order in which a round runs them.
    pub const RACES: &[Verb] = &[
        Verb::RaceCreates,
        Verb::RaceRenames,
        Verb::RaceAdds,
        Verb::RaceAddsAndRemoves,
        Verb::RaceReplaces,
        Verb::RaceIncrements,
        Verb::RaceAccesses,
        Verb::RaceReads,
        Verb::RacePages,
    ];
}

impl Default for RoundPlan {
    fn default() -> Self {
        Self { workers: 8, rounds: 20, races: Self::RACES.to_vec() }
    }
}

impl Verb {
    /// Whether it is a race: a round of its own and no step of a history.
    pub fn is_race(self) -> bool {
        RoundPlan::RACES.contains(&self)
    }
}
