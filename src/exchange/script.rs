//! Exchanges as a shell script of curl lines that anybody can run again.
//!
//! Ids are the tenant's own, so the script takes them from its answers: each stands in a variable
//! once a creation or a look-up has shown it. At the end it deletes what it created.

use std::collections::BTreeMap;

use http::Method;

use super::{Disturbance, Exchange, curl};

/// Some exchanges of a script and what stands above them.
pub struct Part<'a> {
    /// Lines of comment.
    pub comments: Vec<String>,
    /// The exchanges, in order.
    pub exchanges: Vec<&'a Exchange>,
}

/// The script. It needs `SCIM_TENANT_URL` and `SCIM_SECRET_TOKEN` in its environment.
pub fn shell_script(title: &str, parts: &[Part<'_>]) -> String {
    let mut script = Script { text: HEAD.replace("TITLE", &comment(title)), ids: BTreeMap::new() };
    let mut created = Vec::new();
    for part in parts {
        script.text.push('\n');
        for line in &part.comments {
            script.line(&format!("# {}", comment(line)));
        }
        for exchange in &part.exchanges {
            script.exchange(exchange);
            let path = exchange.request.path();
            if exchange.request.method == Method::POST && exchange.is_success() {
                created.extend(exchange.id().map(|id| format!("{path}/{id}")));
            } else if exchange.request.method == Method::DELETE && exchange.is_success() {
                created.retain(|known| known != path);
            }
        }
    }
    script.line("\n# Clean up");
    for path in created.iter().rev() {
        let url = script.spliced(path);
        script.line(&format!("send -X DELETE \"$SCIM_TENANT_URL\"{url}"));
    }
    script.text
}

const HEAD: &str = r#"#!/bin/sh
# TITLE
#
# Repeats the requests with curl. Needs SCIM_TENANT_URL and SCIM_SECRET_TOKEN in the environment.
set -u
: "${SCIM_TENANT_URL:?the Tenant URL, without a slash at its end}" "${SCIM_SECRET_TOKEN:?}"

# Sends a request and shows the answer; it is on standard output and on standard error.
send() {
    echo "--- $*" >&2
    curl -sS -H "Authorization: Bearer $SCIM_SECRET_TOKEN" "$@" | tee /dev/stderr
    echo >&2
}
# The id of the first resource in an answer.
id_in() {
    grep -o '"id" *: *"[^"]*"' | head -n 1 | cut -d '"' -f 4
}
"#;

struct Script {
    text: String,
    /// Variables by the id they stand for.
    ids: BTreeMap<String, String>,
}

impl Script {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn exchange(&mut self, exchange: &Exchange) {
        match exchange.disturbance {
            Some(Disturbance::Throttle | Disturbance::Fail) => {
                let status = exchange.status();
                let what = format!("# {} was not sent and counted as {status}", exchange.operation);
                return self.line(&what);
            }
            Some(Disturbance::LoseAnswer) => self.line("# the answer to this was taken for lost"),
            None => {}
        }
        let command = self.command(exchange);
        let shown = match exchange.request.method {
            Method::POST => exchange.id(),
            Method::GET => exchange
                .list()
                .ok()
                .and_then(|list| Some(list.resources.first()?.get("id")?.as_str()?.to_owned())),
            _ => None,
        };
        match shown.filter(|id| !self.ids.contains_key(id)) {
            Some(id) => {
                let noun =
                    if exchange.request.path().starts_with("/Users") { "user" } else { "group" };
                let count = self.ids.values().filter(|it| it.starts_with(noun)).count() + 1;
                let variable = format!("{noun}_{count}");
                self.line(&format!("{variable}=$({command} | id_in)"));
                self.ids.insert(id, variable);
            }
            None => self.line(&format!("{command} >/dev/null")),
        }
    }

    fn command(&self, exchange: &Exchange) -> String {
        let request = &exchange.request;
        let mut words = vec!["send".to_owned()];
        if request.method != Method::GET {
            words.extend(["-X".to_owned(), request.method.to_string()]);
        }
        words.push(format!("\"$SCIM_TENANT_URL\"{}", self.spliced(&request.target)));
        for (name, value) in &request.headers {
            let value = value.to_str().unwrap_or("(not text)");
            words.extend(["-H".to_owned(), curl::quoted(&format!("{name}: {value}"))]);
        }
        if let Some(body) = &request.body {
            let body = self.spliced(&String::from_utf8_lossy(body));
            words.extend(["--data-raw".to_owned(), body]);
        }
        words.join(" ")
    }

    /// The text as a word of the shell, with variables for the ids in it.
    fn spliced(&self, text: &str) -> String {
        let mut word = String::new();
        let mut rest = text;
        while let Some((at, id, variable)) = self.first_id(rest) {
            if at > 0 {
                word.push_str(&curl::quoted(&rest[..at]));
            }
            word.extend(["\"$", variable, "\""]);
            rest = &rest[at + id.len()..];
        }
        if !rest.is_empty() || word.is_empty() {
            word.push_str(&curl::quoted(rest));
        }
        word
    }

    /// The first id that stands alone in the text.
    fn first_id(&self, text: &str) -> Option<(usize, &str, &str)> {
        let stands_alone = |at: usize, id: &str| {
            let part_of_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
            !text[..at].ends_with(part_of_word) && !text[at + id.len()..].starts_with(part_of_word)
        };
        let found = self.ids.iter().filter_map(|(id, variable)| {
            let (at, _) = text.match_indices(id.as_str()).find(|(at, _)| stands_alone(*at, id))?;
            Some((at, id.as_str(), variable.as_str()))
        });
        found.min_by_key(|(at, _, _)| *at)
    }
}

/// A text as one line of comment.
fn comment(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::{Value, json};

    use super::*;
    use crate::exchange::{Answer, BodyEnd, Operation, Request};

    fn exchange(operation: Operation, request: Request, status: u16, body: &Value) -> Exchange {
        let body = Bytes::from(body.to_string());
        let headers = HeaderMap::new();
        Exchange {
            number: 1,
            operation,
            request,
            result: Ok(Answer { status, headers, body: body.into(), end: BodyEnd::Complete }),
            due: Duration::ZERO,
            sent: Duration::ZERO,
            answered: Duration::ZERO,
            disturbance: None,
        }
    }

    #[test]
    fn ids_are_taken_from_answers_and_what_was_created_is_deleted() {
        let id = "7f4bc1a3-285e-48ae-8202-5accb43efb0e";
        let user = exchange(
            Operation::CreateUser,
            Request::post("/Users", &json!({"userName": "o'neill"})),
            201,
            &json!({"id": id}),
        );
        let group = exchange(
            Operation::CreateGroup,
            Request::post("/Groups", &json!({"displayName": "A"})),
            201,
            &json!({"id": "g"}),
        );
        let member = exchange(
            Operation::AddMembers,
            Request::patch("/Groups/g", &json!({"path": format!("members[value eq \"{id}\"]")})),
            204,
            &json!({}),
        );
        let mut lost = exchange(
            Operation::DeleteUser,
            Request::delete(format!("/Users/{id}")),
            204,
            &json!({}),
        );
        lost.disturbance = Some(Disturbance::Throttle);
        let comments = vec!["Cycle 1\n$(rm -rf ~)".to_owned()];
        let parts = [Part { comments, exchanges: vec![&user, &group, &member, &lost] }];
        let script = shell_script("A title", &parts);
        insta::assert_snapshot!(script.split_once("-f 4\n}\n").unwrap().1);
    }

    #[test]
    fn a_short_id_within_a_word_is_no_id() {
        let ids = BTreeMap::from([("a".to_owned(), "user_1".to_owned())]);
        let script = Script { text: String::new(), ids };
        assert_eq!(script.spliced("/Users/a?a-b"), "/Users/\"$user_1\"'?a-b'");
        assert_eq!(script.spliced("banana"), "banana");
        assert_eq!(script.spliced(""), "''");
    }
}
