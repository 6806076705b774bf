//! The command line: arguments, environment and files become a request that needs no further checking. Only this module names `clap`.

mod args;
mod argument_files;
mod backfill;
mod check;
mod cleanup;
mod completion;
mod cutover_check;
mod document;
mod flags;
mod man;
mod migrate;
mod plan;
mod policy;
mod reconcile;
mod refusal;
mod replicate;
mod report;
mod report_file;
mod run;
mod status;
mod undelete;
mod unmark;
mod values;
mod variables;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::bucket::Environment;
use crate::command::Command;
use crate::error::Result;
use crate::report::Output;
use crate::telemetry::Options;
use flags::Origins;
pub use report_file::Asked;

/// What the command line asks for.
#[derive(Debug)]
pub enum Invocation {
    /// Text for stdout, and nothing more: help, the version, a completion script or a manual page.
    Show(String),
    /// No subcommand: this help goes to stderr.
    Nothing(String),
    /// A subcommand.
    Run(Box<Run>),
}

/// A subcommand, and what surrounds it.
#[derive(Debug)]
pub struct Run {
    /// What is told on the way.
    pub telemetry: Options,
    /// What was read and has no effect, one line each.
    pub warnings: Vec<String>,
    /// The report file that was asked for. Nothing is opened yet.
    pub trail: Option<Asked>,
    /// What is to be done.
    pub command: Command,
}

/// Reads a command line, of which the first argument is the program's name. Ages are counted back from `now`. `@FILE` stands for the arguments in that
/// file.
///
/// Files that flags name are read; nothing else is contacted. Errors are of kind [`crate::Kind::Usage`], and one line each.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    now: DateTime<Utc>,
) -> Result<Invocation> {
    let mut command = flags::complete(whole(), environment);
    let typed: Vec<OsString> = arguments.into_iter().collect();
    let arguments = argument_files::expanded(typed.iter().cloned())?;
    let arguments = flags::without_negations(&command, arguments.into_iter());
    let origins = Origins {
        typed: &typed,
        arguments: &arguments,
        environment,
    };
    let parsed = command
        .try_get_matches_from_mut(&arguments)
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(err)
            if matches!(
                err.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            return Ok(Invocation::Show(tidy(&err.to_string())));
        }
        Err(err) => return Err(refusal::one_line(&err, &command, &origins)),
    };
    let Cli {
        telemetry,
        subcommand,
    } = cli;
    let Some(subcommand) = subcommand else {
        return Ok(Invocation::Nothing(tidy(
            &command.render_help().to_string(),
        )));
    };
    let mut warnings = variables::judge(&command, &origins)?;
    let telemetry = telemetry.options(&origins)?;
    let trail = subcommand.report_file().cloned();
    let mut trail = trail.map(|path| Asked::new(path, &command, &matches, &origins));
    let command = match subcommand {
        Subcommand::Migrate(flags) => {
            Command::Migrate(flags.request(&origins, now, &mut warnings)?)
        }
        Subcommand::Plan(flags) => Command::Plan(flags.request(&origins, now, &mut warnings)?),
        Subcommand::Replicate(flags) => {
            Command::Migrate(flags.request(&origins, now, &mut warnings)?)
        }
        Subcommand::Check(flags) => Command::Check(flags.request(&origins, now, &mut warnings)?),
        Subcommand::Status(flags) => {
            Command::Status(flags.request(&origins, now, &mut warnings)?)
        }
        Subcommand::Verify(flags) => flags.command(&origins, now, &mut warnings)?,
        Subcommand::Unmark(flags) => {
            Command::Unmark(flags.request(&origins, now, &mut warnings)?)
        }
        Subcommand::Cleanup(flags) => {
            Command::Cleanup(flags.request(&origins, now, &mut warnings)?)
        }
        Subcommand::CutoverCheck(flags) => flags.command(&origins, now, &mut warnings)?,
        Subcommand::Backfill(flags) => {
            let request = flags.request(&origins, now, &mut warnings)?;
            Command::Backfill(Box::new(request))
        }
        Subcommand::Report(flags) => Command::Report(flags.request(&origins, now)?),
        Subcommand::Undelete(flags) => {
            Command::Undelete(flags.request(&origins, now, &mut warnings)?)
        }
        Subcommand::Completion(flags) => {
            return Ok(Invocation::Show(flags.script(as_typed())?));
        }
        Subcommand::Man(flags) => match flags.asked(as_typed(), &origins)? {
            man::Asked::Page(page) => return Ok(Invocation::Show(page)),
            man::Asked::Pages(request) => Command::Man(request),
        },
        // It opens its report file itself, for each of its runs.
        Subcommand::Run(flags) => Command::Run(flags.request(&origins, trail.take())?),
    };
    Ok(Invocation::Run(Box::new(Run {
        telemetry,
        warnings,
        trail,
        command,
    })))
}

fn whole() -> clap::Command {
    man::with_names(Cli::command())
}

/// The command with its flags as they are typed, and nothing of an environment: what is told of it is the same everywhere.
fn as_typed() -> clap::Command {
    flags::complete(whole(), &Environment::default())
}

/// The form of document that a command line asks for, even where the rest of it is wrong: a program that reads stdout is owed a document
/// all the same.
#[must_use]
pub fn output(arguments: &[OsString], environment: &Environment) -> Output {
    let is_json = |value: &str| value == "json";
    let mut asked = environment.get("THANOS_BUCKET_OUTPUT").is_some_and(is_json);
    let expanded = argument_files::expanded(arguments.iter().cloned());
    let arguments = expanded.as_deref().unwrap_or(arguments);
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(argument) = arguments.next() {
        let Some(rest) = argument.strip_prefix("--output") else {
            continue;
        };
        if rest.is_empty() {
            asked = arguments.next().is_some_and(is_json);
        } else if let Some(value) = rest.strip_prefix('=') {
            asked = is_json(value);
        }
    }
    if asked { Output::Json } else { Output::Text }
}

/// Clap indents empty lines too.
fn tidy(help: &str) -> String {
    help.lines()
        .flat_map(|line| [line.trim_end(), "\n"])
        .collect()
}

/// Moves old Thanos blocks from a hot bucket to a cold one.
#[derive(Parser)]
#[command(
    name = "thanos-bucket",
    version = VERSION,
    propagate_version = true,
    max_term_width = 80
)]
struct Cli {
    #[command(flatten)]
    telemetry: args::Telemetry,
    #[command(subcommand)]
    subcommand: Option<Subcommand>,
}

#[derive(clap::Subcommand)]
enum Subcommand {
    Migrate(Box<migrate::Flags>),
    Run(Box<run::Flags>),
    Plan(Box<plan::Flags>),
    Replicate(Box<replicate::Flags>),
    Check(Box<check::Flags>),
    Status(Box<status::Flags>),
    Verify(Box<verify::Flags>),
    CutoverCheck(Box<cutover_check::Flags>),
    Backfill(Box<backfill::Flags>),
    #[command(visible_alias = "rollback")]
    Unmark(Box<unmark::Flags>),
    Cleanup(Box<cleanup::Flags>),
    Undelete(Box<undelete::Flags>),
    Report(Box<report::Flags>),
    Completion(Box<completion::Flags>),
    Man(Box<man::Flags>),
}

impl Subcommand {
    /// Where it tells what happens to each block; `None` also for what works on none.
    fn report_file(&self) -> Option<&PathBuf> {
        let audited = match self {
            Subcommand::Migrate(flags) => &flags.audited,
            Subcommand::Replicate(flags) => &flags.audited,
            Subcommand::Verify(flags) => &flags.audited,
            Subcommand::CutoverCheck(flags) => &flags.audited,
            Subcommand::Unmark(flags) => &flags.audited,
            Subcommand::Cleanup(flags) => &flags.audited,
            Subcommand::Undelete(flags) => &flags.audited,
            Subcommand::Run(flags) => &flags.audited,
            Subcommand::Plan(_)
            | Subcommand::Backfill(_)
            | Subcommand::Check(_)
            | Subcommand::Status(_)
            | Subcommand::Report(_)
            | Subcommand::Completion(_)
            | Subcommand::Man(_) => return None,
        };
        audited.report_file.as_ref()
    }
}

const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("THANOS_BUCKET_COMMIT"),
    ")"
);

#[cfg(test)]
mod tests;
