//! The manifest on disk: there before the create, whole after a crash.

use std::fs;

use axum::Router;
use axum::response::IntoResponse;

use super::*;

fn answering(manifest: PathBuf) -> Tenant {
    let router = Router::new().fallback(move || {
        let kept = fs::read_to_string(&manifest).unwrap_or_default();
        let last = kept.lines().last().unwrap_or_default().to_owned();
        let status = http::StatusCode::CREATED;
        async move { (status, json!({"id": "7", "last": last}).to_string()).into_response() }
    });
    tenant_at("http://localhost/scim", Transport::InProcess(router))
}

#[tokio::test]
async fn the_line_of_a_create_is_on_disk_when_the_request_arrives() {
    let path = scratch("before");
    let tenant = answering(path.clone());
    tenant.keep_manifest(&path).unwrap();
    let seen = send(&tenant, user("anna")).await;
    let last: ManifestLine =
        serde_json::from_str(seen.at("/last").unwrap().as_str().unwrap()).unwrap();
    assert_eq!(
        last,
        ManifestLine::Creating {
            number: 1,
            operation: None,
            collection: Collection::Users,
            name: Some("anna".to_owned()),
            external_id: Some("anna-id".to_owned()),
        }
    );
    let kept = Manifest::read(&path).unwrap();
    assert_eq!((kept.owned.len(), kept.unresolved.len()), (1, 0));
    fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_manifest_torn_anywhere_is_read_and_goes_on() {
    let path = scratch("torn");
    let tenant = answering(path.clone());
    tenant.keep_manifest(&path).unwrap();
    send(&tenant, user("änna")).await;
    let whole = fs::read(&path).unwrap();
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        Manifest::read(&path).unwrap_or_else(|error| panic!("{length}: {error}"));
        tenant.keep_manifest(&path).unwrap();
        let kept = Manifest::read(&path).unwrap_or_else(|error| panic!("{length}: {error}"));
        assert_eq!(kept.tenant.as_deref(), Some("http://localhost/scim"));
        assert!(length < whole.len() || kept.owned.len() == 1);
    }
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_user_and_a_group_of_one_id_are_told_apart() {
    let path = scratch("both");
    let line = |event: &str, collection: &str| {
        format!(r#"{{"event":"{event}","collection":"{collection}","id":"1"}}"#)
    };
    let created = |collection: &str| {
        format!(r#"{{"event":"created","number":1,"collection":"{collection}","id":"1"}}"#)
    };
    let lines = [created("Users"), created("Groups"), line("deleted", "Groups")];
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let kept = Manifest::read(&path).unwrap();
    assert_eq!(kept.owned, [Owned { collection: Collection::Users, id: "1".to_owned() }]);
    fs::write(&path, "nonsense\n").unwrap();
    let error = Manifest::read(&path).unwrap_err().to_string();
    assert!(error.contains("line 1"), "{error}");
    fs::remove_file(&path).unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_room_for_the_manifest_nothing_is_created_and_nothing_panics() {
    let tenant = answering(PathBuf::new());
    let error = tenant.keep_manifest(Path::new("/dev/full")).unwrap_err();
    assert!(error.to_string().contains("/dev/full"), "{error}");
    tenant.door.ownership.write_to_a_full_disk();
    let seen = send(&tenant, user("anna")).await;
    assert!(matches!(seen.result, Err(Failure::Refused(_))), "{:?}", seen.result);
    assert_eq!((tenant.owned(), tenant.unresolved()), (vec![], vec![]));
    tenant.adopt(Owned { collection: Collection::Users, id: "7".to_owned() });
    assert!(send(&tenant, Request::delete("/Users/7")).await.is_success());
    assert_eq!(tenant.owned(), [], "a clean-up needs no manifest");
}
