//! How long a write takes to be seen, for each kind of read: measured before anything is judged by
//! it, reported, and used as the time that later reads are given.
//!
//! Each write is stamped when its answer is there; then the reads are sent until one shows it. Who
//! is seen by the first read lags by nothing. A tenant behind this program's own door has no clock
//! of its own to be late by and is read once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::LagResult;
use super::cleanup::clean_up;
use crate::checks::capability::{Capabilities, Capability};
use crate::checks::check::encoded;
use crate::directory::mix_both;
use crate::exchange::{Exchange, Operation, Request};
use crate::history::marker;
use crate::scim::message::patch_body;
use crate::scim::{GROUP, USER};
use crate::tenant::Tenant;

/// Writes that are looked for by each kind of read.
const WRITES: usize = 20;
/// Writes that are not seen in time before a kind of read is given up.
const UNSEEN_MAX: u64 = 2;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// Later reads get so many times the longest lag.
const FACTOR: u32 = 3;
/// And not less than this, over a network.
const LEAST: Duration = Duration::from_millis(250);

/// A kind of read: its name in reports, what it needs, and how it looks for a write.
struct Kind {
    name: &'static str,
    needs: &'static [Capability],
    is_of_members: bool,
    request: fn(&Written) -> Request,
    shows: fn(&Written, &Exchange) -> bool,
}

/// A write that is looked for.
struct Written {
    marker: String,
    name: String,
    id: String,
    title: String,
    group: Option<String>,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "read by id",
        needs: &[Capability::Patch, Capability::Attribute("title")],
        is_of_members: false,
        request: |it| Request::get(format!("/Users/{}", encoded(&it.id))),
        shows: |it, seen| seen.at("/title").is_some_and(|title| title == it.title.as_str()),
    },
    Kind {
        name: "query by userName",
        needs: &[Capability::Filter],
        is_of_members: false,
        request: |it| query(&format!("userName eq \"{}\"", it.name)),
        shows: lists,
    },
    Kind {
        name: "list",
        needs: &[Capability::JoinedFilters],
        is_of_members: false,
        request: |it| query(&format!("userName co \"{}\"", it.marker)),
        shows: lists,
    },
    Kind {
        name: "members of a group",
        needs: &[Capability::Group, Capability::Patch],
        is_of_members: true,
        request: |it| Request::get(it.group.clone().unwrap_or_default()),
        shows: |it, seen| holds(seen.at("/members"), &it.id),
    },
    Kind {
        name: "groups of a user",
        needs: &[Capability::Group, Capability::Patch, Capability::Attribute("groups")],
        is_of_members: false,
        request: |it| Request::get(format!("/Users/{}", encoded(&it.id))),
        shows: |it, seen| {
            let group = it.group.as_deref().and_then(|path| path.rsplit('/').next());
            group.is_some_and(|group| holds(seen.at("/groups"), group))
        },
    },
];

fn query(filter: &str) -> Request {
    Request::get(format!("/Users?filter={}&count=100", encoded(filter)))
}

fn lists(it: &Written, seen: &Exchange) -> bool {
    seen.list().is_ok_and(|list| list.resources.iter().any(|entry| entry["id"] == it.id.as_str()))
}

fn holds(values: Option<Value>, id: &str) -> bool {
    let values = values.unwrap_or_default();
    values.as_array().is_some_and(|values| values.iter().any(|value| value["value"] == id))
}

/// What was measured.
pub(super) struct Lags {
    kinds: Vec<(&'static str, Vec<Duration>, u64)>,
    least: Duration,
    most: Duration,
}

impl Lags {
    /// How long later reads look for a write: three times the longest lag, never longer than the
    /// time after which this measurement gave up.
    pub(super) fn window(&self) -> Duration {
        let longest = self.kinds.iter().flat_map(|(_, seen, _)| seen).max();
        let unseen = self.kinds.iter().any(|(_, _, unseen)| *unseen > 0);
        let window = longest.copied().unwrap_or_default() * FACTOR;
        if unseen { self.most } else { window.max(self.least).min(self.most) }
    }

    /// The figures for a report.
    pub(super) fn results(&self) -> Vec<LagResult> {
        self.kinds.iter().map(|(name, seen, unseen)| figures(name, seen, *unseen)).collect()
    }
}

fn figures(name: &str, seen: &[Duration], unseen: u64) -> LagResult {
    let mut sorted = seen.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(place).map(|lag| lag.as_secs_f64() * 1_000.0)
    };
    LagResult {
        read: name.to_owned(),
        writes: seen.len() as u64 + unseen,
        at_once: seen.iter().filter(|lag| lag.is_zero()).count() as u64,
        unseen,
        p50_ms: at(50),
        p95_ms: at(95),
        max_ms: at(100),
    }
}

/// Measures every kind of read that the tenant has; nothing is looked for longer than `most`.
pub(super) async fn measure(
    tenant: &Tenant,
    capabilities: &Capabilities,
    seed: u64,
    most: Duration,
) -> Lags {
    let marker = marker(mix_both(seed, u64::MAX - 1));
    let is_apart = tenant.client().is_some();
    let (least, most) = if is_apart { (LEAST, most) } else { (Duration::ZERO, Duration::ZERO) };
    let mut meter = Meter { tenant, marker, most, group: None };
    let mut kinds = Vec::new();
    for kind in KINDS {
        if kind.needs.iter().all(|need| capabilities.has(*need)) {
            let (lags, unseen) = meter.kind(kind).await;
            if !lags.is_empty() || unseen > 0 {
                kinds.push((kind.name, lags, unseen));
            }
        }
    }
    clean_up(tenant, 1).await;
    Lags { kinds, least, most }
}

struct Meter<'a> {
    tenant: &'a Tenant,
    marker: String,
    most: Duration,
    group: Option<String>,
}

impl Meter<'_> {
    async fn send(&self, request: Request) -> Exchange {
        self.tenant.send(Operation::Probe("read-lag"), request).await
    }

    async fn kind(&mut self, kind: &Kind) -> (Vec<Duration>, u64) {
        let (mut lags, mut unseen) = (Vec::new(), 0);
        for nth in 0..WRITES {
            if unseen >= UNSEEN_MAX || self.tenant.is_held_back() {
                break;
            }
            let Some(written) = self.write(kind, nth).await else { continue };
            match self.look(kind, &written).await {
                Ok(lag) => lags.push(lag),
                // A tenant may keep silent on members altogether.
                Err(seen) if kind.is_of_members && seen.at("/members").is_none() => break,
                Err(_) => unseen += 1,
            }
        }
        (lags, unseen)
    }

    /// Makes a user, gives it a title, and makes it a member where that is what is looked for.
    async fn write(&mut self, kind: &Kind, nth: usize) -> Option<Written> {
        let place = KINDS.iter().position(|it| it.name == kind.name).unwrap_or_default();
        let name = format!("lag{place}-{nth}.{}@example.com", self.marker);
        let user =
            self.send(Request::post("/Users", &json!({"schemas": [USER], "userName": name}))).await;
        let id = user.id().filter(|_| user.is_success())?;
        let title = format!("title {nth}");
        let mut group = None;
        if kind.needs.contains(&Capability::Group) {
            group = Some(self.group().await?);
            let value = json!({"op": "add", "path": "members", "value": [{"value": id}]});
            self.send(Request::patch(group.clone()?, &patch_body(&[value]))).await;
        } else if kind.needs.contains(&Capability::Patch) {
            let value = json!({"op": "replace", "path": "title", "value": title});
            let path = format!("/Users/{}", encoded(&id));
            self.send(Request::patch(path, &patch_body(&[value]))).await;
        }
        Some(Written { marker: self.marker.clone(), name, id, title, group })
    }

    async fn group(&mut self) -> Option<String> {
        if self.group.is_none() {
            let body = json!({"schemas": [GROUP], "displayName": format!("Lag {}", self.marker)});
            let made = self.send(Request::post("/Groups", &body)).await;
            let id = made.id().filter(|_| made.is_success())?;
            self.group = Some(format!("/Groups/{}", encoded(&id)));
        }
        self.group.clone()
    }

    /// How long it takes until a read shows what was written; the last read where it takes too
    /// long.
    async fn look(&self, kind: &Kind, written: &Written) -> Result<Duration, Exchange> {
        let began = Instant::now();
        let mut before = Duration::ZERO;
        loop {
            let seen = self.send((kind.request)(written)).await;
            if (kind.shows)(written, &seen) {
                return Ok(before);
            }
            if began.elapsed() >= self.most {
                return Err(seen);
            }
            tokio::time::sleep(PAUSE).await;
            before = began.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lags(milliseconds: &[u64], unseen: u64) -> Lags {
        let seen = milliseconds.iter().map(|it| Duration::from_millis(*it)).collect();
        Lags { kinds: vec![("list", seen, unseen)], least: LEAST, most: Duration::from_secs(2) }
    }

    #[test]
    fn the_window_is_three_times_the_longest_lag_within_bounds() {
        for (seen, unseen, window) in
            [(&[0, 0][..], 0, 250), (&[0, 200], 0, 600), (&[900], 0, 2_000), (&[0], 1, 2_000)]
        {
            assert_eq!(lags(seen, unseen).window(), Duration::from_millis(window), "{seen:?}");
        }
    }

    #[test]
    fn figures_tell_who_was_seen_at_once_and_who_never() {
        let [figures] = &lags(&[0, 0, 40, 100], 1).results()[..] else { panic!() };
        assert_eq!((figures.writes, figures.at_once, figures.unseen), (5, 2, 1));
        assert_eq!((figures.p50_ms, figures.max_ms), (Some(0.0), Some(100.0)));
    }
}
