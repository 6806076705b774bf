//! Findings that are known and accepted.

use std::collections::BTreeSet;

use clap::Args;

use crate::cli::flags::Origins;
use crate::cli::values::alternatives;
use crate::error::{Error, Result};

#[derive(Args)]
#[command(next_help_heading = "What is asked, and when it counts as equal")]
pub(in crate::cli) struct Waivers {
    /// Findings of this kind are shown, and do not stand against a yes; repeatable.
    #[arg(long, value_name = "KIND")]
    waive: Vec<String>,
}

impl Waivers {
    /// What is waived.
    ///
    /// Errors: a kind that is none of these.
    pub(in crate::cli) fn among(
        self,
        kinds: &[&str],
        origins: &Origins<'_>,
    ) -> Result<BTreeSet<String>> {
        let mut waived = self.waive.iter();
        match waived.find(|kind| !kinds.contains(&kind.as_str())) {
            None => Ok(self.waive.into_iter().collect()),
            Some(kind) => Err(Error::usage(format!(
                "{} {kind:?}: expected {}",
                origins.name("waive"),
                alternatives(kinds)
            ))),
        }
    }
}
