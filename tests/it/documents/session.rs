//! The session at the top of README, run again on a real MinIO, and compared line by line.

use std::fs;
use std::process::Command;

use regex::Regex;

use crate::support::minio::Minio;
use crate::support::run::{Ran, repository};

/// The commands, each with what README shows of its output.
fn session() -> Vec<(String, String)> {
    let text = fs::read_to_string(repository("README.md")).unwrap();
    let (before, rest) = text.split_once("```console\n").unwrap();
    assert!(before.lines().count() < 12, "it is not on the first screen");
    let session = rest.split("```").next().unwrap();
    assert!(session.lines().count() < 40, "it is longer than a screen");
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in session.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            (None, Some((command, shown))) if command.ends_with('\\') && shown.is_empty() => {
                command.push('\n');
                command.push_str(line);
            }
            (None, Some((_, shown))) => {
                shown.push_str(line);
                shown.push('\n');
            }
            (None, None) => panic!("{line}"),
        }
    }
    commands
}

/// What differs from one run to the next is made the same.
fn normalised(text: &str, port: u16) -> String {
    let text = text.replace(&format!("127.0.0.1:{port}"), "minio.example.com:9000");
    let rules = [
        (
            r"01[0-9A-HJKMNP-TV-Z]{24}, 20\d\d-\d\d-\d\d \d\d:\d\d UTC",
            "RUN",
        ),
        (r"by run 01[0-9A-HJKMNP-TV-Z]{24}", "by RUN"),
        (r"20\d\d-\d\d-\d\d \d\d:\d\d UTC \(first sample\)", "CUTOFF"),
        (r"\bin \d+\.\d+s(, [\d.]+ [KMG]?i?B/s)?", "in TIME"),
        (r"thanos-bucket \d+\.\d+\.\d+", "VERSION"),
    ];
    let text = rules.iter().fold(text, |text, (pattern, same)| {
        let pattern = Regex::new(pattern).unwrap();
        pattern.replace_all(&text, *same).into_owned()
    });
    let lines = text.lines().map(str::trim_end);
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Each passage between dots stands in the output, as whole lines, in this order.
#[track_caller]
fn assert_shows(shown: &str, printed: &str) {
    let mut rest = format!("\n{printed}");
    let mut passages = shown.split("...\n").peekable();
    let begins_anywhere = shown.starts_with("...\n");
    let mut number = 0;
    while let Some(passage) = passages.next() {
        let is_last = passages.peek().is_none();
        if is_last && passage.is_empty() {
            break;
        }
        let place = rest.find(&format!("\n{passage}"));
        let Some(place) = place else {
            panic!("README shows:\n{passage}\nand what is left of the output is:{rest}")
        };
        assert!(
            number > 0 || begins_anywhere || place == 0,
            "something comes before:\n{passage}\n{rest}"
        );
        rest = rest[place + passage.len()..].to_owned();
        assert!(
            !is_last || rest == "\n" || rest.is_empty(),
            "something comes after:\n{passage}\n{rest}"
        );
        number += 1;
    }
}

/// S-22.6
#[test]
fn the_session_in_readme_is_what_a_run_prints() {
    let minio = Minio::start();
    let buckets = ["thanos-hot", "thanos-cold"].map(|name| minio.bucket(name));
    buckets[0].put_all(&repository("examples/blocks"));
    let folder = tempfile::tempdir().unwrap();
    for (bucket, file) in buckets.iter().zip(["hot.yaml", "cold.yaml"]) {
        fs::write(folder.path().join(file), bucket.text(None)).unwrap();
    }
    let commands = session();
    // One shell, for what one command exports is there for the next.
    let mark = "== the next command ==";
    let script: Vec<String> = commands
        .iter()
        .map(|(command, _)| format!("{command}\necho '{mark}'\n"))
        .collect();
    let tool = std::path::Path::new(env!("CARGO_BIN_EXE_thanos-bucket"));
    let mut shell = Command::new("sh");
    shell
        .args(["-euc", &script.concat()])
        .current_dir(folder.path())
        .env_clear()
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", tool.parent().unwrap().display()),
        );
    let ran = Ran::of(shell).expect(0);
    // Its MinIO speaks no TLS.
    let told = ran
        .stderr
        .lines()
        .filter(|line| !line.contains("config.insecure"));
    assert_eq!(told.count(), 0, "{}", ran.stderr);
    let printed = normalised(&ran.stdout, minio.port());
    let outputs: Vec<&str> = printed.split(&format!("{mark}\n")).collect();
    assert_eq!(outputs.len(), commands.len() + 1);
    for ((_, shown), printed) in commands.iter().zip(outputs) {
        assert_shows(&normalised(shown, minio.port()), printed);
    }
    assert!(commands.len() > 3, "{commands:?}");
}
