//! The whole catalogue against legal variations of the embedded tenant: nothing is a violation or a
//! deviation but what the variation deserves.

use super::*;
use crate::checks::reading::ANYWHERE;
use crate::tenant::embedded::Variation;

/// What each variation deserves beyond a clean sheet, under every profile, as beginnings of ids.
const DESERVED: &[(Variation, &[&str])] = &[
    (Variation::PATCH_ANSWERS_204, &[]),
    (Variation::PATCH_ANSWERS_200, &[]),
    (Variation::NO_META_VERSION, &[]),
    (Variation::SMALL_PAGES, &[]),
    (Variation::EMPTY_LIST_LEFT_OUT, &[]),
    (Variation::GONE_FOR_GOOD, &[]),
    (Variation::NO_DISCOVERY, &[]),
    (Variation::NO_PATCH, &[]),
    (Variation::NO_FILTER, &[]),
    (Variation::NO_SORT, &[]),
    (Variation::NO_ETAG, &[]),
];

fn varied(variation: Variation) -> EmbeddedSettings {
    EmbeddedSettings { variations: vec![variation], ..EmbeddedSettings::default() }
}

#[tokio::test]
async fn a_legal_variation_is_no_violation_and_no_deviation() {
    let mut undeserved = Vec::new();
    for variation in Variation::ALL {
        let known = DESERVED.iter().find(|(known, _)| known == variation);
        let (_, deserved) = known.unwrap_or_else(|| panic!("say what {variation} deserves"));
        for profile in ["strict", "entra"] {
            let profile = ServerProfile::built_in(profile).unwrap();
            let results = judged(varied(*variation), &profile).await;
            expect_readings_named(&results);
            let found =
                |it: &&CheckResult| matches!(it.outcome, Outcome::Violation | Outcome::Deviation);
            for result in results.iter().filter(found) {
                if !deserved.iter().any(|id| result.id.starts_with(id)) {
                    let (id, actual) = (&result.id, &result.actual);
                    undeserved.push(format!("{variation} {} {id}: {actual:?}", profile.name));
                }
            }
        }
    }
    assert!(undeserved.is_empty(), "{undeserved:#?}");
}

/// Every reading that bore on a result is named by its check.
fn expect_readings_named(results: &[CheckResult]) {
    for result in results {
        let check = crate::checks::find(&result.id).unwrap();
        let mut named = check.reads.iter().chain(ANYWHERE).map(|point| point.id());
        let silent = result.readings.iter().find(|it| !named.any(|id| id == it.ambiguity));
        assert!(silent.is_none(), "{}: add .reads(&[…]): {silent:?}", result.id);
    }
}
