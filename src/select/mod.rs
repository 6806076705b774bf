//! Which blocks an operator means: old enough, and kept by the selector. Exactly as Thanos evaluates it, and pure.

mod cutoff;
mod selector;

pub use cutoff::Cutoff;
pub use selector::Selector;
