//! The operations of one bulk request, carried out in their order as far as it can be kept.
//!
//! Who refers to a resource that is still to be made waits for it. Where all wait for each other
//! (RFC 7644 §3.7.1), the first create of the circle goes ahead without its references and gets
//! them when they are known; a resource whose circle cannot be closed is taken back, with 409.

use std::collections::BTreeSet;

use axum::response::Response;
use http::{HeaderValue, Method, header};
use serde_json::Value;

use super::operation::{Operation, Outcome};
use super::references::{mentioned, path_with_ids, with_ids, without};
use crate::tenant::embedded::Call;
use crate::tenant::embedded::defects::{Defect, Defects};
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::resources;
use crate::tenant::embedded::route::{BASE, Route};

/// A bulk request on its way.
pub(super) struct Job<'a> {
    call: &'a Call<'a>,
    steps: Vec<Step<'a>>,
}

/// One operation, and what came of it so far.
struct Step<'a> {
    raw: &'a Value,
    operation: Result<Operation<'a>, Problem>,
    /// The bulkIds that it refers to.
    references: Vec<&'a str>,
    outcome: Option<Outcome>,
    /// Made without the references of a circle, which are to follow.
    is_unfinished: bool,
}

/// What a bulkId points to.
enum Target {
    Made(String),
    /// Its operation has not been carried out yet.
    Open,
    /// It will never be there.
    Lost(Problem),
}

impl<'a> Job<'a> {
    pub(super) fn new(call: &'a Call<'a>, operations: &'a [Value]) -> Self {
        let mut taken = BTreeSet::new();
        let tolerant = call.tenant.defects.has(Defect::BULK_DUPLICATE_ID_ACCEPTED);
        let step = |raw: &'a Value| {
            let mut operation = Operation::read(raw);
            if let Ok(Operation { method: Method::POST, bulk_id: Some(id), .. }) = &operation
                && !taken.insert(*id)
                && !tolerant
            {
                operation = Err(Problem::invalid_value("another operation has this `bulkId`"));
            }
            let references = match &operation {
                Ok(operation) => mentioned(operation.path, operation.data),
                Err(_) => Vec::new(),
            };
            Step { raw, operation, references, outcome: None, is_unfinished: false }
        };
        Self { call, steps: operations.iter().map(step).collect() }
    }

    /// Carries the operations out, until there are so many errors; the results come in the order
    /// of the request.
    pub(super) async fn run(mut self, errors_max: Option<usize>) -> Result<Vec<Value>, Problem> {
        let errors_max = self.errors_max(errors_max);
        let mut told = None;
        while let Some(place) = self.next()? {
            self.perform(place).await;
            self.settle(false).await;
            if self.errors() >= errors_max {
                if !self.has(Defect::BULK_STOP_ONLY_SHOWN) {
                    break;
                }
                told.get_or_insert_with(|| self.results());
            }
        }
        self.settle(true).await;
        if self.has(Defect::BULK_ALL_OR_NOTHING) && self.errors() > 0 {
            for place in 0..self.steps.len() {
                self.delete(place).await;
            }
        }
        Ok(told.unwrap_or_else(|| self.results()))
    }

    fn errors_max(&self, asked: Option<usize>) -> usize {
        match asked {
            None if self.has(Defect::BULK_STOPS_AT_FIRST_ERROR) => 1,
            Some(_) if self.has(Defect::BULK_FAIL_ON_ERRORS_IS_ONE) => 1,
            Some(_) if self.has(Defect::BULK_FAIL_ON_ERRORS_IGNORED) => usize::MAX,
            asked => asked.unwrap_or(usize::MAX),
        }
    }

    fn errors(&self) -> usize {
        let outcomes = self.steps.iter().filter_map(|step| step.outcome.as_ref());
        outcomes.filter(|outcome| outcome.is_error()).count()
    }

    fn results(&self) -> Vec<Value> {
        let only_errors = self.has(Defect::BULK_SUCCESSES_LEFT_OUT);
        let done = self.steps.iter().filter_map(|step| Some((step, step.outcome.as_ref()?)));
        done.filter(|(_, outcome)| outcome.is_error() || !only_errors)
            .map(|(step, outcome)| outcome.to_json(step.raw, self.defects()))
            .collect()
    }

    /// The first operation that waits for nobody; in a circle, the first that creates.
    fn next(&self) -> Result<Option<usize>, Problem> {
        let mut left = (0..self.steps.len()).filter(|it| self.steps[*it].outcome.is_none());
        if self.has(Defect::BULK_FORWARD_REFERENCE_LOST) {
            return Ok(left.next());
        }
        let deletes_last = self.has(Defect::BULK_DELETES_LAST);
        let ready = left.clone().filter(|place| !self.waits(*place));
        let ready = ready.min_by_key(|place| {
            let is_delete = self.steps[*place].method() == Some(&Method::DELETE);
            (deletes_last && is_delete, *place)
        });
        if ready.is_some() {
            return Ok(ready);
        }
        let first = left.find(|place| self.steps[*place].method() == Some(&Method::POST));
        if first.is_some() && self.has(Defect::BULK_CIRCLE_CRASH) {
            return Err(Problem::new(500, "internal server error"));
        }
        Ok(first)
    }

    /// Whether an operation refers to what is still to be made. One that refers to what will never
    /// be there has nothing to wait for.
    fn waits(&self, place: usize) -> bool {
        let mut targets = self.steps[place].references.iter().map(|it| self.target(it)).peekable();
        let mut is_open = false;
        targets.all(|target| {
            is_open |= matches!(target, Target::Open);
            !matches!(target, Target::Lost(_))
        }) && is_open
    }

    fn target(&self, bulk_id: &str) -> Target {
        let Some(step) = self.steps.iter().find(|step| step.makes(bulk_id)) else {
            if let Some(id) = self.remembered(bulk_id) {
                return Target::Made(id);
            }
            let why = "no POST of this request has the bulkId that the operation refers to";
            return Target::Lost(Problem::invalid_value(why));
        };
        match &step.outcome {
            None => Target::Open,
            Some(Outcome { id: Some(id), .. }) => Target::Made(id.clone()),
            Some(_) => {
                let why = "the operation refers to a resource that could not be created";
                Target::Lost(Problem::new(409, why))
            }
        }
    }

    fn id_of(&self, bulk_id: &str) -> Result<String, Problem> {
        match self.target(bulk_id) {
            Target::Made(id) => Ok(id),
            Target::Lost(problem) => Err(problem),
            Target::Open => {
                let why = "the operation refers to a resource that was not created";
                Err(Problem::new(409, why))
            }
        }
    }

    async fn perform(&mut self, place: usize) {
        let is_circle = self.waits(place);
        let outcome = match &self.steps[place].operation {
            Err(problem) => Outcome::refused(problem, None),
            Ok(operation) => self.attempt(operation).await,
        };
        self.remember(place, &outcome);
        let forgets = self.has(Defect::BULK_FORWARD_REFERENCE_LOST)
            || self.has(Defect::BULK_CIRCLE_HALF_LINKED);
        let step = &mut self.steps[place];
        step.is_unfinished = is_circle && outcome.id.is_some() && !forgets;
        step.outcome = Some(outcome);
    }

    async fn attempt(&self, operation: &Operation<'_>) -> Outcome {
        let path = match path_with_ids(operation.path, &|bulk_id| self.id_of(bulk_id)) {
            Ok(path) => path,
            Err(problem) => return Outcome::refused(&problem, None),
        };
        let route = Route::of(&format!("{BASE}{path}"));
        let exists = operation.method != Method::POST && route != Route::Unknown;
        let location = exists.then(|| format!("{}{path}", self.call.presenter.base));
        match self.send(operation, &route).await {
            Ok(response) => Outcome::of(response, location).await,
            Err(problem) => Outcome::refused(&problem, location),
        }
    }

    /// Hands the operation to the handler that a request of its own would meet, rights included.
    async fn send(&self, operation: &Operation<'_>, route: &Route) -> Result<Response, Problem> {
        let tenant = self.call.tenant;
        if let Some((problem, _)) = tenant.refusal(self.call.headers) {
            return Err(problem);
        }
        if operation.method == Method::PATCH && self.has(Defect::BULK_PATCH_REFUSED) {
            return Err(Problem::new(501, "PATCH is not supported in a bulk request"));
        }
        let data = operation.data.map(|data| self.data_with_ids(data)).transpose()?;
        let mut headers = self.call.headers.clone();
        headers.remove(header::IF_MATCH);
        headers.remove(header::IF_NONE_MATCH);
        if let Some(version) = operation.version
            && !self.has(Defect::BULK_VERSION_IGNORED)
        {
            let version = HeaderValue::from_str(version)
                .map_err(|_| Problem::invalid_value("`version` must be an entity tag"))?;
            headers.insert(header::IF_MATCH, version);
        }
        let body = data.map_or_else(Vec::new, |data| data.to_string().into_bytes()).into();
        let presenter = self.call.presenter.clone();
        let call = Call { tenant, headers: &headers, query: None, body, presenter };
        resources::write(&call, route, &operation.method).await
    }

    fn data_with_ids(&self, data: &Value) -> Result<Value, Problem> {
        let drops_lost = self.has(Defect::BULK_UNKNOWN_REFERENCE_DROPPED);
        let known = without(data, &|bulk_id| match self.target(bulk_id) {
            Target::Open => true,
            Target::Lost(_) => drops_lost,
            Target::Made(_) => false,
        });
        let mut whole = with_ids(&known, &|bulk_id| self.id_of(bulk_id))?;
        if self.has(Defect::BULK_EXTENSION_REFERENCE_STORED) {
            let members = data.as_object().into_iter().flatten();
            for (name, value) in members.filter(|(name, _)| name.starts_with("urn:")) {
                whole[name] = value.clone();
            }
        }
        Ok(whole)
    }

    /// Closes the circles that can be closed by now, and takes back what can be closed no more; at
    /// the end that is what still refers to an operation that was not carried out.
    async fn settle(&mut self, is_last: bool) {
        loop {
            let places = 0..self.steps.len();
            let problem = |place: usize| Some((place, self.broken(place, is_last)?));
            if let Some((place, problem)) = places.clone().find_map(problem) {
                self.take_back(place, &problem).await;
                continue;
            }
            let closes = |place: &usize| self.steps[*place].is_unfinished && !self.waits(*place);
            let Some(place) = places.clone().find(closes) else { return };
            self.steps[place].is_unfinished = false;
            match self.complete(place).await {
                Ok(outcome) => self.steps[place].outcome = Some(outcome),
                Err(problem) => self.take_back(place, &problem).await,
            }
        }
    }

    /// Why a resource that was made is not what was asked for.
    fn broken(&self, place: usize, is_last: bool) -> Option<Problem> {
        let step = &self.steps[place];
        if step.made().is_none() || self.has(Defect::BULK_UNKNOWN_REFERENCE_DROPPED) {
            return None;
        }
        step.references.iter().find_map(|bulk_id| match self.target(bulk_id) {
            Target::Made(_) => None,
            Target::Open if !is_last || !step.is_unfinished => None,
            _ => self.id_of(bulk_id).err(),
        })
    }

    /// Gives a resource of a circle the references that it was made without.
    async fn complete(&self, place: usize) -> Result<Outcome, Problem> {
        let step = &self.steps[place];
        let (Ok(operation), Some((route, outcome))) = (&step.operation, step.made()) else {
            return Err(Problem::new(409, "the resource is gone"));
        };
        let whole = Operation { method: Method::PUT, version: None, ..operation.clone() };
        let response = self.send(&whole, &route).await?;
        let version = Outcome::of(response, None).await.version;
        Ok(Outcome { version, ..outcome.clone() })
    }

    async fn take_back(&mut self, place: usize, problem: &Problem) {
        self.delete(place).await;
        let conflict = Problem::new(409, problem.detail.as_str());
        self.steps[place].outcome = Some(Outcome::refused(&conflict, None));
        self.steps[place].is_unfinished = false;
    }

    /// Deletes what an operation has made.
    async fn delete(&self, place: usize) {
        let step = &self.steps[place];
        if let (Ok(operation), Some((route, _))) = (&step.operation, step.made()) {
            let deletion = Operation {
                method: Method::DELETE,
                version: None,
                data: None,
                ..operation.clone()
            };
            // What somebody else has deleted meanwhile is gone as well.
            drop(self.send(&deletion, &route).await);
        }
    }

    /// Keeps a bulkId beyond its request, which only a defect does.
    fn remember(&self, place: usize, outcome: &Outcome) {
        if self.has(Defect::BULK_ID_OUTLIVES_JOB)
            && let (Ok(operation), Some(id)) = (&self.steps[place].operation, &outcome.id)
            && let Some(bulk_id) = operation.bulk_id
        {
            self.call.tenant.memory.keep_bulk_id(bulk_id, id);
        }
    }

    fn remembered(&self, bulk_id: &str) -> Option<String> {
        self.call.tenant.memory.bulk_id(bulk_id)
    }

    fn defects(&self) -> &'a Defects {
        &self.call.tenant.defects
    }

    fn has(&self, defect: Defect) -> bool {
        self.defects().has(defect)
    }
}

impl Step<'_> {
    fn method(&self) -> Option<&Method> {
        self.operation.as_ref().ok().map(|operation| &operation.method)
    }

    /// Whether its new resource is what that bulkId points to.
    fn makes(&self, bulk_id: &str) -> bool {
        let operation = self.operation.as_ref().ok();
        operation.is_some_and(|it| it.method == Method::POST && it.bulk_id == Some(bulk_id))
    }

    /// Where the resource is that it has made.
    fn made(&self) -> Option<(Route, &Outcome)> {
        let operation = self.operation.as_ref().ok().filter(|it| it.method == Method::POST)?;
        let outcome = self.outcome.as_ref()?;
        let id = outcome.id.clone()?;
        match Route::of(&format!("{BASE}{}", operation.path)) {
            Route::Collection(kind) => Some((Route::Resource(kind, id), outcome)),
            _ => None,
        }
    }
}
