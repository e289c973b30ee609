//! One line of `exchanges.jsonl`: how an exchange is put into JSON and taken out again.
//!
//! A body is written as JSON where that gives back the same bytes, else as text, else as base64.
//! Header values are written byte by character (Latin-1), because a server may put any byte there.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exchange::{
    Answer, BodyEnd, Credential, Disturbance, Exchange, Failure, Operation, Request, Scrub,
};

/// Puts an exchange into one line, with its line end.
pub(super) fn write(exchange: &Exchange, keep_bodies: bool, scrub: &Scrub) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2_048);
    let line = Line::of(exchange, keep_bodies, scrub);
    serde_json::to_writer(&mut bytes, &line)
        .expect("a line has string keys and finite numbers only");
    bytes.push(b'\n');
    bytes
}

/// Takes an exchange out of a line; the error says what is wrong with it.
pub(super) fn read(line: &[u8]) -> Result<Exchange, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    line.exchange()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Line<'a> {
    number: u64,
    operation: Cow<'a, str>,
    due_us: u64,
    sent_us: u64,
    answered_us: u64,
    method: Cow<'a, str>,
    target: String,
    credential: CredentialKind,
    headers: Vec<HeaderLine<'a>>,
    body: Option<Body>,
    result: Ended<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disturbance: Option<Disturbance>,
}

/// A header's name and value.
type HeaderLine<'a> = (Cow<'a, str>, String);

/// Which credential went with the request, without its value.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CredentialKind {
    SecretToken,
    LowerCaseScheme,
    None,
    Literal,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Body {
    Json(Value),
    Text(String),
    Base64(String),
    /// This many bytes were not kept.
    Dropped(usize),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Ended<'a> {
    Answer(AnswerLine<'a>),
    Connect(String),
    Tls(String),
    TimeoutUs(u64),
    Protocol(String),
    Refused(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct AnswerLine<'a> {
    status: u16,
    headers: Vec<HeaderLine<'a>>,
    body: Option<Body>,
    end: End,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum End {
    Complete,
    TooLarge(usize),
    Broken(String),
}

impl<'a> Line<'a> {
    fn of(exchange: &'a Exchange, keep_bodies: bool, scrub: &Scrub) -> Self {
        let request = &exchange.request;
        let headers =
            request.headers.iter().filter(|(name, _)| !SECRET_HEADERS.contains(&name.as_str()));
        Self {
            number: exchange.number,
            operation: exchange.operation.name().into(),
            due_us: micros(exchange.due),
            sent_us: micros(exchange.sent),
            answered_us: micros(exchange.answered),
            method: request.method.as_str().into(),
            target: scrub(&request.target),
            credential: match request.credential {
                Credential::SecretToken => CredentialKind::SecretToken,
                Credential::LowerCaseScheme => CredentialKind::LowerCaseScheme,
                Credential::None => CredentialKind::None,
                Credential::Literal(_) => CredentialKind::Literal,
            },
            headers: headers.map(|(name, value)| header_line(name, value, scrub)).collect(),
            body: request.body.as_deref().map(|body| Body::of(body, keep_bodies, scrub)),
            result: Ended::of(&exchange.result, keep_bodies, scrub),
            disturbance: exchange.disturbance,
        }
    }

    fn exchange(self) -> Result<Exchange, String> {
        let operation = Operation::from_name(&self.operation)
            .ok_or_else(|| format!("there is no operation `{}`", self.operation))?;
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| format!("there is no method `{}`", self.method))?;
        let request = Request {
            method,
            target: self.target,
            headers: self.headers.iter().map(header).collect::<Result<_, _>>()?,
            body: match self.body {
                None | Some(Body::Dropped(_)) => None,
                Some(body) => Some(body.bytes()?.into()),
            },
            credential: match self.credential {
                CredentialKind::SecretToken => Credential::SecretToken,
                CredentialKind::LowerCaseScheme => Credential::LowerCaseScheme,
                CredentialKind::None => Credential::None,
                CredentialKind::Literal => Credential::Literal(String::new()),
            },
        };
        Ok(Exchange {
            number: self.number,
            operation,
            request,
            result: self.result.result()?,
            due: Duration::from_micros(self.due_us),
            sent: Duration::from_micros(self.sent_us),
            answered: Duration::from_micros(self.answered_us),
            disturbance: self.disturbance,
        })
    }
}

impl<'a> Ended<'a> {
    fn of(result: &'a Result<Answer, Failure>, keep_bodies: bool, scrub: &Scrub) -> Self {
        let answer = match result {
            Ok(answer) => answer,
            Err(Failure::Connect(why)) => return Self::Connect(scrub(why)),
            Err(Failure::Tls(why)) => return Self::Tls(scrub(why)),
            Err(Failure::Timeout(limit)) => return Self::TimeoutUs(micros(*limit)),
            Err(Failure::Protocol(why)) => return Self::Protocol(scrub(why)),
            Err(Failure::Refused(why)) => return Self::Refused(scrub(why)),
        };
        let headers = answer.headers.iter().filter(|(name, _)| is_kept(name.as_str()));
        Self::Answer(AnswerLine {
            status: answer.status,
            headers: headers.map(|(name, value)| header_line(name, value, scrub)).collect(),
            body: (!answer.body.is_empty()).then(|| Body::of(&answer.body, keep_bodies, scrub)),
            end: match &answer.end {
                BodyEnd::Complete => End::Complete,
                BodyEnd::TooLarge { limit } => End::TooLarge(*limit),
                BodyEnd::Broken(why) => End::Broken(scrub(why)),
            },
        })
    }

    fn result(self) -> Result<Result<Answer, Failure>, String> {
        let answer = match self {
            Self::Answer(answer) => answer,
            Self::Connect(why) => return Ok(Err(Failure::Connect(why))),
            Self::Tls(why) => return Ok(Err(Failure::Tls(why))),
            Self::TimeoutUs(limit) => {
                return Ok(Err(Failure::Timeout(Duration::from_micros(limit))));
            }
            Self::Protocol(why) => return Ok(Err(Failure::Protocol(why))),
            Self::Refused(why) => return Ok(Err(Failure::Refused(why))),
        };
        let mut headers = HeaderMap::new();
        for line in &answer.headers {
            let (name, value) = header(line)?;
            headers.append(name, value);
        }
        let end = match answer.end {
            End::Complete if matches!(answer.body, Some(Body::Dropped(_))) => {
                BodyEnd::TooLarge { limit: 0 }
            }
            End::Complete => BodyEnd::Complete,
            End::TooLarge(limit) => BodyEnd::TooLarge { limit },
            End::Broken(why) => BodyEnd::Broken(why),
        };
        let body = answer.body.map_or(Ok(Bytes::new()), Body::bytes)?;
        Ok(Ok(Answer { status: answer.status, headers, body: body.into(), end }))
    }
}

impl Body {
    fn of(bytes: &[u8], keep: bool, scrub: &Scrub) -> Self {
        if !keep {
            return Self::Dropped(bytes.len());
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            // The token is ASCII, so it is found in any byte soup that is read byte by character.
            let latin: String = bytes.iter().copied().map(char::from).collect();
            return Self::Base64(STANDARD.encode(from_latin(&scrub(&latin))));
        };
        let text = scrub_text(text, scrub);
        let Ok(mut value) = serde_json::from_str::<Value>(&text) else { return Self::Text(text) };
        // An echo may be spelt with JSON's escapes, so it is looked for in what they spell.
        let scrubbed = scrub_value(&mut value, scrub);
        let compact = value.to_string();
        match scrubbed || compact == text {
            true if depth(&value) <= DEEPEST => Self::Json(value),
            true => Self::Text(compact),
            false => Self::Text(text),
        }
    }

    fn bytes(self) -> Result<Bytes, String> {
        match self {
            Self::Json(value) => Ok(value.to_string().into()),
            Self::Text(text) => Ok(text.into()),
            Self::Base64(text) => STANDARD
                .decode(text)
                .map(Bytes::from)
                .map_err(|error| format!("the body is not base64: {error}")),
            Self::Dropped(_) => Ok(Bytes::new()),
        }
    }
}

/// Scrubs a text, also where a slash of the token was escaped as some JSON writers do.
fn scrub_text(text: &str, scrub: &Scrub) -> String {
    let text = scrub(text);
    let unescaped = text.replace("\\/", "/");
    let clean = scrub(&unescaped);
    if clean == unescaped { text } else { clean }
}

/// Scrubs names and strings; tells whether there was anything to scrub.
fn scrub_value(value: &mut Value, scrub: &Scrub) -> bool {
    match value {
        Value::String(text) => {
            let clean = scrub(text);
            let changed = clean != *text;
            *text = clean;
            changed
        }
        Value::Array(items) => {
            items.iter_mut().fold(false, |changed, item| scrub_value(item, scrub) | changed)
        }
        Value::Object(members) => {
            let mut changed = false;
            for (name, mut member) in std::mem::take(members) {
                let clean = scrub(&name);
                changed |= scrub_value(&mut member, scrub) || clean != name;
                members.insert(clean, member);
            }
            changed
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn is_kept(name: &str) -> bool {
    KEPT_HEADERS.contains(&name) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn header_line<'a>(name: &'a HeaderName, value: &HeaderValue, scrub: &Scrub) -> HeaderLine<'a> {
    let latin = || value.as_bytes().iter().copied().map(char::from).collect();
    let text = value.to_str().map_or_else(|_| Cow::Owned(latin()), Cow::Borrowed);
    (name.as_str().into(), scrub(&text))
}

fn header(line: &HeaderLine<'_>) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = line;
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("`{name}` is no name of a header"))?;
    let value = HeaderValue::from_bytes(&from_latin(value))
        .map_err(|_| format!("the value of the header {name} cannot be one"))?;
    Ok((name, value))
}

fn from_latin(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A body nested deeper is written as text: the parser refuses a line that nests beyond 127.
const DEEPEST: usize = 100;

/// Never written of a request.
const SECRET_HEADERS: &[&str] = &["authorization", "proxy-authorization", "cookie"];

/// What is written of an answer: all that a check may judge, nothing that opens a session.
const KEPT_HEADERS: &[&str] = &[
    "accept-patch",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-location",
    "content-type",
    "date",
    "deprecation",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "pragma",
    "request-id",
    "retry-after",
    "server",
    "strict-transport-security",
    "sunset",
    "transfer-encoding",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-content-type-options",
    "x-correlation-id",
    "x-request-id",
];

/// The families of rate limit headers.
const KEPT_PREFIXES: &[&str] = &["ratelimit", "x-ratelimit", "x-rate-limit"];
