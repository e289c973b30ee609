//! Known failures on days of our own: what is excused, what fails the run, what is written.

use super::*;
use crate::profile::LimitationKind;
use crate::run::sample;

const TODAY: Date = jiff::civil::date(2026, 3, 1);

fn parsed(text: &str) -> Result<KnownFailures, Box<Refusal>> {
    KnownFailures::parse(SourceText { file: "known.toml", text }, TODAY)
}

fn refusal(text: &str) -> String {
    parsed(text).unwrap_err().to_string()
}

fn entry(id: &str, expires: &str) -> String {
    format!(
        "[[known-failure]]\nid = \"{id}\"\nreason = \"old\"\nowner = \"Ada\"\nexpires = {expires}\n"
    )
}

/// What becomes of one entry for `delete-204`, and of its check.
fn state(outcome: Outcome, expires: &str) -> (KnownFailureState, Outcome) {
    let mut checks = [sample::check("delete-204", outcome)];
    let known = parsed(&entry("delete-204", expires)).unwrap();
    (known.excuse(&mut checks)[0].state, checks[0].outcome)
}

#[test]
fn a_violation_and_a_deviation_are_excused_until_the_last_day_is_over() {
    use KnownFailureState::{Excused, Expired};
    for outcome in [Outcome::Violation, Outcome::Deviation] {
        assert_eq!(state(outcome, "2026-03-02"), (Excused, Outcome::Excused));
        assert_eq!(state(outcome, "2026-03-01"), (Excused, Outcome::Excused), "the day itself");
        assert_eq!(state(outcome, "2026-02-28"), (Expired, outcome), "and stays what it is");
    }
    let mut checks = [sample::check("delete-204", Outcome::Violation)];
    parsed(&entry("delete-204", "2026-03-02")).unwrap().excuse(&mut checks);
    let reason = checks[0].reason.as_deref();
    assert_eq!(reason, Some("known failure: old (owner Ada, until 2026-03-02)"));
}

#[test]
fn what_passes_is_to_go_whatever_its_date() {
    for outcome in [Outcome::Conforms, Outcome::Note, Outcome::StaleExcuse] {
        for expires in ["2026-01-01", "2027-01-01"] {
            assert_eq!(state(outcome, expires), (KnownFailureState::Passes, outcome));
        }
    }
    assert!(
        KnownFailureState::Passes.fails_the_run() && KnownFailureState::Expired.fails_the_run()
    );
    assert!(!KnownFailureState::NotJudged.fails_the_run());
}

#[test]
fn a_limitation_excuses_first_and_what_was_not_judged_waits_for_its_day() {
    use KnownFailureState::{Covered, Expired, NotJudged};
    let mut checks = [CheckResult {
        limitation: Some(LimitationKind::GroupRename),
        reason: Some("documented".to_owned()),
        ..sample::check("delete-204", Outcome::Excused)
    }];
    let known = parsed(&entry("delete-204", "2026-01-01")).unwrap();
    assert_eq!(known.excuse(&mut checks)[0].state, Covered);
    assert_eq!(checks[0].reason.as_deref(), Some("documented"));
    for outcome in [Outcome::CannotTell, Outcome::Skipped, Outcome::NotExercised] {
        assert_eq!(state(outcome, "2026-03-02"), (NotJudged, outcome));
        assert_eq!(state(outcome, "2026-02-28"), (Expired, outcome));
    }
    assert_eq!(known.excuse(&mut [])[0].state, NotJudged, "another part of the catalogue ran");
}

#[test]
fn an_unknown_id_a_misspelt_key_and_no_day_are_shown_where_they_stand() {
    insta::assert_snapshot!(refusal(&entry("delete-20", "2026-03-02")), @r#"
    known.toml, line 2, known-failure.id: `delete-20` is no check
      |
    2 | id = "delete-20"
      |      ^^^^^^^^^^^
      = an id is written whole, such as delete-204
    "#);
    let misspelt = entry("delete-204", "2026-03-02").replace("owner", "ower");
    let message = refusal(&misspelt);
    for words in ["line 4, known-failure.ower", "unknown field `ower`", "^^^^", "`owner`"] {
        assert!(message.contains(words), "{message}");
    }
    insta::assert_snapshot!(refusal(&entry("delete-204", "2026-03-02T10:00:00Z")), @r#"
    known.toml, line 5, known-failure.expires: `2026-03-02T10:00:00Z` is no day
      |
    5 | expires = 2026-03-02T10:00:00Z
      |           ^^^^^^^^^^^^^^^^^^^^
      = write it as 2027-01-31, without a time
    "#);
    for (text, place) in [
        (entry("delete-204", "\"2026-03-02\""), "line 5, known-failure.expires"),
        (entry("delete-204", "2026-02-30"), "line 5"),
        (entry("delete-204", "2026-03-02").replace("old", " "), "line 3, known-failure.reason"),
        (entry("no-such", "2026-03-02"), "`scimrig checks` lists the ids"),
        (entry("delete-204", "2026-03-02").repeat(2), "line 7, known-failure.id"),
        ("[[known-failures]]\n".to_owned(), "line 1"),
    ] {
        assert!(refusal(&text).contains(place), "{place}\n{}", refusal(&text));
    }
}

#[test]
fn the_violations_of_a_run_are_written_with_placeholders_that_can_be_read_back() {
    let checks = [
        sample::check("delete-204", Outcome::Violation),
        sample::check("get-200", Outcome::Deviation),
        sample::check("id-stable", Outcome::Conforms),
    ];
    let none = KnownFailures::none(TODAY);
    let written = none.renewed(&none, &checks, false, None);
    let text = written.to_toml();
    assert!(text.contains(&format!(
        "[[known-failure]]\nid      = \"delete-204\"\nreason  = \"found by scimrig {} on \
         2026-03-01\"\nowner   = \"nobody yet\"\nexpires = 2026-05-30\n",
        env!("CARGO_PKG_VERSION")
    )));
    assert_eq!(parsed(&text).unwrap(), written);
    assert_eq!(none.renewed(&none, &checks, true, Some("Ada \"L\"")).len(), 2);
    let quoted = none.renewed(&none, &checks, true, Some("Ada \"L\"\n"));
    assert_eq!(parsed(&quoted.to_toml()).unwrap(), quoted);
}

#[test]
fn what_is_written_again_keeps_its_words_and_what_passes_goes() {
    let old =
        [("delete-204", "2027-01-01"), ("get-200", "2027-01-02"), ("id-stable", "2027-01-03")];
    let old: String = old.iter().map(|(id, day)| entry(id, day)).collect();
    let (kept, none) = (parsed(&old).unwrap(), KnownFailures::none(TODAY));
    let checks = [
        sample::check("delete-204", Outcome::Violation),
        sample::check("list-200", Outcome::Violation),
        sample::check("get-200", Outcome::Conforms),
    ];
    let written = none.renewed(&kept, &checks, false, Some("Bo"));
    let shown: Vec<_> = written
        .entries
        .iter()
        .map(|it| (it.id.as_str(), it.owner.as_str(), it.expires.to_string()))
        .collect();
    assert_eq!(
        shown,
        [
            ("delete-204", "Ada", "2027-01-01".to_owned()),
            ("list-200", "Bo", "2026-05-30".to_owned()),
            ("id-stable", "Ada", "2027-01-03".to_owned()),
        ]
    );
    let mut excused = [sample::check("delete-204", Outcome::Violation)];
    kept.excuse(&mut excused);
    assert!(kept.renewed(&none, &excused, false, None).entries.contains(&kept.entries[0]));
}

#[test]
fn a_run_on_any_clock_has_one_day() {
    let day = |text: &str| day_of(text.parse().unwrap()).to_string();
    assert_eq!(day("2026-03-01T23:59:59Z"), "2026-03-01");
    assert_eq!(day("2026-03-01T23:59:59-05:00"), "2026-03-02");
}
