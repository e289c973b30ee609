//! Answers that were judged before, byte for byte.
//!
//! A judge of what passes looks at question and answer, and at no clock. Where both are what they
//! were, so is what comes of them, and it is counted again instead of being worked out again: a
//! history reads the same resources after each of its steps, and finds most of them unchanged.

use std::sync::Arc;

use http::{HeaderMap, Method, header};

use super::memory::Sighting;
use crate::exchange::recent::{BODY_BYTES_MAX, Recent};
use crate::exchange::{Answer, Body, BodyEnd, Exchange, Operation, Request};

/// What came of the last reads of targets.
#[derive(Debug, Default)]
pub(super) struct Repeated(Recent<Arc<Known>>);

/// A read that was judged and failed nothing.
#[derive(Debug)]
pub(super) struct Known {
    request: Request,
    status: u16,
    headers: Vec<u8>,
    body: Body,
    /// Places of the checks that it was judged by.
    pub(super) judged: Vec<usize>,
    /// What it showed of a resource.
    pub(super) sighting: Option<Arc<Sighting>>,
}

impl Repeated {
    /// What came of the same exchange before.
    pub(super) fn of(&self, exchange: &Exchange) -> Option<Arc<Known>> {
        let answer = kept_answer(exchange)?;
        let known = self.0.of(&exchange.request.target)?;
        known.is(exchange, answer).then(|| known.clone())
    }

    /// Keeps what came of an exchange.
    pub(super) fn keep(
        &mut self,
        exchange: &Exchange,
        judged: Vec<usize>,
        sighting: Option<Arc<Sighting>>,
    ) {
        let Some(answer) = kept_answer(exchange) else { return };
        let known = Known {
            request: exchange.request.clone(),
            status: answer.status,
            headers: written(&answer.headers),
            body: answer.body.clone(),
            judged,
            sighting,
        };
        self.0.keep(&exchange.request.target, Arc::new(known));
    }
}

impl Known {
    fn is(&self, exchange: &Exchange, answer: &Answer) -> bool {
        self.status == answer.status
            && self.body == answer.body
            && self.request == exchange.request
            && self.headers == written(&answer.headers)
    }
}

/// The answer to one of the harness's own reads, where it came whole and is not large. What Entra
/// asks, it seldom asks twice.
fn kept_answer(exchange: &Exchange) -> Option<&Answer> {
    let answer = exchange.result.as_ref().ok()?;
    let is_kept = exchange.operation == Operation::ReadBack
        && exchange.request.method == Method::GET
        && answer.end == BodyEnd::Complete
        && answer.body.len() <= BODY_BYTES_MAX;
    is_kept.then_some(answer)
}

/// Names and values of headers; of `Date`, which each answer has another of, the name alone.
fn written(headers: &HeaderMap) -> Vec<u8> {
    let mut written = Vec::with_capacity(512);
    for (name, value) in headers {
        written.extend_from_slice(name.as_str().as_bytes());
        written.push(b':');
        if name != header::DATE {
            written.extend_from_slice(value.as_bytes());
        }
        written.push(b'\n');
    }
    written
}
