//! The currency of the house: what was meant, what was asked, what was answered, and when.
//!
//! Checks, snapshots, metrics and reports only read [`Exchange`]s. A body stays bytes until it is
//! judged: a client that insists on well-formed answers cannot report a malformed one. Nothing here
//! holds the Secret Token: a [`Request`] only says *which* credential goes with it.

mod body;
pub mod curl;
pub mod recent;
pub mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::Duration;

use heck::ToKebabCase as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scim;
use crate::scim::message::Identity;

pub use self::body::Body;

/// What a request was meant to do, in the words of Entra's provisioning service. Metrics and
/// snapshots are keyed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// The look-up of an object that cannot exist (Entra's Test Connection, and its probe of a
    /// cycle).
    TestConnection,
    /// A read of `/ServiceProviderConfig`, `/ResourceTypes` or `/Schemas`.
    Discover,
    /// The look-up of a user by a Matching attribute.
    MatchUser,
    /// `POST /Users`.
    CreateUser,
    /// `GET /Users/{id}` before an update.
    ReadUser,
    /// A PATCH of a user's mapped attributes.
    UpdateUser,
    /// A PATCH that sets `active` to false.
    DisableUser,
    /// A PATCH that sets `active` to true again.
    RestoreUser,
    /// `DELETE /Users/{id}`.
    DeleteUser,
    /// A PATCH that sets, changes or removes a user's manager.
    SetManager,
    /// The look-up of a group by a Matching attribute, without its members.
    MatchGroup,
    /// `POST /Groups`.
    CreateGroup,
    /// `GET /Groups/{id}?excludedAttributes=members` before an update.
    ReadGroup,
    /// A PATCH of a group's attributes other than its name.
    UpdateGroup,
    /// A PATCH of a group's `displayName`.
    RenameGroup,
    /// A PATCH that adds members to a group.
    AddMembers,
    /// A PATCH that removes members from a group.
    RemoveMembers,
    /// `DELETE /Groups/{id}`.
    DeleteGroup,
    /// The harness reads what the tenant holds; Entra would not.
    ReadBack,
    /// The harness removes what it created.
    CleanUp,
    /// A request of one check, named by the check's id.
    Probe(&'static str),
}

impl Operation {
    /// Every operation but [`Operation::Probe`], in the order of a cycle.
    pub const ALL: &'static [Self] = &[
        Self::TestConnection,
        Self::Discover,
        Self::MatchUser,
        Self::CreateUser,
        Self::ReadUser,
        Self::UpdateUser,
        Self::DisableUser,
        Self::RestoreUser,
        Self::DeleteUser,
        Self::SetManager,
        Self::MatchGroup,
        Self::CreateGroup,
        Self::ReadGroup,
        Self::UpdateGroup,
        Self::RenameGroup,
        Self::AddMembers,
        Self::RemoveMembers,
        Self::DeleteGroup,
        Self::ReadBack,
        Self::CleanUp,
    ];

    /// The stable name used in files: kebab-case, `probe:<check id>` for a probe.
    pub fn name(self) -> String {
        match self {
            Self::Probe(check) => format!("probe:{check}"),
            other => NAMES.get(&other).cloned().unwrap_or_default(),
        }
    }

    /// Reads a name that [`Operation::name`] wrote.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.strip_prefix("probe:") {
            Some(check) => Some(Self::Probe(intern(check))),
            None => Self::named(name),
        }
    }

    /// The operation of that name, where it is none of a check's.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.name() == name)
    }
}

/// The names of all operations but the probes.
static NAMES: LazyLock<BTreeMap<Operation, String>> = LazyLock::new(|| {
    let name = |it: &Operation| format!("{it:?}").to_kebab_case();
    Operation::ALL.iter().map(|it| (*it, name(it))).collect()
});

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Keeps one copy of each check id read from a recording, so that [`Operation`] stays `Copy`.
fn intern(text: &str) -> &'static str {
    static KNOWN: OnceLock<Mutex<BTreeSet<&'static str>>> = OnceLock::new();
    let mut known =
        KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(found) = known.get(text) {
        return found;
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    known.insert(kept);
    kept
}

/// Which credential goes with a request. The token itself is added behind the door.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Credential {
    /// `Authorization: Bearer <Secret Token>`.
    #[default]
    SecretToken,
    /// No `Authorization` header at all.
    None,
    /// `Authorization: bearer <Secret Token>`, for the check that the word's case does not matter.
    LowerCaseScheme,
    /// This literal value, for checks that send a wrong credential.
    Literal(String),
}

/// A request as it is meant, relative to the Tenant URL and free of secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query below the Tenant URL, encoded as they go over the wire: `/Users?filter=…`.
    pub target: String,
    /// Headers besides `Authorization` and `Host`, in order.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body as sent.
    pub body: Option<Body>,
    /// Which credential goes with it.
    pub credential: Credential,
}

impl Request {
    /// A request without a body.
    pub fn new(method: Method, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            headers: Vec::new(),
            body: None,
            credential: Credential::SecretToken,
        }
    }

    /// A GET.
    pub fn get(target: impl Into<String>) -> Self {
        Self::new(Method::GET, target)
    }

    /// A DELETE.
    pub fn delete(target: impl Into<String>) -> Self {
        Self::new(Method::DELETE, target)
    }

    /// A POST with a SCIM body, typed as Entra types it.
    pub fn post(target: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, target).json(body)
    }

    /// A PUT with a SCIM body.
    pub fn put(target: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::PUT, target).json(body)
    }

    /// A PATCH with a SCIM body.
    pub fn patch(target: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::PATCH, target).json(body)
    }

    /// Puts a JSON body in, as `application/scim+json; charset=utf-8`.
    pub fn json(self, body: &Value) -> Self {
        self.written(Body::written(body))
    }

    /// Puts the bytes of a JSON body in, typed like [`Request::json`].
    pub fn written(self, body: Body) -> Self {
        self.raw("application/scim+json; charset=utf-8", body)
    }

    /// Puts raw bytes in, with the content type given.
    pub fn raw(mut self, content_type: &'static str, body: impl Into<Body>) -> Self {
        self.body = Some(body.into());
        self.header(http::header::CONTENT_TYPE, content_type)
    }

    /// Sets one header, replacing an earlier value. A value that no header can hold is left out.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Sets the credential.
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query, undecoded, where there is one.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The body parsed as JSON.
    pub fn body_json(&self) -> Option<&Value> {
        self.body.as_ref()?.json()
    }

    /// What of the JSON body says which resource it is.
    pub fn identity(&self) -> Option<&Identity> {
        self.body.as_ref()?.identity()
    }
}

/// How the body of an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyEnd {
    /// All of it was read.
    Complete,
    /// The limit on bytes was reached; the rest was not read.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The connection or the time ended before the body did.
    Broken(String),
}

impl fmt::Display for BodyEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("all of it was read"),
            Self::TooLarge { limit } => write!(f, "it is larger than {limit} bytes"),
            Self::Broken(why) => write!(f, "it broke off: {why}"),
        }
    }
}

/// What came back, judged by nobody yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status code; any number a server may send.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, at most as many bytes as the transport's limit.
    pub body: Body,
    /// Whether the body came whole.
    pub end: BodyEnd,
}

/// Why no answer came. The text is for people and holds neither token nor query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No connection: unknown host, refused, unreachable.
    Connect(String),
    /// The TLS handshake failed: certificate, name, version.
    Tls(String),
    /// The time limit passed before the headers came.
    Timeout(Duration),
    /// The peer broke the connection or did not speak HTTP.
    Protocol(String),
    /// The door refused to send it; says why. Never the tenant's fault.
    Refused(String),
}

impl Failure {
    /// One word for tables.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Tls(_) => "tls",
            Self::Timeout(_) => "timeout",
            Self::Protocol(_) => "protocol",
            Self::Refused(_) => "refused",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(why) => write!(f, "no connection: {why}"),
            Self::Tls(why) => write!(f, "TLS failed: {why}"),
            Self::Timeout(limit) => write!(f, "no answer within {} s", limit.as_secs_f64()),
            Self::Protocol(why) => write!(f, "the connection broke: {why}"),
            Self::Refused(why) => write!(f, "not sent: {why}"),
        }
    }
}

/// What is made to go wrong with one request on purpose, on our side of the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disturbance {
    /// It is not sent and counts as answered 429.
    Throttle,
    /// It is not sent and counts as answered 503.
    Fail,
    /// It is sent and takes effect; its answer counts as lost.
    LoseAnswer,
}

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Position in the run, from 1.
    pub number: u64,
    /// What was meant.
    pub operation: Operation,
    /// What was asked.
    pub request: Request,
    /// What came back.
    pub result: Result<Answer, Failure>,
    /// When it should have been sent, since the run began.
    pub due: Duration,
    /// When it was sent, since the run began.
    pub sent: Duration,
    /// When the last byte was read or the wait ended, since the run began.
    pub answered: Duration,
    /// What was made to go wrong with it: then nothing in it says anything about the tenant.
    pub disturbance: Option<Disturbance>,
}

impl Exchange {
    /// The status, or 0 where no answer came.
    pub fn status(&self) -> u16 {
        self.result.as_ref().map_or(0, |answer| answer.status)
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status())
    }

    /// Whether the connection or the time ended in the middle of the answer.
    pub fn is_cut_off(&self) -> bool {
        self.result.as_ref().is_ok_and(|answer| matches!(answer.end, BodyEnd::Broken(_)))
    }

    /// Whether the tenant says that it has enough: 429, or 503 with `Retry-After`.
    pub fn is_throttled(&self) -> bool {
        let is_throttled =
            self.status() == 429 || (self.status() == 503 && self.header("retry-after").is_some());
        is_throttled && self.disturbance.is_none()
    }

    /// How long the tenant wants to be left alone: seconds or an HTTP date (RFC 9110 §10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(self.header("retry-after")?, Timestamp::now())
    }

    /// One header of the answer as text; the first where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.result.as_ref().ok()?.headers.get(name)?.to_str().ok()
    }

    /// The answer's bytes, empty where none came.
    pub fn bytes(&self) -> &[u8] {
        self.result.as_ref().map_or(&[][..], |answer| &answer.body)
    }

    /// The answer's body as JSON, read at most once whoever asks; `None` where it is no JSON or did
    /// not come whole.
    pub fn body(&self) -> Option<&Value> {
        self.whole()?.json()
    }

    /// The answer's body as JSON, for who keeps it; see [`Exchange::body`].
    pub fn json(&self) -> Option<Value> {
        self.body().cloned()
    }

    /// The answer's body as JSON, taken out; see [`Exchange::body`].
    pub fn into_json(self) -> Option<Value> {
        self.whole()?;
        self.result.ok()?.body.into_json()
    }

    /// What of the JSON body says which resource it is.
    pub fn identity(&self) -> Option<&Identity> {
        self.whole()?.identity()
    }

    fn whole(&self) -> Option<&Body> {
        let answer = self.result.as_ref().ok()?;
        (answer.end == BodyEnd::Complete).then_some(&answer.body)
    }

    /// A member of the JSON body, by pointer (RFC 6901): `/name/givenName`.
    pub fn at(&self, pointer: &str) -> Option<Value> {
        self.body()?.pointer(pointer).cloned()
    }

    /// The `id` of the resource in the body, where it is a non-empty string.
    pub fn id(&self) -> Option<String> {
        self.identity()?.id.clone().filter(|id| !id.is_empty())
    }

    /// The error body, where the answer has one (RFC 7644 §3.12).
    pub fn scim_error(&self) -> Option<scim::message::ScimError> {
        scim::message::ScimError::read(self.body()?)
    }

    /// The list response in the body, or what is wrong with it.
    pub fn list(&self) -> Result<scim::message::ListResponse<'_>, String> {
        match &self.result {
            Err(failure) => Err(failure.to_string()),
            Ok(answer) if answer.end != BodyEnd::Complete => {
                Err("the body did not come whole".to_owned())
            }
            Ok(_) => match self.body() {
                Some(body) => scim::message::ListResponse::read(body),
                None => Err("the body is not JSON".to_owned()),
            },
        }
    }

    /// Time from sending to the last byte.
    pub fn latency(&self) -> Duration {
        self.answered.saturating_sub(self.sent)
    }

    /// Time from the due time to the last byte: a stalled tenant cannot hide its stall.
    pub fn latency_from_due(&self) -> Duration {
        self.answered.saturating_sub(self.due)
    }

    /// One line on what came back: `404 noTarget: …`, `200`, `no answer within 30 s`.
    pub fn told(&self) -> String {
        match &self.result {
            Err(failure) => failure.to_string(),
            Ok(answer) => match self.scim_error() {
                Some(error) => {
                    let mut line = answer.status.to_string();
                    if let Some(scim_type) = &error.scim_type {
                        line.push(' ');
                        line.push_str(scim_type);
                    }
                    if let Some(detail) = &error.detail {
                        line.push_str(": ");
                        line.extend(detail.chars().filter(|c| !c.is_control()).take(200));
                    }
                    line
                }
                None => answer.status.to_string(),
            },
        }
    }
}

fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

/// Hears every exchange at the moment it ends. Must be quick: it runs on the sender's task.
pub trait Listener: Send + Sync {
    /// One exchange has ended.
    fn heard(&self, exchange: &Exchange);
}

/// Takes the Secret Token out of text that a tenant or a system wrote, before it is kept.
pub type Scrub = Arc<dyn Fn(&str) -> String + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_reads_back_from_its_name() {
        for operation in Operation::ALL.iter().copied().chain([Operation::Probe("delete-204")]) {
            assert_eq!(Operation::from_name(&operation.name()), Some(operation));
        }
        assert_eq!(Operation::MatchUser.name(), "match-user");
        assert_eq!(Operation::from_name("no-such"), None);
    }

    #[test]
    fn a_request_tells_path_from_query() {
        let request = Request::get("/Users?filter=a+eq+%22b%22");
        assert_eq!((request.path(), request.query()), ("/Users", Some("filter=a+eq+%22b%22")));
    }

    #[test]
    fn a_retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-10-21T07:28:00Z".parse().unwrap();
        let seconds = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds(" 7 "), Some(7));
        assert_eq!(seconds("Wed, 21 Oct 2026 07:28:30 GMT"), Some(30));
        assert_eq!(seconds("Wed, 21 Oct 2026 07:27:30 GMT"), Some(0), "the past is now");
        assert_eq!(seconds("soon"), None);
    }
}
