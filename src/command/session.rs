//! A run from its first listener to its last file: opens the door, hears the signals, keeps what is
//! found as it is found, cleans up, and writes the report whatever happened before.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use scimrig::checks::Selection;
use scimrig::checks::cause::CauseResult;
use scimrig::checks::check::CheckResult;
use scimrig::checks::listen::EveryJudge;
use scimrig::entra::connection::{Connection, test_connection};
use scimrig::entra::connector::Connector;
use scimrig::entra::job::ProvisioningJob;
use scimrig::entra::scope::Scope;
use scimrig::exchange::Listener;
use scimrig::load::LoadJudge;
use scimrig::metrics::Metrics;
use scimrig::profile::{EntraOverrides, EntraSettings, PatchDialect, ServerProfile};
use scimrig::recording::{BodyPolicy, Recorder};
use scimrig::report::terminal::Paint;
use scimrig::report::visible::{shell_word, visible};
use scimrig::report::{Progress, folder_name, terminal, write_all};
use scimrig::run::checks::{combined, fold, held_back};
use scimrig::run::cleanup::{balance, clean_up};
use scimrig::run::known_failures::day_of;
use scimrig::run::silence::Silence;
use scimrig::run::stage::{LogFile, Stage, dress_of};
use scimrig::run::{
    AmbiguityResult, Budget, CleanUpResult, ConnectionResult, Counts, Exit, LoadResult,
    RequestCounts, Run, RunOutcome, ScenarioResult,
};
use scimrig::snapshot::{SnapshotMode, SnapshotStore};
use scimrig::tenant::embedded::{EmbeddedSettings, EmbeddedTenant, Keys};
use scimrig::tenant::{
    Allowance, HttpSettings, Manifest, SecretToken, Tenant, TenantUrl, Transport,
};
use tokio::sync::watch;

use super::known_failures::{KnownFailureFiles, KnownFailureOptions};
use super::options::{Common, Target};
use super::{Ended, Stop};

/// Where the embedded tenant seems to be.
const EMBEDDED_URL: &str = "http://localhost/scim";
/// The seed of what has none of its own.
pub(crate) const SEED: u64 = 1;
/// How long an interrupted stage may take to come to its end.
const GRACE: Duration = Duration::from_secs(5);
/// The time limit of a request while an interrupted run cleans up.
const HURRY: Duration = Duration::from_secs(5);

/// What a command needs of its session.
pub(crate) struct Plan<'a> {
    /// The shared options.
    pub(crate) common: &'a Common,
    /// What the run may send.
    pub(crate) allowance: Allowance,
    /// The verb with its own options, for the report.
    pub(crate) command: String,
    /// Whether the command writes to the tenant.
    pub(crate) writes: bool,
    /// Whether a share of the exchanges is judged, and not each.
    pub(crate) judges_share: bool,
    /// Whether what the run creates stays in the tenant, for others that need it; not where the
    /// run is interrupted.
    pub(crate) leaves_all: bool,
    /// The scenario the report folder is named after.
    pub(crate) scenario: Option<&'a str>,
    /// The journal that stands in for the folder's manifest, and what it holds of an earlier run.
    pub(crate) journal: Option<(PathBuf, Manifest)>,
    /// What to do with snapshots, and where they are.
    pub(crate) snapshots: (SnapshotMode, PathBuf),
    /// Bodies kept in the recording.
    pub(crate) bodies: BodyPolicy,
    /// Requests in flight while cleaning up.
    pub(crate) concurrency: usize,
    /// What drawn sequences may cost.
    pub(crate) budget: Budget,
    /// Where known failures are, for commands that judge the whole catalogue.
    pub(crate) known_failures: Option<&'a KnownFailureOptions>,
}

/// A run in progress.
pub(crate) struct Session {
    /// What the stages work with.
    pub(crate) stage: Stage,
    run_name: String,
    tenant_name: String,
    dialect: PatchDialect,
    pub(crate) seed: u64,
    strict: bool,
    leaves_all: bool,
    concurrency: usize,
    known_failures: KnownFailureFiles,
    began: Timestamp,
    clock: Instant,
    metrics: Arc<Metrics>,
    recorder: Arc<Recorder>,
    stopper: watch::Sender<bool>,
    silence: Arc<Silence>,
    found: Mutex<Found>,
}

/// What the stages found so far.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) connection: Option<ConnectionResult>,
    /// The checks that are wanted; all, unless the command line says otherwise.
    pub(crate) selection: Selection,
    pub(crate) probes: Vec<CheckResult>,
    pub(crate) scenarios: Vec<ScenarioResult>,
    pub(crate) load: Option<LoadResult>,
    pub(crate) remarks: Vec<String>,
}

impl Session {
    /// Opens the session. Nothing is sent.
    pub(crate) fn open(plan: &Plan<'_>) -> Result<Self, Stop> {
        let (common, began) = (plan.common, Timestamp::now());
        let profile = common.profile()?;
        let known_failures = KnownFailureFiles::read(plan.known_failures, day_of(began))?;
        let target = common.target(&profile, plan.writes)?;
        let folder = make_folder(&common.reports.join(folder_name(&profile.name, plan.scenario)))?;
        let seed = common.seed.unwrap_or(SEED);
        let base = Base::of(&target, common, &profile, seed)?;
        let dialect = common.dialect.map(PatchDialect::from).or(base.url.dialect());
        let settings = EntraSettings::default().with(&profile.entra);
        let (limits, dress) = dress_of(&settings, common.timeout(), seed);
        let tenant = Tenant::new(base.url.clone(), base.token, base.transport, limits, dress);
        tenant.allow(plan.allowance);
        let leftovers = keep_manifest(&tenant, plan, &folder)?;
        let metrics = Arc::new(Metrics::new());
        let recording = folder.join("exchanges.jsonl");
        let recorder = Arc::new(Recorder::create(&recording, plan.bodies, tenant.scrubber())?);
        let judge = Arc::new(EveryJudge::new(base.url.to_string(), &profile));
        let (stopper, stop) = watch::channel(false);
        let silence = Arc::new(Silence::new(plan.concurrency, stopper.clone()));
        let unjudged = tenant.with_listener(metrics.clone()).with_listener(recorder.clone());
        let unjudged = unjudged.with_listener(silence.clone());
        let tenant = unjudged.with_listener(hearing(&judge, plan.judges_share));
        let is_forced = dialect.is_some_and(|dialect| dialect != settings.dialect);
        let snapshots = SnapshotStore::new(
            &plan.snapshots.1,
            &snapshot_folder(&target, &profile, is_forced, dialect.unwrap_or(settings.dialect)),
            plan.snapshots.0,
            std::env::var_os("CI").is_some(),
        );
        let stage = Stage {
            tenant,
            unjudged,
            embedded: base.embedded,
            profile,
            known_failures: known_failures.known.clone(),
            dialect,
            seed: common.seed,
            timeout: common.timeout(),
            judge,
            log: LogFile::create(&folder.join("provisioning-log.jsonl"))?,
            snapshots,
            stop,
            telling: Arc::new(Progress::on_stderr()),
            folder,
            notify_command: common.notify_command.clone(),
            is_shared: plan.scenario.is_none(),
            budget: plan.budget,
        };
        let found = Found { remarks: leftovers.into_iter().collect(), ..Found::default() };
        Ok(Self {
            stage,
            run_name: command_line(plan, &base.name),
            tenant_name: base.name,
            dialect: dialect.unwrap_or(settings.dialect),
            seed,
            strict: common.strict,
            leaves_all: plan.leaves_all,
            concurrency: plan.concurrency.max(1),
            known_failures,
            began,
            clock: Instant::now(),
            metrics,
            recorder,
            stopper,
            silence,
            found: Mutex::new(found),
        })
    }

    /// What was found so far.
    pub(crate) fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to listen for SIGINT and SIGTERM: the first stops the run in order, the second now.
    pub(crate) fn listen_for_signals(&self) {
        scimrig::load::keep_signals();
        let stopper = self.stopper.clone();
        tokio::spawn(async move {
            for nth in 0.. {
                signalled().await;
                if nth > 0 {
                    eprintln!("scimrig: stopped at once; `scimrig cleanup` removes what is left");
                    std::process::exit(i32::from(Exit::Interrupted.code()));
                }
                eprintln!("scimrig: interrupted; cleaning up (once more to stop at once)");
                stopper.send_replace(true);
            }
        });
    }

    /// Does the work of the command; an interruption gives it a short grace, then goes on without
    /// it. Whatever happened, the run is cleaned up and the report written.
    pub(crate) async fn run(self, work: impl AsyncFnOnce(&Self) -> Result<(), Stop>) -> Ended {
        self.listen_for_signals();
        let mut stop = self.stage.stop.clone();
        let interrupted = async move {
            let _ = stop.wait_for(|stopped| *stopped).await;
            tokio::time::sleep(GRACE).await;
        };
        let worked = tokio::select! {
            worked = Box::pin(work(&self)) => worked,
            () = interrupted => Ok(()),
        };
        Box::pin(self.end(worked)).await
    }

    /// Cleans up, folds everything into a run, writes and prints the report.
    async fn end(self, worked: Result<(), Stop>) -> Ended {
        let cleaned = self.clean_up().await;
        let run = self.fold(cleaned);
        self.recorder.finish()?;
        write_all(&run, &self.stage.folder)?;
        worked?;
        let written = self.known_failures.write(&run.checks, self.strict)?;
        let paint = Paint::for_stream(&std::io::stdout());
        say!("{}", terminal::text(&run, self.strict, Some(&self.stage.folder), paint).trim_end());
        if let Some(line) = &written {
            say!("{line}");
        }
        Ok(Exit::of(&run, self.strict))
    }

    async fn clean_up(&self) -> CleanUpResult {
        let stage = &self.stage;
        if self.leaves_all && !stage.is_interrupted() {
            return balance(&stage.tenant);
        }
        let mut tenant = stage.tenant.clone();
        if stage.is_interrupted() {
            let settings = EntraSettings::default().with(&stage.profile.entra);
            let hurry = stage.timeout.map_or(HURRY, |timeout| timeout.min(HURRY));
            let (limits, dress) = dress_of(&settings, Some(hurry), self.seed);
            tenant = tenant.with_settings(limits, dress);
        }
        if !tenant.owned().is_empty() || !tenant.unresolved().is_empty() {
            stage.telling.stage("clean up", None);
            let result = clean_up(&tenant, self.concurrency).await;
            stage.telling.done(&format!("clean up: {} deleted", result.deleted));
        }
        balance(&tenant)
    }

    fn fold(&self, clean_up: CleanUpResult) -> Run {
        let mut found = std::mem::take(&mut *self.found());
        let stage = &self.stage;
        let requests = RequestCounts::of(&stage.tenant);
        let heard = match requests.sent {
            0 => Vec::new(),
            _ => fold(&found.selection, &stage.profile, &stage.judge),
        };
        let mut checks = combined(found.probes.into_iter().chain(heard));
        if let Some(used_up) = stage.tenant.budget_used_up().filter(|_| requests.held_back > 0) {
            checks = checks.into_iter().map(|check| held_back(check, &used_up)).collect();
        }
        let known_failures = stage.known_failures.excuse(&mut checks);
        let gone = self.silence.verdict(!stage.is_interrupted());
        let outcome = match gone {
            Some(_) => RunOutcome::Unreachable,
            None => RunOutcome::of(
                stage.is_interrupted(),
                found.connection.as_ref(),
                &checks,
                &found.scenarios,
                found.load.as_ref(),
                &known_failures,
            ),
        };
        found.remarks.extend(gone);
        Run {
            tool: "scimrig".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.run_name.clone(),
            tenant: self.tenant_name.clone(),
            profile: stage.profile.name.clone(),
            dialect: self.dialect.name().to_owned(),
            seed: self.seed,
            began: self.began,
            seconds: self.clock.elapsed().as_secs_f64(),
            outcome,
            counts: Counts::of(&checks),
            connection: found.connection,
            limitations: stage.profile.limitations.clone(),
            causes: CauseResult::of(&checks),
            known_failures,
            ambiguities: AmbiguityResult::of(&checks),
            checks,
            scenarios: found.scenarios,
            load: found.load,
            operations: self.metrics.report(),
            clean_up,
            requests,
            remarks: found.remarks,
        }
    }

    /// Test Connection as the portal's button does it. False: there is no use in going on.
    pub(crate) async fn test_connection(&self) -> Result<bool, Stop> {
        let stage = &self.stage;
        stage.telling.stage("test connection", None);
        let set_up = stage
            .job_set_up(&EntraOverrides::default(), &[], Scope::default(), self.seed)
            .map_err(|error| Stop::bad(&error))?;
        let tenant = stage.dressed(&set_up.settings, self.seed);
        let connector = Connector::new(tenant, set_up.settings.clone());
        let requests = ProvisioningJob::new(set_up).probe_requests(&connector);
        let connection = test_connection(&connector, requests).await;
        if stage.tenant.is_held_back() {
            return Ok(false);
        }
        let success = connection.is_success();
        let result = match connection {
            Connection::Success { remark } => ConnectionResult {
                success,
                code: None,
                message: "The supplied credentials are authorized to enable provisioning"
                    .to_owned(),
                evidence: remark.unwrap_or_else(|| "both look-ups found nobody".to_owned()),
            },
            Connection::Failed { code, message, evidence, .. } => {
                let scrub = connector.tenant.scrubber();
                let (code, message) = (Some(code.to_owned()), scrub(&message));
                ConnectionResult { success, code, message, evidence: scrub(&evidence) }
            }
        };
        stage.telling.done(&format!(
            "test connection: {}",
            if success { "the tenant answers as Entra needs" } else { "failed" }
        ));
        self.found().connection = Some(result);
        Ok(success)
    }
}

/// The tenant's URL, token, way and name.
struct Base {
    url: TenantUrl,
    token: Option<SecretToken>,
    transport: Transport,
    name: String,
    embedded: Option<EmbeddedSettings>,
}

impl Base {
    fn of(
        target: &Target,
        common: &Common,
        profile: &ServerProfile,
        seed: u64,
    ) -> Result<Self, Stop> {
        match target {
            Target::Remote { url, token } => {
                let settings =
                    HttpSettings { ca_file: common.ca_file.clone(), loopback: url.is_loopback() };
                let transport = Transport::http(&settings).map_err(|error| Stop::bad(&error))?;
                Ok(Self {
                    url: url.clone(),
                    token: Some(token.clone()),
                    transport,
                    name: url.to_string(),
                    embedded: None,
                })
            }
            Target::Embedded => {
                let mut keys = Keys::new();
                let secret = keys.generate("this run", None, true);
                let settings = EmbeddedSettings {
                    limitations: profile.limitations.clone(),
                    seed,
                    keys,
                    base_url: Some(EMBEDDED_URL.to_owned()),
                    ..EmbeddedSettings::default()
                };
                let router = EmbeddedTenant::new(settings.clone()).router();
                Ok(Self {
                    url: TenantUrl::parse(EMBEDDED_URL).map_err(|error| Stop::bad(&error))?,
                    token: Some(
                        SecretToken::parse(&secret, "the embedded tenant")
                            .map_err(|error| Stop::bad(&error))?,
                    ),
                    transport: Transport::InProcess(router),
                    name: "embedded".to_owned(),
                    embedded: Some(settings),
                })
            }
        }
    }
}

/// What hears on behalf of the judge.
fn hearing(judge: &Arc<EveryJudge>, judges_share: bool) -> Arc<dyn Listener> {
    match judges_share {
        true => Arc::new(LoadJudge::new(judge.clone())),
        false => judge.clone(),
    }
}

/// Snapshots of the embedded tenant are filed under the profile; those of a real one under the
/// operator's own profile, or under its host where a built-in profile is used. A dialect that the
/// command line forces has a folder of its own.
fn snapshot_folder(
    target: &Target,
    profile: &ServerProfile,
    is_forced: bool,
    dialect: PatchDialect,
) -> String {
    let folder = match target {
        Target::Remote { url, .. } if profile.file.is_none() => {
            format!("{}-{}", url.authority().replace([':', '[', ']'], "-"), profile.name)
        }
        Target::Remote { .. } | Target::Embedded => profile.name.clone(),
    };
    if is_forced { format!("{folder}-{}", dialect.name()) } else { folder }
}

fn make_folder(folder: &Path) -> Result<PathBuf, Stop> {
    let made = std::fs::create_dir_all(folder).map(|()| folder.to_owned());
    made.map_err(|error| {
        let folder = folder.display();
        Stop::BadInput(format!("failed to make the report folder {folder}: {error}"))
    })
}

/// Keeps the manifest in the folder, or goes on with the journal that stands in for it.
fn keep_manifest(tenant: &Tenant, plan: &Plan<'_>, folder: &Path) -> Result<Option<String>, Stop> {
    if let Some((path, earlier)) = &plan.journal {
        earlier.owned.iter().cloned().for_each(|owned| tenant.adopt(owned));
        earlier.unresolved.iter().cloned().for_each(|lost| tenant.adopt_unresolved(lost));
        tenant.keep_manifest(path)?;
        return Ok(None);
    }
    let manifest = folder.join("manifest.jsonl");
    let leftovers = make_room(&manifest)?;
    tenant.keep_manifest(&manifest)?;
    Ok(leftovers)
}

/// An earlier run's manifest goes, unless the run was cut off: then it is what `cleanup` needs.
fn make_room(path: &Path) -> Result<Option<String>, Stop> {
    match Manifest::read(path) {
        Ok(earlier) if !earlier.is_settled() && earlier.tenant.as_deref() != Some(EMBEDDED_URL) => {
            let kept = earlier.set_aside(path)?;
            let remark = format!(
                "an earlier run left {} resources on {}, which may be met again under the same \
                 seed; `scimrig cleanup {}` removes them",
                earlier.owned.len() + earlier.unresolved.len(),
                earlier.tenant.as_deref().unwrap_or("its tenant"),
                kept.display()
            );
            eprintln!("scimrig: {}", visible(&remark, 500));
            Ok(Some(remark))
        }
        _ => {
            let _ = std::fs::remove_file(path);
            Ok(None)
        }
    }
}

/// The command as it could be typed again. Options that hold no secret; the token is none of them.
fn command_line(plan: &Plan<'_>, tenant: &str) -> String {
    let common = plan.common;
    let mut line = format!("scimrig {} --profile {}", plan.command, shell_word(&common.profile));
    let mut add = |option: &str, value: &str| {
        line.extend([" ", option, " ", &shell_word(value)]);
    };
    if common.tenant_url.is_some() {
        add("--tenant-url", tenant);
    }
    if let Some(dialect) = common.dialect {
        add("--dialect", PatchDialect::from(dialect).name());
    }
    if let Some(seed) = common.seed {
        add("--seed", &seed.to_string());
    }
    if let Some(requests) = plan.allowance.requests_max {
        add("--max-requests", &requests.to_string());
    }
    if let Some(rate) = plan.allowance.per_second_max {
        add("--rate", &rate.to_string());
    }
    if let Some(seconds) = common.timeout {
        add("--timeout", &seconds.to_string());
    }
    if let Some(file) = plan.known_failures.and_then(|it| it.known_failures.as_ref()) {
        add("--known-failures", &file.display().to_string());
    }
    if common.strict {
        line.push_str(" --strict");
    }
    if common.allow_writes {
        line.push_str(" --allow-writes");
    }
    line
}

/// Waits for SIGINT or SIGTERM.
pub(crate) async fn signalled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
