//! Over a real connection: what breaks there, and how the server stops.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

/// A tenant on a port of its own.
struct Served {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

async fn serve(tenant: EmbeddedTenant) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
    };
    Served { address, stop, ended: tokio::spawn(tenant.serve(listener, shutdown)) }
}

/// Sends a request in bytes and reads until the connection ends.
async fn talk(address: std::net::SocketAddr, text: String) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    // A reset after some bytes is an end, too.
    let _ = tokio::time::timeout(Duration::from_secs(10), read).await.expect("the server hangs up");
    answer
}

fn create(name: &str) -> String {
    let body = user(name).to_string();
    format!(
        "POST /scim/Users HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {SECRET}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_request_over_tcp_is_answered_and_located_by_its_host() {
    let served = serve(tenant()).await;
    let answer = String::from_utf8(talk(served.address, create("anna")).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert!(answer.contains("location: http://here/scim/Users/"), "{answer}");
    served.stop.send(()).unwrap();
    served.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_dropped_connection_ends_without_a_byte() {
    let faults = Faults { lost_answer_probability: 1.0, ..Faults::default() };
    let tenant = with_faults(faults);
    let served = serve(tenant.clone()).await;
    let answer = talk(served.address, create("anna")).await;
    assert_eq!(String::from_utf8_lossy(&answer), "");
    assert_eq!(tenant.counts(), (1, 0), "the write has happened");
}

#[tokio::test]
async fn too_large_a_body_is_turned_down_before_it_is_read() {
    let served = serve(tenant()).await;
    let head = format!(
        "POST /scim/Users HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {SECRET}\r\n\
         Connection: close\r\nContent-Length: 99999999999\r\n\r\n"
    );
    let answer = String::from_utf8(talk(served.address, head).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_never_ends_its_headers_does_not_hold_up_the_others_or_the_end() {
    let served = serve(tenant()).await;
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    slow.write_all(b"GET /scim/Users HTTP/1.1\r\nX-Slow: ").await.unwrap();
    let answer = talk(served.address, create("anna")).await;
    assert!(answer.starts_with(b"HTTP/1.1 201 "));
    let asked = Instant::now();
    served.stop.send(()).unwrap();
    served.ended.await.unwrap().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(7), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_request_in_flight_is_answered_after_the_word_to_stop() {
    let faults = Faults { latency_ms_min: 300, latency_ms_max: 300, ..Faults::default() };
    let served = serve(with_faults(faults)).await;
    let answer = tokio::spawn(talk(served.address, create("anna")));
    tokio::time::sleep(Duration::from_millis(100)).await;
    served.stop.send(()).unwrap();
    assert!(answer.await.unwrap().starts_with(b"HTTP/1.1 201 "));
    served.ended.await.unwrap().unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any longer");
}

#[tokio::test]
async fn a_client_that_sends_its_head_byte_by_byte_is_cut_off() {
    let served = serve(tenant()).await;
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let began = Instant::now();
    let mut answer = Vec::new();
    slow.write_all(b"GET /scim/Users HTTP/1.1\r\n").await.unwrap();
    while slow.write_all(b"X").await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(8), "nobody hangs up");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _ = slow.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_until_idle_ones_are_cut_off() {
    let served = serve(tenant()).await;
    let mut idle = Vec::new();
    for _ in 0..super::super::serve::CONNECTIONS_MAX {
        idle.push(TcpStream::connect(served.address).await.unwrap());
    }
    let answer = talk(served.address, create("anna")).await;
    assert!(answer.starts_with(b"HTTP/1.1 201 "), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_target_too_long_is_refused_and_the_next_request_answered() {
    let served = serve(tenant()).await;
    for (length, expected) in [(60_000, " 200"), (70_000, " 414"), (2_000_000, " 431")] {
        let head = format!(
            "GET /scim/Users?x={} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {SECRET}\r\n\
             Connection: close\r\n\r\n",
            "a".repeat(length)
        );
        let answer = String::from_utf8_lossy(&talk(served.address, head).await).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1{expected}")), "{length}: {answer}");
    }
    assert!(talk(served.address, create("anna")).await.starts_with(b"HTTP/1.1 201 "));
}
