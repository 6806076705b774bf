//! `report`: its flags, and the request that they add up to.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;

use super::flags::Origins;
use crate::chronicle::Form;
use crate::command::report::Request;
use crate::draft::{What, may_appear};
use crate::error::{Error, Result};
use crate::exit::Exit;

/// Makes a page for people from report files: where the blocks are, and what failed.
///
/// FILE is what --report-file of other subcommands wrote, of one run or of many; -
/// is standard input, and what is compressed with gzip is read as it is. The page has all that it needs in itself: no script, and
/// nothing from a network. Nothing is contacted.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    /// The report files.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Write a page of HTML there; - is stdout.
    #[arg(long, value_name = "PATH", help_heading = "The page")]
    html: Option<PathBuf>,

    /// Write a page of Markdown there; - is stdout.
    #[arg(long, value_name = "PATH", help_heading = "The page")]
    markdown: Option<PathBuf>,

    /// Replace what lies there.
    #[arg(long, help_heading = "The page")]
    overwrite: bool,
}

const USAGE: &str = "thanos-bucket report FILE... --html=PATH|--markdown=PATH";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

Examples:
  One page of all runs of a migration:
    thanos-bucket report runs.ndjson --html=runs.html

  What failed last night, for a ticket:
    thanos-bucket report last-night.ndjson --markdown=-";

fn examples_and_exit_codes() -> String {
    let codes = [
        (Exit::Done, "the page is written"),
        (
            Exit::Aborted,
            "a file cannot be read, or the page cannot be written",
        ),
        (Exit::Misused, "usage"),
        (
            Exit::Attention,
            "the page is written, and some lines were no lines of report files",
        ),
    ];
    let rows = codes.map(|(exit, text)| format!("  {:<5}{text}\n", exit.code()));
    format!("{EXAMPLES}\n\nExit codes:\n{}", rows.concat())
}

impl Flags {
    /// The request, whole and sound.
    pub(super) fn request(self, origins: &Origins<'_>, now: DateTime<Utc>) -> Result<Request> {
        if self.files.is_empty() {
            return Err(Error::usage(
                "FILE is required: expected one report file or more",
            ));
        }
        for file in &self.files {
            let wrong = |why: &str| {
                let name = file.to_string_lossy();
                Err(Error::usage(format!("FILE {name:?}: {why}")))
            };
            match fs::metadata(file) {
                _ if is_dash(file) => {}
                Err(err) => return wrong(&format!("cannot be read: {err}")),
                Ok(about) if about.is_dir() => {
                    return wrong("expected a file, and this is a folder");
                }
                Ok(_) => {}
            }
        }
        if self.files.iter().filter(|file| is_dash(file)).count() > 1 {
            return Err(Error::usage("FILE \"-\": given twice: expected once"));
        }
        let (html, markdown) = (origins.name("html"), origins.name("markdown"));
        let pages = [
            (Form::Html, &html, self.html),
            (Form::Markdown, &markdown, self.markdown),
        ];
        let mut asked = Vec::new();
        for (form, flag, path) in pages {
            let Some(path) = path else { continue };
            let path = if self.overwrite {
                behind_links(path)
            } else {
                path
            };
            let is_same = |other: &Option<PathBuf>| match other {
                None => is_dash(&path),
                Some(other) => *other == path || is_one_place(other, &path),
            };
            if asked.iter().any(|(_, other)| is_same(other)) {
                return Err(Error::usage(format!(
                    "{html} and {markdown} are the same place: expected two"
                )));
            }
            if is_dash(&path) {
                asked.push((form, None));
                continue;
            }
            let is_replaced = self.overwrite && path.is_file();
            if !is_replaced {
                may_appear(&path, What::File)
                    .map_err(|err| Error::usage(format!("{flag} {err:#}")))?;
            }
            if self.files.iter().any(|file| same(file, &path)) {
                return Err(Error::usage(format!(
                    "{flag} {:?}: it is one of the report files",
                    path.to_string_lossy()
                )));
            }
            asked.push((form, Some(path)));
        }
        if asked.is_empty() {
            return Err(Error::usage(format!(
                "one of {html} and {markdown} is required: expected where the page is written"
            )));
        }
        Ok(Request {
            files: self.files,
            pages: asked,
            overwrite: self.overwrite,
            now,
        })
    }
}

fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Where a page goes that is to replace one that a link leads to: the link stays.
fn behind_links(path: PathBuf) -> PathBuf {
    let is_link = fs::symlink_metadata(&path).is_ok_and(|about| about.is_symlink());
    match fs::canonicalize(&path) {
        Ok(real) if is_link => real,
        _ => path,
    }
}

/// Whether two paths, at which nothing need lie, are names of one place.
fn is_one_place(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        let above = path.parent().filter(|above| !above.as_os_str().is_empty());
        let above = fs::canonicalize(above.unwrap_or(Path::new("."))).ok()?;
        Some(above.join(path.file_name()?))
    };
    place(one).is_some() && place(one) == place(other)
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some() && real(one) == real(other)
}
