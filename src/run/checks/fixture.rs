//! Fixtures: made fresh for one probe, and taken away after it.
//!
//! Names follow from seed, check and attempt, so the same seed sends the same requests and no two
//! probes meet in one name.

use serde_json::Value;

use crate::checks::capability::Capabilities;
use crate::checks::check::{Fixture, Known, Setting, create_group, create_user, encoded};
use crate::exchange::{Exchange, Operation, Request};
use crate::tenant::Tenant;

/// The word that stands in every name of one attempt of one probe: `sr` and twelve hex digits.
pub(super) fn marker(seed: u64, id: &str, attempt: u32) -> String {
    crate::history::marker(hash(seed, id, attempt))
}

/// FNV-1a over seed, id and attempt: stable over versions, unlike the standard library's hasher.
pub(super) fn hash(seed: u64, id: &str, attempt: u32) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(attempt.to_le_bytes()).chain(id.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Makes the fixture of a setting. What was made before a failure is in the fixture either way.
pub(super) async fn make(
    tenant: &Tenant,
    capabilities: &Capabilities,
    name: &'static str,
    setting: Setting,
    seed: u64,
    attempt: u32,
) -> (Fixture, Result<(), Exchange>) {
    let mut its = Fixture {
        users: Vec::new(),
        group: None,
        absent: Tenant::fabricated_id(hash(seed, name, attempt)),
        marker: marker(seed, name, attempt),
        user_body: capabilities.user_body,
    };
    for number in 0..setting.users() {
        let body = match setting {
            Setting::BareUsers(_) => its.bare_user(number),
            _ => its.new_user(number),
        };
        match create(tenant, name, "/Users", body).await {
            Ok(user) => its.users.push(user),
            Err(exchange) => return (its, Err(*exchange)),
        }
    }
    if let Setting::Group { members, .. } = setting {
        let body = its.new_group(members);
        match create(tenant, name, "/Groups", body).await {
            Ok(group) => its.group = Some(group),
            Err(exchange) => return (its, Err(*exchange)),
        }
    }
    (its, Ok(()))
}

async fn create(
    tenant: &Tenant,
    id: &'static str,
    collection: &'static str,
    sent: Value,
) -> Result<Known, Box<Exchange>> {
    let request = if collection == "/Users" { create_user(&sent) } else { create_group(&sent) };
    let seen = tenant.send(Operation::Probe(id), request).await;
    match seen.id() {
        Some(id) if seen.is_success() => Ok(Known { collection, id, sent }),
        _ => Err(Box::new(seen)),
    }
}

/// Deletes what the probe created and the tenant may still hold: groups first, then users.
pub(super) async fn take_away(tenant: &Tenant, its: &Fixture, exchanges: &[Exchange]) {
    let made = its.group.iter().chain(&its.users).map(|known| (known.collection, known.id.clone()));
    let posted = exchanges.iter().filter(|seen| seen.request.method == http::Method::POST);
    let created = posted.filter_map(|seen| {
        let collection = ["/Groups", "/Users"]
            .into_iter()
            .find(|path| seen.request.path().trim_end_matches('/') == *path)?;
        Some((collection, seen.id()?))
    });
    let bulks = exchanges.iter().filter(|seen| seen.request.path() == "/Bulk");
    let in_bulk = bulks.flat_map(|seen| tenant.made_by(seen.number));
    let in_bulk = in_bulk.map(|owned| (owned.collection.path(), owned.id));
    let mut all: Vec<(&str, String)> = created.chain(made).chain(in_bulk).collect();
    all.sort();
    all.dedup();
    for (collection, id) in all {
        if tenant.owns(&id) {
            let request = Request::delete(format!("{collection}/{}", encoded(&id)));
            tenant.send(Operation::CleanUp, request).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_follows_from_seed_check_and_attempt() {
        assert_eq!(marker(1, "delete-204", 0), marker(1, "delete-204", 0));
        assert_ne!(marker(1, "delete-204", 0), marker(1, "delete-204", 1));
        assert_ne!(marker(1, "delete-204", 0), marker(2, "delete-204", 0));
        assert_ne!(marker(1, "delete-204", 0), marker(1, "get-200", 0));
    }
}
