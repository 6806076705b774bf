//! How things end: a block and a run, what of it needs a person, and what that person can do. Pure: values in, values out.

mod bill;
mod block;
mod check;
mod cleaned;
mod concern;
mod estimate;
mod exiting;
mod freed;
mod not_held;
mod opened;
mod overview;
mod requests;
mod review;
mod row;
mod run;
mod sums;
mod taken_back;
#[cfg(test)]
pub(crate) mod testing;
mod totals;
mod undeleted;
mod verified;

pub(crate) use bill::Line;
pub use bill::{Bill, Prices};
pub use block::{BlockEnding, MarkState, Outcome};
pub use check::{About, Checked, Finding, Findings, State};
pub use cleaned::{CleanEnding, Cleaned, Leftover, LeftoverKind, Untold};
pub(crate) use concern::Concern;
pub use estimate::Estimate;
pub use exiting::exit_of;
pub use freed::Freed;
pub(crate) use not_held::MarkedNotHeld;
pub use opened::{Deep, NotOpened, Opened};
pub use overview::{Charted, Overview};
pub use requests::{Asked, Carrier, Requests};
pub use review::Review;
pub(crate) use row::{Amount, Block, Excluded};
pub use run::{Limit, Results};
pub use sums::Sums;
pub(crate) use sums::{Month, Sum};
pub use taken_back::{TakenBack, UnmarkEnding, Unmarked};
pub(crate) use totals::{Done, Totals};
pub use undeleted::{BroughtBack, UndeleteEnding, Undeleted};
pub use verified::{Verification, VerifiedBlock};
