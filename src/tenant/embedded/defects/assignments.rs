//! The defects that only a history shows: a server remembers, or forgets, what was before.
//!
//! A clean tenant passes through here without a change: each function first asks whether any defect
//! is switched on, and nothing is remembered otherwise.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::{Defect, Defects};
use crate::scim::filter::{CompareOperator, Filter};
use crate::scim::{ENTERPRISE_USER, GROUP};
use crate::tenant::embedded::Inner;
use crate::tenant::embedded::apply::{Member, MemberChange};
use crate::tenant::embedded::kind::ResourceKind;
use crate::tenant::embedded::precondition::Precondition;
use crate::tenant::embedded::problem::Problem;
use crate::tenant::embedded::query::Query;
use crate::tenant::embedded::store::{References, Stored, fold};

/// What a faulty server remembers.
#[derive(Default)]
pub(in crate::tenant::embedded) struct Stories(Mutex<Told>);

#[derive(Default)]
struct Told {
    turn: u32,
    stories: HashMap<String, Story>,
    /// Members of deleted groups, by folded name.
    deleted_groups: HashMap<String, Vec<String>>,
    /// Former names of users by their present ones, both folded.
    former_names: HashMap<String, String>,
}

/// What happened to one resource so far.
#[derive(Default)]
struct Story {
    disabled: u32,
    enabled: u32,
    renamed: u32,
    updates: u32,
    managers: u32,
    member_changes: u32,
    is_enabled_anew: bool,
    /// What it held when it became inactive.
    before: Map<String, Value>,
    removed_manager: Option<String>,
    former_members: BTreeSet<String>,
    former_name: Option<Value>,
}

impl Stories {
    /// A number that grows with each call.
    pub(super) fn turn(&self) -> u32 {
        let mut told = self.told();
        told.turn = told.turn.wrapping_add(1);
        told.turn
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a user holds besides `active` and its manager.
const VALUES: &[&str] = &[
    "userName",
    "displayName",
    "title",
    "name",
    "emails",
    "phoneNumbers",
    "addresses",
    "preferredLanguage",
    "externalId",
];

/// Bends what a resource is about to become.
pub(in crate::tenant::embedded) fn bend(
    tenant: &Inner,
    seen: &Stored,
    wanted: &mut Value,
) -> Result<(), Problem> {
    if !tenant.defects.any() {
        return Ok(());
    }
    let mut told = tenant.stories.told();
    let story = told.stories.entry(seen.id.clone()).or_default();
    match seen.kind {
        ResourceKind::User => bend_user(&tenant.defects, story, &seen.body, wanted),
        ResourceKind::Group => bend_group(tenant, story, seen, wanted)?,
    }
    if seen.kind == ResourceKind::User
        && let (Some(before), Some(now)) =
            (text(&seen.body, "userName"), wanted["userName"].as_str())
        && fold(before) != fold(now)
    {
        told.former_names.insert(fold(now), fold(before));
    }
    Ok(())
}

fn bend_user(defects: &Defects, story: &mut Story, seen: &Map<String, Value>, wanted: &mut Value) {
    let was_active = seen.get("active") == Some(&Value::Bool(true));
    let turns = (was_active, wanted["active"] == true);
    let updates = VALUES.iter().any(|name| seen.get(*name) != wanted.get(*name))
        || without_manager(seen.get(ENTERPRISE_USER))
            != without_manager(wanted.get(ENTERPRISE_USER));
    let renames = seen.get("userName") != wanted.get("userName");
    let (old_manager, new_manager) = (manager(seen), wanted.as_object().and_then(manager));
    let is_kept_inactive = turns == (false, false);
    let mut loses = defects.has(Defect::DISABLED_USER_FROZEN) && is_kept_inactive;
    if renames {
        story.renamed += 1;
    } else if updates && turns.0 == turns.1 {
        story.updates += 1;
        loses |= defects.has(Defect::THIRD_UPDATE_LOST) && story.updates.is_multiple_of(3);
    }
    if updates && turns == (true, true) {
        let is_first = std::mem::take(&mut story.is_enabled_anew);
        loses |= defects.has(Defect::UPDATE_AFTER_ENABLE_LOST) && is_first;
    }
    if updates && loses {
        keep_values(seen, wanted);
    }
    let enables =
        defects.has(Defect::MANAGER_ENABLES) && new_manager.is_some() && new_manager != old_manager;
    if is_kept_inactive && enables {
        wanted["active"] = true.into();
    }
    bend_manager(defects, story, old_manager.as_deref(), new_manager.as_deref(), updates, wanted);
    match turns {
        (true, false) => disable(defects, story, seen, wanted),
        (false, true) => enable(defects, story, wanted),
        _ => {}
    }
}

fn bend_manager(
    defects: &Defects,
    story: &mut Story,
    before: Option<&str>,
    now: Option<&str>,
    updates: bool,
    wanted: &mut Value,
) {
    if before == now {
        if updates
            && defects.has(Defect::REMOVED_MANAGER_RETURNS)
            && let Some(removed) = story.removed_manager.take()
        {
            set_manager(wanted, Some(&removed));
        }
        return;
    }
    if now.is_none() {
        story.removed_manager = before.map(str::to_owned);
    } else {
        story.removed_manager = None;
        story.managers += 1;
        if defects.has(Defect::THIRD_MANAGER_IGNORED) && story.managers > 2 {
            set_manager(wanted, before);
        }
    }
}

fn disable(defects: &Defects, story: &mut Story, seen: &Map<String, Value>, wanted: &mut Value) {
    let is_refused = defects.has(Defect::SECOND_DISABLE_IGNORED) && story.disabled > 0
        || defects.has(Defect::RENAMED_USER_STAYS_ENABLED) && story.renamed > 0;
    if is_refused {
        wanted["active"] = true.into();
        return;
    }
    story.disabled += 1;
    story.before.clone_from(seen);
}

fn enable(defects: &Defects, story: &mut Story, wanted: &mut Value) {
    if defects.has(Defect::SECOND_ENABLE_IGNORED) && story.enabled > 0 {
        wanted["active"] = false.into();
        return;
    }
    story.enabled += 1;
    story.is_enabled_anew = true;
    if defects.has(Defect::ENABLE_FORGETS_MANAGER) {
        set_manager(wanted, None);
    }
    if defects.has(Defect::ENABLE_RESTORES_VALUES) {
        keep_values(&story.before, wanted);
    }
}

fn bend_group(
    tenant: &Inner,
    story: &mut Story,
    seen: &Stored,
    wanted: &mut Value,
) -> Result<(), Problem> {
    let defects = &tenant.defects;
    let before: BTreeSet<String> = seen.members.iter().map(|it| it.id.clone()).collect();
    let mut now = members(wanted);
    let joining: BTreeSet<String> = now.difference(&before).cloned().collect();
    let leaving: BTreeSet<String> = before.difference(&now).cloned().collect();
    let has_user = |id: &String| tenant.store.read(ResourceKind::User, id, References::LeftOut);
    if seen.body.get("displayName") != wanted.get("displayName") {
        story.former_name = seen.body.get("displayName").cloned();
        if defects.has(Defect::MEMBER_RETURNS_ON_RENAME) {
            now.extend(story.former_members.iter().filter(|id| has_user(id).is_ok()).cloned());
        }
    }
    if !joining.is_empty() || !leaving.is_empty() {
        story.member_changes += 1;
        if defects.has(Defect::FOURTH_MEMBER_CHANGE_LOST) && story.member_changes.is_multiple_of(4)
        {
            now.clone_from(&before);
        }
    }
    if defects.has(Defect::REJOINED_MEMBER_LOST) {
        now.retain(|id| !(joining.contains(id) && story.former_members.contains(id)));
    }
    if defects.has(Defect::DISABLED_MEMBER_DROPPED) {
        let is_inactive = |id: &String| has_user(id).is_ok_and(|it| it.body["active"] == false);
        now.retain(|id| !(joining.contains(id) && is_inactive(id)));
    }
    let is_nested =
        |id: &String| seen.members.iter().any(|it| it.id == *id && it.kind == ResourceKind::Group);
    if defects.has(Defect::NESTED_REMOVAL_EMPTIES_GROUP) && leaving.iter().any(is_nested) {
        now.clear();
    }
    if defects.has(Defect::RENAMED_GROUP_SPLITS)
        && !joining.is_empty()
        && let Some(name) = story.former_name.take()
    {
        let values: Vec<Value> = joining.iter().map(|id| json!({ "value": id })).collect();
        let second = json!({"schemas": [GROUP], "displayName": name, "members": values});
        tenant.store.create(ResourceKind::Group, second)?;
        now.retain(|id| !joining.contains(id));
    }
    story.former_members.extend(leaving);
    if now != members(wanted) {
        wanted["members"] = now.iter().map(|id| json!({ "value": id })).collect();
    }
    Ok(())
}

/// What a change of one resource does to others; `seen` is how it was before.
pub(in crate::tenant::embedded) fn follow(
    tenant: &Inner,
    seen: &Stored,
    now: &Stored,
) -> Result<(), Problem> {
    let defects = &tenant.defects;
    let is_active = |it: &Stored| it.body.get("active") == Some(&Value::Bool(true));
    let is_user = seen.kind == ResourceKind::User;
    let name = if is_user { "userName" } else { "displayName" };
    let renames = seen.body.get(name) != now.body.get(name);
    let enables = is_user && !is_active(seen) && is_active(now);
    let disables = is_user && is_active(seen) && !is_active(now);
    let leaves = enables && defects.has(Defect::ENABLE_FORGETS_GROUPS)
        || renames && is_user && defects.has(Defect::RENAME_LEAVES_GROUPS)
        || renames && !is_user && defects.has(Defect::NESTED_RENAME_LEAVES_GROUP);
    if leaves {
        change_groups(tenant, now, &MemberChange::Remove(now.id.clone()))?;
    }
    if renames && is_user && defects.has(Defect::RENAME_FORGETS_REPORTS)
        || disables && defects.has(Defect::DISABLE_FORGETS_REPORTS)
    {
        forget_reports(tenant, &now.id)?;
    }
    if defects.has(Defect::LAST_LEAVES_NO_GROUP)
        && !seen.members.is_empty()
        && now.members.is_empty()
    {
        tenant.store.delete(seen.kind, &seen.id, &Precondition::Nothing)?;
    }
    Ok(())
}

fn change_groups(tenant: &Inner, member: &Stored, change: &MemberChange) -> Result<(), Problem> {
    for group in &member.groups {
        let changes = std::slice::from_ref(change);
        tenant.store.change_members(&group.id, &Precondition::Nothing, changes)?;
    }
    Ok(())
}

fn forget_reports(tenant: &Inner, of: &str) -> Result<(), Problem> {
    let keys = tenant.store.page(Some(ResourceKind::User), 0, usize::MAX);
    for report in tenant.store.load(&keys, References::LeftOut) {
        if manager(&report.body).as_deref() == Some(of) {
            tenant.store.modify(report.kind, &report.id, References::LeftOut, |seen| {
                let mut wanted = Value::Object(seen.body.clone());
                set_manager(&mut wanted, None);
                Ok(wanted)
            })?;
        }
    }
    Ok(())
}

/// Refuses a group for the name of a deleted one, or gives it the members of that one.
pub(in crate::tenant::embedded) fn create(
    tenant: &Inner,
    kind: ResourceKind,
    wanted: &mut Value,
) -> Result<(), Problem> {
    let defects = &tenant.defects;
    if kind != ResourceKind::Group || !defects.any() {
        return Ok(());
    }
    let told = tenant.stories.told();
    let name = wanted["displayName"].as_str().unwrap_or_default();
    let Some(old) = told.deleted_groups.get(&fold(name)) else { return Ok(()) };
    if defects.has(Defect::RECREATED_GROUP_REFUSED) {
        return Err(Problem::uniqueness("a group had this displayName"));
    }
    if defects.has(Defect::RECREATED_GROUP_HAS_OLD_MEMBERS) {
        let is_there =
            |id: &&String| tenant.store.read(ResourceKind::User, id, References::LeftOut).is_ok();
        wanted["members"] = old.iter().filter(is_there).map(|id| json!({ "value": id })).collect();
    }
    Ok(())
}

/// Notes what is about to be deleted, and empties groups where a defect says so.
pub(in crate::tenant::embedded) fn delete(tenant: &Inner, stored: &Stored) -> Result<(), Problem> {
    let (kind, id) = (stored.kind, &stored.id);
    if let (ResourceKind::Group, Some(name)) = (kind, text(&stored.body, "displayName")) {
        let members = stored.members.iter().map(|it| it.id.clone()).collect();
        tenant.stories.told().deleted_groups.insert(fold(name), members);
    }
    if kind == ResourceKind::User && tenant.defects.has(Defect::DELETED_MEMBER_EMPTIES_GROUP) {
        change_groups(tenant, stored, &MemberChange::ReplaceAll(vec![member(id)]))?;
    }
    Ok(())
}

/// Looks a renamed user up by its former name, and finds nobody by the present one.
pub(in crate::tenant::embedded) fn look_up(tenant: &Inner, query: &mut Query) {
    let Some(Filter::Compare { path, operator: CompareOperator::Equal, value }) = &mut query.filter
    else {
        return;
    };
    if !tenant.defects.has(Defect::OLD_NAME_FOUND)
        || !path.attribute.eq_ignore_ascii_case("userName")
    {
        return;
    }
    let told = tenant.stories.told();
    let asked = fold(value.as_str().unwrap_or_default());
    let present = told.former_names.iter().find(|(_, former)| **former == asked);
    match present {
        Some((present, _)) => *value = present.as_str().into(),
        None if told.former_names.contains_key(&asked) => *value = "".into(),
        None => {}
    }
}

fn member(id: &str) -> Member {
    Member { id: id.to_owned(), resource_type: None }
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name)?.as_str()
}

fn members(resource: &Value) -> BTreeSet<String> {
    let members = resource.get("members").and_then(Value::as_array).into_iter().flatten();
    members.filter_map(|it| Some(it.get("value")?.as_str()?.to_owned())).collect()
}

fn manager(body: &Map<String, Value>) -> Option<String> {
    Some(body.get(ENTERPRISE_USER)?.get("manager")?.get("value")?.as_str()?.to_owned())
}

fn set_manager(wanted: &mut Value, manager: Option<&str>) {
    if let Some(id) = manager {
        wanted[ENTERPRISE_USER]["manager"] = json!({ "value": id });
    } else {
        let extension = wanted.get_mut(ENTERPRISE_USER).and_then(Value::as_object_mut);
        extension.and_then(|it| it.shift_remove("manager"));
    }
}

fn without_manager(extension: Option<&Value>) -> Map<String, Value> {
    let mut extension = extension.and_then(Value::as_object).cloned().unwrap_or_default();
    extension.shift_remove("manager");
    extension
}

/// Gives what a user holds the values from before.
fn keep_values(before: &Map<String, Value>, wanted: &mut Value) {
    let manager = wanted.as_object().and_then(manager);
    let Some(wanted_body) = wanted.as_object_mut() else { return };
    for name in VALUES.iter().copied().chain([ENTERPRISE_USER]) {
        match before.get(name) {
            Some(value) => wanted_body.insert(name.to_owned(), value.clone()),
            None => wanted_body.shift_remove(name),
        };
    }
    set_manager(wanted, manager.as_deref());
}
