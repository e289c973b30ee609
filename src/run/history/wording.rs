//! Steps that say the same in other words: attributes under other names, nothing in several forms,
//! bodies in capitals, reversed, or with what only the provider sets.

use serde_json::{Value, json};

use super::player::Play;
use super::trials::{FIRST, pair};
use crate::checks::check::{Episode, State};
use crate::exchange::Request;
use crate::history::norm::body_of;
use crate::history::{Kind, Slot, Step, Verb, wire_path};
use crate::scim::message::patch_body;

impl Play<'_> {
    /// One attribute under each of its names: each writes the same place.
    pub(super) async fn spell(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let (name, value) = step.details.as_object()?.iter().next()?;
        let path = self.path(slot);
        let wire = wire_path(name);
        let qualified = match wire.contains(':') {
            true => wire.clone(),
            false => format!("{}:{wire}", slot.kind.schema().id),
        };
        let mut expected = self.settled(slot).await?;
        for (nth, spelling) in
            [wire.clone(), wire.to_uppercase(), qualified, String::new()].into_iter().enumerate()
        {
            let value = json!(format!("{}-{nth}", value.as_str().unwrap_or_default()));
            let operation = match spelling.as_str() {
                "" => json!({"op": "replace", "value": {wire.as_str(): value}}),
                spelling => json!({"op": "replace", "path": spelling, "value": value}),
            };
            let seen = self.patched(&path, std::slice::from_ref(&operation)).await;
            let actual = self.settled(slot).await?;
            expected.insert(name.clone(), value);
            if seen.is_success() || !spelling.is_empty() {
                let what = format!("{slot} after {operation}");
                it.pairs.push(pair(what, json!(expected), json!(actual)));
            }
            expected = actual;
        }
        Some(())
    }

    /// Null, an empty array and absence are the same afterwards.
    pub(super) async fn nothing(&mut self, name: &str, it: &mut Episode) -> Option<()> {
        let mut states = Vec::new();
        for nothing in [None, Some(Value::Null), Some(json!([]))] {
            self.made += 1;
            let user_name = json!(format!("<name {}>", FIRST + self.made));
            let sent = State::from([("userName".to_owned(), user_name)]);
            let mut body = body_of(Kind::User, &sent);
            if let Some(nothing) = nothing {
                match name.strip_prefix("enterprise.") {
                    Some(part) => {
                        body[crate::scim::ENTERPRISE_USER] = json!({part: nothing});
                    }
                    None => body[name] = nothing,
                }
            }
            let Some(made) = self.make_of(Kind::User, &body, &sent).await else { continue };
            states.push(self.state_of_made(&made).await);
            self.unmake(made).await;
        }
        let (first, others) = states.split_first()?;
        for other in others {
            let what = format!("a user with no `{name}`, said otherwise");
            it.pairs.push(pair(what, json!(first), json!(other)));
        }
        Some(())
    }

    /// A user created twice, the second time in other words.
    pub(super) async fn written_otherwise(&mut self, step: &Step, it: &mut Episode) -> Option<()> {
        let state: State = step
            .details
            .as_object()?
            .iter()
            .filter(|(name, _)| *name != "userName")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let first = self.make(Kind::User, state.clone()).await?;
        self.made += 1;
        let mut sent = state;
        sent.insert("userName".to_owned(), json!(format!("<name {}>", FIRST + self.made)));
        if sent.contains_key("externalId") {
            let external_id = format!("made-{}-<marker>", FIRST + self.made);
            sent.insert("externalId".to_owned(), json!(external_id));
        }
        let body = match step.verb {
            Verb::UpperCase => in_capitals(&body_of(Kind::User, &sent)),
            Verb::Reversed => reversed(&body_of(Kind::User, &sent)),
            _ => {
                let mut body = body_of(Kind::User, &sent);
                body["shoeSize"] = json!({"value": 44, "in": ["EU"]});
                body
            }
        };
        let second = self.make_of(Kind::User, &body, &sent).await;
        let one = self.state_of_made(&first).await;
        if let Some(second) = second {
            let other = self.state_of_made(&second).await;
            it.pairs.push(pair("the user in other words".to_owned(), json!(one), json!(other)));
            self.unmake(second).await;
        } else if step.verb != Verb::WithUnknown {
            let what = "the user in other words".to_owned();
            it.pairs.push(pair(what, json!(one), json!("refused")));
        }
        self.unmake(first).await;
        Some(())
    }

    /// Writes that name what only the provider sets leave it as it was.
    pub(super) async fn shield(&mut self, slot: Slot, step: &Step, it: &mut Episode) -> Option<()> {
        let path = self.path(slot);
        let (before, _) = self.raw(&path).await?;
        let own = json!({
            "id": "own-id", "groups": [{"value": "own-group"}],
            "meta": {"created": "2001-01-01T00:00:00Z", "resourceType": "Robot"},
        });
        let request = match step.details["by"].as_str() {
            Some("put") => {
                let mut body = before.clone();
                for (name, value) in own.as_object()? {
                    body[name] = value.clone();
                }
                Request::put(path.as_str(), &body)
            }
            _ => Request::patch(
                path.as_str(),
                &patch_body(&[json!({"op": "replace", "value": own})]),
            ),
        };
        self.ask(request).await;
        let (after, _) = self.raw(&path).await?;
        self.settled(slot).await?;
        let kept = |body: &Value| {
            let meta = &body["meta"];
            json!([body["id"], meta["created"], meta["resourceType"], body["groups"]])
        };
        let what = format!("id, created, resourceType and groups of {slot}");
        it.pairs.push(pair(what, kept(&before), kept(&after)));
        Some(())
    }
}

/// A body with all names of attributes in capitals; those of schemas stay.
fn in_capitals(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let capital = |name: &String| match name.contains(':') || name == "schemas" {
                true => name.clone(),
                false => name.to_uppercase(),
            };
            let members = members.iter().map(|(name, value)| (capital(name), in_capitals(value)));
            Value::Object(members.collect())
        }
        Value::Array(entries) => entries.iter().map(in_capitals).collect(),
        other => other.clone(),
    }
}

/// A body with its members in the other order, `schemas` too.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().rev();
            Value::Object(members.map(|(name, it)| (name.clone(), reversed(it))).collect())
        }
        Value::Array(entries) => entries.iter().rev().map(reversed).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_say_the_same() {
        let body = json!({"schemas": ["a", "b"], "title": "x", "name": {"givenName": "G"}});
        assert_eq!(
            in_capitals(&body),
            json!({"schemas": ["a", "b"], "TITLE": "x", "NAME": {"GIVENNAME": "G"}})
        );
        assert_eq!(reversed(&body)["schemas"], json!(["b", "a"]));
        assert!(reversed(&body).to_string().starts_with(r#"{"name""#));
    }
}
