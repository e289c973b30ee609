//! Bulk requests at the door: what one may hold, and what its answer says of it.
//!
//! Each operation must be one that could go out by itself, or speak of what the same request makes,
//! or of what nobody has. A request written otherwise than we would write it may say two things at
//! once, and stays here. Its creates are in the manifest before it goes out; whatever the answer
//! leaves open stays unresolved, to be looked up by name.

use serde_json::Value;

use super::{
    Name, Ownership, collection_of, id_of_location, is_addressable, is_fabricated, is_too_old,
    names_the_same, resource_of,
};
use crate::exchange::{Exchange, Failure, Request};
use crate::scim::bulk::{BulkResponse, BulkResult, REFERENCE, bulk_id};
use crate::scim::message::Identity;
use crate::tenant::manifest::Collection;

/// The members that a request and an operation may have.
const MEMBERS: [&str; 3] = ["schemas", "failOnErrors", "Operations"];
const MEMBERS_OF_OPERATION: [&str; 5] = ["method", "bulkId", "version", "path", "data"];
/// A host that is kept for examples: what is asked of it reaches nobody.
const EXAMPLE: &str = "https://example.com";

impl Ownership {
    /// Says whether a bulk request may go out; notes its creates before it does.
    pub(super) fn permit_bulk(&self, number: u64, request: &Request) -> Result<(), String> {
        let body = request.body_json().unwrap_or(&Value::Null);
        let as_we_write = request.body.as_deref() == Some(body.to_string().as_bytes());
        if !as_we_write || !has_only(body, &MEMBERS) {
            return Err("a bulk request that can be read in two ways".to_owned());
        }
        let operations = operations_of(body);
        if let Some(operation) = operations.iter().find(|it| !self.permits(it, operations)) {
            let (method, path) = (&operation["method"], &operation["path"]);
            return Err(format!("a bulk request with {method} {path}, none of a run's own"));
        }
        for (place, operation) in operations.iter().enumerate() {
            if let Some(collection) = self.creates_in(operation) {
                let create = (number, Some(place));
                let sent = operation.get("data").and_then(Identity::of);
                self.note_create(create, collection, sent.as_ref())?;
            }
        }
        Ok(())
    }

    fn permits(&self, operation: &Value, all: &[Value]) -> bool {
        let path = operation["path"].as_str().unwrap_or_default();
        has_only(operation, &MEMBERS_OF_OPERATION)
            && match operation["method"].as_str() {
                Some("POST") if path == "/Bulk" => is_of_nobody(&operation["data"]),
                Some("POST") => self.creates_in(operation).is_some() || is_nowhere(path),
                Some("GET" | "PUT" | "PATCH" | "DELETE") => {
                    let own = resource_of(path).is_some_and(|name| self.may_change(&name));
                    own || is_nowhere(path) || made_by(path, all).is_some()
                }
                _ => false,
            }
    }

    /// Where a POST may create. A server may take the path of one resource for its collection.
    fn creates_in(&self, operation: &Value) -> Option<Collection> {
        let path = operation["path"].as_str().filter(|_| operation["method"] == "POST")?;
        let parent = || resource_of(path).filter(|name| self.may_change(name));
        collection_of(path).or_else(|| Some(parent()?.0))
    }

    /// Draws the conclusions of an answer, operation by operation.
    pub(super) fn heard_bulk(&self, exchange: &Exchange) {
        let body = exchange.request.body_json().unwrap_or(&Value::Null);
        let operations = operations_of(body);
        // Some servers refuse a whole request after they have carried out a part of it.
        let untouched = matches!(exchange.status(), 401 | 403..=405 | 413 | 415)
            || matches!(exchange.result, Err(Failure::Refused(_)));
        let answer = exchange.body().filter(|_| exchange.is_success());
        let answer = answer.and_then(|body| BulkResponse::read(body).ok());
        let result = |place| answer.as_ref()?.result_of(operations, place);
        for (place, operation) in operations.iter().enumerate() {
            if let Some(collection) = self.creates_in(operation) {
                let create = (exchange.number, Some(place));
                let made = result(place).and_then(|it| made(it, operation, collection, exchange));
                if untouched || result(place).is_some_and(is_refusal) {
                    self.not_created(create);
                } else if let Some(name) = made {
                    self.created(create, name);
                }
            }
        }
        for (place, operation) in operations.iter().enumerate() {
            if operation["method"] == "DELETE"
                && let Some(result) = result(place).filter(|it| is_gone(it))
                && let Some(name) = deleted(operation, operations, result)
            {
                self.deleted_one(name);
            }
        }
    }
}

fn operations_of(body: &Value) -> &[Value] {
    body["Operations"].as_array().map_or(&[][..], Vec::as_slice)
}

/// Whether it is an object without members of other names, or of these names in another case.
fn has_only(value: &Value, names: &[&str]) -> bool {
    let known = |name: &String| names.contains(&name.as_str());
    value.as_object().is_some_and(|members| members.keys().all(known))
}

/// Whether a path ends in an id that nobody has, below one plain word: wherever it leads, nothing
/// is there.
fn is_nowhere(path: &str) -> bool {
    let path = path.strip_prefix(EXAMPLE).unwrap_or(path);
    let parts = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    parts.is_some_and(|(word, id)| {
        word.bytes().all(|it| it.is_ascii_alphabetic()) && is_fabricated(id)
    })
}

/// Whether a request inside a request deletes what nobody has, and does no more.
fn is_of_nobody(body: &Value) -> bool {
    has_only(body, &MEMBERS)
        && operations_of(body).iter().all(|operation| {
            has_only(operation, &MEMBERS_OF_OPERATION)
                && operation["method"] == "DELETE"
                && operation["path"].as_str().is_some_and(is_nowhere)
        })
}

/// The place of the POST that makes what a path such as `/Users/bulkId:x` speaks of.
fn made_by(path: &str, operations: &[Value]) -> Option<usize> {
    let (parent, reference) = path.rsplit_once('/')?;
    let id = reference.strip_prefix(REFERENCE)?;
    collection_of(parent)?;
    operations.iter().position(|operation| {
        bulk_id(operation) == Some(id)
            && operation["method"] == "POST"
            && operation["path"] == parent
            && resource_of(path).is_some()
    })
}

fn is_refusal(result: &BulkResult) -> bool {
    matches!(result.status, Some(300..=302 | 304..=499))
}

fn is_gone(result: &BulkResult) -> bool {
    let said_so = result.status == Some(404) && result.scim_error().is_some();
    result.is_success() || result.status == Some(410) || said_so
}

/// What a create has made, by its result's location.
fn made(
    result: &BulkResult,
    operation: &Value,
    collection: Collection,
    exchange: &Exchange,
) -> Option<Name> {
    let answered = result.response.as_ref().and_then(Identity::of);
    let sent = operation.get("data").and_then(Identity::of);
    let id = id_of_location(result.location.as_deref()?, collection)?;
    let ours = result.is_success()
        && is_addressable(&id)
        && !id.starts_with(REFERENCE)
        && names_the_same(sent.as_ref(), answered.as_ref())
        && !is_too_old(answered.as_ref(), exchange);
    ours.then_some((collection, id))
}

/// What a deletion has taken away, by its result's location: what its path names, or what the same
/// request had made. Without a location it may be the result of another operation.
fn deleted(operation: &Value, operations: &[Value], result: &BulkResult) -> Option<Name> {
    let path = operation["path"].as_str()?;
    let collection = collection_of(path.rsplit_once('/')?.0)?;
    let name = (collection, id_of_location(result.location.as_deref()?, collection)?);
    (made_by(path, operations).is_some() || resource_of(path)? == name).then_some(name)
}
