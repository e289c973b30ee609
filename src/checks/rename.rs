//! A group's new name: taken, ignored, refused cleanly, refused badly, or made a second group.
//!
//! Some connectors document that a group keeps its first name. Such a limitation
//! excuses a name that is ignored or cleanly refused, and nothing else: an answer that confuses the
//! client, or a second group, stays a violation whatever the profile says.

use serde_json::json;

use super::answers::refusal;
use super::check::*;

const GROUP_AND_USER: Setting = Setting::Group { users: 1, members: 0 };

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "group-displayname-rename",
        Entra("Develop a SCIM endpoint, Update Group displayName"),
        "a group's displayName can be replaced by a PATCH with a path",
        Probe(
            |its| {
                let change = op("replace", "displayName", its.group_name(1));
                asked(its, patch(its.group(), [change]))
            },
            renamed,
        ),
    )
    .on(GROUP_AND_USER)
    .needs(&[Filter, Group, Patch])
    .excused_by(&[LimitationKind::GroupRename]),
    must(
        "entra-group-rename-flagged",
        Entra("SCIM Validator, Update Group displayName; gallery validator, Update_Group_Test"),
        "a group's displayName can be replaced by a PATCH without a path",
        Probe(
            |its| {
                let change = merge("replace", json!({"displayName": its.group_name(1)}));
                asked(its, patch(its.group(), [change]))
            },
            renamed,
        ),
    )
    .on(GROUP_AND_USER)
    .needs(&[Filter, Group, Patch])
    .excused_by(&[LimitationKind::GroupRename]),
    must(
        "entra-members-after-rename",
        Entra("Dialpad provisioning tutorial, connector limitations"),
        "members stay, and can be added, after a rename, whatever became of the name",
        Probe(
            |its| {
                let rename = op("replace", "displayName", its.group_name(1));
                let member = op("add", "members", json!([{"value": its.users[1].id}]));
                vec![patch(its.group(), [rename]), patch(its.group(), [member]), get(its.group())]
            },
            |said| {
                let both: Vec<&Known> = said.its.users.iter().collect();
                all_of([expect_success(&said[1]), expect_members(&both, &said[2])])
            },
        ),
    )
    .on(Setting::Group { users: 2, members: 1 })
    .needs(&[Group, Patch]),
];

/// The rename, then everything that shows what became of it.
fn asked(its: &Fixture, rename: Request) -> Vec<Request> {
    vec![
        rename,
        get(its.group()),
        find_group(&equals("displayName", &its.group_name(1))),
        find_group(&equals("displayName", &its.group_name(0))),
    ]
}

fn renamed(said: &Said) -> Verdict {
    let (rename, read, by_new) = (&said[0], &said[1], &said[2]);
    let (old, new) = (said.its.group_name(0), said.its.group_name(1));
    let expected = format!("`displayName` {new:?}");
    if second_group(said, by_new) {
        return fail_by(Way::Defect, "the group renamed", "a second group under the new name");
    }
    let held = read.at("/displayName").and_then(|name| name.as_str().map(str::to_owned));
    let kept = held.as_deref() == Some(&old);
    match (rename.is_success(), held) {
        (true, Some(held)) if held == new => expect_hit(&said.its.group().id, by_new),
        (true, Some(_)) if kept => fail_by(
            Way::Ignored,
            expected,
            format!("answered {}, `displayName` still {old:?}", rename.status()),
        ),
        (false, Some(_)) if kept => fail_by(refusal(rename), expected, rename.told()),
        (_, held) => {
            let name = held.as_deref().unwrap_or("gone");
            fail_by(Way::Defect, expected, format!("{}, `displayName` {name}", rename.told()))
        }
    }
}

/// Whether the new name is held by another group than the renamed one.
fn second_group(said: &Said, by_new: &Exchange) -> bool {
    let id = json!(said.its.group().id);
    let named = json!(said.its.group_name(1));
    by_new.list().is_ok_and(|list| {
        // A tenant that ignores filters returns strangers: only the new name counts.
        list.resources.iter().any(|group| group["displayName"] == named && group["id"] != id)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::Value;

    use super::super::canary::*;
    use super::super::find as find_check;
    use super::*;
    use crate::exchange::Answer;
    use crate::profile::{Limitation, Manner, ServerProfile};

    fn group(id: &str, number: usize) -> Value {
        json!({"id": id, "displayName": format!("Sales m {number}")})
    }

    /// The answers where the name was kept, behind the answer to the rename.
    fn kept(rename: Answer) -> Vec<Answer> {
        let old = group("group-0", 0);
        vec![rename, answer(200, &old), list(&[]), list(&[old])]
    }

    fn taken() -> [Answer; 4] {
        let new = group("group-0", 1);
        [empty(204), answer(200, &new), list(&[new]), list(&[])]
    }

    fn way(answers: Vec<Answer>) -> Way {
        let check = find_check("group-displayname-rename").unwrap();
        match judged(check, &Evidence::Answers(answers)) {
            Verdict::Fail { way, .. } => way,
            other => panic!("{other:?} is no failure"),
        }
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let ignored = || <[Answer; 4]>::try_from(kept(empty(204))).unwrap();
        vec![
            canary("group-displayname-rename", taken(), ignored()),
            canary("entra-group-rename-flagged", taken(), ignored()),
            canary(
                "entra-members-after-rename",
                [empty(204), empty(204), group_of(&["user-0", "user-1"])],
                [empty(204), empty(204), group_of(&["user-1"])],
            ),
        ]
    }

    #[test]
    fn the_ways_of_a_rename_are_told_apart() {
        assert_eq!(way(kept(empty(204))), Way::Ignored);
        assert_eq!(way(kept(answer(200, &group("group-0", 0)))), Way::Ignored);
        for status in [400, 403, 501] {
            assert_eq!(way(kept(error(status, "mutability"))), Way::Refused, "{status}");
        }
        for status in [404, 405, 409, 500] {
            assert_eq!(way(kept(error(status, ""))), Way::Defect, "{status}");
        }
        assert_eq!(way(kept(empty(400))), Way::Defect, "no SCIM error in the body");
        let second = vec![
            empty(204),
            answer(200, &group("group-0", 0)),
            list(&[group("group-9", 1)]),
            list(&[group("group-0", 0)]),
        ];
        assert_eq!(way(second), Way::Defect);
    }

    #[test]
    fn an_excuse_covers_only_the_documented_ways() {
        let check = find_check("group-displayname-rename").unwrap();
        let outcome = |how, answers: Vec<Answer>| {
            let mut profile = ServerProfile::built_in("strict").unwrap();
            profile.limitations = vec![Limitation {
                is: LimitationKind::GroupRename,
                how,
                reason: String::new(),
                source: String::new(),
            }];
            let verdict = judged(check, &Evidence::Answers(answers));
            let excuse = check.excuse(&verdict, &profile).map(|limitation| limitation.is);
            Outcome::of(check.level, &verdict, excuse)
        };
        let refused = || kept(error(400, "mutability"));
        let ignored = || kept(empty(204));
        assert_eq!(outcome(Manner::IgnoredOrRefused, refused()), Outcome::Excused);
        assert_eq!(outcome(Manner::IgnoredOrRefused, ignored()), Outcome::Excused);
        assert_eq!(outcome(Manner::Ignored, ignored()), Outcome::Excused);
        assert_eq!(outcome(Manner::Ignored, refused()), Outcome::Violation);
        assert_eq!(outcome(Manner::Refused, ignored()), Outcome::Violation);
        assert_eq!(outcome(Manner::IgnoredOrRefused, kept(error(405, ""))), Outcome::Violation);
        assert_eq!(outcome(Manner::IgnoredOrRefused, taken().into()), Outcome::StaleExcuse);
    }
}
