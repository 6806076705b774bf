//! The document on stdout, and what the help says of exit codes.

use clap::Args;

use super::screen;
use crate::bucket::Environment;
use crate::cli::values::one_of;
use crate::exit::Exit;
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

/// The table of exit codes in the help of a subcommand. A `meaning` may have several lines; all but the first are indented.
pub(in crate::cli) fn exit_codes(meaning: impl Fn(Exit) -> &'static str) -> String {
    let rows = Exit::ALL.map(|exit| {
        let text = meaning(exit).replace('\n', "\n       ");
        format!("  {:<5}{text}\n", exit.code())
    });
    format!("Exit codes:\n{}", rows.concat())
}
