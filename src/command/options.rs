//! Options that the commands share, and what they come to before anything is sent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use scimrig::checks::Selection;
use scimrig::profile::{PatchDialect, ServerProfile};
use scimrig::report::visible::shell_word;
use scimrig::run::{Budget, ShrinkBudget};
use scimrig::tenant::{Allowance, PER_SECOND_MAX, PER_SECOND_MIN, SecretToken, TenantUrl};

use super::Stop;

/// The variable that holds the Secret Token.
pub(crate) const TOKEN_VARIABLE: &str = "SCIM_SECRET_TOKEN";

/// Which tenant, how Entra is set up for it, and where the report goes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The Tenant URL, as typed into Entra; its query may hold a feature flag. None: the embedded
    /// tenant. The word `profile` takes the URL that the profile names
    #[arg(long, value_name = "URL", env = "SCIM_TENANT_URL")]
    pub(crate) tenant_url: Option<String>,
    /// A file whose only line is the Secret Token; otherwise `SCIM_SECRET_TOKEN` counts
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_token_file: Option<PathBuf>,
    /// A built-in profile (strict, entra, dialpad) or a profile's TOML file
    #[arg(long, value_name = "NAME|FILE", default_value = "dialpad")]
    pub(crate) profile: String,
    /// The PATCH dialect; wins over the flag in the Tenant URL and over the files
    #[arg(long, value_name = "DIALECT")]
    pub(crate) dialect: Option<Dialect>,
    /// The seed from which everything drawn follows; each scenario has its own otherwise
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Where report folders are made
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub(crate) reports: PathBuf,
    /// Count a broken SHOULD as a violation
    #[arg(long)]
    pub(crate) strict: bool,
    /// Seconds to wait for an answer, from sending to its last byte
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u32>,
    /// A PEM file with certificates to trust besides the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Allow writing to a tenant that is not on this machine
    #[arg(long)]
    pub(crate) allow_writes: bool,
    /// A shell command that gets the notification of a quarantine on its standard input
    #[arg(long, value_name = "COMMAND")]
    pub(crate) notify_command: Option<String>,
}

/// What it may cost to shorten a drawn sequence that failed.
#[derive(Debug, Args)]
pub(crate) struct ShrinkOptions {
    /// Requests that may be spent on shortening one failing sequence
    #[arg(long, value_name = "N", default_value_t = ShrinkBudget::default().requests)]
    shrink_requests: u64,
    /// Seconds that may be spent on shortening one failing sequence
    #[arg(long, value_name = "SECONDS", default_value_t = ShrinkBudget::default().time.as_secs())]
    shrink_seconds: u64,
}

impl ShrinkOptions {
    /// The options as a budget.
    pub(crate) fn budget(&self) -> ShrinkBudget {
        ShrinkBudget {
            requests: self.shrink_requests,
            time: Duration::from_secs(self.shrink_seconds),
        }
    }
}

/// How much is drawn.
#[derive(Debug, Args)]
pub(crate) struct DrawOptions {
    /// Sequences of each drawn scenario, instead of what its file says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    cases: Option<u32>,
    /// Minutes to go on drawing sequences of each scenario; with --cases whatever ends first
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
    minutes: Option<u32>,
    /// Go on after a failure and collect those that differ
    #[arg(long)]
    keep_going: bool,
    /// Sequences played at once; none: one for each core on the embedded tenant, and one elsewhere
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    jobs: Option<u32>,
    /// Replays of a shortened failure, to tell whether it shows every time
    #[arg(long, value_name = "N", default_value_t = Budget::default().replays)]
    replays: u32,
    #[command(flatten)]
    shrink: ShrinkOptions,
}

impl DrawOptions {
    /// The options as a budget.
    pub(crate) fn budget(&self) -> Budget {
        Budget {
            cases: self.cases,
            time: self.minutes.map(|minutes| Duration::from_mins(u64::from(minutes))),
            keep_going: self.keep_going,
            shrink: self.shrink.budget(),
            replays: self.replays,
            jobs: self.jobs.and_then(|jobs| usize::try_from(jobs).ok()),
        }
    }

    /// The options that change what is drawn, as they were typed.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        let numbers = [("cases", self.cases), ("minutes", self.minutes)];
        for (option, number) in numbers {
            words.extend(number.map(|number| format!(" --{option} {number}")));
        }
        if self.keep_going {
            words.push_str(" --keep-going");
        }
        words
    }
}

/// Which checks are wanted.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Only checks of these levels (must, should, …), or whose id begins with one of these words
    #[arg(long, value_name = "WORD", num_args = 1.., value_delimiter = ',')]
    only: Vec<String>,
    /// No checks of these levels, nor any whose id begins with one of these words
    #[arg(long, value_name = "WORD", num_args = 1.., value_delimiter = ',')]
    skip: Vec<String>,
}

impl Wanted {
    /// The selection; refuses words that say nothing.
    pub(crate) fn selection(&self) -> Result<Selection, Stop> {
        let (only, skip) = (self.only.clone(), self.skip.clone());
        let selection = Selection { only, skip, ..Selection::default() };
        selection.refusal().map_or(Ok(selection), |refusal| Err(Stop::BadInput(refusal)))
    }

    /// The options as they could be typed again, with a space before each.
    pub(crate) fn typed(&self) -> String {
        let words = |option: &str, words: &[String]| match words {
            [] => String::new(),
            words => format!(" {option} {}", shell_word(&words.join(","))),
        };
        format!("{}{}", words("--only", &self.only), words("--skip", &self.skip))
    }
}

/// How much may be sent, and how fast.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Allowed {
    /// Send at most so many requests, those that clean up apart; what is left then cannot be told
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) max_requests: Option<u64>,
    /// Send at most so many requests a second; a load sends them on schedule
    #[arg(long, value_name = "R", value_parser = rate)]
    pub(crate) rate: Option<f64>,
}

impl Allowed {
    /// The same, as the door keeps it.
    pub(crate) fn allowance(self) -> Allowance {
        Allowance { requests_max: self.max_requests, per_second_max: self.rate }
    }
}

/// A rate within the bounds that the door keeps.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (PER_SECOND_MIN..=PER_SECOND_MAX).contains(rate));
    rate.ok_or_else(|| format!("accepted is a number from {PER_SECOND_MIN} to {PER_SECOND_MAX}"))
}

/// The PATCH dialects by the names Entra gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// What a job without a feature flag sends
    Default,
    /// What the feature flag aadOptscim062020 turns on
    #[value(name = "aadOptscim062020", alias = "AzureAdScimPatch062020")]
    AadOptscim062020,
}

impl From<Dialect> for PatchDialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Default => Self::Default,
            Dialect::AadOptscim062020 => Self::AadOptscim062020,
        }
    }
}

/// The tenant that the options name.
pub(crate) enum Target {
    /// The one in this process.
    Embedded,
    /// One reached over HTTP.
    Remote {
        /// Its URL.
        url: TenantUrl,
        /// The token for it.
        token: SecretToken,
    },
}

impl Common {
    /// Reads the profile.
    pub(crate) fn profile(&self) -> Result<ServerProfile, Stop> {
        read_profile(&self.profile)
    }

    /// Which tenant is meant, with its token; refuses writes to a far one without leave.
    pub(crate) fn target(&self, profile: &ServerProfile, writes: bool) -> Result<Target, Stop> {
        let url = match self.tenant_url.as_deref() {
            None => return Ok(Target::Embedded),
            Some("profile") => profile.tenant_url.as_deref().ok_or_else(|| {
                Stop::BadInput(format!(
                    "--tenant-url profile: the profile {} names no tenant-url",
                    profile.name
                ))
            })?,
            Some(url) => url,
        };
        let url = TenantUrl::parse(url).map_err(|error| Stop::bad(&error))?;
        if writes && !url.is_loopback() && !self.allow_writes {
            return Err(Stop::BadInput(format!(
                "{url} is not on this machine and this command writes to it: add --allow-writes; \
                 only resources that the run creates are ever changed or deleted"
            )));
        }
        Ok(Target::Remote { url, token: self.token()? })
    }

    fn token(&self) -> Result<SecretToken, Stop> {
        if let Some(path) = &self.secret_token_file {
            return SecretToken::read(path).map_err(|error| Stop::bad(&error));
        }
        match std::env::var(TOKEN_VARIABLE) {
            Ok(text) => {
                SecretToken::parse(&text, TOKEN_VARIABLE).map_err(|error| Stop::bad(&error))
            }
            Err(_) => Err(Stop::BadInput(format!(
                "no Secret Token: set the variable {TOKEN_VARIABLE}, \
                 or give --secret-token-file FILE"
            ))),
        }
    }

    /// The time limit asked for.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout.map(|seconds| Duration::from_secs(u64::from(seconds.max(1))))
    }
}

/// Reads a profile by name or by file.
pub(crate) fn read_profile(name: &str) -> Result<ServerProfile, Stop> {
    let is_file = Path::new(name).extension().is_some() || name.contains(['/', '\\']);
    let read = match is_file {
        true => ServerProfile::read(Path::new(name)),
        false => ServerProfile::built_in(name),
    };
    read.map_err(|error| Stop::bad(&error))
}
