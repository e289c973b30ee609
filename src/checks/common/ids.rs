//! The id that a tenant gives: its own, for ever, for one resource alone (RFC 7643 §3.1).
//!
//! Entra keeps it as the only name of what it has provisioned.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::checks::answers::each_resource;
use crate::checks::check::*;
use crate::checks::steps::*;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "id-unique-global",
        Rfc7643("3.1"),
        "no two resources share an id, not even a user and a group",
        Probe(
            |its| {
                let users: Vec<String> =
                    its.users.iter().map(|it| equals("userName", it.text("userName"))).collect();
                let group = equals("displayName", its.group().text("displayName"));
                vec![query(&users.join(" or ")), find("/Groups", &group)]
            },
            |said| {
                let mut ids: Vec<String> =
                    said.its.users.iter().chain(&said.its.group).map(|it| it.id.clone()).collect();
                let own: BTreeSet<String> = ids.iter().cloned().collect();
                for list in said.exchanges.iter().filter_map(|seen| seen.list().ok()) {
                    let listed: BTreeSet<String> = list
                        .resources
                        .iter()
                        .filter_map(|it| Some(it["id"].as_str()?.to_owned()))
                        .collect();
                    ids.extend(listed.difference(&own).cloned());
                }
                let mut seen = BTreeSet::new();
                match ids.into_iter().find(|id| !seen.insert(id.clone())) {
                    Some(id) => fail("ids that differ", format!("id {id:?} of two resources")),
                    None => Verdict::Pass,
                }
            },
        ),
    )
    .on(Setting::Group { users: 2, members: 0 })
    .needs(&[Group, Filter]),
    must(
        "id-server-issued",
        Rfc7643("3.1"),
        "an id in the body of a create is not taken over",
        Probe(
            |its| vec![create_user(&user_with(its, &json!({"id": own_id(its)})))],
            |said| {
                let taken = said[0].id().is_some_and(|id| id == own_id(&said.its));
                let own = require(!taken, "an id of the server's", "the client's id");
                let refused = || Verdict::Remark(format!("refused: {}", said[0].told()));
                let created = match said[0].status() {
                    400 => refused(),
                    _ => expect_created(&said[0]),
                };
                all_of([created, own])
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "id-no-bulkid-word",
        Rfc7643("3.1"),
        "no id holds the word bulkId, which is kept for bulk requests",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
                require(!id.contains("bulkId"), "an id without bulkId", id)
            })
        }),
    ),
    implied(
        "id-case-exact",
        Rfc7643("3.1"),
        "ids differ by letter case: the same letters in another case name nothing",
        Probe(
            |its| vec![Request::get(format!("/Users/{}", encoded(&flipped(&its.user().id))))],
            |said| {
                only_if(flipped(&said.its.user().id) != said.its.user().id, || {
                    match said[0].status() {
                        200 => Verdict::Remark("an id is found in another case".to_owned()),
                        400 => A51.read_as("bad-request", "an unknown id is answered 400"),
                        _ => expect_gone(&said[0]),
                    }
                })
            },
        ),
    )
    .reads(&[A51]),
    must(
        "id-not-reused",
        Rfc7643("3.1"),
        "who is created again after a deletion gets another id",
        Probe(
            |its| vec![delete(its.user()), create_user(&its.user().sent)],
            |said| {
                only_if(said[0].is_success() && said[1].is_success(), || {
                    let again = said[1].id().unwrap_or_default();
                    require(again != said.its.user().id, "a new id", format!("{again:?} again"))
                })
            },
        ),
    ),
    implied(
        "id-path-addressable",
        Rfc7644("3.4.1"),
        "a resource is read under its id, also under the one a list shows",
        Dialogue(
            |its, said| match said {
                [] => Some(find("/Users", &equals("userName", its.user().text("userName")))),
                [listed] => {
                    let id = only_hit(listed)?["id"].as_str()?.to_owned();
                    Some(Request::get(format!("/Users/{}", encoded(&id))))
                }
                _ => None,
            },
            |said| {
                only_if(said.exchanges.len() > 1, || {
                    let user_name = said.its.user().text("userName");
                    let read = expect_status(200, said.last());
                    all_of([read, expect_at("userName", user_name, said.last())])
                })
            },
        ),
    )
    .needs(&[Filter]),
    implied(
        "id-wrong-type-404",
        Rfc7644("3.12"),
        "the id of a group is unknown among the users",
        Probe(
            |its| vec![Request::get(format!("/Users/{}", encoded(&its.group().id)))],
            |said| match said[0].status() {
                400 => A51.read_as("bad-request", "an unknown id is answered 400"),
                _ => expect_gone(&said[0]),
            },
        ),
    )
    .reads(&[A51])
    .on(Setting::Group { users: 0, members: 0 })
    .needs(&[Group]),
];

fn own_id(its: &Fixture) -> String {
    format!("{}-own", its.marker)
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
        let read = |id: &str| {
            let request = Request::get("/Users/1");
            exchange(Operation::ReadUser, request, alice(200, &json!({"id": id})))
        };
        let hit = || list(&[json!({"id": "user-0"})]);
        let right = || alice(200, &json!({}));
        let gone = || error(404, "");
        vec![
            canary(
                "id-unique-global",
                [hit(), list(&[json!({"id": "9"})])],
                [list(&[json!({"id": "9"})]), list(&[json!({"id": "9"})])],
            ),
            canary(
                "id-server-issued",
                [alice(201, &json!({}))],
                [alice(201, &json!({"id": "m-own"}))],
            ),
            heard("id-no-bulkid-word", read("1"), read("bulkId:1")),
            canary("id-case-exact", [gone()], [error(500, "")]),
            canary(
                "id-not-reused",
                [empty(204), alice(201, &json!({"id": "user-9"}))],
                [empty(204), alice(201, &json!({}))],
            ),
            canary("id-path-addressable", [hit(), right()], [hit(), gone()]),
            canary("id-wrong-type-404", [gone()], [right()]),
        ]
    }
}
