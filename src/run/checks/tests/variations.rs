//! The whole catalogue against legal variations of the embedded tenant: nothing is a violation or a
//! deviation but what the variation deserves.

use super::*;
use crate::checks::reading::ANYWHERE;
use crate::tenant::embedded::Variation;

/// What each variation deserves beyond a clean sheet under the profile that asks for most: whatever
/// the RFCs let a tenant go without, Entra may need.
const DESERVED: &[(Variation, &[&str])] = &[
    (Variation::PATCH_ANSWERS_204, &[]),
    (Variation::PATCH_ANSWERS_200, &[]),
    (Variation::NO_META_VERSION, &[]),
    (Variation::SMALL_PAGES, &[]),
    (Variation::EMPTY_LIST_LEFT_OUT, &[]),
    (Variation::GONE_FOR_GOOD, &[]),
    (Variation::NO_DISCOVERY, &[]),
    (Variation::NO_PATCH, &["patch-supported"]),
    (
        Variation::NO_FILTER,
        &[
            "entra-match-status",
            "entra-test-connection",
            "entra-test-connection-group",
            "filter-username-eq",
            "extid-filter",
            "entra-create-user",
            "user-inactive-readable",
            "entra-create-group",
            "group-filter-displayname",
            "entra-group-filter",
            "entra-group-filter-none",
        ],
    ),
    (Variation::NO_SORT, &[]),
    (Variation::NO_ETAG, &[]),
];

fn varied(variation: Variation) -> EmbeddedSettings {
    EmbeddedSettings { variations: vec![variation], ..EmbeddedSettings::default() }
}

#[tokio::test]
async fn a_legal_variation_is_no_violation_and_no_deviation() {
    let entra = ServerProfile::built_in("entra").unwrap();
    let mut undeserved = Vec::new();
    for variation in Variation::ALL {
        let known = DESERVED.iter().find(|(known, _)| known == variation);
        let (_, deserved) = known.unwrap_or_else(|| panic!("say what {variation} deserves"));
        let results = judged(varied(*variation), &entra).await;
        expect_readings_named(&results);
        let found =
            |it: &&CheckResult| matches!(it.outcome, Outcome::Violation | Outcome::Deviation);
        for result in results.iter().filter(found) {
            if !deserved.contains(&result.id.as_str()) {
                undeserved.push(format!("{variation} {}: {:?}", result.id, result.actual));
            }
        }
        for id in *deserved {
            let is_found = results.iter().filter(found).any(|result| result.id == *id);
            assert!(is_found, "{variation} does not deserve {id}: take it out");
        }
    }
    assert!(undeserved.is_empty(), "{undeserved:#?}");
}

/// Every reading that bore on a result is named by its check.
fn expect_readings_named(results: &[CheckResult]) {
    for result in results {
        let check = crate::checks::find(&result.id).unwrap();
        let named: Vec<&str> = check.reads.iter().chain(ANYWHERE).map(|it| it.id()).collect();
        let silent = result.readings.iter().find(|it| !named.contains(&it.ambiguity.as_str()));
        assert!(silent.is_none(), "{}: add .reads(&[…]): {silent:?}", result.id);
    }
}
