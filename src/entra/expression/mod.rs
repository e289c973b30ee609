//! Entra's expression language for attribute mappings (Entra, "Reference for writing expressions
//! for attribute mappings").
//!
//! An [`Expression`] is parsed once and evaluated for each object. Whatever can be known to be
//! wrong is refused while parsing, with its place; evaluation cannot fail: what cannot be computed
//! is null, as an attribute without a value is. `parser` reads, `functions` holds the table,
//! `text` and `replace` what the functions do.

mod functions;
mod parser;
mod replace;
mod text;

use std::cmp::Ordering;

use regex::Regex;
use serde_json::{Value, json};

use self::functions::{Body, Function};
use super::source::SourceAttributes;
use crate::directory::AttributeValue;

/// Characters an expression may have (Entra, "Customize attribute mappings").
pub const EXPRESSION_LENGTH_MAX: usize = 10_000;
/// Calls within calls; our own limit, far above what people write.
pub const NESTING_MAX: usize = 64;

/// An expression that was understood.
#[derive(Clone)]
pub struct Expression {
    text: String,
    root: Node,
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the expression at character {position}: {problem}")]
pub struct ExpressionError {
    /// The place, counted in characters from 1.
    pub position: usize,
    /// What is wrong there, and what is accepted.
    pub problem: String,
}

/// `IgnoreFlowIfNullOrEmpty` found nothing: the attribute is dropped, and no default steps in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped;

/// A computed value, `None` for null; texts, booleans, whole numbers, or an array of them.
pub type Computed = Result<Option<Value>, Dropped>;

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Ok(Self { text: text.to_owned(), root: parser::parse(text)? })
    }

    /// Computes the value for one object.
    pub fn evaluate(&self, source: &dyn SourceAttributes) -> Computed {
        self.root.evaluate(source)
    }

    /// Whether the value is kept out of the provisioning log (`Redact`).
    pub fn is_redacted(&self) -> bool {
        matches!(&self.root, Node::Call(call) if call.function.name == "Redact")
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl std::fmt::Debug for Expression {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Expression({:?})", self.text)
    }
}

/// The value of a source attribute in the shape expressions work on.
pub(super) fn read_attribute(source: &dyn SourceAttributes, name: &str) -> Option<Value> {
    source.attribute(name).map(|value| match value {
        AttributeValue::Text(text) => text.into(),
        AttributeValue::Flag(flag) => flag.into(),
        AttributeValue::Integer(number) => number.into(),
        AttributeValue::Many(texts) => texts.into(),
    })
}

/// A value as text: booleans as `True` and `False`, of several values the first.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(entries) => entries.first().and_then(as_text),
        Value::Object(members) => members.get("value").and_then(Value::as_str).map(str::to_owned),
    }
}

/// One node of the tree.
#[derive(Clone)]
enum Node {
    /// An argument left empty: null.
    Nothing,
    Attribute(String),
    Constant(Value),
    Call(Call),
    Comparison(Box<Self>, Comparator, Box<Self>),
}

/// A function with its arguments.
#[derive(Clone)]
struct Call {
    function: &'static Function,
    arguments: Vec<Node>,
    /// The pattern of `Replace`, where it is written out.
    pattern: Option<Regex>,
}

/// The operators of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Node {
    fn evaluate(&self, source: &dyn SourceAttributes) -> Computed {
        match self {
            Self::Nothing => Ok(None),
            Self::Attribute(name) => Ok(read_attribute(source, name)),
            Self::Constant(value) => Ok(Some(value.clone())),
            Self::Call(call) => call.evaluate(source),
            Self::Comparison(left, comparator, right) => {
                let (left, right) = (left.evaluate(source)?, right.evaluate(source)?);
                Ok(Some(json!(comparator.holds(left.as_ref(), right.as_ref()))))
            }
        }
    }

    /// Whether an attribute that is read somewhere below has no value.
    fn reads_nothing(&self, source: &dyn SourceAttributes) -> bool {
        match self {
            Self::Nothing | Self::Constant(_) => false,
            Self::Attribute(name) => {
                let value = read_attribute(source, name);
                value.as_ref().and_then(as_text).is_none_or(|text| text.is_empty())
            }
            Self::Call(call) => call.arguments.iter().any(|node| node.reads_nothing(source)),
            Self::Comparison(left, _, right) => {
                left.reads_nothing(source) || right.reads_nothing(source)
            }
        }
    }
}

impl Call {
    fn evaluate(&self, source: &dyn SourceAttributes) -> Computed {
        match self.function.body {
            Body::Chosen(choose) => choose(self, source),
            Body::Plain(compute) => {
                let arguments: Result<Vec<_>, Dropped> =
                    self.arguments.iter().map(|node| node.evaluate(source)).collect();
                Ok(compute(&arguments?))
            }
        }
    }

    /// The value of one argument; an argument that was not given is null.
    fn argument(&self, at: usize, source: &dyn SourceAttributes) -> Computed {
        self.arguments.get(at).map_or(Ok(None), |node| node.evaluate(source))
    }

    /// Whether the argument was given and not left empty.
    fn gives(&self, at: usize) -> bool {
        self.arguments.get(at).is_some_and(|node| !matches!(node, Node::Nothing))
    }
}

impl Comparator {
    /// Compares whole numbers as such and anything else as text, case and all. A null on either
    /// side makes every condition fail.
    fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        let (Some(left), Some(right)) = (left.and_then(as_text), right.and_then(as_text)) else {
            return false;
        };
        let order = match (left.parse::<i64>(), right.parse::<i64>()) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            _ => left.cmp(&right),
        };
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::NotEqual => order != Ordering::Equal,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests;
