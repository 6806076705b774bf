//! Verbs: one step each on real buckets, which flows put together.

pub mod cleanup;
pub mod clocks;
pub mod copy;
pub mod examine;
pub mod hashes;
pub mod mark;
pub mod probe;
pub mod prove;
pub mod publish;
pub mod survey;
mod there;
pub mod undelete;
pub mod unmark;
