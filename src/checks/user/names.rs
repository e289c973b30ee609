//! userName, the one attribute a user must have: there, unique in any case, free again.
//!
//! And the two names for people beside it.

use serde_json::{Value, json};

use crate::checks::check::*;
use crate::checks::steps::*;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "user-username-required",
        Rfc7643("4.1.1"),
        "a user without userName is refused",
        Probe(
            |its| vec![create_user(&without(its.new_user(0), &["userName"]))],
            |said| expect_error(400, &["invalidValue", "invalidSyntax"], &said[0]),
        ),
    )
    .on(Setting::Nothing),
    must(
        "user-username-nonempty",
        Rfc7643("4.1.1"),
        "an empty userName is refused",
        Probe(
            |its| vec![create_user(&user_with(its, &json!({"userName": ""})))],
            |said| expect_status(400, &said[0]),
        ),
    )
    .on(Setting::Nothing),
    must(
        "user-username-unique",
        Rfc7643("4.1.1"),
        "no second user gets a userName that is taken, whatever else differs",
        Probe(
            |its| {
                let taken = json!({"userName": its.user().text("userName")});
                vec![create_user(&changed(its.new_user(1), &taken))]
            },
            |said| expect_status(409, &said[0]),
        ),
    ),
    must(
        "user-username-unique-ci",
        Rfc7643("4.1.1"),
        "a userName in other letters' case is the same",
        Probe(
            |its| {
                let taken = json!({"userName": flipped(its.user().text("userName"))});
                vec![create_user(&changed(its.new_user(1), &taken))]
            },
            |said| expect_status(409, &said[0]),
        ),
    ),
    should(
        "user-username-rename-conflict",
        Rfc7644("3.12"),
        "a rename to a name that is taken is refused, and both users stay as they were",
        Probe(
            |its| {
                let [one, other] = [&its.users[0], &its.users[1]];
                let taken = other.text("userName");
                vec![patch(one, [op("replace", "userName", taken)]), get(one), get(other)]
            },
            |said| {
                let own = |number: usize| said.its.users[number].text("userName");
                all_of([
                    expect_conflict(&said[0]),
                    expect_at("userName", own(0), &said[1]),
                    expect_at("userName", own(1), &said[2]),
                ])
            },
        ),
    )
    .reads(&[A12])
    .on(Setting::Users(2))
    .needs(&[Patch]),
    implied(
        "user-username-rename-case-only",
        Rfc7643("4.1.1"),
        "one's own userName may change its case",
        Probe(
            |its| {
                let loud = flipped(its.user().text("userName"));
                vec![patch(its.user(), [op("replace", "userName", loud)])]
            },
            |said| expect_success(&said[0]),
        ),
    )
    .needs(&[Patch]),
    should(
        "user-username-freed",
        Rfc7644("3.6"),
        "a userName that its user gave up is free",
        Probe(
            |its| {
                let change = op("replace", "userName", its.user_name(5));
                let again = without(its.user().sent.clone(), &["externalId"]);
                vec![patch(its.user(), [change]), create_user(&again)]
            },
            |said| only_if(said[0].is_success(), || expect_created(&said[1])),
        ),
    )
    .needs(&[Patch]),
    should(
        "user-name-consistent",
        Rfc7643("4.1.1"),
        "formatted and the parts of a name do not contradict each other",
        Probe(
            |its| {
                let change = op("replace", "name.familyName", "Brown");
                vec![get(its.user()), patch(its.user(), [change]), get(its.user())]
            },
            |said| {
                let formatted = |seen: &Exchange| {
                    let value = seen.at("/name/formatted");
                    value.and_then(|value| value.as_str().map(str::to_owned))
                };
                let (Some(before), Some(after)) = (formatted(&said[0]), formatted(&said[2])) else {
                    return Verdict::NotApplicable;
                };
                // A client's own text stays until the client changes it.
                let sound = before == after || after.contains("Brown");
                require(sound, "the old text, or one with the new name", after)
            },
        ),
    )
    .needs(&[Patch, Attribute("name")]),
    implied(
        "user-active-created",
        Rfc7643("4.1.1"),
        "a user that is created disabled is disabled",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &json!({"active": false})), said),
            |said| when_made(said, |read| expect_at("active", false, read)),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("active")]),
    should(
        "user-displayname",
        Rfc7643("4.1.1"),
        "displayName keeps what the client sets",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &json!({"displayName": "Ally A."})), said),
            |said| when_made(said, |read| lenient("displayName", &json!("Ally A."), read)),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("displayName")]),
    implied(
        "user-inactive-unique",
        Rfc7643("4.1.1"),
        "a disabled user keeps its userName",
        Probe(
            |its| {
                let taken = json!({"userName": its.user().text("userName")});
                let again = changed(its.new_user(1), &taken);
                vec![patch(its.user(), [op("replace", "active", false)]), create_user(&again)]
            },
            |said| {
                only_if(said[0].is_success(), || match said[1].status() {
                    200..=299 => A54.read_against("free", said[1].told()),
                    _ => {
                        all_of([expect_status(409, &said[1]), A54.read_as("taken", said[1].told())])
                    }
                })
            },
        ),
    )
    .reads(&[A54])
    .needs(&[Patch, Attribute("active")]),
    may(
        "user-active-default",
        Rfc7643("4.1.1"),
        "a user created without active has the one value that create and read both show",
        Dialogue(
            |its, said| create_then_read(&without(its.new_user(0), &["active"]), said),
            |said| {
                when_made(said, |read| {
                    let [created, held] =
                        [&said[0], read].map(|seen| seen.at("/active").unwrap_or(Value::Null));
                    let reading = if held == false { "inactive" } else { "active" };
                    let reading = A53.read_as(reading, format!("`active` {}", shown(&held)));
                    only_if(!created.is_null(), || {
                        all_of([expect("active", created, held), reading])
                    })
                })
            },
        ),
    )
    .reads(&[A53])
    .on(Setting::Nothing)
    .needs(&[Attribute("active")]),
];

#[cfg(test)]
pub(in crate::checks) mod tests {
    use super::*;
    use crate::checks::canary::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let made = || alice(201, &json!({}));
        let conflict = || error(409, "uniqueness");
        let right = || alice(200, &json!({}));
        let ben = || alice(200, &json!({"userName": "ben.walker.m.1@example.com"}));
        let formatted = |text: &str| alice(200, &json!({"name": {"formatted": text}}));
        vec![
            canary("user-username-required", [error(400, "invalidValue")], [made()]),
            canary("user-username-nonempty", [error(400, "invalidValue")], [made()]),
            canary("user-username-unique", [conflict()], [made()]),
            canary("user-username-unique-ci", [conflict()], [made()]),
            canary(
                "user-username-rename-conflict",
                [conflict(), right(), ben()],
                [conflict(), ben(), ben()],
            ),
            canary("user-username-rename-case-only", [empty(204)], [conflict()]),
            canary("user-username-freed", [empty(204), made()], [empty(204), conflict()]),
            canary(
                "user-name-consistent",
                [right(), empty(204), right()],
                [right(), empty(204), formatted("Zoe")],
            ),
            canary(
                "user-active-created",
                [made(), alice(200, &json!({"active": false}))],
                [made(), right()],
            ),
            canary("user-displayname", [made(), right()], [error(500, "")]),
            canary("user-inactive-unique", [empty(204), conflict()], [empty(204), made()]),
            canary(
                "user-active-default",
                [made(), right()],
                [made(), alice(200, &json!({"active": false}))],
            ),
        ]
    }
}
