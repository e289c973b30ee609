//! The defects of filters: what is refused, taken for something else, or not found.
//!
//! A filter that a server takes for another is bent before it is evaluated, so the evaluator
//! itself knows nothing of defects.

use serde_json::{Value, json};

use super::{Defect, Defects};
use crate::scim::filter::{CompareOperator, Filter};
use crate::scim::path::AttributePath;
use crate::tenant::embedded::Inner;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::plan;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::store::{Stored, fold};

/// Refuses a filter for a wrong reason.
pub(in crate::tenant::embedded) fn refuse(
    defects: &Defects,
    kinds: &[ResourceKind],
    filter: &Filter,
) -> Result<(), Problem> {
    let known = |path: &AttributePath| kinds.iter().any(|kind| kind.resolve(path, true).is_some());
    let paths = plan::paths(filter);
    let crash = || Err(Problem::new(500, "internal server error"));
    if defects.has(Defect::UNKNOWN_FILTER_CRASH) && !paths.iter().all(|path| known(path)) {
        return crash();
    }
    if defects.has(Defect::EXTERNAL_ID_FILTER_REFUSED)
        && paths.iter().any(|it| it.attribute.eq_ignore_ascii_case("externalId"))
    {
        return Err(Problem::invalid_filter("externalId cannot be filtered"));
    }
    if defects.has(Defect::PASSWORD_FILTER_CRASH)
        && paths.iter().any(|it| it.attribute == "password")
    {
        return crash();
    }
    if defects.has(Defect::URN_NOT_READ) && paths.iter().any(|path| path.schema.is_some()) {
        return Err(Problem::invalid_filter("a name has no colon"));
    }
    let many = |path: &AttributePath| {
        let found = kinds.iter().find_map(|kind| kind.resolve(path, true)?.attribute);
        found.is_some_and(|attribute| attribute.multi_valued) && path.sub_attribute.is_some()
    };
    if defects.has(Defect::MULTI_VALUED_FILTER_CRASH) && paths.iter().any(|path| many(path)) {
        return crash();
    }
    refuse_parts(defects, filter)
}

fn refuse_parts(defects: &Defects, filter: &Filter) -> Result<(), Problem> {
    match filter {
        Filter::Or(parts) | Filter::And(parts) => {
            parts.iter().try_for_each(|part| refuse_parts(defects, part))
        }
        Filter::Not(part) => refuse_parts(defects, part),
        Filter::ValuePath { .. } if defects.has(Defect::VALUE_PATH_REFUSED) => {
            Err(Problem::invalid_filter("brackets are not supported"))
        }
        Filter::Compare { value: Value::Bool(_), .. }
            if defects.has(Defect::BOOLEAN_FILTER_REFUSED) =>
        {
            Err(Problem::invalid_filter("a value stands in quotes"))
        }
        Filter::Compare { value: Value::Null, .. } if defects.has(Defect::NULL_FILTER_CRASH) => {
            Err(Problem::new(500, "internal server error"))
        }
        Filter::Compare { value: Value::String(text), .. }
            if defects.has(Defect::APOSTROPHE_CRASH) && text.contains('\'') =>
        {
            Err(Problem::new(500, "internal server error"))
        }
        _ => Ok(()),
    }
}

/// Whether a resource is not found although the filter means it.
pub(in crate::tenant::embedded) fn hides(tenant: &Inner, stored: &Stored, filter: &Filter) -> bool {
    let defects = &tenant.defects;
    let inactive = stored.body.get("active") == Some(&Value::Bool(false));
    let equal_to = |name: &str| match filter {
        Filter::Compare { path, operator: CompareOperator::Equal, value }
            if path.attribute.eq_ignore_ascii_case(name) =>
        {
            Some(value)
        }
        _ => None,
    };
    let differs_in_case =
        |name: &str| equal_to(name).is_some_and(|value| stored.body.get(name) != Some(value));
    let renamed = || {
        let former = tenant.past.former(&stored.id);
        former.is_some_and(|former| former.body.get("userName") != stored.body.get("userName"))
    };
    defects.has(Defect::INACTIVE_HIDDEN) && inactive
        || defects.has(Defect::USER_NAME_CASE_SENSITIVE) && differs_in_case("userName")
        || defects.has(Defect::GROUP_NAME_CASE_SENSITIVE)
            && stored.kind == ResourceKind::Group
            && differs_in_case("displayName")
        || defects.has(Defect::RENAMED_NOT_FOUND) && equal_to("userName").is_some() && renamed()
}

/// How often a resource that meets the filter is found.
pub(in crate::tenant::embedded) fn times(
    defects: &Defects,
    filter: Option<&Filter>,
    meets: impl Fn(&Filter) -> bool,
) -> usize {
    match filter {
        Some(Filter::Or(parts)) if defects.has(Defect::OR_FINDS_TWICE) => {
            parts.iter().filter(|part| meets(part)).count()
        }
        _ => 1,
    }
}

/// What of a resource a filter and a sort order get to see.
pub(in crate::tenant::embedded) fn seen(defects: &Defects, resource: &mut Value) {
    for (name, value) in resource.as_object_mut().into_iter().flatten() {
        match value {
            Value::Array(values) if defects.has(Defect::FIRST_VALUE_ALONE) => values.truncate(1),
            Value::Array(values) if defects.has(Defect::FIRST_VALUE_SORTED) => {
                for value in values.iter_mut().filter_map(Value::as_object_mut) {
                    value.shift_remove("primary");
                }
            }
            Value::String(text)
                if defects.has(Defect::EXTERNAL_ID_CASE_BLIND) && name == "externalId" =>
            {
                *text = fold(text);
            }
            _ => {}
        }
    }
}

/// Makes of a filter what a faulty server takes it for.
pub(super) fn misread(defects: &Defects, filter: Filter) -> Filter {
    let all = |parts: Vec<Filter>| -> Vec<Filter> {
        parts.into_iter().map(|part| misread(defects, part)).collect()
    };
    match filter {
        Filter::Or(parts) => or(defects, all(parts)),
        Filter::And(parts) => Filter::And(all(parts)),
        Filter::Not(part) => not(defects, misread(defects, *part)),
        Filter::ValuePath { path, filter, tail: None }
            if defects.has(Defect::VALUE_PATH_ACROSS_VALUES) =>
        {
            dotted(&path, *filter)
        }
        Filter::Present(path) => present(defects, path),
        Filter::Compare { path, operator, value } => compare(defects, path, operator, value),
        other @ Filter::ValuePath { .. } => other,
    }
}

fn present(defects: &Defects, path: AttributePath) -> Filter {
    if defects.has(Defect::PRESENT_FINDS_ALL) {
        return Filter::Present(AttributePath::of("id"));
    }
    if defects.has(Defect::PRESENT_MISSES_FALSE) && path.attribute == "active" {
        let operator = CompareOperator::Equal;
        return Filter::Compare { path, operator, value: Value::Bool(true) };
    }
    Filter::Present(path)
}

fn compare(
    defects: &Defects,
    path: AttributePath,
    operator: CompareOperator,
    mut value: Value,
) -> Filter {
    use CompareOperator::{
        Contains, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, StartsWith,
    };
    let operator = match operator {
        StartsWith if defects.has(Defect::START_IS_ANYWHERE) => Contains,
        GreaterOrEqual if defects.has(Defect::BOUND_LEFT_OUT) => Greater,
        LessOrEqual if defects.has(Defect::BOUND_LEFT_OUT) => Less,
        other => other,
    };
    if defects.has(Defect::SUB_ATTRIBUTE_FINDS_NOBODY) && path.sub_attribute.is_some() {
        let value = json!("nobody");
        return Filter::Compare { path: AttributePath::of("id"), operator: Equal, value };
    }
    if let Value::String(text) = &mut value {
        if defects.has(Defect::WILDCARDS_OBEYED) && text.contains(['%', '_', '*']) {
            return Filter::Present(path);
        }
        *text = literal(defects, &path, text);
    }
    Filter::Compare { path, operator, value }
}

/// The text that a faulty server compares with.
fn literal(defects: &Defects, path: &AttributePath, text: &str) -> String {
    if defects.has(Defect::ESCAPES_NOT_READ) {
        let quoted = json!(text).to_string();
        let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        return inside.unwrap_or_default().to_owned();
    }
    if defects.has(Defect::LETTERS_MISREAD) {
        return text.bytes().map(char::from).collect();
    }
    if defects.has(Defect::EXTERNAL_ID_CASE_BLIND) && path.attribute == "externalId" {
        return fold(text);
    }
    if defects.has(Defect::OFFSET_DROPPED)
        && path.attribute == "meta"
        && let Some((local, _)) = text.rsplit_once(['+', '-']).filter(|(it, _)| it.contains('T'))
    {
        return format!("{local}Z");
    }
    text.to_owned()
}

/// `a or b and c`, read from left to right.
fn or(defects: &Defects, mut parts: Vec<Filter>) -> Filter {
    if defects.has(Defect::OR_BEFORE_AND)
        && let Some(Filter::And(last)) = parts.pop_if(|part| matches!(part, Filter::And(_)))
    {
        let mut last = last.into_iter();
        parts.extend(last.next());
        return Filter::And([Filter::Or(parts)].into_iter().chain(last).collect());
    }
    Filter::Or(parts)
}

/// `not` as SQL has it: what is not there meets neither a comparison nor its opposite.
fn not(defects: &Defects, part: Filter) -> Filter {
    let path = match &part {
        Filter::Compare { path, .. } if defects.has(Defect::NOT_MISSES_ABSENT) => {
            Some(path.clone())
        }
        _ => None,
    };
    let not = Filter::Not(Box::new(part));
    match path {
        Some(path) => Filter::And(vec![not, Filter::Present(path)]),
        None => not,
    }
}

/// What stands in brackets, asked of all values at once.
fn dotted(path: &AttributePath, filter: Filter) -> Filter {
    let below = |inner: AttributePath| AttributePath {
        sub_attribute: Some(inner.attribute),
        ..path.clone()
    };
    let all = |parts: Vec<Filter>| parts.into_iter().map(|part| dotted(path, part)).collect();
    match filter {
        Filter::Or(parts) => Filter::Or(all(parts)),
        Filter::And(parts) => Filter::And(all(parts)),
        Filter::Not(part) => Filter::Not(Box::new(dotted(path, *part))),
        Filter::Present(inner) => Filter::Present(below(inner)),
        Filter::Compare { path: inner, operator, value } => {
            Filter::Compare { path: below(inner), operator, value }
        }
        other @ Filter::ValuePath { .. } => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(defect: Defect, filter: &str) -> Filter {
        misread(&Defects::new(&[defect]), Filter::parse(filter).unwrap())
    }

    #[test]
    fn a_filter_is_bent_as_its_defect_says_and_not_otherwise() {
        let cases = [
            (
                Defect::VALUE_PATH_ACROSS_VALUES,
                r#"emails[type eq "work" and value co "a"]"#,
                r#"emails.type eq "work" and emails.value co "a""#,
            ),
            (Defect::OR_BEFORE_AND, "a pr or b pr and c pr", "(a pr or b pr) and c pr"),
            (Defect::NOT_MISSES_ABSENT, r#"not (a eq "x")"#, r#"not (a eq "x") and a pr"#),
            (Defect::START_IS_ANYWHERE, r#"a sw "x""#, r#"a co "x""#),
            (Defect::BOUND_LEFT_OUT, r#"a ge "x" or a le "x""#, r#"a gt "x" or a lt "x""#),
            (Defect::PRESENT_MISSES_FALSE, "active pr", "active eq true"),
            (Defect::ESCAPES_NOT_READ, r#"a eq "x\"""#, r#"a eq "x\\\"""#),
            (Defect::LETTERS_MISREAD, r#"a eq "\u00e9""#, r#"a eq "\u00c3\u00a9""#),
            (
                Defect::OFFSET_DROPPED,
                r#"meta.created gt "2026-01-02T03:04:05+01:00""#,
                r#"meta.created gt "2026-01-02T03:04:05Z""#,
            ),
        ];
        for (defect, asked, taken_for) in cases {
            assert_eq!(taken(defect, asked), Filter::parse(taken_for).unwrap(), "{defect}");
            assert_eq!(taken(Defect::SORT_IGNORED, asked), Filter::parse(asked).unwrap());
        }
    }
}
