//! Which blocks an operator means: old enough, and kept by the selector. Exactly as Thanos evaluates it, and pure.

mod cutoff;
mod effect;
mod selector;

pub use cutoff::Cutoff;
pub use effect::Effect;
pub use selector::Selector;
