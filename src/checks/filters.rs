//! Look-ups: the filters by which Entra matches, and the shape of what they are answered with.
//!
//! A filter that finds nothing proves little, since several servers return everybody for what they
//! cannot parse: each check asks for one resource that exists and wants exactly that one.

use http::header::CONTENT_TYPE;

pub(super) mod equality;
pub(super) mod grammar;
pub(super) mod operators;
pub(super) mod refusals;
pub(super) mod values;

use super::check::*;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "entra-test-connection",
        Entra("Develop a SCIM endpoint, Get User by query, zero results"),
        "a look-up of a random userName answers 200 and an empty list",
        Probe(
            |its| vec![find("/Users", &equals("userName", &its.absent))],
            |said| all_of([expect_status(200, &said[0]), expect_hits(0, &said[0])]),
        ),
    )
    .on(Setting::Nothing),
    should(
        "entra-test-connection-group",
        Entra("Develop a SCIM endpoint, Test Connection reads a random user and group"),
        "a look-up of a random group name answers 200 and an empty list",
        Probe(
            |its| vec![find_group(&equals("displayName", &its.absent))],
            |said| all_of([expect_status(200, &said[0]), expect_hits(0, &said[0])]),
        ),
    )
    .on(Setting::Nothing),
    must(
        "filter-username-eq",
        Rfc7644("3.4.2.2"),
        "userName eq finds the one user of that name",
        Probe(
            |its| vec![find("/Users", &equals("userName", its.user().text("userName")))],
            |said| expect_hit(&said.its.user().id, &said[0]),
        ),
    )
    .on(Setting::Users(2)),
    must(
        "list-no-match-200",
        Rfc7644("3.4.2"),
        "a filter that matches nobody answers 200 with totalResults 0",
        Probe(
            |its| vec![find("/Users", &equals("userName", &its.user_name(7)))],
            |said| all_of([expect_status(200, &said[0]), expect_hits(0, &said[0])]),
        ),
    )
    .needs(&[Filter]),
    must(
        "user-username-filter-ci",
        Rfc7643("4.1.1"),
        "userName eq pays no regard to letter case",
        Probe(
            |its| {
                let swapped = its.user().text("userName").to_ascii_uppercase();
                vec![find("/Users", &equals("userName", &swapped))]
            },
            |said| expect_hit(&said.its.user().id, &said[0]),
        ),
    )
    .needs(&[Filter]),
    must(
        "extid-filter",
        Entra("Customize attribute mappings, matching attribute externalId"),
        "externalId eq finds the one user",
        Probe(
            |its| vec![find("/Users", &equals("externalId", its.user().text("externalId")))],
            |said| expect_hit(&said.its.user().id, &said[0]),
        ),
    )
    .on(Setting::Users(2))
    .needs(&[Attribute("externalId")]),
    must(
        "filter-valuepath-subattr",
        Entra("gallery validator, set-up, match on the work e-mail"),
        "emails[type eq \"work\"].value eq finds the one user",
        Probe(
            |its| {
                let filter = equals("emails[type eq \"work\"].value", its.user().text("userName"));
                vec![find("/Users", &filter)]
            },
            |said| match said[0].status() {
                400 => A24.read_as("refuses", said[0].told()),
                _ => all_of([
                    expect_hit(&said.its.user().id, &said[0]),
                    A24.read_as("finds", said[0].told()),
                ]),
            },
        ),
    )
    .reads(&[A24])
    .on(Setting::Users(2))
    .needs(&[Filter, Attribute("emails")]),
    must(
        "filter-plus-as-space",
        Entra("Develop a SCIM endpoint, query encoding"),
        "a space of a filter may come as + and as %20",
        Probe(
            |its| {
                let plus = find("/Users", &equals("userName", its.user().text("userName")));
                let percent = Request::get(plus.target.replace('+', "%20"));
                vec![plus, percent]
            },
            |said| {
                let id = &said.its.user().id;
                let plus = match expect_hit(id, &said[0]) {
                    Verdict::Fail { actual, .. }
                        if said[0].status() == 400 || finds_none(&said[0]) =>
                    {
                        A25.read_as("plus", format!("with +: {actual}"))
                    }
                    verdict => all_of([verdict, A25.read_as("space", said[0].told())]),
                };
                all_of([plus, expect_hit(id, &said[1])])
            },
        ),
    )
    .reads(&[A25])
    .needs(&[Filter]),
    should(
        "filter-unknown-attr",
        Rfc7644("3.4.2.1"),
        "a filter on an unknown attribute finds nothing or is refused",
        Probe(
            |its| vec![find("/Users", &equals("harnessNope", &its.marker))],
            |said| match said[0].status() {
                400 | 403 | 501 => A27.read_as("refuses", said[0].told()),
                _ => all_of([expect_hits(0, &said[0]), A27.read_as("nothing", said[0].told())]),
            },
        ),
    )
    .reads(&[A27])
    .needs(&[Filter]),
    implied(
        "filter-id-and-ref",
        Entra("Develop a SCIM endpoint, reference check, earlier form"),
        "id eq joined with manager eq finds the user only while that manager is set",
        Probe(
            |its| {
                let (user, boss) = (its.user(), &its.users[1]);
                let manager = enterprise("manager");
                let both =
                    format!("{} and {}", equals("id", &user.id), equals("manager", &boss.id));
                vec![
                    find("/Users", &both),
                    patch(user, [op("add", &manager, serde_json::json!({"value": boss.id}))]),
                    find("/Users", &both),
                ]
            },
            |said| {
                let id = &said.its.user().id;
                if said.exchanges.iter().any(|seen| seen.status() == 400) {
                    return A23.read_as("refuses", format!("refused: {}", said.last().told()));
                }
                all_of([expect_hits(0, &said[0]), expect_hit(id, &said[2])])
            },
        ),
    )
    .reads(&[A23])
    .on(Setting::Users(2))
    .needs(&[Filter, Patch, Manager]),
    implied(
        "filter-member-check",
        Entra("Develop a SCIM endpoint, reference check, earlier form"),
        "id eq joined with members eq finds the group only for a member",
        Probe(
            |its| {
                let query = |user: &Known| {
                    let group = equals("id", &its.group().id);
                    find("/Groups", &format!("{group} and {}", equals("members", &user.id)))
                };
                vec![query(its.user()), query(&its.users[1])]
            },
            |said| {
                if said.exchanges.iter().any(|seen| seen.status() == 400) {
                    return Verdict::Remark(format!("refused: {}", said.last().told()));
                }
                let id = &said.its.group().id;
                all_of([expect_hit(id, &said[0]), expect_hits(0, &said[1])])
            },
        ),
    )
    .on(Setting::Group { users: 2, members: 1 })
    .needs(&[Filter, Group]),
    should(
        "http-url-join",
        Entra("Test Connection with a Tenant URL that ends in a slash"),
        "a slash before the query changes nothing",
        Probe(
            |its| {
                let plain = find("/Users", &equals("userName", its.user().text("userName")));
                vec![Request::get(plain.target.replace("/Users?", "/Users/?"))]
            },
            |said| match said[0].status() {
                301 | 302 | 307 | 308 => {
                    Verdict::Remark("a slash before the query is answered by a redirect".to_owned())
                }
                _ => expect_hit(&said.its.user().id, &said[0]),
            },
        ),
    )
    .needs(&[Filter]),
    must(
        "entra-query-flag-preserved",
        Entra("SCIM 2.0 protocol compliance, feature flag in the Tenant URL"),
        "a feature flag left in the query does no harm",
        Probe(
            |its| {
                let target = format!("{}?aadOptscim062020", its.user().path());
                vec![Request::get(target)]
            },
            |said| expect_status(200, &said[0]),
        ),
    ),
    must(
        "http-get-without-content-type",
        Http("RFC 9110 §8.3"),
        "a GET needs neither Content-Type nor Accept, and a Content-Type does no harm",
        Probe(
            |its| {
                let typed = get(its.user()).header(CONTENT_TYPE, crate::scim::MEDIA_TYPE);
                vec![get(its.user()), typed]
            },
            |said| all_of([expect_status(200, &said[0]), expect_status(200, &said[1])]),
        ),
    ),
];

/// A clean answer that nobody meets the filter.
fn finds_none(seen: &Exchange) -> bool {
    seen.is_success() && seen.list().is_ok_and(|list| list.total_results == 0)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::canary::*;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let hit = || list(&[json!({"id": "user-0"})]);
        let group = || list(&[json!({"id": "group-0"})]);
        let two = || list(&[json!({"id": "user-0"}), json!({"id": "user-1"})]);
        let none = || list(&[]);
        vec![
            canary("entra-test-connection", [none()], [error(404, "")]),
            canary("entra-test-connection-group", [none()], [error(501, "")]),
            canary("filter-username-eq", [hit()], [two()]),
            canary("list-no-match-200", [none()], [hit()]),
            canary("user-username-filter-ci", [hit()], [none()]),
            canary("extid-filter", [hit()], [error(400, "invalidFilter")]),
            canary("filter-valuepath-subattr", [hit()], [none()]),
            canary("filter-plus-as-space", [hit()], [none(), hit()]),
            canary("filter-unknown-attr", [error(400, "invalidFilter")], [two()]),
            canary("filter-id-and-ref", [none(), empty(204), hit()], [hit(), empty(204), hit()]),
            canary("filter-member-check", [group(), none()], [group(), group()]),
            canary("http-url-join", [hit()], [error(404, "")]),
            canary("entra-query-flag-preserved", [hit()], [error(400, "")]),
            canary("http-get-without-content-type", [hit()], [hit(), error(415, "")]),
        ]
    }

    #[test]
    fn a_hit_with_another_id_is_no_hit() {
        let check = super::super::find("filter-username-eq").unwrap();
        let stranger = Evidence::Answers(vec![list(&[json!({"id": "user-9"})])]);
        assert!(matches!(judged(check, &stranger), Verdict::Fail { .. }));
    }
}
