//! `plan`: what `migrate --dry-run` does, and a manifest of what a bulk copier may copy.

use std::io::Write;
use std::sync::Arc;

use super::migrate::{self, run_and};
use crate::engine::Stop;
use crate::error::Result;
use crate::exit::Exit;
use crate::manifest::Manifest;
use crate::progress::Progress;
use crate::verb::clocks::Clock;

/// Everything that `plan` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The dry run that makes the plan.
    pub dry_run: migrate::Request,
    /// What is written beside it.
    pub manifest: Option<Manifest>,
}

/// Runs it. On `Ok` the plan is on `stdout`, and the manifest is written; on an error, there is no manifest.
///
/// Errors: what keeps the plan from being made, or the manifest from being written; or `stdout` cannot be written.
pub async fn run(
    request: Request,
    progress: Arc<Progress>,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    let manifest = request.manifest;
    run_and(request.dry_run, progress, clock, stop, stdout, |plan| {
        manifest.map_or(Ok(()), |manifest| manifest.write(plan))
    })
    .await
}
