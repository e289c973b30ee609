//! Finds out what a tenant can do before the probes begin.
//!
//! Discovery is read where there is one; everything Entra needs is tried out besides, because Entra
//! never reads discovery. One user and one group are made for it and deleted again.

use serde_json::{Value, json};

use super::{ProbeSettings, fixture, probe};
use crate::checks::capability::{Capabilities, Capability, UserBody};
use crate::checks::check::{
    CERTIFICATE, Fixture, Known, at, by_id, create_group, create_user, encoded, enterprise, equals,
    find, get, is_throttled, is_unassigned, op, patch, query,
};
use crate::exchange::{Exchange, Operation, Request};
use crate::scim;
use crate::tenant::Tenant;

/// The name under which these requests are recorded.
const NAME: &str = "capabilities";
const OPERATION: Operation = Operation::Probe(NAME);

/// Attributes of a user whose survival is watched, with the path that shows it.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("externalId", "externalId"),
    ("active", "active"),
    ("displayName", "displayName"),
    ("title", "title"),
    ("preferredLanguage", "preferredLanguage"),
    ("name", "name.givenName"),
    ("emails", "emails[work].value"),
    ("phoneNumbers", "phoneNumbers[work].value"),
    ("addresses", "addresses[work].locality"),
];

/// Attributes beyond Entra's default mapping, tried out in one create of their own.
const EXTRAS: &[(&str, &str)] = &[
    ("nickName", "nickName"),
    ("locale", "locale"),
    ("timezone", "timezone"),
    ("profileUrl", "profileUrl"),
    ("ims", "ims[xmpp].value"),
    ("photos", "photos[photo].value"),
    ("roles", "roles[app].value"),
    ("x509Certificates", "x509Certificates"),
];

/// Finds out what the tenant can do. Never fails: what cannot be found out is missing.
pub async fn find_out(tenant: &Tenant, settings: &ProbeSettings) -> Capabilities {
    let asker = Asker { tenant, settings };
    let mut found = Capabilities::default();
    if tenant.url().is_https() {
        found.note(Capability::Tls);
    }
    read_discovery(&asker, &mut found).await;
    let mut its = Fixture {
        users: Vec::new(),
        group: None,
        absent: Tenant::fabricated_id(settings.seed),
        marker: fixture::marker(settings.seed, NAME, 0),
        user_body: UserBody::Full,
    };
    let mut exchanges = Vec::new();
    try_user(&asker, &mut found, &mut its, &mut exchanges).await;
    try_extras(&asker, &mut found, &its, &mut exchanges).await;
    try_filter(&asker, &mut found, &its).await;
    if let Some(user) = its.users.first().cloned() {
        try_joined(&asker, &mut found, &user).await;
        try_queries(&asker, &mut found, &user).await;
        try_patch(&asker, &mut found, &user).await;
        try_put(&asker, &mut found, &user).await;
    }
    try_group(&asker, &mut found, &mut its, &mut exchanges).await;
    fixture::take_away(tenant, &its, &exchanges).await;
    found
}

/// Asks with patience: a tenant that throttles must not seem to lack what it has.
pub(super) struct Asker<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) settings: &'a ProbeSettings,
}

impl Asker<'_> {
    pub(super) async fn ask(&self, operation: Operation, request: Request) -> Exchange {
        let mut attempt = 1;
        loop {
            let seen = self.tenant.send(operation, request.clone()).await;
            if !is_throttled(&seen) || attempt >= probe::ATTEMPTS_MAX || self.settings.stopped() {
                return seen;
            }
            attempt += 1;
            self.settings.pause_after(&seen).await;
        }
    }
}

/// Reads what the tenant says of itself.
async fn read_discovery(asker: &Asker<'_>, found: &mut Capabilities) {
    let seen = asker.ask(Operation::Discover, Request::get("/ServiceProviderConfig")).await;
    let body = seen.json().unwrap_or_default();
    let advertised = [
        ("patch", Capability::Patch),
        ("filter", Capability::Filter),
        ("sort", Capability::Sort),
        ("etag", Capability::Etag),
        ("changePassword", Capability::ChangePassword),
    ];
    for (name, capability) in advertised {
        if body[name]["supported"] == true {
            found.note(capability);
        } else {
            found.note_missing(capability, "not advertised");
        }
    }
    note_readable(found, Capability::Config, &seen);
    for (path, capability) in
        [("/ResourceTypes", Capability::ResourceTypes), ("/Schemas", Capability::Schemas)]
    {
        let seen = asker.ask(Operation::Discover, Request::get(path)).await;
        note_readable(found, capability, &seen);
    }
    let seen = asker.ask(Operation::Discover, Request::get("/Me")).await;
    if matches!(seen.status(), 200..=399) {
        found.note(Capability::Me);
    } else {
        found.note_missing(Capability::Me, seen.told());
    }
}

fn note_readable(found: &mut Capabilities, capability: Capability, seen: &Exchange) {
    if seen.is_success() && seen.json().is_some() {
        found.note(capability);
    } else {
        found.note_missing(capability, seen.told());
    }
}

/// Creates a user with as much as the tenant takes, and looks at what survived.
async fn try_user(
    asker: &Asker<'_>,
    found: &mut Capabilities,
    its: &mut Fixture,
    exchanges: &mut Vec<Exchange>,
) {
    for (number, user_body) in UserBody::ALL.into_iter().enumerate() {
        its.user_body = user_body;
        let sent = its.new_user(number);
        let seen = asker.ask(OPERATION, create_user(&sent)).await;
        let id = seen.id();
        let told = seen.told();
        exchanges.push(seen);
        let Some(id) = id else {
            found.note_missing(Capability::User, told);
            continue;
        };
        found.note(Capability::User);
        found.user_body = user_body;
        let known = Known { collection: "/Users", id, sent };
        let read = asker.ask(OPERATION, get(&known)).await;
        let body = read.json().unwrap_or_default();
        // A web server may put a tag of its own on any answer; a version of SCIM's is in both.
        if read.header("etag").is_some_and(|tag| body["meta"]["version"] == *tag) {
            found.note(Capability::Etag);
        }
        for (name, path) in ATTRIBUTES {
            note_survival(found, Capability::Attribute(name), &body, path);
        }
        note_survival(found, Capability::Enterprise, &body, "enterprise.department");
        its.users.push(known);
        return;
    }
}

/// Creates a user with attributes that Entra's default mapping does not have. A password is never
/// seen again: that the tenant takes one has to do.
async fn try_extras(
    asker: &Asker<'_>,
    found: &mut Capabilities,
    its: &Fixture,
    exchanges: &mut Vec<Exchange>,
) {
    let mut sent = its.new_user(7);
    let page = "https://example.com/a";
    let extras = json!({"nickName": "Hugh", "locale": "en-US", "timezone": "Europe/Paris",
        "profileUrl": page, "password": "Tr0ub4dor&3-correct-horse",
        "ims": [{"type": "xmpp", "value": "hugo@example.com"}],
        "photos": [{"type": "photo", "value": page}],
        "roles": [{"type": "app", "value": "reader"}],
        "x509Certificates": [{"value": CERTIFICATE}]});
    for (name, value) in extras.as_object().into_iter().flatten() {
        sent[name] = value.clone();
    }
    let seen = asker.ask(OPERATION, create_user(&sent)).await;
    let read = by_id("/Users", &seen);
    match &read {
        Some(_) => found.note(Capability::Attribute("password")),
        None => found.note_missing(Capability::Attribute("password"), seen.told()),
    }
    exchanges.push(seen);
    let body = match read {
        Some(read) => asker.ask(OPERATION, read).await.json().unwrap_or_default(),
        None => Value::Null,
    };
    for (name, path) in EXTRAS {
        note_survival(found, Capability::Attribute(name), &body, path);
    }
}

fn note_survival(found: &mut Capabilities, capability: Capability, body: &Value, path: &str) {
    match at(body, path) {
        Some(value) if !is_unassigned(&value) => found.note(capability),
        _ => found.note_missing(capability, format!("`{path}` did not survive a create")),
    }
}

async fn try_filter(asker: &Asker<'_>, found: &mut Capabilities, its: &Fixture) {
    let known = its.users.first();
    let name = known.map_or("nobody@example.com", |user| user.text("userName"));
    let seen = asker.ask(OPERATION, find("/Users", &equals("userName", name))).await;
    if seen.list().is_ok() {
        found.note(Capability::Filter);
    } else {
        found.note_missing(Capability::Filter, seen.told());
    }
}

/// Whether two filters can be joined: without it, look-ups cannot keep strangers out.
async fn try_joined(asker: &Asker<'_>, found: &mut Capabilities, user: &Known) {
    let name = user.text("userName");
    let start: String = name.chars().take(5).collect();
    let joined = format!("({}) and userName sw {}", equals("userName", name), json!(start));
    let seen = asker.ask(OPERATION, query(&joined)).await;
    match seen.list() {
        Ok(list) if list.resources.len() == 1 && list.resources[0]["id"] == user.id.as_str() => {
            found.note(Capability::JoinedFilters);
        }
        _ => found.note_missing(Capability::JoinedFilters, seen.told()),
    }
}

/// Whether there is a query over all types, and one by POST. Both ask for one user alone.
async fn try_queries(asker: &Asker<'_>, found: &mut Capabilities, user: &Known) {
    let filter = equals("userName", user.text("userName"));
    let root = Request::get(format!("/?count=1&filter={}", encoded(&filter)));
    let seen = asker.ask(OPERATION, root).await;
    match seen.list() {
        Ok(_) if seen.is_success() => found.note(Capability::Root),
        _ => found.note_missing(Capability::Root, seen.told()),
    }
    let body = json!({"schemas": [scim::SEARCH_REQUEST], "filter": filter, "count": 1});
    let seen = asker.ask(OPERATION, Request::post("/Users/.search", &body)).await;
    match seen.status() {
        404 | 405 | 501 => found.note_missing(Capability::Search, seen.told()),
        _ => found.note(Capability::Search),
    }
}

async fn try_patch(asker: &Asker<'_>, found: &mut Capabilities, user: &Known) {
    let change = patch(user, [op("replace", "displayName", "Alice A.")]);
    let seen = asker.ask(OPERATION, change).await;
    match seen.status() {
        404 | 405 | 501 => found.note_missing(Capability::Patch, seen.told()),
        _ => found.note(Capability::Patch),
    }
    // The manager may be oneself for a moment: only survival is of interest.
    let manager = patch(user, [op("add", &enterprise("manager"), json!({"value": user.id}))]);
    asker.ask(OPERATION, manager).await;
    let body = asker.ask(OPERATION, get(user)).await.json().unwrap_or_default();
    note_survival(found, Capability::Manager, &body, "enterprise.manager.value");
}

async fn try_put(asker: &Asker<'_>, found: &mut Capabilities, user: &Known) {
    let body = asker.ask(OPERATION, get(user)).await.json().unwrap_or_default();
    let seen = asker.ask(OPERATION, Request::put(user.path(), &body)).await;
    match seen.status() {
        404 | 405 | 501 => found.note_missing(Capability::Put, seen.told()),
        _ => found.note(Capability::Put),
    }
}

async fn try_group(
    asker: &Asker<'_>,
    found: &mut Capabilities,
    its: &mut Fixture,
    exchanges: &mut Vec<Exchange>,
) {
    let sent = its.new_group(0);
    let seen = asker.ask(OPERATION, create_group(&sent)).await;
    match seen.id() {
        Some(id) => {
            found.note(Capability::Group);
            let known = Known { collection: "/Groups", id, sent };
            let body = asker.ask(OPERATION, get(&known)).await.json().unwrap_or_default();
            note_survival(found, Capability::GroupAttribute("externalId"), &body, "externalId");
            if let Some(user) = its.users.first() {
                let member = op("add", "members", json!([{"value": user.id}]));
                asker.ask(OPERATION, patch(&known, [member])).await;
                let body = asker.ask(OPERATION, get(user)).await.json().unwrap_or_default();
                note_survival(found, Capability::Attribute("groups"), &body, "groups");
            }
            its.group = Some(known);
        }
        None => found.note_missing(Capability::Group, format!("a create answers {}", seen.told())),
    }
    exchanges.push(seen);
}
