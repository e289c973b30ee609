//! Scoping filters: clauses over source attributes.
//!
//! The clauses of one filter are joined by AND. A clause that exists can be evaluated: values and
//! patterns are read with the file. A null attribute fails every clause but `is-null`, `NOT REGEX
//! MATCH` and `NOT EQUALS` included, as Entra's page warns.

use std::fmt;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::directory::AttributeValue;
use crate::entra::source::SourceAttributes;

/// Clauses that must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ScopingFilter {
    /// The clauses.
    pub clauses: Vec<ScopingClause>,
}

/// One condition on one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ClauseText", into = "ClauseText")]
pub struct ScopingClause {
    attribute: String,
    operator: ScopingOperator,
    operand: Operand,
}

/// The operators of the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopingOperator {
    /// `&`: the attribute and the value have a bit in common.
    BitAnd,
    /// `!&`: the attribute and the value have no bit in common.
    NotBitAnd,
    /// `ENDS_WITH`, with case.
    EndsWith,
    /// `EQUALS`, with case.
    Equals,
    /// `Greater_Than`, for whole numbers.
    GreaterThan,
    /// `Greater_Than_OR_EQUALS`, for whole numbers.
    GreaterThanOrEquals,
    /// `Includes`: the value occurs within the attribute, with case.
    Includes,
    /// `IS FALSE`.
    IsFalse,
    /// `IS NOT NULL`.
    IsNotNull,
    /// `IS NULL`.
    IsNull,
    /// `IS TRUE`.
    IsTrue,
    /// `NOT EQUALS`, with case.
    NotEquals,
    /// `NOT REGEX MATCH`.
    NotRegexMatch,
    /// `REGEX MATCH`: the pattern is found anywhere in the attribute, unless it is anchored.
    RegexMatch,
}

/// Why a clause cannot be used. The texts fit after "failed to …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopingError {
    /// The attribute is one that Entra does not filter on.
    #[error(
        "use the scoping clause on `{attribute}`: Entra has no scoping on {reason}; accepted are \
         single-valued attributes of texts, whole numbers and booleans"
    )]
    Attribute {
        /// The attribute.
        attribute: String,
        /// What it is.
        reason: &'static str,
    },
    /// The value does not go with the operator.
    #[error(
        "use the scoping clause on `{attribute}`: key `value` of operator `{key}` ({portal}) \
         {problem}; accepted is {accepted}"
    )]
    Value {
        /// The attribute.
        attribute: String,
        /// The operator as files write it.
        key: &'static str,
        /// The operator as the portal writes it.
        portal: &'static str,
        /// What is wrong.
        problem: String,
        /// What would be right.
        accepted: &'static str,
    },
}

/// A clause as files write it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ClauseText {
    attribute: String,
    operator: ScopingOperator,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// What the attribute is held against, as the operator needs it.
#[derive(Debug, Clone)]
enum Operand {
    Nothing,
    Text(String),
    Integer(i64),
    Pattern(Regex),
}

/// Attributes that Entra's page excludes, without case, with what they are.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("IsMemberOf", "memberships"),
    ("memberOf", "memberships"),
    ("members", "memberships"),
    ("appRoleAssignments", "app roles"),
    ("userType", "the kind of user"),
    ("manager", "references"),
    ("proxyAddresses", "multi-valued attributes"),
    ("otherMails", "multi-valued attributes"),
    ("businessPhones", "multi-valued attributes"),
    ("imAddresses", "multi-valued attributes"),
    ("createdDateTime", "dates"),
    ("deletedDateTime", "dates"),
    ("employeeHireDate", "dates"),
    ("employeeLeaveDateTime", "dates"),
    ("lastPasswordChangeDateTime", "dates"),
];

impl ScopingFilter {
    /// Whether all clauses hold.
    pub fn holds(&self, attributes: &dyn SourceAttributes) -> bool {
        self.first_failed(attributes).is_none()
    }

    /// The first clause that does not hold.
    pub fn first_failed(&self, attributes: &dyn SourceAttributes) -> Option<&ScopingClause> {
        self.clauses.iter().find(|clause| !clause.holds(attributes))
    }
}

impl ScopingClause {
    /// Makes a clause; values and patterns are read here.
    pub fn new(
        attribute: &str,
        operator: ScopingOperator,
        value: Option<&str>,
    ) -> Result<Self, ScopingError> {
        let named = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(attribute);
        if let Some((_, reason)) = UNSUPPORTED.iter().find(named) {
            return Err(ScopingError::Attribute { attribute: attribute.to_owned(), reason });
        }
        let operand = operator.read(value).map_err(|(problem, accepted)| ScopingError::Value {
            attribute: attribute.to_owned(),
            key: operator.name(),
            portal: operator.portal(),
            problem,
            accepted,
        })?;
        Ok(Self { attribute: attribute.to_owned(), operator, operand })
    }

    /// Whether the clause holds for these attributes. A list of values fails every clause: Entra
    /// does not filter on them.
    pub fn holds(&self, attributes: &dyn SourceAttributes) -> bool {
        let text = match attributes.attribute(&self.attribute) {
            None => String::new(),
            Some(AttributeValue::Text(text)) => text,
            Some(AttributeValue::Flag(flag)) => if flag { "True" } else { "False" }.to_owned(),
            Some(AttributeValue::Integer(number)) => number.to_string(),
            Some(AttributeValue::Many(_)) => return false,
        };
        if text.is_empty() {
            return self.operator == ScopingOperator::IsNull;
        }
        match &self.operand {
            Operand::Nothing => match self.operator {
                ScopingOperator::IsTrue => text.eq_ignore_ascii_case("true"),
                ScopingOperator::IsFalse => text.eq_ignore_ascii_case("false"),
                operator => operator == ScopingOperator::IsNotNull,
            },
            Operand::Text(wanted) => match self.operator {
                ScopingOperator::EndsWith => text.ends_with(wanted),
                ScopingOperator::Includes => text.contains(wanted),
                ScopingOperator::NotEquals => text != *wanted,
                _ => text == *wanted,
            },
            Operand::Integer(limit) => {
                text.trim().parse::<i64>().is_ok_and(|number| match self.operator {
                    ScopingOperator::BitAnd => number & limit != 0,
                    ScopingOperator::NotBitAnd => number & limit == 0,
                    ScopingOperator::GreaterThan => number > *limit,
                    _ => number >= *limit,
                })
            }
            Operand::Pattern(pattern) => {
                pattern.is_match(&text) == (self.operator == ScopingOperator::RegexMatch)
            }
        }
    }

    fn value(&self) -> Option<String> {
        match &self.operand {
            Operand::Nothing => None,
            Operand::Text(text) => Some(text.clone()),
            Operand::Integer(number) => Some(number.to_string()),
            Operand::Pattern(pattern) => Some(pattern.as_str().to_owned()),
        }
    }
}

impl fmt::Display for ScopingClause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.attribute, self.operator.portal())?;
        self.value().map_or(Ok(()), |value| write!(formatter, " {value}"))
    }
}

impl TryFrom<ClauseText> for ScopingClause {
    type Error = ScopingError;

    fn try_from(text: ClauseText) -> Result<Self, ScopingError> {
        Self::new(&text.attribute, text.operator, text.value.as_deref())
    }
}

impl From<ScopingClause> for ClauseText {
    fn from(clause: ScopingClause) -> Self {
        let value = clause.value();
        Self { attribute: clause.attribute, operator: clause.operator, value }
    }
}

impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, Self::Nothing) => true,
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Integer(left), Self::Integer(right)) => left == right,
            (Self::Pattern(left), Self::Pattern(right)) => left.as_str() == right.as_str(),
            _ => false,
        }
    }
}

impl Eq for Operand {}

impl ScopingOperator {
    /// Every operator, in the order of the portal.
    pub const ALL: &'static [Self] = &[
        Self::BitAnd,
        Self::NotBitAnd,
        Self::EndsWith,
        Self::Equals,
        Self::GreaterThan,
        Self::GreaterThanOrEquals,
        Self::Includes,
        Self::IsFalse,
        Self::IsNotNull,
        Self::IsNull,
        Self::IsTrue,
        Self::NotEquals,
        Self::NotRegexMatch,
        Self::RegexMatch,
    ];

    /// The name in files, and the portal's spelling.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::BitAnd => ("bit-and", "&"),
            Self::NotBitAnd => ("not-bit-and", "!&"),
            Self::EndsWith => ("ends-with", "ENDS_WITH"),
            Self::Equals => ("equals", "EQUALS"),
            Self::GreaterThan => ("greater-than", "Greater_Than"),
            Self::GreaterThanOrEquals => ("greater-than-or-equals", "Greater_Than_OR_EQUALS"),
            Self::Includes => ("includes", "Includes"),
            Self::IsFalse => ("is-false", "IS FALSE"),
            Self::IsNotNull => ("is-not-null", "IS NOT NULL"),
            Self::IsNull => ("is-null", "IS NULL"),
            Self::IsTrue => ("is-true", "IS TRUE"),
            Self::NotEquals => ("not-equals", "NOT EQUALS"),
            Self::NotRegexMatch => ("not-regex-match", "NOT REGEX MATCH"),
            Self::RegexMatch => ("regex-match", "REGEX MATCH"),
        }
    }

    /// The name in files.
    pub const fn name(self) -> &'static str {
        self.names().0
    }

    /// The portal's spelling.
    pub const fn portal(self) -> &'static str {
        self.names().1
    }

    /// Reads the value this operator needs; the error says what is wrong and what is accepted.
    fn read(self, value: Option<&str>) -> Result<Operand, (String, &'static str)> {
        let missing = |accepted| (String::from("is missing"), accepted);
        match self {
            Self::IsFalse | Self::IsNotNull | Self::IsNull | Self::IsTrue => match value {
                None => Ok(Operand::Nothing),
                Some(text) => Err((format!("is `{text}`"), "no value: the operator takes none")),
            },
            Self::BitAnd | Self::NotBitAnd | Self::GreaterThan | Self::GreaterThanOrEquals => {
                let accepted = "a whole number in quotation marks, such as \"5\"";
                let text = value.ok_or_else(|| missing(accepted))?;
                let number = text.trim().parse().map_err(|_| (format!("is `{text}`"), accepted))?;
                Ok(Operand::Integer(number))
            }
            Self::NotRegexMatch | Self::RegexMatch => {
                let accepted = "a regular expression without look-around and back-references";
                let text = value.ok_or_else(|| missing(accepted))?;
                let pattern = Regex::new(text)
                    .map_err(|error| (format!("cannot be used: {error}"), accepted))?;
                Ok(Operand::Pattern(pattern))
            }
            Self::EndsWith | Self::Equals | Self::Includes | Self::NotEquals => {
                let text =
                    value.filter(|text| !text.is_empty()).ok_or_else(|| missing("a text"))?;
                Ok(Operand::Text(text.to_owned()))
            }
        }
    }
}
