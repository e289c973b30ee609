//! Filters (RFC 7644 §3.4.2.2): a parser by recursive descent, and the way back into text.
//!
//! `not` binds tighter than `and`, `and` tighter than `or`; operators are read in any case,
//! values by JSON's rules. Beyond the RFC's grammar a value path may go on with a comparison,
//! `emails[type eq "work"].value eq "x"`, because Entra matches users that way.
//! What a filter *means* is not known here.

use std::fmt;

use serde_json::Value;

use super::path::{AttributePath, check_name};

/// How many brackets may be open at once.
pub const DEPTH_MAX: usize = 64;

/// A filter. `And` and `Or` hold at least two parts and no part of their own kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// At least one part holds.
    Or(Vec<Self>),
    /// All parts hold.
    And(Vec<Self>),
    /// The part does not hold.
    Not(Box<Self>),
    /// `pr`: the attribute has a value.
    Present(AttributePath),
    /// An attribute against a literal.
    Compare {
        /// The attribute.
        path: AttributePath,
        /// How it is compared.
        operator: CompareOperator,
        /// A JSON string, number, boolean or null.
        value: Value,
    },
    /// `attribute[filter]`: one value of the attribute meets the whole filter.
    ValuePath {
        /// The multi-valued attribute.
        path: AttributePath,
        /// Over the value's sub-attributes; holds no value path.
        filter: Box<Self>,
        /// Entra's addition: a sub-attribute of the selected values, and what it is compared with.
        tail: Option<(String, CompareOperator, Value)>,
    },
}

/// The comparing operators of RFC 7644 table 3, all but `pr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOperator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `co`
    Contains,
    /// `sw`
    StartsWith,
    /// `ew`
    EndsWith,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

impl CompareOperator {
    /// Every operator with its word.
    pub const WORDS: [(&'static str, Self); 9] = [
        ("eq", Self::Equal),
        ("ne", Self::NotEqual),
        ("co", Self::Contains),
        ("sw", Self::StartsWith),
        ("ew", Self::EndsWith),
        ("gt", Self::Greater),
        ("ge", Self::GreaterOrEqual),
        ("lt", Self::Less),
        ("le", Self::LessOrEqual),
    ];

    /// The operator's word, in lower case.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, it)| *it == self).expect("WORDS lists every operator").0
    }
}

/// Where a filter stops being one, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {position}: {message}")]
pub struct FilterError {
    /// Counted in characters from 1.
    pub position: usize,
    /// What was found or missing there.
    pub message: String,
}

impl FilterError {
    /// The same fault in a text that has this many characters before the filter.
    pub(super) fn moved(self, characters: usize) -> Self {
        Self { position: self.position + characters, ..self }
    }
}

impl Filter {
    /// Reads a filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Parser { text, at: 0, depth: 0 }.whole(false)
    }

    /// Reads what may stand in the brackets of a value path: a filter without value paths.
    pub fn parse_value_filter(text: &str) -> Result<Self, FilterError> {
        Parser { text, at: 0, depth: 1 }.whole(true)
    }

    /// The conjunction of some filters, flat.
    pub fn and(parts: Vec<Self>) -> Self {
        let flatten = |part| match part {
            Self::And(parts) => parts,
            other => vec![other],
        };
        joined(parts.into_iter().flat_map(flatten).collect(), Self::And)
    }

    /// The disjunction of some filters, flat.
    pub fn or(parts: Vec<Self>) -> Self {
        let flatten = |part| match part {
            Self::Or(parts) => parts,
            other => vec![other],
        };
        joined(parts.into_iter().flat_map(flatten).collect(), Self::Or)
    }
}

/// One part stands for itself.
fn joined(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(parts) => write_joined(out, parts, " or "),
            Self::And(parts) => write_joined(out, parts, " and "),
            Self::Not(part) => write!(out, "not ({part})"),
            Self::Present(path) => write!(out, "{path} pr"),
            Self::Compare { path, operator, value } => {
                write!(out, "{path} {} {value}", operator.word())
            }
            Self::ValuePath { path, filter, tail: None } => write!(out, "{path}[{filter}]"),
            Self::ValuePath { path, filter, tail: Some((name, operator, value)) } => {
                write!(out, "{path}[{filter}].{name} {} {value}", operator.word())
            }
        }
    }
}

fn write_joined(out: &mut fmt::Formatter<'_>, parts: &[Filter], word: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.write_str(word)?;
        }
        match part {
            Filter::Or(_) | Filter::And(_) => write!(out, "({part})")?,
            _ => write!(out, "{part}")?,
        }
    }
    Ok(())
}

/// Reads from left to right; `at` is a byte offset and always a character's beginning.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, FilterError>;

impl<'a> Parser<'a> {
    fn whole(mut self, in_brackets: bool) -> Parsed<Filter> {
        self.space();
        if self.rest().is_empty() {
            return Err(self.fault("the filter is empty"));
        }
        let filter = self.or_expression(in_brackets)?;
        self.space();
        match self.rest().chars().next() {
            None => Ok(filter),
            Some(')' | ']') => Err(self.fault("a bracket closes that was not opened")),
            Some(_) => Err(self.fault("`and`, `or` or the end was expected")),
        }
    }

    fn or_expression(&mut self, in_brackets: bool) -> Parsed<Filter> {
        let mut parts = vec![self.and_expression(in_brackets)?];
        while self.joining_word("or") {
            parts.push(self.and_expression(in_brackets)?);
        }
        Ok(Filter::or(parts))
    }

    fn and_expression(&mut self, in_brackets: bool) -> Parsed<Filter> {
        let mut parts = vec![self.atom(in_brackets)?];
        while self.joining_word("and") {
            parts.push(self.atom(in_brackets)?);
        }
        Ok(Filter::and(parts))
    }

    /// A group, `not` with its group, a value path or a comparison.
    fn atom(&mut self, in_brackets: bool) -> Parsed<Filter> {
        self.space();
        let negated = self.not_before_group();
        if self.rest().starts_with('(') {
            self.open()?;
            let filter = self.or_expression(in_brackets)?;
            self.close(')')?;
            return Ok(if negated { Filter::Not(Box::new(filter)) } else { filter });
        }
        let start = self.at;
        let word = self.word();
        if word.is_empty() {
            return Err(self.fault("an attribute name was expected"));
        }
        let path = AttributePath::parse(word)
            .map_err(|error| Self { at: start, ..*self }.fault(&error.to_string()))?;
        if self.rest().starts_with('[') {
            return self.value_path(path, in_brackets);
        }
        match self.operator()? {
            None => Ok(Filter::Present(path)),
            Some(operator) => Ok(Filter::Compare { path, operator, value: self.literal()? }),
        }
    }

    fn value_path(&mut self, path: AttributePath, in_brackets: bool) -> Parsed<Filter> {
        if in_brackets {
            return Err(self.fault("a value path cannot stand inside another"));
        }
        self.open()?;
        let filter = Box::new(self.or_expression(true)?);
        self.close(']')?;
        if !self.rest().starts_with('.') {
            return Ok(Filter::ValuePath { path, filter, tail: None });
        }
        self.at += 1;
        let start = self.at;
        let name = self.word().to_owned();
        check_name(&name).map_err(|why| Self { at: start, ..*self }.fault(&why))?;
        match self.operator()? {
            None => Err(self.fault("after a value path the sub-attribute must be compared")),
            Some(operator) => {
                let tail = Some((name, operator, self.literal()?));
                Ok(Filter::ValuePath { path, filter, tail })
            }
        }
    }

    /// Space and an operator; none for `pr`.
    fn operator(&mut self) -> Parsed<Option<CompareOperator>> {
        if !self.space() {
            return Err(self.fault("a space and an operator were expected"));
        }
        let start = self.at;
        let word = self.word().to_ascii_lowercase();
        if word == "pr" {
            return Ok(None);
        }
        let known = CompareOperator::WORDS.iter().find(|(name, _)| *name == word);
        known.map(|(_, operator)| Some(*operator)).ok_or_else(|| {
            Self { at: start, ..*self }.fault(&format!(
                "`{}` is no operator; there are eq, ne, co, sw, ew, pr, gt, ge, lt and le",
                shown(&word)
            ))
        })
    }

    /// Space and a JSON string, number, boolean or null.
    fn literal(&mut self) -> Parsed<Value> {
        if !self.space() {
            return Err(self.fault("a space and a value were expected"));
        }
        if self.rest().starts_with('"') {
            return self.string();
        }
        let start = self.at;
        let word = self.word();
        let number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let value = match word {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Null),
            _ if number => serde_json::from_str(word).ok(),
            _ => None,
        };
        value.ok_or_else(|| {
            let message = match word.to_ascii_lowercase().as_str() {
                "" => "a value was expected".to_owned(),
                "true" | "false" | "null" => {
                    format!("`{word}` must be written in lower case")
                }
                _ => format!("`{}` is no JSON value; text needs double quotes", shown(word)),
            };
            Self { at: start, ..*self }.fault(&message)
        })
    }

    fn string(&mut self) -> Parsed<Value> {
        let mut escaped = false;
        let end = self.rest().bytes().enumerate().skip(1).find_map(|(position, byte)| match byte {
            _ if escaped => {
                escaped = false;
                None
            }
            b'\\' => {
                escaped = true;
                None
            }
            b'"' => Some(position + 1),
            _ => None,
        });
        let end = end.ok_or_else(|| self.fault("the text is never closed with a double quote"))?;
        let value = serde_json::from_str::<Value>(&self.rest()[..end])
            .map_err(|_| self.fault("the text is no valid JSON string"))?;
        self.at += end;
        Ok(value)
    }

    /// Takes `and` or `or` with the spaces around it.
    fn joining_word(&mut self, word: &str) -> bool {
        let before = self.at;
        if self.space() && self.word().eq_ignore_ascii_case(word) && self.space() {
            return true;
        }
        self.at = before;
        false
    }

    /// Takes `not` where a group follows, with or without a space between.
    fn not_before_group(&mut self) -> bool {
        let before = self.at;
        if self.word().eq_ignore_ascii_case("not") {
            self.space();
            if self.rest().starts_with('(') {
                return true;
            }
        }
        self.at = before;
        false
    }

    fn open(&mut self) -> Parsed<()> {
        if self.depth == DEPTH_MAX {
            return Err(self.fault(&format!("more than {DEPTH_MAX} brackets are open")));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, bracket: char) -> Parsed<()> {
        self.space();
        if !self.rest().starts_with(bracket) {
            return Err(self.fault(&format!("`{bracket}`, `and` or `or` was expected")));
        }
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    /// Skips spaces; says whether there were any.
    fn space(&mut self) -> bool {
        let rest = self.rest();
        let skipped = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        self.at += skipped;
        skipped > 0
    }

    /// Takes all up to the next space, bracket or quote; perhaps nothing.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || "()[]\"".contains(c);
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fault(&self, message: &str) -> FilterError {
        let position = self.text[..self.at].chars().count() + 1;
        FilterError { position, message: message.to_owned() }
    }
}

/// As much of a foreign word as an error text needs.
fn shown(word: &str) -> String {
    word.chars().take(60).collect()
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
