//! Simpler forms of a step: fewer operations, fewer attributes, shorter texts.
//!
//! A failure that is as short as it can be is made simple: each form is tried in the step's place,
//! and stays where the history still fails.

use serde_json::{Map, Value};

use super::step::Step;

/// Forms of a step that say less, the boldest first.
pub fn simpler(step: &Step) -> Vec<Step> {
    let forms = less(&step.details);
    let forms = forms.into_iter().map(|details| Step { details, ..step.clone() });
    // Only what can be read back is a step.
    forms.filter(|step| step.to_string().parse::<Step>().is_ok_and(|read| read == *step)).collect()
}

/// Values that say less than this one.
fn less(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(entries) => {
            let left_out = (0..entries.len()).map(|place| {
                let kept = entries.iter().enumerate().filter(|(at, _)| *at != place);
                kept.map(|(_, entry)| entry.clone()).collect::<Value>()
            });
            let inside = entries.iter().enumerate().flat_map(|(place, entry)| {
                less(entry).into_iter().map(move |entry| {
                    let mut entries = entries.clone();
                    entries[place] = entry;
                    entries.into()
                })
            });
            left_out.chain(inside).collect()
        }
        Value::Object(members) => {
            let left_out = members.keys().map(|left_out| {
                let kept = members.iter().filter(|(name, _)| *name != left_out);
                let kept = kept.map(|(name, value)| (name.clone(), value.clone()));
                kept.collect::<Map<_, _>>().into()
            });
            let inside = members.iter().flat_map(|(name, value)| {
                less(value).into_iter().map(|value| {
                    let mut members = members.clone();
                    members.insert(name.clone(), value);
                    members.into()
                })
            });
            left_out.chain(inside).collect()
        }
        // A word of the script, a path and an operation's word mean what they mean.
        Value::String(text) if text.len() > 1 && !is_word(text) => vec!["x".into()],
        _ => Vec::new(),
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with('<') || matches!(text, "add" | "remove" | "replace")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_loses_operations_then_attributes_then_letters() {
        let line = r#"patch user 0 [{"op":"add","path":"title","value":"Long"},{"op":"remove"}]"#;
        let forms: Vec<String> =
            simpler(&line.parse().unwrap()).iter().map(ToString::to_string).collect();
        assert_eq!(forms[0], r#"patch user 0 [{"op":"remove"}]"#);
        assert!(forms.contains(
            &r#"patch user 0 [{"op":"add","path":"title","value":"x"},{"op":"remove"}]"#.to_owned()
        ));
        assert!(simpler(&"repeat".parse().unwrap()).is_empty());
        assert!(simpler(&r#"rename user 0 "<name 4>""#.parse().unwrap()).is_empty());
    }
}
