//! The group resource of the core schema (RFC 7643 §4.2), beside what Entra does with it.

use serde_json::{Value, json};

use super::check::*;
use super::steps::*;
use crate::scim;

const NEEDS: &[Capability] = &[Group];
const PATCHED: &[Capability] = &[Group, Patch];
const ONE_MEMBER: Setting = Setting::Group { users: 1, members: 1 };
const ONE_OF_TWO: Setting = Setting::Group { users: 2, members: 1 };
const BOTH: Setting = Setting::Group { users: 2, members: 2 };
/// Members of the large group, and how many go in one request.
const MANY: usize = 250;
const AT_ONCE: usize = 50;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "group-displayname-required",
        Rfc7643("4.2"),
        "a group without displayName is refused",
        Probe(
            |its| vec![create_group(&without(its.new_group(0), &["displayName"]))],
            |said| expect_error(400, &["invalidValue", "invalidSyntax"], &said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    implied(
        "group-create-empty",
        Rfc7643("4.2"),
        "a group without members is taken",
        Probe(
            |its| vec![create_group(&without(its.new_group(0), &["members"]))],
            |said| expect_created(&said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    implied(
        "group-create-members",
        Rfc7644("3.3"),
        "members given at creation are members",
        Probe(
            |its| vec![get(its.group())],
            |said| expect_members(&[&said.its.users[0], &said.its.users[1]], &said[0]),
        ),
    )
    .on(BOTH)
    .needs(NEEDS),
    must(
        "group-member-value-id",
        Rfc7643("4.2"),
        "members.value is the member's id",
        Probe(
            |its| vec![get(its.group())],
            |said| match said[0].at("/members/0/value") {
                None => Verdict::NotApplicable,
                Some(held) => expect("value", json!(said.its.user().id), held),
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(NEEDS),
    implied(
        "group-member-ref",
        Rfc7643("4.2"),
        "members.$ref, where there is one, leads to the member",
        Dialogue(
            |its, said| match said {
                [] => Some(get(its.group())),
                [read] => {
                    let link = read.at("/members/0/$ref")?.as_str()?.to_owned();
                    Some(Request::get(target_of(&link)?))
                }
                _ => None,
            },
            |said| {
                only_if(said.exchanges.len() > 1, || {
                    let id = said.its.user().id.as_str();
                    all_of([expect_status(200, &said[1]), expect_at("id", id, &said[1])])
                })
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(NEEDS),
    implied(
        "group-member-type",
        Rfc7643("8.7.1"),
        "members.type, where there is one, is the member's: User",
        Probe(
            |its| vec![get(its.group())],
            |said| match said[0].at("/members/0/type") {
                None | Some(Value::Null) => Verdict::NotApplicable,
                Some(held) => expect("type", json!("User"), held),
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(NEEDS),
    may(
        "group-member-value-required",
        Rfc7643("4.2"),
        "a member without value is refused or left out",
        Dialogue(
            |its, said| match said {
                [] => {
                    let members = json!({"members": [{"display": "Nobody"}]});
                    Some(create_group(&changed(its.new_group(0), &members)))
                }
                [made] => by_id("/Groups", made),
                _ => None,
            },
            |said| {
                made_or_refused(said, Verdict::Pass, |read| {
                    let members = read.at("/members").unwrap_or_default();
                    require(is_unassigned(&members), "no members", shown(&members))
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    may(
        "group-member-unknown",
        Rfc7643("2.3.7"),
        "an unknown member among known ones is refused with all of them, or kept",
        Probe(
            |its| {
                let both = json!([member(&its.users[1].id), member(&its.absent)]);
                vec![patch(its.group(), [op("add", "members", both)]), get(its.group())]
            },
            |said| match said[0].status() {
                400 | 404 => expect_members(&[said.its.user()], &said[1]),
                _ => expect_success(&said[0]),
            },
        ),
    )
    .on(ONE_OF_TWO)
    .needs(PATCHED),
    must(
        "group-members-subattr-immutable",
        Rfc7643("4.2"),
        "a member is not turned into another one in place",
        Probe(
            |its| {
                let path = format!("members[value eq {}].value", json!(its.user().id));
                let other = its.users[1].id.as_str();
                vec![patch(its.group(), [op("replace", &path, other)]), get(its.group())]
            },
            |said| {
                if said[0].is_success() {
                    return Verdict::Remark("a member's value is replaced, or seems so".to_owned());
                }
                all_of([
                    expect_error(400, &["mutability"], &said[0]),
                    expect_members(&[said.its.user()], &said[1]),
                ])
            },
        ),
    )
    .on(ONE_OF_TWO)
    .needs(PATCHED),
    must(
        "group-members-remove-all",
        Rfc7644("3.5.2.2"),
        "removing members without a filter empties the group",
        Probe(
            |its| vec![patch(its.group(), [remove("members")]), get(its.group())],
            |said| all_of([expect_success(&said[0]), expect_members(&[], &said[1])]),
        ),
    )
    .on(BOTH)
    .needs(PATCHED),
    may(
        "group-nested",
        Rfc7643("4.2"),
        "a group as a member is taken or refused",
        Dialogue(
            |its, said| match said {
                [] => {
                    let name = json!({"displayName": its.group_name(3)});
                    let body = changed(without(its.new_group(0), &["externalId"]), &name);
                    Some(create_group(&body))
                }
                [made] => {
                    let inner = json!([{"value": made.id()?, "type": "Group"}]);
                    Some(patch(its.group(), [op("add", "members", inner)]))
                }
                _ => None,
            },
            |said| {
                only_if(said.exchanges.len() > 1, || match said[1].status() {
                    400 => Verdict::Pass,
                    _ => expect_success(&said[1]),
                })
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(PATCHED),
    implied(
        "group-self-member",
        Rfc7643("4.2"),
        "a group as its own member is refused or does no harm",
        Probe(
            |its| {
                let own = json!([{"value": its.group().id, "type": "Group"}]);
                vec![patch(its.group(), [op("add", "members", own)]), get(its.group())]
            },
            |said| all_of([expect_no_fault(&said[0]), expect_status(200, &said[1])]),
        ),
    )
    .on(ONE_MEMBER)
    .needs(PATCHED),
    may(
        "group-user-delete-cascade",
        Rfc7643("2.3.7"),
        "a group is readable after one of its members was deleted",
        Probe(
            |its| vec![delete(its.user()), get(its.group())],
            |said| {
                let left = said[1].json().as_ref().and_then(members).unwrap_or_default();
                let dangling = left.contains(&said.its.user().id);
                let remark = Verdict::Remark("the deleted user stays a member".to_owned());
                all_of([
                    expect_status(200, &said[1]),
                    if dangling { remark } else { Verdict::Pass },
                ])
            },
        ),
    )
    .on(BOTH)
    .needs(NEEDS),
    may(
        "group-members-may-be-omitted",
        Entra("Develop a SCIM endpoint, general guidelines: members need not be returned"),
        "members are shown by a read",
        Probe(
            |its| vec![get(its.group())],
            |said| {
                let members = said[0].at("/members").unwrap_or_default();
                require(!is_unassigned(&members), "members", "none")
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(NEEDS),
    implied(
        "group-large",
        Rfc7643("4.2"),
        "hundreds of members are all there, and each of them once",
        Dialogue(
            |its, said| match said.len() {
                step if step < MANY / AT_ONCE => {
                    let ids = (0..AT_ONCE).map(|it| member(&its.users[step * AT_ONCE + it].id));
                    let batch = Value::Array(ids.collect());
                    Some(patch(its.group(), [op("add", "members", batch)]))
                }
                step if step == MANY / AT_ONCE => Some(get(its.group())),
                _ => None,
            },
            |said| {
                let mut held = said.last().json().as_ref().and_then(members).unwrap_or_default();
                let all = held.len();
                held.sort();
                held.dedup();
                all_of([
                    expect("members:", MANY, all),
                    expect("different members:", MANY, held.len()),
                ])
            },
        ),
    )
    .on(Setting::Group { users: MANY, members: 0 })
    .needs(PATCHED)
    .risk(Risk::Heavy),
    implied(
        "group-externalid",
        Rfc7643("3.1"),
        "a group's externalId is kept",
        Probe(
            |its| vec![get(its.group())],
            |said| {
                let sent = said.its.group().text("externalId");
                lenient("externalId", &json!(sent), &said[0])
            },
        ),
    )
    .on(ONE_MEMBER)
    .needs(&[Group, GroupAttribute("externalId")]),
    implied(
        "create-schemas-wrong-type",
        Rfc7643("3"),
        "a body that says it is a group is refused among the users",
        Probe(
            |its| vec![create_user(&user_with(its, &json!({"schemas": [scim::GROUP]})))],
            |said| expect_status(400, &said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
];

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    fn holding(members: &Value) -> Answer {
        answer(200, &json!({"id": "group-0", "externalId": "m-group", "members": members}))
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let made = || answer(201, &json!({"id": "group-1"}));
        let refused = || error(400, "invalidValue");
        let fault = || error(500, "");
        let one = |entry: Value| holding(&json!([entry]));
        let linked = || one(json!({"value": "user-0", "$ref": "../Users/user-0", "type": "User"}));
        let many: Vec<String> = (0..MANY).map(|number| format!("user-{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let mut all = vec![empty(204); MANY / AT_ONCE];
        let mut some = all.clone();
        all.push(group_of(&many));
        some.push(group_of(&many[1..]));
        let user = alice(200, &json!({}));
        vec![
            canary("group-displayname-required", [refused()], [made()]),
            canary("group-create-empty", [made()], [refused()]),
            canary("group-create-members", [group_of(&["user-0", "user-1"])], [group_of(&[])]),
            canary("group-member-value-id", [linked()], [one(json!({"value": "Alice"}))]),
            canary("group-member-ref", [linked(), user], [linked(), error(404, "")]),
            canary("group-member-type", [linked()], [one(json!({"type": "Group"}))]),
            canary(
                "group-member-value-required",
                [refused()],
                [made(), one(json!({"display": "N"}))],
            ),
            canary(
                "group-member-unknown",
                [refused(), group_of(&["user-0"])],
                [refused(), group_of(&["user-0", "user-1"])],
            ),
            canary(
                "group-members-subattr-immutable",
                [error(400, "mutability"), group_of(&["user-0"])],
                [error(400, "mutability"), group_of(&["user-1"])],
            ),
            canary(
                "group-members-remove-all",
                [empty(204), group_of(&[])],
                [empty(204), group_of(&["user-0"])],
            ),
            canary("group-nested", [made(), empty(204)], [made(), fault()]),
            canary("group-self-member", [refused(), group_of(&[])], [fault(), group_of(&[])]),
            canary("group-user-delete-cascade", [empty(204), group_of(&[])], [empty(204), fault()]),
            canary("group-members-may-be-omitted", [linked()], [holding(&json!([]))]),
            Canary {
                id: "group-large",
                right: Evidence::Answers(all),
                wrong: Evidence::Answers(some),
            },
            canary("group-externalid", [linked()], [fault()]),
            canary("create-schemas-wrong-type", [refused()], [made()]),
        ]
    }
}
