//! The commands. Each file is one verb; `options` holds what they share, `session` the run they
//! make. An outcome becomes an exit code in `scimrig::run::Exit` and nowhere else.

/// Prints a line. A reader that went away, as in `scimrig checks | head`, is no fault.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod ambiguities;
mod checks;
mod cleanup;
mod defects;
mod known_failures;
mod load;
mod options;
mod report;
mod scenarios;
mod serve;
mod session;
mod snapshots;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use scimrig::run::Exit;

/// Acts as Microsoft Entra ID's provisioning service against a SCIM tenant.
///
/// Without --tenant-url every command uses the embedded tenant, in this process. The Secret Token
/// comes from the variable `SCIM_SECRET_TOKEN` or from --secret-token-file, never from an argument.
///
/// Exit codes: 0 conforms; 1 violations, or a changed snapshot; 2 the command line, a scenario or a
/// profile is wrong; 3 the tenant could not be reached or refused the token; 4 a performance
/// expectation was missed and nothing else; 5 the fault is scimrig's; 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "scimrig", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
enum Command {
    /// The main job: test connection, checks, scenarios, a small initial cycle; one report
    Verify(verify::Verify),
    /// What the button Test Connection in Entra does
    TestConnection(verify::TestConnection),
    /// The catalogue of checks against a tenant
    Check(verify::Check),
    /// Scenarios: scripted or drawn changes, snapshots, expectations
    Run(scenarios::RunScenarios),
    /// A large initial cycle, measured
    Load(load::Load),
    /// Lists the catalogue: id, level, source, sentence
    Checks(checks::Checks),
    /// Lists the bugs of the embedded tenant and the checks that find each
    Defects(defects::Defects),
    /// Lists what the sources leave open, and how a profile reads it
    Ambiguities(ambiguities::Ambiguities),
    /// The embedded tenant on a port
    Serve(serve::Serve),
    /// Reports again from a recording, compares two reports, or merges those of a load's shares
    Report(report::Report),
    /// Reviews, accepts or rejects pending snapshots
    Snapshots(snapshots::Snapshots),
    /// Deletes what a run's manifest lists and the tenant still holds
    Cleanup(cleanup::Cleanup),
    /// Prints the JSON Schema of a file format
    Schema(report::Schema),
}

/// Why a command ended without a verdict.
#[derive(Debug)]
enum Stop {
    /// Bad input of the operator's: exit code 2, and nothing was sent.
    BadInput(String),
    /// A fault of ours or of this machine: exit code 5.
    Ours(anyhow::Error),
}

/// What a command comes to.
type Ended = Result<Exit, Stop>;

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Ours(anyhow::Error::new(error))
    }
}

impl Stop {
    /// Bad input, told by one of our errors, whose texts fit after "failed to".
    fn bad(error: &dyn std::error::Error) -> Self {
        Self::BadInput(format!("failed to {error}"))
    }
}

/// Parses, runs, and turns the end into a code.
pub(crate) fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output and are no mistake.
            let _ = error.print();
            let is_mistake = error.use_stderr();
            return if is_mistake { Exit::BadInput } else { Exit::Conforms }.into();
        }
    };
    let ended = runtime(&arguments.command)
        .map_err(|error| Stop::Ours(anyhow::Error::new(error).context("start the runtime")))
        .and_then(|runtime| {
            let ended = runtime.block_on(run(arguments.command));
            // A task that hangs on a dead connection must not hold the process.
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            ended
        });
    match ended {
        Ok(exit) => exit.into(),
        Err(Stop::BadInput(message)) => {
            eprintln!("scimrig: {message}");
            Exit::BadInput.into()
        }
        Err(Stop::Ours(error)) => {
            eprintln!("scimrig: failed to {error:#}");
            Exit::OurFault.into()
        }
    }
}

/// A run on the embedded tenant has one thread: then the same seed sends the same requests in the
/// same order, also where several are in flight. Over a network nobody could promise that. A load
/// leaves half of the machine to a tenant that lives on it: more threads than that would only wake
/// each other.
fn runtime(command: &Command) -> std::io::Result<tokio::runtime::Runtime> {
    let common = match command {
        Command::Verify(verify) => Some(&verify.common),
        Command::Check(check) => Some(&check.common),
        Command::Run(run) => Some(&run.common),
        _ => None,
    };
    let mut builder = match common {
        Some(common) if common.tenant_url.is_none() => {
            tokio::runtime::Builder::new_current_thread()
        }
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    if let Command::Load(load) = command
        && load.is_beside_its_tenant()
    {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        builder.worker_threads(cores.div_ceil(2));
    }
    builder.enable_all().build()
}

async fn run(command: Command) -> Ended {
    match command {
        Command::Verify(verify) => verify.run().await,
        Command::TestConnection(test) => test.run().await,
        Command::Check(check) => check.run().await,
        Command::Run(run) => run.run().await,
        Command::Load(load) => load.run().await,
        Command::Checks(checks) => checks.run(),
        Command::Defects(defects) => defects.run(),
        Command::Ambiguities(ambiguities) => ambiguities.run(),
        Command::Serve(serve) => serve.run().await,
        Command::Report(report) => report.run(),
        Command::Snapshots(snapshots) => snapshots.run(),
        Command::Cleanup(cleanup) => cleanup.run().await,
        Command::Schema(schema) => schema.run(),
    }
}
