//! How a tenant reads what the sources leave open, over a whole run: point by point, with the stance
//! of the profile and the checks that met it.

use serde::{Deserialize, Serialize};

use crate::checks::check::CheckResult;
use crate::profile::{Ambiguity, REGISTER};

/// One ambiguous point that the run met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AmbiguityResult {
    /// Its number in the register: `A37`.
    pub id: String,
    /// The point, as a phrase.
    pub point: String,
    /// What the profile makes of it: `any`, `prefer-READING`, or the reading it asks for.
    pub stance: String,
    /// The readings that the tenant takes; more than one where it is not of one mind.
    pub readings: Vec<MetReading>,
}

/// A reading that a tenant takes, and where it showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MetReading {
    /// Its name in the register.
    pub reading: String,
    /// What a tenant does that takes it.
    pub sentence: String,
    /// Ids of the checks that met it.
    pub checks: Vec<String>,
}

impl AmbiguityResult {
    /// The points that these checks met, in the order of the register.
    pub fn of(checks: &[CheckResult]) -> Vec<Self> {
        REGISTER.iter().filter_map(|point| Self::on(*point, checks)).collect()
    }

    fn on(point: Ambiguity, checks: &[CheckResult]) -> Option<Self> {
        let mut stance = None;
        let mut readings: Vec<MetReading> = Vec::new();
        for check in checks {
            for met in check.readings.iter().filter(|met| met.ambiguity == point.id()) {
                stance.get_or_insert_with(|| met.stance.clone());
                match readings.iter_mut().find(|known| known.reading == met.reading) {
                    Some(known) => known.checks.push(check.id.clone()),
                    None => readings.push(MetReading {
                        reading: met.reading.clone(),
                        sentence: point.sentence(&met.reading).to_owned(),
                        checks: vec![check.id.clone()],
                    }),
                }
            }
        }
        Some(Self {
            id: point.id().to_owned(),
            point: point.point().to_owned(),
            stance: stance?,
            readings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    #[test]
    fn readings_are_gathered_by_point_and_name_their_checks() {
        let run = sample::violating();
        let met = AmbiguityResult::of(&run.checks);
        assert_eq!(met, run.ambiguities);
        let [one] = met.as_slice() else { panic!("{met:?}") };
        assert_eq!((one.id.as_str(), one.stance.as_str()), ("A37", "creates"));
        assert_eq!(one.readings[0].reading, "refuses");
        assert!(one.readings[0].sentence.contains("noTarget"));
        assert_eq!(one.readings[0].checks, ["patch-replace-valuepath-nomatch"]);
    }
}
