//! What holds for every parser, whatever it is given: it ends soon, and what it says against its input is one short line.

use std::fmt;
use std::time::Duration;

use thanos_bucket::block::BlockId;

/// For what is only read.
pub const READ: Duration = Duration::from_secs(1);

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
