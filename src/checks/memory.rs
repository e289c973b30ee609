//! What was seen of each resource last, so that two sights of one resource can be compared.
//!
//! The memory is a table of fixed size: a resource takes the place of another that falls on the
//! same row, so neither a load nor a long search makes it grow, and what is forgotten is only not
//! compared.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::evidence::Seen;
use crate::scim::message::json_member;

/// Rows of the table.
const ROWS: usize = 8_192;

/// What an answer showed of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// `/Users` or `/Groups`.
    pub collection: &'static str,
    /// Its id.
    pub id: String,
    /// The id that was asked for, where one was.
    pub asked: Option<String>,
    /// `meta.created`.
    pub created: Option<Timestamp>,
    /// `meta.lastModified`.
    pub modified: Option<Timestamp>,
    /// The header `ETag`.
    pub tag: Option<String>,
    /// `meta.version`.
    pub version: Option<String>,
    /// A number that stands for all that a client can write; another state has another.
    pub digest: u64,
    /// Whether this was its deletion.
    pub is_deleted: bool,
}

impl Sighting {
    /// What an exchange shows of one whole resource; none where it shows none.
    pub fn of(seen: &Seen<'_>) -> Option<Self> {
        let is_search = seen.request.path().ends_with("/.search");
        if !seen.is_success() || seen.request.query().is_some() || is_search {
            return None;
        }
        let path = seen.request.path().trim_end_matches('/');
        let (collection, asked) = match path.rsplit_once('/') {
            Some((parent, id)) if !parent.is_empty() => (parent, Some(id)),
            _ => (path, None),
        };
        let collection = ["/Users", "/Groups"].into_iter().find(|it| *it == collection)?;
        let asked = asked.map(|id| {
            let id = percent_encoding::percent_decode_str(id);
            let id = id.decode_utf8_lossy();
            // A suffix may ask for the format instead of a header (RFC 7644 §3.8).
            id.strip_suffix(".scim").unwrap_or(&id).to_owned()
        });
        if seen.request.method == Method::DELETE {
            return Some(Self::of_deletion(collection, asked?));
        }
        let body = seen.body()?;
        let id = json_member(body, "id")?.as_str()?.to_owned();
        let meta = json_member(body, "meta");
        let meta = |name: &str| json_member(meta?, name)?.as_str();
        let moment = |name: &str| meta(name)?.parse().ok();
        Some(Self {
            collection,
            id,
            asked,
            created: moment("created"),
            modified: moment("lastModified"),
            tag: seen.header("etag").map(str::to_owned),
            version: meta("version").map(str::to_owned),
            digest: digest_of_resource(body),
            is_deleted: false,
        })
    }

    fn of_deletion(collection: &'static str, id: String) -> Self {
        Self {
            collection,
            asked: Some(id.clone()),
            id,
            created: None,
            modified: None,
            tag: None,
            version: None,
            digest: 0,
            is_deleted: true,
        }
    }
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<Option<(Arc<Sighting>, Duration)>>);

impl Memory {
    /// Keeps what is seen now. Gives what was seen of the same id before, where that answer was
    /// there before this request went out: of two at once nobody knows which came first.
    pub(super) fn meet(
        &mut self,
        now: &Arc<Sighting>,
        sent: Duration,
        answered: Duration,
    ) -> Earlier {
        if self.0.is_empty() {
            self.0.resize(ROWS, None);
        }
        let row = usize::try_from(hash(now.id.as_bytes())).unwrap_or(usize::MAX) % ROWS;
        let place = &mut self.0[row];
        match place.take() {
            Some((known, at)) if known.id == now.id && at > sent => {
                // What was answered last is what counts.
                let newer = if at > answered { (known, at) } else { (now.clone(), answered) };
                *place = Some(newer);
                Earlier::AtOnce
            }
            known => {
                *place = Some((now.clone(), answered));
                let known = known.map(|(known, _)| known).filter(|known| known.id == now.id);
                known.map_or(Earlier::Nothing, Earlier::Seen)
            }
        }
    }
}

/// What was seen of a resource before.
#[derive(Debug)]
pub(super) enum Earlier {
    /// Nothing that is remembered.
    Nothing,
    /// This.
    Seen(Arc<Sighting>),
    /// Something while the request was under way.
    AtOnce,
}

/// A number for some bytes, eight at a time.
fn hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let whole = words.iter().map(|word| u64::from_le_bytes(*word));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let length = bytes.len() as u64;
    whole.chain([u64::from_le_bytes(last)]).fold(length, crate::directory::mix_both)
}

/// What a client can write of a resource, as a number: neither what the provider derives nor the
/// order of members and values counts.
fn digest_of_resource(body: &Value) -> u64 {
    let members = body.as_object().into_iter().flatten();
    let written = members.filter(|(name, _)| !matches!(name.as_str(), "meta" | "groups"));
    written.map(|(name, value)| of_member(name, value)).fold(0, u64::wrapping_add)
}

fn of_member(name: &str, value: &Value) -> u64 {
    crate::directory::mix_both(hash(name.as_bytes()), digest(value))
}

fn digest(value: &Value) -> u64 {
    match value {
        Value::Null => 0,
        Value::Bool(flag) => 1 + u64::from(*flag),
        Value::Number(number) => hash(number.to_string().as_bytes()),
        Value::String(text) => hash(text.as_bytes()),
        Value::Array(entries) => {
            let each = entries.iter().map(|entry| crate::directory::mix(digest(entry)));
            each.fold(3, u64::wrapping_add)
        }
        Value::Object(members) => {
            // Of a reference only the id is the client's: the rest follows the resource it names.
            let is_reference = members.keys().any(|name| name == "$ref");
            let counts = |name: &str| !is_reference || name == "value";
            let counted = members.iter().filter(|(name, _)| counts(name));
            counted.map(|(name, value)| of_member(name, value)).fold(5, u64::wrapping_add)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::canary::{answer, exchange};
    use super::*;
    use crate::exchange::{Operation, Request};

    fn seen(body: &Value) -> Sighting {
        let read = Request::get("/Users/a%20b");
        let exchange = exchange(Operation::ReadUser, read, answer(200, body));
        Sighting::of(&Seen::new(&exchange, false)).unwrap()
    }

    #[test]
    fn only_what_a_client_writes_counts_and_no_order_does() {
        let one =
            seen(&json!({"id": "a b", "emails": [{"value": "x", "type": "t"}, {"value": "y"}],
            "groups": [1], "meta": {"version": "1"}, "m": {"value": "v", "$ref": "r", "d": 1}}));
        let same =
            seen(&json!({"emails": [{"value": "y"}, {"type": "t", "value": "x"}], "id": "a b",
            "groups": [2], "meta": {"version": "2"}, "m": {"value": "v", "$ref": "s", "d": 2}}));
        let other = seen(&json!({"id": "a b", "emails": [{"value": "x"}, {"value": "y"}]}));
        assert_eq!(one.asked.as_deref(), Some("a b"));
        assert_eq!((one.digest, one.version.as_deref()), (same.digest, Some("1")));
        assert_ne!(one.digest, other.digest);
    }

    #[test]
    fn what_was_answered_before_the_question_is_remembered_and_nothing_else() {
        let now = Arc::new(seen(&json!({"id": "a b"})));
        let mut memory = Memory::default();
        let at = Duration::from_secs;
        assert!(matches!(memory.meet(&now, at(1), at(2)), Earlier::Nothing));
        assert!(matches!(memory.meet(&now, at(3), at(9)), Earlier::Seen(_)));
        assert!(matches!(memory.meet(&now, at(4), at(5)), Earlier::AtOnce));
        assert!(matches!(memory.meet(&now, at(6), at(10)), Earlier::AtOnce), "9 was after 6");
        for number in 0..100_000 {
            let other = Sighting { id: number.to_string(), ..(*now).clone() };
            memory.meet(&Arc::new(other), at(0), at(0));
        }
        assert_eq!(memory.0.len(), ROWS);
    }

    #[test]
    fn a_part_of_a_resource_or_a_refusal_is_no_sight_of_it() {
        let of = |request: Request, status: u16| {
            let exchange =
                exchange(Operation::ReadUser, request, answer(status, &json!({"id": "1"})));
            Sighting::of(&Seen::new(&exchange, false))
        };
        assert!(of(Request::get("/Users/1"), 200).is_some());
        let suffixed = of(Request::get("/Users/1.scim"), 200).unwrap();
        assert_eq!(suffixed.asked.as_deref(), Some("1"));
        assert!(of(Request::delete("/Users/1"), 204).is_some_and(|it| it.is_deleted));
        assert!(of(Request::post("/Users", &json!({})), 201).is_some_and(|it| it.asked.is_none()));
        for (request, status) in [
            (Request::get("/Users/1"), 404),
            (Request::get("/Users/1?attributes=id"), 200),
            (Request::get("/Schemas/1"), 200),
            (Request::post("/Users/.search", &json!({})), 200),
        ] {
            assert_eq!(of(request, status), None);
        }
    }
}
