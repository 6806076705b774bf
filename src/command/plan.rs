//! `plan`: what `migrate --dry-run` does, the plan as a file that `migrate --plan` carries out, and a manifest of what a bulk copier may copy.

use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::info;

use super::migrate::{self, Finished, run_and_tell};
use crate::audit::Blank;
use crate::draft::Draft;
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::manifest::Manifest;
use crate::migrate::Migrated;
use crate::outcome::{Bill, Estimate, Freed, Prices, Sums};
use crate::progress::Progress;
use crate::report::{self, Document, Form, Output, Rows};
use crate::verb::clocks::Clock;

/// Everything that `plan` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The dry run that makes the plan.
    pub dry_run: migrate::Request,
    /// The labels by which blocks are summed up.
    pub group_by: Vec<String>,
    /// How many bytes a second the operator counts with.
    pub rate: Option<NonZeroU64>,
    /// What the provider asks for, as the operator says.
    pub prices: Option<Box<Prices>>,
    /// Where the plan is written as a file. Nothing lies there.
    pub out: Option<PathBuf>,
    /// What is written beside it.
    pub manifest: Option<Manifest>,
}

/// Runs it. On `Ok` the plan is on `stdout`, and its file and the manifest are written; on an error, what could not be written is not there.
///
/// Errors: what keeps the plan from being made, or the files from being written; or `stdout` cannot be written.
pub async fn run(
    request: Request,
    progress: Arc<Progress>,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    let Request {
        dry_run,
        group_by,
        rate,
        prices,
        out,
        manifest,
    } = request;
    let tell = move |finished: &Finished, stdout: &mut dyn Write| {
        let review = finished.review();
        let Migrated {
            plan,
            carrier,
            keeping,
            ..
        } = &finished.migrated;
        let sums = Sums::of(&review, &group_by);
        let estimate = Estimate::of(&review, *carrier, rate);
        let freed = Freed::by(keeping.as_ref());
        let bill = prices.map(|prices| Bill::of(&review, &estimate, &prices));
        let costs = (&estimate, &freed);
        let (header, bill) = (&finished.header, bill.as_ref());
        let document = Document::of_plan(header, &review, &sums, costs, bill, out.as_deref());
        let manifest = manifest.map_or(Ok(()), |manifest| manifest.write(plan));
        let written =
            manifest.and_then(|()| out.as_ref().map_or(Ok(()), |out| write(&document, out)));
        if let Err(err) = written {
            finished.refuse(&err, stdout);
            return Err(err);
        }
        finished.tell(&document, stdout)?;
        Ok(review.exit)
    };
    run_and_tell(
        dry_run,
        progress,
        Blank::default(),
        clock,
        stop,
        stdout,
        tell,
    )
    .await
}

/// Writes the plan in its form for programs: whole or not at all, and over nothing.
fn write(document: &Document<'_>, path: &Path) -> Result<()> {
    let form = Form {
        output: Output::Json,
        rows: Rows::All,
        columns: None,
    };
    let write = || -> io::Result<()> {
        let draft = Draft::beside(path)?;
        let mut file = File::create_new(draft.path())?;
        report::write(form, document, &mut file)?;
        file.sync_all()?;
        draft.becomes_file(path)
    };
    write().map_err(|err| {
        let attempt = format!("write the plan {}", path.display());
        Error::new(Kind::Other, attempt).because(err)
    })?;
    info!(plan = %path.display(), "plan written");
    Ok(())
}
