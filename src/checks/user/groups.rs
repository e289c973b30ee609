//! A user's `groups`: the tenant's to say, never the client's to set (RFC 7643 §4.1.2).

use serde_json::{Value, json};

use crate::checks::check::*;
use crate::checks::steps::*;

const EMPTY_GROUP: Setting = Setting::Group { users: 1, members: 0 };
const ONE_MEMBER: Setting = Setting::Group { users: 1, members: 1 };
const NEEDS: &[Capability] = &[Group, Attribute("groups")];

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "user-groups-in-ignored",
        Rfc7643("4.1.2"),
        "groups in the body of a create make nobody a member",
        Probe(
            |its| {
                let groups = json!({"groups": [member(&its.group().id)]});
                vec![create_user(&changed(its.new_user(1), &groups)), get(its.group())]
            },
            |said| match said[0].status() {
                400 => Verdict::Remark(format!("groups are refused: {}", said[0].told())),
                _ => all_of([expect_created(&said[0]), expect_members(&[], &said[1])]),
            },
        ),
    )
    .on(EMPTY_GROUP)
    .needs(&[Group]),
    must(
        "user-groups-patch-refused",
        Rfc7643("4.1.2"),
        "a PATCH of a user's groups is refused and makes nobody a member",
        Probe(
            |its| {
                let groups = json!([member(&its.group().id)]);
                vec![patch(its.user(), [op("add", "groups", groups)]), get(its.group())]
            },
            |said| {
                let refused = if said[0].is_success() {
                    Verdict::Remark("a write of groups is answered with success".to_owned())
                } else {
                    expect_error(400, &["mutability"], &said[0])
                };
                all_of([refused, expect_members(&[], &said[1])])
            },
        ),
    )
    .on(EMPTY_GROUP)
    .needs(&[Patch, Group, Attribute("groups")]),
    implied(
        "user-groups-reflects",
        Rfc7643("4.1.2"),
        "a group that holds a user stands among the user's groups",
        Probe(
            |its| vec![get(its.user())],
            |said| {
                let held = texts(&said[0].json().unwrap_or_default(), "groups", "value");
                require(!held.is_empty(), "a group", "none")
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(NEEDS),
    implied(
        "user-groups-all",
        Rfc7643("4.1.2"),
        "every group that holds a user stands among the user's groups",
        Probe(
            |its| {
                let name = json!({"displayName": its.group_name(1)});
                let second = changed(without(its.new_group(1), &["externalId"]), &name);
                vec![create_group(&second), get(its.user())]
            },
            |said| {
                only_if(said[0].is_success(), || {
                    let held = texts(&said[1].json().unwrap_or_default(), "groups", "value");
                    let ids = [Some(said.its.group().id.clone()), said[0].id()];
                    let all = ids.iter().flatten().all(|id| held.contains(id));
                    require(all, "two groups", shown(&json!(held)))
                })
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(NEEDS),
    implied(
        "user-groups-left",
        Rfc7643("4.1.2"),
        "a group that a user has left no longer stands among the user's groups",
        Probe(
            |its| {
                let path = format!("members[value eq {}]", json!(its.user().id));
                vec![patch(its.group(), [remove(&path)]), get(its.user())]
            },
            |said| in_no_group(said),
        ),
    )
    .on(ONE_MEMBER)
    .needs(&[Patch, Group, Attribute("groups")]),
    implied(
        "user-groups-deleted",
        Rfc7643("4.1.2"),
        "a group that is deleted no longer stands among its members' groups",
        Probe(|its| vec![delete(its.group()), get(its.user())], |said| in_no_group(said)),
    )
    .on(ONE_MEMBER)
    .needs(NEEDS),
    must(
        "user-groups-value",
        Rfc7643("4.1.2"),
        "groups.value is the group's id, and $ref leads to it",
        Probe(
            |its| vec![get(its.user())],
            |said| {
                let groups = said[0].at("/groups").unwrap_or_default();
                let id = said.its.group().id.as_str();
                only_if(!is_unassigned(&groups), || {
                    let link = groups[0]["$ref"].as_str().map(str::to_owned);
                    let leads = link.as_ref().is_none_or(|link| link.ends_with(&encoded(id)));
                    all_of([
                        expect("groups.value", json!(id), &groups[0]["value"]),
                        require(leads, "a $ref to the group", link.unwrap_or_default()),
                    ])
                })
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(NEEDS),
    implied(
        "user-groups-type",
        Rfc7643("4.1.2"),
        "groups.type is direct or indirect",
        Probe(
            |its| vec![get(its.user())],
            |said| match said[0].at("/groups/0/type") {
                None | Some(Value::Null) => Verdict::NotApplicable,
                Some(kind) => {
                    let known = kind == "direct" || kind == "indirect";
                    require(known, "direct or indirect", shown(&kind))
                }
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(NEEDS),
];

/// After a write that was taken the user is in no group.
fn in_no_group(said: &Said) -> Verdict {
    only_if(said[0].is_success(), || {
        all_of([expect_status(200, &said[1]), expect_unassigned("groups", &said[1])])
    })
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
        let refused = || error(400, "mutability");
        let in_groups = |groups: Value| [alice(200, &json!({"groups": groups}))];
        let right = || in_groups(json!([{"value": "group-0", "type": "direct"}]));
        let made_group = || answer(201, &json!({"id": "group-1"}));
        let both_groups = || {
            let [both] = in_groups(json!([{"value": "group-1"}, {"value": "group-0"}]));
            both
        };
        let left = || [empty(204), alice(200, &json!({}))];
        let stayed = || {
            let [still] = right();
            [empty(204), still]
        };
        vec![
            canary(
                "user-groups-in-ignored",
                [made(), group_of(&[])],
                [made(), group_of(&["user-0"])],
            ),
            canary(
                "user-groups-patch-refused",
                [refused(), group_of(&[])],
                [empty(204), group_of(&["user-0"])],
            ),
            canary("user-groups-reflects", right(), in_groups(json!([]))),
            canary(
                "user-groups-all",
                [made_group(), both_groups()],
                [made_group(), in_groups(json!([{"value": "group-0"}]))[0].clone()],
            ),
            canary("user-groups-left", left(), stayed()),
            canary("user-groups-deleted", left(), stayed()),
            canary("user-groups-value", right(), in_groups(json!([{"value": "Sales"}]))),
            canary("user-groups-type", right(), in_groups(json!([{"type": "nested"}]))),
        ]
    }
}
