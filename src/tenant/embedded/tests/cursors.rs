//! Pages by cursor: walks, what moves under them, and who may go on with them.

use super::*;

/// Walks to the end, with a word before each page; the userNames in the order shown.
async fn walk(tenant: &EmbeddedTenant, query: &str, before: impl AsyncFn(usize)) -> Vec<String> {
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    for page in 0..20 {
        before(page).await;
        let seen = tenant.get(&format!("/Users?{query}&cursor={cursor}")).await.is(200);
        walked.extend(seen.column("/userName").into_iter().map(str::to_owned));
        assert_eq!(seen.body.get("previousCursor").is_some(), page > 0);
        assert!(seen.body.get("startIndex").is_none());
        match seen.body["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return walked,
        }
    }
    panic!("the walk does not end");
}

async fn ten_users(tenant: &EmbeddedTenant) -> Vec<String> {
    let mut ids = Vec::new();
    for name in ["j", "b", "h", "d", "f", "e", "g", "c", "i", "a"] {
        ids.push(tenant.new_user(name).await);
    }
    ids
}

#[tokio::test]
async fn a_walk_shows_everybody_once_in_the_order_asked_for() {
    let tenant = tenant();
    ten_users(&tenant).await;
    tenant.new_group("group", &[]).await;
    let nothing = async |_| ();
    let walked = async |query: &str| walk(&tenant, query, nothing).await.concat();
    assert_eq!(walked("count=3").await, "jbhdfegcia");
    assert_eq!(walked("count=100").await, "jbhdfegcia");
    assert_eq!(walked("count=4&sortBy=userName").await, "abcdefghij");
    assert_eq!(walked("count=2&filter=userName+gt+%22e%22").await, "jhfgi");
    let seen = tenant.get("/Users?cursor&count=3").await.is(200);
    assert_eq!((seen.total(), &seen.body["itemsPerPage"]), (10, &json!(3)));
    for none in ["count=0", "count=-1"] {
        let seen = tenant.get(&format!("/Users?cursor=&{none}")).await.is(200);
        assert_eq!((seen.total(), seen.column("/id").len()), (10, 0));
        assert!(seen.body.get("nextCursor").is_none());
    }
    assert!(tenant.get("/Users?count=2").await.body.get("nextCursor").is_none());
}

#[tokio::test]
async fn who_comes_and_goes_makes_nobody_else_miss_a_page() {
    for query in ["count=3", "count=3&filter=active+eq+true"] {
        let tenant = tenant();
        let ids = ten_users(&tenant).await;
        let walked = walk(&tenant, query, async |page| {
            if page == 1 {
                // Two that were shown, the last of them among them, and one that was not.
                for gone in [0, 2, 5] {
                    tenant.delete(&format!("/Users/{}", ids[gone])).await.is(204);
                }
                tenant.new_user("late").await;
            }
        });
        assert_eq!(walked.await.concat(), "jbhdfgcialate", "{query}");
    }
}

#[tokio::test]
async fn the_previous_page_is_the_one_before() {
    let tenant = tenant();
    ten_users(&tenant).await;
    let page = async |cursor: &Value| {
        let cursor = cursor.as_str().unwrap_or_default();
        tenant.get(&format!("/Users?count=3&cursor={cursor}")).await.is(200)
    };
    let first = page(&Value::Null).await;
    let second = page(&first.body["nextCursor"]).await;
    let third = page(&second.body["nextCursor"]).await;
    let back = page(&third.body["previousCursor"]).await;
    assert_eq!(back.column("/userName"), second.column("/userName"));
    let back = page(&back.body["previousCursor"]).await;
    assert_eq!(back.column("/userName"), first.column("/userName"));
    assert!(back.body.get("previousCursor").is_none());
}

#[tokio::test]
async fn a_cursor_is_good_for_its_query_its_count_and_its_key_alone() {
    let mut settings = settings();
    settings.keys.add("second", "abracadabra", None, true);
    let tenant = EmbeddedTenant::new(settings);
    ten_users(&tenant).await;
    let filter = "filter=userName+gt+%22b%22";
    let first = tenant.get(&format!("/Users?{filter}&count=3&cursor")).await.is(200);
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let unknown = tenant.get("/Users?count=3&cursor=zzz").await;
    let unknown = unknown.refused(400, Some("invalidCursor")).body;
    for target in [
        format!("/Users?count=3&cursor={cursor}"),
        format!("/Users?filter=userName+gt+%22c%22&count=3&cursor={cursor}"),
        format!("/Users?{filter}&count=3&sortBy=userName&cursor={cursor}"),
        format!("/Users?{filter}&count=3&cursor={}", &cursor[1..]),
        format!("/?{filter}&count=3&cursor={cursor}"),
    ] {
        assert_eq!(tenant.get(&target).await.is(400).body, unknown, "{target}");
    }
    let target = format!("/scim/Users?{filter}&count=3&cursor={cursor}");
    let stranger = Request::get(target).header(header::AUTHORIZATION, "Bearer abracadabra");
    let stranger = tenant.send(stranger.body(Body::empty()).unwrap()).await;
    assert_eq!(stranger.is(400).body, unknown, "it is not said that the cursor exists");
    let changed = tenant.get(&format!("/Users?{filter}&count=2&cursor={cursor}")).await;
    changed.refused(400, Some("invalidCount"));
    let same = tenant.get(&format!("/Users?{filter}&cursor={cursor}")).await.is(200);
    assert_eq!(same.column("/userName"), ["f", "e", "g"], "without a count it stays");
}

#[tokio::test]
async fn a_search_is_walked_by_cursor_too() {
    let tenant = tenant();
    ten_users(&tenant).await;
    let search = async |cursor: &Value| {
        let body = json!({"schemas": [scim::SEARCH_REQUEST], "cursor": cursor, "count": 6});
        tenant.post("/Users/.search", &body).await
    };
    let first = search(&json!("")).await.is(200);
    let second = search(&first.body["nextCursor"]).await.is(200);
    assert_eq!(second.column("/userName"), ["g", "c", "i", "a"]);
    search(&json!(7)).await.refused(400, Some("invalidSyntax"));
}
