//! Whether two query APIs answer alike, and what follows from it: values in, values out.
//!
//! Hidden here: when two values count as equal, which difference has which name, how much of it is kept, and what leave there is to let the hot
//! blocks go. What was not looked at is a finding of its own, and never counts as equal.

mod compare;
mod file;
mod finding;
mod histograms;
pub mod parity;
mod range;
mod reach;
mod time;
mod tolerance;
mod verdict;
mod words;

pub use compare::{Compared, compare, shown_number};
pub use file::{Queries, QueryFile};
pub use finding::{Example, Finding, Findings, Shown, Side, Weight};
pub use range::{Moved, Range, moved};
pub use reach::{Reach, reach};
pub(crate) use time::Untimed;
pub use time::{Asked, Query, Times, When};
pub use tolerance::Tolerance;
pub use verdict::{CutOver, QueryResult, Scope, Verdict};
pub use words::beside;
