//! What judges look at: a fresh fixture and what was said, or one exchange in passing.
//!
//! A fixture belongs to one probe alone; its names carry the run's marker, its data is realistic,
//! and the door knows it as the run's own.

use std::cell::OnceCell;
use std::ops::{Deref, Index};

use serde_json::{Value, json};

use super::capability::UserBody;
use super::corpus::CORPUS_USERS;
use super::vocabulary::encoded;
use crate::exchange::{Exchange, Request};
use crate::scim;
use crate::scim::message::json_member;

/// What a probe finds when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Nothing; the probe creates what it needs.
    Nothing,
    /// That many users with every attribute the tenant takes.
    Users(usize),
    /// That many users with `userName` and `schemas` alone, and what the tenant insists on.
    BareUsers(usize),
    /// The users that all look-ups share; no check may change them. Their `sent` is what a read
    /// showed.
    Corpus,
    /// A group that holds the first `members` of `users` users.
    Group {
        /// How many users there are.
        users: usize,
        /// How many of them the group holds.
        members: usize,
    },
}

impl Setting {
    /// How many users it makes.
    pub const fn users(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Corpus => CORPUS_USERS,
            Self::Users(users) | Self::BareUsers(users) | Self::Group { users, .. } => users,
        }
    }
}

/// A resource of the fixture: where it is and what was sent to create it.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// `/Users` or `/Groups`.
    pub collection: &'static str,
    /// The id the tenant gave.
    pub id: String,
    /// The body of the create.
    pub sent: Value,
}

impl Known {
    /// The target of requests to it, with the id encoded.
    pub fn path(&self) -> String {
        format!("{}/{}", self.collection, encoded(&self.id))
    }

    /// A text attribute as it was sent; empty where none was.
    pub fn text(&self, name: &str) -> &str {
        self.sent.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What a probe begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixture {
    /// The users made for it.
    pub users: Vec<Known>,
    /// The group made for it.
    pub group: Option<Known>,
    /// A well-formed id that no resource has.
    pub absent: String,
    /// A word that stands in every name of this probe and in no other.
    pub marker: String,
    /// How much of a user the tenant takes.
    pub user_body: UserBody,
}

impl Fixture {
    /// A fixture with invented ids: for `--dry-run` and for tests of judges.
    pub fn example(setting: Setting, marker: &str) -> Self {
        let mut fixture = Self {
            users: Vec::new(),
            group: None,
            absent: "facade00-0000-4000-8000-000000000000".to_owned(),
            marker: marker.to_owned(),
            user_body: UserBody::Full,
        };
        for number in 0..setting.users() {
            let sent = match setting {
                Setting::BareUsers(_) => fixture.bare_user(number),
                Setting::Corpus => fixture.example_of_corpus(number),
                _ => fixture.new_user(number),
            };
            fixture.users.push(Known { collection: "/Users", id: format!("user-{number}"), sent });
        }
        if let Setting::Group { members, .. } = setting {
            let sent = fixture.new_group(members);
            fixture.group = Some(Known { collection: "/Groups", id: "group-0".to_owned(), sent });
        }
        fixture
    }

    /// A user of the corpus as a read might show it.
    fn example_of_corpus(&self, number: usize) -> Value {
        let mut body = self.corpus_user(number);
        let time = format!("2026-01-02T03:04:0{number}Z");
        body["id"] = json!(format!("user-{number}"));
        body["active"] = json!(number != 5);
        body["meta"] = json!({"created": time, "lastModified": time});
        body
    }

    /// The first user. The check's setting promises it.
    pub fn user(&self) -> &Known {
        &self.users[0]
    }

    /// The group. The check's setting promises it.
    pub fn group(&self) -> &Known {
        self.group.as_ref().expect("the check's setting makes a group")
    }

    /// The `userName` of the user of that number: an e-mail address under `example.com`.
    pub fn user_name(&self, number: usize) -> String {
        let (given, family) = PEOPLE[number % PEOPLE.len()];
        format!("{given}.{family}.{}.{number}@example.com", self.marker).to_ascii_lowercase()
    }

    /// A fresh `displayName` for a group.
    pub fn group_name(&self, number: usize) -> String {
        format!("Sales {} {number}", self.marker)
    }

    /// A user with nothing but `schemas` and `userName`.
    pub fn bare_user(&self, number: usize) -> Value {
        json!({"schemas": [scim::USER], "userName": self.user_name(number)})
    }

    /// A user as Entra's default mapping describes one, as far as the tenant takes it.
    pub fn new_user(&self, number: usize) -> Value {
        let (given, family) = PEOPLE[number % PEOPLE.len()];
        let user_name = self.user_name(number);
        let mut body = json!({
            "schemas": [scim::USER],
            "externalId": format!("{}-{number}", self.marker),
            "userName": user_name,
            "active": true,
            "displayName": format!("{given} {family}"),
            "emails": [{"primary": true, "type": "work", "value": user_name}],
            "name": {"givenName": given, "familyName": family,
                     "formatted": format!("{given} {family}")},
        });
        if self.user_body == UserBody::Minimal {
            return body;
        }
        body["title"] = json!("Engineer");
        body["preferredLanguage"] = json!("en-US");
        body["addresses"] = json!([{"type": "work", "formatted": "HQ-3",
            "streetAddress": "1 Main St", "locality": "Seattle", "region": "WA",
            "postalCode": "98101", "country": "US"}]);
        body["phoneNumbers"] = json!([{"type": "work", "value": "+1-555-0100"},
                                      {"type": "mobile", "value": "+1-555-0101"}]);
        if self.user_body == UserBody::Full {
            body["schemas"] = json!([scim::USER, scim::ENTERPRISE_USER]);
            body[scim::ENTERPRISE_USER] =
                json!({"employeeNumber": format!("E1234{number}"), "department": "Research"});
        }
        body
    }

    /// A group that holds the first `members` users.
    pub fn new_group(&self, members: usize) -> Value {
        let members: Vec<Value> =
            self.users.iter().take(members).map(|user| json!({"value": user.id})).collect();
        json!({
            "schemas": [scim::GROUP],
            "externalId": format!("{}-group", self.marker),
            "displayName": self.group_name(0),
            "members": members,
        })
    }
}

/// Names of people, as a directory holds them.
const PEOPLE: [(&str, &str); 8] = [
    ("Alice", "Adams"),
    ("Ben", "Walker"),
    ("Carol", "Nguyen"),
    ("David", "Okafor"),
    ("Emma", "Larsson"),
    ("Farid", "Haddad"),
    ("Grace", "Kim"),
    ("Hugo", "Martins"),
];

/// What a probe has to be judged by: its fixture and its exchanges, in the order they were asked.
#[derive(Debug, Clone)]
pub struct Said {
    /// What the probe began with.
    pub its: Fixture,
    /// What was asked and answered.
    pub exchanges: Vec<Exchange>,
}

impl Said {
    /// The last exchange. A judge is only asked where there is one.
    pub fn last(&self) -> &Exchange {
        self.exchanges.last().expect("a probe without exchanges is not judged")
    }
}

impl Index<usize> for Said {
    type Output = Exchange;

    fn index(&self, place: usize) -> &Exchange {
        &self.exchanges[place]
    }
}

/// One exchange in passing.
#[derive(Debug)]
pub struct Seen<'a> {
    exchange: &'a Exchange,
    resources: OnceCell<&'a [Value]>,
    /// Whether the profile takes `application/json` for a violation.
    pub content_type_strict: bool,
}

impl<'a> Seen<'a> {
    /// Looks at an exchange.
    pub fn new(exchange: &'a Exchange, content_type_strict: bool) -> Self {
        Self { exchange, resources: OnceCell::new(), content_type_strict }
    }

    /// The users and groups that a successful answer shows whole, found once for all judges.
    pub(super) fn resources(&self) -> &'a [Value] {
        self.resources.get_or_init(|| whole_resources(self.exchange))
    }
}

fn whole_resources(seen: &Exchange) -> &[Value] {
    let (true, Some(body)) = (seen.is_success(), seen.body()) else { return &[] };
    let path = seen.request.path();
    // A projection leaves out what was not asked for; discovery has no such resources.
    let projected = seen.request.query().is_some_and(|query| query.contains("attributes="))
        || searches_with(&seen.request, "attributes");
    if !(path.starts_with("/Users") || path.starts_with("/Groups")) || projected {
        return &[];
    }
    match json_member(body, "Resources") {
        Some(Value::Array(entries)) => entries,
        _ if json_member(body, "totalResults").is_some() || !body.is_object() => &[],
        _ => std::slice::from_ref(body),
    }
}

/// Whether it is a search (RFC 7644 §3.4.3) whose body has that member.
pub(super) fn searches_with(request: &Request, member: &str) -> bool {
    request.path().ends_with("/.search")
        && request.body_json().is_some_and(|body| body.get(member).is_some())
}

impl Deref for Seen<'_> {
    type Target = Exchange;

    fn deref(&self) -> &Exchange {
        self.exchange
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_fixture_are_e_mail_addresses_with_its_marker() {
        let fixture = Fixture::example(Setting::Group { users: 3, members: 2 }, "m1");
        assert_eq!(fixture.user().text("userName"), "alice.adams.m1.0@example.com");
        assert_eq!(fixture.group().sent["members"].as_array().unwrap().len(), 2);
        assert_eq!(fixture.group().path(), "/Groups/group-0");
    }
}
