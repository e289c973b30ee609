//! Makes a failing sequence short and plain: first fewer changes, then fewer cycles, a smaller
//! population, lower numbers, and simpler values.
//!
//! Every attempt is a sequence of its own, on fresh resources. It counts as a failure where it
//! shows something of what the first one showed. Nothing is tried once the budget is spent.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::sequence::{Player, Sequence};
use crate::directory::{Change, ChangedObject, Population, minimise, renumbered, simpler};
use crate::scenario::{Changes, CyclePlan, Scenario};

/// Tries shorter sequences.
pub(super) struct Shrinker<'a, F> {
    pub(super) player: &'a Player,
    /// What the failure shows.
    pub(super) signature: &'a BTreeSet<String>,
    /// Whether another attempt can be afforded.
    pub(super) may_try: F,
    attempts: Cell<u32>,
}

impl<'a, F: Fn() -> bool> Shrinker<'a, F> {
    pub(super) fn new(player: &'a Player, signature: &'a BTreeSet<String>, may_try: F) -> Self {
        Self { player, signature, may_try, attempts: Cell::new(0) }
    }

    /// Plays a scripted scenario on fresh resources.
    pub(super) async fn replay(&self, player: &Player, scenario: &Scenario) -> Sequence {
        self.attempts.set(self.attempts.get() + 1);
        let player = player.with(scenario.clone());
        Box::pin(player.play(0, self.attempts.get(), false)).await
    }

    /// Whether a sequence shows what this is about.
    pub(super) fn is_shown_by(&self, sequence: &Sequence) -> bool {
        sequence.has_failed() && !sequence.signature().is_disjoint(self.signature)
    }

    /// The shortest and plainest scenario found that still fails, and whether it is known that no
    /// change of it can be left out.
    pub(super) async fn shorten(&self, scenario: Scenario) -> (Scenario, bool) {
        let (mut best, is_minimal) = self.drop_changes(scenario).await;
        self.drop_cycles(&mut best).await;
        self.shrink_population(&mut best).await;
        self.renumber(&mut best).await;
        self.simplify_values(&mut best).await;
        (best, is_minimal)
    }

    async fn drop_changes(&self, scenario: Scenario) -> (Scenario, bool) {
        let scripts = scripts_of(&scenario);
        let marked: Vec<(usize, Change)> = scripts
            .iter()
            .enumerate()
            .flat_map(|(cycle, script)| script.iter().map(move |it| (cycle, it.clone())))
            .collect();
        let with = |kept: &[(usize, Change)]| {
            let mut scripts = vec![Vec::new(); scripts.len()];
            for (cycle, change) in kept {
                scripts[*cycle].push(change.clone());
            }
            scenario.with_scripts(0, scripts)
        };
        let minimised = minimise(marked, &self.may_try, |kept| {
            let scenario = with(&kept);
            async move { self.fails(&scenario).await }
        })
        .await;
        (with(&minimised.changes), minimised.is_minimal)
    }

    /// Leaves out cycles before which nothing happens, all of them or one after another.
    async fn drop_cycles(&self, best: &mut Scenario) {
        let is_idle = |cycle: &CyclePlan| {
            let changes = Changes::Still;
            matches!(cycle, CyclePlan::Incremental { changes: it, .. } if *it == changes)
        };
        let mut without = best.clone();
        without.cycles.retain(|cycle| !is_idle(cycle));
        if self.improves(best, without).await {
            return;
        }
        for at in (0..best.cycles.len()).rev() {
            if best.cycles.get(at).is_some_and(is_idle) {
                let mut without = best.clone();
                without.cycles.remove(at);
                self.improves(best, without).await;
            }
        }
    }

    /// Takes away users and groups that no change names, then whatever else they are set up with.
    async fn shrink_population(&self, best: &mut Scenario) {
        let named = objects_of(best);
        let after = |highest: Option<usize>| highest.map_or(0, |index| index + 1);
        let users = after(named.iter().filter_map(|it| user(*it)).max()).max(1);
        let groups = after(named.iter().filter_map(|it| group(*it)).max());
        let steps: [fn(&mut Population, usize, usize); 6] = [
            |it, users, groups| {
                (it.users, it.groups) = (it.users.min(users), it.groups.min(groups));
            },
            |it, users, _| it.users = it.users.min(users),
            |it, _, groups| it.groups = it.groups.min(groups),
            |it, _, _| it.managers_percent = 0,
            |it, _, _| it.members_per_group = 0,
            |it, _, _| it.members_per_group = it.members_per_group.min(1),
        ];
        for step in steps {
            let mut smaller = best.clone();
            step(&mut smaller.population, users, groups);
            let population = &mut smaller.population;
            population.members_per_group = population.members_per_group.min(population.users);
            if smaller.population != best.population {
                self.improves(best, smaller).await;
            }
        }
    }

    /// Calls the objects that are left by the lowest numbers.
    async fn renumber(&self, best: &mut Scenario) {
        let named = objects_of(best);
        let users: Vec<usize> = named.iter().filter_map(|it| user(*it)).collect();
        let groups: Vec<usize> = named.iter().filter_map(|it| group(*it)).collect();
        let place = |of: &[usize], index| of.iter().position(|it| *it == index).unwrap_or(index);
        let mut lower = best.clone();
        for script in scripts_mut(&mut lower) {
            for change in script {
                *change = renumbered(change, |it| place(&users, it), |it| place(&groups, it));
            }
        }
        if lower != *best && self.improves(best, lower).await {
            self.shrink_population(best).await;
        }
    }

    /// Gives each change the simplest value that still fails.
    async fn simplify_values(&self, best: &mut Scenario) {
        let count = scripts_of(best).iter().flatten().count();
        for nth in 0..count {
            loop {
                let Some(change) = scripts_mut(best).flatten().nth(nth).cloned() else { break };
                let mut found = false;
                for simpler in simpler(&change) {
                    let mut plainer = best.clone();
                    if let Some(place) = scripts_mut(&mut plainer).flatten().nth(nth) {
                        *place = simpler;
                    }
                    found = self.improves(best, plainer).await;
                    if found {
                        break;
                    }
                }
                if !found {
                    break;
                }
            }
        }
    }

    /// Takes the candidate for the best one where it still fails.
    async fn improves(&self, best: &mut Scenario, candidate: Scenario) -> bool {
        if candidate == *best || !(self.may_try)() || !self.fails(&candidate).await {
            return false;
        }
        *best = candidate;
        true
    }

    async fn fails(&self, scenario: &Scenario) -> bool {
        let sequence = self.replay(self.player, scenario).await;
        self.is_shown_by(&sequence)
    }
}

/// The changes of a scripted scenario, by cycle.
pub(super) fn scripts_of(scenario: &Scenario) -> Vec<Vec<Change>> {
    let script = |cycle: &CyclePlan| match cycle.changes() {
        Some(Changes::Script(script)) => script.clone(),
        _ => Vec::new(),
    };
    scenario.cycles.iter().map(script).collect()
}

fn scripts_mut(scenario: &mut Scenario) -> impl Iterator<Item = &mut Vec<Change>> {
    scenario.cycles.iter_mut().filter_map(|cycle| match cycle.changes_mut() {
        Some(Changes::Script(script)) => Some(script),
        _ => None,
    })
}

/// The objects that the changes name, and those that a cycle is about.
fn objects_of(scenario: &Scenario) -> BTreeSet<ChangedObject> {
    let scripts = scripts_of(scenario);
    let named = scripts.iter().flatten().flat_map(Change::objects);
    let on_demand = scenario.cycles.iter().flat_map(|cycle| match cycle {
        CyclePlan::ProvisionOnDemand { users, groups, .. } => {
            let users = users.iter().map(|index| ChangedObject::User(*index));
            users.chain(groups.iter().map(|index| ChangedObject::Group(*index))).collect()
        }
        _ => Vec::new(),
    });
    named.chain(on_demand).collect()
}

fn user(object: ChangedObject) -> Option<usize> {
    match object {
        ChangedObject::User(index) => Some(index),
        ChangedObject::Group(_) => None,
    }
}

fn group(object: ChangedObject) -> Option<usize> {
    match object {
        ChangedObject::Group(index) => Some(index),
        ChangedObject::User(_) => None,
    }
}
