//! How things end: a block and a run, what of it needs a person, and what that person can do. Pure: values in, values out.

mod block;
mod check;
mod concern;
mod estimate;
mod exiting;
mod not_held;
mod opened;
mod overview;
mod review;
mod row;
mod run;
mod taken_back;
#[cfg(test)]
pub(crate) mod testing;
mod totals;
mod verified;

pub use block::{BlockEnding, MarkState, Outcome};
pub use check::{About, Checked, Finding, Findings, State};
pub(crate) use concern::Concern;
pub use exiting::exit_of;
pub(crate) use not_held::MarkedNotHeld;
pub use opened::{Deep, NotOpened, Opened};
pub use overview::{Charted, Overview};
pub use review::Review;
pub(crate) use row::{Amount, Block, Excluded};
pub use run::{Limit, Results};
pub use taken_back::{TakenBack, UnmarkEnding, Unmarked};
pub(crate) use totals::{Done, Totals};
pub use verified::{Verification, VerifiedBlock};
