//! The values of multi-valued attributes: when two are the same, which one is primary, and how a
//! sub-attribute is set.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::values::{is_primary, needs_value, unfit};
use crate::scim::filter::{CompareOperator, Filter};
use crate::scim::schema::{Attribute, AttributeType, Mutability};
use crate::tenant::embedded::evaluate::element_matches;
use crate::tenant::embedded::problem::Problem;

/// What makes a value itself: two values with one identity are the same.
///
/// References that are set once are known by `value`; other values by `value` and `type`
/// (RFC 7643 §2.4 wants that pair at most once); values without `value` by all they hold.
pub(super) fn identity(attribute: &Attribute, value: &Value) -> String {
    let definition = attribute.find("value");
    let (Some(definition), Some(own)) = (definition, value.get("value")) else {
        let sorted: Option<BTreeMap<_, _>> = value.as_object().map(|it| it.iter().collect());
        return sorted.map_or_else(|| value.to_string(), |sorted| json!(sorted).to_string());
    };
    let folded = |value: &Value, exact: bool| {
        let text = value.to_string();
        if exact { text } else { text.to_lowercase() }
    };
    let own = folded(own, definition.case_exact);
    match value.get("type") {
        Some(of) if !needs_value(attribute) => format!("{own} {}", folded(of, false)),
        _ => own,
    }
}

/// Whether `value` is one that a removal lists: by its `value`, and `type` where both have one;
/// without `value` all that the listed one says must be so.
pub(super) fn is_listed(attribute: &Attribute, value: &Value, listed: &Value) -> bool {
    let exact = attribute.find("value").is_some_and(|it| it.case_exact);
    let Some(wanted) = listed.get("value") else {
        let members = listed.as_object().into_iter().flatten();
        return members.into_iter().all(|(name, wanted)| value.get(name) == Some(wanted));
    };
    let type_differs = match (value.get("type"), listed.get("type")) {
        (Some(one), Some(other)) => !same_text(one, other, false),
        _ => false,
    };
    value.get("value").is_some_and(|it| same_text(it, wanted, exact)) && !type_differs
}

fn same_text(one: &Value, other: &Value, exact: bool) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) if !exact => {
            one.eq_ignore_ascii_case(other)
                || !one.is_ascii() && one.to_lowercase() == other.to_lowercase()
        }
        _ => one == other,
    }
}

/// Sets or clears a sub-attribute; what is set once stays as it is.
pub(super) fn assign(
    holder: &mut Map<String, Value>,
    attribute: &'static Attribute,
    sub_attribute: &'static Attribute,
    value: Option<Value>,
) -> Result<(), Problem> {
    let name = sub_attribute.name;
    if holder.get(name) == value.as_ref() {
        return Ok(());
    }
    if sub_attribute.mutability == Mutability::Immutable && holder.contains_key(name) {
        let path = format!("{}.{name}", attribute.name);
        return Err(Problem::mutability(format!("`{path}` is immutable and has a value")));
    }
    match value {
        None => holder.shift_remove(name),
        Some(value) => holder.insert(name.to_owned(), value),
    };
    if name == "value" && attribute.find("$ref").is_some() {
        // They described the resource that is no longer referred to.
        let stale = |it: &&Attribute| it.name == "$ref" || it.mutability == Mutability::ReadOnly;
        for it in attribute.sub_attributes.iter().filter(stale) {
            holder.shift_remove(it.name);
        }
    }
    Ok(())
}

/// Where the values of an attribute stand, by identity.
pub(super) type Places = HashMap<String, usize>;

/// Where these values stand.
pub(super) fn places_of(values: &[Value], attribute: &Attribute) -> Places {
    let all = values.iter().enumerate();
    all.map(|(place, value)| (identity(attribute, value), place)).collect()
}

/// Adds a value, or what it says to the same value that is already there. Gives its place.
pub(super) fn append(
    values: &mut Vec<Value>,
    places: &mut Places,
    attribute: &'static Attribute,
    new: Value,
) -> Result<usize, Problem> {
    let place = *places.entry(identity(attribute, &new)).or_insert(values.len());
    if place == values.len() {
        values.push(new);
        return Ok(place);
    }
    if let (Value::Object(known), Value::Object(new)) = (&mut values[place], new) {
        for (name, value) in new {
            let Some(sub_attribute) = attribute.find(&name) else { continue };
            let same = ["value", "type"].contains(&sub_attribute.name);
            if !same && sub_attribute.mutability != Mutability::Immutable {
                assign(known, attribute, sub_attribute, Some(value))?;
            }
        }
    }
    Ok(place)
}

/// After some values were made primary: takes the mark from all others (RFC 7644 §3.5.2).
pub(super) fn settle_primary(
    values: &mut [Value],
    attribute: &Attribute,
    touched: &[usize],
) -> Result<(), Problem> {
    let mut made = touched.iter().copied().filter(|place| is_primary(&values[*place]));
    let Some(chosen) = made.next() else { return Ok(()) };
    if made.any(|place| place != chosen) {
        return Err(unfit(attribute, "only one value may be primary"));
    }
    for (place, value) in values.iter_mut().enumerate() {
        if place != chosen && is_primary(value) {
            value["primary"] = false.into();
        }
    }
    Ok(())
}

/// What a value must say to be selected: the `eq` terms of a filter that has nothing else.
pub(super) fn selector_terms(
    filter: &Filter,
    attribute: &'static Attribute,
) -> Option<Map<String, Value>> {
    let terms = match filter {
        Filter::And(terms) => terms.as_slice(),
        term => std::slice::from_ref(term),
    };
    let mut value = Map::new();
    for term in terms {
        let Filter::Compare { path, operator: CompareOperator::Equal, value: literal } = term
        else {
            return None;
        };
        if path.schema.is_some() || path.sub_attribute.is_some() || literal.is_null() {
            return None;
        }
        let sub_attribute = attribute.find(&path.attribute)?;
        value.insert(sub_attribute.name.to_owned(), literal.clone());
    }
    Some(value)
}

/// The filter with booleans where Entra writes `"True"` and `"False"` in quotes.
pub(super) fn with_booleans(filter: &Filter, attribute: &'static Attribute) -> Filter {
    let all = |parts: &[Filter]| parts.iter().map(|it| with_booleans(it, attribute)).collect();
    match filter {
        Filter::Or(parts) => Filter::Or(all(parts)),
        Filter::And(parts) => Filter::And(all(parts)),
        Filter::Not(part) => Filter::Not(with_booleans(part, attribute).into()),
        Filter::Compare { path, operator, value: Value::String(text) }
            if attribute
                .find(&path.attribute)
                .is_some_and(|it| it.kind == AttributeType::Boolean) =>
        {
            let value = match text.to_ascii_lowercase().as_str() {
                "true" => true.into(),
                "false" => false.into(),
                _ => text.as_str().into(),
            };
            Filter::Compare { path: path.clone(), operator: *operator, value }
        }
        other => other.clone(),
    }
}

/// The places of the values that a filter selects, in order.
pub(super) fn selected(
    values: &[Value],
    filter: &Filter,
    attribute: &'static Attribute,
) -> Vec<usize> {
    let places = values.iter().enumerate();
    places.filter(|(_, it)| element_matches(filter, it, attribute)).map(|(at, _)| at).collect()
}

/// Drops the values at these places, which are in order.
pub(super) fn retain_unselected(values: &mut Vec<Value>, places: &[usize]) {
    let mut place = 0;
    values.retain(|_| {
        place += 1;
        places.binary_search(&(place - 1)).is_err()
    });
}

/// Sets or clears a sub-attribute of the values at these places.
pub(super) fn assign_all(
    values: &mut [Value],
    places: &[usize],
    attribute: &'static Attribute,
    sub_attribute: &'static Attribute,
    value: Option<&Value>,
) -> Result<(), Problem> {
    for place in places {
        if let Some(object) = values[*place].as_object_mut() {
            assign(object, attribute, sub_attribute, value.cloned())?;
        }
    }
    let touched = if sub_attribute.name == "primary" { places } else { &[] };
    settle_primary(values, attribute, touched)
}

/// Adds a value that a selector stood for.
pub(super) fn add_value(
    values: &mut Vec<Value>,
    attribute: &'static Attribute,
    members: Map<String, Value>,
) -> Result<(), Problem> {
    if needs_value(attribute) && !members.contains_key("value") {
        return Err(unfit(attribute, "a `value` is needed"));
    }
    let mut places = places_of(values, attribute);
    let place = append(values, &mut places, attribute, Value::Object(members))?;
    settle_primary(values, attribute, &[place])
}
