//! Canaries: for every check an evidence that must pass and one that must fail.
//!
//! A check that cannot fail is a defect. Each topic file lists its canaries; the answers are laid
//! under the requests that the check itself asks on an example fixture.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use super::check::*;
use super::find;
use super::reading::ANYWHERE;
use crate::difference::Difference;
use crate::exchange::{Answer, Body, BodyEnd};
use crate::profile::{ServerProfile, Stances};

/// What must pass and what must fail under the check of that id.
pub(crate) struct Canary {
    pub(crate) id: &'static str,
    pub(crate) right: Evidence,
    pub(crate) wrong: Evidence,
}

/// Evidence made by hand.
pub(crate) enum Evidence {
    /// Answers to the check's own requests, in order; the last one is repeated if they run out.
    Answers(Vec<Answer>),
    /// One exchange.
    Exchange(Box<Exchange>),
    /// One comparison.
    Comparison(Comparison),
    /// One step of a history.
    Episode(Box<Episode>),
    /// Two sights of a resource.
    Sightings(Box<[Sighting; 2]>),
}

/// Answers against answers.
pub(super) fn canary<const N: usize, const M: usize>(
    id: &'static str,
    right: [Answer; N],
    wrong: [Answer; M],
) -> Canary {
    Canary { id, right: Evidence::Answers(right.into()), wrong: Evidence::Answers(wrong.into()) }
}

/// One exchange against another.
pub(super) fn heard(id: &'static str, right: Exchange, wrong: Exchange) -> Canary {
    Canary { id, right: Evidence::Exchange(right.into()), wrong: Evidence::Exchange(wrong.into()) }
}

/// Two sights of a resource against two others.
pub(super) fn again(id: &'static str, right: [Sighting; 2], wrong: [Sighting; 2]) -> Canary {
    let (right, wrong) = (Box::new(right), Box::new(wrong));
    Canary { id, right: Evidence::Sightings(right), wrong: Evidence::Sightings(wrong) }
}

/// One step of a history against another.
pub(super) fn step(id: &'static str, right: Episode, wrong: Episode) -> Canary {
    Canary { id, right: Evidence::Episode(right.into()), wrong: Evidence::Episode(wrong.into()) }
}

/// An answer with a SCIM body.
pub(super) fn answer(status: u16, body: &Value) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/scim+json".parse().unwrap());
    let body = Bytes::from(body.to_string());
    Answer { status, headers, body: body.into(), end: BodyEnd::Complete }
}

/// An answer without a body.
pub(super) fn empty(status: u16) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: Body::default(), end: BodyEnd::Complete }
}

/// A SCIM error.
pub(super) fn error(status: u16, scim_type: &str) -> Answer {
    answer(
        status,
        &json!({"schemas": [crate::scim::ERROR], "status": status.to_string(),
                "scimType": scim_type, "detail": "no"}),
    )
}

/// A list of these resources.
pub(super) fn list(resources: &[Value]) -> Answer {
    answer(
        200,
        &json!({"schemas": [crate::scim::LIST_RESPONSE], "totalResults": resources.len(),
                "startIndex": 1, "itemsPerPage": resources.len(), "Resources": resources}),
    )
}

/// The first user of an example fixture, with some attributes of its own.
pub(super) fn alice(status: u16, changes: &Value) -> Answer {
    let mut body = Fixture::example(Setting::Nothing, "m").new_user(0);
    body["id"] = json!("user-0");
    for (name, value) in changes.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let mut answer = answer(status, &body);
    if status == 201 {
        answer.headers.insert("location", "/Users/user-0".parse().unwrap());
    }
    answer
}

/// A list of these users of the example corpus.
pub(super) fn of<const N: usize>(numbers: [usize; N]) -> Answer {
    list(&numbers.map(|number| json!({"id": format!("user-{number}")})))
}

/// A group with these members.
pub(super) fn group_of(ids: &[&str]) -> Answer {
    let members: Vec<Value> = ids.iter().map(|id| json!({"value": id})).collect();
    answer(
        200,
        &json!({"schemas": [crate::scim::GROUP], "id": "group-0",
                "displayName": "Sales m 0", "members": members}),
    )
}

/// An exchange of that operation.
pub(super) fn exchange(operation: Operation, request: Request, answer: Answer) -> Exchange {
    Exchange {
        number: 1,
        operation,
        request,
        result: Ok(answer),
        due: Duration::ZERO,
        sent: Duration::ZERO,
        answered: Duration::ZERO,
        disturbance: None,
    }
}

/// Wants every right evidence to pass under the stances of the RFCs (a remark will do), every wrong
/// one to fail at least under Entra's, every reading that is met to be named by its check (what
/// shared expectations meet apart), and no check of the topic without a canary.
pub(super) fn sing(checks: &[Check], canaries: &[Canary]) {
    for check in checks {
        assert!(
            canaries.iter().any(|canary| canary.id == check.id),
            "{} has no canary: add answers that pass and answers that fail",
            check.id
        );
    }
    for Canary { id, right, wrong } in canaries {
        let check = find(id).unwrap_or_else(|| panic!("{id} is not in the catalogue"));
        let verdict = judged(check, right);
        assert!(
            matches!(verdict, Verdict::Pass | Verdict::Remark(_)),
            "{id}: the right evidence comes to {verdict:?}"
        );
        let verdict = judged_for_entra(check, wrong);
        assert!(
            matches!(verdict, Verdict::Fail { .. }),
            "{id}: the wrong evidence comes to {verdict:?}"
        );
        for evidence in [right, wrong] {
            let met = said_of(check, evidence).under(&Stances::default()).readings;
            let is_named = |of| ANYWHERE.contains(&of) || check.reads.contains(&of);
            let silent = met.iter().find(|it| !is_named(it.of));
            assert!(silent.is_none(), "{id}: add .reads(&[{}])", silent.unwrap().of.id());
        }
    }
}

/// What the check says of the evidence, under the stances of the RFCs.
pub(crate) fn judged(check: &Check, evidence: &Evidence) -> Verdict {
    said_of(check, evidence).under(&Stances::default()).verdict
}

/// What the check says of the evidence, under the stances of Entra, which ask for most.
pub(crate) fn judged_for_entra(check: &Check, evidence: &Evidence) -> Verdict {
    let entra = ServerProfile::built_in("entra").unwrap();
    said_of(check, evidence).under(&entra.stances).verdict
}

fn said_of(check: &Check, evidence: &Evidence) -> Verdict {
    match (check.judge, evidence) {
        (Every(_, judge), Evidence::Exchange(exchange)) => judge(&Seen::new(exchange, false)),
        (Converged(judge), Evidence::Comparison(comparison)) => judge(comparison),
        (Steps(_, judge), Evidence::Episode(episode)) => judge(episode),
        (Again(judge), Evidence::Sightings(both)) => judge(Some(&both[0]), &both[1]),
        (_, Evidence::Answers(answers)) => judged_said(check, answers),
        _ => panic!("{}: the canary's evidence is not of the judge's kind", check.id),
    }
}

fn judged_said(check: &Check, answers: &[Answer]) -> Verdict {
    let (judge, said) = said(check, answers);
    judge(&said)
}

/// The conversation that the answers lead to, and who judges it.
pub(crate) fn said(check: &Check, answers: &[Answer]) -> (fn(&Said) -> Verdict, Said) {
    let its = Fixture::example(check.setting, "m");
    let answer = |place: usize| answers[place.min(answers.len() - 1)].clone();
    let probe = |place: usize, request| {
        let mut seen = exchange(Operation::Probe(check.id), request, answer(place));
        seen.number = place as u64 + 1;
        seen
    };
    let mut exchanges: Vec<Exchange> = Vec::new();
    let judge = match check.judge {
        Probe(requests, judge) => {
            for (place, request) in requests(&its).into_iter().enumerate() {
                exchanges.push(probe(place, request));
            }
            judge
        }
        Race(requests, then, judge) => {
            for (place, request) in requests(&its).into_iter().chain(then(&its)).enumerate() {
                exchanges.push(probe(place, request));
            }
            judge
        }
        Dialogue(next, judge) => {
            while let Some(request) = next(&its, &exchanges) {
                assert!(exchanges.len() < 100, "{} never stops asking", check.id);
                exchanges.push(probe(exchanges.len(), request));
            }
            judge
        }
        _ => panic!("{}: the canary's evidence is not of the judge's kind", check.id),
    };
    (judge, Said { its, exchanges })
}

/// A comparison that could have found that kind, and found it or not.
pub(super) fn comparison(kind: DifferenceKind, found: bool) -> Evidence {
    let difference = Difference {
        kind,
        subject: "user 1".to_owned(),
        attribute: Some("title".to_owned()),
        expected: "a".to_owned(),
        actual: "b".to_owned(),
        exchange: Some(7),
    };
    Evidence::Comparison(Comparison {
        exercised: [kind].into(),
        resources: 1,
        differences: found.then_some(difference).into_iter().collect(),
    })
}
