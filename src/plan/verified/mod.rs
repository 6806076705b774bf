//! How a block stands, by what the buckets hold now: what `verify` says of it, and why.

mod alone;
mod pair;
mod state;
#[cfg(test)]
mod tests;

pub use alone::{Neighbours, Note, judge_alone};
pub use pair::{Pair, judge};
pub use state::{State, Verified};
