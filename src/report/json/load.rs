//! What `report.json` says of a load, of operations and of what was expected of them.

use serde_json::{Value, json};

use super::{count, described, difference, flag, list, number, object, one_of, optional, string};
use crate::metrics::GrowthBound;
use crate::run::GrowthVerdict;

pub(super) fn expectation() -> Value {
    object([("name", string()), ("expected", number()), ("actual", number()), ("held", flag())])
}

pub(super) fn operation() -> Value {
    object([
        ("operation", string()),
        ("count", count()),
        ("errors", count()),
        ("statuses", json!({ "type": "object", "additionalProperties": count() })),
        ("latency-ms", percentiles()),
        ("latency-from-due-ms", optional(&percentiles())),
        ("histogram", histogram()),
        ("histogram-from-due", optional(&histogram())),
    ])
}

fn histogram() -> Value {
    let words = "HdrHistogram, V2 with DEFLATE, in base64; counts latencies in microseconds";
    let slowest = described("in microseconds; the histogram rounds it", &count());
    object([("hdr-histogram", described(words, &string())), ("slowest-us", slowest)])
}

fn percentiles() -> Value {
    object(["p50", "p90", "p99", "p99-9", "max"].map(|name| (name, number())))
}

pub(super) fn load() -> Value {
    object([
        ("shard", described("`2/3`, or `3 shards` merged", &optional(&string()))),
        ("began", json!({ "type": "string", "format": "date-time" })),
        ("size", described("the whole population, whatever the share of it", &size())),
        ("users", count()),
        ("groups", count()),
        ("memberships", count()),
        ("concurrency", count()),
        ("pace", string()),
        ("rate", optional(&number())),
        ("requests", count()),
        ("objects", count()),
        ("seconds", number()),
        ("requests-per-second", number()),
        ("objects-per-second", number()),
        (
            "phases",
            list(&object([
                ("phase", string()),
                ("began", number()),
                ("requests", count()),
                ("seconds", number()),
                ("operations", list(&operation())),
            ])),
        ),
        ("operations", list(&operation())),
        ("timeline", list(&moment())),
        ("growth", list(&growth())),
        ("capacity", optional(&capacity())),
        ("throttling", object([("answers", count()), ("waited-seconds", number())])),
        ("escrowed", count()),
        ("quarantine", optional(&string())),
        ("repeats", list(&repeat())),
        ("users-found", count()),
        ("groups-found", count()),
        ("compared", count()),
        ("differences", list(&difference())),
        ("differences-total", count()),
        ("bottleneck", string()),
        (
            "published-minutes",
            json!({ "type": "array", "items": number(), "minItems": 2, "maxItems": 2 }),
        ),
        ("expected", expected()),
        ("expectations", list(&expectation())),
        ("remarks", list(&string())),
    ])
}

fn moment() -> Value {
    object([
        ("phase", string()),
        ("began", number()),
        ("seconds", number()),
        ("requests", count()),
        ("objects", count()),
        ("errors", count()),
        ("throttled", count()),
        ("latency-ms", percentiles()),
        ("histogram", histogram()),
    ])
}

fn repeat() -> Value {
    let latency = object([("operation", string()), ("p50", number()), ("p99", number())]);
    object([
        ("requests-per-second", number()),
        ("objects-per-second", number()),
        ("latencies", list(&latency)),
    ])
}

fn capacity() -> Value {
    let step = object([
        ("rate", number()),
        ("achieved", number()),
        ("p99-ms", number()),
        ("error-share", number()),
        ("held", flag()),
    ]);
    object([("held", optional(&number())), ("broke", optional(&number())), ("steps", list(&step))])
}

fn growth() -> Value {
    let point = object([
        ("size", count()),
        ("count", count()),
        ("p50-ms", number()),
        ("histogram", histogram()),
    ]);
    object([
        ("operation", string()),
        ("over", string()),
        ("points", list(&point)),
        ("exponent", optional(&number())),
        (
            "verdict",
            one_of(&[
                GrowthVerdict::Constant,
                GrowthVerdict::Logarithmic,
                GrowthVerdict::Linear,
                GrowthVerdict::Worse,
                GrowthVerdict::CannotTell,
            ]),
        ),
    ])
}

fn size() -> Value {
    object([
        ("users", count()),
        ("groups", count()),
        ("members-per-group", count()),
        ("large-groups", count()),
        ("members-per-large-group", count()),
        ("members-per-patch", count()),
        ("cycles", count()),
        ("changed-percent", number()),
    ])
}

fn expected() -> Value {
    object([
        ("requests-per-second-min", optional(&number())),
        ("objects-per-second-min", optional(&number())),
        ("latency-p99-ms-max", optional(&number())),
        ("latency-p99-ms-max-of", json!({ "type": "object", "additionalProperties": number() })),
        ("error-share-max", optional(&number())),
        (
            "growth-max",
            optional(&one_of(&[
                GrowthBound::Constant,
                GrowthBound::Logarithmic,
                GrowthBound::Linear,
            ])),
        ),
    ])
}
