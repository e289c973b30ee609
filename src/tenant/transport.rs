//! The way to a tenant: HTTP, or a router called as a function. Nothing else differs.
//!
//! Every wait has a limit, every body has a limit, nothing is retried, no redirect is followed: a
//! conformance tool must see each answer as it was given.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::embedded::ConnectionDropped;
use super::{SecretToken, TenantUrl};
use crate::exchange::{Answer, Body, BodyEnd, Credential, Failure, Request};

/// Limits on one request.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From sending to the last byte (100 s by default).
    pub timeout: Duration,
    /// Bytes of a body that are read; the rest is left.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(100), body_bytes: 32 * 1024 * 1024 }
    }
}

/// How a request travels.
#[derive(Clone)]
pub enum Transport {
    /// Over HTTP, with a client of ours or of a goose user.
    Http(reqwest::Client),
    /// As a function call.
    InProcess(axum::Router),
}

/// Settings of the HTTP client.
#[derive(Debug, Clone, Default)]
pub struct HttpSettings {
    /// A PEM file with certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether the tenant is on this machine: a proxy is passed by.
    pub loopback: bool,
}

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The file of `--ca-file` cannot be used.
    #[error(
        "use --ca-file {}: {why}; it takes a PEM file with one or more certificates",
        path.display()
    )]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The TLS library refused to start.
    #[error("build the HTTP client: {0}")]
    Client(String),
}

impl Transport {
    /// Builds the HTTP transport.
    pub fn http(settings: &HttpSettings) -> Result<Self, TransportError> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // A body is judged as it came; other users of reqwest in the tree switch decoding on.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_nodelay(true);
        if settings.loopback {
            builder = builder.no_proxy();
        }
        if let Some(path) = &settings.ca_file {
            builder = builder.tls_certs_merge(read_certificates(path)?);
        }
        builder.build().map(Self::Http).map_err(|error| TransportError::Client(chain(&error)))
    }

    /// Sends one request. The token is added here and nowhere else.
    pub(super) async fn call(
        &self,
        url: &TenantUrl,
        request: &Request,
        token: Option<&SecretToken>,
        limits: &Limits,
    ) -> Result<Answer, Failure> {
        let authorization = match (&request.credential, token) {
            (Credential::Literal(value), _) => HeaderValue::from_str(value).ok(),
            (credential, Some(token)) => {
                let lower_case = *credential == Credential::LowerCaseScheme;
                let scheme = if lower_case { "bearer" } else { "Bearer" };
                let value = HeaderValue::from_str(&format!("{scheme} {}", token.reveal()));
                value.ok().map(|mut value| {
                    value.set_sensitive(true);
                    value
                })
            }
            (_, None) => None,
        };
        match self {
            Self::Http(client) => over_http(client, url, request, authorization, limits).await,
            Self::InProcess(router) => {
                in_process(router, url, request, authorization, limits).await
            }
        }
    }
}

async fn over_http(
    client: &reqwest::Client,
    url: &TenantUrl,
    request: &Request,
    authorization: Option<HeaderValue>,
    limits: &Limits,
) -> Result<Answer, Failure> {
    let mut headers: HeaderMap = request.headers.iter().cloned().collect();
    if let Some(value) = authorization {
        headers.insert(AUTHORIZATION, value);
    }
    let located = url.locate(&request.target);
    let located = located.map_err(|error| Failure::Protocol(error.to_string()))?;
    let mut asked = reqwest::Request::new(request.method.clone(), located);
    *asked.headers_mut() = headers;
    *asked.body_mut() = request.body.as_ref().map(|body| body.bytes().into());
    // One clock for all waits of a request.
    let mut deadline = pin!(tokio::time::sleep(limits.timeout));
    let mut response = tokio::select! {
        biased;
        answered = client.execute(asked) => answered.map_err(|error| failure_of(&error))?,
        () = &mut deadline => return Err(Failure::Timeout(limits.timeout)),
    };
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = BytesMut::new();
    let end = loop {
        let chunk = tokio::select! {
            biased;
            chunk = response.chunk() => chunk,
            () = &mut deadline => {
                break BodyEnd::Broken("the time limit passed before the body ended".into());
            }
        };
        match chunk {
            Err(error) => break BodyEnd::Broken(chain(&error.without_url())),
            Ok(None) => break BodyEnd::Complete,
            Ok(Some(chunk)) if body.len() + chunk.len() > limits.body_bytes => {
                body.extend_from_slice(&chunk[..limits.body_bytes - body.len()]);
                break BodyEnd::TooLarge { limit: limits.body_bytes };
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
        }
    };
    Ok(Answer { status, headers, body: body.freeze().into(), end })
}

async fn in_process(
    router: &axum::Router,
    url: &TenantUrl,
    request: &Request,
    authorization: Option<HeaderValue>,
    limits: &Limits,
) -> Result<Answer, Failure> {
    let mut builder =
        http::Request::builder().method(request.method.clone()).uri(url.join(&request.target));
    if let Some(headers) = builder.headers_mut() {
        headers.extend(request.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, value);
        }
        if let Ok(host) = HeaderValue::from_str(&url.authority()) {
            headers.insert(http::header::HOST, host);
        }
    }
    let body = request.body.as_ref().map(Body::bytes).unwrap_or_default();
    let body = axum::body::Body::from(body);
    let request = builder.body(body).map_err(|error| Failure::Refused(error.to_string()))?;
    let answer = async {
        // A call that is ready at once would never let others of the same thread have their turn.
        tokio::task::consume_budget().await;
        let Ok(response) = router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        if parts.extensions.get::<ConnectionDropped>().is_some() {
            return Err(Failure::Protocol("connection reset by the tenant".to_owned()));
        }
        let body =
            body.collect().await.map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes);
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.into(),
            end: BodyEnd::Complete,
        })
    };
    tokio::time::timeout(limits.timeout, answer)
        .await
        .unwrap_or(Err(Failure::Timeout(limits.timeout)))
}

fn read_certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, TransportError> {
    let refuse = |why: String| TransportError::CaFile { path: path.to_owned(), why };
    let pem = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let certificates =
        reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| refuse(chain(&error)))?;
    if certificates.is_empty() {
        return Err(refuse("it holds no certificate".to_owned()));
    }
    Ok(certificates)
}

/// Sorts an error of the client into what an operator can act upon. The time limit is not among
/// them: it is ours and cuts the wait itself.
fn failure_of(error: &reqwest::Error) -> Failure {
    let text = chain(error);
    let lower = text.to_ascii_lowercase();
    let tls = ["certificate", "tls", "handshake", "corrupt message"];
    if tls.iter().any(|word| lower.contains(word)) {
        Failure::Tls(text)
    } else if error.is_connect() {
        Failure::Connect(text)
    } else {
        Failure::Protocol(text)
    }
}

/// The innermost reasons of an error in one line, without the URL, which may hold personal data.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !parts.iter().any(|known| known.contains(&text)) {
            parts.push(text);
        }
        next = cause.source();
    }
    if parts.is_empty() {
        parts.push("the request could not be made".to_owned());
    }
    parts.join(": ")
}
