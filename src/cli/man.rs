//! `man`: manual pages, made from the help of each subcommand, and where they go.

mod page;

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Command, ValueHint};

use super::flags::Origins;
use crate::command::man::Request;
use crate::error::{Error, Result};
use crate::exit::Exit;
use page::page;

/// Prints the manual page of a subcommand, or writes the pages of all.
///
/// The pages are made from the help of this version, and say the same. Nothing is
/// contacted.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    /// The subcommand whose page is printed; the page of thanos-bucket itself, where
    /// none is named.
    #[arg(value_name = "SUBCOMMAND")]
    subcommand: Option<String>,

    /// Write all pages into this folder, which is made where there is none.
    ///
    /// Pages of another version that lie there are replaced.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out_dir: Option<PathBuf>,
}

const USAGE: &str = "thanos-bucket man [SUBCOMMAND] | --out-dir=DIR";

const SEE_HELP: &str = "--help says more, with examples and exit codes.";

const EXAMPLES: &str = "\
Examples:
  Read a page that is not installed:
    thanos-bucket man migrate | man -l -

  Install all of them:
    thanos-bucket man --out-dir=/usr/local/share/man/man1";

fn examples_and_exit_codes() -> String {
    let codes = [
        (Exit::Done, "the page is printed, or all pages are written"),
        (Exit::Aborted, "the pages cannot be written"),
        (Exit::Misused, "usage"),
    ];
    let rows = codes.map(|(exit, text)| format!("  {:<5}{text}\n", exit.code()));
    format!("{EXAMPLES}\n\nExit codes:\n{}", rows.concat())
}

/// What was asked for.
pub(super) enum Asked {
    /// One page, on stdout.
    Page(String),
    /// All pages, into a folder.
    Pages(Request),
}

/// The command, with its subcommands as what may be asked for.
pub(super) fn with_names(command: Command) -> Command {
    let names: Vec<PossibleValue> = command
        .get_subcommands()
        .map(|of| PossibleValue::new(of.get_name().to_owned()))
        .collect();
    command.mut_subcommand("man", |man| {
        man.mut_arg("subcommand", |arg| {
            arg.value_parser(PossibleValuesParser::new(names))
        })
    })
}

impl Flags {
    /// What was asked for, whole and sound, of `command`, which has its flags as they are typed.
    pub(super) fn asked(self, command: Command, origins: &Origins<'_>) -> Result<Asked> {
        let mut command = command.disable_help_subcommand(true);
        command.build();
        let flag = origins.name("out-dir");
        match (self.subcommand, self.out_dir) {
            (Some(_), Some(_)) => Err(Error::usage(format!(
                "SUBCOMMAND and {flag} are both given: expected one of them"
            ))),
            (None, Some(folder)) if folder.exists() && !folder.is_dir() => Err(Error::usage(
                format!("{flag} {:?}: expected a folder", folder.to_string_lossy()),
            )),
            (None, Some(folder)) => {
                let all = [&command].into_iter().chain(command.get_subcommands());
                Ok(Asked::Pages(Request {
                    pages: all.map(|of| page(&command, of)).collect(),
                    folder,
                }))
            }
            (name, None) => {
                let named = name.and_then(|name| command.find_subcommand(name));
                Ok(Asked::Page(page(&command, named.unwrap_or(&command)).text))
            }
        }
    }
}
