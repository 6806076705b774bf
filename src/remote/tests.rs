//! Servers that lie, break off, refuse and wait.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

mod liar;
mod reading;
mod writing;
