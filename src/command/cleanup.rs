//! `scimrig cleanup`: removes what an interrupted run left on a tenant.

use std::path::PathBuf;

use clap::Args;
use scimrig::profile::EntraSettings;
use scimrig::run::Exit;
use scimrig::run::cleanup::clean_up;
use scimrig::run::stage::dress_of;
use scimrig::tenant::{Allowance, HttpSettings, Manifest, Tenant, Transport};

use super::options::{Common, Target, rate};
use super::{Ended, Stop};

/// Deletes what a manifest lists.
#[derive(Debug, Args)]
pub(crate) struct Cleanup {
    /// A run's report folder, or its manifest.jsonl
    #[arg(value_name = "FOLDER")]
    manifest: PathBuf,
    #[command(flatten)]
    common: Common,
    /// Send at most so many requests a second
    #[arg(long, value_name = "R", value_parser = rate)]
    rate: Option<f64>,
    /// Requests in flight at once
    #[arg(long, value_name = "N", default_value_t = 8)]
    concurrency: usize,
}

impl Cleanup {
    pub(crate) async fn run(self) -> Ended {
        let path = match self.manifest.is_dir() {
            true => self.manifest.join("manifest.jsonl"),
            false => self.manifest.clone(),
        };
        let manifest = Manifest::read(&path).map_err(|error| Stop::bad(&error))?;
        let profile = self.common.profile()?;
        let Target::Remote { url, token } = self.common.target(&profile, true)? else {
            return Err(Stop::BadInput(
                "cleanup needs --tenant-url: the embedded tenant forgets everything by itself"
                    .to_owned(),
            ));
        };
        let settings =
            HttpSettings { ca_file: self.common.ca_file.clone(), loopback: url.is_loopback() };
        let transport = Transport::http(&settings).map_err(|error| Stop::bad(&error))?;
        let entra = EntraSettings::default().with(&profile.entra);
        let (limits, dress) = dress_of(&entra, self.common.timeout(), 0);
        if let Some(tenant) = &manifest.tenant
            && *tenant != url.to_string()
        {
            return Err(Stop::BadInput(format!(
                "the manifest was written for {tenant}, and --tenant-url is {url}"
            )));
        }
        let tenant = Tenant::new(url, Some(token), transport, limits, dress);
        tenant.allow(Allowance { per_second_max: self.rate, ..Allowance::default() });
        tenant.keep_manifest(&path)?;
        manifest.owned.into_iter().for_each(|owned| tenant.adopt(owned));
        manifest.unresolved.into_iter().for_each(|lost| tenant.adopt_unresolved(lost));
        let result = clean_up(&tenant, self.concurrency).await;
        if tenant.sent().throttled > 0 {
            say!("the tenant throttled {} requests", tenant.sent().throttled);
        }
        say!("{} listed, {} deleted, {} left", result.created, result.deleted, result.left.len());
        for left in &result.left {
            say!("left: {left}");
        }
        Ok(if result.left.is_empty() { Exit::Conforms } else { Exit::Unreachable })
    }
}
