//! Which blocks an operator means: old enough, and kept by the selector. Exactly as Thanos evaluates it, and pure.

mod cutoff;
mod dialect;
mod selector;
pub mod time;

pub use cutoff::Cutoff;
pub use selector::Selector;

/// Compiles a pattern as relabelling does, anchored at both ends, and tells whether it matches; for comparing dialects.
pub fn pattern_matches(pattern: &str, text: &str) -> crate::Result<bool> {
    dialect::compile(pattern)
        .map(|regex| regex.is_match(text))
        .map_err(crate::Error::usage)
}
