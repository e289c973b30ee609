//! A scenario as the file writes it, before anybody asked whether it can run.
//!
//! Every kind of cycle is read into one table of optional keys: so serde points at a misspelt key
//! itself, and a key of another kind gets an answer that names the kind. The same tables write a
//! scenario back to TOML.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::concurrency::ConcurrencyTable;
use super::history::HistoryTable;
use super::*;
use crate::directory::Weights;
use crate::entra::scope::{ScopingClause, ScopingFilter};
use crate::metrics::GrowthBound;
use crate::profile::MappedObject;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ScenarioFile {
    pub(super) title: Spanned<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) runs: Option<Spanned<i64>>,
    #[serde(default)]
    pub(super) scope: ScopeMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) population: Option<Spanned<PopulationTable>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) scoping_filter: Vec<Spanned<ScopingFilterTable>>,
    #[serde(default)]
    pub(super) cycle: Vec<Spanned<CycleTable>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) history: Option<Spanned<HistoryTable>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) concurrency: Option<Spanned<ConcurrencyTable>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) entra: Option<Spanned<EntraOverrides>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) mapping: Vec<Spanned<MappingDefinition>>,
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub(super) faults: toml::Table,
    #[serde(default)]
    pub(super) pace: PaceTable,
    #[serde(default)]
    pub(super) expect: ExpectTable,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ScopingFilterTable {
    #[serde(default)]
    pub(super) object: MappedObject,
    pub(super) clauses: Vec<ScopingClause>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PopulationTable {
    pub(super) users: Spanned<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) groups: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) members_per_group: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) large_groups: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) members_per_large_group: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) assigned_users_percent: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) assigned_groups_percent: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) managers_percent: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) disabled_percent: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) domain: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CycleKind {
    TestConnection,
    Initial,
    Incremental,
    Restart,
    ProvisionOnDemand,
}

impl CycleKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::TestConnection => "test-connection",
            Self::Initial => "initial",
            Self::Incremental => "incremental",
            Self::Restart => "restart",
            Self::ProvisionOnDemand => "provision-on-demand",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CycleTable {
    pub(super) kind: CycleKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) repeat: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) advance_minutes: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reset_scope: Option<Spanned<Vec<ResetScope>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) users: Option<Spanned<Vec<Spanned<i64>>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) groups: Option<Spanned<Vec<Spanned<i64>>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) script: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) changes: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) same_object_percent: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weights: Option<Spanned<Weights>>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PaceTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) concurrency: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<Spanned<f64>>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ExpectTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) snapshot: Option<Spanned<SnapshotMode>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) requests_per_second_min: Option<Spanned<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) objects_per_second_min: Option<Spanned<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) latency_p99_ms_max: Option<Spanned<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error_share_max: Option<Spanned<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) growth_max: Option<Spanned<GrowthBound>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) escrowed_max: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quarantine: Option<Spanned<String>>,
    /// By the operation's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) latency_p99_ms_max_of: BTreeMap<Spanned<String>, Spanned<f64>>,
}

/// The text of a file that says the same as the scenario.
pub(super) fn text_of(scenario: &Scenario) -> String {
    let population = &scenario.population;
    let file = ScenarioFile {
        title: put(scenario.title.clone()),
        seed: Some(put(whole(scenario.seed))),
        runs: Some(put(i64::from(scenario.runs))),
        scope: scenario.scope.mode,
        population: (population.users > 0).then(|| put(population_table(population))),
        scoping_filter: scoping_filter_tables(&scenario.scope),
        cycle: scenario.cycles.iter().map(|cycle| put(cycle_table(cycle))).collect(),
        history: None,
        concurrency: None,
        entra: (scenario.entra != EntraOverrides::default()).then(|| put(scenario.entra.clone())),
        mapping: scenario.mappings.iter().cloned().map(put).collect(),
        faults: scenario.faults.clone(),
        pace: PaceTable {
            concurrency: scenario
                .entra
                .concurrency
                .is_none()
                .then(|| put(size(scenario.pace.concurrency))),
            rate: scenario.pace.rate.map(put),
        },
        expect: expect_table(&scenario.expect),
    };
    toml::to_string(&file).expect("every value here has a form in TOML")
}

fn expect_table(expect: &Expectations) -> ExpectTable {
    let performance = &expect.performance;
    let of_operations = performance.latency_p99_ms_max_of.iter();
    ExpectTable {
        snapshot: Some(put(expect.snapshot)),
        requests_per_second_min: performance.requests_per_second_min.map(put),
        objects_per_second_min: performance.objects_per_second_min.map(put),
        latency_p99_ms_max: performance.latency_p99_ms_max.map(put),
        error_share_max: performance.error_share_max.map(put),
        growth_max: performance.growth_max.map(put),
        escrowed_max: Some(put(whole(expect.escrowed_max))),
        quarantine: expect.quarantine.clone().map(put),
        latency_p99_ms_max_of: of_operations.map(|(of, ms)| (put(of.clone()), put(*ms))).collect(),
    }
}

fn scoping_filter_tables(scope: &Scope) -> Vec<Spanned<ScopingFilterTable>> {
    let table = |object| {
        move |filter: &ScopingFilter| {
            put(ScopingFilterTable { object, clauses: filter.clauses.clone() })
        }
    };
    let users = scope.filters_for_users.iter().map(table(MappedObject::User));
    users.chain(scope.filters_for_groups.iter().map(table(MappedObject::Group))).collect()
}

fn population_table(population: &Population) -> PopulationTable {
    let percent = |value: u8| Some(put(i64::from(value)));
    PopulationTable {
        users: put(size(population.users)),
        groups: Some(put(size(population.groups))),
        members_per_group: Some(put(size(population.members_per_group))),
        large_groups: Some(put(size(population.large_groups))).filter(|it| *it.get_ref() > 0),
        members_per_large_group: Some(put(size(population.members_per_large_group)))
            .filter(|it| *it.get_ref() > 0),
        assigned_users_percent: percent(population.assigned_users_percent),
        assigned_groups_percent: percent(population.assigned_groups_percent),
        managers_percent: percent(population.managers_percent),
        disabled_percent: percent(population.disabled_percent),
        domain: population.domain.clone().map(put),
    }
}

fn cycle_table(cycle: &CyclePlan) -> CycleTable {
    let mut table = CycleTable {
        kind: CycleKind::TestConnection,
        repeat: None,
        advance_minutes: None,
        reset_scope: None,
        users: None,
        groups: None,
        script: None,
        changes: None,
        same_object_percent: None,
        weights: None,
    };
    match cycle {
        CyclePlan::TestConnection => {}
        CyclePlan::Initial { .. } => table.kind = CycleKind::Initial,
        CyclePlan::Incremental { advance_minutes, .. } => {
            table.kind = CycleKind::Incremental;
            table.advance_minutes = advance_minutes.map(|minutes| put(whole(minutes)));
        }
        CyclePlan::Restart { reset_scope, advance_minutes, .. } => {
            table.kind = CycleKind::Restart;
            table.reset_scope = Some(put(reset_scope.clone()));
            table.advance_minutes = advance_minutes.map(|minutes| put(whole(minutes)));
        }
        CyclePlan::ProvisionOnDemand { users, groups, .. } => {
            let places = |items: &[usize]| put(items.iter().map(|it| put(size(*it))).collect());
            table.kind = CycleKind::ProvisionOnDemand;
            table.users = (!users.is_empty()).then(|| places(users));
            table.groups = (!groups.is_empty()).then(|| places(groups));
        }
    }
    match cycle.changes() {
        None | Some(Changes::Still) => {}
        Some(Changes::Script(script)) => {
            table.script = Some(put(script.iter().map(|it| put(it.to_string())).collect()));
        }
        Some(Changes::Drawn(draws)) => {
            table.changes = Some(put(size(draws.count)));
            table.same_object_percent = Some(put(i64::from(draws.same_object_percent)));
            table.weights = Some(put(draws.weights.clone()));
        }
    }
    table
}

fn put<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

fn whole(value: u64) -> i64 {
    i64::try_from(value).expect("was read from a TOML integer, or cut to 48 bits")
}

fn size(value: usize) -> i64 {
    i64::try_from(value).expect("was read from a TOML integer")
}
