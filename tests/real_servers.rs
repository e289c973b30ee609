//! SCIM servers by other hands are judged, synchronised and loaded over the wire.
//!
//! What each of them is known to do wrong is listed below with the reason: a new finding fails the
//! test, and so does one that went away. Each test starts a server of its own and leaves it empty.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::binary::{Finished, Folder};
use support::tenant::{RealServer, count_at};

/// A finding that is known to be right: check id or kind of difference, and why, with the section.
type Known = (&'static str, &'static str);

/// What one server is known to do wrong.
#[derive(Debug)]
struct KnownFaults {
    server: &'static str,
    /// Ids of the checks that `check` finds violated: exactly these.
    violations: &'static [Known],
    /// Ids of checks that Entra's daily work violates besides: these at most.
    in_daily_work: &'static [Known],
    /// Kinds of difference after the churn scenario: exactly these.
    differences: &'static [Known],
    /// Groups that the server makes in `check` and names in no answer: nobody can delete them.
    stray_groups: u64,
}

const SCIM2_SERVER: KnownFaults = KnownFaults {
    server: "scim2-server",
    violations: &[
        FIRST_TYPED_VALUES[0],
        FIRST_TYPED_VALUES[1],
        FIRST_TYPED_VALUES[2],
        REPLACE_WITHOUT_MATCH,
        REMOVE_WITH_VALUE,
        ("patch-remove-with-value", REMOVE_WITH_VALUE.1),
        ("entra-group-lifecycle", REMOVE_WITH_VALUE.1),
        EMPTY_USER_NAME,
    ],
    in_daily_work: &[
        PLAIN_MANAGER,
        ("entra-converged-user-manager", PLAIN_MANAGER.1),
        ("entra-converged-members-only", REMOVE_WITH_VALUE.1),
    ],
    // A sequence ends with its first wrong cycle, which is that of the managers.
    differences: &[("user-manager", PLAIN_MANAGER.1)],
    stray_groups: 0,
};

const SCIMMY_ROUTERS: KnownFaults = KnownFaults {
    server: "scimmy-routers",
    violations: &[
        FIRST_TYPED_VALUES[0],
        FIRST_TYPED_VALUES[1],
        FIRST_TYPED_VALUES[2],
        REPLACE_WITHOUT_MATCH,
        ("bulk-circular", "two groups in a circle leave a third one behind: RFC 7644 3.7.1"),
        (
            "filter-valuepath-subattr",
            "refuses emails[type eq \"work\"].value eq, which Entra sends",
        ),
        ("auth-www-authenticate", "a 401 does not say how to come in: RFC 9110 11.6.1"),
        ("create-location-header", "the answer to POST has no Location header: RFC 7644 3.3"),
        ("entra-group-filter-case", "displayName eq minds letter case: RFC 7643 4.2"),
        ("type-boolean-string-in", "refuses the text \"True\" of Entra's default dialect"),
        ("user-username-filter-ci", "userName eq minds letter case: RFC 7643 4.1.1"),
        ("filter-eq-subattr", PARTS_THAT_LACK),
        ("filter-mv-any", PARTS_THAT_LACK),
        ("filter-urn-core", "a core attribute named with its URN finds nobody: RFC 7644 3.10"),
        ("filter-urn-ci", "a core attribute named with its URN finds nobody: RFC 7644 3.10"),
        ("filter-string-escapes", "refuses an escaped quote in a text: RFC 7644 3.4.2.2"),
        ("filter-gt-boolean-400", "answers `active gt false` with a list: RFC 7644 3.4.2.2"),
        ("filter-malformed", "`filter=userName` ends in a 500: RFC 7644 3.12"),
        ("search-bad-filter", "`userName eq` is answered with an empty list: RFC 7644 3.12"),
        ("sort-multivalued", "sortBy=emails.value sorts nothing: RFC 7644 3.4.2.3"),
        ("proj-subattr", PROJECTED_PARTS),
        ("proj-mv-subattr", PROJECTED_PARTS),
        ("proj-urn", PROJECTED_PARTS),
        ("ent-attributes-urn", PROJECTED_PARTS),
        EMPTY_USER_NAME,
        ("spc-query-ignored", "403 to a startIndex on /ServiceProviderConfig: RFC 7644 4"),
        ("repr-schemas-only-known", "keeps an unknown URN in `schemas`: RFC 7643 3"),
        ("mv-primary-max-one", TWO_PRIMARIES),
        ("prop-primary-one", TWO_PRIMARIES),
        ("put-primary", TWO_PRIMARIES),
        ("patch-primary-demotes", TWO_PRIMARIES),
        ("patch-primary-subattr", TWO_PRIMARIES),
        ("ent-manager-displayname-ro", "stores a client's manager.displayName: RFC 7643 4.3"),
        ("ent-path-urn-sub", "manager.value after its URN is no path: RFC 7644 3.10"),
        ("i18n-username-nfc", "one name composed and decomposed makes two users: RFC 7644 5"),
        ("patch-add-same-lastmod", "adding what is there moves lastModified: RFC 7644 3.5.2.1"),
        ("patch-path-ci", "`DISPLAYNAME` is no path: RFC 7644 3.10"),
        ("patch-path-urn", "a core attribute's URN is no path: RFC 7644 3.10"),
        ("patch-replace-complex-merge", "name.familyName is lost: RFC 7644 3.5.2.3"),
        ("patch-replace-nopath", "a replaced list grows instead: RFC 7644 3.5.2.3"),
    ],
    in_daily_work: &[PLAIN_MANAGER, ("entra-converged-user-manager", PLAIN_MANAGER.1)],
    differences: &[("user-manager", PLAIN_MANAGER.1)],
    stray_groups: 2, // of bulk requests whose references point forward
};

/// Required means more than there: RFC 7643 4.1.1.
const EMPTY_USER_NAME: Known =
    ("user-username-nonempty", "a user with an empty userName is created: RFC 7643 4.1.1");

/// At most one value is the primary one.
const TWO_PRIMARIES: &str = "two values stay primary: RFC 7643 2.4, RFC 7644 3.5.2";

/// One user without that attribute makes the whole query end in a 400.
const PARTS_THAT_LACK: &str =
    "refuses to compare a sub-attribute that some user lacks: RFC 7644 3.4.2.2";
/// A name with a dot or a colon in `attributes` ends in a 400.
const PROJECTED_PARTS: &str = "refuses a qualified name in attributes: RFC 7644 3.9, 3.10";
/// Both answer noTarget where Entra adds the first value of a type: RFC 7644 3.5.2.1 lets them, and
/// Entra cannot do its work.
const FIRST_TYPED_VALUES: [Known; 3] = [
    ("entra-add-verbose", "refuses emails[type eq \"work\"].value on a user without e-mail"),
    ("patch-add-valuepath-nomatch", "refuses phoneNumbers[type eq \"fax\"].value without a fax"),
    ("patch-add-valuepath-nomatch-two-attrs", "refuses addresses[type eq \"other\"] without one"),
];
/// RFC 7644 3.5.2.3 asks for noTarget; the profile takes Entra's reading: the value is made.
const REPLACE_WITHOUT_MATCH: Known =
    ("patch-replace-valuepath-nomatch", "refuses to replace a value of a type that is not there");
/// Entra's default dialect removes a member by a value; RFC 7644 3.5.2.2 knows no value there.
const REMOVE_WITH_VALUE: Known =
    ("group-members-remove-valuearray", "refuses a remove that carries a value");
/// Entra's default dialect sets `manager` to a text; by RFC 7643 4.3 it is complex.
const PLAIN_MANAGER: Known = ("patch-200-or-204", "refuses a manager that is a plain text");

#[test]
fn scim2_server_passes_test_connection() {
    test_connection(&SCIM2_SERVER);
}

#[test]
fn scimmy_routers_passes_test_connection() {
    test_connection(&SCIMMY_ROUTERS);
}

#[test]
fn scim2_server_violates_what_it_is_known_to_violate() {
    check(&SCIM2_SERVER);
}

#[test]
fn scimmy_routers_violates_what_it_is_known_to_violate() {
    check(&SCIMMY_ROUTERS);
}

#[test]
fn scim2_server_follows_members_that_come_and_go() {
    churn(&SCIM2_SERVER);
}

#[test]
fn scimmy_routers_follows_members_that_come_and_go() {
    churn(&SCIMMY_ROUTERS);
}

#[test]
fn scim2_server_takes_a_load() {
    load(&SCIM2_SERVER);
}

#[test]
fn scimmy_routers_takes_a_load() {
    load(&SCIMMY_ROUTERS);
}

fn test_connection(known: &KnownFaults) {
    let folder = Folder::of(&format!("{}-test-connection", known.server));
    let Some(server) = RealServer::start(known.server, &folder) else { return };
    against(&server, &folder, &["test-connection"]).expect_code(&[0]);
    let report = folder.report().expect("Test Connection leaves a report");
    assert_eq!(report["connection"]["success"], true, "{}", report["connection"]);
    expect_left(&server, 0);
}

fn check(known: &KnownFaults) {
    let folder = Folder::of(&format!("{}-check", known.server));
    let Some(server) = RealServer::start(known.server, &folder) else { return };
    let finished = against(&server, &folder, &["check"]).expect_code(&[0, 1]);
    let report = folder.report().expect("a check leaves a report");
    let found = violations(&report);
    expect_known(&format!("violations of {}", known.server), &found, known.violations);
    assert_eq!(finished.code() == Some(1), !found.is_empty(), "{}", finished.printed());
    expect_outcome(&report, &finished);
    expect_left(&server, known.stray_groups);
}

fn churn(known: &KnownFaults) {
    let folder = Folder::of(&format!("{}-churn", known.server));
    let Some(server) = RealServer::start(known.server, &folder) else { return };
    let command = ["run", "churn/members-come-and-go", "--snapshots", "off"];
    let finished = against(&server, &folder, &command).expect_code(&[0, 1]);
    let report = folder.report().expect("a scenario leaves a report");
    expect_outcome(&report, &finished);
    let scenario = &report["scenarios"][0];
    assert_eq!(scenario["name"], "churn/members-come-and-go");
    let all = scenario["differences"].as_array().expect("a scenario lists its differences");
    let found: BTreeSet<_> = all.iter().map(|it| text(&it["kind"])).collect();
    expect_known(&format!("differences of {}", known.server), &found, known.differences);
    expect_among("violations in the churn", &violations(&report), known);
    expect_left(&server, 0);
}

fn load(known: &KnownFaults) {
    let folder = Folder::of(&format!("{}-load", known.server));
    let Some(server) = RealServer::start(known.server, &folder) else { return };
    let size = ["--users", "500", "--groups", "10", "--members-per-group", "10"];
    let command = [&["load"][..], &size, &["--concurrency", "5"]].concat();
    let finished = against(&server, &folder, &command).expect_code(&[0, 1]);
    let report = folder.report().expect("a load leaves a report");
    expect_outcome(&report, &finished);
    let load = &report["load"];
    assert_eq!((&load["users-found"], &load["groups-found"]), (&500.into(), &10.into()), "{load}");
    let differences = load["differences"].as_array().expect("a load lists its differences");
    let found: BTreeSet<_> = differences.iter().map(|it| text(&it["kind"])).collect();
    let new = unknown(&found, known.differences);
    assert!(new.is_empty(), "differences after a load that the churn does not know of: {new:#?}");
    expect_among("violations under load", &violations(&report), known);
    expect_left(&server, 0);
}

/// Runs a command against a server, with a seed and its report in the test's folder.
fn against(server: &RealServer, folder: &Folder, command: &[&str]) -> Finished {
    let common = ["--tenant-url", server.base_url(), "--profile", "entra", "--seed", "1"];
    let arguments = [command, &common, &["--reports", "reports"]].concat();
    folder.scimrig(&arguments).token(RealServer::TOKEN).within(400).run()
}

/// The ids of violated checks in a report.
fn violations(report: &Value) -> BTreeSet<String> {
    let checks = report["checks"].as_array().expect("a report lists its checks");
    let violated = checks.iter().filter(|check| check["outcome"] == "violation");
    violated.map(|check| text(&check["id"])).collect()
}

/// Fails the test unless found and known are the same, naming each that is not.
#[track_caller]
fn expect_known(what: &str, found: &BTreeSet<String>, known: &[Known]) {
    let gone: Vec<_> = known.iter().filter(|(id, _)| !found.contains(*id)).collect();
    assert!(
        gone.is_empty() && found.len() == known.len(),
        "{what} have changed.\nnew (look at each in the report, then mend the check or list it \
         with its reason): {:#?}\nno longer found (take them from the list): {gone:#?}",
        unknown(found, known)
    );
}

/// Fails the test unless every violation found is known; not everything known need be found.
#[track_caller]
fn expect_among(what: &str, found: &BTreeSet<String>, known: &KnownFaults) {
    let new = unknown(found, &[known.violations, known.in_daily_work].concat());
    assert!(new.is_empty(), "{what} of {} that are not known: {new:#?}", known.server);
}

fn unknown<'a>(found: &'a BTreeSet<String>, known: &[Known]) -> Vec<&'a String> {
    found.iter().filter(|id| known.iter().all(|(known, _)| known != id)).collect()
}

/// Report and exit code must say the same.
#[track_caller]
fn expect_outcome(report: &Value, finished: &Finished) {
    let outcome = if finished.code() == Some(0) { "conforms" } else { "violations" };
    assert_eq!(report["outcome"], outcome, "{}", finished.printed());
}

/// What a run created it has deleted.
#[track_caller]
fn expect_left(server: &RealServer, stray_groups: u64) {
    for (endpoint, strays) in [("/Users", 0), ("/Groups", stray_groups)] {
        let left = count_at(server.base_url(), endpoint, RealServer::TOKEN);
        assert_eq!(left, strays, "the run has left resources at {endpoint}");
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
