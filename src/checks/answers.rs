//! Invariants of all traffic: what every answer owes, whatever was asked and by whom.
//!
//! These judges hear load as well as probes. They look at one exchange at a time and are quick.
//! Throttled answers are never judged: a gateway in front of the tenant may have given them.

use http::Method;
use serde_json::Value;

use super::asynchronous::is_put_off;
use super::check::Operation::{
    AddMembers, CreateGroup, CreateUser, DeleteGroup, DeleteUser, DisableUser, MatchGroup,
    MatchUser, ReadGroup, ReadUser, RemoveMembers, RenameGroup, RestoreUser, SetManager,
    TestConnection, UpdateGroup, UpdateUser,
};
use super::check::*;
use super::evidence::searches_with;
use super::steps::only_if;
use crate::exchange::BodyEnd;
use crate::scim;
use crate::scim::message::json_member;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    should(
        "err-no-5xx",
        Rfc7644("3.12"),
        "no request of a client, mistaken or not, ends in a server error",
        Every(ANY, |seen| match seen.status() {
            503 if is_throttled(seen) => Verdict::NotApplicable,
            501 => Verdict::NotApplicable,
            ..=499 => Verdict::Pass,
            _ => fail("no server error", seen.told()),
        }),
    ),
    must(
        "entra-match-status",
        Entra("Design a SCIM endpoint, query users and groups"),
        "a look-up answers 200, also when nothing matches",
        // A refused token is what Test Connection tells; it says nothing of look-ups.
        Every(&[TestConnection, MatchUser, MatchGroup], |seen| match seen.status() {
            401 | 403 => Verdict::NotApplicable,
            _ => unless_throttled(seen, || expect_status(200, seen)),
        }),
    ),
    must(
        "list-urn",
        Rfc7644("3.4.2"),
        "a look-up is answered by a ListResponse with its URN and totalResults",
        Every(ANY, |seen| {
            if !is_look_up(seen) || seen.status() != 200 {
                return Verdict::NotApplicable;
            }
            match seen.list() {
                Ok(_) => Verdict::Pass,
                Err(why) => fail("a ListResponse", why),
            }
        }),
    ),
    must(
        "list-resources",
        Rfc7644("3.4.2"),
        "Resources holds the resources that totalResults counts",
        Every(ANY, |seen| {
            only_if(is_look_up(seen) && !counts_only(seen), || holds_what_it_counts(seen))
        }),
    )
    .reads(&[A18]),
    must(
        "create-201",
        Rfc7644("3.3"),
        "a create answers 201 with the new resource and its id",
        Every(ANY, |seen| match seen.status() {
            200..=299 if is_create(seen) => expect_created(seen),
            _ => Verdict::NotApplicable,
        }),
    ),
    must(
        "get-200",
        Rfc7644("3.4.1"),
        "a read of a resource answers 200, or 404 when it is gone",
        Every(&[ReadUser, ReadGroup], |seen| {
            unless_throttled(seen, || expect_one_of(&[200, 404], seen))
        }),
    ),
    must(
        "patch-200-or-204",
        Rfc7644("3.5.2"),
        "a PATCH answers 200 with the resource or 204 without a body",
        Every(ANY, |seen| match seen.status() {
            _ if seen.request.method != Method::PATCH => Verdict::NotApplicable,
            202 if is_put_off(seen) => Verdict::NotApplicable,
            200 if seen.bytes().is_empty() => {
                Verdict::Remark("a PATCH answers 200 with an empty body".to_owned())
            }
            200..=299 => expect_one_of(&[200, 204], seen),
            _ => Verdict::NotApplicable,
        }),
    ),
    must(
        "delete-204",
        Rfc7644("3.6"),
        "a DELETE answers 204 without a body",
        Every(ANY, |seen| match seen.status() {
            _ if seen.request.method != Method::DELETE => Verdict::NotApplicable,
            200..=299 => expect_deleted(seen),
            _ => Verdict::NotApplicable,
        }),
    ),
    should(
        "entra-export-accepted",
        Entra("Provisioning logs, error codes; SCIM 2.0 protocol compliance"),
        "what the job exports is taken: no create, update or deletion of Entra's is refused",
        Every(EXPORTS, |seen| match seen.status() {
            200..=299 => Verdict::Pass,
            // A conflict, or what is gone already, is an answer to the directory.
            404 | 409 | 410 => Verdict::NotApplicable,
            _ if is_throttled(seen) => Verdict::NotApplicable,
            _ => fail("status 2xx", seen.told()),
        }),
    ),
    must(
        "entra-rename-answer",
        Entra("Dialpad provisioning tutorial; Design a SCIM endpoint, update group displayName"),
        "a group's new name is taken, or refused with a SCIM error that says so",
        Every(&[RenameGroup], |seen| match seen.status() {
            _ if is_throttled(seen) || seen.is_success() => pass_or_na(seen.is_success()),
            _ => fail_by(refusal(seen), "status 200 or 204", seen.told()),
        }),
    )
    .follows_from(&[LimitationKind::GroupRename]),
    must(
        "type-boolean",
        Rfc7643("2.3.2"),
        "`active` is a JSON boolean in every answer",
        Every(ANY, |seen| {
            each_resource(seen, |resource| match json_member(resource, "active") {
                None | Some(Value::Null) => Verdict::NotApplicable,
                Some(Value::Bool(_)) => Verdict::Pass,
                Some(other) => fail("`active` true or false", format!("`active` {}", shown(other))),
            })
        }),
    ),
    should(
        "user-email-type-unique",
        Entra("Develop a SCIM endpoint, general guidelines"),
        "no two e-mails of a user share a type",
        Every(ANY, |seen| {
            // What a list of everybody shows is not of this run's making.
            let is_list = seen.body().is_some_and(|it| json_member(it, "Resources").is_some());
            // A random history gives users whatever the schema allows.
            let is_drawn = seen.operation == Operation::Probe("history");
            if is_drawn || is_list && !is_filtered(seen) {
                return Verdict::NotApplicable;
            }
            each_resource(seen, |resource| match json_member(resource, "emails") {
                Some(Value::Array(emails)) => {
                    let mut types: Vec<&str> =
                        emails.iter().filter_map(|email| email["type"].as_str()).collect();
                    let all = types.len();
                    types.sort_unstable();
                    types.dedup();
                    require(types.len() == all, "types that differ", "two of one type")
                }
                _ => Verdict::NotApplicable,
            })
        }),
    ),
    must(
        "id-present",
        Rfc7643("3.1"),
        "every resource has an `id`, a text that is not empty",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let id = json_member(resource, "id").and_then(Value::as_str).unwrap_or_default();
                require(!id.is_empty(), "an `id`", || format!("`id` {}", shown(&resource["id"])))
            })
        }),
    ),
    must(
        "repr-schemas-present",
        Rfc7643("3"),
        "every resource names its schemas",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let named = json_member(resource, "schemas").and_then(Value::as_array);
                require(
                    named.is_some_and(|urns| !urns.is_empty()),
                    "`schemas` with at least one URN",
                    || format!("`schemas` {}", shown(&resource["schemas"])),
                )
            })
        }),
    ),
    must(
        "media-default-scim-json",
        Rfc7644("3.1"),
        "bodies are typed application/scim+json",
        Every(ANY, |seen| {
            if !seen.is_success() || seen.bytes().is_empty() {
                return Verdict::NotApplicable;
            }
            media_type(seen)
        }),
    ),
    must(
        "media-json-wellformed",
        Rfc7644("3.8"),
        "every body of a successful answer is one JSON object",
        Every(ANY, |seen| {
            let whole = seen.result.as_ref().is_ok_and(|answer| answer.end == BodyEnd::Complete);
            if !whole || !seen.is_success() || seen.bytes().is_empty() {
                return Verdict::NotApplicable;
            }
            let object = seen.body().is_some_and(Value::is_object);
            require(object, "a JSON object", "something else")
        }),
    ),
    must(
        "err-json-body",
        Rfc7644("3.12"),
        "every error has a JSON body with the Error URN",
        Every(ANY, |seen| match seen.status() {
            _ if seen.request.method == Method::HEAD => Verdict::NotApplicable,
            _ if is_below_scim(seen) => Verdict::NotApplicable,
            400..=599 if !is_throttled(seen) => require(
                seen.scim_error().is_some(),
                "a body with the Error URN and `status`",
                if seen.bytes().is_empty() { "no body" } else { "another body" },
            ),
            _ => Verdict::NotApplicable,
        }),
    ),
    must(
        "err-status-string",
        Rfc7644("3.12"),
        "`status` of an error is a string, equal to the HTTP status",
        Every(ANY, |seen| {
            if seen.status() < 400 || seen.scim_error().is_none() {
                return Verdict::NotApplicable;
            }
            let status = seen.body().and_then(|body| body.get("status")).cloned();
            let expected = Value::String(seen.status().to_string());
            expect("status", shown(&expected), shown(&status.unwrap_or_default()))
        }),
    ),
    must(
        "entra-no-secret-echo",
        Rfc7643("4.1.1"),
        "no answer holds a password",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let echoed = resource.get("password").is_some_and(|value| !is_unassigned(value));
                require(!echoed, "no `password`", "`password` in the answer")
            })
        }),
    ),
    must(
        "auth-www-authenticate",
        Http("RFC 9110 §11.6.1"),
        "every 401 carries WWW-Authenticate",
        Every(ANY, |seen| match seen.status() {
            401 => require(
                seen.header("www-authenticate").is_some(),
                "WWW-Authenticate",
                "401 without it",
            ),
            _ => Verdict::NotApplicable,
        }),
    ),
    must(
        "create-conflict-scimtype",
        Rfc7644("3.3"),
        "a conflict of a create carries scimType uniqueness",
        Every(ANY, |seen| match (seen.status(), &seen.request.method) {
            (409, &Method::POST) => {
                let scim_type = seen.scim_error().and_then(|error| error.scim_type);
                expect("scimType", "uniqueness", scim_type.as_deref().unwrap_or("absent"))
            }
            _ => Verdict::NotApplicable,
        }),
    ),
];

/// What changes the tenant; a rename has a row of its own.
const EXPORTS: &[Operation] = &[
    CreateUser,
    UpdateUser,
    DisableUser,
    RestoreUser,
    DeleteUser,
    SetManager,
    CreateGroup,
    UpdateGroup,
    AddMembers,
    RemoveMembers,
    DeleteGroup,
];

fn unless_throttled(seen: &Seen<'_>, judge: impl FnOnce() -> Verdict) -> Verdict {
    if is_throttled(seen) { Verdict::NotApplicable } else { judge() }
}

/// Whether a collection of users or groups was asked for.
fn is_look_up(seen: &Exchange) -> bool {
    let path = seen.request.path().trim_end_matches('/');
    seen.request.method == Method::GET && matches!(path, "/Users" | "/Groups")
}

fn holds_what_it_counts(seen: &Exchange) -> Verdict {
    let Ok(list) = seen.list() else { return Verdict::NotApplicable };
    let resources = || seen.body().and_then(|body| json_member(body, "Resources"));
    let told = || format!("totalResults {} and no Resources", list.total_results);
    let expected = "Resources beside a totalResults above zero";
    match list.total_results {
        0 if resources().is_none() => {
            A18.read_as("left-out", "an empty list leaves `Resources` out")
        }
        0 => Verdict::Pass,
        // Between counting and showing everybody, somebody may have been deleted.
        _ if !is_filtered(seen) => {
            require(resources().is_some_and(Value::is_array), expected, told)
        }
        _ => require(!list.resources.is_empty(), expected, told),
    }
}

/// Whether a filter says which resources are meant.
fn is_filtered(seen: &Exchange) -> bool {
    seen.request.query().is_some_and(|query| query.contains("filter="))
        || searches_with(&seen.request, "filter")
}

/// Whether the look-up asked for totals alone.
fn counts_only(seen: &Exchange) -> bool {
    let query = seen.request.query().unwrap_or_default();
    ["count=0", "count=-", "startIndex="].iter().any(|it| query.contains(it))
}

fn is_create(seen: &Exchange) -> bool {
    let path = seen.request.path().trim_end_matches('/');
    seen.request.method == Method::POST && matches!(path, "/Users" | "/Groups")
}

fn pass_or_na(applies: bool) -> Verdict {
    if applies { Verdict::Pass } else { Verdict::NotApplicable }
}

/// The media type of an answer: `application/json` is legal JSON, and Entra tolerates it.
fn media_type(seen: &Seen<'_>) -> Verdict {
    let given = seen.header("content-type").unwrap_or("none");
    let kind = given.split(';').next().unwrap_or_default().trim();
    match () {
        () if kind.eq_ignore_ascii_case(scim::MEDIA_TYPE) => Verdict::Pass,
        () if kind.eq_ignore_ascii_case("application/json") && !seen.content_type_strict => {
            Verdict::Remark("answers are typed application/json".to_owned())
        }
        () => fail(scim::MEDIA_TYPE, given),
    }
}

/// Judges each user and group in a successful answer: the body itself or the entries of a list.
pub(super) fn each_resource(seen: &Seen<'_>, judge: impl Fn(&Value) -> Verdict) -> Verdict {
    match seen.resources() {
        [resource] => judge(resource),
        resources => worst(resources.iter().map(judge)),
    }
}

/// Whether an HTTP server answers by itself, before anything of SCIM has seen the request: a method
/// that nobody knows, a URL or headers too long to be read.
pub(super) fn is_below_scim(seen: &Exchange) -> bool {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    matches!(seen.status(), 414 | 431) || !known.contains(&seen.request.method)
}

/// How a request was turned down: cleanly, or in a way that only confuses a client.
pub(super) fn refusal(seen: &Exchange) -> Way {
    match seen.status() {
        400 | 403 | 501 if seen.scim_error().is_some() => Way::Refused,
        _ => Way::Defect,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    fn seen(operation: Operation, answer: Answer) -> Exchange {
        let request = match operation {
            MatchUser | MatchGroup => Request::get("/Users?filter=x"),
            CreateUser => Request::new(Method::POST, "/Users"),
            UpdateUser => Request::new(Method::PATCH, "/Users/1"),
            DeleteUser => Request::delete("/Users/1"),
            _ => Request::get("/Users/1"),
        };
        exchange(operation, request, answer)
    }

    fn user(change: impl Into<Value>) -> Answer {
        let change = change.into();
        let mut body = json!({"schemas": [scim::USER], "id": "1", "active": true});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        answer(200, &body)
    }

    fn typed(kind: &str) -> Answer {
        let mut answer = user(json!({}));
        answer.headers.insert("content-type", kind.parse().unwrap());
        answer
    }

    fn unauthorized(header: bool) -> Answer {
        let mut answer = error(401, "");
        if header {
            answer.headers.insert("www-authenticate", "Bearer".parse().unwrap());
        }
        answer
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let number_status = answer(404, &json!({"schemas": [scim::ERROR], "status": 404}));
        let headless = json!({"schemas": [scim::LIST_RESPONSE], "totalResults": 1});
        let mut posted = seen(CreateUser, error(409, "uniqueness"));
        posted.request.method = Method::POST;
        let mut nameless = posted.clone();
        nameless.result = Ok(error(409, "invalidValue"));
        let on =
            |id, operation, right, wrong| heard(id, seen(operation, right), seen(operation, wrong));
        vec![
            on("err-no-5xx", ReadUser, error(404, ""), error(500, "")),
            on("entra-match-status", MatchUser, list(&[]), error(404, "")),
            on("list-urn", MatchUser, list(&[]), answer(200, &json!([]))),
            on("list-resources", MatchUser, list(&[json!({})]), answer(200, &headless)),
            on("create-201", CreateUser, answer(201, &json!({"id": "1"})), answer(201, &json!({}))),
            on("get-200", ReadUser, user(json!({})), empty(204)),
            on("patch-200-or-204", UpdateUser, empty(204), empty(202)),
            on("delete-204", DeleteUser, empty(204), empty(205)),
            on("entra-export-accepted", SetManager, empty(204), error(400, "invalidValue")),
            on("entra-rename-answer", RenameGroup, empty(204), error(400, "mutability")),
            on("type-boolean", ReadUser, user(json!({})), user(json!({"active": "True"}))),
            on(
                "user-email-type-unique",
                ReadUser,
                user(json!({"emails": [{"type": "work"}]})),
                user(json!({"emails": [{"type": "work"}, {"type": "work"}]})),
            ),
            on("id-present", ReadUser, user(json!({})), user(json!({"id": 7}))),
            on("repr-schemas-present", ReadUser, user(json!({})), user(json!({"schemas": []}))),
            on("media-default-scim-json", ReadUser, typed("application/json"), typed("text/html")),
            on("media-json-wellformed", ReadUser, user(json!({})), answer(200, &json!([]))),
            on("err-json-body", ReadUser, error(404, ""), empty(404)),
            on("err-status-string", ReadUser, error(404, ""), number_status),
            on("entra-no-secret-echo", ReadUser, user(json!({})), user(json!({"password": "x"}))),
            on("auth-www-authenticate", ReadUser, unauthorized(true), unauthorized(false)),
            heard("create-conflict-scimtype", posted, nameless),
        ]
    }

    #[test]
    fn json_is_a_violation_only_where_the_profile_says_so() {
        let exchange = seen(ReadUser, typed("application/json; charset=utf-8"));
        assert!(matches!(media_type(&Seen::new(&exchange, false)), Verdict::Remark(_)));
        assert!(matches!(media_type(&Seen::new(&exchange, true)), Verdict::Fail { .. }));
    }
}
