//! Members of a group: added and removed in both dialects, one by one and many at once.
//!
//! Losing a member, or emptying a group while one member was to go, is the worst a tenant can do
//! here; after each write the group is read and its members are counted.

use serde_json::{Value, json};

use super::check::*;

const THREE_MEMBERS: Setting = Setting::Group { users: 3, members: 3 };
const THREE_USERS: Setting = Setting::Group { users: 3, members: 0 };
const NEEDS: &[Capability] = &[Group, Patch];

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "entra-add-member",
        Entra("Develop a SCIM endpoint, Add Members"),
        "a member is added by add with the path members",
        Probe(
            |its| vec![patch(its.group(), [add(&[its.user()])]), get(its.group())],
            |said| holds(said, &[said.its.user()]),
        ),
    )
    .on(THREE_USERS)
    .needs(NEEDS),
    must(
        "group-member-null-ref",
        Entra("Develop a SCIM endpoint, Add Members"),
        "a member may come with $ref null",
        Probe(
            |its| {
                let member = json!([{"$ref": null, "value": its.user().id}]);
                vec![patch(its.group(), [op("add", "members", member)]), get(its.group())]
            },
            |said| holds(said, &[said.its.user()]),
        ),
    )
    .on(THREE_USERS)
    .needs(NEEDS),
    should(
        "group-member-bare-string",
        Entra("reference server's tests, Group patch add member"),
        "a member given as a bare id is added, or refused cleanly",
        Probe(
            |its| {
                let member = json!(its.user().id);
                vec![patch(its.group(), [op("add", "members", member)]), get(its.group())]
            },
            |said| match said[0].status() {
                400 => holds_after(said, &[]),
                _ => holds(said, &[said.its.user()]),
            },
        ),
    )
    .on(THREE_USERS)
    .needs(NEEDS),
    must(
        "group-multi-add-one-op",
        Entra("gallery requirements: several members in one PATCH"),
        "one operation adds several members",
        Probe(
            |its| {
                let all: Vec<&Known> = its.users.iter().collect();
                vec![patch(its.group(), [add(&all)]), get(its.group())]
            },
            |said| holds(said, &said.its.users.iter().collect::<Vec<_>>()),
        ),
    )
    .on(Setting::Group { users: 20, members: 0 })
    .needs(NEEDS),
    must(
        "group-members-remove-valuearray",
        Entra("SCIM 2.0 protocol compliance, remove a group member, default dialect"),
        "remove with the path members and a value removes that member and no other",
        Probe(
            |its| {
                let member = json!([{"value": its.user().id}]);
                vec![patch(its.group(), [op("remove", "members", member)]), get(its.group())]
            },
            |said| {
                let [gone, one, other] = [0, 1, 2].map(|number| &said.its.users[number]);
                let held = |users: &[&Known]| holds_after(said, users) == Verdict::Pass;
                match said[0].status() {
                    200..=299 if held(&[]) => A16.read_as("all", "every member is gone"),
                    400 if held(&[gone, one, other]) => A16.read_as("refuses", said[0].told()),
                    _ => {
                        all_of([holds(said, &[one, other]), A16.read_as("listed", said[0].told())])
                    }
                }
            },
        ),
    )
    .reads(&[A16])
    .on(THREE_MEMBERS)
    .needs(NEEDS),
    must(
        "entra-remove-member-flagged",
        Entra("SCIM Validator, Patch Group, Remove Member"),
        "remove with members[value eq id] removes that member and no other",
        Probe(
            |its| {
                let path = format!("members[value eq {}]", json!(its.user().id));
                vec![patch(its.group(), [remove(&path)]), get(its.group())]
            },
            |said| holds(said, &[&said.its.users[1], &said.its.users[2]]),
        ),
    )
    .on(THREE_MEMBERS)
    .needs(NEEDS),
    should(
        "group-members-replace",
        Entra("SCIM Validator, Patch Group, Add Member"),
        "replace of members leaves exactly the given ones",
        Probe(
            |its| {
                let member = json!([{"value": its.users[2].id}]);
                vec![patch(its.group(), [op("replace", "members", member)]), get(its.group())]
            },
            |said| holds(said, &[&said.its.users[2]]),
        ),
    )
    .on(Setting::Group { users: 3, members: 2 })
    .needs(NEEDS),
    must(
        "group-multi-ops",
        Rfc7644("3.5.2"),
        "operations on members in one PATCH apply in order: added and removed again is not there",
        Probe(
            |its| {
                let path = format!("members[value eq {}]", json!(its.user().id));
                vec![patch(its.group(), [add(&[its.user()]), remove(&path)]), get(its.group())]
            },
            |said| holds(said, &[]),
        ),
    )
    .on(THREE_USERS)
    .needs(NEEDS),
    should(
        "group-member-dup-add",
        Rfc7644("3.5.2.1"),
        "adding a member that is there already succeeds and changes nothing",
        Probe(
            |its| vec![patch(its.group(), [add(&[its.user()])]), get(its.group())],
            |said| holds(said, &said.its.users.iter().collect::<Vec<_>>()),
        ),
    )
    .on(THREE_MEMBERS)
    .needs(NEEDS),
    should(
        "group-member-absent-remove",
        Rfc7644("3.5.2.2"),
        "removing a member that is not there succeeds and changes nothing",
        Probe(
            |its| {
                let path = format!("members[value eq {}]", json!(its.users[2].id));
                vec![patch(its.group(), [remove(&path)]), get(its.group())]
            },
            |said| {
                let users = &said.its.users;
                match (said[0].status(), said[0].scim_error().and_then(|error| error.scim_type)) {
                    // Table 9 of RFC 7644 names noTarget where its prose asks for success.
                    (400, Some(kind)) if kind == "noTarget" => all_of([
                        A15.read_as("no-target", "refused with noTarget"),
                        holds_after(said, &[&users[0], &users[1]]),
                    ]),
                    _ => holds(said, &[&users[0], &users[1]]),
                }
            },
        ),
    )
    .reads(&[A15])
    .on(Setting::Group { users: 3, members: 2 })
    .needs(NEEDS),
    must(
        "entra-concurrent-members",
        Entra("one PATCH a member, up to five in flight"),
        "members added at the same time are all there afterwards",
        Race(
            |its| its.users.iter().map(|user| patch(its.group(), [add(&[user])])).collect(),
            |its| vec![get(its.group())],
            |said| {
                let busy = |seen: &&Exchange| matches!(seen.status(), 409 | 412 | 423);
                if let Some(seen) = said.exchanges.iter().find(busy) {
                    return fail("every PATCH taken", seen.told());
                }
                let writes = &said.exchanges[..said.exchanges.len() - 1];
                let all: Vec<&Known> = said.its.users.iter().collect();
                all_of([
                    worst(writes.iter().map(expect_success)),
                    expect_members(&all, said.last()),
                ])
            },
        ),
    )
    .on(Setting::Group { users: 5, members: 0 })
    .needs(NEEDS),
    must(
        "entra-group-lifecycle",
        Entra("Develop a SCIM endpoint, group operations"),
        "created empty, given members, relieved of one, deleted: each step does what it says",
        Probe(
            |its| {
                let gone = json!([{"value": its.users[1].id}]);
                vec![
                    patch(its.group(), [add(&[its.user()])]),
                    patch(its.group(), [add(&[&its.users[1]])]),
                    patch(its.group(), [op("remove", "members", gone)]),
                    get(its.group()),
                    delete(its.group()),
                    get(its.group()),
                ]
            },
            |said| {
                let steps = [0, 1, 2, 4].map(|place| expect_success(&said[place]));
                all_of([
                    all_of(steps),
                    expect_members(&[said.its.user()], &said[3]),
                    expect_gone(&said[5]),
                ])
            },
        ),
    )
    .on(Setting::Group { users: 2, members: 0 })
    .needs(NEEDS),
];

/// Adds these users as Entra does.
fn add(users: &[&Known]) -> Value {
    let members: Vec<Value> = users.iter().map(|user| json!({"value": user.id})).collect();
    op("add", "members", members)
}

/// The PATCH succeeded and the group holds exactly these.
fn holds(said: &Said, users: &[&Known]) -> Verdict {
    all_of([expect_success(&said[0]), holds_after(said, users)])
}

fn holds_after(said: &Said, users: &[&Known]) -> Verdict {
    expect_members(users, said.last())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    fn then(members: &[&str]) -> [Answer; 2] {
        [empty(204), group_of(members)]
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let one = ["user-0"];
        let rest = ["user-2", "user-1"];
        let all = ["user-0", "user-1", "user-2"];
        let twenty: Vec<String> = (0..20).map(|number| format!("user-{number}")).collect();
        let twenty: Vec<&str> = twenty.iter().map(String::as_str).collect();
        let five =
            [empty(204), empty(204), empty(204), empty(204), empty(204), group_of(&twenty[..5])];
        let lost =
            [empty(204), empty(204), empty(204), empty(204), empty(204), group_of(&twenty[..4])];
        let life = |read| [empty(204), empty(204), empty(204), read, empty(204), error(404, "")];
        vec![
            canary("entra-add-member", then(&one), then(&[])),
            canary("group-member-null-ref", then(&one), [error(400, ""), group_of(&[])]),
            canary("group-member-bare-string", [error(400, ""), group_of(&[])], then(&[])),
            canary("group-multi-add-one-op", then(&twenty), then(&all)),
            canary("group-members-remove-valuearray", then(&rest), then(&[])),
            canary("entra-remove-member-flagged", then(&rest), then(&all)),
            canary("group-members-replace", then(&["user-2"]), then(&all)),
            canary("group-multi-ops", then(&[]), then(&one)),
            canary("group-member-dup-add", then(&all), [error(409, ""), group_of(&all)]),
            canary("group-member-absent-remove", then(&all[..2]), then(&[])),
            canary("entra-concurrent-members", five, lost),
            canary("entra-group-lifecycle", life(group_of(&["user-0"])), life(group_of(&[]))),
        ]
    }
}
