//! Hears when a tenant falls silent in the middle of a run, so that nobody waits for hours for
//! answers that do not come.
//!
//! What counts is a row of requests without a whole answer, however each of them failed, and the
//! time the row has lasted: a server that restarts is not gone.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::exchange::{BodyEnd, Exchange, Failure, Listener, Operation};

/// A tenant is gone after so many requests in a row without an answer,
const IN_A_ROW: u32 = 20;
/// and not before the row has lasted so long.
const LASTING: Duration = Duration::from_secs(5);

/// A run that ends on so many requests without an answer has found nothing out.
const AT_THE_END: u32 = 5;

/// Listens for a row of requests without an answer, and then says the word to stop.
pub struct Silence {
    in_a_row_max: u32,
    row: Mutex<Row>,
    stop: watch::Sender<bool>,
}

/// Requests in a row without an answer.
#[derive(Default)]
struct Row {
    length: u32,
    began: Duration,
    last: String,
    is_final: bool,
}

impl Silence {
    /// Listens on behalf of a run that has up to `concurrency` requests in flight; says `true` to
    /// `stop` once the tenant is gone.
    pub fn new(concurrency: usize, stop: watch::Sender<bool>) -> Self {
        let at_once = u32::try_from(concurrency).unwrap_or(u32::MAX);
        let in_a_row_max = IN_A_ROW.max(at_once.saturating_mul(4));
        Self { in_a_row_max, row: Mutex::default(), stop }
    }

    /// Why the tenant is taken for gone, where it is. At the end of a run a shorter row will do.
    pub fn verdict(&self, is_at_the_end: bool) -> Option<String> {
        let row = self.row.lock().unwrap_or_else(PoisonError::into_inner);
        let is_gone = row.is_final || (is_at_the_end && row.length >= AT_THE_END);
        is_gone.then(|| {
            format!(
                "the tenant fell silent: {} requests in a row got no answer, the last one: {}",
                row.length, row.last
            )
        })
    }
}

impl Listener for Silence {
    fn heard(&self, exchange: &Exchange) {
        let why = match &exchange.result {
            Ok(answer) if answer.end == BodyEnd::Complete => None,
            Ok(_) => Some("an answer without an end".to_owned()),
            // Our own door, not the tenant.
            Err(Failure::Refused(_)) => return,
            Err(failure) => Some(failure.to_string()),
        };
        let mut row = self.row.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(why) = why.filter(|_| !row.is_final) else {
            if !row.is_final {
                *row = Row::default();
            }
            return;
        };
        if exchange.operation == Operation::CleanUp {
            return;
        }
        if row.length == 0 {
            row.began = exchange.sent;
        }
        row.length += 1;
        row.last = why;
        let lasted = exchange.answered.saturating_sub(row.began);
        if row.length >= self.in_a_row_max && lasted >= LASTING {
            row.is_final = true;
            self.stop.send_replace(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Answer, Request};

    fn seen(second: u64, result: Result<BodyEnd, Failure>) -> Exchange {
        let headers = http::HeaderMap::new();
        let answer = |end| Answer { status: 200, headers, body: "{}".into(), end };
        let at = Duration::from_secs(second);
        Exchange {
            number: second,
            operation: Operation::MatchUser,
            request: Request::get("/Users"),
            result: result.map(answer),
            due: at,
            sent: at,
            answered: at,
            disturbance: None,
        }
    }

    fn heard(all: impl IntoIterator<Item = Exchange>) -> (Silence, bool) {
        let (sender, stop) = watch::channel(false);
        let silence = Silence::new(1, sender);
        all.into_iter().for_each(|exchange| silence.heard(&exchange));
        let told = *stop.borrow();
        (silence, told)
    }

    fn lost(second: u64) -> Exchange {
        seen(second, Err(Failure::Protocol("closed".to_owned())))
    }

    #[test]
    fn a_long_row_without_an_answer_stops_the_run_and_says_why() {
        let (silence, told) = heard((0..20).map(lost));
        let why = silence.verdict(false).unwrap();
        assert!(told && why.contains("20 requests") && why.contains("closed"), "{why}");
        let (_, told) =
            heard((0..20).map(|second| seen(second, Ok(BodyEnd::Broken("late".to_owned())))));
        assert!(told, "answers that never end are none");
    }

    #[test]
    fn an_answer_in_between_a_short_row_and_a_quick_one_are_forgiven() {
        let (silence, told) = heard((0..19).map(lost).chain([seen(19, Ok(BodyEnd::Complete))]));
        assert!(!told && silence.verdict(false).is_none());
        (20..39).for_each(|second| silence.heard(&lost(second)));
        assert!(silence.verdict(false).is_none());
        assert!(!heard((0..19).map(lost)).1);
        assert!(!heard((0..100).map(|_| lost(7))).1, "a restart takes less than five seconds");
    }

    #[test]
    fn a_run_that_ends_in_silence_has_no_verdict() {
        let (silence, told) = heard((0..5).map(lost));
        assert!(!told && silence.verdict(false).is_none() && silence.verdict(true).is_some());
        assert!(heard((0..4).map(lost)).0.verdict(true).is_none());
    }

    #[test]
    fn what_our_own_door_refused_says_nothing_about_the_tenant() {
        let refused = |second| seen(second, Err(Failure::Refused("not ours".to_owned())));
        assert!(!heard((0..30).map(refused)).1);
    }
}
