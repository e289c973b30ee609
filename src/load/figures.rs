//! Figures of a load: Microsoft's published pace, and who was the bottleneck.

use std::time::{Duration, Instant};

use crate::directory::Population;

/// Minutes an initial cycle takes by Microsoft's formula for "sync only assigned": 0.01 to 0.08 for
/// each user, group and membership.
pub(super) fn published_minutes(population: &Population) -> (f64, f64) {
    let objects = population.users + population.groups + population.membership_count();
    (objects as f64 * 0.01, objects as f64 * 0.08)
}

/// Measures the processor time of this process.
pub(super) struct CpuClock {
    began: Instant,
    seconds: Option<f64>,
}

impl CpuClock {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), seconds: cpu_seconds() }
    }

    /// The share of all cores that this process used since then, from 0 to 1; none where the system
    /// does not tell.
    pub(super) fn share(&self) -> Option<f64> {
        let used = cpu_seconds()? - self.seconds?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let wall = self.began.elapsed().as_secs_f64().max(f64::EPSILON);
        Some((used / (wall * cores as f64)).clamp(0.0, 1.0))
    }
}

/// Clock ticks a second in `/proc`: Linux shows 100 on every architecture we know.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time of this process so far.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    ticks_in(&stat).map(|ticks| ticks as f64 / TICKS_PER_SECOND)
}

/// `utime` plus `stime`, the 14th and 15th field. The second one holds the program's name, which
/// may contain anything: the count begins behind its closing parenthesis.
fn ticks_in(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Above this share of all cores the client's own work weighs.
const BUSY: f64 = 0.8;
/// From this wait for a free worker on, the workers were too few for the rate.
const LONG_WAIT: Duration = Duration::from_millis(50);

/// Says in words whether the client or the tenant was the bottleneck.
pub(super) fn bottleneck(
    share: Option<f64>,
    is_in_process: bool,
    queue_delay: Option<Duration>,
) -> String {
    let waited = queue_delay.map_or(String::new(), |delay| {
        format!("; a due request waited {:.1} ms for a worker", delay.as_secs_f64() * 1_000.0)
    });
    let Some(share) = share else {
        return format!("unknown: this system does not tell processor time{waited}");
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let used = format!("this process used {:.0} % of {cores} cores", share * 100.0);
    let who = if is_in_process {
        "cannot be told: the tenant runs in this process"
    } else if share >= BUSY {
        "the client"
    } else {
        match queue_delay {
            Some(delay) if delay >= LONG_WAIT => "the tenant, or too few workers for the rate",
            Some(_) => "neither: the rate that was asked for was kept",
            None => "the tenant",
        }
    };
    format!("{who}: {used}{waited}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 120 30 5 6 20 0 4 0 99";
        assert_eq!(ticks_in(stat), Some(150));
        assert_eq!(ticks_in("nonsense"), None);
    }

    #[test]
    fn the_published_pace_counts_memberships() {
        let population =
            Population { users: 1_000, groups: 10, members_per_group: 50, ..Population::default() };
        let (fastest, slowest) = published_minutes(&population);
        assert!((fastest - 15.1).abs() < 1e-9 && (slowest - 120.8).abs() < 1e-9);
    }

    #[test]
    fn the_bottleneck_is_named_by_share_and_wait() {
        let wait = Duration::from_millis(80);
        assert!(bottleneck(Some(0.9), false, None).starts_with("the client: "));
        assert!(bottleneck(Some(0.1), false, None).starts_with("the tenant: "));
        assert!(bottleneck(Some(0.1), false, Some(wait)).contains("waited 80.0 ms"));
        assert!(bottleneck(Some(0.1), false, Some(Duration::ZERO)).starts_with("neither"));
        assert!(bottleneck(Some(0.9), true, None).starts_with("cannot be told"));
        assert!(bottleneck(None, false, None).starts_with("unknown"));
    }
}
