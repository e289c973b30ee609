//! The service provider under test, and the door to it.
//!
//! Every request, whoever wants it, leaves through [`Tenant::send`] and leaves one [`Exchange`]
//! behind, heard by the listeners. The door adds the Secret Token, keeps the safety promise (only
//! what this run created is changed or deleted, and a manifest line is written before each create)
//! and never fails: whatever a tenant does is an observation.

mod disturb;
pub mod embedded;
mod manifest;
mod ownership;
mod reads;
#[cfg(test)]
mod tests;
mod token;
mod traffic;
mod transport;
mod url;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use disturb::Disturbances;
use http::{HeaderName, HeaderValue};
pub use manifest::{
    Collection, Manifest, ManifestError, ManifestLine, Owned, Progress, Unresolved,
};
use memchr::memmem::Finder;
pub use token::{SecretToken, TokenError};
pub use traffic::{Allowance, PER_SECOND_MAX, PER_SECOND_MIN, Sent};
pub use transport::{HttpSettings, Limits, Transport, TransportError};
pub use url::{TenantUrl, TenantUrlError};

use crate::exchange::{Credential, Disturbance, Exchange, Failure, Listener, Operation, Request};

/// A tenant: its URL, the token, the way to it, and who listens. Cheap to clone; clones share the
/// door's count and the record of what this run owns.
#[derive(Clone)]
pub struct Tenant {
    door: Arc<Door>,
    transport: Transport,
    limits: Limits,
    dress: Arc<Dressing>,
    listeners: Vec<Arc<dyn Listener>>,
    discovery_is_open: bool,
    disturbances: Option<Arc<Disturbances>>,
}

/// What all clones of a tenant share.
struct Door {
    url: TenantUrl,
    token: Option<SecretToken>,
    /// The number of the last exchange, over all doors of a run.
    numbers: Arc<AtomicU64>,
    /// How many requests went through this door.
    passed: AtomicU64,
    traffic: Arc<traffic::Traffic>,
    began: Instant,
    ownership: ownership::Ownership,
    reads: reads::Reads,
}

/// How the door dresses a request beyond what the request itself says.
#[derive(Debug, Clone, Default)]
pub struct Dress {
    /// Send `ADSCIMVersion`.
    pub adscimversion: bool,
    /// Send this `User-Agent`.
    pub user_agent: Option<String>,
    /// Keep the feature flag in the query of requests that have no other query.
    pub leak_flag_in_query: bool,
    /// The activity's GUID, computed from the seed.
    pub activity: String,
}

/// A [`Dress`] as requests wear it.
struct Dressing {
    headers: Vec<(HeaderName, HeaderValue)>,
    leak_flag_in_query: bool,
}

impl From<Dress> for Dressing {
    /// A value that no header can hold is left out.
    fn from(dress: Dress) -> Self {
        let activity = dress.adscimversion.then(|| format!("ActivityId:{}", dress.activity));
        let headers = [
            (HeaderName::from_static("adscimversion"), activity),
            (http::header::USER_AGENT, dress.user_agent),
        ];
        let header = |(name, value): (_, Option<String>)| Some((name, value?.parse().ok()?));
        Self {
            headers: headers.into_iter().filter_map(header).collect(),
            leak_flag_in_query: dress.leak_flag_in_query,
        }
    }
}

impl Tenant {
    /// A tenant behind a transport. Nothing is sent.
    pub fn new(
        url: TenantUrl,
        token: Option<SecretToken>,
        transport: Transport,
        limits: Limits,
        dress: Dress,
    ) -> Self {
        let door = Door {
            url,
            token,
            numbers: Arc::default(),
            passed: AtomicU64::new(0),
            traffic: Arc::default(),
            began: Instant::now(),
            ownership: ownership::Ownership::default(),
            reads: reads::Reads::default(),
        };
        let (door, dress) = (Arc::new(door), Arc::new(dress.into()));
        let listeners = Vec::new();
        let (discovery_is_open, disturbances) = (false, None);
        Self { door, transport, limits, dress, listeners, discovery_is_open, disturbances }
    }

    /// The same tenant behind a door of its own, which owns what is created through it and nothing
    /// else. Manifest, numbers of exchanges, and what may be sent are shared.
    pub fn apart(&self) -> Self {
        let door = Door {
            url: self.door.url.clone(),
            token: self.door.token.clone(),
            numbers: Arc::clone(&self.door.numbers),
            passed: AtomicU64::new(0),
            traffic: Arc::clone(&self.door.traffic),
            began: self.door.began,
            ownership: self.door.ownership.apart(),
            reads: reads::Reads::default(),
        };
        Self { door: Arc::new(door), ..self.clone() }
    }

    /// Takes over what a door apart owns still.
    pub fn take_back(&self, apart: &Self) {
        self.door.ownership.take_back(&apart.door.ownership);
    }

    /// The same tenant, where some of the requests to come go wrong: the n-th from now on, from 1.
    pub fn with_disturbances(&self, nth: impl IntoIterator<Item = (u64, Disturbance)>) -> Self {
        Self { disturbances: Some(Arc::new(Disturbances::new(nth))), ..self.clone() }
    }

    /// The same tenant, reached another way.
    pub fn with_transport(&self, transport: Transport) -> Self {
        Self { transport, ..self.clone() }
    }

    /// The same tenant with other limits and another dress, as a scenario's settings have it.
    pub fn with_settings(&self, limits: Limits, dress: Dress) -> Self {
        Self { limits, dress: Arc::new(dress.into()), ..self.clone() }
    }

    /// The same tenant, waited for no longer than this.
    pub fn with_timeout_max(&self, timeout: Duration) -> Self {
        let mut tenant = self.clone();
        tenant.limits.timeout = tenant.limits.timeout.min(timeout);
        tenant
    }

    /// The same tenant, to which changes of discovery are sent as well: for checks that the
    /// operator asked for by name.
    pub fn with_discovery_open(&self) -> Self {
        Self { discovery_is_open: true, ..self.clone() }
    }

    /// The same tenant with one more listener.
    pub fn with_listener(&self, listener: Arc<dyn Listener>) -> Self {
        let mut tenant = self.clone();
        tenant.listeners.push(listener);
        tenant
    }

    /// The same tenant over another HTTP client: a goose user's.
    pub fn with_client(&self, client: reqwest::Client) -> Self {
        let mut tenant = self.clone();
        if matches!(tenant.transport, Transport::Http(_)) {
            tenant.transport = Transport::Http(client);
        }
        tenant
    }

    /// The HTTP client, where the tenant is reached over HTTP.
    pub fn client(&self) -> Option<&reqwest::Client> {
        match &self.transport {
            Transport::Http(client) => Some(client),
            Transport::InProcess(_) => None,
        }
    }

    /// The Tenant URL, without query and without any secret.
    pub fn url(&self) -> &TenantUrl {
        &self.door.url
    }

    /// The instant from which [`Exchange`] times are counted.
    pub fn began(&self) -> Instant {
        self.door.began
    }

    /// The number of the last exchange, over all doors of the run.
    pub fn last_number(&self) -> u64 {
        self.door.numbers.load(Ordering::Relaxed)
    }

    /// How many requests went through this door alone.
    pub fn passed(&self) -> u64 {
        self.door.passed.load(Ordering::Relaxed)
    }

    /// What went through the doors of the run so far.
    pub fn sent(&self) -> Sent {
        self.door.traffic.sent()
    }

    /// Sets what the operator allows the run to send; the first word counts, for all clones.
    pub fn allow(&self, allowance: Allowance) {
        self.door.traffic.allow(allowance);
    }

    /// What the operator allows the run to send.
    pub fn allowance(&self) -> Allowance {
        self.door.traffic.allowance()
    }

    /// How long requests have been held up at the door so far, on behalf of rate and tenant.
    pub fn waited(&self) -> Duration {
        self.door.traffic.waited()
    }

    /// Why nothing more is sent but the clean-up, once the budget is used up.
    pub fn budget_used_up(&self) -> Option<String> {
        self.door.traffic.used_up().map(|used_up| used_up.to_string())
    }

    /// Whether the budget has held something back: what came after it says nothing of the tenant.
    pub fn is_held_back(&self) -> bool {
        self.sent().held_back > 0
    }

    /// Opens the manifest that is written before each create.
    pub fn keep_manifest(&self, path: &Path) -> Result<(), ManifestError> {
        self.door.ownership.keep_manifest(path, &self.door.url.to_string())
    }

    /// What this run created and has not deleted yet, in order of creation.
    pub fn owned(&self) -> Vec<Owned> {
        self.door.ownership.owned()
    }

    /// Creates whose answer was lost: something may be there, and nobody knows its id.
    pub fn unresolved(&self) -> Vec<Unresolved> {
        self.door.ownership.unresolved()
    }

    /// What the exchange of that number created and is still there: for a bulk request, which may
    /// create many.
    pub fn made_by(&self, number: u64) -> Vec<Owned> {
        self.door.ownership.made_by(number)
    }

    /// Whether this run created the resource of that id.
    pub fn owns(&self, id: &str) -> bool {
        self.door.ownership.owns(id)
    }

    /// Takes over what an earlier run's manifest proves that it created, for `cleanup` and resume.
    pub fn adopt(&self, owned: Owned) {
        self.door.ownership.adopt(owned);
    }

    /// Takes over a create of an earlier run whose answer was lost.
    pub fn adopt_unresolved(&self, unresolved: Unresolved) {
        self.door.ownership.adopt_unresolved(unresolved);
    }

    /// Takes a resource over that a create with a lost answer has made: its names are those that
    /// the create sent. Says whether it is one.
    pub fn recognise(&self, resource: &serde_json::Value) -> bool {
        self.door.ownership.recognise(resource)
    }

    /// Takes the Secret Token out of any text that will be written down.
    pub fn scrubber(&self) -> crate::exchange::Scrub {
        let Some(token) = self.door.token.clone() else { return Arc::new(str::to_owned) };
        let finder = Finder::new(token.reveal().as_bytes()).into_owned();
        Arc::new(move |text| match finder.find(text.as_bytes()) {
            Some(_) => token.scrub(text),
            None => text.to_owned(),
        })
    }

    /// How many resources of this run were deleted again.
    pub fn deleted(&self) -> u64 {
        self.door.ownership.deleted()
    }

    /// Adds a line on how far a load is to the manifest, where one is kept. A line that cannot be
    /// written costs a resumed load a look-up, and nothing else.
    pub fn note_progress(&self, line: &ManifestLine) {
        self.door.ownership.note(line);
    }

    /// Settles a create whose answer was lost: nothing is there, or it was found and adopted.
    pub fn settle(&self, unresolved: &Unresolved) {
        self.door.ownership.settle(unresolved);
    }

    /// A well-formed id that no tenant has. Requests that change it are let through the door.
    pub fn fabricated_id(salt: u64) -> String {
        ownership::fabricated_id(salt)
    }

    /// Sends a request that is due now.
    pub async fn send(&self, operation: Operation, request: Request) -> Exchange {
        // Whoever waits for it would carry its 2,700 bytes along, and move them at each call.
        Box::pin(self.send_when(operation, request, None)).await
    }

    /// Sends a request that was due at `due`, counted from [`Tenant::began`]. Who keeps a schedule
    /// keeps the rate by it: the door's cap would hold up what a stall has delayed already.
    pub async fn send_due(
        &self,
        operation: Operation,
        request: Request,
        due: Duration,
    ) -> Exchange {
        Box::pin(self.send_when(operation, request, Some(due))).await
    }

    async fn send_when(
        &self,
        operation: Operation,
        mut request: Request,
        scheduled: Option<Duration>,
    ) -> Exchange {
        let door = &*self.door;
        door.passed.fetch_add(1, Ordering::Relaxed);
        let due = scheduled.unwrap_or_else(|| door.began.elapsed());
        let number = door.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let disturbance = self.disturbances.as_ref().and_then(|it| it.next(&request));
        self.dress(&mut request);
        let permit = self.permit(number, operation, &request, scheduled.is_some()).await;
        let sent = door.began.elapsed();
        let secret = match request.credential {
            Credential::SecretToken | Credential::LowerCaseScheme => door.token.as_ref(),
            Credential::None | Credential::Literal(_) => None,
        };
        let mut result = if let Err(refusal) = permit {
            Err(Failure::Refused(refusal))
        } else {
            let call = self.transport.call(&door.url, &request, secret, &self.limits);
            disturb::disturbed(disturbance, call).await
        };
        let answered = door.began.elapsed();
        if let Ok(answer) = &mut result {
            door.reads.answered(&request, answer);
        }
        let exchange =
            Exchange { number, operation, request, result, due, sent, answered, disturbance };
        if !matches!(exchange.result, Err(Failure::Refused(_))) {
            door.traffic.heard(&exchange);
        }
        for listener in &self.listeners {
            listener.heard(&exchange);
        }
        // After those who may have read the body already.
        door.ownership.heard(&exchange);
        exchange
    }

    /// Waits until the request may go out, or says why it may not.
    async fn permit(
        &self,
        number: u64,
        operation: Operation,
        request: &Request,
        is_scheduled: bool,
    ) -> Result<(), String> {
        let Door { traffic, ownership, .. } = &*self.door;
        traffic.take(operation).map_err(|used_up| used_up.to_string())?;
        traffic.turn(is_scheduled).await;
        if self.discovery_is_open && ownership::changes_discovery(request) {
            return Ok(());
        }
        let permit = ownership.permit(number, request);
        if permit.is_err() {
            traffic.give_back(operation);
        }
        permit
    }

    /// Adds the headers that every request of Entra carries, where the request has no own value.
    fn dress(&self, request: &mut Request) {
        let Dressing { headers, leak_flag_in_query } = &*self.dress;
        for (name, value) in headers {
            if !request.headers.iter().any(|(known, _)| known == name) {
                request.headers.push((name.clone(), value.clone()));
            }
        }
        if *leak_flag_in_query
            && request.query().is_none()
            && let Some(flag) = self.door.url.flag()
        {
            request.target.push('?');
            request.target.push_str(flag);
        }
    }
}
