//! The report file, in which every event of a block has a line.

use std::path::PathBuf;

use clap::Args;

#[derive(Args)]
#[command(next_help_heading = "Output and logs")]
pub(in crate::cli) struct Audited {
    /// Append a line of JSON there for each event of a block, as it happens.
    ///
    /// What a run does is told there before it counts: where a line cannot be
    /// written, no further block is started and none is marked. Give each machine a
    /// file of its own.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) report_file: Option<PathBuf>,
}
