//! `report.json`: the run itself, and the JSON Schema that describes it.
//!
//! The schema is written by hand below; a test walks it beside a run in which every field is
//! filled, so neither can name a key that the other lacks.

mod found;
mod load;

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value, json};

use self::load::{expectation, load, operation};
use super::{JSON, ReportError};
use crate::checks::cause::Damage;
use crate::checks::check::{Level, Outcome};
use crate::difference::DifferenceKind as Kind;
use crate::profile::{LimitationKind, Manner};
use crate::run::{KnownFailureState, Run, RunOutcome, ScenarioOutcome, SnapshotResult};

/// The run as JSON, with a newline at its end.
pub(super) fn text(run: &Run) -> Result<String, ReportError> {
    let encoded = serde_json::to_string_pretty(run);
    encoded
        .map(|text| text + "\n")
        .map_err(|error| ReportError::Encode { format: "JSON", reason: error.to_string() })
}

/// Reads a run back, from a report folder or its `report.json`.
pub fn read(path: &Path) -> Result<Run, ReportError> {
    let path = if path.is_dir() { path.join(JSON) } else { path.to_owned() };
    let text = fs::read_to_string(&path)
        .map_err(|source| ReportError::Read { path: path.clone(), source })?;
    let not_a_report = |what: String| ReportError::NotAReport { path: path.clone(), what };
    let value: Value =
        serde_json::from_str(&text).map_err(|error| not_a_report(format!("no JSON: {error}")))?;
    if value["tool"] != "scimrig" {
        return Err(not_a_report("`tool` is not `scimrig`".to_owned()));
    }
    let version = value["version"].as_str().unwrap_or("?").to_owned();
    // Read from the text once more: its errors name line and column, those of a value do not.
    serde_json::from_str(&text).map_err(|source| ReportError::Fields {
        path: path.clone(),
        version,
        source,
    })
}

/// The JSON Schema (draft 2020-12) of `report.json`.
pub fn schema() -> Value {
    let mut run = object([
        ("tool", json!({ "const": "scimrig" })),
        ("version", described("version of the program", &string())),
        ("command", described("the command that made the run, without secrets", &string())),
        ("tenant", described("the Tenant URL without its query, or `embedded`", &string())),
        ("profile", string()),
        ("dialect", string()),
        ("seed", count()),
        ("began", json!({ "type": "string", "format": "date-time" })),
        ("seconds", number()),
        (
            "outcome",
            one_of(&[
                RunOutcome::Conforms,
                RunOutcome::ExpectationMissed,
                RunOutcome::Violations,
                RunOutcome::Unreachable,
                RunOutcome::Interrupted,
            ]),
        ),
        ("counts", counts()),
        ("connection", optional(&connection())),
        ("limitations", list(&limitation())),
        ("causes", described("root causes, most damaging for Entra first", &list(&cause()))),
        ("known-failures", list(&known_failure())),
        ("ambiguities", list(&ambiguity())),
        ("checks", list(&check())),
        ("scenarios", list(&scenario())),
        ("load", optional(&load())),
        ("operations", list(&operation())),
        ("clean-up", clean_up()),
        ("requests", requests()),
        ("remarks", list(&string())),
    ]);
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("report.json of scimrig"));
    schema.append(run.as_object_mut().expect("`object` makes an object"));
    Value::Object(schema)
}

fn counts() -> Value {
    object(
        [
            "conforms",
            "violations",
            "deviations",
            "notes",
            "excused",
            "excused-limitations",
            "known-failures",
            "stale-excuses",
            "cannot-tell",
            "skipped",
            "not-exercised",
        ]
        .map(|name| (name, count())),
    )
}

fn connection() -> Value {
    object([
        ("success", flag()),
        ("code", optional(&string())),
        ("message", string()),
        ("evidence", string()),
    ])
}

fn limitation() -> Value {
    object([
        ("is", one_of(LimitationKind::ALL)),
        ("how", one_of(&[Manner::IgnoredOrRefused, Manner::Ignored, Manner::Refused])),
        ("reason", string()),
        ("source", string()),
    ])
}

fn cause() -> Value {
    object([
        ("id", described("the same for ever", &string())),
        ("damage", one_of(Damage::ALL)),
        ("sentence", string()),
        ("mend", string()),
        ("violations", list(&string())),
        ("deviations", list(&string())),
    ])
}

fn known_failure() -> Value {
    object([
        ("id", string()),
        ("reason", string()),
        ("owner", string()),
        ("expires", json!({ "type": "string", "format": "date" })),
        (
            "state",
            one_of(&[
                KnownFailureState::Excused,
                KnownFailureState::Covered,
                KnownFailureState::NotJudged,
                KnownFailureState::Expired,
                KnownFailureState::Passes,
            ]),
        ),
    ])
}

fn ambiguity() -> Value {
    let reading =
        object([("reading", string()), ("sentence", string()), ("checks", list(&string()))]);
    object([
        ("id", described("its number in the register", &string())),
        ("point", string()),
        ("stance", described("any, prefer-READING, or the reading asked for", &string())),
        ("readings", list(&reading)),
    ])
}

fn check() -> Value {
    object([
        ("id", described("the same for ever", &string())),
        ("level", one_of(Level::ALL)),
        ("source", string()),
        ("sentence", string()),
        (
            "outcome",
            one_of(&[
                Outcome::Violation,
                Outcome::Deviation,
                Outcome::Note,
                Outcome::StaleExcuse,
                Outcome::Excused,
                Outcome::CannotTell,
                Outcome::Skipped,
                Outcome::NotExercised,
                Outcome::Conforms,
            ]),
        ),
        ("expected", optional(&string())),
        ("actual", optional(&string())),
        ("curl", optional(&string())),
        ("reason", optional(&string())),
        ("limitation", optional(&one_of(LimitationKind::ALL))),
        (
            "readings",
            list(&object(["ambiguity", "point", "reading", "stance"].map(|it| (it, string())))),
        ),
        ("cause", described("the id of its root cause", &string())),
        ("judged", count()),
        ("failed", count()),
        ("exchanges", list(&count())),
        ("scenario", optional(&string())),
    ])
}

fn scenario() -> Value {
    object([
        ("name", string()),
        ("title", string()),
        ("seed", count()),
        ("dialect", string()),
        (
            "outcome",
            one_of(&[
                ScenarioOutcome::AsExpected,
                ScenarioOutcome::Excused,
                ScenarioOutcome::ExpectationMissed,
                ScenarioOutcome::SnapshotChanged,
                ScenarioOutcome::CannotTell,
                ScenarioOutcome::Failed,
                ScenarioOutcome::Interrupted,
            ]),
        ),
        ("runs", count()),
        ("requests", count()),
        ("seconds", number()),
        ("cycles", list(&cycle())),
        ("differences", list(&difference())),
        ("differences-total", count()),
        (
            "snapshot",
            one_of(&[
                SnapshotResult::Off,
                SnapshotResult::Matches,
                SnapshotResult::Pending,
                SnapshotResult::Missing,
                SnapshotResult::Changed,
                SnapshotResult::Updated,
            ]),
        ),
        ("expectations", list(&expectation())),
        ("failures", list(&found::sequence_failure())),
        ("orders", optional(&found::orders())),
        ("minimal", optional(&string())),
        ("findings", list(&found::finding())),
        ("lags", list(&found::lag())),
        ("remarks", list(&string())),
    ])
}

fn cycle() -> Value {
    object([
        ("kind", string()),
        ("countImported", count()),
        ("countEntitled", count()),
        ("countExported", count()),
        ("countExports", count()),
        ("countEscrowed", count()),
        ("state", string()),
        ("status", string()),
        ("requests", count()),
    ])
}

fn difference() -> Value {
    let kinds = [
        Kind::MissingUser,
        Kind::UserNotDeleted,
        Kind::SecondUser,
        Kind::UserAttribute,
        Kind::UserActive,
        Kind::UserManager,
        Kind::MissingGroup,
        Kind::GroupNotDeleted,
        Kind::SecondGroup,
        Kind::GroupName,
        Kind::GroupAttribute,
        Kind::MissingMember,
        Kind::UnexpectedMember,
        Kind::DanglingMember,
        Kind::Unreadable,
    ];
    object([
        ("kind", one_of(&kinds)),
        ("subject", string()),
        ("attribute", optional(&string())),
        ("expected", string()),
        ("actual", string()),
        ("exchange", optional(&count())),
    ])
}

fn requests() -> Value {
    object([
        ("sent", count()),
        ("clean-up", count()),
        ("held-back", count()),
        ("throttled", count()),
        ("throttled-seconds", number()),
        ("budget", optional(&count())),
        ("per-second-max", optional(&number())),
    ])
}

fn clean_up() -> Value {
    object([("created", count()), ("deleted", count()), ("left", list(&string()))])
}

/// An object with exactly these keys; all of them are always written.
fn object<const N: usize>(properties: [(&str, Value); N]) -> Value {
    let required: Vec<_> = properties.iter().map(|(name, _)| (*name).to_owned()).collect();
    let properties: Map<_, _> =
        properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn optional(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn one_of<T: Serialize>(values: &[T]) -> Value {
    json!({ "type": "string", "enum": values })
}

fn described(words: &str, schema: &Value) -> Value {
    let mut schema = schema.clone();
    schema["description"] = json!(words);
    schema
}

fn string() -> Value {
    json!({ "type": "string" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn number() -> Value {
    json!({ "type": "number" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    /// Walks schema and value side by side and lists where they disagree. An `extra` key of the
    /// schema counts as well: every key is required.
    fn disagreements(schema: &Value, value: &Value, path: &str) -> Vec<String> {
        if let Some(options) = schema["anyOf"].as_array() {
            let of_null = usize::from(value.is_null());
            return disagreements(&options[of_null], value, path);
        }
        if let Some(known) = schema["enum"].as_array() {
            let fault = || vec![format!("{path}: {value} is not listed")];
            return if known.contains(value) { Vec::new() } else { fault() };
        }
        match (schema["type"].as_str(), value) {
            (Some("object"), Value::Object(object)) => {
                let open = &schema["additionalProperties"];
                let known = schema["properties"].as_object().cloned().unwrap_or_default();
                let missing = known.keys().filter(|name| !object.contains_key(*name));
                let mut found: Vec<_> =
                    missing.map(|name| format!("{path}.{name}: not in the value")).collect();
                for (name, value) in object {
                    let path = format!("{path}.{name}");
                    match known.get(name).or(open.is_object().then_some(open)) {
                        Some(schema) => found.extend(disagreements(schema, value, &path)),
                        None => found.push(format!("{path}: not in the schema")),
                    }
                }
                found
            }
            (Some("array"), Value::Array(items)) => {
                let each = items.iter().enumerate();
                each.flat_map(|(at, item)| {
                    disagreements(&schema["items"], item, &format!("{path}[{at}]"))
                })
                .collect()
            }
            (Some("string"), Value::String(_))
            | (Some("number"), Value::Number(_))
            | (Some("boolean"), Value::Bool(_))
            | (Some("null"), Value::Null) => Vec::new(),
            (Some("integer"), Value::Number(number)) if number.is_u64() => Vec::new(),
            _ if schema["const"] == *value => Vec::new(),
            _ => vec![format!("{path}: {value} does not fit {schema}")],
        }
    }

    #[test]
    fn the_schema_names_each_key_of_a_run_and_no_other() {
        for run in [sample::conforming(), sample::violating()] {
            let value = serde_json::to_value(run).unwrap();
            assert_eq!(disagreements(&schema(), &value, ""), Vec::<String>::new());
        }
    }

    #[test]
    fn the_walk_notices_a_missing_an_unknown_and_a_wrong_value() {
        let mut value = serde_json::to_value(sample::violating()).unwrap();
        value["load"].as_object_mut().unwrap().remove("users");
        value["checks"][0]["extra"] = json!(1);
        value["scenarios"][0]["outcome"] = json!("fine");
        value["seed"] = json!("seven");
        let mut found = disagreements(&schema(), &value, "");
        found.sort();
        assert_eq!(
            found,
            [
                ".checks[0].extra: not in the schema",
                ".load.users: not in the value",
                ".scenarios[0].outcome: \"fine\" is not listed",
                ".seed: \"seven\" does not fit {\"type\":\"integer\",\"minimum\":0}",
            ]
        );
    }

    #[test]
    fn the_top_level_keys_are_as_promised() {
        let value = serde_json::to_value(sample::violating()).unwrap();
        for name in
            ["tool", "version", "tenant", "profile", "seed", "outcome", "counts", "scenarios"]
        {
            assert!(!value[name].is_null(), "{name}");
        }
        assert_eq!(value["tool"], "scimrig");
        for name in ["id", "level", "source", "outcome", "expected", "actual", "curl"] {
            assert!(!value["checks"][0][name].is_null(), "{name}");
        }
    }

    #[test]
    fn a_run_survives_being_written_and_read() {
        for run in [sample::violating(), sample::hostile("\u{1b}[31m\0\u{202e}\u{2028}\"\\|<")] {
            assert_eq!(serde_json::from_str::<Run>(&text(&run).unwrap()).unwrap(), run);
        }
    }
}
