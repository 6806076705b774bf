//! Foreign bytes: every parser that eats them is given real files, mutations of them, and what a hostile hand would write.
//!
//! `cargo test --test fuzz` replays the corpus and then fuzzes each parser for `THANOS_BUCKET_FUZZ_SECONDS` (2 unless set).
//! The seed is printed; `THANOS_BUCKET_FUZZ_SEED` gives it again, and the same inputs come in the same order.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]
#![expect(unreachable_pub, reason = "nothing lies outside a crate of tests")]

mod blocks;
mod configurations;
mod corpus;
mod hostile;
mod mutator;
mod promise;
mod runner;
mod values;
