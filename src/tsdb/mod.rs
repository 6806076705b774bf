//! Blocks of Prometheus' time series database, as Prometheus and Thanos write them: says what is wrong with them, [writes](mod@write) them and
//! [reads](read) their series; [encodes](encode) samples into chunks, and [decodes](decode) them.
//!
//! [`check()`] reads every byte of a block once: the index of format 1, 2 or 3, each section and its checksum; every chunk that a series refers
//! to and every one that none does; the samples of floats, native histograms of integers and floats with exponential or custom buckets, the same in
//! the encodings of Prometheus 3.11 and later, and the aggregates of blocks that Thanos has downsampled; tombstones. What is counted is compared with the statistics in meta.json. [`Kind`] lists
//! what can be found.
//!
//! The check only reads, and it believes nothing: bytes of any kind end in findings, never in a panic, an endless loop or more memory than is told
//! below. Of a block that Prometheus or Thanos have written, and nobody damaged, it finds nothing, but for chunks in encodings and an index of a
//! format that Thanos cannot read yet ([`Kind::UnreadableByThanos`], which is no damage).
//!
//! # Memory
//!
//! It does not grow with the number of series, chunks or samples. A check takes [`memory_bytes`]: hashes of up to 6 Mi symbols (with more, series
//! are read once for each so many), windows of [`WINDOW_BYTES`], the chunks in hand of each thread, and findings. Beyond that, what is parsed
//! whole (a chunk, the entry of a series, a symbol) may have up to 16 MiB, for which there is room while it is read; no writer makes one
//! that long. An index of format 1 takes 24 MiB more if it has so many symbols, and up to 2^20 series with tombstones take 8 MiB. Where
//! postings turn out not to be what the series say, up to 48 MiB are taken to tell which series and labels it is about.
//!
//! # Order, threads
//!
//! The index is read from its beginning to its end, and segments along with its series, one after the other. The calling thread reads, and with
//! more than one thread the others decode; where they cannot follow, it decodes, too. It blocks: give it a thread of its own, and
//! as many blocks at once as memory allows. [`BlockFiles::ahead`] lets what is far away be fetched in time.
//!
//! # What cannot be seen
//!
//! A bit that flips is found wherever it is, but for one of 2^32 cases of more bits that leave a checksum as it was. Values that were wrong before
//! they were written are not seen: no checksum, time or number contradicts them.

pub(crate) mod bytes;
mod check;
mod chunk;
mod compare;
pub(crate) mod crc;
pub mod decode;
mod diagnose;
mod disk;
pub mod encode;
mod finding;
mod judge;
mod label_index;
mod labels;
mod order;
mod postings;
pub mod read;
mod section;
mod segment;
mod series;
mod source;
mod stats;
mod stream;
mod symbols;
#[cfg(test)]
mod tests;
mod texts;
mod toc;
mod tombstones;
pub mod write;

pub use finding::{Finding, Findings, Kind};
pub use source::{Block, BlockFiles, Counts, File, Segment, Stats};
pub use stream::WINDOW_BYTES;

/// Checks one block, adds what is wrong to `findings`, and returns what was counted.
///
/// `threads` is how many work at once, the calling one included; with one, nothing is started. See [the module](self) for memory and order.
///
/// # Errors
///
/// Only what the source says: damage is no error. What was found before is in `findings` then, without the names of its series.
pub fn check<S: BlockFiles>(
    source: &S,
    block: &Block,
    threads: usize,
    findings: &mut Findings,
) -> Result<Counts, S::Error> {
    check::check(source, block, threads, check::MOST_SYMBOLS, findings)
}

/// The most memory that a check takes with so many threads, in bytes, but for what is told about [in the module](self#memory).
#[must_use]
pub const fn memory_bytes(threads: usize) -> usize {
    let hashes = 24 << 20;
    let windows = 8 * WINDOW_BYTES;
    // For each thread a batch in its hands and one that waits: a window, and what the index says of the chunks in it.
    hashes + windows + threads * 2 * 3 * WINDOW_BYTES
}
