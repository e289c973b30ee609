//! A proxy between scimrig and a tenant: it sees every request, and makes trouble where it is told.
//!
//! Each trouble befalls one request by its number, so that a test knows afterwards how many of each
//! kind there were. Plain sockets: HTTP libraries mend what must break here.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

const GLANCE: Duration = Duration::from_millis(2);
/// How long a connection may rest; longer than any test.
const PATIENCE: Duration = Duration::from_mins(10);

/// What befalls one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection is reset with the request unread.
    Reset,
    /// The proxy answers with this status; the tenant hears nothing of it.
    Fail(u16),
    /// The proxy answers 429, to be tried again after so many seconds.
    Throttle(u32),
    /// The request waits so long before it reaches the tenant.
    Slow(Duration),
    /// The request takes effect; the connection ends in place of the answer.
    LoseAnswer,
    /// The request takes effect; the connection ends in the middle of the answer.
    CutAnswer,
    /// The tenant's process ends and begins again: all connections break, and for so long nobody
    /// listens.
    Restart(Duration),
}

impl Trouble {
    /// One word for counting.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Fail(_) => "fail",
            Self::Throttle(_) => "throttle",
            Self::Slow(_) => "slow",
            Self::LoseAnswer => "lose-answer",
            Self::CutAnswer => "cut-answer",
            Self::Restart(_) => "restart",
        }
    }
}

/// A listening proxy; it ends with the value.
#[derive(Debug)]
pub(crate) struct Proxy(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    upstream: SocketAddr,
    path: String,
    is_over: AtomicBool,
    /// Whether a DELETE waits, and whether one has come.
    holds_deletes: AtomicBool,
    has_deletes: AtomicBool,
    requests: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    troubles: BTreeMap<u64, Trouble>,
    made: BTreeMap<&'static str, u64>,
    /// What the proxy's own answers say.
    detail: String,
    /// Answers of the tenant by method, path and status, ids left out: `POST /scim/Users 201`.
    answered: BTreeMap<String, u64>,
    down_until: Option<Instant>,
    /// Both sides of each open connection, by the client's address.
    connections: BTreeMap<SocketAddr, [TcpStream; 2]>,
}

impl Proxy {
    /// Stands before a tenant; the n-th request, from 1, meets the trouble of that number.
    pub(crate) fn start(tenant_url: &str, troubles: BTreeMap<u64, Trouble>) -> Self {
        let url = url::Url::parse(tenant_url).expect("a tenant's URL is one");
        let upstream = url.socket_addrs(|| None).expect("a tenant's URL has an address")[0];
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("a bound socket has an address"),
            upstream,
            path: url.path().to_owned(),
            is_over: AtomicBool::new(false),
            holds_deletes: AtomicBool::new(false),
            has_deletes: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            state: Mutex::new(State { troubles, ..State::default() }),
        });
        let listening = shared.clone();
        thread::spawn(move || listening.listen(listener));
        Self(shared)
    }

    /// Answers of its own are SCIM errors with that detail.
    pub(crate) fn saying(self, detail: &str) -> Self {
        detail.clone_into(&mut self.0.lock().detail);
        self
    }

    /// The Tenant URL through the proxy.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.0.address, self.0.path)
    }

    /// From now on DELETEs wait until they are let go: a load is over, and nothing is removed yet.
    pub(crate) fn hold_deletes(&self) {
        self.0.holds_deletes.store(true, Ordering::SeqCst);
    }

    /// Lets the DELETEs go.
    pub(crate) fn let_deletes_go(&self) {
        self.0.holds_deletes.store(false, Ordering::SeqCst);
    }

    /// Whether a DELETE has come.
    pub(crate) fn has_deletes(&self) -> bool {
        self.0.has_deletes.load(Ordering::SeqCst)
    }

    /// How often the tenant answered so: `POST /scim/Users 201`. Ids are left out.
    pub(crate) fn answered(&self, how: &str) -> u64 {
        self.0.lock().answered.get(how).copied().unwrap_or(0)
    }

    /// How many troubles of each kind were made.
    pub(crate) fn made(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().made.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn listen(self: Arc<Self>, listener: TcpListener) {
        let mut listener = Some(listener);
        while !self.is_over() {
            if self.lock().down_until.is_some_and(|until| until > Instant::now()) {
                listener = None;
                thread::sleep(GLANCE);
                continue;
            }
            let open = listener.get_or_insert_with(|| {
                TcpListener::bind(self.address).expect("the port is still ours")
            });
            open.set_nonblocking(true).expect("a listener can be asked without waiting");
            let Ok((stream, _)) = open.accept() else {
                thread::sleep(GLANCE);
                continue;
            };
            let shared = self.clone();
            thread::spawn(move || {
                let peer = stream.peer_addr();
                // How a connection ends is part of the plan.
                let _ = shared.converse(&stream);
                peer.map(|peer| shared.lock().connections.remove(&peer))
            });
        }
    }

    fn converse(&self, client: &TcpStream) -> std::io::Result<()> {
        client.set_nonblocking(false)?;
        client.set_nodelay(true)?;
        client.set_read_timeout(Some(PATIENCE))?;
        let mut tenant = TcpStream::connect(self.upstream)?;
        tenant.set_nodelay(true)?;
        let both = [client.try_clone()?, tenant.try_clone()?];
        self.lock().connections.insert(client.peer_addr()?, both);
        let (mut asks, mut answers) =
            (BufReader::new(client.try_clone()?), BufReader::new(tenant.try_clone()?));
        while client.peek(&mut [0])? > 0 {
            let trouble = self.next_trouble();
            if trouble == Some(Trouble::Reset) {
                return Ok(()); // the system resets what is closed unread
            }
            let request = read_message(&mut asks)?;
            match trouble {
                Some(Trouble::Fail(status)) => self.say(client, status, "")?,
                Some(Trouble::Throttle(after)) => {
                    self.say(client, 429, &format!("Retry-After: {after}\r\n"))?;
                }
                Some(Trouble::Restart(pause)) => {
                    self.restart(pause);
                    return Ok(());
                }
                Some(Trouble::Slow(pause)) => thread::sleep(pause),
                _ => {}
            }
            if matches!(trouble, Some(Trouble::Fail(_) | Trouble::Throttle(_))) {
                continue;
            }
            self.wait_with_deletes(&request);
            tenant.write_all(&request)?;
            let answer = read_message(&mut answers)?;
            self.note(&request, &answer);
            match trouble {
                Some(Trouble::LoseAnswer) => return client.shutdown(Shutdown::Both),
                Some(Trouble::CutAnswer) => {
                    (&*client).write_all(&answer[..answer.len() / 2])?;
                    return client.shutdown(Shutdown::Both);
                }
                _ => (&*client).write_all(&answer)?,
            }
        }
        Ok(())
    }

    fn say(&self, mut client: &TcpStream, status: u16, header: &str) -> std::io::Result<()> {
        let body = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status.to_string(),
            "detail": self.lock().detail,
        });
        let body = body.to_string();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} Trouble\r\n{header}Content-Type: application/scim+json\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        client.write_all(head.as_bytes())?;
        client.write_all(body.as_bytes())
    }

    fn next_trouble(&self) -> Option<Trouble> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let mut state = self.lock();
        let trouble = state.troubles.get(&number).copied()?;
        *state.made.entry(trouble.kind()).or_default() += 1;
        Some(trouble)
    }

    fn restart(&self, pause: Duration) {
        let mut state = self.lock();
        state.down_until = Some(Instant::now() + pause);
        for connection in state.connections.values().flatten() {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn wait_with_deletes(&self, request: &[u8]) {
        if request.starts_with(b"DELETE ") {
            self.has_deletes.store(true, Ordering::SeqCst);
            while self.holds_deletes.load(Ordering::SeqCst) && !self.is_over() {
                thread::sleep(GLANCE);
            }
        }
    }

    fn note(&self, request: &[u8], answer: &[u8]) {
        let head = String::from_utf8_lossy(request);
        let mut words = head.split_whitespace();
        let method = words.next().unwrap_or_default();
        let path = words.next().unwrap_or_default().split('?').next().unwrap_or_default();
        let collection = path.strip_prefix(&self.path).and_then(|it| it.split('/').nth(1));
        let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into_owned();
        let how = format!("{method} {}/{} {status}", self.path, collection.unwrap_or_default());
        *self.lock().answered.entry(how).or_default() += 1;
    }
}

/// A request or an answer: its head, and as much body as the head promises.
fn read_message(stream: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let (mut message, mut length) = (Vec::new(), 0);
    loop {
        let begin = message.len();
        if stream.read_until(b'\n', &mut message)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&message[begin..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length is a number");
        }
        assert!(!line.starts_with("transfer-encoding:"), "the tenant says how long its answer is");
        if line.trim().is_empty() {
            break;
        }
    }
    let head = message.len();
    message.resize(head + length, 0);
    stream.read_exact(&mut message[head..])?;
    Ok(message)
}
