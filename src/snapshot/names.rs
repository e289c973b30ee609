//! Names for values that change from run to run.
//!
//! Ids are learned where a tenant gives them: the `id` of a resource answered under `/Users` or
//! `/Groups`. From then on they are recognised where they stand as ids: in paths, filters, members,
//! the manager, `$ref` and `Location`; long ones anywhere. An id that the client itself chose (some
//! servers take `userName`) follows from the seed and keeps its text.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use http::Method;
use percent_encoding::percent_decode_str;
use regex::{Captures, Regex};
use serde_json::Value;

use super::SnapshotKind;
use crate::exchange::Exchange;

/// Which of the two kinds of resource an id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    User,
    Group,
}

impl Resource {
    /// What the first segment of a path says.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        match path.trim_start_matches('/').split('/').next()? {
            "Users" => Some(Self::User),
            "Groups" => Some(Self::Group),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

/// All names of one snapshot.
pub(super) struct Names {
    kind: SnapshotKind,
    bases: Vec<String>,
    users: HashMap<String, usize>,
    groups: HashMap<String, usize>,
    guids: HashMap<String, usize>,
    phones: HashMap<String, usize>,
    said: HashSet<String>,
}

impl Names {
    /// Learns the ids of all exchanges, in order.
    pub(super) fn learn(exchanges: &[&Exchange], kind: SnapshotKind, bases: &[String]) -> Self {
        let mut bases: Vec<String> = bases
            .iter()
            .map(|base| base.trim_end_matches('/').to_owned())
            .filter(|base| !base.is_empty())
            .collect();
        bases.sort_by_key(|base| std::cmp::Reverse(base.len()));
        let mut names = Self {
            kind,
            bases,
            users: HashMap::new(),
            groups: HashMap::new(),
            guids: HashMap::new(),
            phones: HashMap::new(),
            said: HashSet::new(),
        };
        for exchange in exchanges {
            names.learn_from(exchange);
        }
        names
    }

    fn learn_from(&mut self, exchange: &Exchange) {
        let asked = exchange.request.body_json();
        if let Some(asked) = &asked {
            self.learn_said(asked);
        }
        let Some(resource) = Resource::of_path(exchange.request.path()) else { return };
        if !exchange.is_success() {
            return;
        }
        let answer = exchange.json();
        let listed = answer.as_ref().and_then(|body| body.get("Resources")?.as_array());
        let mut ids: Vec<String> = match (&answer, listed) {
            (_, Some(resources)) => resources.iter().filter_map(id_of).collect(),
            (Some(body), None) => id_of(body).into_iter().collect(),
            (None, None) => Vec::new(),
        };
        if exchange.request.method == Method::POST && ids.is_empty() {
            ids.extend(exchange.header("location").and_then(last_segment));
        }
        for id in ids {
            let chosen = asked.as_ref().is_some_and(|asked| {
                ["userName", "externalId", "displayName"].iter().any(|key| asked[key] == id)
            });
            if !chosen && !id.is_empty() {
                let known = self.known_mut(resource);
                let next = known.len() + 1;
                known.entry(id).or_insert(next);
            }
        }
    }

    fn learn_said(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                self.said.insert(text.clone());
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_said(item)),
            Value::Object(members) => members.values().for_each(|item| self.learn_said(item)),
            _ => {}
        }
    }

    fn known_mut(&mut self, resource: Resource) -> &mut HashMap<String, usize> {
        match resource {
            Resource::User => &mut self.users,
            Resource::Group => &mut self.groups,
        }
    }

    /// The name of an id, where the text is one. Where both kinds of resource have such an id, the
    /// hint decides.
    pub(super) fn id(&self, text: &str, hint: Option<Resource>) -> Option<String> {
        let order = match hint {
            Some(Resource::Group) => [Resource::Group, Resource::User],
            _ => [Resource::User, Resource::Group],
        };
        order.into_iter().find_map(|resource| {
            let known = match resource {
                Resource::User => &self.users,
                Resource::Group => &self.groups,
            };
            Some(self.name(resource.word(), *known.get(text)?))
        })
    }

    fn name(&self, word: &str, number: usize) -> String {
        match self.kind {
            SnapshotKind::Full => format!("<{word}-{number}>"),
            SnapshotKind::Shape => format!("<{word}>"),
        }
    }

    /// Whether a text of an answer is a time that no request said before.
    pub(super) fn is_volatile_time(&self, text: &str) -> bool {
        is_time(text) && !self.said.contains(text)
    }

    /// The name of a phone number of an answer that no request said: the tenant assigned it.
    pub(super) fn assigned_phone(&mut self, text: &str) -> Option<String> {
        if self.said.contains(text) {
            return None;
        }
        let next = self.phones.len() + 1;
        let number = *self.phones.entry(text.to_owned()).or_insert(next);
        Some(self.name("phone", number))
    }

    /// A text with every volatile part named.
    pub(super) fn text(&mut self, text: &str) -> String {
        let text = self.without_bases(text);
        self.named(&text)
    }

    fn without_bases(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for base in &self.bases {
            let mut rest = text.as_str();
            let mut named = String::with_capacity(text.len());
            while let Some(at) = rest.find(base) {
                let after = &rest[at + base.len()..];
                let whole = !after.starts_with(|c: char| c.is_alphanumeric() || "-_.".contains(c));
                named.push_str(&rest[..at]);
                named.push_str(if whole { "<tenant>" } else { base });
                rest = after;
            }
            named.push_str(rest);
            text = named;
        }
        text
    }

    fn named(&mut self, text: &str) -> String {
        PLACES
            .replace_all(text, |found: &Captures<'_>| {
                let part = |name| found.name(name).map(|part| part.as_str());
                if let (Some(collection), Some(segment)) = (part("collection"), part("segment")) {
                    let hint = Resource::of_path(collection);
                    let name = self.id(&percent_decode_str(segment).decode_utf8_lossy(), hint);
                    return format!("{collection}/{}", name.unwrap_or_else(|| self.token(segment)));
                }
                if let (Some(before), Some(inner)) =
                    (part("before"), part("plain").or(part("encoded")))
                {
                    let quote = if part("plain").is_some() { "\"" } else { "%22" };
                    let name = self.id(&percent_decode_str(inner).decode_utf8_lossy(), None);
                    let inner = name.unwrap_or_else(|| self.named(inner));
                    return format!("{before}{quote}{inner}{quote}");
                }
                self.token(&found[0])
            })
            .into_owned()
    }

    /// A word that may be an id by its looks alone, or hold a GUID.
    fn token(&mut self, token: &str) -> String {
        if is_distinctive(token)
            && let Some(name) = self.id(token, None)
        {
            return name;
        }
        GUID.replace_all(token, |found: &Captures<'_>| {
            let guid = found[0].to_ascii_lowercase();
            if let Some(name) = self.id(&found[0], None).or_else(|| self.id(&guid, None)) {
                return name;
            }
            let next = self.guids.len() + 1;
            let number = *self.guids.entry(guid).or_insert(next);
            self.name("guid", number)
        })
        .into_owned()
    }
}

/// Whether a text is long and mixed enough to be an id wherever it stands: `17` is not.
pub(super) fn is_distinctive(text: &str) -> bool {
    text.len() >= 8 && text.contains(|letter: char| letter.is_ascii_digit())
}

/// A version with its form kept: `W/"<etag>"` is weak, `"<etag>"` strong, `<etag>` not quoted.
pub(super) fn etag_form(version: &str) -> &'static str {
    let quoted = |text: &str| text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    match version.strip_prefix("W/") {
        Some(weak) if quoted(weak) => "W/\"<etag>\"",
        None if quoted(version) => "\"<etag>\"",
        _ => "<etag>",
    }
}

/// Whether a text is a date and time and nothing else.
pub(super) fn is_time(text: &str) -> bool {
    TIME.is_match(text)
}

fn id_of(resource: &Value) -> Option<String> {
    match resource.get("id")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn last_segment(location: &str) -> Option<String> {
    let path = location.split(['?', '#']).next()?;
    let (parent, id) = path.rsplit_once('/')?;
    let collection = parent.ends_with("Users") || parent.ends_with("Groups");
    collection.then(|| percent_decode_str(id).decode_utf8_lossy().into_owned())
}

/// Where ids stand in a text: after a collection, in a comparison of a filter, or as a word.
static PLACES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"\b(?<collection>Users|Groups)/(?<segment>[^/?\#"&\s]+)"#,
        r#"|(?<before>\b(?i:value|id|manager)(?:[ +]|%20)(?i:eq)(?:[ +]|%20))"#,
        r#"(?:"(?<plain>[^"]*)"|%22(?<encoded>.*?)%22)"#,
        r"|[A-Za-z0-9_-]{8,}",
    ))
    .expect("the pattern is a constant that the tests use")
});

static GUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
        .expect("the pattern is a constant that the tests use")
});

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?$")
        .expect("the pattern is a constant that the tests use")
});
