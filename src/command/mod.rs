//! Subcommands: what each opens, which flow it runs, and what it writes.

pub mod backfill;
pub mod check;
pub mod cleanup;
pub mod cutover_check;
mod figured;
pub mod man;
pub mod migrate;
pub mod plan;
pub mod reconcile;
pub mod report;
pub mod run;
pub mod status;
mod told;
mod trailed;
pub mod undelete;
pub mod unmark;
pub mod verify;

use std::io::Write;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::audit::Blank;
use crate::engine::Stop;
use crate::error::{Error, Result};
use crate::exit::Exit;
use crate::progress::Progress;
use crate::verb::clocks::Clock;

/// What is to be done.
#[derive(Debug)]
pub enum Command {
    /// Blocks are moved, or copied.
    Migrate(migrate::Request),
    /// A plan is made, and nothing is moved.
    Plan(plan::Request),
    /// What a migration needs is tried.
    Check(check::Request),
    /// Where blocks are is shown.
    Status(status::Request),
    /// What the buckets hold is compared, and nothing is changed.
    Verify(verify::Request),
    /// Both sides are asked the same, and nothing is changed.
    CutoverCheck(Box<cutover_check::Request>),
    /// What a source and the target of a backfill have is compared, and nothing is changed.
    Reconcile(Box<reconcile::Request>),
    /// History of another system is brought into a bucket.
    Backfill(Box<backfill::Request>),
    /// Marks are taken back.
    Unmark(unmark::Request),
    /// What runs left behind is removed.
    Cleanup(cleanup::Request),
    /// Deleted blocks are brought back.
    Undelete(undelete::Request),
    /// What report files tell is made a page.
    Report(report::Request),
    /// Manual pages are written.
    Man(man::Request),
    /// Migrations are repeated by a policy.
    Run(run::Request),
}

impl Command {
    /// Whom to notify when somebody wants configurations to be read again; `None` where nobody heeds that.
    #[must_use]
    pub fn reload(&self) -> Option<Arc<Notify>> {
        match self {
            Command::Run(request) => Some(Arc::clone(&request.reload)),
            _ => None,
        }
    }

    /// The command cannot even be begun: what is left of every run is left of this one, too.
    pub fn could_not_begin(self, err: &Error, clock: &Clock) {
        if let Command::Migrate(request) = self {
            request.could_not_begin(err, clock);
        }
    }

    /// Runs the command; where it works on blocks, `trail` is told what happens to each. On `Ok` its document is on `stdout`; on an error, the JSON form has an error document there and the text form nothing.
    ///
    /// Errors: what keeps it from beginning, with nothing touched; or `stdout` cannot be written.
    pub async fn run(
        self,
        progress: Arc<Progress>,
        trail: Blank,
        clock: Clock,
        stop: &Stop,
        stdout: &mut (dyn Write + Send),
    ) -> Result<Exit> {
        match self {
            Command::Migrate(request) => {
                migrate::run(request, progress, trail, clock, stop, stdout).await
            }
            Command::Plan(request) => plan::run(request, progress, clock, stop, stdout).await,
            Command::Check(request) => check::run(request, clock, stop, stdout).await,
            Command::Status(request) => status::run(request, progress, clock, stop, stdout).await,
            Command::Verify(request) => {
                verify::run(request, progress, trail, clock, stop, stdout).await
            }
            Command::CutoverCheck(request) => {
                cutover_check::run(*request, progress, trail, clock, stop, stdout).await
            }
            Command::Reconcile(request) => reconcile::run(*request, stop, stdout).await,
            Command::Unmark(request) => {
                unmark::run(request, progress, trail, clock, stop, stdout).await
            }
            Command::Cleanup(request) => {
                cleanup::run(request, progress, trail, clock, stop, stdout).await
            }
            Command::Backfill(request) => backfill::run(*request, progress, stop, stdout).await,
            Command::Report(request) => report::run(&request, stdout),
            Command::Man(request) => man::run(&request),
            Command::Run(request) => {
                Box::pin(run::run(request, progress, clock, stop, stdout)).await
            }
            Command::Undelete(request) => {
                undelete::run(request, progress, trail, clock, stop, stdout).await
            }
        }
    }
}
