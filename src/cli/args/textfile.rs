//! The file of figures for node_exporter.

use std::path::PathBuf;

use clap::Args;

use crate::cli::flags::Origins;
use crate::error::{Error, Result};
use crate::exposition::{Textfile, warning};
use crate::migrate::Mode;

#[derive(Args)]
#[command(next_help_heading = "Output and logs")]
pub(in crate::cli) struct Figures {
    /// Write figures there when the run ends, for node_exporter.
    ///
    /// The file is replaced at once, also when the run fails. Its name ends in
    /// .prom, and tells runs apart: it is the label rule of each figure. Counters go
    /// on from what the file says before.
    #[arg(long = "textfile", value_name = "FILE")]
    textfile: Option<PathBuf>,
}

impl Figures {
    /// The file, where one was asked for. A dry run has no figures: they would say that blocks were moved.
    pub(in crate::cli) fn textfile(
        self,
        mode: Mode,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Textfile>> {
        let Some(path) = self.textfile else {
            return Ok(None);
        };
        let flag = origins.name("textfile");
        if mode != Mode::Execute {
            let dry_run = origins.name("dry-run");
            return Err(Error::usage(format!(
                "{flag} and {dry_run} are both given: a dry run leaves no figures"
            )));
        }
        if let Some(warning) = warning(&path) {
            let path = path.to_string_lossy();
            warnings.push(format!("{flag} {path:?}: {warning}"));
        }
        Textfile::at(path)
            .map(Some)
            .map_err(|err| Error::usage(format!("{flag} {err:#}")))
    }
}
