//! Attributes that are set once and for all (RFC 7643 §7), as a tenant's own schemas declare them.
//!
//! The standard schemas have none but the parts of a member, which are replaced with the member;
//! so `/Schemas` is read for one of the tenant's own. Where there is none, nothing is put to the
//! test.

use serde_json::{Value, json};

use super::check::*;
use crate::scim;
use crate::scim::message::patch_body;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "put-immutable-first",
        Rfc7644("3.5.1"),
        "a PUT sets an immutable attribute that has no value yet",
        Dialogue(by_put, |said| holds(said, 1, "first")),
    )
    .needs(&[Put, Schemas]),
    should(
        "put-immutable-different",
        Rfc7644("3.5.1"),
        "a PUT with another value for an immutable attribute is refused with mutability",
        Dialogue(by_put, |said| after_the_first(said, || refused(said))),
    )
    .needs(&[Put, Schemas]),
    may(
        "patch-immutable-set-once",
        Rfc7644("3.5.2"),
        "a PATCH may add a value to an immutable attribute that has none",
        Dialogue(by_patch, |said| holds(said, 1, "first")),
    )
    .needs(&[Patch, Schemas]),
    must(
        "patch-immutable-change",
        Rfc7644("3.5.2"),
        "a PATCH cannot change an immutable attribute that has a value",
        Dialogue(by_patch, |said| after_the_first(said, || refused(said))),
    )
    .needs(&[Patch, Schemas]),
];

/// Schemas, the first value, a read, the second value, a read; all by PUT.
fn by_put(its: &Fixture, said: &[Exchange]) -> Option<Request> {
    converse(its, said, |place, value| {
        let mut body = its.user().sent.clone();
        match &place.extension {
            None => body[&place.name] = json!(value),
            Some(urn) => {
                body["schemas"] = json!([scim::USER, urn]);
                body[urn][&place.name] = json!(value);
            }
        }
        Request::put(its.user().path(), &body)
    })
}

/// As [`by_put`], by PATCH.
fn by_patch(its: &Fixture, said: &[Exchange]) -> Option<Request> {
    converse(its, said, |place, value| {
        let path = match &place.extension {
            None => place.name.clone(),
            Some(urn) => format!("{urn}:{}", place.name),
        };
        let word = if value == "first" { "add" } else { "replace" };
        Request::patch(its.user().path(), &patch_body(&[op(word, &path, value)]))
    })
}

fn converse(
    its: &Fixture,
    said: &[Exchange],
    write: impl Fn(&Place, &str) -> Request,
) -> Option<Request> {
    let place = || Place::of(said.first()?);
    match said.len() {
        0 => Some(Request::get("/Schemas")),
        1 => Some(write(&place()?, "first")),
        3 => Some(write(&place()?, "second")),
        2 | 4 => Some(get(its.user())),
        _ => None,
    }
}

/// Where an immutable attribute of users is.
struct Place {
    /// The URN of the extension that holds it; none for the core schema.
    extension: Option<String>,
    name: String,
}

impl Place {
    /// The first single-valued text among the immutable attributes of user schemas.
    fn of(schemas: &Exchange) -> Option<Self> {
        let body = schemas.json()?;
        let of_users =
            |schema: &&Value| schema["id"].as_str().is_some_and(|it| it.ends_with(":User"));
        let fits = |it: &&Value| {
            it["mutability"] == "immutable" && it["multiValued"] != true && it["type"] == "string"
        };
        body["Resources"].as_array()?.iter().filter(of_users).find_map(|schema| {
            let attribute = schema["attributes"].as_array()?.iter().find(fits)?;
            let urn = schema["id"].as_str()?;
            let extension = (urn != scim::USER).then(|| urn.to_owned());
            Some(Self { extension, name: attribute["name"].as_str()?.to_owned() })
        })
    }

    /// What the attribute holds in a user.
    fn value(&self, user: &Exchange) -> Value {
        let body = user.json().unwrap_or_default();
        let holder = self.extension.as_ref().map_or(&body, |urn| &body[urn]);
        holder[&self.name].clone()
    }
}

/// The write of that number was taken and is seen in the read behind it.
fn holds(said: &Said, write: usize, value: &str) -> Verdict {
    let Some(place) = Place::of(&said[0]) else { return Verdict::NotApplicable };
    let held = place.value(&said[write + 1]);
    all_of([expect_success(&said[write]), expect_value(&place.name, &json!(value), Some(&held))])
}

/// Judges where the first value was taken.
fn after_the_first(said: &Said, judge: impl FnOnce() -> Verdict) -> Verdict {
    match holds(said, 1, "first") {
        Verdict::Pass => judge(),
        _ => Verdict::NotApplicable,
    }
}

/// The second value was refused, and the first is still there.
fn refused(said: &Said) -> Verdict {
    let Some(place) = Place::of(&said[0]) else { return Verdict::NotApplicable };
    let kept = expect_value(&place.name, &json!("first"), Some(&place.value(&said[4])));
    match said[3].status() {
        200..=299 => {
            all_of([kept, Verdict::Remark("another value is passed over in silence".to_owned())])
        }
        _ => all_of([kept, expect_refused(&["mutability"], &said[3])]),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::super::patches::tests::user;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let badge = json!({"name": "badge", "type": "string", "mutability": "immutable"});
        let schemas = || list(&[json!({"id": scim::USER, "attributes": [badge]})]);
        let held = |value: &str| user(json!({"badge": value}));
        let no = || error(400, "mutability");
        let set = |id| {
            canary(
                id,
                [schemas(), empty(204), held("first")],
                [schemas(), empty(204), user(json!({}))],
            )
        };
        let change = |id| {
            canary(
                id,
                [schemas(), empty(204), held("first"), no(), held("first")],
                [schemas(), empty(204), held("first"), empty(204), held("second")],
            )
        };
        vec![
            set("put-immutable-first"),
            change("put-immutable-different"),
            set("patch-immutable-set-once"),
            change("patch-immutable-change"),
        ]
    }

    #[test]
    fn an_attribute_of_an_extension_is_found_under_its_urn() {
        let urn = "urn:example:2.0:User";
        let badge = json!({"name": "badge", "type": "string", "mutability": "immutable"});
        let seen = list(&[json!({"id": urn, "attributes": [badge]})]);
        let seen = exchange(Operation::Discover, Request::get("/Schemas"), seen);
        let place = Place::of(&seen).unwrap();
        let user = user(json!({(urn): {"badge": "first"}}));
        let user = exchange(Operation::ReadUser, Request::get("/Users/1"), user);
        assert_eq!(place.value(&user), "first");
    }
}
