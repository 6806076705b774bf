//! Clap's errors, told in one line that names the flag, its value and what is accepted.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::flags::{self, Origins};
use super::values::alternatives;
use crate::error::Error;
use crate::nearest::nearest;

/// Flags whose values are configurations or URLs, which may hold secrets.
pub(super) const TEXTS: [&str; 7] = [
    "--policy",
    "--objstore.config",
    "--objstore-to.config",
    "--selector.relabel-config",
    "--tracing.config",
    "--query.source",
    "--query.target",
];

/// The error as one line.
pub(super) fn one_line(err: &clap::Error, command: &Command, origins: &Origins<'_>) -> Error {
    let text = |kind| match err.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let arg = text(ContextKind::InvalidArg);
    let name = match arg.strip_prefix(['<', '[']) {
        Some(word) => word.trim_end_matches(['>', ']', '.']).to_owned(),
        None => origins.name(flag_of(arg)),
    };
    let value = text(ContextKind::InvalidValue);
    Error::usage(match err.kind() {
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{name}: a value is missing: write {arg}")
        }
        ErrorKind::InvalidValue => {
            let accepted = match err.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(words)) => alternatives(words),
                _ => arg.to_owned(),
            };
            format!("{name} {value:?}: expected {accepted}")
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(err).map(|why| format!(": {why:#}"));
            format!("{name} {value:?}{}", why.unwrap_or_default())
        }
        ErrorKind::UnknownArgument if arg.starts_with('-') && arg != "--" => {
            unknown_flag(arg, command, origins.arguments)
        }
        ErrorKind::UnknownArgument => stray(arg, origins.arguments),
        ErrorKind::ArgumentConflict => format!("{name}: given twice: expected once"),
        ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues => {
            format!("{name}: takes no value: write {name}")
        }
        ErrorKind::InvalidSubcommand => {
            unknown_subcommand(text(ContextKind::InvalidSubcommand), command)
        }
        ErrorKind::InvalidUtf8 => not_utf8(origins.arguments),
        // Nothing that is known to come up; the first line says what it is.
        _ => {
            let text = err.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.trim_start_matches("error: ").to_owned()
        }
    })
}

/// `older-than` of `--older-than <AGE>`.
fn flag_of(arg: &str) -> &str {
    let name = arg.trim_start_matches('-');
    name.split(['=', '[', ' ']).next().unwrap_or(name)
}

fn unknown_flag(arg: &str, command: &Command, arguments: &[OsString]) -> String {
    let names = flags::names(command);
    let is_one = |name: &str| names.iter().any(|known| known == name);
    let given = flag_of(arg);
    if let Some(flag) = given.strip_prefix("no-").filter(|flag| is_one(flag))
        && is_one(given)
    {
        return format!("--{given}: takes no value: write --{given} or --{flag}=false");
    }
    let has_it = |subcommand: &&Command| {
        let mut flags = subcommand.get_arguments().filter_map(Arg::get_long);
        flags.any(|flag| flag == given)
    };
    if let Some(subcommand) = command.get_subcommands().find(has_it) {
        let name = subcommand.get_name();
        let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        let words = arguments.iter().filter_map(|argument| argument.to_str());
        let before = words.take_while(|word| flag_of(word) != given || !word.starts_with('-'));
        if let Some(asked) = before.filter(|word| names.contains(word)).last() {
            return format!("--{given}: {asked} does not take it, and {name} does");
        }
        return format!("--{given}: stands before {name}: expected it behind");
    }
    let meant = nearest(given, names.iter().map(String::as_str));
    match meant {
        Some(meant) => format!("unknown flag {arg}: did you mean --{meant}?"),
        None => format!("unknown flag {arg}: --help lists those that are accepted"),
    }
}

/// A value that lost its flag. What follows a configuration may be a part of it that the shell has torn off, and is not repeated.
fn stray(value: &str, arguments: &[OsString]) -> String {
    let is_flag = |argument: &str| {
        argument
            .strip_prefix("--")
            .is_some_and(|name| name.starts_with(|letter: char| letter.is_ascii_lowercase()))
    };
    let mut of_configuration = false;
    for argument in arguments.iter().map(|argument| argument.to_string_lossy()) {
        if is_flag(&argument) {
            let name = argument.split('=').next().unwrap_or_default();
            of_configuration = TEXTS.contains(&name);
        } else if of_configuration && argument == value {
            return "unexpected argument after a configuration: expected flags only, with the text in quotes"
                .to_owned();
        }
    }
    format!("unexpected argument {value:?}: expected flags only, each value right after its flag")
}

fn unknown_subcommand(word: &str, command: &Command) -> String {
    let known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    format!(
        "unknown subcommand {word:?}: expected {}",
        alternatives(&known)
    )
}

fn not_utf8(arguments: &[OsString]) -> String {
    let place = arguments
        .iter()
        .position(|argument| argument.to_str().is_none());
    match place {
        Some(place) => format!("argument {place}: it is not UTF-8: expected text"),
        None => "an argument is not UTF-8: expected text".to_owned(),
    }
}
