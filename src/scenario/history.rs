//! The table `[history]`: random SCIM histories, or one written out, as the file says them.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::Scenario;
use super::check::{Checked, Checker};
use super::file::ScenarioFile;
use crate::history::{History, HistoryPlan, Step, VerbWeights};

/// Steps of a history are each some requests to somebody's tenant.
const STEPS_MAX: i64 = 10_000;
const RESOURCES_MAX: i64 = 1_000;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct HistoryTable {
    #[serde(default)]
    kind: HistoryKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    steps: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    users: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invalid_percent: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replay_percent: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    script: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<Spanned<VerbWeights>>,
}

/// What a history is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum HistoryKind {
    /// Requests of SCIM, one after the other.
    #[default]
    Scim,
}

/// A file with nothing in it but a history.
#[derive(Serialize)]
struct HistoryFile<'a> {
    title: &'a str,
    seed: u64,
    runs: u32,
    history: HistoryTable,
}

impl Checker<'_> {
    /// The history that a file asks for. What Entra does has no place beside it.
    pub(super) fn history(&self, file: &ScenarioFile) -> Checked<Option<History>> {
        let Some(table) = &file.history else { return Ok(None) };
        let other = beside(file);
        if let Some((name, span)) = other {
            let problem = format!("{name} means nothing beside [history]");
            let mend = "a history is no work of Entra's: keep one of the two";
            return Err(self.source.refuse(&span, problem, mend));
        }
        if let Some(script) = &table.get_ref().script {
            return self.history_script(table.get_ref(), script).map(Some);
        }
        self.history_plan(table.get_ref()).map(|plan| Some(History::Drawn(plan)))
    }

    fn history_script(
        &self,
        table: &HistoryTable,
        script: &Spanned<Vec<Spanned<String>>>,
    ) -> Checked<History> {
        let drawn = [
            ("steps", table.steps.as_ref().map(Spanned::span)),
            ("users", table.users.as_ref().map(Spanned::span)),
            ("groups", table.groups.as_ref().map(Spanned::span)),
            ("invalid-percent", table.invalid_percent.as_ref().map(Spanned::span)),
            ("replay-percent", table.replay_percent.as_ref().map(Spanned::span)),
            ("weights", table.weights.as_ref().map(Spanned::span)),
        ];
        if let Some((key, span)) = drawn.into_iter().find_map(|(key, span)| Some((key, span?))) {
            let problem = format!("`{key}` is for drawing, and a script is given");
            return Err(self.source.refuse(&span, problem, "keep one of the two"));
        }
        let steps = script.get_ref().iter().map(|line| {
            line.get_ref()
                .parse::<Step>()
                .map_err(|error| self.source.refuse(&line.span(), error.to_string(), ""))
        });
        Ok(History::Script(steps.collect::<Checked<_>>()?))
    }

    fn history_plan(&self, table: &HistoryTable) -> Checked<HistoryPlan> {
        let usual = HistoryPlan::default();
        let weights = table.weights.as_ref();
        if let Some(weights) = weights.filter(|it| it.get_ref().drawn().next().is_none()) {
            let mend = "give at least one kind of step a weight above 0";
            return Err(self.source.refuse(&weights.span(), "no step can be drawn", mend));
        }
        let or = |usual: usize| i64::try_from(usual).unwrap_or(i64::MAX);
        let users = self.size(table.users.as_ref(), RESOURCES_MAX, or(usual.users))?;
        let groups = self.size(table.groups.as_ref(), RESOURCES_MAX, or(usual.groups))?;
        Ok(HistoryPlan {
            steps: self.size(table.steps.as_ref(), STEPS_MAX, or(usual.steps))?,
            users,
            groups,
            invalid_percent: self.percent(table.invalid_percent.as_ref(), usual.invalid_percent)?,
            replay_percent: self.percent(table.replay_percent.as_ref(), usual.replay_percent)?,
            weights: weights.map_or(usual.weights, |it| it.get_ref().clone()),
        })
    }
}

/// What Entra does and a file says beside something that is no work of Entra's.
pub(super) fn beside(file: &ScenarioFile) -> Option<(&'static str, Range<usize>)> {
    let others = [
        ("[[cycle]]", file.cycle.first().map(Spanned::span)),
        ("[population]", file.population.as_ref().map(Spanned::span)),
        ("[[mapping]]", file.mapping.first().map(Spanned::span)),
        ("[[scoping-filter]]", file.scoping_filter.first().map(Spanned::span)),
        ("[entra]", file.entra.as_ref().map(Spanned::span)),
        ("[faults]", (!file.faults.is_empty()).then_some(0..0)),
    ];
    others.into_iter().find_map(|(name, span)| Some((name, span?)))
}

/// The text of a file that says the same as a scenario with a history.
pub(super) fn text_of(scenario: &Scenario, history: &History) -> String {
    let put = |number: usize| Some(Spanned::new(0..0, i64::try_from(number).unwrap_or(i64::MAX)));
    let mut table = HistoryTable {
        kind: HistoryKind::Scim,
        steps: None,
        users: None,
        groups: None,
        invalid_percent: None,
        replay_percent: None,
        script: None,
        weights: None,
    };
    match history {
        History::Script(steps) => {
            let lines = steps.iter().map(|step| Spanned::new(0..0, step.to_string()));
            table.script = Some(Spanned::new(0..0, lines.collect()));
        }
        History::Drawn(plan) => {
            table.steps = put(plan.steps);
            table.users = put(plan.users);
            table.groups = put(plan.groups);
            table.invalid_percent = put(plan.invalid_percent.into());
            table.replay_percent = put(plan.replay_percent.into());
            table.weights = Some(Spanned::new(0..0, plan.weights.clone()));
        }
    }
    let Scenario { title, seed, runs, .. } = scenario;
    let file = HistoryFile { title, seed: *seed, runs: *runs, history: table };
    toml::to_string_pretty(&file).expect("every value here has a form in TOML")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let text = format!("title = \"t\"\n{text}");
        Scenario::parse("h.toml", &text).unwrap_err().to_string()
    }

    #[test]
    fn a_history_reads_back_as_written() {
        let drawn = "title = \"t\"\nruns = 3\n[history]\nsteps = 7\nweights = { patch = 2 }";
        let script = concat!(
            "title = \"t\"\n[history]\nscript = [\n",
            "'create user 0 {\"userName\":\"<name 0>\"}',\n\"delete user 0\", ",
            "'patch user 0 [{\"op\":\"remove\",\"path\":\"ab\"}]']",
        );
        for text in [drawn, script] {
            let scenario = Scenario::parse("h", text).unwrap();
            let again = Scenario::parse("h", &scenario.to_toml()).unwrap();
            assert_eq!(again, scenario, "{}", scenario.to_toml());
        }
        let scenario = Scenario::parse("h", drawn).unwrap();
        let Some(History::Drawn(plan)) = scenario.history else { panic!("it is drawn") };
        assert_eq!((plan.steps, plan.users), (7, HistoryPlan::default().users));
        assert!(scenario.cycles.is_empty());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_where_it_stands() {
        for (text, words) in [
            ("[history]\n[[cycle]]\nkind = \"initial\"", "[[cycle]] means nothing"),
            ("[history]\n[population]\nusers = 3", "[population] means nothing"),
            ("[history]\nsteps = -1", "write a whole number from 0 to 10000"),
            ("[history]\nweights = { patch = 0 }", "no step can be drawn"),
            ("[history]\nweights = { patsh = 1 }", "`patsh` is no kind of step"),
            ("[history]\nsteps = 4\nscript = []", "`steps` is for drawing"),
            ("[history]\nscript = [\"jump user 0\"]", "`jump user 0` is no step"),
            ("[history]\nkind = \"entra\"", "expected `scim`"),
        ] {
            let message = refused(text);
            assert!(message.contains(words), "{message}");
            assert!(message.contains("h.toml"), "{message}");
        }
    }
}
