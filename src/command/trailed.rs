//! How the audit trail of a subcommand begins and ends.

use std::sync::Arc;

use tokio::time::Instant;

use crate::audit::{Beginning, Blank, Closing, Trail};
use crate::cutover::CutOver;
use crate::engine::Stop;
use crate::error::{Error, Result};
use crate::exit::{Exit, Signal};
use crate::outcome::{BroughtBack, Cleaned, TakenBack, UnmarkEnding, Verification};
use crate::report::Header;
use crate::verb::clocks::Clock;

/// Begins it, before anything is contacted.
///
/// Errors: it cannot be written.
pub(super) fn begin(blank: Blank, header: &Header, is_dry: bool, clock: &Clock) -> Result<Trail> {
    let beginning = Beginning {
        started: header.started,
        is_dry,
        source: header.source.clone(),
        target: header.target.clone(),
        cutoff: header.cutoff,
    };
    blank.begin(&header.run, Arc::clone(clock), &beginning)
}

/// Ends that of a run of which there is nothing to be told but that error; `asked` is the signal that asked for the end.
pub(super) fn failed(trail: &Trail, err: &Error, asked: Option<Signal>, begun: Instant) {
    let why = format!("{err:#}");
    // Where that cannot be written either, the first error tells more.
    let _ = trail.end(&Closing {
        exit: Exit::of_error(err, asked),
        complete: false,
        aborted: Some(&why),
        limit: None,
        elapsed: begun.elapsed(),
    });
}

/// What a subcommand did, as far as its trail ends with it.
pub(super) trait Deed {
    /// How the process is about to exit.
    fn exit(&self) -> Exit;
    /// Whether everything had its turn.
    fn is_complete(&self) -> bool;
    /// Why it had to stop.
    fn stopped_by(&mut self) -> &mut Option<String>;
}

/// Does `work`, from the beginning of its trail to the end. Where the trail is not whole, what was done says that it had to stop.
///
/// Errors: the trail cannot be begun; or those of the work.
pub(super) async fn along<T: Deed>(
    blank: Blank,
    (header, is_dry): (&Header, bool),
    (clock, stop): (&Clock, &Stop),
    work: impl AsyncFnOnce(&Trail) -> Result<T>,
) -> Result<T> {
    let begun = Instant::now();
    let trail = begin(blank, header, is_dry, clock)?;
    let mut done = match work(&trail).await {
        Ok(done) => done,
        Err(err) => {
            failed(&trail, &err, stop.asked(), begun);
            return Err(err);
        }
    };
    let aborted = done.stopped_by().clone();
    let ended = trail.end(&Closing {
        exit: done.exit(),
        complete: done.is_complete(),
        aborted: aborted.as_deref(),
        limit: None,
        elapsed: begun.elapsed(),
    });
    if let Err(err) = ended {
        let why = format!("{err:#}");
        done.stopped_by().get_or_insert(why);
    }
    Ok(done)
}

impl Deed for Verification {
    fn exit(&self) -> Exit {
        Verification::exit(self)
    }

    fn is_complete(&self) -> bool {
        Verification::is_complete(self)
    }

    fn stopped_by(&mut self) -> &mut Option<String> {
        &mut self.aborted
    }
}

impl Deed for CutOver {
    fn exit(&self) -> Exit {
        CutOver::exit(self)
    }

    fn is_complete(&self) -> bool {
        self.is_complete()
    }

    fn stopped_by(&mut self) -> &mut Option<String> {
        &mut self.stopped_by
    }
}

impl Deed for TakenBack {
    fn exit(&self) -> Exit {
        TakenBack::exit(self)
    }

    fn is_complete(&self) -> bool {
        let mut blocks = self.blocks.iter();
        !blocks.any(|block| block.ending == UnmarkEnding::NotFinished)
    }

    fn stopped_by(&mut self) -> &mut Option<String> {
        &mut self.stopped_by
    }
}

impl Deed for Cleaned {
    fn exit(&self) -> Exit {
        Cleaned::exit(self)
    }

    fn is_complete(&self) -> bool {
        Cleaned::is_complete(self)
    }

    fn stopped_by(&mut self) -> &mut Option<String> {
        &mut self.stopped_by
    }
}

impl Deed for BroughtBack {
    fn exit(&self) -> Exit {
        BroughtBack::exit(self)
    }

    fn is_complete(&self) -> bool {
        !self.is_unfinished()
    }

    fn stopped_by(&mut self) -> &mut Option<String> {
        &mut self.stopped_by
    }
}
