//! How the work of a load is spread over time: the models of load.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::phases::Step;
use crate::directory::mix_both;
use crate::entra::pace::Pace;

/// The model of load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoadPace {
    /// Closed: each worker goes on as soon as it is answered.
    Closed,
    /// Open: so many requests a second are due by a schedule, whatever the answers take.
    Rate(f64),
    /// The rate that Microsoft's gallery asks a tenant to bear: 25 requests a second.
    Guideline,
    /// Entra's own: each user, group and membership takes 0.01 to 0.08 minutes, as Microsoft
    /// publishes for "sync only assigned".
    Entra,
}

/// The rate of the gallery's guideline, in requests a second.
const GUIDELINE: f64 = 25.0;
/// The published band for one object, in seconds.
const BAND_SECONDS: (f64, f64) = (0.6, 4.8);

impl LoadPace {
    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Rate(_) => "rate",
            Self::Guideline => "guideline",
            Self::Entra => "entra",
        }
    }

    /// Requests a second, where there is a schedule of requests.
    pub fn rate(self) -> Option<f64> {
        match self {
            Self::Rate(rate) => Some(rate),
            Self::Guideline => Some(GUIDELINE),
            Self::Closed | Self::Entra => None,
        }
    }
}

/// When the steps of one phase may begin.
pub(super) struct Schedule {
    /// When the requests are due, where a rate is set.
    pub(super) requests: Option<Arc<Pace>>,
    objects: Option<Objects>,
}

impl Schedule {
    /// A schedule that begins now. Due times are counted from `origin`, which is `Tenant::began`.
    pub(super) fn new(pace: LoadPace, origin: Instant, seed: u64) -> Self {
        let begins = origin.elapsed();
        Self {
            requests: pace.rate().map(|rate| Arc::new(Pace::new(rate, origin))),
            objects: (pace == LoadPace::Entra).then(|| Objects {
                seed,
                given: 0,
                next: begins,
                late_micros: Arc::default(),
                origin,
            }),
        }
    }

    /// When that step is due, where objects are paced.
    pub(super) fn due(&mut self, step: &Step) -> Option<Due> {
        self.objects.as_mut().map(|objects| objects.due(step))
    }

    /// How long steps and requests waited for a free worker after they were due, all together, and
    /// how many there were.
    pub(super) fn late(&self) -> (Duration, u64) {
        let requests =
            self.requests.as_ref().map(|pace| (pace.late(), pace.given())).unwrap_or_default();
        let objects = self.objects.as_ref().map(|objects| {
            let late = Duration::from_micros(objects.late_micros.load(Ordering::Relaxed));
            (late, objects.given)
        });
        objects.unwrap_or(requests)
    }
}

/// Entra's pace: objects one after another, each with a drawn length.
struct Objects {
    seed: u64,
    given: u64,
    next: Duration,
    late_micros: Arc<AtomicU64>,
    origin: Instant,
}

impl Objects {
    fn due(&mut self, step: &Step) -> Due {
        let at = self.next;
        for _ in 0..step.objects() {
            let drawn = (mix_both(self.seed, self.given) >> 11) as f64 / (1_u64 << 53) as f64;
            let (least, most) = BAND_SECONDS;
            self.next += Duration::from_secs_f64(least + drawn * (most - least));
            self.given += 1;
        }
        Due { at, origin: self.origin, late_micros: self.late_micros.clone() }
    }
}

/// When one step may begin.
pub(super) struct Due {
    at: Duration,
    origin: Instant,
    late_micros: Arc<AtomicU64>,
}

impl Due {
    /// Waits for it, and notes how late the worker came.
    pub(super) async fn wait(&self) {
        tokio::time::sleep_until((self.origin + self.at).into()).await;
        let late = self.origin.elapsed().saturating_sub(self.at).as_micros();
        self.late_micros.fetch_add(u64::try_from(late).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::wire::MemberVerb;

    #[test]
    fn entra_takes_its_time_for_each_object_within_the_published_band() {
        let mut schedule = Schedule::new(LoadPace::Entra, Instant::now(), 1);
        let dues: Vec<f64> = (0..200)
            .map(|index| schedule.due(&Step::User(index)).unwrap().at.as_secs_f64())
            .collect();
        let gaps: Vec<f64> = dues.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| (0.6..=4.8).contains(gap)), "{gaps:?}");
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        assert!((2.2..3.2).contains(&mean), "{mean}");
    }

    #[test]
    fn a_manager_is_no_object_and_each_member_is_one() {
        let mut schedule = Schedule::new(LoadPace::Entra, Instant::now(), 1);
        let mut at = |step: Step| schedule.due(&step).unwrap().at;
        let (manager, members) =
            (at(Step::Manager(1)), at(Step::Members(0, MemberVerb::Add, vec![1, 2, 3])));
        assert_eq!(manager, members);
        let after = at(Step::User(1)) - members;
        assert!((1.8..=14.4).contains(&after.as_secs_f64()), "{after:?}");
    }

    #[test]
    fn the_guideline_is_a_rate_and_a_closed_load_has_none() {
        assert_eq!(LoadPace::Guideline.rate(), Some(25.0));
        let mut closed = Schedule::new(LoadPace::Closed, Instant::now(), 1);
        assert!(closed.requests.is_none() && closed.due(&Step::User(0)).is_none());
    }
}
