//! Tenants that misbehave on the wire, each in one way, and one that counts who knocks.
//!
//! Plain sockets: an HTTP library would refuse to be this rude.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How a hostile tenant answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Closes the connection before a word.
    ClosesAtOnce,
    /// Reads, and says nothing.
    NeverAnswers,
    /// Sends a header section, line by line, that has no end.
    NeverEndsTheHeaders,
    /// Promises a body, sends its beginning and stops.
    NeverEndsTheBody,
    /// Sends a body as fast as it is read, for ever.
    EndlessBody,
    /// Answers 200 with a page for people.
    WebPage,
    /// Answers with bytes that are no HTTP.
    Garbage,
    /// Answers 200 with a page that shows the request it got, token and all.
    ShowsTheRequest,
    /// Answers 200 with JSON nested so deeply that a naive parser overflows.
    DeepNesting,
}

/// A listening socket on loopback whose connections all end in the same manner.
#[derive(Debug)]
pub(crate) struct HostileTenant {
    address: SocketAddr,
    knocks: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl HostileTenant {
    /// Misbehaves from the first request on.
    pub(crate) fn start(manner: Manner) -> Self {
        Self::turning(0, manner)
    }

    /// Answers the two look-ups of Test Connection as it should, and misbehaves from then on.
    pub(crate) fn after_test_connection(manner: Manner) -> Self {
        Self::turning(2, manner)
    }

    fn turning(good_answers: usize, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let knocks = Arc::new(AtomicUsize::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let (counted, ended) = (knocks.clone(), over.clone());
        let left = Arc::new(AtomicUsize::new(good_answers));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let (left, ended) = (left.clone(), ended.clone());
                // A client that hangs up ends the conversation: no failure of the test.
                thread::spawn(move || drop(misbehave(stream, &left, manner, &ended)));
            }
        });
        Self { address, knocks, over }
    }

    /// Its Tenant URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/scim", self.address)
    }

    /// Its Tenant URL by an address that reaches it but does not look like this machine.
    pub(crate) fn url_that_looks_remote(&self) -> String {
        format!("http://0.0.0.0:{}/scim", self.address.port())
    }

    /// How many connections were opened to it.
    pub(crate) fn knocks(&self) -> usize {
        self.knocks.load(Ordering::SeqCst)
    }
}

impl Drop for HostileTenant {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // wakes the listener
    }
}

/// Answers every request of a connection until the client is gone or the test is over.
fn misbehave(
    mut stream: TcpStream,
    good_answers_left: &AtomicUsize,
    manner: Manner,
    over: &AtomicBool,
) -> std::io::Result<()> {
    if manner == Manner::ClosesAtOnce && good_answers_left.load(Ordering::SeqCst) == 0 {
        return Ok(());
    }
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    loop {
        let request = read_request(&mut stream)?;
        if good_answers_left.load(Ordering::SeqCst) > 0 {
            // Test Connection asks one thing after the other.
            good_answers_left.fetch_sub(1, Ordering::SeqCst);
            say(&mut stream, "application/scim+json", EMPTY_LIST)?;
            continue;
        }
        match manner {
            Manner::ClosesAtOnce => return Ok(()),
            Manner::NeverAnswers => {}
            Manner::NeverEndsTheHeaders => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
                drip(&mut stream, over, b"X-More: yes\r\n", Duration::from_millis(100))?;
            }
            Manner::NeverEndsTheBody => {
                let head = head("application/scim+json", "Content-Length: 5000");
                stream.write_all(format!("{head}{{\"schemas\":[").as_bytes())?;
            }
            Manner::EndlessBody => {
                let head = head("application/scim+json", "Transfer-Encoding: chunked");
                stream.write_all(head.as_bytes())?;
                let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
                drip(&mut stream, over, chunk.as_bytes(), Duration::ZERO)?;
            }
            Manner::WebPage => say(&mut stream, "text/html", "<!doctype html><p>Sign in")?,
            Manner::Garbage => stream.write_all(&[0xff, 0x00, 0x1b, b'\n', 0x80].repeat(50))?,
            Manner::ShowsTheRequest => {
                say(&mut stream, "text/html", &format!("<pre>You sent:\n{request}</pre>"))?;
            }
            Manner::DeepNesting => {
                say(&mut stream, "application/scim+json", &"[".repeat(200_000))?;
            }
        }
    }
}

/// What a look-up that finds nobody is answered with.
const EMPTY_LIST: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
    "totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}"#;

/// A request's head; a body, if any, is taken for part of the next one, and nobody minds.
fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&request).into_owned())
}

fn head(media_type: &str, framing: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n{framing}\r\n\r\n")
}

fn say(stream: &mut TcpStream, media_type: &str, body: &str) -> std::io::Result<()> {
    let head = head(media_type, &format!("Content-Length: {}", body.len()));
    stream.write_all(format!("{head}{body}").as_bytes())
}

/// Writes the same bytes again and again until the client hangs up or the test is over.
fn drip(
    stream: &mut TcpStream,
    over: &AtomicBool,
    bytes: &[u8],
    pause: Duration,
) -> std::io::Result<()> {
    while !over.load(Ordering::SeqCst) {
        stream.write_all(bytes)?;
        thread::sleep(pause);
    }
    Ok(())
}
