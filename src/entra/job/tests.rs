//! Whole syncs on the embedded tenant, with a layer before it that answers otherwise now and then.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use http::Method;
use serde_json::Value;

use super::*;
use crate::directory::Population;
use crate::entra::log::{LogContext, LogEntry, LogStatus, ProvisioningAction};
use crate::entra::mapping::ObjectMapping;
use crate::entra::state::QuarantineReason;
use crate::exchange::{Exchange, Listener};
use crate::profile::{MappingDefinition, PatchDialect, TargetObjectAction};
use crate::tenant::embedded::{EmbeddedSettings, EmbeddedTenant, Keys};
use crate::tenant::{Dress, Limits, SecretToken, Tenant, TenantUrl, Transport};

const HOUR: u64 = 60;

/// Answers a request with a status in the embedded tenant's place, by method and path.
type Bend = Arc<Mutex<Option<Box<dyn Fn(&Method, &str) -> Option<u16> + Send>>>>;

#[derive(Default)]
struct Heard(Mutex<Vec<(Method, String, Value)>>);

impl Listener for Heard {
    fn heard(&self, exchange: &Exchange) {
        let request = &exchange.request;
        let body = request.body_json().cloned().unwrap_or_default();
        let line = (request.method.clone(), request.target.clone(), body);
        self.0.lock().unwrap().push(line);
    }
}

struct World {
    directory: Directory,
    job: ProvisioningJob,
    connector: Connector,
    heard: Arc<Heard>,
    bend: Bend,
    cycles: u64,
}

impl World {
    fn new(users: usize, groups: usize, settings: EntraSettings) -> Self {
        let members_per_group = users.min(8);
        let managers_percent = 0;
        let population =
            Population { users, groups, members_per_group, managers_percent, ..Default::default() };
        Self::with(population, settings, ObjectMapping::default_user())
    }

    fn with(population: Population, settings: EntraSettings, user_mapping: ObjectMapping) -> Self {
        let settings = EntraSettings { concurrency: 1, ..settings };
        let bend = Bend::default();
        let heard = Arc::new(Heard::default());
        let tenant = tenant(bend.clone()).with_listener(heard.clone());
        let set_up = JobSetUp {
            settings: settings.clone(),
            user_mapping,
            group_mapping: ObjectMapping::default_group(),
            scope: Scope::default(),
            seed: 1,
        };
        Self {
            directory: Directory::new(population),
            job: ProvisioningJob::new(set_up),
            connector: Connector::new(tenant, settings),
            heard,
            bend,
            cycles: 0,
        }
    }

    fn bend(&self, how: impl Fn(&Method, &str) -> Option<u16> + Send + 'static) {
        *self.bend.lock().unwrap() = Some(Box::new(how));
    }

    fn mend(&self) {
        *self.bend.lock().unwrap() = None;
    }

    fn apply(&mut self, script: &[&str]) {
        for change in script {
            assert!(self.directory.apply(&change.parse().unwrap()), "{change} did not apply");
        }
    }

    /// One incremental cycle with what it sent, the probes left out.
    async fn cycle(&mut self) -> CycleReport {
        self.run(&CycleKind::Incremental).await
    }

    async fn run(&mut self, kind: &CycleKind) -> CycleReport {
        self.heard.0.lock().unwrap().clear();
        self.cycles += 1;
        self.job.run_cycle(&self.connector, &self.directory, kind, &|| false).await
    }

    fn sent(&self, method: &Method) -> Vec<(String, Value)> {
        let heard = self.heard.0.lock().unwrap();
        let some = heard.iter().filter(|(sent, ..)| sent == method);
        some.map(|(_, target, body)| (target.clone(), body.clone())).collect()
    }

    fn operations(&self) -> Vec<Value> {
        let patches = self.sent(&Method::PATCH).into_iter();
        patches.map(|(_, body)| body["Operations"].clone()).collect()
    }

    fn log(&self, report: &CycleReport) -> Vec<LogEntry> {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let context = LogContext { seed: 1, target: "Contoso".to_owned(), cycle: self.cycles, at };
        context.entries(&report.events, &self.job, &self.directory)
    }
}

fn tenant(bend: Bend) -> Tenant {
    let mut keys = Keys::new();
    keys.add("job", "a-token-of-tests", None, true);
    let inner = EmbeddedTenant::new(EmbeddedSettings { keys, ..Default::default() }).router();
    let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let inner = inner.clone();
        let how = bend.lock().unwrap();
        let status = how.as_ref().and_then(|how| how(request.method(), request.uri().path()));
        drop(how);
        async move {
            match status {
                Some(status) => {
                    Response::builder().status(status).body(Body::from("x".repeat(9_000))).unwrap()
                }
                None => tower::ServiceExt::oneshot(inner, request).await.unwrap(),
            }
        }
    });
    Tenant::new(
        TenantUrl::parse("http://localhost/scim").unwrap(),
        Some(SecretToken::parse("a-token-of-tests", "the test").unwrap()),
        Transport::InProcess(router),
        Limits::default(),
        Dress::default(),
    )
}

fn reason(job: &ProvisioningJob) -> Option<QuarantineReason> {
    job.quarantine().map(|quarantine| quarantine.reason)
}

#[tokio::test]
async fn a_token_refused_in_the_middle_stops_the_job_at_once_and_nothing_is_lost() {
    let mut world = World::new(100, 4, EntraSettings::default());
    let creates = Mutex::new(0);
    world.bend(move |method, _| {
        let mut creates = creates.lock().unwrap();
        *creates += u32::from(method == Method::POST);
        (*creates > 3).then_some(401)
    });
    let report = world.cycle().await;
    assert_eq!(reason(&world.job), Some(QuarantineReason::EncounteredQuarantineException));
    assert_eq!(report.failures, 1);
    assert!(report.has_failed && report.entered_quarantine.is_some());
    assert_eq!(world.heard.0.lock().unwrap().len(), 2 + 2 * 4, "nothing follows the 401");

    world.directory.advance_minutes(40);
    let report = world.cycle().await;
    assert!(report.rested.is_some_and(|why| why.contains("minute 360")));
    assert!(world.heard.0.lock().unwrap().is_empty());

    world.directory.advance_minutes(6 * HOUR);
    let report = world.cycle().await;
    assert!(report.entered_quarantine.is_none(), "the same reason is told once");
    assert!(report.has_failed);

    world.mend();
    world.directory.advance_minutes(6 * HOUR);
    world.cycle().await;
    assert_eq!(reason(&world.job), None, "a cycle that goes well ends the quarantine");
    assert_eq!((world.job.links().users.len(), world.job.links().groups.len()), (100, 4));
    assert!(world.job.escrows().is_empty());
}

#[tokio::test]
async fn a_quarantine_by_proportion_is_left_when_a_retry_goes_well() {
    let settings = EntraSettings { quarantine_failures_min: 2, ..EntraSettings::default() };
    let mut world = World::new(5, 0, settings);
    world.bend(|method, _| (method == Method::POST).then_some(400));
    world.cycle().await;
    let expected = QuarantineReason::EncounteredEscrowProportionThreshold;
    assert_eq!(reason(&world.job), Some(expected));
    world.mend();
    world.directory.advance_minutes(6 * HOUR);
    world.cycle().await;
    assert_eq!(reason(&world.job), None);
    assert_eq!(world.job.links().users.len(), 5);
}

#[tokio::test]
async fn failing_references_count_apart_from_objects() {
    let settings = EntraSettings {
        quarantine_failures_min: 2,
        quarantine_failures_percent: 10,
        quarantine_total_max: 8,
        ..EntraSettings::default()
    };
    let mut world = World::new(8, 1, settings);
    world.bend(|method, _| (method == Method::PATCH).then_some(400));
    let report = world.cycle().await;
    assert_eq!((report.failures, report.reference_failures), (0, 8));
    assert_eq!(reason(&world.job), None, "references are no failed attempts");
    world.job.set_up.settings.quarantine_total_max = 7;
    world.directory.advance_minutes(6 * HOUR);
    world.cycle().await;
    assert_eq!(reason(&world.job), Some(QuarantineReason::EncounteredTotalEscrowThreshold));
}

#[tokio::test]
async fn a_reference_that_keeps_failing_climbs_the_ladder_and_leaves_escrow_when_it_is_written() {
    let mut world = World::new(2, 0, EntraSettings::default());
    world.cycle().await;
    world.apply(&["set manager of user 0 to user 1"]);
    world.bend(|method, _| (method == Method::PATCH).then_some(400));
    for (at, retries) in [(0, 0), (6, 1), (12, 2), (24, 3)] {
        world
            .directory
            .advance_minutes((at * HOUR).saturating_sub(world.directory.clock_minutes()));
        world.cycle().await;
        let (_, escrow) = world.job.escrows().iter().next().unwrap();
        assert_eq!((escrow.retries, escrow.failure.is_reference), (retries, true));
        world.directory.advance_minutes(40);
        world.cycle().await;
        assert!(world.sent(&Method::PATCH).is_empty(), "nothing before the ladder's next step");
    }
    world.mend();
    world.directory.advance_minutes(24 * HOUR);
    world.cycle().await;
    assert_eq!(world.operations().len(), 1);
    assert!(world.job.escrows().is_empty());
}

#[tokio::test]
async fn more_deletions_than_the_threshold_are_staged_and_go_when_they_are_forced() {
    let settings = EntraSettings { delete_threshold: Some(3), ..EntraSettings::default() };
    let mut world = World::new(10, 1, settings);
    world.cycle().await;
    world.apply(&["disable user 1", "unassign user 2", "soft-delete user 3", "delete group 0"]);
    world.apply(&["update user 5 jobTitle to \"Engineer\""]);
    let report = world.cycle().await;
    assert_eq!(reason(&world.job), Some(QuarantineReason::TooManyDeletes));
    assert_eq!(world.operations().len(), 1, "the update alone goes out: {:?}", world.operations());
    assert!(world.sent(&Method::DELETE).is_empty());
    let staged = world.log(&report).into_iter();
    let staged = staged.filter(|it| it.provisioning_action == ProvisioningAction::StagedDelete);
    assert_eq!(staged.count(), 4);

    world.directory.advance_minutes(40);
    assert!(world.cycle().await.rested.is_some());
    world.job.restart(ResetScope::ForceDeletes);
    world.cycle().await;
    assert_eq!((world.operations().len(), world.sent(&Method::DELETE).len()), (3, 1));
    assert_eq!(reason(&world.job), None);
    world.cycle().await;
    assert!(world.operations().is_empty(), "they go once");
}

#[tokio::test]
async fn staged_deletions_outlive_a_cycle_that_could_not_begin() {
    let settings = EntraSettings { delete_threshold: Some(0), ..EntraSettings::default() };
    let mut world = World::new(2, 0, settings);
    world.cycle().await;
    world.apply(&["unassign user 1"]);
    world.cycle().await;
    world.job.restart(ResetScope::ForceDeletes);
    world.bend(|_, _| Some(503));
    assert!(world.cycle().await.rested.is_some());
    world.mend();
    world.cycle().await;
    assert_eq!(world.operations().len(), 1);
}

#[tokio::test]
async fn on_demand_speaks_the_default_dialect_to_enabled_users_and_five_members_only() {
    let dialect = PatchDialect::AadOptscim062020;
    let mut world = World::new(8, 1, EntraSettings { dialect, ..EntraSettings::default() });
    world.cycle().await;
    world.apply(&["update user 0 displayName to \"Another\"", "disable user 1"]);
    world.apply(&["unassign group 0", "soft-delete user 3"]);
    world.job.links.groups.get_mut(&0).unwrap().members.clear();
    world.apply(&["assign group 0"]);
    let report = world.run(&CycleKind::OnDemand { users: vec![0, 1, 3], groups: vec![0] }).await;
    let heard = world.heard.0.lock().unwrap()[0].1.clone();
    assert!(heard.starts_with("/Users?filter=userName+eq+"), "the probe goes first: {heard}");
    let operations = world.operations();
    assert_eq!(operations[0][0]["op"], "Replace");
    let members = operations.iter().filter(|it| it[0]["path"] == "members");
    assert_eq!((operations.len(), members.count()), (6, 5));
    let skipped = world.log(&report).into_iter();
    let skipped =
        skipped.filter(|it| it.provisioning_status_info.status == LogStatus::Skipped).count();
    assert_eq!(skipped, 3, "two users, and a group with nothing to update");
}

#[tokio::test]
async fn on_demand_disables_who_was_unassigned() {
    let mut world = World::new(2, 0, EntraSettings::default());
    world.cycle().await;
    world.apply(&["unassign user 1"]);
    world.run(&CycleKind::OnDemand { users: vec![1], groups: Vec::new() }).await;
    assert_eq!(world.operations()[0][0]["value"], "False");
}

#[tokio::test]
async fn a_404_to_a_deletion_counts_as_the_settings_have_it() {
    for (is_success, escrowed) in [(true, 0), (false, 1)] {
        let settings =
            EntraSettings { delete_404_is_success: is_success, ..EntraSettings::default() };
        let mut world = World::new(2, 0, settings);
        world.cycle().await;
        world.apply(&["hard-delete user 1"]);
        world.bend(|method, _| (method == Method::DELETE).then_some(404));
        world.cycle().await;
        assert_eq!(world.job.escrows().len(), escrowed);
    }
}

#[tokio::test]
async fn the_probe_goes_out_when_the_settings_say() {
    use crate::profile::ProbeMoment::{Always, Never, OnlyWhenWork};
    for (probe, busy, quiet) in [(OnlyWhenWork, 2, 0), (Always, 2, 2), (Never, 0, 0)] {
        let mut world = World::new(1, 0, EntraSettings { probe, ..EntraSettings::default() });
        world.cycle().await;
        assert_eq!(world.sent(&Method::GET).len(), busy + 1, "{probe:?}");
        world.cycle().await;
        assert_eq!(world.sent(&Method::GET).len(), quiet, "{probe:?}");
    }
}

#[tokio::test]
async fn what_is_not_ticked_is_not_done() {
    use TargetObjectAction::{Create, Delete, Update};
    for (left_out, method) in
        [(Create, Method::POST), (Update, Method::PATCH), (Delete, Method::DELETE)]
    {
        let mut world = World::new(4, 1, EntraSettings::default());
        if left_out != Create {
            world.cycle().await;
        }
        world.job.set_up.settings.target_object_actions.retain(|action| *action != left_out);
        world.connector.settings = Arc::new(world.job.set_up.settings.clone());
        world.apply(&["update user 1 jobTitle to \"x\"", "hard-delete user 2", "delete group 0"]);
        world.apply(&["disable user 3"]);
        world.cycle().await;
        assert!(world.sent(&method).is_empty(), "{left_out:?}: {:?}", world.sent(&method));
    }
}

#[tokio::test]
async fn the_log_says_what_microsofts_own_tests_read() {
    let mut world = World::new(2, 1, EntraSettings::default());
    world.apply(&["remove user 1 from group 0"]);
    world.cycle().await;
    world.apply(&["set manager of user 0 to user 1", "add user 1 to group 0"]);
    let report = world.cycle().await;
    let manager_id = world.job.links().users[&1].id.clone();
    let log = world.log(&report);
    let of = |name: &str| {
        log.iter().find(|it| it.modified_properties.iter().any(|one| one.display_name == name))
    };
    let member = of("members").unwrap();
    assert_eq!(member.modified_properties[0].old_value, None);
    assert_eq!(member.modified_properties[0].new_value.as_ref(), Some(&manager_id));
    assert_eq!(of("manager").unwrap().modified_properties[0].new_value, Some(manager_id));
    let redundant = log.iter().flat_map(|it| &it.provisioning_steps);
    assert!(redundant.into_iter().any(|step| step.description == "RedundantExport"
        && step.details["SkipReason"] == "RedundantExport"));
    let scoping = &log[0].provisioning_steps[0];
    assert_eq!(scoping.details["Assigned"], "True");
    let line = serde_json::to_value(&log[0]).unwrap();
    for field in ["tenantId", "changeId", "servicePrincipal", "sourceSystem", "targetSystem"] {
        assert!(!line[field].is_null(), "{field}");
    }
    world.apply(&["remove user 1 from group 0"]);
    let report = world.cycle().await;
    let removed = world.log(&report).pop().unwrap().modified_properties.remove(0);
    assert!(removed.old_value.is_some() && removed.new_value.is_none(), "{removed:?}");
}

#[tokio::test]
async fn a_tenants_text_is_cut_in_what_the_admin_reads() {
    let mut world = World::new(1, 0, EntraSettings::default());
    world.bend(|method, _| (method == Method::POST).then_some(415));
    let report = world.cycle().await;
    let log = world.log(&report);
    let error = log[0].provisioning_status_info.error_information.as_ref().unwrap();
    assert!(error.reason.starts_with("StatusCode: UnsupportedMediaType Message: "));
    assert!(error.reason.len() < 1_000, "{}", error.reason.len());
    assert_eq!(error.error_code, crate::entra::failure::INCOMPATIBLE);
}

#[tokio::test]
async fn redacted_values_stay_out_of_the_log() {
    let definition = MappingDefinition {
        object: crate::profile::MappedObject::User,
        target: "title".to_owned(),
        direct: None,
        constant: None,
        expression: Some("Redact([surname])".to_owned()),
        default_value: None,
        apply: crate::profile::Apply::Always,
    };
    let mapping = ObjectMapping::default_user().with(&[definition]).unwrap();
    let population = Population { users: 1, ..Population::default() };
    let mut world = World::with(population, EntraSettings::default(), mapping);
    let report = world.cycle().await;
    let log = world.log(&report);
    let title = log[0].modified_properties.iter().find(|it| it.display_name == "title").unwrap();
    assert_eq!(title.new_value.as_deref(), Some("[Redact]"));
}

#[tokio::test]
async fn each_restart_clears_what_it_names() {
    let mut world = World::new(2, 0, EntraSettings::default());
    world.bend(|method, _| (method == Method::POST).then_some(400));
    world.cycle().await;
    world.job.restart(ResetScope::Watermark);
    assert_eq!(world.job.escrows().len(), 2, "escrows outlive the watermark");
    world.job.restart(ResetScope::Escrows);
    assert!(world.job.escrows().is_empty());
    world.mend();
    assert_eq!(world.cycle().await.imported, 2, "without a watermark everything is read");
    assert_eq!(world.cycle().await.imported, 0);
    world.job.restart(ResetScope::QuarantineState);
    assert_eq!(world.cycle().await.imported, 0, "the watermark outlives the quarantine");
    let ids: Vec<String> = world.job.links().users.values().map(|it| it.id.clone()).collect();
    world.job.restart(ResetScope::Full);
    assert!(world.job.links().users.is_empty());
    assert_eq!(world.job.released().len(), 2);
    world.cycle().await;
    assert!(world.sent(&Method::POST).is_empty(), "all are matched again");
    let again: Vec<String> = world.job.links().users.values().map(|it| it.id.clone()).collect();
    assert_eq!(ids, again);
    assert!(world.job.released().is_empty());
}

#[tokio::test]
async fn a_member_is_added_once_and_removed_once() {
    let mut world = World::new(3, 1, EntraSettings::default());
    world.cycle().await;
    for (script, op) in [("remove user 1 from group 0", "Remove"), ("add user 1 to group 0", "Add")]
    {
        world.apply(&[script]);
        world.cycle().await;
        let operations = world.operations();
        assert_eq!((operations.len(), &operations[0][0]["op"]), (1, &Value::from(op)));
        world.job.restart(ResetScope::Watermark);
        world.cycle().await;
        assert!(world.operations().is_empty(), "{script} was exported before");
    }
}
