//! Lists and queries: GET on a collection or on the base, and POST to a `/.search`.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Call;
use super::defects::{Defect, assignments as past, query as misread};
use super::evaluate;
use super::kind::ResourceKind;
use super::order::SortKey;
use super::plan;
use super::problem::Problem;
use super::projection::Projection;
use super::query::Query;
use super::respond::json_answer;
use super::store::{Key, References, Stored};
use crate::scim;
use crate::scim::filter::{CompareOperator, Filter};

const KINDS: [ResourceKind; 2] = [ResourceKind::User, ResourceKind::Group];
/// How many resources are looked at between two breaths for other requests.
const STEP: usize = 1_024;

/// Answers a query over one type, or over all types where none is named.
pub(super) async fn list(
    call: &Call<'_>,
    kind: Option<ResourceKind>,
    mut query: Query,
) -> Result<Response, Problem> {
    let tenant = call.tenant;
    misread::misread(&tenant.defects, &mut query);
    past::look_up(tenant, &mut query);
    refuse_filter(call, kind, query.filter.as_ref())?;
    if tenant.defects.has(Defect::FILTER_IGNORED) {
        query.filter = None;
    }
    let (total, page) = if query.filter.is_none() && query.sort_by.is_none() {
        (tenant.store.count(kind), tenant.store.page(kind, query.skip(), query.take()))
    } else {
        let found = find(call, kind, &query).await;
        let skipped = misread::skip(&tenant.defects, &query, found.len());
        let page: Vec<Key> = found.iter().copied().skip(skipped).take(query.take()).collect();
        (found.len(), page)
    };
    if total == 0 && query.filter.is_some() && tenant.defects.has(Defect::EMPTY_RESULT_NOT_FOUND) {
        return Err(Problem::new(404, "nothing matches the filter"));
    }
    let resources = show(call, kind, &query, &page);
    // Who was deleted meanwhile is not counted either.
    let total = total.saturating_sub(page.len() - resources.len());
    let defects = &tenant.defects;
    let total = if defects.has(Defect::TOTAL_IS_PAGE_SIZE) { resources.len() } else { total };
    let mut body = json!({
        "schemas": [scim::LIST_RESPONSE],
        "totalResults": total,
        "startIndex": query.start_index.unwrap_or(1),
        "itemsPerPage": resources.len(),
    });
    if !(resources.is_empty() && defects.has(Defect::RESOURCES_MISSING)) {
        body["Resources"] = Value::Array(resources);
    }
    Ok(json_answer(StatusCode::OK, &body, defects))
}

/// Refuses a filter that cannot be right for any resource asked for.
fn refuse_filter(
    call: &Call<'_>,
    kind: Option<ResourceKind>,
    filter: Option<&Filter>,
) -> Result<(), Problem> {
    let Some(filter) = filter else { return Ok(()) };
    let defects = &call.tenant.defects;
    let kinds = kinds(kind);
    if defects.has(Defect::UNKNOWN_FILTER_CRASH) {
        let known = |path| kinds.iter().any(|kind| kind.resolve(path, true).is_some());
        if !plan::paths(filter).into_iter().all(known) {
            return Err(Problem::new(500, "internal server error"));
        }
    }
    if defects.has(Defect::EXTERNAL_ID_FILTER_REFUSED)
        && plan::paths(filter).iter().any(|it| it.attribute.eq_ignore_ascii_case("externalId"))
    {
        return Err(Problem::invalid_filter("externalId cannot be filtered"));
    }
    if defects.has(Defect::BOOLEAN_ORDER_ACCEPTED) {
        return Ok(());
    }
    kinds.iter().try_for_each(|kind| evaluate::check(filter, *kind))
}

/// The keys of all resources that meet the filter, in the order asked for.
async fn find(call: &Call<'_>, kind: Option<ResourceKind>, query: &Query) -> Vec<Key> {
    let store = &call.tenant.store;
    let planned = query.filter.as_ref().and_then(|it| plan::candidates(store, it, kind));
    let mut found = Vec::new();
    if let Some(keys) = planned {
        for keys in keys.chunks(STEP) {
            sift(call, kind, query, keys, &mut found);
            tokio::task::yield_now().await;
        }
    } else {
        for block in 0..store.blocks() {
            sift(call, kind, query, &store.block(block, kind), &mut found);
            tokio::task::yield_now().await;
        }
    }
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
    found: &mut Vec<(Option<SortKey>, Key)>,
) {
    let references = references_in(query);
    for stored in call.tenant.store.load(keys, references) {
        if kind.is_some_and(|kind| kind != stored.kind) {
            continue;
        }
        let shown = Value::Object(call.presenter.present(&stored));
        let filter = query.filter.as_ref();
        if filter.is_some_and(|it| !evaluate::matches(it, &shown, stored.kind))
            || is_hidden_by_defect(call, &stored, filter)
        {
            continue;
        }
        let path = query.sort_by.as_ref();
        let sorted_by =
            shown.as_object().zip(path).and_then(|(it, path)| SortKey::of(stored.kind, it, path));
        found.push((sorted_by, stored.key));
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

fn is_hidden_by_defect(call: &Call<'_>, stored: &Stored, filter: Option<&Filter>) -> bool {
    let Some(filter) = filter else { return false };
    let defects = &call.tenant.defects;
    let inactive = stored.body.get("active") == Some(&Value::Bool(false));
    let differs_in_case = |name: &str| match filter {
        Filter::Compare { path, operator: CompareOperator::Equal, value } => {
            path.attribute.eq_ignore_ascii_case(name) && stored.body.get(name) != Some(value)
        }
        _ => false,
    };
    defects.has(Defect::INACTIVE_HIDDEN) && inactive
        || defects.has(Defect::USER_NAME_CASE_SENSITIVE) && differs_in_case("userName")
        || defects.has(Defect::GROUP_NAME_CASE_SENSITIVE)
            && stored.kind == ResourceKind::Group
            && differs_in_case("displayName")
}

/// The page as the answer shows it.
fn show(call: &Call<'_>, kind: Option<ResourceKind>, query: &Query, page: &[Key]) -> Vec<Value> {
    let projection = Projection::of(query);
    let references = call.references(&projection, &kinds(kind));
    let page = call.tenant.store.load(page, references);
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
        let defects = &self.tenant.defects;
        let members = shown.get("members").cloned();
        projection.apply(stored.kind, &mut shown);
        if defects.has(Defect::MEMBERS_NOT_EXCLUDED)
            && let Some(members) = members
        {
            shown.insert("members".to_owned(), members);
        }
        if defects.has(Defect::ACTIVE_ANSWERED_AS_TEXT)
            && let Some(Value::Bool(active)) = shown.get("active")
        {
            let text = active.to_string();
            shown.insert("active".to_owned(), text.into());
        }
        if defects.has(Defect::PASSWORD_RETURNED) && stored.kind == ResourceKind::User {
            shown.insert("password".to_owned(), "Passw0rd!".into());
        }
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
