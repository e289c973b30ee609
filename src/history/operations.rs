//! Operations of a PATCH, drawn: every row of the decision table, in the forms that clients write,
//! and now and then one that must be refused.

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::norm::State;
use super::offer::{Look, look_of, text, value, wire_path};
use super::slot::Kind;

/// One to four operations on a resource of a kind.
pub(super) fn operations(
    dice: &mut Dice,
    kind: Kind,
    offered: &[&str],
    state: &State,
) -> Vec<Value> {
    let count = if dice.percent(60) { 1 } else { 2 + dice.below(3) };
    (0..count).map(|_| operation(dice, kind, offered, state)).collect()
}

/// One operation that may be done.
pub(super) fn operation(dice: &mut Dice, kind: Kind, offered: &[&str], state: &State) -> Value {
    let Some(attribute) = dice.pick(offered).copied() else { return json!({}) };
    if kind == Kind::Group {
        let value = dice.text(&["ext-g1-<marker>", "ext-g2-<marker>"]);
        return simple(dice, attribute, &value.into());
    }
    if dice.percent(20) {
        return without_path(dice, offered);
    }
    match look_of(attribute) {
        Look::Name => on_name(dice),
        Look::Typed(types, _) => on_several(dice, attribute, types, state),
        _ => {
            let value = value(dice, attribute);
            simple(dice, attribute, &value)
        }
    }
}

/// One operation that must be refused, or may be.
pub(super) fn flawed(dice: &mut Dice, kind: Kind) -> Value {
    let name = kind.name_attribute();
    let all = [
        json!({"op": "replace", "path": "shoeSize", "value": 44}),
        json!({"op": "replace", "path": "title[", "value": "x"}),
        json!({"op": "add", "path": "emails[type eq]", "value": "x"}),
        json!({"op": "remove", "path": name}),
        json!({"op": "remove"}),
        json!({"op": "jump", "path": name, "value": "x"}),
        json!({"op": "replace", "path": "id", "value": "own"}),
        json!({"op": "replace", "path": "meta.created", "value": "2001-01-01T00:00:00Z"}),
        json!({"op": "replace", "path": name, "value": {"a": 1}}),
        json!({"op": "replace", "path": name, "value": null}),
        json!({"op": "replace", "path": name}),
        json!({"op": "replace", "value": "no object"}),
    ];
    dice.pick(&all).cloned().unwrap_or_default()
}

/// A simple attribute: set, replaced, removed, or unassigned by null.
fn simple(dice: &mut Dice, attribute: &str, value: &Value) -> Value {
    let path = wire_path(attribute);
    let path = if dice.percent(10) { path.to_uppercase() } else { path };
    match dice.below(10) {
        0..2 => json!({"op": "remove", "path": path}),
        2 => json!({"op": "replace", "path": path, "value": null}),
        3..6 => json!({"op": "add", "path": path, "value": value}),
        6 => json!({"op": "Replace", "path": path, "value": value}),
        _ => json!({"op": "replace", "path": path, "value": value}),
    }
}

/// One to three attributes in a value without path.
fn without_path(dice: &mut Dice, offered: &[&str]) -> Value {
    let mut members = Map::new();
    for _ in 0..=dice.below(3) {
        let Some(attribute) = dice.pick(offered) else { break };
        let value = value(dice, attribute);
        match (attribute.strip_prefix("enterprise."), dice.percent(50)) {
            (Some(name), true) => {
                let urn = crate::scim::ENTERPRISE_USER;
                members.insert(urn.to_owned(), json!({name: value}));
            }
            _ => {
                members.insert(wire_path(attribute), value);
            }
        }
    }
    json!({"op": if dice.percent(50) { "add" } else { "replace" }, "value": members})
}

fn on_name(dice: &mut Dice) -> Value {
    let part = dice.text(&["givenName", "familyName"]);
    let path = format!("name.{part}");
    match dice.below(8) {
        0 => json!({"op": "remove", "path": "name"}),
        1 => json!({"op": "remove", "path": path}),
        2 => json!({"op": "add", "path": "name", "value": value(dice, "name")}),
        3 => json!({"op": "replace", "path": "name", "value": value(dice, "name")}),
        4 => json!({"op": "replace", "value": {path: text(dice)}}),
        5 => json!({"op": "add", "path": path, "value": text(dice)}),
        _ => json!({"op": "replace", "path": path, "value": text(dice)}),
    }
}

/// A multi-valued attribute: appended to, replaced, selected by type or value, part by part.
fn on_several(dice: &mut Dice, attribute: &str, types: &[&str], state: &State) -> Value {
    let held = state.get(attribute).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let types_held: Vec<&str> = held.iter().filter_map(|it| it.get("type")?.as_str()).collect();
    let of = if dice.percent(80) { dice.pick(&types_held) } else { None };
    let of = of.or_else(|| dice.pick(types)).copied().unwrap_or("work");
    let selector = format!("{attribute}[type eq \"{of}\"]");
    let values = value(dice, attribute);
    let first = values[0].clone();
    let part = if attribute == "addresses" { "locality" } else { "value" };
    match dice.below(12) {
        0..2 => json!({"op": "add", "path": attribute, "value": [first]}),
        2 => json!({"op": "add", "path": attribute, "value": values}),
        3..5 => json!({"op": "replace", "path": attribute, "value": values}),
        5 => json!({"op": "remove", "path": attribute}),
        6 => json!({"op": "remove", "path": selector}),
        7 => json!({"op": "replace", "path": format!("{selector}.primary"), "value": true}),
        8 => json!({"op": "replace", "path": selector, "value": first}),
        9 => json!({"op": "add", "path": format!("{selector}.{part}"), "value": first[part]}),
        10 => {
            let value = &first[part];
            json!({"op": "remove", "path": format!("{attribute}[{part} eq {value}]")})
        }
        _ => json!({"op": "replace", "path": format!("{selector}.{part}"), "value": first[part]}),
    }
}

#[cfg(test)]
mod tests {
    use super::super::offer::Offer;
    use super::super::patch;
    use super::*;

    #[test]
    fn most_drawn_operations_may_be_done_and_every_flawed_one_may_be_refused() {
        let offer = Offer::whole();
        let state = State::from([("userName".to_owned(), json!("<name 0>"))]);
        let mut done = 0;
        for seed in 0..500 {
            let mut dice = Dice::new(seed);
            let drawn = operations(&mut dice, Kind::User, &offer.user, &state);
            done += usize::from(!patch::apply(Kind::User, &drawn, &state).states.is_empty());
            let flaw = flawed(&mut dice, Kind::User);
            let flawed = patch::apply(Kind::User, std::slice::from_ref(&flaw), &state);
            assert_eq!(flawed, patch::Allowed::refusal(), "{flaw}");
        }
        assert!(done > 450, "only {done} of 500 may be done");
    }
}
