//! What is asked of the binary on its command line, and what it does and says then.

mod carried_out;
mod check;
mod estimated;
mod likely_mistakes;
mod migrate;
mod plan;
mod progress;
mod stopping;
mod stopping_while_opening;
mod unmark;
mod wrong_usage;
