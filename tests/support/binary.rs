//! Runs the binary with a time limit, and reads what it leaves behind.
//!
//! Each test has a folder of its own below the target folder; it is the working directory of what
//! the test runs, so nothing is written into the work tree, and it is kept to look at afterwards.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a command may take where a test does not say otherwise.
const LIMIT: Duration = Duration::from_mins(2);
/// How often a running command is looked at.
const GLANCE: Duration = Duration::from_millis(10);
/// What the environment of a developer or a CI server must not decide.
const NOT_INHERITED: &[&str] =
    &["SCIM_TENANT_URL", "SCIM_SECRET_TOKEN", "RUST_LOG", "RUST_BACKTRACE", "COLUMNS"];

/// A folder of one test, empty at its start.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// The folder of the test of that name; names must differ within one test crate.
    pub(crate) fn of(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME")).join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the target folder is ours to write to");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into the folder and yields its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).expect("the folder is ours to write to");
        path.display().to_string()
    }

    /// Every file below it.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files_below(&self.0)
    }

    /// The one `report.json` below it, if a report was written.
    pub(crate) fn report(&self) -> Option<Value> {
        let reports: Vec<_> =
            self.files().into_iter().filter(|file| file.ends_with("report.json")).collect();
        assert!(reports.len() <= 1, "expected one report at most, found {reports:?}");
        let text = fs::read_to_string(reports.first()?).expect("a report can be read");
        Some(serde_json::from_str(&text).expect("report.json is JSON"))
    }

    /// A command that runs the binary in this folder, its reports in it as well.
    pub(crate) fn scimrig<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Invocation {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(&self.0).stdin(Stdio::null());
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        Invocation { command, limit: LIMIT }
    }
}

/// The program under test: the one built with the tests, or the one that `SCIMRIG_UNDER_TEST`
/// names, such as a release build for the long tests.
fn binary() -> PathBuf {
    let built = || PathBuf::from(env!("CARGO_BIN_EXE_scimrig"));
    std::env::var_os("SCIMRIG_UNDER_TEST").map_or_else(built, PathBuf::from)
}

/// Every file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("entries are readable")).collect();
    paths.sort_by_key(fs::DirEntry::file_name);
    let expand = |entry: &fs::DirEntry| {
        if entry.path().is_dir() { files_below(&entry.path()) } else { vec![entry.path()] }
    };
    paths.iter().flat_map(expand).collect()
}

/// A command about to run.
#[derive(Debug)]
pub(crate) struct Invocation {
    command: Command,
    limit: Duration,
}

impl Invocation {
    /// With this Secret Token in its environment.
    pub(crate) fn token(mut self, token: &str) -> Self {
        self.command.env("SCIM_SECRET_TOKEN", token);
        self
    }

    /// To end within so many seconds; the test fails otherwise.
    pub(crate) fn within(mut self, seconds: u64) -> Self {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Finished {
        self.start().finish()
    }

    /// Starts it and comes back at once.
    pub(crate) fn start(mut self) -> Running {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the binary was built for this test");
        let stdout = collect(child.stdout.take().expect("stdout is piped"));
        let stderr = collect(child.stderr.take().expect("stderr is piped"));
        let told = format!("{:?}", self.command);
        Running { child, stdout, stderr, told, limit: self.limit, began: Instant::now() }
    }
}

/// A command that runs. It is killed if the test forgets it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: Collected,
    stderr: Collected,
    told: String,
    limit: Duration,
    began: Instant,
}

impl Running {
    /// What it has printed so far, standard output first.
    pub(crate) fn printed(&self) -> String {
        format!("{}{}", self.stdout.so_far(), self.stderr.so_far())
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("our child can be asked").is_none()
    }

    /// Sends a signal by its name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, &self.child.id().to_string());
    }

    /// Waits for its end, up to the limit counted from its start.
    pub(crate) fn finish(mut self) -> Finished {
        let status = loop {
            match self.child.try_wait().expect("our child can be asked") {
                Some(status) => break status,
                None if self.began.elapsed() < self.limit => thread::sleep(GLANCE),
                None => {
                    let _ = self.child.kill();
                    let (told, limit, printed) = (&self.told, self.limit, self.printed());
                    panic!("{told}\nhad not ended after {limit:?} and printed:\n{printed}");
                }
            }
        };
        self.stdout.drain();
        self.stderr.drain();
        Finished {
            status,
            stdout: self.stdout.so_far(),
            stderr: self.stderr.so_far(),
            told: self.told.clone(),
            took: self.began.elapsed(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Finished {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    told: String,
}

impl Finished {
    /// The exit code; none where a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Everything it printed, standard output first.
    pub(crate) fn printed(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Fails the test unless the exit code is one of these.
    #[track_caller]
    pub(crate) fn expect_code(self, accepted: &[i32]) -> Self {
        let said = || format!("{}\nended with {}\n{}", self.told, self.status, self.printed());
        let fits = self.code().is_some_and(|code| accepted.contains(&code));
        assert!(fits, "{}\nwanted exit code {accepted:?}", said());
        self
    }

    /// Fails the test unless the words were printed, whatever their case.
    #[track_caller]
    pub(crate) fn expect_words(self, words: &[&str]) -> Self {
        let printed = self.printed();
        for word in words {
            let found = printed.to_lowercase().contains(&word.to_lowercase());
            assert!(found, "{}\ndid not say `{word}` but:\n{printed}", self.told);
        }
        self
    }
}

/// Sends a signal to a process, or to a group where the number is negative.
pub(crate) fn signal(name: &str, process: &str) {
    let sent = Command::new("sh")
        .args(["-c", "kill -s \"$0\" -- \"$1\"", name, process])
        .stderr(Stdio::null())
        .status();
    assert!(sent.is_ok(), "there is no shell to send a signal with: {sent:?}");
}

/// A stream read on a thread of its own, so that the writer never waits.
#[derive(Debug)]
struct Collected {
    text: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Collected {
    fn so_far(&self) -> String {
        let bytes = self.text.lock().expect("the reader does not panic");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn drain(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> Collected {
    let text = std::sync::Arc::<std::sync::Mutex<Vec<u8>>>::default();
    let kept = text.clone();
    let reader = thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            kept.lock().expect("nobody panics with it").extend_from_slice(&buffer[..count]);
        }
    });
    Collected { text, reader: Some(reader) }
}
