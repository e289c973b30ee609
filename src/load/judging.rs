//! A load of which a share is judged, where that is asked for: all of its beginning, then a share.
//!
//! Judging an answer costs more than sending its request, and the ten-thousandth user is answered
//! like the thousandth. Whatever is refused is judged all the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::checks::listen::EveryJudge;
use crate::exchange::{Exchange, Listener, Operation};

/// So many exchanges are judged in full, one beside the other.
const IN_FULL: u64 = 2_000;
/// After that so many of each operation are judged by themselves,
const FIRST: u64 = 500;
/// and then each so-manieth.
const EACH: u64 = 50;

/// Lets a judge hear the beginning of a load and a share of the rest.
pub struct LoadJudge {
    judge: Arc<EveryJudge>,
    heard: AtomicU64,
    of_operation: Mutex<BTreeMap<Operation, u64>>,
}

impl LoadJudge {
    /// Hears on behalf of that judge.
    pub fn new(judge: Arc<EveryJudge>) -> Self {
        Self { judge, heard: AtomicU64::new(0), of_operation: Mutex::default() }
    }

    fn is_in_the_share(&self, operation: Operation) -> bool {
        let mut counts = self.of_operation.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(operation).or_default();
        *count += 1;
        *count <= FIRST || count.is_multiple_of(EACH)
    }
}

impl Listener for LoadJudge {
    fn heard(&self, exchange: &Exchange) {
        if self.heard.fetch_add(1, Ordering::Relaxed) < IN_FULL {
            return self.judge.heard(exchange);
        }
        // By itself: what came before may not have been heard.
        if self.is_in_the_share(exchange.operation) || !exchange.is_success() {
            self.judge.heard_alone(exchange);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::exchange::{Answer, BodyEnd, Request};
    use crate::profile::ServerProfile;

    fn answered(status: u16) -> Exchange {
        Exchange {
            number: 1,
            operation: Operation::MatchUser,
            request: Request::get("/Users"),
            result: Ok(Answer {
                status,
                headers: http::HeaderMap::new(),
                body: "{}".into(),
                end: BodyEnd::Complete,
            }),
            due: Duration::ZERO,
            sent: Duration::ZERO,
            answered: Duration::ZERO,
            disturbance: None,
        }
    }

    #[test]
    fn the_beginning_a_share_and_every_refusal_are_judged() {
        let profile = ServerProfile::built_in("strict").unwrap();
        let judge = Arc::new(EveryJudge::new("http://localhost/scim", &profile));
        let load = LoadJudge::new(judge.clone());
        let judged = || judge.tally("err-no-5xx").map_or(0, |tally| tally.judged);
        let hear = |count: u64, status: u16| {
            let exchange = answered(status);
            (0..count).for_each(|_| load.heard(&exchange));
        };
        hear(IN_FULL, 200);
        assert_eq!(judged(), IN_FULL);
        hear(FIRST, 200);
        assert_eq!(judged(), IN_FULL + FIRST);
        hear(10 * EACH, 200);
        assert_eq!(judged(), IN_FULL + FIRST + 10);
        hear(EACH, 503);
        assert_eq!(judged(), IN_FULL + FIRST + 10 + EACH);
    }
}
