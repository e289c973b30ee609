//! Equal and not equal, by the type of the attribute; and whether a filter is heeded at all.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::check::*;
use crate::scim;
use crate::scim::filter::{CompareOperator, Filter as Parsed};

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "filter-only-matches",
        Rfc7644("3.4.2.2"),
        "what comes back for `userName eq` bears that very name",
        Every(ANY, |seen| only_matches(seen)),
    ),
    implied(
        "filter-unsupported-refused",
        Rfc7644("3.4.2.2"),
        "a tenant that advertises no filters refuses one instead of passing it over",
        Probe(
            |its| {
                let filter = equals("userName", its.user().text("userName"));
                vec![Request::get("/ServiceProviderConfig"), query(&filter)]
            },
            |said| {
                let id = &said.its.user().id;
                match said[1].status() {
                    _ if said[0].at("/filter/supported") != Some(json!(false)) => {
                        Verdict::NotApplicable
                    }
                    400 | 403 | 501 => Verdict::Pass,
                    _ if expect_hit(id, &said[1]) == Verdict::Pass => {
                        Verdict::Remark("filters work and are not advertised".to_owned())
                    }
                    _ => fail("the filter refused", said[1].told()),
                }
            },
        ),
    )
    .on(Setting::Corpus),
    implied(
        "filter-id-eq",
        Rfc7644("3.4.2.2"),
        "id eq finds the one user of that id",
        Probe(
            |its| vec![query(&equals("id", &its.user().id))],
            |said| expect_hit(&said.its.user().id, &said[0]),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
    must(
        "filter-id-case",
        Rfc7643("3.1"),
        "id eq minds letter case",
        Probe(
            |its| vec![query(&equals("id", &flipped(&its.user().id)))],
            |said| {
                let id = &said.its.user().id;
                let without_case = flipped(id) == *id;
                match ids(&said[0]).as_slice() {
                    _ if without_case => Verdict::NotApplicable,
                    [hit] if hit == id => {
                        Verdict::Remark("id eq pays no regard to letter case".to_owned())
                    }
                    [_, ..] => expect_hits(0, &said[0]),
                    [] => if_known(&said[0], expect_hits(0, &said[0])),
                }
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
    implied(
        "filter-eq-boolean",
        Rfc7644("3.4.2.2"),
        "active eq false finds those who are inactive",
        Probe(
            |its| vec![among(its, "active eq false")],
            |said| expect_sifted(said, 0, |user| Some(!user.get("active")?.as_bool()?)),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("active")]),
    must(
        "filter-eq-subattr",
        Rfc7644("3.4.2.2"),
        "a sub-attribute is reached by a dot",
        Probe(
            |its| vec![among(its, "name.familyName eq \"Grant\"")],
            |said| expect_those(said, 0, |user| is(user, "name.familyName", "Grant")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("name")]),
    implied(
        "filter-eq-null",
        Rfc7644("3.4.2.2"),
        "eq null finds those without a value, or is refused",
        Probe(
            |its| vec![among(its, "title eq null")],
            |said| match said[0].status() {
                400 => A21.read_as("refuses", said[0].told()),
                _ => all_of([
                    expect_those(said, 0, |user| !has(user, "title")),
                    A21.read_as("unassigned", said[0].told()),
                ]),
            },
        ),
    )
    .reads(&[A21])
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("title")]),
    implied(
        "filter-eq-number",
        Rfc7644("3.4.2.2"),
        "an integer attribute is compared with a JSON number",
        Dialogue(
            |its, said| match said {
                [] => Some(Request::get("/Schemas")),
                [schemas] => Some(among(its, &format!("{} eq 5", integer_attribute(schemas)?))),
                _ => None,
            },
            |said| match said.exchanges.get(1) {
                None => Verdict::NotApplicable,
                Some(seen) => expect_status(200, seen),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    implied(
        "filter-eq-datetime",
        Rfc7644("3.4.2.2"),
        "a dateTime is compared as an instant",
        Probe(
            |its| vec![among(its, &equals("meta.created", &created(&its.user().sent)))],
            |said| {
                let near = |user: &Known| instants_apart(&user.sent, &said.its.user().sent);
                let far = |user: &&Known| near(user).is_some_and(|it| it > Duration::from_secs(1));
                let found = ids(&said[0]);
                match said.its.users.iter().filter(far).find(|user| found.contains(&user.id)) {
                    _ if created(&said.its.user().sent).is_empty() => Verdict::NotApplicable,
                    _ if !said[0].is_success() => fail("status 200", said[0].told()),
                    Some(other) => {
                        fail("nobody who was made at another time", login(other).to_owned())
                    }
                    None if found.contains(&said.its.user().id) => Verdict::Pass,
                    None => Verdict::Remark(
                        "meta.created eq the time that was read does not find the user".to_owned(),
                    ),
                }
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    implied(
        "filter-eq-reference",
        Rfc7643("2.3.7"),
        "a reference is compared with regard to letter case",
        Probe(
            |its| {
                let url = its.user().text("profileUrl");
                vec![query(&equals("profileUrl", url)), query(&equals("profileUrl", &flipped(url)))]
            },
            |said| {
                let id = &said.its.user().id;
                if said.its.user().text("profileUrl").is_empty() {
                    return Verdict::NotApplicable;
                }
                match expect_hit(id, &said[0]) {
                    Verdict::Pass if ids(&said[1]).contains(id) => {
                        Verdict::Remark("a reference is compared without letter case".to_owned())
                    }
                    verdict => verdict,
                }
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
    must(
        "filter-ne",
        Rfc7644("3.4.2.2"),
        "ne finds those whose value differs",
        Probe(
            |its| {
                ["displayName ne \"Bravo\"", "title ne \"Engineer\""]
                    .map(|it| among(its, it))
                    .into()
            },
            |said| {
                let differs = |user: &Value| Some(word(user, "displayName")? != "bravo");
                let right = if_known(&said[0], expect_sifted(said, 0, differs));
                all_of([right, untitled(&said.its, &said[1])])
            },
        ),
    )
    .reads(&[A22])
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    must(
        "filter-defaulted-value",
        Rfc7644("3.4.2.2"),
        "an attribute that the tenant filled in is compared by the value it shows",
        Probe(
            |its| {
                let active = its.users[2].sent["active"].as_bool().unwrap_or_default();
                vec![among(its, &format!("active eq {active}"))]
            },
            |said| {
                let user = &said.its.users[2];
                if !user.sent["active"].is_boolean() {
                    return Verdict::NotApplicable;
                }
                let found = ids(&said[0]).contains(&user.id);
                let told = if said[0].is_success() { "not among them" } else { "refused" };
                require(found, "the user made without `active` among those of its value", told)
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("active")]),
    may(
        "filter-schemas-eq",
        Rfc7644("3.4.2.2"),
        "schemas eq finds those who have the extension",
        Probe(
            |its| vec![among(its, &equals("schemas", scim::ENTERPRISE_USER))],
            |said| {
                expect_those_if_known(said, 0, |user| {
                    user["schemas"]
                        .as_array()
                        .is_some_and(|urns| urns.iter().any(|urn| urn == scim::ENTERPRISE_USER))
                })
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Enterprise]),
    implied(
        "filter-mutation-visible",
        Rfc7644("3.4.2.2"),
        "a filter goes by the new value as soon as it is set",
        Probe(
            |its| {
                let (user, name) = (its.user(), format!("New {}", its.marker));
                let own = |name: &str| {
                    query(&format!(
                        "{} and {}",
                        equals("id", &user.id),
                        equals("displayName", name)
                    ))
                };
                vec![
                    patch(user, [op("replace", "displayName", name.as_str())]),
                    own(&name),
                    own(user.text("displayName")),
                ]
            },
            |said| {
                if !said[0].is_success() {
                    return Verdict::CannotTell(format!("the change was {}", said[0].told()));
                }
                let new = json!(format!("New {}", said.its.marker));
                let hit = only_hit(&said[1]).unwrap_or_default();
                let shown = match hit.get("displayName") {
                    None => Verdict::NotApplicable,
                    held => expect_value("displayName", &new, held),
                };
                let found = expect_hit(&said.its.user().id, &said[1]);
                all_of([found, shown, expect_hits(0, &said[2])])
            },
        ),
    )
    .needs(&[JoinedFilters, Patch, Attribute("displayName")]),
    may(
        "filter-writeonly",
        Rfc7643("7"),
        "a filter on the password gets a clean answer",
        Probe(|its| vec![among(its, "password pr")], |said| expect_clean(&said[0])),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
];

/// Of the answer to `userName eq "…"`, in whatever run: no stranger in it.
fn only_matches(seen: &Exchange) -> Verdict {
    let Ok(list) = seen.list() else { return Verdict::NotApplicable };
    let asked = seen.request.query().filter(|_| !list.resources.is_empty());
    let asked = asked.and_then(|query| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "filter").map(|(_, filter)| filter.into_owned())
    });
    let Some(Ok(Parsed::Compare { path, operator: CompareOperator::Equal, value })) =
        asked.as_deref().map(Parsed::parse)
    else {
        return Verdict::NotApplicable;
    };
    let (true, Some(name)) = (path.to_string().eq_ignore_ascii_case("userName"), value.as_str())
    else {
        return Verdict::NotApplicable;
    };
    let named = list.resources.iter().filter_map(|resource| resource["userName"].as_str());
    let other = |held: &str| held != name && held.to_lowercase() != name.to_lowercase();
    match named.clone().find(|held| other(held)) {
        Some(stranger) => fail(format!("only {name}"), stranger.to_owned()),
        None if named.count() == 0 => Verdict::NotApplicable,
        None => Verdict::Pass,
    }
}

/// The text in the other letter case.
fn flipped(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    if upper == text { text.to_ascii_lowercase() } else { upper }
}

/// When a user was made, as the tenant writes it; empty where it does not say.
fn created(user: &Value) -> String {
    user["meta"]["created"].as_str().unwrap_or_default().to_owned()
}

fn instants_apart(one: &Value, other: &Value) -> Option<Duration> {
    let instant = |user: &Value| created(user).parse::<Timestamp>().ok();
    Some(instant(one)?.duration_since(instant(other)?).unsigned_abs())
}

/// The name of an integer attribute in the User schema.
fn integer_attribute(schemas: &Exchange) -> Option<String> {
    let list = schemas.list().ok()?;
    let user = list.resources.iter().find(|schema| schema["id"] == scim::USER)?;
    let attributes = user["attributes"].as_array()?;
    let integer = attributes.iter().find(|it| it["type"] == "integer")?;
    integer["name"].as_str().map(str::to_owned)
}

/// Whether those without a title are found among those whose title is another one.
fn untitled(its: &Fixture, seen: &Exchange) -> Verdict {
    let found = ids(seen);
    let without = its.users.iter().filter(|user| !has(&user.sent, "title"));
    let without: Vec<bool> = without.map(|user| found.contains(&user.id)).collect();
    match (without.contains(&true), without.contains(&false)) {
        (true, false) => A22.read_as("finds", seen.told()),
        (false, true) if !found.is_empty() => A22.read_as("misses", seen.told()),
        _ => Verdict::NotApplicable,
    }
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use super::super::super::canary::*;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let look_up = |held: &str| {
            let user = json!({"id": "1", "userName": held});
            exchange(Operation::MatchUser, query(&equals("userName", "a")), list(&[user]))
        };
        let no_filters = || answer(200, &json!({"filter": {"supported": false}}));
        let refused = || error(400, "invalidFilter");
        let schemas = || {
            list(&[json!({"id": scim::USER, "attributes": [{"name": "size", "type": "integer"}]})])
        };
        vec![
            heard("filter-only-matches", look_up("A"), look_up("b")),
            canary(
                "filter-unsupported-refused",
                [no_filters(), refused()],
                [no_filters(), of([1])],
            ),
            canary("filter-id-eq", [of([0])], [of([1])]),
            canary("filter-id-case", [of([])], [of([1])]),
            canary("filter-eq-boolean", [of([5])], [of([2, 5, 0])]),
            canary("filter-eq-subattr", [of([0])], [refused()]),
            canary("filter-eq-null", [of([2, 5])], [of([])]),
            canary("filter-eq-number", [schemas(), of([])], [schemas(), refused()]),
            canary("filter-eq-datetime", [of([0])], [of([0, 3])]),
            canary("filter-eq-reference", [of([0]), of([])], [of([]), of([])]),
            canary("filter-ne", [of([0, 1, 2, 4, 5, 6, 7])], [of([3])]),
            canary("filter-defaulted-value", [of([2])], [of([])]),
            canary("filter-schemas-eq", [of([0, 3, 6])], [of([1])]),
            canary(
                "filter-mutation-visible",
                [empty(204), of([0]), of([])],
                [empty(204), of([]), of([0])],
            ),
            canary("filter-writeonly", [refused()], [error(500, "")]),
        ]
    }
}
