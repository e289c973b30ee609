//! Troubles of network and load that we make ourselves, on our side of the door, so that any tenant
//! can be put through them.
//!
//! A disturbed exchange is marked: nothing in it says anything about the tenant.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::json;

use crate::exchange::{Answer, BodyEnd, Disturbance, Failure, Request};
use crate::scim::{ERROR, MEDIA_TYPE};

/// Which requests go wrong.
pub(super) struct Disturbances {
    nth: BTreeMap<u64, Disturbance>,
    sent: AtomicU64,
}

impl Disturbances {
    pub(super) fn new(nth: impl IntoIterator<Item = (u64, Disturbance)>) -> Self {
        Self { nth: nth.into_iter().collect(), sent: AtomicU64::new(0) }
    }

    /// What befalls the next request. The answer to a group's deletion is never lost: a job whose
    /// group is assigned again would hold on to what is gone, and Entra's own does not get over it.
    pub(super) fn next(&self, request: &Request) -> Option<Disturbance> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let ends_group = request.method == Method::DELETE && request.target.starts_with("/Groups/");
        let found = self.nth.get(&number).copied();
        found.filter(|it| !(ends_group && *it == Disturbance::LoseAnswer))
    }
}

/// Makes a call, or what a disturbance makes of it.
pub(super) async fn disturbed(
    disturbance: Option<Disturbance>,
    call: impl Future<Output = Result<Answer, Failure>>,
) -> Result<Answer, Failure> {
    match disturbance {
        None => call.await,
        Some(Disturbance::Throttle) => Ok(refusal(429)),
        Some(Disturbance::Fail) => Ok(refusal(503)),
        Some(Disturbance::LoseAnswer) => {
            call.await?;
            Err(Failure::Protocol("the answer was lost on purpose".to_owned()))
        }
    }
}

fn refusal(status: u16) -> Answer {
    let body = json!({
        "schemas": [ERROR],
        "status": status.to_string(),
        "detail": "answered on purpose, on our side of the door",
    });
    let media_type = (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    Answer {
        status,
        headers: HeaderMap::from_iter([media_type]),
        body: body.to_string().into(),
        end: BodyEnd::Complete,
    }
}
