//! What every command has at hand while it runs: the tenant, the profile, and who listens.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::{Budget, KnownFailures, Telling};
use crate::checks::listen::EveryJudge;
use crate::entra::job::JobSetUp;
use crate::entra::log::LogEntry;
use crate::entra::mapping::{MappingError, ObjectMapping};
use crate::entra::scope::Scope;
use crate::profile::{EntraOverrides, EntraSettings, MappingDefinition, MappingSet};
use crate::profile::{PatchDialect, ServerProfile};
use crate::snapshot::SnapshotStore;
use crate::tenant::embedded::EmbeddedSettings;
use crate::tenant::{Dress, Limits, Tenant};

/// Everything a stage of a run needs. The listeners of `tenant` record, measure and judge.
pub struct Stage {
    /// The door, with the run's listeners.
    pub tenant: Tenant,
    /// The same door without the judge: what a tenant does under injected faults is no finding.
    pub unjudged: Tenant,
    /// How the embedded tenant is set up; none where a real one is under test.
    pub embedded: Option<EmbeddedSettings>,
    /// The profile.
    pub profile: ServerProfile,
    /// Findings that somebody has taken on.
    pub known_failures: KnownFailures,
    /// The dialect asked for by `--dialect` or by the flag in the Tenant URL; it wins over files.
    pub dialect: Option<PatchDialect>,
    /// The seed asked for by `--seed`; it wins over files.
    pub seed: Option<u64>,
    /// The time limit asked for by `--timeout`; it wins over files.
    pub timeout: Option<Duration>,
    /// Judges every exchange and every comparison.
    pub judge: Arc<EveryJudge>,
    /// Where the provisioning log goes.
    pub log: LogFile,
    /// Where snapshots are.
    pub snapshots: SnapshotStore,
    /// Turns true when the run is interrupted.
    pub stop: watch::Receiver<bool>,
    /// Hears how the run goes.
    pub telling: Arc<dyn Telling>,
    /// The report folder.
    pub folder: PathBuf,
    /// A command that gets the notification of a quarantine on its standard input.
    pub notify_command: Option<String>,
    /// Whether several scenarios share the report folder.
    pub is_shared: bool,
    /// What drawn sequences may cost.
    pub budget: Budget,
}

impl Stage {
    /// Whether the run is interrupted.
    pub fn is_interrupted(&self) -> bool {
        *self.stop.borrow()
    }

    /// Whether it makes no sense to go on: interrupted, or the budget has held something back.
    pub fn is_stopped(&self) -> bool {
        self.is_interrupted() || self.tenant.is_held_back()
    }

    /// Entra's settings: defaults, then the profile's, then a scenario's, then the command line's.
    pub fn settings(&self, overrides: &EntraOverrides) -> EntraSettings {
        let mut settings = EntraSettings::default().with(&self.profile.entra).with(overrides);
        if let Some(dialect) = self.dialect {
            settings.dialect = dialect;
        }
        settings
    }

    /// A job's set-up from profile, overrides and scope.
    pub fn job_set_up(
        &self,
        overrides: &EntraOverrides,
        mappings: &[MappingDefinition],
        scope: Scope,
        seed: u64,
    ) -> Result<JobSetUp, MappingError> {
        let users = match self.profile.mapping_set {
            MappingSet::Default => ObjectMapping::default_user(),
            MappingSet::Dialpad => ObjectMapping::dialpad_user(),
        };
        let mapped = |base: ObjectMapping| base.with(&self.profile.mappings)?.with(mappings);
        Ok(JobSetUp {
            settings: self.settings(overrides),
            user_mapping: mapped(users)?,
            group_mapping: mapped(ObjectMapping::default_group())?,
            scope,
            seed,
        })
    }

    /// The door as these settings dress it.
    pub fn dressed(&self, settings: &EntraSettings, seed: u64) -> Tenant {
        let (limits, dress) = dress_of(settings, self.timeout, seed);
        self.tenant.with_settings(limits, dress)
    }
}

/// Limits and headers that follow from Entra's settings.
pub fn dress_of(settings: &EntraSettings, timeout: Option<Duration>, seed: u64) -> (Limits, Dress) {
    let from_settings = Duration::from_secs(u64::from(settings.timeout_seconds));
    let limits = Limits { timeout: timeout.unwrap_or(from_settings), ..Limits::default() };
    let dress = Dress {
        adscimversion: settings.send_adscimversion,
        user_agent: settings.user_agent.clone(),
        leak_flag_in_query: settings.leak_flag_in_query,
        activity: crate::entra::guid(seed, 0),
    };
    (limits, dress)
}

/// `provisioning-log.jsonl`: one entry a line, in Graph's field names.
#[derive(Default)]
pub struct LogFile(Mutex<Option<BufWriter<File>>>);

impl LogFile {
    /// Creates the file.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        Ok(Self(Mutex::new(Some(BufWriter::new(File::create(path)?)))))
    }

    /// Appends entries; the Secret Token is taken out of whatever a tenant echoed.
    pub fn append(&self, entries: &[LogEntry], scrub: &crate::exchange::Scrub) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = file.as_mut() else { return };
        for entry in entries {
            if let Ok(line) = serde_json::to_string(entry) {
                // A full disk shows when the report itself cannot be written.
                let _ = writeln!(file, "{}", scrub(&line));
            }
        }
        let _ = file.flush();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::run::Silent;
    use crate::snapshot::SnapshotMode;
    use crate::tenant::embedded::{Defect, EmbeddedTenant, Keys};
    use crate::tenant::{SecretToken, TenantUrl, Transport};

    /// Where the embedded tenant is.
    pub(in crate::run) const URL: &str = "http://localhost/scim";

    /// A stage with an embedded tenant that has these defects; files go to the folder.
    pub(in crate::run) fn stage(
        folder: &Path,
        profile: &str,
        defects: &[Defect],
        budget: Budget,
    ) -> Stage {
        let mut keys = Keys::new();
        keys.add("test", "sesame", None, true);
        let profile = ServerProfile::built_in(profile).unwrap();
        let embedded = EmbeddedSettings {
            keys,
            defects: defects.to_vec(),
            limitations: profile.limitations.clone(),
            base_url: Some(URL.to_owned()),
            seed: 1,
            ..EmbeddedSettings::default()
        };
        let unjudged = Tenant::new(
            TenantUrl::parse(URL).unwrap(),
            Some(SecretToken::parse("sesame", "the test").unwrap()),
            Transport::InProcess(EmbeddedTenant::new(embedded.clone()).router()),
            Limits::default(),
            Dress::default(),
        );
        let judge = Arc::new(EveryJudge::new(URL, &profile));
        Stage {
            tenant: unjudged.with_listener(judge.clone()),
            unjudged,
            embedded: Some(embedded),
            profile,
            known_failures: KnownFailures::default(),
            dialect: None,
            seed: None,
            timeout: None,
            judge,
            log: LogFile::default(),
            snapshots: SnapshotStore::new(folder, "none", SnapshotMode::Off, false),
            stop: watch::channel(false).1,
            telling: Arc::new(Silent),
            folder: folder.to_path_buf(),
            notify_command: None,
            is_shared: false,
            budget,
        }
    }
}
