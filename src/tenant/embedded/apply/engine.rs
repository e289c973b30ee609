//! One operation of a PATCH on one resource: the decision table of RFC 7644 §3.5.2.1 to §3.5.2.3.
//!
//! Where the RFC is silent: an attribute that is not there is removed with success; a complex
//! attribute keeps what an `add` or `replace` does not name; a selected value is replaced whole;
//! a readOnly attribute in a value without path is refused unless it says what is there.

use serde_json::{Map, Value};

use super::elements::{
    add_value, append, assign, assign_all, is_listed, places_of, retain_unselected, selected,
    selector_terms, settle_primary, with_booleans,
};
use super::holder::{holder, object_of, prune, values_of};
use super::message::{Operation, Verb, read_path};
use super::values::{complex, known_members, many, members_of, needs_value, simple};
use super::{Tolerance, values};
use crate::scim;
use crate::scim::filter::Filter;
use crate::scim::path::PatchPath;
use crate::scim::schema::{Attribute, AttributeType, Mutability, Returned, Schema};
use crate::tenant::embedded::evaluate::check_element;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::problem::Problem;

type Object = Map<String, Value>;
type Done = Result<(), Problem>;

/// Runs operations on resources of a kind.
pub(super) struct Engine {
    pub(super) kind: ResourceKind,
    pub(super) tolerance: Tolerance,
}

/// What a path names.
enum Place<'a> {
    /// An extension as a whole.
    Container(&'static Schema),
    Attribute(Target<'a>),
}

/// Where in the resource an operation works.
struct Target<'a> {
    extension: Option<&'static Schema>,
    attribute: &'static Attribute,
    filter: Option<&'a Filter>,
    sub_attribute: Option<&'static Attribute>,
}

impl Engine {
    /// Runs one operation; after a problem the resource is half changed and must be dropped.
    pub(super) fn run(&self, operation: &Operation<'_>, resource: &mut Object) -> Done {
        match (operation.verb, &operation.path, operation.value) {
            (Verb::Remove, None, _) => Err(Problem::no_target("`remove` needs a path")),
            (Verb::Remove, Some(path), value) => self.remove_at(path, value, resource),
            (_, _, None) => Err(Problem::invalid_value("`value` is missing")),
            (verb, Some(path), Some(value)) => self.write_at(verb, path, value, resource),
            (verb, None, Some(Value::Object(members))) => members
                .iter()
                .try_for_each(|(key, value)| self.write_member(verb, key, value, resource)),
            (_, None, Some(_)) => {
                Err(Problem::invalid_value("without a path the value must be an object"))
            }
        }
    }

    /// A member of a value without path: an attribute, a container, or one of Entra's paths.
    fn write_member(&self, verb: Verb, key: &str, value: &Value, resource: &mut Object) -> Done {
        if let Some(extension) = self.kind.find_extension(key) {
            return self.write_container(verb, extension, value, resource);
        }
        let Some(attribute) = self.kind.find(key) else {
            if self.tolerance.entra {
                return self.write_at(verb, &read_path(key)?, value, resource);
            }
            return Err(unknown(key));
        };
        if attribute.mutability == Mutability::ReadOnly
            && resource.get(attribute.name) == Some(value)
        {
            return Ok(());
        }
        let target = Target { extension: None, attribute, filter: None, sub_attribute: None };
        self.write(verb, &target, value, resource)
    }

    fn write_container(
        &self,
        verb: Verb,
        extension: &'static Schema,
        value: &Value,
        resource: &mut Object,
    ) -> Done {
        match value {
            Value::Null => {
                resource.shift_remove(extension.id);
                Ok(())
            }
            Value::Object(members) => members.iter().try_for_each(|(name, value)| {
                let attribute = extension.find(name).ok_or_else(|| unknown(name))?;
                let extension = Some(extension);
                let target = Target { extension, attribute, filter: None, sub_attribute: None };
                self.write(verb, &target, value, resource)
            }),
            _ => Err(Problem::invalid_value("an extension's value must be an object")),
        }
    }

    fn write_at(&self, verb: Verb, path: &PatchPath, value: &Value, resource: &mut Object) -> Done {
        match self.place(path)? {
            Place::Attribute(target) => self.write(verb, &target, value, resource),
            Place::Container(extension) => self.write_container(verb, extension, value, resource),
        }
    }

    fn remove_at(&self, path: &PatchPath, value: Option<&Value>, resource: &mut Object) -> Done {
        match self.place(path)? {
            Place::Attribute(target) => self.remove(&target, value, resource),
            Place::Container(extension) => {
                resource.shift_remove(extension.id);
                Ok(())
            }
        }
    }

    fn place<'a>(&self, path: &'a PatchPath) -> Result<Place<'a>, Problem> {
        let missing = || unknown(&path.to_string());
        let named = self.kind.resolve(&path.path, self.tolerance.entra).ok_or_else(missing)?;
        let Some(attribute) = named.attribute else {
            return named.extension.map(Place::Container).ok_or_else(missing);
        };
        let selectable = attribute.multi_valued && attribute.kind == AttributeType::Complex;
        if path.filter.is_some() && (!selectable || named.sub_attribute.is_some()) {
            let why = format!("`{}` has no values to select", path.path);
            return Err(Problem::invalid_path(why));
        }
        let sub_attribute = match &path.sub_attribute_after_filter {
            None => named.sub_attribute,
            Some(name) => Some(attribute.find(name).ok_or_else(missing)?),
        };
        let (extension, filter) = (named.extension, path.filter.as_ref());
        Ok(Place::Attribute(Target { extension, attribute, filter, sub_attribute }))
    }

    /// `add` or `replace` at a target.
    fn write(&self, verb: Verb, target: &Target<'_>, raw: &Value, resource: &mut Object) -> Done {
        refuse_read_only(target)?;
        let attribute = target.attribute;
        if attribute.name == "schemas" {
            return self.write_schemas(verb, raw, resource);
        }
        if attribute.returned == Returned::Never {
            // Checked, then forgotten: what is never shown need not be kept.
            return simple(attribute, raw, self.tolerance).map(|_| ());
        }
        let holder = holder(resource, target.extension);
        match (target.filter, target.sub_attribute) {
            (Some(filter), sub_attribute) => {
                self.write_selected(verb, holder, attribute, filter, sub_attribute, raw)?;
            }
            (None, Some(sub_attribute)) => {
                self.write_sub_attribute(holder, attribute, sub_attribute, raw)?;
            }
            (None, None) if attribute.multi_valued => {
                self.write_values(verb, holder, attribute, raw)?;
            }
            (None, None) if attribute.kind == AttributeType::Complex => {
                self.merge(holder, attribute, raw)?;
            }
            (None, None) => match simple(attribute, raw, self.tolerance)? {
                None => unassign(holder, attribute)?,
                Some(value) => {
                    holder.insert(attribute.name.to_owned(), value);
                }
            },
        }
        prune(resource, target.extension, attribute);
        Ok(())
    }

    /// A whole multi-valued attribute: appended to, or replaced.
    fn write_values(
        &self,
        verb: Verb,
        holder: &mut Object,
        attribute: &'static Attribute,
        raw: &Value,
    ) -> Done {
        let new = many(attribute, raw, self.tolerance)?;
        if verb == Verb::Replace {
            if new.is_empty() {
                return unassign(holder, attribute);
            }
            holder.insert(attribute.name.to_owned(), new.into());
            return Ok(());
        }
        let values = values_of(holder, attribute);
        let mut places = places_of(values, attribute);
        let mut touched = Vec::new();
        for value in new {
            let made_primary = values::is_primary(&value);
            let place = append(values, &mut places, attribute, value)?;
            if made_primary {
                touched.push(place);
            }
        }
        settle_primary(values, attribute, &touched)
    }

    /// A whole singular complex attribute: what is given is set, the rest stays.
    fn merge(&self, holder: &mut Object, attribute: &'static Attribute, raw: &Value) -> Done {
        let Some(given) = members_of(attribute, raw, self.tolerance)? else {
            return unassign(holder, attribute);
        };
        let object = object_of(holder, attribute);
        for (sub_attribute, raw) in known_members(attribute, &given, self.tolerance) {
            let value = self.reference_or(attribute, sub_attribute, raw)?;
            assign(object, attribute, sub_attribute, value)?;
        }
        Ok(())
    }

    /// A sub-attribute, on every value where there are several.
    fn write_sub_attribute(
        &self,
        holder: &mut Object,
        attribute: &'static Attribute,
        sub_attribute: &'static Attribute,
        raw: &Value,
    ) -> Done {
        let value = self.reference_or(attribute, sub_attribute, raw)?;
        if !attribute.multi_valued {
            return assign(object_of(holder, attribute), attribute, sub_attribute, value);
        }
        let values = values_of(holder, attribute);
        if let (true, Some(value)) = (values.is_empty(), &value) {
            let members = Object::from_iter([(sub_attribute.name.to_owned(), value.clone())]);
            return add_value(values, attribute, members);
        }
        let places: Vec<usize> = (0..values.len()).collect();
        assign_all(values, &places, attribute, sub_attribute, value.as_ref())
    }

    /// The values that a filter selects, or a sub-attribute of theirs.
    fn write_selected(
        &self,
        verb: Verb,
        holder: &mut Object,
        attribute: &'static Attribute,
        filter: &Filter,
        sub_attribute: Option<&'static Attribute>,
        raw: &Value,
    ) -> Done {
        let filter = self.selector(filter, attribute)?;
        let values = values_of(holder, attribute);
        let places = selected(values, &filter, attribute);
        if let Some(sub_attribute) = sub_attribute {
            let value = simple(sub_attribute, raw, self.tolerance)?;
            if let (true, Some(value)) = (places.is_empty(), &value) {
                let mut members = self.seed(&filter, attribute)?;
                members.insert(sub_attribute.name.to_owned(), value.clone());
                return add_value(values, attribute, members);
            }
            return assign_all(values, &places, attribute, sub_attribute, value.as_ref());
        }
        let Some(given) = members_of(attribute, raw, self.tolerance)? else {
            retain_unselected(values, &places);
            return Ok(());
        };
        let given = selected_value(attribute, &given, self.tolerance)?;
        if places.is_empty() {
            let mut members = self.seed(&filter, attribute)?;
            members.extend(given);
            return add_value(values, attribute, members);
        }
        let whole = verb == Verb::Replace && raw.is_object();
        for place in &places {
            let Some(object) = values[*place].as_object_mut() else { continue };
            if whole {
                let kept = |it: &&Attribute| {
                    given.contains_key(it.name) || it.mutability == Mutability::Immutable
                };
                let kept: Vec<_> = attribute.sub_attributes.iter().filter(kept).collect();
                object.retain(|name, _| kept.iter().any(|it| it.name == name));
            }
            for (sub_attribute, value) in known_members(attribute, &given, self.tolerance) {
                assign(object, attribute, sub_attribute, Some(value.clone()))?;
            }
        }
        let touched = if given.contains_key("primary") { places } else { Vec::new() };
        settle_primary(values, attribute, &touched)
    }

    /// The bracket's filter, checked; 400 `invalidFilter` if it cannot be meant.
    fn selector(&self, filter: &Filter, of: &'static Attribute) -> Result<Filter, Problem> {
        let filter = if self.tolerance.entra { with_booleans(filter, of) } else { filter.clone() };
        check_element(&filter, of)?;
        Ok(filter)
    }

    /// The value that a selector without match stands for. RFC 7644 §3.5.2.3 refuses to write
    /// there; Entra relies on the value being made.
    fn seed(&self, filter: &Filter, attribute: &'static Attribute) -> Result<Object, Problem> {
        let terms = selector_terms(filter, attribute).filter(|_| self.tolerance.entra);
        terms.ok_or_else(|| {
            let name = attribute.name;
            Problem::no_target(format!("no value of `{name}` is selected by `{filter}`"))
        })
    }

    /// A sub-attribute's value; an empty reference unassigns where Entra says it that way.
    fn reference_or(
        &self,
        attribute: &'static Attribute,
        sub_attribute: &'static Attribute,
        raw: &Value,
    ) -> Result<Option<Value>, Problem> {
        let value = simple(sub_attribute, raw, self.tolerance)?;
        let reference = sub_attribute.name == "value" && attribute.find("$ref").is_some();
        Ok(value.filter(|value| !(self.tolerance.entra && reference && value == "")))
    }

    fn remove(&self, target: &Target<'_>, value: Option<&Value>, resource: &mut Object) -> Done {
        refuse_read_only(target)?;
        let attribute = target.attribute;
        let listed = value.filter(|value| self.tolerance.entra && !value.is_null());
        if attribute.name == "schemas" {
            return self.remove_schemas(listed, resource);
        }
        let holder = holder(resource, target.extension);
        match (target.filter, target.sub_attribute, listed) {
            (Some(filter), sub_attribute, _) => {
                let filter = self.selector(filter, attribute)?;
                let values = values_of(holder, attribute);
                let places = selected(values, &filter, attribute);
                match sub_attribute {
                    None => retain_unselected(values, &places),
                    Some(it) => assign_all(values, &places, attribute, it, None)?,
                }
            }
            (None, Some(sub_attribute), _) if attribute.multi_valued => {
                let values = values_of(holder, attribute);
                let places: Vec<usize> = (0..values.len()).collect();
                assign_all(values, &places, attribute, sub_attribute, None)?;
            }
            (None, Some(sub_attribute), _) => {
                assign(object_of(holder, attribute), attribute, sub_attribute, None)?;
            }
            (None, None, Some(listed)) if attribute.multi_valued => {
                let listed = many(attribute, listed, self.tolerance)?;
                let values = values_of(holder, attribute);
                values.retain(|value| !listed.iter().any(|it| is_listed(attribute, value, it)));
            }
            (None, None, _) => unassign(holder, attribute)?,
        }
        prune(resource, target.extension, attribute);
        Ok(())
    }

    /// `schemas` may gain and lose extensions, never the base schema.
    fn write_schemas(&self, verb: Verb, raw: &Value, resource: &mut Object) -> Done {
        let urns = self.schema_urns(raw)?;
        if verb == Verb::Replace && !urns.contains(&self.kind.schema().id) {
            return Err(base_schema_stays());
        }
        let mut listed = match resource.get("schemas") {
            Some(Value::Array(listed)) if verb == Verb::Add => listed.clone(),
            _ => Vec::new(),
        };
        listed.extend(urns.into_iter().map(Value::from));
        resource.insert("schemas".to_owned(), listed.into());
        Ok(())
    }

    fn remove_schemas(&self, listed: Option<&Value>, resource: &mut Object) -> Done {
        let urns = self.schema_urns(listed.ok_or_else(base_schema_stays)?)?;
        if urns.contains(&self.kind.schema().id) {
            return Err(base_schema_stays());
        }
        if let Some(Value::Array(known)) = resource.get_mut("schemas") {
            known.retain(|urn| !urns.iter().any(|it| urn == it));
        }
        Ok(())
    }

    /// The URNs of ours among those given; a foreign one is refused, Microsoft's is passed over.
    fn schema_urns(&self, raw: &Value) -> Result<Vec<&'static str>, Problem> {
        let given = raw.as_array().map_or(std::slice::from_ref(raw), Vec::as_slice);
        let mut urns = Vec::new();
        for urn in given {
            let urn = urn.as_str().unwrap_or_default();
            let ours = [Some(self.kind.schema()), self.kind.extension()];
            let mut ours = ours.into_iter().flatten();
            if let Some(schema) = ours.find(|schema| schema.id.eq_ignore_ascii_case(urn)) {
                urns.push(schema.id);
            } else if urn != scim::MICROSOFT_GROUP {
                let why = "`schemas` takes the URNs of this resource type only";
                return Err(Problem::invalid_value(why));
            }
        }
        Ok(urns)
    }
}

fn unknown(path: &str) -> Problem {
    let path: String = path.chars().take(200).collect();
    Problem::invalid_path(format!("there is no attribute `{path}`"))
}

fn base_schema_stays() -> Problem {
    Problem::mutability("`schemas` must keep the base schema")
}

fn refuse_read_only(target: &Target<'_>) -> Done {
    let parts = [Some(target.attribute), target.sub_attribute];
    let mut parts = parts.into_iter().flatten();
    match parts.find(|it| it.mutability == Mutability::ReadOnly) {
        Some(it) => Err(Problem::mutability(format!("`{}` is readOnly", it.name))),
        None => Ok(()),
    }
}

/// Takes an attribute away altogether.
fn unassign(holder: &mut Object, attribute: &Attribute) -> Done {
    if attribute.required {
        return Err(Problem::mutability(format!("`{}` is required", attribute.name)));
    }
    holder.shift_remove(attribute.name);
    Ok(())
}

/// What is given for a selected value; there the `value` may be left to the selector.
fn selected_value(
    attribute: &'static Attribute,
    given: &Object,
    tolerance: Tolerance,
) -> Result<Object, Problem> {
    if !needs_value(attribute) {
        return Ok(complex(attribute, &given.clone().into(), tolerance)?.unwrap_or_default());
    }
    let mut members = Object::new();
    for (sub_attribute, raw) in known_members(attribute, given, tolerance) {
        if let Some(value) = simple(sub_attribute, raw, tolerance)? {
            members.insert(sub_attribute.name.to_owned(), value);
        }
    }
    Ok(members)
}
