//! The functions an expression may call: names, numbers of arguments, and what they choose.
//!
//! Functions of plain values live in `text`; here are those that look at their arguments one by
//! one, because an argument that is not chosen must not drop the flow, and those on whole values.

use serde_json::{Value, json};

use super::super::source::SourceAttributes;
use super::super::target::ROLE_TYPE;
use super::{Call, Computed, Dropped, Node, as_text, read_attribute, replace, text};

/// A function of the language.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) least: usize,
    /// None: as many as one likes.
    pub(super) most: Option<usize>,
    /// Whether the number of arguments must be even.
    pub(super) pairs: bool,
    pub(super) body: Body,
}

/// What is done with the arguments.
pub(super) enum Body {
    /// All are evaluated, and a value is computed from them.
    Plain(fn(&[Option<Value>]) -> Option<Value>),
    /// The function looks at its arguments itself.
    Chosen(fn(&Call, &dyn SourceAttributes) -> Computed),
}

impl Function {
    /// The accepted numbers of arguments in words.
    pub(super) fn takes(&self) -> String {
        match self.most {
            _ if self.pairs => format!("an even number, {} or more", self.least),
            None => format!("{} or more", self.least),
            Some(most) if most == self.least => most.to_string(),
            Some(most) => format!("{} to {most}", self.least),
        }
    }
}

/// Functions of Entra that depend on the clock, on chance or on the target, and so would make a
/// seed send different requests; or that only deal in such dates.
pub(super) const NOT_EVALUATED: &[&str] = &[
    "CDate",
    "DateAdd",
    "DateDiff",
    "DateFromNum",
    "FormatDateTime",
    "Guid",
    "Now",
    "NumFromDate",
    "RandomString",
    "SelectUniqueValue",
];

const fn plain(
    name: &'static str,
    least: usize,
    most: usize,
    compute: fn(&[Option<Value>]) -> Option<Value>,
) -> Function {
    Function { name, least, most: Some(most), pairs: false, body: Body::Plain(compute) }
}

const fn chosen(
    name: &'static str,
    least: usize,
    most: usize,
    choose: fn(&Call, &dyn SourceAttributes) -> Computed,
) -> Function {
    Function { name, least, most: Some(most), pairs: false, body: Body::Chosen(choose) }
}

/// Every function that can be called, by name.
pub(super) static FUNCTIONS: &[Function] = &[
    plain("Append", 2, 2, text::append),
    plain("AppRoleAssignmentsComplex", 1, 1, |given| role_entries(given, "displayName")),
    plain("AssertiveAppRoleAssignmentsComplex", 1, 1, |given| role_entries(given, "display")),
    plain("BitAnd", 2, 2, text::bit_and),
    plain("CBool", 1, 1, |given| Some(json!(is_true(given[0].as_ref())))),
    Function { most: None, ..chosen("Coalesce", 1, 1, coalesce) },
    plain("ConvertToBase64", 1, 1, text::convert_to_base64),
    plain("ConvertToUTF8Hex", 1, 1, text::convert_to_utf8_hex),
    plain("Count", 1, 1, |given| Some(json!(values(given[0].as_ref()).len()))),
    plain("CStr", 1, 1, |given| given[0].as_ref().and_then(as_text).map(Value::String)),
    chosen("DefaultDomain", 0, 0, |_, source| Ok(default_domain(source))),
    chosen("IgnoreFlowIfNullOrEmpty", 1, 1, ignore_flow),
    chosen("IIF", 3, 3, choose_by_condition),
    plain("InStr", 2, 4, |given| Some(text::in_str(given))),
    plain("IsNull", 1, 1, |given| Some(json!(given[0].is_none()))),
    plain("IsNullOrEmpty", 1, 1, |given| Some(json!(!is_present(given[0].as_ref())))),
    plain("IsPresent", 1, 1, |given| Some(json!(is_present(given[0].as_ref())))),
    plain("IsString", 1, 1, |given| Some(json!(matches!(given[0], Some(Value::String(_)))))),
    plain("Item", 2, 2, item),
    Function { most: None, ..plain("Join", 2, 2, text::join) },
    plain("Left", 2, 2, text::left),
    plain("Len", 1, 1, |given| Some(text::len(given))),
    plain("Mid", 3, 3, text::mid),
    plain("NormalizeDiacritics", 1, 1, text::normalize_diacritics),
    plain("Not", 1, 1, |given| Some(json!(!says_true(given[0].as_ref())))),
    plain("PCase", 1, 2, text::pcase),
    plain("Redact", 1, 1, |given| given[0].clone()),
    plain("RemoveDuplicates", 1, 1, remove_duplicates),
    chosen("Replace", 5, 7, replace::replace),
    plain("SingleAppRoleAssignment", 1, 1, |given| values(given[0].as_ref()).into_iter().next()),
    plain("Split", 2, 2, text::split),
    plain("StripSpaces", 1, 1, text::strip_spaces),
    Function { most: None, pairs: true, ..chosen("Switch", 4, 4, switch) },
    plain("ToLower", 1, 2, text::to_lower),
    plain("ToUpper", 1, 2, text::to_upper),
    plain("Word", 3, 3, text::word),
];

/// The function of that name, case and all.
pub(super) fn named(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The values of an attribute, one by one; a single value is a list of one.
pub(super) fn values(value: Option<&Value>) -> Vec<Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(entries)) => entries.clone(),
        Some(single) => vec![single.clone()],
    }
}

fn is_present(value: Option<&Value>) -> bool {
    value.and_then(as_text).is_some_and(|text| !text.is_empty())
}

fn says_true(value: Option<&Value>) -> bool {
    value.and_then(as_text).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// `CBool` and conditions: true, or a number that is not zero.
fn is_true(value: Option<&Value>) -> bool {
    let number = value.and_then(as_text).and_then(|text| text.parse::<i64>().ok());
    number.map_or_else(|| says_true(value), |number| number != 0)
}

fn coalesce(call: &Call, source: &dyn SourceAttributes) -> Computed {
    for node in &call.arguments {
        if let Some(value) = node.evaluate(source)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// The caution of Entra's page: a condition that reads an attribute without a value fails, even
/// where it asks for just that.
fn choose_by_condition(call: &Call, source: &dyn SourceAttributes) -> Computed {
    let condition = &call.arguments[0];
    let holds = !condition.reads_nothing(source) && is_true(condition.evaluate(source)?.as_ref());
    call.argument(if holds { 1 } else { 2 }, source)
}

/// Keys are compared case and all; the key `""` stands for a source without a value.
fn switch(call: &Call, source: &dyn SourceAttributes) -> Computed {
    let wanted = call.argument(0, source)?.as_ref().and_then(as_text).unwrap_or_default();
    for pair in call.arguments[2..].chunks_exact(2) {
        if let Some(key) = pair[0].evaluate(source)?.as_ref().and_then(as_text)
            && key == wanted
        {
            return pair[1].evaluate(source);
        }
    }
    call.argument(1, source)
}

fn ignore_flow(call: &Call, source: &dyn SourceAttributes) -> Computed {
    let value = call.argument(0, source)?;
    if is_present(value.as_ref()) { Ok(value) } else { Err(Dropped) }
}

/// The directory's own domain: what stands behind the at sign of the full `userPrincipalName`.
fn default_domain(source: &dyn SourceAttributes) -> Option<Value> {
    let name = read_attribute(source, "originalUserPrincipalName")
        .or_else(|| read_attribute(source, "userPrincipalName"));
    let name = name.as_ref().and_then(as_text);
    name.and_then(|name| name.rsplit_once('@').map(|(_, domain)| json!(domain)))
}

/// Counts from 1; there is no item 0.
fn item(given: &[Option<Value>]) -> Option<Value> {
    let at = usize::try_from(text::integer(given.get(1))?).ok()?;
    values(given[0].as_ref()).into_iter().nth(at.checked_sub(1)?)
}

fn remove_duplicates(given: &[Option<Value>]) -> Option<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for value in values(given.first()?.as_ref()) {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    given[0].is_some().then_some(Value::Array(kept))
}

/// Every role as an entry of `roles`.
fn role_entries(given: &[Option<Value>], name: &str) -> Option<Value> {
    let roles: Vec<Value> = values(given[0].as_ref())
        .iter()
        .filter_map(as_text)
        .map(|role| json!({"primary": false, "type": ROLE_TYPE, name: role, "value": role}))
        .collect();
    (!roles.is_empty()).then_some(Value::Array(roles))
}

/// The text of an argument that is a constant; patterns and group names mostly are.
pub(super) fn constant_text(node: Option<&Node>) -> Option<&str> {
    match node {
        Some(Node::Constant(Value::String(text))) => Some(text),
        _ => None,
    }
}
