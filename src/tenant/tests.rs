//! The door and what is behind it, tried with tenants that misbehave.

mod bulk;
mod disturb;
mod door;
mod journal;
mod tls;
mod traffic;
mod wire;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::exchange::Answer;

const TOKEN: &str = "the-secret-token-of-these-tests";

fn tenant_at(url: &str, transport: Transport) -> Tenant {
    let token = SecretToken::parse(TOKEN, "the test").unwrap();
    let limits = Limits { timeout: Duration::from_secs(5), body_bytes: 100_000 };
    Tenant::new(TenantUrl::parse(url).unwrap(), Some(token), transport, limits, Dress::default())
}

fn user(name: &str) -> Request {
    let body = json!({
        "schemas": [crate::scim::USER], "userName": name, "externalId": format!("{name}-id"),
    });
    Request::post("/Users", &body)
}

async fn send(tenant: &Tenant, request: Request) -> Exchange {
    tenant.send(Operation::Probe("door"), request).await
}

fn answer_of(exchange: &Exchange) -> &Answer {
    exchange.result.as_ref().expect("there is an answer")
}

/// A path of this test's own, in the folder for temporary files.
fn scratch(name: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("scimrig-door-{}-{number}-{name}", std::process::id()))
}
