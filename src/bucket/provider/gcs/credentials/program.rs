//! A program that prints who vouches for whom. It may keep what it has printed in a file, which is read first.

use std::process::{ExitStatus, Stdio};

use chrono::{DateTime, Utc};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::super::config::{ALLOWED, Program};
use super::token::Failure;
use crate::environment::Secret;
use crate::small_file;
use crate::small_file::shown_path;

/// What is read of what it prints.
const LONGEST: u64 = 64 << 10;

/// What is quoted of what it says is wrong.
const QUOTED: usize = 200;

/// What it prints.
#[derive(Deserialize)]
struct Printed {
    #[serde(default)]
    version: i64,
    success: Option<bool>,
    #[serde(default)]
    token_type: String,
    /// By the Unix clock.
    #[serde(default)]
    expiration_time: i64,
    #[serde(default)]
    id_token: String,
    #[serde(default)]
    saml_response: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// What comes of it.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Token(Secret),
    /// It has none, or one that is over: it may give another one when it is started.
    NotNow(String),
    /// It is none of what such programs print.
    Odd(String),
}

/// The token that is kept in the file, or that the program prints.
pub(super) async fn subject(program: &Program, now: DateTime<Utc>) -> Result<Secret, Failure> {
    if let Some(kept) = kept(program, now).await? {
        return Ok(kept);
    }
    if !program.is_allowed {
        return Err(Failure::final_one(format!(
            "no token is kept in output_file, and a program is started only where the environment variable {ALLOWED} is 1"
        )));
    }
    let output = run(program).await?;
    match told(&output, program, now) {
        Told::Token(token) => Ok(token),
        Told::NotNow(why) | Told::Odd(why) => Err(Failure::final_one(format!(
            "the program of credential_source.executable: {why}"
        ))),
    }
}

/// `None` where none is kept that is good now.
async fn kept(program: &Program, now: DateTime<Utc>) -> Result<Option<Secret>, Failure> {
    let Some(file) = &program.output_file else {
        return Ok(None);
    };
    let Ok(text) = small_file::text(file).await else {
        return Ok(None);
    };
    if text.is_empty() {
        return Ok(None);
    }
    match told(text.as_bytes(), program, now) {
        Told::Token(token) => Ok(Some(token)),
        Told::NotNow(_) => Ok(None),
        Told::Odd(why) => Err(Failure::final_one(format!(
            "the file {}: {why}",
            shown_path(file)
        ))),
    }
}

/// What was printed, read as Google's clients read it.
fn told(output: &[u8], program: &Program, now: DateTime<Utc>) -> Told {
    let odd = |why: &str| Told::Odd(why.to_owned());
    let Ok(printed) = serde_json::from_slice::<Printed>(output) else {
        return odd("it is no document of the form that is expected");
    };
    if printed.version == 0 {
        return odd("version is missing");
    }
    let Some(is_good) = printed.success else {
        return odd("success is missing");
    };
    if !is_good {
        let said = format!("{}: {}", printed.code, printed.message);
        let words: Vec<&str> = said.split_whitespace().collect();
        let said: String = words.join(" ").chars().take(QUOTED).collect();
        return Told::NotNow(format!("it has no token ({said})"));
    }
    if printed.version != 1 {
        return odd("its version is another one than 1");
    }
    if printed.expiration_time == 0 && program.output_file.is_some() {
        return odd("expiration_time is missing");
    }
    if printed.expiration_time != 0 && printed.expiration_time < now.timestamp() {
        return Told::NotNow("its token has expired".to_owned());
    }
    let token = match printed.token_type.as_str() {
        "" => return odd("token_type is missing"),
        "urn:ietf:params:oauth:token-type:jwt" | "urn:ietf:params:oauth:token-type:id_token" => {
            printed.id_token
        }
        "urn:ietf:params:oauth:token-type:saml2" => printed.saml_response,
        _ => return odd("its token_type is none that is known"),
    };
    if token.is_empty() {
        return odd("it holds no token of the type that it tells");
    }
    Told::Token(Secret::new(token))
}

/// Starts it, and ends it with all that it has started where it takes too long, or nobody waits any more.
async fn run(program: &Program) -> Result<Vec<u8>, Failure> {
    let failed = |why: String| {
        Failure::final_one(format!("the program of credential_source.executable {why}"))
    };
    let (name, arguments) = program
        .command
        .split_first()
        .ok_or_else(|| failed("has no name".to_owned()))?;
    let mut child = Command::new(name)
        .args(arguments)
        .envs(program.variables.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|err| failed(format!("cannot be started: {err}")))?;
    let mut group = Group(child.id());
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let running = async {
        let (output, errors, status) =
            tokio::join!(beginning(output), beginning(errors), child.wait());
        Ok::<_, std::io::Error>((output, errors, status?))
    };
    let Ok(ran) = timeout(program.timeout, running).await else {
        let seconds = program.timeout.as_secs();
        return Err(failed(format!("takes longer than {seconds} seconds")));
    };
    group.0 = None;
    let (output, errors, status) = ran.map_err(|err| failed(format!("is lost: {err}")))?;
    if !status.success() {
        return Err(failed(format!("fails: {}", ending(status))));
    }
    // As for Google's clients, what it says elsewhere counts where it prints nothing.
    let printed = output.trim_ascii();
    let printed = if printed.is_empty() {
        errors.trim_ascii()
    } else {
        printed
    };
    Ok(printed.to_vec())
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

/// What comes first out of a pipe, which is closed then.
async fn beginning(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut read = Vec::new();
    if let Some(pipe) = pipe {
        // What has come by then is looked at.
        let _ = pipe.take(LONGEST).read_to_end(&mut read).await;
    }
    read
}

/// A program and those that it has started, which end when this is dropped.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.0.and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(Pid::from_raw) {
            // Whoever has ended meanwhile needs no signal.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::time::{Duration, Instant};

    use super::*;

    fn program(command: &[&str], output_file: Option<&str>) -> Program {
        Program {
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            is_allowed: true,
            timeout: Duration::from_secs(1),
            output_file: output_file.map(str::to_owned),
            variables: vec![("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", "everybody".to_owned())],
        }
    }

    /// S-3.29: the rules of Google's clients.
    #[test]
    fn what_a_program_prints_is_a_token_or_says_why_there_is_none() {
        let now = DateTime::from_timestamp(1000, 0).unwrap();
        let jwt = r#""version": 1, "success": true, "token_type": "urn:ietf:params:oauth:token-type:jwt""#;
        let saml = r#""version": 1, "success": true, "token_type": "urn:ietf:params:oauth:token-type:saml2""#;
        for (members, has_file, expected) in [
            (format!(r#"{jwt}, "id_token": "a""#), false, Ok("a")),
            (format!(r#"{saml}, "saml_response": "b""#), false, Ok("b")),
            (
                format!(r#"{jwt}, "id_token": "a", "expiration_time": 1000"#),
                true,
                Ok("a"),
            ),
            (
                format!(r#"{jwt}, "id_token": "a", "expiration_time": 999"#),
                false,
                Err("expired"),
            ),
            (
                format!(r#"{jwt}, "id_token": "a""#),
                true,
                Err("expiration_time is missing"),
            ),
            (jwt.to_owned(), false, Err("no token of the type")),
            (
                format!(r#"{saml}, "id_token": "a""#),
                false,
                Err("no token of the type"),
            ),
            (
                r#""version": 2, "success": true"#.to_owned(),
                false,
                Err("another one than 1"),
            ),
            (
                r#""version": 1, "success": true"#.to_owned(),
                false,
                Err("token_type is missing"),
            ),
            (r#""version": 1"#.to_owned(), false, Err("success")),
            (r#""success": true"#.to_owned(), false, Err("version")),
            (
                r#""version": 1, "success": false, "code": "401", "message": "log in\nfirst""#
                    .to_owned(),
                false,
                Err("401: log in first"),
            ),
            (r#""version": "1""#.to_owned(), false, Err("no document")),
        ] {
            let program = program(&["true"], has_file.then_some("/nowhere"));
            let told = told(format!("{{{members}}}").as_bytes(), &program, now);
            match (told, expected) {
                (Told::Token(token), Ok(expected)) => assert_eq!(token.expose(), expected),
                (Told::NotNow(why) | Told::Odd(why), Err(expected)) => {
                    assert!(why.contains(expected), "{why}");
                }
                (told, _) => panic!("{members}: {told:?}"),
            }
        }
    }

    /// S-3.29
    #[tokio::test]
    async fn a_program_is_told_what_for_and_is_ended_with_its_children_in_time() {
        let echo = ["sh", "-c", "echo \"$GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE\" >&2"];
        assert_eq!(run(&program(&echo, None)).await.unwrap(), b"everybody");
        let folder = tempfile::tempdir().unwrap();
        let child = folder.path().join("child");
        let endless = ["sh", "-c", "yes | head -c 1000000; true"];
        let printed = run(&program(&endless, None)).await.unwrap();
        assert!(printed.len() as u64 <= LONGEST);
        for (command, expected) in [
            (&["sh", "-c", "echo token; exit 3"][..], "exit code 3"),
            (&["/nowhere/program"], "cannot be started"),
            (
                &[
                    "sh",
                    "-c",
                    "sleep 100 & echo $! >$0; sleep 100",
                    child.to_str().unwrap(),
                ],
                "longer than 1 seconds",
            ),
        ] {
            let begun = Instant::now();
            let failure = run(&program(command, None)).await.unwrap_err();
            assert!(failure.why.contains(expected), "{}", failure.why);
            assert!(!failure.why.contains("token") && !failure.passes);
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
        let id = std::fs::read_to_string(&child).unwrap();
        let stat = format!("/proc/{}/stat", id.trim());
        // It may not have been waited for yet.
        let has_ended = || match std::fs::read_to_string(&stat) {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        };
        let ending = async {
            while !has_ended() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), ending).await.unwrap();
    }

    /// S-3.29: what is kept is used for as long as it is good, whoever may start programs.
    #[tokio::test]
    async fn what_a_program_has_kept_is_used_while_it_is_good() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kept.json");
        let kept = |expires: i64| {
            format!(
                r#"{{"version": 1, "success": true, "token_type": "urn:ietf:params:oauth:token-type:jwt", "id_token": "kept", "expiration_time": {expires}}}"#
            )
        };
        let now = Utc::now();
        let mut program = program(&["false"], file.to_str());
        program.is_allowed = false;
        for (text, expected) in [
            (kept(now.timestamp() + 60), Ok("kept")),
            (kept(now.timestamp() - 60), Err(ALLOWED)),
            (String::new(), Err(ALLOWED)),
            ("{}".to_owned(), Err("version is missing")),
        ] {
            std::fs::write(&file, text).unwrap();
            match (subject(&program, now).await, expected) {
                (Ok(token), Ok(expected)) => assert_eq!(token.expose(), expected),
                (Err(failure), Err(expected)) => {
                    assert!(failure.why.contains(expected), "{}", failure.why);
                }
                (told, _) => panic!("{told:?}"),
            }
        }
        program.is_allowed = true;
        std::fs::remove_file(&file).unwrap();
        let failure = subject(&program, now).await.unwrap_err();
        assert!(failure.why.contains("exit code 1"), "{}", failure.why);
    }
}
