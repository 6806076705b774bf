//! Servers that lie, break off, refuse and wait.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

mod answers;
mod exporting;
mod less;
mod liar;
mod reading;
mod writing;
