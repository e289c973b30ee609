//! The manager: the one reference between users, and the forms in which Entra writes it.
//!
//! RFC 7643 §4.3 makes it an object with `value`; Entra sends a bare id, an object or a list of
//! one, and clears it with an empty text.

use serde_json::{Value, json};

use super::check::*;

const MANAGER: &str = "enterprise.manager.value";
const NEEDS: &[Capability] = &[Patch, Enterprise, Manager];

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "entra-manager-add",
        Entra("SCIM Validator, Patch User, Add Manager"),
        "a manager is set by add with an object that holds its id",
        Probe(
            |its| vec![manage(its, "add", json!({"value": its.users[1].id})), get(its.user())],
            |said| managed_by(said, 1),
        ),
    )
    .on(Setting::Users(2))
    .needs(NEEDS),
    must(
        "entra-manager-replace",
        Entra(
            "SCIM Validator, Patch User, Replace Manager; gallery validator, User_Update_Manager",
        ),
        "another manager takes the place of the first",
        Probe(
            |its| {
                vec![
                    manage(its, "add", json!({"value": its.users[1].id})),
                    manage(its, "replace", json!({"value": its.users[2].id})),
                    get(its.user()),
                ]
            },
            |said| all_of([expect_success(&said[1]), managed_by(said, 2)]),
        ),
    )
    .on(Setting::Users(3))
    .needs(NEEDS),
    should(
        "ent-manager-string",
        Entra("Develop a SCIM endpoint, manager as a bare id"),
        "a manager is set by a bare id under the full URN",
        Probe(
            |its| vec![manage(its, "add", json!(its.users[1].id)), get(its.user())],
            |said| managed_by(said, 1),
        ),
    )
    .on(Setting::Users(2))
    .needs(NEEDS),
    should(
        "ent-manager-array",
        Entra("Develop a SCIM endpoint, Add Manager"),
        "a manager is set by a list of one under the path manager",
        Probe(
            |its| {
                let boss = &its.users[1].id;
                let value = json!([{"$ref": format!("/Users/{boss}"), "value": boss}]);
                vec![patch(its.user(), [op("add", "manager", value)]), get(its.user())]
            },
            |said| managed_by(said, 1),
        ),
    )
    .on(Setting::Users(2))
    .needs(NEEDS),
    should(
        "ent-manager-clear-empty",
        Entra("SCIM Validator, Patch User, Remove Manager"),
        "replacing the manager by an empty text clears it",
        Probe(|its| cleared(its, json!("")), is_cleared),
    )
    .on(Setting::Users(2))
    .needs(NEEDS),
    should(
        "entra-manager-clear-object",
        Entra("gallery validator, User_Update_Manager_Test"),
        "replacing the manager by an object with an empty value clears it",
        Probe(|its| cleared(its, json!({"value": ""})), is_cleared),
    )
    .on(Setting::Users(2))
    .needs(NEEDS),
];

/// Writes the first user's manager.
fn manage(its: &Fixture, word: &str, value: Value) -> Request {
    patch(its.user(), [op(word, &enterprise("manager"), value)])
}

fn managed_by(said: &Said, number: usize) -> Verdict {
    let boss = said.its.users[number].id.as_str();
    all_of([expect_success(&said[0]), expect_at(MANAGER, boss, said.last())])
}

fn cleared(its: &Fixture, nothing: Value) -> Vec<Request> {
    vec![
        manage(its, "add", json!({"value": its.users[1].id})),
        get(its.user()),
        manage(its, "replace", nothing),
        get(its.user()),
    ]
}

fn is_cleared(said: &Said) -> Verdict {
    if matches!(managed_after(said), Verdict::Fail { .. }) {
        return Verdict::CannotTell("no manager could be set that might be cleared".to_owned());
    }
    let leftover = said.last().json().and_then(|body| at(&body, "enterprise.manager"));
    let remark = match leftover {
        Some(left) if is_unassigned(&left) && !left.is_null() => {
            Verdict::Remark(format!("a cleared manager stays as {left}"))
        }
        _ => Verdict::Pass,
    };
    all_of([expect_success(&said[2]), expect_unassigned(MANAGER, said.last()), remark])
}

fn managed_after(said: &Said) -> Verdict {
    expect_at(MANAGER, said.its.users[1].id.as_str(), &said[1])
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;
    use crate::scim;

    fn user(manager: impl Into<Value>) -> Answer {
        let manager = manager.into();
        answer(200, &json!({"id": "user-0", scim::ENTERPRISE_USER: {"manager": manager}}))
    }

    fn under(id: &str) -> Answer {
        user(json!({"value": id}))
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let set = || [empty(204), under("user-1")];
        let clear = |read| [empty(204), under("user-1"), empty(204), read];
        vec![
            canary("entra-manager-add", set(), [empty(204), user(Value::Null)]),
            canary(
                "entra-manager-replace",
                [empty(204), empty(204), under("user-2")],
                [empty(204), empty(204), under("user-1")],
            ),
            canary("ent-manager-string", set(), [empty(204), user(json!("user-1"))]),
            canary("ent-manager-array", set(), [error(400, ""), user(Value::Null)]),
            canary(
                "ent-manager-clear-empty",
                clear(user(json!({"value": ""}))),
                clear(under("user-1")),
            ),
            canary("entra-manager-clear-object", clear(user(Value::Null)), clear(under("user-1"))),
        ]
    }
}
