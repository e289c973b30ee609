//! Pages by cursor (RFC 9865): a cursor is a sealed place in a list, and nothing is kept of it here.
//!
//! The seal covers the query and the key of whoever asked for it. So a cursor that was made up, one
//! of another query and one of another key are refused alike, and nobody learns which it was. A
//! place is the last resource shown: whoever comes or goes meanwhile moves no page.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Call;
use super::defects::cursor as bent;
use super::keys;
use super::kind::ResourceKind;
use super::problem::Problem;
use super::query::Query;
use super::respond::json_answer;
use super::search::{find, show};
use super::store::Key;
use crate::scim;

/// How long a cursor is good for (`pagination.cursorTimeout`).
pub(super) const TIMEOUT: Duration = Duration::from_mins(10);

/// Seals cursors with secrets of this tenant, drawn when it starts.
#[derive(Default)]
pub(super) struct Cursors {
    seals: [RandomState; 2],
}

/// What a cursor is good for: one query, asked with one key.
#[derive(Debug, Hash)]
struct Walk<'a> {
    key: &'a [u8],
    query: String,
}

/// A place in a walk: the page that begins here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// How many resources stood before it when the cursor was made.
    pub(super) passed: usize,
    /// The last of those; of no account where there were none.
    pub(super) last: Key,
    /// The `count` of the walk.
    pub(super) count: usize,
    /// Seconds since the epoch at which the cursor ends.
    until: u64,
}

/// Answers a page: the first one where the cursor is empty, else the one that it stands for.
pub(super) async fn page(
    call: &Call<'_>,
    kind: Option<ResourceKind>,
    query: &Query,
    cursor: &str,
) -> Result<Response, Problem> {
    let defects = &call.tenant.defects;
    let walk = Walk::of(call, kind, query);
    let now = seconds_now();
    let first = Place::new(0, &[], query.take(), now);
    let place = if cursor.is_empty() {
        bent::first(defects, first)?
    } else {
        let opened = call.tenant.cursors.open(cursor, &walk, now);
        bent::opened(defects, opened, first)?
    };
    let count = bent::count(defects, &place, query).map_or_else(|| place.agreed(query), Ok)?;
    let mut found = find_all(call, kind, query).await;
    if bent::is_of_another_query(defects, &place, &found) {
        found = find_all(call, kind, &Query { filter: None, ..query.clone() }).await;
    }
    let begin = bent::begin(defects, &place, count, place.find(&found, query), found.len());
    let end = begin.saturating_add(count).min(found.len());
    let page = bent::order(defects, query, &mut found, begin..end);
    let resources = show(call, kind, query, &page);
    let mut body = json!({
        "schemas": [scim::LIST_RESPONSE],
        "totalResults": bent::total(defects, found.len(), begin),
        "itemsPerPage": resources.len(),
        "Resources": Value::Array(resources),
    });
    let seal = |begin: usize| {
        let place = Place::new(begin, &found, count, now);
        bent::signs(defects, call.tenant.cursors.seal(&place, &walk))
    };
    if bent::has_next(defects, count > 0 && end < found.len(), begin) {
        body["nextCursor"] = seal(end).into();
    }
    if bent::has_previous(defects, count > 0 && begin > 0) {
        body["previousCursor"] = seal(bent::previous(defects, begin.saturating_sub(count))).into();
    }
    Ok(json_answer(StatusCode::OK, &body, defects))
}

/// The keys of everything that the query finds, in its order.
async fn find_all(call: &Call<'_>, kind: Option<ResourceKind>, query: &Query) -> Vec<Key> {
    if query.filter.is_none() && query.sort_by.is_none() {
        return call.tenant.store.page(kind, 0, usize::MAX);
    }
    find(call, kind, query).await
}

impl<'a> Walk<'a> {
    fn of(call: &Call<'a>, kind: Option<ResourceKind>, query: &Query) -> Self {
        let Query { filter, sort_by, descending, .. } = query;
        let query = bent::binding(
            &call.tenant.defects,
            format!("{kind:?} {filter:?} {sort_by:?} {descending}"),
        );
        Self { key: keys::bearer(call.headers).unwrap_or_default(), query }
    }
}

impl Place {
    /// The page that begins after so many of those found.
    fn new(passed: usize, found: &[Key], count: usize, now: u64) -> Self {
        let last = passed.checked_sub(1).and_then(|place| found.get(place));
        let last = last.copied().unwrap_or(Key::of_slot(0));
        Self { passed, last, count, until: now + TIMEOUT.as_secs() }
    }

    /// How many resources come before it now.
    fn find(&self, found: &[Key], query: &Query) -> usize {
        match (self.passed, &query.sort_by) {
            (0, _) => 0,
            // Keys follow the order of creation, so a place outlives its resource.
            (_, None) => found.partition_point(|key| *key <= self.last),
            (passed, Some(_)) => {
                let last = found.iter().position(|key| *key == self.last);
                last.map_or(passed.min(found.len()), |last| last + 1)
            }
        }
    }

    /// The size of the page; a `count` unlike that of the first page is refused.
    fn agreed(&self, query: &Query) -> Result<usize, Problem> {
        if query.count.is_some() && query.take() != self.count {
            let why = format!("count must stay {} until the last page", self.count);
            return Err(Problem::bad_request("invalidCount", why));
        }
        Ok(self.count)
    }

    fn numbers(&self) -> [u64; 4] {
        [self.passed as u64, self.last.slot() as u64, self.count as u64, self.until]
    }
}

impl Cursors {
    /// A place as a cursor.
    fn seal(&self, place: &Place, walk: &Walk<'_>) -> String {
        let numbers = place.numbers();
        let sealed = numbers.into_iter().chain(self.seals(numbers, walk));
        URL_SAFE_NO_PAD.encode(sealed.flat_map(u64::to_le_bytes).collect::<Vec<u8>>())
    }

    /// The place that a cursor stands for in this walk.
    fn open(&self, text: &str, walk: &Walk<'_>, now: u64) -> Result<Place, Problem> {
        let place = self.read(text, walk).ok_or_else(|| {
            Problem::bad_request("invalidCursor", "there is no such cursor for this query")
        })?;
        if place.until < now {
            let why = format!("a cursor is good for {} seconds", TIMEOUT.as_secs());
            return Err(Problem::bad_request("expiredCursor", why));
        }
        Ok(place)
    }

    fn read(&self, text: &str, walk: &Walk<'_>) -> Option<Place> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (words, []) = bytes.as_chunks::<8>() else { return None };
        let [numbers @ .., one, other] = words else { return None };
        let numbers: [[u8; 8]; 4] = numbers.try_into().ok()?;
        let numbers = numbers.map(u64::from_le_bytes);
        let seals = [*one, *other].map(u64::from_le_bytes);
        if seals != self.seals(numbers, walk) {
            return None;
        }
        let [passed, last, count, until] = numbers;
        let number = |word: u64| usize::try_from(word).ok();
        let last = Key::of_slot(number(last)?);
        Some(Place { passed: number(passed)?, last, count: number(count)?, until })
    }

    fn seals(&self, numbers: [u64; 4], walk: &Walk<'_>) -> [u64; 2] {
        self.seals.each_ref().map(|seal| seal.hash_one((numbers, walk)))
    }
}

fn seconds_now() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk<'a>(key: &'a str, query: &str) -> Walk<'a> {
        Walk { key: key.as_bytes(), query: query.to_owned() }
    }

    fn keys(slots: impl IntoIterator<Item = usize>) -> Vec<Key> {
        slots.into_iter().map(Key::of_slot).collect()
    }

    #[test]
    fn a_cursor_opens_its_own_walk_until_it_ends_and_no_other() {
        let (cursors, mine) = (Cursors::default(), walk("a", "q"));
        let place = Place::new(2, &keys(0..9), 2, 1_000);
        let cursor = cursors.seal(&place, &mine);
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        assert!(cursor.len() == 64 && cursor.chars().all(unreserved), "{cursor}");
        assert_eq!(cursors.open(&cursor, &mine, 1_600), Ok(place));
        let refusal =
            |cursor: &str, walk: &Walk<'_>, now| cursors.open(cursor, walk, now).unwrap_err();
        assert_eq!(refusal(&cursor, &mine, 1_601).scim_type, Some("expiredCursor"));
        let unknown = refusal("zzz", &mine, 0);
        assert_eq!(unknown.scim_type, Some("invalidCursor"));
        for (cursor, walk) in [
            (cursor.as_str(), walk("b", "q")),
            (&cursor, walk("a", "r")),
            (&cursor[4..], walk("a", "q")),
            (&cursor.replace(&cursor[..2], "__"), walk("a", "q")),
            (&Cursors::default().seal(&place, &mine), walk("a", "q")),
        ] {
            assert_eq!(refusal(cursor, &walk, 0), unknown, "all refusals are alike");
        }
    }

    #[test]
    fn a_place_outlives_who_comes_and_who_goes() {
        let plain = Query::default();
        let place = Place::new(3, &keys(0..9), 3, 0);
        assert_eq!(place.find(&keys(0..9), &plain), 3);
        assert_eq!(place.find(&keys([0, 3, 4]), &plain), 1, "two went before it");
        let sorted = Query::of_url(Some("sortBy=userName")).unwrap();
        assert_eq!(place.find(&keys([5, 7, 1, 2, 0]), &sorted), 4);
        assert_eq!(place.find(&keys([5, 7, 1, 4]), &sorted), 3, "its last one is gone");
        assert_eq!(Place::new(0, &[], 3, 0).find(&keys(0..9), &plain), 0);
    }
}
