//! Attribute mappings: from Entra's attributes to the values a tenant should hold.
//!
//! An [`ObjectMapping`] is a default one with a profile's definitions laid over it. The job asks
//! it what to send, the projection what should be there. References (`manager`, `members`)
//! are mapped here and exported by the job, which alone knows the tenant's ids.

mod defaults;

use std::sync::Arc;

use serde_json::{Value, json};

use super::expression::{Dropped, Expression, ExpressionError, as_text, read_attribute};
use super::source::OutboundNames;
pub use super::source::SourceAttributes;
use super::target::{TargetPath, TargetPathError};
use crate::profile::{Apply, MappedObject, MappingDefinition};
use crate::scim::ENTERPRISE_USER;

/// Where a mapping's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingSource {
    /// A source attribute as it is.
    Direct(String),
    /// Always this text.
    Constant(String),
    /// Computed from source attributes.
    Expression(Expression),
}

/// One attribute mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeMapping {
    /// The target attribute.
    pub target: Arc<TargetPath>,
    /// Where its value comes from.
    pub source: MappingSource,
    /// The value of a new object where the source is null.
    pub default_value: Option<String>,
    /// Whether the mapping acts on every change.
    pub apply: Apply,
}

/// The mapping of users or of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMapping {
    /// What is mapped.
    pub object: MappedObject,
    /// The mappings, in the order in which their values are sent.
    pub attributes: Vec<AttributeMapping>,
}

/// Whether an object is about to be created or updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Defaults step in for nulls.
    Creation,
    /// Mappings that act only during creation rest.
    Update,
}

/// A value for a target attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedValue {
    /// The target attribute.
    pub target: Arc<TargetPath>,
    /// The value; never null, `""` or `[]`.
    pub value: Value,
}

/// Why a mapping definition cannot be used. The texts fit after "failed to …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// The target is no path.
    #[error(transparent)]
    Target(#[from] TargetPathError),
    /// The target is one that Entra does not map.
    #[error(
        "map `{target}`: key `target` is none that Entra maps; not mapped are {NOT_MAPPABLE:?}"
    )]
    NotMappable {
        /// The target.
        target: String,
    },
    /// More than one source.
    #[error(
        "map `{target}`: keys {given} are given; accepted is one of direct, constant, expression"
    )]
    Sources {
        /// The target.
        target: String,
        /// The keys.
        given: String,
    },
    /// A source that says nothing.
    #[error("map `{target}`: key `{key}` is {problem}; accepted is {accepted}")]
    Source {
        /// The target.
        target: String,
        /// The key.
        key: &'static str,
        /// What is wrong.
        problem: String,
        /// What would be right.
        accepted: &'static str,
    },
    /// The expression cannot be read.
    #[error("map `{target}`: key `expression`: failed to {error}")]
    Expression {
        /// The target.
        target: String,
        /// What is wrong with it, and where.
        #[source]
        error: ExpressionError,
    },
    /// A mapping without source removes one, and there is none.
    #[error(
        "map `{target}`: no key of direct, constant, expression is given, which removes one, \
         and none has that target; mapped are {mapped}"
    )]
    NothingToRemove {
        /// The target.
        target: String,
        /// The targets that are mapped.
        mapped: String,
    },
}

/// What Entra's mapping page does not offer.
const NOT_MAPPABLE: &[&str] = &["id", "meta", "schemas", "password", "photos"];

impl ObjectMapping {
    /// Lays definitions over this mapping. One replaces the mapping of the same target, which is
    /// compared without case; one without any source removes it. Of two, the later wins.
    pub fn with(mut self, definitions: &[MappingDefinition]) -> Result<Self, MappingError> {
        for definition in definitions.iter().filter(|one| one.object == self.object) {
            let known = self.attributes.iter().position(|one| one.target.is(&definition.target));
            match (AttributeMapping::read(definition)?, known) {
                (Some(mapping), Some(at)) => self.attributes[at] = mapping,
                (Some(mapping), None) => self.attributes.push(mapping),
                (None, Some(at)) => {
                    self.attributes.remove(at);
                }
                (None, None) => {
                    let mapped: Vec<&str> =
                        self.attributes.iter().map(|one| one.target.text.as_str()).collect();
                    return Err(MappingError::NothingToRemove {
                        target: definition.target.clone(),
                        mapped: mapped.join(", "),
                    });
                }
            }
        }
        Ok(self)
    }

    /// The values to send for one object, without references. Nulls and empty values are left out:
    /// Entra does not provision them.
    pub fn evaluate(&self, source: &dyn SourceAttributes, moment: Moment) -> Vec<MappedValue> {
        self.attributes
            .iter()
            .filter(|mapping| !mapping.is_reference() && mapping.acts_at(moment))
            .filter_map(|mapping| {
                let value = mapping.value_at(source, moment)?;
                Some(MappedValue { target: mapping.target.clone(), value })
            })
            .collect()
    }

    /// The values of an object that may have to be created: those for its creation, and those for
    /// an update where it is there already. Each is worked out once.
    pub fn evaluate_new(
        &self,
        source: &dyn SourceAttributes,
    ) -> (Vec<MappedValue>, Vec<MappedValue>) {
        let mapped = self.attributes.iter().filter(|mapping| !mapping.is_reference());
        let (mut creation, mut update) = (Vec::with_capacity(mapped.clone().count()), Vec::new());
        for mapping in mapped {
            let Ok(computed) = mapping.computed(source) else { continue };
            let target = || mapping.target.clone();
            if mapping.acts_at(Moment::Update)
                && let Some(value) = &computed
            {
                update.push(MappedValue { target: target(), value: value.clone() });
            }
            let value = computed.or_else(|| mapping.default());
            creation.extend(value.map(|value| MappedValue { target: target(), value }));
        }
        (creation, update)
    }

    /// The text a Matching attribute is looked up by; `None` where it is not mapped or null.
    pub fn value_of(&self, target: &str, source: &dyn SourceAttributes) -> Option<String> {
        let value = self.mapping(target)?.value_at(source, Moment::Update)?;
        as_text(&value)
    }

    /// The mapping of a target, compared without case.
    pub fn mapping(&self, target: &str) -> Option<&AttributeMapping> {
        self.attributes.iter().find(|mapping| mapping.target.is(target))
    }

    /// Whether a user's manager is exported.
    pub fn maps_manager(&self) -> bool {
        self.object == MappedObject::User && self.maps_a_reference()
    }

    /// Whether a group's members are exported.
    pub fn maps_members(&self) -> bool {
        self.object == MappedObject::Group && self.maps_a_reference()
    }

    fn maps_a_reference(&self) -> bool {
        self.attributes.iter().any(AttributeMapping::is_reference)
    }
}

impl AttributeMapping {
    /// Reads a definition; `None` is the removal of a mapping.
    pub fn read(definition: &MappingDefinition) -> Result<Option<Self>, MappingError> {
        let target = TargetPath::parse(&definition.target)?;
        let text = target.text.clone();
        if target.schema.is_none()
            && NOT_MAPPABLE.iter().any(|name| name.eq_ignore_ascii_case(&target.attribute))
        {
            return Err(MappingError::NotMappable { target: text });
        }
        let given: Vec<&'static str> = [
            ("direct", &definition.direct),
            ("constant", &definition.constant),
            ("expression", &definition.expression),
        ]
        .into_iter()
        .filter_map(|(key, value)| value.is_some().then_some(key))
        .collect();
        if given.len() > 1 {
            return Err(MappingError::Sources { target: text, given: given.join(", ") });
        }
        let Some(source) = MappingSource::read(definition)? else {
            if definition.default_value.is_some() {
                return Err(MappingError::Source {
                    target: text,
                    key: "default-value",
                    problem: "given without a source".to_owned(),
                    accepted: "one of direct, constant, expression beside it",
                });
            }
            return Ok(None);
        };
        let mapping = Self {
            target: Arc::new(target),
            source,
            default_value: definition.default_value.clone(),
            apply: definition.apply,
        };
        if mapping.is_reference() && !matches!(mapping.source, MappingSource::Direct(_)) {
            return Err(MappingError::Source {
                target: text,
                key: given[0],
                problem: "given for a reference".to_owned(),
                accepted: "direct = \"manager\" or direct = \"members\"",
            });
        }
        Ok(Some(mapping))
    }

    /// Whether the value is another object of the directory: a manager, members.
    pub fn is_reference(&self) -> bool {
        let attribute = &self.target.attribute;
        let enterprise =
            self.target.extension().is_none_or(|urn| urn.eq_ignore_ascii_case(ENTERPRISE_USER));
        enterprise
            && (attribute.eq_ignore_ascii_case("manager")
                || attribute.eq_ignore_ascii_case("members"))
    }

    /// Whether the provisioning log shows `[Redact]` in place of the value.
    pub fn is_redacted(&self) -> bool {
        matches!(&self.source, MappingSource::Expression(expression) if expression.is_redacted())
    }

    fn acts_at(&self, moment: Moment) -> bool {
        moment == Moment::Creation || self.apply == Apply::Always
    }

    fn value_at(&self, source: &dyn SourceAttributes, moment: Moment) -> Option<Value> {
        match self.computed(source) {
            Ok(None) if moment == Moment::Creation => self.default(),
            Ok(value) => value,
            Err(Dropped) => None,
        }
    }

    /// What the source says, before any default steps in.
    fn computed(&self, source: &dyn SourceAttributes) -> Result<Option<Value>, Dropped> {
        let source = OutboundNames(source);
        let value = match &self.source {
            MappingSource::Direct(name) => read_attribute(&source, name),
            MappingSource::Constant(text) => Some(json!(text)),
            MappingSource::Expression(expression) => expression.evaluate(&source)?,
        };
        Ok(value.and_then(|value| self.fit(value)))
    }

    /// What a new object gets where the source is null.
    fn default(&self) -> Option<Value> {
        self.default_value.as_ref().and_then(|text| self.fit(json!(text)))
    }

    /// Gives a value the type of its target: booleans for `active` and `primary`, text for other
    /// attributes of the core and enterprise schemas; custom extensions keep what they are given.
    fn fit(&self, value: Value) -> Option<Value> {
        let target = &self.target;
        let last = target.sub_attribute.as_ref().unwrap_or(&target.attribute);
        let custom =
            target.extension().is_some_and(|urn| !urn.eq_ignore_ascii_case(ENTERPRISE_USER));
        let whole = target.selector.is_none() && target.sub_attribute.is_none();
        if !custom && ["active", "primary"].iter().any(|name| last.eq_ignore_ascii_case(name)) {
            let text = as_text(&value)?;
            return match text.to_ascii_lowercase().as_str() {
                "true" => Some(json!(true)),
                "false" => Some(json!(false)),
                "" => None,
                _ => Some(json!(text)),
            };
        }
        match value {
            Value::Array(entries) if whole && MULTI_VALUED.contains(&last.as_str()) => {
                let entries: Vec<Value> = entries
                    .into_iter()
                    .map(|entry| if entry.is_object() { entry } else { json!({"value": entry}) })
                    .collect();
                (!entries.is_empty()).then_some(Value::Array(entries))
            }
            Value::Bool(_) | Value::Number(_) if custom => Some(value),
            Value::String(text) => (!text.is_empty()).then_some(Value::String(text)),
            other => as_text(&other).filter(|text| !text.is_empty()).map(Value::String),
        }
    }
}

/// Attributes that hold a list when a path names them whole (RFC 7643 §4.1.2).
const MULTI_VALUED: &[&str] =
    &["emails", "phoneNumbers", "ims", "addresses", "entitlements", "roles", "x509Certificates"];

impl MappingSource {
    fn read(definition: &MappingDefinition) -> Result<Option<Self>, MappingError> {
        let target = &definition.target;
        let wrong = |key, problem: &str, accepted| MappingError::Source {
            target: target.clone(),
            key,
            problem: problem.to_owned(),
            accepted,
        };
        if let Some(name) = &definition.direct {
            let name = name.trim();
            if name.is_empty() || name.contains(['[', ']', '(', '"', ' ']) {
                let problem = format!("`{name}`");
                return Err(wrong("direct", &problem, "an attribute's bare name, such as mail"));
            }
            return Ok(Some(Self::Direct(name.to_owned())));
        }
        if let Some(text) = &definition.constant {
            if text.is_empty() {
                return Err(wrong("constant", "empty", "a text"));
            }
            return Ok(Some(Self::Constant(text.clone())));
        }
        let Some(text) = &definition.expression else { return Ok(None) };
        match Expression::parse(text) {
            Ok(expression) => Ok(Some(Self::Expression(expression))),
            Err(error) => Err(MappingError::Expression { target: target.clone(), error }),
        }
    }
}

#[cfg(test)]
mod tests;
