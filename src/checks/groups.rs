//! The life of a group as Entra lives it: created, looked up without members, deleted.
//!
//! Its renaming stands in `rename.rs`, its members in `members.rs`.

use serde_json::{Value, json};

use super::check::*;
use super::users::delete_again;
use crate::scim;

const GROUP_ONLY: Setting = Setting::Group { users: 0, members: 0 };
const ONE_MEMBER: Setting = Setting::Group { users: 1, members: 1 };

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "entra-create-group",
        Entra("SCIM Validator, Create a new Group"),
        "a created group is found by displayName and holds its externalId where one is kept",
        Dialogue(
            |its, said| match said {
                [] => Some(create_group(&plain_group(its, &[scim::GROUP]))),
                [_] => Some(find_group(&equals("displayName", &its.group_name(0)))),
                [made, _] => by_id("/Groups", made),
                _ => None,
            },
            |said| {
                // A server without groups has nowhere to create one.
                if matches!(said[0].status(), 403..=405 | 501) {
                    return Verdict::NotApplicable;
                }
                let created = expect_created(&said[0]);
                let (Some(id), 3) = (said[0].id(), said.exchanges.len()) else { return created };
                let sent = plain_group(&said.its, &[scim::GROUP]);
                all_of([created, expect_hit(&id, &said[1]), expect_echo(&sent, &said[2])])
            },
        ),
    )
    .on(Setting::Nothing),
    should(
        "group-foreign-schema-urn",
        Entra("Develop a SCIM endpoint, Create Group"),
        "Microsoft's own Group URN beside the core one does not fail a create",
        Probe(
            |its| {
                let mut body = plain_group(its, &[scim::GROUP, scim::MICROSOFT_GROUP]);
                body["meta"] = json!({"resourceType": "Group"});
                vec![create_group(&body)]
            },
            |said| expect_created(&said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Group]),
    should(
        "group-displayname-unique",
        Entra("SCIM Validator, Create a duplicate Group"),
        "a second group with the same displayName is a conflict",
        Probe(
            |its| vec![create_group(&plain_group(its, &[scim::GROUP]))],
            |said| expect_status(409, &said[0]),
        ),
    )
    .on(GROUP_ONLY)
    .needs(&[Group]),
    must(
        "group-get-excl-members",
        Entra("SCIM Validator, Get group by id excluding members"),
        "a read of a group with excludedAttributes=members leaves members out",
        Probe(
            |its| {
                let target = format!("{}?excludedAttributes=members", its.group().path());
                vec![Request::get(target)]
            },
            |said| {
                all_of([
                    expect_status(200, &said[0]),
                    expect_at("displayName", said.its.group_name(0), &said[0]),
                    without_members(said[0].json().as_ref()),
                ])
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(&[Group]),
    must(
        "group-filter-displayname",
        Entra("Develop a SCIM endpoint, Get Group by displayName"),
        "displayName eq with excludedAttributes=members finds the one group",
        Probe(
            |its| vec![find_group(&equals("displayName", its.group().text("displayName")))],
            |said| {
                let hit = expect_hit(&said.its.group().id, &said[0]);
                match without_members(only_hit(&said[0]).as_ref()) {
                    Verdict::Fail { actual, .. } if hit == Verdict::Pass => {
                        Verdict::Remark(format!("{actual} although excluded"))
                    }
                    _ => hit,
                }
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(&[Group]),
    must(
        "entra-group-filter",
        Entra("SCIM Validator, Filter for an existing group"),
        "displayName eq finds the one group and shows its members",
        Probe(
            |its| {
                let filter = equals("displayName", its.group().text("displayName"));
                vec![find("/Groups", &filter), get(its.group())]
            },
            |said| {
                let shown = only_hit(&said[0]).as_ref().and_then(members).unwrap_or_default();
                let held = said[1].json().as_ref().and_then(members).unwrap_or_default();
                let hit = expect_hit(&said.its.group().id, &said[0]);
                if hit == Verdict::Pass && shown != held {
                    // A thinner list entry is legal, yet the gallery validator reads there.
                    return A20.read_as("thinner", "a list shows fewer members than a read");
                }
                hit
            },
        ),
    )
    .reads(&[A20])
    .on(ONE_MEMBER)
    .needs(&[Group]),
    must(
        "entra-group-filter-none",
        Entra("SCIM Validator, Filter for a non-existing group"),
        "displayName eq of an unknown name answers 200 with totalResults 0",
        Probe(
            |its| vec![find_group(&equals("displayName", &its.group_name(7)))],
            |said| all_of([expect_status(200, &said[0]), expect_hits(0, &said[0])]),
        ),
    )
    .on(GROUP_ONLY)
    .needs(&[Group]),
    must(
        "entra-group-filter-case",
        Entra("SCIM Validator, Filter for an existing group with a different case"),
        "displayName eq pays no regard to letter case",
        Probe(
            |its| {
                let swapped = its.group().text("displayName").to_ascii_uppercase();
                vec![find_group(&equals("displayName", &swapped))]
            },
            |said| expect_hit(&said.its.group().id, &said[0]),
        ),
    )
    .on(GROUP_ONLY)
    .needs(&[Group, Filter]),
    must(
        "entra-group-replace-external-id",
        Entra("SCIM Validator, Patch Group, Replace Attributes"),
        "a group's externalId can be replaced",
        Probe(
            |its| {
                let change = json!({"externalId": format!("{}-new", its.marker)});
                vec![patch(its.group(), [merge("replace", change)]), get(its.group())]
            },
            |said| {
                let new = format!("{}-new", said.its.marker);
                all_of([expect_success(&said[0]), expect_at("externalId", new, &said[1])])
            },
        ),
    )
    .on(GROUP_ONLY)
    .needs(&[Group, Patch, GroupAttribute("externalId")]),
    must(
        "delete-group-204",
        Rfc7644("3.6"),
        "a deleted group is gone: a DELETE answers 204, a later read 404, no filter finds it",
        Probe(
            |its| {
                let filter = equals("displayName", its.group().text("displayName"));
                vec![delete(its.group()), get(its.group()), find_group(&filter)]
            },
            |said| {
                all_of([expect_deleted(&said[0]), expect_gone(&said[1]), expect_hits(0, &said[2])])
            },
        ),
    )
    .on(GROUP_ONLY)
    .needs(&[Filter, Group]),
    must(
        "entra-delete-group-twice",
        Entra("SCIM Validator, Delete the same Group twice"),
        "deleting a group twice answers 404 the second time",
        Probe(|its| vec![delete(its.group()), delete(its.group())], |said| delete_again(&said[1])),
    )
    .on(GROUP_ONLY)
    .needs(&[Group]),
    should(
        "entra-delete-unknown-group",
        Entra("SCIM Validator, Delete a non-existent Group"),
        "deleting a group that never was answers 404",
        Probe(
            |its| vec![Request::delete(format!("/Groups/{}", its.absent))],
            |said| expect_gone(&said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Group]),
    implied(
        "group-delete-keeps-users",
        Rfc7643("4.2"),
        "deleting a group leaves its members where they are",
        Probe(
            |its| vec![delete(its.group()), get(its.user())],
            |said| expect_status(200, &said[1]),
        ),
    )
    .on(ONE_MEMBER)
    .needs(&[Group]),
];

/// A group without members, under the fixture's first name.
fn plain_group(its: &Fixture, schemas: &[&str]) -> Value {
    json!({
        "schemas": schemas,
        "externalId": format!("{}-plain", its.marker),
        "displayName": its.group_name(0),
    })
}

fn without_members(group: Option<&Value>) -> Verdict {
    let count = group.map_or(0, |group| group["members"].as_array().map_or(0, Vec::len));
    require(count == 0, "no members", format!("{count} members shown"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    fn group(members: &[&str]) -> Value {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        json!({"schemas": [scim::GROUP], "id": "group-0", "displayName": "Sales m 0",
               "externalId": "m-plain", "members": members})
    }

    fn read(body: &Value) -> Answer {
        answer(200, body)
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let made = || answer(201, &group(&[]));
        let hit = || list(&[group(&[])]);
        let new_id = || read(&json!({"id": "group-0", "externalId": "m-new"}));
        let gone = || error(404, "");
        let wrong = json!({"id": "group-0", "displayName": "Other"});
        let full = || read(&group(&["user-0"]));
        vec![
            canary(
                "entra-create-group",
                [made(), hit(), read(&group(&[]))],
                [made(), hit(), read(&wrong)],
            ),
            canary("group-foreign-schema-urn", [made()], [error(400, "invalidValue")]),
            canary("group-displayname-unique", [error(409, "uniqueness")], [made()]),
            canary("group-get-excl-members", [read(&group(&[]))], [full()]),
            canary("group-filter-displayname", [hit()], [list(&[])]),
            canary(
                "entra-group-filter",
                [list(&[group(&["user-0"])]), full()],
                [list(&[group(&[]), group(&[])]), full()],
            ),
            canary("entra-group-filter-none", [list(&[])], [gone()]),
            canary("entra-group-filter-case", [hit()], [list(&[])]),
            canary("entra-group-replace-external-id", [empty(204), new_id()], [empty(204), full()]),
            canary(
                "delete-group-204",
                [empty(204), gone(), list(&[])],
                [error(400, ""), full(), hit()],
            ),
            canary("entra-delete-group-twice", [empty(204), gone()], [empty(204), error(500, "")]),
            canary("entra-delete-unknown-group", [gone()], [empty(204)]),
            canary("group-delete-keeps-users", [empty(204), full()], [empty(204), gone()]),
        ]
    }
}
