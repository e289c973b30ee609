//! Limitations, defects and faults: each shows when it is switched on, and never otherwise.

use super::*;

/// As [`shows`], for what goes wrong when a query is read.
async fn misreads(defect: Defect, tenant: &EmbeddedTenant, user_target: &str) -> bool {
    let found = async |filter: &str| tenant.filter("/Users", filter).await.total();
    match defect {
        Defect::NotMissesAbsent => found("not (title eq \"x\")").await == 0,
        Defect::OrBeforeAnd => {
            found("userName eq \"Anna\" or userName eq \"bert\" and title pr").await == 0
        }
        Defect::ValuePathAcrossValues => {
            let emails = json!([{"type": "home", "value": "h@x.example"},
                                {"type": "work", "value": "w@x.example"}]);
            let operations = json!([{"op": "replace", "path": "emails", "value": emails}]);
            tenant.patch(user_target, operations).await.is(200);
            found("emails[type eq \"work\" and value sw \"h@\"]").await == 1
        }
        Defect::BooleanOrderAccepted => {
            tenant.filter("/Users", "active gt false").await.status == 200
        }
        Defect::SortIgnored => {
            let seen = tenant.get("/Users?sortBy=userName&sortOrder=descending").await;
            seen.column("/userName")[0] == "Anna"
        }
        Defect::CountZeroIgnored => !tenant.get("/Users?count=0").await.column("/id").is_empty(),
        Defect::PageWrapsRound => {
            let seen = tenant.get("/Users?filter=userName%20pr&startIndex=99").await;
            !seen.column("/id").is_empty()
        }
        Defect::AttributesIgnored => {
            let seen = tenant.get("/Users?attributes=id").await;
            seen.body["Resources"][0].get("userName").is_some()
        }
        Defect::ProjectionStored => {
            let operations = json!([{"op": "replace", "path": "active", "value": true}]);
            tenant.patch(user_target, json!([{"op": "add", "path": "title", "value": "x"}])).await;
            tenant.patch(&format!("{user_target}?attributes=userName"), operations).await.is(200);
            tenant.get(user_target).await.body.get("title").is_none()
        }
        _ => unreachable!("{defect} is asked for elsewhere"),
    }
}

/// Whether a tenant shows what the defect says.
#[expect(clippy::too_many_lines, reason = "one arm for each defect, and the compiler counts them")]
async fn shows(defect: Defect, tenant: &EmbeddedTenant) -> bool {
    let id = tenant.new_user("Anna").await;
    let (second, third) = (tenant.new_user("bert").await, tenant.new_user("carl").await);
    let user_target = format!("/Users/{id}");
    let listed = |id: &str| json!([{ "value": id }]);
    let set = |path: &str, value: Value| json!([{"op": "replace", "path": path, "value": value}]);
    let on_members =
        |op: &str, id: &str| json!([{"op": op, "path": "members", "value": listed(id)}]);
    if defect == Defect::GroupsMissing {
        return tenant.get("/Groups").await.status == 404;
    }
    let group_id = tenant.new_group("Team", &[&id, &second]).await;
    let group_target = format!("/Groups/{group_id}");
    let home = json!([{"type": "home", "value": "h@x.example"}]);
    let home = json!([{"op": "add", "path": "emails", "value": home}]);
    match defect {
        Defect::BooleanKeptAsText => {
            tenant.patch(&user_target, set("active", "False".into())).await.is(200);
            tenant.get(&user_target).await.body["active"] == "False"
        }
        Defect::CapitalisedOpRefused => {
            tenant.patch(&group_target, on_members("Add", &third)).await.status == 400
        }
        Defect::RemoveEmptiesGroup => {
            tenant.patch(&group_target, on_members("remove", &second)).await.is(204);
            members_of(&tenant.get(&group_target).await).is_empty()
        }
        Defect::NullReferenceRefused => {
            let member = json!([{"$ref": null, "value": third}]);
            let add = json!([{"op": "add", "path": "members", "value": member}]);
            tenant.patch(&group_target, add).await.status == 400
        }
        Defect::LostUpdates => {
            let (one, other) = (on_members("add", &third), on_members("remove", &second));
            tokio::join!(tenant.patch(&group_target, one), tenant.patch(&group_target, other));
            members_of(&tenant.get(&group_target).await) != [id.as_str(), third.as_str()]
        }
        Defect::RepeatedMemberRefused => {
            let again = tenant.patch(&group_target, on_members("add", &second)).await;
            let absent = tenant.patch(&group_target, on_members("remove", &third)).await;
            again.status >= 400 && absent.status >= 400
        }
        Defect::LiteralKeysStored => {
            let operations = json!([{"op": "replace", "value": {"name.givenName": "New"}}]);
            tenant.patch(&user_target, operations).await.is(200);
            tenant.get(&user_target).await.body["name.givenName"] == "New"
        }
        Defect::AbsentValuePathRefused => {
            let path = "phoneNumbers[type eq \"work\"].value";
            tenant.patch(&user_target, set(path, "1".into())).await.status == 400
        }
        Defect::SiblingsDeleted => {
            tenant.patch(&user_target, home).await.is(200);
            let path = "emails[type eq \"work\"].value";
            let seen = tenant.patch(&user_target, set(path, "w@x.example".into())).await.is(200);
            seen.body["emails"].as_array().unwrap().len() == 1
        }
        Defect::InactiveUserRefused => {
            tenant.patch(&user_target, set("active", false.into())).await.is(200);
            tenant.patch(&user_target, set("title", "x".into())).await.status == 409
        }
        Defect::StaleAnswer => {
            let seen = tenant.patch(&user_target, set("title", "x".into())).await;
            seen.body.get("title").is_none()
        }
        Defect::EmptyOperationsCrash => tenant.patch(&user_target, json!([])).await.status == 500,
        Defect::PatchNotAtomic => {
            let operations = json!([
                {"op": "replace", "path": "title", "value": "x"},
                {"op": "replace", "path": "id", "value": "x"},
            ]);
            assert_eq!(tenant.patch(&user_target, operations).await.status, 400);
            tenant.get(&user_target).await.body["title"] == "x"
        }
        Defect::IdChangesOnUpdate => {
            tenant.patch(&user_target, set("title", "x".into())).await.id() != id
        }
        Defect::ValuesAppended => {
            let mails = json!([{"type": "home", "value": "h@x.example"}]);
            let seen = tenant.patch(&user_target, set("emails", mails)).await.is(200);
            seen.body["emails"].as_array().unwrap().len() == 2
        }
        Defect::ComplexReplacedWhole => {
            tenant.patch(&user_target, set("name.givenName", "A".into())).await.is(200);
            let name = json!({"familyName": "B"});
            let seen = tenant.patch(&user_target, set("name", name)).await.is(200);
            seen.body["name"] == json!({"familyName": "B"})
        }
        Defect::TwoPrimaries => {
            tenant.patch(&user_target, set("emails.primary", true.into())).await.is(200);
            let mail = json!([{"type": "home", "value": "h@x.example", "primary": true}]);
            let add = json!([{"op": "add", "path": "emails", "value": mail}]);
            let seen = tenant.patch(&user_target, add).await.is(200);
            seen.body["emails"].as_array().unwrap().iter().all(|it| it["primary"] == true)
        }
        Defect::PathCaseSensitive => {
            tenant.patch(&user_target, set("TITLE", "x".into())).await.status == 400
        }
        Defect::PutMerges => {
            let mut body = user("Anna");
            body["emails"] = json!([{"type": "home", "value": "h@x.example"}]);
            let seen = tenant.put(&user_target, &body).await.is(200);
            seen.body["emails"].as_array().unwrap().len() == 2
        }
        Defect::RenameIgnored => {
            tenant.patch(&group_target, set("displayName", "New".into())).await.is(204);
            tenant.get(&group_target).await.body["displayName"] == "Team"
        }
        Defect::RenameMakesSecondGroup => {
            tenant.patch(&group_target, set("displayName", "New".into())).await.is(204);
            tenant.counts().1 == 2
        }
        Defect::MembersNotExcluded => {
            let seen = tenant.get(&format!("{group_target}?excludedAttributes=members")).await;
            !members_of(&seen).is_empty()
        }
        Defect::DuplicateGroupsAccepted => {
            tenant.post("/Groups", &group("team", &[])).await.status == 201
        }
        Defect::GroupDeleteRefused => tenant.delete(&group_target).await.status == 400,
        Defect::GroupsMissing => unreachable!("asked above, before there is a group"),
        Defect::EmptyResultNotFound => {
            tenant.filter("/Users", "userName eq \"x\"").await.status == 404
        }
        Defect::ExternalIdFilterRefused => {
            tenant.filter("/Users", "externalId eq \"ext-bert\"").await.status == 400
        }
        Defect::FilterIgnored => tenant.filter("/Users", "userName eq \"bert\"").await.total() == 3,
        Defect::UserNameCaseSensitive => {
            tenant.filter("/Users", "userName eq \"anna\"").await.total() == 0
        }
        Defect::GroupNameCaseSensitive => {
            tenant.filter("/Groups", "displayName eq \"team\"").await.total() == 0
        }
        Defect::InactiveHidden => {
            tenant.patch(&user_target, set("active", false.into())).await.is(200);
            tenant.filter("/Users", "userName eq \"Anna\"").await.total() == 0
        }
        Defect::UnknownFilterCrash => tenant.filter("/Users", "x eq \"x\"").await.status == 500,
        Defect::NotMissesAbsent
        | Defect::OrBeforeAnd
        | Defect::ValuePathAcrossValues
        | Defect::BooleanOrderAccepted
        | Defect::SortIgnored
        | Defect::CountZeroIgnored
        | Defect::PageWrapsRound
        | Defect::AttributesIgnored
        | Defect::ProjectionStored => misreads(defect, tenant, &user_target).await,
        Defect::CountIgnored => tenant.get("/Users?count=1").await.column("/id").len() == 3,
        Defect::TotalIsPageSize => tenant.get("/Users?count=1").await.total() == 1,
        Defect::PlainJsonMediaType => {
            tenant.get("/Users").await.header(header::CONTENT_TYPE) == "application/json"
        }
        Defect::ResourcesMissing => {
            tenant.filter("/Users", "title pr").await.body.get("Resources").is_none()
        }
        Defect::ActiveAnsweredAsText => tenant.get(&user_target).await.body["active"] == "true",
        Defect::NumericStatus => tenant.get("/Users/x").await.body["status"] == 404,
        Defect::HtmlErrorPage => {
            let seen = tenant.get("/Users/x").await;
            seen.header(header::CONTENT_TYPE) == "text/html" && seen.bytes.starts_with(b"<html>")
        }
        Defect::PasswordReturned => tenant.get(&user_target).await.body.get("password").is_some(),
        Defect::LocationMissing => {
            let seen = tenant.post("/Users", &user("dora")).await.is(201);
            seen.header(header::LOCATION).is_empty()
        }
        Defect::DuplicateUserAccepted => tenant.post("/Users", &user("anna")).await.status == 201,
        Defect::ConflictWithoutType => {
            tenant.post("/Users", &user("anna")).await.is(409).body.get("scimType").is_none()
        }
        Defect::MetaRefused => {
            let mut body = user("dora");
            body["meta"] = json!({"resourceType": "User"});
            tenant.post("/Users", &body).await.status == 400
        }
        Defect::SecondGroupUrnRefused => {
            let mut body = group("Other", &[]);
            body["schemas"] = json!([scim::GROUP, scim::MICROSOFT_GROUP]);
            tenant.post("/Groups", &body).await.status == 400
        }
        Defect::DeletedUserReadable => {
            tenant.delete(&user_target).await.is(204);
            tenant.get(&user_target).await.status == 200
        }
        Defect::DeleteOnlyDeactivates => {
            tenant.delete(&user_target).await.is(204);
            tenant.filter("/Users", "userName eq \"anna\"").await.total() == 1
        }
        Defect::UnknownIdCrash => tenant.get("/Users/x").await.status == 500,
        Defect::StraySlashUnknown => tenant.get("/Users/?count=1").await.status == 404,
        Defect::ErrorUnderOk
        | Defect::TraceShown
        | Defect::SchemeCaseSensitive
        | Defect::ChallengeMissing
        | Defect::AnonymousCreate
        | Defect::LettersLost => shows_at_the_door(defect, tenant).await,
        Defect::FlagsAsText
        | Defect::TypesAsArray
        | Defect::DiscoveryPaged
        | Defect::KeywordsInLowerCase
        | Defect::SchemaUnreadable => shows_in_discovery(defect, tenant).await,
    }
}

/// As [`shows`], for access, errors and letters.
async fn shows_at_the_door(defect: Defect, tenant: &EmbeddedTenant) -> bool {
    let with_credential = async |method: &str, credential: &str| {
        let request = Request::builder().method(method).uri("/scim/Users");
        let request = request.header(header::AUTHORIZATION, credential);
        tenant.send(request.body(Body::from(user("eve").to_string())).unwrap()).await
    };
    match defect {
        Defect::ErrorUnderOk => tenant.get("/Users/x").await.status == 200,
        Defect::TraceShown => {
            let seen = tenant.get("/Users/x").await.refused(404, None);
            seen.body["detail"].as_str().unwrap().contains("Handler.java")
        }
        Defect::SchemeCaseSensitive => {
            with_credential("GET", &format!("bearer {SECRET}")).await.status == 401
        }
        Defect::ChallengeMissing => {
            let seen = with_credential("GET", "Bearer wrong").await.is(401);
            seen.header(header::WWW_AUTHENTICATE).is_empty()
        }
        Defect::AnonymousCreate => with_credential("POST", "Bearer wrong").await.status == 201,
        _ => {
            let mut body = user("zoe");
            body["displayName"] = "Zoë".into();
            tenant.post("/Users", &body).await.is(201).body["displayName"] == "Zo?"
        }
    }
}

/// As [`shows`], for what the tenant says about itself.
async fn shows_in_discovery(defect: Defect, tenant: &EmbeddedTenant) -> bool {
    match defect {
        Defect::FlagsAsText => {
            tenant.get("/ServiceProviderConfig").await.body["patch"]["supported"] == "true"
        }
        Defect::TypesAsArray => tenant.get("/ResourceTypes").await.is(200).body.is_array(),
        Defect::DiscoveryPaged => {
            tenant.get("/Schemas?count=1").await.is(200).column("/id").len() == 1
        }
        Defect::KeywordsInLowerCase => {
            let first = tenant.get("/Schemas").await.is(200).body["Resources"][0].clone();
            first["attributes"][0]["mutability"] == "readwrite"
        }
        _ => tenant.get(&format!("/Schemas/{}", scim::USER)).await.status == 404,
    }
}

#[tokio::test]
async fn each_defect_shows_when_it_is_switched_on_and_a_clean_tenant_shows_none() {
    for defect in Defect::ALL {
        assert!(shows(*defect, &with_defect(*defect)).await, "{defect} does not show");
        assert!(!shows(*defect, &tenant()).await, "{defect} shows in a clean tenant");
    }
}

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
