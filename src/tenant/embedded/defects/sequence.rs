//! The defects that only a history shows: what a write makes of the tenant in the light of those
//! before it.
//!
//! A write is done as ever, then something else happens too; or it is answered as ever and not
//! done. The answer itself is right: what is wrong shows in what is read later.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Defect, rows};
use crate::scim::ENTERPRISE_USER;
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::respond::empty_answer;
use crate::tenant::embedded::route::Route;
use crate::tenant::embedded::store::{Indexed, References, Stored};
use crate::tenant::embedded::{Call, Inner, resources};

type Body = Map<String, Value>;

/// What a faulty server remembers of earlier writes.
#[derive(Default)]
pub(in crate::tenant::embedded) struct Chronicle(Mutex<Told>);

#[derive(Default)]
struct Told {
    of: HashMap<String, Record>,
    /// The last bearer of a name, with its members, after its deletion.
    buried: HashMap<String, (Body, Vec<String>)>,
    /// User names that somebody had and gave up, and names of refused creates.
    held: HashSet<String>,
    reserved: HashSet<String>,
    patched_last: Option<String>,
}

/// What is remembered of one resource.
#[derive(Default, Clone)]
struct Record {
    first: Body,
    patches: usize,
    more_addresses: usize,
    names: HashSet<String>,
    before_put: Option<Body>,
    /// What the last PATCH found.
    before_patch: Option<Body>,
    when_disabled: Option<Body>,
    cleared: Option<(String, Value)>,
    refused: Option<Value>,
    left: Vec<String>,
    is_emptied: bool,
}

/// One write, with the state of its resource on either side.
struct Event<'a> {
    tenant: &'a Inner,
    id: &'a str,
    before: Option<&'a Stored>,
    after: Option<&'a Stored>,
    record: Record,
}

/// Does a write, badly in the light of earlier ones where a defect says so.
pub(in crate::tenant::embedded) async fn write(
    call: &Call<'_>,
    route: &Route,
    method: &Method,
) -> Result<Response, Problem> {
    let tenant = call.tenant;
    if !rows::SEQUENCE.iter().any(|defect| tenant.defects.has(*defect)) {
        return resources::write_plainly(call, route, method).await;
    }
    let body = call.json().unwrap_or_default();
    match route {
        Route::Collection(kind) if method == Method::POST => {
            refuse_name(tenant, *kind, &body)?;
            let answered = resources::write_plainly(call, route, method).await;
            created(tenant, *kind, &body, answered.is_ok());
            answered
        }
        Route::Resource(kind, id) => {
            let before = tenant.store.read(*kind, id, References::Listed).ok();
            if let Some(before) = &before
                && let Some(answer) = instead(call, before, method, &body)?
            {
                return Ok(answer);
            }
            let answered = resources::write_plainly(call, route, method).await;
            let after = tenant.store.read(*kind, id, References::Listed).ok();
            let record = lock(tenant).of.get(id).cloned().unwrap_or_default();
            let (before, after) = (before.as_ref(), after.as_ref());
            let mut event = Event { tenant, id, before, after, record };
            match (&answered, method) {
                (Err(_), &Method::PATCH) => event.record.refused = Some(body),
                (Ok(_), &Method::PATCH) if *kind == ResourceKind::User => event.user_patched(),
                (Ok(_), &Method::PATCH) => event.group_patched(),
                (Ok(_), &Method::PUT) => event.put(),
                (Ok(_), &Method::DELETE) => event.deleted(),
                _ => {}
            }
            let record = std::mem::take(&mut event.record);
            lock(tenant).of.insert(id.clone(), record);
            answered
        }
        _ => resources::write_plainly(call, route, method).await,
    }
}

/// Refuses the name of a new resource for what was long ago.
fn refuse_name(tenant: &Inner, kind: ResourceKind, body: &Value) -> Result<(), Problem> {
    let name = folded(body.get("userName"));
    let told = lock(tenant);
    let held = tenant.defects.has(Defect::OLD_NAME_STAYS_TAKEN) && told.held.contains(&name);
    let reserved =
        tenant.defects.has(Defect::REFUSED_NAME_RESERVED) && told.reserved.contains(&name);
    if kind == ResourceKind::User && (held || reserved) {
        return Err(Problem::uniqueness("another user has this userName"));
    }
    Ok(())
}

fn created(tenant: &Inner, kind: ResourceKind, body: &Value, is_done: bool) {
    let name = folded(body.get(name_of(kind)));
    let made = newest(tenant, kind, &text(body.get(name_of(kind))));
    let Some(made) = made.filter(|_| is_done) else {
        lock(tenant).reserved.insert(name);
        return;
    };
    let old = lock(tenant).buried.remove(&name);
    let record = Record { first: made.body.clone(), ..Record::default() };
    lock(tenant).of.insert(made.id.clone(), record);
    let Some((body, members)) = old else { return };
    if kind == ResourceKind::User && tenant.defects.has(Defect::OLD_ATTRIBUTES_COME_BACK) {
        rewrite(tenant, &made.id, kind, |wanted| {
            for (name, value) in &body {
                wanted.entry(name.clone()).or_insert_with(|| value.clone());
            }
        });
    }
    if kind == ResourceKind::Group && tenant.defects.has(Defect::OLD_MEMBERS_COME_BACK) {
        for member in &members {
            join(tenant, &made.id, member);
        }
    }
}

/// The last resource that was made under a name.
fn newest(tenant: &Inner, kind: ResourceKind, name: &str) -> Option<Stored> {
    let keys = tenant.store.candidates(Indexed::Name(kind), name);
    tenant.store.load(&keys, References::Listed).into_iter().max_by_key(|made| made.created)
}

/// What is answered instead of doing a write; it may be done to somebody else.
fn instead(
    call: &Call<'_>,
    before: &Stored,
    method: &Method,
    body: &Value,
) -> Result<Option<Response>, Problem> {
    let (tenant, id) = (call.tenant, &before.id);
    let has = |defect| tenant.defects.has(defect);
    let mut told = lock(tenant);
    let record = told.of.entry(id.clone()).or_default();
    if method == Method::DELETE {
        let stays = record.patches >= 3 && before.kind == ResourceKind::User;
        let stays = stays && has(Defect::MUCH_CHANGED_NEVER_DELETED);
        return Ok(stays.then(|| empty_answer(StatusCode::NO_CONTENT)));
    }
    if method != Method::PATCH {
        return Ok(None);
    }
    let text = body.to_string();
    let adds_members = text.contains("\"add\"") && text.contains("members");
    if before.kind == ResourceKind::Group {
        let astray = has(Defect::MEMBERS_GO_ASTRAY_AFTER_RENAME) && !record.names.is_empty();
        let lost = has(Defect::ADD_TO_EMPTIED_GROUP_LOST) && record.is_emptied;
        if adds_members && (astray || lost) {
            record.is_emptied = false;
            return Ok(Some(empty_answer(StatusCode::NO_CONTENT)));
        }
        return Ok(None);
    }
    let names = record.names.clone();
    let shown = || resources::as_answered(call, before).map(Some);
    if has(Defect::FIFTH_PATCH_LOST) && record.patches % 5 == 4 {
        record.patches += 1;
        return shown();
    }
    let renames = text.contains("userName");
    if has(Defect::SECOND_RENAME_IGNORED) && renames && !names.is_empty() {
        return shown();
    }
    if has(Defect::OWN_OLD_NAME_REFUSED) && names.iter().any(|name| text.contains(name.as_str())) {
        return Err(Problem::uniqueness("this userName was given before"));
    }
    let is_third = has(Defect::WRONG_USER_WRITTEN) && record.patches % 3 == 2;
    record.patches += usize::from(is_third);
    let other = told.patched_last.replace(id.clone()).filter(|other| other != id);
    drop(told);
    match other.filter(|_| is_third) {
        Some(other) if resources::patch_another(call, ResourceKind::User, &other, body).is_ok() => {
            shown()
        }
        _ => Ok(None),
    }
}

impl Event<'_> {
    fn has(&self, defect: Defect) -> bool {
        self.tenant.defects.has(defect)
    }

    fn user_patched(&mut self) {
        let (Some(before), Some(after)) = (self.before, self.after) else { return };
        self.record.patches += 1;
        let (old, new) = (before.body.clone(), after.body.clone());
        let is_renamed = folded(old.get("userName")) != folded(new.get("userName"));
        let (was_off, is_off) = (is_off(&old), is_off(&new));
        let changed = |wanted: &mut Body| wanted.clone_from(&new);
        let mut wanted = Body::new();
        changed(&mut wanted);
        if is_renamed {
            self.renamed(&old, &mut wanted);
        }
        if self.has(Defect::DISABLING_TWICE_ENABLES) && was_off && is_off && old == new {
            wanted.insert("active".to_owned(), true.into());
        }
        if self.has(Defect::DISABLING_UNDOES_ADDRESSES) && is_off && !was_off {
            put_as(&mut wanted, "emails", self.record.first.get("emails"));
        }
        if is_off && !was_off {
            self.record.when_disabled = Some(new.clone());
        }
        if was_off && !is_off {
            self.enabled(&mut wanted);
        }
        if let Some(then) = self.record.before_put.take()
            && self.has(Defect::PATCH_STARTS_BEFORE_THE_PUT)
        {
            for (name, value) in then {
                wanted.entry(name).or_insert(value);
            }
        }
        let count = |body: &Body| body.get("emails").and_then(Value::as_array).map_or(0, Vec::len);
        self.record.more_addresses += usize::from(count(&new) > count(&old));
        if self.has(Defect::SECOND_ADDRESS_DROPS_THE_FIRST)
            && self.record.more_addresses.is_multiple_of(2)
            && count(&new) > count(&old)
            && let Some(Value::Array(emails)) = wanted.get_mut("emails")
        {
            emails.remove(0);
        }
        self.finish_refused(&mut wanted);
        let gone = old.iter().find(|(name, _)| !new.contains_key(*name));
        if let Some((name, value)) = gone {
            self.record.cleared = Some((name.clone(), value.clone()));
        }
        self.record.before_patch = Some(old);
        if wanted != new {
            rewrite(self.tenant, self.id, ResourceKind::User, |body| *body = wanted);
        }
        self.managers_changed(&new);
    }

    fn renamed(&mut self, old: &Body, wanted: &mut Body) {
        let name = text(old.get("userName"));
        lock(self.tenant).held.insert(name.to_lowercase());
        self.record.names.insert(name);
        if let Some((name, value)) = self.record.cleared.clone()
            && self.has(Defect::RENAME_BRINGS_BACK_WHAT_WAS_CLEARED)
        {
            wanted.entry(name).or_insert(value);
        }
        if self.has(Defect::RENAMED_MANAGER_FORGOTTEN) {
            for report in reports_of(self.tenant, self.id) {
                rewrite(self.tenant, &report, ResourceKind::User, |body| {
                    if let Some(Value::Object(extension)) = body.get_mut(ENTERPRISE_USER) {
                        extension.shift_remove("manager");
                    }
                });
            }
        }
    }

    fn enabled(&mut self, wanted: &mut Body) {
        if self.has(Defect::ENABLING_FORGETS_GROUPS) {
            for group in self.after.into_iter().flat_map(|after| &after.groups) {
                leave(self.tenant, &group.id, self.id);
            }
        }
        if let Some(then) = self.record.when_disabled.take()
            && self.has(Defect::CHANGES_OF_THE_DISABLED_LOST)
        {
            let active = wanted.get("active").cloned();
            *wanted = then;
            put_as(wanted, "active", active.as_ref());
        }
    }

    /// Does now what could have been done of a PATCH that was refused.
    fn finish_refused(&mut self, wanted: &mut Body) {
        let Some(refused) = self.record.refused.take() else { return };
        if !self.has(Defect::REFUSED_PATCH_DONE_LATER) {
            return;
        }
        let operations = refused.get("Operations").and_then(Value::as_array);
        for operation in operations.into_iter().flatten() {
            let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
            let is_plain = ["title", "nickName", "displayName"].contains(&path);
            if let (true, Some(value @ Value::String(_))) = (is_plain, operation.get("value")) {
                wanted.insert(path.to_owned(), value.clone());
            }
        }
    }

    fn managers_changed(&self, new: &Body) {
        let Some(manager) = manager_of(new) else { return };
        let other = self.tenant.store.read(ResourceKind::User, &manager, References::LeftOut);
        let is_mutual = other.is_ok_and(|it| manager_of(&it.body).as_deref() == Some(self.id));
        if is_mutual && manager != self.id && self.has(Defect::MUTUAL_MANAGERS_CLEARED) {
            for id in [self.id, &manager] {
                rewrite(self.tenant, id, ResourceKind::User, |body| {
                    if let Some(Value::Object(extension)) = body.get_mut(ENTERPRISE_USER) {
                        extension.shift_remove("manager");
                    }
                });
            }
        }
    }

    fn group_patched(&mut self) {
        let (Some(before), Some(after)) = (self.before, self.after) else { return };
        if before.body.get("displayName") != after.body.get("displayName") {
            self.record.names.insert(text(before.body.get("displayName")));
        }
        let ids = |stored: &Stored| -> Vec<String> {
            stored.members.iter().map(|member| member.id.clone()).collect()
        };
        let (old, new) = (ids(before), ids(after));
        self.record.is_emptied = !old.is_empty() && new.is_empty();
        let joined: Vec<&String> = new.iter().filter(|id| !old.contains(id)).collect();
        if self.has(Defect::NO_SECOND_JOINING) {
            let known = joined.iter().filter(|id| self.record.left.contains(id));
            known.for_each(|id| leave(self.tenant, self.id, id));
        }
        if self.has(Defect::FOURTH_MEMBER_DRIVES_OUT) && old.len() < 4 && new.len() >= 4 {
            leave(self.tenant, self.id, &old.first().unwrap_or(&new[0]).clone());
        }
        self.record.left.extend(old.into_iter().filter(|id| !new.contains(id)));
    }

    fn put(&mut self) {
        let (Some(before), Some(after)) = (self.before, self.after) else { return };
        if let Some(then) = self.record.before_patch.take()
            && self.has(Defect::PUT_BRINGS_BACK_WHAT_A_PATCH_TOOK)
            && after.kind == ResourceKind::User
        {
            rewrite(self.tenant, self.id, after.kind, |wanted| {
                for (name, value) in then {
                    if !before.body.contains_key(&name) {
                        wanted.entry(name).or_insert(value);
                    }
                }
            });
        }
        self.record.before_put = Some(before.body.clone());
    }

    fn deleted(&self) {
        let Some(before) = self.before else { return };
        let name = folded(before.body.get(name_of(before.kind)));
        let members: Vec<String> = before.members.iter().map(|it| it.id.clone()).collect();
        if before.kind == ResourceKind::Group && self.has(Defect::MEMBERS_DISABLED_WITH_THEIR_GROUP)
        {
            for member in &members {
                rewrite(self.tenant, member, ResourceKind::User, |wanted| {
                    wanted.insert("active".to_owned(), false.into());
                });
            }
        }
        lock(self.tenant).buried.insert(name, (before.body.clone(), members));
        if before.kind == ResourceKind::Group {
            return;
        }
        if self.has(Defect::REMOVED_MEMBER_COMES_BACK) {
            let left: Vec<(String, String)> = lock(self.tenant)
                .of
                .iter()
                .filter_map(|(group, record)| Some((group.clone(), record.left.last()?.clone())))
                .collect();
            for (group, member) in &left {
                join(self.tenant, group, member);
            }
        }
        if self.has(Defect::REPORTS_SUFFER) {
            for report in reports_of(self.tenant, self.id) {
                rewrite(self.tenant, &report, ResourceKind::User, |wanted| {
                    wanted.shift_remove("title");
                });
            }
        }
    }
}

/// Changes a stored resource behind everybody's back; one that is gone stays gone.
fn rewrite(tenant: &Inner, id: &str, kind: ResourceKind, change: impl FnOnce(&mut Body)) {
    let _ = tenant.store.modify(kind, id, References::LeftOut, |seen| {
        let mut wanted = seen.body.clone();
        change(&mut wanted);
        Ok(Value::Object(wanted))
    });
}

fn join(tenant: &Inner, group: &str, member: &str) {
    let _ = members(tenant, group, |ids| ids.push(member.to_owned()));
}

fn leave(tenant: &Inner, group: &str, member: &str) {
    let _ = members(tenant, group, |ids| ids.retain(|id| id != member));
}

fn members(
    tenant: &Inner,
    group: &str,
    change: impl FnOnce(&mut Vec<String>),
) -> Result<Stored, Problem> {
    tenant.store.modify(ResourceKind::Group, group, References::Listed, |seen| {
        let mut ids = seen.members.iter().map(|member| member.id.clone()).collect();
        change(&mut ids);
        let mut wanted = seen.body.clone();
        let members: Value = ids.iter().map(|id| json!({"value": id})).collect();
        wanted.insert("members".to_owned(), members);
        Ok(Value::Object(wanted))
    })
}

/// The users whose manager is that one.
fn reports_of(tenant: &Inner, manager: &str) -> Vec<String> {
    let keys = tenant.store.page(Some(ResourceKind::User), 0, usize::MAX);
    let all = tenant.store.load(&keys, References::LeftOut);
    let reports = all.into_iter().filter(|it| manager_of(&it.body).as_deref() == Some(manager));
    reports.map(|report| report.id).collect()
}

fn manager_of(body: &Body) -> Option<String> {
    body.get(ENTERPRISE_USER)?.get("manager")?.get("value")?.as_str().map(str::to_owned)
}

fn is_off(body: &Body) -> bool {
    body.get("active") == Some(&Value::Bool(false))
}

fn put_as(body: &mut Body, name: &str, value: Option<&Value>) {
    match value {
        Some(value) => body.insert(name.to_owned(), value.clone()),
        None => body.shift_remove(name),
    };
}

fn name_of(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "userName",
        ResourceKind::Group => "displayName",
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn folded(value: Option<&Value>) -> String {
    text(value).to_lowercase()
}

fn lock(tenant: &Inner) -> MutexGuard<'_, Told> {
    tenant.chronicle.0.lock().unwrap_or_else(PoisonError::into_inner)
}
