//! Whether a scenario as written can run; if not, which place to mend.
//!
//! Each function takes a part of the file and gives the part of the [`Scenario`] it means. Nothing
//! is corrected silently: a value that cannot be meant is refused.

use std::collections::BTreeMap;

use toml::Spanned;

use super::file::{
    CycleKind, CycleTable, ExpectTable, PaceTable, PopulationTable, ScenarioFile,
    ScopingFilterTable,
};
use super::*;
use crate::entra::mapping::AttributeMapping;
use crate::entra::scope::ScopingFilter;
use crate::exchange::Operation;
use crate::profile::{CONCURRENCY_MAX, MappedObject, refuse_entra, refuse_mapping};
use crate::refusal::SourceText;

pub(super) type Checked<T> = Result<T, Box<Refusal>>;

/// Users and groups are computed, not stored, but requests for each take their time.
const USERS_MAX: i64 = 10_000_000;
const GROUPS_MAX: i64 = 1_000_000;
const RUNS_MAX: i64 = 10_000;
const CHANGES_MAX: i64 = 100_000;
const REPEAT_MAX: i64 = 1_000;
/// Ten years: more than any retry or recycle bin lasts.
const ADVANCE_MINUTES_MAX: i64 = 10 * 366 * 24 * 60;
/// Graph's reasons of a quarantine.
const QUARANTINE_REASONS: &[&str] = &[
    "EncounteredBaseEscrowThreshold",
    "EncounteredTotalEscrowThreshold",
    "EncounteredEscrowProportionThreshold",
    "EncounteredQuarantineException",
    "QuarantinedOnDemand",
    "TooManyDeletes",
    "IngestionInterrupted",
    "Unknown",
];

/// Reads a scenario; `file` stands in messages, `name` is the scenario's.
pub(super) fn parse(file: &str, name: &str, text: &str) -> Checked<Scenario> {
    let source = SourceText { file, text };
    let written: ScenarioFile = toml::from_str(text).map_err(|error| source.refuse_toml(&error))?;
    let checker = Checker { source };
    if written.title.get_ref().trim().is_empty() {
        let mend = "say in a sentence what the scenario shows";
        return Err(source.refuse(&written.title.span(), "the title is empty", mend));
    }
    let seed = checker.whole(written.seed.as_ref(), 0, i64::MAX, 1)?;
    let runs = checker.whole(written.runs.as_ref(), 1, RUNS_MAX, 1)?;
    let population = checker.population(written.population.as_ref(), seed)?;
    let history = checker.history(&written)?;
    let concurrency = checker.concurrency(&written)?;
    let cycles = match (&history, &concurrency) {
        (Some(_), _) | (_, Some(_)) => Vec::new(),
        (None, None) => checker.cycles(&written.cycle, &population)?,
    };
    if let Some(entra) = &written.entra {
        refuse_entra(&source, entra)?;
    }
    written.mapping.iter().try_for_each(|mapping| checker.mapping(mapping))?;
    let scope = checker.scope(written.scope, written.scoping_filter)?;
    let entra = written.entra.map(Spanned::into_inner).unwrap_or_default();
    let pace = checker.pace(&written.pace, &entra)?;
    let expect = checker.expectations(&written.expect, &pace, runs)?;
    Ok(Scenario {
        name: name.to_owned(),
        file: None,
        title: written.title.into_inner(),
        seed,
        runs: u32::try_from(runs).expect("at most the limit"),
        scope,
        population,
        cycles,
        history,
        concurrency,
        entra,
        mappings: written.mapping.into_iter().map(Spanned::into_inner).collect(),
        faults: written.faults,
        pace,
        expect,
    })
}

pub(super) struct Checker<'text> {
    pub(super) source: SourceText<'text>,
}

impl Checker<'_> {
    fn population(
        &self,
        table: Option<&Spanned<PopulationTable>>,
        seed: u64,
    ) -> Checked<Population> {
        let Some(table) = table.map(Spanned::get_ref) else {
            return Ok(Population { seed, ..Population::default() });
        };
        let default = Population::default();
        let population = Population {
            seed,
            attempt: 0,
            users: self.size(Some(&table.users), USERS_MAX, 0)?,
            groups: self.size(table.groups.as_ref(), GROUPS_MAX, 0)?,
            members_per_group: self.size(table.members_per_group.as_ref(), USERS_MAX, 0)?,
            large_groups: self.size(table.large_groups.as_ref(), GROUPS_MAX, 0)?,
            members_per_large_group: self.size(
                table.members_per_large_group.as_ref(),
                USERS_MAX,
                0,
            )?,
            assigned_users_percent: self
                .percent(table.assigned_users_percent.as_ref(), default.assigned_users_percent)?,
            assigned_groups_percent: self
                .percent(table.assigned_groups_percent.as_ref(), default.assigned_groups_percent)?,
            managers_percent: self
                .percent(table.managers_percent.as_ref(), default.managers_percent)?,
            disabled_percent: self
                .percent(table.disabled_percent.as_ref(), default.disabled_percent)?,
            domain: table.domain.as_ref().map(|domain| self.domain(domain)).transpose()?,
        };
        for (written, members) in [
            (&table.members_per_group, population.members_per_group),
            (&table.members_per_large_group, population.members_per_large_group),
        ] {
            if let Some(written) = written
                && members > population.users
            {
                let users = population.users;
                let problem = format!("{members} members of {users} users are too many");
                let mend = format!("write at most {users}, or more users");
                return Err(self.source.refuse(&written.span(), problem, &mend));
            }
        }
        Ok(population)
    }

    fn domain(&self, domain: &Spanned<String>) -> Checked<String> {
        let name = domain.get_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let labels = name.split('.').all(|label| !label.is_empty());
        if labels && name.contains('.') && name.chars().all(plain) {
            return Ok(name.clone());
        }
        let mend = "write it as in an e-mail address after the @: \"contoso.com\"";
        Err(self.source.refuse(&domain.span(), format!("`{name}` is no domain"), mend))
    }

    fn cycles(
        &self,
        tables: &[Spanned<CycleTable>],
        population: &Population,
    ) -> Checked<Vec<CyclePlan>> {
        if tables.is_empty() {
            let mend = "add a [[cycle]] with kind = \"initial\", a [history] or a [concurrency]";
            return Err(self.source.refuse(&(0..0), "nothing happens: there is no cycle", mend));
        }
        let mut begun = false;
        let mut plans = Vec::new();
        for table in tables {
            let kind = table.get_ref().kind;
            if matches!(kind, CycleKind::Incremental | CycleKind::Restart) && !begun {
                let problem = format!("the cycle `{}` comes before the initial one", kind.name());
                let mend = "put a [[cycle]] with kind = \"initial\" before it";
                return Err(self.source.refuse_key(&table.span(), "kind", problem, mend));
            }
            if kind == CycleKind::Initial && begun {
                let mend = "use kind = \"restart\" to have everything evaluated again";
                let problem = "a job has one initial cycle, and this is the second";
                return Err(self.source.refuse_key(&table.span(), "kind", problem, mend));
            }
            if kind != CycleKind::TestConnection && population.users == 0 {
                let problem = format!("a cycle `{}` has nobody to provision", kind.name());
                let mend = "add [population] with users = 1 or more";
                return Err(self.source.refuse_key(&table.span(), "kind", problem, mend));
            }
            begun |= kind == CycleKind::Initial;
            let plan = self.cycle(table, population)?;
            let times = self.count(table.get_ref().repeat.as_ref(), 1, REPEAT_MAX, 1)?;
            plans.extend(std::iter::repeat_n(plan, times));
        }
        Ok(plans)
    }

    fn cycle(&self, table: &Spanned<CycleTable>, population: &Population) -> Checked<CyclePlan> {
        self.keys_of_kind(table)?;
        let it = table.get_ref();
        let changes = self.changes(it, population)?;
        let minutes = it.advance_minutes.as_ref();
        let advance_minutes =
            minutes.map(|it| self.whole(Some(it), 0, ADVANCE_MINUTES_MAX, 0)).transpose()?;
        Ok(match it.kind {
            CycleKind::TestConnection => CyclePlan::TestConnection,
            CycleKind::Initial => CyclePlan::Initial { changes },
            CycleKind::Incremental => CyclePlan::Incremental { changes, advance_minutes },
            CycleKind::Restart => {
                let reset_scope = match &it.reset_scope {
                    None => RESET_UNNAMED.to_vec(),
                    Some(scopes) if scopes.get_ref().is_empty() => {
                        let mend = "leave reset-scope out for Entra's default, or name one";
                        let problem = "this restart resets nothing";
                        return Err(self.source.refuse(&scopes.span(), problem, mend));
                    }
                    Some(scopes) => scopes.get_ref().clone(),
                };
                CyclePlan::Restart { reset_scope, changes, advance_minutes }
            }
            CycleKind::ProvisionOnDemand => {
                let users = self.places(it.users.as_ref(), "user", population.users)?;
                let groups = self.places(it.groups.as_ref(), "group", population.groups)?;
                if users.is_empty() && groups.is_empty() {
                    let problem = "nobody is to be provisioned";
                    let mend = "name them: users = [3], groups = [0]";
                    return Err(self.source.refuse_key(&table.span(), "kind", problem, mend));
                }
                CyclePlan::ProvisionOnDemand { users, groups, changes }
            }
        })
    }

    /// Refuses keys that belong to cycles of another kind.
    fn keys_of_kind(&self, table: &Spanned<CycleTable>) -> Checked<()> {
        let it = table.get_ref();
        let own: &[&str] = match it.kind {
            CycleKind::TestConnection => &[],
            CycleKind::Initial => &[],
            CycleKind::Incremental => &["repeat", "advance-minutes"],
            CycleKind::Restart => &["repeat", "advance-minutes", "reset-scope"],
            CycleKind::ProvisionOnDemand => &["users", "groups"],
        };
        let of_changes: &[&str] = match it.kind {
            CycleKind::TestConnection => &[],
            _ => &["script", "changes", "weights", "same-object-percent"],
        };
        let accepted = [of_changes, own].concat();
        let written = [
            ("repeat", it.repeat.is_some()),
            ("advance-minutes", it.advance_minutes.is_some()),
            ("reset-scope", it.reset_scope.is_some()),
            ("users", it.users.is_some()),
            ("groups", it.groups.is_some()),
            ("script", it.script.is_some()),
            ("changes", it.changes.is_some()),
            ("weights", it.weights.is_some()),
            ("same-object-percent", it.same_object_percent.is_some()),
        ];
        let foreign = written.iter().find(|(key, there)| *there && !accepted.contains(key));
        let Some((key, _)) = foreign else { return Ok(()) };
        let problem = format!("`{key}` means nothing in a cycle `{}`", it.kind.name());
        let mend = if accepted.is_empty() {
            "remove it: this kind takes no other key".to_owned()
        } else {
            format!("this kind takes {}", accepted.join(", "))
        };
        Err(self.source.refuse_key(&table.span(), key, problem, &mend))
    }

    fn changes(&self, table: &CycleTable, population: &Population) -> Checked<Changes> {
        match (&table.script, &table.changes, &table.weights) {
            (Some(_), Some(changes), _) => {
                let problem = "changes are drawn, and a script is given too";
                let mend = "keep either `changes` or `script`";
                Err(self.source.refuse(&changes.span(), problem, mend))
            }
            (_, None, Some(weights)) => Err(self.nothing_to_draw(&weights.span(), "weights")),
            (_, None, None) if table.same_object_percent.is_some() => {
                let span = table.same_object_percent.as_ref().map_or(0..0, Spanned::span);
                Err(self.nothing_to_draw(&span, "same-object-percent"))
            }
            (Some(script), None, None) => self.script(script.get_ref(), population),
            (None, Some(count), weights) => {
                if let Some(weights) = weights.as_ref().filter(|it| it.get_ref().drawn().is_empty())
                {
                    let mend = "give at least one kind a weight above 0";
                    let problem = "no kind of change can be drawn";
                    return Err(self.source.refuse(&weights.span(), problem, mend));
                }
                let weights = weights.as_ref().map(|it| it.get_ref().clone()).unwrap_or_default();
                let count = self.whole(Some(count), 1, CHANGES_MAX, 1)?;
                let count = usize::try_from(count).expect("at most the limit");
                let same_object_percent = self.percent(table.same_object_percent.as_ref(), 0)?;
                Ok(Changes::Drawn(Draws { count, weights, same_object_percent }))
            }
            (None, None, None) => Ok(Changes::Still),
        }
    }

    fn nothing_to_draw(&self, span: &std::ops::Range<usize>, key: &str) -> Box<Refusal> {
        let problem = format!("there is `{key}`, and nothing to draw");
        self.source.refuse(span, problem, "say how many to draw: changes = 30")
    }

    fn script(&self, lines: &[Spanned<String>], population: &Population) -> Checked<Changes> {
        let mut script = Vec::new();
        for line in lines {
            let change: Change = line
                .get_ref()
                .parse()
                .map_err(|error| self.source.refuse(&line.span(), format!("{error}"), ""))?;
            let user = change.highest_user().filter(|user| *user >= population.users);
            let group = change.highest_group().filter(|group| *group >= population.groups);
            if let Some(user) = user {
                return Err(self.nobody(&line.span(), "user", user, population.users));
            }
            if let Some(group) = group {
                return Err(self.nobody(&line.span(), "group", group, population.groups));
            }
            script.push(change);
        }
        Ok(if script.is_empty() { Changes::Still } else { Changes::Script(script) })
    }

    fn places(
        &self,
        list: Option<&Spanned<Vec<Spanned<i64>>>>,
        noun: &str,
        count: usize,
    ) -> Checked<Vec<usize>> {
        let items = list.map(Spanned::get_ref).into_iter().flatten();
        let mut places = Vec::new();
        for item in items {
            match usize::try_from(*item.get_ref()) {
                Ok(place) if place < count => places.push(place),
                _ => return Err(self.nobody(&item.span(), noun, item.get_ref(), count)),
            }
        }
        Ok(places)
    }

    fn nobody(
        &self,
        span: &std::ops::Range<usize>,
        noun: &str,
        named: impl std::fmt::Display,
        count: usize,
    ) -> Box<Refusal> {
        let problem = format!("there is no {noun} {named} in a population of {count} {noun}s");
        let mend = match count {
            0 => format!("add {noun}s = 1 or more to [population]"),
            _ => format!("name {noun}s from 0 to {}", count - 1),
        };
        self.source.refuse(span, problem, &mend)
    }

    fn scope(&self, mode: ScopeMode, filters: Vec<Spanned<ScopingFilterTable>>) -> Checked<Scope> {
        let mut scope = Scope { mode, ..Scope::default() };
        for filter in filters {
            let span = filter.span();
            let ScopingFilterTable { object, clauses } = filter.into_inner();
            if clauses.is_empty() {
                let mend = "write clauses = [{ attribute = \"department\", \
                            operator = \"equals\", value = \"Sales\" }]";
                let problem = "a filter without clauses filters nobody";
                return Err(self.source.refuse_key(&span, "clauses", problem, mend));
            }
            match object {
                MappedObject::User => scope.filters_for_users.push(ScopingFilter { clauses }),
                MappedObject::Group => scope.filters_for_groups.push(ScopingFilter { clauses }),
            }
        }
        Ok(scope)
    }

    fn mapping(&self, mapping: &Spanned<MappingDefinition>) -> Checked<()> {
        refuse_mapping(&self.source, mapping)?;
        match AttributeMapping::read(mapping.get_ref()) {
            Ok(_) => Ok(()),
            Err(error) => {
                let problem = format!("failed to {error}");
                Err(self.source.refuse_key(&mapping.span(), "target", problem, ""))
            }
        }
    }

    /// The pace's own concurrency, else that of Entra's knobs, else one at a time.
    fn pace(&self, table: &PaceTable, entra: &EntraOverrides) -> Checked<PaceSettings> {
        if let (Some(pace), Some(_)) = (&table.concurrency, entra.concurrency) {
            let problem = "concurrency stands in [pace] and in [entra]";
            return Err(self.source.refuse(&pace.span(), problem, "keep one of the two"));
        }
        let own = table.concurrency.as_ref();
        let most = i64::try_from(CONCURRENCY_MAX).expect("is small");
        let own = own.map(|it| self.whole(Some(it), 1, most, 1)).transpose()?;
        let own = own.map(|it| usize::try_from(it).expect("at most the limit"));
        Ok(PaceSettings {
            concurrency: own.or(entra.concurrency).unwrap_or(1),
            rate: self.positive(table.rate.as_ref())?,
        })
    }

    fn expectations(
        &self,
        table: &ExpectTable,
        pace: &PaceSettings,
        runs: u64,
    ) -> Checked<Expectations> {
        let snapshot = table.snapshot.as_ref();
        if let Some(snapshot) = snapshot.filter(|it| *it.get_ref() != SnapshotMode::Off)
            && pace.concurrency > 1
        {
            let problem = format!("{} requests at once have no order to compare", pace.concurrency);
            let mend = "write snapshot = \"off\", or concurrency = 1";
            return Err(self.source.refuse(&snapshot.span(), problem, mend));
        }
        if let Some(reason) = &table.quarantine
            && !QUARANTINE_REASONS.contains(&reason.get_ref().as_str())
        {
            let problem = format!("`{}` is no reason of a quarantine", reason.get_ref());
            let mend = format!("write one of {}", QUARANTINE_REASONS.join(", "));
            return Err(self.source.refuse(&reason.span(), problem, &mend));
        }
        Ok(Expectations {
            snapshot: snapshot.map(|it| *it.get_ref()).unwrap_or_default(),
            performance: self.performance(table, runs)?,
            escrowed_max: self.whole(table.escrowed_max.as_ref(), 0, i64::MAX, 0)?,
            quarantine: table.quarantine.as_ref().map(|it| it.get_ref().clone()),
        })
    }

    fn performance(&self, table: &ExpectTable, runs: u64) -> Checked<PerformanceExpectations> {
        let mut latency_p99_ms_max_of = BTreeMap::new();
        for (operation, bound) in &table.latency_p99_ms_max_of {
            let name = operation.get_ref();
            if Operation::named(name).is_none() {
                let problem = format!("no operation is called `{name}`");
                let known: Vec<String> = Operation::ALL.iter().map(|it| it.name()).collect();
                let mend = format!("write one of {}", known.join(", "));
                return Err(self.source.refuse(&operation.span(), problem, &mend));
            }
            if let Some(bound) = self.positive(Some(bound))? {
                latency_p99_ms_max_of.insert(name.clone(), bound);
            }
        }
        if let Some(share) = &table.error_share_max
            && !(0.0..=1.0).contains(share.get_ref())
        {
            let problem = format!("{} is out of range", share.get_ref());
            let mend = "write a share from 0 to 1, such as 0.01";
            return Err(self.source.refuse(&share.span(), problem, mend));
        }
        if let Some(growth) = table.growth_max.as_ref().filter(|_| runs > 1) {
            let problem = format!("{runs} sequences begin with an empty tenant each: none grows");
            return Err(self.source.refuse(&growth.span(), problem, "write runs = 1"));
        }
        Ok(PerformanceExpectations {
            requests_per_second_min: self.positive(table.requests_per_second_min.as_ref())?,
            objects_per_second_min: self.positive(table.objects_per_second_min.as_ref())?,
            latency_p99_ms_max: self.positive(table.latency_p99_ms_max.as_ref())?,
            latency_p99_ms_max_of,
            error_share_max: table.error_share_max.as_ref().map(|it| *it.get_ref()),
            growth_max: table.growth_max.as_ref().map(|it| *it.get_ref()),
        })
    }

    pub(super) fn percent(&self, value: Option<&Spanned<i64>>, otherwise: u8) -> Checked<u8> {
        let number = self.whole(value, 0, 100, i64::from(otherwise))?;
        Ok(u8::try_from(number).expect("at most 100"))
    }

    pub(super) fn size(
        &self,
        value: Option<&Spanned<i64>>,
        most: i64,
        otherwise: i64,
    ) -> Checked<usize> {
        self.count(value, 0, most, otherwise)
    }

    fn count(
        &self,
        value: Option<&Spanned<i64>>,
        least: i64,
        most: i64,
        otherwise: i64,
    ) -> Checked<usize> {
        let number = self.whole(value, least, most, otherwise)?;
        Ok(usize::try_from(number).expect("at most the limit"))
    }

    pub(super) fn whole(
        &self,
        value: Option<&Spanned<i64>>,
        least: i64,
        most: i64,
        otherwise: i64,
    ) -> Checked<u64> {
        let number = value.map_or(otherwise, |value| *value.get_ref());
        match value {
            Some(value) if !(least..=most).contains(&number) => {
                let mend = format!("write a whole number from {least} to {most}");
                let problem = format!("{number} is out of range");
                Err(self.source.refuse(&value.span(), problem, &mend))
            }
            _ => Ok(u64::try_from(number).expect("no limit is negative")),
        }
    }

    fn positive(&self, value: Option<&Spanned<f64>>) -> Checked<Option<f64>> {
        let Some(value) = value else { return Ok(None) };
        let number = *value.get_ref();
        if number.is_finite() && number > 0.0 {
            return Ok(Some(number));
        }
        let mend = "write a number above 0, or leave it out";
        Err(self.source.refuse(&value.span(), format!("{number} is out of range"), mend))
    }
}
