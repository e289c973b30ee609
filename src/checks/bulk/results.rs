//! The answer to a bulk request: one result for each operation, and what stands in it.

use serde_json::{Value, json};

use super::*;
use crate::scim::bulk::bulk_id;

/// The checks of this topic.
pub(in super::super) const CHECKS: &[Check] = &[
    must(
        "bulk-200",
        Rfc7644("3.7"),
        "a bulk request that was processed is answered 200 with a BulkResponse",
        Probe(two_users, |said| {
            judge_results(&said[0], |response| {
                all_of([
                    expect_status(200, &said[0]),
                    expect("results:", 2, response.results.len()),
                ])
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    must(
        "bulk-status-form",
        Rfc7644("3.7.3"),
        "every result has a status: the code as text",
        Probe(two_users, |said| {
            judge_results(&said[0], |response| {
                worst(response.results.iter().map(|it| status_form(&it.status_as_sent)))
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    must(
        "bulk-bulkid-echo",
        Rfc7644("3.7"),
        "a bulkId comes back with the result of its operation",
        Probe(mixed, |said| {
            judge_results(&said[0], |response| {
                let sent = operations(&said[0]);
                let echoed = |id: &str| {
                    let back = response.results.iter().any(|it| it.bulk_id.as_deref() == Some(id));
                    require(back, &format!("bulkId {id:?}"), "no result with it")
                };
                worst(sent.iter().filter_map(bulk_id).map(echoed))
            })
        }),
    )
    .needs(NEEDS),
    must(
        "bulk-location",
        Rfc7644("3.7"),
        "every result but that of a failed POST says in location where the resource is",
        Probe(mixed, |said| {
            worst(each_result(&said[0], |operation, result| {
                if operation["method"] == "POST" && !result.is_success() {
                    return Verdict::NotApplicable;
                }
                let located = result.location.as_ref().is_some_and(|it| target_of(it).is_some());
                let status = result.status.unwrap_or(0);
                let actual = result.location.as_deref().unwrap_or("none");
                let actual = format!("{actual}, {} answered {status}", operation["method"]);
                require(located, "the location of a resource", actual)
            }))
        }),
    )
    .needs(NEEDS),
    implied(
        "bulk-method-echo",
        Rfc7644("3.7"),
        "a result says which method it is of",
        Probe(mixed, |said| {
            worst(each_result(&said[0], |operation, result| {
                let sent = operation["method"].as_str().unwrap_or_default();
                let back = result.method.as_deref().unwrap_or("none");
                require(sent.eq_ignore_ascii_case(back), sent, back)
            }))
        }),
    )
    .needs(NEEDS),
    must(
        "bulk-error-response",
        Rfc7644("3.7"),
        "the result of what failed holds a whole SCIM error in response",
        Probe(mixed, |said| worst(each_result(&said[0], |_, result| error_in(result)))),
    )
    .needs(NEEDS),
    must(
        "bulk-all-results",
        Rfc7644("3.7.3"),
        "every operation that was processed has a result",
        Probe(
            |its| {
                let mut operations = vec![bad(its); 10];
                operations[3] = post_user(its, 0);
                operations[7] = post_user(its, 1);
                vec![job(operations)]
            },
            |said| {
                judge_results(&said[0], |response| expect("results:", 10, response.results.len()))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    must(
        "bulk-put-patch-delete",
        Rfc7644("3.7"),
        "POST, PUT, PATCH and DELETE of a bulk request do what they do by themselves",
        Probe(
            |its| {
                let mut whole = its.users[0].sent.clone();
                whole["displayName"] = json!("Alice P.");
                let put = json!({"method": "PUT", "path": its.users[0].path(), "data": whole});
                let patch = renamed_at(&its.users[1].path(), "Ben P.");
                let all = job([post_user(its, 3), put, patch, deletion(&its.users[2])]);
                [all].into_iter().chain(its.users.iter().map(get)).collect()
            },
            |said| {
                let done = (0..4).map(|place| expect_done(&said[0], place));
                let held = [
                    expect_at("displayName", "Alice P.", &said[1]),
                    expect_at("displayName", "Ben P.", &said[2]),
                    expect_gone(&said[3]),
                ];
                worst(done.chain(held))
            },
        ),
    )
    .on(Setting::Users(3))
    .needs(&[Bulk, Put, Patch, Attribute("displayName")]),
    implied(
        "bulk-response-order",
        Rfc7644("3.7"),
        "results come in the order of the request, or say to which operation they belong",
        Probe(mixed, |said| {
            judge_results(&said[0], |response| {
                let sent = operations(&said[0]);
                let found: Vec<_> =
                    (0..sent.len()).map(|it| response.result_of(&sent, it)).collect();
                let in_order = found
                    .iter()
                    .zip(&response.results)
                    .all(|(found, placed)| found.is_some_and(|found| std::ptr::eq(found, placed)));
                if found.iter().any(Option::is_none) || !methods_agree(&sent, &found) {
                    return fail("results that can be told apart", "results in another order");
                }
                match in_order {
                    true => Verdict::Pass,
                    false => Verdict::Remark("results come in another order".to_owned()),
                }
            })
        }),
    )
    .needs(NEEDS),
];

fn two_users(its: &Fixture) -> Vec<Request> {
    vec![job([post_user(its, 0), post_user(its, 1)])]
}

/// A create, a change, a deletion of nobody, and a create of a name that is taken.
fn mixed(its: &Fixture) -> Vec<Request> {
    let mut again = its.new_user(2);
    again["userName"] = json!(its.user().text("userName"));
    let taken = post("/Users", "taken", &again);
    vec![job([post_user(its, 1), renamed_at(&its.user().path(), "Alice M."), bad(its), taken])]
}

/// Judges each operation that has a result; one that has none is the subject of another row.
fn each_result(seen: &Exchange, judge: impl Fn(&Value, &BulkResult) -> Verdict) -> Vec<Verdict> {
    let response = match results(seen) {
        Ok(response) => response,
        Err(verdict) => return vec![verdict],
    };
    let sent = operations(seen);
    let judged = |place: usize| Some(judge(&sent[place], response.result_of(&sent, place)?));
    (0..sent.len()).filter_map(judged).collect()
}

/// The RFC's samples differ (A40): text is right, the rest is worth a remark.
fn status_form(status: &Value) -> Verdict {
    match status {
        Value::String(text) if text.len() == 3 && text.parse::<u16>().is_ok() => Verdict::Pass,
        Value::Number(number) => Verdict::Remark(format!("status is the number {number}")),
        Value::Object(members) if members.contains_key("code") => {
            Verdict::Remark("status is an object with a code (A40)".to_owned())
        }
        other => fail("a status such as \"201\"", format!("status {}", shown(other))),
    }
}

fn error_in(result: &BulkResult) -> Verdict {
    match (result.status, result.scim_error()) {
        (Some(200..=299), _) => Verdict::NotApplicable,
        (Some(status), Some(error)) => expect("status in response", status, error.status),
        (status, None) => {
            let response = result.response.as_ref().unwrap_or(&Value::Null);
            let status = status.unwrap_or(0);
            fail("a SCIM error in response", format!("{} beside {status}", shown(response)))
        }
        (None, Some(error)) => fail("a status", format!("an error of status {}", error.status)),
    }
}

fn methods_agree(sent: &[Value], found: &[Option<&BulkResult>]) -> bool {
    sent.iter().zip(found).all(|(operation, found)| {
        let back = found.and_then(|it| it.method.as_deref());
        back.is_none_or(|back| operation["method"].as_str() == Some(back))
    })
}

#[cfg(test)]
pub(in super::super) mod tests {
    use super::super::super::canary::*;
    use super::super::tests::*;
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    /// The results of the mixed request, the last of them bent.
    fn mixed_but(place: usize, name: &str, value: Value) -> Answer {
        let mut results = mixed_results();
        results[place][name] = value;
        bulk_response(&results)
    }

    fn mixed_results() -> [Value; 4] {
        let changed = done("PATCH", "/Users/user-0", 200);
        [made("user-1", "/Users/1"), changed, not_found(), refused("taken", 409)]
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let two = || [made("user-0", "/Users/0"), made("user-1", "/Users/1")];
        let mut multi = bulk_response(&two());
        multi.status = 207;
        let mut without = two();
        without[1]["status"] = Value::Null;
        let right = || bulk_response(&mixed_results());
        let crossed = || {
            let mut results = mixed_results();
            results.reverse();
            for result in &mut results {
                result["bulkId"] = Value::Null;
                result["location"] = Value::Null;
            }
            bulk_response(&results)
        };
        let ten = |count: usize| {
            let mut results = two().to_vec();
            results.extend(vec![not_found(); count - 2]);
            bulk_response(&results)
        };
        let four = |status: u16| {
            bulk_response(&[
                made("user-3", "/Users/3"),
                done("PUT", "/Users/user-0", 200),
                done("PATCH", "/Users/user-1", status),
                done("DELETE", "/Users/user-2", 204),
            ])
        };
        let named = |name: &str| alice(200, &json!({"displayName": name}));
        let read = || [named("Alice P."), named("Ben P."), error(404, "")];
        let [put, patched, gone] = read();
        let [put_again, patched_again, gone_again] = read();
        vec![
            canary("bulk-200", [bulk_response(&two())], [multi]),
            canary("bulk-status-form", [bulk_response(&two())], [bulk_response(&without)]),
            canary("bulk-bulkid-echo", [right()], [mixed_but(0, "bulkId", Value::Null)]),
            canary("bulk-location", [right()], [mixed_but(2, "location", Value::Null)]),
            canary("bulk-method-echo", [right()], [mixed_but(0, "method", Value::Null)]),
            canary("bulk-error-response", [right()], [mixed_but(3, "response", Value::Null)]),
            canary("bulk-all-results", [ten(10)], [ten(9)]),
            canary(
                "bulk-put-patch-delete",
                [four(204), put, patched, gone],
                [four(501), put_again, patched_again, gone_again],
            ),
            canary("bulk-response-order", [right()], [crossed()]),
        ]
    }

    #[test]
    fn a_status_in_one_of_the_samples_other_forms_is_a_remark() {
        for status in [json!(201), json!({"code": "201", "description": "Created"})] {
            assert!(matches!(status_form(&status), Verdict::Remark(_)), "{status}");
        }
        for status in [json!(null), json!("created"), json!({}), json!("201 Created")] {
            assert!(matches!(status_form(&status), Verdict::Fail { .. }), "{status}");
        }
    }
}
