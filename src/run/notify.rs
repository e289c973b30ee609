//! The notification that Entra mails on a quarantine: here it goes to a command of the operator's.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// How long the command may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the command in a shell and writes the text to its standard input. The error is a remark
/// for the report: a mail that cannot be sent says nothing about the tenant.
pub(super) async fn notify(command: &str, text: &str) -> Result<(), String> {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .env_remove("SCIM_SECRET_TOKEN")
        .kill_on_drop(true)
        .spawn()
        .map_err(|why| format!("the notification command could not be started: {why}"))?;
    let mut input = child.stdin.take();
    let told = async {
        if let Some(input) = &mut input {
            // A command that does not read its input is no reason to stop.
            let _ = input.write_all(text.as_bytes()).await;
            let _ = input.write_all(b"\n").await;
        }
        drop(input);
        child.wait().await
    };
    match tokio::time::timeout(PATIENCE, told).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("the notification command ended with {status}")),
        Ok(Err(why)) => Err(format!("the notification command could not be waited for: {why}")),
        Err(_) => Err("the notification command did not end within 30 s".to_owned()),
    }
}
