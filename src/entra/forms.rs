//! Forms: bodies of creations in which the values are left blank.
//!
//! The bodies of a large population differ in their values alone. Where the same attributes have
//! been written twice, the third body is a form that is filled in: a seventh of the work.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::mapping::MappedValue;
use super::target::TargetPath;
use crate::exchange::Body;
use crate::scim::message::{Identity, json_member};

/// So many sets of attributes have a form; a population has about ten.
const FORMS_MAX: usize = 32;
/// Stands around the number of a blank; no body that Entra writes holds it otherwise.
const MARK: char = '\u{1}';

/// The forms of one mapping, by the attributes that are in them.
#[derive(Debug, Default)]
pub(super) struct Forms(Mutex<Vec<Known>>);

/// Attributes that were written once, and their form, once they come again.
type Known = (Vec<Arc<TargetPath>>, Option<Arc<Form>>);

#[derive(Debug)]
struct Form {
    pieces: Vec<Piece>,
    user_name: Option<usize>,
    display_name: Option<usize>,
    external_id: Option<usize>,
}

/// A piece of a body.
#[derive(Debug)]
enum Piece {
    Text(String),
    /// The value of that number.
    Blank(usize),
}

impl Forms {
    /// The body with these values; `write` puts it together where there is no form.
    pub(super) fn body(
        &self,
        values: &[MappedValue],
        write: impl Fn(&[MappedValue]) -> Value,
    ) -> Body {
        match self.form(values, &write) {
            Some(form) => form.filled_in(values),
            None => Body::written(&write(values)),
        }
    }

    fn form(
        &self,
        values: &[MappedValue],
        write: impl Fn(&[MappedValue]) -> Value,
    ) -> Option<Arc<Form>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |(targets, _): &&mut Known| {
            let mut pairs = targets.iter().zip(values);
            targets.len() == values.len()
                && pairs.all(|(target, value)| Arc::ptr_eq(target, &value.target))
        };
        if let Some((_, form)) = all.iter_mut().find(is_same) {
            let form = form.get_or_insert_with(|| Arc::new(Form::new(values, write)));
            return is_plain(values).then(|| form.clone());
        }
        if all.len() < FORMS_MAX && can_be_blank(values) {
            all.push((values.iter().map(|value| value.target.clone()).collect(), None));
        }
        None
    }
}

/// Whether all are single values: others have a place of their own in the body.
fn is_plain(values: &[MappedValue]) -> bool {
    values.iter().all(|value| !value.value.is_array() && !value.value.is_object())
}

/// Whether no value decides where another one stands, as one would that a selector looks at.
fn can_be_blank(values: &[MappedValue]) -> bool {
    let selectors = || values.iter().filter_map(|value| value.target.selector.as_ref());
    let is_looked_at =
        |name: &String| selectors().any(|it| it.attribute.eq_ignore_ascii_case(name));
    !values.iter().filter_map(|value| value.target.sub_attribute.as_ref()).any(is_looked_at)
}

impl Form {
    fn new(values: &[MappedValue], write: impl Fn(&[MappedValue]) -> Value) -> Self {
        let blank = |(number, value): (usize, &MappedValue)| MappedValue {
            target: value.target.clone(),
            value: format!("{MARK}{number}{MARK}").into(),
        };
        let blanks: Vec<MappedValue> = values.iter().enumerate().map(blank).collect();
        let body = write(&blanks);
        let number_of = |name: &str| {
            let text = json_member(&body, name)?.as_str()?;
            text.trim_matches(MARK).parse().ok()
        };
        Self {
            pieces: pieces(&body.to_string()),
            user_name: number_of("userName"),
            display_name: number_of("displayName"),
            external_id: number_of("externalId"),
        }
    }

    fn filled_in(&self, values: &[MappedValue]) -> Body {
        let mut bytes = Vec::with_capacity(2_048);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                Piece::Blank(number) => serde_json::to_writer(&mut bytes, &values[*number].value)
                    .expect("a single value can be written"),
            }
        }
        let text = |number: Option<usize>| values[number?].value.as_str().map(str::to_owned);
        let identity = Identity {
            user_name: text(self.user_name),
            has_user_name: self.user_name.is_some(),
            display_name: text(self.display_name),
            external_id: text(self.external_id),
            ..Identity::default()
        };
        Body::of_identity(bytes, Some(identity))
    }
}

/// Cuts a body where it is blank.
fn pieces(body: &str) -> Vec<Piece> {
    let mark = serde_json::to_string(&MARK).expect("a letter can be written");
    let mark = mark.trim_matches('"');
    let (begin, end) = (format!("\"{mark}"), format!("{mark}\""));
    let mut pieces = Vec::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once(&begin) {
        let (number, after) = after.split_once(&end).expect("each blank has an end");
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Blank(number.parse().expect("a blank holds its number")));
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::wire::new_user;
    use super::*;
    use crate::directory::{Population, UserState};
    use crate::entra::cycle::SourceUser;
    use crate::entra::mapping::{Moment, ObjectMapping};
    use crate::profile::MappingDefinition;

    fn expect_the_same(forms: &Forms, values: &[MappedValue]) -> bool {
        let (plain, body) = (Body::written(&new_user(values)), forms.body(values, new_user));
        assert_eq!(std::str::from_utf8(&body), std::str::from_utf8(&plain));
        assert_eq!(body.identity(), plain.identity());
        forms.form(values, new_user).is_some()
    }

    #[test]
    fn a_form_that_is_filled_in_is_the_body_byte_for_byte() {
        let mapping = ObjectMapping::default_user();
        let forms = Forms::default();
        let population = Population { users: 300, ..Population::default() };
        let mut from_forms = 0;
        for index in 0..300 {
            let user = population.user(index);
            let is_soft_deleted = user.state != UserState::Enabled;
            let source = SourceUser { user: &user, is_soft_deleted };
            let mut values = mapping.evaluate(&source, Moment::Creation);
            if index % 7 == 0 {
                values[0].value = json!("\u{1}3\u{1} \"quoted\" \\ \u{7f} é \u{1f600}");
            }
            from_forms += usize::from(expect_the_same(&forms, &values));
        }
        assert!(from_forms > 250, "{from_forms} of 300");
    }

    #[test]
    fn where_a_value_decides_the_place_of_another_there_is_no_form() {
        let value = |target: &str, value: Value| MappedValue {
            target: TargetPath::parse(target).unwrap().into(),
            value,
        };
        let forms = Forms::default();
        let labelled = [
            value("emails[type eq \"work\"].type", json!("home")),
            value("emails[type eq \"work\"].value", json!("a@b.example")),
        ];
        let mut listed = [value("userName", json!("a")), value("phoneNumbers", json!("b"))];
        for _ in 0..4 {
            assert!(!expect_the_same(&forms, &labelled));
            expect_the_same(&forms, &listed);
        }
        assert!(expect_the_same(&forms, &listed));
        listed[1].value = json!([{"value": "1"}]);
        assert!(!expect_the_same(&forms, &listed));
    }

    #[test]
    fn another_mapping_has_another_form() {
        let definition = MappingDefinition {
            target: "title".to_owned(),
            ..toml::from_str("object = \"user\"\ntarget = \"title\"\nconstant = \"Boss\"").unwrap()
        };
        let mapping = ObjectMapping::default_user().with(&[definition]).unwrap();
        let user = Population { users: 3, ..Population::default() }.user(1);
        let source = SourceUser { user: &user, is_soft_deleted: false };
        let forms = Forms::default();
        for mapping in [&ObjectMapping::default_user(), &mapping] {
            let values = mapping.evaluate(&source, Moment::Creation);
            expect_the_same(&forms, &values);
            assert!(expect_the_same(&forms, &values));
        }
    }
}
