//! The table `[concurrency]`: which changes are made at the same time, by how many, how often.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::Scenario;
use super::check::{Checked, Checker};
use super::file::ScenarioFile;
use super::history::beside;
use crate::history::{RoundPlan, Verb};

const WORKERS_MIN: i64 = 2;
const WORKERS_MAX: i64 = 64;
const ROUNDS_MAX: i64 = 100_000;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ConcurrencyTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workers: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rounds: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    races: Option<Spanned<Vec<Spanned<String>>>>,
}

/// A file with nothing in it but races.
#[derive(Serialize)]
struct ConcurrencyFile<'a> {
    title: &'a str,
    seed: u64,
    concurrency: ConcurrencyTable,
}

impl Checker<'_> {
    /// The races that a file asks for. What happens one after the other has no place beside them.
    pub(super) fn concurrency(&self, file: &ScenarioFile) -> Checked<Option<RoundPlan>> {
        let Some(table) = file.concurrency.as_ref().map(Spanned::get_ref) else { return Ok(None) };
        let history = file.history.as_ref().map(|it| ("[history]", it.span()));
        let runs = file.runs.as_ref().map(|it| ("`runs`", it.span()));
        let other = beside(file).or(history).or(runs);
        if let Some((name, span)) = other {
            let problem = format!("{name} means nothing beside [concurrency]");
            let mend = "races are a scenario of their own: keep one of the two";
            return Err(self.source.refuse(&span, problem, mend));
        }
        let usual = RoundPlan::default();
        let or = |usual: usize| i64::try_from(usual).unwrap_or(i64::MAX);
        let workers =
            self.whole(table.workers.as_ref(), WORKERS_MIN, WORKERS_MAX, or(usual.workers))?;
        let rounds = self.whole(table.rounds.as_ref(), 1, ROUNDS_MAX, usual.rounds.into())?;
        let races = match &table.races {
            None => usual.races,
            Some(races) => self.races(races)?,
        };
        Ok(Some(RoundPlan {
            workers: usize::try_from(workers).unwrap_or(usize::MAX),
            rounds: u32::try_from(rounds).unwrap_or(u32::MAX),
            races,
        }))
    }

    fn races(&self, races: &Spanned<Vec<Spanned<String>>>) -> Checked<Vec<Verb>> {
        let known = || RoundPlan::RACES.iter().map(|race| race.word()).collect::<Vec<_>>();
        if races.get_ref().is_empty() {
            let mend = format!("name some of {}, or leave the key out for all", known().join(", "));
            return Err(self.source.refuse(&races.span(), "there is no race", &mend));
        }
        let each = races.get_ref().iter().map(|word| {
            let race = Verb::of(word.get_ref()).filter(|verb| verb.is_race());
            race.ok_or_else(|| {
                let problem = format!("`{}` is no race", word.get_ref());
                let mend = format!("write one of {}", known().join(", "));
                self.source.refuse(&word.span(), problem, &mend)
            })
        });
        each.collect()
    }
}

/// The text of a file that says the same as a scenario with races.
pub(super) fn text_of(scenario: &Scenario, plan: &RoundPlan) -> String {
    let put = |number: usize| Some(Spanned::new(0..0, i64::try_from(number).unwrap_or(i64::MAX)));
    let races = plan.races.iter().map(|race| Spanned::new(0..0, race.word().to_owned()));
    let table = ConcurrencyTable {
        workers: put(plan.workers),
        rounds: Some(Spanned::new(0..0, plan.rounds.into())),
        races: Some(Spanned::new(0..0, races.collect())),
    };
    let Scenario { title, seed, .. } = scenario;
    let file = ConcurrencyFile { title, seed: *seed, concurrency: table };
    toml::to_string_pretty(&file).expect("every value here has a form in TOML")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn races_read_back_as_written() {
        let text = "title = \"t\"\nseed = 7\n[concurrency]\nworkers = 3\nraces = [\"race-adds\"]";
        let scenario = Scenario::parse("c", text).unwrap();
        let plan = scenario.concurrency.clone().unwrap();
        assert_eq!((plan.workers, plan.rounds, plan.races), (3, 20, vec![Verb::RaceAdds]));
        assert_eq!(Scenario::parse("c", &scenario.to_toml()).unwrap(), scenario);
        let whole = Scenario::parse("c", "title = \"t\"\n[concurrency]").unwrap();
        assert_eq!(whole.concurrency, Some(RoundPlan::default()));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_where_it_stands() {
        for (text, words) in [
            ("[concurrency]\nworkers = 1", "from 2 to 64"),
            ("[concurrency]\nrounds = 0", "from 1 to 100000"),
            ("[concurrency]\nraces = []", "there is no race"),
            ("[concurrency]\nraces = [\"race-ads\"]", "write one of race-creates, race-renames"),
            ("[concurrency]\nraces = [\"patch\"]", "`patch` is no race"),
            ("[concurrency]\n[history]", "[history] means nothing beside [concurrency]"),
            ("[concurrency]\n[[cycle]]\nkind = \"initial\"", "[[cycle]] means nothing beside"),
            ("runs = 3\n[concurrency]", "`runs` means nothing beside [concurrency]"),
            ("[concurrency]\nworker = 3", "worker"),
        ] {
            let text = format!("title = \"t\"\n{text}");
            let message = Scenario::parse("c.toml", &text).unwrap_err().to_string();
            assert!(message.contains(words) && message.contains("c.toml"), "{message}");
        }
    }
}
