//! Whether two sides hold the same samples, metadata and exemplars of the same series, and what follows from it: values in, values out.
//!
//! Hidden here: when two samples count as equal, how the series of both sides are brought together, which difference has which name, how much of
//! it is kept, and what servers say of what they can do. What was not looked at is told as that, and never counts as equal.

mod beside;
mod blocks;
mod capability;
mod comparison;
mod found;
mod histogram;
mod join;
mod known;
mod number;
mod sample;
mod verdict;

pub use beside::{
    ExemplarsOf, MetadataOf, by_metric, by_series, compare_exemplars, compare_metadata,
    is_of_others, without,
};
pub use blocks::{Chosen, chosen};
pub use capability::{Ability, Capabilities, Documents, Need, Told, capabilities, lacking};
pub use comparison::{Comparison, OfSelector, Sums};
pub use found::{Found, Founds, OF_OTHERS, meaning};
pub use join::{Pair, join};
pub use known::Distinct;
pub use verdict::{Compared, OfQuery, Reconciled, Scope, Sides, Target};
