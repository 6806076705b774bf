//! How a flag reaches us: spelled as Thanos' kingpin spells it, or by an environment variable.
//!
//! A variable stands in for the flag's default value, so that the command line wins. Clap's own reading of the environment would
//! take an empty variable for a value, and cannot be given another environment than the process's.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};

use super::values::one_of;
use crate::bucket::Environment;

/// What the variables of all flags begin with.
pub(super) const VARIABLES: &str = "THANOS_BUCKET_";

/// The command, and those below it, with every flag spelled as in Thanos, described in full, and read from the environment.
pub(super) fn complete(command: Command, environment: &Environment) -> Command {
    command
        .mut_args(|arg| from_environment(described(spelled(arg)), environment))
        .mut_subcommands(|subcommand| complete(subcommand, environment))
}

/// The arguments, with `--no-flag` written as `--flag=false`, which is what it means.
pub(super) fn without_negations(
    command: &Command,
    arguments: impl Iterator<Item = OsString>,
) -> Vec<OsString> {
    let booleans: Vec<&str> = all(command)
        .filter(|arg| is_boolean(arg))
        .filter_map(Arg::get_long)
        .collect();
    arguments
        .map(|argument| {
            let name = argument
                .to_str()
                .and_then(|text| text.strip_prefix("--no-"));
            match name.filter(|name| booleans.contains(name)) {
                Some(name) => format!("--{name}=false").into(),
                None => argument,
            }
        })
        .collect()
}

/// The names of all flags, without dashes; booleans under their `no-` name too.
pub(super) fn names(command: &Command) -> Vec<String> {
    all(command)
        .filter_map(|arg| Some((arg, arg.get_long()?)))
        .flat_map(|(arg, name)| {
            let negation = is_boolean(arg).then(|| format!("no-{name}"));
            [Some(name.to_owned()), negation]
        })
        .flatten()
        .chain(["help".to_owned(), "version".to_owned()])
        .collect()
}

/// Tells flags that stood on the command line from those that came by the environment.
#[derive(Clone, Copy)]
pub(super) struct Origins<'a> {
    /// As they were typed, with files of arguments not read.
    pub(super) typed: &'a [OsString],
    pub(super) arguments: &'a [OsString],
    pub(super) environment: &'a Environment,
}

impl Origins<'_> {
    /// What an operator knows the flag by: `--flag`, or the variable that its value came from.
    pub(super) fn name(&self, flag: &str) -> String {
        let variable = variable_of(flag);
        if !self.is_on_command_line(flag) && given(self.environment, &variable).is_some() {
            variable
        } else {
            format!("--{flag}")
        }
    }

    /// Whether it was given, in either way.
    pub(super) fn is_given(&self, flag: &str) -> bool {
        self.is_on_command_line(flag) || given(self.environment, &variable_of(flag)).is_some()
    }

    /// Whether it was given by an argument, typed or in a file.
    pub(super) fn is_on_command_line(&self, flag: &str) -> bool {
        has(self.arguments, flag)
    }

    /// Whether everybody who may list processes can read its value.
    pub(super) fn is_seen(&self, flag: &str) -> bool {
        has(self.typed, flag)
    }
}

fn has(arguments: &[OsString], flag: &str) -> bool {
    arguments.iter().any(|argument| {
        let name = argument.as_encoded_bytes().strip_prefix(b"--");
        name.and_then(|name| name.strip_prefix(flag.as_bytes()))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
    })
}

/// Booleans take `--flag` and `--flag=true|false`, and the last one counts. A value may begin with a dash: that is for its flag to judge.
fn spelled(arg: Arg) -> Arg {
    if arg.is_positional() {
        return arg;
    }
    if is_boolean(&arg) {
        let own_default = arg.get_default_values().first().cloned();
        let id = arg.get_id().clone();
        arg.action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .value_name("true|false")
            .value_parser(one_of([("true", true), ("false", false)]))
            .default_value(own_default.unwrap_or_else(|| "false".into()))
            .default_missing_value("true")
            .overrides_with(id)
    } else {
        arg.allow_hyphen_values(true)
    }
}

/// What fits on a line of the help, beside its indentation.
const LINE: usize = 70;

/// Help that tells what is accepted, the default and the variable too; the variable in the long form only.
fn described(arg: Arg) -> Arg {
    let text = |help: Option<&StyledStr>| help.map(ToString::to_string).unwrap_or_default();
    let brief = text(arg.get_help());
    let full = text(arg.get_long_help().or(arg.get_help()));
    let words: Vec<String> = arg
        .get_possible_values()
        .iter()
        .map(|word| word.get_name().to_owned())
        .collect();
    let accepted = match words.as_slice() {
        [] => None,
        _ if is_boolean(&arg) => None, // its value name says so
        // A list that is longer than a line is told to whoever has a word wrong.
        words => Some(format!("[{}]", words.join("|"))).filter(|list| list.len() <= LINE),
    };
    let default = arg
        .get_default_values()
        .first()
        .map(|value| format!("[default: {}]", value.display()));
    let variable = variable(&arg).map(|variable| format!("[env: {variable}]"));
    let notes: Vec<String> = accepted.into_iter().chain(default).collect();
    let brief = [vec![brief], notes.clone()].concat().join(" ");
    let notes = notes.join(" ");
    let notes = match variable {
        Some(variable) if notes.is_empty() => variable,
        Some(variable) if notes.len() + variable.len() < LINE => format!("{notes} {variable}"),
        Some(variable) => format!("{notes}\n{variable}"),
        None => notes,
    };
    arg.help(brief)
        .long_help(format!("{full}\n{notes}"))
        .hide_default_value(true)
        .hide_possible_values(true)
}

fn from_environment(arg: Arg, environment: &Environment) -> Arg {
    let text = variable(&arg).and_then(|variable| given(environment, &variable));
    match text {
        None => arg,
        Some(text) if matches!(arg.get_action(), ArgAction::Append) => {
            arg.default_values(text.split(',').map(|value| value.trim().to_owned()))
        }
        Some(text) => arg.default_value(text.to_owned()),
    }
}

/// An empty variable counts as not given.
fn given<'a>(environment: &'a Environment, variable: &str) -> Option<&'a str> {
    environment.get(variable).filter(|text| !text.is_empty())
}

/// The variable that stands in for a flag.
pub(super) fn variable(arg: &Arg) -> Option<String> {
    arg.get_long().map(variable_of)
}

fn variable_of(flag: &str) -> String {
    let name = flag.to_ascii_uppercase().replace(['.', '-'], "_");
    format!("{VARIABLES}{name}")
}

/// Before [`spelled`], booleans are what clap calls `SetTrue`; afterwards, what takes no value or one.
fn is_boolean(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
        || arg
            .get_num_args()
            .is_some_and(|count| count.min_values() == 0 && count.max_values() == 1)
}

/// Every flag of the command and those below it, but for `--help` and `--version`, which clap adds.
pub(super) fn all(command: &Command) -> Box<dyn Iterator<Item = &Arg> + '_> {
    let own = command.get_arguments().filter(|arg| {
        matches!(
            arg.get_action(),
            ArgAction::Set | ArgAction::Append | ArgAction::SetTrue
        )
    });
    Box::new(own.chain(command.get_subcommands().flat_map(all)))
}
