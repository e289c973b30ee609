//! The defects of reading: parameters that are misunderstood, pages that do not meet, orders that
//! do not hold, and resources that are shown as they were.

use serde_json::{Map, Value};

use super::{Defect, Defects, filter};
use crate::scim::filter::Filter;
use crate::scim::path::AttributePath;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::order::SortKey;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::projection::Projection;
use crate::tenant::embedded::query::{PAGE_MAX, Query};
use crate::tenant::embedded::search::Found;
use crate::tenant::embedded::store::{Key, References, Stored};
use crate::tenant::embedded::{Call, evaluate};

/// A name that no schema has.
const UNKNOWN: &str = "unknown";

/// Reads the query of a URL as a faulty server does.
pub(in crate::tenant::embedded) fn read(
    defects: &Defects,
    query: Option<&str>,
) -> Result<Query, Problem> {
    let mut parameters: Vec<(String, String)> =
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    refuse(defects, query.unwrap_or_default(), &parameters)?;
    for (name, value) in &mut parameters {
        if name == "filter" && defects.has(Defect::UNKNOWN_OPERATOR_IS_EQUAL) {
            *value = value.replace(" regex ", " eq ");
        }
    }
    if defects.has(Defect::MALFORMED_FILTER_IGNORED) {
        parameters.retain(|(name, value)| name != "filter" || Filter::parse(value).is_ok());
    }
    let bent =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let mut asked = Query::of_url(Some(&bent))?;
    misread_projection(defects, &mut asked);
    Ok(asked)
}

/// Refuses parameters for a wrong reason.
fn refuse(defects: &Defects, query: &str, parameters: &[(String, String)]) -> Result<(), Problem> {
    let has = |name: &str, meets: &dyn Fn(&str) -> bool| {
        parameters.iter().any(|(given, value)| given == name && meets(value))
    };
    let number = |value: &str| value.parse::<i64>();
    if defects.has(Defect::PLUS_KEPT) && query.contains("filter=") && query.contains('+') {
        return Err(Problem::invalid_filter("an operator was expected behind the name"));
    }
    if defects.has(Defect::INDEX_ZERO_REFUSED)
        && has("startIndex", &|value| number(value).is_ok_and(|it| it < 1))
    {
        return Err(Problem::invalid_value("startIndex begins at 1"));
    }
    if defects.has(Defect::NEGATIVE_COUNT_REFUSED)
        && has("count", &|value| number(value).is_ok_and(|it| it < 0))
    {
        return Err(Problem::invalid_value("count cannot be negative"));
    }
    let odd = |value: &str| number(value).is_err();
    let unknown = |names: &str| names.split(',').any(|name| defined(name.trim()).is_none());
    if defects.has(Defect::NUMBER_CRASH) && (has("count", &odd) || has("startIndex", &odd))
        || defects.has(Defect::UNKNOWN_NAME_CRASH) && has("attributes", &unknown)
    {
        return Err(Problem::new(500, "internal server error"));
    }
    if defects.has(Defect::OPERATORS_IN_LOWER_CASE)
        && has("filter", &|value| value.contains(" Eq ") || value.contains(" EQ "))
    {
        return Err(Problem::invalid_filter("there is no such operator"));
    }
    Ok(())
}

/// Makes of the attributes chosen what a faulty server takes them for.
fn misread_projection(defects: &Defects, query: &mut Query) {
    if defects.has(Defect::EXCLUDED_IGNORED) {
        query.excluded.clear();
    }
    for name in &mut query.attributes {
        let exact = defined(name).is_none_or(|exact| name.ends_with(exact));
        if defects.has(Defect::NAMES_IN_EXACT_CASE) && !exact
            || defects.has(Defect::SUB_ATTRIBUTE_NOT_NAMED) && name.contains('.')
            || defects.has(Defect::URN_NOT_NAMED) && name.contains(':')
        {
            UNKNOWN.clone_into(name);
        }
    }
}

/// The proper name of the attribute that a name of a projection means.
fn defined(name: &str) -> Option<&'static str> {
    let path = AttributePath::parse(name).ok()?;
    let kinds = [ResourceKind::User, ResourceKind::Group];
    let named = kinds.into_iter().find_map(|kind| kind.resolve(&path, true))?;
    let attribute = named.sub_attribute.or(named.attribute);
    Some(attribute.map_or("", |attribute| attribute.name))
}

/// Makes of the body of a search what a faulty server takes it for.
pub(in crate::tenant::embedded) fn misread_search(defects: &Defects, query: &mut Query) {
    if defects.has(Defect::SEARCH_FILTER_IGNORED) {
        query.filter = None;
    }
    if defects.has(Defect::SEARCH_PAGING_IGNORED) {
        (query.start_index, query.count) = (None, None);
    }
    if defects.has(Defect::SEARCH_SORT_IGNORED) {
        query.sort_by = None;
    }
    if defects.has(Defect::SEARCH_PROJECTION_IGNORED) {
        query.attributes.clear();
        query.excluded.clear();
    }
}

/// Makes of a query for a list what a faulty server takes it for.
pub(in crate::tenant::embedded) fn misread(
    defects: &Defects,
    kinds: &[ResourceKind],
    query: &mut Query,
) -> Result<(), Problem> {
    if defects.has(Defect::COUNT_IGNORED)
        || defects.has(Defect::PAGING_IGNORED)
        || defects.has(Defect::COUNT_ZERO_IGNORED) && query.count == Some(0)
    {
        query.count = Some(PAGE_MAX);
    }
    if defects.has(Defect::PAGING_IGNORED) {
        query.start_index = None;
    }
    if let Some(path) = &query.sort_by
        && defects.has(Defect::UNKNOWN_SORT_CRASH)
        && !kinds.iter().any(|kind| kind.resolve(path, true).is_some())
    {
        return Err(Problem::new(500, "internal server error"));
    }
    if defects.has(Defect::SORT_IGNORED) {
        query.sort_by = None;
    }
    if defects.has(Defect::DESCENDING_IGNORED) {
        query.descending = false;
    }
    let bare = query.cursor.is_none() && query.start_index.is_none();
    if bare && defects.has(Defect::CURSOR_BY_DEFAULT) {
        query.cursor = Some(String::new());
    }
    if defects.has(Defect::ATTRIBUTES_IGNORED) {
        query.attributes.clear();
    }
    if let Some(asked) = &query.filter {
        filter::refuse(defects, kinds, asked)?;
    }
    query.filter = query.filter.take().map(|asked| filter::misread(defects, asked));
    Ok(())
}

/// How many resources a faulty server leaves out before a page.
pub(in crate::tenant::embedded) fn skip(defects: &Defects, query: &Query, total: usize) -> usize {
    let skip = query.skip();
    match query.start_index {
        Some(start) if defects.has(Defect::INDEX_FROM_ZERO) => start,
        _ if defects.has(Defect::PAGE_WRAPS_ROUND) && skip >= total => 0,
        _ if defects.has(Defect::PAGE_BORDER_REPEATED) => skip.saturating_sub(1),
        _ if defects.has(Defect::PAGE_BORDER_SKIPPED) && skip > 0 => skip.saturating_add(1),
        _ => skip,
    }
}

/// Cuts a page as a faulty server does: one that is not full may stay empty.
pub(in crate::tenant::embedded) fn cut(defects: &Defects, query: &Query, page: &mut Vec<Key>) {
    if defects.has(Defect::LAST_PAGE_EMPTY) && query.skip() > 0 && page.len() < query.take() {
        page.clear();
    }
}

/// What a resource is sorted by where a defect bends it; none where none does.
pub(in crate::tenant::embedded) fn sort_key(
    defects: &Defects,
    resource: &Map<String, Value>,
    path: &AttributePath,
) -> Option<SortKey> {
    if defects.has(Defect::SORT_CASE_SENSITIVE) {
        let text = resource.get(&path.attribute).and_then(Value::as_str);
        return text.map(|text| SortKey::Text(text.to_owned()));
    }
    let first = defects.has(Defect::ABSENT_FIRST) && !resource.contains_key(&path.attribute);
    first.then(|| SortKey::Text(String::new()))
}

/// Whether a list is sorted only when its page is cut.
pub(in crate::tenant::embedded) fn sorts_late(defects: &Defects, query: &Query) -> bool {
    query.sort_by.is_some() && defects.has(Defect::SORT_AFTER_PAGING)
}

/// Lets those whose values are equal come in another order on every other page.
pub(in crate::tenant::embedded) fn shuffle(defects: &Defects, query: &Query, found: &mut [Found]) {
    let is_odd = || query.skip().checked_div(query.take()).is_some_and(|page| page % 2 == 1);
    if defects.has(Defect::SORT_UNSTABLE) && is_odd() {
        found.reverse();
    }
}

/// The resources of a page as a faulty server shows them.
pub(in crate::tenant::embedded) fn show(
    call: &Call<'_>,
    kinds: &[ResourceKind],
    query: &Query,
    mut page: Vec<Stored>,
) -> Vec<Stored> {
    let defects = &call.tenant.defects;
    if defects.has(Defect::LIST_STALE) {
        for stored in &mut page {
            if let Some(former) = call.tenant.past.former(&stored.id) {
                *stored = former;
            }
        }
    }
    if let Some(asked) = query.filter.as_ref().filter(|_| defects.has(Defect::DELETED_FOUND)) {
        page.extend(call.tenant.past.deleted().into_iter().filter(|gone| {
            let shown = Value::Object(call.presenter.present(gone));
            kinds.contains(&gone.kind) && evaluate::matches(asked, &shown, gone.kind)
        }));
    }
    page
}

/// The resource that a faulty server answers a read with.
pub(in crate::tenant::embedded) fn found(
    call: &Call<'_>,
    kind: ResourceKind,
    id: &str,
    found: Result<Stored, Problem>,
) -> Result<Stored, Problem> {
    let tenant = call.tenant;
    match found {
        Ok(stored) if tenant.defects.has(Defect::STALE_READS) => {
            Ok(tenant.past.stale_read(id).unwrap_or(stored))
        }
        Err(problem)
            if tenant.defects.has(Defect::GROUP_AMONG_USERS) && kind == ResourceKind::User =>
        {
            tenant.store.read(ResourceKind::Group, id, References::Listed).map_err(|_| problem)
        }
        found => found,
    }
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
