//! What Entra makes of an answer that is not what it needs: error code, retry, job-level or not.
//!
//! Codes and texts are those of Entra's pages on error codes and on known issues. A failure here is
//! an entry in the provisioning log and perhaps an escrow; it is never an error of the harness.

use crate::exchange::{Disturbance, Exchange, Failure, Operation};

/// Prefix of the codes that speak of the SCIM connector itself.
pub const INCOMPATIBLE: &str = "SystemForCrossDomainIdentityManagementServiceIncompatible";
/// More than one resource where one was asked for.
pub const MULTIPLE_ENTRIES: &str =
    "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse";
/// The credentials are refused in the middle of a job.
pub const INVALID_CREDENTIALS: &str = "SystemForCrossDomainIdentityManagementInvalidCredentials";
/// Test Connection could not be done.
pub const CREDENTIALS_UNAVAILABLE: &str = "CredentialValidationUnavailable";
/// A manager or member is not in the tenant.
pub const UNRESOLVED_REFERENCE: &str = "UnableToResolveReferenceAttributeValue";
/// What Entra's portal shows for whatever looks like a refused token.
pub const INVALID_CREDENTIALS_TEXT: &str = "You appear to have entered invalid credentials. \
     Please confirm you are using the correct information for an administrative account.";
/// What Entra's portal shows for a 404 to the probe.
pub const NOT_FOUND_TEXT: &str = "An HTTP/404 Not Found response was returned rather than the \
     expected HTTP/200 OK response. To address this issue, ensure that the tenant URL is correct. \
     The tenant URL is usually in a format like: https://<>/scim.";

/// The connection broke before the answer or in it.
const BROKEN: (&str, Retry) = ("WebExceptionProtocolError", Retry::NextCycle);

/// Characters of a tenant's text that are kept in a message.
const TEXT_MAX: usize = 500;

/// When a failed object is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// In the next cycle.
    NextCycle,
    /// After a growing interval.
    BackOff,
}

/// One object's failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFailure {
    /// The provisioning log's error code.
    pub code: &'static str,
    /// What an admin reads: status and the tenant's own words.
    pub message: String,
    /// What was being done.
    pub operation: Operation,
    /// The status, 0 where no answer came.
    pub status: u16,
    /// The exchange that shows it.
    pub exchange: Option<u64>,
    /// When it is tried again.
    pub retry: Retry,
    /// Whether it concerns a manager or a member: such failures count apart.
    pub is_reference: bool,
    /// Whether the whole job stops: the credentials are refused, or the endpoint is no SCIM one.
    pub stops_job: bool,
    /// Whether the request may have taken effect all the same: its answer is lost, or says no more
    /// than that the tenant is in trouble.
    pub may_have_acted: bool,
}

impl ObjectFailure {
    /// Classifies an answer that was not a success.
    pub fn of(exchange: &Exchange) -> Self {
        let (code, retry) = match &exchange.result {
            Err(Failure::Timeout(_)) => ("Timeout", Retry::NextCycle),
            Err(Failure::Refused(_)) => ("InternalError", Retry::BackOff),
            Err(_) => BROKEN,
            Ok(_) if exchange.is_cut_off() => BROKEN,
            Ok(answer) => code_of(answer.status, exchange.operation),
        };
        let stops_job = matches!(exchange.status(), 401)
            || (exchange.operation == Operation::TestConnection && !exchange.is_success());
        Self {
            code: if stops_job && exchange.status() == 401 { INVALID_CREDENTIALS } else { code },
            message: message_of(exchange),
            operation: exchange.operation,
            status: exchange.status(),
            exchange: Some(exchange.number),
            retry,
            is_reference: is_reference(exchange.operation),
            stops_job,
            may_have_acted: match exchange.disturbance {
                Some(disturbance) => disturbance == Disturbance::LoseAnswer,
                None => matches!(exchange.status(), 0 | 500..=599) || exchange.is_cut_off(),
            },
        }
    }

    /// A success by its status that makes no sense: no `id`, no list, more than one hit. Where the
    /// answer ended in its middle, no sense could be expected.
    pub fn senseless(code: &'static str, why: &str, exchange: &Exchange) -> Self {
        let (code, retry) = if exchange.is_cut_off() { BROKEN } else { (code, Retry::BackOff) };
        Self {
            code,
            message: bounded(&format!(
                "{why} ({} {})",
                exchange.request.method,
                exchange.request.path()
            )),
            retry,
            stops_job: false,
            ..Self::of(exchange)
        }
    }

    /// Whether a later try may well succeed without anybody's doing: throttled, down, lost.
    pub fn is_passing(&self) -> bool {
        self.retry == Retry::NextCycle
    }
}

fn is_reference(operation: Operation) -> bool {
    matches!(operation, Operation::SetManager | Operation::AddMembers | Operation::RemoveMembers)
}

fn code_of(status: u16, operation: Operation) -> (&'static str, Retry) {
    let is_look_up = matches!(
        operation,
        Operation::TestConnection | Operation::MatchUser | Operation::MatchGroup
    );
    match status {
        404 if is_look_up => (INCOMPATIBLE, Retry::BackOff),
        403 => ("InsufficientRights", Retry::BackOff),
        404 => ("InvalidAnchor", Retry::BackOff),
        405 => ("MethodNotAllowed", Retry::BackOff),
        408 => ("Timeout", Retry::NextCycle),
        409 => ("EntryConflict", Retry::BackOff),
        422 => ("UnprocessableEntity", Retry::BackOff),
        429 => ("TooManyRequests", Retry::NextCycle),
        500 => ("InternalServerError", Retry::NextCycle),
        501 => ("NotImplemented", Retry::BackOff),
        502..=599 => ("WebExceptionProtocolError", Retry::NextCycle),
        // 400, 412, 413, 415 and whatever else a provisioning service has no answer to.
        _ => (INCOMPATIBLE, Retry::BackOff),
    }
}

/// A text that may hold the tenant's words, cut to what a log line can bear.
pub(super) fn bounded(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// The name of a status as the service's own platform has it: `BadRequest`.
fn name_of(status: u16) -> String {
    let known = http::StatusCode::from_u16(status).ok();
    let reason = known.and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| reason.replace([' ', '-', '\''], ""))
}

/// The wording of 8.2 with the start of the tenant's body.
fn message_of(exchange: &Exchange) -> String {
    match &exchange.result {
        Err(failure) => failure.to_string(),
        Ok(answer) => {
            let body = bounded(&String::from_utf8_lossy(&answer.body));
            format!(
                "StatusCode: {} Message: Processing of the HTTP request resulted in an exception. \
                 Please see the HTTP response returned by the 'Response' property of this \
                 exception for details. Web Response: {body}",
                name_of(answer.status)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::exchange::{Answer, BodyEnd, Request};

    #[test]
    fn each_status_has_the_code_and_the_retry_of_the_table() {
        use Retry::{BackOff, NextCycle};
        let table = [
            (400, INCOMPATIBLE, BackOff),
            (403, "InsufficientRights", BackOff),
            (404, "InvalidAnchor", BackOff),
            (405, "MethodNotAllowed", BackOff),
            (409, "EntryConflict", BackOff),
            (412, INCOMPATIBLE, BackOff),
            (413, INCOMPATIBLE, BackOff),
            (415, INCOMPATIBLE, BackOff),
            (422, "UnprocessableEntity", BackOff),
            (429, "TooManyRequests", NextCycle),
            (500, "InternalServerError", NextCycle),
            (501, "NotImplemented", BackOff),
            (503, "WebExceptionProtocolError", NextCycle),
        ];
        for (status, code, retry) in table {
            assert_eq!(code_of(status, Operation::UpdateUser), (code, retry), "{status}");
        }
        assert_eq!(code_of(404, Operation::MatchUser), (INCOMPATIBLE, BackOff));
    }

    #[test]
    fn an_answer_that_ends_in_its_middle_is_tried_again_and_may_have_acted() {
        let exchange = |end| Exchange {
            number: 1,
            operation: Operation::CreateUser,
            request: Request::get("/Users"),
            result: Ok(Answer {
                status: 201,
                headers: http::HeaderMap::new(),
                body: "{\"id\":".into(),
                end,
            }),
            due: Duration::ZERO,
            sent: Duration::ZERO,
            answered: Duration::ZERO,
            disturbance: None,
        };
        let whole = ObjectFailure::senseless(INCOMPATIBLE, "no id", &exchange(BodyEnd::Complete));
        assert_eq!(
            (whole.code, whole.is_passing(), whole.may_have_acted),
            (INCOMPATIBLE, false, false)
        );
        let cut = exchange(BodyEnd::Broken("reset".to_owned()));
        let cut = ObjectFailure::senseless(INCOMPATIBLE, "no id", &cut);
        assert_eq!((cut.code, cut.is_passing(), cut.may_have_acted), (BROKEN.0, true, true));
    }

    #[test]
    fn a_status_is_named_as_the_services_platform_names_it() {
        let names = [400, 418, 500, 599].map(name_of);
        assert_eq!(names, ["BadRequest", "Imateapot", "InternalServerError", "599"]);
    }
}
