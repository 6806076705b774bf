//! What is asked of the binary on its command line, and what it does and says then.

mod carried_out;
mod check;
mod check_probe;
mod cleanup;
mod cleanup_meanwhile;
mod cutover_check;
mod estimated;
mod likely_mistakes;
mod migrate;
mod plan;
mod progress;
mod replicate;
mod report_file;
mod report_file_faults;
mod report_page;
mod report_ways;
mod status;
mod stopping;
mod stopping_while_opening;
mod story;
mod undelete;
mod unmark;
mod verify;
mod verify_deep;
mod wrong_usage;
