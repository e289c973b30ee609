//! externalId, the client's own name for a resource (RFC 7643 §3.1): kept to the letter.
//!
//! Entra joins by it next to userName.

use serde_json::json;

use crate::checks::check::*;
use crate::checks::steps::*;

const NEEDS: &[Capability] = &[Attribute("externalId")];

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    implied(
        "extid-roundtrip",
        Rfc7643("3.1"),
        "an externalId comes back as it was set, letter case included",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &json!({"externalId": mixed(its)})), said),
            |said| {
                when_made(said, |read| {
                    let held = read.at("/externalId").unwrap_or_default();
                    expect("externalId", json!(mixed(&said.its)), held)
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    must(
        "extid-not-invented",
        Rfc7643("3.1"),
        "a resource created without externalId has none",
        Dialogue(
            |its, said| create_then_read(&without(its.new_user(0), &["externalId"]), said),
            |said| only_if(said.exchanges.len() > 1, || expect_unassigned("externalId", &said[1])),
        ),
    )
    .on(Setting::Nothing),
    implied(
        "extid-update",
        Rfc7643("3.1"),
        "externalId can be replaced",
        Probe(
            |its| {
                vec![patch(its.user(), [op("replace", "externalId", mixed(its))]), get(its.user())]
            },
            |said| {
                let new = mixed(&said.its);
                all_of([expect_success(&said[0]), expect_at("externalId", new, &said[1])])
            },
        ),
    )
    .needs(&[Patch, Attribute("externalId")]),
    implied(
        "extid-no-uniqueness",
        Rfc7643("3.1"),
        "two users may have one externalId: its uniqueness is the client's affair",
        Probe(
            |its| {
                let same = json!({"externalId": its.user().text("externalId")});
                vec![create_user(&changed(its.new_user(1), &same))]
            },
            |said| match said[0].status() {
                409 => Verdict::Remark("a second user with the same externalId is refused".into()),
                _ => expect_created(&said[0]),
            },
        ),
    )
    .needs(NEEDS),
    must(
        "extid-filter-case",
        Rfc7643("3.1"),
        "externalId is compared with regard to letter case",
        Probe(
            |its| {
                let own = its.user().text("externalId");
                vec![
                    find("/Users", &equals("externalId", own)),
                    find("/Users", &equals("externalId", &flipped(own))),
                ]
            },
            |said| {
                only_if(matches!(expect_hits(1, &said[0]), Verdict::Pass), || {
                    expect_hits(0, &said[1])
                })
            },
        ),
    )
    .needs(&[Filter, Attribute("externalId")]),
];

/// An externalId whose letters differ in case.
fn mixed(its: &Fixture) -> String {
    format!("AbC-{}-xYz", its.marker)
}

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
        let read = |id: &str| alice(200, &json!({"externalId": id}));
        let hit = || list(&[json!({"id": "user-0"})]);
        vec![
            canary("extid-roundtrip", [made(), read("AbC-m-xYz")], [made(), read("abc-m-xyz")]),
            canary("extid-not-invented", [made(), read("")], [made(), read("1")]),
            canary("extid-update", [empty(204), read("AbC-m-xYz")], [error(400, ""), read("m-0")]),
            canary("extid-no-uniqueness", [error(409, "uniqueness")], [error(500, "")]),
            canary("extid-filter-case", [hit(), list(&[])], [hit(), hit()]),
        ]
    }
}
