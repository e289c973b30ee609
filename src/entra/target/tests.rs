//! Every path form, read from what tenants return and written into what Entra creates.

use proptest::prelude::*;

use super::*;
use crate::scim::ENTERPRISE_USER;

fn path(text: &str) -> TargetPath {
    TargetPath::parse(text).unwrap()
}

fn problem(text: &str) -> String {
    TargetPath::parse(text).unwrap_err().to_string()
}

#[test]
fn every_form_of_a_path_falls_into_its_parts() {
    let simple = path(" displayName ");
    assert_eq!((simple.text.as_str(), simple.attribute.as_str()), ("displayName", "displayName"));
    assert_eq!((&simple.schema, &simple.selector, &simple.sub_attribute), (&None, &None, &None));

    let dotted = path("name.givenName");
    assert_eq!(
        (dotted.attribute.as_str(), dotted.sub_attribute.as_deref()),
        ("name", Some("givenName"))
    );

    let selected = path("emails[type eq \"work\"].value");
    let selector = selected.selector.unwrap();
    assert_eq!((selector.attribute.as_str(), selector.literal.as_str()), ("type", "work"));
    assert_eq!(selected.sub_attribute.as_deref(), Some("value"));

    let bare = path("roles[primary EQ true]");
    assert_eq!(bare.selector.unwrap().literal, "true");
    assert_eq!(bare.sub_attribute, None);

    let extension = path(&format!("{ENTERPRISE_USER}:department"));
    assert_eq!(extension.schema.as_deref(), Some(ENTERPRISE_USER));
    assert_eq!((extension.attribute.as_str(), extension.sub_attribute), ("department", None));

    let deep = path(&format!("{ENTERPRISE_USER}:manager.value"));
    assert_eq!(
        (deep.attribute.as_str(), deep.sub_attribute.as_deref()),
        ("manager", Some("value"))
    );

    let odd = path("x[type eq \"a]:b.c\"].value");
    assert_eq!(odd.schema, None);
    assert_eq!(odd.selector.unwrap().literal, "a]:b.c");
}

#[test]
fn what_is_no_path_is_refused_with_its_reason() {
    for (text, reason) in [
        ("", "`` is no attribute name"),
        ("1st", "`1st` is no attribute name"),
        ("name.", "`` is no attribute name"),
        ("name.given.deep", "`given.deep` is no attribute name"),
        ("naïve", "`naïve` is no attribute name"),
        ("emails[type eq \"work\"", "not closed"),
        ("emails[type eq \"work\"]value", "only `.` and a sub-attribute"),
        ("emails[type]", "not of the form"),
        ("emails[type ne \"work\"]", "`ne` is not `eq`"),
        ("emails[type eq work]", "`work` is not in quotation marks"),
        ("emails[type eq \"work\" or x]", "not in quotation marks"),
        ("emails[type eq \"\"]", "not in quotation marks"),
        ("http://x:y", "no schema URN"),
        (ENTERPRISE_USER, "names a schema and no attribute"),
    ] {
        let message = problem(text);
        assert!(message.contains(reason), "{text}: {message}");
        assert!(message.contains("accepted are `displayName`"), "{message}");
    }
}

#[test]
fn a_value_is_read_whatever_the_case_of_names_and_selectors() {
    let resource = json!({
        "DisplayName": "Alice",
        "name": {"GivenName": "Al"},
        "emails": [{"type": "home", "value": "h@x"}, {"Type": "WORK", "Value": "w@x"}],
        "roles": [{"primary": false, "value": "no"}, {"primary": true, "value": "Admin"}],
        ENTERPRISE_USER.to_uppercase(): {"department": "R&D", "manager": {"value": "7"}},
    });
    for (text, value) in [
        ("displayName", "Alice"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:displayName", "Alice"),
        ("name.givenName", "Al"),
        ("emails[type eq \"work\"].value", "w@x"),
        ("roles[primary eq \"True\"].value", "Admin"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "R&D"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", "7"),
    ] {
        assert_eq!(path(text).read(&resource), Some(json!(value)), "{text}");
    }
    assert_eq!(
        path("emails").read(&resource).and_then(|all| all.as_array().map(Vec::len)),
        Some(2)
    );
}

#[test]
fn what_says_nothing_is_absent() {
    for nothing in [json!(null), json!([]), json!(""), json!({})] {
        assert_eq!(path("title").read(&json!({"title": nothing})), None);
        let email = json!({"emails": [{"type": "work", "value": nothing}]});
        assert_eq!(path("emails[type eq \"work\"].value").read(&email), None);
    }
    assert_eq!(path("active").read(&json!({"active": false})), Some(json!(false)));
    assert_eq!(path("emails[type eq \"work\"].value").read(&json!({"emails": "x"})), None);
    assert_eq!(path("name.givenName").read(&json!({"name": "x"})), None);
    assert_eq!(path("title").read(&json!(["title"])), None);
}

#[test]
fn the_first_matching_entry_that_says_something_is_read() {
    let emails = json!({"emails": [{"type": "work"}, {"type": "work", "value": "w@x"}]});
    assert_eq!(path("emails[type eq \"work\"].value").read(&emails), Some(json!("w@x")));
    assert_eq!(path("emails[type eq \"other\"].value").read(&emails), None);
}

#[test]
fn a_role_is_composed_as_the_documentation_shows_it() {
    let mut body = json!({"roles": []});
    path("roles[primary eq \"True\"].value").write_into(&mut body, json!("Admin"));
    assert_eq!(
        body.to_string(),
        r#"{"roles":[{"primary":true,"type":"WindowsAzureActiveDirectoryRole","value":"Admin"}]}"#
    );
}

#[test]
fn writing_a_second_time_replaces_and_leaves_other_entries() {
    let work = path("emails[type eq \"work\"].value");
    let mut body = json!({});
    path("emails[type eq \"other\"].value").write_into(&mut body, json!("o@x"));
    work.write_into(&mut body, json!("a@x"));
    work.write_into(&mut body, json!("b@x"));
    assert_eq!(
        body,
        json!({"emails": [{"type": "other", "value": "o@x"},
                          {"primary": true, "type": "work", "value": "b@x"}]})
    );
}

#[test]
fn a_custom_extension_gets_its_own_container() {
    let mut body = json!({"meta": {}});
    path("urn:x:Custom:2.0:User:badge").write_into(&mut body, json!("7"));
    path("nickName").write_into(&mut body, json!("Al"));
    assert_eq!(
        body.to_string(),
        r#"{"nickName":"Al","urn:x:Custom:2.0:User":{"badge":"7"},"meta":{}}"#
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(
        text in "\\PC{0,60}",
        shaped in "[a-z:.\\[\\]\" eqé]{0,40}",
    ) {
        let _ = TargetPath::parse(&text);
        if let Ok(parsed) = TargetPath::parse(&shaped) {
            let mut body = json!(null);
            parsed.write_into(&mut body, json!("v"));
            prop_assert_eq!(parsed.read(&body), Some(json!("v")));
        }
    }

    #[test]
    fn what_is_written_is_read_again(name in "[a-z][a-zA-Z0-9]{0,8}", kind in "[a-z]{1,6}") {
        for text in [
            name.clone(),
            format!("{name}.{kind}"),
            format!("{name}[type eq \"{kind}\"].value"),
            format!("urn:x:{kind}:2.0:User:{name}"),
        ] {
            let mut body = json!({"schemas": []});
            path(&text).write_into(&mut body, json!("v"));
            prop_assert_eq!(path(&text).read(&body), Some(json!("v")), "{}", text);
        }
    }
}
