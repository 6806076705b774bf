//! Foreign bytes: every parser that eats them is given real files, what fuzzing has found, and what a hostile hand would write.
//!
//! `tests/fuzz/run` looks for more, guided by coverage: `guided.rs` holds the same promises.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]
#![expect(unreachable_pub, reason = "nothing lies outside a crate of tests")]

mod answers;
mod blocks;
mod configurations;
mod corpus;
mod hostile;
mod openings;
mod otlp;
mod payloads;
mod promise;
mod promises;
mod queries;
mod remote;
mod tsdb;
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

#[test]
fn every_promise_holds_on_everything_that_is_known() {
    thread::scope(|scope| {
        for promise in promises::all() {
            scope.spawn(move || {
                for input in promise.inputs() {
                    let held = catch_unwind(AssertUnwindSafe(|| promise.hold(&input)));
                    let (name, input) = (promise.name, input.escape_ascii());
                    assert!(held.is_ok(), "{name} breaks its promise on {input}");
                }
            });
        }
    });
}
