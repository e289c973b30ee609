//! What two drafts ask for beyond the RFCs: the interop profile, and `OpenID`'s profile IPSIE AL1.
//!
//! Nobody is bound by them. A tenant that does otherwise gets a note, so that an operator who cares
//! can see how far it is.

use serde_json::{Value, json};

use super::check::*;
use super::steps::*;
use crate::scim;

const INTEROP: Source = Draft("draft-zollner-scim-interop-profile");
const IPSIE: Source = Draft("OpenID IPSIE AL1, SCIM profile");

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    draft(
        "iop-flag",
        INTEROP,
        "the flag that announces conformance is a boolean of the configuration",
        Probe(
            |_| vec![Request::get("/ServiceProviderConfig")],
            |said| match said[0].at("/interopProfileConformant") {
                None => Verdict::NotApplicable,
                Some(flag) => require(flag.is_boolean(), "a boolean", shown(&flag)),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Config]),
    draft(
        "iop-strict-unknown",
        INTEROP,
        "a new user with an attribute or a schema that nobody defined is refused as invalidSyntax",
        Probe(
            |its| {
                let mut named = its.new_user(1);
                named["schemas"] = json!([scim::USER, "urn:harness:nope"]);
                vec![
                    create_user(&user_with(its, &json!({"harnessNope": "x"}))),
                    create_user(&named),
                ]
            },
            |said| all_of([0, 1].map(|place| refused_as("invalidSyntax", &said[place]))),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[User]),
    draft(
        "iop-nopath-refused",
        INTEROP,
        "a PATCH operation without a path is refused as invalidSyntax",
        Probe(
            |its| vec![patch(its.user(), [merge("add", json!({"displayName": "Alice A."}))])],
            |said| refused_as("invalidSyntax", &said[0]),
        ),
    )
    .needs(&[Patch]),
    draft(
        "iop-case-consistent",
        INTEROP,
        "a filter tells two userNames apart by case where two users may have them, and only there",
        Probe(
            |its| {
                let name = flipped(its.user().text("userName"));
                let twin = changed(its.new_user(1), &json!({"userName": name}));
                vec![create_user(&twin), query(&equals("userName", its.user().text("userName")))]
            },
            |said| {
                let taken = said[0].status() == 409;
                let found = ids(&said[1]);
                match (taken, said[0].id()) {
                    (true, _) => Verdict::Pass,
                    (false, Some(twin)) => {
                        let hit = found.contains(&twin);
                        require(!hit, "another userName, also to a filter", "the same one")
                    }
                    (false, None) => Verdict::CannotTell(said[0].told()),
                }
            },
        ),
    )
    .needs(&[Filter, User]),
    draft(
        "iop-eq-and",
        INTEROP,
        "filters know at least `eq` and `and`",
        Probe(
            |its| {
                let user = its.user();
                let name = equals("userName", user.text("userName"));
                let other = equals("userName", &its.absent);
                let both = |other: &str| query(&format!("{name} and {other}"));
                vec![query(&name), both(&equals("id", &user.id)), both(&other)]
            },
            |said| {
                let id = &said.its.user().id;
                all_of([
                    expect_hit(id, &said[0]),
                    expect_hit(id, &said[1]),
                    expect_hits(0, &said[2]),
                ])
            },
        ),
    )
    .needs(&[Filter]),
    draft(
        "iop-unknown-filter-attr",
        INTEROP,
        "a filter on an attribute that nobody defined is refused as invalidFilter",
        Probe(
            |its| vec![query(&equals("harnessNope", &its.marker))],
            |said| refused_as("invalidFilter", &said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter]),
    draft(
        "iop-page-100",
        INTEROP,
        "a page holds a hundred users where there are as many, asked for or not",
        Probe(
            |_| vec![Request::get("/Users?count=100"), Request::get("/Users")],
            |said| all_of([0, 1].map(|place| a_hundred(&said[place]))),
        ),
    )
    .on(Setting::Users(11)),
    draft(
        "iop-canonical-types",
        INTEROP,
        "the schema lists the types of e-mail addresses, with those that are accepted among them",
        Probe(
            |its| vec![Request::get("/Schemas"), get(its.user())],
            |said| {
                let Some(listed) = email_types(&said[0]) else {
                    return fail("canonicalValues of emails.type", "none");
                };
                let user = said[1].json().unwrap_or_default();
                let accepted = texts(&user, "emails", "type");
                let known = |kind: &str| listed.iter().any(|it| it.eq_ignore_ascii_case(kind));
                worst(accepted.iter().map(|kind| {
                    require(known(kind), &format!("{kind} among them"), listed.join(", "))
                }))
            },
        ),
    )
    .needs(&[Schemas, Attribute("emails")]),
    draft(
        "iop-rt-id",
        INTEROP,
        "the id of a resource type is its name",
        Probe(
            |_| vec![Request::get("/ResourceTypes")],
            |said| {
                let types = said[0].list().map(|list| list.resources).unwrap_or_default();
                worst(types.iter().map(|it| expect("id", &it["name"], &it["id"])))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes]),
    draft(
        "ipsie-filters",
        IPSIE,
        "users are found by userName, by externalId and by the value of an e-mail address",
        Probe(
            |its| {
                let user = its.user();
                let email = at(&user.sent, "emails[work].value").unwrap_or_default();
                vec![
                    query(&equals("userName", user.text("userName"))),
                    query(&equals("externalId", user.text("externalId"))),
                    query(&format!("emails[value eq {email}]")),
                ]
            },
            |said| {
                let id = &said.its.user().id;
                all_of([0, 1, 2].map(|place| expect_hit(id, &said[place])))
            },
        ),
    )
    .needs(&[Filter, Attribute("externalId"), Attribute("emails")]),
    draft(
        "ipsie-reactivate",
        IPSIE,
        "a user who was deactivated can be made active again",
        Probe(
            |its| {
                let set = |active: bool| patch(its.user(), [op("replace", "active", active)]);
                vec![set(false), get(its.user()), set(true), get(its.user())]
            },
            |said| {
                all_of([
                    expect_success(&said[0]),
                    expect_at("active", false, &said[1]),
                    expect_success(&said[2]),
                    expect_at("active", true, &said[3]),
                ])
            },
        ),
    )
    .needs(&[Patch, Attribute("active")]),
    draft(
        "ipsie-group-remove-no-value",
        IPSIE,
        "members leave by a path that selects one, or all of them, without a value",
        Probe(
            |its| {
                let one = format!("members[value eq {}]", json!(its.user().id));
                let group = its.group();
                let without = |path: &str| patch(group, [remove(path)]);
                vec![without(&one), get(group), without("members"), get(group)]
            },
            |said| {
                all_of([
                    expect_success(&said[0]),
                    expect_members(&[&said.its.users[1]], &said[1]),
                    expect_success(&said[2]),
                    expect_members(&[], &said[3]),
                ])
            },
        ),
    )
    .on(Setting::Group { users: 2, members: 2 })
    .needs(&[Patch, Group]),
];

/// Expects 400 with that keyword. Here the draft is exact, so anything else is a failure, and a
/// failure no more than a note.
fn refused_as(keyword: &str, seen: &Exchange) -> Verdict {
    let given = seen.scim_error().and_then(|error| error.scim_type);
    let right = seen.status() == 400 && given.as_deref() == Some(keyword);
    require(right, &format!("400 {keyword}"), seen.told())
}

/// As many users as there are, or a hundred.
fn a_hundred(seen: &Exchange) -> Verdict {
    match seen.list() {
        Ok(list) => {
            let expected = list.total_results.min(100);
            let shown = list.resources.len() as u64;
            require(shown >= expected, &format!("{expected} users"), shown.to_string())
        }
        Err(why) => fail("a list", why),
    }
}

/// The `canonicalValues` of `emails.type`, where the schema of users has any.
fn email_types(schemas: &Exchange) -> Option<Vec<String>> {
    let named = |list: &Value, name: &str| -> Option<Value> {
        list.as_array()?.iter().find(|it| it["name"] == name).cloned()
    };
    let schemas = schemas.list().ok()?.resources;
    let user = schemas.iter().find(|it| it["id"] == scim::USER)?;
    let emails = named(&user["attributes"], "emails")?;
    let kind = named(&emails["subAttributes"], "type")?;
    let values = kind["canonicalValues"].as_array().filter(|values| !values.is_empty())?;
    Some(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    #[test]
    fn a_failure_is_a_note_and_no_more() {
        for check in CHECKS {
            let outcome = Outcome::of(check.level, &fail("a", "b"), None);
            assert_eq!((check.level.name(), outcome), ("DRAFT", Outcome::Note), "{}", check.id);
        }
    }

    fn schema(kinds: &Value) -> Answer {
        let kind = json!({"name": "type", "canonicalValues": kinds});
        let emails = json!({"name": "emails", "subAttributes": [kind]});
        list(&[json!({"id": scim::USER, "attributes": [emails]})])
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let flag = |flag: Value| answer(200, &json!({"interopProfileConformant": flag}));
        let hit = || of([0]);
        let user = || alice(200, &json!({}));
        let active = |active: bool| alice(200, &json!({"active": active}));
        let twin = || alice(201, &json!({"id": "user-9"}));
        let short = || {
            answer(
                200,
                &json!({"schemas": [scim::LIST_RESPONSE], "totalResults": 300,
                        "Resources": vec![json!({"id": "user-0"}); 50]}),
            )
        };
        let kind = |id: &str| list(&[json!({"name": "User", "id": id})]);
        let done = || empty(204);
        vec![
            canary("iop-flag", [flag(json!(true))], [flag(json!("true"))]),
            canary("iop-strict-unknown", [error(400, "invalidSyntax")], [twin()]),
            canary("iop-nopath-refused", [error(400, "invalidSyntax")], [done()]),
            canary("iop-case-consistent", [error(409, "uniqueness"), hit()], [twin(), of([0, 9])]),
            canary("iop-eq-and", [hit(), hit(), of([])], [hit(), hit(), hit()]),
            canary("iop-unknown-filter-attr", [error(400, "invalidFilter")], [of([])]),
            canary("iop-page-100", [of([0, 1])], [short()]),
            canary(
                "iop-canonical-types",
                [schema(&json!(["Work", "home"])), user()],
                [schema(&json!(["home"])), user()],
            ),
            canary("iop-rt-id", [kind("User")], [kind("0815")]),
            canary("ipsie-filters", [hit()], [hit(), hit(), error(400, "invalidFilter")]),
            canary(
                "ipsie-reactivate",
                [done(), active(false), done(), active(true)],
                [done(), active(false), done(), active(false)],
            ),
            canary(
                "ipsie-group-remove-no-value",
                [done(), group_of(&["user-1"]), done(), group_of(&[])],
                [done(), group_of(&[]), done(), group_of(&[])],
            ),
        ]
    }
}
