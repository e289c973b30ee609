//! Target attribute paths as attribute mappings write them: `name.givenName`,
//! `emails[type eq "work"].value`, `urn:…:enterprise:2.0:User:department`.
//!
//! A path reads its value out of a resource the tenant returned and writes it into a body to be
//! created. This is the client's own small parser on purpose: the embedded tenant has another, so
//! that a mistake in one cannot hide in the other.

use serde_json::{Map, Value, json};

use crate::scim::message::json_member;

/// What the core schemas' URNs begin with; their attributes live at the top of a resource.
const CORE_SCHEMAS: &str = "urn:ietf:params:scim:schemas:core:";
/// `type` of a role that stems from an app role assignment.
pub(super) const ROLE_TYPE: &str = "WindowsAzureActiveDirectoryRole";

/// A target attribute path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TargetPath {
    /// The path as it was written; PATCH operations carry it.
    pub text: String,
    /// The schema URN the path is qualified with.
    pub schema: Option<String>,
    /// The attribute's name.
    pub attribute: String,
    /// Which entry of a multi-valued attribute is meant.
    pub selector: Option<Selector>,
    /// The sub-attribute's name.
    pub sub_attribute: Option<String>,
}

/// The part of a path in square brackets: `type eq "work"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Selector {
    /// The sub-attribute that is compared.
    pub attribute: String,
    /// What it must equal; `True` also means the boolean.
    pub literal: String,
}

/// Why a text is no target path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read the target path `{path}`: {problem}; accepted are `displayName`, `name.givenName`, \
     `emails[type eq \"work\"].value` and `urn:…:User:department`"
)]
pub struct TargetPathError {
    /// The text.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

impl TargetPath {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, TargetPathError> {
        let text = text.trim();
        read_path(text).map_err(|problem| TargetPathError { path: text.to_owned(), problem })
    }

    /// The value at this path in a resource as the tenant returned it. Names and selectors are
    /// compared without case; null, `[]`, `""` and `{}` say nothing and count as absent.
    pub fn read(&self, resource: &Value) -> Option<Value> {
        self.find(resource).cloned()
    }

    /// The same where it lies; see [`TargetPath::read`].
    pub fn find<'a>(&self, resource: &'a Value) -> Option<&'a Value> {
        let container = match self.extension() {
            Some(urn) => member(resource, urn)?,
            None => resource,
        };
        let attribute = member(container, &self.attribute)?;
        let entries = match attribute {
            Value::Array(entries) if self.selector.is_some() || self.sub_attribute.is_some() => {
                entries.as_slice()
            }
            single => std::slice::from_ref(single),
        };
        entries.iter().filter(|entry| self.selects(entry)).find_map(|entry| {
            let value = match &self.sub_attribute {
                Some(name) => member(entry, name)?,
                None => entry,
            };
            says_something(value).then_some(value)
        })
    }

    /// Puts a value into the body of a creation, making whatever must stand around it. Keys come
    /// to stand in the order of the documented body.
    pub fn write_into(&self, body: &mut Value, value: Value) {
        let container = match self.extension() {
            Some(urn) => child(object(body), "", urn),
            None => body,
        };
        let parent = self.extension().unwrap_or_default();
        let attribute = self.attribute.as_str();
        match (&self.selector, &self.sub_attribute) {
            (None, None) => *child(object(container), parent, attribute) = value,
            (None, Some(name)) => {
                let complex = child(object(container), parent, attribute);
                *child(object(complex), attribute, name) = value;
            }
            (Some(selector), name) => {
                let entries = array(child(object(container), parent, attribute));
                let known = entries.iter().position(|entry| self.selects(entry));
                let at = known.unwrap_or_else(|| {
                    entries.push(new_entry(attribute, selector));
                    entries.len() - 1
                });
                *child(object(&mut entries[at]), attribute, name.as_deref().unwrap_or("value")) =
                    value;
            }
        }
    }

    /// Whether both paths mean the same target; Entra compares names without case.
    pub fn is(&self, text: &str) -> bool {
        same(&self.text, text.trim())
    }

    /// The URN whose container holds the attribute; none where it stands at the top.
    pub(super) fn extension(&self) -> Option<&str> {
        self.schema.as_deref().filter(|urn| {
            !urn.get(..CORE_SCHEMAS.len()).is_some_and(|start| same(start, CORE_SCHEMAS))
        })
    }

    fn selects(&self, entry: &Value) -> bool {
        self.selector.as_ref().is_none_or(|selector| {
            match member(entry, &selector.attribute) {
                Some(Value::String(text)) => same(text, &selector.literal),
                // `roles[primary eq "True"]` names a boolean by a text.
                Some(Value::Bool(flag)) => same(&flag.to_string(), &selector.literal),
                Some(Value::Number(number)) => number.to_string() == selector.literal,
                _ => false,
            }
        })
    }
}

impl std::fmt::Display for TargetPath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Splits a path into its parts; the error says in a few words what is wrong.
fn read_path(text: &str) -> Result<TargetPath, String> {
    let head = &text[..text.find('[').unwrap_or(text.len())];
    let (schema, rest) = match head.rfind(':') {
        None => (None, text),
        Some(colon) => (Some(read_urn(&text[..colon])?), &text[colon + 1..]),
    };
    let (attribute, selector, sub_attribute) = match rest.split_once('[') {
        Some((attribute, rest)) => {
            let end = closing_bracket(rest).ok_or("a square bracket is not closed")?;
            let (inside, after) = (&rest[..end], &rest[end + 1..]);
            let sub_attribute = match after.strip_prefix('.') {
                Some(name) => Some(name),
                None if after.is_empty() => None,
                None => return Err("after `]` only `.` and a sub-attribute may follow".to_owned()),
            };
            (attribute, Some(read_selector(inside)?), sub_attribute)
        }
        None => match rest.split_once('.') {
            Some((attribute, name)) => (attribute, None, Some(name)),
            None => (rest, None, None),
        },
    };
    Ok(TargetPath {
        text: text.to_owned(),
        schema,
        attribute: read_name(attribute)?,
        selector,
        sub_attribute: sub_attribute.map(read_name).transpose()?,
    })
}

/// A schema URN; one that stops at its version would take the resource's name for an attribute.
fn read_urn(urn: &str) -> Result<String, String> {
    if !urn.get(..4).is_some_and(|start| same(start, "urn:")) {
        return Err(format!("`{urn}` before the last colon is no schema URN"));
    }
    let last = urn.rsplit(':').next().unwrap_or_default();
    if last.starts_with(|first: char| first.is_ascii_digit())
        && last.chars().all(|one| one.is_ascii_digit() || one == '.')
    {
        return Err("it names a schema and no attribute of it".to_owned());
    }
    Ok(urn.to_owned())
}

/// The place of the bracket that closes the selector; brackets within quotation marks are text.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, one)| {
        quoted ^= one == '"';
        (one == ']' && !quoted).then_some(at)
    })
}

fn read_selector(text: &str) -> Result<Selector, String> {
    let mut words = text.trim().splitn(3, char::is_whitespace);
    let (Some(attribute), Some(operator), Some(literal)) =
        (words.next(), words.next(), words.next())
    else {
        return Err(format!("the selector `{text}` is not of the form `type eq \"work\"`"));
    };
    if !same(operator, "eq") {
        return Err(format!("the selector's operator `{operator}` is not `eq`"));
    }
    let literal = literal.trim();
    let quoted = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let literal = match quoted {
        Some(inside) if !inside.is_empty() && !inside.contains('"') => inside,
        None if same(literal, "true") || same(literal, "false") => literal,
        _ => return Err(format!("the selector's value `{literal}` is not in quotation marks")),
    };
    Ok(Selector { attribute: read_name(attribute)?, literal: literal.to_owned() })
}

/// An attribute name (RFC 7643 §2.1): a letter or `$`, then letters, digits, `-` and `_`.
fn read_name(text: &str) -> Result<String, String> {
    let good = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '$')
        && text[1..].chars().all(|one| one.is_ascii_alphanumeric() || one == '-' || one == '_');
    if good { Ok(text.to_owned()) } else { Err(format!("`{text}` is no attribute name")) }
}

fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
        || !(left.is_ascii() && right.is_ascii()) && left.to_lowercase() == right.to_lowercase()
}

/// A member of an object, by its name without case.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    json_member(value, name).or_else(|| {
        let mut members = value.as_object()?.iter();
        members.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(entries) => !entries.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// The value as an object; whatever else it was is replaced.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made an object above")
}

/// The value as an array; whatever else it was is replaced.
fn array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut().expect("it was made an array above")
}

/// The member of that name, made at its place in the documented order where it was missing.
fn child<'a>(object: &'a mut Map<String, Value>, parent: &str, name: &str) -> &'a mut Value {
    let known = object.keys().position(|key| key.eq_ignore_ascii_case(name));
    let place = known.unwrap_or_else(|| {
        // Those that are there stand in that order, and most come in it.
        let rank = rank(parent, name);
        let before = object.keys().rev().take_while(|key| self::rank(parent, key) > rank);
        let place = object.len() - before.count();
        object.shift_insert(place, name.to_owned(), Value::Null);
        place
    });
    object.values_mut().nth(place).expect("the member was found or inserted above")
}

/// A new entry: what the selector asks for, and what the documented bodies add to it.
fn new_entry(attribute: &str, selector: &Selector) -> Value {
    let literal = match selector.literal.to_ascii_lowercase().as_str() {
        "true" => json!(true),
        "false" => json!(false),
        _ => json!(selector.literal),
    };
    let mut entry = json!({});
    *child(object(&mut entry), attribute, &selector.attribute) = literal;
    // 4.2.9: the work e-mail is the primary one.
    if same(attribute, "emails") && same(&selector.literal, "work") {
        *child(object(&mut entry), attribute, "primary") = json!(true);
    }
    // 4.7: a role says where it comes from.
    if same(attribute, "roles") && same(&selector.attribute, "primary") {
        *child(object(&mut entry), attribute, "type") = json!(ROLE_TYPE);
    }
    entry
}

/// Where a key stands among its neighbours; unknown ones keep the order of the mapping at `*`.
fn rank(parent: &str, key: &str) -> usize {
    let order: &[&str] = if parent.is_empty() {
        TOP
    } else if parent.eq_ignore_ascii_case("name") {
        NAME
    } else if parent.contains(':') {
        EXTENSION
    } else {
        ENTRY
    };
    let key = if key.starts_with("urn:") { "urn:" } else { key };
    let exactly = |of: &str| order.iter().position(|known| *known == of);
    let in_any_case = || order.iter().position(|known| known.eq_ignore_ascii_case(key));
    exactly(key).or_else(in_any_case).or_else(|| exactly("*")).unwrap_or(order.len())
}

const TOP: &[&str] = &[
    "schemas",
    "id",
    "externalId",
    "userName",
    "active",
    "displayName",
    "title",
    "emails",
    "preferredLanguage",
    "name",
    "addresses",
    "phoneNumbers",
    "*",
    "urn:",
    "members",
    "meta",
    "roles",
];
const NAME: &[&str] = &["givenName", "familyName", "formatted", "*"];
const EXTENSION: &[&str] = &["employeeNumber", "department", "*"];
const ENTRY: &[&str] = &[
    "primary",
    "type",
    "displayName",
    "display",
    "formatted",
    "streetAddress",
    "locality",
    "region",
    "postalCode",
    "country",
    "*",
    "value",
];

#[cfg(test)]
mod tests;
