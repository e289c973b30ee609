//! TLS that fails is told from a tenant that fails, and `--ca-file` mends what it can mend.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;

/// `openssl s_server` with a certificate of its own for `localhost`; it ends with the test.
struct Server {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn openssl(folder: &Path, arguments: &str) -> Option<Command> {
    let mut command = Command::new("openssl");
    command.args(arguments.split_whitespace()).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Some(command)
}

/// None where the machine has no openssl.
async fn serve() -> Option<Server> {
    let folder = scratch("tls");
    std::fs::create_dir_all(&folder).unwrap();
    let arguments = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
                     -addext subjectAltName=DNS:localhost \
                     -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out cert.pem";
    if !openssl(&folder, arguments)?.status().is_ok_and(|status| status.success()) {
        eprintln!("there is no openssl here: TLS is not tried");
        return None;
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let arguments = format!("s_server -accept 127.0.0.1:{port} -key key.pem -cert cert.pem -www");
    let process = openssl(&folder, &arguments)?.spawn().unwrap();
    let server = Server { process, folder, port };
    for _ in 0..100 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Some(server);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("openssl does not listen");
}

async fn ask(url: &str, ca_file: Option<PathBuf>) -> Exchange {
    let http = Transport::http(&HttpSettings { ca_file, loopback: true }).unwrap();
    send(&tenant_at(url, http), Request::get("/")).await
}

#[tokio::test]
async fn a_private_certificate_is_refused_and_taken_with_its_ca_file() {
    let Some(server) = serve().await else { return };
    let ca_file = Some(server.folder.join("cert.pem"));
    let by_name = format!("https://localhost:{}", server.port);
    let by_address = format!("https://127.0.0.1:{}", server.port);

    let stranger = ask(&by_name, None).await;
    assert!(matches!(stranger.result, Err(Failure::Tls(_))), "{:?}", stranger.result);
    let trusted = ask(&by_name, ca_file.clone()).await;
    assert_eq!(trusted.status(), 200, "{:?}", trusted.result);
    let other_name = ask(&by_address, ca_file).await;
    let Err(Failure::Tls(why)) = &other_name.result else { panic!("{:?}", other_name.result) };
    assert!(why.contains("not valid for name"), "{why}");
}

#[tokio::test]
async fn plain_http_where_tls_is_due_is_a_tls_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let seen = ask(&url, None).await;
    assert!(matches!(seen.result, Err(Failure::Tls(_))), "{:?}", seen.result);
}

#[tokio::test]
async fn tls_where_plain_http_is_due_is_no_http() {
    let Some(server) = serve().await else { return };
    let seen = ask(&format!("http://localhost:{}", server.port), None).await;
    assert!(seen.result.is_err(), "{:?}", seen.result);
}

#[test]
fn a_ca_file_that_is_none_is_named_with_the_mend() {
    let path = scratch("ca.pem");
    let build = || {
        let settings = HttpSettings { ca_file: Some(path.clone()), loopback: true };
        Transport::http(&settings).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(build().contains("ca.pem") && build().contains("PEM"), "{}", build());
    for content in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n"] {
        std::fs::write(&path, content).unwrap();
        assert!(build().contains("--ca-file"), "{content:?}");
    }
    std::fs::remove_file(&path).unwrap();
}
