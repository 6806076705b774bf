//! The document on stdout, and what the help says of exit codes.

use clap::Args;

use super::screen;
use crate::bucket::Environment;
use crate::cli::values::one_of;
use crate::exit::{Exit, Signal};
use crate::report::{Form, Output, Rows};

#[derive(Args)]
#[command(next_help_heading = "Output and logs")]
pub(in crate::cli) struct Printed {
    /// The form of the plan or the report on stdout.
    #[arg(long, value_name = "FORM", default_value = "text")]
    #[arg(value_parser = one_of([("text", Output::Text), ("json", Output::Json)]))]
    output: Output,

    /// Which blocks get a line of their own in the text form.
    ///
    /// `auto` is all of them where they are few, else those that a person should
    /// look at; totals of each window come first then. JSON has every block.
    #[arg(long = "output.blocks", value_name = "WHICH", default_value = "auto")]
    #[arg(value_parser = one_of([("auto", Rows::Auto), ("all", Rows::All), ("none", Rows::None)]))]
    rows: Rows,
}

/// The same for a document of groups.
#[derive(Args)]
#[command(next_help_heading = "Output and logs")]
pub(in crate::cli) struct PrintedGroups {
    /// The form of the map on stdout.
    ///
    /// `tsv` is a line with the names of the columns, and one for each group.
    #[arg(long, value_name = "FORM", default_value = "text")]
    #[arg(value_parser = one_of([("text", Output::Text), ("json", Output::Json), ("tsv", Output::Tsv)]))]
    output: Output,

    /// Which groups have lines of their own in the text form.
    ///
    /// `auto` is all of them where they are few, else some, those first that a
    /// person should look at. The other forms have every group.
    #[arg(long = "output.groups", value_name = "WHICH", default_value = "auto")]
    #[arg(value_parser = one_of([("auto", Rows::Auto), ("all", Rows::All), ("none", Rows::None)]))]
    rows: Rows,
}

impl PrintedGroups {
    /// The form asked for, as wide as the screen that stdout is.
    pub(in crate::cli) fn form(&self, environment: &Environment) -> Form {
        Form {
            output: self.output,
            rows: self.rows,
            columns: screen::columns(environment),
        }
    }
}

impl Printed {
    /// The form asked for, as wide as the screen that stdout is.
    pub(in crate::cli) fn form(&self, environment: &Environment) -> Form {
        Form {
            output: self.output,
            rows: self.rows,
            columns: screen::columns(environment),
        }
    }
}

/// What exit codes mean that differ from one subcommand to the next. A meaning may have several lines.
pub(in crate::cli) struct Meanings {
    pub(in crate::cli) done: &'static str,
    pub(in crate::cli) aborted: &'static str,
    pub(in crate::cli) attention: &'static str,
}

/// The table of exit codes in the help of a subcommand; all lines of a meaning but the first are indented.
pub(in crate::cli) fn exit_codes(meanings: &Meanings) -> String {
    table(
        meanings,
        "usage or configuration; source and target are the same bucket",
    )
}

/// The same of one that moves blocks: only that deletes something in the end.
pub(in crate::cli) fn exit_codes_of_a_move(meanings: &Meanings) -> String {
    table(
        meanings,
        "usage or configuration; source and target are the same bucket, or the\n\
         target looks like a live replica of the source",
    )
}

fn table(meanings: &Meanings, misused: &str) -> String {
    let rows = Exit::ALL.map(|exit| {
        let text = match exit {
            Exit::Done => meanings.done,
            Exit::Aborted => meanings.aborted,
            Exit::Misused => misused,
            Exit::Attention => meanings.attention,
            Exit::Stopped(Signal::Interrupt) => "stopped by SIGINT; start it again",
            Exit::Stopped(Signal::Terminate) => "stopped by SIGTERM; start it again",
        };
        let text = text.replace('\n', "\n       ");
        format!("  {:<5}{text}\n", exit.code())
    });
    format!("Exit codes:\n{}", rows.concat())
}
