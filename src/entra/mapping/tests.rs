//! What the default mappings make of a user, and what definitions change.

use std::collections::BTreeMap;

use super::*;
use crate::directory::AttributeValue;

struct Person(BTreeMap<&'static str, AttributeValue>);

impl SourceAttributes for Person {
    fn attribute(&self, name: &str) -> Option<AttributeValue> {
        self.0.get(name).cloned()
    }
}

impl Person {
    fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }
}

fn alice() -> Person {
    let texts = [
        ("userPrincipalName", "alice@contoso.com"),
        ("displayName", "Alice Adams"),
        ("jobTitle", "Engineer"),
        ("mail", "alice@contoso.com"),
        ("preferredLanguage", "en-US"),
        ("givenName", "Alice"),
        ("surname", "Adams"),
        ("physicalDeliveryOfficeName", "HQ-3"),
        ("streetAddress", "1 Main St"),
        ("city", "Seattle"),
        ("state", "WA"),
        ("postalCode", "98101"),
        ("country", "US"),
        ("telephoneNumber", "+1 425 555 0100"),
        ("mobile", "+1 425 555 0101"),
        ("facsimileTelephoneNumber", "+1 425 555 0102"),
        ("mailNickname", "alice"),
        ("employeeId", "E12345"),
        ("department", "R&D"),
        ("manager", "bob"),
    ];
    let mut attributes: BTreeMap<_, _> = texts
        .into_iter()
        .map(|(name, text)| (name, AttributeValue::Text(text.to_owned())))
        .collect();
    attributes.insert("IsSoftDeleted", AttributeValue::Flag(false));
    Person(attributes)
}

fn compose(mapping: &ObjectMapping, source: &dyn SourceAttributes) -> Value {
    let mut body = json!({
        "schemas": [crate::scim::USER, ENTERPRISE_USER],
        "meta": {"resourceType": "User"},
        "roles": [],
    });
    for mapped in mapping.evaluate(source, Moment::Creation) {
        mapped.target.write_into(&mut body, mapped.value);
    }
    body
}

fn value(mapping: &ObjectMapping, source: &dyn SourceAttributes, target: &str) -> Option<Value> {
    let all = mapping.evaluate(source, Moment::Creation);
    all.into_iter().find(|mapped| mapped.target.is(target)).map(|mapped| mapped.value)
}

fn definition(target: &str) -> MappingDefinition {
    MappingDefinition {
        object: MappedObject::User,
        target: target.to_owned(),
        direct: None,
        constant: None,
        expression: None,
        default_value: None,
        apply: Apply::Always,
    }
}

fn direct(target: &str, source: &str) -> MappingDefinition {
    MappingDefinition { direct: Some(source.to_owned()), ..definition(target) }
}

fn refusal(definition: MappingDefinition) -> String {
    ObjectMapping::default_user().with(&[definition]).unwrap_err().to_string()
}

/// The documented body, to the letter.
const FULL_BODY: &str = r#"{
  "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
              "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
  "externalId": "alice",
  "userName": "alice@contoso.com",
  "active": true,
  "displayName": "Alice Adams",
  "title": "Engineer",
  "emails": [{"primary": true, "type": "work", "value": "alice@contoso.com"}],
  "preferredLanguage": "en-US",
  "name": {"givenName": "Alice", "familyName": "Adams", "formatted": "Alice Adams"},
  "addresses": [{"type": "work", "formatted": "HQ-3", "streetAddress": "1 Main St",
                 "locality": "Seattle", "region": "WA", "postalCode": "98101", "country": "US"}],
  "phoneNumbers": [{"type": "work", "value": "+1 425 555 0100"},
                   {"type": "mobile", "value": "+1 425 555 0101"},
                   {"type": "fax", "value": "+1 425 555 0102"}],
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
      {"employeeNumber": "E12345", "department": "R&D"},
  "meta": {"resourceType": "User"},
  "roles": []
}"#;

#[test]
fn the_default_mapping_composes_the_documented_body_key_by_key() {
    let documented: Value = serde_json::from_str(FULL_BODY).unwrap();
    assert_eq!(
        compose(&ObjectMapping::default_user(), &alice()).to_string(),
        documented.to_string()
    );
}

#[test]
fn the_order_of_a_body_does_not_hang_on_the_order_of_the_mapping() {
    let documented: Value = serde_json::from_str(FULL_BODY).unwrap();
    let mut mapping = ObjectMapping::default_user();
    mapping.attributes.sort_by(|left, right| right.target.text.cmp(&left.target.text));
    let mut body = compose(&mapping, &alice());
    // Only the entries of a list keep the order of the mapping.
    assert_eq!(body["phoneNumbers"].as_array().map(Vec::len), Some(3));
    body["phoneNumbers"] = documented["phoneNumbers"].clone();
    assert_eq!(body.to_string(), documented.to_string());
}

#[test]
fn every_value_written_is_read_back_by_its_own_path() {
    let mapping = ObjectMapping::default_user();
    let body = compose(&mapping, &alice());
    for mapped in mapping.evaluate(&alice(), Moment::Creation) {
        assert_eq!(mapped.target.read(&body), Some(mapped.value), "{}", mapped.target);
    }
}

#[test]
fn nulls_are_skipped_and_references_left_to_the_job() {
    let mapping = ObjectMapping::default_user();
    let body = compose(&mapping, &alice().without("mail").without("surname"));
    assert_eq!(body.get("emails"), None);
    assert_eq!(body["name"], json!({"givenName": "Alice", "formatted": "Alice"}));
    assert!(!body.to_string().contains("manager"));
    assert!(mapping.maps_manager() && !mapping.maps_members());
    let groups = ObjectMapping::default_group();
    assert!(groups.maps_members() && !groups.maps_manager());
}

#[test]
fn a_soft_deleted_user_is_not_active_and_an_unknown_state_says_nothing() {
    let mapping = ObjectMapping::default_user();
    let mut person = alice();
    assert_eq!(value(&mapping, &person, "active"), Some(json!(true)));
    person.0.insert("IsSoftDeleted", AttributeValue::Flag(true));
    assert_eq!(value(&mapping, &person, "active"), Some(json!(false)));
    assert_eq!(value(&mapping, &person.without("IsSoftDeleted"), "active"), None);
}

#[test]
fn a_group_is_mapped_by_name_and_object_id() {
    let group = Person(BTreeMap::from([
        ("displayName", AttributeValue::Text("Sales".to_owned())),
        ("objectId", AttributeValue::Text("8aa1".to_owned())),
        ("members", AttributeValue::Many(vec!["alice".to_owned()])),
    ]));
    let mut body = json!({"schemas": [crate::scim::GROUP], "members": []});
    for mapped in ObjectMapping::default_group().evaluate(&group, Moment::Creation) {
        mapped.target.write_into(&mut body, mapped.value);
    }
    let schema = crate::scim::GROUP;
    assert_eq!(
        body.to_string(),
        format!(
            r#"{{"schemas":["{schema}"],"externalId":"8aa1","displayName":"Sales","members":[]}}"#
        )
    );
}

#[test]
fn dialpad_gets_the_licence_and_no_external_id() {
    let mut person = alice();
    person.0.insert("licenseType", AttributeValue::Text("Dialpad_Support".to_owned()));
    let body = compose(&ObjectMapping::dialpad_user(), &person);
    assert_eq!(
        body[ENTERPRISE_USER],
        json!({"department": "R&D", "licenseType": "Dialpad_Support"})
    );
    assert_eq!(body["addresses"], json!([{"type": "work", "formatted": "HQ-3", "country": "US"}]));
    assert_eq!(body.get("externalId"), None);
    assert!(!ObjectMapping::dialpad_user().maps_manager());
}

#[test]
fn a_definition_replaces_adds_and_removes_by_target_without_case() {
    let before = ObjectMapping::default_user();
    let mapping = before
        .clone()
        .with(&[
            direct("USERNAME", "mail"),
            direct("nickName", "mailNickname"),
            definition("TITLE"),
            MappingDefinition { object: MappedObject::Group, ..definition("displayName") },
        ])
        .unwrap();
    assert_eq!(mapping.attributes.len(), before.attributes.len());
    assert_eq!(mapping.attributes[0].target.text, "USERNAME");
    assert_eq!(value(&mapping, &alice(), "nickName"), Some(json!("alice")));
    assert_eq!(mapping.mapping("title"), None);
    assert!(mapping.mapping("displayName").is_some());
    let removed = mapping.with(&[definition(&format!("{ENTERPRISE_USER}:manager"))]).unwrap();
    assert!(!removed.maps_manager());
}

#[test]
fn a_mapping_for_creation_only_rests_on_updates() {
    let once = MappingDefinition {
        apply: Apply::OnlyDuringCreation,
        ..direct("displayName", "displayName")
    };
    let mapping = ObjectMapping::default_user().with(&[once]).unwrap();
    let names = |moment| {
        mapping.evaluate(&alice(), moment).iter().any(|mapped| mapped.target.is("displayName"))
    };
    assert!(names(Moment::Creation) && !names(Moment::Update));
    assert_eq!(mapping.value_of("displayname", &alice()).as_deref(), Some("Alice Adams"));
}

#[test]
fn a_default_value_steps_in_for_null_on_creation_alone() {
    let title = MappingDefinition {
        default_value: Some("Guest".to_owned()),
        ..direct("title", "jobTitle")
    };
    let dropped = MappingDefinition {
        expression: Some("IgnoreFlowIfNullOrEmpty([nothing])".to_owned()),
        default_value: Some("never".to_owned()),
        ..definition("nickName")
    };
    let mapping = ObjectMapping::default_user().with(&[title, dropped]).unwrap();
    let person = alice().without("jobTitle");
    assert_eq!(value(&mapping, &person, "title"), Some(json!("Guest")));
    assert_eq!(value(&mapping, &alice(), "title"), Some(json!("Engineer")));
    assert_eq!(value(&mapping, &person, "nickName"), None);
    let updated = mapping.evaluate(&person, Moment::Update);
    assert!(!updated.iter().any(|mapped| mapped.target.is("title")));
    assert_eq!(mapping.value_of("title", &person), None);
}

#[test]
fn values_take_the_type_of_their_target() {
    let constant = |target: &str, text: &str| MappingDefinition {
        constant: Some(text.to_owned()),
        ..definition(target)
    };
    let mapping = ObjectMapping::default_user()
        .with(&[
            constant(r#"emails[type eq "work"].primary"#, "true"),
            constant("nickName", "True"),
            direct("urn:x:Custom:2.0:User:level", "level"),
            direct("userType", "level"),
            direct(r#"emails[type eq "other"].value"#, "otherMails"),
            direct("entitlements", "otherMails"),
        ])
        .unwrap();
    let mut person = alice();
    person.0.insert("level", AttributeValue::Integer(7));
    person.0.insert("otherMails", AttributeValue::Many(vec!["a@x".to_owned(), "b@x".to_owned()]));
    for (target, expected) in [
        (r#"emails[type eq "work"].primary"#, json!(true)),
        ("nickName", json!("True")),
        ("urn:x:Custom:2.0:User:level", json!(7)),
        ("userType", json!("7")),
        (r#"emails[type eq "other"].value"#, json!("a@x")),
        ("entitlements", json!([{"value": "a@x"}, {"value": "b@x"}])),
    ] {
        assert_eq!(value(&mapping, &person, target), Some(expected), "{target}");
    }
}

#[test]
fn a_guest_is_matched_and_created_under_its_own_address() {
    let mut person = alice();
    let name = "ann_fabrikam.com#EXT#@contoso.onmicrosoft.com";
    person.0.insert("userPrincipalName", AttributeValue::Text(name.to_owned()));
    let mapping = ObjectMapping::default_user()
        .with(&[direct("nickName", "originalUserPrincipalName")])
        .unwrap();
    assert_eq!(mapping.value_of("userName", &person).as_deref(), Some("ann@fabrikam.com"));
    assert_eq!(value(&mapping, &person, "nickName"), Some(json!(name)));
}

#[test]
fn the_matching_value_is_a_text_whatever_the_source_was() {
    let mapping = ObjectMapping::default_user();
    assert_eq!(mapping.value_of("username", &alice()).as_deref(), Some("alice@contoso.com"));
    assert_eq!(mapping.value_of("active", &alice()).as_deref(), Some("True"));
    assert_eq!(mapping.value_of("nothing", &alice()), None);
}

#[test]
fn a_redacted_value_is_sent_and_marked() {
    let redacted = MappingDefinition {
        expression: Some("Redact([employeeId])".to_owned()),
        ..definition("nickName")
    };
    let mapping = ObjectMapping::default_user().with(&[redacted]).unwrap();
    assert_eq!(value(&mapping, &alice(), "nickName"), Some(json!("E12345")));
    assert!(mapping.mapping("nickName").unwrap().is_redacted());
    assert!(!mapping.mapping("userName").unwrap().is_redacted());
}

#[test]
fn a_definition_that_makes_no_sense_is_refused_in_plain_words() {
    let expression = |target: &str, text: &str| MappingDefinition {
        expression: Some(text.to_owned()),
        ..definition(target)
    };
    let both = MappingDefinition { constant: Some("x".to_owned()), ..direct("title", "jobTitle") };
    let orphan = MappingDefinition { default_value: Some("x".to_owned()), ..definition("title") };
    let empty = MappingDefinition { constant: Some(String::new()), ..definition("title") };
    for (definition, words) in [
        (direct("a b", "mail"), "read the target path `a b`"),
        (direct("id", "objectId"), "`id`: key `target` is none that Entra maps"),
        (both, "keys direct, constant are given; accepted is one of"),
        (orphan, "key `default-value` is given without a source"),
        (empty, "key `constant` is empty"),
        (
            direct("title", "[jobTitle]"),
            "key `direct` is `[jobTitle]`; accepted is an attribute's bare",
        ),
        (definition("nickName"), "none has that target; mapped are userName, active,"),
        (
            expression(&format!("{ENTERPRISE_USER}:manager"), "[manager]"),
            "key `expression` is given for a reference",
        ),
        (
            expression("title", "Lower([x])"),
            "character 1: `Lower` is no function; accepted are Append,",
        ),
    ] {
        let message = refusal(definition);
        assert!(message.contains(words), "{message}");
    }
}
