//! `Replace`, whose meaning depends on which of its seven arguments are given.
//!
//! Replace(source, oldValue, regexPattern, regexGroupName, replacementValue,
//! replacementAttributeName, template). Patterns are those of the `regex` crate: named groups and
//! `${name}` in the replacement as in .NET, but no look-around and no back-references.

use std::borrow::Cow;

use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::super::source::SourceAttributes;
use super::functions::constant_text;
use super::{Call, Computed, Dropped, Node, as_text, read_attribute};

const SOURCE: usize = 0;
const OLD_VALUE: usize = 1;
const PATTERN: usize = 2;
const GROUP: usize = 3;
const REPLACEMENT: usize = 4;
const ATTRIBUTE: usize = 5;
const TEMPLATE: usize = 6;

/// Refuses sets of arguments that stand for none of the five modes.
pub(super) fn check_mode(call: &Call) -> Result<(), String> {
    let given: Vec<usize> = (OLD_VALUE..=TEMPLATE).filter(|at| call.gives(*at)).collect();
    let known = matches!(
        given.as_slice(),
        [OLD_VALUE, REPLACEMENT | TEMPLATE]
            | [PATTERN, REPLACEMENT]
            | [PATTERN, GROUP, REPLACEMENT | ATTRIBUTE]
    );
    if known {
        return Ok(());
    }
    Err("Replace has arguments that do not go together; beside source it takes oldValue and \
         replacementValue, or oldValue and template, or regexPattern and replacementValue, or \
         regexPattern, regexGroupName and replacementValue, or regexPattern, regexGroupName and \
         replacementAttributeName"
        .to_owned())
}

/// Refuses a group that the pattern does not have.
pub(super) fn check_group(call: &Call, pattern: &Regex) -> Result<(), String> {
    let groups: Vec<&str> = pattern.capture_names().flatten().collect();
    match constant_text(call.arguments.get(GROUP)) {
        Some(name) if !groups.contains(&name) => Err(format!(
            "Replace names the group `{name}`; the pattern has {}",
            if groups.is_empty() { "no named group".to_owned() } else { groups.join(", ") }
        )),
        _ => Ok(()),
    }
}

pub(super) fn replace(call: &Call, source: &dyn SourceAttributes) -> Computed {
    let text = |at: usize| -> Result<Option<String>, Dropped> {
        Ok(call.argument(at, source)?.as_ref().and_then(as_text))
    };
    let original = text(SOURCE)?;
    if call.gives(ATTRIBUTE) {
        if let Some(original) = original.filter(|text| !text.is_empty()) {
            return Ok(Some(json!(original)));
        }
        let (other, group) = (other_attribute(call, source)?, text(GROUP)?);
        return Ok(extract(compiled(call, source)?.as_deref(), other.as_deref(), group.as_deref()));
    }
    let Some(original) = original else { return Ok(None) };
    let replaced = if call.gives(OLD_VALUE) {
        let old = text(OLD_VALUE)?.unwrap_or_default();
        if call.gives(TEMPLATE) {
            text(TEMPLATE)?.map(|template| swap(&template, &old, &original))
        } else {
            let new = text(REPLACEMENT)?.unwrap_or_default();
            Some(swap(&original, &old, &new))
        }
    } else {
        let (new, group) = (text(REPLACEMENT)?.unwrap_or_default(), text(GROUP)?);
        compiled(call, source)?.map(|pattern| match group {
            None => pattern.replace_all(&original, new.as_str()).into_owned(),
            Some(group) => swap_group(&pattern, &original, &group, &new),
        })
    };
    Ok(replaced.map(Value::String))
}

/// The pattern: the one compiled while parsing, or one that is itself computed.
fn compiled<'a>(
    call: &'a Call,
    source: &dyn SourceAttributes,
) -> Result<Option<Cow<'a, Regex>>, Dropped> {
    if let Some(pattern) = &call.pattern {
        return Ok(Some(Cow::Borrowed(pattern)));
    }
    let text = call.argument(PATTERN, source)?;
    Ok(text.as_ref().and_then(as_text).and_then(|text| Regex::new(&text).ok()).map(Cow::Owned))
}

/// The attribute to fall back on, given as `[mobile]` or by name as `"mobile"`.
fn other_attribute(call: &Call, source: &dyn SourceAttributes) -> Result<Option<String>, Dropped> {
    let value = match call.arguments.get(ATTRIBUTE) {
        Some(Node::Constant(Value::String(name))) => read_attribute(source, name),
        _ => call.argument(ATTRIBUTE, source)?,
    };
    Ok(value.as_ref().and_then(as_text))
}

/// Every occurrence; an empty old value occurs nowhere.
fn swap(text: &str, old: &str, new: &str) -> String {
    if old.is_empty() { text.to_owned() } else { text.replace(old, new) }
}

/// In every match, the part that is the group's.
fn swap_group(pattern: &Regex, text: &str, group: &str, new: &str) -> String {
    let swapped = pattern.replace_all(text, |found: &Captures<'_>| {
        let whole = found.get_match();
        match found.name(group) {
            Some(part) => {
                let before = &text[whole.start()..part.start()];
                let after = &text[part.end()..whole.end()];
                format!("{before}{new}{after}")
            }
            None => whole.as_str().to_owned(),
        }
    });
    swapped.into_owned()
}

fn extract(pattern: Option<&Regex>, text: Option<&str>, group: Option<&str>) -> Option<Value> {
    let found = pattern?.captures(text?)?;
    found.name(group?).map(|part| json!(part.as_str()))
}
