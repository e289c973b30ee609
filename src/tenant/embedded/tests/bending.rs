//! Limitations and faults: each shows when it is switched on, and never otherwise. That each
//! defect shows is proven by the check that must find it.

use super::*;

#[tokio::test]
async fn a_group_keeps_its_name_while_the_rest_of_the_request_applies() {
    for how in [Manner::Ignored, Manner::IgnoredOrRefused] {
        let tenant = with_limitation(LimitationKind::GroupRename, how);
        let member = tenant.new_user("anna").await;
        let id = tenant.new_group("old", &[]).await;
        let target = format!("/Groups/{id}");
        let operations = json!([
            {"op": "Replace", "path": "displayName", "value": "new"},
            {"op": "Add", "path": "members", "value": [{"value": member}]},
        ]);
        tenant.patch(&target, operations).await.is(204);
        let seen = tenant.put(&target, &group("newer", &[&member])).await.is(200);
        assert_eq!(seen.body["displayName"], "old");
        assert_eq!(members_of(&seen), [member.as_str()]);
        assert_eq!(tenant.filter("/Groups", "displayName eq \"new\"").await.total(), 0);
        assert_eq!(tenant.filter("/Groups", "displayName eq \"old\"").await.total(), 1);
    }
}

#[tokio::test]
async fn a_rename_can_be_refused_instead() {
    let tenant = with_limitation(LimitationKind::GroupRename, Manner::Refused);
    let target = format!("/Groups/{}", tenant.new_group("old", &[]).await);
    let rename = json!([{"op": "Replace", "path": "displayName", "value": "new"}]);
    tenant.patch(&target, rename).await.refused(400, Some("mutability"));
    let same = json!([{"op": "Replace", "path": "displayName", "value": "old"}]);
    tenant.patch(&target, same).await.is(204);
}

#[tokio::test]
async fn a_user_name_must_be_an_email_address_where_the_profile_says_so() {
    let tenant = with_limitation(LimitationKind::UserNameIsEmail, Manner::default());
    tenant.post("/Users", &user("anna")).await.refused(400, Some("invalidValue"));
    tenant.new_user("anna@x.example").await;
}

#[tokio::test]
async fn the_assigned_phone_number_survives_every_write() {
    let tenant = with_limitation(LimitationKind::AddedPhoneNumber, Manner::default());
    let target = format!("/Users/{}", tenant.new_user("anna").await);
    let assigned = tenant.get(&target).await.body["phoneNumbers"][0].clone();
    assert_eq!(assigned["type"], "Dialpad");
    let path = "phoneNumbers[type eq \"work\"].value";
    let work = json!([{"op": "Replace", "path": path, "value": "1"}]);
    let seen = tenant.patch(&target, work).await.is(200);
    assert_eq!(seen.body["phoneNumbers"], json!([{"type": "work", "value": "1"}, assigned]));
    let all = json!([{"op": "remove", "path": "phoneNumbers"}]);
    assert_eq!(tenant.patch(&target, all).await.is(200).body["phoneNumbers"], json!([assigned]));
    let seen = tenant.put(&target, &user("anna")).await.is(200);
    assert_eq!(seen.body["phoneNumbers"], json!([assigned]));
    let unchanged = tenant.put(&target, &seen.body).await.is(200);
    assert_eq!(unchanged.body["meta"]["version"], seen.body["meta"]["version"]);
    assert_eq!(tenant.filter("/Users", "phoneNumbers.type eq \"dialpad\"").await.total(), 1);
}

#[tokio::test]
async fn a_throttled_request_says_when_to_come_back() {
    let tenant = with_faults(Faults {
        throttle_every: Some(2),
        retry_after_seconds: Some(3),
        ..Faults::default()
    });
    tenant.get("/Users").await.is(200);
    let seen = tenant.get("/Users").await.refused(429, None);
    assert_eq!(seen.header(header::RETRY_AFTER), "3");
    tenant.get("/Users").await.is(200);
}

#[tokio::test]
async fn a_burst_of_errors_leaves_the_store_alone() {
    let faults = Faults { error_every: Some(1), error_status: Some(502), ..Faults::default() };
    let tenant = with_faults(faults);
    tenant.post("/Users", &user("anna")).await.refused(502, None);
    assert_eq!(tenant.counts(), (0, 0));
}

#[tokio::test]
async fn a_lost_answer_has_taken_effect_and_a_dropped_request_has_not() {
    let lost = with_faults(Faults { lost_answer_probability: 1.0, ..Faults::default() });
    assert!(lost.post("/Users", &user("anna")).await.dropped);
    assert_eq!(lost.counts(), (1, 0));
    let dropped = with_faults(Faults { drop_probability: 1.0, ..Faults::default() });
    assert!(dropped.post("/Users", &user("anna")).await.dropped);
    assert_eq!(dropped.counts(), (0, 0));
}

#[tokio::test]
async fn a_new_user_can_be_read_before_filters_show_it() {
    let tenant = with_faults(Faults { visibility_delay_ms: 200, ..Faults::default() });
    let id = tenant.new_user("anna").await;
    tenant.get(&format!("/Users/{id}")).await.is(200);
    assert_eq!(tenant.filter("/Users", "userName eq \"anna\"").await.total(), 0);
    assert_eq!(tenant.get("/Users").await.total(), 0);
    tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    assert_eq!(tenant.filter("/Users", "userName eq \"anna\"").await.total(), 1);
    assert_eq!(tenant.get("/Users").await.column("/id"), [id]);
}
