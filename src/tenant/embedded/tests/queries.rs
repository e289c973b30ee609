//! Lists, filters, sorting, paging and `/.search`.

use super::*;

async fn three_users(tenant: &EmbeddedTenant) {
    for name in ["anna", "Bert", "carl"] {
        tenant.new_user(name).await;
    }
}

#[tokio::test]
async fn an_indexed_filter_and_a_walk_find_the_same() {
    let tenant = tenant();
    three_users(&tenant).await;
    for (filter, expected) in [
        ("userName eq \"BERT\"", &["Bert"][..]),
        ("USERNAME Eq \"bert\" and active eq true", &["Bert"]),
        ("userName eq \"bert\" and active eq false", &[]),
        ("userName eq \"bert\" or externalId eq \"ext-anna\"", &["anna", "Bert"]),
        ("externalId eq \"ext-carl\"", &["carl"]),
        ("externalId eq \"EXT-carl\"", &[]),
        ("emails.value eq \"ANNA@work.example\"", &["anna"]),
        ("emails[type eq \"work\"].value eq \"anna@work.example\"", &["anna"]),
        ("emails[type eq \"work\" and value eq \"anna@work.example\"]", &["anna"]),
        ("emails[type eq \"home\"].value eq \"anna@work.example\"", &[]),
        ("userName sw \"b\"", &["Bert"]),
        ("active eq true and userName sw \"B\"", &["Bert"]),
        ("userName sw \"be\" or userName sw \"an\"", &["anna", "Bert"]),
        ("not (userName sw \"b\")", &["anna", "carl"]),
        ("not (userName eq \"anna\")", &["Bert", "carl"]),
        ("title pr", &[]),
        ("userName eq \"nobody\"", &[]),
        (&format!("{}:userName eq \"anna\"", scim::USER), &["anna"]),
        (&format!("{}:department eq \"sales\"", scim::ENTERPRISE_USER), &["anna", "Bert", "carl"]),
    ] {
        let seen = tenant.filter("/Users", filter).await.is(200);
        assert_eq!(seen.column("/userName"), expected, "{filter}");
        assert_eq!(seen.total(), expected.len() as u64, "{filter}");
    }
    let anna = tenant.filter("/Users", "userName eq \"anna\"").await.body["Resources"][0].clone();
    let id = anna["id"].as_str().unwrap();
    assert_eq!(tenant.filter("/Users", &format!("id eq \"{id}\"")).await.column("/id"), [id]);
    assert_eq!(tenant.get(&format!("/Users/{id}")).await.body, anna, "a list hides nothing");
}

#[tokio::test]
async fn no_match_is_an_empty_list() {
    let seen = tenant().filter("/Users", "userName eq \"7d420df3\"").await.is(200);
    assert_eq!(seen.body["schemas"], json!([scim::LIST_RESPONSE]));
    assert_eq!((seen.total(), &seen.body["Resources"]), (0, &json!([])));
}

#[tokio::test]
async fn wrong_filters_are_refused() {
    let tenant = tenant();
    for filter in
        ["userName", "userName eq", "active gt true", "((", "userName xx \"a\"", "nope eq \"x\""]
    {
        tenant.filter("/Users", filter).await.refused(400, Some("invalidFilter"));
    }
    tenant.filter("", "nope eq \"x\"").await.is(200);
}

#[tokio::test]
async fn strange_slashes_and_parameters_do_not_hide_the_filter() {
    let tenant = tenant();
    three_users(&tenant).await;
    for target in [
        "/Users/?filter=userName+eq+%22anna%22",
        "//Users?filter=userName%20eq%20%22anna%22",
        "/Users?aadOptscim062020&filter=userName+eq+%22anna%22&x=1",
    ] {
        assert_eq!(tenant.get(target).await.is(200).column("/userName"), ["anna"], "{target}");
    }
}

#[tokio::test]
async fn pages_cover_the_list_once_in_the_order_of_creation() {
    let tenant = tenant();
    let mut created = Vec::new();
    for number in 0..23 {
        created.push(tenant.new_user(&format!("u{number}")).await);
        tenant.new_group(&format!("g{number}"), &[]).await;
    }
    tenant.delete(&format!("/Users/{}", created.remove(4))).await.is(204);
    for extra in ["", "&filter=userName+sw+%22U%22"] {
        let mut walked = Vec::new();
        for start in (1..=22).step_by(5) {
            let seen =
                tenant.get(&format!("/Users?startIndex={start}&count=5{extra}")).await.is(200);
            assert_eq!((seen.total(), &seen.body["startIndex"]), (22, &json!(start)));
            let page: Vec<String> = seen.column("/id").into_iter().map(str::to_owned).collect();
            assert_eq!(seen.body["itemsPerPage"], page.len());
            walked.extend(page);
        }
        assert_eq!(walked, created, "{extra}");
    }
    let beyond = tenant.get("/Users?startIndex=1000000").await.is(200);
    assert_eq!((beyond.total(), beyond.body["Resources"].clone()), (22, json!([])));
    for none in ["count=0", "count=-3"] {
        let seen = tenant.get(&format!("/Users?{none}")).await.is(200);
        assert_eq!((seen.total(), seen.column("/id").len()), (22, 0));
    }
    tenant.get("/Users?startIndex=x").await.refused(400, Some("invalidValue"));
}

#[tokio::test]
async fn the_default_page_has_a_hundred_and_none_more_than_a_thousand() {
    let tenant = tenant();
    for number in 0..1_005 {
        tenant.new_user(&format!("u{number}")).await;
    }
    assert_eq!(tenant.get("/Users").await.column("/id").len(), 100);
    assert_eq!(tenant.get("/Users?count=2147483648").await.column("/id").len(), 1_000);
}

#[tokio::test]
async fn sorting_comes_before_paging() {
    let tenant = tenant();
    three_users(&tenant).await;
    let names = async |order: &str| {
        let seen = tenant.get(&format!("/Users?sortBy=userName&{order}")).await.is(200);
        seen.column("/userName").join(" ")
    };
    assert_eq!(names("count=2").await, "anna Bert");
    assert_eq!(names("sortOrder=descending").await, "carl Bert anna");
    assert_eq!(names("startIndex=3&sortOrder=up").await, "carl");
    tenant.get("/Users?sortBy=nope").await.is(200);
    tenant.get("/Users?sortBy=%5B").await.is(200);
}

#[tokio::test]
async fn a_search_says_what_a_get_says() {
    let tenant = tenant();
    three_users(&tenant).await;
    tenant.new_group("carl", &[]).await;
    let body = json!({
        "schemas": [scim::SEARCH_REQUEST],
        "filter": "userName sw \"a\" or userName sw \"b\"",
        "attributes": ["userName"],
        "sortBy": "userName",
        "sortOrder": "descending",
        "startIndex": 1,
        "count": 1,
    });
    let seen = tenant.post("/Users/.search", &body).await.is(200);
    assert_eq!((seen.total(), seen.column("/userName")), (2, vec!["Bert"]));
    assert!(seen.body["Resources"][0].get("emails").is_none());
    let all = json!({"schemas": [scim::SEARCH_REQUEST]});
    assert_eq!(tenant.post("/.search", &all).await.is(200).total(), 4);
    assert_eq!(tenant.get("/").await.is(200).total(), 4);
    let groups = tenant.filter("", "meta.resourceType eq \"Group\"").await.is(200);
    assert_eq!(groups.column("/displayName"), ["carl"]);
    assert_eq!(tenant.filter("", "userName pr").await.total(), 3);
    tenant.post("/.search", &json!({})).await.refused(400, Some("invalidSyntax"));
    let wrong = json!({"schemas": [scim::SEARCH_REQUEST], "filter": "x x"});
    tenant.post("/Users/.search", &wrong).await.refused(400, Some("invalidFilter"));
    assert_eq!(tenant.counts(), (3, 1));
}

#[tokio::test]
async fn attributes_are_chosen_in_lists_too() {
    let tenant = tenant();
    let user = tenant.new_user("anna").await;
    tenant.new_group("g", &[&user]).await;
    let target = "/Groups?excludedAttributes=members&filter=displayName+eq+%22G%22";
    let seen = tenant.get(target).await.is(200);
    assert_eq!(seen.column("/displayName"), ["g"]);
    assert!(seen.body["Resources"][0].get("members").is_none());
    tenant
        .get("/Groups?attributes=id&excludedAttributes=x")
        .await
        .refused(400, Some("invalidValue"));
}
