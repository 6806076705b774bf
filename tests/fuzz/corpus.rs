//! Real files and strings: `tests/fuzz/corpus`, `examples`, and what Thanos' own libraries answered in `tests/golden`. And what fuzzing
//! found: `tests/fuzz/found`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn repository(path: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut above = here.ancestors();
    let root = above.find(|folder| folder.join("Cargo.lock").exists());
    root.unwrap().join(path)
}

/// The files of a folder of the repository, in the order of their names; none where there is no such folder.
pub fn files(folder: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(repository(folder)) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The inputs of a promise that fuzzing found: a file of lines, each of them an input with its odd bytes escaped.
pub fn found(name: &str) -> Vec<Vec<u8>> {
    let lines = fs::read_to_string(found_file(name)).unwrap_or_default();
    lines.lines().map(unescaped).collect()
}

/// Where [`found`] looks.
pub fn found_file(name: &str) -> PathBuf {
    repository("tests/fuzz/found").join(name)
}

/// The opposite of `escape_ascii`.
fn unescaped(line: &str) -> Vec<u8> {
    let mut input = Vec::new();
    let mut rest = line.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, length) = match (first, after.first()) {
            (b'\\', Some(b'x')) => {
                let digits = std::str::from_utf8(&after[1..3]).unwrap();
                (u8::from_str_radix(digits, 16).unwrap(), 4)
            }
            (b'\\', Some(b'n')) => (b'\n', 2),
            (b'\\', Some(b'r')) => (b'\r', 2),
            (b'\\', Some(b't')) => (b'\t', 2),
            (b'\\', Some(itself)) => (*itself, 2),
            (itself, _) => (*itself, 1),
        };
        input.push(byte);
        rest = &rest[length..];
    }
    input
}

#[test]
fn lines_give_every_byte_back() {
    let all: Vec<u8> = (0..=255).collect();
    let line = all.escape_ascii().to_string();
    assert_eq!(line.lines().count(), 1);
    assert_eq!(unescaped(&line), all);
}

/// The files of `examples` whose path holds `part`, in the order of their paths.
pub fn examples(part: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut folders = vec![repository("examples")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().contains(part) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no example is called {part}");
    found.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The file of that name of each golden block that has it.
pub fn golden_blocks(file: &str) -> Vec<Vec<u8>> {
    let folders = ["tests/golden/tsdb", "tests/golden/tsdb-newer"];
    let blocks = folders.map(|folder| fs::read_dir(repository(folder)).unwrap());
    let mut paths: Vec<PathBuf> = blocks
        .into_iter()
        .flatten()
        .map(|block| block.unwrap().path().join(file))
        .collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    assert!(!paths.is_empty(), "no golden block has {file}");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The member of that name of the golden cases of that kind, each text once.
pub fn golden(kind: &str, member: &str) -> Vec<Vec<u8>> {
    let cases = fs::read_to_string(repository("tests/golden/cases.jsonl")).unwrap();
    let texts: BTreeSet<Vec<u8>> = cases
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|case| case["kind"] == kind)
        .filter_map(|case| Some(case[member].as_str()?.as_bytes().to_vec()))
        .collect();
    assert!(!texts.is_empty(), "no golden case is a {kind}");
    texts.into_iter().collect()
}

/// Strings as inputs.
pub fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
