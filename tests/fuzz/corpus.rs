//! Real files and strings: `tests/fuzz/corpus`, `examples`, and what Thanos' own libraries answered in `tests/golden`.

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
