//! Whole syncs against the embedded tenant, in process: directory, job and projection go through
//! cycles together and the tenant is read back after each.

use std::time::Duration;

use super::compare::{ReadBack, compare};
use crate::difference::Difference;
use crate::directory::{ChangeKind, Directory, Draws, Population, Weights, draw, mix_both};
use crate::entra::connector::Connector;
use crate::entra::cycle::{CycleKind, Plan};
use crate::entra::job::{CycleReport, JobSetUp, ProvisioningJob, ResetScope};
use crate::entra::mapping::ObjectMapping;
use crate::entra::projection::Projection;
use crate::entra::scope::{Scope, ScopeMode};
use crate::profile::{EntraSettings, PatchDialect, TargetObjectAction};
use crate::tenant::embedded::{EmbeddedSettings, EmbeddedTenant, Keys};
use crate::tenant::{Dress, Limits, SecretToken, Tenant, TenantUrl, Transport};

const TOKEN: &str = "a-token-of-tests";

/// A directory, a job, a projection, and the tenant they all speak of.
struct Sync {
    directory: Directory,
    job: ProvisioningJob,
    projection: Projection,
    connector: Connector,
}

fn tenant(seed: u64) -> Tenant {
    let mut keys = Keys::new();
    keys.add("sync", TOKEN, None, true);
    let embedded = EmbeddedTenant::new(EmbeddedSettings { seed, keys, ..Default::default() });
    Tenant::new(
        TenantUrl::parse("http://localhost/scim").unwrap(),
        Some(SecretToken::parse(TOKEN, "the test").unwrap()),
        Transport::InProcess(embedded.router()),
        Limits::default(),
        Dress::default(),
    )
}

impl Sync {
    fn new(population: Population, settings: EntraSettings, scope: Scope) -> Self {
        let settings = EntraSettings { concurrency: 1, ..settings };
        let seed = population.seed;
        let connector = Connector::new(tenant(seed), settings.clone());
        let set_up = JobSetUp {
            settings,
            user_mapping: ObjectMapping::default_user(),
            group_mapping: ObjectMapping::default_group(),
            scope,
            seed,
        };
        Self {
            directory: Directory::new(population),
            job: ProvisioningJob::new(set_up),
            projection: Projection::default(),
            connector,
        }
    }

    fn restart(&mut self, scope: ResetScope) {
        self.job.restart(scope);
        self.projection.restart(scope);
    }

    async fn cycle(&mut self, kind: &CycleKind) -> CycleReport {
        let report = self.job.run_cycle(&self.connector, &self.directory, kind, &|| false).await;
        let set_up = self.job.set_up().clone();
        let plan = Plan {
            directory: &self.directory,
            scope: &set_up.scope,
            user_mapping: &set_up.user_mapping,
            group_mapping: &set_up.group_mapping,
            settings: &set_up.settings,
        };
        self.projection.advance(&plan, kind, &report.postponed());
        report
    }

    async fn differences(&self) -> Vec<Difference> {
        let settings = ReadBack { concurrency: 1, window: Duration::ZERO, documented: Vec::new() };
        compare(&self.connector, &self.job, &self.projection, &settings).await.differences
    }
}

/// Everything that can be set and happens to be drawn for one sequence.
fn drawn_sync(seed: u64) -> Sync {
    let pick = |salt: u64, below: u64| mix_both(seed, salt) % below;
    let mut scope = Scope::default();
    if pick(1, 3) == 0 {
        scope.mode = ScopeMode::AllUsersAndGroups;
    }
    if pick(2, 3) == 0 {
        let clause = toml::from_str(
            "[[clauses]]\nattribute = \"department\"\noperator = \"not-equals\"\nvalue = \"Sales\"",
        );
        scope.filters_for_users.push(clause.unwrap());
    }
    let dialect = match pick(3, 2) {
        0 => PatchDialect::Default,
        _ => PatchDialect::AadOptscim062020,
    };
    let actions =
        [TargetObjectAction::Create, TargetObjectAction::Update, TargetObjectAction::Delete];
    let left_out = usize::try_from(pick(4, 9)).unwrap();
    let settings = EntraSettings {
        dialect,
        skip_out_of_scope_deletions: pick(5, 4) == 0,
        read_before_update: pick(6, 4) != 0,
        reference_check: pick(7, 4) == 0,
        members_per_patch: [1, 1, 2, 20][usize::try_from(pick(8, 4)).unwrap()],
        target_object_actions: actions
            .into_iter()
            .enumerate()
            .filter_map(|(at, action)| (at != left_out).then_some(action))
            .collect(),
        match_user: match pick(9, 4) {
            0 => vec!["externalId".to_owned(), "userName".to_owned()],
            _ => vec!["userName".to_owned()],
        },
        ..EntraSettings::default()
    };
    let population = Population {
        seed,
        users: 8,
        groups: 4,
        members_per_group: 3,
        assigned_users_percent: 60,
        assigned_groups_percent: 70,
        managers_percent: 50,
        disabled_percent: 10,
        ..Population::default()
    };
    Sync::new(population, settings, scope)
}

/// Plays a drawn sequence and tells what differs after the first cycle in which something does.
async fn play_drawn(seed: u64) -> Result<(), String> {
    let mut sync = drawn_sync(seed);
    let weights = Weights::of(ChangeKind::ALL.iter().map(|kind| (*kind, 1)));
    let mut story = Vec::new();
    for cycle in 0..6_u64 {
        let pick = |salt: u64, below: u64| mix_both(seed ^ (cycle << 32), salt) % below;
        let minutes = if pick(20, 5) == 0 { 43_200 } else { 40 };
        sync.directory.advance_minutes(minutes);
        let count = usize::try_from(pick(21, 14)).unwrap();
        let count = if cycle == 0 { 0 } else { count };
        let draws = Draws { count, weights: weights.clone(), same_object_percent: 0 };
        let changes = draw(mix_both(seed, cycle), &sync.directory, &draws);
        for change in &changes {
            assert!(sync.directory.apply(change), "{change}");
            story.push(change.to_string());
        }
        let restart = match pick(22, 8) {
            0 => Some(ResetScope::Full),
            1 => Some(ResetScope::Watermark),
            2 => Some(ResetScope::Escrows),
            3 => Some(ResetScope::QuarantineState),
            _ => None,
        };
        if let Some(scope) = restart.filter(|_| cycle > 0) {
            sync.restart(scope);
            story.push(format!("restart {scope:?}"));
        }
        let kind = match pick(23, 6) {
            0 => {
                let some = |salt| usize::try_from(pick(salt, 4)).unwrap();
                CycleKind::OnDemand { users: vec![some(24), some(24) + 3], groups: vec![some(25)] }
            }
            _ => CycleKind::Incremental,
        };
        story.push(format!("cycle {kind:?}"));
        let report = sync.cycle(&kind).await;
        let differences = sync.differences().await;
        let failures: Vec<_> =
            report.events.iter().filter_map(|event| Some((event.key, event.failure()?))).collect();
        if !differences.is_empty() || !failures.is_empty() || sync.job.quarantine().is_some() {
            let set_up = sync.job.set_up();
            return Err(format!(
                "seed {seed}: {differences:#?}\n{failures:#?}\n{}\n{:?} {:?}",
                story.join("\n"),
                set_up.scope,
                set_up.settings,
            ));
        }
    }
    Ok(())
}

#[tokio::test]
async fn job_and_projection_agree_on_a_clean_tenant_whatever_happens() {
    let seeds = std::env::var("SCIMRIG_SEEDS").map_or(300, |text| text.parse().unwrap());
    let mut failed = Vec::new();
    for seed in 0..seeds {
        failed.extend(play_drawn(seed).await.err());
    }
    failed.sort_by_key(String::len);
    let some = failed.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    assert!(failed.is_empty(), "{} of {seeds} differ, such as {some}", failed.len());
}
