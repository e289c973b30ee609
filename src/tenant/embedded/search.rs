//! Lists and queries: GET on a collection or on the base, and POST to a `/.search`.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::cursor;
use super::defects::shown::spoil;
use super::defects::{Defect, answer, assignments, filter as bent, query as misread, resource};
use super::evaluate;
use super::kind::ResourceKind;
use super::order::SortKey;
use super::plan;
use super::problem::Problem;
use super::projection::Projection;
use super::query::Query;
use super::respond::json_answer;
use super::store::{Key, References, Stored};
use super::variations::Variations;
use super::{Call, Variation};
use crate::scim;
use crate::scim::filter::Filter;

const KINDS: [ResourceKind; 2] = [ResourceKind::User, ResourceKind::Group];
/// How many resources are looked at between two breaths for other requests.
const STEP: usize = 1_024;

/// A resource that meets a filter, and what it is sorted by.
pub(super) type Found = (Option<SortKey>, Key);

/// Answers a query over one type, or over all types where none is named.
pub(super) async fn list(
    call: &Call<'_>,
    kind: Option<ResourceKind>,
    mut query: Query,
) -> Result<Response, Problem> {
    let (tenant, defects) = (call.tenant, &call.tenant.defects);
    refuse_unsupported(&tenant.variations, &query)?;
    if defects.any() {
        misread::misread(defects, &kinds(kind), &mut query)?;
        assignments::look_up(tenant, &mut query);
    }
    if query.cursor.is_none() {
        query.count = Some(query.take().min(tenant.page_max()));
    }
    refuse_filter(call, kind, query.filter.as_ref())?;
    if defects.has(Defect::FILTER_IGNORED) {
        query.filter = None;
    }
    if let Some(cursor) = query.cursor.take() {
        return cursor::page(call, kind, &query, &cursor).await;
    }
    let (total, page) = if query.filter.is_none() && query.sort_by.is_none() {
        let total = tenant.store.count(kind);
        let skipped = misread::skip(defects, &query, total);
        (total, tenant.store.page(kind, skipped, query.take()))
    } else {
        let found = find(call, kind, &query).await;
        let skipped = misread::skip(defects, &query, found.len());
        let page: Vec<Key> = found.iter().copied().skip(skipped).take(query.take()).collect();
        (found.len(), page)
    };
    let page = if defects.any() { repage(call, kind, &query, page) } else { page };
    if total == 0 && query.filter.is_some() && defects.has(Defect::EMPTY_RESULT_NOT_FOUND) {
        return Err(Problem::new(404, "nothing matches the filter"));
    }
    let resources = show(call, kind, &query, &page);
    // Who was deleted meanwhile is not counted either.
    let total = (total + resources.len()).saturating_sub(page.len());
    let mut body = json!({
        "schemas": [scim::LIST_RESPONSE],
        "totalResults": answer::total(defects, &query, total, || tenant.store.count(kind)),
        "startIndex": query.start_index.unwrap_or(1),
        "itemsPerPage": resources.len(),
    });
    if !(resources.is_empty() && tenant.variations.has(Variation::EMPTY_LIST_LEFT_OUT)) {
        body["Resources"] = Value::Array(resources);
    }
    if defects.any() {
        return Ok(answer::list(defects, &query, body));
    }
    Ok(json_answer(StatusCode::OK, &body, defects))
}

/// What a variation does without is answered 501, whatever else is asked.
fn refuse_unsupported(variations: &Variations, query: &Query) -> Result<(), Problem> {
    let asked = [
        (Variation::NO_FILTER, query.filter.is_some(), "filters are not supported"),
        (Variation::NO_SORT, query.sort_by.is_some(), "sorting is not supported"),
    ];
    match asked.into_iter().find(|(variation, asks, _)| *asks && variations.has(*variation)) {
        Some((_, _, why)) => Err(Problem::new(501, why)),
        None => Ok(()),
    }
}

/// A page as a faulty server cuts it.
fn repage(
    call: &Call<'_>,
    kind: Option<ResourceKind>,
    query: &Query,
    mut page: Vec<Key>,
) -> Vec<Key> {
    misread::cut(&call.tenant.defects, query, &mut page);
    if misread::sorts_late(&call.tenant.defects, query) {
        let mut found = Vec::new();
        sift(call, kind, query, &page, &mut found);
        return in_order(query, found);
    }
    page
}

/// Refuses a filter that cannot be right for any resource asked for.
fn refuse_filter(
    call: &Call<'_>,
    kind: Option<ResourceKind>,
    filter: Option<&Filter>,
) -> Result<(), Problem> {
    let Some(filter) = filter else { return Ok(()) };
    // Over all types an attribute that some of them lack has no value (RFC 7644 §3.4.2.1).
    if let Some(kind) = kind
        && let Some(unknown) =
            plan::paths(filter).into_iter().find(|path| kind.resolve(path, true).is_none())
    {
        let why = format!("no schema of a {} defines {unknown}", kind.name());
        return Err(Problem::invalid_filter(why));
    }
    if call.tenant.defects.has(Defect::BOOLEAN_ORDER_ACCEPTED) {
        return Ok(());
    }
    kinds(kind).iter().try_for_each(|kind| evaluate::check(filter, *kind))
}

/// The keys of all resources that meet the filter, in the order asked for.
pub(super) async fn find(call: &Call<'_>, kind: Option<ResourceKind>, query: &Query) -> Vec<Key> {
    let store = &call.tenant.store;
    let planned = query.filter.as_ref().and_then(|it| plan::candidates(store, it, kind));
    let mut found = Vec::new();
    if let Some(keys) = planned {
        for keys in keys.chunks(STEP) {
            sift(call, kind, query, keys, &mut found);
            tokio::task::yield_now().await;
        }
    } else {
        // A defect may show a name that is not the stored one.
        let filter = query.filter.as_ref().filter(|_| !call.tenant.defects.any());
        let beginning = filter.and_then(|filter| plan::beginning(filter, kind));
        for block in 0..store.blocks() {
            let keys = store.block(block, kind, beginning.as_ref());
            sift(call, kind, query, &keys, &mut found);
            tokio::task::yield_now().await;
        }
    }
    misread::shuffle(&call.tenant.defects, query, &mut found);
    if misread::sorts_late(&call.tenant.defects, query) {
        return found.into_iter().map(|(_, key)| key).collect();
    }
    in_order(query, found)
}

/// What was found, sorted if it shall be.
fn in_order(query: &Query, mut found: Vec<Found>) -> Vec<Key> {
    if query.sort_by.is_some() {
        found.sort_by(|(one, _), (other, _)| {
            SortKey::compare(one.as_ref(), other.as_ref(), query.descending)
        });
    }
    found.into_iter().map(|(_, key)| key).collect()
}

/// Adds those of `keys` that meet the filter, with what they are sorted by.
fn sift(
    call: &Call<'_>,
    kind: Option<ResourceKind>,
    query: &Query,
    keys: &[Key],
    found: &mut Vec<Found>,
) {
    let (references, defects) = (references_in(query), &call.tenant.defects);
    for stored in call.tenant.store.load(keys, references) {
        if kind.is_some_and(|kind| kind != stored.kind) {
            continue;
        }
        let mut shown = Value::Object(call.presenter.present(&stored));
        if defects.any() {
            bent::seen(defects, &mut shown);
        }
        let filter = query.filter.as_ref();
        let meets = |filter: &Filter| evaluate::matches(filter, &shown, stored.kind);
        if filter.is_some_and(|filter| {
            !meets(filter) || defects.any() && bent::hides(call.tenant, &stored, filter)
        }) {
            continue;
        }
        let path = query.sort_by.as_ref();
        let sorted_by = shown.as_object().zip(path).and_then(|(it, path)| {
            misread::sort_key(defects, it, path).or_else(|| SortKey::of(stored.kind, it, path))
        });
        for _ in 0..bent::times(defects, filter, meets) {
            found.push((sorted_by.clone(), stored.key));
        }
    }
}

/// Whether a query has to know who is a member of what.
fn references_in(query: &Query) -> References {
    let is_reference =
        |name: &str| name.eq_ignore_ascii_case("members") || name.eq_ignore_ascii_case("groups");
    let mut paths = query.filter.as_ref().map(plan::paths).unwrap_or_default();
    paths.extend(query.sort_by.as_ref());
    if paths.iter().any(|path| is_reference(&path.attribute)) {
        References::Listed
    } else {
        References::LeftOut
    }
}

/// The page as the answer shows it.
pub(super) fn show(
    call: &Call<'_>,
    kind: Option<ResourceKind>,
    query: &Query,
    page: &[Key],
) -> Vec<Value> {
    let projection = Projection::of(query);
    let references = call.references(&projection, &kinds(kind));
    let mut page = call.tenant.store.load(page, references);
    if call.tenant.defects.any() {
        page = misread::show(call, &kinds(kind), query, page);
    }
    page.iter().map(|stored| Value::Object(call.show(stored, &projection))).collect()
}

fn kinds(kind: Option<ResourceKind>) -> Vec<ResourceKind> {
    kind.map_or_else(|| KINDS.to_vec(), |kind| vec![kind])
}

/// What of a resource an answer shows, used by every handler.
impl Call<'_> {
    /// The representation of a resource under a projection.
    pub(super) fn show(&self, stored: &Stored, projection: &Projection) -> Map<String, Value> {
        let mut shown = self.presenter.present(stored);
        if self.tenant.defects.any() {
            let mut shown = resource::show(self, stored, projection, shown);
            spoil(&self.tenant.defects, &self.tenant.memory, stored, &mut shown);
            return shown;
        }
        projection.apply(stored.kind, &mut shown);
        shown
    }

    /// Whether members and groups must be looked up for this projection.
    pub(super) fn references(&self, projection: &Projection, kinds: &[ResourceKind]) -> References {
        let shown = kinds.iter().any(|kind| match kind {
            ResourceKind::User => projection.shows(*kind, "groups"),
            ResourceKind::Group => projection.shows(*kind, "members"),
        });
        if shown || self.tenant.defects.has(Defect::MEMBERS_NOT_EXCLUDED) {
            References::Listed
        } else {
            References::LeftOut
        }
    }
}
