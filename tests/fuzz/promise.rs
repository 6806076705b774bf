//! What a parser promises, and what holds for every parser, whatever it is given: it ends soon, and what it says against its input is one
//! short line.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use thanos_bucket::block::BlockId;

use super::corpus;

/// A parser with what is known of its inputs.
pub struct Promise {
    pub name: &'static str,
    /// Real inputs, beside the files of `tests/fuzz/corpus/<name>`.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// What means something to the parser, and is hard to come by.
    pub tokens: &'static [&'static str],
    /// What one input may take of a processor, in a build without optimisation; each MiB of it that is full may take as much again.
    pub slowest: Duration,
    /// Panics where the promise is broken.
    pub check: fn(&[u8]),
}

/// Numbers and letters at which parsers of all kinds stumble.
const STUMBLES: [&str; 20] = [
    "-0",
    "1e400",
    "0x7f",
    "0.1",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775809",
    "18446744073709551615",
    "99999999999999999999",
    "\0",
    "\u{1b}[31m",
    "\u{9b}",
    "\u{202e}",
    "\u{2028}",
    "\u{feff}",
    "\u{10ffff}",
    "\r\n",
    "../",
    "$(",
];

/// For what is only read.
pub const READ: Duration = Duration::from_secs(1);

impl Promise {
    /// Real inputs, what fuzzing found, and each word by itself.
    pub fn inputs(&self) -> Vec<Vec<u8>> {
        [
            corpus::files(&format!("tests/fuzz/corpus/{}", self.name)),
            (self.seeds)(),
            corpus::found(self.name),
            corpus::texts(&self.words()),
        ]
        .concat()
    }

    /// What is worth putting into an input.
    pub fn words(&self) -> Vec<&'static str> {
        [self.tokens, &STUMBLES].concat()
    }

    /// Panics where the promise is broken on this input.
    pub fn hold(&self, input: &[u8]) {
        let began = Instant::now();
        (self.check)(input);
        let mib = u32::try_from(input.len() >> 20).unwrap();
        let allowed = self.slowest * (1 + mib);
        if began.elapsed() > allowed {
            // The machine may have been busy: only the processor's time counts.
            let taken = processor_time(|| (self.check)(input));
            assert!(taken < allowed, "{} takes {taken:?}", self.name);
        }
    }
}

/// How long this thread was on a processor meanwhile, as Linux counts it.
pub fn processor_time(work: impl FnOnce()) -> Duration {
    let on_processor = || {
        let counts = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        let nanoseconds = counts.split(' ').next().unwrap();
        Duration::from_nanos(nanoseconds.parse().unwrap())
    };
    let before = on_processor();
    work();
    on_processor().saturating_sub(before)
}

/// S-2.3: one short line, and nothing in it that drives a terminal.
#[track_caller]
pub fn assert_plain(message: &impl fmt::Display) {
    let message = format!("{message:#}");
    assert!(
        message.len() < 1024,
        "{} bytes: {message:.1200}",
        message.len()
    );
    assert!(!message.contains(char::is_control), "{message:?}");
}

/// Bytes as text, the broken ones replaced.
pub fn text_of(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

/// The first block id in a file, so that a real `meta.json` is read as that block's.
pub fn block_of(input: &[u8]) -> BlockId {
    let letters = |window: &&[u8]| window.iter().all(u8::is_ascii_alphanumeric);
    input
        .windows(26)
        .filter(letters)
        .take(100)
        .find_map(|window| std::str::from_utf8(window).ok()?.parse().ok())
        .unwrap_or_else(|| "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B".parse().unwrap())
}
