//! The members of a rule, and the flags that they stand for.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Arg, ArgAction, Args, Command, FromArgMatches};

use crate::bucket::Environment;
use crate::cli::flags::{self, Origins};
use crate::cli::migrate;
use crate::cli::refusal;
use crate::error::Result;

/// Members that are no flags, or not spelled as one.
pub(super) const OWN: [&str; 7] = [
    "name",
    "source",
    "target",
    "selector",
    "hours",
    "hot_bytes",
    "delete_delay",
];

/// Flags of `migrate` that are about one run on a command line, or that members of other names stand for.
const NO_MEMBERS: [&str; 13] = [
    "objstore.config",
    "objstore.config-file",
    "objstore-to.config",
    "objstore-to.config-file",
    "selector.relabel-config",
    "selector.relabel-config-file",
    "plan",
    "id",
    "dry-run",
    "output",
    "output.blocks",
    "report-file",
    "textfile",
];

/// What a rule may say.
pub(super) struct Vocabulary {
    command: Command,
    members: BTreeMap<String, Word>,
}

/// One flag.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// Its name, without dashes.
    pub(super) flag: String,
    /// How its values are written.
    pub(super) form: Form,
    arg: Arg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `true` or `false`.
    Boolean,
    /// One value.
    One,
    /// A value, or a list.
    Many,
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        let command = migrate::Flags::augment_args(Command::new("migrate"));
        let booleans: Vec<String> = command
            .get_arguments()
            .filter(|arg| matches!(arg.get_action(), ArgAction::SetTrue))
            .filter_map(|arg| arg.get_long().map(str::to_owned))
            .collect();
        // Variables of flags are of the process, and no rule's.
        let command = flags::complete(command, &Environment::default());
        let arguments = command.get_arguments();
        let members = arguments
            .filter(|arg| !arg.is_hide_set())
            .filter_map(|arg| {
                let flag = arg.get_long().filter(|flag| !NO_MEMBERS.contains(flag))?;
                let word = Word {
                    flag: flag.to_owned(),
                    form: if booleans.iter().any(|boolean| boolean == flag) {
                        Form::Boolean
                    } else if matches!(arg.get_action(), ArgAction::Append) {
                        Form::Many
                    } else {
                        Form::One
                    },
                    arg: arg.clone(),
                };
                Some((flag.replace(['-', '.'], "_"), word))
            });
        let members = members.collect();
        Self { command, members }
    }

    /// The flag that a member stands for.
    pub(super) fn word(&self, member: &str) -> Option<&Word> {
        self.members.get(member)
    }

    /// The names of all members of a rule.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        OWN.into_iter()
            .chain(self.members.keys().map(String::as_str))
    }

    /// Whether the values are such as the flag takes.
    pub(super) fn judge(
        &self,
        word: &Word,
        arguments: &[OsString],
        origins: &Origins<'_>,
    ) -> Result<()> {
        let alone = Command::new("migrate")
            .no_binary_name(true)
            .arg(word.arg.clone());
        alone
            .try_get_matches_from(arguments)
            .map(drop)
            .map_err(|err| refusal::one_line(&err, &self.command, origins))
    }

    /// The flags, as `migrate` takes them.
    pub(super) fn flags(
        &self,
        arguments: &[OsString],
        origins: &Origins<'_>,
    ) -> Result<migrate::Flags> {
        let command = self.command.clone().no_binary_name(true);
        command
            .try_get_matches_from(arguments)
            .and_then(|matches| migrate::Flags::from_arg_matches(&matches))
            .map_err(|err| refusal::one_line(&err, &self.command, origins))
    }
}
