//! What a create answers and leaves behind (RFC 7644 §3.3), alone and among others.

use serde_json::{Value, json};

use crate::checks::check::*;
use crate::checks::steps::*;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "create-location-equals-meta",
        Rfc7644("3.3"),
        "Location and meta.location of a create are the same",
        Probe(
            |its| vec![create_user(&its.new_user(0))],
            |said| {
                let meta = said[0].at("/meta/location");
                match (said[0].header("location"), meta.as_ref().and_then(Value::as_str)) {
                    // A relative form of the same is the same after resolution.
                    (Some(header), Some(meta)) => {
                        expect("location", json!(target_of(header)), json!(target_of(meta)))
                    }
                    _ => Verdict::NotApplicable,
                }
            },
        ),
    )
    .on(Setting::Nothing),
    should(
        "create-body",
        Rfc7644("3.3"),
        "a create answers with the new resource",
        Probe(
            |its| vec![create_user(&its.new_user(0))],
            |said| {
                only_if(said[0].is_success(), || {
                    let has_name = said[0].at("/userName").is_some();
                    require(has_name && said[0].id().is_some(), "the resource", "no resource")
                })
            },
        ),
    )
    .on(Setting::Nothing),
    implied(
        "create-body-equals-get",
        Rfc7644("3.3"),
        "what a create answers is what a read shows",
        Dialogue(
            |its, said| create_then_read(&its.new_user(0), said),
            |said| {
                when_made(said, |read| {
                    let [told, shown] = [&said[0], read].map(|it| it.at("/meta/created").is_some());
                    all_of([
                        expect_unchanged(&said[0], read),
                        require(told || !shown, "meta in both", "none in the answer"),
                    ])
                })
            },
        ),
    )
    .on(Setting::Nothing),
    implied(
        "create-readback",
        Rfc7644("3.1"),
        "what a create sends is what a read shows",
        Dialogue(
            |its, said| create_then_read(&its.new_user(0), said),
            |said| when_made(said, |read| expect_echo(&said.its.new_user(0), read)),
        ),
    )
    .on(Setting::Nothing),
    must(
        "create-readonly-ignored",
        Rfc7644("3.3"),
        "attributes that are the tenant's own are ignored in a create",
        Dialogue(
            |its, said| {
                let own = json!({"id": "scimrig-own", "groups": [member(&its.absent)],
                                 "meta": {"location": "https://example.com/own"}});
                create_then_read(&user_with(its, &own), said)
            },
            |said| {
                let refused = Verdict::Remark(format!("refused: {}", said[0].told()));
                made_or_refused(said, refused, |read| {
                    let location = read.at("/meta/location").unwrap_or_default();
                    all_of([
                        require(
                            read.id().is_some_and(|id| id != "scimrig-own"),
                            "its own id",
                            "ours",
                        ),
                        require(location != "https://example.com/own", "its own location", "ours"),
                        expect_unassigned("groups", read),
                    ])
                })
            },
        ),
    )
    .on(Setting::Nothing),
    implied(
        "create-conflict-no-effect",
        Rfc7644("3.3"),
        "a create that meets a conflict changes nothing",
        Probe(
            |its| {
                let other = json!({"userName": its.user().text("userName")});
                let again = changed(its.new_user(1), &other);
                vec![get(its.user()), create_user(&again), get(its.user())]
            },
            |said| {
                only_if(said[1].status() == 409, || {
                    let meta = |seen: &Exchange| seen.at("/meta").unwrap_or_default();
                    all_of([
                        expect_unchanged(&said[0], &said[2]),
                        expect("meta", meta(&said[0]), meta(&said[2])),
                    ])
                })
            },
        ),
    ),
    must(
        "create-conflict-race",
        Rfc7644("3.3"),
        "of eight creates of one userName at the same time one wins",
        Race(
            |its| vec![create_user(&its.new_user(0)); 8],
            |its| vec![find("/Users", &equals("userName", &its.user_name(0)))],
            |said| {
                let made = said.exchanges[..8].iter().filter(|seen| seen.is_success()).count();
                let others = said.exchanges[..8].iter().filter(|seen| !seen.is_success());
                all_of([
                    expect("creates that succeed:", 1, made),
                    worst(others.map(|seen| match seen.status() {
                        429 | 503 => Verdict::NotApplicable,
                        _ => expect_status(409, seen),
                    })),
                    expect_hits(1, &said[8]),
                ])
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter])
    .risk(Risk::Heavy),
    implied(
        "create-userid-independent",
        Rfc7644("3.3"),
        "eight creates at the same time all succeed, each with an id of its own",
        Race(
            |its| (0..8).map(|number| create_user(&its.new_user(number))).collect(),
            |_| Vec::new(),
            |said| {
                let mut ids: Vec<String> = said.exchanges.iter().filter_map(Exchange::id).collect();
                ids.sort();
                ids.dedup();
                expect("different users:", 8, ids.len())
            },
        ),
    )
    .on(Setting::Nothing)
    .risk(Risk::Heavy),
    may(
        "create-default-values",
        Rfc7644("3.3"),
        "values that the tenant fills in stand in the answer to the create already",
        Dialogue(
            |its, said| {
                let few = ["title", "preferredLanguage", "addresses", "phoneNumbers"];
                create_then_read(&without(its.new_user(0), &few), said)
            },
            |said| {
                when_made(said, |read| {
                    let (Some(made), Some(held)) = (said[0].json(), read.json()) else {
                        return Verdict::NotApplicable;
                    };
                    let members = held.as_object().into_iter().flatten();
                    let late = members
                        .filter(|(_, value)| !is_unassigned(value))
                        .find(|(name, _)| made.get(*name).is_none());
                    match late {
                        Some((name, _)) => fail("nothing new in the read", format!("`{name}`")),
                        None => Verdict::Pass,
                    }
                })
            },
        ),
    )
    .on(Setting::Nothing),
    implied(
        "create-null-overrides-default",
        Rfc7644("3.3"),
        "null in a create keeps a default away",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &json!({"title": null})), said),
            |said| when_made(said, |read| expect_unassigned("title", read)),
        ),
    )
    .on(Setting::Nothing),
    must(
        "create-projection",
        Rfc7644("3.9"),
        "attributes in the URL of a create shape its answer",
        Probe(
            |its| vec![Request::post("/Users?attributes=userName", &its.new_user(0))],
            |said| {
                let body = said[0].json().unwrap_or_default();
                let more = ["name", "emails", "displayName"]
                    .into_iter()
                    .find(|name| body.get(*name).is_some());
                let remark = |name| Verdict::Remark(format!("the answer shows `{name}` as well"));
                all_of([
                    expect_created(&said[0]),
                    only_if(said[0].is_success(), || {
                        require(body.get("userName").is_some(), "userName", "none")
                    }),
                    more.map_or(Verdict::Pass, remark),
                ])
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "create-etag",
        Rfc7644("3.14"),
        "a create answers with an ETag",
        Probe(
            |its| vec![create_user(&its.new_user(0))],
            |said| {
                only_if(said[0].is_success(), || {
                    require(said[0].header("etag").is_some(), "an ETag", "none")
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Etag]),
    implied(
        "create-replay",
        Rfc7644("3.3"),
        "a create sent again, its answer lost, makes no second user",
        Probe(
            |its| {
                let body = its.new_user(0);
                let found = find("/Users", &equals("userName", &its.user_name(0)));
                vec![create_user(&body), create_user(&body), found]
            },
            |said| {
                only_if(said[0].is_success(), || {
                    all_of([expect_status(409, &said[1]), expect_hits(1, &said[2])])
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter]),
    implied(
        "create-special-usernames",
        Rfc7643("4.1.1"),
        "a userName with odd letters is refused, or found again by eq",
        Dialogue(
            |its, said| {
                let name = odd_name(its, said.len() / 2)?;
                Some(match said.len() % 2 {
                    0 => create_user(&user_with(its, &json!({"userName": name}))),
                    _ => find("/Users", &equals("userName", &name)),
                })
            },
            |said| {
                worst(said.exchanges.chunks(2).map(|pair| match pair {
                    [made, _] if made.status() == 400 => Verdict::Pass,
                    [made, found] => all_of([expect_created(made), expect_hits(1, found)]),
                    _ => Verdict::NotApplicable,
                }))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter])
    .follows_from(&[LimitationKind::UserNameIsEmail]),
];

/// Names as directories hold them: of guests, of people, of nobody.
fn odd_name(its: &Fixture, number: usize) -> Option<String> {
    let odd = ["a+b", "o'neil", "bob_x.com#EXT#", "100%", "r&d", "a/b", "two words", "a\"b"];
    odd.get(number).map(|odd| format!("{odd}.{}@example.com", its.marker))
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use super::*;
    use crate::checks::canary::*;
    use crate::exchange::Answer;

    fn at_home(home: &str) -> Answer {
        alice(201, &json!({"meta": {"location": home}}))
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let made = || alice(201, &json!({}));
        let right = || alice(200, &json!({}));
        let boss = || alice(200, &json!({"title": "Boss", "userType": "x"}));
        let conflict = || error(409, "uniqueness");
        let hit = || list(&[json!({"id": "user-0"})]);
        let race = |first: Answer, last: Answer| {
            let mut all = vec![first];
            all.extend(vec![conflict(); 7]);
            all.push(last);
            Evidence::Answers(all)
        };
        let twins = |found: Answer| -> [Answer; 16] {
            std::array::from_fn(|place| if place % 2 == 0 { made() } else { found.clone() })
        };
        let each = |number: usize| alice(201, &json!({"id": format!("user-{number}")}));
        let mut tagged = made();
        tagged.headers.insert("etag", "\"1\"".parse().unwrap());
        vec![
            canary(
                "create-location-equals-meta",
                [at_home("http://localhost/scim/Users/user-0")],
                [at_home("http://localhost/scim/Users/user-1")],
            ),
            canary("create-body", [made()], [empty(201)]),
            canary("create-body-equals-get", [made(), right()], [made(), boss()]),
            canary("create-readback", [made(), right()], [made(), boss()]),
            canary(
                "create-readonly-ignored",
                [made(), right()],
                [made(), alice(200, &json!({"id": "scimrig-own"}))],
            ),
            canary(
                "create-conflict-no-effect",
                [right(), conflict(), right()],
                [right(), conflict(), boss()],
            ),
            Canary {
                id: "create-conflict-race",
                right: race(made(), hit()),
                wrong: race(conflict(), list(&[])),
            },
            canary(
                "create-userid-independent",
                [0, 1, 2, 3, 4, 5, 6, 7].map(each),
                [0, 1, 2, 3, 4, 5, 6, 6].map(each),
            ),
            canary("create-default-values", [made(), right()], [made(), boss()]),
            canary(
                "create-null-overrides-default",
                [made(), alice(200, &json!({"title": null}))],
                [made(), right()],
            ),
            canary("create-projection", [made()], [error(500, "")]),
            canary("create-etag", [tagged], [made()]),
            canary("create-replay", [made(), conflict(), hit()], [made(), made(), hit()]),
            canary("create-special-usernames", twins(hit()), twins(list(&[]))),
        ]
    }
}
