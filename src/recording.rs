//! The recording of a run: one line of JSON an exchange, written as they end.
//!
//! A report is folded from it again later, even with checks added since, so bodies are kept byte
//! for byte. The Secret Token is in none of it: no `Authorization` header is written, nor the value
//! of a wrong credential, and everything a tenant may have echoed goes through the scrubber first.
//! In a load, bodies are dropped beyond the first few; the rest of each line stays.

mod line;

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::exchange::{Exchange, Listener, Scrub};

/// Which bodies a recording keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyPolicy {
    /// All of them.
    #[default]
    All,
    /// Those of the first exchanges that end, up to this many.
    First(u64),
}

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file cannot be opened, read or written.
    #[error("use the recording {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is no exchange.
    #[error(
        "read the recording {}, line {line}: {why}; \
         a recording is the exchanges.jsonl of a run's report folder",
        path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// Writes every exchange it hears.
pub struct Recorder {
    path: PathBuf,
    bodies: BodyPolicy,
    scrub: Scrub,
    heard: AtomicU64,
    writing: Mutex<Writing>,
}

struct Writing {
    file: BufWriter<File>,
    trouble: Option<std::io::Error>,
}

impl Recorder {
    /// Opens a new recording in place of an older one.
    pub fn create(path: &Path, bodies: BodyPolicy, scrub: Scrub) -> Result<Self, RecordingError> {
        let file = File::create(path)
            .map_err(|source| RecordingError::File { path: path.to_owned(), source })?;
        let writing = Writing { file: BufWriter::with_capacity(BUFFER, file), trouble: None };
        Ok(Self {
            path: path.to_owned(),
            bodies,
            scrub,
            heard: AtomicU64::new(0),
            writing: Mutex::new(writing),
        })
    }

    /// Writes out what is still in memory, and tells of the first line that could not be written.
    /// Dropping the recorder writes out too, but then nobody hears of trouble.
    pub fn finish(&self) -> Result<(), RecordingError> {
        let mut writing = self.writing();
        let flushed = writing.file.flush();
        writing.trouble.take().map_or(flushed, Err).map_err(|source| self.trouble(source))
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self, source: std::io::Error) -> RecordingError {
        RecordingError::File { path: self.path.clone(), source }
    }
}

impl Listener for Recorder {
    fn heard(&self, exchange: &Exchange) {
        let before = self.heard.fetch_add(1, Ordering::Relaxed);
        let keep_bodies = match self.bodies {
            BodyPolicy::All => true,
            BodyPolicy::First(limit) => before < limit,
        };
        let line = line::write(exchange, keep_bodies, &self.scrub);
        let mut writing = self.writing();
        if writing.trouble.is_none()
            && let Err(error) = writing.file.write_all(&line)
        {
            writing.trouble = Some(error);
        }
    }
}

/// Reads a whole recording, in the order the exchanges ended.
pub fn read(path: &Path) -> Result<Vec<Exchange>, RecordingError> {
    let mut exchanges = Vec::new();
    read_each(path, |exchange| exchanges.push(exchange))?;
    Ok(exchanges)
}

/// Reads a recording one exchange at a time. A last line cut short by a crash is passed over; a
/// body that was dropped reads as one that did not come whole.
pub fn read_each(path: &Path, mut each: impl FnMut(Exchange)) -> Result<(), RecordingError> {
    let file = |source| RecordingError::File { path: path.to_owned(), source };
    let mut reader = BufReader::with_capacity(BUFFER, File::open(path).map_err(file)?);
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(file)? == 0 {
            break;
        }
        let torn = bytes.last() != Some(&b'\n');
        match line::read(&bytes) {
            Ok(exchange) => each(exchange),
            Err(_) if torn => break,
            Err(why) => return Err(RecordingError::Line { path: path.to_owned(), line, why }),
        }
    }
    Ok(())
}

const BUFFER: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method};
    use serde_json::json;

    use super::*;
    use crate::exchange::{Answer, BodyEnd, Credential, Disturbance, Failure, Operation, Request};
    use crate::snapshot::scratch::Scratch;

    const TOKEN: &str = "s3cret/token";

    fn scrub() -> Scrub {
        Arc::new(|text: &str| text.replace(TOKEN, "***"))
    }

    fn exchange(body: &[u8]) -> Exchange {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/scim+json"));
        headers.insert("location", HeaderValue::from_bytes(b"/Users/\xe4").unwrap());
        Exchange {
            number: 7,
            operation: Operation::CreateUser,
            request: Request::post("/Users", &json!({"userName": "a", "n": 1})),
            result: Ok(Answer {
                status: 201,
                headers,
                body: Bytes::copy_from_slice(body).into(),
                end: BodyEnd::Complete,
            }),
            due: Duration::from_micros(5),
            sent: Duration::from_micros(6),
            answered: Duration::from_micros(4_000_007),
            disturbance: None,
        }
    }

    fn failed(failure: Failure) -> Exchange {
        let mut exchange = exchange(b"");
        exchange.operation = Operation::Probe("delete-204");
        exchange.request = Request::new(Method::OPTIONS, "/Users/%20?a=b");
        exchange.request.credential = Credential::None;
        exchange.result = Err(failure);
        exchange
    }

    fn record(folder: &Path, bodies: BodyPolicy, exchanges: &[Exchange]) -> PathBuf {
        let path = folder.join("exchanges.jsonl");
        let recorder = Recorder::create(&path, bodies, scrub()).unwrap();
        for exchange in exchanges {
            recorder.heard(exchange);
        }
        recorder.finish().unwrap();
        path
    }

    #[test]
    fn what_is_written_reads_back_byte_for_byte() {
        let folder = Scratch::new();
        let mut cut = exchange(b"{\"id\":");
        if let Ok(answer) = &mut cut.result {
            answer.end = BodyEnd::Broken("reset".to_owned());
        }
        let mut huge = exchange(b"[1");
        if let Ok(answer) = &mut huge.result {
            answer.end = BodyEnd::TooLarge { limit: 2 };
        }
        let all = [
            exchange(b""),
            exchange(format!("{}{}", "[".repeat(126), "]".repeat(126)).as_bytes()),
            exchange(br#"{"b":1,"a":[1.50,"\u0000"],"b":2}"#),
            exchange(b"{\"id\": \"spaced\"}\n"),
            exchange(br#"{"id":"compact","n":1}"#),
            exchange(b"\x00\xff\xfe binary"),
            exchange("a text with \u{1b}[31m and ü\n".as_bytes()),
            cut,
            huge,
            failed(Failure::Connect("refused".to_owned())),
            failed(Failure::Tls("expired".to_owned())),
            failed(Failure::Timeout(Duration::from_micros(30_000_001))),
            failed(Failure::Protocol("eof".to_owned())),
            failed(Failure::Refused("not ours".to_owned())),
            Exchange { disturbance: Some(Disturbance::LoseAnswer), ..exchange(b"") },
        ];
        let path = record(&folder, BodyPolicy::All, &all);
        assert_eq!(read(&path).unwrap(), all);
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.lines().count(), all.len());
        assert!(!text.contains('\u{1b}'), "a recording is safe to print");
    }

    #[test]
    fn the_token_is_nowhere_even_where_the_tenant_echoes_it() {
        let folder = Scratch::new();
        let echoes: [&[u8]; 6] = [
            br#"{"detail":"s3cret\/token, and then the line bro"#,
            br#"{"detail":"you sent s3cret/token"}"#,
            br#"{"detail":"you sent s3cret\/token"}"#,
            br#"{"detail":"you sent \u0073\u0033cret/token","s3cret\/token":1}"#,
            b"<p>s3cret/token</p>",
            b"\xff\xfes3cret/token\xff",
        ];
        let mut all: Vec<Exchange> = echoes.iter().map(|body| exchange(body)).collect();
        let mut loud = exchange(b"{}");
        loud.request = Request::get("/Users?token=s3cret/token");
        loud.request.credential = Credential::Literal("Bearer s3cret/token".to_owned());
        for name in ["authorization", "cookie", "x-own"] {
            let value = HeaderValue::from_static("Bearer s3cret/token");
            loud.request.headers.push((name.parse().unwrap(), value));
        }
        if let Ok(answer) = &mut loud.result {
            for name in ["set-cookie", "location", "authorization", "x-echo"] {
                answer.headers.insert(name, HeaderValue::from_static("s3cret/token"));
            }
        }
        all.push(loud);
        all.push(failed(Failure::Protocol("said s3cret/token".to_owned())));
        let path = record(&folder, BodyPolicy::All, &all);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("***"), "the scrubber was at work");
        for trace in ["s3cret", r"\u0073", "cookie", "authorization", "x-echo"] {
            assert!(!text.to_lowercase().contains(trace), "{trace} in {text}");
        }
        for exchange in read(&path).unwrap() {
            assert!(!format!("{exchange:?}").contains(TOKEN), "{exchange:?}");
            let latin: String = exchange.bytes().iter().copied().map(char::from).collect();
            assert!(!latin.contains(TOKEN), "{latin}");
            assert!(exchange.json().is_none_or(|body| !body.to_string().contains(TOKEN)));
        }
    }

    #[test]
    fn beyond_the_first_exchanges_bodies_are_dropped_and_said_to_be() {
        let folder = Scratch::new();
        let body = br#"{"id":"1"}"#;
        let path =
            record(&folder, BodyPolicy::First(1), &[exchange(body), exchange(body), exchange(b"")]);
        let read = read(&path).unwrap();
        assert_eq!(read[0].id().as_deref(), Some("1"));
        assert!(read[0].request.body.is_some());
        assert_eq!((read[1].bytes(), read[1].json()), (&b""[..], None));
        let Ok(answer) = &read[1].result else { panic!("an answer") };
        assert_eq!(answer.end, BodyEnd::TooLarge { limit: 0 });
        assert!(read[1].request.body.is_none());
        let Ok(answer) = &read[2].result else { panic!("an answer") };
        assert_eq!(answer.end, BodyEnd::Complete, "nothing was dropped of an empty body");
    }

    #[test]
    fn a_torn_last_line_is_passed_over_and_any_other_is_named() {
        let folder = Scratch::new();
        let path = record(&folder, BodyPolicy::All, &[exchange(b"{}"), exchange(b"{}")]);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 9]).unwrap();
        assert_eq!(read(&path).unwrap().len(), 1);
        std::fs::write(&path, format!("{text}{{\"number\":1}}\n{text}")).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("line 3: missing field"), "{error}");
        std::fs::write(&path, text.replace("create-user", "create-usr")).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("line 1: there is no operation `create-usr`"), "{error}");
        assert!(matches!(
            read(Path::new("/nowhere/exchanges.jsonl")),
            Err(RecordingError::File { .. })
        ));
    }

    #[test]
    fn dropping_the_recorder_writes_out_what_it_heard() {
        let folder = Scratch::new();
        let path = folder.join("exchanges.jsonl");
        let recorder = Recorder::create(&path, BodyPolicy::All, scrub()).unwrap();
        recorder.heard(&exchange(b"{}"));
        drop(recorder);
        assert_eq!(read(&path).unwrap().len(), 1);
    }
}
