//! The defects of reading: filters, sorting, pages and projections that are misunderstood once
//! they are switched on.
//!
//! A filter that a server takes for another is bent before it is evaluated, so the evaluator
//! itself knows nothing of defects.

use serde_json::Value;

use super::{Defect, Defects};
use crate::scim::filter::Filter;
use crate::scim::path::AttributePath;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::projection::Projection;
use crate::tenant::embedded::query::{PAGE_MAX, Query};

/// Makes of a query what a faulty server takes it for.
pub(in crate::tenant::embedded) fn misread(defects: &Defects, query: &mut Query) {
    if defects.has(Defect::COUNT_IGNORED)
        || defects.has(Defect::COUNT_ZERO_IGNORED) && query.count == Some(0)
    {
        query.count = Some(PAGE_MAX);
    }
    if defects.has(Defect::SORT_IGNORED) {
        query.sort_by = None;
    }
    let bare = query.cursor.is_none() && query.start_index.is_none();
    if bare && defects.has(Defect::CURSOR_BY_DEFAULT) {
        query.cursor = Some(String::new());
    }
    if defects.has(Defect::ATTRIBUTES_IGNORED) {
        query.attributes.clear();
    }
    if let Some(filter) = query.filter.take_if(|_| defects.any()) {
        query.filter = Some(misread_filter(defects, filter));
    }
}

/// The page that a faulty server shows beyond the end: the first.
pub(in crate::tenant::embedded) fn skip(defects: &Defects, query: &Query, total: usize) -> usize {
    if defects.has(Defect::PAGE_WRAPS_ROUND) && query.skip() >= total { 0 } else { query.skip() }
}

/// Takes out of what is about to be stored whatever the request did not want to see.
pub(in crate::tenant::embedded) fn store_projected(
    defects: &Defects,
    kind: ResourceKind,
    projection: &Projection,
    wanted: &mut Value,
) {
    if defects.has(Defect::PROJECTION_STORED)
        && let Value::Object(wanted) = wanted
    {
        projection.apply(kind, wanted);
    }
}

fn misread_filter(defects: &Defects, filter: Filter) -> Filter {
    let all = |parts: Vec<Filter>| -> Vec<Filter> {
        parts.into_iter().map(|part| misread_filter(defects, part)).collect()
    };
    match filter {
        Filter::Or(parts) => or(defects, all(parts)),
        Filter::And(parts) => Filter::And(all(parts)),
        Filter::Not(part) => not(defects, misread_filter(defects, *part)),
        Filter::ValuePath { path, filter, tail: None }
            if defects.has(Defect::VALUE_PATH_ACROSS_VALUES) =>
        {
            dotted(&path, *filter)
        }
        other => other,
    }
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

    fn misread(defect: Defect, filter: &str) -> Filter {
        misread_filter(&Defects::new(&[defect]), Filter::parse(filter).unwrap())
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
        ];
        for (defect, asked, taken_for) in cases {
            assert_eq!(misread(defect, asked), Filter::parse(taken_for).unwrap(), "{defect}");
            assert_eq!(misread(Defect::SORT_IGNORED, asked), Filter::parse(asked).unwrap());
        }
    }
}
