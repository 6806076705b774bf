//! How things end: a block and a run, what of it needs a person, and what that person can do. Pure: values in, values out.

mod block;
mod concern;
mod run;
#[cfg(test)]
pub(crate) mod testing;

pub use block::{BlockEnding, MarkState, Outcome};
pub(crate) use concern::{Concern, concerns};
pub use run::{Limit, Results, exit_of};
