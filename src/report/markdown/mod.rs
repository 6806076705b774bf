//! What was found, as tickets take it: a page of Markdown for each kind of document that has one.

mod cutover;
mod reconciled;

pub use cutover::write;
pub use reconciled::write as write_reconciled;
