//! Answers that no library would send: each is an observation, or a failure that says what broke.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::exchange::BodyEnd;

/// A tenant on a socket that answers every request with the same bytes and hangs up, and the
/// requests it has read.
async fn tenant(answer: impl Into<Vec<u8>>) -> (Tenant, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/scim", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (requests, answer) = (heard.clone(), answer.into());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                match stream.read_buf(&mut request).await {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
            }
            requests.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
            // The client may have hung up: that is what some of these tests want.
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    });
    let http = Transport::http(&HttpSettings { ca_file: None, loopback: true }).unwrap();
    (tenant_at(&url, http), heard)
}

async fn get(answer: impl Into<Vec<u8>>) -> Exchange {
    let (tenant, _) = tenant(answer).await;
    send(&tenant, Request::get("/Users/1")).await
}

fn with_head(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_the_token_stays() {
    for status in [301, 302, 303, 307, 308] {
        let (elsewhere, knocks) = tenant(with_head("200 OK\r\nContent-Length: 0", "")).await;
        let head =
            format!("{status} Moved\r\nLocation: {}/Users/1\r\nContent-Length: 0", elsewhere.url());
        let (tenant, heard) = tenant(with_head(&head, "")).await;
        let seen = send(&tenant, user("anna")).await;
        assert_eq!(seen.status(), status);
        assert_eq!(heard.lock().unwrap().len(), 1);
        assert!(heard.lock().unwrap()[0].contains(TOKEN), "the tenant itself gets the token");
        assert_eq!(knocks.lock().unwrap().len(), 0);
    }
}

#[tokio::test]
async fn any_status_of_three_digits_is_seen_as_it_is() {
    for status in [200, 204, 299, 304, 400, 451, 599, 600, 999] {
        let head = format!("{status} Odd\r\nContent-Length: 0");
        assert_eq!(get(with_head(&head, "")).await.status(), status);
    }
    for status in ["0 OK", "99 OK", "1000 OK", "2OO OK", "-200 OK", "", "200 OK\u{0}"] {
        let seen = get(with_head(status, "")).await;
        assert!(matches!(seen.result, Err(Failure::Protocol(_))), "{status:?} {:?}", seen.result);
    }
}

#[tokio::test]
async fn an_interim_answer_is_passed_over() {
    let last = with_head("200 OK\r\nContent-Length: 2", "{}");
    for interim in ["100 Continue", "102 Processing", "103 Early Hints\r\nLink: </x>"] {
        let seen = get(with_head(interim, &last)).await;
        assert_eq!((seen.status(), seen.bytes()), (200, &b"{}"[..]), "{interim}");
    }
    let (tenant, _) = tenant(with_head("103 Early Hints", "")).await;
    let seen = send(&tenant, Request::get("/Users/1")).await;
    assert!(seen.result.is_err(), "an interim answer alone is none");
}

#[tokio::test]
async fn a_length_that_lies_is_told() {
    let short = get(with_head("200 OK\r\nContent-Length: 100", "{}")).await;
    assert!(matches!(answer_of(&short).end, BodyEnd::Broken(_)), "{:?}", answer_of(&short).end);
    assert_eq!((short.bytes(), short.json()), (&b"{}"[..], None));
    let long = get(with_head("200 OK\r\nContent-Length: 2", "{}{}{}")).await;
    assert_eq!(long.bytes(), b"{}");
    for length in ["-1", "abc", "99999999999999999999999", "2, 3", "2\r\nContent-Length: 3"] {
        let seen = get(with_head(&format!("200 OK\r\nContent-Length: {length}"), "{}")).await;
        assert!(matches!(seen.result, Err(Failure::Protocol(_))), "{length} {:?}", seen.result);
    }
    for chunks in ["zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}", "2\r\n{}\r\n", "ffffffffffffffffff\r\n{}"] {
        let seen = get(with_head("200 OK\r\nTransfer-Encoding: chunked", chunks)).await;
        let end = &answer_of(&seen).end;
        assert!(matches!(end, BodyEnd::Broken(_)), "{chunks:?} {end:?}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_cut_off_and_said_to_be() {
    let body = "x".repeat(100_001);
    let head = format!("200 OK\r\nContent-Length: {}", body.len());
    let seen = get(with_head(&head, &body)).await;
    assert_eq!(answer_of(&seen).end, BodyEnd::TooLarge { limit: 100_000 });
    assert_eq!((seen.bytes().len(), seen.json()), (100_000, None));
    let fits = get(with_head("200 OK\r\nContent-Length: 100000", &body[1..])).await;
    assert_eq!(answer_of(&fits).end, BodyEnd::Complete);
}

#[tokio::test]
async fn header_sections_without_measure_are_failures() {
    let many = "X-Many: yes\r\n".repeat(5_000);
    let long = format!("X-Long: {}\r\n", "a".repeat(2_000_000));
    for headers in [many, long] {
        let seen = get(format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).await;
        assert!(matches!(seen.result, Err(Failure::Protocol(_))), "{:?}", seen.result);
    }
}

#[tokio::test]
async fn headers_of_any_bytes_and_twice_are_kept() {
    let mut bytes = b"HTTP/1.1 200 OK\r\nETag: \xff\xfe\r\nX-Two: a\r\nX-Two: b\r\n".to_vec();
    bytes.extend_from_slice(b"Content-Type: text/html\r\nContent-Type: application/scim+json\r\n");
    bytes.extend_from_slice(b"Content-Length: 2\r\n\r\n{}");
    let seen = get(bytes).await;
    assert_eq!((seen.header("etag"), seen.header("x-two")), (None, Some("a")));
    assert_eq!(answer_of(&seen).headers.get_all("x-two").iter().count(), 2);
    assert_eq!(seen.header("content-type"), Some("text/html"));
}

#[tokio::test]
async fn an_empty_body_is_empty_whatever_its_type() {
    let typed = "Content-Type: application/scim+json\r\nContent-Length: 0";
    for status in [200, 201, 204] {
        let seen = get(with_head(&format!("{status} OK\r\n{typed}"), "")).await;
        assert_eq!((seen.status(), seen.bytes(), seen.json()), (status, &b""[..], None));
        assert_eq!(answer_of(&seen).end, BodyEnd::Complete);
    }
    let spoken = get(with_head("204 No Content\r\nContent-Length: 2", "{}")).await;
    assert_eq!(spoken.bytes(), b"", "a 204 has no body, whatever it says");
}

#[tokio::test]
async fn a_compressed_body_nobody_asked_for_stays_bytes() {
    let mut bytes =
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n".to_vec();
    bytes.extend_from_slice(b"\x1f\x8b\x08\x00");
    let (tenant, heard) = tenant(bytes).await;
    let seen = send(&tenant, Request::get("/Users")).await;
    assert_eq!((seen.bytes(), seen.json()), (&b"\x1f\x8b\x08\x00"[..], None));
    assert_eq!(seen.header("content-encoding"), Some("gzip"));
    assert!(!heard.lock().unwrap()[0].to_ascii_lowercase().contains("accept-encoding"));
}

#[tokio::test]
async fn another_version_of_http_is_no_answer() {
    let preface = b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64".to_vec();
    for bytes in
        [preface, b"HTTP/2 200 OK\r\n\r\n".to_vec(), b"ICY 200 OK\r\n\r\n".to_vec(), vec![]]
    {
        let seen = get(bytes.clone()).await;
        assert!(matches!(seen.result, Err(Failure::Protocol(_))), "{bytes:?} {:?}", seen.result);
    }
    let old = get("HTTP/1.0 200 OK\r\n\r\n{}").await;
    assert_eq!((old.status(), old.bytes()), (200, &b"{}"[..]));
}

#[tokio::test]
async fn a_failure_shows_neither_token_nor_query() {
    let (tenant, _) = tenant("nonsense").await;
    let seen = send(&tenant, Request::get("/Users?filter=secret-person")).await;
    let told = format!("{:?} {}", seen.result, seen.told());
    assert!(!told.contains(TOKEN) && !told.contains("secret-person"), "{told}");
}

#[tokio::test]
async fn nobody_there_and_nobody_answering_are_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let http = Transport::http(&HttpSettings { ca_file: None, loopback: true }).unwrap();
    let seen = send(&tenant_at(&format!("http://{free}"), http.clone()), Request::get("/")).await;
    assert!(matches!(seen.result, Err(Failure::Connect(_))), "{:?}", seen.result);

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tenant = tenant_at(&format!("http://{}", silent.local_addr().unwrap()), http);
    let limits = Limits { timeout: Duration::from_millis(200), ..Limits::default() };
    let tenant = tenant.with_settings(limits, Dress::default());
    let asked = Instant::now();
    let seen = send(&tenant, Request::get("/")).await;
    assert!(matches!(seen.result, Err(Failure::Timeout(_))), "{:?}", seen.result);
    assert!(asked.elapsed() < Duration::from_secs(3));
}
