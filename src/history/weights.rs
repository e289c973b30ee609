//! How often each kind of step is drawn, and how much of everything a history holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::step::{Step, Verb};

/// What a history is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum History {
    /// Exactly these steps.
    Script(Vec<Step>),
    /// Drawn from the seed.
    Drawn(HistoryPlan),
}

/// How a history is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPlan {
    /// Steps after those that make users and groups.
    pub steps: usize,
    /// Users at the start.
    pub users: usize,
    /// Groups at the start.
    pub groups: usize,
    /// How many steps of a hundred are wrong on purpose.
    pub invalid_percent: u8,
    /// How many writes of a hundred are sent once more.
    pub replay_percent: u8,
    /// How often each verb is drawn.
    pub weights: VerbWeights,
}

impl Default for HistoryPlan {
    fn default() -> Self {
        Self {
            steps: 40,
            users: 4,
            groups: 2,
            invalid_percent: 10,
            replay_percent: 5,
            weights: VerbWeights::default(),
        }
    }
}

/// How often each verb is drawn; one that is not named is not drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, u32>", into = "BTreeMap<String, u32>")]
pub struct VerbWeights(BTreeMap<Verb, u32>);

const WEIGHT_MAX: u32 = 1_000;

impl VerbWeights {
    /// The verbs that are drawn at all, with their weights.
    pub fn drawn(&self) -> impl Iterator<Item = (Verb, u32)> + '_ {
        let all = self.0.iter().map(|(verb, weight)| (*verb, (*weight).min(WEIGHT_MAX)));
        all.filter(|(_, weight)| *weight > 0)
    }
}

impl Default for VerbWeights {
    fn default() -> Self {
        let plain = [
            (Verb::Create, 40),
            (Verb::Get, 10),
            (Verb::Put, 40),
            (Verb::Patch, 140),
            (Verb::Delete, 30),
            (Verb::AddMembers, 50),
            (Verb::RemoveMembers, 40),
            (Verb::SetManager, 20),
            (Verb::Deactivate, 20),
            (Verb::Reactivate, 20),
            (Verb::Rename, 30),
            (Verb::Filter, 12),
        ];
        let trials = Verb::ALL.iter().filter(|verb| is_drawn(**verb)).map(|verb| (*verb, 3));
        Self(trials.chain(plain).collect())
    }
}

impl TryFrom<BTreeMap<String, u32>> for VerbWeights {
    type Error = String;

    fn try_from(words: BTreeMap<String, u32>) -> Result<Self, String> {
        let known = |word: &str| Verb::of(word).filter(|verb| is_drawn(*verb));
        let pairs = words.into_iter().map(|(word, weight)| {
            if let Some(verb) = known(&word) {
                Ok((verb, weight))
            } else {
                let all = Verb::ALL.iter().filter(|verb| is_drawn(**verb));
                let all: Vec<&str> = all.map(|verb| verb.word()).collect();
                Err(format!("`{word}` is no kind of step; there are {}", all.join(", ")))
            }
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }
}

/// Whether a verb has a weight: a repetition follows a write, a clean-up the whole.
fn is_drawn(verb: Verb) -> bool {
    !matches!(verb, Verb::Repeat | Verb::CleanUp) && !verb.is_race()
}

impl From<VerbWeights> for BTreeMap<String, u32> {
    fn from(weights: VerbWeights) -> Self {
        weights.0.into_iter().map(|(verb, weight)| (verb.word().to_owned(), weight)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_words_of_scripts() {
        let weights: VerbWeights = toml::from_str("add-members = 3\npatch = 0").unwrap();
        assert_eq!(weights.drawn().collect::<Vec<_>>(), [(Verb::AddMembers, 3)]);
        let refused = toml::from_str::<VerbWeights>("add-member = 3").unwrap_err();
        assert!(refused.message().contains("there are create, get"), "{refused}");
        let written = toml::to_string(&weights).unwrap();
        assert_eq!(toml::from_str::<VerbWeights>(&written).unwrap(), weights);
    }
}
