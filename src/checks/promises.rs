//! Whether the flags of `/ServiceProviderConfig` tell the truth, and what is said to who asks for
//! more than there is.
//!
//! Each probe reads the configuration first and then tries. What works although nothing promises
//! it is worth a remark and no more.

use serde_json::{Value, json};

use super::check::*;
use crate::scim;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    implied(
        "spc-truth-patch",
        Rfc7643("5"),
        "PATCH works where the configuration says so",
        Probe(
            |its| {
                let change = patch(its.user(), [op("replace", "displayName", "Alice A.")]);
                vec![the_config(), change, get(its.user())]
            },
            |said| {
                let done = said[2].at("/displayName") == Some(json!("Alice A."));
                promised(said, "patch", said[1].is_success() && done, &said[1])
            },
        ),
    )
    .needs(&[Config, Attribute("displayName")]),
    implied(
        "spc-truth-filter",
        Rfc7643("5"),
        "filters work where the configuration says so",
        Probe(
            |its| {
                let filter = equals("userName", its.user().text("userName"));
                vec![the_config(), find("/Users", &filter)]
            },
            |said| {
                let hit = expect_hit(&said.its.user().id, &said[1]) == Verdict::Pass;
                promised(said, "filter", hit, &said[1])
            },
        ),
    )
    .needs(&[Config]),
    implied(
        "spc-truth-sort",
        Rfc7643("5"),
        "sorting works where the configuration says so",
        Probe(
            |its| {
                let filter = format!("userName co {}", json!(its.marker));
                let sorted = |order: &str| {
                    let plain = find("/Users", &filter).target;
                    Request::get(format!("{plain}&sortBy=userName&sortOrder={order}"))
                };
                vec![the_config(), sorted("ascending"), sorted("descending")]
            },
            |said| {
                let (Some(up), Some(mut down)) = (names(&said[1]), names(&said[2])) else {
                    return Verdict::NotApplicable;
                };
                down.reverse();
                promised(said, "sort", up.is_sorted() && up == down, &said[2])
            },
        ),
    )
    .on(Setting::Users(3))
    .needs(&[Config, Filter]),
    implied(
        "spc-truth-etag",
        Rfc7643("5"),
        "a resource comes with an ETag where the configuration says so",
        Probe(
            |its| vec![the_config(), get(its.user())],
            |said| promised(said, "etag", said[1].header("etag").is_some(), &said[1]),
        ),
    )
    .needs(&[Config]),
    implied(
        "spc-truth-bulk",
        Rfc7643("5"),
        "a bulk request is answered where the configuration says so",
        Probe(
            |its| vec![the_config(), bulk_of_nobody(its)],
            |said| promised(said, "bulk", said[1].status() == 200, &said[1]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Config]),
    implied(
        "spc-truth-changepassword",
        Rfc7643("5"),
        "a password can be changed where the configuration says so",
        Probe(
            |its| {
                let new = format!("Xy7!{}-Qz", its.marker);
                vec![the_config(), patch(its.user(), [op("replace", "password", new)])]
            },
            |said| match said[1].status() {
                400 => Verdict::Remark(format!("a new password is answered {}", said[1].told())),
                _ => promised(said, "changePassword", said[1].is_success(), &said[1]),
            },
        ),
    )
    .needs(&[Config, Patch, ChangePassword]),
    implied(
        "spc-maxresults-honoured",
        Rfc7643("5"),
        "no answer holds more resources than `filter.maxResults`",
        Dialogue(
            |_, said| match said {
                [] => Some(the_config()),
                // One more than there may be will do: a tenant may hold a million.
                [config] => {
                    let more = max_results(config)?.saturating_add(1);
                    Some(Request::get(format!("/Users?count={more}")))
                }
                _ => None,
            },
            |said| {
                let page = said.exchanges.get(1).and_then(|page| page.list().ok());
                let (Some(most), Some(list)) = (max_results(&said[0]), page) else {
                    return Verdict::NotApplicable;
                };
                let shown = list.resources.len() as u64;
                if list.total_results <= most && shown <= most {
                    return Verdict::NotApplicable;
                }
                require(shown <= most, &format!("{most} at most"), shown.to_string())
            },
        ),
    )
    .on(Setting::Users(3))
    .needs(&[Config, Filter])
    .risk(Risk::Heavy),
    should(
        "unsupported-501",
        Rfc7644("3.12"),
        "what the provider does not support is answered 501",
        Dialogue(
            |its, said| match said {
                [] => Some(the_config()),
                [config, tried @ ..] => absent_features(its, config).into_iter().nth(tried.len()),
            },
            |said| worst(said.exchanges.iter().skip(1).map(not_implemented)),
        ),
    )
    .needs(&[Config]),
];

fn the_config() -> Request {
    Request::get("/ServiceProviderConfig")
}

/// The most resources that an answer holds, by the provider's own word.
fn max_results(config: &Exchange) -> Option<u64> {
    config.at("/filter/maxResults")?.as_u64()
}

/// Compares what the configuration, asked first, promises with what was done.
fn promised(said: &Said, feature: &str, works: bool, tried: &Exchange) -> Verdict {
    let flag = said[0].at(&format!("/{feature}/supported"));
    match (flag, works) {
        (Some(Value::Bool(true)), true) => Verdict::Pass,
        (Some(Value::Bool(true)), false) => {
            fail(format!("`{feature}` to work, as promised"), tried.told())
        }
        (Some(Value::Bool(false)), true) => {
            Verdict::Remark(format!("`{feature}` works and is not advertised"))
        }
        (Some(Value::Bool(false)), false) => Verdict::Pass,
        _ => Verdict::NotApplicable,
    }
}

/// The `userName`s of a list of three, in their order.
fn names(seen: &Exchange) -> Option<Vec<String>> {
    let list = seen.list().ok().filter(|list| list.resources.len() == 3)?;
    let name = |user: &Value| Some(user["userName"].as_str()?.to_ascii_lowercase());
    list.resources.iter().map(name).collect()
}

/// One request for each feature that the configuration says is not there.
fn absent_features(its: &Fixture, config: &Exchange) -> Vec<Request> {
    let absent = |feature: &str| config.at(&format!("/{feature}/supported")) == Some(json!(false));
    let mut requests = Vec::new();
    if absent("patch") {
        requests.push(patch(its.user(), [op("replace", "displayName", "Alice A.")]));
    }
    if absent("bulk") {
        requests.push(bulk_of_nobody(its));
    }
    let filter = equals("userName", &its.absent);
    let body = json!({"schemas": [scim::SEARCH_REQUEST], "filter": filter, "count": 1});
    requests.push(Request::post("/.search", &body));
    requests
}

/// 501 for what is not there. A search that is answered with a list is there.
fn not_implemented(seen: &Exchange) -> Verdict {
    let search = seen.request.path().ends_with("/.search");
    match seen.status() {
        501 => Verdict::Pass,
        200..=299 if search => Verdict::NotApplicable,
        400..=499 => Verdict::Remark(format!(
            "{} is answered {} where RFC 7644 §3.12 names 501",
            seen.request.path(),
            seen.status()
        )),
        _ => fail("status 501", seen.told()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    fn config(feature: &str, supported: bool) -> Answer {
        answer(200, &json!({feature: {"supported": supported, "maxResults": 2}}))
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let yes = |feature| config(feature, true);
        let user = |name: &str| json!({"id": "user-0", "displayName": name, "userName": name});
        let named = |name: &str| answer(200, &user(name));
        let sorted = |names: [&str; 3]| list(&names.map(user));
        let (up, down) = (sorted(["a", "b", "c"]), sorted(["c", "b", "a"]));
        let mut tagged = named("a");
        tagged.headers.insert("etag", "W/\"1\"".parse().unwrap());
        let paged = |shown: usize| {
            let resources = vec![user("a"); shown];
            answer(
                200,
                &json!({"schemas": [scim::LIST_RESPONSE], "totalResults": 9,
                        "Resources": resources}),
            )
        };
        let gone = || error(404, "");
        vec![
            canary(
                "spc-truth-patch",
                [yes("patch"), empty(204), named("Alice A.")],
                [yes("patch"), error(501, ""), named("Alice")],
            ),
            canary(
                "spc-truth-filter",
                [yes("filter"), list(&[user("a")])],
                [yes("filter"), error(501, "")],
            ),
            canary(
                "spc-truth-sort",
                [yes("sort"), up.clone(), down],
                [yes("sort"), up.clone(), up],
            ),
            canary("spc-truth-etag", [yes("etag"), tagged], [yes("etag"), named("a")]),
            canary("spc-truth-bulk", [config("bulk", false), gone()], [yes("bulk"), gone()]),
            canary(
                "spc-truth-changepassword",
                [yes("changePassword"), empty(204)],
                [yes("changePassword"), error(501, "")],
            ),
            canary("spc-maxresults-honoured", [yes("filter"), paged(2)], [yes("filter"), paged(3)]),
            canary(
                "unsupported-501",
                [config("bulk", false), error(501, ""), list(&[])],
                [config("bulk", false), empty(204)],
            ),
        ]
    }

    #[test]
    fn what_works_unpromised_is_a_remark() {
        let check = super::super::find("spc-truth-etag").unwrap();
        let mut tagged = empty(200);
        tagged.headers.insert("etag", "\"1\"".parse().unwrap());
        let verdict = judged(check, &Evidence::Answers(vec![config("etag", false), tagged]));
        assert!(matches!(verdict, Verdict::Remark(_)), "{verdict:?}");
    }
}
