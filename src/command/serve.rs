//! `scimrig serve`: the embedded tenant on a port.

use std::net::SocketAddr;

use clap::Args;
use jiff::Timestamp;
use scimrig::run::Exit;
use scimrig::tenant::SecretToken;
use scimrig::tenant::embedded::{
    Defect, EmbeddedSettings, EmbeddedTenant, Faults, Keys, Variation, left_out,
};

use super::options::{TOKEN_VARIABLE, read_profile};
use super::session::{SEED, signalled};
use super::{Ended, Stop};

/// Serves the embedded tenant.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The profile whose limitations are mimicked: strict, entra, dialpad or a TOML file
    #[arg(long, value_name = "NAME|FILE", default_value = "dialpad")]
    profile: String,
    /// Make a key and show it once; EXPIRY is a day or a time (2027-01-31, 2027-01-31T12:00:00Z)
    #[arg(long = "key", value_name = "NAME[:EXPIRY]")]
    keys: Vec<String>,
    /// Make a key without admin rights and show it once: it gets 403
    #[arg(long = "key-without-admin", value_name = "NAME")]
    keys_without_admin: Vec<String>,
    /// Switch a legal variation on, by its id: no-patch, small-pages, …
    #[arg(long = "variation", value_name = "ID")]
    variations: Vec<String>,
    /// Switch a bug on, by its id
    #[arg(long = "defect", value_name = "ID")]
    defects: Vec<String>,
    /// Set a fault, as in a scenario's [faults]: latency-ms-max=200, throttle-every=10, …
    #[arg(long = "fault", value_name = "KEY=VALUE")]
    faults: Vec<String>,
    /// Ids and faults follow from it
    #[arg(long, value_name = "N", default_value_t = SEED)]
    seed: u64,
}

impl Serve {
    pub(crate) async fn run(self) -> Ended {
        let profile = read_profile(&self.profile)?;
        let settings = EmbeddedSettings {
            limitations: profile.limitations,
            variations: self.variations()?,
            defects: self.defects()?,
            faults: self.faults()?,
            seed: self.seed,
            keys: self.keys()?,
            base_url: None,
        };
        let listener = tokio::net::TcpListener::bind(self.listen).await.map_err(|error| {
            Stop::BadInput(format!("failed to listen on {}: {error}", self.listen))
        })?;
        say!("listening on http://{}/scim", listener.local_addr()?);
        EmbeddedTenant::new(settings).serve(listener, signalled()).await?;
        Ok(Exit::Conforms)
    }

    fn keys(&self) -> Result<Keys, Stop> {
        let mut keys = Keys::new();
        if let Ok(text) = std::env::var(TOKEN_VARIABLE) {
            SecretToken::parse(&text, TOKEN_VARIABLE).map_err(|error| Stop::bad(&error))?;
            keys.add(TOKEN_VARIABLE, text.trim(), None, true);
        } else if self.keys.is_empty() && self.keys_without_admin.is_empty() {
            return Err(Stop::BadInput(format!(
                "nobody could speak to this tenant: \
                 give --key NAME[:EXPIRY], or set {TOKEN_VARIABLE}"
            )));
        }
        for text in &self.keys {
            let (name, expiry) = match text.split_once(':') {
                Some((name, expiry)) => (name, Some(read_expiry(expiry)?)),
                None => (text.as_str(), None),
            };
            let secret = keys.generate(name, expiry, true);
            say!("key {name}: {secret}");
        }
        for name in &self.keys_without_admin {
            let secret = keys.generate(name.as_str(), None, false);
            say!("key {name} (without admin rights): {secret}");
        }
        Ok(keys)
    }

    fn variations(&self) -> Result<Vec<Variation>, Stop> {
        let read = |id: &String| {
            Variation::from_id(id).ok_or_else(|| {
                let known: Vec<&str> = Variation::ALL.iter().map(|it| it.id()).collect();
                Stop::BadInput(format!(
                    "--variation {id}: no such variation; accepted are {}",
                    known.join(", ")
                ))
            })
        };
        self.variations.iter().map(read).collect()
    }

    fn defects(&self) -> Result<Vec<Defect>, Stop> {
        let read = |id: &String| {
            Defect::from_id(id).ok_or_else(|| {
                let known: Vec<&str> = Defect::all().map(Defect::id).collect();
                let why = left_out(id).map_or_else(String::new, |why| format!(" ({why})"));
                Stop::BadInput(format!(
                    "--defect {id}: no such defect{why}; accepted are {}",
                    known.join(", ")
                ))
            })
        };
        self.defects.iter().map(read).collect()
    }

    fn faults(&self) -> Result<Faults, Stop> {
        toml::from_str(&self.faults.join("\n")).map_err(|error| {
            Stop::BadInput(format!("--fault: {}; accepted is KEY=VALUE", error.message()))
        })
    }
}

/// A day means its beginning in UTC.
fn read_expiry(text: &str) -> Result<Timestamp, Stop> {
    let day = || format!("{text}T00:00:00Z").parse().ok();
    text.parse().ok().or_else(day).ok_or_else(|| {
        Stop::BadInput(format!(
            "--key: `{text}` is no time; accepted are 2027-01-31 and 2027-01-31T12:00:00Z"
        ))
    })
}
