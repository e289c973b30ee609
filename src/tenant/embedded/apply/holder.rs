//! Where in a resource an attribute is kept, made when it is missing and taken away when empty.

use serde_json::{Map, Value};

use crate::scim::schema::{Attribute, Schema};

type Object = Map<String, Value>;

/// The object that holds an attribute: the resource, or an extension's container.
pub(super) fn holder<'a>(resource: &'a mut Object, extension: Option<&Schema>) -> &'a mut Object {
    match extension {
        None => resource,
        Some(extension) => object_at(resource, extension.id),
    }
}

pub(super) fn object_of<'a>(holder: &'a mut Object, attribute: &Attribute) -> &'a mut Object {
    object_at(holder, attribute.name)
}

fn object_at<'a>(holder: &'a mut Object, name: &str) -> &'a mut Object {
    let value = holder.entry(name).or_insert(Value::Null);
    if !value.is_object() {
        *value = Value::Object(Object::new());
    }
    value.as_object_mut().expect("it was made an object above")
}

pub(super) fn values_of<'a>(holder: &'a mut Object, attribute: &Attribute) -> &'a mut Vec<Value> {
    let value = holder.entry(attribute.name).or_insert(Value::Null);
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut().expect("it was made an array above")
}

/// What an operation left empty is unassigned.
pub(super) fn prune(resource: &mut Object, extension: Option<&Schema>, attribute: &Attribute) {
    let empty = |value: &Value| match value {
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    let holder = match extension {
        None => Some(&mut *resource),
        Some(extension) => resource.get_mut(extension.id).and_then(Value::as_object_mut),
    };
    if let Some(holder) = holder {
        if let Some(Value::Array(values)) = holder.get_mut(attribute.name) {
            values.retain(|value| !empty(value));
        }
        if holder.get(attribute.name).is_some_and(empty) {
            holder.shift_remove(attribute.name);
        }
    }
    if let Some(extension) = extension
        && resource.get(extension.id).is_some_and(empty)
    {
        resource.shift_remove(extension.id);
    }
}
