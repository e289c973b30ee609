//! Tenants that run as processes: our own `serve`, and servers by other hands.
//!
//! Each test starts its own, on a port of its own, and finds it empty. The others are installed by
//! their `start.sh` on the first start, into the target folder.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::binary::{Folder, Running, signal};

/// How long a server may take to answer; its first start installs it.
const READY: Duration = Duration::from_mins(2);
const GLANCE: Duration = Duration::from_millis(50);

/// A server by other hands: where it lives in `tests/targets`, and how it is spoken to.
#[derive(Debug)]
struct Target {
    name: &'static str,
    /// Below host and port.
    path: &'static str,
    /// What must be on the machine.
    interpreter: &'static str,
}

const TARGETS: &[Target] = &[
    Target { name: "scim2-server", path: "/v2", interpreter: "python3" },
    Target { name: "scimmy-routers", path: "/scim/v2", interpreter: "node" },
];

/// A running server by other hands; it ends with the value.
#[derive(Debug)]
pub(crate) struct RealServer {
    child: Child,
    base_url: String,
    log: PathBuf,
}

impl RealServer {
    /// The Secret Token of all of them.
    pub(crate) const TOKEN: &str = "tok";

    /// Starts a server and waits until it answers. `None`, loudly, where a desk lacks the
    /// interpreter; with `CI` set that fails the test.
    pub(crate) fn start(name: &str, folder: &Folder) -> Option<Self> {
        let target = TARGETS.iter().find(|target| target.name == name);
        let target = target.unwrap_or_else(|| panic!("tests/targets has no {name}"));
        if !is_to_be_tested(name, target.interpreter) {
            return None;
        }
        let port = free_port();
        let log = folder.path().join(format!("{name}.log"));
        let output = File::create(&log).expect("the folder is ours to write to");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets").join(name);
        let child = Command::new(script.join("start.sh"))
            .arg(port.to_string())
            .env("SCIMRIG_TARGETS_DIR", targets_folder())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file handle can be doubled"))
            .stderr(output)
            .process_group(0)
            .spawn()
            .expect("start.sh is executable and bash is there");
        let base_url = format!("http://127.0.0.1:{port}{}", target.path);
        let mut server = Self { child, base_url, log };
        server.wait_until_ready();
        Some(server)
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    fn wait_until_ready(&mut self) {
        let began = Instant::now();
        let url = format!("{}/ServiceProviderConfig", self.base_url);
        while get(&url, Self::TOKEN).is_none_or(|(status, _)| status != 200) {
            let ended = self.child.try_wait().expect("our child can be asked");
            if ended.is_some() || began.elapsed() > READY {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                panic!("{} did not answer (ended: {ended:?}); it said:\n{log}", self.base_url);
            }
            thread::sleep(GLANCE);
        }
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        // The whole group: an installation that is under way ends with it.
        signal("KILL", &format!("-{}", self.child.id()));
        let _ = self.child.wait();
    }
}

/// Our own tenant as a process of its own; it ends with the value.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) process: Running,
    url: String,
}

impl Served {
    /// Starts `scimrig serve` with further arguments; `token` is the Secret Token it takes.
    pub(crate) fn start(folder: &Folder, token: &str, arguments: &[&str]) -> Self {
        let all = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut process = folder.scimrig(&all).token(token).within(600).start();
        let began = Instant::now();
        let url = loop {
            if let Some(url) = announced(&process.printed()) {
                break url;
            }
            let waiting = process.is_running() && began.elapsed() < Duration::from_secs(20);
            assert!(waiting, "`scimrig serve` named no address but:\n{}", process.printed());
            thread::sleep(GLANCE);
        };
        Self { process, url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// The URL in the line `listening on URL`.
fn announced(printed: &str) -> Option<String> {
    let (_, after) = printed.split_once("listening on ")?;
    let (line, _) = after.split_once('\n')?;
    Some(line.split_whitespace().next()?.to_owned())
}

/// How many resources a tenant holds at `endpoint`, such as `/Users`.
pub(crate) fn count_at(base_url: &str, endpoint: &str, token: &str) -> u64 {
    let url = format!("{base_url}{endpoint}?count=1");
    let (status, body) = get(&url, token).unwrap_or_else(|| panic!("{url} did not answer"));
    assert_eq!(status, 200, "{url} answered {body}");
    body["totalResults"].as_u64().unwrap_or_else(|| panic!("{url} counts nothing: {body}"))
}

/// Every resource a tenant lists at `endpoint`, page by page.
pub(crate) fn resources_at(base_url: &str, endpoint: &str, token: &str) -> Vec<Value> {
    let mut resources = Vec::new();
    asking(async |client| {
        loop {
            let start = resources.len() + 1;
            let url = format!("{base_url}{endpoint}?startIndex={start}&count=100");
            let answer = ask(client, &url, token).await;
            let (status, mut page) = answer.unwrap_or_else(|| panic!("{url} did not answer"));
            assert_eq!(status, 200, "{url} answered {page}");
            let total = page["totalResults"].as_u64().expect("a list says how many there are");
            let found = page["Resources"].as_array_mut().map(std::mem::take).unwrap_or_default();
            let is_last = found.is_empty();
            resources.extend(found);
            if is_last || resources.len() as u64 >= total {
                assert_eq!(resources.len() as u64, total, "{endpoint} lists what it counts");
                break;
            }
        }
    });
    resources
}

/// Asks without scimrig; none where there was no answer.
pub(crate) fn get(url: &str, token: &str) -> Option<(u16, Value)> {
    asking(async |client| ask(client, url, token).await)
}

fn asking<T>(work: impl AsyncFnOnce(&reqwest::Client) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be built").block_on(async {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build();
        work(&client.expect("a client can be built")).await
    })
}

async fn ask(client: &reqwest::Client, url: &str, token: &str) -> Option<(u16, Value)> {
    let answer = client.get(url).bearer_auth(token).send().await.ok()?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.ok()?;
    Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// A port of loopback that nobody has now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// Where the servers by other hands are installed.
fn targets_folder() -> PathBuf {
    let below_target = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("targets");
    std::env::var_os("SCIMRIG_TARGETS_DIR").map_or_else(below_target, PathBuf::from)
}

/// Whether a program is there that a test needs. False, loudly, where a desk lacks it; with `CI`
/// set that fails the test.
pub(crate) fn is_to_be_tested(what: &str, program: &str) -> bool {
    let asked = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    let is_there = asked.is_ok_and(|status| status.success());
    if !is_there {
        let why = format!("{what} needs {program}, which is not installed");
        assert!(std::env::var_os("CI").is_none(), "{why}");
        eprintln!("NOT TESTED: {why}");
    }
    is_there
}
