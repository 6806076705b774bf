//! Which blocks an operator means: old enough, and kept by the selector. Exactly as Thanos evaluates it, and pure.

mod cutoff;
mod effect;
mod filter;
mod matcher;
mod selector;
mod span;

pub use cutoff::Cutoff;
pub use effect::Effect;
pub use filter::{Filter, Missed};
pub use selector::Selector;
pub use span::{Span, span_end};
