//! A plan that was made before, in the place of flags that say which blocks.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::bucket::BucketConfig;
use crate::cli::flags::Origins;
use crate::cli::variables::WHICH_BLOCKS;
use crate::error::{Error, Result};
use crate::plan::{Agreed, Existing, Rules, Scope, Work};
use crate::report::{PlanFile, read_plan};
use crate::select::Filter;

#[derive(Args)]
#[command(next_help_heading = WHICH_BLOCKS)]
pub(in crate::cli) struct Agreement {
    /// Carry out this plan, and nothing else.
    ///
    /// The file is what plan --out wrote, or plan --output=json. Blocks that are no
    /// longer as it says are left alone: they are told as drifted. No other flag may
    /// say which blocks, and --older-than is not required.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
}

/// The flags that say which blocks, each in its own way.
pub(in crate::cli) const FILTERS: [&str; 10] = [
    "older-than",
    "min-time",
    "max-time",
    "selector.relabel-config",
    "selector.relabel-config-file",
    "id",
    "resolution",
    "compaction-min",
    "compaction-max",
    "exclude-delete-marked",
];

impl Agreement {
    /// The plan to carry out; `None` where there is none.
    ///
    /// Errors: a filter is given too; the file is no plan, or one for other buckets.
    pub(in crate::cli) fn plan(
        self,
        source: &BucketConfig,
        target: &BucketConfig,
        origins: &Origins<'_>,
    ) -> Result<Option<Agreed>> {
        let Some(path) = self.plan else {
            return Ok(None);
        };
        let flag = origins.name("plan");
        if let Some(filter) = FILTERS.into_iter().find(|filter| origins.is_given(filter)) {
            return Err(Error::usage(format!(
                "{flag} and {} are both given: the plan says which blocks: expected one of them",
                origins.name(filter)
            )));
        }
        let name = format!("{flag} {:?}", path.to_string_lossy());
        let file = File::open(&path)
            .map_err(|err| Error::usage(format!("{name}: cannot be read: {err}")))?;
        let plan = read_plan(file).map_err(|err| {
            Error::usage(format!("{name}: no plan that can be carried out: {err:#}"))
        })?;
        for (role, planned, given) in [
            ("source", &plan.source, source.location()),
            ("target", &plan.target, target.location()),
        ] {
            if *planned != given.to_string() {
                return Err(Error::usage(format!(
                    "{name}: its {role} is {planned:?}, and the one given is {:?}: expected the buckets of the plan",
                    given.to_string()
                )));
            }
        }
        let PlanFile { agreed, .. } = plan;
        Ok(Some(agreed))
    }
}

/// The rules by which a plan is carried out. It may only destroy what lies in the target where that is allowed once more.
pub(in crate::cli) fn agreed_rules(
    agreed: Agreed,
    existing: Existing,
    origins: &Origins<'_>,
) -> Result<Rules> {
    let (plan, overwrite) = (origins.name("plan"), origins.name("overwrite-existing"));
    let overwritten = agreed.blocks().iter();
    let overwritten = overwritten
        .filter(|one| one.work == Work::Overwrite)
        .count();
    let takes_marked = agreed.blocks().iter().any(|one| one.is_marked);
    let scope = match (existing, takes_marked) {
        (Existing::Keep, _) if overwritten > 0 => {
            return Err(Error::usage(format!(
                "{overwrite} is required with {plan}: the plan replaces what the target has of {overwritten} of its blocks"
            )));
        }
        (Existing::Overwrite, true) => {
            return Err(Error::usage(format!(
                "{overwrite} cannot be combined with {plan}: the plan takes blocks with deletion marks, which are no reason to overwrite"
            )));
        }
        (Existing::Keep, false) => Scope::Unmarked,
        (Existing::Keep, true) => Scope::Marked,
        (Existing::Overwrite, false) => Scope::Overwriting,
    };
    Ok(Rules {
        scope,
        agreed: Some(Arc::new(agreed)),
        ..Rules::of(Filter::default())
    })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::collections::BTreeSet;

    use clap::{Arg, CommandFactory};

    use super::FILTERS;
    use crate::cli::Cli;
    use crate::cli::variables::WHICH_BLOCKS;

    /// S-17.3
    #[test]
    fn every_flag_that_says_which_blocks_is_refused_beside_a_plan() {
        let command = Cli::command();
        let migrate = command.find_subcommand("migrate").unwrap();
        let says_which = |arg: &&Arg| arg.get_help_heading() == Some(WHICH_BLOCKS);
        let flags = migrate.get_arguments().filter(says_which);
        let mut flags: BTreeSet<&str> = flags.filter_map(Arg::get_long).collect();
        assert!(flags.remove("plan"));
        assert_eq!(flags, FILTERS.into());
    }
}
