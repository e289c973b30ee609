//! What the plain functions do with texts.
//!
//! Positions count characters from 1. A null source gives null, except where Entra's page says
//! otherwise (`Left`, `Len`, `Word`, `InStr`).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::as_text;
use super::functions::values;

type Given<'a> = &'a [Option<Value>];

/// The text of an argument.
fn text(given: Given<'_>, at: usize) -> Option<String> {
    given.get(at)?.as_ref().and_then(as_text)
}

/// An argument as a whole number.
pub(super) fn integer(argument: Option<&Option<Value>>) -> Option<i64> {
    argument?.as_ref().and_then(as_text)?.trim().parse().ok()
}

/// An argument as a number of characters; below zero counts as zero.
fn position(given: Given<'_>, at: usize) -> Option<usize> {
    integer(given.get(at)).map(|number| usize::try_from(number).unwrap_or(0))
}

pub(super) fn append(given: Given<'_>) -> Option<Value> {
    let suffix = text(given, 1).unwrap_or_default();
    text(given, 0).map(|source| json!(source + &suffix))
}

pub(super) fn bit_and(given: Given<'_>) -> Option<Value> {
    Some(json!(integer(given.first())? & integer(given.get(1))?))
}

/// Base64 of UTF-16, as .NET's Unicode encoding has it.
pub(super) fn convert_to_base64(given: Given<'_>) -> Option<Value> {
    let bytes: Vec<u8> = text(given, 0)?.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Some(json!(BASE64_STANDARD.encode(bytes)))
}

pub(super) fn convert_to_utf8_hex(given: Given<'_>) -> Option<Value> {
    let digits: Vec<String> = text(given, 0)?.bytes().map(|byte| format!("{byte:02X}")).collect();
    Some(json!(digits.concat()))
}

/// The place of the first occurrence from a start on; 0 where there is none.
pub(super) fn in_str(given: Given<'_>) -> Value {
    let without_case = text(given, 3).is_some_and(|how| how == "vbTextCompare" || how == "1");
    let characters = |at: usize| -> Vec<char> {
        let text = text(given, at).unwrap_or_default();
        let text = if without_case { text.to_lowercase() } else { text };
        text.chars().collect()
    };
    let (searched, wanted) = (characters(0), characters(1));
    let skipped = position(given, 2).unwrap_or(1).saturating_sub(1);
    let found = searched
        .get(skipped..)
        .filter(|_| !wanted.is_empty())
        .and_then(|rest| rest.windows(wanted.len()).position(|part| part == wanted.as_slice()));
    json!(found.map_or(0, |at| skipped + at + 1))
}

/// Values without a value are left out, so that no separator stands at an end.
pub(super) fn join(given: Given<'_>) -> Option<Value> {
    let separator = text(given, 0).unwrap_or_default();
    let texts: Vec<String> = given[1..]
        .iter()
        .flat_map(|argument| values(argument.as_ref()))
        .filter_map(|value| as_text(&value))
        .collect();
    (!texts.is_empty()).then(|| json!(texts.join(&separator)))
}

pub(super) fn left(given: Given<'_>) -> Option<Value> {
    let source = text(given, 0).unwrap_or_default();
    Some(match integer(given.get(1))? {
        ..0 => json!(source),
        count => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            json!(source.chars().take(count).collect::<String>())
        }
    })
}

pub(super) fn len(given: Given<'_>) -> Value {
    json!(text(given, 0).unwrap_or_default().chars().count())
}

/// Clipped to the text at both ends.
pub(super) fn mid(given: Given<'_>) -> Option<Value> {
    let (start, length) = (position(given, 1)?, position(given, 2)?);
    let part = text(given, 0)?;
    let part: String = part.chars().skip(start.saturating_sub(1)).take(length).collect();
    Some(json!(part))
}

/// Letters that Entra's table spells out, beside those that lose their marks.
const SPELT_OUT: &[(char, &str)] = &[
    ('æ', "ae"),
    ('Æ', "AE"),
    ('œ', "oe"),
    ('Œ', "OE"),
    ('ø', "oe"),
    ('Ø', "OE"),
    ('ß', "ss"),
    ('ł', "l"),
    ('Ł', "L"),
    ('ı', "i"),
];

/// Latin letters lose their marks; marks of other scripts are part of the letter and stay.
pub(super) fn normalize_diacritics(given: Given<'_>) -> Option<Value> {
    let mut plain = String::new();
    let mut latin = false;
    for one in text(given, 0)?.nfd() {
        let spelt = SPELT_OUT.iter().find(|(letter, _)| *letter == one);
        match spelt {
            Some((_, letters)) => plain.push_str(letters),
            None if is_combining_mark(one) && latin => continue,
            None => plain.push(one),
        }
        latin = spelt.is_some() || one.is_ascii_alphabetic();
    }
    Some(json!(plain.nfc().collect::<String>()))
}

/// With separators, every word is cased. Without, .NET's `ToTitleCase` is asked, which takes an
/// apostrophe for a part of the word; that it leaves words in capitals alone is not what Entra's
/// page shows (`PABLO` becomes `Pablo`), so they are cased too.
pub(super) fn pcase(given: Given<'_>) -> Option<Value> {
    let separators = text(given, 1);
    let separates = |one: char| match &separators {
        Some(separators) => separators.contains(one),
        None => !one.is_alphanumeric() && !is_combining_mark(one) && one != '\'',
    };
    let mut cased = String::new();
    let mut begins = true;
    for one in text(given, 0)?.chars() {
        if begins {
            cased.extend(one.to_uppercase());
        } else {
            cased.extend(one.to_lowercase());
        }
        begins = separates(one);
    }
    Some(json!(cased))
}

/// Spaces around a part are dropped, as Entra's example shows it.
pub(super) fn split(given: Given<'_>) -> Option<Value> {
    let (source, delimiter) = (text(given, 0)?, text(given, 1).unwrap_or_default());
    if delimiter.is_empty() {
        return Some(json!([source]));
    }
    Some(json!(source.split(delimiter.as_str()).map(str::trim).collect::<Vec<_>>()))
}

pub(super) fn strip_spaces(given: Given<'_>) -> Option<Value> {
    text(given, 0).map(|source| json!(source.replace(' ', "")))
}

/// The culture changes a handful of letters in a few languages; it is read and not used.
pub(super) fn to_lower(given: Given<'_>) -> Option<Value> {
    text(given, 0).map(|source| json!(source.to_lowercase()))
}

/// As [`to_lower`], the other way.
pub(super) fn to_upper(given: Given<'_>) -> Option<Value> {
    text(given, 0).map(|source| json!(source.to_uppercase()))
}

/// Each of the delimiters ends a word; where there is no such word the text is empty.
pub(super) fn word(given: Given<'_>) -> Option<Value> {
    let source = text(given, 0).unwrap_or_default();
    let delimiters = text(given, 2).unwrap_or_default();
    let at = position(given, 1)?;
    let mut words = source.split(|one| delimiters.contains(one)).filter(|word| !word.is_empty());
    let word = at.checked_sub(1).and_then(|before| words.nth(before));
    Some(json!(word.unwrap_or_default()))
}
