//! The rules of the house, held by reading its files.

mod circles;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;

use crate::support::folders::tree;
use crate::support::run::{Ran, binary, repository};

/// A file of Rust and its lines.
struct Source {
    path: String,
    lines: Vec<String>,
}

impl Source {
    /// The lines that are no comment, without what stands in quotes, and their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, String)> {
        let quoted = Regex::new(r#""(\\.|[^"\\])*""#).unwrap();
        self.lines
            .iter()
            .zip(1..)
            .map(|(line, number)| (number, line.trim()))
            .filter(|(_, line)| !line.starts_with("//"))
            .map(move |(number, line)| (number, quoted.replace_all(line, "\"\"").into_owned()))
    }

    /// The module below the crate that the file belongs to: `bucket` for `src/bucket/prefix.rs`.
    fn module(&self) -> &str {
        let path = self.path.strip_prefix("src/").unwrap();
        path.split(['/', '.']).next().unwrap()
    }
}

fn sources(folder: &str) -> Vec<Source> {
    tree(&repository(folder))
        .into_iter()
        .filter(|(path, _)| {
            Path::new(path)
                .extension()
                .is_some_and(|extension| extension == "rs")
        })
        .map(|(path, content)| Source {
            path: format!("{folder}/{path}"),
            lines: String::from_utf8(content)
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect(),
        })
        .collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap()
}

/// The floor of each module as the table in `src/lib.rs` shows it, the ground being 0.
fn floors() -> BTreeMap<String, usize> {
    let row = Regex::new(r"^//! \| \w+ \| (.+?) \|").unwrap();
    let name = Regex::new(r"`(\w+)`").unwrap();
    let text = read("src/lib.rs");
    let rows: Vec<_> = text
        .lines()
        .filter_map(|line| row.captures(line))
        .map(|cells| cells[1].to_owned())
        .filter(|cell| cell.contains('`'))
        .collect();
    rows.iter()
        .rev()
        .zip(0..)
        .flat_map(|(cell, floor)| {
            name.captures_iter(cell)
                .map(|found| (found[1].to_owned(), floor))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn modules_use_what_is_below_them_and_never_what_is_above() {
    let floors = floors();
    let used = Regex::new(r"\bcrate::(\w+|\{|\*)").unwrap();
    let mut wrong = Vec::new();
    for source in sources("src") {
        if source.path == "src/lib.rs" {
            continue;
        }
        let module = source.module();
        let Some(floor) = floors.get(module) else {
            wrong.push(format!(
                "{}: {module} stands on no floor in src/lib.rs",
                source.path
            ));
            continue;
        };
        for (number, line) in source.code() {
            for found in used.captures_iter(&line) {
                // What the crate's root gives out again lives in `error`.
                let name = match &found[1] {
                    "Error" | "Kind" | "Result" => "error",
                    name => name,
                };
                if floors.get(name).is_none_or(|used| used > floor) {
                    wrong.push(format!("{}:{number}: {module} uses {name}", source.path));
                }
            }
        }
    }
    assert!(floors.len() > 10, "{floors:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_library_with_an_owner_is_named_by_its_owner_alone() {
    let owners = [
        ("backoff", vec!["src/retry.rs"]),
        ("clap", vec!["src/cli/", "src/main.rs"]),
        ("hyper", vec!["src/serve/"]),
        ("hyper_util", vec!["src/serve/"]),
        ("object_store", vec!["src/bucket/", "src/http/"]),
        ("opentelemetry", vec!["src/telemetry/"]),
        ("prometheus", vec!["src/exposition/"]),
        ("tracing_opentelemetry", vec!["src/telemetry/"]),
    ];
    let mut wrong = Vec::new();
    for (library, owners) in owners {
        let named = Regex::new(&format!(
            r"(^|[^\w:])({library}::|(use|extern crate) {library}\b)"
        ))
        .unwrap();
        for source in sources("src") {
            if owners.iter().any(|owner| source.path.starts_with(owner)) {
                continue;
            }
            for (number, line) in source.code() {
                if named.is_match(&line) {
                    wrong.push(format!("{}:{number}: names {library}", source.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_outside_their_folder_knows_what_kinds_of_buckets_there_are() {
    let home = "src/bucket/provider/";
    let providers = sources("src/bucket/provider");
    let kind = Regex::new(r#"^ *kind: "(\w+)","#).unwrap();
    let folder = Regex::new(r"^src/bucket/provider/(\w+)/mod\.rs$").unwrap();
    let mut words: Vec<String> = Vec::new();
    for source in &providers {
        if let Some(found) = folder.captures(&source.path) {
            words.push(format!(r"\b{}::", &found[1]));
        }
        let kinds = source.lines.iter().filter_map(|line| kind.captures(line));
        words.extend(kinds.map(|found| format!("\"{}\"", &found[1])));
    }
    assert!(words.len() > 3, "{words:?}");
    let named = Regex::new(&words.join("|")).unwrap();
    let mut wrong = Vec::new();
    for source in sources("src") {
        let lines = source.lines.iter().zip(1..);
        let code = lines
            .take_while(|(line, _)| !line.starts_with("#[cfg(test)]"))
            .filter(|(line, _)| !line.trim().starts_with("//"));
        for (line, number) in code {
            if !source.path.starts_with(home) && named.is_match(line) {
                wrong.push(format!("{}:{number}: {line}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_long_and_no_test_is_left_out() {
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        if source.lines.len() > 500 {
            wrong.push(format!("{} has {} lines", source.path, source.lines.len()));
        }
        for (number, line) in source.code() {
            if ["#[ignore", "#[allow", "#![allow"]
                .iter()
                .any(|mark| line.starts_with(mark))
            {
                wrong.push(format!("{}:{number}: {line}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_top_level_holds_nothing_that_strayed_there() {
    let known = [
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "Dockerfile",
        "LICENSE",
        "README.md",
        "SPECIFICATION.md",
        "TODO.md",
        "build.rs",
        "clippy.toml",
        "deny.toml",
        "examples",
        "src",
        "target",
        "tests",
    ];
    let entries = fs::read_dir(repository("")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let strayed: Vec<_> = names
        .filter(|name| !name.starts_with('.') && !known.contains(&name.as_str()))
        .collect();
    assert!(strayed.is_empty(), "{strayed:?}");
}

/// What `tests/clauses` prints: a line for each clause, and below it one for each test that names the clause.
fn index_of_clauses() -> String {
    let ran = Ran::of(Command::new(repository("tests/clauses"))).expect(0);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

#[test]
fn every_clause_of_the_specification_is_named_by_a_test() {
    let index = index_of_clauses();
    let clauses = index.lines().filter(|line| line.starts_with("S-"));
    let stated = read("SPECIFICATION.md").matches("\n**S-").count();
    assert_eq!(clauses.count(), stated);
}

#[test]
fn every_promise_of_the_crate_names_its_clause_and_its_test() {
    let documentation = read("src/lib.rs");
    let (_, promises) = documentation.split_once("//! # What holds always").unwrap();
    let promises = promises.split("//! #").next().unwrap();
    let numbered = Regex::new(r"^//! \d+\. ").unwrap();
    let named = Regex::new(r"(S-\d+\.\d+) `(\w+)`").unwrap();
    let index = index_of_clauses();
    let mut whole: Vec<String> = Vec::new();
    for line in promises.lines() {
        if numbered.is_match(line) {
            whole.push(line.to_owned());
        } else if let Some(begun) = whole.last_mut().filter(|_| line.starts_with("//!")) {
            *begun += line;
        }
    }
    for promise in &whole {
        assert!(named.is_match(promise), "no clause and test: {promise}");
        for name in named.captures_iter(promise) {
            let (clause, test) = (format!("{} ", &name[1]), format!(" {}", &name[2]));
            let mut tests = index
                .lines()
                .skip_while(|line| !line.starts_with(&clause))
                .skip(1)
                .take_while(|line| line.starts_with(' '));
            assert!(
                tests.any(|line| line.ends_with(&test)),
                "{clause}is not named by{test}"
            );
        }
    }
    assert!(whole.len() > 6, "{whole:?}");
}

#[test]
fn what_is_added_is_learnt_of_by_three_files_at_most_and_these_are_there() {
    let row = Regex::new(r"^//! \| (an? .+?) \| .+ \| (.+) \|$").unwrap();
    let file = Regex::new(r"`([\w/.]+)`").unwrap();
    let text = read("src/lib.rs");
    let rows: Vec<_> = text.lines().filter_map(|line| row.captures(line)).collect();
    assert_eq!(rows.len(), 6);
    for row in rows {
        let files: Vec<_> = file.captures_iter(&row[2]).collect();
        assert!((1..=3).contains(&files.len()), "{}", &row[1]);
        for file in files {
            let path = format!("src/{}", &file[1]);
            assert!(repository(&path).is_file(), "{}: {path}", &row[1]);
        }
    }
}

#[test]
fn readme_names_every_flag_and_no_other() {
    let help = |arguments: &[&str]| {
        let mut command = binary();
        command.args(arguments);
        Ran::of(command).expect(0).stdout
    };
    let all = help(&["--help"]);
    let named = Regex::new(r"(?m)^  ([a-z-]+) ").unwrap();
    let (_, named_after) = all.split_once("\nCommands:\n").unwrap();
    let help: String = named
        .captures_iter(named_after.split("\n\n").next().unwrap())
        .filter(|found| &found[1] != "help")
        .map(|found| help(&[&found[1], "--help"]))
        .collect();
    let flag = Regex::new(r"--[a-z][a-z0-9.-]*[a-z0-9]").unwrap();
    let flags_in = |text: &str| -> BTreeSet<_> {
        flag.find_iter(text)
            .map(|found| found.as_str().to_owned())
            .collect()
    };
    let known = flags_in(&help);
    let text = read("README.md");
    let table: String = text
        .lines()
        .skip_while(|line| *line != "## Flags")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .collect::<Vec<_>>()
        .join("\n");
    let told = flags_in(&table);
    assert!(told.len() > 20, "{told:?}");
    let unknown: Vec<_> = told.difference(&known).collect();
    let defined = Regex::new(r"(?m)^ *(?:-\w, )?(--[a-z][a-z0-9.-]*[a-z0-9])").unwrap();
    let untold: Vec<_> = defined
        .captures_iter(&help)
        .map(|found| found[1].to_owned())
        .filter(|flag| !told.contains(flag) && !["--help", "--version"].contains(&flag.as_str()))
        .collect();
    assert!(
        unknown.is_empty() && untold.is_empty(),
        "flags that README lacks: {untold:?}; flags that it invents: {unknown:?}"
    );
}
