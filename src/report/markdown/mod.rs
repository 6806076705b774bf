//! What was found, as tickets take it: a page of Markdown for each kind of document that has one.

mod backfilled;
mod cutover;
mod reconciled;

pub use backfilled::write as write_backfilled;
pub use cutover::write;
pub use reconciled::write as write_reconciled;
