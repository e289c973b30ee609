//! Requests in Entra's words: queries as it encodes them, bodies as it writes them, both dialects.
//!
//! Pure: values in, a [`Request`] out. When which request is due is `connector`'s business.

use std::sync::Arc;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::forms::Forms;
use super::mapping::MappedValue;
use super::target::TargetPath;
use crate::exchange::Request;
use crate::profile::{
    ActiveEncoding, EntraSettings, FilterSpace, GroupCreateBody, ManagerForm, PatchDialect,
};
use crate::scim;

/// What Entra leaves as it is in a query value and in a path segment.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One attribute that the tenant should hold otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeChange {
    /// Where.
    pub target: Arc<TargetPath>,
    /// The value as mapped.
    pub value: Value,
    /// What the tenant showed; none means the attribute is added, not replaced.
    pub before: Option<Value>,
}

/// Whether a member is added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberVerb {
    /// The member joins.
    Add,
    /// The member leaves.
    Remove,
}

/// Entra's way of writing requests, as the settings have it.
#[derive(Debug, Clone)]
pub struct Wire {
    dialect: PatchDialect,
    settings: EntraSettings,
    forms: Arc<Forms>,
}

impl Wire {
    /// The words of these settings, in this dialect.
    pub fn new(dialect: PatchDialect, settings: EntraSettings) -> Self {
        Self { dialect, settings, forms: Arc::default() }
    }

    /// The PATCH dialect in use.
    pub fn dialect(&self) -> PatchDialect {
        self.dialect
    }

    /// Looks a user up by a Matching attribute.
    pub fn find_user(&self, attribute: &str, value: &str) -> Request {
        Request::get(format!("/Users?filter={}", self.filter(&self.equals(attribute, value))))
    }

    /// Looks a group up by a Matching attribute, without its members.
    pub fn find_group(&self, attribute: &str, value: &str) -> Request {
        let filter = self.filter(&self.equals(attribute, value));
        Request::get(format!("/Groups?excludedAttributes=members&filter={filter}"))
    }

    /// Asks whether a user's manager is already that one.
    pub fn check_manager(&self, user: &str, manager: &str) -> Request {
        let filter = self.filter(&format!("id eq {user} and manager eq {manager}"));
        Request::get(format!("/Users?filter={filter}&attributes=id"))
    }

    /// Asks whether a group already has that member.
    pub fn check_member(&self, group: &str, member: &str) -> Request {
        let filter = self.filter(&format!("id eq \"{group}\" and members eq \"{member}\""));
        Request::get(format!("/Groups?excludedAttributes=members&filter={filter}"))
    }

    /// Reads a linked user before it is updated.
    pub fn read_user(&self, id: &str) -> Request {
        Request::get(user_target(id))
    }

    /// Reads a linked group before it is updated.
    pub fn read_group(&self, id: &str) -> Request {
        Request::get(format!("{}?excludedAttributes=members", group_target(id)))
    }

    /// Creates a user: `meta.resourceType` and an empty `roles` go with it, the manager not.
    pub fn create_user(&self, values: &[MappedValue]) -> Request {
        Request::new(Method::POST, "/Users").written(self.forms.body(values, new_user))
    }

    /// Creates a group, always empty.
    pub fn create_group(&self, values: &[MappedValue]) -> Request {
        let documented = self.settings.group_create_body == GroupCreateBody::Documented;
        let mut body = match documented {
            true => json!({ "schemas": [scim::GROUP, scim::MICROSOFT_GROUP] }),
            false => json!({ "schemas": [scim::GROUP] }),
        };
        for value in values {
            value.target.write_into(&mut body, value.value.clone());
        }
        if let Value::Object(members) = &mut body {
            match documented {
                true => members.insert("meta".to_owned(), json!({ "resourceType": "Group" })),
                false => members.insert("members".to_owned(), json!([])),
            };
        }
        Request::post("/Groups", &body)
    }

    /// Updates a user's attributes in one PATCH.
    pub fn update_user(&self, id: &str, changes: &[AttributeChange]) -> Request {
        patch(user_target(id), self.operations(changes))
    }

    /// Updates a group's attributes in one PATCH.
    pub fn update_group(&self, id: &str, changes: &[AttributeChange]) -> Request {
        patch(group_target(id), self.operations(changes))
    }

    /// Sets `active` alone.
    pub fn set_active(&self, id: &str, active: bool) -> Request {
        let value = self.encode_boolean(active);
        patch(
            user_target(id),
            vec![json!({"op": self.op("Replace"), "path": "active", "value": value})],
        )
    }

    /// Sets or changes the manager, a PATCH of its own.
    pub fn set_manager(&self, id: &str, manager: &str, had_one: bool) -> Request {
        let op = self.op(if had_one { "Replace" } else { "Add" });
        let urn = format!("{}:manager", scim::ENTERPRISE_USER);
        let operation = match self.settings.manager_form {
            ManagerForm::BareString => json!({"op": op, "path": urn, "value": manager}),
            ManagerForm::Object => json!({"op": op, "path": urn, "value": {"value": manager}}),
            ManagerForm::Array => {
                let reference = json!({"$ref": user_target(manager), "value": manager});
                json!({"op": op, "path": "manager", "value": [reference]})
            }
        };
        patch(user_target(id), vec![operation])
    }

    /// Takes the manager away: the empty string stands for nobody.
    pub fn remove_manager(&self, id: &str) -> Request {
        let urn = format!("{}:manager", scim::ENTERPRISE_USER);
        // Captures show this operation in lower case in both dialects.
        patch(user_target(id), vec![json!({"op": "replace", "path": urn, "value": ""})])
    }

    /// Adds or removes members in one PATCH.
    pub fn change_members(&self, group: &str, verb: MemberVerb, members: &[String]) -> Request {
        let values: Vec<Value> = members
            .iter()
            .map(|id| match self.settings.member_ref_null {
                true => json!({"$ref": null, "value": id}),
                false => json!({"value": id}),
            })
            .collect();
        let operations = match (verb, self.dialect) {
            (MemberVerb::Add, _) => {
                vec![json!({"op": self.op("Add"), "path": "members", "value": values})]
            }
            (MemberVerb::Remove, PatchDialect::Default) => {
                vec![json!({"op": "Remove", "path": "members", "value": values})]
            }
            (MemberVerb::Remove, PatchDialect::AadOptscim062020) => members
                .iter()
                .map(|id| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")}))
                .collect(),
        };
        patch(group_target(group), operations)
    }

    /// Deletes a user.
    pub fn delete_user(&self, id: &str) -> Request {
        Request::delete(user_target(id))
    }

    /// Deletes a group.
    pub fn delete_group(&self, id: &str) -> Request {
        Request::delete(group_target(id))
    }

    /// One operation an attribute, or the flag's merged form.
    fn operations(&self, changes: &[AttributeChange]) -> Vec<Value> {
        match self.dialect {
            PatchDialect::Default => changes
                .iter()
                .map(|change| {
                    let op = if change.before.is_some() { "Replace" } else { "Add" };
                    let value = self.encode(&change.value);
                    json!({"op": op, "path": change.target.text, "value": value})
                })
                .collect(),
            PatchDialect::AadOptscim062020 => merged_operations(changes),
        }
    }

    /// Booleans travel as text in the default dialect; all else goes as it is.
    fn encode(&self, value: &Value) -> Value {
        match value {
            Value::Bool(flag) => self.encode_boolean(*flag),
            other => other.clone(),
        }
    }

    fn encode_boolean(&self, flag: bool) -> Value {
        match (self.dialect, self.settings.active_encoding) {
            (PatchDialect::AadOptscim062020, _) | (_, ActiveEncoding::Boolean) => json!(flag),
            (_, ActiveEncoding::CapitalisedString) => json!(if flag { "True" } else { "False" }),
            (_, ActiveEncoding::LowerCaseString) => json!(flag.to_string()),
        }
    }

    fn op(&self, word: &str) -> String {
        match self.dialect {
            PatchDialect::Default => word.to_owned(),
            PatchDialect::AadOptscim062020 => word.to_ascii_lowercase(),
        }
    }

    fn equals(&self, attribute: &str, value: &str) -> String {
        match self.settings.filter_quoting {
            true => format!("{attribute} eq {}", quoted(value)),
            false => format!("{attribute} eq {value}"),
        }
    }

    fn filter(&self, filter: &str) -> String {
        let space = match self.settings.filter_space {
            FilterSpace::Plus => "+",
            FilterSpace::Percent20 => "%20",
        };
        let mut encoded = String::with_capacity(2 * filter.len());
        for (nth, word) in filter.split(' ').enumerate() {
            encoded.push_str(if nth > 0 { space } else { "" });
            encoded.extend(utf8_percent_encode(word, ENCODED));
        }
        encoded
    }
}

/// A text as JSON writes it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text can be written")
}

/// The body that creates a user with these values.
pub(super) fn new_user(values: &[MappedValue]) -> Value {
    let mut body = json!({ "schemas": [scim::USER, scim::ENTERPRISE_USER] });
    for value in values {
        value.target.write_into(&mut body, value.value.clone());
    }
    if let Value::Object(members) = &mut body {
        members.insert("meta".to_owned(), json!({ "resourceType": "User" }));
        members.entry("roles").or_insert_with(|| json!([]));
    }
    body
}

#[expect(clippy::needless_pass_by_value, reason = "callers build the list for this one use")]
fn patch(target: String, operations: Vec<Value>) -> Request {
    Request::patch(target, &scim::message::patch_body(&operations))
}

/// The flag's form: value paths and additions keep their own operation, all other replacements are
/// merged into one without a path, whose keys are dotted or qualified by URN. `active`
/// travels in the merged object with others and under its path when it is alone.
fn merged_operations(changes: &[AttributeChange]) -> Vec<Value> {
    let mut operations = Vec::new();
    let mut merged = Map::new();
    for change in changes {
        let path = &change.target.text;
        if change.before.is_none() {
            operations.push(json!({"op": "add", "path": path, "value": change.value}));
        } else if change.target.selector.is_some() {
            operations.push(json!({"op": "replace", "path": path, "value": change.value}));
        } else {
            merged.insert(path.clone(), change.value.clone());
        }
    }
    if merged.len() == 1
        && let Some(active) = merged.get("active")
    {
        operations.push(json!({"op": "replace", "path": "active", "value": active}));
    } else if !merged.is_empty() {
        operations.push(json!({"op": "replace", "value": merged}));
    }
    operations
}

/// `/Users/{id}`, with whatever the id holds encoded.
pub fn user_target(id: &str) -> String {
    format!("/Users/{}", encode_segment(id))
}

/// `/Groups/{id}`, with whatever the id holds encoded.
pub fn group_target(id: &str) -> String {
    format!("/Groups/{}", encode_segment(id))
}

fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(dialect: PatchDialect) -> Wire {
        Wire::new(dialect, EntraSettings::default())
    }

    fn change(target: &str, value: Value, before: Option<Value>) -> AttributeChange {
        AttributeChange { target: TargetPath::parse(target).unwrap().into(), value, before }
    }

    fn operations(request: &Request) -> Value {
        request.body_json().unwrap()["Operations"].clone()
    }

    #[test]
    fn a_look_up_is_encoded_as_captures_show_it() {
        let wire = wire(PatchDialect::Default);
        assert_eq!(
            wire.find_user("userName", "alice+b@contoso.com").target,
            "/Users?filter=userName+eq+%22alice%2Bb%40contoso.com%22"
        );
        assert_eq!(
            wire.find_group("displayName", "Sales \"EMEA\" & <b>").target,
            "/Groups?excludedAttributes=members\
             &filter=displayName+eq+%22Sales+%5C%22EMEA%5C%22+%26+%3Cb%3E%22"
        );
        let plain = EntraSettings {
            filter_quoting: false,
            filter_space: FilterSpace::Percent20,
            ..EntraSettings::default()
        };
        assert_eq!(
            Wire::new(PatchDialect::Default, plain).find_user("externalId", "jyoung").target,
            "/Users?filter=externalId%20eq%20jyoung"
        );
    }

    #[test]
    fn an_id_with_odd_characters_stays_one_path_segment() {
        assert_eq!(user_target("a@b/c d?e"), "/Users/a%40b%2Fc%20d%3Fe");
    }

    #[test]
    fn each_dialect_writes_several_changes_its_own_way() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";
        let changes = [
            change("displayName", json!("Bjfe"), Some(json!("Pvlo"))),
            change("emails[type eq \"work\"].value", json!("a@b.example"), Some(json!("x"))),
            change("name.givenName", json!("Kkom"), Some(json!("x"))),
            change(urn, json!("Aklq"), Some(json!("x"))),
            change("title", json!("Engineer"), None),
        ];
        assert_eq!(
            operations(&wire(PatchDialect::Default).update_user("1", &changes)),
            json!([
                {"op": "Replace", "path": "displayName", "value": "Bjfe"},
                {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "a@b.example"},
                {"op": "Replace", "path": "name.givenName", "value": "Kkom"},
                {"op": "Replace", "path": urn, "value": "Aklq"},
                {"op": "Add", "path": "title", "value": "Engineer"},
            ])
        );
        assert_eq!(
            operations(&wire(PatchDialect::AadOptscim062020).update_user("1", &changes)),
            json!([
                {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@b.example"},
                {"op": "add", "path": "title", "value": "Engineer"},
                {"op": "replace",
                 "value": {"displayName": "Bjfe", "name.givenName": "Kkom", urn: "Aklq"}},
            ])
        );
    }

    #[test]
    fn active_is_text_by_default_and_a_boolean_under_the_flag() {
        assert_eq!(
            operations(&wire(PatchDialect::Default).set_active("1", false)),
            json!([{"op": "Replace", "path": "active", "value": "False"}])
        );
        let flagged = wire(PatchDialect::AadOptscim062020);
        assert_eq!(
            operations(&flagged.set_active("1", false)),
            json!([{"op": "replace", "path": "active", "value": false}])
        );
        let alone = [change("active", json!(true), Some(json!(false)))];
        assert_eq!(
            operations(&flagged.update_user("1", &alone)),
            json!([{"op": "replace", "path": "active", "value": true}])
        );
    }

    #[test]
    fn members_come_and_go_in_both_dialects() {
        let ids = ["u1".to_owned()];
        let default = wire(PatchDialect::Default);
        assert_eq!(
            operations(&default.change_members("g", MemberVerb::Remove, &ids)),
            json!([{"op": "Remove", "path": "members", "value": [{"value": "u1"}]}])
        );
        assert_eq!(
            operations(&default.change_members("g", MemberVerb::Add, &ids)),
            json!([{"op": "Add", "path": "members", "value": [{"value": "u1"}]}])
        );
        let flagged = wire(PatchDialect::AadOptscim062020);
        assert_eq!(
            operations(&flagged.change_members("g", MemberVerb::Remove, &ids)),
            json!([{"op": "remove", "path": "members[value eq \"u1\"]"}])
        );
        let documented = EntraSettings { member_ref_null: true, ..EntraSettings::default() };
        assert_eq!(
            operations(&Wire::new(PatchDialect::Default, documented).change_members(
                "g",
                MemberVerb::Add,
                &ids
            )),
            json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": "u1"}]}])
        );
    }

    #[test]
    fn a_manager_is_a_bare_id_and_leaves_as_an_empty_string() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
        let wire = wire(PatchDialect::Default);
        assert_eq!(
            operations(&wire.set_manager("1", "271", false)),
            json!([{"op": "Add", "path": urn, "value": "271"}])
        );
        assert_eq!(
            operations(&wire.remove_manager("1")),
            json!([{"op": "replace", "path": urn, "value": ""}])
        );
    }

    #[test]
    fn knobs_change_the_words() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
        let manager = |form| {
            let settings = EntraSettings { manager_form: form, ..EntraSettings::default() };
            let wire = Wire::new(PatchDialect::Default, settings);
            operations(&wire.set_manager("1", "271", true))
        };
        assert_eq!(
            manager(ManagerForm::Object),
            json!([{"op": "Replace", "path": urn, "value": {"value": "271"}}])
        );
        let reference = json!([{"$ref": "/Users/271", "value": "271"}]);
        assert_eq!(
            manager(ManagerForm::Array),
            json!([{"op": "Replace", "path": "manager", "value": reference}])
        );
        let active = |encoding| {
            let settings = EntraSettings { active_encoding: encoding, ..EntraSettings::default() };
            let wire = Wire::new(PatchDialect::Default, settings);
            operations(&wire.set_active("1", true))[0]["value"].clone()
        };
        assert_eq!(active(ActiveEncoding::LowerCaseString), json!("true"));
        assert_eq!(active(ActiveEncoding::Boolean), json!(true));
        let ids = ["u1".to_owned(), "u2".to_owned()];
        assert_eq!(
            operations(&wire(PatchDialect::AadOptscim062020).change_members(
                "g",
                MemberVerb::Remove,
                &ids
            )),
            json!([{"op": "remove", "path": "members[value eq \"u1\"]"},
                   {"op": "remove", "path": "members[value eq \"u2\"]"}])
        );
        assert_eq!(
            wire(PatchDialect::Default).check_manager("1", "271").target,
            "/Users?filter=id+eq+1+and+manager+eq+271&attributes=id"
        );
    }

    #[test]
    fn a_group_is_created_empty_in_either_form() {
        let name = MappedValue {
            target: TargetPath::parse("displayName").unwrap().into(),
            value: json!("Sales"),
        };
        let body = |settings| {
            Wire::new(PatchDialect::Default, settings)
                .create_group(std::slice::from_ref(&name))
                .body_json()
                .cloned()
                .unwrap()
        };
        assert_eq!(
            body(EntraSettings::default()),
            json!({"schemas": [scim::GROUP], "displayName": "Sales", "members": []})
        );
        let documented = EntraSettings {
            group_create_body: GroupCreateBody::Documented,
            ..EntraSettings::default()
        };
        assert_eq!(
            body(documented),
            json!({"schemas": [scim::GROUP, scim::MICROSOFT_GROUP], "displayName": "Sales",
                   "meta": {"resourceType": "Group"}})
        );
    }
}
