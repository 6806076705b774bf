//! The token of whoever has logged in with `az`.

use std::process::Stdio;
use std::time::Duration;

use chrono::{Local, NaiveDateTime, TimeZone};
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use super::token::{Failure, RESOURCE, Token};

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What it prints.
#[derive(Deserialize)]
struct Printed {
    #[serde(rename = "accessToken")]
    token: String,
    /// By the Unix clock; older versions do not say it.
    #[serde(default)]
    expires_on: u64,
    /// By the clock on the wall.
    #[serde(rename = "expiresOn", default)]
    expires: String,
}

/// Asks it.
pub(super) async fn ask() -> Result<Token, Failure> {
    let asked = "ask az for a token";
    let running = Command::new("az")
        .args([
            "account",
            "get-access-token",
            "-o",
            "json",
            "--resource",
            RESOURCE,
        ])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = match timeout(PATIENCE, running).await {
        Err(_) => {
            return Err(Failure::absence(format!(
                "{asked}: it takes longer than {PATIENCE:?}"
            )));
        }
        Ok(Err(err)) => return Err(Failure::absence(format!("{asked}: {err}"))),
        Ok(Ok(output)) => output,
    };
    if !output.status.success() {
        // It says nothing secret where it fails.
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().next().unwrap_or_default();
        return Err(Failure::absence(format!(
            "{asked}: {}: {first}",
            output.status
        )));
    }
    let printed: Printed = serde_json::from_slice(&output.stdout)
        .map_err(|_| Failure::absence(format!("{asked}: it printed no token")))?;
    let end = printed.end().ok_or_else(|| {
        Failure::absence(format!("{asked}: it does not say when the token expires"))
    })?;
    Token::until(&printed.token, end, None)
}

impl Printed {
    fn end(&self) -> Option<u64> {
        if self.expires_on > 0 {
            return Some(self.expires_on);
        }
        let end = NaiveDateTime::parse_from_str(&self.expires, "%Y-%m-%d %H:%M:%S%.f").ok()?;
        Local
            .from_local_datetime(&end)
            .earliest()?
            .timestamp()
            .try_into()
            .ok()
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn what_it_prints_is_read_in_its_newer_and_its_older_form() {
        for (text, is_known) in [
            (
                r#"{"accessToken": "t", "expires_on": 1764229999, "expiresOn": "2025-11-27 08:53:19.000000"}"#,
                true,
            ),
            (
                r#"{"accessToken": "t", "expiresOn": "2025-11-27 08:53:19.123456"}"#,
                true,
            ),
            (
                r#"{"accessToken": "t", "expiresOn": "2025-11-27 08:53:19"}"#,
                true,
            ),
            (r#"{"accessToken": "t", "expiresOn": "soon"}"#, false),
            (r#"{"accessToken": "t"}"#, false),
        ] {
            let printed: Printed = serde_json::from_str(text).unwrap();
            assert_eq!(printed.end().is_some(), is_known, "{text}");
        }
    }
}
