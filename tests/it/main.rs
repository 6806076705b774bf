//! Tests from outside: whole runs on buckets in memory, the binary on folders, and real servers.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

mod engine;
mod support;
