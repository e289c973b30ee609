//! One check whole: what it asks for, what it sends, what fails it, and which bugs prove it.
//!
//! What fails it is no prose: it is what the check says of the wrong answer that its own test feeds
//! it. Tests do not travel in the binary, so these words are kept in `failing.jsonl` beside the
//! catalogue, written and held up to date by a test.

use serde::{Deserialize, Serialize};

use crate::checks::FAILING;
use crate::checks::check::{Check, Fixture, Judge, Level, Risk, Setting};
use crate::exchange::{Request, curl};
use crate::tenant::TenantUrl;
use crate::tenant::embedded::Defect;

/// The word in the names of an example.
const MARKER: &str = "m";

/// All that can be said of a check without a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Explanation {
    /// Its id.
    pub id: &'static str,
    /// How strongly the source asks.
    pub level: Level,
    /// Who asks, and where.
    pub source: String,
    /// The requirement in one sentence.
    pub sentence: &'static str,
    /// What the tenant must be able to do; without it the check is skipped.
    pub needs: Vec<String>,
    /// Limitations that excuse a failure, those of which it is a mere consequence included.
    pub excused_by: Vec<&'static str>,
    /// What the sources leave open and it meets: number and point.
    pub reads: Vec<String>,
    /// The root cause that a failure points at.
    pub cause: &'static str,
    /// How to mend that.
    pub mend: &'static str,
    /// How it is run: beside others, alone, or only when asked for.
    pub runs: &'static str,
    /// What is made for it before it begins.
    pub begins_with: String,
    /// Its requests as lines of curl on an example; none where it only listens.
    pub sends: Vec<String>,
    /// What it listens to, where it sends nothing itself.
    pub listens_to: Option<String>,
    /// Wrong answers that its tests feed it, by what it says of them.
    pub fails: Vec<Failing>,
    /// Bugs of the built-in tenant that it must find.
    pub defects: Vec<Proof>,
}

/// What a check says of one wrong answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failing {
    /// What was asked for.
    pub expected: String,
    /// What the wrong answer showed.
    pub actual: String,
}

/// A bug that a check must find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// For `scimrig serve --defect`.
    pub defect: &'static str,
    /// What the server does wrong.
    pub sentence: &'static str,
}

/// One line of `failing.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) expected: String,
    pub(crate) actual: String,
    /// The requests of a dialogue, as far as the right answers lead it: method, target and body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) asks: Vec<String>,
}

/// Explains a check; `url` is where its requests would go.
pub fn explain(check: &'static Check, url: &TenantUrl) -> Explanation {
    let lines: Vec<Line> = FAILING
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Line| line.id == check.id)
        .collect();
    let excuses = check.excused_by.iter().chain(check.follows_from);
    Explanation {
        id: check.id,
        level: check.level,
        source: check.source.to_string(),
        sentence: check.sentence,
        needs: check.needs.iter().map(ToString::to_string).collect(),
        excused_by: excuses.map(|kind| kind.name()).collect(),
        reads: check.reads.iter().map(|it| format!("{}, {}", it.id(), it.point())).collect(),
        cause: check.cause().map_or("", |cause| cause.sentence),
        mend: check.cause().map_or("", |cause| cause.mend),
        runs: runs(check),
        begins_with: begins_with(check),
        sends: sends(check, url, &lines),
        listens_to: listens_to(check),
        fails: lines
            .into_iter()
            .map(|Line { expected, actual, .. }| Failing { expected, actual })
            .collect(),
        defects: Defect::all()
            .filter(|defect| defect.check() == check.id)
            .map(|defect| Proof { defect: defect.id(), sentence: defect.sentence() })
            .collect(),
    }
}

fn runs(check: &Check) -> &'static str {
    match check.risk {
        _ if matches!(check.judge, Judge::Steps(..)) => "in random histories",
        _ if !check.is_probe() => "in passing, in every run",
        Risk::Harmless => "beside other checks",
        Risk::Alone => "alone, after the others",
        Risk::Heavy => "only with --heavy, alone",
        Risk::TenantData => "only with --tenant-data, alone",
    }
}

fn begins_with(check: &Check) -> String {
    match check.setting {
        _ if !check.is_probe() => "nothing of its own".to_owned(),
        Setting::Nothing => "nothing".to_owned(),
        Setting::Users(1) => "a user with all that the tenant takes".to_owned(),
        Setting::Users(users) => format!("{users} users with all that the tenant takes"),
        Setting::BareUsers(users) => format!("{users} users with a userName alone"),
        Setting::Corpus => {
            format!("the {} users that all look-ups share", check.setting.users())
        }
        Setting::Group { users, members } => {
            format!("a group that holds {members} of {users} users")
        }
    }
}

/// The requests as lines of curl; those of a dialogue as its test has led it.
fn sends(check: &Check, url: &TenantUrl, lines: &[Line]) -> Vec<String> {
    let line = |request: &Request| curl::line(&url.join(&request.target), request);
    let its = Fixture::example(check.setting, MARKER);
    match check.judge {
        Judge::Probe(requests, _) => requests(&its).iter().map(line).collect(),
        Judge::Race(requests, then, _) => {
            requests(&its).iter().chain(&then(&its)).map(line).collect()
        }
        Judge::Dialogue(next, _) => match lines.first().filter(|line| !line.asks.is_empty()) {
            Some(led) => led.asks.iter().map(|ask| ask.replace(EXAMPLE, &url.join(""))).collect(),
            None => next(&its, &[]).iter().map(line).collect(),
        },
        Judge::Every(..) | Judge::Again(_) | Judge::Converged(_) | Judge::Steps(..) => Vec::new(),
    }
}

/// Where the requests go that are written down for no tenant in particular.
pub(crate) const EXAMPLE: &str = "https://tenant.example/scim";

fn listens_to(check: &Check) -> Option<String> {
    match check.judge {
        Judge::Every([], _) => Some("every answer, whoever asked".to_owned()),
        Judge::Every(operations, _) => {
            let names: Vec<String> = operations.iter().map(ToString::to_string).collect();
            Some(format!("every answer to {}", names.join(", ")))
        }
        Judge::Converged(_) => {
            Some("what the tenant holds after each cycle of a scenario".to_owned())
        }
        Judge::Again(_) => Some("every answer that shows a whole resource".to_owned()),
        Judge::Steps([], _) => Some("every step of a random history".to_owned()),
        Judge::Steps(verbs, _) => {
            let words: Vec<&str> = verbs.iter().map(|verb| verb.word()).collect();
            Some(format!("these steps of a random history: {}", words.join(", ")))
        }
        Judge::Probe(..) | Judge::Dialogue(..) | Judge::Race(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{all, find};

    fn url() -> TenantUrl {
        TenantUrl::parse("http://127.0.0.1:8080/scim").unwrap()
    }

    #[test]
    fn every_check_tells_what_it_does_and_what_fails_it() {
        for check in all() {
            let told = explain(check, &url());
            assert_eq!(told.sends.is_empty(), told.listens_to.is_some(), "{}", check.id);
            assert!(told.sends.iter().all(|line| line.starts_with("curl -i ")), "{}", check.id);
            assert!(!told.fails.is_empty(), "{}: nothing is known to fail it", check.id);
        }
    }

    #[test]
    fn a_dialogue_tells_all_its_requests_and_a_defect_proves_its_check() {
        let asks = |id: &str| explain(find(id).unwrap(), &url()).sends.len();
        let longest = all()
            .filter(|check| matches!(check.judge, Judge::Dialogue(..)))
            .map(|check| asks(check.id))
            .max();
        assert!(longest > Some(2), "{longest:?}");
        for defect in Defect::all() {
            let told = explain(find(defect.check()).unwrap(), &url());
            assert!(told.defects.iter().any(|proof| proof.defect == defect.id()), "{told:?}");
        }
    }
}
