//! The tenant we bring: a SCIM 2.0 service provider over an in-memory store, in the same binary.
//!
//! It is strict and complete, and it takes everything that Entra is known to send. Four things bend
//! it: a profile's limitations, legal variations, named defects, and faults drawn from the seed. It
//! answers
//! below `/scim`, in process through [`EmbeddedTenant::router`] or over TCP through
//! [`EmbeddedTenant::serve`], and looks resources up at a cost that does not grow with their
//! number.

pub mod apply;
mod bulk;
mod cursor;
mod defects;
mod discovery;
pub mod evaluate;
mod faults;
mod keys;
pub mod kind;
mod later;
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
mod variations;

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use cursor::Cursors;
use defects::assignments::Stories;
use defects::memory::Memory;
use defects::past::Past;
use defects::sequence::Chronicle;
pub use defects::{Defect, left_out};
use defects::{Defects, answer as bent, door, query as misread};
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
use store::{Store, StoreSettings};
use tokio::sync::Semaphore;
pub use variations::Variation;
use variations::Variations;

use crate::profile::Limitation;

/// How an embedded tenant is set up.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedSettings {
    /// The documented limitations to mimic.
    pub limitations: Vec<Limitation>,
    /// The legal variations that are switched on.
    pub variations: Vec<Variation>,
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
    variations: Variations,
    defects: Defects,
    faults: FaultPlan,
    base_url: Option<String>,
    cursors: Cursors,
    /// Places for requests that are answered before they are done.
    put_off: Arc<Semaphore>,
    /// What defects remember.
    memory: Memory,
    /// Ids of what was deleted, where a variation tells them from what never was.
    gone: Mutex<HashSet<String>>,
    /// What other defects keep of requests that are over.
    past: Past,
    /// What defects of sequences remember of earlier writes.
    chronicle: Chronicle,
    /// What defects of assignments remember of users and groups.
    stories: Stories,
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
        let late = defects.has(Defect::CREATED_FOUND_LATE).then_some(Duration::from_secs(10));
        let store = Store::new(StoreSettings {
            seed: settings.seed,
            defects: defects.clone(),
            visibility_delay: settings.faults.visibility_delay().or(late),
        });
        let base_url = settings.base_url.map(|url| url.trim_end_matches('/').to_owned());
        let inner = Inner {
            store,
            keys: settings.keys,
            limitations: Limitations::new(&settings.limitations),
            variations: Variations::new(&settings.variations),
            defects,
            faults: FaultPlan::new(settings.faults, settings.seed),
            base_url,
            cursors: Cursors::default(),
            put_off: Arc::new(Semaphore::new(later::AT_ONCE)),
            memory: Memory::default(),
            gone: Mutex::default(),
            past: Past::default(),
            chronicle: Chronicle::default(),
            stories: Stories::default(),
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
    let tenant = &tenant.inner;
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
        Trouble::None => later::handle(tenant, request).await,
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
        let place = if self.defects.any() {
            match door::enter(self).await {
                Ok(place) => Some(place),
                Err(refusal) => return refusal,
            }
        } else {
            None
        };
        let is_open = route == Route::ServiceProviderConfig
            || self.defects.any() && door::lets_in(&self.defects, &parts, &route);
        if !is_open && let Some((problem, challenge)) = self.refusal(&parts.headers) {
            // The rights of a known key are looked at operation by operation.
            if route != Route::Bulk || problem.status != 403 {
                return self.challenged(&problem, challenge);
            }
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
            presenter: Presenter {
                base: self.base(&parts),
                limitations: self.limitations,
                has_version: self.has_version(),
            },
        };
        let stumbled = match &place {
            Some(place) => door::stumble(&call, &parts, &route, place),
            None => Ok(None),
        };
        let answered = match stumbled {
            Ok(Some(response)) => return response,
            Ok(None) => dispatch(&call, &route, &parts.method).await,
            Err(problem) => Err(problem),
        };
        match answered {
            Ok(mut response) => {
                if self.defects.any() {
                    bent::dress(&self.defects, &route, &mut response);
                }
                response
            }
            Err(mut problem) => {
                if self.defects.has(Defect::TRACE_SHOWN) {
                    problem.detail.push_str("\n    at scim.Handler.answer(Handler.java:42)");
                }
                if problem.status == 404 && self.is_gone(&route) {
                    problem = Problem::new(410, "it was deleted");
                }
                if problem.status == 404 && self.defects.has(Defect::UNKNOWN_ID_CRASH) {
                    problem = Problem::new(500, "internal server error");
                }
                let mut response = problem_answer(&problem, &self.defects);
                if problem.status == 405 && !self.defects.has(Defect::ALLOW_MISSING) {
                    set(&mut response, header::ALLOW, route.methods());
                }
                response
            }
        }
    }

    /// 401 for a request without a valid key, 403 for one without the right to provision, each
    /// with the end of its challenge.
    fn refusal(&self, headers: &HeaderMap) -> Option<(Problem, &'static str)> {
        let lower_case = self.defects.has(Defect::SCHEME_CASE_SENSITIVE)
            && headers.get(header::AUTHORIZATION).is_some_and(|it| it.as_bytes().starts_with(b"b"));
        Some(match self.keys.access(headers, jiff::Timestamp::now()) {
            Access::Admin if lower_case => (Problem::new(401, "a bearer key is needed"), ""),
            Access::Admin => return None,
            Access::Powerless => {
                (Problem::new(403, "this key may not provision"), r#", error="insufficient_scope""#)
            }
            Access::Missing
                if self.defects.has(Defect::MALFORMED_CREDENTIAL_CRASH)
                    && headers.contains_key(header::AUTHORIZATION) =>
            {
                (Problem::new(500, "internal server error"), "")
            }
            Access::Missing => (Problem::new(401, "a bearer key is needed"), ""),
            Access::Unknown => {
                (Problem::new(401, "the key is not known"), r#", error="invalid_token""#)
            }
            Access::Expired => {
                (Problem::new(401, "the key has expired"), r#", error="invalid_token""#)
            }
        })
    }

    fn challenged(&self, problem: &Problem, challenge: &str) -> Response {
        let mut response = problem_answer(problem, &self.defects);
        if !self.defects.has(Defect::CHALLENGE_MISSING) {
            let challenge = format!("Bearer realm=\"scim\"{challenge}");
            set(&mut response, header::WWW_AUTHENTICATE, &challenge);
        }
        response
    }

    /// How many resources a page holds at most.
    fn page_max(&self) -> usize {
        if self.variations.has(Variation::SMALL_PAGES) { SMALL_PAGE } else { query::PAGE_MAX }
    }

    /// Whether `meta` shows the version of a resource.
    fn has_version(&self) -> bool {
        ![Variation::NO_META_VERSION, Variation::NO_ETAG].iter().any(|it| self.variations.has(*it))
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

    fn note_gone(&self, id: &str) {
        if self.variations.has(Variation::GONE_FOR_GOOD) {
            self.gone.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        }
    }

    fn is_gone(&self, route: &Route) -> bool {
        let Route::Resource(_, id) = route else { return false };
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).contains(id.as_str())
    }
}

/// A small page, which makes a client walk.
const SMALL_PAGE: usize = 5;

/// Finds the handler of a method on an endpoint.
async fn dispatch(call: &Call<'_>, route: &Route, method: &Method) -> Result<Response, Problem> {
    let is_read = method == Method::GET
        || method == Method::HEAD
        || call.tenant.defects.any() && door::reads(&call.tenant.defects, method);
    let variations = &call.tenant.variations;
    match route {
        Route::ServiceProviderConfig | Route::ResourceTypes(_) | Route::Schemas(_)
            if variations.has(Variation::NO_DISCOVERY) =>
        {
            Err(Problem::new(404, "there is no such endpoint"))
        }
        Route::Resource(..) if method == Method::PATCH && variations.has(Variation::NO_PATCH) => {
            Err(Problem::new(501, "PATCH is not supported"))
        }
        Route::Me => Err(Problem::new(501, "/Me is not supported: a key is no user")),
        Route::Bulk if method == Method::POST => bulk::run(call).await,
        Route::Root if is_read => search::list(call, None, call.asked()?).await,
        Route::Collection(kind) if is_read => search::list(call, Some(*kind), call.asked()?).await,
        Route::Resource(kind, id) if is_read => resources::read(call, *kind, id),
        Route::Search(kind) if method == Method::POST => {
            search::list(call, *kind, call.searched()?).await
        }
        Route::ServiceProviderConfig if is_read => discovery::service_provider_config(call),
        Route::ResourceTypes(name) if is_read => discovery::resource_types(call, name.as_deref()),
        Route::Schemas(urn) if is_read => discovery::schemas(call, urn.as_deref()),
        _ => resources::write(call, route, method).await,
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
    /// What the URL asks for.
    fn asked(&self) -> Result<Query, Problem> {
        let defects = &self.tenant.defects;
        if defects.any() { misread::read(defects, self.query) } else { Query::of_url(self.query) }
    }

    /// What the body of a search asks for.
    fn searched(&self) -> Result<Query, Problem> {
        let defects = &self.tenant.defects;
        let body = match self.json() {
            Err(_) if defects.has(Defect::SEARCH_BODY_CRASH) => {
                return Err(Problem::new(500, "internal server error"));
            }
            body => body?,
        };
        let mut asked = Query::of_search(&body)?;
        if defects.any() {
            misread::misread_search(defects, &mut asked);
        }
        if defects.has(Defect::CURSOR_LOST_IN_SEARCH) {
            asked.cursor = None;
        }
        Ok(asked)
    }

    /// The body as JSON; 415 for another media type, 400 for what is no JSON.
    fn json(&self) -> Result<Value, Problem> {
        if let Some(media_type) = self.headers.get(header::CONTENT_TYPE) {
            let named = media_type.to_str().unwrap_or_default();
            let named = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if named != crate::scim::MEDIA_TYPE && named != "application/json" {
                return Err(Problem::new(415, "a body must be application/scim+json"));
            }
        }
        crate::scim::message::read_json(&self.body)
            .map_err(|error| Problem::invalid_syntax(format!("the body is not JSON: {error}")))
    }
}
