//! What the door lets out, and what it makes of the answers.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request as Incoming;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};

use super::*;

/// A tenant that answers whatever the function says, and a list of what reached it.
fn tenant(
    answer: impl Fn(&Incoming) -> Response + Clone + Send + Sync + 'static,
) -> (Tenant, Arc<Mutex<Vec<String>>>) {
    let reached = Arc::new(Mutex::new(Vec::new()));
    let heard = reached.clone();
    let router = Router::new().fallback(move |request: Incoming| {
        heard.lock().unwrap().push(format!("{} {}", request.method(), request.uri().path()));
        let response = answer(&request);
        async move { response }
    });
    (tenant_at("http://localhost/scim", Transport::InProcess(router)), reached)
}

fn created(body: &Value) -> Response {
    (StatusCode::CREATED, body.to_string()).into_response()
}

/// Creates by what the tenant likes, and says what of it became ours.
async fn owned_after(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Vec<String> {
    let (tenant, _) = tenant(move |_| answer());
    send(&tenant, user("anna")).await;
    assert_eq!(tenant.owned().len() + tenant.unresolved().len(), 1, "it is ours or in doubt");
    tenant.owned().into_iter().map(|owned| owned.id).collect()
}

async fn with_one_user() -> (Tenant, Arc<Mutex<Vec<String>>>) {
    let (tenant, reached) = tenant(|request| match *request.method() {
        Method::POST => created(&json!({"id": "7", "userName": "anna"})),
        _ => StatusCode::NO_CONTENT.into_response(),
    });
    send(&tenant, user("anna")).await;
    reached.lock().unwrap().clear();
    (tenant, reached)
}

#[tokio::test]
async fn nothing_but_the_runs_own_is_changed_or_deleted() {
    let (tenant, reached) = with_one_user().await;
    for target in [
        "/Users/8",
        "/Groups/7",
        "/users/7",
        "/USERS/7",
        "/Users",
        "/Users/",
        "/Users//",
        "/",
        "",
        "/Users/../Groups/7",
        "/Users/8/../7",
        "/Groups/../Users/8",
        "/Users/..",
        "/Users/.",
        "/Users/%2e%2e",
        "/Users/%2E",
        "/Users/7/8",
        "/Users/7/../8",
        "/Users/7%2F..%2F8",
        "/Users/7%00",
        "/Users/%FF",
        "/Users/7\\..\\8",
        "/Users/7\t",
        "/Users/7#",
        "/Users/8?/Users/7",
        "/Users/8#/Users/7",
        "/Users/8?id=7",
        "//Users/7",
        "/v2/Users/7",
        "/Me",
        "/Bulk",
        "/Schemas/7",
        "/Users/facade00-0000-4000-8000-",
        "/Users/facade00-0000-4000-8000-..%2F8",
    ] {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            let seen = send(&tenant, Request::new(method.clone(), target)).await;
            assert!(matches!(seen.result, Err(Failure::Refused(_))), "{method} {target}");
        }
    }
    for target in [
        "/Me",
        "/",
        "",
        "/Users/8",
        "/users/7",
        "/users",
        "/Bulk/.search",
        "/Users/../Bulk",
        "/facade00-0000-4000-8000-..%2fUser",
    ] {
        let seen = send(&tenant, Request::post(target, &json!({}))).await;
        assert!(matches!(seen.result, Err(Failure::Refused(_))), "POST {target}");
    }
    let odd = Request::get("/Users/8");
    let odd = odd.header(HeaderName::from_static("x-http-method-override"), "DELETE");
    assert!(matches!(send(&tenant, odd).await.result, Err(Failure::Refused(_))));
    assert_eq!(reached.lock().unwrap().len(), 0, "{reached:?}");
    assert_eq!(tenant.owned().len(), 1);
}

#[tokio::test]
async fn discovery_is_changed_only_where_it_was_opened() {
    let (tenant, _) = with_one_user().await;
    let change = || Request::patch("/ServiceProviderConfig", &json!({}));
    assert!(matches!(send(&tenant, change()).await.result, Err(Failure::Refused(_))));
    let open = tenant.with_discovery_open();
    assert!(send(&open, change()).await.result.is_ok());
    for request in [
        Request::patch("/Users/8", &json!({})),
        Request::patch("/Schemas/../Users/8", &json!({})),
        Request::delete("/Schemas/7"),
    ] {
        let seen = send(&open, request).await;
        assert!(matches!(seen.result, Err(Failure::Refused(_))), "{}", seen.request.target);
    }
}

#[tokio::test]
async fn the_runs_own_what_nobody_has_and_searches_pass() {
    let (tenant, reached) = with_one_user().await;
    let absent = format!("/Users/{}", Tenant::fabricated_id(3));
    for request in [
        Request::patch("/Users/7", &json!({})),
        Request::put("/Users/7/", &json!({})),
        Request::patch("/Users/%37?attributes=id", &json!({})),
        Request::patch(absent, &json!({})),
        Request::post("/Users/.search", &json!({})),
        Request::post("/.search", &json!({})),
        Request::get("/Users/8"),
        Request::delete("/Users/7"),
        Request::delete("/Users/7"),
    ] {
        let seen = send(&tenant, request).await;
        assert!(seen.result.is_ok(), "{} {:?}", seen.request.target, seen.result);
    }
    assert_eq!(reached.lock().unwrap().len(), 9);
    assert!(tenant.owned().is_empty());
}

#[tokio::test]
async fn a_user_and_a_group_of_one_id_are_two_resources() {
    let (tenant, _) = tenant(|request| match *request.method() {
        Method::POST => created(&json!({"id": "1"})),
        _ => StatusCode::NO_CONTENT.into_response(),
    });
    send(&tenant, user("anna")).await;
    assert!(send(&tenant, Request::delete("/Groups/1")).await.result.is_err());
    send(&tenant, Request::post("/Groups", &json!({"displayName": "Sales"}))).await;
    assert_eq!(tenant.owned().len(), 2);
    send(&tenant, Request::delete("/Users/1")).await;
    assert_eq!(tenant.owned(), [Owned { collection: Collection::Groups, id: "1".to_owned() }]);
}

#[tokio::test]
async fn an_answer_about_somebody_else_makes_nobody_ours() {
    for stranger in [
        json!({"id": "8", "userName": "bert"}),
        json!({"id": "8", "userName": "anna", "externalId": "other"}),
        json!({"id": ".."}),
        json!({"id": "."}),
        json!({"id": ""}),
        json!({"id": 8}),
        json!({"id": ["8"]}),
        json!({"Resources": [{"id": "8"}]}),
        json!([{"id": "8"}]),
    ] {
        let body = stranger.clone();
        assert_eq!(owned_after(move || created(&body)).await, [""; 0], "{stranger}");
    }
    let group = json!({"id": "8", "displayName": "Everybody"});
    let (tenant, _) = tenant(move |_| created(&group));
    send(&tenant, Request::post("/Groups", &json!({"displayName": "Sales"}))).await;
    assert_eq!(tenant.owned(), []);
    // What was sent as userName is no text to compare, and a displayName may be the server's.
    let odd = json!({"userName": 5, "displayName": "Anna"});
    let (tenant, _) = self::tenant(|_| created(&json!({"id": "8", "displayName": "5"})));
    send(&tenant, Request::post("/Users", &odd)).await;
    assert_eq!(tenant.owned().len(), 1);
    // The server's own spelling of the name is no other name.
    let ours = || created(&json!({"id": "9", "userName": " ANNA "}));
    assert_eq!(owned_after(ours).await, ["9"]);
}

#[tokio::test]
async fn a_create_that_updated_an_old_resource_does_not_make_it_ours() {
    let answered = |created: &'static str| {
        move || {
            let body = json!({"id": "8", "userName": "anna", "meta": {"created": created}});
            let headers = [("date", "Tue, 24 Nov 2026 04:05:12 GMT")];
            (StatusCode::OK, headers, body.to_string()).into_response()
        }
    };
    assert_eq!(owned_after(answered("2026-11-24T04:05:11Z")).await, ["8"]);
    assert_eq!(owned_after(answered("2026-11-23T16:05:11+14:00")).await, ["8"], "a time zone");
    assert_eq!(owned_after(answered("yesterday")).await, ["8"], "no time, no proof");
    assert_eq!(owned_after(answered("2026-11-20T04:05:11Z")).await, [""; 0]);
}

#[tokio::test]
async fn an_id_of_any_letters_is_one_segment_on_its_way_back() {
    for id in ["a/b", "../Groups/7", "a b?c#d%e", "\u{1}\r\n\u{0}", "..%2f", "ü", "\\..\\x", "~"] {
        let body = json!({"id": id});
        let (tenant, reached) = tenant(move |request| match *request.method() {
            Method::POST => created(&body),
            _ => StatusCode::NO_CONTENT.into_response(),
        });
        send(&tenant, user("anna")).await;
        let encoded = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
        let target = format!("/Users/{encoded}");
        assert!(send(&tenant, Request::delete(target)).await.is_success(), "{id:?}");
        let reached = reached.lock().unwrap();
        let path = reached[1].strip_prefix("DELETE /scim/Users/").expect("it stays below /Users");
        assert!(!path.contains('/') && path != "..", "{path}");
        assert_eq!(tenant.owned(), []);
    }
}

#[tokio::test]
async fn an_id_too_long_for_a_path_is_ours_and_stays_without_a_panic() {
    let id = "x".repeat(90_000);
    let body = json!({"id": id});
    let router = Router::new().fallback(move || {
        let response = created(&body);
        async move { response }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/scim", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router.clone()).await });
    let http = Transport::http(&HttpSettings { ca_file: None, loopback: true }).unwrap();
    for tenant in
        [tenant_at(&url, http), tenant(move |_| created(&json!({"id": "y".repeat(90_000)}))).0]
    {
        send(&tenant, user("anna")).await;
        let id = tenant.owned().pop().expect("it is ours").id;
        let seen = send(&tenant, Request::delete(format!("/Users/{id}"))).await;
        assert!(seen.result.is_err(), "{:?}", seen.status());
        assert_eq!(tenant.owned().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_create_is_settled_and_a_doubtful_one_is_not() {
    for (status, settled) in [
        (400, true),
        (409, true),
        (302, true),
        (303, false),
        (500, false),
        (502, false),
        (504, false),
        (202, false),
        (204, false),
    ] {
        let (tenant, _) = tenant(move |_| StatusCode::from_u16(status).unwrap().into_response());
        send(&tenant, user("anna")).await;
        assert_eq!(tenant.unresolved().is_empty(), settled, "{status}");
        assert_eq!(tenant.owned(), [], "{status}");
    }
}

#[tokio::test]
async fn a_proxys_404_is_believed_the_second_time_and_the_tenants_at_once() {
    let (tenant, _) = tenant(|request| match *request.method() {
        Method::POST => created(&json!({"id": "7"})),
        _ => (StatusCode::NOT_FOUND, "<html>nginx</html>").into_response(),
    });
    send(&tenant, user("anna")).await;
    send(&tenant, Request::delete("/Users/7")).await;
    assert_eq!(tenant.owned().len(), 1);
    send(&tenant, Request::delete("/Users/7")).await;
    assert_eq!(tenant.owned(), []);

    let body = json!({"schemas": [crate::scim::ERROR], "status": "404"}).to_string();
    let (tenant, _) = self::tenant(move |request| match *request.method() {
        Method::POST => created(&json!({"id": "7"})),
        _ => (StatusCode::NOT_FOUND, body.clone()).into_response(),
    });
    send(&tenant, user("anna")).await;
    send(&tenant, Request::delete("/Users/7")).await;
    assert_eq!(tenant.owned(), []);
}

#[tokio::test]
async fn a_lost_create_is_recognised_by_name_and_external_id_alone() {
    let (tenant, _) = tenant(|_| StatusCode::BAD_GATEWAY.into_response());
    send(&tenant, user("anna")).await;
    send(&tenant, Request::post("/Users", &json!({"userName": "bert"}))).await;
    for stranger in [
        json!({"id": "1", "userName": "anna"}),
        json!({"id": "1", "userName": "anna", "externalId": "x"}),
        json!({"id": "1", "userName": "bert"}),
        json!({"id": "..", "userName": "anna", "externalId": "anna-id"}),
    ] {
        assert!(!tenant.recognise(&stranger), "{stranger}");
    }
    assert!(tenant.recognise(&json!({"id": "1", "userName": "anna", "externalId": "anna-id"})));
    assert_eq!((tenant.owned().len(), tenant.unresolved().len()), (1, 1));
}
