//! The life of a user as Entra lives it: created, looked up, renamed, disabled, restored, deleted.
//!
//! Sources are Microsoft's guide for SCIM endpoints and its two validators; where an RFC row asks
//! the same thing, its id is used. A verdict rests on the read-back, not on the write's own answer.

use serde_json::{Value, json};

use super::check::*;
use crate::scim;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "entra-create-user",
        Entra("SCIM Validator, Create a new User"),
        "a created user is found by userName and holds every attribute that was sent",
        Dialogue(
            |its, said| match said {
                [] => Some(create_user(&its.new_user(0))),
                [_] => Some(find("/Users", &equals("userName", &its.user_name(0)))),
                [made, _] => by_id("/Users", made),
                _ => None,
            },
            |said| {
                let created = expect_created(&said[0]);
                let (Some(id), 3) = (said[0].id(), said.exchanges.len()) else { return created };
                let sent = said.its.new_user(0);
                all_of([
                    created,
                    expect_hit(&id, &said[1]),
                    expect_success(&said[2]),
                    expect_echo(&sent, &said[2]),
                ])
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "create-location-header",
        Rfc7644("3.3"),
        "the answer to a create names the new resource in Location",
        Probe(
            |its| vec![create_user(&its.new_user(0))],
            |said| match said[0].status() {
                201 => {
                    let given = said[0].header("location").unwrap_or_default();
                    require(!given.is_empty(), "a Location header", "none")
                }
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "create-conflict-409",
        Rfc7644("3.3"),
        "a second user with the same userName is a conflict",
        Probe(|its| vec![create_user(&its.user().sent)], |said| expect_status(409, &said[0])),
    ),
    must(
        "entra-create-body",
        Entra("Develop a SCIM endpoint, Create User"),
        "Entra's create body is taken: meta inside, an extension named but absent, empty roles",
        Probe(
            |its| {
                let name = its.user_name(0);
                vec![create_user(&json!({
                    "schemas": [scim::USER, scim::ENTERPRISE_USER],
                    "externalId": format!("{}-literal", its.marker),
                    "userName": name,
                    "active": true,
                    "emails": [{"primary": true, "type": "work", "value": name}],
                    "meta": {"resourceType": "User"},
                    "name": {"formatted": "Alice Adams", "familyName": "Adams",
                             "givenName": "Alice"},
                    "roles": [],
                }))]
            },
            |said| expect_created(&said[0]),
        ),
    )
    .on(Setting::Nothing),
    should(
        "entra-create-nulls",
        Entra("Develop a SCIM endpoint, Create User, earlier form"),
        "a create with null attributes is taken and stores nothing for them",
        Dialogue(
            |its, said| match said {
                [] => {
                    let mut body = its.new_user(0);
                    for name in ["addresses", "phoneNumbers", "title", "department", "manager"] {
                        body[name] = Value::Null;
                    }
                    Some(create_user(&body))
                }
                [made] => by_id("/Users", made),
                _ => None,
            },
            |said| {
                let nothing = ["title", "department", "manager"]
                    .map(|path| expect_unassigned(path, said.last()));
                all_of([expect_created(&said[0]), all_of(nothing)])
            },
        ),
    )
    .on(Setting::Nothing),
    implied(
        "entra-username-not-email",
        Entra("Develop a SCIM endpoint, Create User"),
        "a userName that is no e-mail address is taken, or refused cleanly",
        Probe(
            |its| {
                let mut body = its.new_user(0);
                body["userName"] = json!(format!("Test_User_{}", its.marker));
                vec![create_user(&body)]
            },
            |said| match said[0].status() {
                400 if said[0].scim_error().is_some() => {
                    Verdict::Remark(format!("refused: {}", said[0].told()))
                }
                _ => expect_created(&said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .follows_from(&[LimitationKind::UserNameIsEmail]),
    implied(
        "entra-phones-as-sent",
        Entra("Develop a SCIM endpoint, general guidelines: values come back as they were sent"),
        "phoneNumbers holds what was sent; an entry of the tenant's own is worth a remark",
        Probe(
            |its| vec![get(its.user())],
            |said| {
                let count = |body: &Value| body["phoneNumbers"].as_array().map_or(0, Vec::len);
                let sent = count(&said.its.user().sent);
                match count(&said[0].json().unwrap_or_default()) {
                    more if more > sent => {
                        Verdict::Remark(format!("{more} phone numbers where {sent} were sent"))
                    }
                    held => expect("entries in phoneNumbers:", sent, held),
                }
            },
        ),
    )
    .needs(&[Attribute("phoneNumbers")])
    .follows_from(&[LimitationKind::AddedPhoneNumber]),
    should(
        "type-value-untransformed",
        Entra("general guidelines: values come back as they were sent"),
        "values come back as they were sent, letter for letter",
        Probe(
            |its| vec![get(its.user())],
            |said| all_of([expect_success(&said[0]), expect_echo(&said.its.user().sent, &said[0])]),
        ),
    )
    .reads(&[A08]),
    must(
        "user-username-rename",
        Entra("SCIM Validator, Update User userName"),
        "userName can be changed by a PATCH without a path",
        Probe(
            |its| {
                let name = its.user_name(5);
                vec![
                    patch(its.user(), [merge("replace", json!({"userName": name}))]),
                    get(its.user()),
                    find("/Users", &equals("userName", &its.user_name(5))),
                ]
            },
            |said| {
                all_of([
                    expect_success(&said[0]),
                    expect_at("userName", said.its.user_name(5), &said[1]),
                    expect_hit(&said.its.user().id, &said[2]),
                ])
            },
        ),
    )
    .needs(&[Filter, Patch]),
    must(
        "entra-username-rename-path",
        Entra("Develop a SCIM endpoint, Update User, single-valued property"),
        "userName can be changed by a PATCH with the path userName",
        Probe(
            |its| {
                let change = op("replace", "userName", its.user_name(5));
                vec![patch(its.user(), [change]), get(its.user())]
            },
            |said| {
                let name = said.its.user_name(5);
                all_of([expect_success(&said[0]), expect_at("userName", name, &said[1])])
            },
        ),
    )
    .needs(&[Patch]),
    must(
        "id-stable",
        Rfc7643("3.1"),
        "a user keeps its id through an update",
        Probe(
            |its| {
                let change = op("replace", "displayName", "Alice Brown");
                vec![
                    patch(its.user(), [change]),
                    get(its.user()),
                    find("/Users", &equals("userName", its.user().text("userName"))),
                ]
            },
            |said| {
                let id = said.its.user().id.as_str();
                all_of([
                    expect_status(200, &said[1]),
                    expect_at("id", id, &said[1]),
                    expect_hit(id, &said[2]),
                ])
            },
        ),
    )
    .needs(&[Filter, Patch]),
    must(
        "user-active-roundtrip",
        Entra("Develop a SCIM endpoint, Disable User"),
        "`active` can be set to false and to true again",
        Probe(
            |its| {
                vec![
                    patch(its.user(), [op("replace", "active", false)]),
                    get(its.user()),
                    patch(its.user(), [op("replace", "active", true)]),
                    get(its.user()),
                ]
            },
            went_off_and_on,
        ),
    )
    .needs(&[Patch, Attribute("active")]),
    must(
        "type-boolean-string-in",
        Entra("SCIM 2.0 protocol compliance, non-compliant behaviour of the default dialect"),
        "`active` may be set with the texts \"False\" and \"True\" and stays a boolean",
        Probe(
            |its| {
                vec![
                    patch(its.user(), [op("replace", "active", "False")]),
                    get(its.user()),
                    patch(its.user(), [op("replace", "active", "True")]),
                    get(its.user()),
                ]
            },
            |said| match said[0].status() {
                400 => A07.read_as("refuses", said[0].told()),
                _ => all_of([went_off_and_on(said), A07.read_as("takes", said[0].told())]),
            },
        ),
    )
    .reads(&[A07])
    .needs(&[Patch, Attribute("active")]),
    must(
        "user-inactive-readable",
        Entra("Develop a SCIM endpoint, general guidelines"),
        "a disabled user is still returned by id and by filter",
        Probe(
            |its| {
                vec![
                    patch(its.user(), [op("replace", "active", false)]),
                    get(its.user()),
                    find("/Users", &equals("userName", its.user().text("userName"))),
                ]
            },
            |said| {
                if !said[0].is_success() {
                    return Verdict::NotApplicable;
                }
                let id = &said.its.user().id;
                all_of([expect_status(200, &said[1]), expect_hit(id, &said[2])])
            },
        ),
    )
    .needs(&[Patch, Attribute("active")]),
    must(
        "entra-disable-restore",
        Entra("gallery validator, Restore_User_Test"),
        "disabling and restoring a user touches nothing but `active`",
        Probe(
            |its| {
                vec![
                    get(its.user()),
                    patch(its.user(), [op("replace", "active", false)]),
                    patch(its.user(), [op("replace", "active", true)]),
                    get(its.user()),
                ]
            },
            |said| {
                all_of([
                    expect_success(&said[1]),
                    expect_success(&said[2]),
                    expect_at("active", true, &said[3]),
                    expect_unchanged(&said[0], &said[3]),
                ])
            },
        ),
    )
    .needs(&[Patch, Attribute("active")]),
    must(
        "entra-update-inactive",
        Entra("question 1185756: User must be Active"),
        "a disabled user can still be updated, and stays disabled",
        Probe(
            |its| {
                vec![
                    patch(its.user(), [op("replace", "active", false)]),
                    patch(its.user(), [op("replace", "displayName", "Alice Brown")]),
                    get(its.user()),
                ]
            },
            |said| {
                if !said[0].is_success() {
                    return Verdict::NotApplicable;
                }
                all_of([
                    expect_success(&said[1]),
                    expect_at("displayName", "Alice Brown", &said[2]),
                    expect_at("active", false, &said[2]),
                ])
            },
        ),
    )
    .needs(&[Patch, Attribute("active"), Attribute("displayName")]),
    must(
        "delete-get-404",
        Rfc7644("3.6"),
        "a deleted user is gone: a DELETE answers 204, a later read 404",
        Probe(
            |its| vec![delete(its.user()), get(its.user())],
            |said| all_of([expect_deleted(&said[0]), expect_gone(&said[1])]),
        ),
    ),
    must(
        "delete-not-listed",
        Rfc7644("3.6"),
        "a deleted user is found by no filter",
        Probe(
            |its| {
                let filter = equals("userName", its.user().text("userName"));
                vec![delete(its.user()), find("/Users", &filter)]
            },
            |said| all_of([expect_success(&said[0]), expect_hits(0, &said[1])]),
        ),
    )
    .needs(&[Filter]),
    must(
        "delete-again-404",
        Rfc7644("3.6"),
        "deleting a user twice answers 404 the second time",
        Probe(|its| vec![delete(its.user()), delete(its.user())], |said| delete_again(&said[1])),
    ),
    should(
        "delete-unknown-404",
        Rfc7644("3.12"),
        "deleting a user that never was answers 404",
        Probe(
            |its| vec![Request::delete(format!("/Users/{}", its.absent))],
            |said| unknown(&said[0]),
        ),
    )
    .reads(&[A51])
    .on(Setting::Nothing),
    must(
        "entra-hard-delete-recreate",
        Entra("gallery validator, Restore_User_Test"),
        "a deleted user can be created again",
        Probe(
            |its| vec![delete(its.user()), create_user(&its.user().sent)],
            |said| all_of([expect_success(&said[0]), expect_created(&said[1])]),
        ),
    ),
    should(
        "get-404",
        Rfc7644("3.12"),
        "reading a user that never was answers 404",
        Probe(
            |its| {
                // The others have a form that no tenant gives its ids.
                let long = "9".repeat(300);
                let ids = [its.absent.as_str(), "harness-nope", &long];
                ids.iter().map(|id| Request::get(format!("/Users/{id}"))).collect()
            },
            |said| {
                let unknown = |seen: &Exchange| match seen.status() {
                    400 | 414 => {
                        A51.read_as("bad-request", format!("an unknown id is {}", seen.told()))
                    }
                    _ => expect_gone(seen),
                };
                worst(said.exchanges.iter().map(unknown))
            },
        ),
    )
    .reads(&[A51])
    .on(Setting::Nothing),
    must(
        "user-password-never-returned",
        Rfc7643("4.1.1"),
        "a password that was set is returned by no read",
        Dialogue(
            |its, said| match said {
                [] => {
                    let mut body = its.new_user(0);
                    body["password"] = json!("Tr0ub4dor&3-correct-horse");
                    Some(create_user(&body))
                }
                [made] => by_id("/Users", made),
                _ => None,
            },
            |said| {
                if !said[0].is_success() {
                    return Verdict::NotApplicable;
                }
                let echoed = said
                    .exchanges
                    .iter()
                    .any(|seen| seen.at("/password").is_some_and(|value| !is_unassigned(&value)));
                require(!echoed, "no `password` in an answer", "`password` in an answer")
            },
        ),
    )
    .on(Setting::Nothing),
];

/// What came of: set `active` to false, read, set it to true, read.
fn went_off_and_on(said: &Said) -> Verdict {
    all_of([
        expect_success(&said[0]),
        expect_at("active", false, &said[1]),
        expect_success(&said[2]),
        expect_at("active", true, &said[3]),
    ])
}

/// 404 for what never was; a tenant may take the id for one of the wrong form.
fn unknown(seen: &Exchange) -> Verdict {
    match seen.status() {
        400 => A51.read_as("bad-request", "an unknown id is answered 400"),
        _ => expect_gone(seen),
    }
}

/// A second DELETE: 404 is asked for, and idempotent-minded servers answer 204.
pub(super) fn delete_again(seen: &Exchange) -> Verdict {
    match seen.status() {
        204 => Verdict::Remark("a second DELETE answers 204".to_owned()),
        _ => expect_gone(seen),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    /// The example fixture's first user with some attributes changed.
    fn user(change: impl Into<Value>) -> Answer {
        let change = change.into();
        answer(200, &body(change))
    }

    fn body(change: impl Into<Value>) -> Value {
        let change = change.into();
        let its = Fixture::example(Setting::Users(1), "m");
        let mut body = its.user().sent.clone();
        body["id"] = json!("user-0");
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    fn made() -> Answer {
        let mut made = answer(201, &body(json!({})));
        made.headers.insert("location", "/Users/user-0".parse().unwrap());
        made
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let right = || user(json!({}));
        let hit = || list(&[body(json!({}))]);
        let named =
            || user(json!({"userName": Fixture::example(Setting::Nothing, "m").user_name(5)}));
        let active = |value: Value| user(json!({"active": value}));
        let brown = || user(json!({"displayName": "Alice Brown", "active": false}));
        let bare = || answer(201, &json!({"id": "user-0"}));
        let on_off = |on: Value, off: Value| [empty(204), active(off), empty(204), active(on)];
        vec![
            canary(
                "entra-create-user",
                [made(), hit(), right()],
                [made(), hit(), user(json!({"title": "Boss"}))],
            ),
            canary("create-location-header", [made()], [bare()]),
            canary("create-conflict-409", [error(409, "uniqueness")], [made()]),
            canary("entra-create-body", [made()], [error(400, "invalidValue")]),
            canary(
                "entra-create-nulls",
                [made(), user(json!({"title": null}))],
                [made(), user(json!({"title": "null"}))],
            ),
            canary("entra-username-not-email", [made()], [error(500, "")]),
            canary("entra-phones-as-sent", [right()], [user(json!({"phoneNumbers": [1]}))]),
            canary("type-value-untransformed", [right()], [user(json!({"title": "Boss"}))]),
            canary(
                "user-username-rename",
                [empty(204), named(), hit()],
                [empty(204), right(), hit()],
            ),
            canary("entra-username-rename-path", [empty(204), named()], [empty(204), right()]),
            canary("id-stable", [empty(204), right(), hit()], [empty(204), error(404, ""), hit()]),
            canary(
                "user-active-roundtrip",
                on_off(json!(true), json!(false)),
                on_off(json!(true), json!(true)),
            ),
            canary(
                "type-boolean-string-in",
                on_off(json!(true), json!(false)),
                on_off(json!("True"), json!("False")),
            ),
            canary(
                "user-inactive-readable",
                [empty(204), right(), hit()],
                [empty(204), right(), list(&[])],
            ),
            canary(
                "entra-disable-restore",
                [right(), empty(204), empty(204), right()],
                [right(), empty(204), empty(204), user(json!({"title": "Boss"}))],
            ),
            canary(
                "entra-update-inactive",
                [empty(204), empty(204), brown()],
                [empty(204), error(409, ""), right()],
            ),
            canary("delete-get-404", [empty(204), error(404, "")], [empty(204), right()]),
            canary("delete-not-listed", [empty(204), list(&[])], [empty(204), hit()]),
            canary("delete-again-404", [empty(204), error(404, "")], [empty(204), error(500, "")]),
            canary("delete-unknown-404", [error(404, "")], [empty(204)]),
            canary(
                "entra-hard-delete-recreate",
                [empty(204), made()],
                [empty(204), error(409, "uniqueness")],
            ),
            canary("get-404", [error(404, "")], [error(500, "")]),
            canary(
                "user-password-never-returned",
                [made(), right()],
                [made(), user(json!({"password": "x"}))],
            ),
        ]
    }
}
