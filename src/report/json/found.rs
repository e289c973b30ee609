//! The schema of what drawn sequences and random histories found.

use serde_json::{Value, json};

use super::{count, described, difference, flag, list, number, object, optional, string};

pub(super) fn sequence_failure() -> Value {
    object([
        ("kinds", described("what went wrong, without names and numbers", &list(&string()))),
        ("seed", described("the seed of the first sequence that showed it", &count())),
        ("nth", count()),
        ("times", described("how many sequences showed it", &count())),
        ("requests-until-found", count()),
        ("requests-to-shorten", count()),
        ("changes-before", count()),
        ("changes-after", count()),
        ("is-minimal", described("no single change can be left out", &flag())),
        ("shown", described("how many of the replays showed it again", &count())),
        ("replays", count()),
        ("script", described("cycle and change: `2: disable user 3`", &list(&string()))),
        ("differences", list(&difference())),
        ("complaints", list(&string())),
        ("minimal", described("the shortened sequence as a scenario file", &string())),
        ("shell", described("the same as a shell script", &optional(&string()))),
    ])
}

pub(super) fn orders() -> Value {
    let counts = json!({ "type": "object", "additionalProperties": count() });
    object([
        ("possible", described("orders of two changes on one object that can be", &count())),
        ("tried", count()),
        ("missing", list(&string())),
        ("counts", json!({ "type": "object", "additionalProperties": counts })),
    ])
}

pub(super) fn finding() -> Value {
    object([
        ("check", string()),
        ("verb", string()),
        ("step", string()),
        ("expected", described("what the model says", &string())),
        ("actual", described("what the tenant shows", &string())),
        ("seed", count()),
        ("history", count()),
        ("steps-before", count()),
        ("script", list(&string())),
        ("is-minimal", flag()),
        ("shown", count()),
        ("replays", count()),
        ("requests", count()),
        ("minimal", optional(&string())),
    ])
}

pub(super) fn lag() -> Value {
    let milliseconds = || optional(&number());
    object([
        ("read", described("the kind of read", &string())),
        ("writes", count()),
        ("at-once", described("writes that the first read showed", &count())),
        ("unseen", described("writes that no read showed in time", &count())),
        ("p50-ms", milliseconds()),
        ("p95-ms", milliseconds()),
        ("max-ms", milliseconds()),
    ])
}
