//! Steps that send changes in bulk (RFC 7644 §3.7), beside the same changes one after the other.

use serde_json::{Map, Value, json};

use super::player::Play;
use super::trials::{Made, pair};
use crate::checks::check::Episode;
use crate::exchange::{Exchange, Request};
use crate::history::{Kind, Step, wire_path};
use crate::scim::USER;
use crate::scim::bulk::bulk_body;
use crate::scim::message::patch_body;

impl Play<'_> {
    /// One user changed and another deleted and changed again: in one bulk request, and on twins
    /// one after the other.
    pub(super) async fn in_bulk(&mut self, step: &Step, it: &mut Episode) -> Option<()> {
        let changes = step.details.as_object()?;
        let [one, other] = [self.two_users().await?, self.two_users().await?];
        let seen = self.bulk(&bulk_body(&operations(changes, &one))).await?;
        let in_bulk: Vec<u64> = results(&seen)?.iter().map(class_of).collect();
        let mut alone = Vec::new();
        for operation in operations(changes, &other) {
            let path = operation["path"].as_str()?.to_owned();
            let request = match operation["method"].as_str() {
                Some("DELETE") => Request::delete(path),
                _ => Request::patch(path, &operation["data"]),
            };
            alone.push(u64::from(self.ask(request).await.status() / 100));
        }
        it.pairs.push(pair("classes of statuses".to_owned(), json!(alone), json!(in_bulk)));
        let expected = self.state_of_made(&other[0]).await;
        let actual = self.state_of_made(&one[0]).await;
        it.pairs.push(pair("the changed user".to_owned(), json!(expected), json!(actual)));
        let gone = [self.is_gone(&other[1]).await, self.is_gone(&one[1]).await];
        it.pairs.push(pair("whether the other is gone".to_owned(), json!(gone[0]), json!(gone[1])));
        for made in [one, other].into_iter().flatten() {
            if !self.is_gone(&made).await {
                self.unmake(made).await;
            }
        }
        Some(())
    }

    /// With `failOnErrors` 1, what comes before the first error is done and nothing after it.
    pub(super) async fn bulk_stops(&mut self, step: &Step, it: &mut Episode) -> Option<()> {
        let changes = step.details.as_object()?;
        let [before, after] = self.two_users().await?;
        let untouched = self.state_of_made(&after).await;
        let mut body = bulk_body(&[
            patching(changes, &before),
            json!({"method": "POST", "path": "/Users", "bulkId": "x", "data": {"schemas": [USER]}}),
            patching(changes, &after),
        ]);
        body["failOnErrors"] = 1.into();
        let seen = self.bulk(&body).await?;
        let answered: Vec<u64> = results(&seen)?.iter().map(class_of).collect();
        // An operation that should have failed and did not stops nothing.
        if answered.get(1) == Some(&4) {
            let what = "operations answered up to the error".to_owned();
            it.pairs.push(pair(what, json!(2), json!(answered.len())));
            let shown = self.state_of_made(&after).await;
            let what = "the user after the error".to_owned();
            it.pairs.push(pair(what, json!(untouched), json!(shown)));
        }
        self.unmake(before).await;
        self.unmake(after).await;
        Some(())
    }

    async fn two_users(&mut self) -> Option<[Made; 2]> {
        let state = || [("title".to_owned(), json!("before"))].into();
        Some([self.make(Kind::User, state()).await?, self.make(Kind::User, state()).await?])
    }

    /// Sends a bulk request; none where the tenant does not take it as a whole.
    async fn bulk(&mut self, body: &Value) -> Option<Exchange> {
        let seen = self.ask(Request::post("/Bulk", &self.names.outgoing(body))).await;
        seen.is_success().then_some(seen)
    }

    async fn is_gone(&mut self, made: &Made) -> bool {
        matches!(self.ask(Request::get(made.path.as_str())).await.status(), 404 | 410)
    }
}

fn operations(changes: &Map<String, Value>, users: &[Made; 2]) -> [Value; 3] {
    [
        patching(changes, &users[0]),
        json!({"method": "DELETE", "path": users[1].path}),
        patching(changes, &users[1]),
    ]
}

fn patching(changes: &Map<String, Value>, user: &Made) -> Value {
    let each = changes
        .iter()
        .map(|(name, value)| json!({"op": "replace", "path": wire_path(name), "value": value}));
    let data = patch_body(&each.collect::<Vec<_>>());
    json!({"method": "PATCH", "path": user.path, "data": data})
}

/// The results of a bulk answer, in order.
fn results(seen: &Exchange) -> Option<Vec<Value>> {
    seen.at("/Operations")?.as_array().cloned()
}

/// The class of a result's status, which may be a text, a number, or an object with a `code`.
fn class_of(result: &Value) -> u64 {
    let status = &result["status"];
    let status = status.get("code").unwrap_or(status);
    let number = status.as_u64().or_else(|| status.as_str()?.parse().ok());
    number.unwrap_or_default() / 100
}
