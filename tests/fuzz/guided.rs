//! libFuzzer's door to the promises: `THANOS_BUCKET_FUZZ_TARGET` names the one that is fuzzed.
//!
//! Where `THANOS_BUCKET_FUZZ_KEEP` is set, the files of that folder become part of what the repository holds for the promise that is fuzzed.
//! Where `THANOS_BUCKET_FUZZ_IN_HAND` is set, the file of that name holds the input in hand: an overflow of the stack kills the process before
//! libFuzzer can keep it. Where `THANOS_BUCKET_FUZZ_FOLDER` is set, known inputs and a dictionary of each promise are written to `<folder>/<name>/known` and
//! `<folder>/<name>/dictionary` before anything else.
#![no_main]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]
#![expect(unreachable_pub, reason = "nothing lies outside a binary")]

mod answers;
mod blocks;
mod configurations;
mod corpus;
mod openings;
mod otlp;
mod payloads;
mod promise;
mod promises;
mod queries;
mod remote;
mod tsdb;
mod values;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use promise::Promise;

static FUZZED: LazyLock<&Promise> = LazyLock::new(|| {
    let name = std::env::var("THANOS_BUCKET_FUZZ_TARGET").unwrap();
    promises::all()
        .find(|promise| promise.name == name)
        .unwrap()
});

static IN_HAND: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = std::env::var_os("THANOS_BUCKET_FUZZ_IN_HAND")?;
    Some(File::create(path).unwrap())
});

fuzz_target!(
    init: {
        if let Some(folder) = std::env::var_os("THANOS_BUCKET_FUZZ_FOLDER") {
            promises::all().for_each(|promise| write_known(promise, Path::new(&folder)));
        }
        if let Some(folder) = std::env::var_os("THANOS_BUCKET_FUZZ_KEEP") {
            keep(&FUZZED, Path::new(&folder));
        }
    },
    |input: &[u8]| {
        if let Some(file) = &*IN_HAND {
            file.set_len(0).unwrap();
            file.write_all_at(input, 0).unwrap();
        }
        FUZZED.hold(input);
    }
);

fn write_known(promise: &Promise, folder: &Path) {
    let folder = folder.join(promise.name);
    let known = folder.join("known");
    fs::create_dir_all(&known).unwrap();
    for (number, input) in promise.inputs().iter().enumerate() {
        fs::write(known.join(number.to_string()), input).unwrap();
    }
    let dictionary: String = promise.words().into_iter().map(entry).collect();
    fs::write(folder.join("dictionary"), dictionary).unwrap();
}

fn keep(promise: &Promise, folder: &Path) {
    let new = fs::read_dir(folder).unwrap();
    let new = new.map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let mut found = corpus::found(promise.name);
    found.extend(new);
    found.sort();
    found.dedup();
    let lines: Vec<String> = found
        .iter()
        .map(|input| format!("{}\n", input.escape_ascii()))
        .collect();
    if !lines.is_empty() {
        fs::write(corpus::found_file(promise.name), lines.concat()).unwrap();
    }
}

/// A line of libFuzzer's dictionaries.
fn entry(token: &str) -> String {
    let bytes: Vec<String> = token.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
    format!("\"{}\"\n", bytes.concat())
}
