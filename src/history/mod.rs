//! What history is brought over, from where, to where, and how it is compared: the plan of a backfill, and the windows it is cut into.
//!
//! Hidden here: how a plan file is spelled. Whatever stands in it is judged before anything is asked of anybody.

mod access;
mod checks;
mod fingerprint;
mod formats;
mod made;
mod outcome;
mod plan;
mod reading;
mod tree;
mod windows;

pub use made::{EXTENSION, Key, Made, cell_ms, is_id_of, key, usual_starts_ms};
pub use outcome::{Backfilled, Beside, Delivery, Ending, Sums, WindowOutcome};
pub use plan::{
    Batch, Compare, ExemplarCheck, Kind, Live, Origin, Plan, PromqlCheck, Queries, Source, Target,
};
pub use windows::{BlockDuration, Range, Windows};

#[cfg(test)]
mod tests;
