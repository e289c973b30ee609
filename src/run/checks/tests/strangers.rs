//! A tenant is never alone: the catalogue among users of somebody else, checks beside each other,
//! and the same with other names.

use std::collections::BTreeMap;

use super::*;
use crate::checks::check::{Setting, create_group, create_user};
use crate::exchange::Request;

/// The outcome of each check.
type Outcomes = BTreeMap<String, Outcome>;

/// A tenant of its own for each run, reached through as many doors as are asked for.
struct Place(axum::Router);

impl Place {
    fn with(defects: &[Defect]) -> Self {
        let mut keys = Keys::new();
        keys.add("test", "sesame", None, true);
        let settings = EmbeddedSettings { keys, ..with(defects, &[]) };
        Self(EmbeddedTenant::new(settings).router())
    }

    fn door(&self) -> Tenant {
        Tenant::new(
            TenantUrl::parse(URL).unwrap(),
            Some(SecretToken::parse("sesame", "the test").unwrap()),
            Transport::InProcess(self.0.clone()),
            Limits::default(),
            Dress::default(),
        )
    }

    /// Runs the catalogue, heavy checks apart, and says how each check came out.
    async fn outcomes(&self, seed: u64, jobs: usize) -> (Outcomes, Tenant) {
        let judge = Arc::new(EveryJudge::new(URL, &profile(&[])));
        let tenant = self.door().with_listener(Arc::clone(&judge) as _);
        let selection = Selection::default();
        let settings = ProbeSettings { seed, concurrency: jobs, ..impatient() };
        let mut results =
            run_probes(&tenant, &profile(&[]), &selection, &settings, &|_, _, _| ()).await;
        results.extend(fold(&selection, &profile(&[]), &judge));
        assert!(tenant.owned().is_empty(), "left behind: {:?}", tenant.owned());
        (results.into_iter().map(|result| (result.id, result.outcome)).collect(), tenant)
    }
}

/// Another client's users, as like the harness's own as can be but for their names, and groups that
/// hold some of them.
async fn settle(place: &Place, users: usize) -> Vec<String> {
    let stranger = place.door();
    let made = async |request| {
        let seen = stranger.send(Operation::CreateUser, request).await;
        seen.id().unwrap_or_else(|| panic!("a stranger is not let in: {}", seen.told()))
    };
    let mut paths = Vec::new();
    let mut members = Vec::new();
    for number in 0..users {
        let its = Fixture::example(Setting::Nothing, &format!("stranger{number}"));
        let id = made(create_user(&match number % 3 {
            0 => its.corpus_user(number % 8),
            1 => its.new_user(number),
            _ => its.bare_user(number),
        }))
        .await;
        members.push(serde_json::json!({"value": id}));
        paths.push(format!("/Users/{id}"));
    }
    for number in 0..20 {
        let its = Fixture::example(Setting::Nothing, &format!("strangers{number}"));
        let mut group = its.new_group(0);
        group["members"] = members.iter().skip(number).take(10).cloned().collect();
        paths.push(format!("/Groups/{}", made(create_group(&group)).await));
    }
    paths
}

/// Every byte that a read of these shows.
async fn look(place: &Place, paths: &[String]) -> Vec<(String, Vec<u8>)> {
    let door = place.door();
    let mut seen = Vec::new();
    for path in paths {
        let read = door.send(Operation::ReadBack, Request::get(path.as_str())).await;
        seen.push((format!("{path} {:?}", read.header("etag")), read.bytes().to_vec()));
    }
    seen
}

/// The checks that came out otherwise.
fn changes(one: &Outcomes, other: &Outcomes) -> Vec<String> {
    assert_eq!(one.len(), other.len());
    let changed = one.iter().filter(|(id, outcome)| other.get(*id) != Some(outcome));
    changed.map(|(id, outcome)| format!("{id}: {outcome:?}, then {:?}", other.get(id))).collect()
}

/// The same, but for what only a list too long for one page puts to the test.
fn changes_among_many(alone: &Outcomes, among: &Outcomes) -> Vec<String> {
    let mut among = among.clone();
    let cut = among.insert("page-default-size".to_owned(), Outcome::NotExercised);
    assert!(matches!(cut, Some(Outcome::NotExercised | Outcome::Conforms)), "{cut:?}");
    changes(alone, &among)
}

#[tokio::test]
async fn strangers_change_no_verdict_cost_no_request_and_are_left_as_they_are() {
    let (alone, door) = Place::with(&[]).outcomes(7, 1).await;
    let mut sent = vec![door.sent().requests];
    for users in [300, 1_500] {
        let place = Place::with(&[]);
        let paths = settle(&place, users).await;
        let before = look(&place, &paths).await;
        let (among, door) = place.outcomes(7, 1).await;
        assert_eq!(
            changes_among_many(&alone, &among),
            Vec::<String>::new(),
            "among {users} strangers"
        );
        assert!(look(&place, &paths).await == before, "a stranger is not what it was");
        sent.push(door.sent().requests);
    }
    // Groups are walked for three pages where there are so many, whoever made them.
    let pages = 2;
    assert_eq!(sent[1], sent[2], "requests grow with the tenant: {sent:?}");
    assert!(sent[1] <= sent[0] + pages, "requests grow with the tenant: {sent:?}");
}

/// A few bugs of different kinds that stand beside each other.
const SEVERAL: &[Defect] =
    &[Defect::REMOVE_EMPTIES_GROUP, Defect::DELETED_USER_READABLE, Defect::STRAY_SLASH_UNKNOWN];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn jobs_and_seeds_decide_no_verdict() {
    for defects in [&[][..], SEVERAL] {
        let (one, _) = Place::with(defects).outcomes(7, 1).await;
        let found = one.values().filter(|outcome| **outcome == Outcome::Violation).count();
        assert_eq!(found == 0, defects.is_empty(), "{found} violations with {defects:?}");
        for (seed, jobs) in [(7, 8), (8, 1)] {
            let (other, _) = Place::with(defects).outcomes(seed, jobs).await;
            let changes = changes(&one, &other);
            assert!(changes.is_empty(), "seed {seed}, {jobs} jobs, {defects:?}: {changes:#?}");
        }
    }
}
