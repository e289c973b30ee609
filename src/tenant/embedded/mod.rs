//! The tenant we bring: a SCIM 2.0 service provider over an in-memory store, in the same binary.
//!
//! It is strict and complete, and it takes everything that Entra is known to send. Three things
//! bend it: a profile's limitations, named defects, and faults drawn from the seed. It answers
//! below `/scim`, in process through [`EmbeddedTenant::router`] or over TCP through
//! [`EmbeddedTenant::serve`], and looks resources up at a cost that does not grow with their
//! number.

pub mod apply;
mod defects;
mod discovery;
pub mod evaluate;
mod faults;
mod keys;
pub mod kind;
mod limitations;
mod order;
mod plan;
mod precondition;
pub mod problem;
mod projection;
mod query;
mod representation;
mod resources;
mod respond;
mod route;
mod search;
mod serve;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
pub use defects::Defect;
use defects::Defects;
use defects::assignments::Past;
use discovery::BODY_MAX;
use faults::{FaultPlan, Trouble};
pub use faults::{Faults, FaultsError};
use http::request::Parts;
use http::{HeaderMap, Method, header};
use http_body_util::LengthLimitError;
use keys::Access;
pub use keys::Keys;
use kind::ResourceKind;
use limitations::Limitations;
use problem::Problem;
use query::Query;
use representation::Presenter;
pub use respond::ConnectionDropped;
use respond::{dropped_connection, problem_answer, set};
use route::{BASE, Route};
use serde_json::Value;
use store::{Store, StoreSettings, Stored};

use crate::profile::Limitation;

/// How an embedded tenant is set up.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedSettings {
    /// The documented limitations to mimic.
    pub limitations: Vec<Limitation>,
    /// The bugs that are switched on.
    pub defects: Vec<Defect>,
    /// The troubles of network and load.
    pub faults: Faults,
    /// Ids and faults follow from it.
    pub seed: u64,
    /// Who may speak to the tenant.
    pub keys: Keys,
    /// What `meta.location`, `Location` and `$ref` begin with, such as
    /// `http://localhost:8080/scim`; where unset it follows from the `Host` of each request.
    pub base_url: Option<String>,
}

/// A running tenant; clones share one store.
#[derive(Clone)]
pub struct EmbeddedTenant {
    inner: Arc<Inner>,
}

/// What all requests share.
struct Inner {
    store: Store,
    keys: Keys,
    limitations: Limitations,
    defects: Defects,
    faults: FaultPlan,
    base_url: Option<String>,
    /// Deleted users that a defect lets be read.
    ghosts: Mutex<HashMap<String, Stored>>,
    /// What defects remember.
    past: Past,
}

/// One request on its way through the handlers.
struct Call<'a> {
    tenant: &'a Inner,
    headers: &'a HeaderMap,
    query: Option<&'a str>,
    body: Bytes,
    presenter: Presenter,
}

impl EmbeddedTenant {
    /// An empty tenant.
    pub fn new(settings: EmbeddedSettings) -> Self {
        let defects = Defects::new(&settings.defects);
        let store = Store::new(StoreSettings {
            seed: settings.seed,
            duplicate_users: defects.has(Defect::DUPLICATE_USER_ACCEPTED),
            duplicate_groups: defects.has(Defect::DUPLICATE_GROUPS_ACCEPTED),
            visibility_delay: settings.faults.visibility_delay(),
        });
        let base_url = settings.base_url.map(|url| url.trim_end_matches('/').to_owned());
        let inner = Inner {
            store,
            keys: settings.keys,
            limitations: Limitations::new(&settings.limitations),
            defects,
            faults: FaultPlan::new(settings.faults, settings.seed),
            base_url,
            ghosts: Mutex::default(),
            past: Past::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The tenant as a function from request to answer, for `tower::ServiceExt::oneshot`. An
    /// answer with the extension [`ConnectionDropped`] stands for a connection that broke.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// How many users and groups there are.
    pub fn counts(&self) -> (usize, usize) {
        let store = &self.inner.store;
        (store.count(Some(ResourceKind::User)), store.count(Some(ResourceKind::Group)))
    }
}

/// Answers one request, after whatever the faults have in store for it.
async fn answer(State(tenant): State<EmbeddedTenant>, request: Request) -> Response {
    let tenant = &*tenant.inner;
    let (latency, trouble) = tenant.faults.next();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let is_head = request.method() == Method::HEAD;
    let mut response = match trouble {
        Trouble::Dropped => dropped_connection(),
        Trouble::Throttled(retry_after) => throttled(tenant, retry_after),
        Trouble::Error(status) => {
            problem_answer(&Problem::new(status, "the server is in trouble"), &tenant.defects)
        }
        Trouble::AnswerLost => {
            tenant.handle(request).await;
            dropped_connection()
        }
        Trouble::None => tenant.handle(request).await,
    };
    let now = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT");
    set(&mut response, header::DATE, &now.to_string());
    if is_head {
        *response.body_mut() = axum::body::Body::empty();
    }
    response
}

fn throttled(tenant: &Inner, retry_after: Option<u32>) -> Response {
    let problem = Problem::new(429, "too many requests");
    let mut response = problem_answer(&problem, &tenant.defects);
    if let Some(seconds) = retry_after {
        set(&mut response, header::RETRY_AFTER, &seconds.to_string());
    }
    response
}

impl Inner {
    async fn handle(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let route = Route::of(parts.uri.path());
        let is_open = route == Route::ServiceProviderConfig
            || self.defects.has(Defect::ANONYMOUS_CREATE)
                && route == Route::Collection(ResourceKind::User)
                && parts.method == Method::POST;
        if !is_open && let Some(refusal) = self.refuse_stranger(&parts.headers) {
            return refusal;
        }
        let body = match read_body(&parts, body).await {
            Ok(body) => body,
            Err(problem) => return problem_answer(&problem, &self.defects),
        };
        let call = Call {
            tenant: self,
            headers: &parts.headers,
            query: parts.uri.query(),
            body,
            presenter: Presenter { base: self.base(&parts), limitations: self.limitations },
        };
        let trailing = parts.uri.path().ends_with('/') && parts.uri.query().is_some();
        if trailing && self.defects.has(Defect::STRAY_SLASH_UNKNOWN) {
            return problem_answer(&Problem::new(404, "not found"), &self.defects);
        }
        match dispatch(&call, &route, &parts.method).await {
            Ok(response) => response,
            Err(mut problem) => {
                if self.defects.has(Defect::TRACE_SHOWN) {
                    problem.detail.push_str("\n    at scim.Handler.answer(Handler.java:42)");
                }
                if problem.status == 404 && self.defects.has(Defect::UNKNOWN_ID_CRASH) {
                    problem = Problem::new(500, "internal server error");
                }
                let mut response = problem_answer(&problem, &self.defects);
                if problem.status == 405 {
                    set(&mut response, header::ALLOW, route.methods());
                }
                response
            }
        }
    }

    /// 401 for a request without a valid key, 403 for one without the right to provision.
    fn refuse_stranger(&self, headers: &HeaderMap) -> Option<Response> {
        let lower_case = self.defects.has(Defect::SCHEME_CASE_SENSITIVE)
            && headers.get(header::AUTHORIZATION).is_some_and(|it| it.as_bytes().starts_with(b"b"));
        let (problem, challenge) = match self.keys.access(headers, jiff::Timestamp::now()) {
            Access::Admin if lower_case => (Problem::new(401, "a bearer key is needed"), ""),
            Access::Admin => return None,
            Access::Powerless => {
                (Problem::new(403, "this key may not provision"), r#", error="insufficient_scope""#)
            }
            Access::Missing => (Problem::new(401, "a bearer key is needed"), ""),
            Access::Unknown => {
                (Problem::new(401, "the key is not known"), r#", error="invalid_token""#)
            }
            Access::Expired => {
                (Problem::new(401, "the key has expired"), r#", error="invalid_token""#)
            }
        };
        let mut response = problem_answer(&problem, &self.defects);
        if self.defects.has(Defect::CHALLENGE_MISSING) {
            return Some(response);
        }
        let challenge = format!("Bearer realm=\"scim\"{challenge}");
        set(&mut response, header::WWW_AUTHENTICATE, &challenge);
        Some(response)
    }

    /// What URLs in answers begin with.
    fn base(&self, parts: &Parts) -> String {
        if let Some(base) = &self.base_url {
            return base.clone();
        }
        let named = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = named
            .and_then(|host| host.parse::<http::uri::Authority>().ok())
            .or_else(|| parts.uri.authority().cloned())
            .map_or_else(|| "localhost".to_owned(), |host| host.as_str().to_owned());
        format!("http://{host}{BASE}")
    }

    fn keep_ghost(&self, stored: Stored) {
        let mut ghosts = self.ghosts.lock().unwrap_or_else(PoisonError::into_inner);
        ghosts.insert(stored.id.clone(), stored);
    }

    fn ghost(&self, id: &str) -> Option<Stored> {
        self.ghosts.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

/// Finds the handler of a method on an endpoint.
async fn dispatch(call: &Call<'_>, route: &Route, method: &Method) -> Result<Response, Problem> {
    let is_read = method == Method::GET || method == Method::HEAD;
    if let Route::Collection(kind) | Route::Resource(kind, _) | Route::Search(Some(kind)) = route
        && *kind == ResourceKind::Group
        && call.tenant.defects.has(Defect::GROUPS_MISSING)
    {
        return Err(Problem::new(404, "there is no such endpoint"));
    }
    match route {
        Route::Unknown => Err(Problem::new(404, "there is no such endpoint")),
        Route::Me => Err(Problem::new(501, "/Me is not supported: a key is no user")),
        Route::Bulk => Err(Problem::new(501, "bulk requests are not supported")),
        Route::Root if is_read => search::list(call, None, Query::of_url(call.query)?).await,
        Route::Collection(kind) if is_read => {
            search::list(call, Some(*kind), Query::of_url(call.query)?).await
        }
        Route::Collection(kind) if method == Method::POST => resources::create(call, *kind),
        Route::Resource(kind, id) if is_read => resources::read(call, *kind, id),
        Route::Resource(kind, id) if method == Method::PUT => resources::replace(call, *kind, id),
        Route::Resource(kind, id) if method == Method::PATCH => {
            resources::modify(call, *kind, id).await
        }
        Route::Resource(kind, id) if method == Method::DELETE => resources::delete(call, *kind, id),
        Route::Search(kind) if method == Method::POST => {
            search::list(call, *kind, Query::of_search(&call.json()?)?).await
        }
        Route::ServiceProviderConfig if is_read => discovery::service_provider_config(call),
        Route::ResourceTypes(name) if is_read => discovery::resource_types(call, name.as_deref()),
        Route::Schemas(urn) if is_read => discovery::schemas(call, urn.as_deref()),
        _ => Err(Problem::new(405, format!("{method} has no meaning here"))),
    }
}

/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// Reads a body under a limit of bytes and of time.
async fn read_body(parts: &Parts, body: axum::body::Body) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(413, format!("a body may have {BODY_MAX} bytes at most"));
    let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    if announced.and_then(|it| it.parse::<u64>().ok()).is_some_and(|it| it > BODY_MAX as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_PATIENCE, axum::body::to_bytes(body, BODY_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let source = error.source();
            let is_length = source.is_some_and(<dyn Error>::is::<LengthLimitError>);
            let broken = Problem::new(400, "the body did not come whole");
            Err(if is_length { too_large() } else { broken })
        }
        Err(_) => Err(Problem::new(408, "the body took too long to arrive")),
    }
}

impl Call<'_> {
    /// The body as JSON; 415 for another media type, 400 for what is no JSON.
    fn json(&self) -> Result<Value, Problem> {
        if let Some(media_type) = self.headers.get(header::CONTENT_TYPE) {
            let named = media_type.to_str().unwrap_or_default();
            let named = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if named != crate::scim::MEDIA_TYPE && named != "application/json" {
                return Err(Problem::new(415, "a body must be application/scim+json"));
            }
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Problem::invalid_syntax(format!("the body is not JSON: {error}")))
    }
}
