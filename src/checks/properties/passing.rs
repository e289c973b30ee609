//! Properties of all that passes by, whoever asked: each representation by itself, and beside what
//! was seen of the same resource before.

use http::Method;
use serde_json::Value;

use super::super::answers::{each_resource, is_below_scim};
use super::super::check::*;
use super::super::steps::is_primary;
use crate::exchange::Failure;
use crate::scim;
use crate::scim::message::json_member;
use crate::scim::schema::{self, Attribute, AttributeType, Schema};

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "prop-primary-one",
        Rfc7643("2.4"),
        "at no time more than one value of an attribute is primary",
        Every(ANY, |seen| each_resource(seen, one_primary)),
    ),
    must(
        "prop-schema-valid",
        Rfc7643("2.3"),
        "whatever is shown has the types of its schema: text, true or false, one or several",
        Every(ANY, |seen| each_resource(seen, fits_its_schema)),
    ),
    must(
        "prop-error-form",
        Rfc7644("3.12"),
        "whatever is refused is answered by an Error with its status as text",
        Every(ANY, |seen| match seen.status() {
            400.. if !is_throttled(seen) && !is_below_scim(seen) => {
                let is_head = seen.request.method == Method::HEAD;
                let status = seen.body().and_then(|body| body.get("status")).cloned();
                let right = status == Some(Value::from(seen.status().to_string()));
                let right = is_head || right && seen.scim_error().is_some();
                let expected = format!("an Error with status \"{}\"", seen.status());
                require(right, &expected, shown(&status.unwrap_or_default()))
            }
            _ => Verdict::NotApplicable,
        }),
    ),
    must(
        "prop-no-5xx",
        Rfc7644("3.12"),
        "no request of a history, right or wrong, ends in a server error or a broken connection",
        Steps(ALL_VERBS, |it| {
            worst(it.exchanges.iter().map(|seen| match &seen.result {
                _ if is_throttled(seen) || seen.status() == 501 => Verdict::NotApplicable,
                Err(Failure::Refused(_)) => Verdict::NotApplicable,
                Err(failure) => fail("an answer", failure.to_string()),
                Ok(answer) => require(answer.status < 500, "no server error", seen.told()),
            }))
        }),
    ),
    must(
        "prop-id-stable-unique",
        Rfc7643("3.1"),
        "an id stays with its resource, belongs to no other, and never comes back",
        Again(|earlier, now| match (&now.asked, earlier) {
            (Some(asked), _) if *asked != now.id => {
                fail(format!("id {asked:?}"), format!("id {:?}", now.id))
            }
            (_, None) => Verdict::NotApplicable,
            (_, Some(earlier)) if earlier.collection != now.collection => {
                fail(format!("{} below {}", now.id, earlier.collection), now.collection)
            }
            (_, Some(earlier)) if earlier.is_deleted && !now.is_deleted => {
                fail(format!("{} gone for ever", now.id), "shown again")
            }
            _ => Verdict::Pass,
        }),
    ),
    must(
        "prop-lastmod-monotone",
        Rfc7643("3.1"),
        "created stays, lastModified is never before it, never goes back, and moves with a change",
        Again(|earlier, now| {
            let (Some(created), Some(modified)) = (now.created, now.modified) else {
                return Verdict::NotApplicable;
            };
            if modified < created {
                return fail(format!("lastModified from {created}"), modified.to_string());
            }
            let Some(earlier) = earlier.filter(|it| !it.is_deleted) else { return Verdict::Pass };
            let (Some(first), Some(before)) = (earlier.created, earlier.modified) else {
                return Verdict::NotApplicable;
            };
            // A clock of whole seconds may stand still between two changes.
            let is_fine = modified.subsec_nanosecond() != 0;
            match () {
                () if created != first => fail(format!("created {first}"), created.to_string()),
                () if modified < before => {
                    fail(format!("lastModified from {before}"), modified.to_string())
                }
                () if is_fine && modified == before && now.digest != earlier.digest => {
                    fail(format!("lastModified after {before}"), "the same after a change")
                }
                () => Verdict::Pass,
            }
        }),
    ),
    must(
        "prop-etag-iff-change",
        Rfc7644("3.14"),
        "a resource that has changed has another entity tag, which equals meta.version",
        Again(|earlier, now| {
            let Some(tag) = &now.tag else { return Verdict::NotApplicable };
            if let Some(version) = now.version.as_ref().filter(|version| *version != tag) {
                return fail(format!("meta.version {tag}"), version);
            }
            let earlier = earlier.filter(|it| !it.is_deleted);
            let Some((earlier, before)) = earlier.and_then(|it| Some((it, it.tag.as_ref()?)))
            else {
                return Verdict::Pass;
            };
            match (before == tag, earlier.digest == now.digest) {
                (true, false) => fail("another entity tag after a change", tag),
                (false, true) => {
                    Verdict::Remark(format!("{tag} after {before}, and nothing has changed"))
                }
                _ => Verdict::Pass,
            }
        }),
    )
    .needs(&[Etag]),
];

fn one_primary(resource: &Value) -> Verdict {
    let each = resource.as_object().into_iter().flatten().map(|(name, value)| {
        let entries = value.as_array().into_iter().flatten();
        match entries.filter(|entry| is_primary(entry)).count() {
            0 => Verdict::NotApplicable,
            1 => Verdict::Pass,
            count => fail(format!("one primary of `{name}`"), count.to_string()),
        }
    });
    worst(each)
}

/// The base schema of a resource, by the URNs it names.
fn schema_of(resource: &Value) -> Option<&'static Schema> {
    let names = |urn: &str| {
        let urns = json_member(resource, "schemas").and_then(Value::as_array).into_iter().flatten();
        urns.into_iter().any(|it| it == urn)
    };
    [schema::user(), schema::group()].into_iter().find(|schema| names(schema.id))
}

fn fits_its_schema(resource: &Value) -> Verdict {
    let Some(schema) = schema_of(resource) else { return Verdict::NotApplicable };
    let extension = schema::enterprise_user();
    let members = resource.as_object().into_iter().flatten();
    let mut misfits = members.filter_map(|(name, value)| {
        if name == extension.id && schema.id == scim::USER {
            let mut members = value.as_object().into_iter().flatten();
            return members.find_map(|(name, value)| misfit(extension.find(name)?, &[name], value));
        }
        let attribute = schema.find(name).or_else(|| schema::find(schema::common(), name))?;
        misfit(attribute, &[name], value)
    });
    misfits.next().unwrap_or(Verdict::Pass)
}

/// The failure of a value that has not the type and the number of its attribute; what is unassigned
/// fits any.
fn misfit(attribute: &Attribute, path: &[&str], value: &Value) -> Option<Verdict> {
    if is_unassigned(value) {
        return None;
    }
    if !attribute.multi_valued {
        return misfit_of_one(attribute, path, value);
    }
    match value.as_array() {
        Some(entries) => entries.iter().find_map(|it| misfit_of_one(attribute, path, it)),
        None => Some(fail(format!("`{}` an array", path.join(".")), shown(value))),
    }
}

fn misfit_of_one(attribute: &Attribute, path: &[&str], value: &Value) -> Option<Verdict> {
    let fitting = match attribute.kind {
        AttributeType::Complex => value.is_object(),
        AttributeType::Boolean => value.is_boolean(),
        AttributeType::Integer => value.is_i64() || value.is_u64(),
        AttributeType::Decimal => value.is_number(),
        AttributeType::String
        | AttributeType::DateTime
        | AttributeType::Binary
        | AttributeType::Reference => value.is_string(),
    };
    if !fitting {
        let expected = format!("`{}` a {}", path.join("."), attribute.kind.word());
        return Some(fail(expected, shown(value)));
    }
    let mut parts = value.as_object().into_iter().flatten();
    parts.find_map(|(part, value)| misfit(attribute.find(part)?, &[path[0], part], value))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::super::canary::*;
    use super::super::super::memory::Sighting;
    use super::super::tests::{episode, user};
    use super::*;

    fn read(body: &Value) -> Exchange {
        exchange(Operation::ReadUser, Request::get("/Users/user-0"), answer(200, body))
    }

    fn sighting(tag: &str, modified: &str, digest: u64) -> Sighting {
        Sighting {
            collection: "/Users",
            id: "user-0".to_owned(),
            asked: Some("user-0".to_owned()),
            created: "2026-01-02T03:04:05Z".parse().ok(),
            modified: modified.parse().ok(),
            tag: Some(tag.to_owned()),
            version: Some(tag.to_owned()),
            digest,
            is_deleted: false,
        }
    }

    const EARLY: &str = "2026-01-02T03:04:05Z";
    const LATE: &str = "2026-01-02T03:04:06.5Z";

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let user_with = |name: &str, value: Value| {
            read(&json!({"schemas": [scim::USER], "id": "user-0", name: value}))
        };
        let mails = |second: bool| {
            user_with(
                "emails",
                json!([{"value": "a", "primary": true},
                                       {"value": "b", "primary": second}]),
            )
        };
        let refused =
            |body| exchange(Operation::ReadUser, Request::get("/Users/1"), answer(404, &body));
        let error = |status: Value| json!({"schemas": [scim::ERROR], "status": status});
        let state = json!({"userName": "a"});
        let answered = |status| episode(Verb::Patch, status, user(&state, &state));
        let other_id = Sighting { id: "user-1".to_owned(), ..sighting("1", EARLY, 1) };
        vec![
            heard("prop-primary-one", mails(false), mails(true)),
            heard(
                "prop-schema-valid",
                user_with("active", json!(true)),
                user_with("active", json!("True")),
            ),
            heard("prop-error-form", refused(error(json!("404"))), refused(error(json!(404)))),
            step("prop-no-5xx", answered(400), answered(500)),
            again(
                "prop-id-stable-unique",
                [sighting("1", EARLY, 1), sighting("1", EARLY, 1)],
                [sighting("1", EARLY, 1), other_id],
            ),
            again(
                "prop-lastmod-monotone",
                [sighting("1", EARLY, 1), sighting("2", LATE, 2)],
                [sighting("1", LATE, 1), sighting("2", EARLY, 2)],
            ),
            again(
                "prop-etag-iff-change",
                [sighting("1", EARLY, 1), sighting("2", LATE, 2)],
                [sighting("1", EARLY, 1), sighting("1", LATE, 2)],
            ),
        ]
    }

    #[test]
    fn what_was_deleted_does_not_come_back_and_a_fine_clock_moves() {
        let judge = |id: &str, earlier: &Sighting, now: &Sighting| {
            let check = CHECKS.iter().find(|check| check.id == id).unwrap();
            let Again(judge) = check.judge else { panic!() };
            judge(Some(earlier), now)
        };
        let gone = Sighting { is_deleted: true, ..sighting("1", EARLY, 1) };
        let back = judge("prop-id-stable-unique", &gone, &sighting("1", EARLY, 1));
        assert!(matches!(back, Verdict::Fail { .. }));
        let still =
            judge("prop-lastmod-monotone", &sighting("1", LATE, 1), &sighting("2", LATE, 2));
        assert!(matches!(still, Verdict::Fail { .. }));
        let coarse =
            judge("prop-lastmod-monotone", &sighting("1", EARLY, 1), &sighting("2", EARLY, 2));
        assert_eq!(coarse, Verdict::Pass);
    }

    #[test]
    fn one_value_where_several_are_due_does_not_fit() {
        let resource = json!({"schemas": [scim::USER], "emails": {"value": "a"}});
        assert!(matches!(fits_its_schema(&resource), Verdict::Fail { .. }));
        let part = json!({"schemas": [scim::USER], "emails": [{"primary": "yes"}]});
        assert!(matches!(fits_its_schema(&part), Verdict::Fail { .. }));
        let nothing = json!({"schemas": [scim::USER], "emails": null, "title": ""});
        assert_eq!(fits_its_schema(&nothing), Verdict::Pass);
    }
}
