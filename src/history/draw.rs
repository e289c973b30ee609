//! Histories nobody would write down, drawn from a seed.
//!
//! Each step is drawn against the model as the earlier steps leave it, so most of them can happen;
//! some are wrong on purpose. What comes out is a plain list of steps: a failure is shortened by
//! leaving steps out.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::model::Model;
use super::norm::State;
use super::offer::{Offer, value};
use super::operations::{flawed, operation, operations};
use super::slot::{EVERY, Kind, NOBODY, Slot};
use super::step::{Step, Verb};
use super::trials::{Ground, plainly, trial};
use super::weights::HistoryPlan;

/// Draws that may come to nothing in a row.
const MISSES_MAX: usize = 60;
/// Names besides those of the slots: who is renamed gets one of them.
const SPARE_NAMES: usize = 6;

/// Draws a history; the same seed draws the same.
pub fn draw(seed: u64, plan: &HistoryPlan, offer: &Offer) -> Vec<Step> {
    let mut drawing = Drawing {
        dice: Dice::new(seed),
        model: Model::default(),
        offer,
        last: None,
        steps: Vec::new(),
    };
    for kind in [Kind::User, Kind::Group] {
        let count = if kind == Kind::User { plan.users } else { plan.groups };
        for number in 0..count {
            let step = drawing.create(Slot { kind, number }, false);
            drawing.take(step);
        }
    }
    let weights: Vec<(Verb, u32)> =
        plan.weights.drawn().filter(|(verb, _)| !offer.without.contains(verb)).collect();
    let end = drawing.steps.len() + plan.steps;
    let mut misses = 0;
    while drawing.steps.len() < end && misses < MISSES_MAX {
        let is_wrong = drawing.dice.percent(plan.invalid_percent.into());
        let drawn = match weighted(&mut drawing.dice, &weights) {
            None => break,
            Some(verb) if is_wrong => drawing.wrong(verb),
            Some(verb) => drawing.right(verb),
        };
        let taken = drawn.is_some_and(|step| drawing.take(step));
        misses = if taken { 0 } else { misses + 1 };
        if taken && drawing.dice.percent(plan.replay_percent.into()) {
            drawing.steps.push(Step { verb: Verb::Repeat, slot: None, details: Value::Null });
        }
    }
    drawing.steps
}

fn weighted(dice: &mut Dice, weights: &[(Verb, u32)]) -> Option<Verb> {
    let total: u32 = weights.iter().map(|(_, weight)| weight).sum();
    let mut place = dice.below(usize::try_from(total).ok()?);
    for (verb, weight) in weights {
        let weight = usize::try_from(*weight).ok()?;
        if place < weight {
            return Some(*verb);
        }
        place -= weight;
    }
    None
}

struct Drawing<'a> {
    dice: Dice,
    model: Model,
    offer: &'a Offer,
    /// The slot of the step before: what happens twice to one resource tells most.
    last: Option<Slot>,
    steps: Vec<Step>,
}

impl<'a> Drawing<'a> {
    /// Adds a step that applies, and lets the model go on as if the tenant did it.
    fn take(&mut self, step: Step) -> bool {
        let plain = plainly(&step);
        let is_trial = plain.is_some() || self.model.expect(&step).is_none();
        let effect = plain.as_ref().unwrap_or(&step);
        let Some(expected) = self.model.expect(effect) else {
            let is_there = step.slot.is_some_and(|it| it.number == EVERY || self.model.holds(it));
            if is_trial && is_there {
                self.steps.push(step);
            }
            return is_trial && is_there;
        };
        let slot = expected.slot;
        let states = expected.allowed.states;
        match effect.verb {
            Verb::Delete if self.model.holds(slot) => self.model.deleted(slot),
            Verb::Create => {
                if let Some(state) = states.first().cloned() {
                    self.model.created(slot, vec![state.clone()], &state);
                }
            }
            _ => self.model.changed(slot, states.into_iter().take(1).collect()),
        }
        if slot.number != NOBODY {
            self.last = Some(slot);
        }
        self.steps.push(step);
        true
    }

    fn live(&mut self, kind: Kind) -> Option<Slot> {
        let again = self.last.filter(|slot| slot.kind == kind && self.model.holds(*slot));
        if again.is_some() && self.dice.percent(40) {
            return again;
        }
        let live = self.model.live(kind);
        self.dice.pick(&live).copied()
    }

    fn kind(&mut self) -> Kind {
        if self.dice.percent(75) { Kind::User } else { Kind::Group }
    }

    fn right(&mut self, verb: Verb) -> Option<Step> {
        let kind = self.kind();
        let group = Slot::group(0).kind;
        Some(match verb {
            Verb::Create => {
                let slot = self.empty(kind);
                self.create(slot, false)
            }
            Verb::Put => {
                let slot = self.live(kind)?;
                let state = self.model.states(slot).first().cloned().unwrap_or_default();
                let name = state.get(kind.name_attribute()).cloned().unwrap_or_default();
                let body = self.body(kind, name);
                Step::new(verb, slot, body)
            }
            Verb::Patch => {
                let slot = self.live(kind)?;
                let state = self.model.states(slot).first().cloned().unwrap_or_default();
                let offered = self.offered(kind);
                Step::new(verb, slot, operations(&mut self.dice, kind, offered, &state))
            }
            Verb::Get | Verb::Delete => Step::bare(verb, self.live(kind)?),
            Verb::AddMembers | Verb::RemoveMembers => {
                let slot = self.live(group)?;
                Step::new(verb, slot, self.numbers(slot, verb))
            }
            Verb::SetManager => {
                let slot = self.live(Kind::User)?;
                let manager = self.live(Kind::User).filter(|_| self.dice.percent(75));
                Step::new(verb, slot, manager.map(|manager| manager.number))
            }
            Verb::Deactivate | Verb::Reactivate => Step::bare(verb, self.live(Kind::User)?),
            Verb::Rename => {
                let slot = self.live(kind)?;
                let name = self.name(kind);
                Step::new(verb, slot, name)
            }
            Verb::PutTwice => Step { verb, ..self.right(Verb::Put)? },
            Verb::PatchOrPut | Verb::PatchSplit => {
                let slot = self.live(Kind::User)?;
                let state = self.model.states(slot).first().cloned().unwrap_or_default();
                let operations = operations(&mut self.dice, Kind::User, &self.offer.user, &state);
                (operations.len() > 1 || verb == Verb::PatchOrPut)
                    .then(|| Step::new(verb, slot, operations))?
            }
            Verb::PatchFlawed => Step { verb, ..self.wrong(Verb::Patch)? },
            Verb::RenameAndLook => {
                let slot = self.live(Kind::User)?;
                let name = self.name(Kind::User);
                Step::new(verb, slot, name)
            }
            Verb::LoseAnswer => {
                let slot = self.empty(Kind::User);
                Step { verb, ..self.create(slot, false) }
            }
            Verb::Repeat | Verb::CleanUp => return None,
            trial => return self.trial(trial),
        })
    }

    fn trial(&mut self, verb: Verb) -> Option<Step> {
        let either = matches!(
            verb,
            Verb::Filter
                | Verb::FilterTwice
                | Verb::Search
                | Verb::Page
                | Verb::Sort
                | Verb::List
                | Verb::Look
                | Verb::PutBack
                | Verb::Project
                | Verb::Shield
        );
        let kind = match verb {
            Verb::OneByOne => Kind::Group,
            _ if either => self.kind(),
            _ => Kind::User,
        };
        let slot = self.live(kind)?;
        let state = self.model.states(slot).first().cloned().unwrap_or_default();
        let users = self.model.live(Kind::User);
        let names: Vec<Value> = users
            .iter()
            .filter_map(|user| self.model.states(*user).first()?.get("userName").cloned())
            .chain((0..3).map(|number| json!(format!("<name {}>", 50 + number))))
            .collect();
        let users: Vec<usize> = users.iter().map(|user| user.number).collect();
        let ground =
            Ground { offered: self.offered(kind), state: &state, names: &names, users: &users };
        trial(&mut self.dice, verb, slot, &ground)
    }

    /// A step that must be refused, or may be.
    fn wrong(&mut self, verb: Verb) -> Option<Step> {
        let kind = self.kind();
        let nobody = Slot { kind, number: NOBODY };
        let gone: Vec<Slot> = self.model.gone().filter(|slot| slot.kind == kind).collect();
        let absent = self.dice.pick(&gone).copied().unwrap_or(nobody);
        let absent = if self.dice.percent(30) { nobody } else { absent };
        Some(match verb {
            Verb::Create => {
                let slot = self.empty(kind);
                self.create(slot, true)
            }
            Verb::Patch => {
                let slot = self.live(kind)?;
                let state = self.model.states(slot).first().cloned().unwrap_or_default();
                let offered = self.offered(kind);
                let mut all = operations(&mut self.dice, kind, offered, &state);
                let place = self.dice.below(all.len() + 1);
                all.insert(place, flawed(&mut self.dice, kind));
                Step::new(verb, slot, all)
            }
            Verb::Rename => {
                let (slot, other) = (self.live(kind)?, self.live(kind)?);
                let name = self.model.states(other).first()?.get(kind.name_attribute())?.clone();
                Step::new(verb, slot, self.in_another_case(name))
            }
            Verb::Put => {
                let (slot, other) = (self.live(kind)?, self.live(kind)?);
                let name = self.model.states(other).first()?.get(kind.name_attribute())?.clone();
                let body = self.body(kind, name);
                Step::new(verb, slot, body)
            }
            Verb::Get | Verb::Delete => Step::bare(verb, absent),
            _ => {
                let state = State::new();
                let offered = self.offered(kind);
                let change = operation(&mut self.dice, kind, offered, &state);
                Step::new(Verb::Patch, absent, vec![change])
            }
        })
    }

    fn offered(&self, kind: Kind) -> &'a [&'static str] {
        match kind {
            Kind::User => &self.offer.user,
            Kind::Group => &self.offer.group,
        }
    }

    /// A slot that is free: one that held something before, or a new one.
    fn empty(&mut self, kind: Kind) -> Slot {
        let gone: Vec<Slot> = self.model.gone().filter(|slot| slot.kind == kind).collect();
        match self.dice.pick(&gone).copied() {
            Some(slot) if self.dice.percent(70) => slot,
            _ => {
                let taken = self.model.live(kind).into_iter().chain(gone);
                let number = taken.map(|slot| slot.number + 1).max().unwrap_or(0);
                Slot { kind, number }
            }
        }
    }

    fn create(&mut self, slot: Slot, is_wrong: bool) -> Step {
        let word = if slot.kind == Kind::User { "name" } else { "team" };
        let mut name = json!(format!("<{word} {}>", slot.number));
        if is_wrong {
            let taken = self.live(slot.kind).and_then(|other| {
                self.model.states(other).first()?.get(slot.kind.name_attribute()).cloned()
            });
            name = match taken.filter(|_| self.dice.percent(60)) {
                Some(name) => self.in_another_case(name),
                None if slot.kind == Kind::User && self.dice.percent(30) => json!(""),
                None => [json!(null), json!({"a": 1})][self.dice.below(2)].clone(),
            };
        }
        let mut body = self.body(slot.kind, name);
        if slot.kind == Kind::Group && self.dice.percent(50) {
            let users = self.model.live(Kind::User);
            let members: Vec<Value> = users
                .iter()
                .filter(|_| self.dice.percent(40))
                .map(|user| json!({"value": user.reference()}))
                .collect();
            if !members.is_empty() {
                body["members"] = members.into();
            }
        }
        Step::new(Verb::Create, slot, body)
    }

    fn in_another_case(&mut self, name: Value) -> Value {
        match name.as_str() {
            Some(text) if text.starts_with("<name") && self.dice.percent(50) => {
                text.replace("<name", "<NAME").into()
            }
            _ => name,
        }
    }

    fn name(&mut self, kind: Kind) -> String {
        let word = if kind == Kind::User { "name" } else { "team" };
        let slots = self.model.live(kind).len() + self.model.gone().count();
        format!("<{word} {}>", self.dice.below(slots + SPARE_NAMES))
    }

    /// A body with a name and some of what the tenant takes.
    fn body(&mut self, kind: Kind, name: Value) -> Value {
        let mut body = Map::from_iter([(kind.name_attribute().to_owned(), name)]);
        let share = if self.dice.percent(20) { 0 } else { 35 };
        let chosen: BTreeSet<&str> =
            self.offered(kind).iter().copied().filter(|_| self.dice.percent(share)).collect();
        let mut extension = Map::new();
        for attribute in chosen {
            let value = match kind {
                Kind::User => value(&mut self.dice, attribute),
                Kind::Group => json!("ext-g1-<marker>"),
            };
            match attribute.strip_prefix("enterprise.") {
                Some(name) => extension.insert(name.to_owned(), value),
                None => body.insert(attribute.to_owned(), value),
            };
        }
        if !extension.is_empty() {
            body.insert(crate::scim::ENTERPRISE_USER.to_owned(), extension.into());
        }
        body.into()
    }

    /// Users to add to a group or to remove from it; mostly such for whom it changes something.
    fn numbers(&mut self, group: Slot, verb: Verb) -> Vec<usize> {
        let state = self.model.states(group).first().cloned().unwrap_or_default();
        let members: BTreeSet<&str> = super::model::members_of(&state).collect();
        let users = self.model.live(Kind::User);
        let fitting = |user: &&Slot| {
            members.contains(user.reference().as_str()) == (verb == Verb::RemoveMembers)
        };
        let fitting: Vec<Slot> = users.iter().filter(fitting).copied().collect();
        let pool = if self.dice.percent(85) && !fitting.is_empty() { fitting } else { users };
        let mut chosen = BTreeSet::new();
        for _ in 0..=self.dice.below(3) {
            chosen.extend(self.dice.pick(&pool).map(|user| user.number));
        }
        chosen.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_every_step_reads_back() {
        let (plan, offer) = (HistoryPlan::default(), Offer::whole());
        assert_eq!(draw(7, &plan, &offer), draw(7, &plan, &offer));
        assert_ne!(draw(7, &plan, &offer), draw(8, &plan, &offer));
        for seed in 0..50 {
            let steps = draw(seed, &plan, &offer);
            assert!(steps.len() >= plan.steps, "{} steps", steps.len());
            for step in steps {
                assert_eq!(step.to_string().parse::<Step>().unwrap(), step);
            }
        }
    }

    #[test]
    fn every_verb_is_drawn_but_those_the_tenant_lacks() {
        let plan = HistoryPlan::default();
        let mut offer = Offer::whole();
        offer.without.insert(Verb::Put);
        let all: Vec<Step> = (0..200).flat_map(|seed| draw(seed, &plan, &offer)).collect();
        let drawn: BTreeSet<Verb> = all.iter().map(|step| step.verb).collect();
        let expected: BTreeSet<Verb> = Verb::ALL
            .iter()
            .copied()
            .filter(|verb| !matches!(verb, Verb::Put | Verb::CleanUp) && !verb.is_race())
            .collect();
        assert_eq!(drawn, expected);
    }
}
