//! What a report file is told of the command line, and how the file is opened.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command};

use super::flags::Origins;
use super::refusal::TEXTS;
use crate::audit::{Appended, Blank, PATIENCE, Patient};
use crate::error::{Error, Kind, Result};

/// A report file that was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    path: PathBuf,
    /// What the operator knows the flag by.
    flag: String,
    verb: String,
    arguments: BTreeMap<String, Vec<String>>,
}

impl Asked {
    pub(super) fn new(
        path: PathBuf,
        command: &Command,
        matches: &ArgMatches,
        origins: &Origins<'_>,
    ) -> Self {
        let (verb, below) = matches.subcommand().unwrap_or(("", matches));
        let of_verb = command.find_subcommand(verb);
        let flags = of_verb.into_iter().flat_map(Command::get_arguments);
        let given = flags.filter_map(|arg| Some((arg.get_long()?, told(arg, below)?)));
        Self {
            path,
            flag: origins.name("report-file"),
            verb: verb.to_owned(),
            arguments: given
                .filter(|(flag, _)| origins.is_given(flag))
                .map(|(flag, values)| (flag.to_owned(), values))
                .collect(),
        }
    }

    /// The same for a run of another verb, one of those that are begun by a rule of that name.
    pub(super) fn of_rule(&self, verb: &str, rule: &str) -> Self {
        let mut asked = self.clone();
        verb.clone_into(&mut asked.verb);
        let rule = ("rule".to_owned(), vec![rule.to_owned()]);
        asked.arguments.extend([rule]);
        asked
    }

    /// Opens the file.
    ///
    /// Errors: it may be no report file, or cannot be opened.
    pub fn open(self) -> Result<Blank> {
        let file = Appended::open(&self.path).map_err(|err| match err.kind() {
            Kind::Usage => Error::usage(format!("{} {err:#}", self.flag)),
            _ => err,
        })?;
        let name = format!("{:?}", self.path.to_string_lossy());
        let file = Patient::new(file, PATIENCE).map_err(|err| {
            let attempt = format!("start a thread for the report file {name}");
            Error::new(Kind::Other, attempt).because(err)
        })?;
        Ok(Blank::new(Box::new(file), name, &self.verb, self.arguments))
    }
}

/// The values as they were given, but for texts that may hold secrets.
fn told(arg: &Arg, matches: &ArgMatches) -> Option<Vec<String>> {
    let flag = format!("--{}", arg.get_long()?);
    if TEXTS.contains(&flag.as_str()) {
        return Some(vec!["(not shown)".to_owned()]);
    }
    let values = matches.try_get_raw(arg.get_id().as_str()).ok()??;
    Some(
        values
            .map(|value| value.to_string_lossy().into_owned())
            .collect(),
    )
}
