//! What a snapshot shows, and what it must not.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::difference::{Difference, DifferenceKind};
use crate::exchange::{Answer, BodyEnd, Exchange, Failure, Listener, Operation, Request};
use crate::snapshot::{Collector, SnapshotKind, escape};

const BASE: &str = "http://127.0.0.1:4711/scim";

struct Conversation {
    collector: Collector,
    number: u64,
}

impl Conversation {
    fn new() -> Self {
        let bases = [BASE.to_owned(), "http://127.0.0.1:4711".to_owned()];
        let scrub = Arc::new(|text: &str| text.replace("s3cret", "***"));
        Self { collector: Collector::new(bases, scrub), number: 0 }
    }

    fn hear(&mut self, operation: Operation, request: Request, answer: Answer) {
        self.ends(operation, request, Ok(answer));
    }

    fn ends(&mut self, operation: Operation, request: Request, result: Result<Answer, Failure>) {
        self.number += 1;
        let at = Duration::from_secs(self.number);
        let number = self.number;
        let (due, sent, answered, disturbance) = (at, at, at, None);
        let exchange =
            Exchange { number, operation, request, result, due, sent, answered, disturbance };
        self.collector.heard(&exchange);
    }

    fn full(&self) -> String {
        self.collector.text(SnapshotKind::Full)
    }

    fn shape(&self) -> String {
        self.collector.text(SnapshotKind::Shape)
    }
}

fn said(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    let body = Bytes::copy_from_slice(body.as_bytes());
    Answer { status, headers: map, body: body.into(), end: BodyEnd::Complete }
}

fn answer(status: u16, body: &Value) -> Answer {
    said(status, &[("content-type", "application/scim+json")], &body.to_string())
}

fn user(id: &str, name: &str) -> Value {
    json!({
        "userName": name,
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": id,
        "active": true,
        "meta": {
            "resourceType": "User",
            "created": "2026-01-02T03:04:05.678Z",
            "location": format!("{BASE}/Users/{id}"),
            "version": "W/\"77ab\"",
        },
    })
}

fn create(talk: &mut Conversation, id: &str, name: &str) {
    let headers = [
        ("content-type", "application/scim+json"),
        ("location", &*format!("{BASE}/Users/{id}")),
        ("etag", "W/\"77ab\""),
        ("set-cookie", "session=1"),
        ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ];
    talk.hear(
        Operation::CreateUser,
        Request::post("/Users", &json!({"userName": name, "externalId": name})),
        said(201, &headers, &user(id, name).to_string()),
    );
}

fn add_members(talk: &mut Conversation, group: &str, members: &[&str]) {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    talk.hear(
        Operation::AddMembers,
        Request::patch(
            format!("/Groups/{group}"),
            &json!({"Operations": [{"op": "Add", "path": "members", "value": members}]}),
        ),
        said(204, &[], ""),
    );
}

fn match_group(talk: &mut Conversation, id: &str) {
    let hit = json!({"totalResults": 1, "Resources": [{"id": id, "displayName": "run-7 group 2"}]});
    talk.hear(
        Operation::MatchGroup,
        Request::get("/Groups?filter=displayName+eq+%22run-7%20group%202%22"),
        answer(200, &hit),
    );
}

/// A little run; the ids, times and the probe's GUID are what a tenant and a day make of them.
fn little_run(ids: [&str; 3], guid: &str, users: &[&str]) -> Conversation {
    let mut talk = Conversation::new();
    talk.hear(
        Operation::TestConnection,
        Request::get(format!("/Users?filter=userName+eq+%22{guid}%22")),
        answer(200, &json!({"totalResults": 0, "Resources": []})),
    );
    for name in users {
        create(&mut talk, ids[0], name);
    }
    match_group(&mut talk, ids[1]);
    add_members(&mut talk, ids[1], &ids[..1]);
    talk.hear(
        Operation::ReadBack,
        Request::get(format!("/Users/{}", ids[2])),
        answer(200, &user(ids[2], "read back")),
    );
    talk.ends(
        Operation::DeleteUser,
        Request::delete(format!("/Users/{}", ids[0])),
        Err(Failure::Timeout(Duration::from_secs(30))),
    );
    talk
}

const GUIDS: [&str; 3] = [
    "6f1c2a52-0b51-4d0c-9a39-000000000001",
    "6f1c2a52-0b51-4d0c-9a39-000000000002",
    "6f1c2a52-0b51-4d0c-9a39-000000000003",
];

const PROBE: &str = "0d0c9a39-0b51-4d0c-9a39-6f1c2a520b51";

#[test]
fn a_full_snapshot_is_text_that_a_person_can_read() {
    let talk = little_run(GUIDS, PROBE, &["run-7-user-1@x.test"]);
    insta::assert_snapshot!(talk.full(), @r#"
    === test-connection
    GET /Users?filter=userName+eq+%22<guid-1>%22

    200
    content-type: application/scim+json

    {
      "Resources": [],
      "totalResults": 0
    }

    === create-user
    POST /Users
    content-type: application/scim+json; charset=utf-8

    {
      "userName": "run-7-user-1@x.test",
      "externalId": "run-7-user-1@x.test"
    }

    201
    content-type: application/scim+json
    location: <tenant>/Users/<user-1>
    etag: W/"<etag>"

    {
      "schemas": [
        "urn:ietf:params:scim:schemas:core:2.0:User"
      ],
      "id": "<user-1>",
      "active": true,
      "meta": {
        "created": "<time>",
        "location": "<tenant>/Users/<user-1>",
        "resourceType": "User",
        "version": "W/\"<etag>\""
      },
      "userName": "run-7-user-1@x.test"
    }

    === match-group
    GET /Groups?filter=displayName+eq+%22run-7%20group%202%22

    200
    content-type: application/scim+json

    {
      "Resources": [
        {
          "id": "<group-1>",
          "displayName": "run-7 group 2"
        }
      ],
      "totalResults": 1
    }

    === add-members
    PATCH /Groups/<group-1>
    content-type: application/scim+json; charset=utf-8

    {
      "Operations": [
        {
          "op": "Add",
          "path": "members",
          "value": [
            {
              "value": "<user-1>"
            }
          ]
        }
      ]
    }

    204

    === delete-user
    DELETE /Users/<user-1>

    no answer (timeout)
    "#);
}

#[test]
fn a_shape_snapshot_has_types_for_values() {
    let talk = little_run(GUIDS, PROBE, &["run-7-user-1@x.test"]);
    insta::assert_snapshot!(talk.shape(), @r#"
    === test-connection
    GET /Users?filter=userName+eq+%22<guid>%22

    200
    content-type: application/scim+json

    {
      "Resources": [],
      "totalResults": "<number>"
    }

    === create-user
    POST /Users
    content-type: application/scim+json; charset=utf-8

    {
      "userName": "<string>",
      "externalId": "<string>"
    }

    201
    content-type: application/scim+json
    location: <tenant>/Users/<user>
    etag: W/"<etag>"

    {
      "schemas": [
        "urn:ietf:params:scim:schemas:core:2.0:User"
      ],
      "id": "<user>",
      "active": "<boolean>",
      "meta": {
        "created": "<time>",
        "location": "<tenant>/Users/<user>",
        "resourceType": "User",
        "version": "W/\"<etag>\""
      },
      "userName": "<string>"
    }

    === match-group
    GET /Groups?filter=displayName+eq+%22<string>%22

    200
    content-type: application/scim+json

    {
      "Resources": [
        {
          "id": "<group>",
          "displayName": "<string>"
        }
      ],
      "totalResults": "<number>"
    }

    === add-members
    PATCH /Groups/<group>
    content-type: application/scim+json; charset=utf-8

    {
      "Operations": [
        {
          "op": "Add",
          "path": "members",
          "value": [
            {
              "value": "<user>"
            }
          ]
        }
      ]
    }

    204

    === delete-user
    DELETE /Users/<user>

    no answer (timeout)
    "#);
}

#[test]
fn other_ids_give_the_same_text() {
    let users = &["run-7-user-1@x.test"];
    let one = little_run(GUIDS, PROBE, users);
    for ids in [["17", "17", "18"], ["a@b.c", "grp:9", "e"], [GUIDS[2], GUIDS[0], GUIDS[1]]] {
        let other = little_run(ids, &PROBE.replace('0', "1"), users);
        assert_eq!(other.full(), one.full(), "{ids:?}");
    }
}

#[test]
fn an_id_is_found_wherever_it_stands_as_one() {
    let mut talk = Conversation::new();
    create(&mut talk, "17", "a");
    create(&mut talk, "a b/c@d", "b");
    match_group(&mut talk, "17");
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    talk.hear(
        Operation::SetManager,
        Request::patch(
            "/Users/a%20b%2Fc%40d",
            &json!({"Operations": [
                {"op": "Add", "path": manager, "value": "17"},
                {"op": "Add", "path": "nickName", "value": "17"},
                {"op": "Remove", "path": "members[value eq \"17\"]"},
                {"op": "Add", "value": {manager: {"value": 17, "$ref": "../Users/17"}}},
            ]}),
        ),
        answer(404, &json!({"status": "404", "detail": "17 has no /Groups/17?a=b"})),
    );
    talk.hear(
        Operation::MatchUser,
        Request::get("/Users?filter=manager%20eq%20%2217%22+and+externalId+eq+%2217%22"),
        answer(200, &json!([])),
    );
    let full = talk.full();
    let (_, set) = full.split_once("=== set-manager").unwrap();
    insta::assert_snapshot!(set, @r#"

    PATCH /Users/<user-2>
    content-type: application/scim+json; charset=utf-8

    {
      "Operations": [
        {
          "op": "Add",
          "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
          "value": "<user-1>"
        },
        {
          "op": "Add",
          "path": "nickName",
          "value": "17"
        },
        {
          "op": "Remove",
          "path": "members[value eq \"<user-1>\"]"
        },
        {
          "op": "Add",
          "value": {
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager": {
              "value": "<user-1> as a number",
              "$ref": "../Users/<user-1>"
            }
          }
        }
      ]
    }

    404
    content-type: application/scim+json

    {
      "detail": "17 has no /Groups/<group-1>?a=b",
      "status": "404"
    }

    === match-user
    GET /Users?filter=manager%20eq%20%22<user-1>%22+and+externalId+eq+%2217%22

    200
    content-type: application/scim+json

    []
    "#);
}

#[test]
fn a_member_that_is_not_the_user_created_changes_the_snapshot() {
    let run = |member: usize| {
        let mut talk = Conversation::new();
        create(&mut talk, GUIDS[0], "a");
        create(&mut talk, GUIDS[1], "b");
        add_members(&mut talk, GUIDS[2], &[GUIDS[member]]);
        talk.full()
    };
    assert!(run(0).contains("<user-1>\"\n        }"));
    assert_ne!(run(0), run(1), "another user");
    assert!(run(2).contains("<guid-1>"), "an id that no answer gave");
}

#[test]
fn an_id_that_the_client_chose_keeps_its_text() {
    let mut talk = Conversation::new();
    create(&mut talk, "run-7-user-1", "run-7-user-1");
    assert!(talk.full().contains("location: <tenant>/Users/run-7-user-1\n"));
}

#[test]
fn a_time_that_a_request_said_keeps_its_text() {
    let hired = json!({"hired": "2026-05-05T00:00:00Z", "seen": "2026-05-06T00:00:00Z"});
    let mut talk = Conversation::new();
    let request = Request::post("/Users", &json!({"hired": "2026-05-05T00:00:00Z"}));
    talk.hear(Operation::CreateUser, request, answer(201, &hired));
    let full = talk.full();
    assert_eq!(full.matches("2026-05-05T00:00:00Z").count(), 2, "{full}");
    assert!(full.contains("\"seen\": \"<time>\""), "{full}");
}

#[test]
fn the_same_shape_is_shown_once_however_often_it_came() {
    let few = little_run(GUIDS, PROBE, &["a"]);
    let many = little_run(GUIDS, PROBE, &["a", "b", "c"]);
    assert_eq!(few.shape(), many.shape());
    assert_ne!(few.full(), many.full());
    let mut one = Conversation::new();
    add_members(&mut one, GUIDS[0], &GUIDS[..1]);
    let mut three = Conversation::new();
    add_members(&mut three, GUIDS[1], &GUIDS);
    assert_eq!(one.shape(), three.shape(), "three members have the shape of one");
    let mut other = Conversation::new();
    other.hear(Operation::MatchGroup, Request::get("/Groups"), answer(200, &json!({"a": 1})));
    let mut text = Conversation::new();
    text.hear(Operation::MatchGroup, Request::get("/Groups"), answer(200, &json!({"a": "1"})));
    assert_ne!(other.shape(), text.shape(), "a number is no string");
}

#[test]
fn nothing_a_hostile_tenant_says_reaches_a_terminal_raw() {
    let mut talk = Conversation::new();
    let headers = [("content-type", "text/html\u{9b}31m"), ("location", "/x\tescape")];
    let bodies = [
        "<p>\u{1b}[2J\r\u{202e}evil\u{0}</p>\n".to_owned(),
        json!({"detail": "\u{1b}]0;title\u{7}\u{9b}31m\u{2066}", "\u{1b}[2J": 1}).to_string(),
    ];
    for body in &bodies {
        let request = Request::get("/Users");
        talk.hear(Operation::MatchUser, request, said(200, &headers, body));
    }
    let mut bytes = said(200, &[], "");
    bytes.body = Bytes::from_static(b"\xff\x1b[31mred\xfe").into();
    talk.hear(Operation::MatchUser, Request::get("/Users"), bytes);
    for text in [talk.full(), talk.shape()] {
        let raw = text.chars().find(|c| *c != '\n' && escape(&c.to_string()) != c.to_string());
        assert_eq!(raw, None, "{text:?}");
    }
    let full = talk.full();
    assert!(full.contains("\\u{1b}[2J\\u{d}\\u{202e}evil\\u{0}"), "{full}");
    assert!(full.contains("\\xff\\u{1b}[31mred\\xfe"), "{full}");
}

#[test]
fn the_token_never_gets_in() {
    let mut talk = Conversation::new();
    let mut request = Request::get("/Users?q=s3cret");
    let value = HeaderValue::from_static("Bearer s3cret");
    request.headers.push((http::header::AUTHORIZATION, value));
    let headers = [("location", "/s3cret"), ("x-echo", "s3cret"), ("www-authenticate", "s3cret")];
    let body = r#"{"detail":"\u0073\u0033cret","s3cret":["s3cret"]}"#;
    talk.hear(Operation::MatchUser, request.clone(), said(401, &headers, body));
    talk.hear(Operation::MatchUser, request.clone(), said(401, &headers, "<p>s3cret</p>"));
    talk.ends(Operation::MatchUser, request, Err(Failure::Refused("s3cret".to_owned())));
    for text in [talk.full(), talk.shape()] {
        assert!(!text.contains("s3cret") && !text.contains("Bearer"), "{text}");
        assert!(text.contains("***"), "{text}");
        assert!(!text.contains("authorization") && !text.contains("x-echo"), "{text}");
    }
}

#[test]
fn a_huge_body_is_cut_with_a_note() {
    let mut talk = Conversation::new();
    let long = "ä".repeat(40_000);
    talk.hear(Operation::MatchUser, Request::get("/Users"), answer(200, &json!([long])));
    let mut broken = said(200, &[], "half a bo");
    broken.end = BodyEnd::Broken("reset".to_owned());
    talk.hear(Operation::MatchUser, Request::get("/Users"), broken);
    let mut large = said(200, &[], "[1,");
    large.end = BodyEnd::TooLarge { limit: 3 };
    talk.hear(Operation::MatchUser, Request::get("/Users"), large);
    let full = talk.full();
    assert!(full.len() < 34_000, "{}", full.len());
    assert!(full.contains("(the body goes on; a snapshot shows its first 32 KiB)"));
    assert!(full.contains("half a bo\n(the body broke off)\n"));
    assert!(full.contains("[1,\n(the body is larger than 3 bytes)\n"));
}

#[test]
fn a_wait_and_a_version_keep_their_form() {
    let mut talk = Conversation::new();
    for (etag, wait) in [("\"1\"", "120"), ("W/\"1\"", "Thu, 01 Jan 2026 00:00:00 GMT"), ("1", "x")]
    {
        let headers = [("retry-after", wait), ("etag", etag)];
        talk.hear(Operation::MatchUser, Request::get("/Users"), said(429, &headers, ""));
    }
    let full = talk.full();
    for part in
        ["etag: \"<etag>\"\nretry-after: 120\n", "etag: W/\"<etag>\"\nretry-after: <time>\n"]
    {
        assert!(full.contains(part), "{full}");
    }
    assert!(full.contains("etag: <etag>\nretry-after: x\n"), "{full}");
    assert!(talk.shape().contains("retry-after: <seconds>\n"));
}

#[test]
fn what_is_beyond_the_limit_is_said_to_be_missing() {
    let mut talk = Conversation::new();
    for _ in 0..20_003 {
        talk.hear(Operation::MatchUser, Request::get("/Users"), said(200, &[], ""));
    }
    assert!(talk.full().ends_with("(3 further exchanges are not shown)\n"));
    assert!(talk.shape().ends_with("200\n\n(further exchanges are not shown)\n"));
}

#[test]
fn a_number_the_tenant_assigned_is_named_and_one_that_was_sent_is_not() {
    let mut talk = Conversation::new();
    let sent = json!({ "phoneNumbers": [{ "type": "work", "value": "+1-555-0100" }] });
    let held = json!({ "id": "u-1", "phoneNumbers": [
        { "type": "work", "value": "+1-555-0100" },
        { "type": "Dialpad", "value": "+1 555 421 3249" },
    ] });
    talk.hear(Operation::CreateUser, Request::post("/Users", &sent), answer(201, &held));
    let page = talk.full();
    assert!(page.contains(r#""value": "<phone-1>""#), "{page}");
    assert_eq!(page.matches("+1-555-0100").count(), 2, "{page}");
}

#[test]
fn what_the_tenant_does_not_hold_ends_the_page() {
    let talk = Conversation::new();
    let differs = |expected: &str| Difference {
        kind: DifferenceKind::GroupName,
        subject: "group 0".to_owned(),
        attribute: Some("displayName".to_owned()),
        expected: expected.to_owned(),
        actual: "s3cret\u{1b}".to_owned(),
        exchange: Some(7),
    };
    talk.collector.differs(&[differs("new"), differs("newer")]);
    let block = "=== difference: group-name\n";
    let full = format!("{block}group 0\nexpected: new\nactual: ***\\u{{1b}}\n\n");
    assert!(talk.full().starts_with(&full), "{}", talk.full());
    assert_eq!(talk.full().matches(block).count(), 2);
    assert_eq!(talk.shape(), format!("{block}\n"));
}
