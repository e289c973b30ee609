//! Test Connection: two look-ups of objects that cannot exist, and what Entra shows.

use super::connector::Connector;
use super::failure::{
    CREDENTIALS_UNAVAILABLE, INCOMPATIBLE, INVALID_CREDENTIALS_TEXT, MULTIPLE_ENTRIES,
    NOT_FOUND_TEXT,
};
use super::wire::Wire;
use crate::exchange::{Exchange, Operation, Request};

/// What Test Connection came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// Both probes were answered with zero results; the admin may save.
    Success {
        /// What is nevertheless worth a word, such as a random GUID that found somebody.
        remark: Option<String>,
    },
    /// Entra refuses to save.
    Failed {
        /// Graph's error code.
        code: &'static str,
        /// The portal's text.
        message: String,
        /// What was seen.
        evidence: String,
        /// Whether a later try may well succeed: throttled, down, lost. A cycle then waits for the
        /// next one; whatever else fails here quarantines the job.
        is_passing: bool,
    },
}

impl Connection {
    /// Whether the admin may save.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success { .. })
    }
}

/// The probe requests for these Matching attributes, each with a GUID that nobody has.
pub fn probes(
    wire: &Wire,
    user_attribute: &str,
    group_attribute: Option<&str>,
    guid: &dyn Fn(u64) -> String,
) -> Vec<Request> {
    let mut requests = vec![wire.find_user(user_attribute, &guid(1))];
    if let Some(attribute) = group_attribute {
        requests.push(wire.find_group(attribute, &guid(2)));
    }
    requests
}

/// Sends the probes, one after another, and stops at the first that fails.
pub async fn test_connection(connector: &Connector, probes: Vec<Request>) -> Connection {
    let mut remark = None;
    for request in probes {
        let exchange = connector.send(Operation::TestConnection, request).await;
        match judge(&exchange) {
            Connection::Success { remark: said } => remark = remark.or(said),
            failed @ Connection::Failed { .. } => return failed,
        }
    }
    Connection::Success { remark }
}

/// Judges one probe by the table of 2.3.
pub fn judge(exchange: &Exchange) -> Connection {
    let evidence = format!(
        "{} {} was answered with {}",
        exchange.request.method,
        exchange.request.path(),
        exchange.told()
    );
    let failed = |code, message: &str| Connection::Failed {
        code,
        message: message.to_owned(),
        evidence: evidence.clone(),
        is_passing: matches!(exchange.status(), 0 | 429 | 500..=599),
    };
    match exchange.status() {
        200 => match exchange.list() {
            Err(why) => {
                let message = format!("the answer is no SCIM list response: {why}");
                failed(INCOMPATIBLE, &message)
            }
            Ok(list) if list.total_results.max(list.resources.len() as u64) > 1 => failed(
                MULTIPLE_ENTRIES,
                "the look-up of a random GUID found several resources: the filter is ignored",
            ),
            Ok(list) if list.total_results == 1 || !list.resources.is_empty() => {
                Connection::Success {
                    remark: Some(
                        "the look-up of a random GUID found a resource: Entra says nothing here \
                         and matches wrongly later"
                            .to_owned(),
                    ),
                }
            }
            Ok(_) => Connection::Success { remark: None },
        },
        404 => failed(INCOMPATIBLE, NOT_FOUND_TEXT),
        0 | 401 | 403 | 500..=599 => failed(CREDENTIALS_UNAVAILABLE, INVALID_CREDENTIALS_TEXT),
        status => {
            let message = format!("an HTTP/{status} response was returned instead of HTTP/200 OK");
            failed(INCOMPATIBLE, &message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::INVALID_CREDENTIALS_TEXT;
    use super::*;
    use crate::entra::connector::Connector;
    use crate::profile::EntraSettings;
    use crate::tenant::{Dress, Limits, Tenant, TenantUrl, Transport};

    const EMPTY: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults":0,"Resources":[]}"#;
    const ONE: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults":1,"Resources":[{"id":"1"}]}"#;
    const TWO: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults":2,"Resources":[{"id":"1"},{"id":"2"}]}"#;

    /// Presses the button on a tenant that answers users and groups so.
    async fn press(users: (u16, &'static str), groups: (u16, &'static str)) -> Connection {
        let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
            let is_users = request.uri().path().ends_with("/Users");
            let (status, body) = if is_users { users } else { groups };
            let status = http::StatusCode::from_u16(status).unwrap();
            async move { (status, [("content-type", "application/scim+json")], body) }
        });
        let tenant = Tenant::new(
            TenantUrl::parse("http://localhost/scim").unwrap(),
            None,
            Transport::InProcess(router),
            Limits::default(),
            Dress::default(),
        );
        let settings = EntraSettings::default();
        let connector = Connector::new(tenant, settings);
        let guid = |salt| format!("guid-{salt}");
        let requests = probes(&connector.wire, "userName", Some("displayName"), &guid);
        test_connection(&connector, requests).await
    }

    #[tokio::test]
    async fn each_answer_has_the_outcome_of_the_table() {
        let empty = (200, EMPTY);
        assert_eq!(press(empty, empty).await, Connection::Success { remark: None });
        let found = press((200, ONE), empty).await;
        assert!(matches!(found, Connection::Success { remark: Some(_) }), "{found:?}");
        for (answer, wanted, words) in [
            ((401, ""), CREDENTIALS_UNAVAILABLE, INVALID_CREDENTIALS_TEXT),
            ((403, ""), CREDENTIALS_UNAVAILABLE, INVALID_CREDENTIALS_TEXT),
            ((501, ""), CREDENTIALS_UNAVAILABLE, INVALID_CREDENTIALS_TEXT),
            ((503, ""), CREDENTIALS_UNAVAILABLE, INVALID_CREDENTIALS_TEXT),
            ((404, ""), INCOMPATIBLE, NOT_FOUND_TEXT),
            ((400, ""), INCOMPATIBLE, "an HTTP/400 response"),
            ((200, "[]"), INCOMPATIBLE, "the answer is no SCIM list response"),
            ((200, TWO), MULTIPLE_ENTRIES, "several resources"),
        ] {
            // The group probe counts as much as the user probe.
            for outcome in [press(answer, empty).await, press(empty, answer).await] {
                let Connection::Failed { code, message, .. } = outcome else {
                    panic!("{answer:?}: {outcome:?}")
                };
                assert_eq!(code, wanted, "{answer:?}");
                assert!(message.contains(words), "{answer:?}: {message}");
            }
        }
    }
}
